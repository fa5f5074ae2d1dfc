/* Floods: whatever a log holds, the correlator keeps to its caps and loses nothing it was told of.
 */
#include <stdio.h>
#include <stdlib.h>

#include "trace_fixture.h"

#include "base/memory.h"
#include "base/time.h"
#include "parse/parse.h"

/* Counts, and frees at once. */
struct count {
	size_t mails, hops, most_hops, rejects, leaves, entries, lines;
	struct topology topology;
};

static void
count_mail(void *context, struct mail *mail)
{
	struct count *c = context;
	struct arena arena = {0};
	struct journey j;
	journey_build(&j, mail, &c->topology, &arena);
	c->mails++;
	c->hops += mail->n_hops;
	c->most_hops = mail->n_hops > c->most_hops ? mail->n_hops : c->most_hops;
	c->leaves += j.n_leaves;
	c->entries += j.n_entries;
	for (const struct hop *hop = mail->hops; hop; hop = hop->next)
		c->lines += hop->n_lines;
	arena_fini(&arena);
	mail_free(&mail);
}

static void
count_reject(void *context, struct reject *reject)
{
	struct count *c = context;
	c->rejects++;
	free(reject);
}

struct feeder {
	struct trace *trace;
	struct count count;
	struct buf text;
	int64_t t_us;
};

static void
begin(struct feeder *f, const struct trace_options *options)
{
	*f = (struct feeder){.t_us = 1795324800 * TIME_SECOND_US};
	f->trace = trace_new(options, &(struct trace_sink){&f->count, count_mail, count_reject});
}

static void
end(struct feeder *f)
{
	trace_free(&f->trace);
	topology_fini(&f->count.topology);
	buf_fini(&f->text);
}

/* Feeds what stands in `text`, a millisecond after the line before. */
static void
feed(struct feeder *f, struct slice host, struct slice program, uint32_t pid)
{
	struct event e;
	struct line line = {
		.host = host, .program = program, .pid = pid, .text = buf_slice(&f->text)};
	f->t_us += 1001;
	line.t_us = f->t_us;
	line.raw = line.text;
	assert_int_equal(parse_line(&line, &e), PARSE_OK);
	trace_feed(f->trace, &e, &line);
	buf_clear(&f->text);
}

/* A mail with this queue id and Message-ID, received and delivered. */
static void
feed_mail(struct feeder *f, struct slice host, unsigned qid, const char *msgid)
{
	buf_addf(&f->text, "4A%06X: client=mail.sender.example[192.0.2.10]", qid);
	feed(f, host, S("postfix/smtpd"), 101);
	buf_addf(&f->text, "4A%06X: message-id=%s", qid, msgid);
	feed(f, host, S("postfix/cleanup"), 102);
	buf_addf(&f->text, "4A%06X: from=<a@sender.example>, size=1, nrcpt=1 (queue active)", qid);
	feed(f, host, S("postfix/qmgr"), 103);
	buf_addf(&f->text,
		"4A%06X: to=<b@example.org>, relay=local, delay=1, delays=1/0/0/0, dsn=2.0.0, "
		"status=sent (delivered to mailbox)",
		qid);
	feed(f, host, S("postfix/local"), 104);
	buf_addf(&f->text, "4A%06X: removed", qid);
	feed(f, host, S("postfix/qmgr"), 103);
}

static void
one_message_id_a_hundred_thousand_times(void **state)
{
	(void)state;
	struct feeder f;
	begin(&f, &(struct trace_options){0});
	for (unsigned i = 0; i < 100000; i++)
		feed_mail(&f, S("mx1"), i, "<flood@sender.example>");
	trace_finish(f.trace);
	assert_int_equal(f.count.hops, 100000);
	assert_int_equal(f.count.entries, 100000);
	assert_int_equal(f.count.leaves, 100000);
	assert_int_equal(f.count.most_hops, MAIL_MAX_HOPS);
	end(&f);
}

static void
open_mails_give_way_when_memory_is_short(void **state)
{
	(void)state;
	struct feeder f;
	begin(&f, &(struct trace_options){.max_bytes = 1 << 20});
	for (unsigned i = 0; i < 10000; i++) {
		buf_addf(&f.text, "4A%06X: client=mail.sender.example[192.0.2.10]", i);
		feed(&f, S("mx1"), S("postfix/smtpd"), 101);
	}
	/* Each holds some four kilobytes. */
	assert_in_range(f.count.mails, 9500, 9900);
	trace_finish(f.trace);
	assert_int_equal(f.count.mails, 10000);
	assert_true(trace_counts(f.trace)->evicted >= 9500);
	end(&f);
}

static void
waiting_mailbox_lines_give_way_too(void **state)
{
	(void)state;
	struct feeder f;
	begin(&f, &(struct trace_options){.max_bytes = 1 << 20});
	for (unsigned i = 0; i < 10000; i++) {
		buf_addf(&f.text,
			"lmtp(b@example.org)<1><S%08u>: msgid=<%u@sender.example>: saved mail to "
			"INBOX",
			i, i);
		feed(&f, S("store1"), S("dovecot"), 0);
	}
	assert_in_range(f.count.mails, 5000, 9900);
	trace_finish(f.trace);
	assert_int_equal(f.count.mails, 10000);
	end(&f);
}

static void
mailbox_lines_of_one_message_id_are_capped(void **state)
{
	(void)state;
	struct feeder f;
	begin(&f, &(struct trace_options){0});
	for (unsigned i = 0; i < 20000; i++) {
		buf_addf(&f.text,
			"lmtp(b@example.org)<1><S%08u>: msgid=<one@sender.example>: saved mail to "
			"INBOX",
			i);
		feed(&f, S("store1"), S("dovecot"), 0);
	}
	trace_finish(f.trace);
	assert_int_equal(f.count.hops, 1000);
	end(&f);
}

static void
hosts_without_end_are_forgotten(void **state)
{
	(void)state;
	struct feeder f;
	begin(&f, &(struct trace_options){0});
	for (unsigned i = 0; i < 25000; i++) {
		struct buf host = {0};
		buf_addf(&host, "h%u.example.org", i);
		buf_addf(&f.text, "4A000001: client=mail.sender.example[192.0.2.10]");
		feed(&f, buf_slice(&host), S("postfix/smtpd"), 101);
		buf_fini(&host);
	}
	assert_int_equal(f.count.mails, 20000);
	trace_finish(f.trace);
	assert_int_equal(f.count.mails, 25000);
	end(&f);
}

static void
sessions_without_end_make_way_and_their_refusals_come_out(void **state)
{
	(void)state;
	struct feeder f;
	begin(&f, &(struct trace_options){.max_sessions = 100});
	for (uint32_t pid = 1; pid <= 5000; pid++) {
		buf_addf(&f.text, "connect from unknown[203.0.113.9]");
		feed(&f, S("mx1"), S("postfix/smtpd"), pid);
		buf_addf(&f.text, "NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 "
				  "<b@other.example>: Relay "
				  "access denied; from=<a@bad.example> to=<b@other.example> "
				  "proto=SMTP helo=<x>");
		feed(&f, S("mx1"), S("postfix/smtpd"), pid);
	}
	assert_int_equal(f.count.rejects, 4900);
	trace_finish(f.trace);
	assert_int_equal(f.count.rejects, 5000);
	end(&f);
}

static void
refusals_of_one_session_do_not_wait_without_end(void **state)
{
	(void)state;
	struct feeder f;
	begin(&f, &(struct trace_options){0});
	buf_addf(&f.text, "connect from unknown[203.0.113.9]");
	feed(&f, S("mx1"), S("postfix/smtpd"), 7);
	for (unsigned i = 0; i < 5000; i++) {
		buf_addf(&f.text,
			"NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 550 5.1.1 "
			"<u%u@example.org>: User "
			"unknown; from=<a@sender.example> to=<u%u@example.org> proto=SMTP helo=<x>",
			i, i);
		feed(&f, S("mx1"), S("postfix/smtpd"), 7);
	}
	assert_int_equal(f.count.rejects, 4000);
	feed_mail(&f, S("mx1"), 1, "<a@sender.example>");
	trace_finish(f.trace);
	assert_int_equal(f.count.rejects + f.count.leaves, 5001);
	end(&f);
}

/* A mail to very many goes through a filter: each recipient finds its way. */
static void
a_mail_to_fifty_thousand(void **state)
{
	(void)state;
	enum { RECIPIENTS = 50000 };
	struct feeder f;
	begin(&f, &(struct trace_options){0});
	for (int leg = 0; leg < 2; leg++) {
		const char *qid = leg ? "4B000001" : "4A000001",
			   *next = leg ? "9C000001" : "4B000001";
		buf_addf(&f.text, "%s: client=%s", qid,
			leg ? "localhost[127.0.0.1], orig_queue_id=4A000001"
			    : "mail.sender.example[192.0.2.10]");
		feed(&f, S("mx1"), S("postfix/smtpd"), 101);
		buf_addf(&f.text, "%s: message-id=<many@sender.example>", qid);
		feed(&f, S("mx1"), S("postfix/cleanup"), 102);
		for (unsigned i = 0; i < RECIPIENTS; i++) {
			buf_addf(&f.text,
				"%s: to=<u%u@world.example>, relay=127.0.0.1[127.0.0.1]:25, "
				"delay=1, "
				"delays=1/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as "
				"%s)",
				qid, i, next);
			feed(&f, S("mx1"), S("postfix/smtp"), 104);
		}
	}
	trace_finish(f.trace);
	assert_int_equal(f.count.mails, 1);
	assert_int_equal(f.count.entries, 1);
	assert_int_equal(f.count.leaves, RECIPIENTS);
	assert_int_equal(f.count.lines, 2 * RECIPIENTS + 4);
	end(&f);
}

/* A clock that leaps, a host that is years behind: the mails of the others are not handed over
 * early. */
static void
a_leaping_clock_does_no_harm(void **state)
{
	(void)state;
	struct feeder f;
	begin(&f, &(struct trace_options){0});
	buf_addf(&f.text, "4A000001: client=mail.sender.example[192.0.2.10]");
	feed(&f, S("mx1"), S("postfix/smtpd"), 101);
	int64_t now_us = f.t_us;
	for (int i = 0; i < 3; i++) {
		f.t_us = i % 2 ? now_us + 9 * 365 * TIME_DAY_US : now_us - 9 * 365 * TIME_DAY_US;
		buf_addf(&f.text, "connect from unknown[203.0.113.9]");
		feed(&f, S("old1"), S("postfix/smtpd"), 7);
	}
	f.t_us = now_us;
	buf_addf(&f.text, "4A000001: message-id=<a@sender.example>");
	feed(&f, S("mx1"), S("postfix/cleanup"), 102);
	trace_finish(f.trace);
	assert_int_equal(f.count.mails, 1);
	assert_int_equal(f.count.hops, 1);
	end(&f);
}

/* The mail number `i` of a host: a second after the one before, everywhere at the same time. */
static void
feed_ith_mail(struct feeder *f, struct slice host, unsigned i)
{
	char msgid[40];
	f->t_us = (1795324800 + (int64_t)i) * TIME_SECOND_US;
	snprintf(msgid, sizeof(msgid), "<%u@sender.example>", i);
	feed_mail(f, host, i, msgid);
}

/* Both were held up and send what they have; one is four times as fast. */
static void
a_mail_is_quiet_when_all_hosts_have_passed_it(void **state)
{
	(void)state;
	enum { MAILS = 2000 };
	struct feeder f;
	begin(&f, &(struct trace_options){0});
	for (unsigned slow = 0, fast = 0; slow < MAILS; slow++) {
		for (unsigned k = 0; k < 4 && fast < MAILS; k++)
			feed_ith_mail(&f, S("mx1"), fast++);
		feed_ith_mail(&f, S("mx2"), slow);
	}
	assert_in_range(f.count.mails, MAILS - 70, MAILS);
	trace_finish(f.trace);
	assert_int_equal(f.count.mails, MAILS);
	assert_int_equal(f.count.hops, 2 * MAILS);
	assert_int_equal(f.count.most_hops, 2);
	end(&f);
}

static void
who_says_nothing_more_is_not_waited_for(void **state)
{
	(void)state;
	struct feeder f;
	begin(&f, &(struct trace_options){0});
	feed_ith_mail(&f, S("mx2"), 0);
	for (unsigned i = 0; i < 9000; i++)
		feed_ith_mail(&f, S("mx1"), i);
	assert_in_range(f.count.mails, 0, 10);
	for (unsigned i = 9000; i < 11000; i++)
		feed_ith_mail(&f, S("mx1"), i);
	assert_in_range(f.count.mails, 10800, 11000);
	end(&f);
}

/* Five lines a mail; what came 2,000 mails ago comes again, and before that the host's first ones.
 */
static void
lines_that_come_again_thousands_of_lines_later_are_known(void **state)
{
	(void)state;
	struct feeder f;
	begin(&f, &(struct trace_options){0});
	int64_t begun_us = f.t_us;
	for (unsigned i = 0; i < 10; i++)
		feed_mail(&f, S("mx1"), i, "<m@sender.example>");
	int64_t reached_us = f.t_us;
	f.t_us = begun_us;
	for (unsigned i = 0; i < 10; i++)
		feed_mail(&f, S("mx1"), i, "<m@sender.example>");
	assert_int_equal(f.t_us, reached_us);
	assert_int_equal(trace_counts(f.trace)->repeats, 10 * 5);
	for (unsigned i = 10; i < 2010; i++)
		feed_mail(&f, S("mx1"), i, "<m@sender.example>");
	f.t_us = begun_us;
	for (unsigned i = 0; i < 1000; i++)
		feed_mail(&f, S("mx1"), i, "<m@sender.example>");
	assert_int_equal(trace_counts(f.trace)->repeats, (10 + 1000) * 5);
	trace_finish(f.trace);
	assert_int_equal(f.count.hops, 2010);
	end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_come_again_thousands_of_lines_later_are_known),
		cmocka_unit_test(one_message_id_a_hundred_thousand_times),
		cmocka_unit_test(open_mails_give_way_when_memory_is_short),
		cmocka_unit_test(waiting_mailbox_lines_give_way_too),
		cmocka_unit_test(mailbox_lines_of_one_message_id_are_capped),
		cmocka_unit_test(hosts_without_end_are_forgotten),
		cmocka_unit_test(sessions_without_end_make_way_and_their_refusals_come_out),
		cmocka_unit_test(refusals_of_one_session_do_not_wait_without_end),
		cmocka_unit_test(a_mail_to_fifty_thousand),
		cmocka_unit_test(a_leaping_clock_does_no_harm),
		cmocka_unit_test(a_mail_is_quiet_when_all_hosts_have_passed_it),
		cmocka_unit_test(who_says_nothing_more_is_not_waited_for),
	};
	return cmocka_run_group_tests_name("trace_limits", tests, NULL, NULL);
}
