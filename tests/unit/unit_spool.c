#include "spool_fixture.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- records ---- */

static void
check_next(struct spool_reader *r, struct slice sender, struct slice frame, int64_t received_us)
{
	struct spool_record record;
	assert_int_equal(spool_reader_next(r, &record), SPOOL_RECORD);
	assert_true(slice_equal(record.sender, sender));
	assert_true(slice_equal(record.frame, frame));
	assert_int_equal(record.received_us, received_us);
}

static void
what_was_synced_is_read_byte_for_byte(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct spool *s = spool_start(0, 0, NULL);
	struct spool_reader *r = spool_reader_open(s, 0, &err);
	size_t n = RECORD_FRAME_MAX_BYTES;
	char *large = memory_new(n);
	memset(large, '\xff', n);
	spool_add(s, 1, S("mx1"), S("<22>a\0b\n"));
	spool_add(s, -5, S(""), S(""));
	spool_add(s, INT64_MAX, S("mx2"), slice_of(large, n));
	spool_add(s, 4, slice_of(large, RECORD_SENDER_MAX_BYTES), S("last"));
	assert_true(spool_sync(s, &err));
	check_next(r, S("mx1"), S("<22>a\0b\n"), 1);
	check_next(r, S(""), S(""), -5);
	check_next(r, S("mx2"), slice_of(large, n), INT64_MAX);
	check_next(r, slice_of(large, RECORD_SENDER_MAX_BYTES), S("last"), 4);
	spool_reader_close(&r);
	spool_close(&s);
	assert_null(s);
	free(large);
}

static void
nothing_is_read_before_it_is_synced(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct spool_record record;
	struct spool *s = spool_start(0, 0, NULL);
	struct spool_reader *r = spool_reader_open(s, 0, &err);
	assert_true(spool_sync(s, &err));
	spool_add_number(s, 1);
	assert_int_equal(spool_reader_next(r, &record), SPOOL_END);
	assert_false(spool_reader_wait(r, 0));
	assert_true(spool_sync(s, &err));
	assert_true(spool_reader_wait(r, 0));
	assert_int_equal(spool_reader_next(r, &record), SPOOL_RECORD);
	assert_int_equal(spool_number(&record), 1);
	assert_int_equal(spool_reader_next(r, &record), SPOOL_END);
	spool_reader_close(&r);
	spool_close(&s);
}

static void
what_was_not_synced_is_gone_after_a_restart(void **state)
{
	(void)state;
	struct spool *s = spool_start(0, 0, NULL);
	spool_put(s, 1, 10, 5);
	spool_add_number(s, 11);
	spool_close(&s);
	s = spool_start(0, 0, NULL);
	assert_int_equal(spool_see(s, 0).records, 10);
	spool_close(&s);
}

/* ---- segments and positions ---- */

static void
reading_may_begin_at_every_record_of_every_segment(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct spool *s = spool_start(1000, 0, NULL);
	spool_put(s, 1, 200, 3);
	assert_true(spool_count_files(".spool", NULL) > 10);
	struct spool_reader *r = spool_reader_open(s, 0, &err);
	struct spool_record record;
	uint64_t expected = 0;
	for (uint64_t number = 1; number <= 200; number++) {
		assert_int_equal(spool_reader_next(r, &record), SPOOL_RECORD);
		assert_int_equal(record.position, expected);
		expected = record.next;
		uint64_t position = record.position;
		struct spool_seen seen = spool_see(s, position);
		assert_int_equal(seen.first, number);
		assert_int_equal(seen.records, 201 - number);
		assert_int_equal(seen.first_position, position);
		assert_int_equal(seen.gaps + seen.damaged, 0);
	}
	assert_int_equal(spool_see(s, expected).records, 0);
	spool_reader_close(&r);
	spool_close(&s);
}

static void
a_batch_lies_in_one_segment_however_large_it_is(void **state)
{
	(void)state;
	struct spool *s = spool_start(1000, 0, NULL);
	spool_put(s, 1, 500, 500);
	assert_int_equal(spool_count_files(".spool", NULL), 1);
	spool_put(s, 501, 501, 1);
	assert_int_equal(spool_count_files(".spool", NULL), 2);
	assert_int_equal(spool_see(s, 0).records, 501);
	spool_close(&s);
}

static void
positions_grow_over_restarts_and_stay_good(void **state)
{
	(void)state;
	uint64_t position = 0, identity = 0;
	for (uint64_t round = 0; round < 8; round++) {
		struct spool *s = spool_start(700, 0, NULL);
		if (round > 0)
			assert_int_equal(spool_identity(s), identity);
		identity = spool_identity(s);
		assert_int_equal(spool_see(s, position).records, 0);
		assert_int_equal(spool_see(s, 0).records, round * 10);
		spool_put(s, round * 10, round * 10 + 9, 4);
		struct spool_seen seen = spool_see(s, position);
		assert_int_equal(seen.records, 10);
		assert_int_equal(seen.first, round * 10);
		assert_true(seen.first_position >= position);
		position = seen.next;
		spool_close(&s);
	}
}

static void
restarts_without_records_leave_no_files(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		struct spool *s = spool_start(0, 0, NULL);
		spool_close(&s);
	}
	assert_int_equal(spool_count_files("", NULL), 0);
}

static void
a_position_the_spool_never_had_is_refused(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct spool *s = spool_start(0, 0, NULL);
	spool_put(s, 1, 3, 3);
	uint64_t end = spool_see(s, 0).next;
	assert_null(spool_reader_open(s, end + 1, &err));
	assert_non_null(strstr(err.text, "never came as far"));
	spool_close(&s);
}

static void
two_spools_have_two_identities(void **state)
{
	(void)state;
	struct spool *s = spool_start(0, 0, NULL);
	uint64_t identity = spool_identity(s);
	spool_put(s, 1, 1, 1);
	spool_close(&s);
	spool_empty_folder();
	s = spool_start(0, 0, NULL);
	assert_true(spool_identity(s) != identity);
	spool_close(&s);
}

/* ---- trim, cap, counts ---- */

static void
trim_deletes_whole_segments_and_keeps_the_newest(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct spool *s = spool_start(1000, 0, NULL);
	spool_put(s, 1, 100, 1);
	struct spool_seen all = spool_see(s, 0);
	for (uint64_t position = 0; position <= all.next; position += 50) {
		assert_true(spool_trim(s, position, &err));
		struct spool_seen left = spool_see(s, 0);
		assert_true(left.first_position <= position);
		assert_int_equal(left.records, 101 - left.first);
	}
	assert_true(spool_trim(s, UINT64_MAX, &err));
	assert_int_equal(spool_count_files(".spool", NULL), 1);
	spool_close(&s);

	s = spool_start(1000, 0, NULL);
	spool_put(s, 101, 101, 1);
	struct spool_seen left = spool_see(s, all.next);
	assert_int_equal(left.records, 1);
	assert_int_equal(left.first, 101);
	assert_true(left.first_position > all.next);
	spool_close(&s);
}

static void
a_full_spool_says_so_until_it_is_trimmed(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct spool *s = spool_start(0, 10000, NULL);
	uint64_t number = 0;
	while (!spool_is_full(s)) {
		spool_put(s, number, number, 1);
		number++;
		assert_true(number < 1000);
	}
	assert_true(spool_count_files(".spool", NULL) >= 3);
	assert_true(spool_trim(s, spool_see(s, 0).next, &err));
	assert_false(spool_is_full(s));
	spool_close(&s);
}

static void
what_is_not_yet_written_counts_for_the_cap(void **state)
{
	(void)state;
	struct spool *s = spool_start(0, 1000, NULL);
	for (int i = 0; i < 100; i++)
		spool_add(s, 1, S("mx"), S("frame"));
	assert_true(spool_is_full(s));
	spool_close(&s);
}

static void
the_counts_say_what_is_there_and_what_is_unread(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct spool_count c;
	struct spool_report report;
	struct spool_record record;
	struct spool *s = spool_start(1000, 0, NULL);
	spool_count(s, &c);
	assert_int_equal(c.segments + c.records + c.bytes + c.unread_bytes, 0);
	spool_put(s, 1, 30, 1);
	uint64_t bytes = spool_see(s, 0).next;
	spool_close(&s);

	s = spool_start(1000, 0, &report);
	assert_int_equal(report.records, 30);
	assert_int_equal(report.segments, spool_count_files(".spool", NULL));
	assert_int_equal(report.bytes, bytes + report.segments * SEGMENT_HEAD_BYTES);
	spool_put(s, 31, 32, 1);
	bytes += spool_number_bytes(31) + spool_number_bytes(32);
	struct spool_reader *r = spool_reader_open(s, 0, &err);
	for (uint64_t number = 1; number <= 32; number++) {
		spool_count(s, &c);
		assert_int_equal(c.records, 32);
		assert_int_equal(c.unread_bytes, bytes);
		assert_int_equal(spool_unread_bytes(s), bytes);
		assert_int_equal(spool_reader_next(r, &record), SPOOL_RECORD);
		assert_int_equal(c.unread_since_us, record.received_us);
		bytes -= record.next - record.position;
	}
	spool_count(s, &c);
	assert_int_equal(c.unread_bytes, 0);
	assert_int_equal(c.unread_since_us, 0);
	assert_int_equal(c.added_records, 2);
	assert_int_equal(c.syncs, 2);
	assert_int_equal(c.failed, 0);
	spool_reader_close(&r);
	spool_close(&s);
}

static void
one_that_looks_changes_no_count_and_passes_over_what_is_trimmed(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct spool_count c;
	struct spool_record record;
	struct spool *s = spool_start(1000, 0, NULL);
	for (uint64_t number = 1; number <= 30; number++)
		spool_put(s, number, number, 1);
	struct spool_reader *r = spool_reader_open(s, 0, &err);
	while (spool_reader_next(r, &record) == SPOOL_RECORD)
		;
	struct spool_reader *look = spool_reader_look(s, &err);
	unlink(spool_segment_path(0)); /* what spool_trim does before it forgets a segment */
	assert_int_equal(spool_reader_next(look, &record), SPOOL_RECORD);
	uint64_t behind = spool_number(&record);
	assert_true(behind > 1);
	for (uint64_t number = behind + 1; number <= 30; number++) {
		assert_int_equal(spool_reader_next(look, &record), SPOOL_RECORD);
		assert_int_equal(spool_number(&record), number);
	}
	assert_int_equal(spool_reader_next(look, &record), SPOOL_END);
	spool_count(s, &c);
	assert_int_equal(c.unread_bytes, 0);
	spool_reader_close(&look);
	spool_reader_close(&r);
	spool_close(&s);
}

/* ---- who may open it ---- */

static void
a_second_process_is_refused(void **state)
{
	(void)state;
	struct spool *s = spool_start(0, 0, NULL);
	pid_t child = fork();
	if (child == 0) {
		struct spool_report report;
		struct error err = {{0}};
		const struct spool_options options = {.folder = spool_folder()};
		bool opened = spool_open(&options, &report, &err) != NULL;
		_exit(opened || !strstr(err.text, "in use by another process"));
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	spool_close(&s);
	s = spool_start(0, 0, NULL);
	spool_close(&s);
}

static void
a_folder_that_cannot_be_made_is_named(void **state)
{
	(void)state;
	struct spool_report report;
	struct error err = {{0}};
	const char *folder = spool_path("missing/spool");
	assert_null(spool_open(&(struct spool_options){.folder = folder}, &report, &err));
	assert_non_null(strstr(err.text, folder));
}

/* ---- two threads ---- */

enum { THREAD_RECORDS = 20000 };

struct feeder {
	struct spool *spool;
	uint64_t records, damaged;
	bool in_order;
};

static void *
feed(void *context)
{
	struct feeder *f = context;
	struct error err = {{0}};
	struct spool_record record;
	struct spool_reader *r = spool_reader_open(f->spool, 0, &err);
	f->in_order = r != NULL;
	while (r && f->records < THREAD_RECORDS && f->in_order) {
		enum spool_result result = spool_reader_next(r, &record);
		uint64_t number;
		if (result == SPOOL_END) {
			spool_reader_wait(r, 600000);
		} else if (result == SPOOL_RECORD) {
			f->in_order = slice_to_u64(record.frame, &number) && number == f->records;
			f->records++;
			if (f->records % 100 == 0)
				spool_trim(f->spool, record.next, &err);
		} else {
			f->in_order = false;
		}
	}
	spool_reader_close(&r);
	return NULL;
}

static void
one_thread_writes_while_another_reads_and_trims(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct spool_count count;
	struct feeder f = {.spool = spool_start(20000, 0, NULL)};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, feed, &f), 0);
	struct buf frame = {0};
	uint64_t random = 7;
	for (uint64_t number = 0; number < THREAD_RECORDS;) {
		for (size_t n = 1 + random_below(&random, 60); n-- && number < THREAD_RECORDS;) {
			buf_clear(&frame);
			buf_add_u64(&frame, number++);
			spool_add(f.spool, 1, S("mx"), buf_slice(&frame));
		}
		assert_true(spool_sync(f.spool, &err));
		spool_count(f.spool, &count);
	}
	pthread_join(thread, NULL);
	assert_true(f.in_order);
	assert_int_equal(f.records, THREAD_RECORDS);
	spool_count(f.spool, &count);
	assert_int_equal(count.unread_bytes, 0);
	assert_true(spool_count_files(".spool", NULL) < 5);
	buf_fini(&frame);
	spool_close(&f.spool);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, spool_setup, spool_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_was_synced_is_read_byte_for_byte),
		CASE(nothing_is_read_before_it_is_synced),
		CASE(what_was_not_synced_is_gone_after_a_restart),
		CASE(reading_may_begin_at_every_record_of_every_segment),
		CASE(a_batch_lies_in_one_segment_however_large_it_is),
		CASE(positions_grow_over_restarts_and_stay_good),
		CASE(restarts_without_records_leave_no_files),
		CASE(a_position_the_spool_never_had_is_refused),
		CASE(two_spools_have_two_identities),
		CASE(trim_deletes_whole_segments_and_keeps_the_newest),
		CASE(a_full_spool_says_so_until_it_is_trimmed),
		CASE(what_is_not_yet_written_counts_for_the_cap),
		CASE(the_counts_say_what_is_there_and_what_is_unread),
		CASE(one_that_looks_changes_no_count_and_passes_over_what_is_trimmed),
		CASE(a_second_process_is_refused),
		CASE(a_folder_that_cannot_be_made_is_named),
		CASE(one_thread_writes_while_another_reads_and_trims),
	};
	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
