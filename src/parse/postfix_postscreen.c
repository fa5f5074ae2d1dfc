#include "parse/postfix.h"

/* "from [ip]:port", or "from ip" of 2.7, at the cursor after "from ". */
static void
read_screened(struct cursor *c, struct event *e)
{
	if (cursor_sees(c, S("["))) {
		postfix_read_client(c, e);
		return;
	}
	const char *start = c->p;
	while (c->p < c->end && *c->p != ' ' &&
		!(*c->p == ':' && (c->p + 1 == c->end || c->p[1] == ' ')))
		c->p++;
	e->client_ip = slice_of(start, (size_t)(c->p - start));
	if (!e->client_ip.n)
		c->failed = true;
}

static enum parse_result
checked(const struct cursor *c, struct event *e, enum verdict verdict)
{
	e->type = EVENT_CHECK;
	e->verdict = verdict;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "CONNECT from [ip]:port to [ip]:port": Postfix src/postscreen/postscreen.c. What tlsproxy says
 * ends after the first address. */
enum parse_result
postfix_screen_connect(struct cursor *c, struct event *e)
{
	cursor_literal(c, S("CONNECT from "));
	read_screened(c, e);
	if (cursor_ok(c) && !cursor_sees(c, S(" to ")))
		return PARSE_IGNORED;
	e->type = EVENT_CONNECT;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "DISCONNECT [ip]:port": Postfix src/postscreen/postscreen_state.c. */
enum parse_result
postfix_screen_disconnect(struct cursor *c, struct event *e)
{
	cursor_literal(c, S("DISCONNECT "));
	read_screened(c, e);
	e->type = EVENT_DISCONNECT;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "PASS NEW [ip]:port", "PASS OLD", "ALLOWLISTED", "DENYLISTED", "ALLOWLIST VETO" (3.6; before:
 * WHITELISTED, ...): Postfix src/postscreen/postscreen.c and postscreen_misc.c. */
enum parse_result
postfix_screen_listed(struct cursor *c, struct event *e)
{
	e->text = cursor_until(c, S(" ["));
	c->p -= cursor_ok(c) ? 1 : 0;
	read_screened(c, e);
	bool passed = slice_starts(e->text, S("PASS")) || slice_ends(e->text, S("ITELISTED")) ||
		      slice_equal(e->text, S("ALLOWLISTED"));
	return checked(c, e, passed ? VERDICT_PASS : VERDICT_FAIL);
}

/* "DNSBL rank 3 for [ip]:port": Postfix src/postscreen/postscreen_early.c. */
enum parse_result
postfix_screen_dnsbl(struct cursor *c, struct event *e)
{
	e->text = cursor_until(c, S(" rank "));
	e->score = cursor_until(c, S(" for "));
	read_screened(c, e);
	return checked(c, e, VERDICT_FAIL);
}

/* "PREGREET 14 after 0.22 from [ip]:port: EHLO User\r\n": Postfix
 * src/postscreen/postscreen_early.c. */
enum parse_result
postfix_screen_pregreet(struct cursor *c, struct event *e)
{
	e->text = cursor_until_char(c, ' ');
	cursor_u64(c);
	cursor_literal(c, S(" after "));
	e->took_ms = postfix_read_ms(c);
	cursor_literal(c, S(" from "));
	read_screened(c, e);
	if (cursor_optional(c, S(":")))
		e->reason = slice_trim(cursor_rest(c));
	return checked(c, e, VERDICT_FAIL);
}

/* "HANGUP after 0.7 from [ip]:port in tests before SMTP handshake": Postfix
 * src/postscreen/postscreen_misc.c. */
enum parse_result
postfix_screen_hangup(struct cursor *c, struct event *e)
{
	e->text = cursor_until(c, S(" after "));
	e->took_ms = postfix_read_ms(c);
	cursor_literal(c, S(" from "));
	read_screened(c, e);
	if (cursor_optional(c, S(" in ")))
		e->stage = cursor_rest(c);
	e->type = EVENT_LOST;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "COMMAND PIPELINING from [ip]:port after DATA: text", "NON-SMTP COMMAND", "BARE NEWLINE",
 * "COMMAND TIME LIMIT": Postfix src/postscreen/postscreen_smtpd.c. A limit ends the session, the
 * others only fail a test. */
enum parse_result
postfix_screen_command(struct cursor *c, struct event *e)
{
	e->text = cursor_until(c, S(" from "));
	read_screened(c, e);
	if (cursor_optional(c, S(" after ")))
		e->stage = cursor_until_or_rest(c, S(":"));
	e->reason = slice_trim(cursor_rest(c));
	if (!slice_ends(e->text, S(" LIMIT")))
		return checked(c, e, VERDICT_FAIL);
	e->type = EVENT_LOST;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "DATA without valid RCPT from [ip]:port", "BDAT ..": src/postscreen/postscreen_smtpd.c. */
enum parse_result
postfix_screen_data(struct cursor *c, struct event *e)
{
	const char *start = c->p;
	e->stage = cursor_until_char(c, ' ');
	cursor_literal(c, S("without valid RCPT from "));
	if (cursor_ok(c))
		e->text = slice_of(start, (size_t)(c->p - start) - 6);
	read_screened(c, e);
	e->type = EVENT_LOST;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}
