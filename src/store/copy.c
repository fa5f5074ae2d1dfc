#include "store/copy.h"

#include <assert.h>

#include "base/time.h"

enum {
	/* src/include/utils/inet.h */
	FAMILY_INET = 2,
	FAMILY_INET6 = 3,
};

#define EPOCH_US (946684800 * TIME_SECOND_US) /* 2000-01-01, PostgreSQL's */

/* Network byte order, as all numbers of the format. */
static void
put(char *to, uint64_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = (char)(v >> 8 * (bytes - 1 - i));
}

static void
add_number(struct buf *b, uint64_t v, size_t bytes)
{
	put(buf_room(b, bytes), v, bytes);
	b->n += bytes;
}

static void
add_field(struct buf *b, uint64_t v, size_t bytes)
{
	char *to = buf_room(b, 4 + bytes);
	put(to, bytes, 4);
	put(to + 4, v, bytes);
	b->n += 4 + bytes;
}

void
copy_begin(struct buf *b)
{
	buf_add(b, S("PGCOPY\n\377\r\n\0"));
	add_number(b, 0, 4); /* flags */
	add_number(b, 0, 4); /* length of the header extension */
}

void
copy_end(struct buf *b)
{
	add_number(b, UINT16_MAX, 2);
}

void
copy_row(struct buf *b, int16_t fields)
{
	add_number(b, (uint64_t)fields, 2);
}

void
copy_null(struct buf *b)
{
	add_number(b, UINT32_MAX, 4);
}

void
copy_i16(struct buf *b, int16_t v)
{
	add_field(b, (uint64_t)v, 2);
}

void
copy_i32(struct buf *b, int32_t v)
{
	add_field(b, (uint64_t)v, 4);
}

void
copy_i64(struct buf *b, int64_t v)
{
	add_field(b, (uint64_t)v, 8);
}

void
copy_f32(struct buf *b, float v)
{
	uint32_t bits;
	static_assert(sizeof(bits) == sizeof(v), "float4 is an IEEE single");
	memcpy(&bits, &v, sizeof(bits));
	add_field(b, bits, 4);
}

void
copy_bytes(struct buf *b, struct slice bytes)
{
	assert(bytes.n <= INT32_MAX);
	add_number(b, bytes.n, 4);
	buf_add(b, bytes);
}

/* Length of the valid UTF-8 sequence of two to four bytes at p (RFC 3629), or 0. */
static size_t
sequence_length(const unsigned char *p, size_t left)
{
	size_t n = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
	if (*p < 0xc2 || *p > 0xf4 || left < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xf0 && p[1] < 0x90);
	bool beyond = (*p == 0xed && p[1] > 0x9f) || (*p == 0xf4 && p[1] > 0x8f);
	return overlong || beyond ? 0 : n;
}

/* The run of ASCII without NUL at the front. */
static struct slice
plain_head(struct slice text)
{
	size_t n = 0;
	while (n < text.n && (signed char)text.p[n] > 0)
		n++;
	return slice_head(text, n);
}

void
copy_add_clean(struct buf *b, struct slice text, size_t max)
{
	while (text.n > 0) {
		struct slice piece = slice_head(plain_head(text), max), taken = piece;
		if (piece.n == 0) {
			size_t n = sequence_length((const unsigned char *)text.p, text.n);
			taken = slice_head(text, n ? n : 1);
			piece = n ? taken : S("\xef\xbf\xbd");
		}
		if (piece.n > max || piece.n == 0)
			return;
		buf_add(b, piece);
		max -= piece.n;
		text = slice_skip(text, taken.n);
	}
}

/* Adds the text and writes its length, known only then, before it. */
static struct slice
add_text(struct buf *b, struct slice text, size_t max)
{
	size_t at = b->n;
	add_number(b, 0, 4);
	copy_add_clean(b, text, max);
	size_t n = b->n - at - 4;
	assert(n <= INT32_MAX);
	put(b->p + at, n, 4);
	return slice_of(b->p + at + 4, n);
}

void
copy_text(struct buf *b, struct slice text, size_t max)
{
	add_text(b, text, max);
}

void
copy_text_lower(struct buf *b, struct slice text, size_t max)
{
	size_t n = add_text(b, text, max).n;
	for (char *p = b->p + b->n - n; p < b->p + b->n; p++)
		*p = slice_lower_char(*p);
}

void
copy_text_or_null(struct buf *b, struct slice text, size_t max)
{
	if (text.n)
		copy_text(b, text, max);
	else
		copy_null(b);
}

void
copy_text_lower_or_null(struct buf *b, struct slice text, size_t max)
{
	if (text.n)
		copy_text_lower(b, text, max);
	else
		copy_null(b);
}

void
copy_time(struct buf *b, int64_t t_us)
{
	copy_i64(b, t_us - EPOCH_US);
}

/* network_send() of src/backend/utils/adt/network.c: family, bits, is_cidr, length, address. */
void
copy_inet(struct buf *b, struct slice text)
{
	struct ip ip;
	if (!ip_parse(text, false, &ip)) {
		copy_null(b);
		return;
	}
	size_t length = ip.family == 4 ? 4 : 16;
	add_number(b, 4 + length, 4);
	add_number(b, ip.family == 4 ? FAMILY_INET : FAMILY_INET6, 1);
	add_number(b, ip.bits, 1);
	add_number(b, 0, 1);
	add_number(b, length, 1);
	buf_add(b, slice_of((const char *)ip.bytes, length));
}
