/*
 * Exchange message tracking: the internal-message-id is the queue id of a server, the message-id
 * joins servers. Events: Microsoft, "Event types in the message tracking log".
 */
#include "trace/trace_internal.h"

enum act {
	ACT_NONE, /* shadow copies, agents and bookkeeping are no steps of the mail */
	ACT_RECEIVE,
	ACT_SEND,
	ACT_DELIVER,
	ACT_DEFER,
	ACT_FAIL,
	ACT_DROP,
	ACT_EXPAND,
	ACT_NOTICE,
};

static enum act
act_of(struct slice event_id)
{
	static const struct {
		const char *name;
		enum act act;
	} rows[] = {
		{"RECEIVE", ACT_RECEIVE},
		{"SUBMIT", ACT_RECEIVE},
		{"RESUBMIT", ACT_RECEIVE},
		{"SEND", ACT_SEND},
		{"SENDEXTERNAL", ACT_SEND},
		{"TRANSFER", ACT_SEND},
		{"DELIVER", ACT_DELIVER},
		{"DEFER", ACT_DEFER},
		{"FAIL", ACT_FAIL},
		{"BADMAIL", ACT_FAIL},
		{"SUBMITFAIL", ACT_FAIL},
		{"POISONMESSAGE", ACT_FAIL},
		{"DROP", ACT_DROP},
		{"EXPAND", ACT_EXPAND},
		{"REDIRECT", ACT_EXPAND},
		{"RESOLVE", ACT_EXPAND},
		{"DSN", ACT_NOTICE},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (slice_equal_nocase(event_id, slice_of_str(rows[i].name)))
			return rows[i].act;
	return ACT_NONE;
}

static struct slice
first_label(struct slice host)
{
	ptrdiff_t dot = slice_find_char(host, '.');
	return dot <= 0 ? host : slice_head(host, (size_t)dot);
}

/* Whose log it is: the sender of what is sent, else the server that is named. The columns hold the
 * name now with its domain and now without. A host that the reader of the log was told stays. */
struct slice
trace_exchange_host(const struct event *e)
{
	enum act act = act_of(e->action);
	bool sends = act == ACT_SEND || slice_equal_nocase(e->action, S("SUBMIT"));
	if (!slice_equal(e->host, e->relay_name) && !slice_equal(e->host, e->client_name))
		return e->host;
	return first_label(sends && e->client_name.n ? e->client_name : e->host);
}

static void
add_try(struct at *at, struct hop *hop, struct slice rcpt, enum delivery_status status,
	enum outcome outcome)
{
	const struct event *e = at->e;
	struct delivery *d = hop_delivery(hop, rcpt, (struct slice){"", 0}, true);
	if (!d || (delivery_last(d) && delivery_last(d)->status == DELIVERY_SENT))
		return;
	struct attempt *try = delivery_add_try(hop, d);
	trace_fill_try(hop, try, e);
	try->status = status;
	try->outcome = outcome;
}

static void
each_rcpt(struct at *at, struct hop *hop, enum delivery_status status, enum outcome outcome)
{
	struct slice rest = at->e->rcpts, rcpt;
	while (event_next_rcpt(&rest, &rcpt)) {
		if (status == DELIVERY_NONE)
			hop_delivery(hop, rcpt, (struct slice){"", 0}, true);
		else
			add_try(at, hop, rcpt, status, outcome);
	}
}

/* Where it came from. A mailbox server may log nothing but the delivery. */
static void
begin(struct hop *hop, const struct event *e, enum act act)
{
	if ((hop->flags & HOP_STARTED) || (act != ACT_RECEIVE && act != ACT_DELIVER))
		return;
	hop->client_name = arena_copy(&hop->arena, e->client_name);
	hop->client_ip = arena_copy(&hop->arena, e->client_ip);
	bool by_itself = slice_equal_nocase(first_label(e->client_name), hop->host);
	if (act == ACT_RECEIVE ? slice_equal_nocase(e->source, S("STOREDRIVER")) : by_itself)
		hop->flags |= HOP_LOCAL;
	if (act != ACT_RECEIVE)
		return;
	hop->arrived_us = e->t_us;
	hop->flags |= HOP_STARTED;
}

/* All recipients have their end: nothing more will come. */
static void
close_when_done(struct hop *hop)
{
	for (const struct delivery *d = hop->deliveries; d; d = d->next) {
		const struct attempt *last = delivery_last(d);
		if (!d->expanded && (!last || last->status == DELIVERY_DEFERRED)) {
			hop->flags &= ~(uint32_t)HOP_REMOVED;
			return;
		}
	}
	if (!hop->deliveries)
		return;
	hop->flags |= HOP_REMOVED;
	hop->removed_us = hop->last_us;
}

/* A group or a contact was resolved: the address is replaced by others. */
static void
expand(struct at *at, struct hop *hop)
{
	struct slice rest = at->e->rcpts, rcpt, none = {"", 0}, list = at->e->orig_to;
	struct delivery *old = list.n ? hop_delivery(hop, list, none, false) : NULL;
	if (old && !old->n_tries)
		old->expanded = true;
	while (event_next_rcpt(&rest, &rcpt)) {
		struct delivery *d = hop_delivery(hop, rcpt, none, true);
		if (!d)
			return;
		d->expanded &= !slice_equal_nocase(rcpt, list);
		if (d->expanded_from.n == 0 && !slice_equal_nocase(rcpt, list))
			d->expanded_from = arena_copy(&hop->arena, list);
	}
}

static void
apply(struct at *at, struct hop *hop, enum act act)
{
	switch (act) {
	case ACT_RECEIVE:
		each_rcpt(at, hop, DELIVERY_NONE, OUTCOME_NONE);
		break;
	case ACT_SEND:
		each_rcpt(at, hop, DELIVERY_SENT, OUTCOME_SENT);
		break;
	case ACT_DELIVER:
		each_rcpt(at, hop, DELIVERY_SENT, OUTCOME_STORED);
		break;
	case ACT_DEFER:
		each_rcpt(at, hop, DELIVERY_DEFERRED, OUTCOME_NONE);
		break;
	case ACT_FAIL:
		each_rcpt(at, hop,
			at->e->status == DELIVERY_EXPIRED ? DELIVERY_EXPIRED : DELIVERY_BOUNCED,
			OUTCOME_NONE);
		break;
	case ACT_DROP:
		each_rcpt(at, hop, DELIVERY_SENT, OUTCOME_DISCARDED);
		break;
	case ACT_EXPAND:
		expand(at, hop);
		break;
	case ACT_NOTICE:
		hop->flags |= HOP_NDR;
		each_rcpt(at, hop, DELIVERY_NONE, OUTCOME_NONE);
		break;
	case ACT_NONE:
		break;
	}
}

static void
keep_facts(struct hop *hop, const struct event *e)
{
	if (!(hop->flags & HOP_FROM) && e->has_from) {
		hop->from = arena_copy(&hop->arena, e->from);
		hop->flags |= HOP_FROM;
	}
	if (e->size_bytes >= 0 && hop->size_bytes < 0)
		hop->size_bytes = e->size_bytes;
	if (e->nrcpt > hop->nrcpt)
		hop->nrcpt = e->nrcpt;
	if (hop->subject.n == 0 && e->subject.n)
		hop->subject = arena_copy(&hop->arena, e->subject);
}

void
trace_on_exchange(struct at *at)
{
	const struct event *e = at->e;
	enum act act = act_of(e->action);
	if (act == ACT_NONE || e->qid.n == 0) {
		at->trace->counts.orphans += act != ACT_NONE;
		return;
	}
	struct hop *hop = trace_hop_of(at);
	begin(hop, e, act);
	trace_add_evidence(at, hop);
	trace_name_mail(at->trace, hop, e->msgid);
	keep_facts(hop, e);
	hop->flags |= HOP_QUEUED;
	apply(at, hop, act);
	close_when_done(hop);
	if (e->status == DELIVERY_SENT)
		trace_promise(at->trace, hop, e->next_qid, e->t_us);
}
