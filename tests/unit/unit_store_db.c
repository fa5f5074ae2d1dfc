#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster_fixture.h"
#include "store/cluster.h"
#include "store/db.h"
#include "store/migrate.h"

#define INT4_OID 23

static char *data, *conninfo;
static struct db *db; /* a fresh connection for each case */

static void
must(bool ok, const struct error *err)
{
	if (!ok)
		fail_msg("%s", err->text);
}

static void
run(const char *sql)
{
	struct error err;
	must(db_exec(db, sql, &err), &err);
}

static void
assert_answer(const char *sql, const char *expected)
{
	struct error err;
	PGresult *result;
	must(db_query_text(db, sql, 0, NULL, &result, &err), &err);
	assert_string_equal(PQgetvalue(result, 0, 0), expected);
	PQclear(result);
}

static void
assert_contains(const struct error *err, const char *part)
{
	if (!strstr(err->text, part))
		fail_msg("\"%s\" does not contain \"%s\"", err->text, part);
}

static void
values_travel_as_text(void **state)
{
	(void)state;
	struct error err;
	PGresult *result;
	const char *const values[] = {"'; DROP TABLE x; --", NULL};
	must(db_query_text(db, "SELECT $1::text, $2::text IS NULL", 2, values, &result, &err),
		&err);
	assert_string_equal(PQgetvalue(result, 0, 0), values[0]);
	assert_string_equal(PQgetvalue(result, 0, 1), "t");
	PQclear(result);
}

static void
values_travel_as_bytes(void **state)
{
	(void)state;
	struct error err;
	PGresult *result;
	uint32_t number = htonl(41);
	const char *const values[] = {(const char *)&number, "a\0b"};
	const struct db_params params = {
		.n = 2,
		.types = (const Oid[]){INT4_OID, 17},
		.values = values,
		.lengths = (const int[]){4, 3},
		.formats = (const int[]){DB_BINARY, DB_BINARY},
	};
	must(db_query(db, "SELECT $1 + 1, $2", &params, DB_BINARY, &result, &err), &err);
	memcpy(&number, PQgetvalue(result, 0, 0), 4);
	assert_int_equal(ntohl(number), 42);
	assert_int_equal(PQgetlength(result, 0, 1), 3);
	assert_memory_equal(PQgetvalue(result, 0, 1), "a\0b", 3);
	PQclear(result);
}

static void
a_statement_is_prepared_once(void **state)
{
	(void)state;
	struct error err;
	PGresult *result;
	const char *const values[] = {"20"};
	const struct db_params params = {.n = 1, .values = values};
	must(db_prepare_once(db, "twice", "SELECT $1::int * 2", 1, NULL, &err), &err);
	must(db_prepare_once(db, "twice", "SELECT $1::int * 2", 1, NULL, &err), &err);
	must(db_query_prepared(db, "twice", &params, DB_TEXT, &result, &err), &err);
	assert_string_equal(PQgetvalue(result, 0, 0), "40");
	PQclear(result);
	assert_answer("SELECT count(*) FROM pg_prepared_statements", "1");
}

static void
the_session_is_predictable(void **state)
{
	(void)state;
	assert_answer("SHOW timezone", "UTC");
	assert_answer("SHOW client_encoding", "UTF8");
	assert_answer("SHOW application_name", program_invocation_short_name);
}

static void
errors_are_one_line_with_the_sqlstate(void **state)
{
	(void)state;
	struct error err;
	assert_false(db_exec(db, "SELECT *\nFROM nowhere", &err));
	assert_string_equal(err.text, "relation \"nowhere\" does not exist [42P01]");
	assert_string_equal(db_sqlstate(db), "42P01");
	assert_false(db_lost(db));
	assert_answer("SELECT 1", "1");
}

static void
no_server_is_one_line_too(void **state)
{
	(void)state;
	struct error err;
	assert_null(db_open("host=/nowhere port=5432", &err));
	assert_contains(&err, "cannot connect to the database: connection to server on socket");
	assert_null(strchr(err.text, '\n'));
	assert_null(db_open("no conninfo", &err));
}

static void
slow_statements_end_at_the_time_limit(void **state)
{
	(void)state;
	struct error err;
	must(db_set_timeout(db, 50, &err), &err);
	assert_false(db_exec(db, "SELECT pg_sleep(20)", &err));
	assert_string_equal(db_sqlstate(db), "57014");
	must(db_set_timeout(db, 0, &err), &err);
	run("SELECT pg_sleep(0.06)");
}

static void
on_alarm(int signal)
{
	(void)signal;
	db_cancel(db);
}

static void
a_signal_handler_may_cancel(void **state)
{
	(void)state;
	struct error err;
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 100000}, NULL);
	assert_false(db_exec(db, "SELECT pg_sleep(20)", &err));
	assert_string_equal(db_sqlstate(db), "57014");
	assert_contains(&err, "user request");
	assert_false(db_lost(db));
}

static void
a_lost_connection_is_seen(void **state)
{
	(void)state;
	struct error err;
	assert_false(db_exec(db, "SELECT pg_terminate_backend(pg_backend_pid())", &err));
	assert_true(db_lost(db));
	assert_false(db_exec(db, "SELECT 1", &err));
	assert_true(err.text[0] != '\0');
}

static const struct migration steps[] = {
	{1, "001-first.sql", "CREATE TABLE word (w text);\nINSERT INTO word VALUES ('one');\n"},
	{2, "002-second.sql", "INSERT INTO word VALUES ('two')"},
	{3, "003-third.sql", "INSERT INTO word VALUES ('three')"},
};

static void
drop_schema(void)
{
	run("DROP TABLE IF EXISTS word, schema_version");
}

static void
migrations_run_once_and_in_order(void **state)
{
	(void)state;
	struct error err;
	drop_schema();
	must(migrate(db, steps, 1, &err), &err);
	assert_answer("SELECT string_agg(w, ' ') FROM word", "one");
	must(migrate(db, steps, 3, &err), &err);
	must(migrate(db, steps, 3, &err), &err);
	assert_answer("SELECT string_agg(w, ' ') FROM word", "one two three");
	assert_answer("SELECT string_agg(version::text, ' ' ORDER BY version) FROM schema_version",
		"1 2 3");
}

static void
a_newer_database_is_refused(void **state)
{
	(void)state;
	struct error err;
	drop_schema();
	must(migrate(db, steps, 3, &err), &err);
	assert_false(migrate(db, steps, 2, &err));
	assert_contains(&err,
		"schema version 3, this program knows versions up to 2: install the newer ELSE");
}

static void
a_migration_that_fails_leaves_no_trace(void **state)
{
	(void)state;
	struct error err;
	const struct migration broken[] = {steps[0],
		{2, "002-broken.sql",
			"INSERT INTO word VALUES ('half'); INSERT INTO nowhere VALUES (1)"}};
	drop_schema();
	assert_false(migrate(db, broken, 2, &err));
	assert_contains(&err, "schema 002-broken.sql: relation \"nowhere\" does not exist [42P01]");
	assert_answer("SELECT string_agg(w, ' ') FROM word", "one");
	assert_answer("SELECT max(version) FROM schema_version", "1");
	must(migrate(db, steps, 3, &err), &err);
}

static pid_t
start_migrating(void)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	struct error err;
	struct db *own = db_open(conninfo, &err);
	bool ok = own && migrate(own, steps, 3, &err);
	if (!ok)
		fprintf(stderr, "%s\n", err.text);
	_exit(ok ? 0 : 1);
}

static void
programs_at_once_migrate_once(void **state)
{
	(void)state;
	pid_t programs[4];
	drop_schema();
	for (int i = 0; i < 4; i++)
		programs[i] = start_migrating();
	for (int i = 0; i < 4; i++) {
		int status = -1;
		assert_int_equal(waitpid(programs[i], &status, 0), programs[i]);
		assert_int_equal(status, 0);
	}
	assert_answer("SELECT string_agg(w, ' ') FROM word", "one two three");
}

static void
the_program_s_own_schema_makes_an_empty_database_current(void **state)
{
	(void)state;
	struct error err;
	char fresh[600];
	run("CREATE DATABASE fresh");
	snprintf(fresh, sizeof(fresh), "%s dbname=fresh", conninfo);
	db_close(&db);
	db = db_open(fresh, &err);
	must(db && migrate(db, migrate_embedded, migrate_embedded_n, &err), &err);
	must(migrate(db, migrate_embedded, migrate_embedded_n, &err), &err);
	assert_answer("SELECT max(version) = count(*) FROM schema_version", "t");
}

static int
open_connection(void **state)
{
	(void)state;
	struct error err;
	db = db_open(conninfo, &err);
	return db ? 0 : -1;
}

static int
close_connection(void **state)
{
	(void)state;
	db_close(&db);
	return 0;
}

static int
start_cluster(void **state)
{
	(void)state;
	data = strdup(fixture_path("data"));
	conninfo = strdup(fixture_start(data));
	return 0;
}

static int
stop_cluster(void **state)
{
	(void)state;
	struct error err;
	cluster_stop(data, NULL, &err);
	fixture_end();
	free(data);
	free(conninfo);
	return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_connection, close_connection)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(values_travel_as_text),
		CASE(values_travel_as_bytes),
		CASE(a_statement_is_prepared_once),
		CASE(the_session_is_predictable),
		CASE(errors_are_one_line_with_the_sqlstate),
		CASE(no_server_is_one_line_too),
		CASE(slow_statements_end_at_the_time_limit),
		CASE(a_signal_handler_may_cancel),
		CASE(a_lost_connection_is_seen),
		CASE(migrations_run_once_and_in_order),
		CASE(a_newer_database_is_refused),
		CASE(a_migration_that_fails_leaves_no_trace),
		CASE(programs_at_once_migrate_once),
		CASE(the_program_s_own_schema_makes_an_empty_database_current),
	};
	fixture_begin();
	return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
