/*
 * What the daemon sees of the hosts behind the lines: when and how many came, what the senders'
 * numbers say is missing, how late they are, what was not understood. Counted in memory as the
 * feeder takes lines, written to the tables host_... every few seconds; there hosts that are silent
 * for longer than they use to be are found, and told once.
 *
 * What is in memory is what the spool says up to a position that stands in the database with it. So
 * a line that the feeder reads again, after a restart or trouble with the database, is not counted
 * again, and a gap is found also when it lies where the daemon was stopped.
 *
 * Belongs to the feeder's thread, but for hosts_add_metrics.
 */
#ifndef ELSE_BACKEND_HOSTS_H
#define ELSE_BACKEND_HOSTS_H

#include "daemon/log.h"
#include "base/buf.h"
#include "parse/parse.h"
#include "spool/record.h"

struct hosts;

struct hosts_options {
	int64_t since_us; /* from then on hosts can send: the start of the program */
	int64_t step_us;  /* between two writings; 0 = 5 s */
	void (*say)(void *context, enum log_level level, const char *text);
	void *context;
};

struct hosts *hosts_new(const struct hosts_options *options);
void hosts_free(struct hosts **hosts);

/* Before the feeder reads the spool, from wherever it does: connects, and takes up what is written.
 * What was not is dropped: it is read again. */
bool hosts_open(struct hosts *hosts, const char *conninfo, uint64_t spool, struct error *err);
void hosts_close(struct hosts *hosts);

/* A line of the spool, which has a host. */
void hosts_note(struct hosts *hosts, const struct spool_record *record, const struct line *line,
	enum parse_result result);

/* Writes when it is time, or `now` at once; looks for hosts that are silent. All that was received
 * before `up_to_us` has been noted. When the database fails it is told, and tried again. */
void hosts_tick(struct hosts *hosts, int64_t up_to_us, bool now);

/* Lines of the metrics, of the last writing. Any thread. */
void hosts_add_metrics(struct hosts *hosts, struct buf *b);

#endif
