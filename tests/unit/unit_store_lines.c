/* Raw lines in rows come back byte for byte, whatever bytes they are. */
#include "unit.h"

#include <stdlib.h>

#include "base/memory.h"
#include "store/mail_lines.h"
#include "store/reject_lines.h"

#define ROUNDS 20000

/* ---- lines of a mail ---- */

static struct hop *
make_hop(struct slice host, struct slice qid, uint32_t n_lines, uint64_t *seed)
{
	struct hop *hop = hop_new(host, S(""), qid);
	hop->arrived_us = (int64_t)random_below(seed, 1000000);
	for (uint32_t i = 0; i < n_lines; i++) {
		char bytes[64];
		size_t n = random_below(seed, sizeof(bytes));
		for (size_t k = 0; k < n; k++)
			bytes[k] = (char)random_below(
				seed, 4); /* 0x00 .. 0x03: what headings are made of */
		hop_add_line(hop, (int64_t)i, i, slice_of(bytes, n));
	}
	return hop;
}

static void
assert_hop(const struct mail_lines *found, const struct hop *hop)
{
	assert_true(slice_equal(found->host, hop->host));
	assert_true(slice_equal(found->qid, hop->qid));
	assert_int_equal(found->arrived_us, hop->arrived_us);
	assert_int_equal(found->n, hop->n_lines);
	for (size_t i = 0; i < found->n; i++) {
		assert_true(slice_equal(found->lines[i].raw, hop->lines[i].raw));
		assert_int_equal(found->lines[i].t_us, hop->lines[i].t_us);
	}
}

static void
hops_come_back_from_one_value(void **state)
{
	(void)state;
	static const struct slice names[] = {{"", 0}, {"mx1.example.net", 15}, {"\x01\x01", 2},
		{" 7 3 ", 5}, {"\0a", 2}, {"1 1 1 x", 7}};
	uint64_t seed = 1;
	struct evidence *ev = evidence_new();
	for (int round = 0; round < 300; round++) {
		struct arena arena = {0};
		struct hop *hops[MAIL_LINES_HOPS];
		struct mail_lines found;
		struct hop_line *unpacked;
		struct buf value = {0};
		struct error err;
		size_t n_hops = 1 + random_below(&seed, MAIL_LINES_HOPS), n;
		for (size_t i = 0; i < n_hops; i++)
			hops[i] = make_hop(names[random_below(&seed, 6)],
				names[random_below(&seed, 6)], (uint32_t)random_below(&seed, 5),
				&seed);
		const struct hop_line *lines =
			mail_lines_join(&arena, (const struct hop *const *)hops, n_hops, &n);
		evidence_pack(ev, &value, 500000, lines, n);
		assert_true(evidence_unpack(
			ev, buf_slice(&value), 500000, &arena, &unpacked, &n, &err));
		lines = unpacked;
		for (size_t i = 0; i < n_hops; i++) {
			assert_true(mail_lines_next(&lines, &n, &found, &err));
			assert_hop(&found, hops[i]);
			hop_free(&hops[i]);
		}
		assert_false(mail_lines_next(&lines, &n, &found, &err));
		assert_int_equal(n, 0);
		buf_fini(&value);
		arena_fini(&arena);
	}
	evidence_free(&ev);
}

static void
damaged_headings_are_told(void **state)
{
	(void)state;
	static const struct slice damaged[] = {{"", 0}, {"x", 1}, {"\x01", 1},
		{"\x01"
		 "1 1 0 abc",
			10},
		{"\x01"
		 "3 1 0 ab",
			9},
		{"\x01"
		 "1 1 1 ab",
			9},
		{"\x01"
		 "1 1 99999999999999999999 ab",
			28},
		{"\x01"
		 "1 1 -1 ab",
			10},
		{"\x01"
		 "18446744073709551615 2 0 a",
			27},
		{"\x01"
		 "1 1 0",
			6}};
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		const struct hop_line line = {.raw = damaged[i]}, *at = &line;
		struct mail_lines found;
		struct error err;
		size_t n = 1;
		assert_false(mail_lines_next(&at, &n, &found, &err));
		assert_int_equal(n, 1);
		assert_non_null(strstr(err.text, "damaged"));
	}
}

static void
values_stay_within_bounds(void **state)
{
	(void)state;
	struct hop *big = hop_new(S("mx1"), S(""), S("A")),
		   *huge = hop_new(S("mx1"), S(""), S("B"));
	char *text = memory_zero(1, 1 << 20);
	struct arena arena = {0};
	size_t n;
	for (uint32_t i = 0; i < 9; i++)
		hop_add_line(big, i, i, slice_of(text, 1 << 20));
	for (uint32_t i = 0; i < 70; i++)
		hop_add_line(huge, i, i, slice_of(text, 1 << 20));
	const struct hop *hops[] = {big, big, huge, big};
	assert_int_equal(mail_lines_fit(hops, 4), 1);
	assert_int_equal(mail_lines_fit(hops + 2, 2), 1);
	mail_lines_join(&arena, hops + 2, 1, &n);
	assert_int_equal(n, 1 + 47); /* what the evidence would leave out is left out here, and the
					heading says so */
	arena_fini(&arena);
	free(text);
	hop_free(&big);
	hop_free(&huge);
}

/* ---- lines of refusals ---- */

static void
check_cut(struct slice raw, const struct reject_words *words, struct slice expected)
{
	struct buf cut = {0}, back = {0};
	reject_words_cut(&cut, raw, words);
	if (expected.p)
		check_slice(buf_slice(&cut), expected, __FILE__, __LINE__);
	reject_words_restore(&back, buf_slice(&cut), words);
	check_slice(buf_slice(&back), raw, __FILE__, __LINE__);
	buf_fini(&cut);
	buf_fini(&back);
}

static const struct reject_words words = {{{"192.0.2.7", 9}, {"mail.example.com", 16},
	{"example.com", 11}, {"a@example.com", 13}, {"b@example.org", 13}}};

static void
words_of_the_row_are_cut_out(void **state)
{
	(void)state;
	check_cut(S("NOQUEUE: reject: RCPT from mail.example.com[192.0.2.7]: 554; "
		    "from=<a@example.com> to=<b@example.org>"),
		&words,
		S("NOQUEUE: reject: RCPT from \x02"
		  "1[\x02"
		  "0]: 554; from=<\x02"
		  "3> to=<\x02"
		  "4>"));
}

static void
the_longest_word_wins(void **state)
{
	(void)state;
	struct reject_words overlapping = words;
	overlapping.word[2] = S("mail.example.com.evil");
	check_cut(S(" mail.example.com.evil mail.example.com"), &overlapping,
		S(" \x02"
		  "2 \x02"
		  "1"));
}

static void
words_in_another_case_stay(void **state)
{
	(void)state;
	check_cut(S("from=<A@Example.COM> helo=<EXAMPLE.com>"), &words,
		S("from=<A@Example.COM> helo=<EXAMPLE.com>"));
}

static void
words_begin_after_a_border(void **state)
{
	(void)state;
	check_cut(S("xexample.com example.com"), &words,
		S("xexample.com \x02"
		  "2"));
	check_cut(S("example.com"), &words, S("example.com"));
}

static void
marks_in_the_line_come_back(void **state)
{
	(void)state;
	check_cut(S("\x02"), &words, S("\x02\x02"));
	check_cut(S("\x02"
		    "1 \x02\x02 \x02"
		    "example.com \x01\0"),
		&words, (struct slice){NULL, 0});
	check_cut(S(" \x02"), &words, (struct slice){NULL, 0});
	check_cut(S("a example.com\x02"
		    "4"),
		&words, (struct slice){NULL, 0});
}

static void
short_words_stay(void **state)
{
	(void)state;
	struct reject_words brief = {{{"a", 1}, {"bc", 2}, {"", 0}, {"def", 3}, {"ghij", 4}}};
	check_cut(S("<a> <bc> <def> <ghij>"), &brief,
		S("<a> <bc> <def> <\x02"
		  "4>"));
}

/* Lines and words of a few bytes, so that they often meet. */
static void
any_line_comes_back(void **state)
{
	(void)state;
	static const char alphabet[] = "ab.<[ =\x02"
				       "0123\0";
	uint64_t seed = 7;
	for (int round = 0; round < ROUNDS; round++) {
		char text[5][8], raw[60];
		struct reject_words any;
		for (int w = 0; w < 5; w++) {
			size_t n = random_below(&seed, 8);
			for (size_t i = 0; i < n; i++)
				text[w][i] = alphabet[random_below(&seed, 4)];
			any.word[w] = slice_of(text[w], n);
		}
		size_t n = random_below(&seed, sizeof(raw));
		for (size_t i = 0; i < n; i++)
			raw[i] = alphabet[random_below(&seed, sizeof(alphabet))];
		check_cut(slice_of(raw, n), &any, (struct slice){NULL, 0});
	}
}

/* A value of another version, or a damaged one, does no harm. */
static void
any_cut_line_is_read(void **state)
{
	(void)state;
	struct buf back = {0};
	reject_words_restore(&back, S("\x02"), &words);
	reject_words_restore(&back,
		S("\x02"
		  "9\x02"
		  "5\x02"
		  "/"),
		&words);
	assert_true(back.n < 20);
	buf_fini(&back);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hops_come_back_from_one_value),
		cmocka_unit_test(damaged_headings_are_told),
		cmocka_unit_test(values_stay_within_bounds),
		cmocka_unit_test(words_of_the_row_are_cut_out),
		cmocka_unit_test(the_longest_word_wins),
		cmocka_unit_test(words_in_another_case_stay),
		cmocka_unit_test(words_begin_after_a_border),
		cmocka_unit_test(marks_in_the_line_come_back),
		cmocka_unit_test(short_words_stay),
		cmocka_unit_test(any_line_comes_back),
		cmocka_unit_test(any_cut_line_is_read),
	};
	return cmocka_run_group_tests_name("store_lines", tests, NULL, NULL);
}
