#include "elsectl/stats.h"

#include "base/memory.h"
#include "base/time.h"
#include "elsectl/zone.h"
#include "query/query_sql.h"

#include <stdlib.h>

static const char *const by_names[STATS_BY_COUNT] = {"way", "status", "host", "reason", "hour",
	"day", "domain", "sender", "recipient", "client"};

const char *
stats_by_name(enum stats_by by)
{
	return by_names[by];
}

bool
stats_by_of(struct slice name, enum stats_by *by)
{
	for (int i = 0; i < STATS_BY_COUNT; i++)
		if (slice_equal(name, slice_of_str(by_names[i]))) {
			*by = (enum stats_by)i;
			return true;
		}
	return false;
}

void
stats_fini(struct stats *s)
{
	for (int i = 0; i < STATS_BY_COUNT; i++)
		free(s->lists[i].items);
	arena_fini(&s->arena);
}

static int64_t
number(const PGresult *rows, int row, int column)
{
	return strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

static struct stats_cell *
cell_named(struct stats *s, struct stats_list *list, struct slice name)
{
	for (size_t i = list->n; i-- > 0;)
		if (slice_equal(list->items[i].name, name))
			return &list->items[i].cell;
	MEMORY_ROOM(&list->items, list->n, &list->cap);
	list->items[list->n] = (struct stats_named){.name = arena_copy(&s->arena, name)};
	return &list->items[list->n++].cell;
}

static void
add_cell(struct stats_cell *to, const struct stats_cell *more)
{
	to->mails += more->mails;
	to->deliveries += more->deliveries;
	to->rejects += more->rejects;
	to->bytes += more->bytes;
}

/* kind, mails, n, bytes in four columns from `first` on. */
static struct stats_cell
cell_of(const PGresult *rows, int row, int first)
{
	bool refusals = number(rows, row, first) == 1;
	int64_t n = number(rows, row, first + 2);
	return (struct stats_cell){.mails = number(rows, row, first + 1),
		.deliveries = refusals ? 0 : n,
		.rejects = refusals ? n : 0,
		.bytes = number(rows, row, first + 3)};
}

static void
add_rollup(struct stats *s, const PGresult *rows, int row)
{
	int64_t way = number(rows, row, 0), status = number(rows, row, 1),
		reason = number(rows, row, 2);
	struct stats_cell cell = cell_of(rows, row, 4);
	add_cell(&s->all, &cell);
	add_cell(cell_named(s, &s->lists[STATS_HOST], slice_of_str(PQgetvalue(rows, row, 3))),
		&cell);
	if (way >= 0 && way < WAY_COUNT)
		add_cell(&s->by_way[way], &cell);
	if (status >= 0 && status < STATUS_COUNT) {
		s->by_status[status] += cell.deliveries;
		s->rejects_by_status[status] += cell.rejects;
		if (way >= 0 && way < WAY_COUNT)
			s->way_status[way][status] += cell.deliveries;
	}
	if (reason >= 0 && reason < REASON_COUNT) {
		s->by_reason[reason] += cell.deliveries;
		s->rejects_by_reason[reason] += cell.rejects;
	}
}

/* Both ends as text of parameters $1 and $2. */
struct range {
	struct buf from, to;
};

static bool
ask(struct db *db, const struct stats *s, const char *sql, const char *third, PGresult **rows,
	struct error *err)
{
	struct range r = {0};
	query_add_time(&r.from, s->from_us ? s->from_us : INT64_MIN);
	query_add_time(&r.to, s->to_us ? s->to_us : INT64_MAX);
	const char *values[] = {buf_str(&r.from), buf_str(&r.to), third};
	bool ok = db_query_text(db, sql, third ? 3 : 2, values, rows, err);
	buf_fini(&r.from);
	buf_fini(&r.to);
	return ok;
}

#define IN_RANGE "hour > $1::timestamptz - interval '1 hour' AND hour <= $2::timestamptz"

static bool
load_rollup(struct stats *s, struct db *db, struct error *err)
{
	static const char sql[] =
		"SELECT s.way, s.status, s.reason, coalesce(h.name, ''), s.kind, sum(s.mails), "
		"sum(s.n), sum(s.bytes) "
		"FROM stat_hour s LEFT JOIN host h ON h.id = s.host WHERE " IN_RANGE
		" GROUP BY 1, 2, 3, 4, 5 "
		"HAVING sum(s.n) <> 0 OR sum(s.mails) <> 0 ORDER BY 4";
	PGresult *rows;
	if (!ask(db, s, sql, NULL, &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++)
		add_rollup(s, rows, i);
	PQclear(rows);
	return true;
}

/* A day is one of the viewer's clock: hours are put together here. */
static void
add_hour(struct stats *s, const PGresult *rows, int row, bool hours, bool days)
{
	int64_t hour_us = number(rows, row, 0) * TIME_SECOND_US;
	struct stats_cell cell = cell_of(rows, row, 1);
	struct buf name = {0};
	if (hours) {
		time_add_iso_ms(&name, hour_us);
		add_cell(cell_named(s, &s->lists[STATS_HOUR], buf_slice(&name)), &cell);
		buf_clear(&name);
	}
	zone_add_time(&name, hour_us);
	if (days)
		add_cell(cell_named(s, &s->lists[STATS_DAY], slice_head(buf_slice(&name), 10)),
			&cell);
	buf_fini(&name);
}

static bool
load_hours(struct stats *s, struct db *db, bool hours, bool days, struct error *err)
{
	static const char sql[] =
		"SELECT extract(epoch FROM hour)::int8, kind, sum(mails), sum(n), sum(bytes) FROM "
		"stat_hour "
		"WHERE " IN_RANGE " GROUP BY 1, 2 HAVING sum(n) <> 0 OR sum(mails) <> 0 ORDER BY 1";
	PGresult *rows;
	if (!ask(db, s, sql, NULL, &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++)
		add_hour(s, rows, i, hours, days);
	PQclear(rows);
	return true;
}

/* Name, mails, deliveries, rejects, bytes of the first so many. Flags: 1 first row of its mail, 2
 * counted, 2048 the mail was refused. */
#define COUNTED "t >= $1::timestamptz AND t <= $2::timestamptz AND flags & 2050 = 2"
#define MAILS	"count(*) FILTER (WHERE flags & 1 <> 0)"
#define TAKEN	"count(*) FILTER (WHERE flags & 8192 = 0)"
#define BYTES	"coalesce(sum(size) FILTER (WHERE flags & 1 <> 0), 0)"

static const char *const top_sql[STATS_BY_COUNT] = {
	[STATS_SENDER] =
		"SELECT sender, " MAILS ", " TAKEN ", 0, " BYTES " FROM delivery WHERE " COUNTED
		" AND sender <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $3::int8",
	[STATS_RECIPIENT] = "SELECT rcpt, " MAILS ", " TAKEN
			    ", 0, coalesce(sum(size), 0) FROM delivery WHERE " COUNTED
			    " AND rcpt <> '' GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT $3::int8",
	[STATS_DOMAIN] =
		"SELECT name, sum(mails), sum(deliveries), 0, sum(bytes) FROM ("
		"SELECT split_part(sender, '@', -1) AS name, " MAILS
		" AS mails, 0 AS deliveries, " BYTES " AS bytes "
		"FROM delivery WHERE " COUNTED " AND sender LIKE '%@%' GROUP BY 1 UNION ALL "
		"SELECT split_part(rcpt, '@', -1), 0, " TAKEN ", 0 FROM delivery WHERE " COUNTED
		" AND rcpt LIKE '%@%' GROUP BY 1) x GROUP BY 1 ORDER BY sum(mails) + "
		"sum(deliveries) DESC, 1 LIMIT $3::int8",
	[STATS_CLIENT] =
		"SELECT host(ip), sum(mails), sum(deliveries), sum(rejects), sum(bytes) FROM ("
		"SELECT client_ip AS ip, " MAILS " AS mails, " TAKEN
		" AS deliveries, 0 AS rejects, " BYTES " AS bytes "
		"FROM delivery WHERE " COUNTED
		" GROUP BY 1 UNION ALL SELECT client_ip, 0, 0, count(*), 0 FROM reject "
		"WHERE t >= $1::timestamptz AND t <= $2::timestamptz GROUP BY 1) x WHERE ip IS NOT "
		"NULL "
		"GROUP BY ip ORDER BY sum(mails) + sum(rejects) DESC, ip LIMIT $3::int8",
};

static bool
load_top(struct stats *s, struct db *db, enum stats_by by, unsigned top, struct error *err)
{
	PGresult *rows;
	struct buf limit = {0};
	buf_add_u64(&limit, top);
	bool ok = ask(db, s, top_sql[by], buf_str(&limit), &rows, err);
	for (int i = 0; ok && i < PQntuples(rows); i++)
		*cell_named(s, &s->lists[by], slice_of_str(PQgetvalue(rows, i, 0))) =
			(struct stats_cell){number(rows, i, 1), number(rows, i, 2),
				number(rows, i, 3), number(rows, i, 4)};
	if (ok)
		PQclear(rows);
	buf_fini(&limit);
	return ok;
}

/* Without a range: what is stored. */
static bool
load_range(struct stats *s, struct db *db, struct error *err)
{
	PGresult *rows;
	static const char sql[] = "SELECT coalesce(extract(epoch FROM min(hour))::int8, 0), "
				  "coalesce(extract(epoch FROM max(hour) + interval '1 "
				  "hour')::int8, 0) FROM stat_hour WHERE " IN_RANGE;
	if (!ask(db, s, sql, NULL, &rows, err))
		return false;
	if (!s->from_us)
		s->from_us = number(rows, 0, 0) * TIME_SECOND_US;
	if (!s->to_us)
		s->to_us = number(rows, 0, 1) * TIME_SECOND_US - 1;
	if (s->to_us < 0)
		s->to_us = 0;
	PQclear(rows);
	return true;
}

bool
stats_load(struct stats *s, struct db *db, unsigned wanted, unsigned top, struct error *err)
{
	bool hours = wanted & 1u << STATS_HOUR, days = wanted & 1u << STATS_DAY;
	if (!load_range(s, db, err) || !load_rollup(s, db, err) ||
		((hours || days) && !load_hours(s, db, hours, days, err)))
		return false;
	for (int by = STATS_DOMAIN; by < STATS_BY_COUNT; by++)
		if ((wanted & 1u << by) && !load_top(s, db, (enum stats_by)by, top, err))
			return false;
	return true;
}
