/*
 * Refusals that may be stored already. One line of a log is told in one place: in table reject, or,
 * when the refused recipient was one of a mail that was taken in the end, in the evidence of that
 * mail. Which of the two it is only the whole session tells; a log that was cut within a session is
 * set right when the rest of it comes.
 */
#include "store/merge.h"

#include "base/memory.h"
#include "store/keys.h"
#include "store/reject_lines.h"
#include "wire/msgtrk.h"

#include <stdlib.h>

/* A stored refusal. */
struct stored {
	uint64_t id; /* of its line */
	int row;
};

struct stored_list {
	struct stored *list;
	size_t n, cap;
};

static int
compare_stored(const void *a, const void *b)
{
	const struct stored *x = a, *y = b;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* Equal lines are numbered as the correlator numbers them. */
static void
number_equal(struct stored_list *s)
{
	if (s->n)
		qsort(s->list, s->n, sizeof(*s->list), compare_stored);
	for (size_t i = 0, run; i < s->n; i = run) {
		uint64_t same = s->list[i].id;
		for (run = i; run < s->n && s->list[run].id == same; run++)
			s->list[run].id = line_identity_nth(same, run - i);
	}
	if (s->n)
		qsort(s->list, s->n, sizeof(*s->list), compare_stored);
}

static bool
line_id(struct merge *g, struct slice host, const PGresult *rows, int row, uint64_t *id)
{
	struct arena arena = {0};
	struct hop_line *lines;
	struct msgtrk_columns columns;
	struct line line;
	size_t n;
	bool ok = reject_lines_read(g->w->evidence, rows, row, 0, &arena, &lines, &n, &g->err);
	*id = 0;
	if (ok && n > 0) {
		const struct load_line stored = {
			.host = host, .raw = lines[0].raw, .t_us = lines[0].t_us};
		load_read_line(&stored, &columns, &line);
		*id = line_identity(host, line.t_us, line.pid, line.text);
	}
	arena_fini(&arena);
	return ok;
}

#define MORE_COLUMNS                                                                               \
	", r.tableoid::int8, r.ctid::text, r.way::int8, r.status::int8, r.reason::int8, "          \
	"r.host::int8"
enum { TABLE = 7, PLACE, WAY, STATUS, REASON, HOST };

/* Stored refusals of a host between two times. The caller clears `rows`. */
static bool
load(struct merge *g, struct slice host, int64_t from_us, int64_t to_us, struct stored_list *s,
	PGresult **rows)
{
	static const char sql[] =
		"SELECT " REJECT_LINES_COLUMNS MORE_COLUMNS " FROM reject r "
		"WHERE r.host = (SELECT id FROM host WHERE name = ($1::text[])[1]) "
		"AND r.m >= $2[1]::int4 AND r.m <= $2[2]::int4 "
		"AND r.t >= to_timestamp($2[3] / 1e6) - interval '1 s' "
		"AND r.t <= to_timestamp($2[4] / 1e6) + interval '1 s'";
	struct array name = {0}, span = {0};
	struct array *arrays[] = {&name, &span};
	merge_add_text(&name, known_host_name(&g->w->known, host));
	array_add_i64(&span, key_minute(from_us - TIME_SECOND_US));
	array_add_i64(&span, key_minute(to_us + TIME_SECOND_US));
	array_add_i64(&span, from_us);
	array_add_i64(&span, to_us);
	bool ok = merge_ask(g, "merge_rejects", sql, "ti", arrays, rows);
	for (int i = 0; ok && i < PQntuples(*rows); i++) {
		MEMORY_ROOM(&s->list, s->n, &s->cap);
		s->list[s->n].row = i;
		ok = line_id(g, host, *rows, i, &s->list[s->n++].id);
	}
	number_equal(s);
	array_fini(&name);
	array_fini(&span);
	return ok;
}

static const struct stored *
find(const struct stored_list *s, uint64_t id)
{
	size_t low = 0, high = s->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (s->list[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->n && s->list[low].id == id ? &s->list[low] : NULL;
}

/* ---- what became part of a mail ---- */

bool
merge_take_back(struct merge *g, const struct mail *mail)
{
	for (const struct hop *hop = mail->hops; hop; hop = hop->next)
		for (uint32_t i = 0; i < hop->n_lines; i++) {
			const struct hop_line *line = &hop->lines[i];
			if (!slice_contains(line->raw, S("NOQUEUE")) ||
				!known_host_covered(&g->w->known, hop->host, line->t_us))
				continue;
			struct merge_taken *taken = arena_zero(&g->arena, sizeof(*taken));
			taken->host = arena_copy(&g->arena, hop->host);
			taken->t_us = line->t_us;
			taken->id = line->id;
			taken->next = g->taken;
			g->taken = taken;
		}
	return true;
}

static bool
delete_row(struct merge *g, const PGresult *rows, int i)
{
	char table[24], t[24];
	snprintf(table, sizeof(table), "%lld", (long long)merge_i64(rows, i, TABLE));
	snprintf(t, sizeof(t), "%lld", (long long)merge_time(rows, i, 0));
	const char *values[] = {table, PQgetvalue(rows, i, PLACE), t};
	batch_count(g->batch, &(struct batch_stat){.hour_us = merge_time(rows, i, 0),
				      .way = (int16_t)merge_i64(rows, i, WAY),
				      .host = (int16_t)merge_i64(rows, i, HOST),
				      .status = (int16_t)merge_i64(rows, i, STATUS),
				      .reason = (int16_t)merge_i64(rows, i, REASON),
				      .kind = 1,
				      .n = -1});
	return db_query_text(g->w->db,
		"DELETE FROM reject WHERE tableoid = $1::oid AND ctid = $2::tid "
		"AND t >= to_timestamp($3::int8 / 1e6) - interval '1 s' AND t <= "
		"to_timestamp($3::int8 / 1e6) + interval '1 s'",
		3, values, NULL, &g->err);
}

/* ---- what is part of a stored mail ---- */

static bool
may_be_of_mail(const struct reject *r)
{
	return r->has_from && r->to.n && slice_equal(r->stage, S("RCPT"));
}

/* Ids of mails with this refused recipient, whose sender is the same: by the place in the list. */
static bool
find_mails(struct merge *g, struct reject *const *list, size_t n, uint64_t **ids, size_t *n_ids)
{
	static const char sql[] =
		"SELECT DISTINCT d.mail_id FROM unnest($1, $2, $3, $4) k (rcpt, sender, t, first), "
		"generate_series(0, 1) b, "
		"LATERAL (SELECT * FROM delivery d "
		"WHERE else_key(else_address(d.rcpt), d.m) >= else_key(else_address(k.rcpt), "
		"(k.first + b)::int4 * 256) "
		"AND else_key(else_address(d.rcpt), d.m) <= else_key(else_address(k.rcpt), "
		"(k.first + b)::int4 * 256 + 255) "
		"AND d.rcpt = k.rcpt AND d.sender = k.sender AND d.flags & 8192 <> 0 "
		"AND d.t >= to_timestamp(k.t / 1e6) - interval '1 s' AND d.t <= to_timestamp(k.t / "
		"1e6) + interval '30 min' "
		"LIMIT 20) d";
	struct array a[4] = {0};
	struct array *arrays[] = {&a[0], &a[1], &a[2], &a[3]};
	PGresult *rows = NULL;
	struct buf lower = {0};
	for (size_t i = 0; i < n; i++) {
		buf_clear(&lower);
		buf_add_lower(&lower, list[i]->to);
		merge_add_text(&a[0], buf_slice(&lower));
		buf_clear(&lower);
		buf_add_lower(&lower, list[i]->from);
		merge_add_text(&a[1], buf_slice(&lower));
		array_add_i64(&a[2], list[i]->t_us);
		array_add_i64(&a[3], key_minute(list[i]->t_us) >> 8);
	}
	bool ok = merge_ask(g, "merge_refused", sql, "ttii", arrays, &rows);
	*n_ids = ok ? (size_t)PQntuples(rows) : 0;
	*ids = memory_new((*n_ids + 1) * sizeof(**ids));
	for (size_t i = 0; i < *n_ids; i++)
		(*ids)[i] = (uint64_t)merge_i64(rows, (int)i, 0);
	PQclear(rows);
	buf_fini(&lower);
	for (size_t i = 0; i < 4; i++)
		array_fini(&a[i]);
	return ok;
}

static bool
has_line(const struct mail *mail, const struct reject *r)
{
	for (const struct hop *hop = mail->hops; hop; hop = hop->next) {
		if (!slice_equal(hop->host, r->host))
			continue;
		for (uint32_t i = 0; i < hop->n_lines; i++)
			if (hop->lines[i].t_us == r->t_us && slice_equal(hop->lines[i].raw, r->raw))
				return true;
	}
	return false;
}

/* Takes those out of the list that are part of a stored mail. */
static bool
drop_of_mails(struct merge *g, struct reject **list, size_t *n)
{
	uint64_t *ids;
	struct mail **mails;
	size_t n_ids, n_mails, kept = 0;
	int64_t from_us = INT64_MAX, to_us = INT64_MIN;
	if (!find_mails(g, list, *n, &ids, &n_ids)) {
		free(ids);
		return false;
	}
	for (size_t i = 0; i < *n; i++) {
		from_us = list[i]->t_us < from_us ? list[i]->t_us : from_us;
		to_us = list[i]->t_us > to_us ? list[i]->t_us : to_us;
	}
	bool ok = n_ids == 0 ||
		  load_mails(g->w->db, g->w->evidence, ids, n_ids, from_us - TIME_HOUR_US,
			  to_us + TIME_HOUR_US, &mails, &n_mails, &g->err);
	free(ids);
	if (n_ids == 0 || !ok)
		return ok;
	for (size_t i = 0; i < *n; i++) {
		bool of_mail = false;
		for (size_t k = 0; k < n_mails && !of_mail; k++)
			of_mail = has_line(mails[k], list[i]);
		g->w->counts.known += of_mail;
		if (of_mail)
			free(list[i]);
		else
			list[kept++] = list[i];
	}
	*n = kept;
	for (size_t k = 0; k < n_mails; k++)
		mail_free(&mails[k]);
	free(mails);
	return true;
}

/* ---- all of them ---- */

struct host_part {
	struct slice host;
	int64_t from_us, to_us;
	struct reject *rejects;
	struct merge_taken *taken;
};

static void
widen(struct host_part *p, int64_t t_us)
{
	p->from_us = t_us < p->from_us ? t_us : p->from_us;
	p->to_us = t_us > p->to_us ? t_us : p->to_us;
}

/* Everything of one host, taken out of the lists. */
static void
take_host(struct merge *g, struct host_part *p)
{
	struct reject **reject = &g->w->care_rejects;
	struct merge_taken **taken = &g->taken;
	*p = (struct host_part){.host = *reject ? (*reject)->host : (*taken)->host,
		.from_us = INT64_MAX,
		.to_us = INT64_MIN};
	p->host = arena_copy(&g->arena, p->host);
	while (*reject) {
		struct reject *r = *reject;
		if (!slice_equal(r->host, p->host)) {
			reject = &r->next;
			continue;
		}
		*reject = r->next;
		r->next = p->rejects;
		p->rejects = r;
		widen(p, r->t_us);
	}
	while (*taken) {
		struct merge_taken *t = *taken;
		if (!slice_equal(t->host, p->host)) {
			taken = &t->next;
			continue;
		}
		*taken = t->next;
		t->next = p->taken;
		p->taken = t;
		widen(p, t->t_us);
	}
}

static bool
write_reject(struct merge *g, const struct reject *r)
{
	g->w->counts.rejects++;
	return rows_add_reject(&g->w->rows, g->batch, r, &g->err);
}

/* Writes and frees them. */
static bool
write_list(struct merge *g, struct reject **list, size_t n)
{
	bool ok = n == 0 || drop_of_mails(g, list, &n);
	for (size_t i = 0; i < n; i++) {
		ok = ok && write_reject(g, list[i]);
		free(list[i]);
	}
	return ok;
}

static bool
settle_host(struct merge *g, struct host_part *p)
{
	struct stored_list stored = {0};
	struct reject **list = NULL;
	size_t n = 0, cap = 0;
	PGresult *rows = NULL;
	bool ok = load(g, p->host, p->from_us, p->to_us, &stored, &rows);
	for (const struct merge_taken *t = p->taken; ok && t; t = t->next) {
		const struct stored *row = find(&stored, t->id);
		ok = !row || delete_row(g, rows, row->row);
	}
	while (p->rejects) {
		struct reject *r = p->rejects;
		p->rejects = r->next;
		bool known = ok && find(&stored, r->line_id);
		g->w->counts.known += known;
		if (ok && !known && may_be_of_mail(r)) {
			MEMORY_ROOM(&list, n, &cap);
			list[n++] = r;
			continue;
		}
		ok = ok && (known || write_reject(g, r));
		free(r);
	}
	ok = write_list(g, list, n) && ok;
	free(list);
	free(stored.list);
	PQclear(rows);
	return ok;
}

bool
merge_rejects(struct merge *g)
{
	struct writer *w = g->w;
	bool ok = true;
	while (g->rejects) {
		struct reject *r = g->rejects;
		g->rejects = r->next;
		r->next = w->care_rejects;
		w->care_rejects = r;
	}
	while (ok && (w->care_rejects || g->taken)) {
		struct host_part p;
		take_host(g, &p);
		ok = settle_host(g, &p);
	}
	w->n_care_rejects = 0;
	return ok;
}
