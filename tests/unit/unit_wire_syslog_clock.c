#include "unit.h"

#include "wire/syslog.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct syslog_clock ticking;

static int64_t
utc(const char *text)
{
	struct cursor c = cursor_of(slice_of_str(text));
	int64_t t_us = time_read_iso(&c, 0);
	assert_true(cursor_ok(&c));
	return t_us;
}

static void
use_zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

static void
begin(const char *reference)
{
	syslog_clock_init(&ticking, utc(reference));
}

static void
begin_in(const char *tz, const char *reference)
{
	use_zone(tz);
	begin(reference);
	syslog_clock_set_local_zone(&ticking);
}

static void
check_line(struct syslog_clock *clock, struct slice raw, const char *want, int at)
{
	struct buf b = {0};
	struct line line;
	syslog_read(raw, clock, &line);
	time_add_text(&b, line.t_us);
	bool same = strcmp(buf_str(&b), want) == 0;
	if (!same)
		print_error("%.*s is %s, not %s\n", SLICE_ARG(raw), buf_str(&b), want);
	buf_fini(&b);
	if (!same)
		_fail(__FILE__, at);
}

/* A line of the host "mx" with this stamp was written at this time in UTC. */
#define assert_stamp(stamp, want)                                                                  \
	check_line(&ticking, S(stamp " mx postfix/qmgr[1]: text"), (want), __LINE__)
#define assert_line(raw, want) check_line(&ticking, S(raw), (want), __LINE__)

/* A line of `host` with a long queue id made at `made`. */
static struct slice
line_with_id(struct buf *b, const char *stamp, const char *host, const char *made)
{
	static const char alphabet[] = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
	char id[] = "0000000000z7sXv";
	int64_t seconds = utc(made) / TIME_SECOND_US;
	for (int i = 5; i >= 0; i--, seconds /= 52)
		id[i] = alphabet[seconds % 52];
	buf_clear(b);
	buf_addf(b, "%s %s postfix/smtpd[1]: %s: client=x[192.0.2.1]", stamp, host, id);
	return buf_slice(b);
}

static void
read_id(struct syslog_clock *clock, const char *stamp, const char *host, const char *made, int at)
{
	struct buf b = {0};
	struct buf want = {0};
	struct slice raw = line_with_id(&b, stamp, host, made);
	time_add_text(&want, utc(made));
	check_line(clock, raw, buf_str(&want), at);
	buf_fini(&b);
	buf_fini(&want);
}

#define assert_id(stamp, made) read_id(&ticking, (stamp), "mx", (made), __LINE__)

static void
the_first_stamp_lies_before_the_reference(void **state)
{
	(void)state;
	begin("2026-11-22T12:00:00Z");
	assert_stamp("Nov 22 05:21:39", "2026-11-22 05:21:39");
	begin("2026-11-22T12:00:00Z");
	assert_stamp(
		"Nov 23 11:59:00", "2026-11-23 11:59:00"); /* within a day: a clock that is fast */
	begin("2026-11-22T12:00:00Z");
	assert_stamp("Nov 24 00:00:00", "2025-11-24 00:00:00");
	begin("2026-01-03T00:00:00Z");
	assert_stamp("Dec 31 23:59:59", "2025-12-31 23:59:59");
	begin("2025-12-31T23:59:00Z");
	assert_stamp("Jan  1 00:00:05", "2026-01-01 00:00:05");
}

static void
december_goes_over_into_january(void **state)
{
	(void)state;
	begin("2026-01-03T00:00:00Z");
	assert_stamp("Nov 30 10:00:00", "2025-11-30 10:00:00");
	assert_stamp("Dec 31 23:59:59", "2025-12-31 23:59:59");
	assert_stamp("Jan  1 00:00:00", "2026-01-01 00:00:00");
	assert_stamp("Dec 31 23:59:58", "2025-12-31 23:59:58"); /* out of order */
	assert_stamp("Jan  1 00:00:01", "2026-01-01 00:00:01");
}

static void
a_quiet_half_year_is_no_new_year(void **state)
{
	(void)state;
	begin("2026-11-22T00:00:00Z");
	assert_stamp("Jan 10 00:00:00", "2026-01-10 00:00:00");
	assert_stamp("Aug  1 00:00:00", "2026-08-01 00:00:00");
	assert_stamp(
		"May  1 00:00:00", "2026-05-01 00:00:00"); /* an older piece after a newer one */
}

static void
a_leap_day_goes_to_a_leap_year(void **state)
{
	(void)state;
	begin("2024-03-01T00:00:00Z");
	assert_stamp("Feb 28 12:00:00", "2024-02-28 12:00:00");
	assert_stamp("Feb 29 12:00:00", "2024-02-29 12:00:00");
	assert_stamp("Mar  1 12:00:00", "2024-03-01 12:00:00");
	begin("2026-11-22T00:00:00Z");
	assert_stamp("Feb 29 12:00:00", "2024-02-29 12:00:00");
	assert_stamp("Mar  1 12:00:00", "2024-03-01 12:00:00");
	begin("2103-01-01T00:00:00Z"); /* 2100 has none */
	assert_stamp("Feb 29 12:00:00", "2096-02-29 12:00:00");
	begin("2026-11-22T00:00:00Z");
	assert_stamp("Feb 30 12:00:00", "1970-01-01 00:00:00"); /* t_us is 0 */
}

static void
a_machine_that_boots_on_new_years_day_moves_nothing(void **state)
{
	(void)state;
	begin("2026-11-22T12:00:00Z");
	assert_stamp("Nov 22 05:21:39", "2026-11-22 05:21:39");
	assert_stamp("Jan  1 00:00:09", "2026-01-01 00:00:09");
	assert_stamp("Nov 22 05:22:00", "2026-11-22 05:22:00");
	assert_line("1970-01-01T00:00:09Z mx kernel: up", "1970-01-01 00:00:09");
	assert_stamp("Nov 22 05:22:01", "2026-11-22 05:22:01");
}

static void
a_receiver_moves_the_reference(void **state)
{
	(void)state;
	begin("2026-11-22T00:00:00Z");
	assert_stamp("Nov 22 00:00:00", "2026-11-22 00:00:00");
	syslog_clock_receive(&ticking, utc("2026-12-31T23:59:59Z"));
	assert_stamp("Dec 31 23:59:59", "2026-12-31 23:59:59");
	syslog_clock_receive(&ticking, utc("2027-01-01T00:00:01Z"));
	assert_stamp("Jan  1 00:00:01", "2027-01-01 00:00:01");
	syslog_clock_receive(&ticking, utc("2028-11-30T00:00:00Z")); /* silent for 23 months */
	assert_stamp("Nov 29 00:00:00", "2028-11-29 00:00:00");
	syslog_clock_receive(&ticking, utc("2029-11-29T12:00:00Z"));
	assert_stamp("Nov 29 00:00:00", "2029-11-29 00:00:00");
}

static void
a_fixed_zone_is_taken_off(void **state)
{
	(void)state;
	begin("2026-11-22T12:00:00Z");
	syslog_clock_set_fixed_zone(&ticking, 5 * TIME_HOUR_US + 30 * TIME_MINUTE_US);
	assert_stamp("Nov 22 05:21:39", "2026-11-21 23:51:39");
	assert_line("2026-11-22 05:21:39 mx a[1]: b", "2026-11-21 23:51:39");
	assert_line("2026-11-22T05:21:39Z mx a[1]: b", "2026-11-22 05:21:39");
}

static void
the_machines_zone_with_its_daylight_saving(void **state)
{
	(void)state;
	begin_in("Europe/Berlin", "2026-11-22T12:00:00Z");
	assert_stamp("Mar 29 01:59:59", "2026-03-29 00:59:59");
	assert_stamp("Mar 29 02:30:00", "2026-03-29 01:30:00"); /* does not exist */
	assert_stamp("Mar 29 03:00:00", "2026-03-29 01:00:00");
	assert_stamp("Jul  1 12:00:00", "2026-07-01 10:00:00");
	assert_stamp("Nov 22 12:00:00", "2026-11-22 11:00:00");
	begin_in("America/New_York", "2026-11-22T12:00:00Z");
	assert_stamp("Nov  1 00:59:59", "2026-11-01 04:59:59");
	assert_stamp("Nov  1 02:00:00", "2026-11-01 07:00:00");
	begin_in("Australia/Lord_Howe", "2026-11-22T12:00:00Z"); /* half an hour */
	assert_stamp("Apr  5 01:15:00", "2026-04-04 14:15:00");
	assert_stamp("Apr  5 02:15:00", "2026-04-04 15:45:00");
}

static void
the_hour_that_happens_twice_is_read_upwards(void **state)
{
	(void)state;
	begin_in("Europe/Berlin", "2026-11-22T12:00:00Z");
	assert_stamp("Oct 25 01:59:59", "2026-10-24 23:59:59");
	assert_stamp("Oct 25 02:00:00", "2026-10-25 00:00:00");
	assert_stamp("Oct 25 02:59:59", "2026-10-25 00:59:59");
	assert_stamp("Oct 25 02:59:57", "2026-10-25 00:59:57"); /* out of order */
	assert_stamp("Oct 25 02:00:00", "2026-10-25 01:00:00");
	assert_stamp("Oct 25 02:30:00", "2026-10-25 01:30:00");
	assert_stamp("Oct 25 02:29:58", "2026-10-25 01:29:58");
	assert_stamp("Oct 25 03:00:00", "2026-10-25 02:00:00");
}

static void
the_receive_time_tells_the_two_hours_apart(void **state)
{
	(void)state;
	begin_in("Europe/Berlin", "2026-10-25T00:20:00Z");
	assert_stamp("Oct 25 02:20:00", "2026-10-25 00:20:00");
	begin_in("Europe/Berlin", "2026-10-25T01:20:00Z");
	assert_stamp("Oct 25 02:20:00", "2026-10-25 01:20:00");
}

static void
a_long_queue_id_gives_the_year(void **state)
{
	(void)state;
	begin("2026-11-22T12:00:00Z"); /* a file of 2024, copied without its time */
	assert_id("Feb  3 10:00:00", "2024-02-03T10:00:00Z");
	assert_stamp("Feb  3 10:00:01", "2024-02-03 10:00:01");
	assert_stamp("Feb 29 10:00:01", "2024-02-29 10:00:01");
	assert_stamp("Aug 31 10:00:01", "2024-08-31 10:00:01");
	assert_stamp("Dec 31 10:00:01", "2024-12-31 10:00:01");
	assert_stamp("Jan  1 10:00:01", "2025-01-01 10:00:01");
}

static void
a_long_queue_id_beats_the_reference_ahead_too(void **state)
{
	(void)state;
	begin("2020-05-05T00:00:00Z"); /* a file with a wrong time */
	assert_stamp("Nov 21 10:00:00", "2019-11-21 10:00:00");
	assert_id("Nov 21 10:00:01", "2026-11-21T10:00:01Z");
	assert_stamp("Nov 21 10:00:01", "2026-11-21 10:00:01");
	assert_stamp("Nov 22 10:00:00", "2026-11-22 10:00:00");
}

static void
a_long_queue_id_gives_the_zone_of_its_host(void **state)
{
	(void)state;
	begin("2026-11-22T12:00:00Z");
	assert_stamp("Nov 21 10:00:00", "2026-11-21 10:00:00");
	assert_id("Nov 21 10:00:01", "2026-11-21T04:15:01Z"); /* Kathmandu */
	assert_stamp("Nov 21 10:00:02", "2026-11-21 04:15:02");
	assert_line("Nov 21 10:00:02 other postfix/qmgr[1]: text", "2026-11-21 10:00:02");
	read_id(&ticking, "Nov 20 18:15:04", "west", "2026-11-21T04:15:04Z", __LINE__);
	assert_line("Nov 20 18:15:05 west postfix/qmgr[1]: text", "2026-11-21 04:15:05");
	assert_stamp("Nov 21 10:00:06", "2026-11-21 04:15:06");
}

static void
a_host_elsewhere_keeps_up_with_its_own_daylight_saving(void **state)
{
	(void)state;
	begin("2026-11-22T12:00:00Z");
	assert_id("Mar 29 01:30:00", "2026-03-29T00:30:00Z");
	assert_id("Mar 29 03:30:00", "2026-03-29T01:30:00Z");
	assert_stamp("Mar 29 03:30:01", "2026-03-29 01:30:01");
	assert_stamp("Oct 25 02:59:59", "2026-10-25 00:59:59");
	assert_stamp("Oct 25 02:00:01", "2026-10-25 01:00:01"); /* a step back of an hour */
	assert_id("Oct 25 02:00:02", "2026-10-25T01:00:02Z");
	assert_stamp("Oct 25 03:00:00", "2026-10-25 02:00:00");
}

static void
in_the_hour_that_happens_twice_the_queue_id_decides(void **state)
{
	(void)state;
	begin_in("Europe/Berlin", "2026-11-22T12:00:00Z");
	assert_stamp("Oct 25 02:05:00", "2026-10-25 00:05:00");
	assert_id(
		"Oct 25 02:40:00", "2026-10-25T01:40:00Z"); /* nothing was logged for 95 minutes */
	assert_stamp("Oct 25 02:40:01", "2026-10-25 01:40:01");
	assert_stamp("Oct 26 12:00:00", "2026-10-26 11:00:00"); /* it still follows Berlin */
}

static void
a_host_that_comes_back_to_the_default_zone_follows_it(void **state)
{
	(void)state;
	begin_in("Europe/Berlin", "2026-11-22T12:00:00Z");
	assert_id("Jun  1 10:00:00", "2026-06-01T10:00:00Z"); /* was in UTC */
	assert_stamp("Jun  1 10:00:01", "2026-06-01 10:00:01");
	assert_id("Jun  2 12:00:00", "2026-06-02T10:00:00Z"); /* then got its zone */
	assert_stamp("Nov 21 12:00:00", "2026-11-21 11:00:00");
}

static void
what_is_no_evidence_changes_nothing(void **state)
{
	(void)state;
	begin("2026-11-22T12:00:00Z");
	/* seven minutes off every zone: another mail's id, or a mail that waited */
	assert_line("Nov 21 10:07:40 mx postfix/smtpd[1]: 4TlqXc0cX0z7sXv: client=x[192.0.2.1]",
		"2026-11-21 10:07:40");
	/* only "client=" and "uid=" come at once */
	assert_line("Nov 21 10:00:00 mx postfix/qmgr[1]: 4TlqXc0cX0z7sXv: removed",
		"2026-11-21 10:00:00");
	assert_line("Feb 29 14:00:00 mx postfix/pickup[1]: 4TlqXc0cX0z7sXv: uid=0 from=<root>",
		"2024-02-29 12:00:00");
}

static void
more_hosts_than_there_is_room_for_do_no_harm(void **state)
{
	(void)state;
	char host[16];
	begin("2026-11-22T12:00:00Z");
	for (int i = 0; i < 3 * SYSLOG_CLOCK_HOSTS; i++) {
		snprintf(host, sizeof(host), "host%d", i);
		read_id(&ticking, "Nov 21 12:00:00", host, "2026-11-21T09:00:00Z", __LINE__);
	}
	assert_line("Nov 21 12:00:00 host47 a[1]: b", "2026-11-21 09:00:00");
	assert_line("Nov 21 12:00:00 host0 a[1]: b", "2026-11-21 12:00:00");
}

static void
a_full_date_among_the_lines_gives_the_year(void **state)
{
	(void)state;
	begin("2026-11-22T12:00:00Z");
	assert_line("2024-02-03T10:00:00Z mx a[1]: b", "2024-02-03 10:00:00");
	assert_stamp("Feb  3 10:00:00", "2024-02-03 10:00:00");
}

/* Looks ahead over the lines as a reader of files does. */
static void
probe_lines(const char *const *raw, size_t n)
{
	struct syslog_clock probe;
	struct line line;
	syslog_clock_probe_begin(&probe, &ticking);
	for (size_t i = 0; i < n; i++)
		syslog_read(slice_of_str(raw[i]), &probe, &line);
	syslog_clock_probe_end(&probe, &ticking);
}

static void
a_file_of_three_years_begins_three_years_ago(void **state)
{
	(void)state;
	static const char *const lines[] = {"Nov  1 00:00:00 mx a[1]: b",
		"Jun  1 00:00:00 mx a[1]: b", "Jan  1 00:00:00 mx a[1]: b",
		"Aug  1 00:00:00 mx a[1]: b", "Feb  1 00:00:00 mx a[1]: b"};
	begin("2026-11-22T12:00:00Z");
	probe_lines(lines, 5);
	assert_line("Nov  1 00:00:00 mx a[1]: b", "2023-11-01 00:00:00");
	assert_line("Jun  1 00:00:00 mx a[1]: b", "2024-06-01 00:00:00");
	assert_line("Jan  1 00:00:00 mx a[1]: b", "2025-01-01 00:00:00");
	assert_line("Aug  1 00:00:00 mx a[1]: b", "2025-08-01 00:00:00");
	assert_line("Feb  1 00:00:00 mx a[1]: b", "2026-02-01 00:00:00");
}

static void
a_leap_day_far_below_counts_for_the_first_line(void **state)
{
	(void)state;
	static const char *const lines[] = {"Feb  1 00:00:00 mx a[1]: b",
		"Feb 29 00:00:00 mx a[1]: b", "Mar  1 00:00:00 mx a[1]: b"};
	begin("2026-11-22T12:00:00Z");
	probe_lines(lines, 3);
	assert_line("Feb  1 00:00:00 mx a[1]: b", "2024-02-01 00:00:00");
	assert_line("Feb 29 00:00:00 mx a[1]: b", "2024-02-29 00:00:00");
	assert_line("Mar  1 00:00:00 mx a[1]: b", "2024-03-01 00:00:00");
}

static void
evidence_far_below_counts_for_the_first_line(void **state)
{
	(void)state;
	struct buf b = {0};
	begin("2026-11-22T12:00:00Z");
	line_with_id(&b, "Jan  5 12:00:00", "mx", "2025-01-05T10:00:00Z");
	const char *const lines[] = {"Dec 30 10:00:00 mx a[1]: b", buf_str(&b)};
	probe_lines(lines, 2);
	assert_line("Dec 30 10:00:00 mx a[1]: b", "2024-12-30 08:00:00");
	assert_line("Jan  5 12:00:00 mx a[1]: b", "2025-01-05 10:00:00");
	buf_fini(&b);
}

static void
a_full_date_far_below_counts_for_the_first_line(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"Dec 30 10:00:00 mx a[1]: b", "2025-01-05T10:00:00Z mx a[1]: b"};
	begin("2026-11-22T12:00:00Z");
	probe_lines(lines, 2);
	assert_line("Dec 30 10:00:00 mx a[1]: b", "2024-12-30 10:00:00");
}

static void
a_probe_that_met_no_stamp_changes_nothing(void **state)
{
	(void)state;
	static const char *const lines[] = {"rubbish", ""};
	begin("2026-11-22T12:00:00Z");
	probe_lines(lines, 2);
	assert_stamp("Nov 22 05:21:39", "2026-11-22 05:21:39");
}

static void
reading_continues_behind_a_known_line(void **state)
{
	(void)state;
	begin("2026-11-22T12:00:00Z");
	syslog_clock_continue(&ticking, utc("2024-12-31T23:59:00Z"));
	assert_stamp("Jan  1 00:00:00", "2025-01-01 00:00:00");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_stamp_lies_before_the_reference),
		cmocka_unit_test(december_goes_over_into_january),
		cmocka_unit_test(a_quiet_half_year_is_no_new_year),
		cmocka_unit_test(a_leap_day_goes_to_a_leap_year),
		cmocka_unit_test(a_machine_that_boots_on_new_years_day_moves_nothing),
		cmocka_unit_test(a_receiver_moves_the_reference),
		cmocka_unit_test(a_fixed_zone_is_taken_off),
		cmocka_unit_test(the_machines_zone_with_its_daylight_saving),
		cmocka_unit_test(the_hour_that_happens_twice_is_read_upwards),
		cmocka_unit_test(the_receive_time_tells_the_two_hours_apart),
		cmocka_unit_test(a_long_queue_id_gives_the_year),
		cmocka_unit_test(a_long_queue_id_beats_the_reference_ahead_too),
		cmocka_unit_test(a_long_queue_id_gives_the_zone_of_its_host),
		cmocka_unit_test(a_host_elsewhere_keeps_up_with_its_own_daylight_saving),
		cmocka_unit_test(in_the_hour_that_happens_twice_the_queue_id_decides),
		cmocka_unit_test(a_host_that_comes_back_to_the_default_zone_follows_it),
		cmocka_unit_test(what_is_no_evidence_changes_nothing),
		cmocka_unit_test(more_hosts_than_there_is_room_for_do_no_harm),
		cmocka_unit_test(a_full_date_among_the_lines_gives_the_year),
		cmocka_unit_test(a_file_of_three_years_begins_three_years_ago),
		cmocka_unit_test(a_leap_day_far_below_counts_for_the_first_line),
		cmocka_unit_test(evidence_far_below_counts_for_the_first_line),
		cmocka_unit_test(a_full_date_far_below_counts_for_the_first_line),
		cmocka_unit_test(a_probe_that_met_no_stamp_changes_nothing),
		cmocka_unit_test(reading_continues_behind_a_known_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
