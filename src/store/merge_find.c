/* Stored rows near the mails at hand. */
#include "store/merge.h"

#include "base/memory.h"
#include "store/copy.h"
#include "store/keys.h"
#include "store/mail_lines.h"

#include <endian.h>
#include <stdlib.h>

#define PG_EPOCH_US (946684800 * TIME_SECOND_US)
#define EARLIER_US  (60 * TIME_DAY_US)	/* where the beginning of a long arrival is looked for */
#define WIDEST_US   (120 * TIME_DAY_US) /* wild stamps must not make millions of probes */
#define MOST_ARRAYS 8

int64_t
merge_i64(const PGresult *rows, int row, int column)
{
	uint64_t v;
	memcpy(&v, PQgetvalue(rows, row, column), sizeof(v));
	return (int64_t)be64toh(v);
}

int64_t
merge_time(const PGresult *rows, int row, int column)
{
	return merge_i64(rows, row, column) + PG_EPOCH_US;
}

void
merge_add_text(struct array *a, struct slice text)
{
	struct buf clean = {0};
	copy_add_clean(&clean, text, LOAD_TEXT_MAX);
	array_add_text(a, buf_slice(&clean));
	buf_fini(&clean);
}

bool
merge_ask(struct merge *g, const char *name, const char *sql, const char *kinds,
	struct array *const *arrays, PGresult **rows)
{
	Oid types[MOST_ARRAYS];
	const char *values[MOST_ARRAYS];
	int lengths[MOST_ARRAYS], formats[MOST_ARRAYS], n = 0;
	for (; kinds[n]; n++) {
		array_done(arrays[n], kinds[n] == 'i' ? 20 : 25);
		types[n] = kinds[n] == 'i' ? ARRAY_INT8_OID : ARRAY_TEXT_OID;
		values[n] = arrays[n]->b.p;
		lengths[n] = (int)arrays[n]->b.n;
		formats[n] = 1;
	}
	struct db_params params = {n, types, values, lengths, formats};
	return db_prepare_once(g->w->db, name, sql, n, types, &g->err) &&
	       db_query_prepared(g->w->db, name, &params, DB_BINARY, rows, &g->err);
}

/* ---- units ---- */

struct merge_unit *
merge_root(struct merge_unit *unit)
{
	while (unit->into)
		unit = unit->into;
	return unit;
}

struct merge_unit *
merge_unit_of(struct merge *g, uint64_t id)
{
	for (struct map_node *n = map_first(&g->by_id, id); n; n = map_next(n, id))
		return MAP_ENTRY(n, struct merge_unit, node);
	struct merge_unit *unit = arena_zero(&g->arena, sizeof(*unit));
	unit->id = id;
	unit->place = g->n_units;
	unit->stored_tail = &unit->stored;
	map_add(&g->by_id, &unit->node, id);
	MEMORY_ROOM(&g->units, g->n_units, &g->cap_units);
	g->units[g->n_units++] = unit;
	return unit;
}

/* ---- rows ---- */

struct row {
	int64_t t_us, left_ms; /* -1 unknown */
	uint32_t branch, flags;
};

static uint64_t
branch_hash(uint64_t mail_id, uint32_t branch)
{
	return (mail_id ^ branch) * 0x9e3779b97f4a7c15u;
}

static struct merge_branch *
branch_of(struct merge *g, struct merge_unit *u, uint32_t number, bool make)
{
	uint64_t hash = branch_hash(u->id, number);
	for (struct map_node *n = map_first(&g->by_branch, hash); n; n = map_next(n, hash)) {
		struct merge_branch *b = MAP_ENTRY(n, struct merge_branch, node);
		if (b->mail_id == u->id && b->branch == number)
			return b;
	}
	if (!make)
		return NULL;
	struct merge_branch *b = arena_zero(&g->arena, sizeof(*b));
	*b = (struct merge_branch){.mail_id = u->id,
		.branch = number,
		.from_us = INT64_MAX,
		.to_us = INT64_MIN,
		.next = u->branches};
	u->branches = b;
	map_add(&g->by_branch, &b->node, hash);
	return b;
}

/* Can the new lines have to do with this stored hop? */
static bool
is_near(const struct merge_unit *u, const struct row *row)
{
	int64_t end_us = row->t_us + (row->left_ms > 0 ? row->left_ms * 1000 : 0);
	return (row->flags & HOP_ROW_LOOSE) ||
	       (row->t_us - MERGE_NEAR_US <= u->last_us && end_us + MERGE_NEAR_US >= u->first_us);
}

static void
take_row(struct merge *g, struct merge_unit *u, const struct row *row, bool make)
{
	struct merge_branch *b = branch_of(g, u, row->branch, make);
	if (!b)
		return;
	b->from_us = row->t_us < b->from_us ? row->t_us : b->from_us;
	b->to_us = row->t_us > b->to_us ? row->t_us : b->to_us;
	b->first_seen |= (row->flags & HOP_ROW_FIRST) != 0;
	b->near |= is_near(u, row);
	b->rows++;
}

struct span {
	struct merge_unit *unit;
	int64_t from_us, to_us;
	bool make; /* rows of arrivals that were not seen yet count too */
};

static void
take_if_in(struct merge *g, const struct span *span, const PGresult *rows, int i)
{
	const struct row row = {.branch = (uint32_t)merge_i64(rows, i, 1),
		.t_us = merge_time(rows, i, 2),
		.left_ms = merge_i64(rows, i, 3),
		.flags = (uint32_t)merge_i64(rows, i, 4)};
	if (row.t_us >= span->from_us && row.t_us <= span->to_us)
		take_row(g, span->unit, &row, span->make);
}

/* However many rows there are of one: no more than a flood's. */
static bool
find_one_by_one(struct merge *g, const struct span *spans, size_t n)
{
	static const char sql[] =
		"SELECT k.n, x.branch::int8, x.t, coalesce(x.left_ms, -1)::int8, x.flags::int8 "
		"FROM unnest($1, $2, $3, $4, $5) WITH ORDINALITY k (id, first, last, f, u, n), "
		"LATERAL (SELECT h.branch, h.t, h.left_ms, h.flags FROM "
		"generate_series(k.first::int4, k.last::int4) b, "
		"LATERAL (SELECT * FROM hop h WHERE else_id(h.mail_id, h.m) = else_id(k.id, b * "
		"1024) AND h.mail_id = k.id "
		"AND h.t >= greatest(to_timestamp(1577836800 + b * 61440::float8), "
		"to_timestamp(k.f / 1e6)) "
		"AND h.t <= least(to_timestamp(1577836800 + (b + 1) * 61440::float8), "
		"to_timestamp(k.u / 1e6))) h "
		"LIMIT 2001) x";
	struct array a[5] = {0};
	struct array *arrays[] = {&a[0], &a[1], &a[2], &a[3], &a[4]};
	PGresult *rows = NULL;
	for (size_t i = 0; i < n; i++) {
		array_add_i64(&a[0], (int64_t)spans[i].unit->id);
		array_add_i64(&a[1], key_minute(spans[i].from_us) >> 10);
		array_add_i64(&a[2], key_minute(spans[i].to_us) >> 10);
		array_add_i64(&a[3], spans[i].from_us);
		array_add_i64(&a[4], spans[i].to_us);
	}
	bool ok = merge_ask(g, "merge_rows_of_each", sql, "iiiii", arrays, &rows);
	for (int i = 0; ok && i < PQntuples(rows); i++)
		take_if_in(g, &spans[merge_i64(rows, i, 0) - 1], rows, i);
	PQclear(rows);
	for (size_t i = 0; i < 5; i++)
		array_fini(&a[i]);
	return ok;
}

#define MOST_ROWS 20000 /* of a question about all; the statement below has it too */

static bool
ask_for_all(struct merge *g, const struct span *spans, size_t n, PGresult **rows)
{
	static const char sql[] = "SELECT mail_id, branch::int8, t, coalesce(left_ms, -1)::int8, "
				  "flags::int8 FROM hop "
				  "WHERE else_id(mail_id, m) = ANY ($1) AND mail_id = ANY ($2) "
				  "AND t >= to_timestamp($3[1] / 1e6) - interval '1 s' AND t <= "
				  "to_timestamp($3[2] / 1e6) + interval '1 s' "
				  "LIMIT 20000";
	struct array keys = {0}, ids = {0}, range = {0};
	struct array *arrays[] = {&keys, &ids, &range};
	int64_t from_us = INT64_MAX, to_us = INT64_MIN;
	for (size_t i = 0; i < n; i++) {
		key_add_range(&keys, spans[i].unit->id, spans[i].from_us, spans[i].to_us);
		array_add_i64(&ids, (int64_t)spans[i].unit->id);
		from_us = spans[i].from_us < from_us ? spans[i].from_us : from_us;
		to_us = spans[i].to_us > to_us ? spans[i].to_us : to_us;
	}
	array_add_i64(&range, from_us);
	array_add_i64(&range, to_us);
	bool ok = merge_ask(g, "merge_rows", sql, "iii", arrays, rows);
	array_fini(&keys);
	array_fini(&ids);
	array_fini(&range);
	return ok;
}

/* Rows of units within a time each: all in one question, as long as there is no flood among them.
 */
static bool
find_rows(struct merge *g, const struct span *spans, size_t n)
{
	PGresult *rows = NULL;
	if (n == 0)
		return true;
	if (!ask_for_all(g, spans, n, &rows))
		return false;
	bool flood = PQntuples(rows) >= MOST_ROWS;
	for (size_t i = 0; i < n; i++)
		spans[i].unit->span = &spans[i];
	for (int i = 0; !flood && i < PQntuples(rows); i++)
		take_if_in(g, merge_unit_of(g, (uint64_t)merge_i64(rows, i, 0))->span, rows, i);
	PQclear(rows);
	return !flood || find_one_by_one(g, spans, n);
}

/* A flood of one Message-ID is not joined again: it would be read again and again. */
static void
stop_flood(struct merge_unit *u)
{
	size_t near = 0, all = 0;
	for (const struct merge_branch *b = u->branches; b; b = b->next) {
		near += b->near ? b->rows : 0;
		all += b->rows;
	}
	u->flood = near > MERGE_FLOOD_ROWS || all > 2 * MERGE_FLOOD_ROWS;
	for (struct merge_branch *b = u->branches; b && u->flood; b = b->next)
		b->near = false;
}

static bool
is_cut(const struct merge_unit *u)
{
	for (const struct merge_branch *b = u->branches; b; b = b->next)
		if (b->near && !b->first_seen)
			return true;
	return false;
}

/* An arrival whose first row is not found is left as it is: that row has its lines. */
static void
leave_cut(struct merge_unit *u)
{
	for (struct merge_branch *b = u->branches; b; b = b->next)
		b->near &= b->first_seen;
}

/* Rows of the units from this place on. */
bool
merge_find_rows(struct merge *g, size_t from)
{
	size_t n = g->n_units - from, cut = 0;
	struct span *spans = memory_new((n + 1) * sizeof(*spans));
	for (size_t i = 0; i < n; i++) {
		struct merge_unit *u = g->units[from + i];
		int64_t around_us =
			known_is_loose(&g->w->known, u->id) ? WRITER_LIFE_US : MERGE_NEAR_US;
		int64_t from_us = u->first_us - around_us, to_us = u->last_us + around_us;
		spans[i] = (struct span){u, from_us,
			to_us - from_us > WIDEST_US ? from_us + WIDEST_US : to_us, true};
	}
	bool ok = find_rows(g, spans, n);
	for (size_t i = 0; i < n; i++) {
		struct merge_unit *u = spans[i].unit;
		stop_flood(u);
		if (is_cut(u))
			spans[cut++] = (struct span){
				u, spans[i].from_us - EARLIER_US, spans[i].from_us - 1, false};
	}
	ok = ok && find_rows(g, spans, cut);
	for (size_t i = 0; i < cut; i++)
		leave_cut(spans[i].unit);
	free(spans);
	return ok;
}

/* ---- lines ---- */

static bool
take_value(struct merge *g, struct merge_unit *u, struct merge_branch *b, struct slice value,
	int64_t t_us)
{
	struct hop_line *unpacked;
	struct mail_lines stored;
	size_t n;
	if (!evidence_unpack(g->w->evidence, value, t_us, &g->lines, &unpacked, &n, &g->err))
		return false;
	const struct hop_line *lines = unpacked;
	while (mail_lines_next(&lines, &n, &stored, &g->err)) {
		struct merge_hop *hop = arena_zero(&g->lines, sizeof(*hop));
		*hop = (struct merge_hop){.host = stored.host,
			.qid = stored.qid,
			.lines = stored.lines,
			.n = stored.n,
			.stored = true};
		*u->stored_tail = hop;
		u->stored_tail = &hop->next;
		b->to_us = stored.arrived_us > b->to_us ? stored.arrived_us : b->to_us;
		b->from_us = stored.arrived_us < b->from_us ? stored.arrived_us : b->from_us;
	}
	return n == 0;
}

static bool
take_values(struct merge *g, const PGresult *rows)
{
	for (int i = 0; i < PQntuples(rows); i++) {
		struct merge_unit *u = merge_unit_of(g, (uint64_t)merge_i64(rows, i, 0));
		struct merge_branch *b = branch_of(g, u, (uint32_t)merge_i64(rows, i, 1), false);
		struct slice value =
			slice_of(PQgetvalue(rows, i, 3), (size_t)PQgetlength(rows, i, 3));
		if (b && b->near && !take_value(g, u, b, value, merge_time(rows, i, 2)))
			return error_prefix(&g->err, "mail %016llx", (unsigned long long)u->id);
	}
	return true;
}

bool
merge_find_lines(struct merge *g, struct merge_unit *const *units, size_t n)
{
	static const char sql[] = "SELECT mail_id, branch::int8, t, lines FROM hop WHERE "
				  "else_id(mail_id, m) = ANY ($1) AND mail_id = ANY ($2) "
				  "AND t >= to_timestamp($3[1] / 1e6) - interval '1 s' AND t <= "
				  "to_timestamp($3[2] / 1e6) + interval '1 s' "
				  "AND lines IS NOT NULL ORDER BY t";
	struct array keys = {0}, ids = {0}, span = {0};
	int64_t from_us = INT64_MAX, to_us = INT64_MIN;
	PGresult *rows = NULL;
	for (size_t i = 0; i < n; i++)
		for (const struct merge_branch *b = units[i]->branches; b; b = b->next) {
			if (!b->near)
				continue;
			key_add_range(&keys, b->mail_id, b->from_us, b->to_us);
			array_add_i64(&ids, (int64_t)b->mail_id);
			from_us = b->from_us < from_us ? b->from_us : from_us;
			to_us = b->to_us > to_us ? b->to_us : to_us;
		}
	array_add_i64(&span, from_us);
	array_add_i64(&span, to_us);
	struct array *arrays[] = {&keys, &ids, &span};
	bool ok = ids.n == 0 ||
		  (merge_ask(g, "merge_lines", sql, "iii", arrays, &rows) && take_values(g, rows));
	PQclear(rows);
	array_fini(&keys);
	array_fini(&ids);
	array_fini(&span);
	return ok;
}

/* ---- replacing ---- */

void
merge_doom(struct merge *g, const struct merge_unit *unit)
{
	for (const struct merge_branch *b = unit->branches; b; b = b->next) {
		if (!b->near)
			continue;
		key_add_range(&g->doomed_keys, b->mail_id, b->from_us, b->to_us);
		while (g->doomed_ids.n < g->doomed_keys.n) {
			array_add_i64(&g->doomed_ids, (int64_t)b->mail_id);
			array_add_i64(&g->doomed_branches, (int32_t)b->branch);
		}
		g->doomed_from_us = b->from_us < g->doomed_from_us ? b->from_us : g->doomed_from_us;
		g->doomed_to_us = b->to_us > g->doomed_to_us ? b->to_us : g->doomed_to_us;
	}
}

/* What the deleted rows had counted is taken off. */
static void
uncount(struct merge *g, const PGresult *rows)
{
	for (int i = 0; i < PQntuples(rows); i++) {
		int64_t flags = merge_i64(rows, i, 5);
		if (!(flags & ROW_COUNTED))
			continue;
		bool accepted = !(flags & ROW_REFUSED);
		bool mail = (flags & ROW_FIRST) && accepted;
		batch_count(g->batch, &(struct batch_stat){.hour_us = merge_time(rows, i, 0),
					      .way = (int16_t)merge_i64(rows, i, 1),
					      .host = (int16_t)merge_i64(rows, i, 2),
					      .status = (int16_t)merge_i64(rows, i, 3),
					      .reason = (int16_t)merge_i64(rows, i, 4),
					      .kind = !accepted || (flags & ROW_RCPT_REFUSED),
					      .mails = mail ? -1 : 0,
					      .n = -1,
					      .bytes = mail ? -merge_i64(rows, i, 6) : 0});
	}
}

#define DOOMED                                                                                     \
	"USING unnest($1, $2, $3) d (key, id, branch) "                                            \
	"WHERE else_id(x.mail_id, x.m) = d.key AND x.mail_id = d.id AND x.branch = d.branch "      \
	"AND x.t >= to_timestamp($4[1] / 1e6) - interval '1 s' "                                   \
	"AND x.t <= to_timestamp($4[2] / 1e6) + interval '1 s'"

bool
merge_delete_doomed(struct merge *g)
{
	static const char hops[] = "DELETE FROM hop x " DOOMED;
	static const char deliveries[] =
		"DELETE FROM delivery x " DOOMED
		" RETURNING x.t, x.way::int8, x.host::int8, x.status::int8, x.reason::int8, "
		"x.flags::int8, coalesce(x.size, 0)::int8";
	struct array span = {0};
	PGresult *gone = NULL, *rows = NULL;
	if (g->doomed_ids.n == 0)
		return true;
	array_add_i64(&span, g->doomed_from_us);
	array_add_i64(&span, g->doomed_to_us);
	struct array *arrays[] = {&g->doomed_keys, &g->doomed_ids, &g->doomed_branches, &span};
	bool ok = merge_ask(g, "merge_delete_hops", hops, "iiii", arrays, &gone) &&
		  merge_ask(g, "merge_delete_deliveries", deliveries, "iiii", arrays, &rows);
	if (ok)
		uncount(g, rows);
	PQclear(gone);
	PQclear(rows);
	array_fini(&span);
	array_clear(&g->doomed_ids);
	array_clear(&g->doomed_branches);
	array_clear(&g->doomed_keys);
	g->doomed_from_us = INT64_MAX;
	g->doomed_to_us = INT64_MIN;
	return ok;
}
