/*
 * Whatever breaks an import off, the next one completes it: the rows are those of an import that
 * nothing disturbed. The folder of the project comes as the first argument.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "import_fixture.h"

#include "base/memory.h"

#define LINES 6000

static const char *root = ".";
static struct log sample;
static const struct line **all; /* by time */
static struct buf expected, actual;
static const char *db;

static int
make_expected(void **state)
{
	(void)state;
	static const char *const paths[] = {
		"data/sample/incoming.log.xz", "data/sample/outgoing.log.xz", NULL};
	import_begin();
	log_add_files(&sample, root, paths);
	all = log_order(&sample, 3);
	db = import_database();
	import_lines(db, all, LINES);
	import_dump(db, &expected);
	return 0;
}

static int
forget(void **state)
{
	(void)state;
	import_end();
	free(all);
	log_fini(&sample);
	buf_fini(&expected);
	buf_fini(&actual);
	return 0;
}

static void
complete(const char *what, uint64_t which)
{
	import_lines(db, all, LINES);
	import_dump(db, &actual);
	import_assert_same(&expected, &actual, what, which);
}

/* Small batches, so that there is much to break off between. */
static const struct import_how in_small_steps = {.batch_rows = 50, .care_mails = 10};

static void
tiny_batches_change_nothing(void **state)
{
	(void)state;
	struct error err;
	db = import_database();
	for (int i = 0; i < 2; i++)
		if (!import_try(db, all, LINES,
			    &(struct import_how){.batch_rows = 1, .care_mails = 1}, NULL, &err))
			fail_msg("%s", err.text);
	import_dump(db, &actual);
	import_assert_same(&expected, &actual, "tiny batches", 0);
}

/* ---- the program is killed ---- */

static void
tell_step(void *context, size_t lines)
{
	int fd = *(const int *)context;
	if (lines % 50 == 0 && write(fd, "", 1) != 1)
		_exit(1);
}

/* A process of its own imports and is killed after so many steps of 50 lines. */
static void
import_and_kill(size_t steps)
{
	int fds[2];
	char step;
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct import_how how = in_small_steps;
		struct error err;
		close(fds[0]);
		how.after = tell_step;
		how.context = &fds[1];
		_exit(import_try(db, all, LINES, &how, NULL, &err) ? 0 : 1);
	}
	close(fds[1]);
	while (steps > 0 && read(fds[0], &step, 1) == 1)
		steps--;
	kill(pid, SIGKILL);
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
killed_import_is_completed(void **state)
{
	(void)state;
	uint64_t seed = 17;
	for (uint64_t round = 0; round < 3; round++) {
		import_empty(db);
		for (int kills = 0; kills < 3; kills++)
			import_and_kill(1 + random_below(&seed, LINES / 50));
		complete("killed", round);
	}
}

/* ---- the server dies ---- */

struct moment {
	size_t at;
	void (*act)(void);
};

static void
act_at(void *context, size_t lines)
{
	const struct moment *m = context;
	if (lines == m->at)
		m->act();
}

static void
fail_at(size_t at, void (*act)(void))
{
	struct moment moment = {at, act};
	struct import_how how = in_small_steps;
	struct error err = {{0}};
	how.after = act_at;
	how.context = &moment;
	assert_false(import_try(db, all, LINES, &how, NULL, &err));
	assert_true(err.text[0] != '\0');
}

static void
import_is_completed_after_the_server_was_killed(void **state)
{
	(void)state;
	import_empty(db);
	fail_at(LINES / 2, import_kill_server);
	import_start_server();
	complete("server killed", 0);
}

static void
end_connections(void)
{
	import_sql(db, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
		       "WHERE pid <> pg_backend_pid() AND datname = current_database()");
}

static void
import_is_completed_after_connections_were_lost(void **state)
{
	(void)state;
	import_empty(db);
	fail_at(LINES / 3, end_connections);
	fail_at(LINES, end_connections);
	complete("connections lost", 0);
}

/* ---- a statement fails, as on a full disk ---- */

static void
break_table(const char *table, unsigned after)
{
	struct buf sql = {0};
	buf_addf(&sql,
		"CREATE SEQUENCE fault; CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql "
		"AS $$ BEGIN "
		"IF nextval('fault') > %u THEN RAISE 'no space left'; END IF; RETURN NEW; END $$; "
		"CREATE TRIGGER fault BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION "
		"fault()",
		after, table);
	import_sql(db, buf_str(&sql));
	buf_fini(&sql);
}

static void
mend(void)
{
	import_sql(db, "DROP FUNCTION fault CASCADE; DROP SEQUENCE fault");
}

static void
import_is_completed_after_any_statement_failed(void **state)
{
	(void)state;
	static const struct {
		const char *table;
		unsigned after;
	} faults[] = {{"hop", 0}, {"hop", 300}, {"delivery", 200}, {"reject", 30}, {"addr", 100},
		{"host", 0}, {"host", 5}, {"term", 3}, {"stat_hour", 20}, {"zdict", 0},
		{"own_domain", 0}};
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct error err = {{0}};
		import_empty(db);
		break_table(faults[i].table, faults[i].after);
		if (import_try(db, all, LINES, &in_small_steps, NULL, &err) ||
			!strstr(err.text, "no space left"))
			fail_msg("%s, %u rows: %s", faults[i].table, faults[i].after, err.text);
		mend();
		complete(faults[i].table, faults[i].after);
	}
}

/* The second path is disturbed too: half of the log is stored, then all of it comes. */
static void
merge_is_completed_after_any_statement_failed(void **state)
{
	(void)state;
	static const char *const tables[] = {"hop", "delivery", "stat_hour"};
	for (unsigned i = 0; i < 3; i++) {
		struct error err;
		import_empty(db);
		import_lines(db, all, LINES / 2);
		break_table(tables[i], 10);
		assert_false(import_try(db, all, LINES, &in_small_steps, NULL, &err));
		mend();
		complete(tables[i], i);
	}
}

/* ---- two at once ---- */

static void
second_writer_is_told_to_wait(void **state)
{
	(void)state;
	struct error err;
	const struct writer_options options = {.conninfo = db};
	struct writer *first = writer_open(&options, &err);
	assert_non_null(first);
	assert_null(writer_open(&options, &err));
	assert_non_null(strstr(err.text, "another import"));
	writer_close(&first);
	first = writer_open(&options, &err);
	assert_non_null(first);
	writer_close(&first);
}

static void
no_database_no_writer(void **state)
{
	(void)state;
	struct error err = {{0}};
	assert_null(writer_open(
		&(struct writer_options){.conninfo = "host=/nonexistent dbname=x"}, &err));
	assert_true(err.text[0] != '\0');
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		root = argv[1];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiny_batches_change_nothing),
		cmocka_unit_test(killed_import_is_completed),
		cmocka_unit_test(import_is_completed_after_the_server_was_killed),
		cmocka_unit_test(import_is_completed_after_connections_were_lost),
		cmocka_unit_test(import_is_completed_after_any_statement_failed),
		cmocka_unit_test(merge_is_completed_after_any_statement_failed),
		cmocka_unit_test(second_writer_is_told_to_wait),
		cmocka_unit_test(no_database_no_writer),
	};
	return cmocka_run_group_tests_name("store_writer_trouble", tests, make_expected, forget);
}
