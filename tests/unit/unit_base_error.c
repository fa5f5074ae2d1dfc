#include "unit.h"

#include "base/error.h"

#include <string.h>

static void
a_leaf_returns_false_and_says_what(void **state)
{
	(void)state;
	struct error err;
	assert_false(error_set(&err, "%s: %s", "mail.log", "no such file"));
	assert_string_equal(err.text, "mail.log: no such file");
}

static void
each_caller_puts_a_clause_before(void **state)
{
	(void)state;
	struct error err;
	error_set(&err, "no such file");
	assert_false(error_prefix(&err, "%s line %d", "mail.log", 7));
	error_prefix(&err, "cannot import");
	assert_string_equal(err.text, "cannot import: mail.log line 7: no such file");
}

/* A hostile file name or reply may be of any length. */
static void
a_text_of_any_length_is_cut_at_the_end(void **state)
{
	(void)state;
	char text[3000];
	for (size_t n = 1000; n < 1050; n++) {
		struct error err;
		memset(text, 'x', n);
		text[n] = '\0';
		error_set(&err, "%s", text);
		assert_int_equal(strlen(err.text), n < sizeof(err.text) ? n : sizeof(err.text) - 1);
		error_prefix(&err, "ab");
		assert_memory_equal(err.text, "ab: xxx", 7);
		assert_true(strlen(err.text) < sizeof(err.text));
		error_prefix(&err, "%s", text);
		assert_true(strlen(err.text) < sizeof(err.text));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_leaf_returns_false_and_says_what),
		cmocka_unit_test(each_caller_puts_a_clause_before),
		cmocka_unit_test(a_text_of_any_length_is_cut_at_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
