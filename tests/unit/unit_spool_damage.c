/* Files of the spool that were torn, damaged, renamed or lost. */
#include "spool_fixture.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FEW = 12, /* records of the small spool */
};

/* One segment with the records 1 .. FEW, closed; its bytes go to `content`. */
static void
make_small_spool(struct buf *content)
{
	struct spool *s = spool_start(0, 0, NULL);
	spool_put(s, 1, FEW, 4);
	spool_close(&s);
	spool_read_file(spool_segment_path(0), content);
}

/* How many of its records end at or before the file offset. */
static uint64_t
whole_records(size_t offset)
{
	uint64_t n = 0;
	size_t end = SEGMENT_HEAD_BYTES;
	while (n < FEW && (end += spool_number_bytes(n + 1)) <= offset)
		n++;
	return n;
}

/* File offset of a record of the small spool. */
static size_t
offset_of(uint64_t number)
{
	size_t offset = SEGMENT_HEAD_BYTES;
	for (uint64_t n = 1; n < number; n++)
		offset += spool_number_bytes(n);
	return offset;
}

static void
use_as_spool(struct slice content)
{
	spool_empty_folder();
	spool_write_file(spool_segment_path(0), content);
}

/* Opens it, finds the records 1 .. n and nothing else; writes one more, and finds it behind every
 * position that ever was, now and after a restart. */
static void
check_first_records_and_go_on(uint64_t n, uint64_t old_end, struct spool_report *report)
{
	struct spool *s = spool_start(0, 0, report);
	struct spool_seen seen = spool_see(s, 0);
	assert_int_equal(seen.records, n);
	assert_int_equal(seen.last, n);
	assert_int_equal(seen.gaps + seen.damaged, 0);
	assert_int_equal(report->records, n);
	spool_put(s, 1000, 1000, 1);
	for (int i = 0; i < 2; i++) {
		seen = spool_see(s, old_end);
		assert_int_equal(seen.records, 1);
		assert_int_equal(seen.last, 1000);
		assert_int_equal(spool_see(s, 0).records, n + 1);
		spool_close(&s);
		s = spool_start(0, 0, NULL);
	}
	spool_close(&s);
}

/* ---- the newest segment ---- */

static void
a_file_that_ends_anywhere_gives_its_whole_records(void **state)
{
	(void)state;
	struct buf content = {0};
	struct spool_report report;
	make_small_spool(&content);
	for (size_t n = 0; n <= content.n; n++) {
		uint64_t whole = whole_records(n);
		use_as_spool(slice_head(buf_slice(&content), n));
		check_first_records_and_go_on(whole, content.n, &report);
		size_t torn = n < SEGMENT_HEAD_BYTES ? n : n - offset_of(whole + 1);
		assert_int_equal(report.cut_records, 0);
		assert_true(report.cut_bytes <= torn); /* less when it ends in zeros */
		assert_int_equal(spool_count_files(".cut-", NULL), report.cut.text[0] != 0);
	}
	buf_fini(&content);
}

static void
a_flipped_byte_ends_the_newest_segment_before_it(void **state)
{
	(void)state;
	struct buf content = {0};
	struct spool_report report;
	uint64_t random = 11;
	make_small_spool(&content);
	for (int i = 0; i < 400; i++) {
		size_t at = random_below(&random, content.n);
		char mask = (char)(1 + random_below(&random, 255));
		content.p[at] ^= mask;
		use_as_spool(buf_slice(&content));
		check_first_records_and_go_on(whole_records(at), content.n, &report);
		if (at >= SEGMENT_HEAD_BYTES)
			assert_int_equal(report.cut_records, FEW - whole_records(at) - 1);
		assert_true(report.cut_bytes > 0);
		assert_true(report.cut.text[0]);
		content.p[at] ^= mask;
	}
	buf_fini(&content);
}

static void
zeros_behind_the_records_are_dropped_without_a_word(void **state)
{
	(void)state;
	struct buf content = {0};
	struct spool_report report;
	struct stat st;
	make_small_spool(&content);
	size_t n = content.n;
	memset(buf_room(&content, 3 << 20), 0, 3 << 20);
	content.n += 3 << 20;
	use_as_spool(buf_slice(&content));
	check_first_records_and_go_on(FEW, n, &report);
	assert_int_equal(report.cut_bytes, 0);
	assert_string_equal(report.cut.text, "");
	assert_int_equal(spool_count_files(".cut-", NULL), 0);
	assert_int_equal(stat(spool_segment_path(0), &st), 0);
	assert_int_equal(st.st_size, n);
	buf_fini(&content);
}

static void
what_is_cut_is_kept_in_a_file_that_the_report_names(void **state)
{
	(void)state;
	struct buf content = {0}, name = {0}, kept = {0};
	struct spool_report report;
	make_small_spool(&content);
	size_t begin = offset_of(5);
	content.p[begin + RECORD_HEAD_BYTES] ^= 1;
	use_as_spool(buf_slice(&content));
	check_first_records_and_go_on(4, content.n, &report);
	assert_int_equal(report.cut_bytes, content.n - begin);
	assert_int_equal(report.cut_records, FEW - 5);
	assert_int_equal(spool_count_files(".cut-", &name), 1);
	assert_non_null(strstr(report.cut.text, buf_str(&name)));
	assert_true(slice_starts(buf_slice(&name), S("0000000000000000.spool.cut-2")));
	spool_read_file(spool_path(buf_str(&name)), &kept);
	assert_true(slice_equal(buf_slice(&kept), slice_skip(buf_slice(&content), begin)));
	buf_fini(&kept);
	buf_fini(&name);
	buf_fini(&content);
}

static void
what_was_cut_stays_cut_after_the_next_restart(void **state)
{
	(void)state;
	struct buf content = {0};
	struct spool_report report;
	make_small_spool(&content);
	use_as_spool(slice_head(buf_slice(&content), content.n - 1));
	struct spool *s = spool_start(0, 0, &report);
	assert_true(report.cut_bytes > 0);
	spool_close(&s);
	s = spool_start(0, 0, &report);
	assert_int_equal(report.cut_bytes, 0);
	assert_int_equal(spool_see(s, 0).records, FEW - 1);
	spool_close(&s);
	buf_fini(&content);
}

static void
a_newest_segment_without_a_head_is_set_aside_as_a_whole(void **state)
{
	(void)state;
	struct buf content = {0};
	struct spool_report report;
	make_small_spool(&content);
	struct spool *s = spool_start(0, 0, NULL);
	spool_put(s, FEW + 1, FEW + 5, 5);
	struct spool_seen newest = spool_see(s, content.n - SEGMENT_HEAD_BYTES);
	spool_close(&s);
	const char *path = spool_segment_path(newest.first_position);
	spool_read_file(path, &content);
	content.p[0] ^= 1;
	spool_write_file(path, buf_slice(&content));
	check_first_records_and_go_on(FEW, newest.next, &report);
	assert_int_equal(report.cut_bytes, content.n);
	assert_int_equal(spool_count_files(".cut-", NULL), 1);
	buf_fini(&content);
}

/* ---- older segments ---- */

/* Several segments with the records 1 .. last; the bytes of the first go to `content`. */
static void
make_segments(uint64_t segment_bytes, uint64_t last, struct buf *content)
{
	spool_empty_folder();
	struct spool *s = spool_start(segment_bytes, 0, NULL);
	spool_put(s, 1, last, 1);
	spool_close(&s);
	spool_read_file(spool_segment_path(0), content);
}

static struct spool_seen
see_with_first_segment(struct slice content)
{
	spool_write_file(spool_segment_path(0), content);
	struct spool *s = spool_start(0, 0, NULL);
	struct spool_seen seen = spool_see(s, 0);
	spool_close(&s);
	return seen;
}

static void
a_flipped_byte_in_an_older_segment_costs_one_record(void **state)
{
	(void)state;
	struct buf content = {0};
	uint64_t random = 5;
	make_segments(1500, 100, &content);
	for (int i = 0; i < 200; i++) {
		size_t at =
			SEGMENT_HEAD_BYTES + random_below(&random, content.n - SEGMENT_HEAD_BYTES);
		char mask = (char)(1 + random_below(&random, 255));
		content.p[at] ^= mask;
		struct spool_seen seen = see_with_first_segment(buf_slice(&content));
		assert_int_equal(seen.damaged, 1);
		assert_int_equal(seen.records, 99);
		assert_int_equal(seen.last, 100);
		content.p[at] ^= mask;
	}
	buf_fini(&content);
}

static void
a_lost_block_costs_the_records_in_it(void **state)
{
	(void)state;
	struct buf content = {0};
	make_segments(100000, 3000, &content);
	memset(content.p + 8192, 0, 4096);
	struct spool_seen seen = see_with_first_segment(buf_slice(&content));
	assert_int_equal(seen.damaged, 1);
	assert_int_equal(seen.gaps, 1);
	assert_int_equal(seen.last, 3000);
	assert_true(seen.records > 2900 && seen.records < 3000);
	buf_fini(&content);
}

/* A sender may log what looks like a record, even a copy of one. */
static void
a_record_within_a_frame_is_never_taken_for_one(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct buf frame = {0};
	struct spool *s = spool_start(4096, 0, NULL);
	spool_put(s, 1, 1, 1);
	spool_read_file(spool_segment_path(0), &frame);
	uint64_t inner = spool_see(s, 0).next + RECORD_HEAD_BYTES + 2 + frame.n;
	record_add(&frame, 0, inner, 1, S("mx"), S("1 not a record"));
	spool_add(s, 1, S("mx"), buf_slice(&frame));
	assert_true(spool_sync(s, &err));
	spool_put(s, 2, 300, 1);
	spool_close(&s);

	spool_read_file(spool_segment_path(0), &frame);
	frame.p[SEGMENT_HEAD_BYTES + spool_number_bytes(1) + 8] ^= 1; /* its length */
	struct spool_seen seen = see_with_first_segment(buf_slice(&frame));
	assert_int_equal(seen.records, 300);
	assert_int_equal(seen.gaps, 0);
	assert_int_equal(seen.damaged, 1);
	buf_fini(&frame);
}

/* Ten records of a frame that is nothing but heads of large records, then the records 1 .. 5. */
static void
make_spool_full_of_heads(struct buf *content)
{
	struct error err = {{0}};
	struct buf frame = {0}, large = {0};
	memset(buf_room(&frame, 1 << 20), 0, 1 << 20);
	record_add(&large, 0, 0, 1, S(""), slice_of(frame.p, 1 << 20));
	while (frame.n < 1 << 20)
		buf_add(&frame, slice_head(buf_slice(&large), RECORD_HEAD_BYTES));
	struct spool *s = spool_start(8 << 20, 0, NULL);
	for (int i = 0; i < 10; i++) {
		spool_add(s, 1, S("mx"), buf_slice(&frame));
		assert_true(spool_sync(s, &err));
	}
	spool_put(s, 1, 5, 5);
	spool_close(&s);
	spool_read_file(spool_segment_path(0), content);
	buf_fini(&large);
	buf_fini(&frame);
}

/* What the reader finds when this byte of the first segment is flipped: records and last number. */
static size_t
count_with_flipped_byte(struct buf *content, size_t at)
{
	struct error err = {{0}};
	struct spool_record record;
	content->p[at] ^= 1;
	spool_write_file(spool_segment_path(0), buf_slice(content));
	content->p[at] ^= 1;
	struct spool *s = spool_start(0, 0, NULL);
	struct spool_reader *r = spool_reader_open(s, 0, &err);
	assert_int_equal(spool_reader_next(r, &record), SPOOL_DAMAGED);
	assert_non_null(strstr(spool_reader_error(r), "0000000000000000.spool is damaged"));
	size_t n = 0;
	uint64_t number = 0;
	for (; spool_reader_next(r, &record) == SPOOL_RECORD; n++)
		number = record.frame.n < 100 ? spool_number(&record) : 0;
	assert_int_equal(number, 5);
	spool_reader_close(&r);
	spool_close(&s);
	return n;
}

/* Looking for the next record must not take hours where each byte may begin a large one. */
static void
frames_full_of_heads_do_not_hold_up_the_reader(void **state)
{
	(void)state;
	struct buf content = {0};
	make_spool_full_of_heads(&content);
	size_t record = SEGMENT_HEAD_BYTES;
	assert_int_equal(count_with_flipped_byte(&content, record + 1000), 14);
	/* Its length: the rest of the first segment, seven of the ten, is given up. */
	assert_int_equal(count_with_flipped_byte(&content, record + 8), 8);
	buf_fini(&content);
}

static void
a_file_that_becomes_shorter_while_it_is_read_is_damage(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct spool *s = spool_start(1000, 0, NULL);
	spool_put(s, 1, 100, 1);
	assert_int_equal(truncate(spool_segment_path(0), SEGMENT_HEAD_BYTES + 10), 0);
	struct spool_reader *r = spool_reader_open(s, 0, &err);
	struct spool_record record;
	assert_int_equal(spool_reader_next(r, &record), SPOOL_DAMAGED);
	assert_int_equal(spool_reader_next(r, &record), SPOOL_RECORD);
	assert_true(spool_number(&record) > 1);
	spool_reader_close(&r);
	spool_close(&s);
}

/* ---- what stops it, and the way out that the message names ---- */

/* First position of the segment that stands at this place, the oldest being 0. */
static uint64_t
nth_segment(size_t n)
{
	uint64_t first[64];
	size_t found = 0;
	for (uint64_t position = 0; position < 100000 && found < 64; position++)
		if (access(spool_segment_path(position), F_OK) == 0)
			first[found++] = position;
	assert_true(n < found);
	return first[n];
}

static void
check_opens_with_some_records(uint64_t last)
{
	struct spool *s = spool_start(0, 0, NULL);
	struct spool_seen seen = spool_see(s, 0);
	assert_true(seen.records > 0 && seen.records < last);
	assert_int_equal(seen.last, last);
	assert_int_equal(seen.gaps + seen.damaged, 0);
	spool_close(&s);
}

static void
a_missing_segment_stops_it(void **state)
{
	(void)state;
	struct buf content = {0};
	char name[SEGMENT_NAME_BYTES];
	make_segments(1000, 100, &content);
	uint64_t missing = nth_segment(1);
	unlink(spool_segment_path(missing));
	segment_name(name, missing);
	spool_refuse(name);
	spool_refuse("is missing: put it back, or");
	unlink(spool_segment_path(0));
	check_opens_with_some_records(100);
	buf_fini(&content);
}

static void
an_older_segment_that_is_cut_short_stops_it(void **state)
{
	(void)state;
	struct buf content = {0};
	make_segments(1000, 100, &content);
	for (size_t n = 0; n < content.n; n++) {
		spool_write_file(spool_segment_path(0), slice_head(buf_slice(&content), n));
		spool_refuse(n < SEGMENT_HEAD_BYTES ? "has a damaged head" : "is too short");
	}
	unlink(spool_segment_path(0));
	check_opens_with_some_records(100);
	buf_fini(&content);
}

/* Puts another head on the segment. */
static void
change_head(uint64_t first, struct slice content, void (*change)(struct segment_head *))
{
	struct segment_head head;
	char bytes[SEGMENT_HEAD_BYTES];
	struct buf changed = {0};
	assert_true(segment_head_read(content, &head));
	change(&head);
	segment_head_write(bytes, &head);
	buf_add(&changed, slice_of(bytes, sizeof(bytes)));
	buf_add(&changed, slice_skip(content, sizeof(bytes)));
	spool_write_file(spool_segment_path(first), buf_slice(&changed));
	buf_fini(&changed);
}

static void
make_newer(struct segment_head *head)
{
	head->version++;
}

static void
make_foreign(struct segment_head *head)
{
	head->identity++;
}

static void
a_segment_of_another_version_stops_it_and_is_left_alone(void **state)
{
	(void)state;
	struct buf content = {0}, after = {0};
	make_small_spool(&content);
	change_head(0, buf_slice(&content), make_newer);
	spool_read_file(spool_segment_path(0), &content);
	spool_refuse("was written by another version of ELSE: start that one");
	spool_read_file(spool_segment_path(0), &after);
	assert_true(slice_equal(buf_slice(&content), buf_slice(&after)));
	buf_fini(&after);
	buf_fini(&content);
}

static void
a_segment_of_another_spool_stops_it(void **state)
{
	(void)state;
	struct buf content = {0};
	make_segments(1000, 100, &content);
	change_head(0, buf_slice(&content), make_foreign);
	spool_refuse("belongs to another spool");
	buf_fini(&content);
}

static void
a_renamed_segment_stops_it(void **state)
{
	(void)state;
	struct buf content = {0};
	make_small_spool(&content);
	spool_empty_folder();
	spool_write_file(spool_segment_path(77), buf_slice(&content));
	spool_refuse("was renamed");
	buf_fini(&content);
}

static void
files_of_other_names_are_none_of_its_business(void **state)
{
	(void)state;
	struct buf content = {0};
	struct spool_report report;
	make_small_spool(&content);
	static const char *const names[] = {"new.spool", "0.spool", "000000000000000G.spool",
		"000000000000000A.spool", "0000000000000000.spool~", "README"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		spool_write_file(spool_path(names[i]), S("something else"));
	check_first_records_and_go_on(FEW, content.n, &report);
	assert_int_equal(report.segments, 1);
	assert_int_equal(spool_count_files("README", NULL), 1);
	buf_fini(&content);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, spool_setup_in_memory, spool_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_file_that_ends_anywhere_gives_its_whole_records),
		CASE(a_flipped_byte_ends_the_newest_segment_before_it),
		CASE(zeros_behind_the_records_are_dropped_without_a_word),
		CASE(what_is_cut_is_kept_in_a_file_that_the_report_names),
		CASE(what_was_cut_stays_cut_after_the_next_restart),
		CASE(a_newest_segment_without_a_head_is_set_aside_as_a_whole),
		CASE(a_flipped_byte_in_an_older_segment_costs_one_record),
		CASE(a_lost_block_costs_the_records_in_it),
		CASE(a_record_within_a_frame_is_never_taken_for_one),
		CASE(frames_full_of_heads_do_not_hold_up_the_reader),
		CASE(a_file_that_becomes_shorter_while_it_is_read_is_damage),
		CASE(a_missing_segment_stops_it),
		CASE(an_older_segment_that_is_cut_short_stops_it),
		CASE(a_segment_of_another_version_stops_it_and_is_left_alone),
		CASE(a_segment_of_another_spool_stops_it),
		CASE(a_renamed_segment_stops_it),
		CASE(files_of_other_names_are_none_of_its_business),
	};
	return cmocka_run_group_tests_name("spool_damage", tests, NULL, NULL);
}
