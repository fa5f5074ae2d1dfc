/*
 * The correlator must not care how the logs of several hosts are interleaved, nor where one run
 * ends and the next begins: the same mails come out. The folder of the project comes as the first
 * argument.
 */
#include <stdio.h>
#include <stdlib.h>

#include "trace_fixture.h"

/* A mailbox line that has a run to itself, without a line of the server, cannot be told from one of
 * a mailbox server elsewhere. */
#define SHORTEST_RUN 1000

static const char *root = ".";

struct sample {
	const char *paths[4];
};

static const struct sample full_stamps = {
	{"data/sample/incoming.log.xz", "data/sample/outgoing.log.xz", "data/sample/dns.log.xz"}};
static const struct sample whole_seconds = {
	{"tests/data/three/incoming-3164.log.xz", "tests/data/three/outgoing-3164.log.xz", NULL}};

/* Everything as text; `cuts` (n_cuts of them, ascending) end one run of the correlator each. The
 * number of lines is left out then: of a session that a cut goes through, some belong to no mail.
 */
static void
tell(const struct log *log, uint64_t how, const size_t *cuts, size_t n_cuts, bool evidence,
	struct buf *out)
{
	struct store store = {0};
	const struct line **order = log_order(log, how);
	size_t from = 0;
	for (size_t i = 0; i < n_cuts; from = cuts[i++])
		store_run(&store, order + from, cuts[i] - from);
	store_run(&store, order + from, log->n - from);
	store_dump(&store, out, evidence);
	store_fini(&store);
	free(order);
}

/* Both up to the first difference, with what stands before it. */
static void
show_difference(struct slice expected, struct slice actual)
{
	size_t at = 0, line = 0;
	for (; at < expected.n && at < actual.n && expected.p[at] == actual.p[at]; at++)
		if (expected.p[at] == '\n' && at + 5 < expected.n &&
			slice_starts(slice_skip(expected, at + 1), S("mail ")))
			line = at + 1;
	print_error("expected:\n%.*s\ngot:\n%.*s\n",
		SLICE_ARG(slice_head(slice_skip(expected, line), at - line + 300)),
		SLICE_ARG(slice_head(slice_skip(actual, line), at - line + 300)));
}

static void
assert_told(const struct buf *expected, struct buf *actual, const char *what, uint64_t which)
{
	bool same = slice_equal(buf_slice(expected), buf_slice(actual));
	if (!same) {
		print_error("%s %llu\n", what, (unsigned long long)which);
		show_difference(buf_slice(expected), buf_slice(actual));
	}
	assert_true(same);
	buf_clear(actual);
}

static void
check_orders(const struct sample *sample, uint64_t seeds)
{
	struct log log = {0};
	struct buf expected = {0}, actual = {0};
	log_add_files(&log, root, sample->paths);
	tell(&log, 3, NULL, 0, true, &expected);
	for (uint64_t how = 1; how < seeds; how++) {
		tell(&log, how, NULL, 0, true, &actual);
		assert_told(&expected, &actual, "order", how);
	}
	buf_fini(&expected);
	buf_fini(&actual);
	log_fini(&log);
}

/* The first place at or after `from` where a run may end; the end of the log when there is none. */
static size_t
next_cut(const bool *may, size_t n, size_t from)
{
	while (from < n && !may[from])
		from++;
	return from < n ? from : n;
}

static void
check_cuts(const struct sample *sample, uint64_t seeds)
{
	struct log log = {0};
	struct buf expected = {0}, actual = {0};
	log_add_files(&log, root, sample->paths);
	tell(&log, 3, NULL, 0, false, &expected);
	for (uint64_t seed = 1; seed <= seeds; seed++) {
		uint64_t state = seed * 0x9e3779b97f4a7c15u, how = 1 + seed % 6;
		const struct line **order = log_order(&log, how);
		bool *may = log_cuts(order, log.n);
		size_t cuts[2] = {next_cut(may, log.n, random_below(&state, log.n)), 0};
		cuts[1] =
			next_cut(may, log.n, cuts[0] + SHORTEST_RUN + random_below(&state, log.n));
		tell(&log, how, cuts, 2, false, &actual);
		assert_told(&expected, &actual, "cuts of seed", seed);
		free(may);
		free(order);
	}
	buf_fini(&expected);
	buf_fini(&actual);
	log_fini(&log);
}

static void
any_order_of_hosts_tells_the_same(void **state)
{
	(void)state;
	check_orders(&full_stamps, 12);
	check_orders(&whole_seconds, 8);
}

static void
runs_that_follow_each_other_tell_the_same(void **state)
{
	(void)state;
	check_cuts(&full_stamps, 40);
}

static void
runs_cut_within_a_second_tell_the_same(void **state)
{
	(void)state;
	check_cuts(&whole_seconds, 20);
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		root = argv[1];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_of_hosts_tells_the_same),
		cmocka_unit_test(runs_that_follow_each_other_tell_the_same),
		cmocka_unit_test(runs_cut_within_a_second_tell_the_same),
	};
	return cmocka_run_group_tests_name("trace_shuffle", tests, NULL, NULL);
}
