/*
 * All lines of a mail, from its stored hops and its new ones, each as often as the hop has it that
 * has it most; and the mails that the correlator makes of them.
 */
#include "store/merge.h"

#include "base/memory.h"

#include <stdlib.h>

#define STEP_BACK_US                                                                               \
	(2 * TIME_SECOND_US) /* of a clock that is set right: the order of the log counts more */

struct entry {
	const struct merge_hop *hop;
	const struct hop_line *line;
	uint32_t rank, at; /* of the hop among the hops, of the line in the hop */
	int64_t key_us;	   /* sorted by */
	bool keep;
};

struct merge_hop *
merge_new_hops(struct merge *g, const struct mail *mail, struct merge_hop *before)
{
	struct merge_hop *first = before;
	for (const struct hop *hop = mail ? mail->hops : NULL; hop; hop = hop->next) {
		struct merge_hop *new = arena_zero(&g->lines, sizeof(*new));
		*new = (struct merge_hop){.host = hop->host,
			.qid = hop->qid,
			.lines = hop->lines,
			.n = hop->n_lines,
			.begins = hop->flags & HOP_STARTED,
			.ends = hop_closed(hop),
			.next = first};
		first = new;
	}
	return first;
}

static int
compare_slices(struct slice a, struct slice b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int64_t
first_time(const struct merge_hop *hop)
{
	return hop->n ? hop->lines[0].t_us : 0;
}

/* Pieces that begin within one stamp: the one with the beginning first, the one with the end last.
 */
static int
compare_hops(const void *a, const void *b)
{
	const struct merge_hop *x = *(struct merge_hop *const *)a,
			       *y = *(struct merge_hop *const *)b;
	if (first_time(x) != first_time(y))
		return first_time(x) < first_time(y) ? -1 : 1;
	int order = compare_slices(x->host, y->host);
	if (order)
		return order;
	if (x->begins != y->begins)
		return x->begins ? -1 : 1;
	if (x->ends != y->ends)
		return x->ends ? 1 : -1;
	if (x->stored != y->stored)
		return x->stored ? -1 : 1;
	order = compare_slices(x->qid, y->qid);
	return order ? order : (x->n > y->n) - (x->n < y->n);
}

/* Equal lines together, and of these the lines of a hop. */
static int
compare_equal(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	if (x->line->t_us != y->line->t_us)
		return x->line->t_us < y->line->t_us ? -1 : 1;
	int order = compare_slices(x->line->raw, y->line->raw);
	order = order ? order : compare_slices(x->hop->host, y->hop->host);
	if (order)
		return order;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int
compare_places(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	if (x->key_us != y->key_us)
		return x->key_us < y->key_us ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static bool
is_equal(const struct entry *a, const struct entry *b)
{
	return a->line->t_us == b->line->t_us && slice_equal(a->line->raw, b->line->raw) &&
	       slice_equal(a->hop->host, b->hop->host);
}

static struct merge_hop **
sort_hops(const struct merge_hop *hops, size_t *n, size_t *n_lines)
{
	size_t cap = 0;
	struct merge_hop **order = NULL;
	*n = *n_lines = 0;
	for (const struct merge_hop *hop = hops; hop; hop = hop->next) {
		MEMORY_ROOM(&order, *n, &cap);
		order[(*n)++] = (struct merge_hop *)hop;
		*n_lines += hop->n;
	}
	if (*n)
		qsort(order, *n, sizeof(struct merge_hop *), compare_hops);
	return order;
}

static struct entry *
list_entries(const struct merge_hop *hops, size_t *n)
{
	size_t n_hops, at = 0;
	struct merge_hop **order = sort_hops(hops, &n_hops, n);
	struct entry *entries = memory_new((*n + 1) * sizeof(*entries));
	for (size_t i = 0; i < n_hops; i++) {
		int64_t key_us = INT64_MIN;
		for (size_t k = 0; k < order[i]->n; k++) {
			int64_t t_us = order[i]->lines[k].t_us;
			if (k == 0 || t_us > key_us || t_us < key_us - STEP_BACK_US)
				key_us = t_us;
			entries[at] = (struct entry){.hop = order[i],
				.line = &order[i]->lines[k],
				.rank = (uint32_t)i,
				.at = (uint32_t)k,
				.key_us = key_us};
			at++;
		}
	}
	free(order);
	if (*n)
		qsort(entries, *n, sizeof(*entries), compare_equal);
	return entries;
}

/* Of n equal lines those of the hop that has it most; true when the new ones have it more often
 * than the stored. */
static bool
choose(struct entry *equal, size_t n)
{
	size_t stored = 0, new = 0, best = 0, most = 0;
	for (size_t i = 0, end = 0; i < n; i = end) {
		while (end < n && equal[end].rank == equal[i].rank)
			end++;
		size_t *side = equal[i].hop->stored ? &stored : &new;
		*side = end - i > *side ? end - i : *side;
		if (end - i > most) {
			most = end - i;
			best = i;
		}
	}
	for (size_t i = 0; i < most; i++)
		equal[best + i].keep = true;
	return new > stored;
}

/* Keeps what is wanted, in the order of the logs. True when a new line is not stored. */
static bool
unite(struct entry *entries, size_t *n)
{
	size_t kept = 0;
	bool more = false;
	for (size_t i = 0, end = 0; i < *n; i = end) {
		while (end < *n && is_equal(&entries[i], &entries[end]))
			end++;
		more |= choose(entries + i, end - i);
	}
	for (size_t i = 0; i < *n; i++)
		if (entries[i].keep)
			entries[kept++] = entries[i];
	*n = kept;
	if (kept)
		qsort(entries, kept, sizeof(*entries), compare_places);
	return more;
}

/* ---- the correlator's answer ---- */

struct answer {
	struct merge *g;
	struct mail **mails;
	size_t n, cap;
	struct map lines; /* of the mails and refusals */
	struct map hops;  /* those that gave the lines, by queue id */
};

struct seen_line {
	struct map_node node;
	int64_t t_us;
	struct slice raw;
};

static void
take_mail(void *context, struct mail *mail)
{
	struct answer *a = context;
	MEMORY_ROOM(&a->mails, a->n, &a->cap);
	a->mails[a->n++] = mail;
}

static void
take_reject(void *context, struct reject *reject)
{
	struct answer *a = context;
	reject->next = a->g->rejects;
	a->g->rejects = reject;
}

static uint64_t
line_hash(int64_t t_us, struct slice raw)
{
	return slice_hash(raw, (uint64_t)t_us);
}

static bool
is_seen(const struct answer *a, int64_t t_us, struct slice raw)
{
	uint64_t hash = line_hash(t_us, raw);
	for (struct map_node *n = map_first(&a->lines, hash); n; n = map_next(n, hash)) {
		const struct seen_line *s = MAP_ENTRY(n, struct seen_line, node);
		if (s->t_us == t_us && slice_equal(s->raw, raw))
			return true;
	}
	return false;
}

static void
see(struct answer *a, int64_t t_us, struct slice raw)
{
	struct seen_line *s = arena_zero(&a->g->lines, sizeof(*s));
	s->t_us = t_us;
	s->raw = raw;
	map_add(&a->lines, &s->node, line_hash(t_us, raw));
}

static bool
is_ours(const struct answer *a, const struct hop *hop)
{
	uint64_t hash = slice_hash(hop->qid, 0);
	for (struct map_node *n = map_first(&a->hops, hash); n; n = map_next(n, hash)) {
		const struct merge_hop *ours = MAP_ENTRY(n, struct merge_hop, by_qid);
		if (slice_equal(ours->qid, hop->qid) && slice_equal(ours->host, hop->host))
			return true;
	}
	return false;
}

static bool
is_news(const struct answer *a, const struct hop *hop)
{
	for (uint32_t i = 0; i < hop->n_lines; i++)
		if (!is_seen(a, hop->lines[i].t_us, hop->lines[i].raw))
			return true;
	return false;
}

static void
see_hop(struct answer *a, const struct hop *hop)
{
	for (uint32_t i = 0; i < hop->n_lines; i++)
		see(a, hop->lines[i].t_us, hop->lines[i].raw);
}

static void
drop_hop(struct mail *mail, struct hop **at)
{
	struct hop *hop = *at;
	*at = hop->next;
	if (!hop->next)
		mail->hops_tail = at;
	mail->n_hops--;
	hop_free(&hop);
}

/* A line that names two hops (a notice, and what it is about) makes both, but only one of them is
 * of this mail. */
static void
drop_phantoms(struct answer *a)
{
	for (size_t i = 0; i < a->n; i++)
		for (const struct hop *hop = a->mails[i]->hops; hop; hop = hop->next)
			if (is_ours(a, hop))
				see_hop(a, hop);
	for (size_t i = 0; i < a->n; i++)
		for (struct hop **at = &a->mails[i]->hops; *at;) {
			if (is_ours(a, *at)) {
				at = &(*at)->next;
			} else if (is_news(a, *at)) {
				see_hop(a, *at);
				at = &(*at)->next;
			} else {
				drop_hop(a->mails[i], at);
			}
		}
}

static void
drop_empty(struct answer *a)
{
	size_t n = 0;
	for (size_t i = 0; i < a->n; i++) {
		if (a->mails[i]->hops)
			a->mails[n++] = a->mails[i];
		else
			mail_free(&a->mails[i]);
	}
	a->n = n;
}

static struct hop *
hop_for(struct answer *a, const struct merge_hop *of)
{
	for (size_t i = 0; i < a->n; i++)
		for (struct hop *hop = a->mails[i]->hops; hop; hop = hop->next)
			if (slice_equal(hop->qid, of->qid) && slice_equal(hop->host, of->host))
				return hop;
	return NULL;
}

static void
keep_line(struct answer *a, const struct entry *entry)
{
	const struct hop_line *line = entry->line;
	struct hop *hop = hop_for(a, entry->hop);
	if (hop) {
		uint32_t at = hop->n_lines;
		while (at > 0 && hop->lines[at - 1].t_us > line->t_us)
			at--;
		hop_insert_line(hop, at, line->t_us, line->id, line->raw);
		return;
	}
	struct mail *mail = memory_zero(1, sizeof(*mail));
	hop = load_bare(entry->hop->host, entry->hop->qid, line, 1);
	hop->mail = mail;
	mail->hops = hop;
	mail->hops_tail = &hop->next;
	mail->stash_tail = &mail->stash;
	mail->n_hops = 1;
	mail->id = mail_id_of_hop(hop->host, hop->qid, hop->arrived_us);
	take_mail(a, mail);
}

/* Evidence is never lost: what the correlator has no place for stays with its hop. */
static void
keep_rest(struct answer *a, const struct entry *entries, size_t n)
{
	for (const struct reject *r = a->g->rejects; r; r = r->next)
		see(a, r->t_us, r->raw);
	for (size_t i = 0; i < n; i++)
		if (!is_seen(a, entries[i].line->t_us, entries[i].line->raw))
			keep_line(a, &entries[i]);
}

static void
correlate(struct answer *a, const struct entry *entries, size_t n)
{
	struct load_line *lines = memory_new((n + 1) * sizeof(*lines));
	for (size_t i = 0; i < n; i++)
		lines[i] = (struct load_line){.host = entries[i].hop->host,
			.raw = entries[i].line->raw,
			.t_us = entries[i].line->t_us};
	load_correlate(lines, n, &(struct trace_sink){a, take_mail, take_reject});
	free(lines);
}

bool
merge_correlate(
	struct merge *g, struct merge_hop *hops, bool always, struct mail ***mails, size_t *n)
{
	size_t n_lines;
	struct answer a = {.g = g};
	for (struct merge_hop *hop = hops; hop; hop = hop->next)
		map_add(&a.hops, &hop->by_qid, slice_hash(hop->qid, 0));
	struct entry *entries = list_entries(hops, &n_lines);
	bool more = unite(entries, &n_lines) || always;
	if (more) {
		correlate(&a, entries, n_lines);
		drop_phantoms(&a);
		drop_empty(&a);
		keep_rest(&a, entries, n_lines);
	}
	map_fini(&a.lines);
	map_fini(&a.hops);
	free(entries);
	*mails = a.mails;
	*n = a.n;
	return more;
}
