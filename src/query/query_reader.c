#include "query/query_part.h"

#include <stdarg.h>
#include <stdio.h>

static struct slice format_text(struct query_reader *r, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static struct slice
format_text(struct query_reader *r, const char *format, va_list args)
{
	char text[512];
	int n = vsnprintf(text, sizeof(text), format, args);
	if (n < 0)
		n = 0;
	return arena_copy(
		r->arena, slice_of(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1));
}

bool
query_fail(struct query_reader *r, size_t pos, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	r->err->message = format_text(r, format, args);
	va_end(args);
	r->err->pos = r->pasted ? 0 : pos;
	r->err->hint = S("");
	return false;
}

bool
query_hint(struct query_reader *r, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	r->err->hint = format_text(r, format, args);
	va_end(args);
	return false;
}

struct slice
query_clip(struct slice s)
{
	size_t n = s.n < 40 ? s.n : 40;
	while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return slice_head(s, n);
}

struct slice
query_left(const struct query_reader *r)
{
	return slice_skip(r->text, r->at);
}

/* The spaces of Unicode that word processors and chat programs put into copied text. */
static size_t
wide_blank(struct slice s)
{
	if (slice_starts(s, S("\xc2\xa0")))
		return 2;
	if (slice_starts(s, S("\xe3\x80\x80")) || slice_starts(s, S("\xe2\x80\xaf")) ||
		slice_starts(s, S("\xef\xbb\xbf")))
		return 3;
	if (s.n >= 3 && slice_starts(s, S("\xe2\x80")) && (unsigned char)s.p[2] >= 0x80 &&
		(unsigned char)s.p[2] <= 0x8b)
		return 3;
	return 0;
}

size_t
query_blank(struct slice s)
{
	if (s.n == 0)
		return 0;
	if (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\r' || s.p[0] == '\n')
		return 1;
	return (unsigned char)s.p[0] >= 0x80 ? wide_blank(s) : 0;
}

size_t
query_curly_quote(struct slice s)
{
	if (slice_starts(s, S("\xc2\xab")) || slice_starts(s, S("\xc2\xbb")))
		return 2;
	if (slice_starts(s, S("\xe2\x80\x9c")) || slice_starts(s, S("\xe2\x80\x9d")) ||
		slice_starts(s, S("\xe2\x80\x9e")))
		return 3;
	return 0;
}

void
query_skip_blanks(struct query_reader *r)
{
	for (size_t n; (n = query_blank(query_left(r))) > 0;)
		r->at += n;
}

static bool
is_control(uint32_t code)
{
	return (code < 0x20 && code != '\t' && code != '\r' && code != '\n') || code == 0x7f;
}

bool
query_check_text(struct query_reader *r)
{
	for (size_t at = 0; at < r->text.n;) {
		uint32_t code;
		size_t n = query_utf8(slice_skip(r->text, at), &code);
		if (n == 0)
			return query_fail(r, at, "the query is not valid UTF-8 here");
		if (is_control(code))
			return query_fail(r, at, "the query has a control character here");
		at += n;
	}
	return true;
}
