/*
 * From the spool to the database: records are read as syslog lines, parsed, joined and written;
 * twice a second mails older than a second are handed to the writer and committed together with
 * how far the spool was read.
 *
 * Nothing is kept over a restart but the spool. After one, the feeder goes back to a place where
 * the lines of mails and sessions that were open then are in the spool once more; the writer knows
 * what is stored already (docs/adr/002), so nothing counts twice. The same happens when the
 * database goes away: intake goes on, and when it is back the feeder begins again at the last place
 * it has committed.
 *
 * One feeder a spool, in a thread of its own; it is the reader of the spool (see spool/spool.h).
 */
#ifndef ELSE_BACKEND_FEED_H
#define ELSE_BACKEND_FEED_H

#include <stdatomic.h>

#include "backend/hosts.h"
#include "base/buf.h"
#include "base/error.h"
#include "spool/spool.h"

struct feed;

struct feed_options {
	const char *name;    /* of the spool, for people: its folder */
	int64_t commit_us;   /* at most so long from a line to its commit; 0 = 0.5 s */
	size_t commit_lines; /* or so many lines; 0 = 200,000 */

	/* Makes sure that the database runs and has our schema, and says how to connect: at the
	 * beginning, and after each trouble. */
	bool (*database)(void *context, struct buf *conninfo, struct error *err);
	void (*say)(void *context, const char *text); /* one line of the log */
	void *context;
	struct hosts *hosts; /* told of every line; borrowed */
};

/* Read by any thread. */
struct feed_counters {
	_Atomic uint64_t ok, ignored, unknown; /* lines */
	_Atomic uint64_t undated;	       /* lines among them */
	_Atomic uint64_t commits, mails, refusals, replaced, failures;
	_Atomic int64_t behind_us; /* age of the newest committed record when it was committed */
	_Atomic int64_t commit_took_us; /* the last one */
	_Atomic bool connected;
	_Atomic bool shown; /* everything that was read is committed */
};

struct feed *feed_new(const struct feed_options *options, struct spool *spool);
void feed_free(struct feed **feed);

/* Until `*stop`; then what is in the spool already is still committed. */
void feed_run(struct feed *feed, const atomic_bool *stop);

const struct feed_counters *feed_counters(const struct feed *feed);

#endif
