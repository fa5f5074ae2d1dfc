#include "store/load.h"

#include "base/memory.h"
#include "parse/parse.h"
#include "store/copy.h"
#include "store/keys.h"
#include "store/mail_lines.h"
#include "wire/msgtrk.h"
#include "wire/syslog.h"

#include <endian.h>
#include <stdlib.h>

#define PG_EPOCH_US (946684800 * TIME_SECOND_US) /* 2000-01-01 */
#define IDS_A_QUERY 500
#define TEXT_OID    25
#define TIME_OID    1184 /* timestamptz */

bool
load_dictionaries(struct db *db, struct evidence *ev, enum dictionary_kind kind, struct error *err)
{
	PGresult *rows;
	if (!db_query(db, "SELECT id::int4, dict, kind::int4 FROM zdict ORDER BY id",
		    &(struct db_params){0}, DB_BINARY, &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++) {
		uint32_t id, of;
		memcpy(&id, PQgetvalue(rows, i, 0), sizeof(id));
		memcpy(&of, PQgetvalue(rows, i, 2), sizeof(of));
		evidence_add_dictionary(ev, (int)be32toh(id),
			slice_of(PQgetvalue(rows, i, 1), (size_t)PQgetlength(rows, i, 1)),
			be32toh(of) == (uint32_t)kind);
	}
	PQclear(rows);
	return true;
}

/* What the replayed correlator hands over: only the one hop is wanted. */
struct wanted {
	struct slice host, qid;
	struct hop *hop;
};

static void
take_mail(void *context, struct mail *mail)
{
	struct wanted *w = context;
	for (struct hop **at = &mail->hops; *at && !w->hop; at = &(*at)->next) {
		struct hop *hop = *at;
		if (slice_equal(hop->qid, w->qid) && slice_equal(hop->host, w->host)) {
			*at = hop->next;
			hop->next = NULL;
			hop->mail = NULL;
			w->hop = hop;
			break;
		}
	}
	mail_free(&mail);
}

static void
drop_reject(void *context, struct reject *reject)
{
	(void)context;
	free(reject);
}

bool
load_read_line(const struct load_line *stored, struct msgtrk_columns *columns, struct line *line)
{
	struct syslog_clock clock;
	*line = (struct line){0};
	syslog_clock_init(&clock, stored->t_us);
	if (msgtrk_guess_columns(stored->raw, columns))
		msgtrk_read(stored->raw, columns, line);
	else if (syslog_read(stored->raw, &clock, line) == SYSLOG_EMPTY)
		return false;
	line->t_us = stored->t_us;
	line->host = stored->host;
	return true;
}

void
load_correlate(const struct load_line *lines, size_t n, const struct trace_sink *sink)
{
	struct trace *trace = trace_new(&(struct trace_options){.quiet_us = INT64_MAX / 4}, sink);
	for (size_t i = 0; i < n; i++) {
		struct msgtrk_columns columns;
		struct line line;
		struct event e;
		if (load_read_line(&lines[i], &columns, &line) && parse_line(&line, &e) == PARSE_OK)
			trace_feed(trace, &e, &line);
	}
	trace_finish(trace);
	trace_free(&trace);
}

struct hop *
load_bare(struct slice host, struct slice qid, const struct hop_line *lines, size_t n)
{
	struct hop *hop = hop_new(host, (struct slice){"", 0}, qid);
	hop->first_us = hop->last_us = hop->arrived_us = n ? lines[0].t_us : 0;
	for (size_t i = 0; i < n; i++) {
		hop_add_line(hop, lines[i].t_us, lines[i].id, lines[i].raw);
		hop->first_us = lines[i].t_us < hop->first_us ? lines[i].t_us : hop->first_us;
		hop->last_us = lines[i].t_us > hop->last_us ? lines[i].t_us : hop->last_us;
	}
	return hop;
}

struct hop *
load_replay(struct slice host, struct slice qid, const struct hop_line *lines, size_t n)
{
	struct wanted wanted = {.host = host, .qid = qid};
	struct load_line *own = memory_new((n + 1) * sizeof(*own));
	for (size_t i = 0; i < n; i++)
		own[i] = (struct load_line){
			.host = host, .raw = lines[i].raw, .t_us = lines[i].t_us};
	load_correlate(own, n, &(struct trace_sink){&wanted, take_mail, drop_reject});
	free(own);
	return wanted.hop ? wanted.hop : load_bare(host, qid, lines, n);
}

static int64_t
field_i64(const PGresult *rows, int row, int column)
{
	uint64_t v;
	memcpy(&v, PQgetvalue(rows, row, column), sizeof(v));
	return (int64_t)be64toh(v);
}

static struct slice
field_bytes(const PGresult *rows, int row, int column)
{
	return slice_of(PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column));
}

static struct mail *
mail_of(uint64_t id, struct mail ***mails, size_t *n, size_t *cap)
{
	if (*n && (*mails)[*n - 1]->id == id)
		return (*mails)[*n - 1];
	struct mail *mail = memory_zero(1, sizeof(*mail));
	mail->id = id;
	mail->hops_tail = &mail->hops;
	mail->stash_tail = &mail->stash;
	MEMORY_ROOM(mails, *n, cap);
	(*mails)[(*n)++] = mail;
	return mail;
}

/* The hops of one value. */
static bool
add_hops(struct mail *mail, const struct hop_line *lines, size_t n, struct error *err)
{
	struct mail_lines stored;
	while (mail_lines_next(&lines, &n, &stored, err)) {
		struct hop *hop = load_replay(stored.host, stored.qid, stored.lines, stored.n);
		hop->mail = mail;
		hop->stored_id = mail->id;
		*mail->hops_tail = hop;
		mail->hops_tail = &hop->next;
		mail->n_hops++;
	}
	return n == 0;
}

static bool
add_rows(const PGresult *rows, struct evidence *ev, struct mail ***mails, size_t *n, size_t *cap,
	struct error *err)
{
	struct arena arena = {0};
	bool ok = true;
	for (int i = 0; ok && i < PQntuples(rows); i++) {
		struct hop_line *lines;
		size_t n_lines;
		int64_t t_us = field_i64(rows, i, 1) + PG_EPOCH_US;
		uint64_t id = (uint64_t)field_i64(rows, i, 0);
		ok = (evidence_unpack(
			      ev, field_bytes(rows, i, 2), t_us, &arena, &lines, &n_lines, err) &&
			     add_hops(mail_of(id, mails, n, cap), lines, n_lines, err)) ||
		     error_prefix(err, "mail %016llx", (unsigned long long)id);
		arena_reset(&arena);
	}
	arena_fini(&arena);
	return ok;
}

/* The times between which anything is stored. */
static bool
stored_range(struct db *db, int64_t *from_us, int64_t *to_us, struct error *err)
{
	PGresult *rows;
	static const char sql[] =
		"SELECT coalesce((extract(epoch FROM min(first_seen)) * 1000000)::int8, 0), "
		"coalesce((extract(epoch FROM max(last_seen)) * 1000000)::int8, 0) FROM host";
	if (!db_query(db, sql, &(struct db_params){0}, DB_BINARY, &rows, err))
		return false;
	*from_us = field_i64(rows, 0, 0) - TIME_DAY_US;
	*to_us = field_i64(rows, 0, 1) + TIME_DAY_US;
	PQclear(rows);
	return true;
}

/* Seldom more than a few hundred buckets; a log with wild dates must not make millions. */
#define MAX_BUCKETS 4000

static bool
query_hops(struct db *db, const char *where, const char *name, struct array *keys,
	struct array *values, uint32_t oid, int64_t from_us, int64_t to_us, PGresult **rows,
	struct error *err)
{
	uint64_t from = htobe64((uint64_t)(from_us - PG_EPOCH_US)),
		 to = htobe64((uint64_t)(to_us - PG_EPOCH_US));
	array_done(keys, 20);
	array_done(values, oid);
	const Oid types[] = {
		ARRAY_INT8_OID, oid == 20 ? ARRAY_INT8_OID : ARRAY_TEXT_OID, TIME_OID, TIME_OID};
	const char *data[] = {keys->b.p, values->b.p, (const char *)&from, (const char *)&to};
	const int lengths[] = {(int)keys->b.n, (int)values->b.n, 8, 8};
	const int formats[] = {1, 1, 1, 1};
	struct db_params params = {4, types, data, lengths, formats};
	return db_prepare_once(db, name, where, 4, types, err) &&
	       db_query_prepared(db, name, &params, DB_BINARY, rows, err);
}

static bool
load_some(struct db *db, struct evidence *ev, const uint64_t *ids, size_t n_ids, int64_t from_us,
	int64_t to_us, struct mail ***mails, size_t *n, size_t *cap, struct error *err)
{
	static const char sql[] = "SELECT h.mail_id, h.t, h.lines FROM hop h "
				  "WHERE else_id(h.mail_id, h.m) = ANY($1) AND h.mail_id = ANY($2) "
				  "AND h.t >= $3 AND h.t <= $4 "
				  "AND h.lines IS NOT NULL ORDER BY h.mail_id, h.t LIMIT 20000";
	struct array keys = {0}, values = {0};
	PGresult *rows = NULL;
	for (size_t i = 0; i < n_ids; i++) {
		key_add_range(&keys, ids[i], from_us, to_us);
		array_add_i64(&values, (int64_t)ids[i]);
	}
	bool ok =
		query_hops(db, sql, "load_hops", &keys, &values, 20, from_us, to_us, &rows, err) &&
		add_rows(rows, ev, mails, n, cap, err);
	PQclear(rows);
	array_fini(&keys);
	array_fini(&values);
	return ok;
}

static bool
clamp_range(struct db *db, int64_t *from_us, int64_t *to_us, struct error *err)
{
	if (*from_us == 0 && *to_us == 0 && !stored_range(db, from_us, to_us, err))
		return false;
	int64_t widest = (int64_t)MAX_BUCKETS * 1024 * TIME_MINUTE_US;
	if (*to_us - *from_us > widest)
		*from_us = *to_us - widest;
	return true;
}

bool
load_mails(struct db *db, struct evidence *ev, const uint64_t *ids, size_t n_ids, int64_t from_us,
	int64_t to_us, struct mail ***mails, size_t *n, struct error *err)
{
	size_t cap = 0;
	*mails = NULL;
	*n = 0;
	if (!clamp_range(db, &from_us, &to_us, err))
		return false;
	for (size_t i = 0; i < n_ids; i += IDS_A_QUERY) {
		size_t some = n_ids - i < IDS_A_QUERY ? n_ids - i : IDS_A_QUERY;
		if (!load_some(db, ev, ids + i, some, from_us, to_us, mails, n, &cap, err)) {
			for (size_t k = 0; k < *n; k++)
				mail_free(&(*mails)[k]);
			free(*mails);
			*mails = NULL;
			*n = 0;
			return false;
		}
	}
	return true;
}

/* As rows have it: see rows.c. */
static const char *
clean(struct buf *b, struct slice text)
{
	copy_add_clean(b, text, LOAD_TEXT_MAX);
	return buf_str(b);
}

static bool
query_qid(struct db *db, const char *qid, const char *host, int64_t from_us, int64_t to_us,
	size_t max, PGresult **rows, struct error *err)
{
	/* hashtext(qid) is PostgreSQL's own hash: let it make the keys. */
	static const char sql[] =
		"SELECT h.mail_id, h.branch::int8, h.t FROM hop h JOIN host n ON n.id = h.host "
		"WHERE else_id(hashtext(h.qid)::int8, h.m) = ANY (ARRAY(SELECT "
		"else_id(hashtext($1)::int8, b * 1024) "
		"FROM generate_series($3::int4, $4::int4) b)) AND h.qid = $1 AND ($2 = '' OR "
		"n.name = $2) "
		"AND h.t >= $5 AND h.t <= $6 ORDER BY h.t DESC LIMIT $7";
	char first[16], last[16], limit[24];
	int64_t from = (int64_t)htobe64((uint64_t)(from_us - PG_EPOCH_US));
	int64_t to = (int64_t)htobe64((uint64_t)(to_us - PG_EPOCH_US));
	snprintf(first, sizeof(first), "%d", key_minute(from_us) >> 10);
	snprintf(last, sizeof(last), "%d", key_minute(to_us) >> 10);
	snprintf(limit, sizeof(limit), "%zu", max);
	const char *values[] = {
		qid, host, first, last, (const char *)&from, (const char *)&to, limit};
	const Oid types[] = {TEXT_OID, TEXT_OID, 0, 0, TIME_OID, TIME_OID, 0};
	const int lengths[] = {0, 0, 0, 0, 8, 8, 0};
	const int formats[] = {0, 0, 0, 0, 1, 1, 0};
	return db_query(db, sql, &(struct db_params){7, types, values, lengths, formats}, DB_BINARY,
		rows, err);
}

bool
load_find_qid(struct db *db, struct slice qid, struct slice host, int64_t from_us, int64_t to_us,
	struct load_key *keys, size_t max, size_t *n, struct error *err)
{
	PGresult *rows;
	struct buf qid_text = {0}, host_text = {0};
	*n = 0;
	if (!clamp_range(db, &from_us, &to_us, err))
		return false;
	bool ok = query_qid(db, clean(&qid_text, qid), clean(&host_text, host), from_us, to_us, max,
		&rows, err);
	buf_fini(&qid_text);
	buf_fini(&host_text);
	if (!ok)
		return false;
	for (int i = 0; i < PQntuples(rows) && (size_t)i < max; i++)
		keys[(*n)++] = (struct load_key){.mail_id = (uint64_t)field_i64(rows, i, 0),
			.branch = (uint32_t)field_i64(rows, i, 1),
			.t_us = field_i64(rows, i, 2) + PG_EPOCH_US};
	PQclear(rows);
	return true;
}
