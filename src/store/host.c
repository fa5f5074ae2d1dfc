#include "store/host.h"

#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_COLUMNS 7

/* ---- gathering ---- */

void
host_report_fini(struct host_report *r)
{
	for (size_t i = 0; i < 7; i++)
		array_fini(&r->seen[i]);
	for (size_t i = 0; i < 6; i++)
		array_fini(&r->boots[i]);
	for (size_t i = 0; i < 5; i++) {
		array_fini(&r->hours[i]);
		array_fini(&r->gaps[i]);
		array_fini(&r->shapes[i]);
	}
}

void
host_report_add_seen(struct host_report *r, const struct host_seen *s)
{
	array_add_text(&r->seen[0], s->name);
	array_add_i64(&r->seen[1], s->first_us);
	array_add_i64(&r->seen[2], s->last_us);
	array_add_i64(&r->seen[3], s->line_us);
	array_add_i64(&r->seen[4], s->quiet_us);
	array_add_i64(&r->seen[5], s->lag_us);
	array_add_i64(&r->seen[6], s->skew_us);
}

void
host_report_add_hour(struct host_report *r, const struct host_hour *h)
{
	array_add_text(&r->hours[0], h->name);
	array_add_i64(&r->hours[1], h->hour_us);
	array_add_i64(&r->hours[2], h->lines);
	array_add_i64(&r->hours[3], h->ignored);
	array_add_i64(&r->hours[4], h->unknown);
}

void
host_report_add_boot(struct host_report *r, const struct host_boot *b)
{
	array_add_text(&r->boots[0], b->name);
	array_add_text(&r->boots[1], b->boot);
	array_add_i64(&r->boots[2], b->first);
	array_add_i64(&r->boots[3], b->last);
	array_add_i64(&r->boots[4], b->missing);
	array_add_i64(&r->boots[5], b->last_us);
}

void
host_report_add_gap(struct host_report *r, const struct host_gap *g)
{
	array_add_text(&r->gaps[0], g->name);
	array_add_text(&r->gaps[1], g->boot);
	array_add_i64(&r->gaps[2], g->first);
	array_add_i64(&r->gaps[3], g->last);
	array_add_i64(&r->gaps[4], g->noticed_us);
}

void
host_report_add_shape(struct host_report *r, const struct host_shape *s)
{
	array_add_text(&r->shapes[0], s->name);
	array_add_text(&r->shapes[1], s->shape);
	array_add_text(&r->shapes[2], s->example);
	array_add_i64(&r->shapes[3], s->n);
	array_add_i64(&r->shapes[4], s->last_us);
}

/* ---- writing ---- */

static const char new_hosts[] =
	"INSERT INTO host (name) SELECT name FROM unnest($1) AS x (name) "
	"WHERE NOT EXISTS (SELECT FROM host h WHERE h.name = x.name) "
	"AND (SELECT count(*) FROM host) < 20000 ON CONFLICT (name) DO NOTHING";

/* Of a silence a fifth counts as habit: who is quiet for as long again is not told again, and an
 * outage does not make us deaf. */
static const char put_seen[] =
	"INSERT INTO host_live AS l (host, first_received, last_received, last_line, "
	"quiet_ms, lag_ms, skew_ms) SELECT h.id, else_time(f), else_time(r), "
	"else_time(t), q / 1000, nullif(lag, (-9223372036854775808)::int8) / 1000, "
	"nullif(skew, (-9223372036854775808)::int8) / 1000 FROM unnest($1, $2, $3, $4, "
	"$5, $6, $7) AS x (name, f, r, t, q, lag, skew) JOIN host h USING (name) ORDER "
	"BY 1 ON CONFLICT (host) DO UPDATE SET last_received = "
	"greatest(l.last_received, excluded.last_received), last_line = "
	"greatest(l.last_line, excluded.last_line), lag_ms = coalesce(excluded.lag_ms, "
	"l.lag_ms), skew_ms = coalesce(excluded.skew_ms, l.skew_ms), quiet_ms = "
	"greatest(CASE WHEN l.silent_since IS NULL THEN excluded.quiet_ms ELSE "
	"excluded.quiet_ms / 5 END, l.quiet_ms * 0.5 ^ (extract(epoch FROM "
	"greatest(excluded.last_received - l.last_received, '0')) / 172800))::int8";

static const char put_hours[] =
	"INSERT INTO host_hour AS o (hour, host, lines, ignored, unknown) SELECT "
	"date_trunc('hour', else_time(t)), h.id, n, i, u FROM unnest($1, $2, $3, $4, "
	"$5) AS x (name, t, n, i, u) JOIN host h USING (name) ORDER BY 1, 2 ON "
	"CONFLICT (hour, host) DO UPDATE SET lines = o.lines + excluded.lines, ignored "
	"= o.ignored + excluded.ignored, unknown = o.unknown + excluded.unknown";

static const char put_boots[] =
	"INSERT INTO host_boot AS b (host, boot, first, last, missing, last_received) "
	"SELECT h.id, boot, f, l, m, else_time(r) FROM unnest($1, $2, $3, $4, $5, $6) "
	"AS x (name, boot, f, l, m, r) JOIN host h USING (name) ORDER BY 1, 2 ON "
	"CONFLICT (host, boot) DO UPDATE SET first = excluded.first, last = "
	"excluded.last, missing = excluded.missing, last_received = "
	"excluded.last_received";

/* What stands in front of the gaps that are written now. */
static const char drop_gaps[] =
	"DELETE FROM host_gap g USING unnest($1, $2) AS x (name, boot), host h "
	"WHERE h.name = x.name AND g.host = h.id AND g.boot = x.boot";

static const char put_gaps[] =
	"INSERT INTO host_gap (host, boot, first, last, noticed) SELECT h.id, boot, f, "
	"l, else_time(t) FROM unnest($1, $2, $3, $4, $5) AS x (name, boot, f, l, t) "
	"JOIN host h USING (name) ON CONFLICT (host, boot, first) DO UPDATE SET last = "
	"excluded.last";

/* A sender that makes up boots does not fill the disk. */
static const char drop_boots[] =
	"DELETE FROM host_boot b USING (SELECT host, boot, row_number() OVER (PARTITION BY host "
	"ORDER BY last_received DESC) AS n FROM host_boot WHERE host IN (SELECT id FROM host h "
	"JOIN unnest($1) AS x (name) USING (name))) o "
	"WHERE n > 100 AND b.host = o.host AND b.boot = o.boot";

static const char put_shapes[] =
	"INSERT INTO host_unknown AS u (host, shape, example, n, last_received) SELECT "
	"h.id, shape, example, n, else_time(r) FROM unnest($1, $2, $3, $4, $5) AS x "
	"(name, shape, example, n, r) JOIN host h USING (name) ORDER BY 1, 2 ON "
	"CONFLICT (host, shape) DO UPDATE SET n = u.n + excluded.n, example = "
	"excluded.example, last_received = excluded.last_received";

static const char drop_shapes[] =
	"DELETE FROM host_unknown u USING (SELECT host, shape, row_number() OVER (PARTITION BY "
	"host ORDER BY last_received DESC, n DESC) AS k FROM host_unknown WHERE host IN (SELECT id "
	"FROM host h JOIN unnest($1) AS x (name) USING (name))) o "
	"WHERE k > 20 AND u.host = o.host AND u.shape = o.shape";

/* `kinds`: a letter for each array, t text or i int8. */
static bool
run(struct db *db, const char *sql, const char *kinds, struct array *arrays, struct error *err)
{
	Oid types[MOST_COLUMNS];
	const char *values[MOST_COLUMNS];
	int lengths[MOST_COLUMNS], formats[MOST_COLUMNS], n = 0;
	if (arrays[0].n == 0)
		return true;
	for (; kinds[n]; n++) {
		bool text = kinds[n] == 't';
		array_done(&arrays[n], text ? 25 : 20);
		types[n] = text ? ARRAY_TEXT_OID : ARRAY_INT8_OID;
		values[n] = arrays[n].b.p;
		lengths[n] = (int)arrays[n].b.n;
		formats[n] = 1;
	}
	return db_query(db, sql, &(struct db_params){n, types, values, lengths, formats}, DB_TEXT,
		NULL, err);
}

static bool
put_position(struct db *db, uint64_t spool, uint64_t position, struct error *err)
{
	char text[2][24];
	snprintf(text[0], sizeof(text[0]), "%" PRId64, (int64_t)spool);
	snprintf(text[1], sizeof(text[1]), "%" PRIu64, position);
	const char *values[] = {text[0], text[1]};
	return db_query_text(db,
		"INSERT INTO host_spool (spool, position) VALUES ($1, $2) ON CONFLICT (spool) DO "
		"UPDATE SET position = excluded.position, updated = now()",
		2, values, NULL, err);
}

static bool
write_all(struct host_report *r, struct db *db, struct error *err)
{
	return run(db, new_hosts, "t", r->seen, err) &&
	       run(db, put_seen, "tiiiiii", r->seen, err) &&
	       run(db, put_hours, "tiiii", r->hours, err) &&
	       run(db, put_boots, "ttiiii", r->boots, err) &&
	       run(db, drop_gaps, "tt", r->boots, err) &&
	       run(db, put_gaps, "ttiii", r->gaps, err) &&
	       run(db, drop_boots, "t", r->boots, err) &&
	       run(db, put_shapes, "tttii", r->shapes, err) &&
	       run(db, drop_shapes, "t", r->shapes, err);
}

bool
host_report_write(
	struct host_report *r, struct db *db, uint64_t spool, uint64_t position, struct error *err)
{
	struct error ignored; /* the first reason counts */
	if (!db_exec(db, "BEGIN", err))
		return false;
	if (write_all(r, db, err) && put_position(db, spool, position, err) &&
		db_exec(db, "COMMIT", err))
		return true;
	db_exec(db, "ROLLBACK", &ignored);
	return false;
}

/* ---- reading ---- */

static int64_t
number(const PGresult *rows, int row, int column)
{
	return strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

static struct slice
text(const PGresult *rows, int row, int column)
{
	return slice_of(PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column));
}

bool
host_read_position(struct db *db, uint64_t spool, uint64_t *position, struct error *err)
{
	char id[24];
	PGresult *rows;
	snprintf(id, sizeof(id), "%" PRId64, (int64_t)spool);
	const char *values[] = {id};
	*position = 0;
	if (!db_query_text(
		    db, "SELECT position FROM host_spool WHERE spool = $1", 1, values, &rows, err))
		return false;
	if (PQntuples(rows))
		*position = (uint64_t)number(rows, 0, 0);
	PQclear(rows);
	return true;
}

static void
tell_row(const struct host_boot_reader *reader, const PGresult *rows, int i)
{
	const struct host_boot boot = {text(rows, i, 0), text(rows, i, 1), number(rows, i, 2),
		number(rows, i, 3), number(rows, i, 4), number(rows, i, 5)};
	const struct host_gap gap = {
		boot.name, boot.boot, number(rows, i, 6), number(rows, i, 7), number(rows, i, 8)};
	bool same = i > 0 && slice_equal(boot.name, text(rows, i - 1, 0)) &&
		    slice_equal(boot.boot, text(rows, i - 1, 1));
	if (!same)
		reader->boot(reader->context, &boot);
	if (!PQgetisnull(rows, i, 6))
		reader->gap(reader->context, &gap);
}

bool
host_read_boots(
	struct db *db, unsigned most, const struct host_boot_reader *reader, struct error *err)
{
	static const char sql[] =
		"SELECT h.name, b.boot, b.first, b.last, b.missing, else_us(b.last_received), "
		"g.first, g.last, else_us(g.noticed) FROM (SELECT * FROM host_boot WHERE "
		"last_received > "
		"now() - interval '7 days' ORDER BY last_received DESC LIMIT $1::int8) b "
		"JOIN host h ON h.id = b.host LEFT JOIN host_gap g ON g.host = b.host AND g.boot = "
		"b.boot ORDER BY b.last_received, h.name, b.boot, g.first";
	char limit[16];
	PGresult *rows;
	snprintf(limit, sizeof(limit), "%u", most);
	const char *values[] = {limit};
	if (!db_query_text(db, sql, 1, values, &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++)
		tell_row(reader, rows, i);
	PQclear(rows);
	return true;
}

bool
host_watch(struct db *db, int64_t up_to_us, int64_t since_us, host_changed *changed, void *context,
	struct error *err)
{
	static const char sql[] =
		"SELECT name, silent, (extract(epoch FROM quiet) * 1000)::int8 FROM "
		"else_watch_hosts(to_timestamp($1::int8 / 1000000.0), to_timestamp($2::int8 / "
		"1000000.0)) ORDER BY 1";
	char from[24], to[24];
	PGresult *rows;
	snprintf(to, sizeof(to), "%" PRId64, up_to_us);
	snprintf(from, sizeof(from), "%" PRId64, since_us);
	const char *values[] = {to, from};
	if (!db_query_text(db, sql, 2, values, &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++)
		changed(context, text(rows, i, 0), *PQgetvalue(rows, i, 1) == 't',
			number(rows, i, 2));
	PQclear(rows);
	return true;
}

static int64_t
number_or_none(const PGresult *rows, int row, int column)
{
	return PQgetisnull(rows, row, column) ? HOST_NONE : number(rows, row, column);
}

bool
host_read_now(struct db *db, unsigned most, host_each *each, void *context, struct error *err)
{
	static const char sql[] =
		"SELECT h.name, l.silent_since IS NOT NULL, l.lag_ms > 60000 AND l.silent_since IS "
		"NULL, "
		"l.lag_ms, l.skew_ms, (SELECT sum(missing)::int8 FROM host_boot b WHERE b.host = "
		"h.id), (extract(epoch FROM l.last_received) * 1000000)::int8 FROM host_live l "
		"JOIN host h ON "
		"h.id = l.host WHERE h.forgotten IS NULL OR l.last_received > h.forgotten "
		"ORDER BY 1 LIMIT $1::int8";
	char limit[16];
	PGresult *rows;
	snprintf(limit, sizeof(limit), "%u", most);
	const char *values[] = {limit};
	if (!db_query_text(db, sql, 1, values, &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++)
		each(context, &(struct host_now){.name = text(rows, i, 0),
				      .silent = *PQgetvalue(rows, i, 1) == 't',
				      .lagging = *PQgetvalue(rows, i, 2) == 't',
				      .lag_ms = number_or_none(rows, i, 3),
				      .skew_ms = number_or_none(rows, i, 4),
				      .missing = number(rows, i, 5),
				      .last_us = number(rows, i, 6)});
	PQclear(rows);
	return true;
}

bool
host_upkeep(struct db *db, struct error *err)
{
	return db_query_text(db, "SELECT else_guess_roles()", 0, NULL, NULL, err) &&
	       db_exec(db,
		       "DELETE FROM host_hour WHERE hour < now() - interval '90 days'; "
		       "DELETE FROM host_boot WHERE last_received < now() - interval '90 days'; "
		       "DELETE FROM host_unknown WHERE last_received < now() - interval '90 days'",
		       err);
}
