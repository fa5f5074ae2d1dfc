#include "unit.h"

#include "query_sample.h"
#include "query_sql_sample.h"
#include "trace/status.h"

static struct arena arena;
static struct query_context context;

static int
set_up(void **state)
{
	(void)state;
	context = sample_context();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static const struct slice own_domain = {"own-domain.example", 18};
static const struct slice own_address = {"own-address@x.example", 21};
static const struct query_scope scope = {
	.domains = &own_domain, .n_domains = 1, .addresses = &own_address, .n_addresses = 1};

static struct query_sql
compiled_for(const char *text, const struct query_scope *reader)
{
	struct query_sql_context sql_context = sample_sql_context();
	struct query_node *tree;
	struct query_error err;
	struct query_sql sql = {0};
	if (!query_parse(slice_of_str(text), &context, &arena, &tree, &err) ||
		!query_compile(&sql, tree, &sql_context, reader, &arena, &err))
		fail_msg("%s: %.*s", text, SLICE_ARG(err.message));
	return sql;
}

static struct query_sql
compiled(const char *text)
{
	return compiled_for(text, NULL);
}

static const struct query_plan *
plan_of(const struct query_sql *sql, enum query_table table)
{
	return &sql->tables[table];
}

static const struct query_candidate *
best_of(const struct query_sql *sql, enum query_table table)
{
	return plan_of(sql, table)->n_candidates ? &plan_of(sql, table)->candidates[0] : NULL;
}

static const char *const queries[] = {
	"",
	"from:zqx@zqx.example",
	"to:@zqx.example",
	"addr:zqx",
	"domain:zqx.example,*.zqx.example",
	"from:<>",
	"to:*zqx*",
	"msgid:<zqx@zqx>",
	"msgid:zqx*",
	"qid:zqxZQX",
	"qid:zqx*",
	"ip:192.0.2.7,2001:db8::/32,10.0.0.0/21",
	"helo:zqx",
	"rdns:*.zqx",
	"host:zqx,zqx*",
	"mx:zqx,*.zqx,192.0.2.9",
	"user:zqx",
	"user:zqx*",
	"status:bounced",
	"status:delivered,deferred",
	"way:in,out",
	"code:5.1.*,550,4*",
	"reason:mailbox_full",
	"delay:>10m",
	"size:1M..2M",
	"rcpts:>7",
	"tries:<=3",
	"score:>5.5",
	"tls:none,zqx",
	"virus:zqx",
	"is:stuck,ndr",
	"has:ndr",
	"in:queue",
	"subject:zqx",
	"subject:~zqx",
	"text:zqx",
	"text:\"zqx@9\"",
	"text:~zqx",
	"after:2026-11-20",
	"last:24h",
	"on:yesterday",
	"sort:-size",
	"from:zqx@x OR qid:zqx",
	"NOT to:zqx@x",
	"a@zqx (b@zqx OR -c@zqx status:held)",
	"zqx",
	"\"zqx' OR 1=1 --\"",
	"from:\"zqx'%$1\\\\\"",
	"to:zqx1@x,zqx2@x,zqx3@x,zqx4@x",
};

#define N_QUERIES (sizeof(queries) / sizeof(queries[0]))

static void
the_text_of_a_query_is_never_in_a_statement(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_QUERIES; i++) {
		struct query_sql sql = compiled(queries[i]);
		struct buf b = {0};
		for (int table = 0; table < QUERY_TABLES; table++)
			sample_add_statements(&b, &sql, (enum query_table)table);
		if (slice_contains(buf_slice(&b), S("zqx")) ||
			slice_contains(buf_slice(&b), S("example")))
			fail_msg("%s: %s", queries[i], buf_str(&b));
		buf_fini(&b);
	}
}

static void
every_parameter_of_a_statement_has_a_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_QUERIES; i++) {
		struct query_sql sql = compiled_for(queries[i], &scope);
		for (int table = 0; table < QUERY_TABLES; table++) {
			struct buf b = {0};
			sample_add_statements(&b, &sql, (enum query_table)table);
			if (!sample_params_hold(&sql, (enum query_table)table, buf_slice(&b)))
				fail_msg("%s: %s", queries[i], buf_str(&b));
			buf_fini(&b);
		}
	}
}

static void
check_scope(const struct query_sql *sql, enum query_table table, struct slice statement)
{
	const char *rights = plan_of(sql, table)->scope;
	assert_true(slice_contains(slice_of_str(rights), S("d.sender = ANY")));
	assert_true(slice_contains(slice_of_str(rights), S("d.rcpt")));
	struct buf guarded = {0};
	buf_addf(&guarded, "AND (%s)", rights);
	size_t selects = 0;
	for (size_t i = 0; i < statement.n; i++) {
		struct slice left = slice_skip(statement, i);
		selects += slice_starts(left, S("FROM delivery d")) ||
			   slice_starts(left, S("FROM reject d"));
		selects -= slice_starts(left, buf_slice(&guarded));
	}
	assert_int_equal(selects, 0);
	buf_fini(&guarded);
}

static void
the_rights_of_the_reader_are_in_every_statement(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_QUERIES; i++) {
		struct query_sql sql = compiled_for(queries[i], &scope);
		for (int table = 0; table < QUERY_TABLES; table++) {
			struct buf b = {0};
			sample_add_statements(&b, &sql, (enum query_table)table);
			struct slice rest = buf_slice(&b), statement;
			while (slice_split(&rest, '\n', &statement))
				check_scope(&sql, (enum query_table)table, statement);
			buf_fini(&b);
		}
	}
}

static void
nobody_without_rights_sees_anything(void **state)
{
	(void)state;
	struct query_sql sql = compiled_for("to:a@x", &(struct query_scope){0});
	assert_string_equal(plan_of(&sql, QUERY_MAILS)->scope, "false");
	assert_string_equal(plan_of(&sql, QUERY_REJECTS)->scope, "false");
}

static void
queries_of_one_shape_are_one_statement(void **state)
{
	static const char *const pairs[][2] = {
		{"from:a@x.example status:bounced", "from:b@y.example,c@z.example status:expired"},
		{"to:*a* last:3d", "to:*b*,*c* last:1h"},
		{"ip:192.0.2.7", "ip:2001:db8::/64,198.51.100.0/24"},
		{"text:abc", "text:def"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct query_sql a = compiled(pairs[i][0]), b = compiled(pairs[i][1]);
		struct buf one = {0}, other = {0};
		sample_add_statements(&one, &a, QUERY_MAILS);
		sample_add_statements(&other, &b, QUERY_MAILS);
		assert_string_equal(buf_str(&one), buf_str(&other));
		buf_fini(&one);
		buf_fini(&other);
	}
}

static void
the_condition_with_the_fewest_rows_is_looked_up(void **state)
{
	(void)state;
	struct query_sql sql =
		compiled("status:bounced to:@x.example from:a@y.example ip:192.0.2.7 msgid:<m@x>");
	const struct query_plan *plan = plan_of(&sql, QUERY_MAILS);
	assert_int_equal(plan->n_candidates, 5);
	assert_true(plan->candidates[0].probes[0].index->by_id);
	for (size_t i = 1; i < plan->n_candidates; i++)
		assert_true(plan->candidates[i - 1].rank <= plan->candidates[i].rank);
	assert_int_equal(plan->candidates[4].kind, QUERY_BY_RARE);
}

static void
alternatives_are_looked_up_only_when_all_can_be(void **state)
{
	(void)state;
	struct query_sql both = compiled("from:a@x OR to:b@x OR qid:4Xk2Lp1v7Zz4kXy");
	struct query_sql one = compiled("from:a@x OR size:>1M");
	struct query_sql within = compiled("(from:a@x OR size:>1M) to:b@x");
	struct query_sql negated = compiled("NOT from:a@x");
	assert_int_equal(best_of(&both, QUERY_MAILS)->n,
		4); /* sender; recipient as written and as delivered; queue id */
	assert_null(best_of(&one, QUERY_MAILS));
	assert_int_equal(plan_of(&within, QUERY_MAILS)->n_candidates, 1);
	assert_null(best_of(&negated, QUERY_MAILS));
}

static void
a_negation_holds_where_nothing_is_known(void **state)
{
	(void)state;
	struct query_sql sql = compiled("NOT from:a@x");
	assert_true(
		slice_contains(slice_of_str(plan_of(&sql, QUERY_MAILS)->match), S("IS NOT TRUE")));
}

static void
refusals_have_no_queue_id_and_no_size(void **state)
{
	static const char *const mails_only[] = {"qid:4Xk2Lp1v7Zz4kXy", "msgid:<m@x>", "size:>1",
		"mx:x", "tries:>1", "is:ndr", "has:tls", "in:queue", "delay:>1s", "subject:x",
		"status:bounced", "to:a@x size:>1"};
	(void)state;
	for (size_t i = 0; i < sizeof(mails_only) / sizeof(mails_only[0]); i++) {
		struct query_sql sql = compiled(mails_only[i]);
		assert_true(plan_of(&sql, QUERY_REJECTS)->never);
		assert_false(plan_of(&sql, QUERY_MAILS)->never);
	}
	struct query_sql either = compiled("qid:4Xk2Lp1v7Zz4kXy OR to:a@x"),
			 not = compiled("NOT qid:4Xk2Lp1v7Zz4kXy");
	assert_int_equal(best_of(&either, QUERY_REJECTS)->n, 1);
	assert_false(plan_of(&not, QUERY_REJECTS)->never);
}

static void
the_time_of_a_query_bounds_the_search(void **state)
{
	(void)state;
	struct query_sql between =
		compiled("after:2026-11-20T00:00Z before:2026-11-21T00:00Z to:a@x");
	assert_int_equal(between.from_us, INT64_C(1795132800) * TIME_SECOND_US);
	assert_int_equal(between.to_us, INT64_C(1795219200) * TIME_SECOND_US - 1);
	struct query_sql either = compiled("on:2026-11-20 OR on:2026-11-22"),
			 open = compiled("on:2026-11-20 OR to:a@x");
	assert_int_equal(either.to_us - either.from_us, 3 * TIME_DAY_US - 1);
	assert_int_equal(open.from_us, INT64_MIN);
	struct query_sql negated = compiled("NOT on:2026-11-20");
	assert_int_equal(negated.to_us, INT64_MAX);
}

static void
a_wildcard_is_a_percent_sign_and_a_percent_sign_is_itself(void **state)
{
	(void)state;
	struct query_sql sql = compiled("from:a_b%*c\\*");
	assert_int_equal(best_of(&sql, QUERY_MAILS)->kind, QUERY_BY_WORDS);
	assert_string_equal(best_of(&sql, QUERY_MAILS)->patterns[0], "a\\_b\\%%c\\\\%");
}

static void
arrays_are_quoted_for_postgresql(void **state)
{
	(void)state;
	struct query_array a = {0};
	assert_string_equal(query_array_keep(&a, &arena), "{}");
	query_array_add(&a, S("a\"b\\c,d}{"));
	query_array_add(&a, S(""));
	query_array_add(&a, S("null"));
	assert_string_equal(query_array_keep(&a, &arena), "{\"a\\\"b\\\\c,d}{\",\"\",\"null\"}");
	query_array_add_i64(&a, INT64_MIN);
	assert_string_equal(query_array_keep(&a, &arena), "{-9223372036854775808}");
}

static void
times_are_written_for_postgresql(void **state)
{
	(void)state;
	struct buf b = {0};
	query_add_time(&b, SAMPLE_NOW_US + 123);
	assert_text(b, "2026-11-22 18:43:59.000123+00");
	buf_clear(&b);
	query_add_time(&b, INT64_MAX);
	query_add_time(&b, INT64_MIN);
	assert_text(b, "infinity-infinity");
	buf_fini(&b);
}

static void
what_nobody_knows_is_an_error_with_its_place(void **state)
{
	struct query_sql_context sql_context = sample_sql_context();
	struct query_node *tree;
	struct query_error err;
	struct query_sql sql;
	(void)state;
	assert_true(query_parse(S("way:in country:FR"), &context, &arena, &tree, &err));
	assert_false(query_compile(&sql, tree, &sql_context, NULL, &arena, &err));
	assert_int_equal(err.pos, 7);
	assert_true(slice_contains(err.message, S("GeoIP")));
	assert_true(err.hint.n > 0);
}

static void
states_are_stored_as_the_correlator_numbers_them(void **state)
{
	struct query_names names = query_key_names(&context, query_key(QUERY_KEY_STATUS));
	(void)state;
	assert_int_equal(names.n, STATUS_COUNT);
	for (size_t i = 0; i < names.n; i++) {
		enum status status;
		assert_true(status_by_name(slice_of_str(names.names[i]), &status));
		assert_int_equal(query_sql_status((enum query_status)i), status);
	}
	struct query_names ways = query_key_names(&context, query_key(QUERY_KEY_WAY));
	for (size_t i = 0; i < ways.n; i++)
		assert_string_equal(ways.names[i], way_name((enum way)i));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_text_of_a_query_is_never_in_a_statement, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			every_parameter_of_a_statement_has_a_value, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_rights_of_the_reader_are_in_every_statement, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			nobody_without_rights_sees_anything, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			queries_of_one_shape_are_one_statement, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_condition_with_the_fewest_rows_is_looked_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			alternatives_are_looked_up_only_when_all_can_be, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_negation_holds_where_nothing_is_known, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			refusals_have_no_queue_id_and_no_size, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_time_of_a_query_bounds_the_search, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_wildcard_is_a_percent_sign_and_a_percent_sign_is_itself, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			arrays_are_quoted_for_postgresql, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			times_are_written_for_postgresql, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_nobody_knows_is_an_error_with_its_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			states_are_stored_as_the_correlator_numbers_them, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
