/*
 * What the tests of the correlator share: logs as lines, a small store that unites the pieces of a
 * mail as the database does, and all mails as text.
 *
 * The store keeps nothing of a hop but its lines: each is correlated again alone before it is
 * looked at. So whatever a test sees is what the stored evidence says.
 */
#ifndef ELSE_TESTS_TRACE_FIXTURE_H
#define ELSE_TESTS_TRACE_FIXTURE_H

#include "unit.h"

#include "trace/journey.h"
#include "trace/trace.h"

/* Lines of one or several logs. */
struct log {
	struct line *lines;
	size_t *hosts; /* number of the host of each line, in the order they appear */
	size_t n, cap, cap_hosts, n_hosts;
	struct arena arena; /* texts and columns the lines borrow from */
};

/* Adds the lines of a text. Comments ("#") and empty lines are passed over. */
void log_add(struct log *log, struct slice text);

/* A file, plain or packed. */
void log_add_file(struct log *log, const char *path);

/* Files below a folder, up to NULL. */
void log_add_files(struct log *log, const char *folder, const char *const *paths);
void log_fini(struct log *log);

struct store_hop {
	struct hop *hop;
	uint64_t id; /* of its mail */
};

struct store {
	struct store_hop *hops;
	size_t n, cap;
	struct reject **rejects;
	size_t n_rejects, cap_rejects;
	struct topology topology;
};

void store_fini(struct store *store);

/* One run of the correlator over these lines, from its start to its end. */
void store_run(struct store *store, const struct line *const *lines, size_t n);

/* Calls back for each mail, oldest first. */
typedef void store_visit(void *context, const struct mail *mail, const struct journey *journey);
void store_each(struct store *store, store_visit *visit, void *context);

/* Everything as text, always in the same order; `evidence`: with the number of lines of each hop.
 */
void store_dump(struct store *store, struct buf *out, bool evidence);

/* For each place between two lines (n + 1 of them, the caller frees): may a run of the correlator
 * end there and another go on? Not where the correlator knows of a session what no line of a mail
 * tells: between the connection and the last mail that began in it, nor before that is complete. */
bool *log_cuts(const struct line *const *lines, size_t n);

/* An order of the lines that keeps the order of each host. `how`: 0 as they stand, 1 one host after
 * the other, 2 the same from the last host on, else by time with a jitter of up to a minute that
 * this seed makes. The caller frees. */
const struct line **log_order(const struct log *log, uint64_t how);

#endif
