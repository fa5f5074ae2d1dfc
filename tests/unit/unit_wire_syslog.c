#include "unit.h"

#include "wire/syslog.h"

#include <stdlib.h>

#define AT_US	  1795324899000000 /* 2026-11-22 05:21:39 UTC */
#define WITH(us)  (AT_US + (us))
#define REFERENCE (AT_US + TIME_DAY_US)

static struct syslog_clock clock_utc;

static enum syslog_result
read_text(struct slice raw, struct line *line)
{
	syslog_clock_init(&clock_utc, REFERENCE);
	return syslog_read(raw, &clock_utc, line);
}

struct header {
	const char *raw;
	int64_t t_us;
	const char *host, *program;
	uint32_t pid;
	const char *text;
};

static void
check(const struct header *want)
{
	struct line line;
	enum syslog_result result = read_text(slice_of_str(want->raw), &line);
	bool same = result == (want->t_us ? SYSLOG_OK : SYSLOG_NO_TIME) &&
		    line.t_us == want->t_us && slice_equal(line.host, slice_of_str(want->host)) &&
		    slice_equal(line.program, slice_of_str(want->program)) &&
		    line.pid == want->pid && slice_equal(line.text, slice_of_str(want->text));
	if (!same)
		fail_msg("%s\nwas read as t=%lld host=\"%.*s\" program=\"%.*s\" pid=%u "
			 "text=\"%.*s\"",
			want->raw, (long long)line.t_us, SLICE_ARG(line.host),
			SLICE_ARG(line.program), line.pid, SLICE_ARG(line.text));
	assert_ptr_equal(line.raw.p, want->raw);
}

#define CHECK_ALL(cases)                                                                           \
	for (size_t i = 0; i < sizeof(cases) / sizeof(*(cases)); i++)                              \
	check(&(cases)[i])

static void
rfc_5424_headers(void **state)
{
	(void)state;
	static const struct header cases[] = {
		{"<30>1 2026-11-22T05:21:39.087984+00:00 dns.corp.test rbldnsd 40 - -  listening "
		 "on 530",
			WITH(87984), "dns.corp.test", "rbldnsd", 40, "listening on 530"},
		{"<22>1 2026-11-22T05:21:39.5Z mx postfix/smtpd 12 - - ABC: client=x", WITH(500000),
			"mx", "postfix/smtpd", 12, "ABC: client=x"},
		{"<22>1 2026-11-22T06:21:39+01:00 mx postfix 640 - -  858D693B: to=<a@b>", AT_US,
			"mx", "postfix", 640, "858D693B: to=<a@b>"},
		{"<22>1 2026-11-21T23:51:39.000001-05:30 mx dovecot - - - lmtp(x): Connect",
			WITH(1), "mx", "dovecot", 0, "lmtp(x): Connect"},
		{"<22>1 2026-11-22T05:21:39Z mx postfix/qmgr 7 ID47 [a@1 k=\"v\"][b@2 "
		 "x=\"]\\\"\\\\\"] A: removed",
			AT_US, "mx", "postfix/qmgr", 7, "A: removed"},
		{"<22>1 2026-11-22T05:21:39Z mx app 7 - [a@1 k=\"v\"]", AT_US, "mx", "app", 7, ""},
		{"<22>1 2026-11-22T05:21:39Z mx app 7 - [broken text", AT_US, "mx", "app", 7,
			"[broken text"},
		{"<22>1 2026-11-22T05:21:39Z mx app 7 - - \xef\xbb\xbf"
		 "f\xc3\xbcr",
			AT_US, "mx", "app", 7, "f\xc3\xbcr"},
		{"<22>1 2026-11-22T05:21:39Z mx app abc - - text", AT_US, "mx", "app", 0, "text"},
		{"<22>1 2026-11-22T05:21:39Z mx app 99999999999 - - text", AT_US, "mx", "app", 0,
			"text"},
		{"<22>1 2026-11-22T05:21:39Z - - - - -", AT_US, "", "", 0, ""},
		{"<22>1 2026-11-22T05:21:39Z mx", AT_US, "mx", "", 0, ""},
		{"1 2026-11-22T05:21:39Z mx app 7 - - no PRI", AT_US, "mx", "app", 7, "no PRI"},
		{"<22>1 - mx app 7 - - text", 0, "mx", "app", 7, "text"},
		{"<22>1 2026-13-22T05:21:39Z mx app 7 - - text", 0, "mx", "app", 7, "text"},
	};
	CHECK_ALL(cases);
}

static void
rfc_3164_headers(void **state)
{
	(void)state;
	static const struct header cases[] = {
		{"<22>Nov 22 05:21:39 incoming.corp.test postgrey[41]: Process Backgrounded", AT_US,
			"incoming.corp.test", "postgrey", 41, "Process Backgrounded"},
		{"Nov 22 05:21:39 mx postfix-out/submission/smtpd[7]: ABC: client=x", AT_US, "mx",
			"postfix-out/submission/smtpd", 7, "ABC: client=x"},
		{"Nov  2 05:21:39 mx dovecot: lmtp(x): Connect", WITH(-20 * TIME_DAY_US), "mx",
			"dovecot", 0, "lmtp(x): Connect"},
		{"Nov 2 05:21:39 mx amavis[9]: (9-1) Passed", WITH(-20 * TIME_DAY_US), "mx",
			"amavis", 9, "(9-1) Passed"},
		{"Nov 02 05:21:39 mx amavis[9]: x", WITH(-20 * TIME_DAY_US), "mx", "amavis", 9,
			"x"},
		{"Nov 22 05:21:39 2001:db8::1 spamd[9]:no blank", AT_US, "2001:db8::1", "spamd", 9,
			"no blank"},
		{"Nov 22 05:21:39 mx postfix/smtpd[3]:  two blanks", AT_US, "mx", "postfix/smtpd",
			3, " two blanks"},
		{"Nov 22 05:21:39 mx CRON(root)_x.y-z[5]: text", AT_US, "mx", "CRON(root)_x.y-z", 5,
			"text"},
		{"Nov 22 05:21:39 mx (unit)[5]: text", AT_US, "mx", "(unit)", 5, "text"},
		{"Nov 22 05:21:39 mx app[a1b]: text", AT_US, "mx", "app", 0, "text"},
		{"Nov 22 05:21:39 mx app[12345678901]: text", AT_US, "mx", "app", 0, "text"},
		{"Nov 22 05:21:39.25 mx app[1]: text", WITH(250000), "mx", "app", 1, "text"},
		{"Nov 22 05:21:39: mx app[1]: text", AT_US, "mx", "app", 1, "text"},
	};
	CHECK_ALL(cases);
}

static void
a_tag_cut_at_32_octets_is_still_a_tag(void **state)
{
	(void)state;
	static const struct header cases[] = {
		{"Nov 22 05:21:39 mx postfix/submission/smtpd[1234567 ABC: client=x", AT_US, "mx",
			"postfix/submission/smtpd", 1234567, "ABC: client=x"},
		{"Nov 22 05:21:39 mx postfix/submissions/smtp[123456] ABC: to=<a>", AT_US, "mx",
			"postfix/submissions/smtp", 123456, "ABC: to=<a>"},
		{"Nov 22 05:21:39 mx postfix/submission12345/smtpd[12 text", AT_US, "mx",
			"postfix/submission12345/smtpd", 12, "text"},
		{"Nov 22 05:21:39 mx postfix/submission1234567/smtpd[ text", AT_US, "mx",
			"postfix/submission1234567/smtpd", 0, "text"},
		{"Nov 22 05:21:39 mx postfix/submission12345678/smtpd text", AT_US, "mx",
			"postfix/submission12345678/smtpd", 0, "text"},
		{"Nov 22 05:21:39 mx postfix/submission/smtpd[1234567", AT_US, "mx",
			"postfix/submission/smtpd", 1234567, ""},
	};
	CHECK_ALL(cases);
}

static void
lines_without_tag_or_host(void **state)
{
	(void)state;
	static const struct header cases[] = {
		{"Nov 22 05:21:39 mx last message repeated 2 times", AT_US, "mx", "", 0,
			"last message repeated 2 times"},
		{"Nov 22 05:21:39 last message repeated 2 times", AT_US, "", "", 0,
			"last message repeated 2 times"},
		{"Nov 22 05:21:39 mx -- MARK --", AT_US, "mx", "", 0, "-- MARK --"},
		{"Nov 22 05:21:39 mx plain words", AT_US, "mx", "", 0, "plain words"},
		{"Nov 22 05:21:39 mx postfix[1 2]: text", AT_US, "mx", "postfix", 1, "2]: text"},
		{"Nov 22 05:21:39 mx postfix[a 2]: text", AT_US, "mx", "", 0, "postfix[a 2]: text"},
		{"Nov 22 05:21:39 postfix/smtpd[12]: text", AT_US, "", "postfix/smtpd", 12, "text"},
		{"Nov 22 05:21:39 dovecot: text", AT_US, "", "dovecot", 0, "text"},
		{"Nov 22 05:21:39 mx", AT_US, "mx", "", 0, ""},
		{"Nov 22 05:21:39 mx ", AT_US, "mx", "", 0, ""},
		{"Nov 22 05:21:39", AT_US, "", "", 0, ""},
	};
	CHECK_ALL(cases);
}

static void
a_year_may_stand_before_or_after_the_time(void **state)
{
	(void)state;
	static const struct header cases[] = {
		{"Nov 22 2026 05:21:39 fw app[1]: text", AT_US, "fw", "app", 1, "text"},
		{"Nov 22 2026 05:21:39: fw app[1]: text", AT_US, "fw", "app", 1, "text"},
		{"<22>Nov 22 05:21:39 2026 fw app[1]: text", AT_US, "fw", "app", 1, "text"},
		{"Nov 22 05:21:39 2016 fw app[1]: text", WITH(-(10 * 365 + 2) * TIME_DAY_US), "fw",
			"app", 1, "text"},
		{"Nov 22 05:21:39 1001 app[1]: text", AT_US, "1001", "app", 1, "text"},
		{"Feb 29 2026 05:21:39 fw app[1]: text", 0, "", "", 0,
			"Feb 29 2026 05:21:39 fw app[1]: text"},
	};
	CHECK_ALL(cases);
}

static void
iso_stamped_files(void **state)
{
	(void)state;
	static const struct header cases[] = {
		{"2026-11-22T05:21:39.087984+00:00 mx postfix/smtpd[12]: ABC: client=x",
			WITH(87984), "mx", "postfix/smtpd", 12, "ABC: client=x"},
		{"<22>2026-11-22T07:21:39+0200 mx dovecot: text", AT_US, "mx", "dovecot", 0,
			"text"},
		{"2026-11-22 05:21:39 mx postfix/qmgr[1]: text", AT_US, "mx", "postfix/qmgr", 1,
			"text"},
		{"2026-11-22 05:21:39,123 mx postfix/qmgr[1]: text", WITH(123000), "mx",
			"postfix/qmgr", 1, "text"},
		{"2026-11-22T05:21:39.123456789Z mx a[1]: text", WITH(123456), "mx", "a", 1,
			"text"},
		{"2026-11-22T05:21:39Z", AT_US, "", "", 0, ""},
		{"2026-11-22 05:21:39 #12(normal) <a>; text", AT_US, "", "", 0,
			"#12(normal) <a>; text"},
	};
	CHECK_ALL(cases);
}

static void
without_a_stamp_the_text_is_kept(void **state)
{
	(void)state;
	static const struct header cases[] = {
		{"rubbish", 0, "", "", 0, "rubbish"},
		{"<22>rubbish", 0, "", "", 0, "rubbish"},
		{"<>Nov 22 05:21:39 mx a: b", 0, "", "", 0, "<>Nov 22 05:21:39 mx a: b"},
		{"<1234>x", 0, "", "", 0, "<1234>x"},
		{"\tcontinued line", 0, "", "", 0, "\tcontinued line"},
		{"Jan: 1 00:00:00 host a[1]: foo", 0, "", "", 0, "Jan: 1 00:00:00 host a[1]: foo"},
		{"Nov 31 05:21:39 mx a[1]: foo", 0, "mx", "a", 1, "foo"},
		{"Nov 32 05:21:39 mx a[1]: foo", 0, "", "", 0, "Nov 32 05:21:39 mx a[1]: foo"},
		{"Nov 22 24:21:39 mx a[1]: foo", 0, "", "", 0, "Nov 22 24:21:39 mx a[1]: foo"},
		{"Nov 22 05:21:3 mx a[1]: foo", 0, "", "", 0, "Nov 22 05:21:3 mx a[1]: foo"},
		{"nov 22 05:21:39 mx a[1]: foo", 0, "", "", 0, "nov 22 05:21:39 mx a[1]: foo"},
		{"2026-02-30T05:21:39Z mx a[1]: foo", 0, "", "", 0,
			"2026-02-30T05:21:39Z mx a[1]: foo"},
		{"2026-11-22T05:21:39Zmx a[1]: foo", 0, "", "", 0,
			"2026-11-22T05:21:39Zmx a[1]: foo"},
		{"1", 0, "", "", 0, "1"},
		{"1 ", 0, "", "", 0, "1 "},
	};
	CHECK_ALL(cases);
}

static void
all_twelve_months_are_known(void **state)
{
	(void)state;
	static const char *names[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct buf b = {0};
	for (int i = 0; i < 12; i++) {
		struct line line;
		buf_clear(&b);
		buf_addf(&b, "%s 15 2026 01:02:03 mx a: b", names[i]);
		assert_int_equal(read_text(buf_slice(&b), &line), SYSLOG_OK);
		assert_int_equal(time_to_civil(line.t_us).month, i + 1);
	}
	buf_fini(&b);
}

static void
line_ends_and_empty_lines(void **state)
{
	(void)state;
	struct line line;
	assert_int_equal(read_text(S("Nov 22 05:21:39 mx a[1]: text\r\n"), &line), SYSLOG_OK);
	assert_slice(line.text, "text");
	assert_slice(line.raw, "Nov 22 05:21:39 mx a[1]: text");
	assert_int_equal(read_text(S("Nov 22 05:21:39 mx a[1]: text\n"), &line), SYSLOG_OK);
	assert_slice(line.text, "text");
	assert_int_equal(read_text(S(""), &line), SYSLOG_EMPTY);
	assert_int_equal(read_text(S("\r\n"), &line), SYSLOG_EMPTY);
	assert_int_equal(read_text(S("<22>"), &line), SYSLOG_EMPTY);
	assert_int_equal(read_text((struct slice){NULL, 0}, &line), SYSLOG_EMPTY);
}

static void
nul_bytes_and_other_encodings_pass(void **state)
{
	(void)state;
	struct line line;
	assert_int_equal(read_text(S("Nov 22 05:21:39 mx a[1]: x\0y\xe4\xff"), &line), SYSLOG_OK);
	assert_slice(line.text, "x\0y\xe4\xff");
}

static void
every_beginning_of_a_line_is_read_without_harm(void **state)
{
	(void)state;
	static const struct slice whole[] = {
		S("<30>1 2026-11-22T05:21:39.087984+00:00 mx a 40 - [x@1 k=\"v\\\"\"] "
		  "\xef\xbb\xbftext"),
		S("<22>Nov 22 2026 05:21:39.5 mx postfix/smtpd[123]: 4jXHVq1n6Yz7sXv: client=x"),
		S("2026-11-22 05:21:39 mx postfix/smtpd[123]: 4jXHVq1n6Yz7sXv: uid=0"),
	};
	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		for (size_t n = 0; n <= whole[i].n; n++) {
			struct line line;
			char *copy =
				slice_dup(slice_head(whole[i], n)); /* ends where the line ends */
			read_text(slice_of(copy, n), &line);
			assert_true(line.text.n <= n);
			free(copy);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_5424_headers),
		cmocka_unit_test(rfc_3164_headers),
		cmocka_unit_test(a_tag_cut_at_32_octets_is_still_a_tag),
		cmocka_unit_test(lines_without_tag_or_host),
		cmocka_unit_test(a_year_may_stand_before_or_after_the_time),
		cmocka_unit_test(iso_stamped_files),
		cmocka_unit_test(without_a_stamp_the_text_is_kept),
		cmocka_unit_test(all_twelve_months_are_known),
		cmocka_unit_test(line_ends_and_empty_lines),
		cmocka_unit_test(nul_bytes_and_other_encodings_pass),
		cmocka_unit_test(every_beginning_of_a_line_is_read_without_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
