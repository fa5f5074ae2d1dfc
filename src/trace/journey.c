#include "trace/journey_internal.h"

#include <assert.h>
#include <stdlib.h>

const char *
join_name(enum join join)
{
	static const char *const names[] = {[JOIN_NONE] = "none",
		[JOIN_MESSAGE_ID] = "message_id",
		[JOIN_QUEUED_AS] = "queued_as",
		[JOIN_FORWARDED] = "forwarded",
		[JOIN_ORIG_QUEUE_ID] = "orig_queue_id"};
	return names[join];
}

bool
journey_accepted(const struct journey_hop *entry)
{
	uint32_t flags = entry->hop->flags;
	if (flags & (HOP_QUEUED | HOP_HELD | HOP_DELETED | HOP_EXPIRED))
		return true;
	/* A header check that discards answers "250 Ok": the mail was taken. */
	return (flags & HOP_DISCARDED) || !(flags & (HOP_REFUSED | HOP_CANCELED));
}

struct slice
journey_client_ip(const struct journey_hop *entry)
{
	return entry->hop->client_ip;
}

static bool
is_ours(const struct building *b, const struct hop *hop)
{
	struct ip ip;
	return hop->sasl_user.n || (hop->flags & HOP_LOCAL) ||
	       (ip_parse(hop->client_ip, false, &ip) && ip_is_loopback(&ip)) ||
	       topology_own_network(b->topology, hop->client_ip) ||
	       topology_is_submission(b->topology, hop->host);
}

/* A mailbox of ours took it, whatever its owner does with it: not a program, which may be a filter.
 */
static bool
in_mailbox(const struct delivery *d)
{
	const struct attempt *last = delivery_last(d);
	return last && last->status == DELIVERY_SENT && last->program != PROGRAM_PIPE &&
	       journey_delivers_here(last);
}

/* Learns the domains whose mail ends here. */
static void
learn_of_hops(struct building *b)
{
	for (size_t i = 0; i < b->j->n_hops; i++)
		for (const struct delivery *d = b->j->hops[i].hop->deliveries; d; d = d->next)
			if (in_mailbox(d))
				topology_add_domain(b->topology, slice_domain(d->to), true);
}

static void
learn_of_leaf(struct building *b, const struct leaf *leaf)
{
	const struct attempt *last = leaf->last;
	if (!last || !leaf->delivery || leaf->status != STATUS_DELIVERED ||
		!journey_delivers_here(last))
		return;
	topology_add_domain(b->topology, slice_domain(leaf->to), true);
	if (!is_ours(b, leaf->entry->hop))
		topology_add_domain(b->topology, slice_domain(leaf->orig_to), true);
}

static bool
ends_here(const struct building *b, const struct leaf *leaf)
{
	return topology_own_address(b->topology, leaf->to) ||
	       topology_own_address(b->topology, leaf->orig_to) ||
	       (leaf->last && leaf->status == STATUS_DELIVERED &&
		       journey_delivers_here(leaf->last));
}

static enum way
way_of(const struct building *b, struct leaf *leaves, size_t n)
{
	const struct hop *entry = leaves[0].entry->hop;
	bool inside = false, outside = false, ours = is_ours(b, entry) || leaves[0].entry->notice;
	for (size_t i = 0; i < n; i++) {
		bool here = leaves[i].ends_here = ends_here(b, &leaves[i]);
		leaves[i].ours = ours;
		inside |= here;
		outside |= !here;
	}
	if (ours)
		return outside ? WAY_OUT : WAY_INTERNAL;
	if (inside)
		return WAY_IN;
	return topology_own_address(b->topology, entry->from) ? WAY_OUT : WAY_RELAY;
}

static void
build_arrival(struct building *b, struct journey_hop *entry)
{
	size_t first = b->j->n_leaves;
	journey_walk(b, entry);
	size_t n = b->j->n_leaves - first;
	if (n == 0)
		return;
	struct leaf *leaves = b->j->leaves + first;
	for (size_t i = 0; i < n; i++)
		learn_of_leaf(b, &leaves[i]);
	enum way way = way_of(b, leaves, n);
	for (size_t i = 0; i < n; i++) {
		leaves[i].way = way;
		leaves[i].first = i == 0;
		leaves[i].counted = entry->entry;
	}
}

static int
compare_slices(struct slice a, struct slice b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* By arrival, then queue id and host, so that the order of input does not matter. */
static int
compare_hops(const void *a, const void *b)
{
	const struct hop *x = ((const struct journey_hop *)a)->hop,
			 *y = ((const struct journey_hop *)b)->hop;
	if (x->arrived_us != y->arrived_us)
		return x->arrived_us < y->arrived_us ? -1 : 1;
	int order = compare_slices(x->qid, y->qid);
	return order ? order : compare_slices(x->host, y->host);
}

/* A hop can be earlier by its own clock than the one it came from: put it behind. */
static void
number_hops(struct journey *j)
{
	uint32_t n = 0;
	for (size_t i = 0; i < j->n_hops; i++)
		j->hops[i].n = 0;
	for (size_t pass = 0; pass < j->n_hops && n < j->n_hops; pass++)
		for (size_t i = 0; i < j->n_hops; i++) {
			struct journey_hop *jh = &j->hops[i];
			if (jh->n == 0 && (!jh->before || jh->before->n))
				jh->n = ++n;
		}
}

static void
take_hops(struct journey *j, const struct mail *mail, struct arena *arena)
{
	size_t n = 0;
	assert(mail->n_hops > 0);
	j->hops = arena_zero(arena, mail->n_hops * sizeof(*j->hops));
	for (struct hop *hop = mail->hops; hop; hop = hop->next)
		j->hops[n++].hop = hop;
	assert(n == mail->n_hops);
	j->n_hops = n;
	qsort(j->hops, n, sizeof(*j->hops), compare_hops);
	for (size_t i = 0; i < n && j->msgid.n == 0; i++)
		j->msgid = j->hops[i].hop->msgid;
}

void
journey_build(
	struct journey *j, const struct mail *mail, struct topology *topology, struct arena *arena)
{
	struct building b = {.j = j, .topology = topology, .arena = arena};
	*j = (struct journey){0};
	take_hops(j, mail, arena);
	journey_link(j->hops, j->n_hops, arena);
	number_hops(j);
	learn_of_hops(&b);
	journey_prepare_walk(&b);
	for (size_t i = 0; i < j->n_hops; i++) {
		if (j->hops[i].before)
			continue;
		j->n_entries += j->hops[i].entry;
		build_arrival(&b, &j->hops[i]);
	}
	map_fini(&b.stops);
}
