#include "store/batch.h"

#include "base/memory.h"
#include "base/time.h"
#include "store/array.h"
#include "store/copy.h"

#include <stdlib.h>

struct batch *
batch_new(uint64_t seq)
{
	struct batch *b = memory_zero(1, sizeof(*b));
	b->seq = seq;
	for (int i = 0; i < BATCH_TABLES; i++)
		copy_begin(&b->tables[i]);
	return b;
}

void
batch_free(struct batch **batch)
{
	struct batch *b = *batch;
	if (!b)
		return;
	while (b->stats) {
		struct batch_stat *next = b->stats->next;
		free(b->stats);
		b->stats = next;
	}
	for (int i = 0; i < BATCH_TABLES; i++)
		buf_fini(&b->tables[i]);
	map_fini(&b->stat_map);
	free(b->spans);
	free(b);
	*batch = NULL;
}

static uint64_t
stat_hash(const struct batch_stat *s)
{
	uint64_t key[2] = {(uint64_t)s->hour_us,
		(uint64_t)(uint16_t)s->host | (uint64_t)(uint8_t)s->way << 16 |
			(uint64_t)(uint8_t)s->status << 24 | (uint64_t)(uint16_t)s->reason << 32 |
			(uint64_t)(uint8_t)s->kind << 48};
	return slice_hash(slice_of((const char *)key, sizeof(key)), 0);
}

static bool
same_stat(const struct batch_stat *a, const struct batch_stat *b)
{
	return a->hour_us == b->hour_us && a->way == b->way && a->host == b->host &&
	       a->status == b->status && a->reason == b->reason && a->kind == b->kind;
}

void
batch_count(struct batch *b, const struct batch_stat *add)
{
	struct batch_stat key = *add, *found = NULL;
	key.hour_us -= ((key.hour_us % TIME_HOUR_US) + TIME_HOUR_US) % TIME_HOUR_US;
	uint64_t hash = stat_hash(&key);
	for (struct map_node *n = map_first(&b->stat_map, hash); n && !found;
		n = map_next(n, hash)) {
		found = MAP_ENTRY(n, struct batch_stat, node);
		if (!same_stat(found, &key))
			found = NULL;
	}
	if (!found) {
		found = memory_new(sizeof(*found));
		*found = key;
		found->mails = found->n = found->bytes = 0;
		found->next = b->stats;
		b->stats = found;
		map_add(&b->stat_map, &found->node, hash);
	}
	found->mails += add->mails;
	found->n += add->n;
	found->bytes += add->bytes;
}

void
batch_span(struct batch *b, int16_t host, int64_t t_us)
{
	size_t i = 0;
	while (i < b->n_spans && b->spans[i].host != host)
		i++;
	if (i == b->n_spans) {
		MEMORY_ROOM(&b->spans, b->n_spans, &b->cap_spans);
		b->spans[b->n_spans++] = (struct batch_span){host, t_us, t_us};
	}
	if (t_us < b->spans[i].first_us)
		b->spans[i].first_us = t_us;
	if (t_us > b->spans[i].last_us)
		b->spans[i].last_us = t_us;
}

#define COPY_CHUNK (1 << 20)

static bool
send_copy(struct db *db, const char *sql, const struct buf *data, struct error *err)
{
	PGconn *conn = db_connection(db);
	PGresult *result = PQexec(conn, sql);
	bool ok = PQresultStatus(result) == PGRES_COPY_IN || db_fail(db, result, err);
	PQclear(result);
	if (!ok)
		return false;
	for (size_t at = 0; ok && at < data->n; at += COPY_CHUNK) {
		size_t n = data->n - at < COPY_CHUNK ? data->n - at : COPY_CHUNK;
		ok = PQputCopyData(conn, data->p + at, (int)n) == 1;
	}
	ok = ok && PQputCopyEnd(conn, NULL) == 1;
	if (!ok)
		return db_fail(db, NULL, err);
	while ((result = PQgetResult(conn))) {
		if (ok && PQresultStatus(result) != PGRES_COMMAND_OK)
			ok = db_fail(db, result, err);
		PQclear(result);
	}
	return ok;
}

static bool
write_stats(struct batch *b, struct db *db, int writer, struct error *err)
{
	static const char sql[] =
		"INSERT INTO stat_hour AS s (hour, writer, way, host, status, reason, kind, mails, "
		"n, bytes) "
		"SELECT to_timestamp(a[1]), $2::int2, a[2]::int2, a[3]::int2, a[4]::int2, "
		"a[5]::int2, a[6]::int2, a[7], a[8], a[9] "
		"FROM (SELECT ($1::int8[])[i * 9 + 1 : i * 9 + 9] AS a FROM generate_series(0, "
		"cardinality($1::int8[]) / 9 - 1) i) x "
		"ON CONFLICT (hour, writer, way, host, status, reason, kind) DO UPDATE "
		"SET mails = s.mails + excluded.mails, n = s.n + excluded.n, bytes = s.bytes + "
		"excluded.bytes";
	struct array rows = {0};
	for (const struct batch_stat *s = b->stats; s; s = s->next) {
		const int64_t values[] = {s->hour_us / TIME_SECOND_US, s->way, s->host, s->status,
			s->reason, s->kind, s->mails, s->n, s->bytes};
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
			array_add_i64(&rows, values[i]);
	}
	if (rows.n == 0)
		return true;
	array_done(&rows, 20);
	char id[16];
	snprintf(id, sizeof(id), "%d", writer);
	const Oid types[] = {ARRAY_INT8_OID, 0};
	const char *data[] = {rows.b.p, id};
	const int lengths[] = {(int)rows.b.n, 0};
	const int formats[] = {1, 0};
	bool ok = db_query(
		db, sql, &(struct db_params){2, types, data, lengths, formats}, DB_TEXT, NULL, err);
	array_fini(&rows);
	return ok;
}

bool
batch_write(struct batch *b, struct db *db, int writer, struct error *err)
{
	static const char *const copies[BATCH_TABLES] = {
		[BATCH_HOP] = "COPY hop (t, mail_id, branch, flags, left_ms, m, host, qid, lines) "
			      "FROM STDIN BINARY",
		[BATCH_DELIVERY] = "COPY delivery (t, mail_id, branch, m, took_ms, size, nrcpt, "
				   "relay, reply, code, smtp, flags, "
				   "tries, host, entry_host, status, way, reason, client_ip, "
				   "score, sender, rcpt, orig_rcpt, qid, "
				   "msgid, client_name, helo, sasl_user, tls, virus, subject) FROM "
				   "STDIN BINARY",
		[BATCH_REJECT] = "COPY reject (t, m, text, code, smtp, host, status, way, reason, "
				 "client_ip, sender, rcpt, "
				 "client_name, helo, sasl_user, lines) FROM STDIN BINARY",
		[BATCH_ADDR] = "COPY addr (t, addr) FROM STDIN BINARY",
	};
	for (int i = 0; i < BATCH_TABLES; i++) {
		if (b->rows[i] == 0)
			continue;
		copy_end(&b->tables[i]);
		if (!send_copy(db, copies[i], &b->tables[i], err))
			return false;
	}
	return write_stats(b, db, writer, err);
}

bool
batch_write_spans(const struct batch *b, struct db *db, struct error *err)
{
	static const char sql[] =
		"UPDATE host h SET first_seen = least(h.first_seen, to_timestamp(a[2] / "
		"1000000.0)), "
		"last_seen = greatest(h.last_seen, to_timestamp(a[3] / 1000000.0)) "
		"FROM (SELECT ($1::int8[])[i * 3 + 1 : i * 3 + 3] AS a FROM generate_series(0, "
		"cardinality($1::int8[]) / 3 - 1) i "
		"ORDER BY 1) x WHERE h.id = a[1]";
	struct array rows = {0};
	for (size_t i = 0; i < b->n_spans; i++) {
		array_add_i64(&rows, b->spans[i].host);
		array_add_i64(&rows, b->spans[i].first_us);
		array_add_i64(&rows, b->spans[i].last_us);
	}
	if (rows.n == 0)
		return true;
	array_done(&rows, 20);
	const Oid types[] = {ARRAY_INT8_OID};
	const char *data[] = {rows.b.p};
	const int lengths[] = {(int)rows.b.n};
	const int formats[] = {1};
	bool ok = db_query(
		db, sql, &(struct db_params){1, types, data, lengths, formats}, DB_TEXT, NULL, err);
	array_fini(&rows);
	return ok;
}
