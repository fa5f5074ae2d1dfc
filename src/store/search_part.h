/* What the files of the search share. */
#ifndef ELSE_STORE_SEARCH_PART_H
#define ELSE_STORE_SEARCH_PART_H

#include "base/time.h"
#include "store/keys.h"
#include "store/search.h"
#include "store/search_sum.h"

/* A stretch of time in which rows are stored; both ends belong to it. */
struct search_span {
	int64_t from_us, to_us;
	bool slow; /* only deliveries that took an hour or more: they may reach into the query's
		      time */
};

#define SEARCH_MAX_SPANS 400

struct search_statement {
	uint64_t hash; /* 0: free */
	uint64_t used;
	char name[24];
};

#define SEARCH_STATEMENTS 40

struct search_host {
	int16_t id;
	struct slice name;
};

struct searcher {
	struct db *db;
	struct search_statement statements[SEARCH_STATEMENTS];
	uint64_t clock;
	struct arena arena; /* names of hosts */
	struct search_host *hosts;
	size_t n_hosts;
	struct search_span spans[SEARCH_MAX_SPANS]; /* newest first, without overlap */
	size_t n_spans;
	int64_t week_rows; /* of delivery in the largest week, about */
	int64_t looked_us; /* when spans and hosts were read */
};

/* A statement of the plan with its parameters. `fixed` are the values of the numbers before the
 * plan's; types NULL: those of query_sql.h. */
struct search_call {
	const struct query_plan *plan;
	const char *fixed[QUERY_PARAM_FIRST_OF_PLAN - 1];
	const uint32_t *types;
};

/* Runs a statement with the parameters of a plan, prepared unless the plan has long lists. */
bool searcher_run(struct searcher *s, const struct query_sql *sql, const char *text,
	const struct search_call *call, PGresult **rows, struct error *err);

/* Hosts and stored times, anew when they are old. */
bool searcher_look(struct searcher *s, struct error *err);

/* search_lookup.c: puts the results into the query's look-ups. False with `query_err` for a regular
 * expression that PostgreSQL does not take. */
bool search_run_lookups(struct searcher *s, struct query_sql *sql, struct arena *arena,
	struct query_error *query_err, struct error *err);

/* At most `max` addresses of that week that match, as text[]; *n may be max + 1: too many. */
bool search_find_words(struct searcher *s, const struct query_candidate *candidate,
	const struct search_span *week, size_t max, struct arena *arena, const char **words,
	size_t *n, struct error *err);

/* One of the two streams. */
struct search_stream {
	enum query_table table;
	const struct query_candidate *candidate; /* NULL: scan */
	bool chosen;
	struct search_span segments[2 * SEARCH_MAX_SPANS];
	size_t n_segments;

	/* Where it is: rows behind (t, a, b), in segments from `segment` on, up to `top_us`. */
	size_t segment;
	int64_t top_us; /* newest time not yet looked at */
	int64_t after_us, after_a;
	char after_b[40];
	uint32_t skip;	  /* refusals equal to (t, a, b) that were given already */
	int64_t width_us; /* of the next slice */
	bool done;
	uint32_t slices; /* read for this page */
	bool late;	 /* the page's time was over before the next row was found */

	/* Addresses of the week at hand, for QUERY_BY_WORDS. */
	int64_t week_us;   /* 0: none looked up */
	const char *words; /* NULL: too many, scan */
	size_t n_words;

	PGresult *rows; /* of the last slice */
	int at;		/* first one not given */
};

struct search {
	struct searcher *searcher;
	struct search_options options;
	struct query_sql sql;
	struct arena arena;
	struct arena page_arena;
	struct search_stream streams[QUERY_TABLES];
	struct search_page page;
	struct search_row *sorted; /* those of a sorted search that were not given yet */
	size_t n_sorted;
	uint64_t tree_hash;
	int64_t deadline_us; /* 0: none */
};

/* Where a stream goes on: rows behind (t, a, b); t 0 = it is done. */
struct search_position {
	int64_t t_us, a;
	char b[40];
	uint32_t skip;
};

/* search_stream.c */
bool search_stream_open(struct search *s, enum query_table table, struct error *err);
struct search_position search_stream_position(const struct search_stream *st);
void search_stream_go(struct search_stream *st, const struct search_position *p);

/* Reads one slice: of a stream that has no row at hand and is not done. */
bool search_stream_step(struct search *s, struct search_stream *st, size_t want, struct error *err);
static inline bool
search_stream_has(const struct search_stream *st)
{
	return st->rows && st->at < PQntuples(st->rows);
}

/* The row at hand is given: the position moves behind it. */
void search_stream_take(struct search_stream *st);
int64_t search_stream_time(const struct search_stream *st);

/* Everything newer was looked at. */
int64_t search_stream_scanned(const struct search_stream *st);

/* Adds up all rows of the stream; *whole false when the deadline came first. */
bool search_stream_count(struct search *s, const struct search_stream *st, int64_t deadline_us,
	uint64_t *n, bool *whole, struct error *err);

/* Sums of each slice, as they come. */
bool search_stream_sum(struct search *s, const struct search_stream *st,
	const struct search_sum_question *q, int64_t deadline_us,
	void (*take)(void *context, const PGresult *rows), void *context, bool *whole,
	struct error *err);

/* search_load.c: rows of a page. */
struct search_found {
	uint64_t mail_id;
	uint32_t branch;
	int64_t t_us;
	struct search_row *row;
};
bool search_load_mails(
	struct search *s, const struct search_found *found, size_t n, struct error *err);
void search_load_reject(struct search *s, const PGresult *rows, int at, struct search_row *row);

/* Fields of binary results. */
int64_t search_i64(const PGresult *rows, int row, int column);
int32_t search_i32(const PGresult *rows, int row, int column, int32_t none);
int16_t search_i16(const PGresult *rows, int row, int column, int16_t none);
int64_t search_time(const PGresult *rows, int row, int column);
struct slice search_text(const PGresult *rows, int row, int column); /* borrowed from the result */

#endif
