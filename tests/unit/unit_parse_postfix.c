/* The Postfix parsers against tests/golden/postfix; the folder tests/golden comes as the first
 * argument. With ELSE_GOLDEN_WRITE=1 in the environment the .expect files are written: read the
 * difference before you keep it. */
#include "golden.h"

static const char *const goldens[] = {
	"postfix/smtpd_session",
	"postfix/smtpd_client",
	"postfix/smtpd_refused",
	"postfix/smtpd_action",
	"postfix/smtpd_warning",
	"postfix/cleanup",
	"postfix/postscreen",
	"postfix/queue",
	"postfix/delivery",
	"postfix/reply",
	"postfix/smtp_trouble",
	"postfix/daemons",
	"postfix/names",
	"postfix/cut",
};

enum { GOLDEN_COUNT = sizeof(goldens) / sizeof(goldens[0]) };

static const char *golden_dir = "tests/golden";

static void
reads_as_expected(void **state)
{
	if (getenv("ELSE_GOLDEN_WRITE"))
		golden_write(golden_dir, *state);
	golden_check(golden_dir, *state);
}

static bool
lies_within(struct slice part, struct slice whole)
{
	return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void
assert_borrowed(const struct event *e, const struct line *line)
{
	for (const struct event_field *f = event_fields; f->name; f++) {
		struct slice value;
		memcpy(&value, (const char *)e + f->offset, sizeof(value));
		if (!lies_within(value, line->raw))
			print_error("%s points outside of %.*s\n", f->name, SLICE_ARG(line->raw));
		assert_true(lies_within(value, line->raw));
	}
}

/* Syslog cuts lines anywhere: no parser may look or point behind the end. The copy ends with the
 * line, so that AddressSanitizer sees a look too far. */
static void
parse_every_head(struct slice raw)
{
	struct syslog_clock clock;
	syslog_clock_init(&clock, 0);
	for (size_t n = 40; n <= raw.n; n++) {
		char *copy = malloc(n);
		struct line line = {0};
		struct event e;
		assert_non_null(copy);
		memcpy(copy, raw.p, n);
		if (syslog_read(slice_of(copy, n), &clock, &line) == SYSLOG_OK) {
			parse_line(&line, &e);
			assert_borrowed(&e, &line);
		}
		free(copy);
	}
}

static void
survives_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		struct buf log = {0};
		struct slice raw;
		golden_read(&log, golden_dir, goldens[i], "log");
		struct slice rest = buf_slice(&log);
		while (slice_split(&rest, '\n', &raw))
			parse_every_head(raw);
		buf_fini(&log);
	}
}

/* "postfix" alone in place of "postfix/smtpd" loses nothing of what the line says. */
static void
reads_the_same_without_the_service(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"4104E3D1: to=<b@example.net>, relay=mx.example.net[198.51.100.25]:25, delay=1, "
		"delays=0.1/0/0.5/0.4, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 951F0A2C)",
		"NOQUEUE: reject: RCPT from unknown[198.51.100.9]: 554 5.7.1 <b@example.org>: "
		"Relay "
		"access denied; from=<a@example.net> to=<b@example.org> proto=ESMTP helo=<x>",
		"lost connection after DATA (14 bytes) from mail.example.com[192.0.2.7]",
	};
	static const char *const names[] = {"postfix/smtp", "postfix/smtpd", "postfix/smtpd"};
	for (size_t i = 0; i < 3; i++) {
		struct buf full = {0}, bare = {0};
		struct line line = {
			.program = slice_of_str(names[i]), .text = slice_of_str(texts[i])};
		golden_add_result(&full, &line);
		line.program = S("postfix");
		golden_add_result(&bare, &line);
		assert_string_equal(buf_str(&full), buf_str(&bare));
		buf_fini(&full);
		buf_fini(&bare);
	}
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		golden_dir = argv[1];
	struct CMUnitTest tests[GOLDEN_COUNT + 2];
	for (size_t i = 0; i < GOLDEN_COUNT; i++)
		tests[i] = (struct CMUnitTest){
			goldens[i], reads_as_expected, NULL, NULL, (void *)(uintptr_t)goldens[i]};
	tests[GOLDEN_COUNT] = (struct CMUnitTest)cmocka_unit_test(survives_every_cut);
	tests[GOLDEN_COUNT + 1] =
		(struct CMUnitTest)cmocka_unit_test(reads_the_same_without_the_service);
	return cmocka_run_group_tests_name("parse_postfix", tests, NULL, NULL);
}
