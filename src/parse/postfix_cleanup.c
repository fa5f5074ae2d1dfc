#include "parse/postfix.h"

/* The bracketed part where there is one: some programs write a comment behind it. */
static struct slice
trim_msgid(struct slice s, struct event *e)
{
	s = slice_trim(s);
	if (!s.n || s.p[0] != '<')
		return s;
	ptrdiff_t close = slice_find_char(s, '>');
	if (close < 0)
		e->cut = true;
	return close < 0 ? s : slice_head(s, (size_t)close + 1);
}

/* "QID: message-id=<a@b>", "resent-message-id=": Postfix src/cleanup/cleanup_message.c.
 * "message-id=<>" says that there is none (and of 3.12 on, a generated one is logged in brackets
 * like any other). */
enum parse_result
postfix_message_id(struct cursor *c, struct event *e)
{
	e->resent = cursor_optional(c, S("resent-"));
	cursor_literal(c, S("message-id="));
	e->msgid = trim_msgid(cursor_rest(c), e);
	if (slice_equal(e->msgid, S("<>")))
		e->msgid.n = 0;
	e->has_msgid = true;
	e->type = EVENT_MESSAGE_ID;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

bool
postfix_sees_content(const struct cursor *c)
{
	return cursor_sees(c, S("header ")) || cursor_sees(c, S("body ")) ||
	       cursor_sees(c, S("content "));
}

/* Cuts " from host[ip]" or " from local" off the end and sets the client. */
static struct slice
cut_client(struct slice line, struct event *e)
{
	ptrdiff_t blank = slice_find_last_char(line, ' ');
	struct slice before = slice_head(line, blank < 0 ? 0 : (size_t)blank);
	if (!slice_ends(before, S(" from")))
		return line;
	struct postfix_peer peer = postfix_split_peer(slice_skip(line, before.n + 1));
	if (peer.ip.n) {
		e->client_name = peer.name;
		e->client_ip = peer.ip;
		e->client_port = peer.port;
	}
	return slice_head(before, before.n - 5);
}

/* "header Subject: words from host[ip]; from=<..> to=<..> proto=ESMTP helo=<..>: text of the
 * table": Postfix src/cleanup/cleanup_message.c cleanup_act_log, cleanup_milter.c
 * cleanup_milter_hbc_log. Without client and envelope: smtp_header_checks, src/smtp/smtp_proto.c.
 */
void
postfix_read_content(struct cursor *c, struct event *e)
{
	e->stage = cursor_until_char(c, ' ');
	struct slice line = postfix_until_envelope(c, true);
	bool with_envelope = !cursor_done(c);
	e->matched = with_envelope ? cut_client(line, e) : line;
	e->cut = !with_envelope && e->program == PROGRAM_CLEANUP;
	if (e->matched.n >= 8 && slice_equal_nocase(slice_head(e->matched, 8), S("Subject:")))
		e->subject = slice_trim(slice_skip(e->matched, 8));
	postfix_read_envelope(c, e);
	if (cursor_optional(c, S(": ")))
		e->text = cursor_rest(c);
}
