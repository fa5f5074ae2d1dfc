#include "parse/event.h"

#include "base/buf.h"
#include "base/json.h"

#define NAME_OF(table, value)                                                                      \
	((size_t)(value) < sizeof(table) / sizeof((table)[0]) ? (table)[value] : "?")

static const char *const type_names[EVENT_TYPE_COUNT] = {
	[EVENT_NONE] = "none",
	[EVENT_CONNECT] = "connect",
	[EVENT_TLS] = "tls",
	[EVENT_LOST] = "lost",
	[EVENT_AUTH_FAILED] = "auth_failed",
	[EVENT_DISCONNECT] = "disconnect",
	[EVENT_CLIENT] = "client",
	[EVENT_PICKUP] = "pickup",
	[EVENT_MESSAGE_ID] = "message_id",
	[EVENT_QUEUED] = "queued",
	[EVENT_DELIVERY] = "delivery",
	[EVENT_EXPIRED] = "expired",
	[EVENT_REMOVED] = "removed",
	[EVENT_NOTICE] = "notice",
	[EVENT_HELD] = "held",
	[EVENT_RELEASED] = "released",
	[EVENT_REQUEUED] = "requeued",
	[EVENT_REFUSED] = "refused",
	[EVENT_ACTION] = "action",
	[EVENT_TRANSPORT_TLS] = "transport_tls",
	[EVENT_TRANSPORT_TROUBLE] = "transport_trouble",
	[EVENT_FILTER] = "filter",
	[EVENT_CHECK] = "check",
	[EVENT_GREYLIST] = "greylist",
	[EVENT_MAILBOX] = "mailbox",
	[EVENT_EXCHANGE] = "exchange",
	[EVENT_PROGRAM] = "program",
	[EVENT_WARNING] = "warning",
};

static const char *const program_names[PROGRAM_COUNT] = {
	[PROGRAM_OTHER] = "other",
	[PROGRAM_POSTFIX] = "postfix",
	[PROGRAM_SMTPD] = "smtpd",
	[PROGRAM_POSTSCREEN] = "postscreen",
	[PROGRAM_CLEANUP] = "cleanup",
	[PROGRAM_QMGR] = "qmgr",
	[PROGRAM_PICKUP] = "pickup",
	[PROGRAM_SMTP] = "smtp",
	[PROGRAM_LMTP] = "lmtp",
	[PROGRAM_LOCAL] = "local",
	[PROGRAM_VIRTUAL] = "virtual",
	[PROGRAM_PIPE] = "pipe",
	[PROGRAM_ERROR] = "error",
	[PROGRAM_DISCARD] = "discard",
	[PROGRAM_BOUNCE] = "bounce",
	[PROGRAM_POSTSUPER] = "postsuper",
	[PROGRAM_VERIFY] = "verify",
	[PROGRAM_AMAVIS] = "amavis",
	[PROGRAM_SPAMD] = "spamd",
	[PROGRAM_CLAMAV] = "clamav",
	[PROGRAM_RSPAMD] = "rspamd",
	[PROGRAM_OPENDKIM] = "opendkim",
	[PROGRAM_OPENDMARC] = "opendmarc",
	[PROGRAM_SPF] = "spf",
	[PROGRAM_POSTGREY] = "postgrey",
	[PROGRAM_GREYLSE] = "greylse",
	[PROGRAM_DOVECOT] = "dovecot",
	[PROGRAM_CYRUS] = "cyrus",
	[PROGRAM_EXCHANGE] = "exchange",
};

static const char *const status_names[] = {
	[DELIVERY_SENT] = "sent",
	[DELIVERY_DEFERRED] = "deferred",
	[DELIVERY_BOUNCED] = "bounced",
	[DELIVERY_EXPIRED] = "expired",
	[DELIVERY_UNDELIVERABLE] = "undeliverable",
	[DELIVERY_DELIVERABLE] = "deliverable",
};

static const char *const outcome_names[] = {
	[OUTCOME_SENT] = "sent",
	[OUTCOME_FORWARDED] = "forwarded",
	[OUTCOME_COMMAND] = "command",
	[OUTCOME_FILE] = "file",
	[OUTCOME_DISCARDED] = "discarded",
	[OUTCOME_BLOCKED] = "blocked",
	[OUTCOME_STORED] = "stored",
};

static const char *const verdict_names[] = {
	[VERDICT_CLEAN] = "clean",
	[VERDICT_SPAMMY] = "spammy",
	[VERDICT_SPAM] = "spam",
	[VERDICT_VIRUS] = "virus",
	[VERDICT_BANNED] = "banned",
	[VERDICT_BAD_HEADER] = "bad_header",
	[VERDICT_OVERSIZED] = "oversized",
	[VERDICT_UNCHECKED] = "unchecked",
	[VERDICT_PASS] = "pass",
	[VERDICT_FAIL] = "fail",
	[VERDICT_OTHER] = "other",
};

static const char *const notice_names[] = {
	[NOTICE_NON_DELIVERY] = "non_delivery",
	[NOTICE_DELAY] = "delay",
	[NOTICE_DELIVERY] = "delivery",
	[NOTICE_POSTMASTER] = "postmaster",
	[NOTICE_FAILED] = "failed",
};

void
event_init(struct event *e)
{
	/* Of a size that the compiler does not know: else it writes "rep stos" here, which takes
	 * three times as long as the library's memset, once a line. */
	static const volatile size_t size = sizeof(*e);
	memset(e, 0, size);
	e->size_bytes = -1;
	e->nrcpt = -1;
	e->delay_ms = -1;
	for (size_t i = 0; i < 4; i++)
		e->delays_ms[i] = -1;
	e->took_ms = -1;
}

/* "<a@b>,<c@d>": past the address and its bracket; a quoted local part may hold anything. */
static struct slice
next_bracketed(struct slice *rest)
{
	size_t at = 1;
	bool quoted = false;
	for (; at < rest->n && (quoted || rest->p[at] != '>'); at++) {
		if (rest->p[at] == '\\' && quoted)
			at++;
		else if (rest->p[at] == '"')
			quoted = !quoted;
	}
	struct slice rcpt = slice_skip(slice_head(*rest, at), 1);
	*rest = slice_skip(*rest, at + 1);
	return rcpt;
}

bool
event_next_rcpt(struct slice *rest, struct slice *rcpt)
{
	while (rest->n && (*rest->p == ',' || *rest->p == ';' || *rest->p == ' '))
		*rest = slice_skip(*rest, 1);
	if (!rest->n)
		return false;
	if (*rest->p == '<') {
		*rcpt = next_bracketed(rest);
		return true;
	}
	size_t n = 0;
	while (n < rest->n && rest->p[n] != ',' && rest->p[n] != ';')
		n++;
	*rcpt = slice_trim(slice_head(*rest, n));
	*rest = slice_skip(*rest, n);
	return true;
}

const char *
event_type_name(enum event_type type)
{
	return NAME_OF(type_names, type);
}

const char *
event_program_name(enum program program)
{
	return NAME_OF(program_names, program);
}

static struct slice
field_of(const struct event *e, const struct event_field *field)
{
	struct slice value;
	memcpy(&value, (const char *)e + field->offset, sizeof(value));
	return value;
}

/* "<>" is a value where there is a sender, a recipient or a Message-ID at all. */
static bool
is_present_empty(const struct event *e, size_t offset)
{
	return (offset == offsetof(struct event, from) && e->has_from) ||
	       (offset == offsetof(struct event, to) && e->has_to) ||
	       (offset == offsetof(struct event, msgid) && e->has_msgid);
}

static void
add_texts(struct buf *b, const struct event *e)
{
	for (const struct event_field *f = event_fields; f->name; f++) {
		struct slice value = field_of(e, f);
		if (value.n || is_present_empty(e, f->offset))
			json_add_field(b, f->name, value.n ? value : S(""));
	}
}

static void
add_number(struct buf *b, const char *name, int64_t value, int64_t unknown)
{
	if (value != unknown)
		json_add_field_i64(b, name, value);
}

static void
add_delays(struct buf *b, const struct event *e)
{
	if (e->delays_ms[0] < 0)
		return;
	json_add_key(b, "delays_ms");
	buf_add_char(b, '[');
	for (size_t i = 0; i < 4; i++) {
		json_add_comma(b);
		buf_add_i64(b, e->delays_ms[i]);
	}
	buf_add_char(b, ']');
}

static void
add_numbers(struct buf *b, const struct event *e)
{
	add_number(b, "pid", e->pid, 0);
	add_number(b, "size_bytes", e->size_bytes, -1);
	add_number(b, "nrcpt", e->nrcpt, -1);
	add_number(b, "conn_use", e->conn_use, 0);
	add_number(b, "delay_ms", e->delay_ms, -1);
	add_delays(b, e);
	add_number(b, "took_ms", e->took_ms, -1);
	add_number(b, "repeated", e->repeated, 0);
}

static void
add_words(struct buf *b, const struct event *e)
{
	if (e->status)
		json_add_field_str(b, "status", NAME_OF(status_names, e->status));
	if (e->outcome)
		json_add_field_str(b, "outcome", NAME_OF(outcome_names, e->outcome));
	if (e->notice)
		json_add_field_str(b, "notice", NAME_OF(notice_names, e->notice));
	if (e->verdict)
		json_add_field_str(b, "verdict", NAME_OF(verdict_names, e->verdict));
	if (e->resent)
		json_add_field_bool(b, "resent", true);
	if (e->cut)
		json_add_field_bool(b, "cut", true);
}

void
event_add_json(struct buf *b, const struct event *e)
{
	buf_add_char(b, '{');
	json_add_field_str(b, "type", event_type_name(e->type));
	json_add_field_str(b, "program", event_program_name(e->program));
	if (e->t_us)
		json_add_field_time(b, "time", e->t_us);
	add_texts(b, e);
	add_numbers(b, e);
	add_words(b, e);
	buf_add_char(b, '}');
}
