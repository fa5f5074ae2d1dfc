/*
 * What the tests of the writer share: databases made in no time, imports of lines, and everything
 * that is stored as text, so that two databases can be compared.
 *
 * A dump has a row of a table on each line. Numbers that depend on the order of import (of hosts
 * and terms) are replaced by what they stand for. The first letter says what it is:
 *	H hop, L a raw line of a hop, K one that does not name it (of its session), D delivery, T
 *its TLS, R refusal, X its raw line, S statistics, O own domain, N host.
 */
#ifndef ELSE_TESTS_IMPORT_FIXTURE_H
#define ELSE_TESTS_IMPORT_FIXTURE_H

#include "trace_fixture.h"

#include "store/writer.h"

/* A cluster with a database that has the schema; for the whole test program. */
void import_begin(void);
void import_end(void);

/* Kills the server with SIGKILL, as the kernel does when memory runs out. */
void import_kill_server(void);

/* Starts it again; it recovers. */
void import_start_server(void);

/* A new database with the schema; returns its conninfo, valid until the next call. The one before
 * is dropped. */
const char *import_database(void);

/* Empties the database: quicker than a new one. */
void import_empty(const char *conninfo);

/* Runs statements in the database. Fails the test. */
void import_sql(const char *conninfo, const char *sql);

/* The first value of an answer; valid until the next call. Fails the test. */
const char *import_ask(const char *conninfo, const char *sql);

struct import_how {
	unsigned batch_rows, care_mails, connections; /* of writer_options */
	void (*after)(void *context, size_t lines);   /* called after each line */
	void *context;
	int64_t apart_us; /* lines so far apart are of different logs: a new correlator; 0: all of
			     one */
};

/* One import of these lines, from opening the writer to its commit. `how` may be NULL. */
bool import_try(const char *conninfo, const struct line *const *lines, size_t n,
	const struct import_how *how, struct writer_counts *counts, struct error *err);

/* The same, when nothing may fail. */
struct writer_counts import_lines(const char *conninfo, const struct line *const *lines, size_t n);

/* Everything stored, sorted. Fails the test when the statistics are not what the rows say, when an
 * address of a mail is missing in table addr, or when a stored value cannot be read. */
void import_dump(const char *conninfo, struct buf *out);

/* Fails when the dumps differ, and prints the first rows that only one of them has. */
void import_assert_same(
	const struct buf *expected, const struct buf *actual, const char *what, uint64_t which);

/* How many rows only one of the dumps has, of the kinds (first letters) named; `print`s the first
 * of them. */
size_t import_differences(
	const struct buf *expected, const struct buf *actual, const char *kinds, unsigned print);

/* What the correlator itself says: the lines of each hop, and of each refusal, as in a dump (L, K
 * and X). */
void import_expect_lines(const struct line *const *lines, size_t n, struct buf *out);

#endif
