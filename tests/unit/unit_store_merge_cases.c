/* Cases in which the pieces of a mail are hard to tell: written as logs, imported in every order of
 * their pieces. */
#include <stdio.h>
#include <stdlib.h>

#include "import_fixture.h"

#include "base/memory.h"
#include "base/time.h"
#include "store/weeks.h"

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

#define MOST_PIECES 4

/* A log in pieces; each is one text. */
struct pieces {
	struct log log[MOST_PIECES];
	int n;
};

static void
cut_log(struct pieces *p, const char *const *texts)
{
	*p = (struct pieces){0};
	for (; texts[p->n]; p->n++) {
		assert_true(p->n < MOST_PIECES);
		log_add(&p->log[p->n], slice_of_str(texts[p->n]));
		assert_true(p->log[p->n].n > 0);
	}
}

static void
free_pieces(struct pieces *p)
{
	for (int i = 0; i < p->n; i++)
		log_fini(&p->log[i]);
}

static int
compare_times(const void *a, const void *b)
{
	const struct line *x = *(const struct line *const *)a, *y = *(const struct line *const *)b;
	if (x->t_us != y->t_us)
		return x->t_us < y->t_us ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Pieces whose bits are set, as one log by time. */
static void
import_set(const struct pieces *p, unsigned set)
{
	const struct line **lines = NULL;
	size_t n = 0, cap = 0;
	for (int i = 0; i < p->n; i++)
		for (size_t k = 0; k < p->log[i].n && (set >> i & 1); k++) {
			MEMORY_ROOM(&lines, n, &cap);
			lines[n++] = &p->log[i].lines[k];
		}
	assert_true(n > 0);
	qsort(lines, n, sizeof(*lines), compare_times);
	import_lines(db, lines, n);
	free(lines);
}

/* Imports by digits, from the right: each a set of pieces in hexadecimal. */
static void
import_sets(const struct pieces *p, uint64_t sets)
{
	import_empty(db);
	for (; sets; sets >>= 4)
		import_set(p, sets & 15);
	import_dump(db, &actual);
}

static void
expect(const struct pieces *p)
{
	import_empty(db);
	import_set(p, (1u << p->n) - 1);
	import_dump(db, &expected);
}

static void
check_sets(const struct pieces *p, uint64_t sets)
{
	import_sets(p, sets);
	import_assert_same(&expected, &actual, "sets of pieces", sets);
}

/* In every order, each piece alone. */
static void
check_orders(const struct pieces *p, uint64_t order, unsigned used)
{
	bool any = false;
	for (int i = 0; i < p->n; i++) {
		if (used >> i & 1)
			continue;
		any = true;
		check_orders(p, order << 4 | 1u << i, used | 1u << i);
	}
	if (!any)
		check_sets(p, order);
}

#define T0 "2026-11-22T10:00:0"
#define MX "+00:00 mx1.example.org postfix/"
#define ST "+00:00 store1.example.org postfix/"

/* ---- sessions ---- */

static const char *const refused_then_taken[] = {T0
	"0.100000" MX "smtpd[11]: connect from m.sender.example[192.0.2.10]\n" T0 "0.200000" MX
	"smtpd[11]: NOQUEUE: reject: RCPT from m.sender.example[192.0.2.10]: 550 5.1.1 "
	"<no@example.org>: Recipient address rejected: User unknown in local recipient table; "
	"from=<a@sender.example> "
	"to=<no@example.org> proto=ESMTP helo=<m.sender.example>\n",
	T0 "0.300000" MX "smtpd[11]: 4A000001: client=m.sender.example[192.0.2.10]\n" T0
	   "0.400000" MX "cleanup[12]: 4A000001: message-id=<1@sender.example>\n" T0 "0.500000" MX
	   "qmgr[13]: 4A000001: from=<a@sender.example>, size=1234, nrcpt=1 (queue active)\n" T0
	   "0.600000" MX "local[14]: 4A000001: to=<b@example.org>, relay=local, delay=0.3, "
	   "delays=0.3/0/0/0, dsn=2.0.0, "
	   "status=sent (delivered to mailbox)\n" T0 "0.700000" MX
	   "qmgr[13]: 4A000001: removed\n" T0 "0.800000" MX
	   "smtpd[11]: disconnect from m.sender.example[192.0.2.10] ehlo=1 mail=1 rcpt=1/2 data=1 "
	   "quit=1\n",
	NULL};

static void
refusal_before_a_cut_becomes_part_of_its_mail(void **state)
{
	(void)state;
	struct pieces p;
	cut_log(&p, refused_then_taken);
	expect(&p);
	assert_string_equal(import_ask(db, "SELECT count(*) FROM reject"), "0");
	check_sets(&p, 0x31);  /* the first piece, then all */
	check_sets(&p, 0x312); /* the second piece, the first, all */
	check_sets(&p, 0x321);
	free_pieces(&p);
}

static void
refusal_of_a_stored_mail_is_not_stored_again(void **state)
{
	(void)state;
	struct pieces p;
	cut_log(&p, refused_then_taken);
	expect(&p);
	check_sets(&p, 0x13);
	check_sets(&p, 0x113);
	check_sets(&p, 0x1213);
	free_pieces(&p);
}

/* ---- mails without a Message-ID ---- */

static const char *const nameless[] = {T0
	"1.100000" MX "smtpd[11]: connect from m.sender.example[192.0.2.10]\n" T0 "1.200000" MX
	"smtpd[11]: 4A000001: client=m.sender.example[192.0.2.10]\n" T0 "1.300000" MX
	"cleanup[12]: 4A000001: message-id=<>\n" T0 "1.400000" MX
	"qmgr[13]: 4A000001: from=<a@sender.example>, size=1234, nrcpt=1 (queue active)\n" T0
	"1.900000" MX
	"smtp[14]: 4A000001: to=<b@example.org>, relay=store1.example.org[10.0.0.2]:25, delay=0.7, "
	"delays=0.2/0/0/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 5B000001)\n" T0
	"1.950000" MX "qmgr[13]: 4A000001: removed\n",
	T0 "1.500000" ST "smtpd[21]: connect from mx1.example.org[10.0.0.1]\n" T0 "1.600000" ST
	   "smtpd[21]: 5B000001: client=mx1.example.org[10.0.0.1]\n" T0 "1.700000" ST
	   "cleanup[22]: 5B000001: message-id=<>\n" T0 "1.800000" ST
	   "qmgr[23]: 5B000001: from=<a@sender.example>, size=1300, nrcpt=1 (queue active)\n" T0
	   "2.100000" ST "lmtp[24]: 5B000001: to=<b@example.org>, "
	   "relay=store1.example.org[private/dovecot-lmtp], delay=0.5, "
	   "delays=0.2/0/0/0.3, dsn=2.0.0, status=sent (250 2.0.0 <b@example.org> "
	   "SESSxxxxxxxxxxxxxxx1 Saved)\n" T0 "2.200000" ST "qmgr[23]: 5B000001: removed\n",
	T0 "2.050000+00:00 store1.example.org dovecot: "
	   "lmtp(b@example.org)<31><SESSxxxxxxxxxxxxxxx1>: msgid=unspecified: "
	   "saved mail to INBOX\n",
	NULL};

static void
nameless_mail_is_joined_over_hosts_and_runs(void **state)
{
	(void)state;
	struct pieces p;
	cut_log(&p, nameless);
	expect(&p);
	assert_string_equal(import_ask(db, "SELECT count(*) FROM delivery"), "1");
	assert_string_equal(import_ask(db, "SELECT count(DISTINCT branch) FROM hop"), "1");
	check_orders(&p, 0, 0);
	free_pieces(&p);
}

/* ---- a mail over days ---- */

static const char *const deferred[] = {
	"2026-11-16T10:00:00.100000" MX "smtpd[11]: connect from m.sender.example[192.0.2.10]\n"
	"2026-11-16T10:00:00.200000" MX "smtpd[11]: 4A000001: client=m.sender.example[192.0.2.10]\n"
	"2026-11-16T10:00:00.300000" MX "cleanup[12]: 4A000001: message-id=<1@sender.example>\n"
	"2026-11-16T10:00:00.400000" MX
	"qmgr[13]: 4A000001: from=<a@sender.example>, size=1234, nrcpt=1 (queue active)\n"
	"2026-11-16T10:00:10.000000" MX
	"smtp[14]: 4A000001: to=<b@example.org>, relay=none, delay=10, delays=0/0/10/0, "
	"dsn=4.4.1, status=deferred (connect to store1.example.org[10.0.0.2]:25: Connection timed "
	"out)\n",
	"2026-11-18T10:00:00.000000" MX
	"qmgr[13]: 4A000001: from=<a@sender.example>, size=1234, nrcpt=1 (queue active)\n"
	"2026-11-18T10:00:10.000000" MX
	"smtp[14]: 4A000001: to=<b@example.org>, relay=none, delay=172810, delays=0/0/10/0, "
	"dsn=4.4.1, status=deferred (connect to store1.example.org[10.0.0.2]:25: Connection timed "
	"out)\n",
	"2026-11-20T10:00:00.000000" MX
	"qmgr[13]: 4A000001: from=<a@sender.example>, size=1234, nrcpt=1 (queue active)\n"
	"2026-11-20T10:00:02.000000" MX
	"smtp[14]: 4A000001: to=<b@example.org>, relay=store1.example.org[10.0.0.2]:25, "
	"delay=345602, delays=0/0/1/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 5B000001)\n"
	"2026-11-20T10:00:02.100000" MX "qmgr[13]: 4A000001: removed\n",
	"2026-11-20T10:00:01.000000" ST "smtpd[21]: connect from mx1.example.org[10.0.0.1]\n"
	"2026-11-20T10:00:01.100000" ST "smtpd[21]: 5B000001: client=mx1.example.org[10.0.0.1]\n"
	"2026-11-20T10:00:01.200000" ST "cleanup[22]: 5B000001: message-id=<1@sender.example>\n"
	"2026-11-20T10:00:01.900000" ST
	"qmgr[23]: 5B000001: from=<a@sender.example>, size=1300, nrcpt=1 (queue active)\n"
	"2026-11-20T10:00:02.300000" ST
	"local[24]: 5B000001: to=<b@example.org>, relay=local, delay=1, delays=1/0/0/0, "
	"dsn=2.0.0, status=sent (delivered to mailbox)\n"
	"2026-11-20T10:00:02.400000" ST "qmgr[23]: 5B000001: removed\n",
	NULL};

static void
deferred_mail_is_completed_from_any_piece(void **state)
{
	(void)state;
	struct pieces p;
	cut_log(&p, deferred);
	expect(&p);
	assert_string_equal(
		import_ask(db, "SELECT count(*) || ' ' || max(tries) FROM delivery"), "1 1");
	check_orders(&p, 0, 0);
	check_sets(&p, 0x3c);
	check_sets(&p, 0xc3);
	check_sets(&p, 0x5a5f);
	free_pieces(&p);
}

static unsigned
close_weeks(void)
{
	struct error err;
	unsigned closed = 0;
	if (!weeks_close(db, NULL, &closed, &err))
		fail_msg("%s", err.text);
	return closed;
}

static void
closed_weeks_take_rows_as_ever(void **state)
{
	(void)state;
	static const char *const two_weeks_later[] = {
		"2026-12-04T10:00:00.300000" MX
		"cleanup[12]: 4A000009: message-id=<later@sender.example>\n",
		NULL};
	struct pieces p, later;
	cut_log(&p, deferred);
	cut_log(&later, two_weeks_later);
	import_empty(db);
	import_set(&p, 15);
	import_set(&later, 1);
	import_dump(db, &expected);
	import_empty(db);
	import_set(&p, 5);
	import_set(&later, 1);
	assert_int_equal(close_weeks(), 1);
	assert_int_equal(close_weeks(), 0);
	import_set(&p, 10);
	import_dump(db, &actual);
	import_assert_same(&expected, &actual, "closed weeks", 0);
	assert_string_equal(
		import_ask(db,
			"SELECT count(*) FROM pg_indexes WHERE indexname = 'addr_20261116_trgm'"),
		"1");
	free_pieces(&p);
	free_pieces(&later);
}

/* ---- the same Message-ID again ---- */

static void
add_mail(struct buf *b, int64_t second, const char *qid, const char *msgid, const char *rcpt)
{
	int64_t t_us = (1795341600 + second) * TIME_SECOND_US;
	const char *lines[] = {"smtpd[11]: connect from m.sender.example[192.0.2.10]",
		"smtpd[11]: %s: client=m.sender.example[192.0.2.10]",
		"cleanup[12]: %s: message-id=%s",
		"qmgr[13]: %s: from=<a@sender.example>, size=1234, nrcpt=1 (queue active)",
		("local[14]: %s: to=<%s>, relay=local, delay=0.3, delays=0.3/0/0/0, dsn=2.0.0, "
		 "status=sent (delivered to mailbox)"),
		"qmgr[13]: %s: removed"};
	for (int i = 0; i < 6; i++) {
		time_add_iso_ms(b, t_us + i * 10000);
		b->n--; /* Z */
		buf_add_str(b, MX);
		const char *c = lines[i];
		for (int n = 0; *c; c++) {
			if (*c != '%')
				buf_add_char(b, *c);
			else
				buf_add_str(b, n++ == 0 ? qid : i == 2 ? msgid : rcpt);
			c += *c == '%';
		}
		buf_add_char(b, '\n');
	}
}

static void
message_id_that_comes_back_is_another_arrival(void **state)
{
	(void)state;
	struct buf text[3] = {{0}};
	const char *texts[4] = {0};
	struct pieces p;
	static const int64_t at[] = {0, 7200, 12 * 86400};
	for (int i = 0; i < 3; i++) {
		char qid[16];
		snprintf(qid, sizeof(qid), "4A00000%d", i + 1);
		add_mail(&text[i], at[i], qid, "<same@sender.example>", "b@example.org");
		texts[i] = buf_str(&text[i]);
	}
	cut_log(&p, texts);
	expect(&p);
	assert_string_equal(import_ask(db, "SELECT count(DISTINCT branch) || ' ' || count(DISTINCT "
					   "mail_id) FROM delivery"),
		"3 1");
	check_orders(&p, 0, 0);
	check_sets(&p, 0x7);
	check_sets(&p, 0x777);
	free_pieces(&p);
	for (int i = 0; i < 3; i++)
		buf_fini(&text[i]);
}

#define FLOOD 4000

static void
flood_of_one_message_id_is_stored_once(void **state)
{
	(void)state;
	struct buf text = {0};
	struct pieces p;
	for (int i = 0; i < FLOOD; i++) {
		char qid[16];
		snprintf(qid, sizeof(qid), "4A%06X", (unsigned)i);
		add_mail(&text, i / 20, qid, "<flood@sender.example>", "b@example.org");
	}
	const char *texts[] = {buf_str(&text), NULL};
	cut_log(&p, texts);
	expect(&p);
	assert_string_equal(
		import_ask(db, "SELECT count(*) || ' ' || sum(flags & 1) FROM delivery"),
		"4000 4000");
	check_sets(&p, 0x11);
	/* A mail that was handed to one of the flood is not joined with it, and stored once as
	 * well. */
	static const char *const handed_on[] = {T0
		"0.100000+00:00 mx0.example.org postfix/smtpd[11]: 7A000001: "
		"client=m.sender.example[192.0.2.10]\n" T0
		"0.200000+00:00 mx0.example.org postfix/cleanup[12]: 7A000001: message-id=<>\n" T0
		"0.300000+00:00 mx0.example.org postfix/smtp[13]: 7A000001: to=<b@example.org>, "
		"relay=mx1.example.org[10.0.0.2]:25, delay=0.7, delays=0/0/0/0, dsn=2.0.0, "
		"status=sent (250 2.0.0 Ok: queued "
		"as 4A000010)\n" T0
		"0.400000+00:00 mx0.example.org postfix/qmgr[14]: 7A000001: removed\n",
		NULL};
	struct pieces other;
	cut_log(&other, handed_on);
	import_set(&other, 1);
	import_dump(db, &expected);
	assert_string_equal(import_ask(db, "SELECT count(*) FROM delivery"), "4001");
	import_set(&other, 1);
	import_set(&p, 1);
	import_dump(db, &actual);
	import_assert_same(&expected, &actual, "beside a flood", 0);
	free_pieces(&other);
	free_pieces(&p);
	buf_fini(&text);
}

/* ---- many recipients ---- */

static void
mail_to_thousands_is_stored_once(void **state)
{
	(void)state;
	struct buf first = {0}, rest = {0};
	struct pieces p;
	buf_add_str(&first, refused_then_taken[1]);
	ptrdiff_t cut = slice_find(buf_slice(&first), S(T0 "0.600000"));
	first.n = (size_t)cut;
	for (int i = 0; i < 3000; i++)
		buf_addf(i < 1500 ? &first : &rest,
			T0 "1.%06d" MX "local[14]: 4A000001: to=<u%d@example.org>, relay=local, "
			   "delay=1, delays=1/0/0/0, dsn=2.0.0, "
			   "status=sent (delivered to mailbox)\n",
			i, i);
	buf_add_str(&rest, T0 "2.000000" MX "qmgr[13]: 4A000001: removed\n");
	const char *texts[] = {buf_str(&first), buf_str(&rest), NULL};
	cut_log(&p, texts);
	expect(&p);
	assert_string_equal(import_ask(db, "SELECT count(*) || ' ' || min(nrcpt) || ' ' || "
					   "sum(flags & 1) FROM delivery"),
		"3000 3000 1");
	check_orders(&p, 0, 0);
	check_sets(&p, 0x33);
	free_pieces(&p);
	buf_fini(&first);
	buf_fini(&rest);
}

/* ---- names and times that are none ---- */

static void
names_that_are_no_text_are_repaired(void **state)
{
	(void)state;
	static const char *const texts[] = {T0
		"0.300000" MX "smtpd[11]: 4A000001: client=\xfe.example[192.0.2.10]\n" T0
		"0.400000" MX "cleanup[12]: 4A000001: message-id=<\x80@sender.example>\n" T0
		"0.500000" MX "qmgr[13]: 4A000001: from=<\xff@sender.example>, size=1, nrcpt=1 "
		"(queue active)\n" T0 "0.600000" MX
		"local[14]: 4A000001: to=<b@\xc3\x28.example>, relay=local, delay=0.3, "
		"delays=0.3/0/0/0, "
		"dsn=2.0.0, status=sent (delivered to \xff)\n" T0 "0.650000" MX
		"smtpd[15]: NOQUEUE: reject: RCPT from x\xff[192.0.2.11]: 550 5.1.1 "
		"<no\xff@example.org>: "
		"User unknown\x02; from=<\xff@sender.example> to=<no\xff@example.org> proto=ESMTP "
		"helo=<\xff>\n",
		T0 "0.700000" MX "qmgr[13]: 4A000001: removed\n", NULL};
	struct pieces p;
	cut_log(&p, texts);
	for (int i = 0; i < p.n; i++)
		for (size_t k = 0; k < p.log[i].n; k++)
			p.log[i].lines[k].host = S("m\xff\x01\0x\xc3");
	expect(&p);
	assert_string_equal(import_ask(db, "SELECT name FROM host"),
		"m\xef\xbf\xbd\x01\xef\xbf\xbdx\xef\xbf\xbd");
	assert_string_equal(import_ask(db, "SELECT count(*) FROM delivery"), "1");
	assert_string_equal(import_ask(db, "SELECT count(*) FROM reject"), "1");
	check_orders(&p, 0, 0);
	check_sets(&p, 0x333);
	free_pieces(&p);
}

static void
flood_of_hosts_does_no_harm(void **state)
{
	(void)state;
	struct pieces p;
	cut_log(&p, refused_then_taken);
	for (int i = 0; i < p.n; i++)
		for (size_t k = 0; k < p.log[i].n; k++)
			p.log[i].lines[k].host = S("one-more");
	import_empty(db);
	import_sql(db, "INSERT INTO host (name, settled) SELECT 'h' || i, true FROM "
		       "generate_series(1, 30000) i");
	import_set(&p, 3);
	assert_string_equal(
		import_ask(db, "SELECT name FROM host h WHERE id IN (SELECT host FROM hop)"),
		"(other hosts)");
	import_dump(db, &expected);
	import_set(&p, 3);
	import_set(&p, 1);
	import_dump(db, &actual);
	import_assert_same(&expected, &actual, "flood of hosts", 0);
	free_pieces(&p);
}

static void
wild_times_do_no_harm(void **state)
{
	(void)state;
	static const char *const years[] = {"1970-01-01", "1999-12-28", "2000-01-02", "2000-01-05",
		"2099-12-27", "2099-12-29", "2100-01-02", "2262-04-12", "9999-12-31"};
	struct buf text = {0};
	struct pieces p;
	for (size_t i = 0; i < sizeof(years) / sizeof(years[0]); i++)
		buf_addf(&text,
			"%sT10:00:00.3" MX
			"smtpd[11]: 4A%06zu: client=m.sender.example[192.0.2.10]\n"
			"%sT10:00:00.4" MX "cleanup[12]: 4A%06zu: message-id=<%zu@sender.example>\n"
			"%sT10:00:00.6" MX "local[14]: 4A%06zu: to=<b@example.org>, relay=local, "
			"delay=0.3, delays=0.3/0/0/0, "
			"dsn=2.0.0, status=sent (delivered to mailbox)\n"
			"%sT10:00:00.7" MX "qmgr[13]: 4A%06zu: removed\n"
			"%sT10:00:00.9" MX "smtpd[15]: NOQUEUE: reject: RCPT from x[192.0.2.11]: "
			"550 5.1.1 <no@example.org>: "
			"User unknown; from=<a@sender.example> to=<no@example.org> proto=ESMTP "
			"helo=<x>\n",
			years[i], i, years[i], i, i, years[i], i, years[i], i, years[i]);
	const char *texts[] = {buf_str(&text), NULL};
	cut_log(&p, texts);
	expect(&p);
	assert_string_equal(import_ask(db, "SELECT count(*) FROM delivery"), "9");
	check_sets(&p, 0x11);
	free_pieces(&p);
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusal_before_a_cut_becomes_part_of_its_mail),
		cmocka_unit_test(refusal_of_a_stored_mail_is_not_stored_again),
		cmocka_unit_test(nameless_mail_is_joined_over_hosts_and_runs),
		cmocka_unit_test(deferred_mail_is_completed_from_any_piece),
		cmocka_unit_test(closed_weeks_take_rows_as_ever),
		cmocka_unit_test(message_id_that_comes_back_is_another_arrival),
		cmocka_unit_test(flood_of_one_message_id_is_stored_once),
		cmocka_unit_test(mail_to_thousands_is_stored_once),
		cmocka_unit_test(names_that_are_no_text_are_repaired),
		cmocka_unit_test(flood_of_hosts_does_no_harm),
		cmocka_unit_test(wild_times_do_no_harm),
	};
	return cmocka_run_group_tests_name("store_merge_cases", tests, start, stop);
}
