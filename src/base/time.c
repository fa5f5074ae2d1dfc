#include "base/time.h"

#include <time.h>

/* Days since 1970-01-01 of a proleptic Gregorian date: H. Hinnant, "chrono-Compatible Low-Level
 * Date Algorithms", days_from_civil and civil_from_days. */
static int64_t
days_from_civil(int y, int m, int d)
{
	y -= m <= 2;
	int era = y / 400;
	int yoe = y - era * 400;
	int doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return (int64_t)era * 146097 + doe - 719468;
}

int64_t
time_from_civil(const struct time_civil *c)
{
	int64_t seconds = days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 +
			  c->minute * 60 + c->second;
	return seconds * TIME_SECOND_US + c->micro;
}

struct time_civil
time_to_civil(int64_t t_us)
{
	int64_t days = t_us / TIME_DAY_US;
	int64_t rest = t_us % TIME_DAY_US;
	if (rest < 0) {
		rest += TIME_DAY_US;
		days--;
	}
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int doe = (int)(z - era * 146097);
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int mp = (5 * doy + 2) / 153;
	int seconds = (int)(rest / TIME_SECOND_US);
	struct time_civil c = {
		.day = doy - (153 * mp + 2) / 5 + 1,
		.month = mp < 10 ? mp + 3 : mp - 9,
		.hour = seconds / 3600,
		.minute = seconds / 60 % 60,
		.second = seconds % 60,
		.micro = (int)(rest % TIME_SECOND_US),
	};
	c.year = (int)(yoe + era * 400) + (c.month <= 2);
	return c;
}

static int
days_in_month(int year, int month)
{
	static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

bool
time_civil_valid(const struct time_civil *c)
{
	return c->year >= 1970 && c->year <= 9999 && c->month >= 1 && c->month <= 12 &&
	       c->day >= 1 && c->day <= days_in_month(c->year, c->month) && c->hour >= 0 &&
	       c->hour <= 23 && c->minute >= 0 && c->minute <= 59 && c->second >= 0 &&
	       c->second <= 60;
}

static int
read_digits(struct cursor *c, int count)
{
	int v = 0;
	if (c->failed || c->end - c->p < count) {
		c->failed = true;
		return 0;
	}
	for (int i = 0; i < count; i++) {
		if (!slice_is_digit(c->p[i])) {
			c->failed = true;
			return 0;
		}
		v = v * 10 + (c->p[i] - '0');
	}
	c->p += count;
	return v;
}

static int
read_fraction_us(struct cursor *c)
{
	int micro = 0, unit = 100000, digits = 0;
	if (!cursor_optional(c, S(".")) && !cursor_optional(c, S(",")))
		return 0;
	for (; c->p < c->end && slice_is_digit(*c->p) && digits < 9; c->p++, digits++) {
		micro += (*c->p - '0') * unit;
		unit /= 10;
	}
	if (digits == 0 || (c->p < c->end && slice_is_digit(*c->p)))
		c->failed = true;
	return micro;
}

static int64_t
read_offset_us(struct cursor *c, int64_t zone_us)
{
	if (cursor_optional(c, S("Z")))
		return 0;
	bool plus = cursor_optional(c, S("+"));
	if (!plus && !cursor_optional(c, S("-")))
		return zone_us;
	int hours = read_digits(c, 2);
	cursor_optional(c, S(":"));
	int minutes = read_digits(c, 2);
	if (hours > 23 || minutes > 59)
		c->failed = true;
	int64_t offset = hours * TIME_HOUR_US + minutes * TIME_MINUTE_US;
	return plus ? offset : -offset;
}

int64_t
time_read_iso(struct cursor *c, int64_t zone_us)
{
	struct time_civil t = {0};
	t.year = read_digits(c, 4);
	cursor_literal(c, S("-"));
	t.month = read_digits(c, 2);
	cursor_literal(c, S("-"));
	t.day = read_digits(c, 2);
	if (!cursor_optional(c, S("T")))
		cursor_literal(c, S(" "));
	t.hour = read_digits(c, 2);
	cursor_literal(c, S(":"));
	t.minute = read_digits(c, 2);
	cursor_literal(c, S(":"));
	t.second = read_digits(c, 2);
	t.micro = read_fraction_us(c);
	int64_t offset = read_offset_us(c, zone_us);
	if (!time_civil_valid(&t))
		c->failed = true;
	return c->failed ? 0 : time_from_civil(&t) - offset;
}

void
time_add_iso_ms(struct buf *b, int64_t t_us)
{
	struct time_civil c = time_to_civil(t_us);
	buf_addf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day, c.hour, c.minute,
		c.second, c.micro / 1000);
}

void
time_add_text(struct buf *b, int64_t t_us)
{
	struct time_civil c = time_to_civil(t_us);
	buf_addf(b, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute,
		c.second);
}

static void
add_pair(struct buf *b, int64_t high, const char *high_unit, int64_t low, const char *low_unit)
{
	buf_addf(b, "%lld %s", (long long)high, high_unit);
	if (low)
		buf_addf(b, " %lld %s", (long long)low, low_unit);
}

void
time_add_duration(struct buf *b, int64_t ms)
{
	if (ms < 0) {
		buf_add_char(b, '-');
		ms = -ms;
	}
	int64_t s = ms / 1000;
	if (ms < 1000)
		buf_addf(b, "%lld ms", (long long)ms);
	else if (s < 60)
		buf_addf(b, "%lld.%lld s", (long long)s, (long long)(ms % 1000 / 100));
	else if (s < 3600)
		add_pair(b, s / 60, "min", s % 60, "s");
	else if (s < 86400)
		add_pair(b, s / 3600, "h", s / 60 % 60, "min");
	else
		add_pair(b, s / 86400, "d", s / 3600 % 24, "h");
}

int64_t
time_now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * TIME_SECOND_US + now.tv_nsec / 1000;
}
