#include "parse/postfix.h"

/* Postfix src/smtpd/smtpd.c smtpd_proto; "connect from" also src/qmqpd/qmqpd.c. */
enum parse_result
postfix_connect(struct cursor *c, struct event *e)
{
	cursor_literal(c, S("connect from "));
	postfix_read_client(c, e);
	cursor_end(c);
	e->type = EVENT_CONNECT;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "disconnect from host[ip] ehlo=1 mail=1 quit=1 commands=3": the counts since 3.0. */
enum parse_result
postfix_disconnect(struct cursor *c, struct event *e)
{
	cursor_literal(c, S("disconnect from "));
	postfix_read_client(c, e);
	cursor_blanks(c);
	e->text = cursor_rest(c);
	e->type = EVENT_DISCONNECT;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

static void
read_client_pair(struct cursor *c, struct event *e)
{
	if (cursor_optional(c, S("sasl_method="))) {
		e->sasl_method = postfix_read_field(c);
	} else if (cursor_optional(c, S("sasl_username="))) {
		e->sasl_user = postfix_read_field(c);
	} else if (cursor_optional(c, S("sasl_sender="))) {
		e->sasl_sender = postfix_read_field(c);
	} else if (cursor_optional(c, S("orig_queue_id="))) {
		e->orig_qid = postfix_read_field(c);
	} else if (cursor_optional(c, S("orig_client="))) {
		struct postfix_peer peer = postfix_split_peer(postfix_read_field(c));
		e->orig_client_name = peer.name;
		e->orig_client_ip = peer.ip;
	} else {
		postfix_read_field(c); /* of a Postfix to come */
	}
}

/* "QID: client=host[ip], orig_queue_id=.., orig_client=.., sasl_method=..": Postfix
 * src/smtpd/smtpd.c mail_open_stream; orig_* since 2.8. */
enum parse_result
postfix_client(struct cursor *c, struct event *e)
{
	cursor_literal(c, S("client="));
	postfix_read_client(c, e);
	while (cursor_optional(c, S(", ")))
		while (!cursor_done(c))
			read_client_pair(c, e);
	e->type = EVENT_CLIENT;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "DATA (14 bytes)" -> stage and size */
static void
split_size(struct event *e)
{
	ptrdiff_t open = slice_find(e->stage, S(" ("));
	uint64_t size = 0;
	if (open < 0 || !slice_ends(e->stage, S(" bytes)")))
		return;
	struct slice digits = slice_skip(e->stage, (size_t)open + 2);
	if (slice_to_u64(slice_head(digits, digits.n - 7), &size) && size <= INT64_MAX)
		e->size_bytes = (int64_t)size;
	e->stage = slice_head(e->stage, (size_t)open);
}

/* "lost connection after DATA (14 bytes) from host[ip]", "timeout after", "too many errors after",
 * "bare <LF> received after", "improper command pipelining after EHLO from host[ip]: what it sent":
 * Postfix src/smtpd/smtpd.c smtpd_proto and smtpd_service; with "QID: " or "NOQUEUE: " before it
 * since 3.10. */
enum parse_result
postfix_lost(struct cursor *c, struct event *e)
{
	e->text = cursor_until(c, S(" after "));
	e->stage = cursor_until(c, S(" from "));
	postfix_read_client(c, e);
	split_size(e);
	if (cursor_optional(c, S(":")))
		e->reason = slice_trim(cursor_rest(c));
	e->type = EVENT_LOST;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "SSL_accept error from host[ip]: lost connection": Postfix src/tls/tls_server.c. */
enum parse_result
postfix_accept_error(struct cursor *c, struct event *e)
{
	e->text = cursor_until(c, S(" from "));
	postfix_read_client(c, e);
	cursor_literal(c, S(": "));
	e->reason = cursor_rest(c);
	e->type = EVENT_LOST;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "milter-header-redirect: " -> check "milter", action "redirect"; "warning: " -> "warn", as smtpd
 * says it */
static void
read_action(struct cursor *c, struct event *e)
{
	struct slice word = cursor_until_char(c, ':');
	cursor_literal(c, S(" "));
	struct cursor w = cursor_of(word);
	if (cursor_optional(&w, S("milter-")))
		e->check = slice_head(word, sizeof("milter") - 1);
	else if (cursor_optional(&w, S("proxy-")))
		e->check = slice_head(word, sizeof("proxy") - 1);
	if (!cursor_optional(&w, S("header-")))
		cursor_optional(&w, S("body-"));
	e->action = cursor_rest(&w);
	if (slice_equal(e->action, S("warning")))
		e->action.n = sizeof("warn") - 1;
}

/* "RCPT from host[ip]: ", "DATA content from [ip]:port: " */
static void
read_origin(struct cursor *c, struct event *e)
{
	const char *start = c->p;
	for (int words = 0; words < 3 && !c->failed; words++) {
		cursor_until_char(c, ' ');
		if (cursor_sees(c, S("from ")))
			break;
	}
	e->stage = slice_of(start, c->failed ? 0 : (size_t)(c->p - start - 1));
	cursor_literal(c, S("from "));
	postfix_read_client(c, e);
	cursor_literal(c, S(": "));
}

/* "<whom it is about>: " before the words: what it names stands in the other fields too. */
static void
skip_subject(struct cursor *c)
{
	struct cursor word = *c;
	struct event unused = {0};
	if (!cursor_optional(&word, S("<")))
		return;
	postfix_read_address(&word, &unused);
	if (cursor_optional(&word, S(": ")))
		*c = word;
}

/* What stands behind "reject: ", "hold: ": Postfix src/smtpd/smtpd_check.c log_whatsup and, for
 * milters, src/smtpd/smtpd.c check_milter_reply, src/cleanup/cleanup_milter.c cleanup_milter_apply;
 * the same with commas in src/postscreen/postscreen_smtpd.c. */
static void
read_ruling(struct cursor *c, struct event *e)
{
	read_action(c, e);
	if (postfix_sees_content(c)) {
		postfix_read_content(c, e);
		return;
	}
	read_origin(c, e);
	if (cursor_ok(c)) {
		postfix_read_code(c, e);
		skip_subject(c);
		e->text = postfix_until_envelope(c, false);
		e->cut = e->code.n && cursor_done(c);
	}
	postfix_read_envelope(c, e);
}

/* "reject: RCPT from host[ip]: 550 5.1.1 <to>: words; from=<..> to=<..> proto=ESMTP helo=<..>",
 * "milter-reject: ", "reject: header Subject: .. from host[ip]; from=<..>: 5.7.1 words" */
enum parse_result
postfix_refused(struct cursor *c, struct event *e)
{
	read_ruling(c, e);
	if (e->matched.n && cursor_ok(c)) {
		struct cursor words = cursor_of(e->text);
		postfix_read_code(&words, e);
		e->text = cursor_rest(&words);
	}
	e->type = EVENT_REFUSED;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "hold: RCPT from ..", "warning: header Subject: ..", "milter-discard: .." */
enum parse_result
postfix_action(struct cursor *c, struct event *e)
{
	read_ruling(c, e);
	e->type = EVENT_ACTION;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: queued as QID; from=<..>", "proxy-reject: ": the
 * answer of a before-queue filter, Postfix src/smtpd/smtpd.c, src/smtpd/smtpd_proxy.c. */
enum parse_result
postfix_proxy(struct cursor *c, struct event *e)
{
	read_action(c, e);
	e->stage = cursor_until(c, S(": "));
	e->reply = cursor_ok(c) ? postfix_until_envelope(c, false) : e->reply;
	postfix_read_envelope(c, e);
	bool accepted = slice_equal(e->action, S("accept"));
	struct cursor words = cursor_of(e->reply);
	postfix_read_code(&words, e);
	e->text = cursor_rest(&words);
	e->type = accepted ? EVENT_ACTION : EVENT_REFUSED;
	if (accepted) {
		e->status = DELIVERY_SENT;
		postfix_read_reply(e);
		e->status = DELIVERY_NONE;
	}
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}
