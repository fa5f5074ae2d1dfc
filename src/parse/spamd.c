#include "parse/filter.h"

#include "parse/filter_read.h"

static void
set_seconds(struct event *e, struct slice seconds)
{
	int64_t ms;
	if (slice_to_ms(seconds, &ms))
		e->took_ms = ms;
}

static void
set_size(struct event *e, struct slice size)
{
	uint64_t bytes;
	if (slice_to_u64(size, &bytes) && bytes <= INT64_MAX)
		e->size_bytes = (int64_t)bytes;
}

/* "scantime=1.2,size=4711,user=filter,...,mid=<a@example.com>,autolearn=ham" */
static void
read_details(struct cursor *c, struct event *e)
{
	struct slice name, value;
	while (filter_next_pair(c, ',', &name, &value)) {
		if (slice_equal(name, S("scantime")))
			set_seconds(e, value);
		else if (slice_equal(name, S("size")))
			set_size(e, value);
		else if (slice_equal(name, S("mid")) && !slice_equal(value, S("(unknown)")))
			filter_set_msgid(e, value);
	}
}

/* "result: Y 15 - TEST_A,TEST_B scantime=..."; '.' instead of 'Y' is ham, and a mail without a hit
 * leaves two blanks where the tests would be. */
static enum parse_result
parse_result_line(struct cursor *c, struct event *e)
{
	filter_begin(e, EVENT_FILTER, S("spamassassin"));
	e->verdict = cursor_optional(c, S("Y ")) ? VERDICT_SPAM : VERDICT_CLEAN;
	if (e->verdict == VERDICT_CLEAN)
		cursor_literal(c, S(". "));
	cursor_blanks(c);
	e->score = cursor_until(c, S(" - "));
	e->tests = cursor_until(c, S("scantime="));
	e->tests = slice_trim(e->tests);
	if (!cursor_ok(c))
		return PARSE_UNKNOWN;
	c->p -= sizeof("scantime=") - 1;
	read_details(c, e);
	return PARSE_OK;
}

/* "identified spam (9.3/5.0) for user:1209 in 0.8 seconds, 5 bytes." */
static enum parse_result
parse_summary(struct cursor *c, enum verdict verdict, struct event *e)
{
	filter_begin(e, EVENT_FILTER, S("spamassassin"));
	e->verdict = verdict;
	e->score = cursor_until_char(c, '/');
	cursor_until(c, S(" in "));
	set_seconds(e, cursor_until(c, S(" seconds, ")));
	set_size(e, cursor_until_char(c, ' '));
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

static const char *const trouble[] = {
	"error:",
	"warn:",
	"fatal",
	"server hit by SIG",
	"bad protocol",
	"could not",
	"cannot",
	"failed",
	"copy_config timeout",
	"timed out",
	"unauthorized connection",
};

static const char *const program[] = {
	"server started",
	"server killed",
	"server pid:",
	"restarting",
};

enum parse_result
parse_spamd(const struct line *line, struct event *e)
{
	struct cursor c = cursor_of(line->text);
	cursor_optional(&c, S("info: "));
	cursor_optional(&c, S("spamd: "));
	if (cursor_optional(&c, S("result: ")))
		return parse_result_line(&c, e);
	if (cursor_optional(&c, S("identified spam (")))
		return parse_summary(&c, VERDICT_SPAM, e);
	if (cursor_optional(&c, S("clean message (")))
		return parse_summary(&c, VERDICT_CLEAN, e);
	if (filter_starts_any(cursor_left(&c), trouble, FILTER_COUNT(trouble)))
		return filter_warning(e, cursor_left(&c));
	if (filter_starts_any(cursor_left(&c), program, FILTER_COUNT(program)))
		return filter_program(e, cursor_left(&c));
	return PARSE_IGNORED; /* plug-ins and rules write what they like */
}
