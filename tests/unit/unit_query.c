#include "unit.h"

#include "query_sample.h"

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

static struct query_node *
tree_of(const char *text)
{
	struct query_node *tree;
	struct query_error err;
	if (!query_parse(slice_of_str(text), &context, &arena, &tree, &err))
		fail_msg("%s: at %zu: %.*s", text, err.pos, SLICE_ARG(err.message));
	return tree;
}

static const struct query_value *
value_of(const char *text)
{
	struct query_node *tree = tree_of(text);
	assert_int_equal(tree->kind, QUERY_NODE_FIELD);
	return &tree->values[0];
}

static struct query_error
error_of(struct slice text)
{
	struct query_node *tree;
	struct query_error err;
	assert_false(query_parse(text, &context, &arena, &tree, &err));
	assert_null(tree);
	return err;
}

static void
check_range(const char *text, int64_t low, int64_t high)
{
	const struct query_value *v = value_of(text);
	if (v->kind != QUERY_VALUE_RANGE || v->low != low || v->high != high)
		fail_msg("%s is %lld..%lld", text, (long long)v->low, (long long)v->high);
}

static void
check_period(const char *text, const char *first, const char *last)
{
	const struct query_value *v = value_of(text);
	struct buf low = {0}, high = {0};
	if (v->low == INT64_MIN)
		buf_add_str(&low, "-");
	else
		time_add_iso_ms(&low, v->low);
	if (v->high == INT64_MAX)
		buf_add_str(&high, "-");
	else
		time_add_iso_ms(&high, v->high);
	if (v->kind != QUERY_VALUE_TIME || strcmp(buf_str(&low), first) != 0 ||
		strcmp(buf_str(&high), last) != 0)
		fail_msg("%s is %s .. %s", text, buf_str(&low), buf_str(&high));
	buf_fini(&low);
	buf_fini(&high);
}

static void
check_address(const char *text, enum query_value_kind kind, const char *local, const char *domain)
{
	const struct query_value *v = value_of(text);
	if (v->kind != kind || !slice_equal(v->local, slice_of_str(local)) ||
		!slice_equal(v->domain, slice_of_str(domain)))
		fail_msg("%s is kind %d, %.*s at %.*s", text, v->kind, SLICE_ARG(v->local),
			SLICE_ARG(v->domain));
}

static void
check_domain(const char *domain, const char *ascii)
{
	struct buf b = {0};
	query_add_domain(&b, slice_of_str(domain));
	assert_string_equal(buf_str(&b), ascii);
	buf_fini(&b);
}

static void
a_number_with_an_operator_is_a_range_with_an_open_end(void **state)
{
	(void)state;
	check_range("tries:>3", 4, INT64_MAX);
	check_range("tries:>=3", 3, INT64_MAX);
	check_range("tries:<3", INT64_MIN, 2);
	check_range("tries:<=3", INT64_MIN, 3);
	check_range("tries:=3", 3, 3);
	check_range("tries:3", 3, 3);
	check_range("rcpts:2..5", 2, 5);
	check_range("asn:AS64500", 64500, 64500);
}

static void
a_duration_is_milliseconds_and_lasts_as_long_as_its_last_unit(void **state)
{
	(void)state;
	check_range("delay:10m", 600000, 659999);
	check_range("delay:90", 90000, 90999);
	check_range("delay:1h30m", 5400000, 5459999);
	check_range("delay:0.5s", 500, 599);
	check_range("delay:250ms", 250, 250);
	check_range("delay:>10m", 600001, INT64_MAX);
	check_range("delay:1m..10m", 60000, 600000);
	check_range("delay:>2d", 172800001, INT64_MAX);
}

static void
a_size_is_bytes_in_powers_of_1024(void **state)
{
	(void)state;
	check_range("size:>=10M", 10485760, INT64_MAX);
	check_range("size:1k", 1024, 2047);
	check_range("size:>1.5G", 1610612737, INT64_MAX);
	check_range("size:1MiB..10mb", 1048576, 10485760);
	check_range("size:512", 512, 512);
	check_range("size:512B", 512, 512);
}

static void
a_score_is_thousandths_and_may_be_negative(void **state)
{
	(void)state;
	check_range("score:>5.5", 5501, INT64_MAX);
	check_range("score:-5..0.25", -5000, 250);
	check_range("score:<-1.2", INT64_MIN, -1201);
}

static void
a_date_is_a_day_of_the_viewer(void **state)
{
	(void)state;
	check_period("on:2026-11-20", "2026-11-19T23:00:00.000Z", "2026-11-20T22:59:59.999Z");
	check_period("on:2026-07-01", "2026-06-30T22:00:00.000Z", "2026-07-01T21:59:59.999Z");
	check_period("on:2026-02", "2026-01-31T23:00:00.000Z", "2026-02-28T22:59:59.999Z");
	check_period("on:2026", "2025-12-31T23:00:00.000Z", "2026-12-31T22:59:59.999Z");
	check_period("on:today", "2026-11-21T23:00:00.000Z", "2026-11-22T22:59:59.999Z");
	check_period("on:yesterday", "2026-11-20T23:00:00.000Z", "2026-11-21T22:59:59.999Z");
}

static void
the_days_the_clocks_change_have_23_and_25_hours(void **state)
{
	(void)state;
	check_period("on:2026-03-29", "2026-03-28T23:00:00.000Z", "2026-03-29T21:59:59.999Z");
	check_period("on:2026-10-25", "2026-10-24T22:00:00.000Z", "2026-10-25T22:59:59.999Z");
	check_period("after:2026-03-29T12:00", "2026-03-29T10:00:00.000Z", "-");
}

static void
after_and_before_meet_at_the_beginning_of_what_is_written(void **state)
{
	(void)state;
	check_period("after:2026-11-20", "2026-11-19T23:00:00.000Z", "-");
	check_period("before:2026-11-20", "-", "2026-11-19T22:59:59.999Z");
	check_period("before:now-2h", "-", "2026-11-22T16:43:58.999Z");
	check_period("after:yesterday+6h", "2026-11-21T05:00:00.000Z", "-");
	check_period("last:24h", "2026-11-21T18:43:59.000Z", "-");
	check_period("last:1w", "2026-11-15T18:43:59.000Z", "-");
}

static void
a_written_offset_wins_over_the_viewers_zone(void **state)
{
	(void)state;
	check_period("after:2026-11-22T17:45", "2026-11-22T16:45:00.000Z", "-");
	check_period("after:2026-11-22T17:45Z", "2026-11-22T17:45:00.000Z", "-");
	check_period("after:2026-11-22T17:45:12.5-05:30", "2026-11-22T23:15:12.500Z", "-");
	check_period(
		"on:\"2026-11-22 17:45\"", "2026-11-22T16:45:00.000Z", "2026-11-22T16:45:59.999Z");
	check_period(
		"on:2026-11-22T17:45:12Z", "2026-11-22T17:45:12.000Z", "2026-11-22T17:45:12.999Z");
}

static void
a_fixed_zone_is_used_where_there_is_no_rule(void **state)
{
	(void)state;
	context.zone_at_us = NULL;
	context.zone_us = -5 * TIME_HOUR_US;
	check_period("on:2026-07-01", "2026-07-01T05:00:00.000Z", "2026-07-02T04:59:59.999Z");
	context = sample_context();
}

static void
a_period_ends_with_the_end_of_its_last_part(void **state)
{
	(void)state;
	check_period("on:2026-11-20..2026-11-21", "2026-11-19T23:00:00.000Z",
		"2026-11-21T22:59:59.999Z");
	check_period("on:now-2h..now", "2026-11-22T16:43:59.000Z", "2026-11-22T18:43:59.000Z");
}

static void
addresses_are_typed_by_what_they_leave_open(void **state)
{
	(void)state;
	check_address("to:Bob@X.Example", QUERY_VALUE_ADDRESS, "bob", "x.example");
	check_address("to:<bob@x.example>", QUERY_VALUE_ADDRESS, "bob", "x.example");
	check_address("to:@X.example", QUERY_VALUE_DOMAIN, "", "x.example");
	check_address("to:*@x.example", QUERY_VALUE_DOMAIN, "", "x.example");
	check_address("to:bob@*", QUERY_VALUE_LOCAL, "bob", "");
	check_address("to:bob", QUERY_VALUE_LOCAL, "bob", "");
	check_address("to:x.example", QUERY_VALUE_LOCAL, "x.example", "x.example");
	check_address("from:<>", QUERY_VALUE_NULL, "", "");
	check_address("to:\"\\\"A@b\\\"@x.example\"", QUERY_VALUE_ADDRESS, "\"a@b\"", "x.example");
	assert_slice(value_of("from:b*b@x.example")->norm, "b*b@x.example");
	assert_slice(value_of("from:@*.x.example")->norm, "*@*.x.example");
	assert_slice(value_of("from:*acme*")->norm, "*acme*");
	assert_int_equal(value_of("from:*acme*")->kind, QUERY_VALUE_PATTERN);
}

static void
a_star_in_quotes_is_a_star(void **state)
{
	(void)state;
	assert_int_equal(value_of("from:\"*@x.example\"")->kind, QUERY_VALUE_ADDRESS);
	assert_int_equal(value_of("subject:\"*** SPAM\"")->kind, QUERY_VALUE_TEXT);
	assert_int_equal(value_of("subject:*SPAM*")->kind, QUERY_VALUE_PATTERN);
	assert_int_equal(value_of("\"a*b\"")->kind, QUERY_VALUE_TEXT);
	assert_int_equal(value_of("a*b")->kind, QUERY_VALUE_PATTERN);
}

static void
international_domains_equal_their_a_labels(void **state)
{
	(void)state;
	check_address(
		"to:müller@bücher.example", QUERY_VALUE_ADDRESS, "müller", "xn--bcher-kva.example");
	check_address(
		"to:MÜLLER@BÜCHER.example", QUERY_VALUE_ADDRESS, "müller", "xn--bcher-kva.example");
	check_address("to:müller@XN--BCHER-KVA.example", QUERY_VALUE_ADDRESS, "müller",
		"xn--bcher-kva.example");
	assert_slice(value_of("domain:ПРИМЕР.example")->norm, "xn--e1afmkfd.example");
	assert_slice(value_of("from:@*.bücher.example")->norm, "*@*.xn--bcher-kva.example");
	assert_slice(value_of("mx:*.Bücher.example")->norm, "*.xn--bcher-kva.example");
}

/* RFC 3492, section 7.1, and labels as registries show them. */
static void
punycode_of_the_samples_of_its_rfc(void **state)
{
	(void)state;
	check_domain("ليهمابتكلموشعربي؟", "xn--egbpdaj6bu4bxfgehfvwxn");
	check_domain("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye");
	check_domain("почемужеонинеговорятпорусски", "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l");
	check_domain("パフィーdeルンバ", "xn--de-jg4avhby1noc0d");
	check_domain("そのスピードで", "xn--d9juau41awczczp");
	check_domain("München.DE.", "xn--mnchen-3ya.de");
	check_domain("bücher。example", "xn--bcher-kva.example");
	check_domain("", "");
}

static void
a_label_without_an_a_label_stays_as_it_is(void **state)
{
	(void)state;
	check_domain("B*Ü.example", "b*ü.example");
	check_domain("A\xff.example", "a\xff.example");
	check_domain("a..b", "a..b");
	struct buf label = {0}, out = {0};
	for (int i = 0; i < 64; i++)
		buf_add_str(&label, "ü");
	query_add_domain(&out, buf_slice(&label));
	assert_true(slice_equal(buf_slice(&label), buf_slice(&out)));
	buf_fini(&label);
	buf_fini(&out);
}

static void
codes_know_which_kind_they_can_be(void **state)
{
	(void)state;
	assert_true(value_of("code:5.1.*")->enhanced);
	assert_false(value_of("code:5.1.*")->smtp);
	assert_true(value_of("code:550")->smtp);
	assert_false(value_of("code:55*")->enhanced);
	assert_true(value_of("code:5*")->smtp && value_of("code:5*")->enhanced);
	assert_true(value_of("code:4.*")->enhanced);
}

static void
names_become_their_place_in_the_list(void **state)
{
	(void)state;
	assert_int_equal(value_of("status:Deferred")->item, QUERY_STATUS_DEFERRED);
	assert_int_equal(value_of("status:unknown")->item, QUERY_STATUS_UNKNOWN);
	assert_int_equal(value_of("way:relay")->item, QUERY_WAY_RELAY);
	assert_int_equal(value_of("is:multi")->item, QUERY_IS_MULTI);
	assert_int_equal(value_of("has:tls")->item, QUERY_HAS_TLS);
	assert_int_equal(value_of("in:queue")->item, QUERY_IN_QUEUE);
	assert_int_equal(value_of("reason:greylisted")->item, 2);
	assert_int_equal(value_of("sort:-status")->item, QUERY_SORT_STATUS);
	assert_true(value_of("sort:-status")->descending);
	assert_false(value_of("sort:status")->descending);
}

static void
ids_keep_their_case_and_lose_their_brackets(void **state)
{
	(void)state;
	assert_slice(value_of("msgid:<AbC@X>")->norm, "AbC@X");
	assert_slice(value_of("msgid:AbC@X")->norm, "AbC@X");
	assert_slice(value_of("qid:4Xk2Lp1v7Zz")->norm, "4Xk2Lp1v7Zz");
	assert_slice(value_of("user:Bob")->norm, "bob");
}

static void
networks_and_addresses_of_peers(void **state)
{
	(void)state;
	assert_int_equal(value_of("ip:192.0.2.0/24")->ip.bits, 24);
	assert_int_equal(value_of("ip:2001:db8::1")->ip.bits, 128);
	assert_int_equal(value_of("mx:203.0.113.25")->kind, QUERY_VALUE_IP);
	assert_int_equal(value_of("mx:mx.x.example")->kind, QUERY_VALUE_TEXT);
}

static void
levels_follow_the_delivery(void **state)
{
	(void)state;
	static const enum query_key_id of_delivery[] = {QUERY_KEY_TO, QUERY_KEY_STATUS,
		QUERY_KEY_CODE, QUERY_KEY_REASON, QUERY_KEY_DELAY, QUERY_KEY_TRIES, QUERY_KEY_MX};
	size_t count = 0;
	for (int id = 0; id < QUERY_KEY_COUNT; id++)
		count += query_key((enum query_key_id)id)->level == QUERY_LEVEL_DELIVERY;
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(query_key(of_delivery[i])->level, QUERY_LEVEL_DELIVERY);
	assert_int_equal(count, 7);
}

static void
nodes_and_values_know_where_they_stand(void **state)
{
	(void)state;
	struct query_node *tree = tree_of("a -to:b@x.example,\"c\"");
	assert_int_equal(tree->children[1]->pos, 2);
	assert_int_equal(tree->children[1]->children[0]->pos, 3);
	assert_int_equal(tree->children[1]->children[0]->values[0].pos, 6);
	assert_int_equal(tree->children[1]->children[0]->values[1].pos, 18);
}

static void
check_hint(const char *text, const char *hint)
{
	struct query_error err = error_of(slice_of_str(text));
	if (!slice_contains(err.hint, slice_of_str(hint)))
		fail_msg("%s: the hint is \"%.*s\"", text, SLICE_ARG(err.hint));
}

static void
mistakes_get_the_hint_that_mends_them(void **state)
{
	(void)state;
	check_hint("form:bob", "did you mean from:");
	check_hint("sttaus:bounced", "did you mean status:");
	check_hint("recipent:bob", "did you mean to:");
	check_hint("since:yesterday", "did you mean after:");
	check_hint("subj:x", "did you mean subject:");
	check_hint("status:bouncd", "did you mean bounced");
	check_hint("status:sent", "did you mean delivered");
	check_hint("reason:mailbox_ful", "did you mean mailbox_full");
	check_hint("reason:zzz", "one of mailbox_full, user_unknown, greylisted, spam, policy");
	check_hint("zzz:x", "in quotes");
	check_hint("from: bob", "without a blank");
	check_hint("code:5xx", "code:5*");
	check_hint("after:2h", "after:now-2h or last:2h");
	check_hint("cc:bob@x.example", "to:");
	check_hint("subject:“x”", "straight");
	check_hint("from:(a OR b)", "from:a,b");
}

static void
messages_are_short_and_whole_characters_however_long_the_query(void **state)
{
	(void)state;
	struct buf text = {0};
	buf_add_str(&text, "ip:x");
	for (int i = 0; i < 500; i++)
		buf_add_str(&text, "ü");
	struct query_error err = error_of(buf_slice(&text));
	assert_true(err.message.n < 200);
	assert_true(slice_contains(err.message, S("ü\" is no IP address")));
	buf_fini(&text);
}

static struct query_error
error_of_many(const char *head, const char *part, size_t count, const char *tail)
{
	struct buf text = {0};
	buf_add_str(&text, head);
	for (size_t i = 0; i < count; i++)
		buf_add_str(&text, part);
	buf_add_str(&text, tail);
	struct query_error err = error_of(buf_slice(&text));
	buf_fini(&text);
	return err;
}

static size_t
values_of_many(const char *head, const char *part, size_t count)
{
	struct buf text = {0};
	buf_add_str(&text, head);
	for (size_t i = 0; i < count; i++)
		buf_add_str(&text, part);
	buf_add_str(&text, "a");
	size_t n = tree_of(buf_str(&text))->n;
	buf_fini(&text);
	return n;
}

static void
every_limit_is_an_error_of_its_own(void **state)
{
	(void)state;
	static const struct {
		const char *head, *part;
		size_t count;
		const char *tail, *message;
	} cases[] = {
		{"", "(", 33, "a", "parentheses and NOTs are nested deeper than 32"},
		{"", "-", 5000, "a", "parentheses and NOTs are nested deeper than 32"},
		{"", "a ", 256, "a", "the query has more than 256 conditions"},
		{"to:", "a,", 1000, "a", "to: has more than 1000 values"},
		{"", "1.2.3.4,", 1000, "1.2.3.4 a", "this list has more than 1000 values"},
		{"", "a@b.example\n", 1001, "", "addr: has more than 1000 values"},
		{"", "a", 16384, "a", "the query is longer than 16384 bytes"},
		{"", "a@b.example\n", 20000, "", "the query is longer than 16384 bytes"},
		{"", "a@b.example\n", 30000, "", "the query is longer than 16384 bytes"},
		{"text:~", "a", 256, "a", "the regular expression is longer than 256 bytes"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct query_error err =
			error_of_many(cases[i].head, cases[i].part, cases[i].count, cases[i].tail);
		if (!slice_equal(err.message, slice_of_str(cases[i].message)))
			fail_msg("case %zu: %.*s", i, SLICE_ARG(err.message));
	}
}

static void
everything_up_to_the_limits_is_a_query(void **state)
{
	(void)state;
	assert_int_equal(values_of_many("", "a ", 255), 256);
	assert_int_equal(values_of_many("to:", "a,", 999), 1000);
	assert_int_equal(values_of_many("", "a", 16383), 1);
	assert_int_equal(values_of_many("", "-", 32), 1);
}

static void
text_that_no_database_can_hold_is_refused(void **state)
{
	(void)state;
	assert_int_equal(error_of(S("ab\0c")).pos, 2);
	assert_int_equal(error_of(S("ab \xff")).pos, 3);
	assert_int_equal(error_of(S("a\xed\xa0\x80")).pos, 1);
	assert_int_equal(error_of(S("from:\x1b[31m")).pos, 5);
}

static void
a_pasted_list_may_be_longer_than_a_query_is_wide(void **state)
{
	(void)state;
	struct buf text = {0};
	for (int i = 0; i < 400; i++)
		buf_addf(&text, "\"Somebody with a very long name, %d\" <user%d@x.example>;\r\n", i,
			i);
	assert_true(text.n > QUERY_MAX_BYTES);
	struct query_node *tree = tree_of(buf_str(&text));
	assert_int_equal(tree->n, 400);
	assert_int_equal(tree->key->id, QUERY_KEY_ADDR);
	assert_true(tree->guessed);
	assert_slice(tree->values[399].local, "user399");
	buf_fini(&text);
}

/* A long queue id knows when it was made; the stamp beside it has neither year nor zone. */
static void
a_long_queue_id_gives_a_pasted_line_its_year_and_zone(void **state)
{
	(void)state;
	struct query_node *tree =
		tree_of("Mar  1 18:21:39 mx-1 postfix/qmgr[2]: 4Z4YN30cX0z4kXy: removed");
	assert_int_equal(tree->n, 3);
	assert_slice(tree->children[2]->values[0].text, "2025-03-01T05:21:29Z");
	assert_slice(tree->children[2]->values[0].to, "2025-03-01T05:21:49Z");
}

static void
a_leap_day_without_a_year_is_of_the_last_leap_year(void **state)
{
	(void)state;
	struct query_node *tree =
		tree_of("Feb 29 12:00:00 mx-1 postfix/qmgr[2]: 3F0A51C2D9: removed");
	assert_slice(tree->children[2]->values[0].text, "2024-02-29T10:59:50Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_with_an_operator_is_a_range_with_an_open_end),
		cmocka_unit_test(a_duration_is_milliseconds_and_lasts_as_long_as_its_last_unit),
		cmocka_unit_test(a_size_is_bytes_in_powers_of_1024),
		cmocka_unit_test(a_score_is_thousandths_and_may_be_negative),
		cmocka_unit_test(a_date_is_a_day_of_the_viewer),
		cmocka_unit_test(the_days_the_clocks_change_have_23_and_25_hours),
		cmocka_unit_test(after_and_before_meet_at_the_beginning_of_what_is_written),
		cmocka_unit_test(a_written_offset_wins_over_the_viewers_zone),
		cmocka_unit_test(a_fixed_zone_is_used_where_there_is_no_rule),
		cmocka_unit_test(a_period_ends_with_the_end_of_its_last_part),
		cmocka_unit_test(addresses_are_typed_by_what_they_leave_open),
		cmocka_unit_test(a_star_in_quotes_is_a_star),
		cmocka_unit_test(international_domains_equal_their_a_labels),
		cmocka_unit_test(punycode_of_the_samples_of_its_rfc),
		cmocka_unit_test(a_label_without_an_a_label_stays_as_it_is),
		cmocka_unit_test(codes_know_which_kind_they_can_be),
		cmocka_unit_test(names_become_their_place_in_the_list),
		cmocka_unit_test(ids_keep_their_case_and_lose_their_brackets),
		cmocka_unit_test(networks_and_addresses_of_peers),
		cmocka_unit_test(levels_follow_the_delivery),
		cmocka_unit_test(nodes_and_values_know_where_they_stand),
		cmocka_unit_test(mistakes_get_the_hint_that_mends_them),
		cmocka_unit_test(messages_are_short_and_whole_characters_however_long_the_query),
		cmocka_unit_test(every_limit_is_an_error_of_its_own),
		cmocka_unit_test(everything_up_to_the_limits_is_a_query),
		cmocka_unit_test(text_that_no_database_can_hold_is_refused),
		cmocka_unit_test(a_pasted_list_may_be_longer_than_a_query_is_wide),
		cmocka_unit_test(a_long_queue_id_gives_a_pasted_line_its_year_and_zone),
		cmocka_unit_test(a_leap_day_without_a_year_is_of_the_last_leap_year),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
