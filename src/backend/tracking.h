/*
 * Rows of Exchange message tracking logs (wire/msgtrk.h) among the lines that come in: as the text
 * of a syslog line (nxlog, or rsyslog's imfile), or as the lines of a file that is followed. What
 * is made of a row is what `elsectl import` of its file makes.
 *
 * Columns. A "#Fields:" line counts for the rows that come behind it from the same sender, host and
 * program. Where it never came, or was read before a restart, the number of fields tells them.
 *
 * Quotes. A subject may have line breaks within its quotes: then the lines of a sender, host and
 * program are joined until the quotes are closed.
 */
#ifndef ELSE_BACKEND_TRACKING_H
#define ELSE_BACKEND_TRACKING_H

#include "wire/line.h"

struct tracking;

struct tracking *tracking_new(void);
void tracking_free(struct tracking **tracking);

/* Whether the line is a row, a comment or a part of one: then tracking_next gives what is complete.
 * `frame` is what came from `sender`, `line` what syslog_read made of it. */
bool tracking_take(struct tracking *tracking, struct slice sender, struct slice frame,
	const struct line *line);

/* The next row, as a line: it lives until the next tracking_take. A comment is a line without a
 * program, which nobody parses. */
bool tracking_next(struct tracking *tracking, struct line *line);

#endif
