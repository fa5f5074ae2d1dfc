/* Filters, milters, greylisting, mailbox servers and Exchange against the golden files of
 * tests/golden (see golden.h). The folder comes as the first argument. */
#include "golden.h"

#include "wire/msgtrk.h"

static const char *const names[] = {
	"amavis/chatter",
	"amavis/forms",
	"amavis/verdicts",
	"clamav/clamsmtpd",
	"clamav/daemons",
	"clamav/milter",
	"cyrus/lmtp",
	"dovecot/delivery",
	"dovecot/login",
	"exchange/version_2007",
	"exchange/version_2013",
	"greylist/greylse",
	"greylist/postgrey",
	"milters/opendkim",
	"milters/opendmarc",
	"milters/spf",
	"rspamd/task",
	"spamassassin/spamd",
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

static const char *golden_dir = "tests/golden";

static bool
is_exchange(const char *name)
{
	return slice_starts(slice_of_str(name), S("exchange/"));
}

/* Rows of a message tracking log; its comments give no result. */
static void
add_rows(struct buf *b, const char *name)
{
	struct buf log = {0};
	struct msgtrk_columns columns;
	struct slice raw;
	golden_read(&log, golden_dir, name, "log");
	struct slice rest = buf_slice(&log);
	while (slice_split(&rest, '\n', &raw) && raw.n) {
		struct line line = {0};
		if (msgtrk_look(raw, &columns) != MSGTRK_ROW)
			continue;
		assert_true(msgtrk_read(raw, &columns, &line));
		golden_add_result(b, &line);
	}
	buf_fini(&log);
}

static void
write_expected(const char *name, struct slice actual)
{
	FILE *file = golden_open(golden_dir, name, "expect", "w");
	assert_int_equal(fwrite(actual.p, 1, actual.n, file), actual.n);
	fclose(file);
}

static void
reads_as_expected(void **state)
{
	const char *name = *state;
	struct buf actual = {0}, expected = {0};
	if (is_exchange(name))
		add_rows(&actual, name);
	else
		golden_add_results(&actual, golden_dir, name);
	if (getenv("ELSE_GOLDEN_WRITE"))
		write_expected(name, buf_slice(&actual));
	golden_read(&expected, golden_dir, name, "expect");
	golden_compare(name, buf_slice(&actual), buf_slice(&expected));
	buf_fini(&actual);
	buf_fini(&expected);
}

/* A copy that ends with its memory, so that a sanitizer sees a step beyond it. */
static void
parse_beginning(struct slice program, struct slice text, const struct msgtrk_columns *columns)
{
	char *copy = malloc(text.n ? text.n : 1);
	struct line line = {.program = program, .text = {copy, text.n}, .columns = columns};
	struct buf b = {0};
	assert_non_null(copy);
	if (text.n)
		memcpy(copy, text.p, text.n);
	golden_add_result(&b, &line);
	assert_true(b.n > 0);
	buf_fini(&b);
	free(copy);
}

/* Whatever syslog cuts off a line, its parser stays inside of the rest. */
static void
every_beginning_of_a_line_is_safe(void **state)
{
	const char *name = *state;
	struct buf log = {0};
	struct msgtrk_columns columns;
	struct syslog_clock clock;
	struct slice raw;
	golden_read(&log, golden_dir, name, "log");
	struct slice rest = buf_slice(&log);
	syslog_clock_init(&clock, 0);
	while (slice_split(&rest, '\n', &raw) && raw.n) {
		struct line line = {0};
		if (!is_exchange(name))
			syslog_read(raw, &clock, &line);
		else if (msgtrk_look(raw, &columns) == MSGTRK_ROW)
			msgtrk_read(raw, &columns, &line);
		for (size_t n = 0; n <= line.text.n; n++)
			parse_beginning(line.program, slice_head(line.text, n), line.columns);
	}
	buf_fini(&log);
}

int
main(int argc, char **argv)
{
	struct CMUnitTest tests[2 * NAMES];
	if (argc > 1)
		golden_dir = argv[1];
	for (size_t i = 0; i < NAMES; i++) {
		void *name = (void *)(uintptr_t)names[i];
		tests[2 * i] = (struct CMUnitTest){names[i], reads_as_expected, NULL, NULL, name};
		tests[2 * i + 1] = (struct CMUnitTest){
			names[i], every_beginning_of_a_line_is_safe, NULL, NULL, name};
	}
	return cmocka_run_group_tests_name("parse_filters", tests, NULL, NULL);
}
