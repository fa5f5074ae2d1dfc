/*
 * From each arrival over all hops to the last word for each recipient.
 *
 * A recipient passes from a hop to the next under its own name, or under the names it was turned
 * into (orig_to, aliases, a rewriting filter). Each delivery of a hop is the end of one recipient's
 * way, so it is taken once; what nobody took at last (copies that a server added) goes to the
 * arrival itself.
 */
#include "trace/journey_internal.h"

#define MAX_ELIMINATED 1000 /* recipients compared, where no name tells */

/* A delivery of a hop that came from another one, to be found by that one and an address. */
struct stop {
	struct journey_hop *at;
	const struct delivery *d;
	bool taken;
};

struct stop_key {
	struct map_node node;
	struct stop *stop;
	struct slice address;
};

/* What the walk needs to know of a hop. */
struct route {
	struct stop *stops; /* only with a hop before it */
	struct journey_hop *next_of_arrival;
	struct journey_hop *first_child, *next_child;
};

/* A recipient on its way: what the sender wrote, and since how many hops. */
struct passing {
	struct slice orig;
	struct journey_hop *entry;
	int depth;
};

/* What the recipient was before this server resolved it. */
static struct slice
original(const struct delivery *d)
{
	return d->orig_to.n ? d->orig_to : d->expanded_from.n ? d->expanded_from : d->to;
}

static struct route *
route_of(const struct building *b, const struct journey_hop *jh)
{
	return &b->routes[jh - b->j->hops];
}

static uint64_t
stop_hash(const struct journey_hop *before, struct slice address)
{
	uint64_t hash = (uint64_t)(uintptr_t)before;
	for (size_t i = 0; i < address.n; i++)
		hash = (hash ^ (unsigned char)slice_lower_char(address.p[i])) * 1099511628211u;
	return hash ^ hash >> 32;
}

static void
add_key(struct building *b, struct stop *stop, struct slice address)
{
	struct stop_key *key = arena_new(b->arena, sizeof(*key));
	key->stop = stop;
	key->address = address;
	map_add(&b->stops, &key->node, stop_hash(stop->at->before, address));
}

static void
add_stops(struct building *b, struct journey_hop *jh)
{
	struct route *route = route_of(b, jh), *before = route_of(b, jh->before);
	struct stop *stops = arena_new(b->arena, jh->hop->n_deliveries * sizeof(*stops));
	uint32_t n = 0;
	route->stops = stops;
	route->next_child = before->first_child;
	before->first_child = jh;
	for (const struct delivery *d = jh->hop->deliveries; d; d = d->next)
		stops[n++] = (struct stop){.at = jh, .d = d};
	while (n-- > 0) { /* the map gives the newest first */
		struct slice orig = original(stops[n].d);
		add_key(b, &stops[n], stops[n].d->to);
		if (!slice_equal_nocase(orig, stops[n].d->to))
			add_key(b, &stops[n], orig);
	}
}

void
journey_prepare_walk(struct building *b)
{
	b->routes = arena_zero(b->arena, b->j->n_hops * sizeof(*b->routes));
	for (size_t i = b->j->n_hops; i-- > 0;)
		if (b->j->hops[i].before)
			add_stops(b, &b->j->hops[i]);
	for (size_t i = b->j->n_hops; i-- > 0;) {
		struct journey_hop *jh = &b->j->hops[i], *root = journey_root(jh);
		if (root == jh)
			continue;
		route_of(b, jh)->next_of_arrival = route_of(b, root)->next_of_arrival;
		route_of(b, root)->next_of_arrival = jh;
	}
}

static struct leaf *
add_leaf(struct building *b, struct journey_hop *at, const struct passing *p, struct slice to,
	enum status status)
{
	struct journey *j = b->j;
	if (j->n_leaves == j->cap_leaves) {
		size_t cap = j->cap_leaves ? j->cap_leaves * 2 : 4;
		struct leaf *bigger = arena_new(b->arena, cap * sizeof(*bigger));
		if (j->n_leaves)
			memcpy(bigger, j->leaves, j->n_leaves * sizeof(*bigger));
		j->leaves = bigger;
		j->cap_leaves = cap;
	}
	struct leaf *leaf = &j->leaves[j->n_leaves++];
	*leaf = (struct leaf){.at = at,
		.entry = p->entry,
		.to = to,
		.status = status,
		.last_us = at->hop->last_us};
	if (!slice_equal_nocase(p->orig, to))
		leaf->orig_to = p->orig;
	return leaf;
}

static void
add_delivery_leaf(struct building *b, struct journey_hop *at, const struct passing *p,
	const struct delivery *d)
{
	struct leaf *leaf = add_leaf(b, at, p, d->to, journey_status(b, at, d));
	leaf->delivery = d;
	leaf->last = delivery_last(d);
	leaf->tries = d->n_tries;
	if (leaf->last)
		leaf->last_us = leaf->last->t_us;
	leaf->reason = journey_reason(leaf);
}

/* The mail has no line for any recipient here: held, refused, canceled, or only just begun. */
static void
add_empty_leaf(struct building *b, struct journey_hop *at, const struct passing *p, struct slice to)
{
	struct hop *hop = at->hop;
	struct leaf *leaf = add_leaf(b, at, p, to, journey_hop_status(hop));
	if (hop->flags & (HOP_REFUSED | HOP_DISCARDED))
		leaf->last = &hop->refusal;
	if (hop->flags & HOP_DELETED)
		leaf->last_us = hop->removed_us;
	leaf->reason = leaf->status == STATUS_DISCARDED ? REASON_CONTENT : journey_reason(leaf);
}

/* Next stop behind `at` with this address. */
static struct stop *
find_stop(const struct building *b, const struct journey_hop *at, struct slice address,
	struct map_node **node)
{
	uint64_t hash = stop_hash(at, address);
	struct map_node *n = *node ? map_next(*node, hash) : map_first(&b->stops, hash);
	for (; n; n = map_next(n, hash)) {
		struct stop_key *key = MAP_ENTRY(n, struct stop_key, node);
		if (key->stop->at->before == at && slice_equal_nocase(key->address, address)) {
			*node = n;
			return key->stop;
		}
	}
	return NULL;
}

/* Can this delivery have gone on to another hop? */
static bool
goes_on(const struct hop *hop, const struct delivery *d)
{
	const struct attempt *last = delivery_last(d);
	if (d->refused)
		return false;
	if (!last || last->status == DELIVERY_DEFERRED)
		return hop->flags & HOP_REQUEUED;
	bool dropped = last->outcome == OUTCOME_DISCARDED || (d->dropped && !d->forwarded);
	return last->status == DELIVERY_SENT && !dropped && last->outcome != OUTCOME_BLOCKED;
}

static bool
is_named(const struct attempt *last, const struct journey_hop *jh)
{
	return last && ((last->next_qid.n && slice_equal(last->next_qid, jh->hop->qid)) ||
			       (last->session.n &&
				       slice_equal(hop_session_base(last->session), jh->hop->qid)));
}

/* Without a recipient or a queue id that tells: is it at least the server that the mail was handed
 * to? */
static bool
is_target(const struct journey_hop *at, const struct attempt *last, const struct journey_hop *jh)
{
	struct ip ip;
	if (!last || (last->next_qid.n && jh->join != JOIN_ORIG_QUEUE_ID))
		return !last;
	if (!slice_equal(at->hop->host, jh->hop->host))
		return topology_same_host(last->relay_name, jh->hop->host) ||
		       jh->join == JOIN_MESSAGE_ID;
	return journey_delivers_here(last) ||
	       (ip_parse(last->relay_ip, false, &ip) && ip_is_loopback(&ip));
}

/* A queue id tells more than a recipient does, and the server more than its filter. */
static int
rank(const struct attempt *last, const struct stop *stop)
{
	return (stop->at->hop->flags & HOP_FILTER ? 0 : 1) + (stop->taken ? 0 : 2) +
	       (is_named(last, stop->at) ? 4 : 0);
}

/* Where did this delivery go on? To a hop that came from `at` and has the recipient; else to one
 * that rewrote it, or has logged no recipient yet. */
static struct journey_hop *
next_of(const struct building *b, const struct journey_hop *at, const struct delivery *d)
{
	const struct attempt *last = delivery_last(d);
	const struct stop *best = NULL, *stop;
	struct map_node *node = NULL;
	while ((stop = find_stop(b, at, d->to, &node)))
		if (!best || rank(last, stop) > rank(last, best))
			best = stop;
	if (best)
		return best->at;
	struct journey_hop *target = NULL;
	for (struct journey_hop *jh = route_of(b, at)->first_child; jh;
		jh = route_of(b, jh)->next_child) {
		if (is_named(last, jh))
			return jh;
		if (!target && is_target(at, last, jh))
			target = jh;
	}
	return target;
}

static void pass_delivery(struct building *b, struct journey_hop *at, const struct delivery *d,
	const struct passing *p);

/* The stops of `next` under the name of the recipient. Two that were turned into one share it. */
static bool
pass_by_name(struct building *b, struct journey_hop *next, struct slice to, const struct passing *p)
{
	struct stop *stop, *shared = NULL;
	struct map_node *node = NULL;
	bool passed = false;
	while ((stop = find_stop(b, next->before, to, &node))) {
		if (stop->at != next)
			continue;
		if (stop->taken) {
			shared = stop;
			continue;
		}
		stop->taken = true;
		passed = true;
		pass_delivery(b, next, stop->d, p);
	}
	if (!passed && shared)
		pass_delivery(b, next, shared->d, p);
	return passed || shared;
}

static bool
is_of_another(const struct hop *before, const struct delivery *theirs)
{
	uint32_t looked_at = 0;
	for (const struct delivery *d = before->deliveries; d && looked_at < MAX_ELIMINATED;
		d = d->next, looked_at++)
		if (slice_equal_nocase(d->to, theirs->to) ||
			slice_equal_nocase(d->to, theirs->orig_to))
			return true;
	return false;
}

/* The stops of `next` that have no name of the hop before: what its recipients were turned into. */
static bool
pass_by_elimination(struct building *b, struct journey_hop *next, const struct passing *p)
{
	bool passed = false;
	struct stop *stop = route_of(b, next)->stops;
	for (uint32_t i = 0; i < next->hop->n_deliveries; i++, stop++) {
		if (stop->taken || is_of_another(next->before->hop, stop->d))
			continue;
		stop->taken = true;
		passed = true;
		pass_delivery(b, next, stop->d, p);
	}
	return passed;
}

/* False when nothing behind `at` tells of this delivery. */
static bool
pass_on(struct building *b, struct journey_hop *at, const struct delivery *d,
	const struct passing *p)
{
	struct journey_hop *next = next_of(b, at, d);
	if (!next)
		return false;
	if (pass_by_name(b, next, d->to, p) || pass_by_elimination(b, next, p))
		return true;
	if (next->hop->n_deliveries == 0)
		add_empty_leaf(b, next, p, d->to);
	return next->hop->n_deliveries == 0;
}

static void
pass_delivery(struct building *b, struct journey_hop *at, const struct delivery *d,
	const struct passing *p)
{
	struct passing mine = *p;
	if (d->expanded)
		return;
	if (mine.orig.n == 0)
		mine.orig = original(d);
	mine.depth++;
	bool kept = d->forwarded && d->folder.n; /* a copy, at least */
	bool passed =
		mine.depth <= JOURNEY_MAX_CHAIN && goes_on(at->hop, d) && pass_on(b, at, d, &mine);
	if (kept || !passed)
		add_delivery_leaf(b, at, &mine, d);
}

/* Recipients that a server on the way added. */
static void
pass_the_rest(struct building *b, struct journey_hop *entry)
{
	struct passing p = {.entry = entry};
	struct journey_hop *jh = route_of(b, entry)->next_of_arrival;
	for (; jh; jh = route_of(b, jh)->next_of_arrival) {
		struct stop *stop = route_of(b, jh)->stops;
		for (uint32_t i = 0; i < jh->hop->n_deliveries; i++, stop++) {
			if (stop->taken || (jh->hop->flags & HOP_FILTER))
				continue;
			stop->taken = true;
			pass_delivery(b, jh, stop->d, &p);
		}
	}
}

/* Only refused recipients, or none: the mail itself has an end too. */
static bool
needs_end_of_its_own(const struct building *b, const struct hop *hop, size_t before)
{
	bool whole =
		hop->flags & (HOP_REFUSED | HOP_DISCARDED | HOP_HELD | HOP_CANCELED | HOP_DELETED);
	for (size_t i = before; i < b->j->n_leaves; i++)
		if (!journey_rcpt_refused(&b->j->leaves[i]))
			return false;
	return whole || b->j->n_leaves == before;
}

void
journey_walk(struct building *b, struct journey_hop *entry)
{
	struct passing p = {.entry = entry};
	size_t before = b->j->n_leaves;
	for (const struct delivery *d = entry->hop->deliveries; d; d = d->next)
		pass_delivery(b, entry, d, &p);
	pass_the_rest(b, entry);
	if (!hop_mute(entry->hop) && needs_end_of_its_own(b, entry->hop, before))
		add_empty_leaf(b, entry, &p, entry->hop->hint_to);
}
