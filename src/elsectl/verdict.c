/* The verdict on a mail: what became of it in one or two sentences, and who can do something about
 * it. */
#include "elsectl/view.h"

#include "base/time.h"
#include "elsectl/text.h"

enum { REPLY_COLUMNS = 200 };

const char *
who_name(enum who who)
{
	static const char *const names[] = {[WHO_NOBODY] = "nobody",
		[WHO_SENDER] = "sender",
		[WHO_RECIPIENT] = "recipient",
		[WHO_WE] = "we",
		[WHO_REMOTE] = "remote_administrator"};
	return names[who];
}

/* Who can act when another server refuses or defers our mail. A reason that is not here is for the
 * other side's administrator. */
static const enum who of_reason[REASON_COUNT] = {
	[REASON_NONE] = WHO_REMOTE,
	[REASON_MAILBOX_FULL] = WHO_RECIPIENT,
	[REASON_USER_UNKNOWN] = WHO_SENDER,
	[REASON_USER_DISABLED] = WHO_RECIPIENT,
	[REASON_DOMAIN_NOT_FOUND] = WHO_SENDER,
	[REASON_SENDER_REFUSED] = WHO_SENDER,
	[REASON_RELAY_DENIED] = WHO_REMOTE,
	[REASON_POLICY] = WHO_REMOTE,
	[REASON_SPAM] = WHO_SENDER,
	[REASON_VIRUS] = WHO_SENDER,
	[REASON_BANNED] = WHO_SENDER,
	[REASON_BLOCKLIST] = WHO_WE,
	[REASON_GREYLISTED] = WHO_NOBODY,
	[REASON_RATE_LIMITED] = WHO_REMOTE,
	[REASON_AUTH_REQUIRED] = WHO_WE,
	[REASON_AUTH_FAILED] = WHO_WE,
	[REASON_AUTHENTICATION] = WHO_WE,
	[REASON_HELO] = WHO_WE,
	[REASON_CLIENT_REFUSED] = WHO_REMOTE,
	[REASON_TOO_LARGE] = WHO_SENDER,
	[REASON_TOO_MANY_RECIPIENTS] = WHO_SENDER,
	[REASON_PROTOCOL] = WHO_REMOTE,
	[REASON_SMTPUTF8] = WHO_REMOTE,
	[REASON_LOOP] = WHO_WE,
	[REASON_CONNECTION] = WHO_REMOTE,
	[REASON_LOST_CONNECTION] = WHO_REMOTE,
	[REASON_DNS] = WHO_REMOTE,
	[REASON_TLS] = WHO_REMOTE,
	[REASON_CONFIGURATION] = WHO_REMOTE,
	[REASON_SYSTEM] = WHO_REMOTE,
	[REASON_COMMAND_FAILED] = WHO_WE,
	[REASON_EXPIRED] = WHO_REMOTE,
	[REASON_CONTENT] = WHO_SENDER,
	[REASON_OTHER] = WHO_REMOTE,
};

/* Is the trouble in our own house: a transport without a network, or a server of ours that refuses?
 */
static bool
is_local_trouble(const struct attempt *a)
{
	switch (a->program) {
	case PROGRAM_LOCAL:
	case PROGRAM_VIRTUAL:
	case PROGRAM_PIPE:
	case PROGRAM_DOVECOT:
	case PROGRAM_CYRUS:
		return true;
	default:
		return slice_find_char(a->relay_ip, '/') >= 0;
	}
}

static enum who
who_of(const struct view_delivery *d)
{
	bool local = d->last && is_local_trouble(d->last);
	switch (d->status) {
	case STATUS_DEFERRED:
	case STATUS_BOUNCED:
	case STATUS_EXPIRED:
		if (local && of_reason[d->reason] == WHO_REMOTE)
			return WHO_WE;
		return of_reason[d->reason];
	case STATUS_REJECTED:
	case STATUS_CANCELED:
		return WHO_SENDER;
	case STATUS_RELAYED:
	case STATUS_BLOCKED:
	case STATUS_DISCARDED:
	case STATUS_HELD:
	case STATUS_DELETED:
	case STATUS_UNKNOWN:
		return WHO_WE;
	default:
		return WHO_NOBODY;
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
		verdict->who = WHO_WE;
		buf_add_str(&verdict->text, "The log says nothing of what became of it.");
		return;
	}
	bool mixed = verdict->counts[worst->status] != total;
	verdict->key = mixed ? "mixed" : status_name(worst->status);
	verdict->who = who_of(worst);
	if (total > 1)
		add_counts(&verdict->text, verdict, total);
	say(&verdict->text, worst);
}
