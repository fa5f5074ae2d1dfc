#include "parse/filter_read.h"

static bool
is_alnum(char c)
{
	return slice_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A queue id of Postfix or Sendmail. A plain word ("Starting: ") is none: ids hold a digit, or are
 * the rare short id of hex letters only. */
static bool
is_qid(struct slice s)
{
	bool digit = false;
	bool hex = true;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_alnum(s.p[i]))
			return false;
		digit = digit || slice_is_digit(s.p[i]);
		hex = hex && (slice_is_digit(s.p[i]) || (s.p[i] >= 'A' && s.p[i] <= 'F'));
	}
	return s.n >= 5 && s.n <= 32 && (digit || hex);
}

struct slice
filter_read_qid(struct cursor *c)
{
	struct slice left = cursor_left(c);
	ptrdiff_t colon = slice_find_char(slice_head(left, 34), ':');
	if (colon < 0 || !is_qid(slice_head(left, (size_t)colon)))
		return slice_head(left, 0);
	if ((size_t)colon + 1 < left.n && left.p[colon + 1] != ' ')
		return slice_head(left, 0);
	struct slice qid = slice_head(left, (size_t)colon);
	c->p += colon + 1;
	cursor_blanks(c);
	return qid;
}

struct slice
filter_read_bracketed(struct cursor *c)
{
	cursor_literal(c, S("<"));
	struct slice left = cursor_left(c);
	bool quoted = false;
	for (size_t i = 0; i < left.n; i++) {
		char at = left.p[i];
		if (quoted && at == '\\')
			i++;
		else if (at == '"' && (quoted || i == 0))
			quoted = !quoted;
		else if (at == '>' && !quoted) {
			c->p += i + 1;
			return slice_head(left, i);
		}
	}
	/* An unfinished quote must not swallow the line: take the first '>' then. */
	return cursor_until_char(c, '>');
}

void
filter_read_peer(struct cursor *c, struct slice *ip, struct slice *port)
{
	cursor_literal(c, S("["));
	cursor_optional(c, S("IPv6:"));
	*ip = cursor_until_char(c, ']');
	*port = slice_head(*ip, 0);
	if (cursor_optional(c, S(":"))) {
		struct slice left = cursor_left(c);
		size_t n = 0;
		while (n < left.n && slice_is_digit(left.p[n]))
			n++;
		*port = slice_head(left, n);
		c->p += n;
	}
}

struct slice
filter_read_word(struct cursor *c)
{
	struct slice left = cursor_left(c);
	size_t n = 0;
	while (n < left.n &&
		(is_alnum(left.p[n]) || left.p[n] == '-' || left.p[n] == '_' || left.p[n] == '.'))
		n++;
	if (!c->failed)
		c->p += n;
	return slice_head(left, n);
}

bool
filter_next_pair(struct cursor *c, char separator, struct slice *name, struct slice *value)
{
	struct cursor start = *c;
	cursor_blanks(c);
	*name = filter_read_word(c);
	if (name->n == 0 || !cursor_optional(c, S("="))) {
		*c = start;
		return false;
	}
	if (cursor_optional(c, S("\""))) {
		*value = cursor_until_or_rest(c, S("\""));
		cursor_until_or_rest(c, slice_of(&separator, 1));
	} else {
		*value = cursor_until_or_rest(c, slice_of(&separator, 1));
	}
	return true;
}

enum verdict
filter_result_verdict(struct slice text)
{
	struct cursor c = cursor_of(text);
	struct slice word = filter_read_word(&c);
	if (slice_equal_nocase(word, S("pass")))
		return VERDICT_PASS;
	if (slice_equal_nocase(word, S("fail")))
		return VERDICT_FAIL;
	if (slice_equal_nocase(word, S("none")))
		return VERDICT_NONE;
	return VERDICT_OTHER; /* softfail, neutral, policy, temperror, permerror */
}

enum parse_result
filter_warning(struct event *e, struct slice text)
{
	e->type = EVENT_WARNING;
	e->text = text;
	return PARSE_OK;
}

enum parse_result
filter_program(struct event *e, struct slice text)
{
	e->type = EVENT_PROGRAM;
	e->text = text;
	return PARSE_OK;
}

void
filter_begin(struct event *e, enum event_type type, struct slice check)
{
	e->type = type;
	e->check = check;
}

void
filter_set_from(struct event *e, struct slice from)
{
	e->from = from;
	e->has_from = true;
}

void
filter_set_msgid(struct event *e, struct slice msgid)
{
	if (slice_starts(msgid, S("<")) && !slice_ends(msgid, S(">")))
		return;
	e->has_msgid = true;
	e->msgid = slice_equal(msgid, S("<>")) ? slice_head(msgid, 0) : msgid;
}

bool
filter_starts_any(struct slice s, const char *const *heads, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_starts(s, slice_of_str(heads[i])))
			return true;
	return false;
}

bool
filter_contains_any(struct slice s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_contains(s, slice_of_str(words[i])))
			return true;
	return false;
}
