/*
 * Search: a query's tree against the database, newest first, page by page.
 *
 *	struct searcher *searcher = searcher_new(db, &err);
 *	struct search *s = search_begin(searcher, tree, &options, &query_err, &err);
 *	while (search_page(s, 50, &page, &err) && page.n > 0) ...
 *	search_count(s, budget_us, &total, &err);
 *	search_end(&s);
 *
 * Mails (table delivery) and refusals (table reject) are two streams, each asked slice by slice
 *from the newest time to the oldest, merged by time. With a budget a page may come before
 *everything was looked at: then it says how far each stream got, and its cursor goes on there. So
 *paging has neither gaps nor repetitions; what is stored meanwhile and is newer than the cursor is
 *not seen.
 */
#ifndef ELSE_STORE_SEARCH_H
#define ELSE_STORE_SEARCH_H

#include "parse/reason.h"
#include "query/query_sql.h"
#include "store/db.h"
#include "trace/status.h"

/* Prepared statements and names of hosts, for many searches over one connection. The connection is
 * the searcher's while it lives: it changes settings of the session. */
struct searcher;
struct searcher *searcher_new(struct db *db, struct error *err);
void searcher_free(struct searcher **searcher);

/* The name of a host; empty when unknown. Lives until the next search. */
struct slice searcher_host(const struct searcher *searcher, int16_t id);

/* The names of `reason:`, for query_parse and query_compile. */
struct query_names search_reasons(void);

struct search_options {
	const struct query_scope *scope; /* what the reader may see; NULL = everything */
	struct slice cursor;		 /* of an earlier page; empty = from the newest */
	int64_t budget_us;		 /* for a page; 0 = as long as it takes */
	bool mails_only, rejects_only;
};

struct search;

/* NULL with `query_err` (its message is set) when the query cannot be answered or the cursor is not
 * of this query, else with `err`. Borrows the tree and the options' scope. */
struct search *search_begin(struct searcher *searcher, const struct query_node *tree,
	const struct search_options *options, struct query_error *query_err, struct error *err);
void search_end(struct search **search);

#define SEARCH_FIRST_RCPTS 20

/* One arrival of a mail, or one refusal. Text lives until the next page. */
struct search_row {
	bool reject; /* nothing was taken: a row of reject, or a mail that was refused as a whole */
	bool from_mails; /* a row of delivery, with mail_id and branch; else of reject */
	int64_t t_us;
	uint64_t mail_id;
	uint32_t branch;
	int16_t host;  /* of a refusal */
	uint64_t hash; /* slice_hash of the lines of a refusal */
	enum way way;
	bool has_from; /* the sender is known; empty = null sender */
	struct slice from, msgid, client_ip, client_name;
	uint32_t n_rcpts, n_matched;		/* with a name */
	struct slice rcpts[SEARCH_FIRST_RCPTS]; /* the first that match */
	size_t n_first;
	enum status status;	       /* of those that match; STATUS_COUNT = mixed */
	uint32_t counts[STATUS_COUNT]; /* of all deliveries */
	int32_t code;		       /* enhanced, x*1000000 + y*1000 + z; 0 = none */
	int16_t smtp;		       /* 0 = none */
	enum reason reason;
	const struct slice *hosts, *qids;
	size_t n_hosts, n_qids;
	int64_t size_bytes, took_ms; /* -1 = unknown */
	int32_t tries;		     /* -1 = unknown */
	int64_t score_thousandths;   /* INT64_MIN = unknown */
	bool notice;
};

struct search_page {
	struct search_row *rows;
	size_t n;
	bool more;     /* there are more rows, or there may be */
	bool complete; /* nothing was left out for want of time, or, when the query has a sort, of
			  room */
	int64_t scanned_us; /* not complete: everything newer than this was looked at */
	struct buf cursor;  /* where the next page begins; empty when there is none */
};

/* The next page, at most `limit` rows. False when the database fails. The page belongs to the
 * search. */
bool search_page(
	struct search *search, size_t limit, const struct search_page **page, struct error *err);

enum search_relation { SEARCH_EXACTLY, SEARCH_MORE_THAN };

struct search_total {
	uint64_t mails, rejects; /* arrivals of mails; rows of reject */
	enum search_relation relation;
};

/* How many there are in all, wherever the cursor is. Stops when the budget is used up (0: never).
 */
bool search_count(
	struct search *search, int64_t budget_us, struct search_total *total, struct error *err);

/* What the query's names mean in this database: false when a server, a next hop or a text of it is
 * not there at all; `field` is then the condition. */
bool search_names_known(const struct search *search, const struct query_node **field);

/* The times between which anything is stored; 0, 0 = nothing. */
void search_stored(const struct search *search, int64_t *from_us, int64_t *to_us);

/* The times between which the query can match anything that is stored; 0, 0 = nowhere. */
void search_range(const struct search *search, int64_t *from_us, int64_t *to_us);

/* "exactly", ... for JSON: "eq", "gte". */
const char *search_relation_name(enum search_relation relation);

#endif
