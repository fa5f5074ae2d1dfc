/* The writing process dies, the disk is full, the kernel cannot sync. */
#define _GNU_SOURCE /* unshare */
#include "spool_fixture.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The linker puts these in place of the calls of src/spool (--wrap). */
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_ftruncate64(int fd, off_t length);
int __wrap_ftruncate64(int fd, off_t length);

static int failing_syncs, failing_cuts; /* the next so many calls fail */

int
__wrap_fdatasync(int fd)
{
	if (failing_syncs == 0)
		return __real_fdatasync(fd);
	failing_syncs--;
	errno = EIO;
	return -1;
}

int
__wrap_ftruncate64(int fd, off_t length)
{
	if (failing_cuts == 0)
		return __real_ftruncate64(fd, length);
	failing_cuts--;
	errno = EIO;
	return -1;
}

/* ---- kill -9 ---- */

/* Adds and syncs for ever, and tells the number of the newest synced record. */
static void
write_for_ever(uint64_t number, uint64_t random, int report_fd)
{
	struct spool_report report;
	struct error err = {{0}};
	const struct spool_options options = {.folder = spool_folder(), .segment_bytes = 8000};
	struct spool *s = spool_open(&options, &report, &err);
	while (s) {
		for (size_t n = 1 + random_below(&random, 100); n--;)
			spool_add_number(s, number++);
		uint64_t newest = number - 1;
		if (!spool_sync(s, &err) || write(report_fd, &newest, 8) != 8)
			break;
	}
	_exit(1);
}

/* The newest number that a child killed after `reports` reports had synced for sure. */
static uint64_t
run_and_kill(uint64_t number, uint64_t random, size_t reports)
{
	int pipe_fds[2];
	uint64_t newest = 0, word;
	assert_int_equal(pipe(pipe_fds), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(pipe_fds[0]);
		write_for_ever(number, random, pipe_fds[1]);
	}
	close(pipe_fds[1]);
	while (reports-- && read(pipe_fds[0], &word, 8) == 8)
		newest = word;
	for (volatile size_t i = random_below(&random, 2000000); i; i--) {
	} /* so that it dies anywhere between two reports */
	kill(child, SIGKILL);
	while (read(pipe_fds[0], &word, 8) == 8)
		newest = word;
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(pipe_fds[0]);
	return newest;
}

static void
what_was_synced_survives_kill_9_in_order_and_once(void **state)
{
	(void)state;
	uint64_t random = 3, next = 1, position = 0;
	for (int round = 0; round < 40; round++) {
		uint64_t newest =
			run_and_kill(next, random_next(&random), 1 + random_below(&random, 12));
		assert_true(newest >= next);
		struct spool *s = spool_start(0, 0, NULL);
		struct spool_seen seen = spool_see(s, 0);
		assert_int_equal(seen.first, 1);
		assert_int_equal(seen.gaps + seen.damaged, 0);
		assert_true(seen.last >= newest);
		struct spool_seen of_round = spool_see(s, position);
		assert_int_equal(of_round.first, next);
		assert_int_equal(of_round.records, seen.last - next + 1);
		next = seen.last + 1;
		position = seen.next;
		spool_close(&s);
	}
}

/* ---- no room ---- */

/* Adds batches until one cannot be synced; the number of the last record that was. */
static uint64_t
fill_up(struct spool *s, uint64_t number, struct error *err)
{
	uint64_t synced = number - 1;
	for (;;) {
		for (int i = 0; i < 37; i++)
			spool_add_number(s, number++);
		if (!spool_sync(s, err))
			return synced;
		synced = number - 1;
		assert_true(synced < 100000);
	}
}

static void
check_ends_at(struct spool *s, uint64_t last)
{
	struct spool_seen seen = spool_see(s, 0);
	assert_int_equal(seen.records, last);
	assert_int_equal(seen.last, last);
	assert_int_equal(seen.damaged, 0);
}

/* A write that would make a file longer than this ends in the middle, as on a full disk. */
static void
limit_files(uint64_t bytes)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
a_write_that_stops_in_the_middle_leaves_only_synced_records(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct stat st;
	limit_files(50000);
	struct spool *s = spool_start(0, 0, NULL);
	uint64_t last = fill_up(s, 1, &err);
	assert_non_null(strstr(err.text, "cannot write the spool segment"));
	assert_non_null(strstr(err.text, "37 records are not kept"));
	assert_int_equal(stat(spool_segment_path(0), &st), 0);
	assert_int_equal(st.st_size, SEGMENT_HEAD_BYTES + spool_see(s, 0).next);
	check_ends_at(s, last);
	assert_int_equal(fill_up(s, last + 1, &err), last);

	limit_files(RLIM_INFINITY);
	spool_put(s, last + 1, last + 50, 7);
	check_ends_at(s, last + 50);
	spool_close(&s);
	struct spool_report report;
	s = spool_start(0, 0, &report);
	assert_int_equal(report.cut_bytes, 0);
	check_ends_at(s, last + 50);
	spool_close(&s);
}

static void
a_segment_that_got_no_records_is_passed_over(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct spool *s = spool_start(0, 0, NULL);
	spool_put(s, 1, 10, 10);
	spool_close(&s);
	s = spool_start(0, 0, NULL);
	limit_files(SEGMENT_HEAD_BYTES + 10);
	spool_add_number(s, 11);
	assert_false(spool_sync(s, &err));
	limit_files(RLIM_INFINITY);
	assert_int_equal(spool_count_files(".spool", NULL), 2);
	for (uint64_t last = 10; last < 13; last++) {
		check_ends_at(s, last);
		spool_close(&s);
		s = spool_start(0, 0, NULL);
		check_ends_at(s, last);
		spool_put(s, last + 1, last + 1, 1);
	}
	spool_close(&s);
}

static bool
mount_small_disk(void)
{
	return mkdir(spool_folder(), 0700) == 0 && unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("spool", spool_folder(), "tmpfs", 0, "size=300k") == 0;
}

static void
a_full_disk_costs_only_what_was_not_acknowledged(void **state)
{
	(void)state;
	struct error err = {{0}};
	if (!mount_small_disk()) {
		print_message("no small disk to fill: %s\n", strerror(errno));
		skip();
	}
	struct spool *s = spool_start(40000, 0, NULL);
	uint64_t last = fill_up(s, 1, &err);
	assert_non_null(strstr(err.text, strerror(ENOSPC)));
	check_ends_at(s, last);
	assert_int_equal(fill_up(s, last + 1, &err), last);
	spool_close(&s);

	struct spool_report report;
	s = spool_start(40000, 0, &report); /* still full, and opens for the reader */
	assert_int_equal(report.cut_bytes, 0);
	check_ends_at(s, last);
	struct spool_seen all = spool_see(s, 0);
	assert_true(spool_trim(s, all.next, &err));
	spool_put(s, last + 1, last + 100, 10);
	struct spool_seen seen = spool_see(s, all.next);
	assert_int_equal(seen.first, last + 1);
	assert_int_equal(seen.records, 100);
	spool_close(&s);
	spool_empty_folder();
	assert_int_equal(umount2(spool_folder(), MNT_DETACH), 0);
}

/* ---- no sync ---- */

static void
what_could_not_be_synced_is_neither_read_nor_written_again(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct spool_count count;
	struct stat st;
	struct spool *s = spool_start(0, 0, NULL);
	spool_put(s, 1, 10, 10);
	for (uint64_t number = 11; number <= 20; number++)
		spool_add_number(s, number);
	failing_syncs = 1;
	assert_false(spool_sync(s, &err));
	assert_non_null(strstr(err.text, "cannot sync the spool segment"));
	assert_true(spool_sync(s, &err));
	check_ends_at(s, 10);
	assert_int_equal(stat(spool_segment_path(0), &st), 0);
	assert_int_equal(st.st_size, SEGMENT_HEAD_BYTES + spool_see(s, 0).next);
	spool_count(s, &count);
	assert_int_equal(count.failed, 1);
	spool_put(s, 11, 12, 1);
	check_ends_at(s, 12);
	spool_close(&s);
}

static void
a_segment_that_can_be_neither_synced_nor_cut_is_left(void **state)
{
	(void)state;
	struct error err = {{0}};
	struct spool *s = spool_start(0, 0, NULL);
	spool_put(s, 1, 10, 10);
	uint64_t end = spool_see(s, 0).next;
	spool_add_number(s, 99);
	failing_syncs = 1;
	failing_cuts = 1;
	assert_false(spool_sync(s, &err));
	spool_put(s, 11, 12, 1);
	assert_int_equal(spool_count_files(".spool", NULL), 2);
	for (int i = 0; i < 2; i++) {
		check_ends_at(s, 12);
		struct spool_seen seen = spool_see(s, end);
		assert_int_equal(seen.records, 2);
		assert_true(seen.first_position > end + spool_number_bytes(99));
		spool_close(&s);
		s = spool_start(0, 0, NULL);
	}
	spool_close(&s);
}

static void
a_tail_that_cannot_be_kept_is_left_where_it_is(void **state)
{
	(void)state;
	struct buf content = {0}, after = {0};
	struct spool_report report;
	struct spool *s = spool_start(0, 0, NULL);
	spool_put(s, 1, 10, 10);
	spool_close(&s);
	spool_read_file(spool_segment_path(0), &content);
	content.p[content.n - 1] ^= 1;
	spool_write_file(spool_segment_path(0), buf_slice(&content));
	limit_files(0);
	s = spool_start(0, 0, &report);
	limit_files(RLIM_INFINITY);
	assert_non_null(strstr(report.cut.text, "there is no room"));
	assert_int_equal(spool_count_files(".cut-", NULL), 0);
	spool_put(s, 10, 12, 1);
	check_ends_at(s, 12);
	spool_read_file(spool_segment_path(0), &after);
	assert_true(slice_equal(buf_slice(&after), buf_slice(&content)));
	spool_close(&s);
	s = spool_start(0, 0, NULL);
	check_ends_at(s, 12);
	spool_close(&s);
	buf_fini(&after);
	buf_fini(&content);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, spool_setup, spool_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_was_synced_survives_kill_9_in_order_and_once),
		CASE(a_write_that_stops_in_the_middle_leaves_only_synced_records),
		CASE(a_segment_that_got_no_records_is_passed_over),
		CASE(a_full_disk_costs_only_what_was_not_acknowledged),
		CASE(what_could_not_be_synced_is_neither_read_nor_written_again),
		CASE(a_segment_that_can_be_neither_synced_nor_cut_is_left),
		CASE(a_tail_that_cannot_be_kept_is_left_where_it_is),
	};
	return cmocka_run_group_tests_name("spool_crash", tests, NULL, NULL);
}
