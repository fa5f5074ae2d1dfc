/* Index keys and arrays that C makes are what PostgreSQL makes. */
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster_fixture.h"
#include "store/copy.h"
#include "store/db.h"
#include "store/keys.h"
#include "store/migrate.h"

#define TIMES 3000

static struct db *db;

static void
must(bool ok, const struct error *err)
{
	if (!ok)
		fail_msg("%s", err->text);
}

static int
start(void **state)
{
	(void)state;
	struct error err;
	fixture_begin();
	db = db_open(fixture_start(fixture_path("data")), &err);
	must(db && migrate(db, migrate_embedded, migrate_embedded_n, &err), &err);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	db_close(&db);
	fixture_stop(fixture_path("data"));
	fixture_end();
	return 0;
}

/* One value of one row. */
static const char *
ask(const char *sql, const struct db_params *params)
{
	static char answer[256];
	struct error err;
	PGresult *rows;
	must(db_query(db, sql, params, DB_TEXT, &rows, &err), &err);
	snprintf(answer, sizeof(answer), "%s", PQgetvalue(rows, 0, 0));
	PQclear(rows);
	return answer;
}

static const char *
ask_array(const char *sql, struct array *array, uint32_t element_oid)
{
	array_done(array, element_oid);
	const Oid types[] = {element_oid == 20 ? ARRAY_INT8_OID : ARRAY_TEXT_OID};
	const char *data[] = {array->b.p};
	const int lengths[] = {(int)array->b.n};
	const int formats[] = {1};
	return ask(sql, &(struct db_params){1, types, data, lengths, formats});
}

/* 1900 .. 2100, and the moments around minutes, buckets, the origin and the ends of time. */
static int64_t
any_time(uint64_t *seed, int i)
{
	static const int64_t edges[] = {0, 1577836800, 1577836800 - 60, 1577836800 + 61440,
		1577836800 - 61440, 1577836800 + 15360, 946684800, -62135596800, 253402300799};
	int64_t t_us = (int64_t)(random_next(seed) % 6311433600000000u) - 2208988800000000;
	if (i < 9 * 3)
		t_us = edges[i / 3] * TIME_SECOND_US + i % 3 - 1;
	return t_us;
}

static void
keys_are_those_of_the_schema(void **state)
{
	(void)state;
	static const char sql[] =
		"SELECT count(*) FROM (SELECT ($1::int8[])[i * 4 + 1 : i * 4 + 4] AS a FROM "
		"generate_series(0, cardinality($1::int8[]) / 4 - 1) i) x, "
		"LATERAL (SELECT '1970-01-01 00:00+00'::timestamptz "
		"+ a[1] / 1000000 * interval '1 s' + a[1] % 1000000 * interval '1 us' AS t) y "
		"WHERE else_minute(t) <> a[2] OR else_id(a[3], else_minute(t)) <> a[4]";
	struct array rows = {0};
	uint64_t seed = 3;
	for (int i = 0; i < TIMES; i++) {
		int64_t t_us = any_time(&seed, i);
		uint64_t id = random_next(&seed);
		array_add_i64(&rows, t_us);
		array_add_i64(&rows, key_minute(t_us));
		array_add_i64(&rows, (int64_t)id);
		array_add_i64(&rows, key_id(id, key_minute(t_us)));
	}
	assert_string_equal(ask_array(sql, &rows, 20), "0");
	array_fini(&rows);
}

static void
a_range_has_the_key_of_every_time_in_it(void **state)
{
	(void)state;
	uint64_t seed = 5;
	for (int i = 0; i < 300; i++) {
		struct array keys = {0};
		int64_t from_us = any_time(&seed, i),
			to_us = from_us + (int64_t)random_below(&seed, 40) * TIME_HOUR_US;
		int64_t t_us =
			from_us + (int64_t)(random_next(&seed) % (uint64_t)(to_us - from_us + 1));
		uint64_t id = random_next(&seed);
		key_add_range(&keys, id, from_us, to_us);
		assert_true(keys.n >= 1 && keys.n <= 4);
		char sql[100];
		snprintf(sql, sizeof(sql), "SELECT %" PRId64 " = ANY ($1::int8[])",
			key_id(id, key_minute(t_us)));
		assert_string_equal(ask_array(sql, &keys, 20), "t");
		array_fini(&keys);
	}
}

static void
arrays_arrive(void **state)
{
	(void)state;
	struct array numbers = {0}, texts = {0};
	assert_string_equal(ask_array("SELECT $1::int8[]::text", &numbers, 20), "{}");
	assert_string_equal(ask_array("SELECT cardinality($1::text[])", &texts, 25), "0");
	array_clear(&numbers);
	array_clear(&texts);
	array_add_i64(&numbers, INT64_MIN);
	array_add_i64(&numbers, -1);
	array_add_i64(&numbers, INT64_MAX);
	assert_string_equal(ask_array("SELECT $1::int8[]::text", &numbers, 20),
		"{-9223372036854775808,-1,9223372036854775807}");
	array_add_text(&texts, S(""));
	array_add_text(&texts, S("a\"b\\,{}'"));
	array_add_text(&texts, S("NULL"));
	array_add_text(&texts, S("\xc3\xa4"));
	assert_string_equal(ask_array("SELECT array_to_string($1::text[], '|')", &texts, 25),
		"|a\"b\\,{}'|NULL|\xc3\xa4");
	array_fini(&numbers);
	array_fini(&texts);
}

/* The words of a refusal's row: an address comes back as the line has it only when both write it
 * alike. */
static void
addresses_are_written_alike(void **state)
{
	(void)state;
	uint64_t seed = 11;
	for (int i = 0; i < 500; i++) {
		struct ip ip = {.family = i % 2 ? 6 : 4, .bits = i % 2 ? 128 : 32};
		struct buf text = {0};
		for (int k = 0; k < (i % 2 ? 16 : 4); k++)
			ip.bytes[k] =
				random_below(&seed, 3) ? 0 : (uint8_t)random_below(&seed, 256);
		ip_add(&text, &ip);
		const char *values[] = {buf_str(&text)};
		assert_string_equal(
			ask("SELECT host($1::inet)", &(struct db_params){.n = 1, .values = values}),
			buf_str(&text));
		buf_fini(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_those_of_the_schema),
		cmocka_unit_test(a_range_has_the_key_of_every_time_in_it),
		cmocka_unit_test(arrays_arrive),
		cmocka_unit_test(addresses_are_written_alike),
	};
	return cmocka_run_group_tests_name("store_keys", tests, start, stop);
}
