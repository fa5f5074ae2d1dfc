/*
 * Every log of tests/golden/trace, and cases of our own, imported whole and in pieces: the rows are
 * the same. The folder of the project comes as the first argument.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "import_fixture.h"

#include "base/memory.h"
#include "base/time.h"

static const char *root = ".";
static const char *db;
static struct buf expected, actual;

#define APART_US (20 * TIME_DAY_US) /* more than two lives of a mail */

static void
import_some(const struct line *const *lines, size_t n)
{
	static const struct import_how how = {.connections = 1, .apart_us = APART_US / 2};
	struct error err;
	if (n && !import_try(db, lines, n, &how, NULL, &err))
		fail_msg("%s", err.text);
}

/* What must not differ: see the letters in import_fixture.h. */
static void
check(const char *what, uint64_t which)
{
	import_dump(db, &actual);
	import_assert_same(&expected, &actual, what, which);
}

/* ---- golden logs ---- */

/* All of them, each in days of its own, so that they have nothing to do with each other. */
static struct golden {
	struct log log;
	const struct line **lines; /* as they stand */
	bool *may_cut;
	bool whole; /* "#! no cuts": a run does not know what the one before saw */
} * golden;
static size_t n_golden, n_lines;

static bool
is_whole(const char *path)
{
	char head[1000];
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	size_t n = fread(head, 1, sizeof(head), file);
	fclose(file);
	return slice_contains(slice_of(head, n), S("#! no cuts"));
}

static void
load(struct golden *g, const char *path, size_t number)
{
	log_add_file(&g->log, path);
	for (size_t i = 0; i < g->log.n; i++)
		g->log.lines[i].t_us -= (int64_t)number * APART_US;
	g->lines = log_order(&g->log, 0);
	g->may_cut = log_cuts(g->lines, g->log.n);
	g->whole = is_whole(path);
	n_lines += g->log.n;
}

static void
load_golden(void)
{
	struct buf pattern = {0};
	glob_t found;
	buf_addf(&pattern, "%s/tests/golden/trace/*.log", root);
	assert_int_equal(glob(buf_str(&pattern), 0, NULL, &found), 0);
	n_golden = found.gl_pathc;
	assert_true(n_golden > 40);
	golden = memory_zero(n_golden, sizeof(*golden));
	for (size_t i = 0; i < n_golden; i++)
		load(&golden[i], found.gl_pathv[i], i);
	globfree(&found);
	buf_fini(&pattern);
}

static void
free_golden(void)
{
	for (size_t i = 0; i < n_golden; i++) {
		log_fini(&golden[i].log);
		free(golden[i].lines);
		free(golden[i].may_cut);
	}
	free(golden);
}

/* A part of every log, in one import. */
typedef size_t golden_part(const struct golden *g, int which, const struct line **out);

static size_t
everything(const struct golden *g, int which, const struct line **out)
{
	(void)which;
	for (size_t i = 0; i < g->log.n; i++)
		out[i] = g->lines[i];
	return g->log.n;
}

/* The first line of the host that this line is of. */
static size_t
first_of_host(const struct golden *g, size_t i)
{
	size_t k = 0;
	while (!slice_equal_nocase(g->lines[k]->host, g->lines[i]->host))
		k++;
	return k;
}

/* The lines of the host that comes up as number `which` (from 0). */
static size_t
one_host(const struct golden *g, int which, const struct line **out)
{
	size_t n = 0;
	for (size_t i = 0; i < g->log.n; i++) {
		int number = 0;
		size_t first = first_of_host(g, i);
		for (size_t k = 0; k < first; k++)
			number += first_of_host(g, k) == k;
		if (number == which)
			out[n++] = g->lines[i];
	}
	return n;
}

/* Before (0, 2, 4) or after (1, 3, 5) a place where a run may end, in the first, second or third
 * quarter. */
static size_t
piece(const struct golden *g, int which, const struct line **out)
{
	size_t cut = g->log.n * (size_t)(which / 2 + 1) / 4, n = 0;
	while (cut < g->log.n && !g->may_cut[cut])
		cut++;
	if (g->whole)
		cut = g->log.n;
	for (size_t i = which % 2 ? cut : 0; i < (which % 2 ? g->log.n : cut); i++)
		out[n++] = g->lines[i];
	return n;
}

static void
import_part(golden_part *part, int which)
{
	const struct line **lines = memory_new(n_lines * sizeof(*lines));
	size_t n = 0;
	for (size_t i = 0; i < n_golden; i++)
		n += part(&golden[i], which, lines + n);
	import_some(lines, n);
	free(lines);
}

#define MOST_HOSTS 6

static void
golden_logs_twice(void **state)
{
	(void)state;
	import_empty(db);
	import_part(everything, 0);
	import_dump(db, &expected);
	import_part(everything, 0);
	check("golden logs twice", 2);
}

static void
golden_logs_host_after_host(void **state)
{
	(void)state;
	import_empty(db);
	for (int i = 0; i < MOST_HOSTS; i++)
		import_part(one_host, i);
	check("golden logs, host after host", 0);
	import_empty(db);
	for (int i = MOST_HOSTS; i-- > 0;)
		import_part(one_host, i);
	check("golden logs, host after host", 1);
}

static void
golden_logs_in_pieces(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		import_empty(db);
		import_part(piece, i);
		import_part(piece, i ^ 1);
		check("golden logs, cut", (uint64_t)i);
	}
}

static int
start(void **state)
{
	(void)state;
	load_golden();
	import_begin();
	db = import_database();
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	import_end();
	free_golden();
	buf_fini(&expected);
	buf_fini(&actual);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		root = argv[1];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_logs_twice),
		cmocka_unit_test(golden_logs_host_after_host),
		cmocka_unit_test(golden_logs_in_pieces),
	};
	return cmocka_run_group_tests_name("store_merge", tests, start, stop);
}
