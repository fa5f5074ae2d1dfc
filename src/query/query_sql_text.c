/* Statements. All of them select from one table, by ranges of an index or by minute, newest first.
 */
#include "query/query_sql_part.h"

#define MAX_COLUMNS 16

/* What is found, in the order of the result. `columns` of the first are the order of rows. */
struct table_text {
	const char *name;
	const char *columns[MAX_COLUMNS];
	const char *names[MAX_COLUMNS]; /* of the columns in outer selects */
	size_t n, n_shown;		/* the last ones tell rows apart and are not shown */
	const char *distinct;		/* deliveries of one arrival are one result */
	const char *order;
	const char *after; /* keyset */
	const char *identity;
	const char *summed;
};

/* clang-format off */
static const struct table_text tables[QUERY_TABLES] = {
	{"delivery",
	 {"d.t", "d.mail_id", "d.branch"},
	 {"t", "mail_id", "branch"},
	 3, 3, "DISTINCT ", "t DESC, mail_id DESC, branch DESC",
	 "(d.t, d.mail_id, d.branch) < ($5, $6, $7::int4)",
	 "d.t, d.mail_id, d.branch",
	 "d.t, d.host, d.entry_host, d.status, d.way, d.reason, d.code, d.flags, d.tries, d.took_ms, d.size, d.relay, "
	 "d.client_ip, d.client_name, d.helo, d.sasl_user, d.sender, d.rcpt"},
	{"reject",
	 {"d.t", "d.host", "md5(d.lines) AS mark", "d.status", "d.way", "d.reason", "d.code", "d.smtp",
	  "host(d.client_ip) AS ip", "d.client_name", "d.sender", "d.rcpt", "d.lines", "d.tableoid AS part",
	  "d.ctid AS place"},
	 {"t", "host", "mark", "status", "way", "reason", "code", "smtp", "ip", "client_name", "sender", "rcpt",
	  "lines", "part", "place"},
	 15, 13, "", "t DESC, host DESC, mark DESC, sender DESC, rcpt DESC, ip DESC",
	 "(d.t, d.host::int8, md5(d.lines)) <= ($5, $6, $7)",
	 "d.tableoid, d.ctid",
	 "d.t, d.host, d.host AS entry_host, d.status, d.way, d.reason, d.code, 2 AS flags, NULL::int2 AS tries, "
	 "NULL::int4 AS took_ms, NULL::int4 AS size, NULL::int4 AS relay, d.client_ip, d.client_name, d.helo, "
	 "d.sasl_user, d.sender, d.rcpt"},
};
/* clang-format on */

uint32_t
query_sql_fixed_type(enum query_param_number number)
{
	switch (number) {
	case QUERY_PARAM_NEWEST:
	case QUERY_PARAM_OLDEST:
		return QUERY_PG_INT4;
	case QUERY_PARAM_FROM:
	case QUERY_PARAM_TO:
	case QUERY_PARAM_AFTER_T:
		return QUERY_PG_TIME;
	case QUERY_PARAM_AFTER_A:
	case QUERY_PARAM_LIMIT:
		return QUERY_PG_INT8;
	case QUERY_PARAM_WORDS:
		return QUERY_PG_TEXT_ARRAY;
	default:
		return QUERY_PG_TEXT;
	}
}

static void
add_names(struct buf *b, const struct table_text *t, const char *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%s%s.%s", i ? ", " : "", from, t->names[i]);
}

static void
add_columns(struct buf *b, const struct table_text *t)
{
	for (size_t i = 0; i < t->n; i++)
		buf_addf(b, "%s%s", i ? ", " : "", t->columns[i]);
}

/* Every statement that reads facts has this. */
static void
add_condition(struct buf *b, const struct query_plan *plan)
{
	buf_addf(b, "(%s) AND (%s)", plan->scope, plan->match);
}

static void
add_where(struct buf *b, const struct query_sql *sql, enum query_table table, bool slow)
{
	buf_add_str(b, "d.t >= $3 AND d.t <= $4 AND ");
	if (slow && table == QUERY_MAILS)
		buf_add_str(b, "d.took_ms >= 3600000 AND ");
	add_condition(b, &sql->tables[table]);
}

/* The buckets of ids are four times as long; where both are asked they go by the shorter ones. */
static unsigned
bucket_minutes(const struct query_candidate *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (!c->probes[i].index->by_id)
			return 256;
	return 1024;
}

static void
add_series(struct buf *b, unsigned minutes)
{
	if (minutes == 256)
		buf_add_str(b, "generate_series($1, $2, -1) b");
	else
		buf_add_str(b, "generate_series($1 >> 2, $2 >> 2, -1) b");
}

/* A select that the planner must not merge with what is around it, lest it joins the other way
 * round: the index is asked for each bucket, never the table for all. */
#define BARRIER " OFFSET 0"

/* The range of one value in one bucket. The times let the server pass over partitions. */
static void
add_range(struct buf *b, const struct query_index *index, unsigned minutes)
{
	if (index->by_id)
		buf_addf(b, "%s = else_id(%s, b * %u)", index->key, index->low, minutes);
	else
		buf_addf(b, "%s BETWEEN else_key(%s, b * 256) AND else_key(%s, b * 256 + 255)",
			index->key, index->low, index->high ? index->high : index->low);
	buf_addf(b,
		"%s AND d.t >= to_timestamp(1577836800 + b * %u::float8) AND d.t < "
		"to_timestamp(1577836800 + (b + 1) * "
		"%u::float8) AND ",
		index->also, minutes * 60, minutes * 60);
}

static void
add_probe(struct buf *b, const struct query_sql *sql, enum query_table table,
	const struct query_probe *probe, unsigned minutes, bool slow)
{
	const struct table_text *t = &tables[table];
	buf_add_str(b, "(SELECT ");
	add_names(b, t, "p", t->n);
	/* Within a range of keys only equal hashes are in the order of time. */
	buf_addf(b, " FROM unnest($%u) v, LATERAL (SELECT %s%s AS key, ", probe->param, t->distinct,
		probe->index->high ? "d.m" : probe->index->key);
	add_columns(b, t);
	buf_addf(b, " FROM %s d WHERE ", t->name);
	add_range(b, probe->index, minutes);
	buf_addf(b, "%s AND ", t->after);
	add_where(b, sql, table, slow);
	buf_addf(b, " ORDER BY key DESC, %s LIMIT $8) p)", t->order);
}

static void
add_find_by_key(struct buf *b, const struct query_sql *sql, enum query_table table,
	const struct query_candidate *c, bool slow)
{
	const struct table_text *t = &tables[table];
	unsigned minutes = bucket_minutes(c);
	buf_add_str(b, "SELECT ");
	add_names(b, t, "c", t->n_shown);
	buf_add_str(b, " FROM ");
	add_series(b, minutes);
	buf_add_str(b, ", LATERAL (SELECT DISTINCT ");
	add_names(b, t, "u", t->n);
	buf_add_str(b, " FROM (");
	for (size_t i = 0; i < c->n; i++) {
		buf_add_str(b, i ? " UNION ALL " : "");
		add_probe(b, sql, table, &c->probes[i], minutes, slow);
	}
	buf_addf(b, ") u ORDER BY %s LIMIT $8) c LIMIT $8", t->order);
}

static void
add_find_by_minute(
	struct buf *b, const struct query_sql *sql, enum query_table table, bool rare, bool slow)
{
	const struct table_text *t = &tables[table];
	buf_add_str(b, "SELECT ");
	add_names(b, t, "p", t->n_shown);
	buf_addf(b, " FROM (SELECT %sd.m, ", t->distinct);
	add_columns(b, t);
	buf_addf(b, " FROM %s d WHERE d.m BETWEEN $2 AND $1 AND %s AND ", t->name, t->after);
	if (rare)
		buf_add_str(b, QUERY_RARE " AND ");
	add_where(b, sql, table, slow);
	buf_addf(b, " ORDER BY m DESC, %s LIMIT $8) p", t->order);
}

void
query_sql_find(struct buf *text, const struct query_sql *sql, enum query_table table,
	const struct query_candidate *candidate, bool slow)
{
	if (candidate && candidate->kind != QUERY_BY_RARE)
		add_find_by_key(text, sql, table, candidate, slow);
	else
		add_find_by_minute(text, sql, table, candidate != NULL, slow);
}

static void
add_count_by_key(struct buf *b, const struct query_sql *sql, enum query_table table,
	const struct query_candidate *c, bool slow)
{
	const struct table_text *t = &tables[table];
	unsigned minutes = bucket_minutes(c);
	buf_add_str(b, "SELECT count(*) FROM (");
	for (size_t i = 0; i < c->n; i++) {
		buf_addf(b, "%sSELECT DISTINCT p.* FROM ", i ? " UNION " : "");
		add_series(b, minutes);
		buf_addf(b, ", unnest($%u) v, LATERAL (SELECT %s FROM %s d WHERE ",
			c->probes[i].param, t->identity, t->name);
		add_range(b, c->probes[i].index, minutes);
		add_where(b, sql, table, slow);
		buf_add_str(b, BARRIER ") p");
	}
	buf_add_str(b, ") u");
}

static void
add_count_by_minute(
	struct buf *b, const struct query_sql *sql, enum query_table table, bool rare, bool slow)
{
	const struct table_text *t = &tables[table];
	buf_addf(b, "SELECT count(*) FROM (SELECT %s%s FROM %s d WHERE d.m BETWEEN $2 AND $1 AND ",
		t->distinct, t->identity, t->name);
	if (rare)
		buf_add_str(b, QUERY_RARE " AND ");
	add_where(b, sql, table, slow);
	buf_add_str(b, ") u");
}

void
query_sql_count(struct buf *text, const struct query_sql *sql, enum query_table table,
	const struct query_candidate *candidate, bool slow)
{
	if (candidate && candidate->kind != QUERY_BY_RARE)
		add_count_by_key(text, sql, table, candidate, slow);
	else
		add_count_by_minute(text, sql, table, candidate != NULL, slow);
}

/* Where several ranges of keys may have the same row, its place tells. */
static void
add_rows_by_key(struct buf *b, const struct query_sql *sql, enum query_table table,
	const struct query_candidate *c, bool slow)
{
	const struct table_text *t = &tables[table];
	unsigned minutes = bucket_minutes(c);
	for (size_t i = 0; i < c->n; i++) {
		buf_addf(b, "%sSELECT DISTINCT p.* FROM ", i ? " UNION " : "");
		add_series(b, minutes);
		buf_addf(b,
			", unnest($%u) v, LATERAL (SELECT d.tableoid AS part, d.ctid AS place, %s "
			"FROM %s d WHERE ",
			c->probes[i].param, t->summed, t->name);
		add_range(b, c->probes[i].index, minutes);
		add_where(b, sql, table, slow);
		buf_add_str(b, BARRIER ") p");
	}
}

static void
add_rows_by_minute(
	struct buf *b, const struct query_sql *sql, enum query_table table, bool rare, bool slow)
{
	buf_addf(b, "SELECT %s FROM %s d WHERE d.m BETWEEN $2 AND $1 AND ", tables[table].summed,
		tables[table].name);
	if (rare)
		buf_add_str(b, QUERY_RARE " AND ");
	add_where(b, sql, table, slow);
}

void
query_sql_sum(struct buf *b, const struct query_sql *sql, enum query_table table,
	const struct query_candidate *candidate, bool slow, const struct query_sums *sums)
{
	buf_addf(b, "SELECT %s, %s FROM (", sums->keys, sums->sums);
	if (candidate && candidate->kind != QUERY_BY_RARE)
		add_rows_by_key(b, sql, table, candidate, slow);
	else
		add_rows_by_minute(b, sql, table, candidate != NULL, slow);
	buf_addf(b, ") d WHERE %s GROUP BY 1", sums->where);
	for (unsigned i = 2; i <= sums->n_keys; i++)
		buf_addf(b, ", %u", i);
}

void
query_sql_sample(struct buf *b, const struct query_sql *sql, enum query_table table,
	const struct query_candidate *c)
{
	const char *name = tables[table].name;
	(void)sql;
	if (c->kind == QUERY_BY_RARE) {
		buf_addf(b,
			"SELECT count(*) FROM generate_series($1, $2, -$8::int4) b, LATERAL "
			"(SELECT FROM %s d WHERE d.m "
			"BETWEEN b * 256 AND b * 256 + 255 AND " QUERY_RARE
			" AND d.t >= $3 AND d.t <= $4 LIMIT 64) p",
			name);
		return;
	}
	buf_add_str(b, "SELECT ");
	for (size_t i = 0; i < c->n; i++) {
		buf_addf(b,
			"%s(SELECT count(*) FROM generate_series($1, $2, -$8::int4) b, unnest($%u) "
			"v, LATERAL (SELECT "
			"FROM %s d WHERE ",
			i ? " + " : "", c->probes[i].param, name);
		add_range(b, c->probes[i].index, 256);
		buf_add_str(b, "d.t >= $3 AND d.t <= $4 LIMIT 64) p)");
	}
}

void
query_sql_leaves(struct buf *b, const struct query_sql *sql)
{
	buf_addf(b,
		"SELECT d.rcpt, d.orig_rcpt, (%s) IS TRUE FROM generate_series($1 >> 10, $2 >> 10, "
		"-1) b, "
		"LATERAL (SELECT * FROM delivery d WHERE else_id(d.mail_id, d.m) = else_id($6, b * "
		"1024) "
		"AND d.t >= $3 AND d.t <= $4 AND d.mail_id = $6 AND d.branch = $7::int4" BARRIER
		") d",
		sql->tables[QUERY_MAILS].scope);
}

void
query_sql_refusals(struct buf *b, const struct query_sql *sql)
{
	buf_addf(b,
		"SELECT d.lines FROM reject d WHERE d.m = $1 AND d.host = $6::int2 AND d.t >= $3 "
		"AND "
		"d.t <= $4 AND (%s)",
		sql->tables[QUERY_REJECTS].scope);
}

void
query_sql_hours(struct buf *b, const struct query_sql *sql)
{
	buf_addf(b,
		"SELECT d.hour FROM stat_hour d WHERE d.kind = 1 AND d.hour >= $3::timestamptz - "
		"interval '1 hour' AND "
		"d.hour <= $4 AND %s GROUP BY d.hour HAVING sum(d.n) > 0 ORDER BY d.hour DESC",
		sql->tables[QUERY_REJECTS].rollup);
}

void
query_sql_deliveries(struct buf *b, const struct query_sql *sql)
{
	const struct query_plan *plan = &sql->tables[QUERY_MAILS];
	buf_addf(b,
		"SELECT y.* FROM (SELECT x.*, count(*) OVER w AS n, count(*) FILTER (WHERE x.rcpt "
		"<> '') OVER w AS named, "
		"max(x.took_ms) OVER w AS took, max(x.tries) OVER w AS most, "
		"row_number() OVER (PARTITION BY x.mail_id, x.branch, x.status, x.hit ORDER BY "
		"x.rcpt) AS place "
		"FROM (SELECT d.mail_id, d.branch, d.t, d.status, (%s) IS TRUE AS hit, d.took_ms, "
		"d.tries, d.size, d.way, "
		"d.flags, d.reason, d.code, d.smtp, host(d.client_ip) AS ip, d.client_name, "
		"d.sender, d.rcpt, d.msgid, "
		"round(d.score::numeric * 1000)::int8 AS score "
		"FROM unnest($1, $2, $3, $4) k(id, branch, minute, t), LATERAL (SELECT * FROM "
		"delivery d "
		"WHERE else_id(d.mail_id, d.m) = else_id(k.id, k.minute) AND d.mail_id = k.id AND "
		"d.branch = k.branch "
		"AND d.t = k.t AND (%s)" BARRIER ") d) x "
		"WINDOW w AS (PARTITION BY x.mail_id, x.branch, x.status, x.hit)) y WHERE y.place "
		"<= 20 "
		"ORDER BY y.t DESC, y.mail_id DESC, y.branch DESC, y.hit DESC, y.status, y.place",
		plan->match, plan->scope);
}
