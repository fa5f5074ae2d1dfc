/*
 * The correlator against tests/golden/trace: NAME.log holds the lines of one story, of one host or
 * several, and NAME.expect what an administrator would say of it. The folder tests/golden comes as
 * the first argument. With ELSE_GOLDEN_WRITE=1 in the environment the .expect files are written:
 * read the difference before you keep it.
 *
 * Every story is told in many orders (one host after the other, interleaved) and cut in two at
 * every line: it must come out the same. A comment in the log, "#! one order" or "#! no cuts", says
 * where that cannot be, and why. Other comments and empty lines are for the reader.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "golden.h"
#include "trace_fixture.h"

enum { ORDERS = 12, MAX_STORIES = 200 };

static const char *golden_dir = "tests/golden/trace";

/* In two runs when `cut` is less than the log has lines. */
static void
run(const struct log *log, uint64_t how, size_t cut, bool evidence, struct buf *out)
{
	struct store store = {0};
	const struct line **order = log_order(log, how);
	store_run(&store, order, cut);
	store_run(&store, order + cut, log->n - cut);
	store_dump(&store, out, evidence);
	store_fini(&store);
	free(order);
}

static void
assert_same(const char *name, const char *how, size_t n, struct buf *actual, struct buf *expected)
{
	bool same = slice_equal(buf_slice(actual), buf_slice(expected));
	if (!same)
		print_error("%s, %s %zu:\n%s\nexpected:\n%s\n", name, how, n, buf_str(actual),
			buf_str(expected));
	buf_clear(actual);
	if (!same)
		fail();
}

static void
write_expect(const char *name, const struct buf *text)
{
	FILE *file = golden_open(golden_dir, name, "expect", "w");
	assert_int_equal(fwrite(text->p, 1, text->n, file), text->n);
	fclose(file);
}

static void
check_orders(const char *name, const struct log *log, struct buf *expected)
{
	struct buf actual = {0};
	for (uint64_t how = 1; how < ORDERS; how++) {
		run(log, how, log->n, true, &actual);
		assert_same(name, "order", how, &actual, expected);
	}
	buf_fini(&actual);
}

/* Without the number of lines: of a session or a TLS handshake that the cut goes through, some
 * belong to no mail. */
static void
check_cuts(const char *name, const struct log *log)
{
	struct buf expected = {0}, actual = {0};
	const struct line **order = log_order(log, 0);
	bool *may = log_cuts(order, log->n);
	run(log, 0, log->n, false, &expected);
	for (size_t cut = 1; cut < log->n; cut++) {
		if (!may[cut])
			continue;
		run(log, 0, cut, false, &actual);
		assert_same(name, "cut after line", cut, &actual, &expected);
	}
	free(may);
	free(order);
	buf_fini(&expected);
	buf_fini(&actual);
}

static void
comes_out_as_expected(void **state)
{
	const char *name = *state;
	struct buf text = {0}, expected = {0}, actual = {0};
	struct log log = {0};
	golden_read(&text, golden_dir, name, "log");
	log_add(&log, buf_slice(&text));
	run(&log, 0, log.n, true, &actual);
	if (getenv("ELSE_GOLDEN_WRITE"))
		write_expect(name, &actual);
	golden_read(&expected, golden_dir, name, "expect");
	assert_same(name, "as it stands", 0, &actual, &expected);
	if (!slice_contains(buf_slice(&text), S("#! one order")))
		check_orders(name, &log, &expected);
	if (!slice_contains(buf_slice(&text), S("#! no cuts")))
		check_cuts(name, &log);
	log_fini(&log);
	buf_fini(&text);
	buf_fini(&expected);
	buf_fini(&actual);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t
find_stories(char **names)
{
	DIR *dir = opendir(golden_dir);
	size_t n = 0;
	for (struct dirent *entry; dir && n < MAX_STORIES && (entry = readdir(dir));) {
		struct slice name = slice_of_str(entry->d_name);
		if (slice_ends(name, S(".log")))
			names[n++] = slice_dup(slice_head(name, name.n - 4));
	}
	if (dir)
		closedir(dir);
	if (n)
		qsort(names, n, sizeof(*names), compare_names);
	return n;
}

int
main(int argc, char **argv)
{
	static char *names[MAX_STORIES];
	static struct CMUnitTest tests[MAX_STORIES];
	struct buf dir = {0};
	if (argc > 1)
		buf_addf(&dir, "%s/trace", argv[1]);
	if (argc > 1)
		golden_dir = buf_str(&dir);
	size_t n = 0;
	if (argc > 2)
		for (; n + 2 < (size_t)argc && n < MAX_STORIES; n++)
			names[n] = slice_dup(slice_of_str(argv[n + 2]));
	else
		n = find_stories(names);
	for (size_t i = 0; i < n; i++)
		tests[i] =
			(struct CMUnitTest){names[i], comes_out_as_expected, NULL, NULL, names[i]};
	int failed = n ? _cmocka_run_group_tests("trace_scenarios", tests, n, NULL, NULL) : 1;
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	buf_fini(&dir);
	return failed;
}
