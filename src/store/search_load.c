/* Rows of a page: for the found mails their deliveries and the servers they crossed. */
#include "store/search_part.h"

#include "base/memory.h"

#include <stdlib.h>

#define KEY_SLACK 10 /* minutes that clocks of hosts may differ */
#define MOST_KEYS 40 /* of one mail: buckets of 17 hours */

static struct slice
keep(struct search *s, const PGresult *rows, int row, int column)
{
	if (PQgetisnull(rows, row, column))
		return S("");
	return arena_copy(&s->page_arena, search_text(rows, row, column));
}

void
search_load_reject(struct search *s, const PGresult *rows, int at, struct search_row *row)
{
	row->reject = true;
	row->t_us = search_time(rows, at, 0);
	row->host = search_i16(rows, at, 1, 0);
	row->status = (enum status)search_i16(rows, at, 3, 0);
	row->way = (enum way)search_i16(rows, at, 4, 0);
	row->reason = (enum reason)search_i16(rows, at, 5, 0);
	row->code = search_i32(rows, at, 6, 0);
	row->smtp = search_i16(rows, at, 7, 0);
	row->client_ip = keep(s, rows, at, 8);
	row->client_name = keep(s, rows, at, 9);
	row->has_from = !PQgetisnull(rows, at, 10);
	row->from = keep(s, rows, at, 10);
	row->hash = slice_hash(search_text(rows, at, 12), 0);
	row->size_bytes = row->took_ms = row->tries = -1;
	row->score_thousandths = INT64_MIN;
	row->counts[row->status]++;
	row->rcpts[0] = keep(s, rows, at, 11);
	row->n_first = row->n_rcpts = row->n_matched = row->rcpts[0].n > 0;
	struct slice *host = arena_new(&s->page_arena, sizeof(*host));
	*host = arena_copy(&s->page_arena, searcher_host(s->searcher, row->host));
	row->hosts = host;
	row->n_hosts = host->n > 0;
}

/* Columns of query_sql_deliveries. */
enum {
	MAIL_ID,
	BRANCH,
	T,
	STATUS,
	HIT,
	TOOK,
	TRIES,
	SIZE,
	WAY,
	FLAGS,
	REASON,
	CODE,
	SMTP,
	IP,
	CLIENT_NAME,
	SENDER,
	RCPT,
	MSGID,
	SCORE,
	N,
	NAMED,
	LONGEST,
	MOST_TRIES,
	PLACE,
};

/* The bits of delivery.flags: store/rows.h. */
#define NOTICE	4
#define REFUSED 2048

static void
set_common(struct search *s, const PGresult *rows, int at, struct search_row *row)
{
	int32_t flags = search_i32(rows, at, FLAGS, 0);
	row->reject = flags & REFUSED;
	row->notice = flags & NOTICE;
	row->way = (enum way)search_i16(rows, at, WAY, 0);
	row->has_from = !PQgetisnull(rows, at, SENDER);
	row->from = keep(s, rows, at, SENDER);
	row->msgid = keep(s, rows, at, MSGID);
	row->client_ip = keep(s, rows, at, IP);
	row->client_name = keep(s, rows, at, CLIENT_NAME);
	row->size_bytes = search_i32(rows, at, SIZE, -1);
	row->score_thousandths =
		PQgetisnull(rows, at, SCORE) ? INT64_MIN : search_i64(rows, at, SCORE);
	row->took_ms = row->tries = -1;
	row->status = STATUS_UNKNOWN;
}

/* What a person wants to know first of a mail whose recipients fared differently. */
static int
gravity(enum status status)
{
	static const enum status order[] = {STATUS_DELIVERED, STATUS_RELAYED, STATUS_DISCARDED,
		STATUS_DELETED, STATUS_UNKNOWN, STATUS_GREYLISTED, STATUS_HELD, STATUS_CANCELED,
		STATUS_DEFERRED, STATUS_BLOCKED, STATUS_REJECTED, STATUS_EXPIRED, STATUS_BOUNCED};
	for (int i = 0; i < (int)(sizeof(order) / sizeof(order[0])); i++)
		if (order[i] == status)
			return i;
	return -1;
}

/* State while the rows of one mail go by. */
struct gathering {
	enum status gravest;
	bool any_match;
};

/* The first row of each status: it carries the counts of all. */
static void
add_group(const PGresult *rows, int at, struct search_row *row, struct gathering *g)
{
	enum status status = (enum status)search_i16(rows, at, STATUS, 0);
	uint32_t named = (uint32_t)search_i64(rows, at, NAMED);
	row->counts[status] += (uint32_t)search_i64(rows, at, N);
	row->n_rcpts += named;
	if (*PQgetvalue(rows, at, HIT) == 0)
		return;
	int32_t took = search_i32(rows, at, LONGEST, -1),
		tries = search_i16(rows, at, MOST_TRIES, -1);
	row->n_matched += named;
	row->took_ms = took > row->took_ms ? took : row->took_ms;
	row->tries = tries > row->tries ? tries : row->tries;
	row->status = !g->any_match ? status : row->status == status ? status : STATUS_COUNT;
	if (!g->any_match || gravity(status) > gravity(g->gravest)) {
		g->gravest = status;
		row->code = search_i32(rows, at, CODE, 0);
		row->smtp = search_i16(rows, at, SMTP, 0);
		row->reason = (enum reason)search_i16(rows, at, REASON, 0);
	}
	g->any_match = true;
}

static void
add_delivery(
	struct search *s, const PGresult *rows, int at, struct search_row *row, struct gathering *g)
{
	if (search_i64(rows, at, PLACE) == 1)
		add_group(rows, at, row, g);
	struct slice rcpt = search_text(rows, at, RCPT);
	if (*PQgetvalue(rows, at, HIT) && rcpt.n && row->n_first < SEARCH_FIRST_RCPTS)
		row->rcpts[row->n_first++] = arena_copy(&s->page_arena, rcpt);
}

/* Rows come in the order of the found mails. */
static void
gather(struct search *s, const PGresult *rows, const struct search_found *found, size_t n)
{
	struct gathering g = {0};
	size_t at = 0;
	bool begun = false;
	for (int i = 0; i < PQntuples(rows) && at < n;) {
		const struct search_found *f = &found[at];
		if ((uint64_t)search_i64(rows, i, MAIL_ID) != f->mail_id ||
			(uint32_t)search_i32(rows, i, BRANCH, 0) != f->branch) {
			at++;
			begun = false;
			continue;
		}
		if (!begun) {
			set_common(s, rows, i, f->row);
			g = (struct gathering){0};
			begun = true;
		}
		add_delivery(s, rows, i++, f->row, &g);
	}
}

static bool
load_deliveries(struct search *s, const struct search_found *found, size_t n, struct error *err)
{
	static const uint32_t types[QUERY_PARAM_FIRST_OF_PLAN - 1] = {QUERY_PG_INT8_ARRAY,
		QUERY_PG_INT4_ARRAY, QUERY_PG_INT4_ARRAY, QUERY_PG_TIME_ARRAY, QUERY_PG_TEXT,
		QUERY_PG_TEXT, QUERY_PG_TEXT, QUERY_PG_TEXT, QUERY_PG_TEXT};
	struct query_array ids = {0}, branches = {0}, minutes = {0}, times = {0};
	struct buf text = {0}, time = {0};
	PGresult *rows = NULL;
	for (size_t i = 0; i < n; i++) {
		query_array_add_i64(&ids, (int64_t)found[i].mail_id);
		query_array_add_i64(&branches, (int32_t)found[i].branch);
		query_array_add_i64(&minutes, key_minute(found[i].t_us));
		buf_clear(&time);
		query_add_time(&time, found[i].t_us);
		query_array_add(&times, buf_slice(&time));
	}
	struct search_call call = {.plan = &s->sql.tables[QUERY_MAILS],
		.types = types,
		.fixed = {query_array_keep(&ids, &s->page_arena),
			query_array_keep(&branches, &s->page_arena),
			query_array_keep(&minutes, &s->page_arena),
			query_array_keep(&times, &s->page_arena)}};
	query_sql_deliveries(&text, &s->sql);
	bool ok = searcher_run(s->searcher, &s->sql, buf_str(&text), &call, &rows, err);
	if (ok)
		gather(s, rows, found, n);
	PQclear(rows);
	buf_fini(&text);
	buf_fini(&time);
	return ok;
}

static bool
has_slice(const struct slice *list, size_t n, struct slice one)
{
	for (size_t i = 0; i < n; i++)
		if (slice_equal(list[i], one))
			return true;
	return false;
}

#define MOST_NAMES 100 /* of one row */

static void
set_hops(struct search *s, const PGresult *rows, int first, int end, struct search_row *row)
{
	size_t most = (size_t)(end - first) < MOST_NAMES ? (size_t)(end - first) : MOST_NAMES;
	struct slice *hosts = arena_new(&s->page_arena, most * sizeof(*hosts));
	struct slice *qids = arena_new(&s->page_arena, most * sizeof(*qids));
	for (int i = first; i < end && row->n_qids < most; i++) {
		struct slice host = searcher_host(s->searcher, search_i16(rows, i, 3, 0));
		struct slice qid = search_text(rows, i, 4);
		if (host.n && !has_slice(hosts, row->n_hosts, host))
			hosts[row->n_hosts++] = arena_copy(&s->page_arena, host);
		if (!has_slice(qids, row->n_qids, qid))
			qids[row->n_qids++] = arena_copy(&s->page_arena, qid);
	}
	row->hosts = hosts;
	row->qids = qids;
}

/* Rows are sorted by place in `found`. */
static void
gather_hops(struct search *s, const PGresult *rows, const struct search_found *found)
{
	for (int i = 0, end; i < PQntuples(rows); i = end) {
		int32_t place = search_i32(rows, i, 0, 0);
		for (end = i + 1; end < PQntuples(rows) && search_i32(rows, end, 0, 0) == place;)
			end++;
		set_hops(s, rows, i, end, found[place].row);
	}
}

struct hop_keys {
	struct query_array places, ids, branches, buckets;
};

static void
add_hop_keys(struct hop_keys *k, const struct search_found *f, size_t place)
{
	int32_t minute = key_minute(f->t_us);
	int64_t took_minutes = f->row->took_ms > 0 ? f->row->took_ms / 60000 : 0;
	int32_t first = (minute - KEY_SLACK) >> 10,
		last = (int32_t)((minute + took_minutes + KEY_SLACK) >> 10);
	for (int32_t bucket = first; bucket <= last && bucket - first < MOST_KEYS; bucket++) {
		query_array_add_i64(&k->places, (int64_t)place);
		query_array_add_i64(&k->ids, (int64_t)f->mail_id);
		query_array_add_i64(&k->branches, (int32_t)f->branch);
		query_array_add_i64(&k->buckets, bucket);
	}
}

static bool
load_hops(struct search *s, const struct search_found *found, size_t n, struct error *err)
{
	static const char sql[] =
		"SELECT k.place, h.t, h.mail_id, h.host, h.qid FROM unnest($1, $2, $3, $4) "
		"k(place, id, branch, bucket), "
		"LATERAL (SELECT h.t, h.mail_id, h.host, h.qid FROM hop h "
		"WHERE else_id(h.mail_id, h.m) = else_id(k.id, k.bucket * 1024) AND h.mail_id = "
		"k.id AND h.branch = k.branch "
		"AND h.t >= to_timestamp(1577836800 + k.bucket * 61440::float8) "
		"AND h.t < to_timestamp(1577836800 + (k.bucket + 1) * 61440::float8) LIMIT 1000) h "
		"ORDER BY k.place, h.t LIMIT 50000";
	static const Oid types[] = {
		QUERY_PG_INT4_ARRAY, QUERY_PG_INT8_ARRAY, QUERY_PG_INT4_ARRAY, QUERY_PG_INT4_ARRAY};
	struct hop_keys k = {0};
	PGresult *rows = NULL;
	for (size_t i = 0; i < n; i++)
		add_hop_keys(&k, &found[i], i);
	const char *values[] = {query_array_keep(&k.places, &s->page_arena),
		query_array_keep(&k.ids, &s->page_arena),
		query_array_keep(&k.branches, &s->page_arena),
		query_array_keep(&k.buckets, &s->page_arena)};
	struct db *db = s->searcher->db;
	bool ok = db_prepare_once(db, "search_hops", sql, 4, types, err) &&
		  db_query_prepared(db, "search_hops",
			  &(struct db_params){.n = 4, .values = values}, DB_BINARY, &rows, err);
	if (ok)
		gather_hops(s, rows, found);
	PQclear(rows);
	return ok;
}

bool
search_load_mails(struct search *s, const struct search_found *found, size_t n, struct error *err)
{
	return n == 0 || (load_deliveries(s, found, n, err) && load_hops(s, found, n, err));
}
