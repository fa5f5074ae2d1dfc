/* Messages to the administrator: few, and none is left out silently. */
#include "unit.h"

#include "intake/report.h"

#include <string.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS };

static struct buf said;

static void
note(void *context, enum intake_level level, const char *text)
{
	(void)context, (void)level;
	buf_addf(&said, "%s\n", text);
}

static int
forget(void **state)
{
	(void)state;
	buf_fini(&said);
	return 0;
}

static void
say(struct report *report, int64_t now_ms, int n)
{
	for (int i = 0; i < n; i++)
		report_say(report, now_ms, REPORT_CUT, INTAKE_WARNING, "cut %d", i);
}

static void
five_are_told_and_the_rest_when_the_minute_is_over(void **state)
{
	struct report report = {.log = note};
	(void)state;
	say(&report, MINUTE_MS, 1000);
	report_rest(&report, MINUTE_MS + SECOND_MS);
	assert_string_equal(buf_str(&said), "cut 0\ncut 1\ncut 2\ncut 3\ncut 4\n");
	buf_clear(&said);
	report_rest(&report, 2 * MINUTE_MS);
	assert_string_equal(buf_str(&said), "lines cut: 995 messages more in the last minute\n");
	buf_clear(&said);
	report_rest(&report, 3 * MINUTE_MS);
	assert_string_equal(buf_str(&said), "");
}

static void
the_next_one_tells_it_too(void **state)
{
	struct report report = {.log = note};
	(void)state;
	say(&report, MINUTE_MS, 7);
	buf_clear(&said);
	say(&report, 2 * MINUTE_MS, 1);
	assert_string_equal(buf_str(&said), "cut 0 (and 2 more of this kind)\n");
	buf_clear(&said);
	report_rest(&report, 3 * MINUTE_MS);
	assert_string_equal(buf_str(&said), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			five_are_told_and_the_rest_when_the_minute_is_over, forget),
		cmocka_unit_test_teardown(the_next_one_tells_it_too, forget),
	};
	return cmocka_run_group_tests_name("intake_report", tests, NULL, NULL);
}
