#include "parse/filter.h"

#include "parse/filter_read.h"

static const struct {
	const char *word;
	enum verdict verdict;
} categories[] = {
	/* The longer word first: SPAMMY starts with SPAM. */
	{"CLEAN", VERDICT_CLEAN},
	{"SPAMMY", VERDICT_SPAMMY},
	{"SPAM", VERDICT_SPAM},
	{"INFECTED", VERDICT_VIRUS},
	{"BANNED", VERDICT_BANNED},
	{"BAD-HEADER", VERDICT_BAD_HEADER},
	{"OVERSIZED", VERDICT_OVERSIZED},
	{"UNCHECKED", VERDICT_UNCHECKED},
};

static enum verdict
category_verdict(struct slice word)
{
	for (size_t i = 0; i < FILTER_COUNT(categories); i++)
		if (slice_starts(word, slice_of_str(categories[i].word)))
			return categories[i].verdict;
	return VERDICT_OTHER;
}

/* "(00062-13-64) " */
static struct slice
read_log_id(struct cursor *c)
{
	struct cursor start = *c;
	if (cursor_optional(c, S("("))) {
		struct slice id = filter_read_word(c);
		if (id.n && cursor_optional(c, S(") ")))
			return id;
	}
	*c = start;
	return slice_of(c->p, 0);
}

/* "INFECTED (Eicar-Test-Signature)", "BANNED (.exe,a (1).exe)". A file name may hold any
 * parenthesis: what follows the list, " {" or ",", tells its end. */
static void
read_category(struct cursor *c, struct event *e)
{
	e->verdict = category_verdict(filter_read_word(c));
	if (!cursor_optional(c, S(" (")))
		return;
	bool old = !slice_contains(cursor_left(c), S(") {")); /* up to 2.7 */
	e->virus = cursor_until(c, old ? S("),") : S(") {"));
	if (cursor_ok(c))
		c->p -= old ? 1 : 2;
}

/* " LOCAL [192.0.2.7]:2525 [198.51.100.4] <": policy banks and "LOCAL", the client, the origin. */
static void
read_client(struct cursor *c, struct event *e)
{
	struct slice port;
	while (cursor_ok(c) && !cursor_sees(c, S("<")) && !cursor_sees(c, S("(?)"))) {
		if (!cursor_sees(c, S("[")))
			cursor_until_char(c, ' ');
		else if (e->client_ip.n == 0)
			filter_read_peer(c, &e->client_ip, &e->client_port);
		else
			filter_read_peer(c, &e->orig_client_ip, &port);
		cursor_blanks(c);
	}
}

/* "<a@example.com>,<b@example.com>", kept as one list; a half address at its end is left out. */
static struct slice
read_recipients(struct cursor *c)
{
	struct slice list = slice_of(c->p, 0);
	do {
		filter_read_bracketed(c);
		if (cursor_ok(c))
			list.n = (size_t)(c->p - list.p);
	} while (cursor_sees(c, S(",<")) && cursor_optional(c, S(",")));
	return list;
}

static void
read_envelope(struct cursor *c, struct event *e)
{
	cursor_literal(c, S(","));
	cursor_blanks(c);
	read_client(c, e);
	bool known = !cursor_optional(c, S("(?)"));
	struct slice from = known ? filter_read_bracketed(c) : S("");
	if (known && cursor_ok(c))
		filter_set_from(e, from);
	cursor_literal(c, S(" -> "));
	e->rcpts = read_recipients(c);
}

/* Up to `closer` where a comma or the end of the line follows it; past it. */
static struct slice
read_closed(struct cursor *c, struct slice closer_and_comma)
{
	struct slice left = cursor_left(c);
	ptrdiff_t at = slice_find(left, closer_and_comma);
	if (at >= 0) {
		c->p += at + 1;
		return slice_head(left, (size_t)at);
	}
	c->p = c->end;
	return slice_ends(left, slice_head(closer_and_comma, 1)) ? slice_head(left, left.n - 1)
								 : left;
}

/* A value ends at its closing quote or bracket where it has one, else at the next comma. */
static struct slice
read_value(struct cursor *c)
{
	if (cursor_optional(c, S("\"")))
		return read_closed(c, S("\", "));
	if (cursor_optional(c, S("[")))
		return read_closed(c, S("], "));
	if (!cursor_sees(c, S("<")))
		return cursor_until_or_rest(c, S(", "));
	const char *begin = c->p;
	read_closed(c, S(">, "));
	return slice_of(begin, (size_t)(c->p - begin));
}

/* "9F3A7/9F3B1" are ids; where the next server's answer has no "queued as", Amavis writes the whole
 * answer. */
static void
set_queued_as(struct event *e, struct slice value)
{
	for (size_t i = 0; i < value.n; i++) {
		char at = value.p[i];
		if (!slice_is_digit(at) && at != '/' &&
			(slice_lower_char(at) < 'a' || slice_lower_char(at) > 'z')) {
			e->reply = value;
			return;
		}
	}
	e->next_qids = value;
}

static const struct {
	const char *name;
	size_t offset;
} text_fields[] = {
	{"Queue-ID", offsetof(struct event, qid)},
	{"mail_id", offsetof(struct event, filter_id)},
	{"quarantine", offsetof(struct event, quarantine)},
	{"Tests", offsetof(struct event, tests)},
	{"Subject", offsetof(struct event, subject)},
	{"helo", offsetof(struct event, helo)},
};

static void
set_field(struct event *e, struct slice name, struct slice value)
{
	uint64_t number;
	for (size_t i = 0; i < FILTER_COUNT(text_fields); i++)
		if (slice_equal(name, slice_of_str(text_fields[i].name)))
			*(struct slice *)((char *)e + text_fields[i].offset) = value;
	if (slice_equal(name, S("Message-ID")))
		filter_set_msgid(e, value);
	else if (slice_equal(name, S("Hits")) && !slice_equal(value, S("-")))
		e->score = value;
	else if (slice_equal(name, S("size")) && slice_to_u64(value, &number) &&
		 number <= INT64_MAX)
		e->size_bytes = (int64_t)number;
	else if (slice_equal(name, S("queued_as")))
		set_queued_as(e, value);
}

/* One of ", name: value", ", name=value", ", 312 ms". */
static void
read_field(struct cursor *c, struct event *e)
{
	struct slice name = filter_read_word(c);
	uint64_t ms;
	if (cursor_optional(c, S(": ")) || cursor_optional(c, S("=")) || cursor_optional(c, S(":")))
		set_field(e, name, read_value(c));
	else if (slice_starts(cursor_until_or_rest(c, S(", ")), S(" ms")) &&
		 slice_to_u64(name, &ms) && ms <= INT64_MAX)
		e->took_ms = (int64_t)ms;
}

/* Amavis breaks a long line in two: the first part ends in "...". */
static void
read_fields(struct cursor *c, struct event *e)
{
	e->cut = slice_ends(cursor_left(c), S("..."));
	while (!cursor_done(c)) {
		cursor_optional(c, S(","));
		cursor_blanks(c);
		read_field(c, e);
	}
}

/* $log_templ: "Passed CLEAN {RelayedInbound}, [192.0.2.7]:25 <a> -> <b>, Queue-ID: ..., 312 ms" */
static enum parse_result
parse_verdict(struct cursor *c, struct event *e)
{
	filter_begin(e, EVENT_FILTER, S("amavis"));
	e->action = cursor_until_char(c, ' ');
	read_category(c, e);
	if (cursor_optional(c, S(" {")))
		e->text = cursor_until_char(c, '}');
	read_envelope(c, e);
	if (!cursor_ok(c)) /* a list of recipients can be longer than syslog's line */
		e->cut = true;
	else
		read_fields(c, e);
	return e->rcpts.n || e->has_from ? PARSE_OK : PARSE_UNKNOWN;
}

static const char *const trouble[] = {
	"(!)",
	"(!!)",
	"_WARN:",
	"_DIE:",
	"WARN:",
	"TROUBLE",
	"Error in ",
};

static const char *const program[] = {
	"starting.",
	"Amavis shutting down",
	"amavis shutting down",
};

enum parse_result
parse_amavis(const struct line *line, struct event *e)
{
	struct cursor c = cursor_of(line->text);
	e->filter_id = read_log_id(&c);
	if (cursor_sees(&c, S("Passed ")) || cursor_sees(&c, S("Blocked ")))
		return parse_verdict(&c, e);
	if (filter_starts_any(cursor_left(&c), trouble, FILTER_COUNT(trouble)))
		return filter_warning(e, cursor_left(&c));
	if (filter_starts_any(cursor_left(&c), program, FILTER_COUNT(program)))
		return filter_program(e, cursor_left(&c));
	return PARSE_IGNORED; /* what the higher log levels say of each step has no end of shapes */
}
