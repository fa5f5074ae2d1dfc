#include "unit.h"

#include "backend/host_clock.h"
#include "base/time.h"

#define S_US TIME_SECOND_US

static struct host_clock clock_of_host;

static int
setup(void **state)
{
	(void)state;
	clock_of_host = (struct host_clock){0};
	return 0;
}

/* Lines each half a second from `from_s` on, until `to_s`, each so late. */
static void
lines(int64_t from_s, int64_t to_s, int64_t late_us)
{
	for (int64_t t_us = from_s * S_US; t_us < to_s * S_US; t_us += S_US / 2)
		host_clock_note(&clock_of_host, t_us, t_us - late_us - t_us % S_US / 10);
}

static void
a_clock_that_is_behind_or_ahead_is_told_in_some_seconds(void **state)
{
	(void)state;
	lines(1000, 1004, 90 * S_US);
	assert_false(clock_of_host.has_skew);
	lines(1004, 1012, 90 * S_US);
	assert_true(clock_of_host.has_skew);
	assert_int_equal(clock_of_host.skew_us, 90 * S_US);
	assert_int_equal(clock_of_host.lag_us, 0);
	clock_of_host = (struct host_clock){0};
	lines(1000, 1012, -90 * S_US);
	assert_int_equal(clock_of_host.skew_us, -90 * S_US);
}

static void
a_line_now_and_then_is_enough(void **state)
{
	(void)state;
	for (int64_t t_us = 1000 * S_US; t_us < 5000 * S_US; t_us += 300 * S_US)
		host_clock_note(&clock_of_host, t_us, t_us - S_US / 5);
	assert_int_equal(clock_of_host.skew_us, S_US / 5);
}

/* An hour of lines comes in a minute: 61 seconds of log a second. */
static void
a_queue_that_is_worked_off_is_no_skew(void **state)
{
	(void)state;
	for (int64_t k = 0; k < 600; k++)
		host_clock_note(&clock_of_host, (10000 * 10 + k) * S_US / 10,
			(10000 * 10 + k) * S_US / 10 - (600 - k) * 6 * S_US);
	assert_false(clock_of_host.has_skew);
	assert_true(clock_of_host.lag_us > 60 * S_US);
	lines(10060, 10075, S_US / 100);
	assert_int_equal(clock_of_host.skew_us, S_US / 100);
	assert_int_equal(clock_of_host.lag_us, 0);
}

static void
a_delay_that_grows_is_a_lag_until_it_has_stayed(void **state)
{
	(void)state;
	lines(1000, 1020, 0);
	lines(1020, 1100, 300 * S_US);
	assert_int_equal(clock_of_host.skew_us, 0);
	assert_int_equal(clock_of_host.lag_us, 300 * S_US);
	lines(1100, 1110, 0);
	assert_int_equal(clock_of_host.lag_us, 0);
	lines(1110, 1800, 300 * S_US);
	assert_int_equal(clock_of_host.skew_us, 300 * S_US);
	assert_int_equal(clock_of_host.lag_us, 0);
}

static void
a_clock_that_is_set_right_is_seen_at_once(void **state)
{
	(void)state;
	lines(1000, 1020, 90 * S_US);
	lines(1020, 1040, 0);
	assert_int_equal(clock_of_host.skew_us, 0);
	assert_int_equal(clock_of_host.lag_us, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(a_clock_that_is_behind_or_ahead_is_told_in_some_seconds),
		TEST(a_line_now_and_then_is_enough),
		TEST(a_queue_that_is_worked_off_is_no_skew),
		TEST(a_delay_that_grows_is_a_lag_until_it_has_stayed),
		TEST(a_clock_that_is_set_right_is_seen_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
