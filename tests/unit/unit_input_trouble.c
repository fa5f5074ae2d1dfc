#include "input_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

static void
check_refusal(const char *path, const char *reason, int line)
{
	struct error err = {{0}};
	struct input *in = input_open(&input_utc, &path, 1, &err);
	if (in || !strstr(err.text, reason) || !strstr(err.text, path)) {
		print_error("\"%s\" does not name the file and say \"%s\"\n", err.text, reason);
		_fail(__FILE__, line);
	}
}

#define assert_refusal(path, reason) check_refusal((path), (reason), __LINE__)

static void
what_is_no_log_is_refused_with_advice(void **state)
{
	(void)state;
	char noise[3000];
	uint64_t seed = 1;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)random_next(&seed);
	noise[0] = 'x';
	files_write("binary", slice_of(noise, sizeof(noise)));
	files_write("bzip2", S("BZh91AY&SY"));
	files_write("zip", S("PK\x03\x04\x14\0"));
	files_write("utf16", S("\xff\xfe#\0S\0"));
	files_write("journal", S("LPKSHHRH\0\0"));
	assert_refusal(files_path("binary"), "binary file");
	assert_refusal(files_path("bzip2"), "bzip2 -dc");
	assert_refusal(files_path("zip"), "unpack");
	assert_refusal(files_path("utf16"), "iconv");
	assert_refusal(files_path("journal"), "journalctl");
	assert_refusal(files_path("missing"), "No such file");
	assert_refusal("/", "folder");
}

static void
an_unreadable_file_is_refused(void **state)
{
	(void)state;
	files_write("log", S("Nov 22 01:00:00 a x: 1\n"));
	const char *path = files_path("log");
	chmod(path, 0);
	bool root = geteuid() == 0; /* who reads everything */
	assert_int_equal(root ? seteuid(65534) : 0, 0);
	assert_refusal(path, "Permission denied");
	assert_int_equal(root ? seteuid(0) : 0, 0);
}

static void
one_bad_file_of_many_is_found_before_the_first_line(void **state)
{
	(void)state;
	files_write("log", S("Nov 22 01:00:00 a x: 1\n"));
	const char *paths[] = {files_path("log"), files_path("missing")};
	struct error err = {{0}};
	assert_null(input_open(&input_utc, paths, 2, &err));
	assert_non_null(strstr(err.text, paths[1]));
}

static void
a_log_with_some_rubbish_is_read(void **state)
{
	(void)state;
	files_write("log", S("\0\0\0\0\0\0\0\0\x01\x02\n"
			     "Nov 22 01:00:00 a x: 1\0\xff\nNov 22 01:00:00 a x: 2\n"));
	assert_texts("log", "\0\0\0\0\0\0\0\0\x01\x02|1\0\xff|2|");
}

static void
an_empty_file_is_only_noticed(void **state)
{
	(void)state;
	files_write("log", S(""));
	files_write_packed("log.gz", FILES_GZIP, S(""));
	struct buf out = {0};
	struct input *in = input_open_names(&input_utc, "log log.gz");
	input_read_texts(in, &out);
	assert_text(out, "");
	assert_warning(input_source_at(in, 0), "nothing in it");
	assert_warning(input_source_at(in, 1), "nothing in it");
	assert_int_equal(input_source_at(in, 0)->identity, 0);
	input_close(&in);
	buf_fini(&out);
}

static void
text_that_is_no_log_is_noticed(void **state)
{
	(void)state;
	files_write("readme", S("Dear administrator,\nhello.\n"));
	struct buf out = {0};
	struct input *in = input_open_names(&input_utc, "readme");
	input_read_texts(in, &out);
	assert_text(out, "Dear administrator,|hello.|");
	assert_warning(input_source_at(in, 0), "is it a mail log?");
	input_close(&in);
	buf_fini(&out);
}

static void
a_truncated_file_breaks_after_its_last_line_and_the_others_go_on(void **state)
{
	(void)state;
	struct buf b = {0}, packed = {0}, out = {0};
	uint64_t seed = 3;
	for (int i = 0; i < 20000; i++)
		buf_addf(&b, "Nov 22 %02d:%02d:%02d mx a: %d %llx\n", 1 + i / 3600, i / 60 % 60,
			i % 60, i, (unsigned long long)random_next(&seed));
	files_write("other", S("Nov 22 00:00:00 b x: first\nNov 22 23:00:00 b x: last\n"));
	for (int packing = FILES_GZIP; packing <= FILES_ZSTD; packing++) {
		buf_clear(&packed);
		files_pack((enum files_packing)packing, buf_slice(&b), 0, &packed);
		files_write("log", slice_head(buf_slice(&packed), packed.n * 3 / 4));
		struct input *in = input_open_names(&input_utc, "log other");
		input_read_texts(in, &out);
		struct input_source *source = input_source_at(in, 0);
		assert_true(slice_starts(buf_slice(&out), S("first|0 ")));
		assert_true(slice_ends(buf_slice(&out), S("|!|last|")));
		assert_true(source->lines > 5000 && source->lines < 20000);
		assert_non_null(strstr(source->error.text, "truncated"));
		assert_non_null(strstr(source->error.text, files_path("log")));
		assert_non_null(strstr(source->error.text, "line "));
		input_close(&in);
	}
	buf_fini(&b);
	buf_fini(&packed);
	buf_fini(&out);
}

static void
a_line_of_ten_megabytes_is_cut(void **state)
{
	(void)state;
	struct buf b = {0};
	buf_add_str(&b, "Nov 22 01:00:00 a x: ");
	memset(buf_room(&b, 10000000), 'y', 10000000);
	b.n += 10000000;
	buf_add_str(&b, "\nNov 22 01:00:01 a x: 2\n");
	files_write("log", buf_slice(&b));
	struct input *in = input_open_names(&input_utc, "log");
	struct line line;
	struct input_source *source;
	assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
	assert_int_equal(line.raw.n, 65536);
	assert_int_equal(source->offset, 10000022);
	assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
	assert_slice(line.text, "2");
	assert_int_equal(source->offset, b.n);
	assert_int_equal(input_next(in, &line, &source), INPUT_END);
	assert_warning(input_source_at(in, 0), "1 lines are longer than 65536 bytes");
	input_close(&in);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_log_is_refused_with_advice),
		cmocka_unit_test(an_unreadable_file_is_refused),
		cmocka_unit_test(one_bad_file_of_many_is_found_before_the_first_line),
		cmocka_unit_test(a_log_with_some_rubbish_is_read),
		cmocka_unit_test(an_empty_file_is_only_noticed),
		cmocka_unit_test(text_that_is_no_log_is_noticed),
		cmocka_unit_test(a_truncated_file_breaks_after_its_last_line_and_the_others_go_on),
		cmocka_unit_test(a_line_of_ten_megabytes_is_cut),
	};
	return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
