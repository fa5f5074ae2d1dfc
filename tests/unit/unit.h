/* What the unit tests share: cmocka, slices in assertions, and random numbers that are the same in
 * every run. */
#ifndef ELSE_TESTS_UNIT_H
#define ELSE_TESTS_UNIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/buf.h"

/* Fails at the caller's line, and prints both texts. */
#define assert_slice(actual, literal) check_slice((actual), S(literal), __FILE__, __LINE__)
#define assert_text(buffer, literal)                                                               \
	check_slice(buf_slice(&(buffer)), S(literal), __FILE__, __LINE__)

static inline void
check_slice(struct slice actual, struct slice expected, const char *file, int line)
{
	if (slice_equal(actual, expected))
		return;
	print_error("\"%.*s\" is not \"%.*s\"\n", SLICE_ARG(actual), SLICE_ARG(expected));
	_fail(file, line);
}

/* xorshift64* (Marsaglia 2003, Vigna 2016): the seed is any number but 0. */
static inline uint64_t
random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

/* 0 .. limit - 1 */
static inline size_t
random_below(uint64_t *state, size_t limit)
{
	return (size_t)((random_next(state) >> 32) % limit);
}

#endif
