#include "wire/stamp.h"

#include "base/cursor.h"

#define STAMP_ID S("else@32473")

/* "<22>" */
static void
skip_priority(struct cursor *c)
{
	size_t n = 1, left = (size_t)(c->end - c->p);
	if (left < 3 || *c->p != '<')
		return;
	while (n < left && n < 4 && slice_is_digit(c->p[n]))
		n++;
	if (n > 1 && n < left && c->p[n] == '>')
		c->p += n + 1;
}

/* "2026-11-22T..." or NILVALUE. A date that ends in a blank is none: syslog_read takes the time of
 * day behind it as part of the stamp, and structured data would begin a word later. */
static bool
is_timestamp(struct slice word)
{
	return slice_equal(word, S("-")) ||
	       (word.n > 10 && slice_is_digit(word.p[0]) && word.p[4] == '-');
}

/* Up to the structured data; false when the frame has none. */
static bool
skip_header(struct cursor *c)
{
	skip_priority(c);
	cursor_literal(c, S("1 "));
	if (!is_timestamp(cursor_until_char(c, ' ')))
		return false;
	for (int i = 0; i < 4; i++) /* HOSTNAME APP-NAME PROCID MSGID */
		cursor_until_char(c, ' ');
	return cursor_ok(c);
}

/* "[id name=\"value\" ...]", all of it; empty when there is none here. Inside quotes '"', '\\' and
 * ']' are escaped. */
static struct slice
next_element(struct cursor *c)
{
	const char *start = c->p;
	bool quoted = false;
	if (!cursor_optional(c, S("[")))
		return slice_of(start, 0);
	for (const char *p = c->p; p < c->end; p++) {
		if (quoted && *p == '\\' && p + 1 < c->end) {
			p++;
		} else if (*p == '"') {
			quoted = !quoted;
		} else if (*p == ']' && !quoted) {
			c->p = p + 1;
			return slice_of(start, (size_t)(c->p - start));
		}
	}
	return slice_of(start, 0);
}

/* Behind the opening quote: the value, and past the closing one. */
static struct slice
read_value(struct cursor *c)
{
	const char *start = c->p;
	for (const char *p = start; p < c->end && cursor_ok(c); p++) {
		if (*p == '\\' && p + 1 < c->end) {
			p++;
		} else if (*p == '"') {
			c->p = p + 1;
			return slice_of(start, (size_t)(p - start));
		}
	}
	c->failed = true;
	return slice_of(start, 0);
}

static void
take_parameter(struct stamp *stamp, struct slice name, struct slice value)
{
	if (slice_equal(name, S("u")) && stamp->uuid.n == 0)
		stamp->uuid = value;
	else if (slice_equal(name, S("b")) && stamp->boot.n == 0)
		stamp->boot = value;
	else if (slice_equal(name, S("s")) && !stamp->has_sequence)
		stamp->has_sequence = slice_to_u64(value, &stamp->sequence);
}

/* "[else@32473 u=\"...\" s=\"42\" b=\"...\"]"; false when the element is not ours. */
static bool
read_element(struct slice element, struct stamp *stamp)
{
	struct cursor c = cursor_of(slice_head(element, element.n - 1));
	cursor_literal(&c, S("["));
	cursor_literal(&c, STAMP_ID);
	if (!cursor_ok(&c) || (!cursor_done(&c) && *c.p != ' '))
		return false;
	stamp->element = element;
	for (cursor_blanks(&c); !cursor_done(&c); cursor_blanks(&c)) {
		struct slice name = cursor_until(&c, S("=\""));
		struct slice value = read_value(&c);
		if (cursor_ok(&c))
			take_parameter(stamp, name, value);
	}
	return true;
}

bool
stamp_read(struct slice frame, struct stamp *stamp)
{
	struct cursor c = cursor_of(frame);
	struct slice element;
	*stamp = (struct stamp){0};
	if (!skip_header(&c))
		return false;
	do {
		element = next_element(&c);
	} while (element.n > 0 && !read_element(element, stamp));
	stamp->found = stamp->uuid.n > 0 || stamp->has_sequence;
	return stamp->found;
}

void
stamp_cut(struct slice frame, struct buf *out)
{
	struct stamp stamp;
	if (!stamp_read(frame, &stamp)) {
		buf_add(out, frame);
		return;
	}
	const char *start = stamp.element.p, *end = slice_end(stamp.element);
	struct slice tail = slice_skip(frame, (size_t)(end - frame.p));
	bool alone = start[-1] == ' ' && !(tail.n && *tail.p == '[');
	buf_add(out, slice_head(frame, (size_t)(start - frame.p)));
	if (alone)
		buf_add(out, tail.n && *tail.p != ' ' ? S("- ") : S("-"));
	buf_add(out, tail);
}
