/* Joining the hops of a mail: who handed it to whom, and where it came in. */
#include "trace/journey_internal.h"

#include <stdlib.h>

#define SKEW_US	  (10 * TIME_MINUTE_US) /* clocks of two servers, at most */
#define WEAK_US	  (30 * TIME_MINUTE_US) /* a join by Message-ID alone */
#define TALK_US	  (2 * TIME_HOUR_US)	/* from the arrival at the next server to its answer */
#define MAX_PAIRS 65536			/* compared for weak joins: beyond it is a flood */

struct linking {
	struct journey_hop *hops;
	struct journey_hop **by_qid; /* the same, sorted by queue id */
	size_t n;
};

static bool
same_host(const struct journey_hop *a, const struct journey_hop *b)
{
	return slice_equal(a->hop->host, b->hop->host);
}

/* Did A exist before B, as far as two clocks can tell? On one host the order is certain. */
static bool
is_before(const struct journey_hop *a, const struct journey_hop *b)
{
	int64_t slack_us = same_host(a, b) ? TIME_SECOND_US : SKEW_US;
	return a->hop->first_us <= b->hop->arrived_us + slack_us;
}

/* Would `after` -> `before` close a circle? */
static bool
leads_back(const struct journey_hop *before, const struct journey_hop *after)
{
	for (int i = 0; before && i < JOURNEY_MAX_CHAIN; i++, before = before->before)
		if (before == after)
			return true;
	return before != NULL;
}

static void
propose(struct journey_hop *after, struct journey_hop *before, enum join join)
{
	if (after == before || join <= after->join || leads_back(before, after))
		return;
	after->before = before;
	after->join = join;
}

static int
compare_slices(struct slice a, struct slice b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int
compare_qid(const void *a, const void *b)
{
	const struct journey_hop *x = *(struct journey_hop *const *)a,
				 *y = *(struct journey_hop *const *)b;
	int order = compare_slices(x->hop->qid, y->hop->qid);
	return order ? order : x < y ? -1 : x > y;
}

/* First of the hops with this queue id in the list sorted by queue id; `*count` of them. */
static struct journey_hop **
find_qid(const struct linking *l, struct slice qid, size_t *count)
{
	size_t low = 0, high = l->n;
	*count = 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (compare_slices(qid, l->by_qid[mid]->hop->qid) > 0)
			low = mid + 1;
		else
			high = mid;
	}
	while (low + *count < l->n && slice_equal(qid, l->by_qid[low + *count]->hop->qid))
		(*count)++;
	return l->by_qid + low;
}

/* XFORWARD, requeue, a filter's own log: the line of B names A. */
static void
link_orig(const struct linking *l, struct journey_hop *b)
{
	size_t count;
	struct journey_hop *best = NULL;
	if (b->hop->orig_qid.n == 0)
		return;
	struct journey_hop **found = find_qid(l, b->hop->orig_qid, &count);
	for (size_t i = 0; i < count; i++) {
		struct journey_hop *a = found[i];
		if (a == b || !is_before(a, b))
			continue;
		bool nearer = best && same_host(a, b) != same_host(best, b)
				      ? same_host(a, b)
				      : !best || a->hop->arrived_us > best->hop->arrived_us;
		if (nearer)
			best = a;
	}
	if (!best)
		return;
	propose(b, best, JOIN_ORIG_QUEUE_ID);
	if (b->before == best && (b->hop->flags & HOP_FILTER))
		best->filter = b;
}

/* The words of A name B: fits when B came while A was trying. */
static void
link_named(const struct linking *l, struct journey_hop *a, struct slice qid, int64_t t_us,
	enum join join)
{
	size_t count;
	struct journey_hop **found = find_qid(l, qid, &count);
	for (size_t i = 0; i < count; i++) {
		struct journey_hop *b = found[i];
		int64_t away_us = b->hop->arrived_us - t_us;
		if (join == JOIN_FORWARDED && !same_host(a, b))
			continue;
		if (is_before(a, b) && away_us < SKEW_US && away_us > -TALK_US)
			propose(b, a, join);
	}
}

static void
link_try(const struct linking *l, struct journey_hop *a, const struct attempt *try)
{
	struct slice session = hop_session_base(try->session);
	enum join join = try->outcome == OUTCOME_FORWARDED ? JOIN_FORWARDED : JOIN_QUEUED_AS;
	if (try->status != DELIVERY_SENT)
		return;
	if (try->next_qid.n)
		link_named(l, a, try->next_qid, try->t_us, join);
	if (session.n)
		link_named(l, a, session, try->t_us, JOIN_QUEUED_AS);
}

static void
link_tries(const struct linking *l, struct journey_hop *a)
{
	struct slice done = {"", 0};
	for (const struct delivery *d = a->hop->deliveries; d; d = d->next) {
		for (uint32_t i = 0; i < d->n_tries; i++) {
			const struct attempt *try = &d->tries[i];
			if (try->next_qid.n && slice_equal(try->next_qid, done))
				continue;
			done = try->next_qid;
			link_try(l, a, try);
		}
	}
	for (const struct check *c = a->hop->checks; c; c = c->next) {
		struct slice rest = c->next_qids, qid;
		while (rest.n && slice_split(&rest, '/', &qid))
			link_named(l, a, qid, c->t_us, JOIN_QUEUED_AS);
	}
}

static bool
is_loopback(struct slice text)
{
	struct ip ip;
	return ip_parse(text, false, &ip) && ip_is_loopback(&ip);
}

static bool
is_local_client(const struct hop *hop)
{
	return (hop->flags & HOP_LOCAL) || is_loopback(hop->client_ip) ||
	       slice_equal_nocase(hop->client_name, S("localhost")) ||
	       slice_equal_nocase(hop->client_name, hop->host);
}

/* Does the answer name a queue id that another hop has? Then it was not handed to this one. */
static bool
was_named(const struct linking *l, const struct attempt *try)
{
	size_t count = 0;
	if (try->next_qid.n)
		find_qid(l, try->next_qid, &count);
	return count > 0;
}

/* Within the host: to a filter, a program, a list manager that brought it back. */
static bool
may_come_back(const struct hop *hop, const struct delivery *d, const struct attempt *last)
{
	bool own = last->program == PROGRAM_EXCHANGE &&
		   topology_same_host(last->relay_name, hop->host);
	return own || d->forwarded || last->outcome == OUTCOME_FORWARDED ||
	       last->outcome == OUTCOME_COMMAND || is_loopback(last->relay_ip);
}

/* To the other host, or to a server without logs that handed it on to the other host. */
static bool
may_have_reached(const struct attempt *last, const struct journey_hop *b)
{
	return topology_same_host(last->relay_name, b->hop->host) ||
	       topology_same_host(last->relay_name, b->hop->client_name) ||
	       (last->relay_ip.n && slice_equal(last->relay_ip, b->hop->client_ip));
}

static bool
handed_on(const struct linking *l, const struct journey_hop *a, const struct journey_hop *b)
{
	bool here = same_host(a, b);
	for (const struct delivery *d = a->hop->deliveries; d; d = d->next) {
		const struct attempt *last = delivery_last(d);
		if (!last || last->status != DELIVERY_SENT || was_named(l, last))
			continue;
		if (here ? may_come_back(a->hop, d, last) : may_have_reached(last, b))
			return true;
	}
	return false;
}

/* Does nothing but the Message-ID, the hosts and the time speak for A before B? */
static bool
fits_weakly(const struct linking *l, const struct journey_hop *a, const struct journey_hop *b)
{
	bool here = same_host(a, b);
	int64_t slack_us = here ? 0 : SKEW_US;
	if (a->hop->first_us > b->hop->arrived_us + slack_us ||
		b->hop->arrived_us - a->hop->last_us > WEAK_US)
		return false;
	if (here)
		return is_local_client(b->hop) && a->hop->arrived_us < b->hop->arrived_us &&
		       handed_on(l, a, b);
	return topology_same_host(b->hop->client_name, a->hop->host) || handed_on(l, a, b);
}

/* No queue id tells where B came from: its client is a server that had this Message-ID shortly
 * before. */
static void
link_weak(const struct linking *l, struct journey_hop *b)
{
	struct journey_hop *best = NULL;
	for (size_t i = 0; i < l->n; i++) {
		struct journey_hop *a = &l->hops[i];
		if (a != b && fits_weakly(l, a, b) &&
			(!best || a->hop->arrived_us > best->hop->arrived_us))
			best = a;
	}
	if (best)
		propose(b, best, JOIN_MESSAGE_ID);
}

static void
link_weakly(const struct linking *l)
{
	size_t open = 0;
	for (size_t i = 0; i < l->n; i++)
		open += !l->hops[i].before && !l->hops[i].notice;
	if (l->n < 2 || open * l->n > MAX_PAIRS)
		return;
	for (size_t i = 0; i < l->n; i++)
		if (!l->hops[i].before && !l->hops[i].notice)
			link_weak(l, &l->hops[i]);
}

static bool
passed_on_to(const struct hop *filter, struct slice qid)
{
	for (const struct check *c = filter->checks; c; c = c->next) {
		struct slice rest = c->next_qids, id;
		while (rest.n && slice_split(&rest, '/', &id))
			if (slice_equal(id, qid))
				return true;
	}
	return false;
}

/* A server names the one before the filter, or is named by it: the filter was between them. */
static void
insert_filter(struct journey_hop *b)
{
	struct journey_hop *filter = b->before ? b->before->filter : NULL;
	if (filter && filter != b && filter->before == b->before &&
		passed_on_to(filter->hop, b->hop->qid))
		b->before = filter;
}

/* Amavis notifies senders, recipients and administrators under "<VS" (VR, VA), its mail_id,
 * "@host>". */
static bool
is_amavis_notice(struct slice msgid)
{
	return msgid.n > 15 && slice_starts(msgid, S("<V")) && memchr("SRA", msgid.p[2], 3) &&
	       slice_find_char(msgid, '@') >= 15 && slice_find_char(msgid, '@') <= 19;
}

/* A mail of our own making: a notice that a bounce line names; one from the null sender, or from
 * Postfix's own address for probes and notices to the postmaster, that no client brought; one by a
 * program on the server. */
static bool
is_notice(const struct hop *hop)
{
	if (hop->flags & (HOP_NDR | HOP_PROBE))
		return true;
	if (!(hop->flags & HOP_FROM) || hop->orig_qid.n)
		return false;
	bool own = slice_starts(hop->from, S("double-bounce@"));
	if (!(hop->flags & HOP_STARTED))
		return hop->msgid.n && (hop->from.n == 0 || own);
	if (is_local_client(hop) && is_amavis_notice(hop->msgid))
		return true;
	return hop->from.n == 0 && (is_local_client(hop) || is_amavis_notice(hop->msgid));
}

/* A filter's or milter's lines alone, without a Message-ID, may be of a mail that is counted
 * elsewhere. */
static bool
can_be_entry(const struct hop *hop)
{
	return !hop_mute(hop) && !((hop->flags & HOP_FILTER) && hop->msgid.n == 0);
}

static uint32_t
branch_of(const struct hop *entry)
{
	return (uint32_t)mail_id_of_hop(entry->host, entry->qid, entry->arrived_us);
}

struct journey_hop *
journey_root(struct journey_hop *jh)
{
	for (int i = 0; jh->before && i < JOURNEY_MAX_CHAIN; i++)
		jh = jh->before;
	return jh;
}

static void
settle(struct journey_hop *jh)
{
	struct journey_hop *root = journey_root(jh);
	jh->branch = branch_of(root->hop);
	jh->notice |= root->notice;
	jh->entry = !jh->before && !jh->notice && can_be_entry(jh->hop);
}

void
journey_link(struct journey_hop *hops, size_t n, struct arena *arena)
{
	struct linking l = {
		.hops = hops, .n = n, .by_qid = arena_new(arena, n * sizeof(*l.by_qid))};
	for (size_t i = 0; i < n; i++) {
		hops[i].notice = is_notice(hops[i].hop);
		l.by_qid[i] = &hops[i];
	}
	qsort(l.by_qid, n, sizeof(*l.by_qid), compare_qid);
	for (size_t i = 0; i < n; i++)
		link_orig(&l, &hops[i]);
	for (size_t i = 0; i < n; i++)
		link_tries(&l, &hops[i]);
	link_weakly(&l);
	for (size_t i = 0; i < n; i++)
		insert_filter(&hops[i]);
	for (size_t i = 0; i < n; i++)
		settle(&hops[i]);
}
