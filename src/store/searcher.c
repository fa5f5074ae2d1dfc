#include "store/search_part.h"

#include "base/memory.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#define PG_EPOCH_US   (946684800 * TIME_SECOND_US) /* 2000-01-01 */
#define LOOK_AGAIN_US (10 * TIME_SECOND_US)

int64_t
search_i64(const PGresult *rows, int row, int column)
{
	uint64_t v;
	memcpy(&v, PQgetvalue(rows, row, column), sizeof(v));
	return (int64_t)be64toh(v);
}

int64_t
search_time(const PGresult *rows, int row, int column)
{
	return search_i64(rows, row, column) + PG_EPOCH_US;
}

int32_t
search_i32(const PGresult *rows, int row, int column, int32_t none)
{
	uint32_t v;
	if (PQgetisnull(rows, row, column))
		return none;
	memcpy(&v, PQgetvalue(rows, row, column), sizeof(v));
	return (int32_t)be32toh(v);
}

int16_t
search_i16(const PGresult *rows, int row, int column, int16_t none)
{
	uint16_t v;
	if (PQgetisnull(rows, row, column))
		return none;
	memcpy(&v, PQgetvalue(rows, row, column), sizeof(v));
	return (int16_t)be16toh(v);
}

struct slice
search_text(const PGresult *rows, int row, int column)
{
	return slice_of(PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column));
}

/* Statements differ by the shape of the query, not by its values, and planning over many partitions
 * takes longer than most searches: one plan for all values. Slices are too short for parallel
 * workers to begin. */
struct searcher *
searcher_new(struct db *db, struct error *err)
{
	if (!db_exec(db,
		    "SET plan_cache_mode = force_generic_plan; SET max_parallel_workers_per_gather "
		    "= 0",
		    err))
		return NULL;
	struct searcher *s = memory_zero(1, sizeof(*s));
	s->db = db;
	return s;
}

void
searcher_free(struct searcher **searcher)
{
	struct searcher *s = *searcher;
	if (!s)
		return;
	arena_fini(&s->arena);
	free(s->hosts);
	free(s);
	*searcher = NULL;
}

/* Parameters of a call, as libpq wants them. */
struct parameters {
	int n;
	Oid *types;
	const char **values;
};

static void
take_parameters(struct parameters *p, const struct search_call *call, struct arena *arena)
{
	size_t fixed = QUERY_PARAM_FIRST_OF_PLAN - 1,
	       n = fixed + (call->plan ? call->plan->n_params : 0);
	p->n = (int)n;
	p->types = arena_new(arena, n * sizeof(*p->types));
	p->values = arena_new(arena, n * sizeof(*p->values));
	for (size_t i = 0; i < fixed; i++) {
		p->types[i] = call->types ? call->types[i]
					  : query_sql_fixed_type((enum query_param_number)(i + 1));
		p->values[i] = call->fixed[i];
	}
	for (size_t i = fixed; i < n; i++) {
		const struct query_param *param = &call->plan->params[i - fixed];
		p->types[i] = param->type;
		p->values[i] = param->lookup ? param->lookup->result[param->part] : param->value;
	}
}

static bool
forget(struct searcher *s, struct search_statement *statement, struct error *err)
{
	struct buf sql = {0};
	buf_addf(&sql, "DEALLOCATE %s", statement->name);
	bool ok = db_exec(s->db, buf_str(&sql), err);
	buf_fini(&sql);
	statement->hash = 0;
	return ok;
}

/* The statement of this text, or the one that was not used for the longest time. */
static struct search_statement *
find_statement(struct searcher *s, uint64_t hash)
{
	struct search_statement *oldest = &s->statements[0];
	for (size_t i = 0; i < SEARCH_STATEMENTS; i++) {
		struct search_statement *at = &s->statements[i];
		if (at->hash == hash)
			return at;
		if (at->hash == 0 ? oldest->hash != 0
				  : oldest->hash != 0 && at->used < oldest->used)
			oldest = at;
	}
	return oldest;
}

static bool
prepare(struct searcher *s, struct search_statement *statement, uint64_t hash, const char *text,
	const struct parameters *p, struct error *err)
{
	if (statement->hash && !forget(s, statement, err))
		return false;
	snprintf(statement->name, sizeof(statement->name), "search_%zu",
		(size_t)(statement - s->statements));
	PGresult *done = PQprepare(db_connection(s->db), statement->name, text, p->n, p->types);
	bool ok = PQresultStatus(done) == PGRES_COMMAND_OK || db_fail(s->db, done, err);
	PQclear(done);
	statement->hash = ok ? hash : 0;
	return ok;
}

bool
searcher_run(struct searcher *s, const struct query_sql *sql, const char *text,
	const struct search_call *call, PGresult **rows, struct error *err)
{
	struct arena arena = {0};
	struct parameters p;
	take_parameters(&p, call, &arena);
	struct db_params params = {.n = p.n, .types = p.types, .values = p.values};
	bool ok;
	(void)sql;
	if (call->plan && call->plan->large) {
		ok = db_query(s->db, text, &params, DB_BINARY, rows, err);
	} else {
		/* A part that came to nothing leaves its parameters behind: one text, other
		 * parameters. */
		uint64_t hash =
			slice_hash(slice_of((const char *)p.types, (size_t)p.n * sizeof(*p.types)),
				slice_hash(slice_of_str(text), 1));
		struct search_statement *statement = find_statement(s, hash);
		ok = statement->hash == hash || prepare(s, statement, hash, text, &p, err);
		statement->used = ++s->clock;
		ok = ok && db_query_prepared(s->db, statement->name, &params, DB_BINARY, rows, err);
	}
	arena_fini(&arena);
	return ok;
}

static bool
look_at_hosts(struct searcher *s, struct error *err)
{
	PGresult *rows;
	if (!db_query(s->db, "SELECT id, name FROM host", &(struct db_params){0}, DB_BINARY, &rows,
		    err))
		return false;
	arena_reset(&s->arena);
	s->n_hosts = (size_t)PQntuples(rows);
	s->hosts = memory_grow(s->hosts, (s->n_hosts + 1) * sizeof(*s->hosts));
	for (size_t i = 0; i < s->n_hosts; i++)
		s->hosts[i] = (struct search_host){search_i16(rows, (int)i, 0, 0),
			arena_copy(&s->arena, search_text(rows, (int)i, 1))};
	PQclear(rows);
	return true;
}

struct slice
searcher_host(const struct searcher *s, int16_t id)
{
	for (size_t i = 0; i < s->n_hosts; i++)
		if (s->hosts[i].id == id)
			return s->hosts[i].name;
	return S("");
}

static void
add_span(struct searcher *s, int64_t from_us, int64_t to_us)
{
	struct search_span *newer = s->n_spans ? &s->spans[s->n_spans - 1] : NULL;
	if (newer && to_us + 1 >= newer->from_us)
		newer->from_us = from_us;
	else if (s->n_spans < SEARCH_MAX_SPANS && from_us <= to_us)
		s->spans[s->n_spans++] = (struct search_span){from_us, to_us, false};
}

/* Weeks that have partitions, within the times of stored lines: a clock that once was years off
 * makes no years to search through. */
static bool
look_at_spans(struct searcher *s, struct error *err)
{
	static const char sql[] =
		"SELECT w.rows, least(w.start + interval '7 days' - interval '1 us', x.last), "
		"greatest(w.start, x.first) "
		"FROM (SELECT to_timestamp(right(c.relname, 8), 'YYYYMMDD') AS start, "
		"max(c.reltuples) FILTER (WHERE i.inhparent = 'delivery'::regclass)::int8 AS rows "
		"FROM pg_inherits i "
		"JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent IN ('delivery'::regclass, "
		"'reject'::regclass) "
		"AND c.relname ~ '_[0-9]{8}$' GROUP BY 1) w, "
		"(SELECT min(first_seen) - interval '1 minute' AS first, max(last_seen) + interval "
		"'1 minute' AS last "
		"FROM host) x "
		"WHERE x.last > w.start AND x.first < w.start + interval '7 days' ORDER BY w.start "
		"DESC";
	PGresult *rows;
	if (!db_query(s->db, sql, &(struct db_params){0}, DB_BINARY, &rows, err))
		return false;
	s->n_spans = 0;
	s->week_rows = 0;
	for (int i = 0; i < PQntuples(rows); i++) {
		int64_t n = PQgetisnull(rows, i, 0) ? 0 : search_i64(rows, i, 0);
		s->week_rows = n > s->week_rows ? n : s->week_rows;
		add_span(s, search_time(rows, i, 2), search_time(rows, i, 1));
	}
	PQclear(rows);
	return true;
}

bool
searcher_look(struct searcher *s, struct error *err)
{
	int64_t now_us = time_now_us();
	if (s->looked_us && now_us - s->looked_us < LOOK_AGAIN_US && now_us >= s->looked_us)
		return true;
	if (!look_at_hosts(s, err) || !look_at_spans(s, err))
		return false;
	s->looked_us = now_us;
	return true;
}
