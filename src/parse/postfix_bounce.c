#include "parse/postfix.h"

static enum notice
notice_of(struct slice whom, struct slice kind)
{
	if (slice_equal(whom, S("postmaster")))
		return NOTICE_POSTMASTER;
	if (slice_equal(kind, S("non-delivery")))
		return NOTICE_NON_DELIVERY;
	if (slice_equal(kind, S("delay")))
		return NOTICE_DELAY;
	return slice_equal(kind, S("delivery status")) ? NOTICE_DELIVERY : NOTICE_NONE;
}

/* "failed to <addr>: reason" at the cursor (3.11) */
static enum parse_result
failed(struct cursor *c, struct event *e)
{
	cursor_literal(c, S("failed to <"));
	e->to = cursor_ok(c) ? postfix_read_address(c, e) : e->to;
	e->has_to = cursor_ok(c);
	if (cursor_optional(c, S(": ")))
		e->text = cursor_rest(c);
	e->notice = NOTICE_FAILED;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "sender non-delivery notification: QID", "sender delay ..", "sender delivery status ..",
 * "postmaster .."; 3.11: "sender notification failed to <addr>: reason". Postfix
 * src/bounce/bounce_notify_service.c, bounce_notify_verp.c, bounce_one_service.c,
 * bounce_warn_service.c, bounce_trace_service.c. */
enum parse_result
postfix_notice(struct cursor *c, struct event *e)
{
	struct slice whom = cursor_until_char(c, ' ');
	struct slice kind = slice_trim(cursor_until(c, S("notification")));
	e->type = EVENT_NOTICE;
	if (cursor_optional(c, S(" ")))
		return failed(c, e);
	cursor_literal(c, S(": "));
	e->next_qid = cursor_rest(c);
	e->notice = notice_of(whom, kind);
	return cursor_ok(c) && e->notice && postfix_is_qid(e->next_qid) ? PARSE_OK : PARSE_UNKNOWN;
}
