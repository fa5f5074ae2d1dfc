#include "store/retention.h"

#include "base/buf.h"
#include "base/time.h"

/* The partition tables come from the catalogue, so the names are our own ("hop_20261116"). */
static bool
drop_weeks(struct db *db, const char *tables, int days, int64_t now_us, unsigned *dropped,
	struct error *err)
{
	static const char sql[] = "SELECT format('DROP TABLE %I', relname) FROM pg_class WHERE "
				  "relkind = 'r' AND relname ~ ('^(' || $1 || ')_[0-9]{8}$') "
				  "AND to_date(right(relname, 8), 'YYYYMMDD') + 7 <= "
				  "($2::timestamptz AT TIME ZONE 'UTC')::date - $3::int";
	struct buf now = {0};
	char number[16];
	PGresult *rows;
	time_add_iso_ms(&now, now_us);
	snprintf(number, sizeof(number), "%d", days);
	const char *values[] = {tables, buf_str(&now), number};
	bool ok = db_query_text(db, sql, 3, values, &rows, err);
	buf_fini(&now);
	if (!ok)
		return false;
	for (int i = 0; ok && i < PQntuples(rows); i++) {
		ok = db_exec(db, PQgetvalue(rows, i, 0), err);
		*dropped += ok;
	}
	PQclear(rows);
	return ok;
}

bool
retention_apply(struct db *db, const struct retention *r, unsigned *dropped, struct error *err)
{
	*dropped = 0;
	return (!r->mail_days || drop_weeks(db, "hop|delivery|addr", r->mail_days, r->now_us,
					 dropped, err)) &&
	       (!r->reject_days ||
		       drop_weeks(db, "reject", r->reject_days, r->now_us, dropped, err));
}
