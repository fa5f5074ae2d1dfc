/* What became of a recipient, and why. */
#include "trace/journey_internal.h"

#include "parse/reason.h"

bool
journey_is_local(enum program program)
{
	return program == PROGRAM_LOCAL || program == PROGRAM_VIRTUAL || program == PROGRAM_PIPE ||
	       program == PROGRAM_DOVECOT || program == PROGRAM_CYRUS;
}

bool
journey_delivers_here(const struct attempt *try)
{
	if (journey_is_local(try->program))
		return true;
	if (try->program == PROGRAM_LMTP)
		return try->next_qid.n == 0; /* a content filter that speaks LMTP names one */
	return try->outcome == OUTCOME_STORED || try->outcome == OUTCOME_FILE;
}

static bool
is_bad(const struct check *c)
{
	return c->stopped && (c->verdict == VERDICT_SPAM || c->verdict == VERDICT_VIRUS ||
				     c->verdict == VERDICT_BANNED);
}

static bool
is_for(const struct check *c, struct slice to)
{
	struct slice rest = c->rcpts, rcpt;
	if (rest.n == 0)
		return true;
	while (event_next_rcpt(&rest, &rcpt))
		if (slice_equal_nocase(rcpt, to))
			return true;
	return false;
}

/* The check that stopped the mail for this recipient, in the hop or in its filter's own log. */
static const struct check *
stopping_check(const struct journey_hop *at, struct slice to)
{
	for (; at; at = at->filter)
		for (const struct check *c = at->hop->checks; c; c = c->next)
			if (is_bad(c) && is_for(c, to))
				return c;
	return NULL;
}

/* Handed to a filter or another service of this very host. */
static bool
stays_here(const struct attempt *try)
{
	struct ip ip;
	return !journey_delivers_here(try) && ip_parse(try->relay_ip, false, &ip) &&
	       ip_is_loopback(&ip);
}

static bool
leaves_host(const struct hop *hop, const struct attempt *try)
{
	return !journey_delivers_here(try) && !slice_equal_nocase(try->relay_name, hop->host);
}

static bool
goes_to_own_host(const struct building *b, const struct hop *hop, const struct attempt *try)
{
	return leaves_host(hop, try) &&
	       topology_own_host(b->topology, try->relay_name, try->relay_ip);
}

bool
journey_rcpt_refused(const struct leaf *leaf)
{
	return leaf->delivery && leaf->delivery->refused;
}

bool
journey_handed_over(const struct leaf *leaf)
{
	return leaf->status == STATUS_DELIVERED && leaf->last && leaf->delivery->folder.n == 0 &&
	       leaves_host(leaf->at->hop, leaf->last);
}

static enum status
sent_status(const struct building *b, const struct journey_hop *at, const struct delivery *d,
	const struct attempt *try)
{
	if (try->outcome == OUTCOME_BLOCKED)
		return STATUS_BLOCKED;
	if (d->folder.n)
		return STATUS_DELIVERED;
	if (try->outcome == OUTCOME_FORWARDED || d->forwarded)
		return STATUS_RELAYED;
	if (try->outcome == OUTCOME_DISCARDED || d->dropped)
		return stopping_check(at, d->to) ? STATUS_BLOCKED : STATUS_DISCARDED;
	if (stays_here(try))
		return stopping_check(at, d->to) ? STATUS_BLOCKED : STATUS_RELAYED;
	bool passed_by_filter = at->hop->flags & HOP_FILTER;
	return passed_by_filter || goes_to_own_host(b, at->hop, try) ? STATUS_RELAYED
								     : STATUS_DELIVERED;
}

static enum status
refused_status(const struct attempt *refusal)
{
	enum reason reason = reason_of(refusal->code, refusal->dsn, refusal->reply);
	return reason == REASON_GREYLISTED ? STATUS_GREYLISTED : STATUS_REJECTED;
}

/* What became of a recipient that was not sent, from the state of its hop. */
enum status
journey_hop_status(const struct hop *hop)
{
	if (hop->flags & HOP_DELETED)
		return STATUS_DELETED;
	if (hop->flags & HOP_EXPIRED)
		return STATUS_EXPIRED;
	if (hop->flags & HOP_HELD)
		return STATUS_HELD;
	if (hop->flags & HOP_DISCARDED)
		return STATUS_DISCARDED;
	if (hop->flags & HOP_CANCELED)
		return STATUS_CANCELED;
	if (!(hop->flags & HOP_REFUSED))
		return STATUS_UNKNOWN;
	return hop->filter_block ? STATUS_BLOCKED : refused_status(&hop->refusal);
}

static enum status
deferred_status(const struct hop *hop)
{
	enum status state = journey_hop_status(hop);
	return state == STATUS_UNKNOWN ? STATUS_DEFERRED : state;
}

enum status
journey_status(const struct building *b, const struct journey_hop *at, const struct delivery *d)
{
	const struct attempt *last = delivery_last(d);
	if (!last)
		return journey_hop_status(at->hop);
	if (d->refused)
		return refused_status(last);
	switch (last->status) {
	case DELIVERY_SENT:
		return sent_status(b, at, d, last);
	case DELIVERY_BOUNCED:
		return stopping_check(at, d->to) ? STATUS_BLOCKED : STATUS_BOUNCED;
	case DELIVERY_EXPIRED:
		return STATUS_EXPIRED;
	case DELIVERY_DEFERRED:
		return deferred_status(at->hop);
	default:
		return STATUS_UNKNOWN;
	}
}

static enum reason
reason_of_verdict(const struct check *c)
{
	switch (c ? c->verdict : VERDICT_NONE) {
	case VERDICT_SPAM:
		return REASON_SPAM;
	case VERDICT_VIRUS:
		return REASON_VIRUS;
	case VERDICT_BANNED:
		return REASON_BANNED;
	default:
		return REASON_NONE;
	}
}

enum reason
journey_reason(const struct leaf *leaf)
{
	const struct attempt *a = leaf->last;
	if (leaf->status == STATUS_DELIVERED || leaf->status == STATUS_RELAYED)
		return REASON_NONE;
	if (leaf->status == STATUS_BLOCKED) {
		enum reason reason = reason_of_verdict(stopping_check(leaf->at, leaf->to));
		if (reason != REASON_NONE)
			return reason;
	}
	enum reason reason = a ? reason_of(a->code, a->dsn, a->reply) : REASON_NONE;
	if (reason != REASON_NONE)
		return reason;
	return leaf->status == STATUS_EXPIRED	  ? REASON_EXPIRED
	       : leaf->status == STATUS_DISCARDED ? REASON_CONTENT
						  : REASON_NONE;
}
