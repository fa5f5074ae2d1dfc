#include "base/cursor.h"

static struct slice
take(struct cursor *c, size_t n, size_t skip)
{
	struct slice out = {c->p, n};
	c->p += n + skip;
	return out;
}

static struct slice
fail(struct cursor *c)
{
	c->failed = true;
	return (struct slice){c->end, 0};
}

struct slice
cursor_until(struct cursor *c, struct slice stop)
{
	ptrdiff_t at = c->failed ? -1 : slice_find(cursor_left(c), stop);
	return at < 0 ? fail(c) : take(c, (size_t)at, stop.n);
}

struct slice
cursor_until_or_rest(struct cursor *c, struct slice stop)
{
	ptrdiff_t at = c->failed ? -1 : slice_find(cursor_left(c), stop);
	return at < 0 ? cursor_rest(c) : take(c, (size_t)at, stop.n);
}

struct slice
cursor_until_char(struct cursor *c, char stop)
{
	ptrdiff_t at = c->failed ? -1 : slice_find_char(cursor_left(c), stop);
	return at < 0 ? fail(c) : take(c, (size_t)at, 1);
}

struct slice
cursor_while(struct cursor *c, const bool member[256])
{
	struct slice left = cursor_left(c);
	size_t n = 0;
	while (n < left.n && member[(unsigned char)left.p[n]])
		n++;
	return c->failed ? left : take(c, n, 0);
}

uint64_t
cursor_u64(struct cursor *c)
{
	struct slice left = cursor_left(c);
	uint64_t value = 0;
	size_t n = 0;
	while (n < left.n && slice_is_digit(left.p[n]))
		n++;
	if (!slice_to_u64(slice_head(left, n), &value)) {
		fail(c);
		return 0;
	}
	take(c, n, 0);
	return value;
}

struct slice
cursor_rest(struct cursor *c)
{
	struct slice left = cursor_left(c);
	c->p = c->end;
	return left;
}

void
cursor_blanks(struct cursor *c)
{
	while (!c->failed && c->p < c->end && *c->p == ' ')
		c->p++;
}
