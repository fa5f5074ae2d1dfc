#include "unit.h"

#include "wire/csv.h"

/* The values of a record, each in square brackets. */
static void
check_fields(struct slice record, struct slice want, int line)
{
	struct arena scratch = {0};
	struct buf out = {0};
	struct slice field;
	while (csv_next(&record, &field)) {
		buf_add_char(&out, '[');
		buf_add(&out, csv_unquote(field, &scratch));
		buf_add_char(&out, ']');
	}
	check_slice(buf_slice(&out), want, __FILE__, line);
	buf_fini(&out);
	arena_fini(&scratch);
}

#define assert_fields(record, want) check_fields(S(record), S(want), __LINE__)

static void
fields_are_cut_at_commas(void **state)
{
	(void)state;
	assert_fields("a,b,c", "[a][b][c]");
	assert_fields("", "[]");
	assert_fields(",", "[][]");
	assert_fields("a,,c,", "[a][][c][]");
	assert_fields(" a , b ", "[ a ][ b ]");
}

static void
quotes_keep_commas_line_breaks_and_quotes(void **state)
{
	(void)state;
	assert_fields("\"a,b\",c", "[a,b][c]");
	assert_fields("\"a\r\nb\",c", "[a\r\nb][c]");
	assert_fields("\"a\"\"b\",\"\",\"\"\"\"", "[a\"b][][\"]");
	assert_fields("\"\"\"a\"\",\"\"b\"\"\",c", "[\"a\",\"b\"][c]");
}

static void
quotes_elsewhere_are_plain_bytes(void **state)
{
	(void)state;
	assert_fields("a\"b,c\"d", "[a\"b][c\"d]");
	assert_fields("\"a\"x,b", "[a\"x][b]");
	assert_fields("\"open,b", "[open,b]");
	assert_fields("\"", "[]");
	assert_fields("\"a\"\"", "[a\"]");
}

static void
a_field_without_doubled_quotes_is_not_copied(void **state)
{
	(void)state;
	struct arena scratch = {0};
	struct slice quoted = S("\"text\""), value = csv_unquote(quoted, &scratch);
	assert_ptr_equal(value.p, quoted.p + 1);
	assert_slice(value, "text");
	assert_int_equal(scratch.total_bytes, 0);
	arena_fini(&scratch);
}

static void
add_record(struct buf *out, struct slice record)
{
	buf_add(out, record);
	buf_add_char(out, '|');
}

static void
check_records(struct slice text, size_t cap, struct slice want, uint64_t unclosed, int at)
{
	struct csv_joiner j;
	struct buf out = {0};
	struct slice line, record;
	csv_joiner_init(&j, cap);
	while (slice_split(&text, '\n', &line)) {
		if (!csv_joiner_push(&j, line, &record))
			continue;
		do
			add_record(&out, record);
		while (csv_joiner_more(&j, &record));
	}
	while (csv_joiner_end(&j, &record))
		add_record(&out, record);
	check_slice(buf_slice(&out), want, __FILE__, at);
	assert_int_equal(j.unclosed, unclosed);
	csv_joiner_fini(&j);
	buf_fini(&out);
}

#define assert_records(text, want, unclosed)                                                       \
	check_records(S(text), 64, S(want), (unclosed), __LINE__)

static void
a_record_goes_on_while_quotes_are_open(void **state)
{
	(void)state;
	assert_records("a,b\r\nc,d", "a,b|c,d|", 0);
	assert_records("a,\"b\r\nc\",d\r\ne", "a,\"b\r\nc\",d|e|", 0);
	assert_records("a,\"b\n\n\"\"c\n\"\nd", "a,\"b\n\n\"\"c\n\"|d|", 0);
	assert_records("\"a\"\"\nb\",\"c\nd\"", "\"a\"\"\nb\",\"c\nd\"|", 0);
	assert_records("a\"b\nc", "a\"b|c|", 0);
}

static void
quotes_that_never_close_cost_no_line(void **state)
{
	(void)state;
	assert_records("a,\"b\r\nc\r\nd", "a,\"b|c|d|", 1);
	assert_records(
		"\"b\n0123456789012345678901234567890123456789\n0123456789012345678901234567890\n"
		"good,row",
		"\"b|0123456789012345678901234567890123456789|0123456789012345678901234567890|good,"
		"row|",
		1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_cut_at_commas),
		cmocka_unit_test(quotes_keep_commas_line_breaks_and_quotes),
		cmocka_unit_test(quotes_elsewhere_are_plain_bytes),
		cmocka_unit_test(a_field_without_doubled_quotes_is_not_copied),
		cmocka_unit_test(a_record_goes_on_while_quotes_are_open),
		cmocka_unit_test(quotes_that_never_close_cost_no_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
