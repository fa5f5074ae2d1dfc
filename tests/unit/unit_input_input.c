#include "input_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void
one_file_gives_its_lines(void **state)
{
	(void)state;
	files_write("log",
		S("Nov 22 01:00:00 mx a[1]: one\r\nNov 22 01:00:00 mx a[1]: two\n\nrubbish\n"));
	struct input *in = input_open_names(&input_utc, "log");
	struct line line;
	struct input_source *source;
	assert_int_equal(input_source_count(in), 1);
	assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
	assert_ptr_equal(source, input_source_at(in, 0));
	assert_string_equal(source->path, files_path("log"));
	assert_slice(line.text, "one");
	assert_slice(line.host, "mx");
	assert_slice(line.raw, "Nov 22 01:00:00 mx a[1]: one");
	assert_int_equal(line.t_us, REFERENCE_US - (4 * 3600 + 21 * 60 + 39) * TIME_SECOND_US);
	assert_int_equal(source->offset, 30);
	assert_int_equal(source->line_number, 1);
	assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
	assert_int_equal(source->offset, 59);
	assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
	assert_slice(line.text, "rubbish");
	assert_int_equal(line.t_us, 0);
	assert_int_equal(source->line_number, 4);
	assert_int_equal(source->offset, 68);
	assert_int_equal(input_next(in, &line, &source), INPUT_END);
	assert_int_equal(source->lines, 3);
	assert_warning(source, "");
	input_close(&in);
	assert_null(in);
}

static void
rotated_pieces_come_in_the_order_of_time(void **state)
{
	(void)state;
	files_write_packed(
		"log.2.gz", FILES_GZIP, S("Nov 20 01:00:00 mx a: 1\nNov 21 01:00:00 mx a: 2\n"));
	files_write_packed(
		"log.1", FILES_PLAIN, S("Nov 21 01:00:00 mx a: 3\nNov 22 01:00:00 mx a: 4\n"));
	files_write_packed(
		"log", FILES_PLAIN, S("Nov 22 01:00:00 mx a: 5\nNov 22 02:00:00 mx a: 6\n"));
	assert_texts("log log.1 log.2.gz", "1|2|3|4|5|6|");
	assert_texts("log.1 log.2.gz log", "1|2|3|4|5|6|");
}

static void
hosts_are_merged_by_time(void **state)
{
	(void)state;
	files_write_packed("a.xz", FILES_XZ,
		S("Nov 22 01:00:00 a x: 1\nNov 22 01:00:02 a x: 3\nNov 22 01:00:05 a x: 6\n"));
	files_write_packed("b.zst", FILES_ZSTD,
		S("2026-11-22T02:00:01+01:00 b x: 2\n2026-11-22T01:00:04Z b x: 5\n"));
	files_write_packed("c", FILES_PLAIN, S("<22>1 2026-11-22T01:00:03Z c x 1 - - 4\n"));
	assert_texts("c b.zst a.xz", "1|2|3|4|5|6|");
}

static void
a_files_own_order_is_never_changed(void **state)
{
	(void)state;
	files_write("a", S("no time\nNov 22 01:00:02 a x: 2\n\tgoes on\nNov 22 01:00:01 a x: late\n"
			   "Nov 22 01:00:04 a x: 4\n"));
	files_write("b", S("Nov 22 01:00:01 b x: 1\nNov 22 01:00:03 b x: 3\n"));
	assert_texts("a b", "1|no time|2|\tgoes on|late|3|4|");
}

static void
a_stamp_far_ahead_does_not_hold_up_the_merge(void **state)
{
	(void)state;
	files_write("a", S("2026-11-22T01:00:00Z a x: 1\n2036-11-22T01:00:00Z a x: "
			   "ahead\n2026-11-22T01:00:02Z a x: 3\n"));
	files_write("b", S("2026-11-22T01:00:01Z b x: 2\n2026-11-22T01:00:03Z b x: 4\n"));
	assert_texts("a b", "1|ahead|2|3|4|");
}

static void
names_say_nothing_about_the_packing(void **state)
{
	(void)state;
	files_write_packed("log.xz", FILES_GZIP, S("Nov 22 01:00:00 a x: 1\n"));
	assert_texts("log.xz", "1|");
}

static void
years_follow_the_files_own_time(void **state)
{
	(void)state;
	static const struct input_options by_file = {.zone_fixed = true};
	struct line line;
	struct input_source *source;
	struct buf packed = {0};
	files_write("log.1", S("Dec 31 23:00:00 mx a: 1\n"));
	files_date("log.1", 1735700000 * TIME_SECOND_US); /* 2025-01-01 */
	files_pack(FILES_GZIP, S("Dec 31 22:00:00 mx a: 1\n"), 1735700000,
		&packed); /* its header wins */
	files_write("log.2.gz", buf_slice(&packed));
	struct input *in = input_open_names(&by_file, "log.1 log.2.gz");
	assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
	assert_int_equal(line.t_us, 1735682400 * TIME_SECOND_US);
	assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
	assert_int_equal(line.t_us, 1735686000 * TIME_SECOND_US);
	input_close(&in);
	buf_fini(&packed);
}

/* A line every six hours over three years, large enough to be sampled. */
static void
a_file_of_many_years_begins_in_the_right_one(void **state)
{
	(void)state;
	static const char *months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct buf b = {0};
	int64_t first_us = REFERENCE_US - 1000 * TIME_DAY_US, last_us = 0;
	for (int i = 0; i < 4000; i++) {
		struct time_civil c = time_to_civil(first_us + i * 6 * TIME_HOUR_US);
		buf_addf(&b, "%s %2d %02d:%02d:%02d mx a[1]: %0600d\n", months[c.month - 1], c.day,
			c.hour, c.minute, c.second, i);
	}
	files_write("log", buf_slice(&b));
	buf_fini(&b);
	struct input *in = input_open_names(&input_utc, "log");
	struct line line;
	struct input_source *source;
	for (int i = 0; input_next(in, &line, &source) == INPUT_LINE; i++) {
		last_us = first_us + i * 6 * TIME_HOUR_US;
		assert_int_equal(line.t_us, last_us);
	}
	assert_int_equal(last_us, first_us + 3999 * 6 * TIME_HOUR_US);
	input_close(&in);
}

static void
the_host_may_be_given(void **state)
{
	(void)state;
	struct input_options options = input_utc;
	struct line line;
	struct input_source *source;
	options.host = "mx9";
	files_write("log", S("Nov 22 01:00:00 localhost a: 1\nrubbish\n"));
	struct input *in = input_open_names(&options, "log");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
		assert_slice(line.host, "mx9");
	}
	input_close(&in);
}

static void
standard_input_is_read_too(void **state)
{
	(void)state;
	struct buf out = {0}, packed = {0};
	int saved = dup(STDIN_FILENO), ends[2];
	for (int packing = FILES_PLAIN; packing <= FILES_ZSTD; packing++) {
		buf_clear(&packed);
		files_pack((enum files_packing)packing,
			S("Nov 22 01:00:00 a x: 1\nNov 22 01:00:02 a x: 3"), 0, &packed);
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(write(ends[1], packed.p, packed.n), packed.n);
		close(ends[1]);
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		files_write("log", S("Nov 22 01:00:01 b x: 2\n"));
		struct input *in = input_open_names(&input_utc, "- log");
		assert_int_equal(input_source_at(in, 0)->identity, 0);
		input_read_texts(in, &out);
		assert_text(out, "1|2|3|");
		input_close(&in);
	}
	dup2(saved, STDIN_FILENO);
	close(saved);
	buf_fini(&out);
	buf_fini(&packed);
}

static void
many_files_take_one_descriptor_each_and_little_else(void **state)
{
	(void)state;
	enum { FILES = 40 };
	const char *paths[FILES];
	char name[16];
	struct buf out = {0}, want = {0}, content = {0};
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "log.%d", i);
		buf_clear(&content);
		buf_addf(&content, "Nov 22 01:00:%02d a x: %d\nNov 22 02:00:00 a x: end\n",
			FILES - i, i);
		files_write(name, buf_slice(&content));
		paths[i] = files_path(name);
		buf_addf(&want, "%d|", FILES - 1 - i);
	}
	struct error err;
	struct input *in = input_open(&input_utc, paths, FILES, &err);
	assert_non_null(in);
	input_read_texts(in, &out);
	assert_true(slice_starts(buf_slice(&out), buf_slice(&want)));
	input_close(&in);
	buf_fini(&out);
	buf_fini(&want);
	buf_fini(&content);
}

static void
standard_input_may_be_longer_than_its_head(void **state)
{
	(void)state;
	struct buf b = {0};
	struct line line;
	struct input_source *source;
	int saved = dup(STDIN_FILENO), n = 0;
	for (int i = 0; i < 20000; i++)
		buf_addf(&b, "Nov 22 01:00:00 mx a[%d]: %0*d\n", i, i % 97, 0);
	files_write("log", buf_slice(&b));
	int fd = open(files_path("log"), O_RDONLY);
	dup2(fd, STDIN_FILENO);
	close(fd);
	struct input *in = input_open_names(&input_utc, "-");
	for (; input_next(in, &line, &source) == INPUT_LINE; n++) {
		assert_int_equal(line.pid, n);
		assert_int_equal(line.text.n, n % 97 ? n % 97 : 1);
	}
	assert_int_equal(n, 20000);
	assert_int_equal(source->offset, b.n);
	input_close(&in);
	dup2(saved, STDIN_FILENO);
	close(saved);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_file_gives_its_lines),
		cmocka_unit_test(rotated_pieces_come_in_the_order_of_time),
		cmocka_unit_test(hosts_are_merged_by_time),
		cmocka_unit_test(a_files_own_order_is_never_changed),
		cmocka_unit_test(a_stamp_far_ahead_does_not_hold_up_the_merge),
		cmocka_unit_test(names_say_nothing_about_the_packing),
		cmocka_unit_test(years_follow_the_files_own_time),
		cmocka_unit_test(a_file_of_many_years_begins_in_the_right_one),
		cmocka_unit_test(the_host_may_be_given),
		cmocka_unit_test(standard_input_is_read_too),
		cmocka_unit_test(standard_input_may_be_longer_than_its_head),
		cmocka_unit_test(many_files_take_one_descriptor_each_and_little_else),
	};
	return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
