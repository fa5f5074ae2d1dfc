#include "unit.h"

#include "show/mail_id_text.h"
#include "elsectl/shapes.h"
#include "elsectl/table.h"
#include "show/text.h"

#include <stdlib.h>

#define assert_safe(input, expected)                                                               \
	do {                                                                                       \
		struct buf out = {0};                                                              \
		text_add_safe(&out, S(input));                                                     \
		assert_text(out, expected);                                                        \
		buf_fini(&out);                                                                    \
	} while (0)

static void
plain_text_of_any_script_stays_as_it_is(void **state)
{
	(void)state;
	assert_safe("", "");
	assert_safe("250 2.0.0 Ok: queued as 77", "250 2.0.0 Ok: queued as 77");
	assert_safe("m\xc3\xa4il \xe2\x82\xac \xf0\x9f\x93\xa7",
		"m\xc3\xa4il \xe2\x82\xac \xf0\x9f\x93\xa7");
}

static void
what_a_terminal_would_obey_is_escaped(void **state)
{
	(void)state;
	assert_safe("a\x1b[2Jb\x07", "a\\x1b[2Jb\\x07");
	assert_safe("a\nb\rc\td", "a\\x0ab\\x0dc d");
	assert_safe("\x7f\xc2\x9b"
		    "31m",
		"\\x7f\\xc2\\x9b31m");
}

static void
what_turns_text_round_is_escaped(void **state)
{
	(void)state;
	assert_safe("\xe2\x80\xae"
		    "exe.\xe2\x81\xa6\xe2\x80\x8b",
		"\\xe2\\x80\\xaeexe.\\xe2\\x81\\xa6\\xe2\\x80\\x8b");
	assert_safe("\xef\xbb\xbf", "\\xef\\xbb\\xbf");
}

static void
bytes_that_are_no_utf8_are_escaped_one_by_one(void **state)
{
	(void)state;
	assert_safe("\xff(\xc3(\xe2\x82", "\\xff(\\xc3(\\xe2\\x82");
	assert_safe("\xc0\xaf\xed\xa0\x80", "\\xc0\\xaf\\xed\\xa0\\x80");
}

static void
columns_count_wide_and_combining_signs(void **state)
{
	(void)state;
	assert_int_equal(text_columns(S("abc")), 3);
	assert_int_equal(text_columns(S("\xe6\xbc\xa2\xe5\xad\x97")), 4);
	assert_int_equal(text_columns(S("e\xcc\x81")), 1);
}

static void
assert_cut(struct slice text, size_t columns, const char *expected)
{
	struct buf out = {0};
	text_add_cut(&out, text, columns, S("~"));
	assert_string_equal(buf_str(&out), expected);
	buf_fini(&out);
}

static void
cut_text_fits_and_shows_that_it_was_cut(void **state)
{
	(void)state;
	assert_cut(S("abcdef"), 6, "abcdef");
	assert_cut(S("abcdef"), 5, "abcd~");
	assert_cut(S("abcdef"), 1, "~");
	assert_cut(S("abcdef"), 0, "");
	assert_cut(S("\xe6\xbc\xa2\xe5\xad\x97"), 3, "\xe6\xbc\xa2~");
	assert_cut(S("\xe6\xbc\xa2\xe5\xad\x97"), 2, "~");
}

static void
numbers_and_sizes_read_well(void **state)
{
	(void)state;
	struct buf b = {0};
	text_add_number(&b, 0);
	buf_add_char(&b, ' ');
	text_add_number(&b, 999);
	buf_add_char(&b, ' ');
	text_add_number(&b, 1234567);
	buf_add_char(&b, ' ');
	text_add_bytes(&b, 999);
	buf_add_char(&b, ' ');
	text_add_bytes(&b, 48712);
	buf_add_char(&b, ' ');
	text_add_bytes(&b, 999960);
	assert_string_equal(buf_str(&b), "0 999 1,234,567 999 B 48.7 kB 1.0 MB");
	buf_fini(&b);
}

static void
assert_shell(struct slice word, const char *expected)
{
	struct buf out = {0};
	text_add_shell(&out, word);
	assert_string_equal(buf_str(&out), expected);
	buf_fini(&out);
}

static void
shell_words_mean_themselves(void **state)
{
	(void)state;
	assert_shell(S("/usr/bin/elsectl"), "/usr/bin/elsectl");
	assert_shell(S("a b"), "'a b'");
	assert_shell(S(""), "''");
	assert_shell(S("it's $(x)"), "'it'\\''s $(x)'");
}

static void
assert_id(const struct mail_id_text *id, const char *expected)
{
	struct buf out = {0};
	struct mail_id_text back;
	mail_id_text_add(&out, id);
	assert_string_equal(buf_str(&out), expected);
	assert_true(mail_id_text_parse(buf_slice(&out), &back));
	assert_int_equal(back.reject, id->reject);
	assert_int_equal(back.minute, id->minute);
	assert_int_equal(back.mail_id, id->mail_id);
	assert_int_equal(back.branch, id->branch);
	assert_int_equal(back.host, id->host);
	assert_int_equal(back.hash, id->hash);
	buf_fini(&out);
}

static void
ids_come_back_as_they_were(void **state)
{
	(void)state;
	struct mail_id_text mail = {0}, reject = {0};
	mail.minute = 0x374f61;
	mail.mail_id = 0xed980e46ef25a5a8;
	mail.branch = 0xa358c7f9;
	assert_id(&mail, "med980e46ef25a5a8-a358c7f9-374f61");
	mail.minute = -1; /* before 2020 */
	assert_id(&mail, "med980e46ef25a5a8-a358c7f9-ffffffff");
	reject.reject = true;
	reject.minute = 0x374f63;
	reject.host = 2;
	reject.hash = 0x2a29990a06b8e01;
	assert_id(&reject, "r374f63-2-02a29990a06b8e01");
}

static void
other_words_are_no_ids(void **state)
{
	static const char *const words[] = {"", "m", "4Xk2Lp1v7Zz", "med980e46ef25a5a8-a358c7f9",
		"med980e46ef25a5a8-a358c7f9-374f61-", "mED980E46EF25A5A8-a358c7f9-374f61",
		"med980e46ef25a5a-a358c7f9-374f61", "med980e46ef25a5a8-a358c7f9-374f61374f61",
		"r374f63-99999-02a29990a06b8e01", "r374f63-2-2a29990a06b8e01", "<m@r>"};
	struct mail_id_text id;
	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_false(mail_id_text_parse(slice_of_str(words[i]), &id));
}

static void
minutes_begin_in_2020(void **state)
{
	(void)state;
	assert_int_equal(mail_id_text_minute(INT64_C(1577836800000000)), 0);
	assert_int_equal(mail_id_text_minute(INT64_C(1577836859999999)), 0);
	assert_int_equal(mail_id_text_minute(INT64_C(1577836799999999)), -1);
	assert_int_equal(mail_id_text_time_us(1), INT64_C(1577836860000000));
}

static void
print(struct output *o, size_t width)
{
	static const struct table_column columns[] = {
		{"from", TABLE_SHRINKS, 6}, {"size", TABLE_RIGHT, 0}, {"to", TABLE_SHRINKS, 6}};
	struct table *t = table_new(columns, 3);
	table_cell_str(t, "somebody@example.com");
	table_cell_number(t, 12345);
	table_cell_str(t, "x@y");
	table_cell(t, STYLE_BAD, S("a\x1b"));
	table_cell_number(t, 7);
	table_cell_str(t, NULL);
	o->width = width;
	assert_int_equal(table_rows(t), 2);
	table_print(t, o);
	table_free(&t);
}

static void
table_is_as_wide_as_its_cells_where_there_is_no_terminal(void **state)
{
	(void)state;
	struct output o = {0};
	print(&o, 0);
	assert_string_equal(buf_str(&o.text), "from                    size  to\n"
					      "somebody@example.com  12,345  x@y\n"
					      "a\\x1b                      7  \n");
	output_fini(&o);
}

static void
table_shrinks_its_widest_text_to_fit_the_terminal(void **state)
{
	(void)state;
	struct output o = {0};
	print(&o, 23);
	assert_string_equal(buf_str(&o.text), "from          size  to\n"
					      "somebody@~  12,345  x@y\n"
					      "a\\x1b            7  \n");
	buf_clear(&o.text);
	print(&o, 10); /* numbers never shrink, text not below its least */
	assert_string_equal(buf_str(&o.text), "from      size  to\n"
					      "someb~  12,345  x@y\n"
					      "a\\x1b        7  \n");
	output_fini(&o);
}

static void
add_lines(struct shapes *s, const char *text, int times)
{
	struct line line = {.raw = slice_of_str(text),
		.program = S("postfix/qmgr"),
		.text = slice_of_str(text)};
	for (int i = 0; i < times; i++)
		shapes_add(s, &line);
}

static void
unknown_lines_count_by_shape_the_most_frequent_first(void **state)
{
	(void)state;
	struct shapes s = {0};
	const struct shape *top[SHAPES_TOP_MAX];
	add_lines(&s, "seldom", 1);
	add_lines(&s, "often 1", 2);
	add_lines(&s, "often 22", 3);
	add_lines(&s, "middling", 4);
	assert_int_equal(s.total, 10);
	assert_int_equal(shapes_top(&s, top, SHAPES_TOP_MAX), 3);
	assert_int_equal(top[0]->count, 5);
	assert_true(slice_equal(top[0]->example, S("often 1")));
	assert_int_equal(top[1]->count, 4);
	assert_int_equal(top[2]->count, 1);
	assert_int_equal(shapes_top(&s, top, 1), 1);
	assert_int_equal(top[0]->count, 5);
	shapes_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_of_any_script_stays_as_it_is),
		cmocka_unit_test(what_a_terminal_would_obey_is_escaped),
		cmocka_unit_test(what_turns_text_round_is_escaped),
		cmocka_unit_test(bytes_that_are_no_utf8_are_escaped_one_by_one),
		cmocka_unit_test(columns_count_wide_and_combining_signs),
		cmocka_unit_test(cut_text_fits_and_shows_that_it_was_cut),
		cmocka_unit_test(numbers_and_sizes_read_well),
		cmocka_unit_test(shell_words_mean_themselves),
		cmocka_unit_test(ids_come_back_as_they_were),
		cmocka_unit_test(other_words_are_no_ids),
		cmocka_unit_test(minutes_begin_in_2020),
		cmocka_unit_test(table_is_as_wide_as_its_cells_where_there_is_no_terminal),
		cmocka_unit_test(table_shrinks_its_widest_text_to_fit_the_terminal),
		cmocka_unit_test(unknown_lines_count_by_shape_the_most_frequent_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
