#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster_fixture.h"
#include "store/cluster.h"
#include "store/cluster_settings.h"
#include "store/db.h"
#include "store/service_user.h"

static const char *data; /* the folder of the cluster that most cases share */

static struct cluster_status
status_of(const char *data_dir)
{
	struct cluster_status status;
	struct buf conninfo = {0};
	struct error err;
	if (!cluster_status(data_dir, &status, &conninfo, &err))
		fail_msg("%s", err.text);
	buf_fini(&conninfo);
	return status;
}

static struct db *
connect_to(const char *data_dir)
{
	struct error err;
	struct db *db = db_open(fixture_start(data_dir), &err);
	if (!db)
		fail_msg("%s", err.text);
	return db;
}

static void
run(struct db *db, const char *sql)
{
	struct error err;
	if (!db_exec(db, sql, &err))
		fail_msg("%s: %s", sql, err.text);
}

/* The first field of the answer, valid until the next call. */
static const char *
ask(struct db *db, const char *sql)
{
	static char text[256];
	struct error err;
	PGresult *result;
	if (!db_query_text(db, sql, 0, NULL, &result, &err))
		fail_msg("%s: %s", sql, err.text);
	snprintf(text, sizeof(text), "%s", PQgetvalue(result, 0, 0));
	PQclear(result);
	return text;
}

static const char *
ask_once(const char *data_dir, const char *sql)
{
	struct db *db = connect_to(data_dir);
	const char *answer = ask(db, sql);
	db_close(&db);
	return answer;
}

static const char *
refusal(const char *data_dir)
{
	static struct error err;
	struct buf conninfo = {0};
	assert_false(cluster_ensure(data_dir, NULL, &conninfo, &err));
	buf_fini(&conninfo);
	return err.text;
}

static void
assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

/* Another program that needs the database. */
static pid_t
start_program(const char *data_dir)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	struct buf conninfo = {0};
	struct error err;
	bool ok = cluster_ensure(data_dir, NULL, &conninfo, &err);
	if (!ok)
		fprintf(stderr, "%s\n", err.text);
	_exit(ok ? 0 : 1);
}

static int
end_of(pid_t pid)
{
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static bool
file_exists(const void *path)
{
	return access(path, F_OK) == 0;
}

static bool
is_busy(const void *db)
{
	return strcmp(ask((struct db *)db,
			      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO%'"),
		       "1") == 0;
}

static void
three_programs_at_once_make_one_cluster(void **state)
{
	(void)state;
	assert_int_equal(status_of(data).state, CLUSTER_NONE);
	pid_t programs[3];
	for (int i = 0; i < 3; i++)
		programs[i] = start_program(data);
	for (int i = 0; i < 3; i++)
		assert_int_equal(end_of(programs[i]), 0);
	struct cluster_status status = status_of(data);
	assert_int_equal(status.state, CLUSTER_RUNNING);
	assert_true(status.major >= 15);
	assert_int_equal(access(fixture_path("data/pg.new"), F_OK), -1);
}

static void
it_runs_on_in_a_session_of_its_own(void **state)
{
	(void)state;
	int pid = status_of(data).pid;
	assert_int_equal(getsid(pid), pid);
	fixture_start(data);
	assert_int_equal(status_of(data).pid, pid);
}

static void
only_its_owner_can_connect(void **state)
{
	(void)state;
	struct stat st;
	assert_int_equal(stat(fixture_path("data/.s.PGSQL.5432"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_string_equal(ask_once(data, "SHOW listen_addresses"), "");
	assert_string_equal(
		ask_once(
			data, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'peer'"),
		"0");
}

static void
it_has_the_settings_of_the_project(void **state)
{
	(void)state;
	struct db *db = connect_to(data);
	assert_string_equal(
		ask(db, "SELECT current_database() || ' ' || current_user"), "else else");
	assert_string_equal(ask(db, "SHOW server_encoding"), "UTF8");
	assert_string_equal(
		ask(db, "SELECT datcollate FROM pg_database WHERE datname = 'else'"), "C");
	assert_string_equal(ask(db, "SHOW synchronous_commit"), "on");
	assert_string_equal(ask(db, "SHOW fsync"), "on");
	assert_string_equal(ask(db, "SHOW wal_level"), "minimal");
	assert_string_equal(ask(db, "SHOW jit"), "off");
	assert_string_equal(ask(db, "SHOW max_connections"), "40");
	assert_string_equal(
		ask(db, "SELECT count(*) FROM pg_file_settings WHERE error IS NOT NULL"), "0");
	db_close(&db);
}

static const char *
settings_for(int64_t memory_mb, int64_t disk_free_mb)
{
	static struct buf text;
	struct cluster_machine machine = {
		.memory_bytes = memory_mb << 20, .disk_free_bytes = disk_free_mb << 20};
	buf_clear(&text);
	cluster_settings_text(&text, &machine, "/a/b");
	return buf_str(&text);
}

static void
its_size_follows_the_machine(void **state)
{
	(void)state;
	const char *small = settings_for(2048, 10000);
	assert_contains(small, "shared_buffers = 512MB\n");
	assert_contains(small, "max_wal_size = 1000MB\n");
	assert_contains(small, "wal_compression = on\n");
	const char *large = settings_for(64 << 10, 4 << 20);
	assert_contains(large, "shared_buffers = 2048MB\n");
	assert_contains(large, "max_wal_size = 16384MB\n");
	assert_contains(large, "effective_cache_size = 32768MB\n");
	const char *tiny = settings_for(256, 500);
	assert_contains(tiny, "shared_buffers = 64MB\n");
	assert_contains(tiny, "max_wal_size = 256MB\n");
}

static void
a_stopped_cluster_starts_again_with_its_rows(void **state)
{
	(void)state;
	struct db *db = connect_to(data);
	run(db, "CREATE TABLE kept AS SELECT 42 AS n");
	db_close(&db);
	fixture_stop(data);
	assert_int_equal(status_of(data).state, CLUSTER_STOPPED);
	assert_int_equal(status_of(data).pid, 0);
	fixture_stop(data);
	assert_string_equal(ask_once(data, "SELECT n FROM kept"), "42");
}

static void
after_kill_9_committed_rows_are_there(void **state)
{
	(void)state;
	struct db *db = connect_to(data);
	run(db, "INSERT INTO kept VALUES (43)");
	assert_int_equal(kill(status_of(data).pid, SIGKILL), 0);
	db_close(&db);
	assert_string_equal(ask_once(data, "SELECT count(*) FROM kept WHERE n = 43"), "1");
}

/* An orphaned backend in a long statement holds the shared memory: "pre-existing shared memory
 * block". */
static void
after_kill_9_the_end_of_running_statements_is_awaited(void **state)
{
	(void)state;
	struct db *db = connect_to(data), *busy = connect_to(data);
	assert_int_equal(
		PQsendQuery(db_connection(busy),
			"DO $$ DECLARE t timestamptz := clock_timestamp() + '1500 ms'; BEGIN "
			"WHILE clock_timestamp() < t LOOP END LOOP; END $$"),
		1);
	fixture_wait(is_busy, db);
	assert_int_equal(kill(status_of(data).pid, SIGKILL), 0);
	db_close(&db);
	assert_string_equal(ask_once(data, "SELECT n FROM kept WHERE n = 43"), "43");
	db_close(&busy);
}

/* After a reboot the number in the pid file may be that of any process: here it is this test's. */
static void
a_pid_file_that_names_a_stranger_is_stale(void **state)
{
	(void)state;
	fixture_stop(data);
	char text[600];
	snprintf(text, sizeof(text), "%d\n%s\n1\n5432\n%s\n\n1 1\nready   \n", (int)getpid(),
		fixture_path("data/pg"), data);
	write_file(fixture_path("data/pg/postmaster.pid"), text);
	assert_int_equal(status_of(data).state, CLUSTER_STOPPED);
	assert_string_equal(ask_once(data, "SELECT n FROM kept WHERE n = 43"), "43");
}

static void
a_server_without_its_socket_is_named(void **state)
{
	(void)state;
	assert_int_equal(unlink(fixture_path("data/.s.PGSQL.5432")), 0);
	assert_contains(refusal(data), "has lost its socket");
	fixture_stop(data);
	fixture_start(data);
}

static void
settings_that_do_not_parse_are_named(void **state)
{
	(void)state;
	fixture_stop(data);
	write_file(fixture_path("data/pg/postgresql.auto.conf"), "work_mem = 'much'\n");
	assert_contains(refusal(data), "postgresql.auto.conf");
	write_file(fixture_path("data/pg/postgresql.auto.conf"), "");
}

/* The path is longer than a socket address holds, so the socket is elsewhere; names in it need
 * quoting. */
static void
a_cluster_may_move_to_a_long_and_odd_path(void **state)
{
	(void)state;
	static const char odd[] =
		"it's a \"long\" \\ path/ooooooooooooooooooooooooooooooooooooooooooooooooooooo"
		"ooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooo";
	fixture_stop(data);
	assert_int_equal(mkdir(fixture_path("it's a \"long\" \\ path"), 0700), 0);
	assert_int_equal(rename(data, fixture_path(odd)), 0);
	assert_string_equal(ask_once(fixture_path(odd), "SELECT n FROM kept WHERE n = 42"), "42");
	char socket_dir[200];
	snprintf(socket_dir, sizeof(socket_dir), "%s",
		ask_once(fixture_path(odd),
			"SELECT btrim(current_setting('unix_socket_directories'), '\"')"));
	fixture_stop(fixture_path(odd));
	assert_int_equal(mkdir(socket_dir, 0755), 0);
	assert_contains(refusal(fixture_path(odd)), "somebody else or is open to others");
	assert_int_equal(rmdir(socket_dir), 0);
	assert_int_equal(rename(fixture_path(odd), data), 0);
}

static void
an_odd_path_of_usual_length_works_too(void **state)
{
	(void)state;
	const char *odd = fixture_path("it's \"odd\" \\ , too");
	assert_int_equal(rename(data, odd), 0);
	assert_string_equal(ask_once(odd, "SELECT n FROM kept WHERE n = 42"), "42");
	fixture_stop(odd);
	assert_int_equal(rename(odd, data), 0);
}

static void
a_program_killed_while_making_leaves_nothing_in_the_way(void **state)
{
	(void)state;
	const char *killed = fixture_path("killed");
	pid_t program = start_program(killed);
	fixture_wait(file_exists, fixture_path("killed/pg.new/PG_VERSION"));
	assert_int_equal(kill(program, SIGKILL), 0);
	assert_true(WIFSIGNALED(end_of(program)));
	assert_int_equal(access(fixture_path("killed/pg"), F_OK), -1);
	assert_string_equal(ask_once(killed, "SELECT 1"), "1");
	fixture_stop(killed);
}

static void
a_cluster_of_another_version_is_refused(void **state)
{
	(void)state;
	const char *foreign = fixture_path("foreign");
	assert_int_equal(mkdir(foreign, 0700), 0);
	assert_int_equal(mkdir(fixture_path("foreign/pg"), 0700), 0);
	write_file(fixture_path("foreign/pg/PG_VERSION"), "12\n");
	char installed[40];
	snprintf(installed, sizeof(installed), "installed is version %d", status_of(data).major);
	assert_contains(refusal(foreign), "made by PostgreSQL 12");
	assert_contains(refusal(foreign), installed);
	assert_contains(refusal(foreign), "install the package postgresql-12");
	assert_int_equal(status_of(foreign).major, 12);
}

static void
a_folder_that_holds_no_cluster_is_left_alone(void **state)
{
	(void)state;
	const char *mine = fixture_path("mine/pg/letter.txt");
	assert_int_equal(mkdir(fixture_path("mine"), 0700), 0);
	assert_int_equal(mkdir(fixture_path("mine/pg"), 0700), 0);
	write_file(mine, "Dear");
	assert_contains(refusal(fixture_path("mine")), "holds no PostgreSQL database");
	assert_int_equal(access(mine, F_OK), 0);
}

static void
a_folder_that_cannot_be_written_is_named_with_its_owner(void **state)
{
	(void)state;
	char self[USER_NAME_MAX];
	const char *closed = fixture_path("closed");
	assert_int_equal(mkdir(closed, 0500), 0);
	assert_contains(refusal(closed), "cannot be written although it is ours (mode 0500)");
	assert_contains(refusal("/usr"), "/usr belongs to user root");
	assert_contains(refusal("/usr"), user_name(geteuid(), self));
	assert_contains(refusal("/dev/null"), "is not a folder");
	assert_contains(refusal(fixture_path("closed/data")), "closed belongs to user");
	assert_contains(refusal("/usr/share/else/data"),
		"/usr/share belongs to user root (mode 0755); run it as root");
	assert_int_equal(rmdir(closed), 0);
}

static void
nothing_changes_for_an_ordinary_user(void **state)
{
	(void)state;
	struct error err;
	uid_t before = getuid();
	assert_true(before != 0);
	assert_true(service_user_drop(fixture_path("not made"), &err));
	assert_int_equal(getuid(), before);
	assert_int_equal(access(fixture_path("not made"), F_OK), -1);
}

static int
stop_all(void **state)
{
	(void)state;
	struct error err;
	cluster_stop(data, NULL, &err);
	cluster_stop(fixture_path("killed"), NULL, &err);
	fixture_end();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changes_for_an_ordinary_user),
		cmocka_unit_test(three_programs_at_once_make_one_cluster),
		cmocka_unit_test(it_runs_on_in_a_session_of_its_own),
		cmocka_unit_test(only_its_owner_can_connect),
		cmocka_unit_test(it_has_the_settings_of_the_project),
		cmocka_unit_test(its_size_follows_the_machine),
		cmocka_unit_test(a_stopped_cluster_starts_again_with_its_rows),
		cmocka_unit_test(after_kill_9_committed_rows_are_there),
		cmocka_unit_test(after_kill_9_the_end_of_running_statements_is_awaited),
		cmocka_unit_test(a_pid_file_that_names_a_stranger_is_stale),
		cmocka_unit_test(a_server_without_its_socket_is_named),
		cmocka_unit_test(settings_that_do_not_parse_are_named),
		cmocka_unit_test(a_cluster_may_move_to_a_long_and_odd_path),
		cmocka_unit_test(an_odd_path_of_usual_length_works_too),
		cmocka_unit_test(a_program_killed_while_making_leaves_nothing_in_the_way),
		cmocka_unit_test(a_cluster_of_another_version_is_refused),
		cmocka_unit_test(a_folder_that_holds_no_cluster_is_left_alone),
		cmocka_unit_test(a_folder_that_cannot_be_written_is_named_with_its_owner),
	};
	fixture_begin();
	data = strdup(fixture_path("data"));
	int failed = cmocka_run_group_tests(tests, NULL, stop_all);
	free((char *)data);
	return failed;
}
