/* The second path: what is in the care lists is united with what is stored, in one transaction. */
#include "store/merge.h"

#include "base/memory.h"

#include <stdlib.h>

/* Statements are planned once, and by their indexes: the tables may have been empty then. */
#define BEGIN                                                                                      \
	"BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off"

#define ROWS_AT_ONCE                                                                               \
	4000 /* stored hops whose lines are in memory together, but for those of one mail */

static int
compare_mails(const void *a, const void *b)
{
	uint64_t x = (*(struct mail *const *)a)->id, y = (*(struct mail *const *)b)->id;
	return x < y ? -1 : x > y;
}

static void
move_hops(struct mail *to, struct mail *from)
{
	for (struct hop *hop = from->hops; hop; hop = hop->next)
		hop->mail = to;
	if (from->hops) {
		*to->hops_tail = from->hops;
		to->hops_tail = from->hops_tail;
		to->n_hops += from->n_hops;
	}
	from->hops = NULL;
	from->hops_tail = &from->hops;
	from->n_hops = 0;
}

static void
widen(struct merge_unit *u, const struct mail *mail)
{
	for (const struct hop *hop = mail->hops; hop; hop = hop->next) {
		u->first_us = hop->first_us < u->first_us ? hop->first_us : u->first_us;
		u->last_us = hop->last_us > u->last_us ? hop->last_us : u->last_us;
	}
}

/* Pieces of one mail become one unit; the care list is empty afterwards. */
static void
make_units(struct merge *g)
{
	struct writer *w = g->w;
	if (w->n_care)
		qsort(w->care, w->n_care, sizeof(*w->care), compare_mails);
	for (size_t i = 0; i < w->n_care; i++) {
		struct mail *mail = w->care[i];
		struct merge_unit *u = merge_unit_of(g, mail->id);
		if (u->pieces++ == 0)
			u->first_us = u->last_us = mail->hops->first_us;
		widen(u, mail);
		if (u->mail) {
			move_hops(u->mail, mail);
			mail_free(&mail);
		} else {
			u->mail = mail;
		}
	}
	w->n_care = 0;
	w->care_bytes = 0;
}

static bool
write_mail(struct merge *g, const struct mail *mail)
{
	return rows_add_mail(&g->w->rows, g->batch, mail, &g->w->counts.deliveries, &g->err) &&
	       merge_take_back(g, mail);
}

static bool
write_new(struct merge *g, const struct mail *mail)
{
	g->w->counts.mails++;
	g->w->counts.hops += mail->n_hops;
	return write_mail(g, mail);
}

/* Of a flood only hops that are not stored are written, as mails of their own. */
static bool
settle_flood(struct merge *g, struct merge_unit *u)
{
	struct mail *mail = u->mail;
	for (struct hop **at = &mail->hops; *at;) {
		struct hop *hop = *at;
		if (!hop->stored_id) {
			at = &hop->next;
			continue;
		}
		*at = hop->next;
		mail->n_hops--;
		hop_free(&hop);
	}
	if (mail->n_hops)
		return write_new(g, mail);
	g->w->counts.known++;
	return true;
}

/* A root and the units linked with it stand together in the list. */
struct group {
	struct merge_unit *const *units;
	size_t n;
};

static bool
is_flooded(const struct group *group)
{
	for (size_t i = 0; i < group->n; i++)
		if (group->units[i]->flood)
			return true;
	return false;
}

static void
learn(struct merge *g, const struct group *group)
{
	for (size_t i = 0; i < group->n; i++) {
		if (!group->units[i]->mail)
			continue;
		rows_learn_mail(&g->w->rows, group->units[i]->mail);
		g->w->counts.known++;
	}
}

static bool
is_stored(const struct group *group)
{
	for (size_t i = 0; i < group->n; i++)
		if (group->units[i]->stored)
			return true;
	return false;
}

/* One new mail, and nothing to unite it with. */
static bool
is_simple(const struct group *group)
{
	const struct merge_unit *u = group->units[0];
	return group->n == 1 && u->pieces == 1 && !u->stored && !writer_has_twins(u->mail);
}

static bool
replace(struct merge *g, const struct group *group, struct mail *const *mails, size_t n)
{
	bool ok = true, stored = is_stored(group);
	for (size_t i = 0; i < group->n; i++)
		merge_doom(g, group->units[i]);
	g->w->counts.changed += stored && group->units[0]->mail;
	for (size_t i = 0; ok && i < n; i++)
		ok = stored ? write_mail(g, mails[i]) : write_new(g, mails[i]);
	return ok;
}

static bool settle(struct merge *g, const struct group *group);

/* A flood is not joined with anything. */
static bool
settle_apart(struct merge *g, const struct group *group)
{
	bool ok = true;
	for (size_t i = 0; ok && i < group->n; i++) {
		struct merge_unit *u = group->units[i];
		if (!u->flood)
			ok = settle(g, &(struct group){&group->units[i], 1});
		else if (u->mail)
			ok = settle_flood(g, u);
	}
	return ok;
}

static bool
settle(struct merge *g, const struct group *group)
{
	struct merge_hop *hops = NULL;
	struct mail **mails;
	size_t n;
	if (is_flooded(group))
		return settle_apart(g, group);
	if (is_simple(group))
		return write_new(g, group->units[0]->mail);
	bool again = false;
	for (size_t i = 0; i < group->n; i++) {
		struct merge_unit *u = group->units[i];
		again |= u->again;
		*u->stored_tail = hops;
		hops = merge_new_hops(g, u->mail, u->stored ? u->stored : hops);
	}
	bool ok = true;
	if (merge_correlate(g, hops, again, &mails, &n))
		ok = replace(g, group, mails, n);
	else
		learn(g, group);
	for (size_t i = 0; i < n; i++)
		mail_free(&mails[i]);
	free(mails);
	return ok;
}

static int
compare_groups(const void *a, const void *b)
{
	const struct merge_unit *x = *(struct merge_unit *const *)a,
				*y = *(struct merge_unit *const *)b;
	size_t i = merge_root((struct merge_unit *)x)->place,
	       k = merge_root((struct merge_unit *)y)->place;
	if (i != k)
		return i < k ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static size_t
near_rows(const struct merge_unit *u)
{
	size_t n = 0;
	for (const struct merge_branch *b = u->branches; b; b = b->next)
		n += b->near ? b->rows : 0;
	return n;
}

/* The end of the group that begins at `i`; its stored hops are counted into `rows`. */
static size_t
group_end(const struct merge *g, size_t i, size_t *rows)
{
	struct merge_unit *root = merge_root(g->units[i]);
	for (; i < g->n_units && merge_root(g->units[i]) == root; i++)
		*rows += near_rows(g->units[i]);
	return i;
}

static void
free_new(struct merge *g, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		mail_free(&g->units[i]->mail);
}

static bool
settle_units(struct merge *g)
{
	bool ok = true;
	if (g->n_units)
		qsort(g->units, g->n_units, sizeof(*g->units), compare_groups);
	for (size_t from = 0, to; ok && from < g->n_units; from = to) {
		size_t rows = 0;
		for (to = group_end(g, from, &rows); to < g->n_units && rows < ROWS_AT_ONCE;)
			to = group_end(g, to, &rows);
		ok = merge_find_lines(g, g->units + from, to - from);
		for (size_t i = from, end; ok && i < to; i = end) {
			end = group_end(g, i, &rows);
			ok = settle(g, &(struct group){g->units + i, end - i});
		}
		free_new(g, from, to);
		arena_reset(&g->lines);
	}
	return ok;
}

/* Which mails may have stored rows far from their new lines. */
static bool
read_loose(struct merge *g)
{
	int64_t from_us = INT64_MAX, to_us = INT64_MIN;
	for (size_t i = 0; i < g->n_units; i++) {
		const struct merge_unit *u = g->units[i];
		from_us = u->first_us < from_us ? u->first_us : from_us;
		to_us = u->last_us > to_us ? u->last_us : to_us;
	}
	return known_read_loose(
		&g->w->known, from_us - WRITER_LIFE_US, to_us + WRITER_LIFE_US, &g->err);
}

static bool
merge_mails(struct merge *g)
{
	if (g->w->n_care == 0)
		return true;
	make_units(g);
	return read_loose(g) && merge_find_rows(g, 0) && merge_find_links(g) && settle_units(g) &&
	       merge_delete_doomed(g);
}

/* Partitions cannot be made within the transaction. */
static bool
need_weeks(struct writer *w)
{
	for (size_t i = 0; i < w->n_care; i++)
		for (const struct hop *hop = w->care[i]->hops; hop; hop = hop->next)
			if (!writer_need_week(w, hop->arrived_us) ||
				!writer_need_week(w, hop->first_us) ||
				!writer_need_week(w, hop->last_us))
				return false;
	for (const struct reject *r = w->care_rejects; r; r = r->next)
		if (!writer_need_week(w, r->t_us))
			return false;
	return true;
}

static void
clear(struct merge *g)
{
	free_new(g, 0, g->n_units);
	free(g->units);
	map_fini(&g->by_id);
	map_fini(&g->by_branch);
	array_fini(&g->doomed_ids);
	array_fini(&g->doomed_branches);
	array_fini(&g->doomed_keys);
	writer_free_rejects(g->rejects);
	batch_free(&g->batch);
	arena_fini(&g->lines);
	arena_fini(&g->arena);
}

static void
begin(struct merge *g, struct writer *w)
{
	*g = (struct merge){.w = w,
		.doomed_from_us = INT64_MAX,
		.doomed_to_us = INT64_MIN,
		.batch = batch_new(0)};
}

static bool
end(struct merge *g, bool ok)
{
	struct writer *w = g->w;
	ok = ok && batch_write(g->batch, w->db, 0, &g->err) &&
	     batch_write_spans(g->batch, w->db, &g->err) && db_exec(w->db, "COMMIT", &g->err);
	if (!ok)
		writer_fail(w, &g->err);
	clear(g);
	return ok;
}

bool
writer_merge(struct writer *w)
{
	struct merge g;
	if (w->n_care == 0 && !w->care_rejects)
		return true;
	if (!writer_drain(w) || !need_weeks(w))
		return false;
	begin(&g, w);
	return end(&g, db_exec(w->db, BEGIN, &g.err) && merge_mails(&g) && merge_rejects(&g));
}

bool
writer_make_again(struct writer *w, const struct load_key *keys, size_t n)
{
	struct merge g;
	begin(&g, w);
	for (size_t i = 0; i < n; i++) {
		struct merge_unit *u = merge_unit_of(&g, keys[i].mail_id);
		bool first = !u->again;
		u->again = true;
		u->first_us = first || keys[i].t_us < u->first_us ? keys[i].t_us : u->first_us;
		u->last_us = first || keys[i].t_us > u->last_us ? keys[i].t_us : u->last_us;
	}
	return end(&g, db_exec(w->db, BEGIN, &g.err) && merge_find_rows(&g, 0) &&
			       settle_units(&g) && merge_delete_doomed(&g) && merge_rejects(&g));
}
