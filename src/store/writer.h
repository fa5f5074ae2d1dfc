/*
 * Mails and refusals into the database. Two paths:
 *
 * - new ground: rows are encoded at once into COPY buffers; full batches are written by two
 * connections side by side and committed in order, rollups in the same transaction;
 * - ground that may be stored already (a log read again, hosts imported one after another, the rest
 * of a mail): the mail's stored hops are loaded, their lines and the new ones are united and
 * correlated again; if that changes nothing, nothing is written, else the mail's rows are replaced.
 * See docs/adr/002.
 *
 * Not for two threads at once. One writer at a time for a database (a second one is told so).
 */
#ifndef ELSE_STORE_WRITER_H
#define ELSE_STORE_WRITER_H

#include "base/error.h"
#include "trace/hop.h"

struct writer;

struct writer_options {
	const char *conninfo;
	unsigned connections; /* 0 = 2 */
	unsigned batch_rows;  /* 0 = 6000 */
	unsigned care_mails;  /* of the second path in one transaction; 0 = 500 */
	bool *busy; /* set when another writer has the database, which is why writer_open failed;
		       may be NULL */
};

struct writer_counts {
	uint64_t mails, hops, deliveries, rejects; /* written as new */
	uint64_t changed;			   /* mails whose rows were replaced */
	uint64_t known;				   /* mails and refusals that were stored already */
};

/* How far a log file is stored. */
struct writer_source {
	uint64_t identity;
	uint64_t position, lines, head_bytes, head_hash;
	int64_t last_us;
};

/* Waits ten seconds for another writer to end or to give way. */
struct writer *writer_open(const struct writer_options *options, struct error *err);

/* Drops what was not committed. */
void writer_close(struct writer **writer);

/* Both take their argument. After a failure they drop it; writer_commit tells. */
void writer_mail(struct writer *writer, struct mail *mail);
void writer_reject(struct writer *writer, struct reject *reject);

/* Whether another writer waits for this one: commit, close, and open again to wait in turn. */
bool writer_is_wanted(struct writer *writer);

/* True as soon as a batch failed: stop reading. */
bool writer_failed(const struct writer *writer);

/* Writes and commits everything taken so far, then the positions of `sources` (may be none) and
 * what was learned about own domains. */
bool writer_commit(struct writer *writer, const struct writer_source *sources,
	const char *const *paths, size_t n, struct error *err);

/* False when the file is not known (source->position 0); `err` only with a failing database. */
bool writer_find_source(struct writer *writer, struct writer_source *source, struct error *err);

const struct writer_counts *writer_counts(const struct writer *writer);

#endif
