#include "unit.h"

#include "base/slice.h"

#include <stdlib.h>

static void
empty_slices_are_equal_whatever_they_point_at(void **state)
{
	(void)state;
	struct slice null = {NULL, 0};
	assert_true(slice_equal(null, S("")));
	assert_true(slice_starts(null, S("")));
	assert_true(slice_ends(S("text"), null));
	assert_false(slice_starts(null, S("x")));
	assert_int_equal(slice_skip(null, 3).n, 0);
	assert_int_equal(slice_trim(null).n, 0);
	assert_int_equal(slice_domain(null).n, 0);
	assert_int_equal(slice_of_str(NULL).n, 0);
}

static void
a_nul_byte_is_a_byte_like_any_other(void **state)
{
	(void)state;
	struct slice s = S("a\0b");
	assert_int_equal(s.n, 3);
	assert_false(slice_equal(s, S("a\0c")));
	assert_int_equal(slice_find_char(s, 'b'), 2);
	assert_int_equal(slice_find(s, S("\0b")), 1);
}

static void
ends_and_starts(void **state)
{
	(void)state;
	assert_true(slice_starts(S("postfix/smtpd"), S("postfix/")));
	assert_false(slice_starts(S("post"), S("postfix/")));
	assert_true(slice_ends(S("mail.log.xz"), S(".xz")));
	assert_false(slice_ends(S("xz"), S(".xz")));
	assert_slice(slice_skip(S("abc"), 1), "bc");
	assert_slice(slice_skip(S("abc"), 9), "");
	assert_slice(slice_head(S("abc"), 2), "ab");
	assert_slice(slice_head(S("abc"), 9), "abc");
}

static void
find_gives_the_first_match_or_minus_one(void **state)
{
	(void)state;
	assert_int_equal(slice_find(S("a, b, c"), S(", ")), 1);
	assert_int_equal(slice_find(S("abc"), S("")), 0);
	assert_int_equal(slice_find(S("abc"), S("abcd")), -1);
	assert_int_equal(slice_find_char(S(""), 'a'), -1);
	assert_int_equal(slice_find_last_char(S("a@b@c"), '@'), 3);
	assert_int_equal(slice_find_last_char(S("abc"), '@'), -1);
	assert_true(slice_contains(S("status=sent"), S("=")));
}

static void
only_ascii_letters_have_a_case(void **state)
{
	(void)state;
	assert_true(slice_equal_nocase(S("Example.ORG"), S("eXAMPLE.org")));
	assert_false(slice_equal_nocase(S("[\xc3\x84]"), S("{\xc3\xa4}")));
	assert_false(slice_equal_nocase(S("@"), S("`")));
	assert_false(slice_equal_nocase(S("ab"), S("abc")));
}

static void
split_sees_every_field(void **state)
{
	(void)state;
	static const char *expected[] = {"", "a", "", "b", ""};
	struct slice rest = S(",a,,b,"), word;
	size_t n = 0;
	while (slice_split(&rest, ',', &word)) {
		assert_in_range(n, 0, 4);
		assert_true(slice_equal(word, slice_of_str(expected[n++])));
	}
	assert_int_equal(n, 5);
}

static void
split_and_join_give_back_the_text(void **state)
{
	(void)state;
	uint64_t random = 1;
	for (int round = 0; round < 2000; round++) {
		char text[12];
		size_t n = random_below(&random, sizeof(text));
		for (size_t i = 0; i < n; i++)
			text[i] = "a,b"[random_below(&random, 3)];
		struct buf joined = {0};
		struct slice rest = slice_of(text, n), word;
		for (bool first = true; slice_split(&rest, ',', &word); first = false) {
			if (!first)
				buf_add_char(&joined, ',');
			assert_int_equal(slice_find_char(word, ','), -1);
			buf_add(&joined, word);
		}
		assert_true(slice_equal(buf_slice(&joined), slice_of(text, n)));
		buf_fini(&joined);
	}
}

static void
trim_takes_blanks_off_both_ends(void **state)
{
	(void)state;
	assert_slice(slice_trim(S(" \ta b\r\n")), "a b");
	assert_slice(slice_trim(S(" \r\n ")), "");
}

static void
the_domain_stands_after_the_last_at(void **state)
{
	(void)state;
	assert_slice(slice_domain(S("\"a@b\"@example.org")), "example.org");
	assert_slice(slice_domain(S("postmaster")), "");
	assert_slice(slice_domain(S("a@")), "");
}

static void
numbers_are_digits_only_and_fit_64_bits(void **state)
{
	(void)state;
	uint64_t v = 7;
	assert_true(slice_to_u64(S("0"), &v));
	assert_int_equal(v, 0);
	assert_true(slice_to_u64(S("18446744073709551615"), &v));
	assert_true(v == UINT64_MAX);
	static const char *bad[] = {"", "-1", "+1", " 1", "1 ", "0x1", "1e3",
		"18446744073709551616", "99999999999999999999999"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(slice_to_u64(slice_of_str(bad[i]), &v));
	assert_true(v == UINT64_MAX);
}

static void
numbers_survive_the_round_trip(void **state)
{
	(void)state;
	uint64_t random = 2, v;
	struct buf b = {0};
	for (int i = 0; i < 5000; i++) {
		uint64_t n = random_next(&random) >> random_below(&random, 64);
		buf_clear(&b);
		buf_add_u64(&b, n);
		assert_true(slice_to_u64(buf_slice(&b), &v) && v == n);
	}
	buf_fini(&b);
}

static void
seconds_become_milliseconds(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {{"0", 0}, {"12", 12000}, {"0.05", 50}, {"0.0004", 0}, {"0.0005", 1},
		{"1.9996", 2000}, {".5", 500}, {"0.123456789", 123}, {"432000", 432000000}};
	static const char *bad[] = {
		"", ".", "a", "1.a", "-1", "1.2.3", "1,5", "9999999999999999999"};
	int64_t ms = -1;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(slice_to_ms(slice_of_str(good[i].text), &ms));
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(slice_to_ms(slice_of_str(bad[i]), &ms));
}

static void
a_copy_is_closed_by_a_nul(void **state)
{
	(void)state;
	char *copy = slice_dup(slice_head(S("example"), 4));
	assert_string_equal(copy, "exam");
	free(copy);
	copy = slice_dup((struct slice){NULL, 0});
	assert_string_equal(copy, "");
	free(copy);
}

/* The hash is in the database: a change would lose every stored key. Values: XXH3_64bits of
 * libxxhash 0.8. */
static void
the_hash_never_changes(void **state)
{
	(void)state;
	assert_true(slice_hash(S(""), 0) == 0x2d06800538d394c2);
	assert_true(slice_hash((struct slice){NULL, 0}, 0) == 0x2d06800538d394c2);
	assert_true(slice_hash(S("postmaster@example.org"), 0) == 0x7aa3f93336fd9b7a);
	assert_true(slice_hash(S("a"), 0) != slice_hash(S("a"), 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_slices_are_equal_whatever_they_point_at),
		cmocka_unit_test(a_nul_byte_is_a_byte_like_any_other),
		cmocka_unit_test(ends_and_starts),
		cmocka_unit_test(find_gives_the_first_match_or_minus_one),
		cmocka_unit_test(only_ascii_letters_have_a_case),
		cmocka_unit_test(split_sees_every_field),
		cmocka_unit_test(split_and_join_give_back_the_text),
		cmocka_unit_test(trim_takes_blanks_off_both_ends),
		cmocka_unit_test(the_domain_stands_after_the_last_at),
		cmocka_unit_test(numbers_are_digits_only_and_fit_64_bits),
		cmocka_unit_test(numbers_survive_the_round_trip),
		cmocka_unit_test(seconds_become_milliseconds),
		cmocka_unit_test(a_copy_is_closed_by_a_nul),
		cmocka_unit_test(the_hash_never_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
