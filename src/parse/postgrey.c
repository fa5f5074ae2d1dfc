#include "parse/filter.h"

#include "parse/filter_read.h"

static const struct {
	const char *name;
	size_t offset;
} fields[] = {
	{"action", offsetof(struct event, action)},
	{"reason", offsetof(struct event, reason)},
	{"client_name", offsetof(struct event, client_name)},
	{"client_address", offsetof(struct event, client_ip)},
	{"helo_name", offsetof(struct event, helo)},
	{"sasl_username", offsetof(struct event, sasl_user)},
	{"sender", offsetof(struct event, from)},
	{"recipient", offsetof(struct event, to)},
	{"queue_id", offsetof(struct event, qid)},
	{"text", offsetof(struct event, text)},
};

/* True when ", name=" starts at `at`. */
static bool
pair_starts(struct slice s, size_t at)
{
	if (!slice_starts(slice_skip(s, at), S(", ")))
		return false;
	for (at += 2; at < s.n; at++)
		if (s.p[at] == '=' || (s.p[at] != '_' && (s.p[at] < 'a' || s.p[at] > 'z')))
			break;
	return at < s.n && s.p[at] == '=' && s.p[at - 1] != ' ';
}

/* A value ends where the next pair begins. A sender's quoted local part may hold what looks like
 * one, so the sender ends at the last "recipient=". */
static struct slice
read_value(struct cursor *c, struct slice name)
{
	struct slice left = cursor_left(c);
	size_t end = left.n;
	bool sender = slice_equal(name, S("sender"));
	for (size_t i = 0; i < left.n; i++) {
		if (left.p[i] != ',' || !pair_starts(left, i))
			continue;
		if (sender && !slice_starts(slice_skip(left, i), S(", recipient=")))
			continue;
		end = i;
		if (!sender)
			break;
	}
	c->p += end;
	cursor_optional(c, S(", "));
	return slice_head(left, end);
}

static void
set_field(struct event *e, struct slice name, struct slice value)
{
	int64_t ms;
	for (size_t i = 0; i < FILTER_COUNT(fields); i++)
		if (slice_equal(name, slice_of_str(fields[i].name)))
			*(struct slice *)((char *)e + fields[i].offset) = value;
	if (slice_equal(name, S("delay")) && slice_to_ms(value, &ms))
		e->delay_ms = ms;
	if (slice_equal(name, S("recipient")))
		e->has_to = true;
}

/* "action=greylist, reason=new, client_name=mx.example.com, client_address=192.0.2.7, sender=a,
 * recipient=b" */
static enum parse_result
parse_decision(struct cursor *c, struct event *e)
{
	e->type = EVENT_GREYLIST;
	while (!cursor_done(c)) {
		struct slice name = cursor_until_char(c, '=');
		if (cursor_ok(c))
			set_field(e, name, read_value(c, name));
	}
	e->has_from = e->has_to; /* postgrey leaves out the null sender */
	return cursor_ok(c) && e->client_ip.n ? PARSE_OK : PARSE_UNKNOWN;
}

static const char *const trouble[] = {
	"WARNING",
	"warning",
	"ERROR",
	"error",
	"fatal",
};

enum parse_result
parse_postgrey(const struct line *line, struct event *e)
{
	struct cursor c = cursor_of(line->text);
	e->qid = filter_read_qid(&c);
	if (cursor_sees(&c, S("action=")))
		return parse_decision(&c, e);
	if (filter_starts_any(cursor_left(&c), trouble, FILTER_COUNT(trouble)))
		return filter_warning(e, cursor_left(&c));
	if (slice_contains(cursor_left(&c), S(" starting! pid(")) || cursor_sees(&c, S("greylse ")))
		return filter_program(e, cursor_left(&c));
	return PARSE_IGNORED; /* database upkeep, whitelist reloads, Net::Server's greetings */
}
