/* Events, shapes, and who reads whom. The folder tests/golden comes as the first argument. */
#include "golden.h"

static const char *golden_dir = "tests/golden";

/* The golden files of every family, told apart by the program's name alone. */
static void
finds_the_family_by_the_name(void **state)
{
	(void)state;
	static const char *const goldens[] = {
		"amavis/verdicts",
		"spamassassin/spamd",
		"clamav/daemons",
		"clamav/milter",
		"clamav/clamsmtpd",
		"rspamd/task",
		"milters/opendkim",
		"milters/opendmarc",
		"milters/spf",
		"greylist/postgrey",
		"greylist/greylse",
		"dovecot/delivery",
		"dovecot/login",
		"cyrus/lmtp",
	};
	for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++)
		golden_check(golden_dir, goldens[i]);
}

static enum parse_result
parse_text(const char *program, const char *text, struct event *e)
{
	struct line line = {.program = slice_of_str(program), .text = slice_of_str(text)};
	return parse_line(&line, e);
}

static void
ignores_programs_that_are_not_of_mail(void **state)
{
	(void)state;
	static const char *const names[] = {"rsyslogd", "systemd", "CRON", "sshd", "kernel",
		"unbound", "named", "rbldnsd", "postfwd", "postfixadmin", "postgres", "", "/",
		"a/b"};
	struct event e;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(
			parse_text(names[i], "connect from a[192.0.2.7]", &e), PARSE_IGNORED);
	assert_int_equal(e.type, EVENT_NONE);
}

static void
takes_the_path_off_a_name(void **state)
{
	(void)state;
	struct event e;
	parse_text("/usr/sbin/amavisd-new", "starting.", &e);
	assert_int_equal(e.program, PROGRAM_AMAVIS);
}

static void
starts_with_unknown_numbers(void **state)
{
	(void)state;
	struct event e;
	memset(&e, 0x5a, sizeof(e));
	event_init(&e);
	assert_int_equal(e.size_bytes, -1);
	assert_int_equal(e.nrcpt, -1);
	assert_int_equal(e.delay_ms, -1);
	assert_int_equal(e.delays_ms[3], -1);
	assert_int_equal(e.took_ms, -1);
	assert_int_equal(e.conn_use, 0);
	assert_int_equal(e.qid.n, 0);
	assert_false(e.has_from || e.has_to || e.has_msgid || e.cut || e.resent);
}

static void
walks_recipients(void **state)
{
	(void)state;
	struct slice rest =
		S("<a@example.com>,<\"x>,<y\"@example.com>,<>;b@example.com; c@example.com");
	struct slice rcpt;
	assert_true(event_next_rcpt(&rest, &rcpt));
	assert_slice(rcpt, "a@example.com");
	assert_true(event_next_rcpt(&rest, &rcpt));
	assert_slice(rcpt, "\"x>,<y\"@example.com");
	assert_true(event_next_rcpt(&rest, &rcpt));
	assert_slice(rcpt, "");
	assert_true(event_next_rcpt(&rest, &rcpt));
	assert_slice(rcpt, "b@example.com");
	assert_true(event_next_rcpt(&rest, &rcpt));
	assert_slice(rcpt, "c@example.com");
	assert_false(event_next_rcpt(&rest, &rcpt));
}

static void
walks_recipients_that_are_cut(void **state)
{
	(void)state;
	struct slice rest = S("<a@example.com>,<\"b\\");
	struct slice rcpt;
	assert_true(event_next_rcpt(&rest, &rcpt));
	assert_true(event_next_rcpt(&rest, &rcpt));
	assert_slice(rcpt, "\"b\\");
	assert_false(event_next_rcpt(&rest, &rcpt));
}

static void
names_every_type_and_program(void **state)
{
	(void)state;
	for (int i = 0; i < EVENT_TYPE_COUNT; i++)
		assert_string_not_equal(event_type_name((enum event_type)i), "?");
	for (int i = 0; i < PROGRAM_COUNT; i++)
		assert_string_not_equal(event_program_name((enum program)i), "?");
	assert_string_equal(event_type_name(EVENT_TYPE_COUNT), "?");
}

/* One entry a text field of struct event, none of them twice. */
static void
lists_fields_once(void **state)
{
	(void)state;
	for (const struct event_field *f = event_fields; f->name; f++)
		for (const struct event_field *g = f + 1; g->name; g++) {
			assert_string_not_equal(f->name, g->name);
			assert_int_not_equal(f->offset, g->offset);
		}
}

static void
prints_what_is_there(void **state)
{
	(void)state;
	struct event e;
	struct buf b = {0};
	event_init(&e);
	e.type = EVENT_QUEUED;
	e.program = PROGRAM_QMGR;
	e.has_from = true;
	e.size_bytes = 0;
	event_add_json(&b, &e);
	assert_text(b, "{\"type\":\"queued\",\"program\":\"qmgr\",\"from\":\"\",\"size_bytes\":0}");
	buf_fini(&b);
}

static void
counts_equal_shapes_together(void **state)
{
	(void)state;
	static const struct {
		const char *text, *shape;
	} rows[] = {
		{"4104E3D1: seen by mx.example.com[192.0.2.7]:25 after 12 s",
			"Q: seen by H[H]:N after N s"},
		{"4ZkLm2Rtzvz9vT7: seen by other.example.net[2001:db8::1]:587 after 0.5 s",
			"Q: seen by H[H]:N after N s"},
		{"from=<a@example.com> id=deadbeef01", "from=<A> id=X"},
		{"from=<> id=0011aabbcc", "from=<A> id=X"},
		{"user anna@example.com did it", "user A did it"},
		{"version 3.10.4.", "version N"},
		{"plain words, no more", "plain words, no more"},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = {0};
		parse_add_shape(&b, slice_of_str(rows[i].text));
		assert_string_equal(buf_str(&b), rows[i].shape);
		buf_fini(&b);
	}
}

static void
keeps_shapes_short(void **state)
{
	(void)state;
	struct buf text = {0}, b = {0};
	for (int i = 0; i < 1000; i++)
		buf_add(&text, S("word "));
	parse_add_shape(&b, buf_slice(&text));
	assert_in_range(b.n, 200, 300);
	buf_fini(&text);
	buf_fini(&b);
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		golden_dir = argv[1];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_family_by_the_name),
		cmocka_unit_test(ignores_programs_that_are_not_of_mail),
		cmocka_unit_test(takes_the_path_off_a_name),
		cmocka_unit_test(starts_with_unknown_numbers),
		cmocka_unit_test(walks_recipients),
		cmocka_unit_test(walks_recipients_that_are_cut),
		cmocka_unit_test(names_every_type_and_program),
		cmocka_unit_test(lists_fields_once),
		cmocka_unit_test(prints_what_is_there),
		cmocka_unit_test(counts_equal_shapes_together),
		cmocka_unit_test(keeps_shapes_short),
	};
	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
