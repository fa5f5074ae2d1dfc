#include "base/buf.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
buf_fini(struct buf *b)
{
	free(b->p);
	*b = (struct buf){0};
}

char *
buf_room(struct buf *b, size_t more)
{
	if (b->cap - b->n <= more) {
		size_t cap = b->cap ? b->cap : 256;
		while (cap - b->n <= more)
			cap *= 2;
		b->p = memory_grow(b->p, cap);
		b->cap = cap;
	}
	return b->p + b->n;
}

void
buf_add(struct buf *b, struct slice s)
{
	char *to = buf_room(b, s.n);
	if (s.n)
		memcpy(to, s.p, s.n);
	b->n += s.n;
}

void
buf_add_char(struct buf *b, char c)
{
	*buf_room(b, 1) = c;
	b->n++;
}

void
buf_add_str(struct buf *b, const char *str)
{
	buf_add(b, slice_of_str(str));
}

void
buf_add_u64(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t n = sizeof(digits);
	do {
		digits[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_add(b, slice_of(digits + n, sizeof(digits) - n));
}

void
buf_add_i64(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_add_char(b, '-');
	buf_add_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void
buf_addf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n > 0) {
		char *to = buf_room(b, (size_t)n);
		vsnprintf(to, (size_t)n + 1, format, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

const char *
buf_str(struct buf *b)
{
	*buf_room(b, 1) = '\0';
	return b->p;
}

void
buf_add_lower(struct buf *b, struct slice s)
{
	char *to = buf_room(b, s.n);
	for (size_t i = 0; i < s.n; i++)
		to[i] = slice_lower_char(s.p[i]);
	b->n += s.n;
}
