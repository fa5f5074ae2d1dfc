#define _GNU_SOURCE
#include "elsectl/zone.h"

#include "base/time.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static bool fixed;
static int64_t fixed_us;

/* "+01:00", "+0100", "+01", "-3" */
static bool
read_offset(struct slice s, int64_t *offset_us)
{
	struct slice rest = slice_skip(s, 1), hours, minutes = S("0");
	uint64_t h, m;
	if (s.n < 2 || (s.p[0] != '+' && s.p[0] != '-'))
		return false;
	if (slice_find_char(rest, ':') >= 0) {
		slice_split(&rest, ':', &hours);
		minutes = rest;
	} else {
		hours = slice_head(rest, rest.n > 2 ? rest.n - 2 : rest.n);
		minutes = rest.n > 2 ? slice_skip(rest, rest.n - 2) : minutes;
	}
	if (!slice_to_u64(hours, &h) || !slice_to_u64(minutes, &m) || h > 14 || m > 59)
		return false;
	*offset_us = (s.p[0] == '-' ? -1 : 1) * (int64_t)(h * 60 + m) * TIME_MINUTE_US;
	return true;
}

/* The C library takes every unknown name for UTC without a word. */
static bool
exists(const char *name)
{
	struct buf path = {0};
	buf_addf(&path, "/usr/share/zoneinfo/%s", name);
	bool there =
		!slice_contains(slice_of_str(name), S("..")) && access(buf_str(&path), R_OK) == 0;
	buf_fini(&path);
	return there;
}

bool
zone_set(const char *name)
{
	struct slice s = slice_of_str(name);
	fixed = read_offset(s, &fixed_us);
	if (fixed)
		return true;
	if (slice_equal_nocase(s, S("UTC")) || slice_equal(s, S("Z"))) {
		fixed = true;
		fixed_us = 0;
		return true;
	}
	if (s.n == 0 || !exists(name))
		return false;
	setenv("TZ", name, 1);
	tzset();
	return true;
}

int64_t
zone_at_us(void *unused, int64_t t_us)
{
	time_t t = (time_t)(t_us / TIME_SECOND_US);
	struct tm tm;
	(void)unused;
	if (fixed)
		return fixed_us;
	return localtime_r(&t, &tm) ? (int64_t)tm.tm_gmtoff * TIME_SECOND_US : 0;
}

void
zone_add_time(struct buf *b, int64_t t_us)
{
	time_add_text(b, t_us + zone_at_us(NULL, t_us));
}

void
zone_add_name(struct buf *b, int64_t t_us)
{
	int64_t minutes = zone_at_us(NULL, t_us) / TIME_MINUTE_US,
		size = minutes < 0 ? -minutes : minutes;
	if (minutes == 0)
		buf_add_str(b, "UTC");
	else
		buf_addf(b, "%c%02d:%02d", minutes < 0 ? '-' : '+', (int)(size / 60),
			(int)(size % 60));
}
