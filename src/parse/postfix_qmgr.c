#include "parse/postfix.h"

/* "<a@b>, " or, of ancient versions, "a@b, ": past the separator. */
static struct slice
read_sender(struct cursor *c, struct event *e)
{
	struct slice from =
		cursor_optional(c, S("<")) ? postfix_read_address(c, e) : postfix_read_field(c);
	cursor_optional(c, S(", "));
	return from;
}

/* A number; -1 when the line ends with it, for then some of its digits may be lost. */
static int64_t
read_whole(struct cursor *c, int64_t most)
{
	uint64_t value = cursor_u64(c);
	return cursor_done(c) ? -1 : (int64_t)(value & (uint64_t)most);
}

static enum parse_result
expired(struct cursor *c, struct event *e)
{
	struct slice status = postfix_read_field(c);
	e->type = EVENT_EXPIRED;
	e->cut = cursor_done(c);
	e->text = slice_equal(status, S("expired")) ? cursor_rest(c) : status;
	return status.n ? PARSE_OK : PARSE_UNKNOWN;
}

/* "from=<..>, size=2666, nrcpt=2 (queue active)", "from=<..>, status=expired, returned to sender",
 * since 3.5 also "status=force-expired": Postfix src/qmgr/qmgr_message.c, qmgr_active.c, and the
 * same of src/oqmgr. */
enum parse_result
postfix_queued(struct cursor *c, struct event *e)
{
	cursor_literal(c, S("from="));
	e->from = read_sender(c, e);
	e->has_from = !e->cut;
	if (cursor_optional(c, S("status=")))
		return expired(c, e);
	e->type = EVENT_QUEUED;
	if (cursor_optional(c, S("size=")))
		e->size_bytes = read_whole(c, INT64_MAX);
	if (cursor_optional(c, S(", nrcpt=")))
		e->nrcpt = (int32_t)read_whole(c, INT32_MAX);
	if (cursor_ok(c) &&
		!(cursor_sees(c, S(" (queue ")) && slice_ends(cursor_left(c), S(")")))) {
		e->cut = true;
		return e->size_bytes >= 0 || cursor_done(c) ? PARSE_OK : PARSE_UNKNOWN;
	}
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "removed": Postfix src/qmgr/qmgr_active.c, src/postsuper/postsuper.c; "removed (canceled)" and
 * "(discarded)" of 3.10: src/cleanup/cleanup.c. */
enum parse_result
postfix_removed(struct cursor *c, struct event *e)
{
	cursor_literal(c, S("removed"));
	if (cursor_optional(c, S(" (")))
		e->text = cursor_until_or_rest(c, S(")"));
	cursor_end(c);
	e->type = EVENT_REMOVED;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "uid=1000 from=<user>", after postsuper -r with " orig_id=QID": Postfix src/pickup/pickup.c. */
enum parse_result
postfix_pickup(struct cursor *c, struct event *e)
{
	cursor_literal(c, S("uid="));
	e->uid = cursor_until_char(c, ' ');
	cursor_literal(c, S("from=<"));
	e->from = cursor_ok(c) ? postfix_read_address(c, e) : e->from;
	e->has_from = cursor_ok(c);
	if (cursor_optional(c, S(" orig_id=")))
		e->orig_qid = cursor_until_or_rest(c, S(" "));
	e->type = EVENT_PICKUP;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}
