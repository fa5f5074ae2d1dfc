#include "query/query_part.h"

#define LABEL_MAX 63 /* RFC 1035; a longer label has no A-label */

size_t
query_utf8(struct slice s, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s.p;
	if (s.n == 0)
		return 0;
	size_t n = p[0] < 0x80	 ? 1
		   : p[0] < 0xc2 ? 0
		   : p[0] < 0xe0 ? 2
		   : p[0] < 0xf0 ? 3
		   : p[0] < 0xf5 ? 4
				 : 0;
	if (n == 0 || n > s.n)
		return 0;
	*code = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3f);
	}
	bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
	return *code < least[n] || *code > 0x10ffff || surrogate ? 0 : n;
}

static void
add_utf8(struct buf *b, uint32_t code)
{
	if (code < 0x80) {
		buf_add_char(b, (char)code);
		return;
	}
	int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	buf_add_char(b, (char)((0xff00u >> (more + 1) & 0xff) | code >> (6 * more)));
	while (more-- > 0)
		buf_add_char(b, (char)(0x80 | (code >> (6 * more) & 0x3f)));
}

/* Capitals whose small letter stands a fixed way off, or beside them. */
static uint32_t
lower(uint32_t c)
{
	static const struct {
		uint32_t first, last, add;
	} ranges[] = {{'A', 'Z', 32}, {0xc0, 0xd6, 32}, {0xd8, 0xde, 32}, {0x391, 0x3a1, 32},
		{0x3a3, 0x3ab, 32}, {0x400, 0x40f, 80}, {0x410, 0x42f, 32}, {0x531, 0x556, 48}};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return c + ranges[i].add;
	bool even_capital = (c >= 0x100 && c <= 0x12f) || (c >= 0x132 && c <= 0x137) ||
			    (c >= 0x14a && c <= 0x177) || (c >= 0x460 && c <= 0x481) ||
			    (c >= 0x48a && c <= 0x4bf) || (c >= 0x4d0 && c <= 0x52f) ||
			    (c >= 0x1e00 && c <= 0x1e95) || (c >= 0x1ea0 && c <= 0x1eff);
	bool odd_capital = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e);
	if (even_capital)
		return c | 1;
	return odd_capital ? c + (c & 1) : c;
}

/* The next character in lower case; a byte that is no UTF-8 stays as it is. */
static size_t
next_lower(struct slice s, uint32_t *code)
{
	size_t n = query_utf8(s, code);
	if (n)
		*code = lower(*code);
	return n;
}

void
query_add_lower(struct buf *b, struct slice s)
{
	while (s.n) {
		uint32_t code;
		size_t n = next_lower(s, &code);
		if (n)
			add_utf8(b, code);
		else
			buf_add_char(b, s.p[0]);
		s = slice_skip(s, n ? n : 1);
	}
}

/* RFC 3492, section 6.1. */
static uint32_t
adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;
	delta = first ? delta / 700 : delta / 2;
	delta += delta / points;
	for (; delta > 455; k += 36)
		delta /= 35;
	return k + 36 * delta / (delta + 38);
}

static char
digit(uint32_t d)
{
	return (char)(d < 26 ? 'a' + d : '0' + (d - 26));
}

/* One difference as a variable-length integer: RFC 3492, section 6.3, inner loop. */
static void
add_delta(struct buf *b, uint32_t q, uint32_t bias)
{
	for (uint32_t k = 36;; k += 36) {
		uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
		if (q < t)
			break;
		buf_add_char(b, digit(t + (q - t) % (36 - t)));
		q = (q - t) / (36 - t);
	}
	buf_add_char(b, digit(q));
}

/* RFC 3492, section 6.3. Labels of at most 63 code points cannot overflow 32 bits. */
static void
add_punycode(struct buf *b, const uint32_t *codes, uint32_t count)
{
	uint32_t basic = 0, n = 0x80, delta = 0, bias = 72;
	for (uint32_t i = 0; i < count; i++)
		if (codes[i] < 0x80) {
			buf_add_char(b, (char)codes[i]);
			basic++;
		}
	if (basic)
		buf_add_char(b, '-');
	for (uint32_t done = basic; done < count; delta++, n++) {
		uint32_t next = UINT32_MAX;
		for (uint32_t i = 0; i < count; i++)
			if (codes[i] >= n && codes[i] < next)
				next = codes[i];
		delta += (next - n) * (done + 1);
		n = next;
		for (uint32_t i = 0; i < count; i++) {
			delta += codes[i] < n;
			if (codes[i] != n)
				continue;
			add_delta(b, delta, bias);
			bias = adapt(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
	}
}

/* A label that is ASCII, too long, no UTF-8, or holds a wildcard stays as it is, in lower case. */
static void
add_label(struct buf *b, struct slice label)
{
	uint32_t codes[LABEL_MAX];
	uint32_t n = 0;
	bool ascii = true;
	for (struct slice s = label; s.n;) {
		uint32_t code;
		size_t length = next_lower(s, &code);
		if (length == 0 || n == LABEL_MAX || code == '*') {
			query_add_lower(b, label);
			return;
		}
		ascii &= code < 0x80;
		codes[n++] = code;
		s = slice_skip(s, length);
	}
	if (!ascii)
		buf_add(b, S("xn--"));
	if (ascii)
		query_add_lower(b, label);
	else
		add_punycode(b, codes, n);
}

/* Length of the label separator at the head: a full stop, or one of its East Asian forms (RFC
 * 3490, 3.1). */
static size_t
dot_length(struct slice s)
{
	if (s.p[0] == '.')
		return 1;
	return slice_starts(s, S("\xe3\x80\x82")) || slice_starts(s, S("\xef\xbc\x8e")) ||
			       slice_starts(s, S("\xef\xbd\xa1"))
		       ? 3
		       : 0;
}

void
query_add_domain(struct buf *b, struct slice domain)
{
	size_t start = 0, at = 0;
	while (at < domain.n) {
		size_t dot = dot_length(slice_skip(domain, at));
		if (dot == 0) {
			at++;
			continue;
		}
		add_label(b, slice_of(domain.p + start, at - start));
		at += dot;
		start = at;
		if (at < domain.n)
			buf_add_char(b, '.');
	}
	add_label(b, slice_of(domain.p + start, at - start));
}
