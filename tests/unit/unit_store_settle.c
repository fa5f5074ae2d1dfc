/*
 * Own domains and hosts may be learned late, when mails are stored already that look different in
 * this light. In the end the rows are those of an import that knew everything from the start. The
 * folder of the project comes as the first argument.
 */
#include <stdio.h>
#include <stdlib.h>

#include "import_fixture.h"

#include "base/memory.h"

static const char *root = ".";
static const char *db;
static struct buf expected, actual;

static int
start(void **state)
{
	(void)state;
	import_begin();
	db = import_database();
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	import_end();
	buf_fini(&expected);
	buf_fini(&actual);
	return 0;
}

/* What the last import has learned is known before the next one begins. */
static void
empty_but_for_what_was_learned(void)
{
	import_sql(db,
		"CREATE TABLE IF NOT EXISTS learned (name text, host bool); TRUNCATE learned; "
		"INSERT INTO learned SELECT name, false FROM own_domain UNION ALL SELECT name, "
		"true FROM host");
	import_empty(db);
	import_sql(db,
		"INSERT INTO own_domain (name) SELECT name FROM learned WHERE NOT host; "
		"INSERT INTO host (name, settled) SELECT name, true FROM learned WHERE host");
}

static void
expect_with_all_known(const struct line *const *lines, size_t n)
{
	import_empty(db);
	import_lines(db, lines, n);
	empty_but_for_what_was_learned();
	import_lines(db, lines, n);
	import_dump(db, &expected);
}

static void
check(const char *what, uint64_t which)
{
	import_dump(db, &actual);
	import_assert_same(&expected, &actual, what, which);
}

/* ---- the sample ---- */

static struct log sample;

static void
load_sample(void)
{
	static const char *const paths[] = {
		"data/sample/incoming.log.xz", "data/sample/outgoing.log.xz", NULL};
	log_add_files(&sample, root, paths);
}

/* The last part first: so the first mails are stored when domains are known, and the other way
 * round. */
static void
import_parts(const struct line *const *lines, size_t n, bool turned)
{
	bool *may = log_cuts(lines, n);
	size_t cuts[] = {0, n / 3, 2 * n / 3, n};
	for (int i = 1; i < 3; i++)
		while (cuts[i] < n && !may[cuts[i]])
			cuts[i]++;
	import_empty(db);
	for (int k = 0; k < 3; k++) {
		int i = turned ? 2 - k : k;
		import_lines(db, lines + cuts[i], cuts[i + 1] - cuts[i]);
	}
	free(may);
}

static void
sample_is_the_same_in_any_light(void **state)
{
	(void)state;
	const struct line **lines = log_order(&sample, 3);
	expect_with_all_known(lines, sample.n);
	assert_string_not_equal(import_ask(db, "SELECT count(*) FROM own_domain"), "0");
	import_empty(db);
	import_lines(db, lines, sample.n);
	check("nothing known", 0);
	import_parts(lines, sample.n, false);
	check("in parts", 0);
	import_parts(lines, sample.n, true);
	check("in parts, the last first", 0);
	free(lines);
}

static void
sample_is_the_same_with_small_batches(void **state)
{
	(void)state;
	const struct line **lines = log_order(&sample, 2);
	struct error err;
	import_empty(db);
	if (!import_try(db, lines, sample.n,
		    &(struct import_how){.batch_rows = 20, .care_mails = 7}, NULL, &err))
		fail_msg("%s", err.text);
	check("small batches", 0);
	free(lines);
}

/* With stored times far apart the mails of a domain are found another way. */
static void
sample_is_the_same_in_a_wide_time(void **state)
{
	(void)state;
	const struct line **lines = log_order(&sample, 3);
	import_empty(db);
	import_sql(db, "INSERT INTO host (name, settled, first_seen, last_seen) "
		       "VALUES ('old', true, '1970-01-02', '1970-01-03')");
	import_lines(db, lines, sample.n);
	import_dump(db, &actual);
	assert_int_equal(import_differences(&expected, &actual, "HDRSO", 10), 0);
	free(lines);
}

/* Only these may have to be made again. LMTP to a mailbox names the host itself. */
static void
a_mailbox_of_the_host_is_no_other_server(void **state)
{
	(void)state;
	assert_string_not_equal(
		import_ask(db, "SELECT count(*) FROM delivery WHERE flags & 16384 <> 0"), "0");
	assert_string_equal(
		import_ask(db, "SELECT count(*) FROM delivery d JOIN term r ON r.id = d.relay "
			       "JOIN host h ON h.id = d.host WHERE d.flags & 16384 <> 0 AND "
			       "(d.status <> 4 OR lower(r.txt) = lower(h.name))"),
		"0");
}

/* ---- relays ---- */

/* A server that logs under a bare name hands mails on; the others log, but not these mails. */
static void
add_relayed(struct log *log, const char *relay, int number)
{
	struct buf text = {0};
	buf_addf(&text,
		"2026-11-22T10:00:0%d.1+00:00 mx1 postfix/smtpd[11]: 4A00000%d: "
		"client=m.sender.example[192.0.2.10]\n"
		"2026-11-22T10:00:0%d.2+00:00 mx1 postfix/cleanup[12]: 4A00000%d: "
		"message-id=<%d@sender.example>\n"
		"2026-11-22T10:00:0%d.3+00:00 mx1 postfix/qmgr[13]: 4A00000%d: "
		"from=<a@sender.example>, size=1234, nrcpt=2 "
		"(queue active)\n"
		"2026-11-22T10:00:0%d.4+00:00 mx1 postfix/smtp[14]: 4A00000%d: to=<b@example.org>, "
		"relay=%s:25, delay=0.7, "
		"delays=0.2/0/0/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 5B00000%d)\n"
		"2026-11-22T10:00:0%d.4+00:00 mx1 postfix/smtp[15]: 4A00000%d: "
		"to=<c@elsewhere.example>, "
		"relay=mx.elsewhere.example[198.51.100.9]:25, delay=0.7, delays=0.2/0/0/0.5, "
		"dsn=2.0.0, status=sent (250 2.0.0 Ok)\n"
		"2026-11-22T10:00:0%d.5+00:00 mx1 postfix/qmgr[13]: 4A00000%d: removed\n",
		number, number, number, number, number, number, number, number, number, relay,
		number, number, number, number, number);
	log_add(log, buf_slice(&text));
	buf_fini(&text);
}

static void
add_other(struct log *log, const char *host)
{
	struct buf text = {0};
	buf_addf(&text,
		"2026-11-22T10:01:00.1+00:00 %s postfix/pickup[11]: 6A000001: uid=0 from=<root>\n"
		"2026-11-22T10:01:00.2+00:00 %s postfix/cleanup[12]: 6A000001: "
		"message-id=<%s@example.org>\n"
		"2026-11-22T10:01:00.3+00:00 %s postfix/qmgr[13]: 6A000001: "
		"from=<root@example.org>, size=1, nrcpt=1 (queue active)\n"
		"2026-11-22T10:01:00.4+00:00 %s postfix/local[14]: 6A000001: "
		"to=<root@example.org>, relay=local, delay=0.3, "
		"delays=0.3/0/0/0, dsn=2.0.0, status=sent (delivered to mailbox)\n"
		"2026-11-22T10:01:00.5+00:00 %s postfix/qmgr[13]: 6A000001: removed\n",
		host, host, host, host, host, host);
	log_add(log, buf_slice(&text));
	buf_fini(&text);
}

static const struct line **
pointers(const struct log *log)
{
	const struct line **lines = memory_new((log->n + 1) * sizeof(*lines));
	for (size_t i = 0; i < log->n; i++)
		lines[i] = &log->lines[i];
	return lines;
}

static void
mails_to_a_host_that_is_ours_are_relayed(void **state)
{
	(void)state;
	struct log relayed = {0}, others = {0}, both = {0};
	/* By its full name; by its first label in our domain; by its private address; and one of
	 * the world. */
	static const char *const relays[] = {"store1.example.org[10.0.0.2]",
		"STORE2.example.org[203.0.113.2]", "store3.lan.invalid[10.0.0.4]",
		"store3.elsewhere.example[198.51.100.4]"};
	for (int i = 0; i < 4; i++) {
		add_relayed(&relayed, relays[i], i + 1);
		add_relayed(&both, relays[i], i + 1);
	}
	static const char *const hosts[] = {"store1.example.org", "store2", "store3"};
	for (int i = 0; i < 3; i++) {
		add_other(&others, hosts[i]);
		add_other(&both, hosts[i]);
	}
	const struct line **first = pointers(&relayed), **second = pointers(&others),
			  **all = pointers(&both);
	expect_with_all_known(all, both.n);
	assert_string_equal(import_ask(db, "SELECT count(*) FROM delivery WHERE status = 5"), "3");
	import_empty(db);
	import_lines(db, all, both.n);
	check("all at once", 0);
	import_empty(db);
	import_lines(db, first, relayed.n);
	assert_string_equal(import_ask(db, "SELECT count(*) FROM delivery WHERE status = 5"), "0");
	import_lines(db, second, others.n);
	check("hosts learned late", 0);
	import_empty(db);
	import_lines(db, second, others.n);
	import_lines(db, first, relayed.n);
	check("hosts learned early", 0);
	free(first);
	free(second);
	free(all);
	log_fini(&relayed);
	log_fini(&others);
	log_fini(&both);
}

/* The run that learned of the hosts broke off before it had set right what was stored. */
static void
what_was_not_set_right_is_so_by_the_next_run(void **state)
{
	(void)state;
	struct log relayed = {0}, other = {0};
	add_relayed(&relayed, "store1.example.org[10.0.0.2]", 1);
	add_other(&other, "store1.example.org");
	const struct line **first = pointers(&relayed), **second = pointers(&other);
	struct error err;
	import_empty(db);
	import_lines(db, second, other.n);
	import_lines(db, first, relayed.n);
	import_dump(db, &expected);
	import_empty(db);
	import_lines(db, first, relayed.n);
	import_sql(db, "ALTER TABLE delivery ADD CONSTRAINT broken CHECK (status <> 5)");
	assert_false(import_try(db, second, other.n, NULL, NULL, &err));
	import_sql(db, "ALTER TABLE delivery DROP CONSTRAINT broken");
	assert_string_equal(import_ask(db, "SELECT count(*) FROM delivery WHERE status = 5"), "0");
	import_lines(db, second, other.n);
	check("broken off", 0);
	free(first);
	free(second);
	log_fini(&relayed);
	log_fini(&other);
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		root = argv[1];
	load_sample();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sample_is_the_same_in_any_light),
		cmocka_unit_test(sample_is_the_same_with_small_batches),
		cmocka_unit_test(sample_is_the_same_in_a_wide_time),
		cmocka_unit_test(a_mailbox_of_the_host_is_no_other_server),
		cmocka_unit_test(mails_to_a_host_that_is_ours_are_relayed),
		cmocka_unit_test(what_was_not_set_right_is_so_by_the_next_run),
	};
	int failed = cmocka_run_group_tests_name("store_settle", tests, start, stop);
	log_fini(&sample);
	return failed;
}
