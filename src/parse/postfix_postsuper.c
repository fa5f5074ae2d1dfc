#include "parse/postfix.h"

/* Postfix src/postsuper/postsuper.c, one line a message ("QID: removed" stands in postfix_qmgr.c).
 */

static enum parse_result
done(struct cursor *c, struct event *e, enum event_type type)
{
	cursor_end(c);
	e->type = type;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

enum parse_result
postfix_held(struct cursor *c, struct event *e)
{
	cursor_literal(c, S("placed on hold"));
	return done(c, e, EVENT_HELD);
}

enum parse_result
postfix_released(struct cursor *c, struct event *e)
{
	cursor_literal(c, S("released from hold"));
	return done(c, e, EVENT_RELEASED);
}

enum parse_result
postfix_requeued(struct cursor *c, struct event *e)
{
	cursor_literal(c, S("requeued"));
	return done(c, e, EVENT_REQUEUED);
}

/* postsuper -e and -f of 3.5: "expired", "expired and released from hold". The queue manager says
 * status=force-expired when it comes to it. */
enum parse_result
postfix_expire(struct cursor *c, struct event *e)
{
	const char *start = c->p;
	cursor_literal(c, S("expired"));
	bool released = cursor_optional(c, S(" and released from hold"));
	if (cursor_ok(c))
		e->action = slice_of(start, sizeof("expired") - 1);
	return done(c, e, released ? EVENT_RELEASED : EVENT_ACTION);
}
