#include "parse/filter.h"

#include "parse/filter_read.h"

/* By the action, for that is what happened to the mail; 'S' means that Rspamd did not look at it.
 */
static enum verdict
action_verdict(char is_spam, struct slice action)
{
	static const struct {
		const char *action;
		enum verdict verdict;
	} actions[] = {
		{"no action", VERDICT_CLEAN},
		{"reject", VERDICT_SPAM},
		{"discard", VERDICT_SPAM},
		{"quarantine", VERDICT_SPAM},
		{"add header", VERDICT_SPAMMY},
		{"rewrite subject", VERDICT_SPAMMY},
	};
	if (is_spam == 'S' && slice_equal(action, S("no action")))
		return VERDICT_UNCHECKED;
	for (size_t i = 0; i < FILTER_COUNT(actions); i++)
		if (slice_equal(action, slice_of_str(actions[i].action)))
			return actions[i].verdict;
	return VERDICT_OTHER; /* "greylist", "soft reject" and whatever a module defines */
}

/* "CLAM_VIRUS(0.00){Eicar-Signature;}": the antivirus module names what it found. */
static void
find_virus(struct event *e)
{
	struct cursor c = cursor_of(e->tests);
	cursor_until(&c, S("_VIRUS("));
	cursor_until(&c, S("){"));
	struct slice found = cursor_until_char(&c, '}');
	if (!cursor_ok(&c))
		return;
	ptrdiff_t end = slice_find_char(found, ';');
	e->virus = end < 0 ? found : slice_head(found, (size_t)end);
	e->verdict = VERDICT_VIRUS;
}

/* "(default: F (no action): [1.20/15.00] [SYM(0.10){a;},...]), len: 4711, time: 45.123ms, " */
static void
read_metric(struct cursor *c, struct event *e)
{
	cursor_until(c, S("(default: "));
	char is_spam = cursor_done(c) ? ' ' : *c->p;
	cursor_until(c, S(" ("));
	e->action = cursor_until(c, S("): ["));
	e->score = cursor_until_char(c, '/');
	e->verdict = action_verdict(is_spam, e->action);
	cursor_until(c, S("] ["));
	e->tests = cursor_until(c, S("]), len: "));
	find_virus(e);
}

/* "4711, time: 45.123ms, " or "4711, time: 45.123ms real, 12.345ms virtual, " */
static void
read_size_and_time(struct cursor *c, struct event *e)
{
	int64_t us;
	uint64_t bytes;
	if (slice_to_u64(cursor_until_char(c, ','), &bytes) && bytes <= INT64_MAX)
		e->size_bytes = (int64_t)bytes;
	cursor_literal(c, S(" time: "));
	if (slice_to_ms(cursor_until(c, S("ms")), &us))
		e->took_ms = (us + 500) / 1000; /* the number is milliseconds with a fraction */
}

/* "name: <value>," anywhere before the metric or after it; empty when it is not there. */
static struct slice
find_bracketed(struct slice text, struct slice head)
{
	struct cursor c = cursor_of(text);
	cursor_until(&c, head);
	return cursor_until_char(&c, '>');
}

/* "id: <a@example.com>, qid: <4F3A>, ip: 192.0.2.7, user: u, from: <b@example.com>, " */
static void
read_head(struct cursor *c, struct event *e)
{
	struct slice id = cursor_left(c);
	cursor_literal(c, S("id: <"));
	cursor_until(c, S(">,"));
	id = slice_of(id.p + 4, (size_t)(c->p - 1 - (id.p + 4)));
	if (cursor_ok(c) && !slice_equal(id, S("<undef>")))
		filter_set_msgid(e, id);
	if (cursor_optional(c, S(" qid: <")))
		e->qid = cursor_until(c, S(">,"));
	if (slice_equal(e->qid, S("undef")))
		e->qid.n = 0;
	if (cursor_optional(c, S(" ip: ")))
		e->client_ip = cursor_until_char(c, ',');
	if (cursor_optional(c, S(" user: ")))
		e->sasl_user = cursor_until_char(c, ',');
	if (cursor_optional(c, S(" from: <"))) {
		c->p--;
		filter_set_from(e, filter_read_bracketed(c));
	}
}

static enum parse_result
parse_task(struct cursor *c, struct event *e)
{
	filter_begin(e, EVENT_FILTER, S("rspamd"));
	read_head(c, e);
	read_metric(c, e);
	read_size_and_time(c, e);
	if (cursor_ok(c))
		e->rcpts = find_bracketed(cursor_left(c), S(", rcpts: <"));
	else
		e->cut = true; /* the symbols can be longer than syslog's line */
	return e->action.n ? PARSE_OK : PARSE_UNKNOWN;
}

enum parse_result
parse_rspamd(const struct line *line, struct event *e)
{
	struct cursor c = cursor_of(line->text);
	if (cursor_sees(&c, S("(")))
		cursor_until(&c, S(") ")); /* the worker: "(normal) " */
	if (cursor_optional(&c, S("<")))
		e->filter_id = cursor_until(&c, S(">; "));
	struct slice module = cursor_until(&c, S("; "));
	struct slice function = cursor_until(&c, S(": "));
	if (!cursor_ok(&c))
		return PARSE_IGNORED; /* start-up lines */
	if (slice_equal(module, S("task")) && slice_equal(function, S("rspamd_task_write_log")))
		return parse_task(&c, e);
	if (slice_equal(module, S("main")) && cursor_sees(&c, S("rspamd ")))
		return filter_program(e, cursor_left(&c));
	return PARSE_IGNORED;
}
