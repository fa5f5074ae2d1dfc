#include "unit.h"

#include "base/time.h"

static bool
read_iso(const char *text, int64_t zone_us, int64_t *t_us)
{
	struct cursor c = cursor_of(slice_of_str(text));
	*t_us = time_read_iso(&c, zone_us);
	cursor_end(&c);
	return cursor_ok(&c);
}

static bool
same_civil(const struct time_civil *a, const struct time_civil *b)
{
	return a->year == b->year && a->month == b->month && a->day == b->day &&
	       a->hour == b->hour && a->minute == b->minute && a->second == b->second &&
	       a->micro == b->micro;
}

/* Counts the calendar up by the rules of the school book; the product counts with Hinnant's
 * formulas. */
static void
every_day_from_1970_to_9999_has_its_number(void **state)
{
	(void)state;
	static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t t_us = 0;
	for (int year = 1970; year <= 9999; year++) {
		bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
		for (int month = 1; month <= 12; month++) {
			int days = length[month - 1] + (month == 2 && leap);
			struct time_civil past = {.year = year, .month = month, .day = days + 1};
			assert_false(time_civil_valid(&past));
			for (int day = 1; day <= days; day++, t_us += TIME_DAY_US) {
				struct time_civil c = {.year = year, .month = month, .day = day};
				assert_true(time_civil_valid(&c));
				assert_true(time_from_civil(&c) == t_us);
				struct time_civil back = time_to_civil(t_us);
				assert_true(same_civil(&back, &c));
			}
		}
	}
	assert_true(t_us == INT64_C(253402300800) * TIME_SECOND_US);
}

static void
every_microsecond_survives_the_round_trip(void **state)
{
	(void)state;
	uint64_t random = 6;
	for (int i = 0; i < 100000; i++) {
		int64_t t_us = (int64_t)(random_next(&random) % UINT64_C(253402300800000000));
		struct time_civil c = time_to_civil(t_us);
		assert_true(time_civil_valid(&c));
		assert_in_range(c.micro, 0, 999999);
		assert_true(time_from_civil(&c) == t_us);
	}
}

static void
a_time_before_1970_is_counted_down(void **state)
{
	(void)state;
	struct time_civil c = time_to_civil(-1);
	assert_true(same_civil(&c, &(struct time_civil){1969, 12, 31, 23, 59, 59, 999999}));
	assert_false(time_civil_valid(&c));
}

static void
civil_times_out_of_range_are_not_valid(void **state)
{
	(void)state;
	static const struct time_civil bad[] = {{1969, 12, 31, 0, 0, 0, 0},
		{10000, 1, 1, 0, 0, 0, 0}, {2026, 0, 1, 0, 0, 0, 0}, {2026, 13, 1, 0, 0, 0, 0},
		{2026, 1, 0, 0, 0, 0, 0}, {2026, 1, 1, 24, 0, 0, 0}, {2026, 1, 1, 0, 60, 0, 0},
		{2026, 1, 1, 0, 0, 61, 0}, {2026, 1, 1, -1, 0, 0, 0}, {2100, 2, 29, 0, 0, 0, 0}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(time_civil_valid(&bad[i]));
	assert_true(time_civil_valid(&(struct time_civil){2000, 2, 29, 23, 59, 60, 0}));
}

/* All of them are 2026-11-22T05:21:39Z, plus a fraction. */
static void
iso_times_are_read_in_every_form(void **state)
{
	(void)state;
	static const int64_t second = INT64_C(1795324899);
	static const struct {
		const char *text;
		int64_t micro;
	} same[] = {{"2026-11-22T05:21:39Z", 0}, {"2026-11-22 05:21:39Z", 0},
		{"2026-11-22T05:21:39.087984+00:00", 87984}, {"2026-11-22T05:21:39,5Z", 500000},
		{"2026-11-22T06:21:39.1+01:00", 100000}, {"2026-11-22T06:21:39+0100", 0},
		{"2026-11-21T23:51:39-05:30", 0}, {"2026-11-22T05:21:39.123456789Z", 123456},
		{"2026-11-22T05:21:39-00:00", 0}};
	int64_t t_us;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		assert_true(read_iso(same[i].text, TIME_HOUR_US, &t_us));
		assert_int_equal(t_us, second * TIME_SECOND_US + same[i].micro);
	}
	assert_true(read_iso("2026-11-22T06:21:39", TIME_HOUR_US, &t_us));
	assert_int_equal(t_us, second * TIME_SECOND_US);
}

static void
what_is_no_iso_time_fails_the_cursor(void **state)
{
	(void)state;
	static const char *bad[] = {"", "2026", "2026-11-22", "2026-11-22T05:21",
		"2026-11-22T05:21:39.Z", "2026-11-22T05:21:39.1234567890Z", "2026-11-22T05:21:39+1",
		"2026-11-22T05:21:39+24:00", "2026-11-22T05:21:39+00:60", "2026-13-22T05:21:39Z",
		"2026-02-29T05:21:39Z", "2026-11-22_05:21:39Z", "1969-12-31T23:59:59Z",
		" 2026-11-22T05:21:39Z", "2026-11-22T05:21:39Zz", "2026-1-22T05:21:39Z",
		"+026-11-22T05:21:39Z"};
	int64_t t_us;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (read_iso(bad[i], 0, &t_us))
			fail_msg("\"%s\" was read as a time", bad[i]);
}

static void
written_times_are_read_back(void **state)
{
	(void)state;
	uint64_t random = 7;
	struct buf b = {0};
	for (int i = 0; i < 20000; i++) {
		int64_t t_us = (int64_t)(random_next(&random) % UINT64_C(253402300800000000)), back;
		buf_clear(&b);
		time_add_iso_ms(&b, t_us);
		assert_true(read_iso(buf_str(&b), 0, &back));
		assert_true(back == t_us - t_us % 1000);
	}
	buf_clear(&b);
	time_add_text(&b, INT64_C(1795324899087984));
	assert_text(b, "2026-11-22 05:21:39");
	buf_fini(&b);
}

static void
durations_are_written_for_people(void **state)
{
	(void)state;
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {{0, "0 ms"}, {312, "312 ms"}, {999, "999 ms"}, {1000, "1.0 s"},
		{4190, "4.1 s"}, {59999, "59.9 s"}, {60000, "1 min"}, {725000, "12 min 5 s"},
		{12000000, "3 h 20 min"}, {3600000, "1 h"}, {187200000, "2 d 4 h"},
		{-312, "-312 ms"}};
	struct buf b = {0};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_clear(&b);
		time_add_duration(&b, cases[i].ms);
		assert_string_equal(buf_str(&b), cases[i].text);
	}
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_from_1970_to_9999_has_its_number),
		cmocka_unit_test(every_microsecond_survives_the_round_trip),
		cmocka_unit_test(a_time_before_1970_is_counted_down),
		cmocka_unit_test(civil_times_out_of_range_are_not_valid),
		cmocka_unit_test(iso_times_are_read_in_every_form),
		cmocka_unit_test(what_is_no_iso_time_fails_the_cursor),
		cmocka_unit_test(written_times_are_read_back),
		cmocka_unit_test(durations_are_written_for_people),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
