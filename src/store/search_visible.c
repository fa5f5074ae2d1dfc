#include "store/search_visible.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/search_part.h"

struct asked {
	int64_t from_us, to_us;
	int64_t id;
	const char *branch;
};

static bool
ask(struct search *s, enum query_table table, const struct asked *a, const char *text,
	PGresult **rows, struct error *err)
{
	char newest[16], oldest[16], id[24];
	struct buf from = {0}, to = {0};
	snprintf(newest, sizeof(newest), "%d", key_minute(a->to_us));
	snprintf(oldest, sizeof(oldest), "%d", key_minute(a->from_us));
	snprintf(id, sizeof(id), "%" PRId64, a->id);
	query_add_time(&from, a->from_us);
	query_add_time(&to, a->to_us);
	const struct search_call call = {.plan = &s->sql.tables[table],
		.fixed = {newest, oldest, buf_str(&from), buf_str(&to), "infinity", id, a->branch,
			"0", "{}"}};
	bool ok = searcher_run(s->searcher, &s->sql, text, &call, rows, err);
	buf_fini(&from);
	buf_fini(&to);
	return ok;
}

static void
add_address(struct search_leaves *out, const PGresult *rows, int row, int column)
{
	if (!PQgetisnull(rows, row, column))
		out->addresses[out->n_addresses++] =
			arena_copy(&out->arena, search_text(rows, row, column));
}

bool
search_leaves(struct search *s, uint64_t mail_id, uint32_t branch, int64_t from_us, int64_t to_us,
	struct search_leaves *out, struct error *err)
{
	struct buf text = {0};
	char branch_text[16];
	PGresult *rows;
	snprintf(branch_text, sizeof(branch_text), "%" PRId32, (int32_t)branch);
	query_sql_leaves(&text, &s->sql);
	bool ok =
		ask(s, QUERY_MAILS, &(struct asked){from_us, to_us, (int64_t)mail_id, branch_text},
			buf_str(&text), &rows, err);
	buf_fini(&text);
	if (!ok)
		return false;
	out->n_all = (size_t)PQntuples(rows);
	out->addresses = arena_new(&out->arena, (2 * out->n_all + 1) * sizeof(*out->addresses));
	for (int i = 0; i < PQntuples(rows); i++) {
		if (!*PQgetvalue(rows, i, 2))
			continue;
		out->n_visible++;
		add_address(out, rows, i, 0);
		add_address(out, rows, i, 1);
	}
	PQclear(rows);
	return true;
}

bool
search_may_see_refusal(
	struct search *s, int32_t minute, int16_t host, uint64_t hash, bool *may, struct error *err)
{
	struct buf text = {0};
	PGresult *rows;
	int64_t from_us = (1577836800 + (int64_t)minute * 60) * TIME_SECOND_US;
	query_sql_refusals(&text, &s->sql);
	bool ok = ask(s, QUERY_REJECTS,
		&(struct asked){from_us, from_us + TIME_MINUTE_US - 1, host, "0"}, buf_str(&text),
		&rows, err);
	buf_fini(&text);
	*may = false;
	if (!ok)
		return false;
	for (int i = 0; i < PQntuples(rows); i++)
		*may |= slice_hash(search_text(rows, i, 0), 0) == hash;
	PQclear(rows);
	return true;
}
