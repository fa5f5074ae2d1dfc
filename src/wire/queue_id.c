#include "wire/queue_id.h"

#include "base/time.h"

enum {
	SECOND_SIGNS_MIN = 6,
	SECOND_SIGNS_MAX = 7,
	MICRO_SIGNS = 4,
	INODE_SIGNS_MAX = 12, /* 51^12 > 2^64 */
	SHORT_MIN = 6,
	SHORT_MAX = 21, /* 5 + 64 bits in hex */
};

/* Value + 1 of each sign; 0 = not of the alphabet. */
static const uint8_t sign_values[256] = {
	['0'] = 1,
	['1'] = 2,
	['2'] = 3,
	['3'] = 4,
	['4'] = 5,
	['5'] = 6,
	['6'] = 7,
	['7'] = 8,
	['8'] = 9,
	['9'] = 10,
	['B'] = 11,
	['C'] = 12,
	['D'] = 13,
	['F'] = 14,
	['G'] = 15,
	['H'] = 16,
	['J'] = 17,
	['K'] = 18,
	['L'] = 19,
	['M'] = 20,
	['N'] = 21,
	['P'] = 22,
	['Q'] = 23,
	['R'] = 24,
	['S'] = 25,
	['T'] = 26,
	['V'] = 27,
	['W'] = 28,
	['X'] = 29,
	['Y'] = 30,
	['Z'] = 31,
	['b'] = 32,
	['c'] = 33,
	['d'] = 34,
	['f'] = 35,
	['g'] = 36,
	['h'] = 37,
	['j'] = 38,
	['k'] = 39,
	['l'] = 40,
	['m'] = 41,
	['n'] = 42,
	['p'] = 43,
	['q'] = 44,
	['r'] = 45,
	['s'] = 46,
	['t'] = 47,
	['v'] = 48,
	['w'] = 49,
	['x'] = 50,
	['y'] = 51,
	['z'] = 52,
};

/* The number in base 52, or -1. At most SECOND_SIGNS_MAX signs, so nothing overflows. */
static int64_t
decode(const char *p, size_t n)
{
	int64_t value = 0;
	for (size_t i = 0; i < n; i++) {
		int sign = sign_values[(unsigned char)p[i]];
		if (sign == 0)
			return -1;
		value = value * 52 + sign - 1;
	}
	return value;
}

static bool
inode_valid(struct slice inode)
{
	if (inode.n > INODE_SIGNS_MAX)
		return false;
	for (size_t i = 0; i < inode.n; i++)
		if (sign_values[(unsigned char)inode.p[i]] == 0)
			return false;
	return true;
}

int64_t
queue_id_time_us(struct slice id)
{
	ptrdiff_t separator = slice_find_last_char(id, 'z');
	ptrdiff_t seconds_n = separator - MICRO_SIGNS;
	if (seconds_n < SECOND_SIGNS_MIN || seconds_n > SECOND_SIGNS_MAX)
		return 0;
	int64_t seconds = decode(id.p, (size_t)seconds_n);
	int64_t micros = decode(id.p + seconds_n, MICRO_SIGNS);
	if (seconds <= 0 || micros < 0 || micros >= TIME_SECOND_US)
		return 0;
	if (!inode_valid(slice_skip(id, (size_t)separator + 1)))
		return 0;
	return seconds * TIME_SECOND_US + micros;
}

bool
queue_id_is_long(struct slice id)
{
	return queue_id_time_us(id) != 0;
}

static bool
is_short(struct slice id)
{
	if (id.n < SHORT_MIN || id.n > SHORT_MAX)
		return false;
	for (size_t i = 0; i < id.n; i++)
		if (!slice_is_digit(id.p[i]) && !(id.p[i] >= 'A' && id.p[i] <= 'F'))
			return false;
	return true;
}

bool
queue_id_valid(struct slice id)
{
	return is_short(id) || queue_id_is_long(id);
}
