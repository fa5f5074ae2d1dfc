/*
 * The compiler: a syntax tree and the reader's rights in, parameterised SQL for the schema of
 * sql/001-schema.sql out. Pure: it makes text and parameter values, who runs them is the caller
 * (store/search.h).
 *
 * A query is asked of two tables, aliased `d` in both: delivery (one row per arrival of a mail and
 * final recipient, so that every condition inside one AND speaks of the same delivery) and reject.
 * For each there is a condition (`match`), the reader's rights (`scope`), and a list of candidates:
 * sets of index ranges of which each one alone covers all matches. Statements are made for one
 * candidate, or for a scan of a stretch of time, newest first:
 *
 *	query_compile(&sql, tree, &context, &scope, &arena, &err)
 *	... the look-ups are run, their results put in ...
 *	query_sql_find(&text, &sql, QUERY_MAILS, &sql.tables[QUERY_MAILS].candidates[0])
 *
 * No byte of the query is ever in the text of a statement. Everything lives in the caller's arena.
 */
#ifndef ELSE_QUERY_QUERY_SQL_H
#define ELSE_QUERY_QUERY_SQL_H

#include "query/query.h"

enum query_table { QUERY_MAILS, QUERY_REJECTS };
#define QUERY_TABLES 2

/* PostgreSQL's numbers of types (pg_type.dat). */
enum query_pg_type {
	QUERY_PG_INT8 = 20,
	QUERY_PG_INT4 = 23,
	QUERY_PG_TEXT = 25,
	QUERY_PG_INT2_ARRAY = 1005,
	QUERY_PG_INT4_ARRAY = 1007,
	QUERY_PG_TEXT_ARRAY = 1009,
	QUERY_PG_INT8_ARRAY = 1016,
	QUERY_PG_INET_ARRAY = 1041,
	QUERY_PG_TIME = 1184,
	QUERY_PG_TIME_ARRAY = 1185,
};

/* What must be asked of the database before the statements can run. Each result is an array in
 * PostgreSQL's text form. */
enum query_lookup_kind {
	QUERY_LOOKUP_QID,   /* results: mail ids (int8[]), and branches (int4[]) beside them */
	QUERY_LOOKUP_HOST,  /* numbers of hosts (int2[]) */
	QUERY_LOOKUP_RELAY, /* terms of kind 1 (int4[]) */
	QUERY_LOOKUP_TEXT,  /* terms of kinds 2 and 3 that hold the text; terms with words cut out
			       that  may be those of the text (empty array when `whole`) */
	QUERY_LOOKUP_REGEX, /* nothing: whether PostgreSQL takes the regular expression */
};

struct query_lookup {
	enum query_lookup_kind kind;
	const struct query_node *field;
	const char *exact;     /* text[], lower case but for queue ids */
	const char *like;      /* text[] of LIKE patterns */
	const char *regex;     /* NULL: none */
	bool whole;	       /* the text has no word of the kind that is cut out of terms */
	const char *result[2]; /* filled in by who runs it; "{}" until then */
};

/* A parameter: its value as text, or the result of a look-up. */
struct query_param {
	uint32_t type;
	const char *value;
	const struct query_lookup *lookup; /* NULL: value */
	int part;
};

/* One index: ranges of keys by time bucket (sql: else_key, else_id). */
struct query_index {
	const char *key;	/* expression of the index, over d */
	const char *low, *high; /* hashes of the range that one value v of the parameter has; NULL
				   high: low */
	const char *also;	/* further condition of the index, or "" */
	bool by_id; /* else_id: exact keys in buckets of 1024 minutes, not ranges in 256 */
};

struct query_probe {
	const struct query_index *index;
	unsigned param; /* its number: an array of values */
};

enum query_candidate_kind {
	QUERY_BY_KEY,
	QUERY_BY_RARE,	/* the small index of deliveries that are not simply delivered, by minute */
	QUERY_BY_WORDS, /* addresses that match `patterns` are looked up week by week in table addr,
			   and become parameter QUERY_PARAM_WORDS of the probes */
};

#define QUERY_MAX_PROBES 8

struct query_candidate {
	enum query_candidate_kind kind;
	unsigned rank; /* the smaller the fewer rows it is likely to have */
	struct query_probe probes[QUERY_MAX_PROBES];
	size_t n;
	size_t n_values; /* of all probes; 0 = as many as a look-up finds */
	const char **patterns;
	size_t n_patterns;
};

struct query_plan {
	bool never; /* nothing in this table can match */
	const char *match;
	const char *scope;
	const char *rollup; /* refusals: what of it stat_hour knows (status, reason, way); NULL:
			       nothing */
	struct query_param *params; /* $10, $11, ... */
	size_t n_params;
	struct query_candidate *candidates; /* best rank first */
	size_t n_candidates;
	bool large; /* a list so long that the planner must see it */
};

struct query_sql {
	struct query_plan tables[QUERY_TABLES];
	struct query_lookup **lookups;
	size_t n_lookups;
	int64_t from_us, to_us; /* what can match overlaps this; INT64_MIN, INT64_MAX: open */
	enum query_sort sort;
	bool ascending; /* of sort */
};

/* What the reader may see: rows whose sender or recipient is one of these. Lower case, A-labels. */
struct query_scope {
	const struct slice *domains;
	size_t n_domains;
	const struct slice *addresses;
	size_t n_addresses;
	bool any_address;  /* whatever the two say */
	const char *hosts; /* int2[]: only what came in at, ended on or was refused by one of
			      these; NULL = any */
	const struct query_scope *also; /* and what this allows; may be NULL */
};

struct query_sql_context {
	uint64_t (*mail_id)(struct slice msgid); /* trace/hop.h: mail_id_of_msgid */
};

/* `scope` NULL: everything. The names of `reason:` given to query_parse must be those of
 * parse/reason.h from REASON_NONE + 1 on. False with `err` for a condition that cannot be answered.
 */
bool query_compile(struct query_sql *sql, const struct query_node *tree,
	const struct query_sql_context *context, const struct query_scope *scope,
	struct arena *arena, struct query_error *err);

/* The number that a status is stored as. */
int query_sql_status(enum query_status status);

/* Numbers of the parameters that every statement has before those of its plan. */
enum query_param_number {
	QUERY_PARAM_NEWEST =
		1,	    /* int4: bucket of 256 minutes (candidates) or minute (scan, rare) */
	QUERY_PARAM_OLDEST, /* int4 */
	QUERY_PARAM_FROM,   /* timestamptz: d.t within */
	QUERY_PARAM_TO,
	QUERY_PARAM_AFTER_T, /* keyset: only rows behind this one in the order; 'infinity' = all */
	QUERY_PARAM_AFTER_A, /* int8: mail_id; host */
	QUERY_PARAM_AFTER_B, /* text: branch; md5 of the lines */
	QUERY_PARAM_LIMIT,   /* int8 */
	QUERY_PARAM_WORDS,   /* text[]: addresses found in the dictionary */
	QUERY_PARAM_FIRST_OF_PLAN,
};

/* The type of a parameter with a fixed number. */
uint32_t query_sql_fixed_type(enum query_param_number number);

/* Columns of a found mail: t, mail_id int8, branch int4. Of a refusal: t, host int2, mark text (md5
 * of the lines), status int2, way int2, reason int2, code int4, smtp int2, client_ip text,
 * client_name, sender, rcpt, lines bytea. Both newest first; rows that lie in one arrival of a mail
 * are one. For refusals the row of the keyset itself comes again: two may be equal.
 * `candidate` NULL: a scan. `slow`: only deliveries that took an hour or more. */
void query_sql_find(struct buf *text, const struct query_sql *sql, enum query_table table,
	const struct query_candidate *candidate, bool slow);

/* One column int8: how many; the keyset and the limit are not looked at. */
void query_sql_count(struct buf *text, const struct query_sql *sql, enum query_table table,
	const struct query_candidate *candidate, bool slow);

/* Sums over rows (deliveries, refusals), not arrivals. `keys` and `sums` are lists of columns,
 * `where` a condition, over columns of d that both tables have: t, host, entry_host, status, way,
 * reason, code, flags, tries, took_ms, size, relay, client_ip, client_name, helo, sasl_user,
 * sender, rcpt (what refusals have not is NULL, their flags are 2: counted, their entry_host is
 * host). They may hold QUERY_PARAM_AFTER_T and QUERY_PARAM_LIMIT, and no byte of a query. Columns:
 * the keys, the sums. */
struct query_sums {
	const char *keys;
	unsigned n_keys;
	const char *sums;
	unsigned n_sums;
	unsigned n_greatest; /* so many of the last sums are no sums but the greatest (max) */
	const char *where;   /* "true" */
};
void query_sql_sum(struct buf *text, const struct query_sql *sql, enum query_table table,
	const struct query_candidate *candidate, bool slow, const struct query_sums *sums);

/* All leaves of one arrival: QUERY_PARAM_AFTER_A is the mail's id, QUERY_PARAM_AFTER_B its branch.
 * Columns: rcpt, orig_rcpt, whether the reader may see it (bool). */
void query_sql_leaves(struct buf *text, const struct query_sql *sql);

/* Refusals of one host (QUERY_PARAM_AFTER_A) in one minute (QUERY_PARAM_NEWEST) that the reader may
 * see. One column: lines. */
void query_sql_refusals(struct buf *text, const struct query_sql *sql);

/* Hours in which there are refusals that match the plan's `rollup`: one column timestamptz, newest
 * first, between QUERY_PARAM_FROM and QUERY_PARAM_TO. */
void query_sql_hours(struct buf *text, const struct query_sql *sql);

/* One column int8: rows in every `step`th bucket (QUERY_PARAM_LIMIT), each counted up to 64: which
 * candidate is the best. */
void query_sql_sample(struct buf *text, const struct query_sql *sql, enum query_table table,
	const struct query_candidate *candidate);

/* The deliveries of found mails that the reader may see, with `hit`: whether they match. $1: mail
 * ids (int8[]), $2: branches (int4[]), $3: minutes (int4[]), $4: times (timestamptz[]), of equal
 * length. Columns: see store/search_load.c. At most 20 rows of each mail, status and hit, with
 * counts of all. */
void query_sql_deliveries(struct buf *text, const struct query_sql *sql);

/* PostgreSQL's text form of arrays and times. */
struct query_array {
	struct buf text;
	size_t n;
};
void query_array_add(struct query_array *a, struct slice text);
void query_array_add_i64(struct query_array *a, int64_t v);
const char *query_array_keep(struct query_array *a, struct arena *arena); /* and clears it */

/* "2026-11-21 18:41:55.114123+00", "infinity", "-infinity" (INT64_MAX, INT64_MIN) */
void query_add_time(struct buf *b, int64_t t_us);

#endif
