/* Refusals, losses, and what access maps and header checks do to a mail. */
#include "trace/trace_internal.h"

#include "base/memory.h"
#include "parse/reason.h"

#include <stdlib.h>

#define MAX_PENDING	1000		      /* of one session */
#define MAX_ALL_PENDING 50000		      /* of all */
#define FILTER_US	(10 * TIME_MINUTE_US) /* in a filter before the queue */

static struct slice
put(char **to, struct slice s)
{
	char *at = *to;
	if (s.n)
		memcpy(at, s.p, s.n);
	*to += s.n;
	return slice_of(at, s.n);
}

/* A milter or proxy filter that names spam, a virus or a banned part has blocked the mail. */
static enum status
refusal_status(const struct event *e)
{
	if (e->check.n == 0 && slice_starts(e->code, S("5")))
		return STATUS_REJECTED;
	switch (reason_of(e->code, e->dsn, e->text)) {
	case REASON_GREYLISTED:
		return STATUS_GREYLISTED;
	case REASON_SPAM:
	case REASON_VIRUS:
	case REASON_BANNED:
		return e->check.n ? STATUS_BLOCKED : STATUS_REJECTED;
	default:
		return STATUS_REJECTED;
	}
}

static struct reject *
new_reject(struct at *at, const struct session *s, enum status status)
{
	const struct event *e = at->e;
	struct slice name = e->client_name.n || !s ? e->client_name : s->client_name;
	struct slice ip = e->client_ip.n || !s ? e->client_ip : s->client_ip;
	size_t n = at->host->name.n + e->qid.n + e->stage.n + e->code.n + e->dsn.n + e->text.n +
		   name.n + ip.n + e->helo.n + e->sasl_user.n + e->from.n + e->to.n +
		   at->line->raw.n;
	struct reject *r = memory_zero(1, sizeof(*r) + n);
	char *to = r->bytes;
	r->t_us = e->t_us;
	r->line_id = trace_nth_id(at);
	r->status = status;
	r->program = e->program;
	r->host = put(&to, at->host->name);
	r->qid = put(&to, e->qid);
	r->stage = put(&to, e->stage);
	r->code = put(&to, e->code);
	r->dsn = put(&to, e->dsn);
	r->text = put(&to, e->text);
	r->client_name = put(&to, name);
	r->client_ip = put(&to, ip);
	r->helo = put(&to, e->helo);
	r->sasl_user = put(&to, e->sasl_user);
	r->from = put(&to, e->from);
	r->to = put(&to, e->to);
	r->has_from = e->has_from;
	r->raw = put(&to, at->line->raw);
	return r;
}

static void
give_reject(struct trace *trace, struct reject *reject)
{
	trace->counts.rejects++;
	reject->next = NULL;
	trace->sink.reject(trace->sink.context, reject);
}

void
trace_give_pending(struct trace *trace, struct session *s)
{
	while (s->pending) {
		struct reject *reject = s->pending;
		s->pending = reject->next;
		give_reject(trace, reject);
	}
	trace->n_pending -= s->n_pending;
	s->pending_tail = &s->pending;
	s->n_pending = 0;
}

static bool
in_mail(struct slice stage)
{
	return slice_equal(stage, S("DATA")) || slice_equal(stage, S("BDAT")) ||
	       slice_equal(stage, S("RCPT")) || slice_starts(stage, S("END-OF-MESSAGE"));
}

void
trace_on_lost(struct at *at)
{
	if (at->e->program == PROGRAM_POSTSCREEN)
		return; /* its HANGUPs and timeouts are noise of bots */
	struct session *s = trace_find_session(at);
	if (s && s->hop && in_mail(at->e->stage) && !(s->hop->flags & HOP_QUEUED)) {
		trace_leave_mail(s, at, true);
		return;
	}
	if (!s || s->n_records == 0)
		give_reject(at->trace, new_reject(at, s, STATUS_CANCELED));
	if (s)
		s->n_records++;
}

void
trace_on_auth_failed(struct at *at)
{
	if (at->e->program != PROGRAM_SMTPD && at->e->program != PROGRAM_POSTFIX)
		return; /* IMAP and POP logins are not mail */
	struct session *s = trace_find_session(at);
	struct reject *reject = new_reject(at, s, STATUS_REJECTED);
	if (reject->stage.n == 0)
		reject->stage = S("AUTH");
	give_reject(at->trace, reject);
	if (s)
		s->n_records++;
}

static void
keep_refusal(struct hop *hop, struct attempt *a, const struct event *e)
{
	a->t_us = e->t_us;
	a->program = e->program;
	a->code = arena_copy(&hop->arena, e->code);
	a->dsn = arena_copy(&hop->arena, e->dsn);
	a->reply = arena_copy(&hop->arena, e->text);
}

static void
hint(struct hop *hop, const struct event *e)
{
	if (hop->hint_to.n == 0 && e->to.n)
		hop->hint_to = arena_copy(&hop->arena, e->to);
	if (!(hop->flags & HOP_FROM) && e->has_from) {
		hop->from = arena_copy(&hop->arena, e->from);
		hop->flags |= HOP_FROM;
	}
	if (hop->helo.n == 0 && e->helo.n)
		hop->helo = arena_copy(&hop->arena, e->helo);
}

static void
refuse_recipient(struct hop *hop, const struct event *e)
{
	struct delivery *d = hop_delivery(hop, e->to, (struct slice){"", 0}, true);
	if (!d)
		return;
	d->refused = true;
	keep_refusal(hop, delivery_add_try(hop, d), e);
}

/* A refusal with a queue id: of one recipient, or of the whole mail. */
static void
refuse_mail(struct at *at)
{
	const struct event *e = at->e;
	struct hop *hop = trace_hop_of(at);
	trace_add_evidence(at, hop);
	if (slice_equal(e->stage, S("RCPT")) && e->to.n) {
		refuse_recipient(hop, e);
		return;
	}
	hint(hop, e);
	if (hop->flags & (HOP_QUEUED | HOP_REMOVED))
		return;
	hop->flags |= HOP_REFUSED;
	hop->filter_block = refusal_status(e) == STATUS_BLOCKED;
	keep_refusal(hop, &hop->refusal, e);
}

/* The same mail may go on to its other recipients: wait for its queue id. */
static bool
may_wait(const struct trace *trace, const struct session *s, const struct event *e)
{
	return s && slice_equal(e->stage, S("RCPT")) && e->to.n && s->n_pending < MAX_PENDING &&
	       trace->n_pending < MAX_ALL_PENDING;
}

void
trace_on_refused(struct at *at)
{
	const struct event *e = at->e;
	if (slice_equal(e->action, S("reject_warning")))
		return; /* warn_if_reject: nothing was refused */
	struct session *s = e->program != PROGRAM_POSTSCREEN ? trace_find_session(at) : NULL;
	if (s)
		s->n_records++;
	if (e->qid.n) {
		refuse_mail(at);
		return;
	}
	struct reject *reject = new_reject(at, s, refusal_status(e));
	if (!may_wait(at->trace, s, e)) {
		give_reject(at->trace, reject);
		return;
	}
	*s->pending_tail = reject;
	s->pending_tail = &reject->next;
	s->n_pending++;
	at->trace->n_pending++;
}

/* An access map held the mail before it had a queue id. */
static void
hold_next(struct at *at)
{
	struct session *s = trace_find_session(at);
	if (!s || s->hold || s->n_lines >= SESSION_LINES)
		return;
	s->hold = true;
	s->hold_to = arena_copy(&s->arena, at->e->to);
	s->hold_reason = arena_copy(&s->arena, at->e->text);
	trace_session_line(s, at);
}

/* "proxy-accept": a filter before the queue passed the mail on, and another smtpd gave it this
 * queue id. */
static void
accept_from_filter(struct at *at)
{
	struct hop *hop = trace_find_hop(at->trace, at->host, at->e->instance, at->e->next_qid);
	if (!hop || at->e->t_us - hop->arrived_us > FILTER_US)
		return;
	trace_add_evidence(at, hop);
	trace_lend_session(at, hop);
}

/* Actions of access maps and header checks that are not refusals. */
void
trace_on_action(struct at *at)
{
	const struct event *e = at->e;
	bool hold = slice_equal_nocase(e->action, S("hold"));
	if (e->qid.n == 0) {
		if (hold)
			hold_next(at);
		else if (e->next_qid.n)
			accept_from_filter(at);
		return;
	}
	struct hop *hop = trace_hop_of(at);
	trace_add_evidence(at, hop);
	hint(hop, e);
	if (hop->subject.n == 0 && e->subject.n)
		hop->subject = arena_copy(&hop->arena, e->subject);
	if (hop->flags & HOP_QUEUED)
		return;
	if (hold) {
		hop->flags |= HOP_HELD;
		hop->hold_reason = arena_copy(&hop->arena, e->text);
	} else if (slice_equal_nocase(e->action, S("discard"))) {
		hop->flags |= HOP_DISCARDED;
		keep_refusal(hop, &hop->refusal, e);
	}
}

/* Does an earlier refusal in the session belong to this mail? Same sender, and a recipient the mail
 * does not have otherwise. */
static bool
is_of_mail(const struct reject *reject, struct hop *hop)
{
	return reject->has_from && (hop->flags & HOP_FROM) &&
	       slice_equal_nocase(reject->from, hop->from) &&
	       !hop_delivery(hop, reject->to, (struct slice){"", 0}, false);
}

/* Its line stands before the line that begins the mail, as in the log. */
static void
add_refused(struct hop *hop, const struct reject *reject)
{
	struct delivery *d = hop_delivery(hop, reject->to, (struct slice){"", 0}, true);
	if (!d)
		return;
	struct attempt *a = delivery_add_try(hop, d);
	d->refused = true;
	a->t_us = reject->t_us;
	a->program = reject->program;
	a->code = arena_copy(&hop->arena, reject->code);
	a->dsn = arena_copy(&hop->arena, reject->dsn);
	a->reply = arena_copy(&hop->arena, reject->text);
	hop_insert_line(hop, hop->first_own++, reject->t_us, reject->line_id, reject->raw);
}

void
trace_settle_pending(struct trace *trace, struct hop *hop)
{
	while (hop->pending) {
		struct reject *reject = hop->pending;
		hop->pending = reject->next;
		if (!is_of_mail(reject, hop)) {
			give_reject(trace, reject);
			continue;
		}
		add_refused(hop, reject);
		free(reject);
	}
}
