#include "input_fixture.h"

#include <sys/stat.h>

static void
the_last_line_without_lf_is_given_but_not_counted(void **state)
{
	(void)state;
	files_write("log", S("Nov 22 01:00:00 a x: 1\nNov 22 01:00:01 a x: unfin"));
	struct line line;
	struct input_source *source;
	struct input *in = input_open_names(&input_utc, "log");
	assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
	assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
	assert_slice(line.text, "unfin");
	assert_int_equal(source->offset, 23);
	uint64_t identity = source->identity;
	input_close(&in);

	files_append("log", S("ished\n"));
	in = input_open_names(&input_utc, "log");
	source = input_source_at(in, 0);
	assert_int_equal(source->identity, identity);
	input_resume(in, source, 23, 0);
	assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
	assert_slice(line.text, "unfinished");
	assert_int_equal(input_next(in, &line, &source), INPUT_END);
	input_close(&in);
}

static void
reading_resumes_anywhere_in_any_packing(void **state)
{
	(void)state;
	struct buf b = {0}, all = {0}, some = {0};
	uint64_t offsets[3001];
	for (int i = 0; i < 3000; i++)
		buf_addf(&b, "Nov 22 01:%02d:%02d mx a: %d\n", i / 60, i % 60, i);
	for (int packing = FILES_PLAIN; packing <= FILES_ZSTD; packing++) {
		struct line line;
		struct input_source *source;
		size_t n = 0;
		files_write_packed("log", (enum files_packing)packing, buf_slice(&b));
		struct input *in = input_open_names(&input_utc, "log");
		while (input_next(in, &line, &source) == INPUT_LINE)
			offsets[n++] = source->offset;
		input_close(&in);
		assert_int_equal(n, 3000);
		assert_int_equal(offsets[n - 1], b.n);
		for (size_t i = 0; i < n; i += 371) {
			in = input_open_names(&input_utc, "log");
			input_resume(in, input_source_at(in, 0), offsets[i], 0);
			assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
			buf_clear(&all);
			buf_addf(&all, "%zu", i + 1);
			check_slice(line.text, buf_slice(&all), __FILE__, __LINE__);
			assert_int_equal(source->offset, offsets[i + 1]);
			input_close(&in);
		}
		in = input_open_names(&input_utc, "log");
		input_resume(in, input_source_at(in, 0), b.n, 0);
		input_read_texts(in, &some);
		assert_text(some, "");
		input_close(&in);
	}
	buf_fini(&b);
	buf_fini(&all);
	buf_fini(&some);
}

static void
a_source_can_be_left_out_or_be_too_short(void **state)
{
	(void)state;
	struct buf out = {0};
	files_write("a", S("Nov 22 01:00:00 a x: 1\n"));
	files_write("b", S("Nov 22 01:00:00 b x: 2\n"));
	struct input *in = input_open_names(&input_utc, "a b");
	input_resume(in, input_source_at(in, 0), INPUT_SKIP_ALL, 0);
	input_resume(in, input_source_at(in, 1), 1000, 0);
	input_read_texts(in, &out);
	assert_text(out, "");
	assert_warning(input_source_at(in, 0), "");
	assert_warning(input_source_at(in, 1), "shorter than it was");
	input_close(&in);
	buf_fini(&out);
}

static void
identity_outlives_growth_and_packing(void **state)
{
	(void)state;
	static const char first[] = "garbage\nNov 22 01:00:00 a x: 1\n";
	files_write("log", slice_of_str(first));
	struct input *in = input_open_names(&input_utc, "log");
	uint64_t identity = input_source_at(in, 0)->identity;
	uint64_t bytes = input_source_at(in, 0)->head_bytes,
		 hash = input_source_at(in, 0)->head_hash;
	assert_int_not_equal(identity, 0);
	assert_int_equal(bytes, strlen(first));
	input_close(&in);

	struct buf b = {0};
	buf_add_str(&b, first);
	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "Nov 22 01:00:00 a x: %d\n", i);
	files_write_packed("log.1.gz", FILES_GZIP, buf_slice(&b));
	files_write("log", S("garbage\nNov 22 01:00:00 a x: 2\n"));
	in = input_open_names(&input_utc, "log.1.gz log");
	assert_int_equal(input_source_at(in, 0)->identity, identity);
	assert_int_equal(input_source_at(in, 0)->head_bytes, 4096);
	assert_true(input_has_head(input_source_at(in, 0), bytes, hash));
	assert_int_not_equal(input_source_at(in, 1)->identity, identity);
	assert_false(input_has_head(input_source_at(in, 1), bytes, hash));
	assert_false(input_has_head(input_source_at(in, 1), 4096, hash));
	input_close(&in);
	buf_fini(&b);
}

static void
progress_reaches_the_size_of_the_files(void **state)
{
	(void)state;
	struct buf out = {0};
	uint64_t done, total;
	files_write_packed("a.gz", FILES_GZIP, S("Nov 22 01:00:00 a x: 1\n"));
	files_write("b", S("Nov 22 01:00:00 b x: 2\n"));
	struct stat st;
	assert_int_equal(stat(files_path("a.gz"), &st), 0);
	struct input *in = input_open_names(&input_utc, "a.gz b");
	input_progress(in, &done, &total);
	assert_int_equal(done, 0);
	assert_int_equal(total, st.st_size + 23);
	input_read_texts(in, &out);
	input_progress(in, &done, &total);
	assert_int_equal(done, total);
	input_close(&in);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_line_without_lf_is_given_but_not_counted),
		cmocka_unit_test(reading_resumes_anywhere_in_any_packing),
		cmocka_unit_test(a_source_can_be_left_out_or_be_too_short),
		cmocka_unit_test(identity_outlives_growth_and_packing),
		cmocka_unit_test(progress_reaches_the_size_of_the_files),
	};
	return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
