#define _GNU_SOURCE /* tm_gmtoff */
#include "wire/syslog_clock.h"

#include <time.h>

static const int64_t year_us = (int64_t)31557600 * TIME_SECOND_US; /* 365.25 days */
static const int64_t quarter_us = 15 * TIME_MINUTE_US;
static const int64_t back_us = 120 * TIME_DAY_US;	/* further back is a new year */
static const int64_t disorder_us = 10 * TIME_MINUTE_US; /* within the hour that happens twice */
static const int64_t evidence_us = 5 * TIME_MINUTE_US;	/* between queue id and stamp */
static const int64_t clock_unset_us =
	978307200 * TIME_SECOND_US; /* 2001: a machine that just booted */
static const int64_t zone_max_us = 15 * TIME_HOUR_US;

void
syslog_clock_init(struct syslog_clock *clock, int64_t reference_us)
{
	*clock = (struct syslog_clock){.reference_us = reference_us, .quarter = INT64_MIN};
}

void
syslog_clock_set_fixed_zone(struct syslog_clock *clock, int64_t zone_us)
{
	clock->zone_local = false;
	clock->zone_us = zone_us;
}

void
syslog_clock_set_local_zone(struct syslog_clock *clock)
{
	tzset(); /* localtime_r need not do it */
	clock->zone_local = true;
	clock->quarter = INT64_MIN;
}

static int64_t
floor_div(int64_t value, int64_t unit)
{
	return value / unit - (value % unit < 0);
}

/* The machine's offset at a UTC time. */
static int64_t
local_offset_us(int64_t t_us)
{
	time_t seconds = (time_t)floor_div(t_us, TIME_SECOND_US);
	struct tm tm;
	return localtime_r(&seconds, &tm) ? tm.tm_gmtoff * TIME_SECOND_US : 0;
}

/* Offsets that can belong to naive times of this quarter hour. No zone changes twice within two
 * days, so the offsets a day before and a day after are all there are. */
static void
load_quarter(struct syslog_clock *clock, int64_t quarter)
{
	int64_t naive_us = quarter * quarter_us;
	int64_t before = local_offset_us(naive_us - TIME_DAY_US);
	int64_t after = local_offset_us(naive_us + TIME_DAY_US);
	bool before_fits = local_offset_us(naive_us - before) == before;
	bool after_fits = local_offset_us(naive_us - after) == after;
	clock->quarter = quarter;
	clock->early_us = before_fits || !after_fits ? before : after;
	clock->late_us = after_fits ? after : before;
}

static int64_t
default_offset_us(const struct syslog_clock *clock, int64_t t_us)
{
	return clock->zone_local ? local_offset_us(t_us) : clock->zone_us;
}

/* True when the later reading of an hour that happens twice is the right one. */
static bool
is_late(const struct syslog_clock *clock, int64_t early_us, int64_t late_us)
{
	if (late_us > clock->reference_us + disorder_us && late_us > clock->proven_us + disorder_us)
		return false;
	if (clock->last_us)
		return early_us < clock->last_us - disorder_us;
	return clock->reference_us - early_us < 2 * TIME_HOUR_US;
}

static int64_t
default_to_utc(struct syslog_clock *clock, int64_t naive_us)
{
	if (!clock->zone_local)
		return naive_us - clock->zone_us;
	int64_t quarter = floor_div(naive_us, quarter_us);
	if (quarter != clock->quarter)
		load_quarter(clock, quarter);
	int64_t early = naive_us - clock->early_us;
	int64_t late = naive_us - clock->late_us;
	return early != late && is_late(clock, early, late) ? late : early;
}

static bool
day_in_year(const struct syslog_stamp *stamp, int year, int64_t *day_us)
{
	struct time_civil civil = {.year = year, .month = stamp->month, .day = stamp->day};
	if (!time_civil_valid(&civil))
		return false;
	*day_us = time_from_civil(&civil);
	return true;
}

/* Nothing is later than this, in naive time of the clock's zone. */
static int64_t
limit_naive_us(const struct syslog_clock *clock)
{
	int64_t newest =
		clock->reference_us > clock->proven_us ? clock->reference_us : clock->proven_us;
	return newest + TIME_DAY_US + default_offset_us(clock, newest);
}

/* A leap day may be eight years away (1896-1904, 2096-2104). */
static bool
latest_year_before(const struct syslog_stamp *stamp, int64_t limit_us, int64_t *day_us)
{
	int year = time_to_civil(limit_us).year;
	for (int y = year; y >= year - 8; y--)
		if (day_in_year(stamp, y, day_us) && *day_us + stamp->naive_us <= limit_us)
			return true;
	return false;
}

static bool
first_year_after(const struct syslog_stamp *stamp, int64_t floor_us, int64_t *day_us)
{
	int year = time_to_civil(floor_us).year;
	for (int y = year; y <= year + 8; y++)
		if (day_in_year(stamp, y, day_us) && *day_us + stamp->naive_us >= floor_us)
			return true;
	return false;
}

static bool
find_day(struct syslog_clock *clock, const struct syslog_stamp *stamp)
{
	int64_t limit = limit_naive_us(clock);
	clock->day_stray = false;
	if (clock->has_last &&
		first_year_after(stamp, clock->last_naive_us - back_us, &clock->day_us) &&
		(clock->probing || clock->day_us + stamp->naive_us <= limit))
		return true;
	clock->day_stray = clock->has_last;
	return latest_year_before(stamp, limit, &clock->day_us);
}

static bool
to_naive(struct syslog_clock *clock, const struct syslog_stamp *stamp, int64_t *naive_us)
{
	if (stamp->has_year) {
		*naive_us = stamp->naive_us;
		return true;
	}
	struct syslog_stamp day_before = {.month = 2, .day = 28, .naive_us = stamp->naive_us};
	bool leap = clock->probing && stamp->month == 2 && stamp->day == 29;
	if (leap) /* a probe counts years; which one this is comes out at its end */
		stamp = &day_before;
	int key = stamp->month * 32 + stamp->day;
	if (key != clock->day_key) {
		clock->day_key = 0;
		if (!find_day(clock, stamp))
			return false;
		clock->day_key = key;
	}
	*naive_us = clock->day_us + stamp->naive_us;
	if (leap && !clock->leap_year)
		clock->leap_year = time_to_civil(*naive_us).year;
	return true;
}

/* The entry of a host, or NULL. The name read last is kept, so that runs of one host cost one
 * compare. */
static struct syslog_host *
find_host(struct syslog_clock *clock, struct slice name)
{
	if (name.n && clock->host_name_n == name.n && memcmp(clock->host_name, name.p, name.n) == 0)
		return &clock->hosts[clock->host_index];
	uint64_t hash = slice_hash(name, 0);
	for (unsigned i = 0; i < clock->host_count; i++) {
		if (clock->hosts[i].hash != hash)
			continue;
		if (name.n && name.n <= SYSLOG_CLOCK_NAME) {
			memcpy(clock->host_name, name.p, name.n);
			clock->host_name_n = name.n;
			clock->host_index = i;
		}
		return &clock->hosts[i];
	}
	return NULL;
}

static struct syslog_host *
add_host(struct syslog_clock *clock, struct slice name)
{
	unsigned i = clock->host_next++ % SYSLOG_CLOCK_HOSTS;
	struct syslog_host *host = &clock->hosts[i];
	if (i == clock->host_count)
		clock->host_count++;
	else if (host->own)
		clock->own_count--;
	*host = (struct syslog_host){.hash = slice_hash(name, 0)};
	clock->host_name_n = 0;
	return host;
}

static void
set_zone(struct syslog_clock *clock, struct slice name, bool own, int64_t offset_us)
{
	struct syslog_host *host = find_host(clock, name);
	if (host && clock->probing)
		return; /* the first evidence is the one the file begins with */
	if (!host) {
		if (!own && !clock->probing)
			return;
		host = add_host(clock, name);
	}
	clock->own_count += (unsigned)own - (unsigned)host->own;
	host->own = own;
	host->offset_us = offset_us;
	host->last_naive_us = 0;
}

static int64_t
nearest_quarter_us(int64_t offset_us)
{
	return floor_div(offset_us + quarter_us / 2, quarter_us) * quarter_us;
}

/* Brings the stamp into the year of the queue id. */
static int64_t
move_year(const struct syslog_stamp *stamp, int64_t naive_us, int64_t id_us)
{
	int64_t day_us;
	if (stamp->has_year || !first_year_after(stamp, id_us - zone_max_us, &day_us))
		return naive_us;
	return day_us + stamp->naive_us;
}

static void
prove_year(struct syslog_clock *clock, int64_t assumed_us, int64_t naive_us)
{
	if (clock->probing && !clock->proven)
		clock->first_naive_us += naive_us - assumed_us;
	clock->proven = true;
	clock->last_naive_us = naive_us;
	clock->has_last = true;
	clock->day_us += naive_us - assumed_us;
	clock->day_stray = false;
}

/* The queue id of the line contradicts the clock: learns year and zone from it, unless they cannot
 * belong to one event. Returns the naive time, in the right year. */
static int64_t
learn(struct syslog_clock *clock, const struct syslog_stamp *stamp, struct slice name,
	int64_t naive_us, int64_t id_us)
{
	int64_t moved_us = move_year(stamp, naive_us, id_us);
	int64_t offset_us = moved_us - id_us;
	int64_t zone_us = nearest_quarter_us(offset_us);
	int64_t rest_us = offset_us - zone_us;
	if (zone_us < -zone_max_us || zone_us > zone_max_us || rest_us < -evidence_us ||
		rest_us > evidence_us)
		return naive_us;
	int64_t t_us = moved_us - zone_us;
	prove_year(clock, naive_us, moved_us);
	set_zone(clock, name, default_offset_us(clock, t_us) != zone_us, zone_us);
	clock->last_us = t_us; /* in the hour that happens twice this one is the right reading */
	return moved_us;
}

/* A step back of about an hour: daylight saving has ended there. The next evidence confirms or
 * undoes it. */
static int64_t
own_to_utc(struct syslog_host *host, int64_t naive_us)
{
	int64_t step_us = host->last_naive_us ? naive_us - host->last_naive_us : 0;
	if (step_us < -45 * TIME_MINUTE_US && step_us > -75 * TIME_MINUTE_US)
		host->offset_us -= TIME_HOUR_US;
	host->last_naive_us = naive_us;
	return naive_us - host->offset_us;
}

static int64_t
to_utc(struct syslog_clock *clock, struct slice name, int64_t naive_us)
{
	struct syslog_host *host = clock->own_count ? find_host(clock, name) : NULL;
	return host && host->own ? own_to_utc(host, naive_us) : default_to_utc(clock, naive_us);
}

int64_t
syslog_clock_read(struct syslog_clock *clock, const struct syslog_stamp *stamp, struct slice host,
	int64_t id_us)
{
	int64_t naive_us;
	if (!to_naive(clock, stamp, &naive_us))
		return 0;
	if (clock->probing && !clock->has_last)
		clock->first_naive_us = naive_us;
	int64_t t_us = to_utc(clock, host, naive_us);
	if (id_us) {
		int64_t rest_us = t_us - id_us;
		if (clock->probing || rest_us < -evidence_us || rest_us > evidence_us) {
			naive_us = learn(clock, stamp, host, naive_us, id_us);
			t_us = to_utc(clock, host, naive_us);
			rest_us = t_us - id_us;
		}
		if (rest_us >= -evidence_us && rest_us <= evidence_us && t_us > clock->proven_us)
			clock->proven_us = t_us;
	}
	if (!clock->day_stray || stamp->has_year) {
		clock->last_naive_us = naive_us;
		clock->has_last = true;
		clock->last_us = t_us;
	}
	return t_us;
}

void
syslog_clock_receive(struct syslog_clock *clock, int64_t now_us)
{
	clock->reference_us = now_us;
	if (now_us - clock->last_us > 30 * TIME_DAY_US) {
		clock->has_last = false;
		clock->day_key = 0;
	}
}

void
syslog_clock_note(struct syslog_clock *clock, int64_t t_us)
{
	if (t_us < clock_unset_us || t_us > clock->reference_us + TIME_DAY_US)
		return;
	int64_t naive_us = t_us + default_offset_us(clock, t_us);
	if (clock->probing && !clock->proven && clock->has_last) {
		struct time_civil c = time_to_civil(naive_us);
		struct syslog_stamp stamp = {
			.month = c.month, .day = c.day, .naive_us = naive_us % TIME_DAY_US};
		int64_t day_us;
		if (first_year_after(&stamp, clock->last_naive_us - back_us, &day_us))
			clock->first_naive_us += naive_us - day_us - stamp.naive_us;
	}
	if (clock->probing && !clock->has_last)
		clock->first_naive_us = naive_us;
	clock->proven = true;
	if (t_us > clock->proven_us)
		clock->proven_us = t_us;
	syslog_clock_continue(clock, t_us);
}

void
syslog_clock_continue(struct syslog_clock *clock, int64_t last_us)
{
	clock->last_us = last_us;
	clock->last_naive_us = last_us + default_offset_us(clock, last_us);
	clock->has_last = true;
	clock->day_key = 0;
}

void
syslog_clock_probe_begin(struct syslog_clock *probe, const struct syslog_clock *clock)
{
	*probe = *clock;
	probe->probing = true;
	probe->proven = false;
	probe->has_last = false;
	probe->day_key = 0;
	probe->last_us = 0;
	probe->leap_year = 0;
}

static bool
is_leap_year(int year)
{
	return time_civil_valid(&(struct time_civil){.year = year, .month = 2, .day = 29});
}

/* Years that the probe counted too far: nothing is later than the limit, and a 29 February must
 * fall into a leap year. */
static int
years_too_far(const struct syslog_clock *probe, int64_t limit_us)
{
	int years = 0;
	if (probe->last_naive_us > limit_us)
		years = (int)((probe->last_naive_us - limit_us) / year_us) + 1;
	for (int i = 0; i < 8 && probe->leap_year && !is_leap_year(probe->leap_year - years); i++)
		years++;
	return years;
}

void
syslog_clock_probe_end(const struct syslog_clock *probe, struct syslog_clock *clock)
{
	if (!probe->has_last)
		return;
	int64_t first_us = probe->first_naive_us;
	if (!probe->proven)
		first_us -= years_too_far(probe, limit_naive_us(clock)) * year_us;
	clock->last_naive_us = first_us;
	clock->has_last = true;
	clock->last_us = 0;
	clock->day_key = 0;
	clock->proven_us = probe->proven_us;
	memcpy(clock->hosts, probe->hosts, sizeof(clock->hosts));
	clock->host_count = probe->host_count;
	clock->own_count = probe->own_count;
	clock->host_next = probe->host_next;
	clock->host_name_n = 0;
}
