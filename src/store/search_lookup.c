/* What a query's names mean in this database, before it is searched. */
#include "store/search_part.h"

#include <stdio.h>

/* One column of int2 or int4, or two of int8 and int4, as arrays in text form. */
static void
keep_ids(const PGresult *rows, int column, struct arena *arena, const char **result)
{
	struct query_array ids = {0};
	for (int i = 0; i < PQntuples(rows); i++) {
		int length = PQgetlength(rows, i, column);
		query_array_add_i64(&ids, length == 8	? search_i64(rows, i, column)
					  : length == 4 ? search_i32(rows, i, column, 0)
							: search_i16(rows, i, column, 0));
	}
	*result = query_array_keep(&ids, arena);
}

static bool
ask(struct searcher *s, const char *sql, const char *a, const char *b, PGresult **rows,
	struct error *err)
{
	const char *values[] = {a, b};
	struct db_params params = {.n = b ? 2 : 1, .values = values};
	return db_query(s->db, sql, &params, DB_BINARY, rows, err);
}

static bool
find_ids(struct searcher *s, const char *sql, const char *a, const char *b, struct arena *arena,
	const char **result, struct error *err)
{
	PGresult *rows;
	if (!ask(s, sql, a, b, &rows, err))
		return false;
	keep_ids(rows, 0, arena, result);
	PQclear(rows);
	return true;
}

/* Queue ids that were used again and again: a thousand mails are enough. */
static bool
find_qid_in(struct searcher *s, const char *qids, const struct search_span *span, PGresult **rows,
	struct error *err)
{
	static const char sql[] = "SELECT x.mail_id, x.branch FROM generate_series($2::int4, "
				  "$3::int4, -1) b, unnest($1::text[]) v, "
				  "LATERAL (SELECT h.mail_id, h.branch FROM hop h "
				  "WHERE else_id(hashtext(h.qid)::int8, h.m) = "
				  "else_id(hashtext(v)::int8, b * 1024) AND h.qid = v "
				  "AND h.t >= to_timestamp(1577836800 + b * 61440::float8) "
				  "AND h.t < to_timestamp(1577836800 + (b + 1) * 61440::float8) "
				  "LIMIT 1000) x LIMIT 1000";
	static const Oid types[] = {QUERY_PG_TEXT_ARRAY, QUERY_PG_INT4, QUERY_PG_INT4};
	char newest[16], oldest[16];
	snprintf(newest, sizeof(newest), "%d", key_minute(span->to_us) >> 10);
	snprintf(oldest, sizeof(oldest), "%d", key_minute(span->from_us) >> 10);
	const char *values[] = {qids, newest, oldest};
	return db_prepare_once(s->db, "search_qid", sql, 3, types, err) &&
	       db_query_prepared(s->db, "search_qid", &(struct db_params){.n = 3, .values = values},
		       DB_BINARY, rows, err);
}

static bool
find_qids(struct searcher *s, struct query_lookup *lookup, struct arena *arena, struct error *err)
{
	struct query_array ids = {0}, branches = {0};
	bool ok = true;
	for (size_t i = 0; ok && i < s->n_spans && ids.n < 1000; i++) {
		PGresult *rows = NULL;
		ok = find_qid_in(s, lookup->exact, &s->spans[i], &rows, err);
		for (int k = 0; ok && k < PQntuples(rows); k++) {
			query_array_add_i64(&ids, search_i64(rows, k, 0));
			query_array_add_i64(&branches, search_i32(rows, k, 1, 0));
		}
		PQclear(rows);
	}
	lookup->result[0] = query_array_keep(&ids, arena);
	lookup->result[1] = query_array_keep(&branches, arena);
	return ok;
}

/* A bare name stands for that host in any domain. */
static bool
find_hosts(struct searcher *s, struct query_lookup *lookup, struct arena *arena, struct error *err)
{
	static const char sql[] = "SELECT id FROM host WHERE lower(name) = ANY ($1::text[]) OR "
				  "lower(name) LIKE ANY ($2::text[]) "
				  "OR split_part(lower(name), '.', 1) = ANY ($1::text[])";
	return find_ids(s, sql, lookup->exact, lookup->like, arena, &lookup->result[0], err);
}

/* There may be a hundred thousand names: the index knows those in the usual spelling. */
static bool
find_relays(struct searcher *s, struct query_lookup *lookup, struct arena *arena, struct error *err)
{
	static const char usual[] = "SELECT id FROM term WHERE kind = 1 AND txt = ANY ($1::text[])";
	static const char any[] = "SELECT id FROM term WHERE kind = 1 AND (lower(txt) = ANY "
				  "($1::text[]) OR lower(txt) LIKE ANY ($2::text[]))";
	bool exact = strcmp(lookup->like, "{}") == 0;
	if (exact && !find_ids(s, usual, lookup->exact, NULL, arena, &lookup->result[0], err))
		return false;
	if (exact && strcmp(lookup->result[0], "{}") != 0)
		return true;
	return find_ids(s, any, lookup->exact, lookup->like, arena, &lookup->result[0], err);
}

static bool
find_texts(struct searcher *s, struct query_lookup *lookup, struct arena *arena, struct error *err)
{
	static const char like[] =
		"SELECT id FROM term WHERE kind IN (2, 3) AND txt ILIKE ANY ($1::text[])";
	static const char regex[] = "SELECT id FROM term WHERE kind IN (2, 3) AND txt ~* $1";
	static const char cut[] = "SELECT id FROM term WHERE kind = ANY ($1::int2[]) AND "
				  "replace(txt, '%%', '') ~ '%[rsinqh]'";
	if (lookup->regex)
		return find_ids(s, regex, lookup->regex, NULL, arena, &lookup->result[0], err);
	return find_ids(s, like, lookup->like, NULL, arena, &lookup->result[0], err) &&
	       (lookup->whole || find_ids(s, cut, "{2,3}", NULL, arena, &lookup->result[1], err));
}

static bool
run_lookup(struct searcher *s, struct query_lookup *lookup, struct arena *arena, struct error *err)
{
	PGresult *rows = NULL;
	bool ok = true;
	switch (lookup->kind) {
	case QUERY_LOOKUP_QID:
		return find_qids(s, lookup, arena, err);
	case QUERY_LOOKUP_HOST:
		return find_hosts(s, lookup, arena, err);
	case QUERY_LOOKUP_RELAY:
		return find_relays(s, lookup, arena, err);
	case QUERY_LOOKUP_TEXT:
		return find_texts(s, lookup, arena, err);
	case QUERY_LOOKUP_REGEX:
		ok = ask(s, "SELECT '' ~* $1", lookup->regex, NULL, &rows, err);
		PQclear(rows);
		break;
	}
	return ok;
}

bool
search_run_lookups(struct searcher *s, struct query_sql *sql, struct arena *arena,
	struct query_error *query_err, struct error *err)
{
	for (size_t i = 0; i < sql->n_lookups; i++) {
		struct query_lookup *lookup = sql->lookups[i];
		if (run_lookup(s, lookup, arena, err))
			continue;
		if (lookup->regex && strcmp(db_sqlstate(s->db), "2201B") == 0)
			*query_err = (struct query_error){.pos = lookup->field->values[0].pos,
				.message = arena_copy(arena, slice_of_str(err->text)),
				.hint = S("put a \\ before a sign that means itself")};
		return false;
	}
	return true;
}

/* Patterns one by one, not as an array: only so the trigram index of a closed week serves. */
bool
search_find_words(struct searcher *s, const struct query_candidate *candidate,
	const struct search_span *week, size_t max, struct arena *arena, const char **words,
	size_t *n, struct error *err)
{
	struct buf sql = {0}, from = {0}, to = {0};
	PGresult *rows = NULL;
	const char **values = arena_new(arena, (candidate->n_patterns + 2) * sizeof(*values));
	query_add_time(&from, week->from_us);
	query_add_time(&to, week->to_us);
	values[0] = buf_str(&from);
	values[1] = buf_str(&to);
	buf_add_str(&sql,
		"SELECT addr FROM addr WHERE t >= $1::timestamptz AND t <= $2::timestamptz AND (");
	for (size_t i = 0; i < candidate->n_patterns; i++) {
		buf_addf(&sql, "%saddr LIKE $%zu", i ? " OR " : "", i + 3);
		values[i + 2] = candidate->patterns[i];
	}
	buf_addf(&sql, ") LIMIT %zu", max + 1); /* one address may be there a few times */
	struct db_params params = {.n = (int)candidate->n_patterns + 2, .values = values};
	bool ok = db_query(s->db, buf_str(&sql), &params, DB_BINARY, &rows, err);
	struct query_array found = {0};
	for (int i = 0; ok && i < PQntuples(rows); i++)
		query_array_add(&found, search_text(rows, i, 0));
	*n = found.n;
	*words = query_array_keep(&found, arena);
	PQclear(rows);
	buf_fini(&sql);
	buf_fini(&from);
	buf_fini(&to);
	return ok;
}
