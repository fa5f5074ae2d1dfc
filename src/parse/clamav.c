#include "parse/filter.h"

#include "parse/filter_read.h"

/* What stands between quotes before `next`; a quote inside the text does not end it. */
static struct slice
read_quoted(struct cursor *c, struct slice next)
{
	cursor_literal(c, S("'"));
	return cursor_until(c, next);
}

/* LogInfected Full of clamav-milter: "Message QID from <a> to <b> with subject 's' message-id 'm'
 * date 'd' infected by X"; Basic has neither the id nor the headers. LogClean: "Clean message ..."
 * without the end. */
static enum parse_result
parse_milter(struct cursor *c, enum verdict verdict, struct event *e)
{
	filter_begin(e, EVENT_FILTER, S("clamav"));
	e->verdict = verdict;
	if (!cursor_optional(c, S("from "))) {
		e->qid = cursor_until(c, S(" from "));
		if (slice_equal(e->qid, S("UNKNOWN")))
			e->qid.n = 0;
	}
	filter_set_from(e, filter_read_bracketed(c));
	cursor_literal(c, S(" to "));
	e->rcpts = cursor_left(c);
	filter_read_bracketed(c);
	e->rcpts.n = cursor_ok(c) ? (size_t)(c->p - e->rcpts.p) : 0;
	if (cursor_optional(c, S(" with subject "))) {
		e->subject = read_quoted(c, S("' message-id '"));
		filter_set_msgid(e, cursor_until(c, S("' date '")));
		cursor_until(c, S("'"));
	}
	if (cursor_optional(c, S(" infected by ")))
		e->virus = cursor_rest(c);
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* clamsmtpd: "10003F: from=a@example.com, to=b@example.com, status=VIRUS:Eicar-Signature" */
static enum parse_result
parse_smtp(struct cursor *c, struct event *e)
{
	filter_begin(e, EVENT_FILTER, S("clamav"));
	cursor_literal(c, S("from="));
	filter_set_from(e, cursor_until(c, S(", to=")));
	e->rcpts = cursor_until(c, S(", status="));
	struct slice status = cursor_rest(c);
	e->verdict = VERDICT_OTHER;
	if (slice_starts(status, S("CLEAN")))
		e->verdict = VERDICT_CLEAN;
	else if (slice_starts(status, S("VIRUS")))
		e->verdict = VERDICT_VIRUS;
	if (slice_starts(status, S("VIRUS:")))
		e->virus = slice_skip(status, sizeof("VIRUS:") - 1);
	e->text = status;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* clamd: "instream(127.0.0.1@51234): Eicar-Signature FOUND" */
static enum parse_result
parse_found(struct slice text, struct event *e)
{
	text = slice_head(text, text.n - (sizeof(" FOUND") - 1));
	ptrdiff_t at = slice_find_last_char(text, ' ');
	if (at < 1 || text.p[at - 1] != ':')
		return PARSE_UNKNOWN;
	filter_begin(e, EVENT_FILTER, S("clamav"));
	e->verdict = VERDICT_VIRUS;
	e->virus = slice_skip(text, (size_t)at + 1);
	e->text = slice_head(text, (size_t)at - 1);
	return PARSE_OK;
}

static const char *const trouble[] = {
	"ERROR:",
	"WARNING:",
	"LibClamAV Warning:",
	"LibClamAV Error:",
	"!",
	"^",
};

static const char *const program[] = {
	"+++ Started",
	"--- Stopped",
	"clamd daemon ",
	"Pid file removed",
	"starting up",
	"stopping",
	"Database correctly reloaded",
};

/* clamd's own time stamp before the text, where LogTime is on: "Sun Mar  1 02:10:00 2026 -> " */
static void
skip_stamp(struct cursor *c)
{
	ptrdiff_t arrow = slice_find(slice_head(cursor_left(c), 30), S(" -> "));
	if (arrow > 0)
		c->p += arrow + 4;
}

enum parse_result
parse_clamav(const struct line *line, struct event *e)
{
	struct cursor c = cursor_of(line->text);
	skip_stamp(&c);
	if (cursor_optional(&c, S("Message ")) &&
		slice_contains(cursor_left(&c), S(" infected by ")))
		return parse_milter(&c, VERDICT_VIRUS, e);
	if (cursor_optional(&c, S("Clean message ")))
		return parse_milter(&c, VERDICT_CLEAN, e);
	if (slice_ends(cursor_left(&c), S(" FOUND")))
		return parse_found(cursor_left(&c), e);
	if (filter_starts_any(cursor_left(&c), trouble, FILTER_COUNT(trouble)))
		return filter_warning(e, cursor_left(&c));
	if (filter_starts_any(cursor_left(&c), program, FILTER_COUNT(program)))
		return filter_program(e, cursor_left(&c));
	e->filter_id = filter_read_qid(&c);
	if (e->filter_id.n && cursor_sees(&c, S("from=")))
		return parse_smtp(&c, e);
	return PARSE_IGNORED; /* loading of databases, self checks, freshclam's downloads,
				 connections */
}
