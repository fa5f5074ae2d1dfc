#include "parse/postfix.h"

/* "mx.example.com[192.0.2.7]:25", "none", "local", "mx[private/dovecot-lmtp]" */
static void
read_relay(struct cursor *c, struct event *e)
{
	struct postfix_peer peer = postfix_split_peer(postfix_read_field(c));
	e->relay_name = peer.name;
	e->relay_ip = peer.ip;
	e->relay_port = peer.port;
}

static void
read_orig_to(struct cursor *c, struct event *e)
{
	if (!cursor_optional(c, S("<"))) {
		e->orig_to = postfix_read_field(c);
		return;
	}
	e->orig_to = postfix_read_address(c, e);
	cursor_optional(c, S(", "));
}

static void
read_delay(struct cursor *c, struct event *e)
{
	e->delay_ms = postfix_read_ms(c);
	if (cursor_optional(c, S(", ")))
		return;
	e->delay_ms = -1;
	postfix_read_field(c);
}

/* "a/b/c/d, ": all four or none */
static void
read_delays(struct cursor *c, struct event *e)
{
	for (size_t i = 0; i < 4; i++) {
		e->delays_ms[i] = postfix_read_ms(c);
		if (i < 3)
			cursor_optional(c, S("/"));
	}
	if (cursor_optional(c, S(", ")))
		return;
	for (size_t i = 0; i < 4; i++)
		e->delays_ms[i] = -1;
	postfix_read_field(c);
}

/* Probes of address verification: src/global/verify.c adds "-but-not-cached" where the cache
 * refused it. */
static enum delivery_status
status_of(struct slice word)
{
	static const struct {
		struct slice word;
		enum delivery_status status;
	} rows[] = {
		{{"sent", 4}, DELIVERY_SENT},
		{{"deferred", 8}, DELIVERY_DEFERRED},
		{{"bounced", 7}, DELIVERY_BOUNCED},
		{{"SOFTBOUNCE", 10}, DELIVERY_DEFERRED}, /* soft_bounce = yes */
		{{"undeliverable", 13}, DELIVERY_UNDELIVERABLE},
		{{"deliverable", 11}, DELIVERY_DELIVERABLE},
		{{"expired", 7}, DELIVERY_EXPIRED},
	};
	struct slice probe = S("-but-not-cached");
	if (slice_ends(word, probe))
		word.n -= probe.n;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (slice_equal(word, rows[i].word))
			return rows[i].status;
	return DELIVERY_NONE;
}

/* "sent (250 2.0.0 Ok: queued as QID)": the last ')' of the line closes the reply, whatever it
 * holds. */
static void
read_status(struct cursor *c, struct event *e)
{
	struct slice rest = cursor_rest(c);
	ptrdiff_t blank = slice_find_char(rest, ' ');
	e->status = status_of(blank < 0 ? rest : slice_head(rest, (size_t)blank));
	e->reply = slice_skip(rest, blank < 0 ? rest.n : (size_t)blank + 1);
	if (!slice_starts(e->reply, S("("))) {
		e->cut = true;
		return;
	}
	e->reply = slice_skip(e->reply, 1);
	if (slice_ends(e->reply, S(")")))
		e->reply.n--;
	else
		e->cut = true;
}

/* One "name=value, " of a delivery line; false at its last one, the status. */
static bool
read_field(struct cursor *c, struct event *e)
{
	if (cursor_optional(c, S("relay="))) {
		read_relay(c, e);
	} else if (cursor_optional(c, S("delay="))) {
		read_delay(c, e);
	} else if (cursor_optional(c, S("delays="))) { /* Postfix >= 2.3 */
		read_delays(c, e);
	} else if (cursor_optional(c, S("dsn="))) { /* Postfix >= 2.3 */
		e->dsn = postfix_read_field(c);
	} else if (cursor_optional(c, S("status="))) {
		read_status(c, e);
		return false;
	} else if (cursor_optional(c, S("orig_to="))) {
		read_orig_to(c, e);
	} else if (cursor_optional(c, S("conn_use="))) {
		e->conn_use = (int32_t)(cursor_u64(c) & INT32_MAX);
		cursor_optional(c, S(", "));
	} else if (cursor_optional(c, S("tls="))) { /* Postfix >= 3.11 */
		e->tls = postfix_read_field(c);
	} else {
		postfix_read_field(c); /* of a Postfix to come */
	}
	return true;
}

/* "<to>" and past ", "; without brackets in ancient versions. */
static void
read_to(struct cursor *c, struct event *e)
{
	cursor_optional(c, S("to="));
	e->to = cursor_optional(c, S("<")) ? postfix_read_address(c, e) : postfix_read_field(c);
	e->has_to = !e->cut;
	cursor_optional(c, S(", "));
}

/* "QID: to=<..>, orig_to=<..>, relay=.., conn_use=.., delay=.., delays=a/b/c/d, tls=.., dsn=..,
 * status=.. (reply)": Postfix src/global/log_adhoc.c, the one printer of all delivery agents, of
 * the queue manager and of cleanup. Cut by syslog, it is worth what is there: then has_to tells
 * whether the address is whole. */
enum parse_result
postfix_delivery(struct cursor *c, struct event *e)
{
	read_to(c, e);
	while (!cursor_done(c) && read_field(c, e))
		;
	e->type = EVENT_DELIVERY;
	if (!cursor_ok(c))
		return PARSE_UNKNOWN;
	if (!e->status) {
		e->cut = true;
		return e->reply.n ? PARSE_UNKNOWN : PARSE_OK;
	}
	postfix_read_reply(e);
	return PARSE_OK;
}

/* "passing <rcpt> to transport=lmtp": local(8) hands a recipient to another agent, which logs its
 * fate: Postfix >= 3.6 src/local/mailbox.c, unknown.c. */
enum parse_result
postfix_passing(struct cursor *c, struct event *e)
{
	const char *start = c->p;
	cursor_literal(c, S("passing <"));
	e->to = cursor_ok(c) ? postfix_read_address(c, e) : e->to;
	e->has_to = cursor_ok(c);
	cursor_literal(c, S(" to "));
	e->text = cursor_rest(c);
	e->action = slice_of(start, cursor_ok(c) ? sizeof("passing") - 1 : 0);
	e->type = EVENT_ACTION;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}
