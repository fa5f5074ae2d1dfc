#include "unit.h"

#include "base/cursor.h"

static const bool is_letter[256] = {['a' ... 'z'] = true};

static void
a_parser_reads_like_its_line(void **state)
{
	(void)state;
	struct cursor c = cursor_of(S("4Xk2: client=mx[192.0.2.1], size=48712"));
	assert_slice(cursor_until(&c, S(": ")), "4Xk2");
	cursor_literal(&c, S("client="));
	assert_slice(cursor_until_char(&c, '['), "mx");
	assert_slice(cursor_until(&c, S("], ")), "192.0.2.1");
	assert_true(cursor_sees(&c, S("size=")));
	assert_false(cursor_optional(&c, S("nrcpt=")));
	assert_true(cursor_optional(&c, S("size=")));
	assert_int_equal(cursor_u64(&c), 48712);
	cursor_end(&c);
	assert_true(cursor_ok(&c));
	assert_true(cursor_done(&c));
}

static void
after_a_miss_nothing_more_happens(void **state)
{
	(void)state;
	struct cursor c = cursor_of(S("abc def"));
	cursor_literal(&c, S("xyz"));
	assert_false(cursor_ok(&c));
	assert_true(cursor_done(&c));
	assert_false(cursor_optional(&c, S("abc")));
	assert_false(cursor_sees(&c, S("abc")));
	assert_slice(cursor_until(&c, S(" ")), "");
	assert_slice(cursor_until_or_rest(&c, S(" ")), "");
	assert_slice(cursor_until_char(&c, ' '), "");
	assert_slice(cursor_while(&c, is_letter), "");
	assert_int_equal(cursor_u64(&c), 0);
	assert_slice(cursor_rest(&c), "");
	cursor_blanks(&c);
	cursor_end(&c);
	assert_false(cursor_ok(&c));
}

static void
each_step_that_must_match_fails_alone(void **state)
{
	(void)state;
	struct cursor c = cursor_of(S("abc"));
	cursor_until(&c, S("d"));
	assert_false(cursor_ok(&c));
	c = cursor_of(S("abc"));
	cursor_until_char(&c, 'd');
	assert_false(cursor_ok(&c));
	c = cursor_of(S("abc"));
	cursor_u64(&c);
	assert_false(cursor_ok(&c));
	c = cursor_of(S("18446744073709551616"));
	cursor_u64(&c);
	assert_false(cursor_ok(&c));
	c = cursor_of(S("abc"));
	cursor_end(&c);
	assert_false(cursor_ok(&c));
}

static void
until_or_rest_never_fails(void **state)
{
	(void)state;
	struct cursor c = cursor_of(S("a, b"));
	assert_slice(cursor_until_or_rest(&c, S(", ")), "a");
	assert_slice(cursor_until_or_rest(&c, S(", ")), "b");
	assert_slice(cursor_until_or_rest(&c, S(", ")), "");
	assert_true(cursor_ok(&c));
	assert_true(cursor_done(&c));
}

static void
while_takes_the_longest_run(void **state)
{
	(void)state;
	struct cursor c = cursor_of(S("abc123\xff"));
	assert_slice(cursor_while(&c, is_letter), "abc");
	assert_slice(cursor_while(&c, is_letter), "");
	assert_slice(cursor_left(&c), "123\xff");
	assert_true(cursor_ok(&c));
}

static void
blanks_are_spaces_only(void **state)
{
	(void)state;
	struct cursor c = cursor_of(S("  \ta"));
	cursor_blanks(&c);
	assert_slice(cursor_left(&c), "\ta");
	c = cursor_of(S("   "));
	cursor_blanks(&c);
	assert_true(cursor_done(&c));
}

static void
the_empty_text_has_an_end_too(void **state)
{
	(void)state;
	struct cursor c = cursor_of((struct slice){NULL, 0});
	assert_true(cursor_done(&c));
	assert_false(cursor_optional(&c, S("a")));
	assert_slice(cursor_rest(&c), "");
	cursor_end(&c);
	assert_true(cursor_ok(&c));
}

/* Random steps over random text: the cursor stays inside, and never turns from failed to ok. */
static void
no_step_leaves_the_text(void **state)
{
	(void)state;
	uint64_t random = 3;
	for (int round = 0; round < 5000; round++) {
		char text[16];
		size_t n = random_below(&random, sizeof(text) + 1);
		for (size_t i = 0; i < n; i++)
			text[i] = "a1, "[random_below(&random, 4)];
		struct cursor c = cursor_of(slice_of(text, n));
		for (int step = 0; step < 8; step++) {
			bool failed = c.failed;
			switch (random_below(&random, 6)) {
			case 0:
				cursor_until(&c, S(", "));
				break;
			case 1:
				cursor_until_char(&c, ',');
				break;
			case 2:
				cursor_while(&c, is_letter);
				break;
			case 3:
				cursor_u64(&c);
				break;
			case 4:
				cursor_blanks(&c);
				break;
			case 5:
				cursor_optional(&c, S("a1"));
				break;
			}
			assert_true(c.p >= text && c.p <= text + n && c.end == text + n);
			assert_true(c.failed || !failed);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_parser_reads_like_its_line),
		cmocka_unit_test(after_a_miss_nothing_more_happens),
		cmocka_unit_test(each_step_that_must_match_fails_alone),
		cmocka_unit_test(until_or_rest_never_fails),
		cmocka_unit_test(while_takes_the_longest_run),
		cmocka_unit_test(blanks_are_spaces_only),
		cmocka_unit_test(the_empty_text_has_an_end_too),
		cmocka_unit_test(no_step_leaves_the_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
