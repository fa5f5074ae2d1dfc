#include "store/weeks.h"

#include <pthread.h>

#include "base/buf.h"
#include "store/db.h"

/* Partition names hold the first day of their week: "hop_20261116". */
static bool
is_day(const char *day)
{
	struct slice s = slice_of_str(day);
	uint64_t number;
	return s.n == 8 && slice_to_u64(s, &number);
}

static bool
run(struct db *db, const char *before, const char *table, const char *day, const char *after,
	struct error *err)
{
	struct buf sql = {0};
	buf_addf(&sql, "%s%s_%s%s", before, table, day, after);
	bool ok = db_exec(db, buf_str(&sql), err);
	buf_fini(&sql);
	return ok;
}

static bool
pack(struct db *db, const char *table, const char *day, struct error *err)
{
	return run(db, "REINDEX TABLE ", table, day, "", err) &&
	       run(db, "VACUUM (FREEZE, ANALYZE) ", table, day, "", err);
}

/* The addresses take about as long as all the rest, and go on beside it. */
struct addresses {
	struct db *db;
	const char *day;
	bool ok;
	struct error err;
};

static void *
close_addresses(void *context)
{
	struct addresses *a = context;
	struct buf sql = {0};
	buf_addf(&sql,
		"CREATE INDEX IF NOT EXISTS addr_%s_trgm ON addr_%s USING gin (addr gin_trgm_ops)",
		a->day, a->day);
	a->ok = pack(a->db, "addr", a->day, &a->err) && db_exec(a->db, buf_str(&sql), &a->err);
	buf_fini(&sql);
	return NULL;
}

static bool
close_week(struct db *db, struct db *beside, const char *day, struct error *err)
{
	struct addresses addresses = {.db = beside, .day = day};
	pthread_t thread;
	if (pthread_create(&thread, NULL, close_addresses, &addresses) != 0)
		return error_set(err, "no thread can be made: the limit of processes is reached");
	bool ok = pack(db, "hop", day, err) && pack(db, "delivery", day, err) &&
		  pack(db, "reject", day, err);
	pthread_join(thread, NULL);
	if (ok && !addresses.ok)
		*err = addresses.err;
	const char *values[] = {day};
	return ok && addresses.ok &&
	       db_query_text(db,
		       "INSERT INTO week_closed (week) VALUES (to_date($1, 'YYYYMMDD')) ON "
		       "CONFLICT DO NOTHING",
		       1, values, NULL, err);
}

/* Pages that are new since the last time are as yet in no summary: without it each look into a
 * short time reads them all. */
static bool
summarize(struct db *db, struct error *err)
{
	return db_query_text(db,
		"SELECT brin_summarize_new_values(c.oid) FROM pg_class c JOIN pg_am a ON a.oid = "
		"c.relam WHERE a.amname = 'brin' AND c.relkind = 'i' AND c.relname ~ "
		"'^(hop|delivery|reject)_([0-9]{8}|default)_'",
		0, NULL, NULL, err);
}

static bool
close_all(struct db *db, struct db *beside, const struct weeks_progress *progress, unsigned *closed,
	struct error *err)
{
	static const char sql[] = "SELECT right(relname, 8) AS day FROM pg_class "
				  "WHERE relname ~ '^addr_[0-9]{8}$' AND relkind = 'r' "
				  "AND to_date(right(relname, 8), 'YYYYMMDD') + 8 <= (SELECT "
				  "max(last_seen) FROM host) "
				  "AND NOT EXISTS (SELECT FROM week_closed WHERE week = "
				  "to_date(right(relname, 8), 'YYYYMMDD')) ORDER BY 1";
	PGresult *rows;
	if (!db_query_text(db, sql, 0, NULL, &rows, err))
		return false;
	bool ok = true;
	unsigned n = (unsigned)PQntuples(rows);
	for (unsigned i = 0; ok && i < n; i++) {
		const char *day = PQgetvalue(rows, (int)i, 0);
		if (!is_day(day))
			continue;
		if (progress && progress->week)
			progress->week(progress->context, day, i + 1, n);
		ok = close_week(db, beside, day, err);
		*closed += ok;
	}
	PQclear(rows);
	return ok;
}

static struct db *
open_db(const char *conninfo, struct error *err)
{
	struct db *db = db_open(conninfo, err);
	if (db && !db_exec(db, "SET maintenance_work_mem = '256MB'", err))
		db_close(&db);
	return db;
}

bool
weeks_close(const char *conninfo, const struct weeks_progress *progress, unsigned *closed,
	struct error *err)
{
	struct db *db = open_db(conninfo, err), *beside = db ? open_db(conninfo, err) : NULL;
	*closed = 0;
	bool ok = beside && close_all(db, beside, progress, closed, err) && summarize(db, err);
	db_close(&beside);
	db_close(&db);
	return ok;
}
