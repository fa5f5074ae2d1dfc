#define _GNU_SOURCE
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "cluster_fixture.h"
#include "store/migrate.h"
#include "store/terms.h"

static char *data, *conninfo;
static struct db *db, *other; /* other: another program at the same time */
static struct terms *terms;

static void
must(bool ok, const struct error *err)
{
	if (!ok)
		fail_msg("%s", err->text);
}

static int32_t
id_of(enum term_kind kind, struct slice text)
{
	struct error err;
	int32_t id;
	must(terms_id(terms, kind, text, &id, &err), &err);
	return id;
}

static void
run(const char *sql)
{
	struct error err;
	must(db_exec(other, sql, &err), &err);
}

static void
assert_answer(struct db *in, const char *sql, const char *expected)
{
	struct error err;
	PGresult *result;
	must(db_query_text(in, sql, 0, NULL, &result, &err), &err);
	assert_int_equal(PQntuples(result), 1);
	assert_string_equal(PQgetvalue(result, 0, 0), expected);
	PQclear(result);
}

static void
a_text_has_one_id(void **state)
{
	(void)state;
	int32_t reply = id_of(TERM_REPLY, S("250 ok"));
	assert_true(reply > 0);
	assert_int_equal(id_of(TERM_REPLY, S("250 ok")), reply);
	assert_int_not_equal(id_of(TERM_REPLY, S("250 OK")), reply);
	assert_int_not_equal(id_of(TERM_REFUSAL, S("250 ok")), reply);
	assert_answer(other, "SELECT count(*) FROM term", "3");
	assert_answer(other, "SELECT string_agg(kind || ' ' || txt, ', ' ORDER BY id) FROM term",
		"2 250 ok, 2 250 OK, 3 250 ok");
}

static void
the_empty_text_is_0(void **state)
{
	(void)state;
	assert_int_equal(id_of(TERM_RELAY, S("")), 0);
	assert_answer(other, "SELECT count(*) FROM term", "0");
}

static void
what_another_program_stored_is_found(void **state)
{
	(void)state;
	run("INSERT INTO term (kind, txt) VALUES (1, 'mx.example.com')");
	int32_t id = id_of(TERM_RELAY, S("mx.example.com"));
	terms_free(&terms);
	terms = terms_new(db);
	assert_int_equal(id_of(TERM_RELAY, S("mx.example.com")), id);
	assert_answer(other, "SELECT count(*) FROM term", "1");
}

/* Looking up must not use up ids: they are 32 bits for the life of a database. */
static void
ids_have_no_gaps(void **state)
{
	(void)state;
	int32_t first = id_of(TERM_RELAY, S("a"));
	for (int i = 0; i < 5; i++) {
		terms_free(&terms);
		terms = terms_new(db);
		assert_int_equal(id_of(TERM_RELAY, S("a")), first);
	}
	assert_int_equal(id_of(TERM_RELAY, S("b")), first + 1);
}

/* The cache answers, not the table. */
static void
a_known_text_needs_no_statement(void **state)
{
	(void)state;
	int32_t id = id_of(TERM_REPLY, S("250 ok"));
	run("TRUNCATE term");
	assert_int_equal(id_of(TERM_REPLY, S("250 ok")), id);
	assert_answer(other, "SELECT count(*) FROM term", "0");
}

static void
hostile_texts_are_repaired(void **state)
{
	(void)state;
	char text[2000];
	memset(text, 'x', sizeof(text));
	assert_true(id_of(TERM_REPLY, S("a\0'\xff;--")) > 0);
	assert_answer(other, "SELECT txt FROM term", "a\xef\xbf\xbd'\xef\xbf\xbd;--");
	int32_t id = id_of(TERM_REPLY, slice_of(text, sizeof(text)));
	assert_int_equal(id_of(TERM_REPLY, slice_of(text, 500)), id);
	assert_answer(other, "SELECT max(length(txt)) FROM term", "500");
}

static void
inserts_do_not_wait_for_the_disk(void **state)
{
	(void)state;
	id_of(TERM_REPLY, S("250 ok"));
	assert_answer(db, "SHOW synchronous_commit", "off");
}

static void
a_failing_database_is_told(void **state)
{
	(void)state;
	struct error err;
	int32_t id;
	run("ALTER TABLE term RENAME TO term_away");
	bool ok = terms_id(terms, TERM_REPLY, S("250 ok"), &id, &err);
	run("ALTER TABLE term_away RENAME TO term");
	assert_false(ok);
	assert_non_null(strstr(err.text, "42P01"));
	assert_true(id_of(TERM_REPLY, S("250 ok")) > 0);
}

/* More texts than the cache holds: it starts anew and finds them again. */
static void
the_cache_is_bounded(void **state)
{
	(void)state;
	char text[16];
	run("INSERT INTO term (kind, txt) SELECT 1, 'h' || i FROM generate_series(1, 200002) i");
	int32_t first = id_of(TERM_RELAY, S("h1"));
	for (int i = 2; i <= 200002; i++) {
		int n = snprintf(text, sizeof(text), "h%d", i);
		assert_int_equal(id_of(TERM_RELAY, slice_of(text, (size_t)n)), first + i - 1);
	}
	run("DELETE FROM term WHERE txt = 'h1'");
	assert_int_not_equal(id_of(TERM_RELAY, S("h1")), first);
}

static int
begin(void **state)
{
	(void)state;
	struct error err;
	db = db_open(conninfo, &err);
	other = db_open(conninfo, &err);
	must(db && other, &err);
	run("TRUNCATE term");
	terms = terms_new(db);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	terms_free(&terms);
	db_close(&db);
	db_close(&other);
	return 0;
}

static int
start_cluster(void **state)
{
	(void)state;
	struct error err;
	data = slice_dup(slice_of_str(fixture_path("data")));
	conninfo = slice_dup(slice_of_str(fixture_start(data)));
	struct db *first = db_open(conninfo, &err);
	must(first && migrate(first, migrate_embedded, migrate_embedded_n, &err), &err);
	db_close(&first);
	return 0;
}

static int
stop_cluster(void **state)
{
	(void)state;
	fixture_stop(data);
	fixture_end();
	free(data);
	free(conninfo);
	return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_text_has_one_id),
		CASE(the_empty_text_is_0),
		CASE(what_another_program_stored_is_found),
		CASE(ids_have_no_gaps),
		CASE(a_known_text_needs_no_statement),
		CASE(hostile_texts_are_repaired),
		CASE(inserts_do_not_wait_for_the_disk),
		CASE(a_failing_database_is_told),
		CASE(the_cache_is_bounded),
	};
	fixture_begin();
	return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
