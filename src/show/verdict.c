/* The verdict on a mail: what became of it in one or two sentences, and who can do something about
 * it. */
#include "show/view.h"

#include "base/time.h"
#include "show/text.h"

enum { REPLY_COLUMNS = 200 };

/* Is the trouble in our own house: a transport without a network, or a server of ours that refuses?
 */
static bool
is_local_trouble(const struct attempt *a)
{
	return journey_is_local(a->program) || slice_find_char(a->relay_ip, '/') >= 0;
}

/* Did a server of ours refuse or stop it? */
static bool
is_ours(enum status status)
{
	return status == STATUS_REJECTED || status == STATUS_GREYLISTED || status == STATUS_BLOCKED;
}

static bool
is_theirs(enum status status)
{
	return status == STATUS_DEFERRED || status == STATUS_BOUNCED || status == STATUS_EXPIRED;
}

/* What a filter stopped was taken first: its code says nothing. */
static void
ask_answer(struct codes_question *q, const struct view_delivery *d)
{
	const struct attempt *a = d->last;
	if (!a || d->status == STATUS_BLOCKED)
		return;
	q->smtp = a->code;
	q->dsn = a->dsn;
	q->text = a->reply;
	q->mx = a->relay_name;
}

bool
view_explain(const struct view_delivery *d, struct codes_explanation *explanation)
{
	struct codes_question q = {.reason = d->reason,
		.we_said_it = is_ours(d->status),
		.given_up = d->status == STATUS_EXPIRED};
	if (!is_ours(d->status) && !is_theirs(d->status))
		return false;
	ask_answer(&q, d);
	if (!codes_explain(&q, explanation))
		return false;
	if (d->status == STATUS_BOUNCED || d->status == STATUS_BLOCKED)
		explanation->retry = CODES_RETRY_NO;
	bool remote = explanation->who == CODES_WHO_REMOTE_ADMINISTRATOR;
	if (d->status == STATUS_BLOCKED || (remote && d->last && is_local_trouble(d->last)))
		explanation->who = CODES_WHO_WE;
	return true;
}

static enum codes_who
who_of(const struct view_delivery *d)
{
	struct codes_explanation explanation;
	switch (d->status) {
	case STATUS_RELAYED:
	case STATUS_BLOCKED:
	case STATUS_DISCARDED:
	case STATUS_HELD:
	case STATUS_DELETED:
	case STATUS_UNKNOWN:
		return CODES_WHO_WE;
	case STATUS_DELIVERED:
	case STATUS_GREYLISTED:
		return CODES_WHO_NOBODY;
	default:
		if (view_explain(d, &explanation))
			return explanation.who;
		return is_theirs(d->status) ? CODES_WHO_REMOTE_ADMINISTRATOR : CODES_WHO_SENDER;
	}
}

/* ---- sentences ---- */

static void
add_quoted(struct buf *b, struct slice text)
{
	struct buf safe = {0};
	text_add_safe(&safe, text);
	buf_add_char(b, '"');
	text_add_cut(b, buf_slice(&safe), REPLY_COLUMNS, S("..."));
	buf_add_char(b, '"');
	buf_fini(&safe);
}

static void
add_time(struct buf *b, int64_t t_us)
{
	time_add_text(b, t_us);
	buf_add_str(b, " UTC");
}

static void
add_for(struct buf *b, const char *word, const struct view_delivery *d)
{
	if (d->to.n == 0)
		return;
	buf_addf(b, " %s ", word);
	text_add_safe(b, d->to);
}

/* "mx.example.com said "450 4.2.2 ..."", or who it was when nothing was said. */
static void
add_answer(struct buf *b, const struct view_delivery *d)
{
	const struct attempt *a = d->last;
	if (!a)
		return;
	buf_add_str(b, ": ");
	if (a->relay_name.n && !slice_equal(a->relay_name, S("none"))) {
		text_add_safe(b, a->relay_name);
		buf_add_str(b, " said ");
	}
	add_quoted(b, view_reply(a));
}

static void
add_tries(struct buf *b, const struct view_delivery *d)
{
	uint32_t n = d->delivery ? d->delivery->n_tries : 0;
	if (n < 2)
		return;
	buf_addf(b, " It was tried %u times, from ", (unsigned)n);
	add_time(b, d->delivery->tries[0].t_us);
	buf_add_str(b, " to ");
	add_time(b, d->last_us);
	buf_add_char(b, '.');
}

static void
say_delivered(struct buf *b, const struct view_delivery *d)
{
	const struct attempt *a = d->last;
	buf_add_str(b, "Delivered");
	add_for(b, "to", d);
	if (a && is_local_trouble(a)) {
		buf_add_str(b, ", into the mailbox");
		if (d->delivery && d->delivery->folder.n) {
			buf_add_char(b, ' ');
			text_add_safe(b, d->delivery->folder);
		}
	} else if (a && a->relay_name.n) {
		buf_add_str(b, ": ");
		text_add_safe(b, a->relay_name);
		buf_add_str(b, " took it");
	}
	buf_add_str(b, " at ");
	add_time(b, d->last_us);
	buf_add_char(b, '.');
}

static void
say_relayed(struct buf *b, const struct view_delivery *d)
{
	const struct attempt *a = d->last;
	if (a && a->outcome == OUTCOME_FORWARDED) {
		buf_add_str(b, "Forwarded");
		add_for(b, "for", d);
		buf_add_str(b, "; the log of the new mail is not here.");
		return;
	}
	buf_add_str(b, "Handed on");
	add_for(b, "for", d);
	buf_add_str(b, " to ");
	text_add_safe(b, a && a->relay_name.n ? a->relay_name : S("a server of ours"));
	buf_add_str(b, ", one of our servers, whose log does not show it: import that log.");
}

static void
say_deferred(struct buf *b, const struct view_delivery *d)
{
	buf_add_str(b, "Not delivered yet");
	add_for(b, "to", d);
	add_answer(b, d);
	buf_add_char(b, '.');
	add_tries(b, d);
	buf_add_str(b, " ");
	text_add_safe(b, d->at->jh->hop->host);
	buf_add_str(b, " tries again by itself.");
}

static void
say_failed(struct buf *b, const struct view_delivery *d, const char *words)
{
	buf_add_str(b, words);
	add_for(b, "to", d);
	add_answer(b, d);
	buf_add_char(b, '.');
	add_tries(b, d);
	if (d->delivery && d->delivery->ndr_qid.n)
		buf_add_str(b, " The sender got a notice.");
}

static void
say_refused(struct buf *b, const struct view_delivery *d)
{
	const struct hop *hop = d->at->jh->hop;
	text_add_safe(b, hop->host);
	buf_add_str(b, d->status == STATUS_GREYLISTED ? " put it off (greylisting)"
		       : d->status == STATUS_BLOCKED  ? " stopped it by content filter"
						      : " refused it");
	add_for(b, "for", d);
	if (d->last && d->last->reply.n) {
		buf_add_str(b, ": ");
		add_quoted(b, d->last->reply);
	}
	buf_add_char(b, '.');
	if (d->status == STATUS_GREYLISTED)
		buf_add_str(b, " The sending server has to come again.");
	if (d->status == STATUS_BLOCKED && d->reason != REASON_NONE)
		buf_addf(b, " Reason: %s.", reason_name(d->reason));
}

static void
say_state(struct buf *b, const struct view_delivery *d, const char *words)
{
	const struct hop *hop = d->at->jh->hop;
	buf_add_str(b, words);
	buf_add_char(b, ' ');
	text_add_safe(b, hop->host);
	add_for(b, "for", d);
	buf_add_str(b, " at ");
	add_time(b, d->last_us);
	if (d->status == STATUS_HELD && hop->hold_reason.n) {
		buf_add_str(b, ": ");
		add_quoted(b, hop->hold_reason);
	} else if (d->status == STATUS_DISCARDED && d->last && d->last->reply.n) {
		buf_add_str(b, ": ");
		add_quoted(b, d->last->reply);
	}
	buf_add_char(b, '.');
}

static void
say(struct buf *b, const struct view_delivery *d)
{
	switch (d->status) {
	case STATUS_DELIVERED:
		say_delivered(b, d);
		break;
	case STATUS_RELAYED:
		say_relayed(b, d);
		break;
	case STATUS_DEFERRED:
		say_deferred(b, d);
		break;
	case STATUS_BOUNCED:
		say_failed(b, d, "Bounced, not delivered");
		break;
	case STATUS_EXPIRED:
		say_failed(b, d, "Given up after too long, not delivered");
		break;
	case STATUS_DISCARDED:
		say_state(b, d, "Taken and thrown away by");
		break;
	case STATUS_HELD:
		say_state(b, d, "On hold until the administrator lets it go, on");
		break;
	case STATUS_DELETED:
		say_state(b, d, "Deleted from the queue by the administrator, on");
		break;
	case STATUS_CANCELED:
		say_state(b, d, "The client gave up before the mail was complete, at");
		break;
	case STATUS_UNKNOWN:
		say_state(b, d, "The log ends before the mail does: last seen on");
		break;
	default:
		say_refused(b, d);
		break;
	}
}

/* What needs attention first; what is done comes last. */
static int
urgency(enum status status)
{
	static const int order[STATUS_COUNT] = {[STATUS_DEFERRED] = 12,
		[STATUS_BOUNCED] = 11,
		[STATUS_EXPIRED] = 10,
		[STATUS_HELD] = 9,
		[STATUS_BLOCKED] = 8,
		[STATUS_REJECTED] = 7,
		[STATUS_UNKNOWN] = 6,
		[STATUS_RELAYED] = 5,
		[STATUS_DELETED] = 4,
		[STATUS_DISCARDED] = 3,
		[STATUS_GREYLISTED] = 2,
		[STATUS_CANCELED] = 1};
	return order[status];
}

static void
add_counts(struct buf *b, const struct view_verdict *verdict, size_t total)
{
	const char *between = "";
	buf_addf(b, "%zu recipients: ", total);
	for (int i = 0; i < STATUS_COUNT; i++) {
		if (!verdict->counts[i])
			continue;
		buf_addf(b, "%s%llu %s", between, (unsigned long long)verdict->counts[i],
			status_name((enum status)i));
		between = ", ";
	}
	buf_add_str(b, ". ");
}

void
view_judge(struct view *v)
{
	struct view_verdict *verdict = &v->verdict;
	const struct view_delivery *worst = NULL;
	size_t total = 0;
	for (size_t i = 0; i < v->n_deliveries; i++) {
		const struct view_delivery *d = &v->deliveries[i];
		if (!d->final)
			continue;
		total++;
		verdict->counts[d->status]++;
		if (!worst || urgency(d->status) > urgency(worst->status))
			worst = d;
	}
	if (!worst) {
		verdict->key = status_name(STATUS_UNKNOWN);
		verdict->who = CODES_WHO_WE;
		buf_add_str(&verdict->text, "The log says nothing of what became of it.");
		return;
	}
	bool mixed = verdict->counts[worst->status] != total;
	verdict->key = mixed ? "mixed" : status_name(worst->status);
	verdict->who = who_of(worst);
	verdict->worst = worst;
	if (total > 1)
		add_counts(&verdict->text, verdict, total);
	say(&verdict->text, worst);
}
