#include "parse/dovecot.h"

#include "parse/filter_read.h"

static void
mailbox(struct event *e, struct slice action, enum outcome outcome, struct slice text)
{
	e->type = EVENT_MAILBOX;
	e->action = action;
	e->outcome = outcome;
	e->text = text;
}

/* "user.joe", "user/joe/Junk", "example.com!user.joe.Junk" (the internal name of a virtual domain)
 */
static void
set_folder(struct event *e, struct slice name)
{
	e->folder = name;
	ptrdiff_t bang = slice_find_char(name, '!');
	struct slice local = bang < 0 ? name : slice_skip(name, (size_t)bang + 1);
	if (!slice_starts(local, S("user.")) && !slice_starts(local, S("user/")))
		return;
	char separator = local.p[4];
	local = slice_skip(local, 5);
	ptrdiff_t end = slice_find_char(local, separator);
	e->to = end < 0 ? local : slice_head(local, (size_t)end);
	e->has_to = true;
}

/* "Delivered: <a@example.com> to mailbox: user.joe" (imap/lmtpd.c, append.c) */
static enum parse_result
parse_delivered(struct cursor *c, struct slice text, struct event *e)
{
	mailbox(e, S("saved"), OUTCOME_STORED, text);
	filter_set_msgid(e, cursor_until(c, S(" to mailbox: ")));
	set_folder(e, cursor_rest(c));
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "dupelim: eliminated duplicate message to user.joe id <a@example.com> (delivery)" */
static enum parse_result
parse_duplicate(struct cursor *c, struct slice text, struct event *e)
{
	mailbox(e, S("duplicate"), OUTCOME_DISCARDED, text);
	set_folder(e, cursor_until(c, S(" id ")));
	filter_set_msgid(e, cursor_until_or_rest(c, S(" (")));
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "sieve redirected: <a@example.com> to: b@example.org" (imap/lmtp_sieve.c) */
static enum parse_result
parse_redirected(struct cursor *c, struct slice text, struct event *e)
{
	mailbox(e, S("forwarded"), OUTCOME_FORWARDED, text);
	filter_set_msgid(e, cursor_until(c, S(" to: ")));
	e->rcpts = cursor_rest(c);
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "badlogin: mx.example.com [192.0.2.7] PLAIN [SASL(-13): authentication failure: ...]", or a
 * plain-text login with the user: "badlogin: [192.0.2.7] plaintext joe SASL(-13): ..." */
static enum parse_result
parse_badlogin(struct cursor *c, struct event *e)
{
	struct slice port;
	e->type = EVENT_AUTH_FAILED;
	e->client_name = slice_trim(cursor_until_char(c, '['));
	if (cursor_ok(c))
		c->p--;
	filter_read_peer(c, &e->client_ip, &port);
	cursor_blanks(c);
	e->sasl_method = cursor_until_or_rest(c, S(" "));
	if (!cursor_sees(c, S("[")) && !cursor_sees(c, S("SASL(")))
		e->sasl_user = cursor_until_or_rest(c, S(" "));
	e->text = cursor_rest(c);
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

static const char *const trouble[] = {
	"IOERROR",
	"DBERROR",
	"SYNCERROR",
	"LOCKERROR",
	"SQUATERROR",
	"FATAL",
	"Fatal",
	"ERROR",
	"WARNING",
	"sieve runtime error",
	"sieve parse error",
	"Unable to ",
	"unable to ",
	"can't ",
	"couldn't ",
};

enum parse_result
parse_cyrus(const struct line *line, struct event *e)
{
	struct cursor c = cursor_of(line->text);
	if (cursor_optional(&c, S("Delivered: ")))
		return parse_delivered(&c, line->text, e);
	if (cursor_optional(&c, S("dupelim: eliminated duplicate message to ")))
		return parse_duplicate(&c, line->text, e);
	if (cursor_optional(&c, S("sieve redirected: ")))
		return parse_redirected(&c, line->text, e);
	if (cursor_optional(&c, S("badlogin: ")))
		return parse_badlogin(&c, e);
	if (filter_starts_any(line->text, trouble, FILTER_COUNT(trouble)))
		return filter_warning(e, line->text);
	return PARSE_IGNORED; /* connections, logins, index and database upkeep */
}
