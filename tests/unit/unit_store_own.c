/*
 * What the administrator sets is ours may be set late: mails that are stored get, by else_reclass,
 * the rows that they would have had if it had been known from the start. The folder of the project
 * comes as the first argument.
 */
#include <stdio.h>
#include <stdlib.h>

#include "import_fixture.h"

static const char *root = ".";
static const char *db;
static struct log sample;
static const struct line **lines;
static struct buf expected, actual;

static int
start(void **state)
{
	(void)state;
	import_begin();
	db = import_database();
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	import_end();
	buf_fini(&expected);
	buf_fini(&actual);
	return 0;
}

static void
empty(void)
{
	import_empty(db);
	import_sql(db, "DELETE FROM own_network");
}

#define RECLASS "BEGIN; SELECT else_reclass(10000); SELECT else_settle_rows(); COMMIT"

/* `before`: said before the import, `after`: the same said afterwards, `undo`: taken back. */
static void
check(const char *before, const char *after, const char *undo, const char *changed)
{
	empty();
	import_lines(db, lines, sample.n);
	import_dump(db, &actual);
	empty();
	import_sql(db, before);
	import_lines(db, lines, sample.n);
	import_dump(db, &expected);
	assert_true(import_differences(&expected, &actual, "D", 0) > 0);
	empty();
	import_lines(db, lines, sample.n);
	import_dump(db, &actual);
	struct buf as_it_was = actual;
	actual = (struct buf){0};
	import_sql(db, RECLASS);
	import_dump(db, &actual);
	import_assert_same(&as_it_was, &actual, "nothing changed", 0);
	import_sql(db, after);
	import_sql(db, "CREATE TABLE IF NOT EXISTS counted (n int8); TRUNCATE counted");
	import_sql(db,
		"BEGIN; SELECT else_reclass(10000); INSERT INTO counted SELECT count(DISTINCT "
		"(mail_id, branch)) FROM settle WHERE way <> new_way; SELECT "
		"else_settle_rows(); COMMIT");
	assert_string_equal(import_ask(db, "SELECT n FROM counted"), changed);
	import_dump(db, &actual);
	import_assert_same(&expected, &actual, after, 0);
	import_sql(db, undo);
	import_sql(db, RECLASS);
	import_dump(db, &actual);
	import_assert_same(&as_it_was, &actual, undo, 0);
	buf_fini(&as_it_was);
}

static void
a_network(void **state)
{
	(void)state;
	check("INSERT INTO own_network (net) VALUES ('10.77.9.11'), ('fd77::/16')",
		"INSERT INTO own_network (net) VALUES ('10.77.9.11'), ('fd77::/16')",
		"DELETE FROM own_network", "115");
}

static void
a_domain(void **state)
{
	(void)state;
	check("INSERT INTO own_domain (name) VALUES ('ok.test')",
		"INSERT INTO own_domain (name) VALUES ('ok.test')",
		"DELETE FROM own_domain WHERE name = 'ok.test'", "129");
}

static void
a_host_of_role_submission(void **state)
{
	(void)state;
	check("INSERT INTO host (name, role, settled) VALUES ('incoming.corp.test', 'submission', "
	      "true)",
		"UPDATE host SET role = 'submission' WHERE name = 'incoming.corp.test'",
		"UPDATE host SET role = NULL", "397");
}

int
main(int argc, char **argv)
{
	static const char *const paths[] = {
		"data/sample/incoming.log.xz", "data/sample/outgoing.log.xz", NULL};
	if (argc > 1)
		root = argv[1];
	log_add_files(&sample, root, paths);
	lines = log_order(&sample, 3);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network),
		cmocka_unit_test(a_domain),
		cmocka_unit_test(a_host_of_role_submission),
	};
	int failed = cmocka_run_group_tests_name("store_own", tests, start, stop);
	free(lines);
	log_fini(&sample);
	return failed;
}
