/*
 * Slices: borrowed text with a length. Nothing in ELSE that touches log text relies on a closing
 * NUL; log text may hold any byte. A slice never owns; the header of whoever hands one out says how
 * long its bytes live.
 */
#ifndef ELSE_BASE_SLICE_H
#define ELSE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

/* A slice of a string literal. */
#define S(literal) ((struct slice){(literal), sizeof(literal) - 1})

/* printf("%.*s", SLICE_ARG(s)) */
#define SLICE_ARG(s) (int)(s).n, (s).p

static inline struct slice
slice_of(const char *p, size_t n)
{
	return (struct slice){p, n};
}

/* From a NUL-terminated string; NULL gives the empty slice. */
static inline struct slice
slice_of_str(const char *str)
{
	return (struct slice){str, str ? strlen(str) : 0};
}

static inline bool
slice_equal(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
slice_starts(struct slice s, struct slice head)
{
	return s.n >= head.n && (head.n == 0 || memcmp(s.p, head.p, head.n) == 0);
}

static inline bool
slice_ends(struct slice s, struct slice tail)
{
	return s.n >= tail.n && (tail.n == 0 || memcmp(s.p + s.n - tail.n, tail.p, tail.n) == 0);
}

/* The end of the bytes. C has no NULL + 0, and the empty slice may be {NULL, 0}. */
static inline const char *
slice_end(struct slice s)
{
	return s.n ? s.p + s.n : s.p;
}

/* Without the first `n` bytes; empty when there are fewer. */
static inline struct slice
slice_skip(struct slice s, size_t n)
{
	return n >= s.n ? (struct slice){slice_end(s), 0} : (struct slice){s.p + n, s.n - n};
}

/* At most the first `n` bytes. */
static inline struct slice
slice_head(struct slice s, size_t n)
{
	return (struct slice){s.p, n < s.n ? n : s.n};
}

static inline bool
slice_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline char
slice_lower_char(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* ASCII case only, as in RFC 5321 domains. */
bool slice_equal_nocase(struct slice a, struct slice b);

/* Position of the first match, or -1. */
ptrdiff_t slice_find(struct slice s, struct slice needle);
ptrdiff_t slice_find_char(struct slice s, char c);
ptrdiff_t slice_find_last_char(struct slice s, char c);

static inline bool
slice_contains(struct slice s, struct slice needle)
{
	return slice_find(s, needle) >= 0;
}

/* Cuts `*rest` at the first `separator` and returns what stood before it (all of it if there is
 * none). False when `*rest` was already used up (p == NULL); so `while (slice_split(&rest, ',',
 * &word))` sees every field, empty ones too. An empty slice gives one empty field. */
bool slice_split(struct slice *rest, char separator, struct slice *word);

/* Without blanks, tabs, CR and LF at both ends. */
struct slice slice_trim(struct slice s);

/* The part after the last '@', or empty when there is none. */
struct slice slice_domain(struct slice address);

/* Decimal digits only, whole slice; false on anything else or overflow. */
bool slice_to_u64(struct slice s, uint64_t *value);

/* Seconds with a fraction ("0.05", "12") -> milliseconds, rounded; false on anything else. */
bool slice_to_ms(struct slice s, int64_t *ms);

/* malloc'ed NUL-terminated copy; the caller frees. */
char *slice_dup(struct slice s);

/* The project's one 64-bit hash (XXH3, stable over versions and machines: it is stored). */
uint64_t slice_hash(struct slice s, uint64_t seed);

#endif
