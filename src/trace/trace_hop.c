/* What the lines of a queue id do to its hop. */
#include "trace/trace_internal.h"

#define AFTER_REMOVED_US (60 * TIME_SECOND_US) /* lines that may still come after "removed" */

static struct slice
keep(struct hop *hop, struct slice s)
{
	return arena_copy(&hop->arena, s);
}

/* Sets a text once: the first line that knows it wins. */
static void
keep_once(struct hop *hop, struct slice *field, struct slice s)
{
	if (field->n == 0 && s.n)
		*field = keep(hop, s);
}

static bool
long_over(const struct hop *hop, const struct event *e)
{
	return hop->removed_us && e->t_us - hop->removed_us > AFTER_REMOVED_US && hop_closed(hop);
}

static bool
other_msgid(const struct hop *hop, const struct event *e)
{
	bool resent = e->resent || (hop->flags & HOP_RESENT);
	return hop->msgid.n && e->msgid.n && !resent && !slice_equal(hop->msgid, e->msgid);
}

/* smtpd may say that the mail is refused or the client lost before cleanup logs its Message-ID. */
static bool
names_another(const struct hop *hop, const struct event *e)
{
	if (hop->flags & (HOP_REMOVED | HOP_DELETED | HOP_REQUEUED | HOP_ENDED | HOP_FILTER))
		return true;
	bool over = hop_closed(hop) && hop->n_lines;
	return other_msgid(hop, e) || (over && e->t_us - hop->last_us > AFTER_REMOVED_US);
}

/* Does this line belong to a new mail that was given the queue id of an old one? Short queue ids
 * come back within seconds, long ones never. */
static bool
begins_another(const struct hop *hop, const struct event *e)
{
	switch (e->type) {
	case EVENT_CLIENT:
	case EVENT_PICKUP:
		return true; /* the first line of every mail that has one */
	case EVENT_MESSAGE_ID:
		return names_another(hop, e);
	case EVENT_QUEUED:
		return hop->flags & (HOP_REMOVED | HOP_DELETED);
	case EVENT_EXCHANGE:
		return false; /* internal ids do not come back */
	case EVENT_FILTER:
		return other_msgid(hop, e) || long_over(hop, e);
	default:
		return long_over(hop, e);
	}
}

/* postsuper goes by the name of the instance it was called from, filters have none. */
static struct slice
instance_of(const struct event *e)
{
	bool postfix = e->program >= PROGRAM_POSTFIX && e->program <= PROGRAM_VERIFY;
	return postfix ? e->instance : (struct slice){"", 0};
}

/* With stamps of whole seconds trace_is_repeat cannot tell a line that was sent again from an equal
 * one. But a mail has no two equal lines of one process within a second. */
bool
trace_hop_has_line(struct at *at)
{
	if (at->e->qid.n == 0 || at->e->t_us % TIME_SECOND_US)
		return false;
	const struct hop *hop = trace_find_hop(at->trace, at->host, instance_of(at->e), at->e->qid);
	return hop && hop_has_line(hop, at->line_id);
}

static bool
is_of_instance(const struct hop *hop, const struct event *e)
{
	return slice_equal(hop->instance, e->instance) ||
	       slice_equal(hop->queue_instance, e->instance);
}

struct hop *
trace_hop_of(struct at *at)
{
	const struct event *e = at->e;
	struct hop *hop;
	while ((hop = trace_find_hop(at->trace, at->host, instance_of(e), e->qid)) &&
		begins_another(hop, e)) {
		/* Another instance may have a mail of the same queue id at the same time. */
		if (!hop_closed(hop) && hop->instance.n && !is_of_instance(hop, e))
			return trace_make_hop(at, e->qid);
		hop->flags |= hop_closed(hop) ? 0 : HOP_ENDED;
		trace_end_qid(at->trace, hop);
	}
	if (!hop)
		return trace_make_hop(at, e->qid);
	if ((hop->flags & HOP_FILTER) && e->type != EVENT_FILTER && e->type != EVENT_CHECK)
		trace_end_filter_part(hop);
	return hop;
}

void
trace_add_evidence(struct at *at, struct hop *hop)
{
	hop_add_line(hop, at->e->t_us, at->line_id, at->line->raw);
	trace_touch(at->trace, hop, at->e->t_us);
}

/* A filter before the queue tells whom it had the mail from, and there is no queue id to name. */
static void
keep_client(struct hop *hop, const struct event *e)
{
	bool filtered = e->orig_client_ip.n && e->orig_qid.n == 0;
	keep_once(hop, &hop->client_name, filtered ? e->orig_client_name : e->client_name);
	keep_once(hop, &hop->client_ip, filtered ? e->orig_client_ip : e->client_ip);
}

static void
on_client(struct at *at, struct hop *hop)
{
	const struct event *e = at->e;
	hop->flags |= HOP_STARTED;
	hop->arrived_us = e->t_us;
	keep_client(hop, e);
	keep_once(hop, &hop->helo, e->helo);
	keep_once(hop, &hop->proto, e->proto);
	keep_once(hop, &hop->sasl_user, e->sasl_user);
	keep_once(hop, &hop->sasl_method, e->sasl_method);
	keep_once(hop, &hop->orig_qid, e->orig_qid);
	keep_once(hop, &hop->orig_client_name, e->orig_client_name);
	keep_once(hop, &hop->orig_client_ip, e->orig_client_ip);
	trace_session_mail(at, hop);
}

static void
on_pickup(struct at *at, struct hop *hop)
{
	const struct event *e = at->e;
	hop->flags |= HOP_STARTED | HOP_LOCAL;
	hop->arrived_us = e->t_us;
	keep_once(hop, &hop->uid, e->uid);
	keep_once(hop, &hop->orig_qid, e->orig_qid);
	if (e->has_from && !(hop->flags & HOP_FROM)) {
		hop->from = keep(hop, e->from);
		hop->flags |= HOP_FROM;
	}
}

static void
on_message_id(struct at *at, struct hop *hop)
{
	const struct event *e = at->e;
	keep_once(hop, &hop->queue_instance, e->instance);
	if ((hop->flags & HOP_RESENT) && !e->resent && e->msgid.n) {
		hop->flags &= ~(uint32_t)HOP_RESENT;
		hop->msgid.n = 0;
	}
	if (e->msgid.n == 0) {
		trace_nameless(at->trace, hop);
		return;
	}
	if (e->resent && hop->msgid.n == 0)
		hop->flags |= HOP_RESENT;
	trace_name_mail(at->trace, hop, e->msgid);
}

static void
on_queued(struct at *at, struct hop *hop)
{
	const struct event *e = at->e;
	keep_once(hop, &hop->queue_instance, e->instance);
	hop->flags |= HOP_QUEUED | HOP_FROM;
	hop->flags &= ~(uint32_t)(HOP_HELD | HOP_CANCELED);
	if (hop->from.n == 0)
		hop->from = keep(hop, e->from);
	if (e->size_bytes >= 0)
		hop->size_bytes = e->size_bytes;
	if (e->nrcpt >= 0)
		hop->nrcpt = e->nrcpt;
	/* cleanup logs the Message-ID before the queue manager gets the mail. Before 3.12 it says
	 * nothing when there is none. */
	if (hop->flags & HOP_STARTED)
		trace_nameless(at->trace, hop);
}

/* Takes what a line says of a try. */
void
trace_fill_try(struct hop *hop, struct attempt *try, const struct event *e)
{
	try->t_us = e->t_us;
	try->program = e->program;
	try->status = e->status;
	try->outcome = e->outcome;
	try->delay_ms = e->delay_ms;
	memcpy(try->delays_ms, e->delays_ms, sizeof(try->delays_ms));
	try->relay_name = keep(hop, e->relay_name);
	try->relay_ip = keep(hop, e->relay_ip);
	try->relay_port = keep(hop, e->relay_port);
	try->dsn = keep(hop, e->dsn);
	try->code = keep(hop, e->code);
	try->reply = keep(hop, e->reply);
	try->next_qid = keep(hop, e->next_qid);
	try->session = keep(hop, e->session);
	try->tls = keep(hop, e->tls);
}

static void
on_delivery(struct at *at, struct hop *hop)
{
	const struct event *e = at->e;
	struct delivery *d = hop_delivery(hop, e->to, e->orig_to, true);
	if (!d)
		return;
	struct attempt *try = delivery_add_try(hop, d);
	trace_fill_try(hop, try, e);
	if (e->status == DELIVERY_DELIVERABLE || e->status == DELIVERY_UNDELIVERABLE)
		hop->flags |= HOP_PROBE;
	/* A sent, bounced or deferred line says that the queue manager had it. */
	hop->flags |= HOP_QUEUED;
	hop->flags &= ~(uint32_t)(HOP_HELD | HOP_CANCELED);
	trace_transport_facts(at, hop, try);
	if (e->status == DELIVERY_SENT)
		trace_promise(at->trace, hop,
			e->next_qid.n ? e->next_qid : hop_session_base(e->session), e->t_us);
}

static void
on_removed(struct at *at, struct hop *hop)
{
	if (at->e->program == PROGRAM_POSTSUPER)
		hop->flags |= HOP_DELETED;
	else if (slice_equal(at->e->text, S("canceled")))
		hop->flags |= HOP_CANCELED | HOP_REMOVED;
	else if (slice_equal(at->e->text, S("discarded")))
		hop->flags |= HOP_DISCARDED | HOP_REMOVED;
	else
		hop->flags |= HOP_REMOVED;
	hop->removed_us = at->e->t_us;
}

/* The notification's own mail may be logged before this line or after it. */
static struct hop *
hop_of_notice(struct at *at, const struct hop *hop)
{
	const struct event *e = at->e;
	struct hop *ndr = trace_find_hop(at->trace, at->host, hop->instance, e->next_qid);
	if (ndr && ((ndr->flags & (HOP_STARTED | HOP_FILTER)) || long_over(ndr, e))) {
		trace_end_qid(at->trace, ndr);
		ndr = NULL;
	}
	return ndr ? ndr : trace_make_hop(at, e->next_qid);
}

static void
on_notice(struct at *at, struct hop *hop)
{
	const struct event *e = at->e;
	if (e->next_qid.n == 0 || slice_equal(e->next_qid, hop->qid))
		return;
	struct hop *ndr = hop_of_notice(at, hop);
	ndr->flags |= HOP_NDR;
	keep_once(ndr, &ndr->ndr_of, hop->qid);
	trace_add_evidence(at, ndr);
	for (struct delivery *d = hop->deliveries; d; d = d->next) {
		const struct attempt *last = delivery_last(d);
		bool failed = last && last->status != DELIVERY_SENT;
		if (failed && e->notice != NOTICE_DELAY)
			keep_once(hop, &d->ndr_qid, e->next_qid);
	}
}

/* What the queue manager or the administrator did with the whole mail. */
static void
mark(struct at *at, struct hop *hop)
{
	switch (at->e->type) {
	case EVENT_EXPIRED:
		hop->flags |= HOP_EXPIRED;
		break;
	case EVENT_HELD:
		hop->flags |= HOP_HELD;
		break;
	case EVENT_RELEASED:
		hop->flags &= ~(uint32_t)HOP_HELD;
		break;
	case EVENT_REQUEUED:
		hop->flags |= HOP_REQUEUED;
		hop->removed_us = at->e->t_us;
		break;
	case EVENT_REMOVED:
		on_removed(at, hop);
		break;
	default:
		break;
	}
}

static void
apply(struct at *at, struct hop *hop)
{
	switch (at->e->type) {
	case EVENT_CLIENT:
		on_client(at, hop);
		break;
	case EVENT_PICKUP:
		on_pickup(at, hop);
		break;
	case EVENT_MESSAGE_ID:
		on_message_id(at, hop);
		break;
	case EVENT_QUEUED:
		on_queued(at, hop);
		break;
	case EVENT_DELIVERY:
		on_delivery(at, hop);
		break;
	case EVENT_NOTICE:
		on_notice(at, hop);
		break;
	case EVENT_FILTER:
		trace_on_filter(at, hop);
		break;
	case EVENT_CHECK:
		trace_add_check(hop, at->e);
		break;
	default:
		mark(at, hop);
		break;
	}
}

void
trace_on_hop_event(struct at *at)
{
	enum event_type type = at->e->type;
	struct hop *hop = trace_hop_of(at);
	if (type == EVENT_CLIENT)
		apply(at, hop); /* first: it puts the session's lines before this one */
	trace_add_evidence(at, hop);
	if (type != EVENT_CLIENT)
		apply(at, hop);
}
