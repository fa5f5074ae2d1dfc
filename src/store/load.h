/*
 * Mails from the database, as the correlator hands them over: the stored evidence of each hop is
 * parsed and correlated again. So everything the lines say is there (tries, checks, TLS), and there
 * is one code that understands lines.
 */
#ifndef ELSE_STORE_LOAD_H
#define ELSE_STORE_LOAD_H

#include "store/db.h"
#include "store/evidence.h"
#include "trace/trace.h"

/* Longer texts are cut in rows; what is looked for must be cut too. */
#define LOAD_TEXT_MAX 1000

/* Where to find a mail: its identity, and about when. */
struct load_key {
	uint64_t mail_id;
	uint32_t branch;
	int64_t t_us;
};

/* Reads all dictionaries of the database into `ev`; the newest of this kind is used for packing. */
enum dictionary_kind { DICTIONARY_MAILS = 1, DICTIONARY_REFUSALS = 2 };
bool load_dictionaries(
	struct db *db, struct evidence *ev, enum dictionary_kind kind, struct error *err);

/* All stored hops of the given mail ids that arrived between the two times (0, 0 = any): one struct
 * mail for each id that has any, in `*mails` (malloc'ed array of `*n`; the caller frees each and
 * the array). */
bool load_mails(struct db *db, struct evidence *ev, const uint64_t *ids, size_t n_ids,
	int64_t from_us, int64_t to_us, struct mail ***mails, size_t *n, struct error *err);

/* Stored hops with this queue id, newest first, at most `max`: by (host, qid) when host is given.
 * Times as above. */
bool load_find_qid(struct db *db, struct slice qid, struct slice host, int64_t from_us,
	int64_t to_us, struct load_key *keys, size_t max, size_t *n, struct error *err);

/* A stored line, and the host it was imported under. */
struct load_line {
	struct slice host, raw;
	int64_t t_us;
};

/* The header of a stored line again; host and time are the stored ones. `columns` is where those of
 * a row of an Exchange log go: as long as the line is needed. False for an empty line. */
struct msgtrk_columns;
bool load_read_line(
	const struct load_line *stored, struct msgtrk_columns *columns, struct line *line);

/* The correlator again over these lines (of each host in its order). */
void load_correlate(const struct load_line *lines, size_t n, const struct trace_sink *sink);

/* One hop again from its lines: the hop of `host` and `qid`. When the lines do not make it (another
 * version of the program wrote them), a hop that knows nothing but its lines. */
struct hop *load_replay(
	struct slice host, struct slice qid, const struct hop_line *lines, size_t n);

/* A hop that knows nothing but its lines. */
struct hop *load_bare(struct slice host, struct slice qid, const struct hop_line *lines, size_t n);

#endif
