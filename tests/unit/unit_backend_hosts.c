/* What is noted of the lines of a spool, as it stands in a real database. */
#include <stdio.h>

#include "unit.h"

#include "cluster_fixture.h"

#include "backend/hosts.h"
#include "base/time.h"
#include "store/db.h"
#include "store/migrate.h"
#include "wire/syslog.h"

#define SPOOL	   4711
#define BEGUN	   (1796000000 * TIME_SECOND_US) /* 2026-11-30 */
#define SECONDS(n) ((n)*TIME_SECOND_US)

static char conninfo[512];
static struct db *db;
static struct hosts *hosts;
static struct buf said;
static uint64_t position; /* of the next record */

static const char *
ask(const char *sql)
{
	static struct buf answer;
	struct error err;
	PGresult *rows;
	if (!db_query_text(db, sql, 0, NULL, &rows, &err))
		fail_msg("%s", err.text);
	buf_clear(&answer);
	for (int i = 0; i < PQntuples(rows); i++)
		for (int k = 0; k < PQnfields(rows); k++)
			buf_addf(&answer, "%s%s", answer.n ? " " : "", PQgetvalue(rows, i, k));
	PQclear(rows);
	return buf_str(&answer);
}

static void
do_sql(const char *sql)
{
	struct error err;
	if (!db_exec(db, sql, &err))
		fail_msg("%s", err.text);
}

static void
say(void *context, enum log_level level, const char *text)
{
	(void)context;
	buf_addf(&said, "%d %s|", (int)level, text);
}

static int
begin(void **state)
{
	(void)state;
	struct error err;
	fixture_begin();
	snprintf(conninfo, sizeof(conninfo), "%s", fixture_start(fixture_path("data")));
	db = db_open(conninfo, &err);
	if (!db || !migrate(db, migrate_embedded, migrate_embedded_n, &err))
		fail_msg("%s", err.text);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	db_close(&db);
	buf_fini(&said);
	fixture_stop(fixture_path("data"));
	fixture_end();
	return 0;
}

/* A program that begins, with whatever the database has. */
static void
start(void)
{
	struct error err;
	hosts = hosts_new(&(struct hosts_options){.since_us = BEGUN, .say = say});
	if (!hosts_open(hosts, conninfo, SPOOL, &err))
		fail_msg("%s", err.text);
}

static int
setup(void **state)
{
	(void)state;
	do_sql("TRUNCATE host CASCADE; TRUNCATE host_spool");
	buf_clear(&said);
	position = 100;
	start();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	hosts_free(&hosts);
	return 0;
}

static void
note_at(uint64_t at, int64_t received_us, const char *frame)
{
	struct syslog_clock clock;
	struct line line;
	struct event e;
	const struct spool_record record = {.position = at,
		.next = at + 10,
		.received_us = received_us,
		.frame = slice_of_str(frame)};
	syslog_clock_init(&clock, received_us);
	syslog_read(record.frame, &clock, &line);
	hosts_note(hosts, &record, &line, parse_line(&line, &e));
}

static void
note(int64_t received_us, const char *frame)
{
	note_at(position, received_us, frame);
	position += 10;
}

/* One with a stamp, logged when it was received. */
static void
note_number(const char *host, unsigned sequence, int64_t received_us)
{
	struct buf frame = {0};
	buf_add_str(&frame, "<22>1 ");
	time_add_iso_ms(&frame, received_us);
	buf_addf(&frame,
		" %s postfix/qmgr 1 - [else@32473 u=\"1\" s=\"%u\" b=\"7\"] 4104E3D1: removed",
		host, sequence);
	note(received_us, buf_str(&frame));
	buf_fini(&frame);
}

static void
lines_are_counted_by_host_and_hour(void **state)
{
	(void)state;
	note(BEGUN, "<22>Nov 30 00:00:00 mx1 postfix/qmgr[1]: 4104E3D1: removed");
	note(BEGUN, "<22>Nov 30 00:00:00 mx1 postfix/qmgr[1]: something new 1");
	note(BEGUN, "<22>Nov 30 00:00:00 mx1 postfix/qmgr[1]: something new 2");
	note(BEGUN, "<22>Nov 30 00:00:00 mx1 cron[1]: nothing of mail");
	note(BEGUN + TIME_HOUR_US, "<22>Nov 30 01:00:00 mx1 postfix/qmgr[1]: 4104E3D2: removed");
	note(BEGUN, "<22>Nov 30 00:00:00 mx2 postfix/qmgr[1]: 4104E3D1: removed");
	hosts_tick(hosts, BEGUN, true);
	note(BEGUN, "<22>Nov 30 00:00:00 mx2 postfix/qmgr[1]: 4104E3D2: removed");
	hosts_tick(hosts, BEGUN, true);
	assert_string_equal(
		ask("SELECT name, lines, ignored, unknown FROM host_hour o JOIN host h ON "
		    "h.id = o.host ORDER BY name, hour"),
		"mx1 4 1 2 mx1 1 0 0 mx2 2 0 0");
	assert_string_equal(ask("SELECT name, shape, n, example FROM host_unknown u JOIN host h ON "
				"h.id = u.host"),
		"mx1 postfix/qmgr: something new N 2 <22>Nov 30 00:00:00 mx1 "
		"postfix/qmgr[1]: something new 1");
}

static void
a_line_that_is_read_again_counts_once(void **state)
{
	(void)state;
	static const char frame[] = "<22>Nov 30 00:00:00 mx1 postfix/qmgr[1]: 4104E3D1: removed";
	note(BEGUN, frame);
	note(BEGUN, frame);
	hosts_tick(hosts, BEGUN, true);
	note(BEGUN, frame); /* and is killed */
	hosts_free(&hosts);
	start();
	for (uint64_t at = 100; at < 150; at += 10)
		note_at(at, BEGUN, frame);
	hosts_tick(hosts, BEGUN, true);
	assert_string_equal(ask("SELECT lines FROM host_hour"), "5");
}

static void
gaps_are_written_and_found_over_a_restart(void **state)
{
	(void)state;
	note_number("mx1", 10, BEGUN);
	note_number("mx1", 14, BEGUN);
	hosts_tick(hosts, BEGUN, true);
	assert_string_equal(
		ask("SELECT host, boot, first, last, lines FROM v_host_gap"), "mx1 7 11 13 3");
	note_number("mx1", 12, BEGUN);
	hosts_tick(hosts, BEGUN, true);
	hosts_free(&hosts);
	start();
	note_number("mx1", 16, BEGUN);
	hosts_tick(hosts, BEGUN, true);
	assert_string_equal(
		ask("SELECT first, last FROM v_host_gap ORDER BY 1"), "11 11 13 13 15 15");
	assert_string_equal(ask("SELECT name, missing FROM v_host"), "mx1 3");
}

static void
a_clock_that_is_90_s_off_is_told(void **state)
{
	(void)state;
	for (int i = 0; i < 15; i++)
		note_number("mx1", (unsigned)i, BEGUN + SECONDS(i));
	for (int i = 0; i < 15; i++)
		note(BEGUN + SECONDS(i), "<22>Nov 30 00:00:00 nowhere postfix/qmgr[1]: x");
	hosts_tick(hosts, BEGUN, true);
	assert_string_equal(ask("SELECT skew, lag, state FROM v_host WHERE name = 'mx1'"),
		"00:00:00 00:00:00 ok");
	for (int i = 0; i < 15; i++) {
		struct buf frame = {0};
		time_add_iso_ms(&frame, BEGUN + SECONDS(i - 90));
		buf_add_str(&frame, " mx2 postfix/qmgr[1]: 4104E3D1: removed");
		note(BEGUN + SECONDS(i), buf_str(&frame));
		buf_fini(&frame);
	}
	hosts_tick(hosts, BEGUN, true);
	assert_string_equal(ask("SELECT skew, lag, state FROM v_host WHERE name = 'mx2'"),
		"00:01:30 00:00:00 ok");
}

static void
a_host_is_silent_after_ten_times_its_quiet(void **state)
{
	(void)state;
	note_number("mx1", 1, BEGUN);
	note_number("mx1", 2, BEGUN + SECONDS(180));
	hosts_tick(hosts, BEGUN + SECONDS(180 + 1800), true);
	assert_int_equal(said.n, 0);
	hosts_tick(hosts, BEGUN + SECONDS(180 + 1801), true);
	hosts_tick(hosts, BEGUN + SECONDS(180 + 1805), true);
	assert_text(said, "4 host mx1 is silent: no line for 30 min 1 s|");
	assert_string_equal(ask("SELECT state FROM v_host"), "silent");
	buf_clear(&said);
	note_number("mx1", 3, BEGUN + SECONDS(180 + 7200));
	hosts_tick(hosts, BEGUN + SECONDS(180 + 7200), true);
	hosts_tick(hosts, BEGUN + SECONDS(180 + 7205), true);
	assert_text(said, "6 host mx1 sends again after 2 h|");
	assert_string_equal(ask("SELECT state, silent_after FROM v_host"), "ok 04:00:00");
}

static void
a_limit_may_be_set_and_taken_away(void **state)
{
	(void)state;
	note_number("mx1", 1, BEGUN);
	hosts_tick(hosts, BEGUN + SECONDS(10), true);
	do_sql("UPDATE host SET silent_after_s = 5");
	hosts_tick(hosts, BEGUN + SECONDS(10), true);
	assert_string_equal(ask("SELECT state FROM v_host"), "silent");
	do_sql("UPDATE host SET silent_after_s = 0");
	hosts_tick(hosts, BEGUN + SECONDS(100000), true);
	assert_string_equal(ask("SELECT state FROM v_host"), "ok");
}

/* What was not said while the daemon was stopped, it could not hear. */
static void
nobody_is_silent_because_the_daemon_was(void **state)
{
	(void)state;
	note_number("mx1", 1, BEGUN - SECONDS(86400));
	hosts_tick(hosts, BEGUN + SECONDS(60), true);
	assert_string_equal(ask("SELECT state FROM v_host"), "ok");
	hosts_tick(hosts, BEGUN + SECONDS(901), true);
	assert_string_equal(ask("SELECT state FROM v_host"), "silent");
}

static void
names_that_are_no_text_do_no_harm(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		char frame[] = "<22>1 2026-11-30T00:00:00Z mX postfix/qmgr 1 - [else@32473 u=\"1\" "
			       "s=\"1\" "
			       "b=\"\xff\"] \xff\xfe new";
		*strchr(frame, 'X') = (char)(0x80 + i);
		note(BEGUN, frame);
	}
	hosts_tick(hosts, BEGUN, true);
	assert_int_equal(said.n, 0);
	assert_string_equal(
		ask("SELECT count(*), sum(lines), sum(unknown) FROM host_hour"), "1 3 3");
}

static void
many_names_share_one(void **state)
{
	(void)state;
	for (int i = 0; i < 5000; i++) {
		char frame[100];
		snprintf(frame, sizeof(frame), "<22>Nov 30 00:00:00 mx%d postfix/qmgr[1]: x", i);
		note(BEGUN, frame);
	}
	hosts_tick(hosts, BEGUN, true);
	assert_string_equal(ask("SELECT count(*), sum(lines) FROM host_hour"), "4097 5000");
}

static void
a_database_that_fails_is_told_once_and_nothing_is_lost(void **state)
{
	(void)state;
	note_number("mx1", 1, BEGUN);
	do_sql("ALTER TABLE host_hour RENAME TO away");
	hosts_tick(hosts, BEGUN, true);
	hosts_tick(hosts, BEGUN, true);
	assert_true(
		slice_starts(buf_slice(&said), S("4 the state of the hosts cannot be written: ")));
	assert_int_equal(slice_find_char(buf_slice(&said), '|'), said.n - 1);
	do_sql("ALTER TABLE away RENAME TO host_hour");
	hosts_tick(hosts, BEGUN, true);
	assert_string_equal(ask("SELECT lines FROM host_hour"), "1");
}

static void
metrics_name_the_hosts(void **state)
{
	(void)state;
	struct buf text = {0};
	note_number("mx1", 1, BEGUN);
	note_number("mx1", 3, BEGUN);
	note(BEGUN, "<22>1 2026-11-30T00:00:00Z m\"x\\ postfix/qmgr 1 - - x");
	hosts_tick(hosts, BEGUN + SECONDS(5000), true);
	hosts_add_metrics(hosts, &text);
	assert_true(slice_contains(buf_slice(&text), S("\nelse_missing_lines_total 1\n")));
	assert_true(slice_contains(buf_slice(&text), S("\nelse_hosts_silent 2\n")));
	assert_true(
		slice_contains(buf_slice(&text), S("\nelse_host_missing_lines{host=\"mx1\"} 1\n")));
	assert_true(slice_contains(
		buf_slice(&text), S("\nelse_host_missing_lines{host=\"m\\\"x\\\\\"} 0\n")));
	buf_fini(&text);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(lines_are_counted_by_host_and_hour),
		TEST(a_line_that_is_read_again_counts_once),
		TEST(gaps_are_written_and_found_over_a_restart),
		TEST(a_clock_that_is_90_s_off_is_told),
		TEST(a_host_is_silent_after_ten_times_its_quiet),
		TEST(a_limit_may_be_set_and_taken_away),
		TEST(nobody_is_silent_because_the_daemon_was),
		TEST(names_that_are_no_text_do_no_harm),
		TEST(many_names_share_one),
		TEST(a_database_that_fails_is_told_once_and_nothing_is_lost),
		TEST(metrics_name_the_hosts),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
