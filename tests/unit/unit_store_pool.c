/* Batches written side by side: in order, all or a beginning of them, and never a thread that waits
 * for ever. */
#include "unit.h"

#include <stdlib.h>

#include "cluster_fixture.h"
#include "store/copy.h"
#include "store/migrate.h"
#include "store/pool.h"

static const char *data, *conninfo;

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
	struct db *db = db_open(conninfo, &err);
	must(db && db_exec(db, sql, &err), &err);
	db_close(&db);
}

static const char *
ask(const char *sql)
{
	static char answer[100];
	struct error err;
	PGresult *rows = NULL;
	struct db *db = db_open(conninfo, &err);
	must(db && db_query_text(db, sql, 0, NULL, &rows, &err), &err);
	snprintf(answer, sizeof(answer), "%s", PQgetvalue(rows, 0, 0));
	PQclear(rows);
	db_close(&db);
	return answer;
}

static int
start(void **state)
{
	(void)state;
	struct error err;
	fixture_begin();
	data = strdup(fixture_path("data"));
	conninfo = strdup(fixture_start(data));
	struct db *db = db_open(conninfo, &err);
	must(db && migrate(db, migrate_embedded, migrate_embedded_n, &err), &err);
	db_close(&db);
	/* Order of commits: each batch has one address, its number. */
	run("CREATE TABLE made (n int, x xid8 DEFAULT pg_current_xact_id()); CREATE FUNCTION "
	    "made() RETURNS trigger "
	    "LANGUAGE plpgsql AS $$ BEGIN INSERT INTO made VALUES (NEW.addr::int); "
	    "IF NEW.addr = '77' THEN RAISE 'number 77'; END IF; RETURN NEW; END $$; "
	    "CREATE TRIGGER made BEFORE INSERT ON addr FOR EACH ROW EXECUTE FUNCTION made()");
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	fixture_stop(data);
	fixture_end();
	free((char *)data);
	free((char *)conninfo);
	return 0;
}

static struct batch *
make_batch(uint64_t seq, uint64_t number)
{
	struct batch *b = batch_new(seq);
	struct buf text = {0};
	buf_add_u64(&text, number);
	copy_row(&b->tables[BATCH_ADDR], 2);
	copy_time(&b->tables[BATCH_ADDR], 0);
	copy_text(&b->tables[BATCH_ADDR], buf_slice(&text), 100);
	b->rows[BATCH_ADDR] = 1;
	batch_count(b, &(struct batch_stat){.hour_us = 0, .host = 1, .n = 1});
	buf_fini(&text);
	return b;
}

static void
all_batches_are_committed(void **state)
{
	(void)state;
	struct error err;
	run("TRUNCATE made, addr, stat_hour");
	struct pool *pool = pool_open(conninfo, 4, &err);
	must(pool != NULL, &err);
	for (uint64_t i = 1; i <= 60; i++) {
		pool_put(pool, make_batch(i, i));
		if (i % 20 == 0)
			must(pool_drain(pool, &err), &err);
	}
	assert_false(pool_failed(pool));
	pool_close(&pool);
	assert_string_equal(ask("SELECT count(*) FROM addr"), "60");
	assert_string_equal(ask("SELECT sum(n) FROM stat_hour"), "60");
}

/* What is stored is always a beginning of what was given; whoever gives goes on without harm. */
static void
failure_leaves_a_beginning(void **state)
{
	(void)state;
	struct error err;
	run("TRUNCATE made, addr, stat_hour");
	struct pool *pool = pool_open(conninfo, 3, &err);
	must(pool != NULL, &err);
	for (uint64_t i = 1; i <= 40; i++)
		pool_put(pool, make_batch(i, i == 20 ? 77 : i));
	assert_false(pool_drain(pool, &err));
	assert_non_null(strstr(err.text, "number 77"));
	assert_true(pool_failed(pool));
	assert_false(pool_drain(pool, &err));
	pool_close(&pool);
	assert_string_equal(ask("SELECT (count(*) = coalesce(max(addr::int), 0) AND count(*) < "
				"20)::text FROM addr"),
		"true");
	assert_string_equal(ask("SELECT (coalesce(sum(n), 0) = (SELECT count(*) FROM addr))::text "
				"FROM stat_hour"),
		"true");
}

static void
lost_connections_end_the_pool(void **state)
{
	(void)state;
	struct error err;
	run("TRUNCATE made, addr, stat_hour");
	struct pool *pool = pool_open(conninfo, 3, &err);
	must(pool != NULL, &err);
	for (uint64_t i = 1; i <= 30; i++) {
		pool_put(pool, make_batch(i, i));
		if (i == 15)
			run("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE "
			    "pid <> pg_backend_pid() "
			    "AND datname = current_database()");
	}
	assert_false(pool_drain(pool, &err));
	pool_close(&pool);
	assert_string_equal(
		ask("SELECT (count(*) = coalesce(max(addr::int), 0))::text FROM addr"), "true");
}

static void
closing_drops_what_has_not_begun(void **state)
{
	(void)state;
	struct error err;
	run("TRUNCATE made, addr, stat_hour");
	for (int round = 0; round < 5; round++) {
		struct pool *pool = pool_open(conninfo, 2, &err);
		must(pool != NULL, &err);
		for (uint64_t i = 1; i <= 4; i++)
			pool_put(pool, make_batch(i, i));
		pool_close(&pool);
	}
	assert_string_equal(ask("SELECT (count(*) <= 20)::text FROM addr"), "true");
}

/* A program that was killed may still have a COMMIT under way. */
static void
new_pool_waits_for_the_connections_of_the_old(void **state)
{
	(void)state;
	struct error err;
	struct pool *pool = pool_open(conninfo, 2, &err);
	struct db *db = db_open(conninfo, &err);
	must(pool && db, &err);
	must(db_exec(db, "SET statement_timeout = '200ms'", &err), &err);
	assert_false(pool_wait_alone(db, &err));
	pool_close(&pool);
	must(db_exec(db, "SET statement_timeout = 0", &err) && pool_wait_alone(db, &err), &err);
	db_close(&db);
	pool = pool_open(conninfo, 2, &err);
	must(pool != NULL, &err);
	pool_close(&pool);
}

static void
pool_without_a_database_is_none(void **state)
{
	(void)state;
	struct error err = {{0}};
	assert_null(pool_open("host=/nonexistent dbname=x", 2, &err));
	assert_true(err.text[0] != '\0');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_batches_are_committed),
		cmocka_unit_test(failure_leaves_a_beginning),
		cmocka_unit_test(lost_connections_end_the_pool),
		cmocka_unit_test(closing_drops_what_has_not_begun),
		cmocka_unit_test(new_pool_waits_for_the_connections_of_the_old),
		cmocka_unit_test(pool_without_a_database_is_none),
	};
	return cmocka_run_group_tests_name("store_pool", tests, start, stop);
}
