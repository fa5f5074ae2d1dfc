/*
 * Weeks are closed once: when no more lines are expected for one, its indexes are packed, its pages
 * frozen (so that autovacuum never has to come back) and its addresses get the trigram index for
 * substring search, which would cost too much while rows still come. Rows that come later all the
 * same are taken as ever.
 */
#ifndef ELSE_STORE_WEEKS_H
#define ELSE_STORE_WEEKS_H

#include "base/error.h"

struct weeks_progress {
	/* Before each week: its first day ("2026-11-16"), and which of how many. May be NULL. */
	void (*week)(void *context, const char *day, unsigned i, unsigned n);
	void *context;
};

/* Closes every week that ended a day before the newest stored line, and is not closed yet:
 * `*closed` of them; of the others the new pages get into the summaries by time. Takes two
 * connections of its own. Safe to interrupt and to run again. */
bool weeks_close(const char *conninfo, const struct weeks_progress *progress, unsigned *closed,
	struct error *err);

#endif
