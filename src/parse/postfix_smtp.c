#include "parse/postfix.h"

static enum parse_result
trouble(const struct cursor *c, struct event *e)
{
	e->type = EVENT_TRANSPORT_TROUBLE;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "mx[ip]:25: " or "host[ip] to sni: ", without what follows the host */
static struct slice
read_host(struct cursor *c)
{
	const char *start = c->p;
	do
		cursor_until_char(c, ':');
	while (!c->failed && !cursor_sees(c, S(" ")));
	struct slice host = slice_of(start, c->failed ? 0 : (size_t)(c->p - start) - 1);
	ptrdiff_t blank = slice_find_char(host, ' ');
	cursor_literal(c, S(" "));
	return blank < 0 ? host : slice_head(host, (size_t)blank);
}

static void
set_relay(struct event *e, const struct postfix_peer *peer)
{
	e->relay_name = peer->name;
	e->relay_ip = peer->ip;
	e->relay_port = peer->port;
}

static void
set_client(struct event *e, const struct postfix_peer *peer)
{
	e->client_name = peer->name;
	e->client_ip = peer->ip;
	e->client_port = peer->port;
}

/* " (in reply to RCPT TO command)" off the end of the text */
static void
split_stage(struct event *e)
{
	struct slice head = S(" (in reply to ");
	if (!slice_ends(e->text, S(" command)"))) {
		e->cut = slice_contains(e->text, head);
		return;
	}
	struct slice left = e->text;
	ptrdiff_t open;
	while ((open = slice_find_last_char(left, '(')) >= 1) {
		left = slice_head(left, (size_t)open);
		struct slice tail = slice_skip(e->text, (size_t)open - 1);
		if (!slice_starts(tail, head))
			continue;
		e->stage = slice_skip(tail, head.n);
		e->stage.n -= sizeof(" command)") - 1;
		e->text = slice_head(e->text, (size_t)open - 1);
		return;
	}
}

static void
read_answer(struct cursor *c, struct event *e)
{
	if (!cursor_ok(c))
		return;
	const char *start = c->p;
	postfix_read_code(c, e);
	e->text = cursor_rest(c);
	split_stage(e);
	e->reply = slice_of(start, (size_t)(e->text.p + e->text.n - start));
}

/* "QID: host mx[ip] said: 450 4.7.1 words (in reply to RCPT TO command)", "QID: host mx[ip] refused
 * to talk to me: 554 words": Postfix src/smtp/smtp_trouble.c; a later host may still take the mail.
 */
enum parse_result
postfix_host_said(struct cursor *c, struct event *e)
{
	cursor_literal(c, S("host "));
	postfix_read_relay(c, e);
	if (!cursor_optional(c, S(" said: ")))
		cursor_literal(c, S(" refused to talk to me: "));
	read_answer(c, e);
	return trouble(c, e);
}

/* "QID: SASL authentication failed; server mx[ip] said: 535 words": Postfix
 * src/smtp/smtp_sasl_glue.c; a failure before any answer names another cause. */
enum parse_result
postfix_sasl_said(struct cursor *c, struct event *e)
{
	struct cursor whole = *c;
	cursor_literal(c, S("SASL authentication failed; server "));
	postfix_read_relay(c, e);
	cursor_literal(c, S(" said: "));
	if (!cursor_ok(c))
		return postfix_relay_trouble(&whole, e);
	read_answer(c, e);
	return trouble(c, e);
}

/* "QID: lost connection with mx[ip] while receiving the initial server greeting", "QID:
 * conversation with mx[ip] timed out while sending RCPT TO": Postfix src/smtp/smtp_trouble.c
 * smtp_stream_except. */
enum parse_result
postfix_lost_relay(struct cursor *c, struct event *e)
{
	struct slice what = cursor_until(c, S(" with "));
	postfix_read_relay(c, e);
	struct slice how = slice_trim(cursor_until(c, S("while ")));
	e->text = how.n ? how : what;
	e->stage = cursor_rest(c);
	return trouble(c, e);
}

/* "connect to mx[ip]:25: Connection timed out", "SSL_connect error to mx[ip]:25: lost connection",
 * "certificate verification failed for mx[ip]:25: untrusted issuer ..": Postfix
 * src/smtp/smtp_connect.c, src/tls/tls_client.c, tls_verify.c; without the address before 2.5. */
enum parse_result
postfix_connect_to(struct cursor *c, struct event *e)
{
	if (e->program == PROGRAM_SMTPD)
		return PARSE_IGNORED; /* a client's certificate, which nobody asked for */
	struct slice what = cursor_until_char(c, ' ');
	if (!slice_equal(what, S("connect")))
		e->stage = what;
	if (!cursor_optional(c, S("to ")) && !cursor_optional(c, S("error to ")))
		cursor_until(c, S(" failed for "));
	struct postfix_peer peer = postfix_split_peer(read_host(c));
	set_relay(e, &peer);
	e->text = cursor_rest(c);
	return trouble(c, e);
}

/* "QID: Cannot start TLS: handshake failure", "QID: TLS is required, but ..": Postfix
 * src/smtp/smtp_proto.c, smtp_session.c: no host named, all of it is text. */
enum parse_result
postfix_relay_trouble(struct cursor *c, struct event *e)
{
	e->text = cursor_rest(c);
	return trouble(c, e);
}

/* "QID: enabling PIX workarounds: disable_esmtp delay_dotcrlf for mx[ip]:25": Postfix
 * src/smtp/smtp_proto.c. */
enum parse_result
postfix_pix(struct cursor *c, struct event *e)
{
	e->text = cursor_until(c, S(" for "));
	postfix_read_relay(c, e);
	return trouble(c, e);
}

/* "Trusted TLS connection established to mx[ip]:25: TLSv1.3 with cipher X (256/256 bits)
 * key-exchange ..", "Anonymous TLS connection established from host[ip] to sni: ..", "reused" for
 * "established" (3.4), without the first word and the details before 2.8: Postfix
 * src/tls/tls_misc.c tls_log_summary. */
enum parse_result
postfix_tls(struct cursor *c, struct event *e)
{
	if (!cursor_sees(c, S("TLS ")))
		e->tls_trust = cursor_until_char(c, ' ');
	cursor_literal(c, S("TLS connection "));
	if (!cursor_optional(c, S("established ")))
		cursor_literal(c, S("reused "));
	bool outwards = cursor_optional(c, S("to "));
	if (!outwards)
		cursor_literal(c, S("from "));
	struct slice host = read_host(c);
	struct postfix_peer peer = postfix_split_peer(host);
	if (outwards)
		set_relay(e, &peer);
	else
		set_client(e, &peer);
	e->tls = cursor_left(c);
	ptrdiff_t bits = slice_find_char(e->tls, '(');
	if (bits > 0)
		e->tls = slice_head(e->tls, (size_t)bits - 1);
	e->type = outwards ? EVENT_TRANSPORT_TLS : EVENT_TLS;
	return cursor_ok(c) && host.n ? PARSE_OK : PARSE_UNKNOWN;
}
