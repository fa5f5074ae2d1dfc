#include "store/weeks.h"

#include "base/buf.h"

static const char *const week_tables[] = {"hop", "delivery", "reject", "addr"};

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
close_week(struct db *db, const char *day, struct error *err)
{
	for (size_t i = 0; i < sizeof(week_tables) / sizeof(week_tables[0]); i++)
		if (!run(db, "REINDEX TABLE ", week_tables[i], day, "", err) ||
			!run(db, "VACUUM (FREEZE, ANALYZE) ", week_tables[i], day, "", err))
			return false;
	struct buf sql = {0};
	buf_addf(&sql,
		"CREATE INDEX IF NOT EXISTS addr_%s_trgm ON addr_%s USING gin (addr gin_trgm_ops)",
		day, day);
	bool ok = db_exec(db, buf_str(&sql), err);
	buf_fini(&sql);
	const char *values[] = {day};
	return ok && db_query_text(db,
			     "INSERT INTO week_closed (week) VALUES (to_date($1, 'YYYYMMDD')) ON "
			     "CONFLICT DO NOTHING",
			     1, values, NULL, err);
}

bool
weeks_close(
	struct db *db, const struct weeks_progress *progress, unsigned *closed, struct error *err)
{
	static const char sql[] = "SELECT right(relname, 8) AS day FROM pg_class "
				  "WHERE relname ~ '^addr_[0-9]{8}$' AND relkind = 'r' "
				  "AND to_date(right(relname, 8), 'YYYYMMDD') + 8 <= (SELECT "
				  "max(last_seen) FROM host) "
				  "AND NOT EXISTS (SELECT FROM week_closed WHERE week = "
				  "to_date(right(relname, 8), 'YYYYMMDD')) ORDER BY 1";
	PGresult *rows;
	*closed = 0;
	if (!db_exec(db, "SET maintenance_work_mem = '256MB'", err) ||
		!db_query_text(db, sql, 0, NULL, &rows, err))
		return false;
	bool ok = true;
	unsigned n = (unsigned)PQntuples(rows);
	for (unsigned i = 0; ok && i < n; i++) {
		const char *day = PQgetvalue(rows, (int)i, 0);
		if (!is_day(day))
			continue;
		if (progress && progress->week)
			progress->week(progress->context, day, i + 1, n);
		ok = close_week(db, day, err);
		*closed += ok;
	}
	PQclear(rows);
	return ok;
}
