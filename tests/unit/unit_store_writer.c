/*
 * The rows do not depend on how the lines came: all logs at once, host after host, in pieces,
 * twice. The folder of the project comes as the first argument.
 */
#include <stdio.h>
#include <stdlib.h>

#include "import_fixture.h"

#include "base/memory.h"
#include "parse/parse.h"

static const char *root = ".";
static struct log sample;	/* hosts one after the other */
static const struct line **all; /* by time */
static struct buf expected, actual;
static const char *db;

static int
make_expected(void **state)
{
	(void)state;
	static const char *const paths[] = {"data/sample/incoming.log.xz",
		"data/sample/outgoing.log.xz", "data/sample/dns.log.xz", NULL};
	import_begin();
	log_add_files(&sample, root, paths);
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

/* `kinds`: letters of rows, see import_fixture.h. */
static void
check_kinds(const char *kinds, const char *what, uint64_t which)
{
	import_dump(db, &actual);
	size_t differences = import_differences(&expected, &actual, kinds, 10);
	if (differences)
		fail_msg("%s %llu: %zu rows differ", what, (unsigned long long)which, differences);
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
	import_empty(db);
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
		import_empty(db);
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
		import_empty(db);
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

#define CUTS 5

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
		import_empty(db);
		import_pieces(all, cuts, (int)(seed % 2));
		check_kinds("HLDTRXSON", "cut between sessions, seed",
			seed); /* but for the TLS of a transport */
	}
	free(may);
}

/* ---- cuts anywhere ---- */

static bool
same_session(const struct event *a, const struct event *b)
{
	return a->pid == b->pid && slice_equal(a->host, b->host) &&
	       slice_equal(a->instance, b->instance);
}

/* Line i begins a session: the line after its end; `*touchy` when what the client was refused, or
 * that it left, is told by lines that name no mail. */
static size_t
session_end(const struct event *events, size_t n, size_t i, bool *touchy)
{
	size_t k = i + 1;
	*touchy = false;
	for (; k < n; k++) {
		const struct event *e = &events[k];
		if (e->type == EVENT_NONE || !same_session(e, &events[i]))
			continue;
		*touchy |= e->type == EVENT_LOST || e->type == EVENT_AUTH_FAILED ||
			   (e->type == EVENT_REFUSED && e->qid.n == 0);
		if (e->type == EVENT_DISCONNECT)
			break;
	}
	return k;
}

/* Where a cut loses nothing but what a session knows of its client's TLS, and the lines that tell
 * it: not within a session with refusals or a lost connection. There one part of the session shows
 * as a refusal what the whole of it shows as a part of a mail, or not at all. */
static bool *
untouchy_places(const struct line *const *lines, size_t n)
{
	struct event *events = memory_zero(n + 1, sizeof(*events));
	bool *may = memory_new((n + 1) * sizeof(*may));
	for (size_t i = 0; i < n; i++)
		if (parse_line(lines[i], &events[i]) != PARSE_OK)
			events[i].type = EVENT_NONE;
	for (size_t i = 0; i <= n; i++)
		may[i] = true;
	for (size_t i = 0; i < n; i++) {
		bool touchy;
		if (events[i].type != EVENT_CONNECT)
			continue;
		size_t end = session_end(events, n, i, &touchy);
		for (size_t k = i; touchy && k < end; k++)
			may[k + 1] = false;
	}
	free(events);
	return may;
}

static void
cut_anywhere(void **state)
{
	(void)state;
	bool *may = untouchy_places(all, sample.n);
	for (uint64_t seed = 11; seed <= 16; seed++) {
		size_t cuts[CUTS + 1];
		choose_cuts(may, seed, cuts);
		import_empty(db);
		import_pieces(all, cuts, (int)(seed % 3));
		check_kinds("HLDRXSON", "cut anywhere, seed", seed);
		import_lines(db, all, sample.n);
		check("cut anywhere and made whole, seed", seed);
	}
	free(may);
}

struct piece {
	const struct line **lines;
	size_t n;
};

/* Each host's log is cut at places of its own, and the pieces come in any order. */
static void
every_host_cut_elsewhere(void **state)
{
	(void)state;
	const struct line **part = memory_new(sample.n * sizeof(*part));
	for (uint64_t seed = 21; seed <= 24; seed++) {
		struct piece pieces[8];
		uint64_t random = seed * 0x9e3779b97f4a7c15u;
		size_t n = 0;
		for (size_t from = 0, end; from < sample.n; from = end) {
			for (end = from; end < sample.n && slice_equal(sample.lines[end].host,
								   sample.lines[from].host);)
				end++;
			size_t lines = of_host(&sample.lines[from], part),
			       at = random_below(&random, lines);
			bool *may = untouchy_places(part, lines);
			while (at < lines && !may[at])
				at++;
			for (int i = 0; i < 2; i++, n++) {
				pieces[n].n = i ? lines - at : at;
				pieces[n].lines = memory_new((pieces[n].n + 1) * sizeof(*part));
				memcpy(pieces[n].lines, part + (i ? at : 0),
					pieces[n].n * sizeof(*part));
			}
			free(may);
		}
		import_empty(db);
		for (size_t left = n; left > 0; left--) {
			size_t i = random_below(&random, left);
			if (pieces[i].n)
				import_lines(db, pieces[i].lines, pieces[i].n);
			free(pieces[i].lines);
			pieces[i] = pieces[left - 1];
		}
		check_kinds("HLDRXSON", "every host cut elsewhere, seed", seed);
	}
	free(part);
}

/* As mail.log.1 and mail.log share lines. */
static void
pieces_that_overlap(void **state)
{
	(void)state;
	bool *may = untouchy_places(all, sample.n);
	for (uint64_t seed = 31; seed <= 34; seed++) {
		size_t cuts[CUTS + 1];
		choose_cuts(may, seed, cuts);
		import_empty(db);
		if (seed % 2)
			import_lines(db, all, cuts[2]);
		import_lines(db, all + cuts[0], sample.n - cuts[0]);
		if (seed % 2 == 0)
			import_lines(db, all, cuts[2]);
		check_kinds("HLDRXSON", "overlapping pieces, seed", seed);
	}
	free(may);
}

/* What came first may be too little to make a good one of. */
static void
better_dictionary_follows(void **state)
{
	(void)state;
	static const char samples_of_mails[] = "SELECT max(samples) FROM zdict WHERE kind = 1";
	size_t cut = sample.n / 10;
	import_empty(db);
	import_lines(db, all, cut);
	long first = strtol(import_ask(db, samples_of_mails), NULL, 10);
	import_lines(db, all + cut, sample.n - cut);
	long second = strtol(import_ask(db, samples_of_mails), NULL, 10);
	if (first < 100 || second < 4 * first)
		fail_msg("made of %ld mails, then of %ld", first, second);
	import_dump(db, &actual); /* reads what both have packed */
	assert_string_equal("t", import_ask(db, "SELECT count(DISTINCT get_byte(lines, 0)) = 2 "
						"FROM hop WHERE lines <> ''"));
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
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(every_host_cut_elsewhere),
		cmocka_unit_test(pieces_that_overlap),
		cmocka_unit_test(better_dictionary_follows),
	};
	return cmocka_run_group_tests_name("store_writer", tests, make_expected, forget);
}
