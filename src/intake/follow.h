/*
 * A log file of this machine that grows, read as it is written. Its place is kept in a small file:
 * after a restart reading goes on there, also when the log was rotated meanwhile and its old part
 * lies beside it (mail.log.1, mail.log-20261122). What was packed meanwhile cannot be followed:
 * that is told, and `elsectl import` reads it. A log that was truncated is read from its beginning.
 *
 * The place is saved after the records are on the disk, and not at every line: after a crash a few
 * lines come twice, which the writer knows (docs/adr/002).
 */
#ifndef ELSE_INTAKE_FOLLOW_H
#define ELSE_INTAKE_FOLLOW_H

#include "intake/report.h"

struct follow;

/* Both are copied. The file may come later. */
struct follow *follow_new(const char *path, const char *state_path, struct report *report);
void follow_free(struct follow **follow);

const char *follow_path(const struct follow *follow);

/* Reads up to `size` bytes of whole lines into `scratch`, which may be used until the next call;
 * without its last LF. Empty: nothing new. `*cut`: a line longer than `size`. */
struct slice follow_read(
	struct follow *follow, char *scratch, size_t size, int64_t now_ms, bool *cut);

/* What was read is durable, or (false) is to be read again. */
void follow_synced(struct follow *follow, bool ok, int64_t now_ms);

#endif
