/*
 * The rows do not depend on how the lines came: all logs at once, host after host, in pieces,
 * twice. The folder of the project comes as the first argument.
 */
#include <stdio.h>
#include <stdlib.h>

#include "import_fixture.h"

#include "base/memory.h"

static const char *root = ".";
static struct log sample;	/* hosts one after the other */
static const struct line **all; /* by time */
static struct buf expected, actual;
static const char *db;

static void
load_log(struct log *log, const char *const *paths)
{
	for (size_t i = 0; paths[i]; i++) {
		struct buf path = {0};
		buf_addf(&path, "%s/%s", root, paths[i]);
		log_add_file(log, buf_str(&path));
		buf_fini(&path);
	}
}

static int
make_expected(void **state)
{
	(void)state;
	static const char *const paths[] = {"data/sample/incoming.log.xz",
		"data/sample/outgoing.log.xz", "data/sample/dns.log.xz", NULL};
	import_begin();
	load_log(&sample, paths);
	all = log_order(&sample, 3);
	db = import_database();
	import_lines(db, all, sample.n);
	import_dump(db, &expected);
	return 0;
}

static int
forget(void **state)
{
	(void)state;
	import_end();
	free(all);
	log_fini(&sample);
	buf_fini(&expected);
	buf_fini(&actual);
	return 0;
}

static void
check(const char *what, uint64_t which)
{
	import_dump(db, &actual);
	import_assert_same(&expected, &actual, what, which);
}

static void
all_lines_of_the_correlator_are_stored(void **state)
{
	(void)state;
	struct buf lines = {0};
	import_expect_lines(all, sample.n, &lines);
	assert_true(lines.n > 1000000);
	assert_int_equal(import_differences(&lines, &expected, "LKX", 10), 0);
	buf_fini(&lines);
}

static void
twice_is_once(void **state)
{
	(void)state;
	db = import_database();
	import_lines(db, all, sample.n);
	struct writer_counts again = import_lines(db, all, sample.n);
	check("twice", 2);
	assert_int_equal(again.mails + again.changed + again.rejects + again.deliveries, 0);
	assert_true(again.known > 900);
}

static void
interleaving_does_not_matter(void **state)
{
	(void)state;
	for (uint64_t how = 1; how <= 4;
		how++) { /* 1, 2: hosts one after the other, as if in one file */
		const struct line **order = log_order(&sample, how);
		db = import_database();
		import_lines(db, order, sample.n);
		free(order);
		check("order", how);
	}
}

/* Lines of the host that line `of` is of. */
static size_t
of_host(const struct line *of, const struct line **lines)
{
	size_t n = 0;
	for (size_t i = 0; i < sample.n; i++)
		if (slice_equal(all[i]->host, of->host))
			lines[n++] = all[i];
	return n;
}

static void
hosts_one_after_the_other(void **state)
{
	(void)state;
	static const int orders[6][3] = {
		{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	const struct line *first[3] = {&sample.lines[0]};
	const struct line **part = memory_new(sample.n * sizeof(*part));
	size_t hosts = 1;
	for (size_t i = 1; i < sample.n && hosts < 3; i++)
		if (!slice_equal(sample.lines[i].host, first[hosts - 1]->host))
			first[hosts++] = &sample.lines[i];
	assert_int_equal(hosts, 3);
	for (uint64_t o = 0; o < 6; o++) {
		db = import_database();
		for (int i = 0; i < 3; i++)
			import_lines(db, part, of_host(first[orders[o][i]], part));
		check("hosts in order", o);
	}
	free(part);
}

static size_t
next_cut(const bool *may, size_t from)
{
	while (from < sample.n && !may[from])
		from++;
	return from;
}

static int
compare_sizes(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	return x < y ? -1 : x > y;
}

#define CUTS 3

/* CUTS places; the last is the end. */
static void
choose_cuts(const bool *may, uint64_t seed, size_t *cuts)
{
	uint64_t state = seed * 0x9e3779b97f4a7c15u;
	for (int i = 0; i < CUTS; i++) {
		size_t at = random_below(&state, sample.n);
		cuts[i] = may ? next_cut(may, at) : at;
	}
	qsort(cuts, CUTS, sizeof(*cuts), compare_sizes);
	cuts[CUTS] = sample.n;
}

/* Imports pieces, `order` 0: as they follow each other, 1: from the last one, 2: the odd ones
 * first. */
static void
import_pieces(const struct line *const *lines, const size_t *cuts, int order)
{
	for (int k = 0; k <= CUTS; k++) {
		int i = order == 0 ? k : order == 1 ? CUTS - k : (2 * k + 1) % (CUTS + 2);
		size_t from = i ? cuts[i - 1] : 0;
		if (cuts[i] > from)
			import_lines(db, lines + from, cuts[i] - from);
	}
}

static void
cut_between_sessions(void **state)
{
	(void)state;
	bool *may = log_cuts(all, sample.n);
	for (uint64_t seed = 1; seed <= 6; seed++) {
		size_t cuts[CUTS + 1];
		choose_cuts(may, seed, cuts);
		db = import_database();
		import_pieces(all, cuts, (int)(seed % 2));
		check("cut between sessions, seed", seed);
	}
	free(may);
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		root = argv[1];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_lines_of_the_correlator_are_stored),
		cmocka_unit_test(twice_is_once),
		cmocka_unit_test(interleaving_does_not_matter),
		cmocka_unit_test(hosts_one_after_the_other),
		cmocka_unit_test(cut_between_sessions),
	};
	return cmocka_run_group_tests_name("store_writer", tests, make_expected, forget);
}
