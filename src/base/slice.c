#define _GNU_SOURCE /* memmem, memrchr */
#include "base/slice.h"

#include "base/memory.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

bool
slice_equal_nocase(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (slice_lower_char(a.p[i]) != slice_lower_char(b.p[i]))
			return false;
	return true;
}

ptrdiff_t
slice_find(struct slice s, struct slice needle)
{
	if (needle.n > s.n)
		return -1;
	if (needle.n == 0)
		return 0;
	const char *hit = memmem(s.p, s.n, needle.p, needle.n);
	return hit ? hit - s.p : -1;
}

ptrdiff_t
slice_find_char(struct slice s, char c)
{
	const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;
	return hit ? hit - s.p : -1;
}

ptrdiff_t
slice_find_last_char(struct slice s, char c)
{
	const char *hit = s.n ? memrchr(s.p, c, s.n) : NULL;
	return hit ? hit - s.p : -1;
}

bool
slice_split(struct slice *rest, char separator, struct slice *word)
{
	if (!rest->p)
		return false;
	ptrdiff_t at = slice_find_char(*rest, separator);
	if (at < 0) {
		*word = *rest;
		*rest = (struct slice){NULL, 0};
	} else {
		*word = slice_head(*rest, (size_t)at);
		*rest = slice_skip(*rest, (size_t)at + 1);
	}
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice
slice_trim(struct slice s)
{
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct slice
slice_domain(struct slice address)
{
	ptrdiff_t at = slice_find_last_char(address, '@');
	return at < 0 ? (struct slice){slice_end(address), 0} : slice_skip(address, (size_t)at + 1);
}

bool
slice_to_u64(struct slice s, uint64_t *value)
{
	uint64_t v = 0;
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!slice_is_digit(s.p[i]))
			return false;
		uint64_t digit = (uint64_t)(s.p[i] - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*value = v;
	return true;
}

bool
slice_to_ms(struct slice s, int64_t *ms)
{
	ptrdiff_t dot = slice_find_char(s, '.');
	struct slice whole = dot < 0 ? s : slice_head(s, (size_t)dot);
	struct slice fraction = dot < 0 ? (struct slice){s.p, 0} : slice_skip(s, (size_t)dot + 1);
	uint64_t seconds = 0;
	if ((whole.n == 0 && fraction.n == 0) || (whole.n && !slice_to_u64(whole, &seconds)) ||
		seconds > INT64_MAX / 2000)
		return false;
	int64_t micros = 0, unit = 100000;
	for (size_t i = 0; i < fraction.n; i++) {
		if (!slice_is_digit(fraction.p[i]))
			return false;
		micros += (fraction.p[i] - '0') * unit;
		unit /= 10;
	}
	*ms = (int64_t)seconds * 1000 + (micros + 500) / 1000;
	return true;
}

char *
slice_dup(struct slice s)
{
	char *copy = memory_new(s.n + 1);
	if (s.n)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}

uint64_t
slice_hash(struct slice s, uint64_t seed)
{
	return XXH3_64bits_withSeed(s.p, s.n, seed);
}
