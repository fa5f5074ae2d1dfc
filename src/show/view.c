#include "show/view.h"

#include "base/memory.h"
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>

static const struct view_hop *
find_hop(const struct view *v, const struct journey_hop *jh)
{
	for (size_t i = 0; i < v->n_hops; i++)
		if (v->hops[i].jh == jh)
			return &v->hops[i];
	return NULL;
}

static int
compare_n(const void *a, const void *b)
{
	uint32_t x = ((const struct view_hop *)a)->jh->n, y = ((const struct view_hop *)b)->jh->n;
	return x < y ? -1 : x > y;
}

/* The try of `before` that this hop came from: the one that names it, else the last one sent before
 * it came. */
static const struct attempt *
handing_try(const struct hop *before, const struct hop *hop)
{
	const struct attempt *found = NULL;
	for (const struct delivery *d = before->deliveries; d; d = d->next)
		for (uint32_t i = 0; i < d->n_tries; i++) {
			const struct attempt *a = &d->tries[i];
			if (a->status != DELIVERY_SENT)
				continue;
			if (a->next_qid.n && slice_equal(a->next_qid, hop->qid))
				return a;
			if (!found || (a->t_us > found->t_us && found->t_us < hop->arrived_us))
				found = a;
		}
	return found;
}

/* A server logs the next one's answer after the next one has logged that the mail came: as long as
 * the handing over took, the two stays overlap and there is no gap. More than that is the clocks.
 */
static void
set_gap(struct view_hop *h)
{
	const struct attempt *a = h->before ? handing_try(h->before->jh->hop, h->jh->hop) : NULL;
	if (!a)
		return;
	int64_t overlap_ms = 1000;
	for (int i = 2; i < 4; i++)
		overlap_ms += a->delays_ms[i] > 0 ? a->delays_ms[i] : 0;
	h->has_gap = true;
	h->gap_ms = (h->jh->hop->arrived_us - a->t_us) / 1000;
	if (h->gap_ms < 0 && h->gap_ms >= -overlap_ms)
		h->gap_ms = 0;
}

static void
set_state(struct view_hop *h)
{
	const struct hop *hop = h->jh->hop;
	h->open = !hop_closed(hop);
	/* local(8) forwards without a client, as do notices and probes. */
	h->headless = !(hop->flags & (HOP_STARTED | HOP_NDR | HOP_PROBE)) && !h->jh->notice &&
		      h->jh->join != JOIN_FORWARDED;
	h->left_us = hop->removed_us;
	if (!h->left_us && !h->open)
		h->left_us = hop->last_us;
}

static void
add_hops(struct view *v, const uint32_t *branch)
{
	v->hops = arena_zero(&v->arena, (v->j.n_hops + 1) * sizeof(*v->hops));
	for (size_t i = 0; i < v->j.n_hops; i++)
		if (!branch || v->j.hops[i].branch == *branch)
			v->hops[v->n_hops++].jh = &v->j.hops[i];
	if (v->n_hops)
		qsort(v->hops, v->n_hops, sizeof(*v->hops), compare_n);
	for (size_t i = 0; i < v->n_hops; i++) {
		struct view_hop *h = &v->hops[i];
		h->n = (uint32_t)i + 1;
		h->before = h->jh->before ? find_hop(v, h->jh->before) : NULL;
		set_state(h);
		set_gap(h);
	}
}

static void
make_id(struct view_arrival *a, uint64_t mail_id)
{
	struct buf id = {0};
	mail_id_text_add(
		&id, &(struct mail_id_text){.mail_id = mail_id,
			     .branch = a->branch,
			     .minute = mail_id_text_minute(a->entry->jh->hop->arrived_us)});
	snprintf(a->id, sizeof(a->id), "%s", buf_str(&id));
	buf_fini(&id);
}

static void
add_arrivals(struct view *v)
{
	v->arrivals = arena_zero(&v->arena, (v->n_hops + 1) * sizeof(*v->arrivals));
	for (size_t i = 0; i < v->n_hops; i++) {
		struct view_hop *h = &v->hops[i];
		if (h->before) {
			h->arrival = h->before->arrival;
			continue;
		}
		h->arrival = (uint32_t)v->n_arrivals;
		struct view_arrival *a = &v->arrivals[v->n_arrivals++];
		a->entry = h;
		a->branch = h->jh->branch;
		make_id(a, v->mail->id);
	}
}

static struct view_delivery *
add_delivery(struct view *v)
{
	if (v->n_deliveries == v->cap_deliveries) {
		v->cap_deliveries = v->cap_deliveries ? v->cap_deliveries * 2 : 8;
		v->deliveries =
			memory_grow(v->deliveries, v->cap_deliveries * sizeof(*v->deliveries));
	}
	struct view_delivery *d = &v->deliveries[v->n_deliveries++];
	*d = (struct view_delivery){0};
	return d;
}

static void
add_leaf(struct view *v, const struct view_hop *h, const struct leaf *leaf)
{
	struct view_arrival *a = &v->arrivals[h->arrival];
	*add_delivery(v) = (struct view_delivery){.at = h,
		.delivery = leaf->delivery,
		.last = leaf->last,
		.final = true,
		.to = leaf->to,
		.orig_to = leaf->orig_to,
		.status = leaf->status,
		.reason = leaf->reason,
		.way = leaf->way,
		.last_us = leaf->last_us};
	a->way = leaf->way;
	if (leaf->last_us > a->last_us)
		a->last_us = leaf->last_us;
}

/* A try that is not the last word: what was sent went on to a server of ours. */
static enum status
passing_status(const struct delivery *d, const struct attempt *a)
{
	static const enum status words[] = {[DELIVERY_SENT] = STATUS_RELAYED,
		[DELIVERY_DEFERRED] = STATUS_DEFERRED,
		[DELIVERY_BOUNCED] = STATUS_BOUNCED,
		[DELIVERY_EXPIRED] = STATUS_EXPIRED,
		[DELIVERY_DELIVERABLE] = STATUS_UNKNOWN};
	if (d->refused)
		return STATUS_REJECTED;
	return a ? words[a->status] : STATUS_UNKNOWN;
}

static const struct view_hop *
next_hop(const struct view *v, const struct view_hop *h, const struct attempt *a)
{
	const struct view_hop *any = NULL;
	for (size_t i = 0; a && i < v->n_hops; i++) {
		const struct view_hop *next = &v->hops[i];
		if (next->before != h)
			continue;
		if (a->next_qid.n && slice_equal(a->next_qid, next->jh->hop->qid))
			return next;
		any = any ? any : next;
	}
	return any;
}

static void
add_passing(struct view *v, const struct view_hop *h, const struct delivery *d)
{
	const struct attempt *last = delivery_last(d);
	*add_delivery(v) = (struct view_delivery){.at = h,
		.delivery = d,
		.last = last,
		.to = d->to,
		.orig_to =
			slice_equal_nocase(d->orig_to, d->to) ? (struct slice){"", 0} : d->orig_to,
		.status = passing_status(d, last),
		.reason = last && last->status != DELIVERY_SENT
				  ? reason_of(last->code, last->dsn, last->reply)
				  : REASON_NONE,
		.last_us = last ? last->t_us : h->jh->hop->last_us,
		.next = next_hop(v, h, last)};
}

static int
compare_leaves(const void *a, const void *b)
{
	const struct leaf *x = *(const struct leaf *const *)a, *y = *(const struct leaf *const *)b;
	if (x->delivery != y->delivery)
		return x->delivery < y->delivery ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* First of the sorted leaves with this delivery; `*count` of them. */
static const struct leaf *const *
leaves_of(const struct leaf *const *leaves, size_t n, const struct delivery *d, size_t *count)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (leaves[mid]->delivery < d)
			low = mid + 1;
		else
			high = mid;
	}
	for (*count = 0; low + *count < n && leaves[low + *count]->delivery == d;)
		++*count;
	return leaves + low;
}

/* Every recipient of every hop; the leaves are the last words. */
static void
add_deliveries(struct view *v)
{
	const struct leaf **leaves = memory_new((v->j.n_leaves + 1) * sizeof(*leaves));
	size_t count;
	for (size_t i = 0; i < v->j.n_leaves; i++)
		leaves[i] = &v->j.leaves[i];
	if (v->j.n_leaves)
		qsort(leaves, v->j.n_leaves, sizeof(*leaves), compare_leaves);
	for (size_t i = 0; i < v->n_hops; i++) {
		const struct view_hop *h = &v->hops[i];
		const struct leaf *const *found = leaves_of(leaves, v->j.n_leaves, NULL, &count);
		for (size_t k = 0; k < count; k++)
			if (found[k]->at == h->jh)
				add_leaf(v, h, found[k]);
		for (const struct delivery *d = h->jh->hop->deliveries; d; d = d->next) {
			found = leaves_of(leaves, v->j.n_leaves, d, &count);
			for (size_t k = 0; k < count; k++)
				add_leaf(v, h, found[k]);
			if (count == 0)
				add_passing(v, h, d);
		}
	}
	free(leaves);
}

/* Is anything missing: the beginning or the end of a hop, or a whole server? */
static void
set_times(struct view *v)
{
	v->complete = true;
	v->first_us = v->hops[0].jh->hop->arrived_us;
	for (size_t i = 0; i < v->n_hops; i++) {
		const struct view_hop *h = &v->hops[i];
		struct view_arrival *a = &v->arrivals[h->arrival];
		v->complete &= !h->open && !h->headless;
		if (h->jh->hop->last_us > v->last_us)
			v->last_us = h->jh->hop->last_us;
		if (h->jh->hop->last_us > a->last_us)
			a->last_us = h->jh->hop->last_us;
	}
	for (size_t i = 0; i < v->n_deliveries; i++)
		if (v->deliveries[i].final)
			v->complete &= v->deliveries[i].status != STATUS_RELAYED &&
				       v->deliveries[i].status != STATUS_UNKNOWN;
}

bool
view_init(
	struct view *v, const struct mail *mail, const uint32_t *branch, struct topology *topology)
{
	*v = (struct view){.mail = mail};
	journey_build(&v->j, mail, topology, &v->arena);
	add_hops(v, branch);
	if (v->n_hops == 0)
		return false;
	add_arrivals(v);
	add_deliveries(v);
	set_times(v);
	view_judge(v);
	return true;
}

void
view_fini(struct view *v)
{
	buf_fini(&v->verdict.text);
	free(v->deliveries);
	free(v->related);
	arena_fini(&v->arena);
	*v = (struct view){0};
}

/* ---- for a reader who may not see all of it ---- */

static void
keep_deliveries(struct view *v, view_keep *keep, void *context)
{
	size_t kept = 0;
	for (size_t i = 0; i < v->n_deliveries; i++) {
		const struct view_delivery *d = &v->deliveries[i];
		if (keep(context, d->to) || (d->orig_to.n && keep(context, d->orig_to)))
			v->deliveries[kept++] = *d;
	}
	v->n_deliveries = kept;
}

/* Where a hop is now; NULL when it is left out. `moved` has a place for each old one. */
static const struct view_hop *
moved_to(const struct view_hop *old, const struct view_hop *h, const struct view_hop *const *moved)
{
	return h ? moved[h - old] : NULL;
}

/* Hops on the way to a recipient that is kept. */
static void
keep_hops(struct view *v)
{
	const struct view_hop *old = v->hops;
	const struct view_hop **moved = arena_zero(&v->arena, v->n_hops * sizeof(*moved));
	bool *wanted = arena_zero(&v->arena, v->n_hops * sizeof(*wanted));
	struct view_hop *hops = arena_zero(&v->arena, (v->n_hops + 1) * sizeof(*hops));
	size_t n = 0;
	for (size_t i = 0; i < v->n_deliveries; i++)
		for (const struct view_hop *h = v->deliveries[i].at; h; h = h->before)
			wanted[h - old] = true;
	for (size_t i = 0; i < v->n_hops; i++)
		if (wanted[i]) {
			hops[n] = old[i];
			hops[n].n = (uint32_t)n + 1;
			moved[i] = &hops[n++];
		}
	for (size_t i = 0; i < n; i++)
		hops[i].before = moved_to(old, hops[i].before, moved);
	for (size_t i = 0; i < v->n_deliveries; i++) {
		v->deliveries[i].at = moved_to(old, v->deliveries[i].at, moved);
		v->deliveries[i].next = moved_to(old, v->deliveries[i].next, moved);
	}
	v->hops = hops;
	v->n_hops = n;
}

bool
view_restrict(struct view *v, view_keep *keep, void *context)
{
	keep_deliveries(v, keep, context);
	v->partial = true;
	if (v->n_deliveries == 0)
		return false;
	keep_hops(v);
	v->n_arrivals = 0;
	v->last_us = 0;
	add_arrivals(v);
	for (size_t i = 0; i < v->n_deliveries; i++)
		if (v->deliveries[i].final)
			v->arrivals[v->deliveries[i].at->arrival].way = v->deliveries[i].way;
	set_times(v);
	buf_fini(&v->verdict.text);
	v->verdict = (struct view_verdict){0};
	view_judge(v);
	return true;
}

const struct hop *
view_sender(const struct view *v, size_t arrival)
{
	for (size_t i = 0; i < v->n_hops; i++)
		if (v->hops[i].arrival == arrival && (v->hops[i].jh->hop->flags & HOP_FROM))
			return v->hops[i].jh->hop;
	return NULL;
}

int64_t
view_size_bytes(const struct view *v)
{
	for (size_t i = 0; i < v->n_hops; i++)
		if (v->hops[i].jh->hop->size_bytes >= 0)
			return v->hops[i].jh->hop->size_bytes;
	return -1;
}

void
view_add_relay(struct buf *b, const struct attempt *a)
{
	buf_add(b, a->relay_name);
	if (a->relay_ip.n)
		buf_addf(b, "[%.*s]", SLICE_ARG(a->relay_ip));
	if (a->relay_port.n)
		buf_addf(b, ":%.*s", SLICE_ARG(a->relay_port));
}

struct slice
view_code(const struct attempt *a)
{
	return a->dsn.n ? a->dsn : a->code;
}

/* "host mx.example.com[192.0.2.7] said: 550 ...": smtp(8) names the relay, which is shown beside.
 */
struct slice
view_reply(const struct attempt *a)
{
	ptrdiff_t said = slice_find(a->reply, S(" said: "));
	if (said < 0 || !slice_starts(a->reply, S("host ")) ||
		slice_find_char(slice_of(a->reply.p + 5, (size_t)said - 5), ' ') >= 0)
		return a->reply;
	return slice_skip(a->reply, (size_t)said + 7);
}

const char *
view_try_status(const struct view_delivery *d, size_t i)
{
	const struct attempt *a = &d->delivery->tries[i];
	bool ends = i + 1 == d->delivery->n_tries && a->status != DELIVERY_DEFERRED;
	return status_name(ends ? d->status : passing_status(d->delivery, a));
}

/* ---- lines ---- */

struct numbered {
	const struct hop_line *line;
	size_t seq; /* equal stamps stay in the order of the log */
};

static int
compare_ids(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;
	if (x->line->id != y->line->id)
		return x->line->id < y->line->id ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int
compare_times(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;
	if (x->line->t_us != y->line->t_us)
		return x->line->t_us < y->line->t_us ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static size_t
number_lines(const struct view *v, struct numbered **lines)
{
	size_t n = 0;
	for (size_t i = 0; i < v->n_hops; i++)
		n += v->hops[i].jh->hop->n_lines;
	*lines = memory_new((n + 1) * sizeof(**lines));
	n = 0;
	for (size_t i = 0; i < v->n_hops; i++)
		for (uint32_t k = 0; k < v->hops[i].jh->hop->n_lines; k++, n++)
			(*lines)[n] = (struct numbered){&v->hops[i].jh->hop->lines[k], n};
	return n;
}

const struct hop_line **
view_lines(const struct view *v, size_t *n)
{
	struct numbered *lines;
	size_t total = number_lines(v, &lines);
	*n = 0;
	/* Lines of a session belong to each of its mails: once is enough. */
	qsort(lines, total, sizeof(*lines), compare_ids);
	for (size_t i = 0; i < total; i++)
		if (*n == 0 || lines[i].line->id != lines[*n - 1].line->id)
			lines[(*n)++] = lines[i];
	qsort(lines, *n, sizeof(*lines), compare_times);
	const struct hop_line **result = memory_new((*n + 1) * sizeof(*result));
	for (size_t i = 0; i < *n; i++)
		result[i] = lines[i].line;
	free(lines);
	return result;
}
