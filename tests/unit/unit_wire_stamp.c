#include "unit.h"

#include "wire/stamp.h"

#define HEADER "<22>1 2026-11-22T05:21:39.087984+00:00 mx1 postfix/smtpd 640 - "
#define UUID   "5f0c1b7a9d3e4c8f8a6b2d1e0f9c7b5a"
#define STAMP  "[else@32473 u=\"" UUID "\" s=\"42\" b=\"1764043200\"]"

/* "u=... s=... b=..." of what was found, "-" when nothing was. */
static void
check_stamp(struct slice frame, struct slice want, int line)
{
	struct stamp stamp;
	struct buf out = {0};
	bool found = stamp_read(frame, &stamp);
	assert_int_equal(found, stamp.found);
	if (!found) {
		buf_add_char(&out, '-');
	} else {
		buf_addf(&out, "u=%.*s s=", SLICE_ARG(stamp.uuid));
		if (stamp.has_sequence)
			buf_add_u64(&out, stamp.sequence);
		buf_addf(&out, " b=%.*s", SLICE_ARG(stamp.boot));
	}
	check_slice(buf_slice(&out), want, __FILE__, line);
	buf_fini(&out);
}

#define assert_stamp(frame, want) check_stamp(S(frame), S(want), __LINE__)

static void
a_stamped_line_is_recognised(void **state)
{
	(void)state;
	static const char want[] = "u=" UUID " s=42 b=1764043200";
	check_stamp(S(HEADER STAMP "  connect from a[192.0.2.1]\n"), S(want), __LINE__);
	check_stamp(S(HEADER STAMP), S(want), __LINE__);
	check_stamp(S("1 2026-11-22T05:21:39Z h a - - " STAMP " x"), S(want), __LINE__);
	check_stamp(S("<0>1 - - - - - " STAMP " x"), S(want), __LINE__);
}

static void
the_stamp_may_stand_among_other_elements(void **state)
{
	(void)state;
	static const char want[] = "u=" UUID " s=42 b=1764043200";
	check_stamp(S(HEADER "[a@1][b k=\"v\"]" STAMP "[c] x"), S(want), __LINE__);
	check_stamp(S(HEADER "[a@1 k=\"\\\"]\\]\"]" STAMP " x"), S(want), __LINE__);
	check_stamp(S(HEADER "[else@324730 u=\"no\"][elsewhere]" STAMP " x"), S(want), __LINE__);
	check_stamp(S(HEADER STAMP "[else@32473 u=\"second\"] x"), S(want), __LINE__);
}

static void
parameters_come_in_any_order_and_may_be_missing(void **state)
{
	(void)state;
	assert_stamp(HEADER "[else@32473 b=\"1\" s=\"0\" x=\"y\" u=\"ab\"] x", "u=ab s=0 b=1");
	assert_stamp(HEADER "[else@32473   u=\"ab\"  s=\"7\" ] x", "u=ab s=7 b=");
	assert_stamp(HEADER "[else@32473 u=\"ab\"] x", "u=ab s= b=");
	assert_stamp(
		HEADER "[else@32473 s=\"18446744073709551615\"] x", "u= s=18446744073709551615 b=");
	assert_stamp(HEADER "[else@32473 u=\"a\\\"b\" s=\"1\"] x", "u=a\\\"b s=1 b=");
	assert_stamp(HEADER "[else@32473 u=\"1\" u=\"2\" s=\"3\" s=\"4\"] x", "u=1 s=3 b=");
}

static void
a_stamp_that_says_nothing_is_none(void **state)
{
	(void)state;
	assert_stamp(HEADER "[else@32473] x", "-");
	assert_stamp(HEADER "[else@32473 u=\"\" s=\"\" b=\"\"] x", "-");
	assert_stamp(HEADER "[else@32473 s=\"x\" b=\"1\"] x", "-");
	assert_stamp(HEADER "[else@32473 s=\"-1\"] x", "-");
	assert_stamp(HEADER "[else@32473 s=\"18446744073709551616\"] x", "-");
	assert_stamp(HEADER "[else@32473 u=ab] x", "-");
}

static void
the_text_of_a_line_cannot_bring_a_stamp(void **state)
{
	(void)state;
	assert_stamp(HEADER "- " STAMP " x", "-");
	assert_stamp(HEADER "-" STAMP " x", "-");
	assert_stamp(HEADER "[a@1] " STAMP " x", "-");
	assert_stamp(HEADER STAMP, "u=" UUID " s=42 b=1764043200");
	assert_stamp(HEADER "x " STAMP, "-");
	assert_stamp("<22>Nov 22 05:21:39 mx1 a[1]: " STAMP, "-");
	assert_stamp("<22>Nov 22 05:21:39 mx1 1 - " STAMP, "-");
	assert_stamp("1 2026-11-22 05:21:39 mx1 a 1 " STAMP, "-");
	assert_stamp("<22>2 2026-11-22T05:21:39Z h a - - " STAMP, "-");
}

static void
a_stamp_that_was_cut_off_is_none(void **state)
{
	(void)state;
	static const char frame[] = HEADER STAMP;
	for (size_t n = 0; n < sizeof(frame) - 1; n++) {
		struct stamp stamp;
		assert_false(stamp_read(slice_of(frame, n), &stamp));
	}
	assert_stamp(HEADER "[a@1 k=\"v" STAMP, "-");
}

static void
check_cut(struct slice frame, struct slice want, int line)
{
	struct buf out = {0};
	stamp_cut(frame, &out);
	check_slice(buf_slice(&out), want, __FILE__, line);
	buf_fini(&out);
}

#define assert_cut(frame, want) check_cut(S(frame), S(want), __LINE__)

static void
cutting_gives_the_line_as_it_was(void **state)
{
	(void)state;
	assert_cut(HEADER STAMP "  x\n", HEADER "-  x\n");
	assert_cut(HEADER STAMP, HEADER "-");
	assert_cut(HEADER STAMP "x", HEADER "- x");
	assert_cut(HEADER STAMP "[b] x", HEADER "[b] x");
	assert_cut(HEADER "[a]" STAMP " x", HEADER "[a] x");
	assert_cut(HEADER "[a]" STAMP "[b] x", HEADER "[a][b] x");
	assert_cut(HEADER "- x", HEADER "- x");
	assert_cut("Nov 22 05:21:39 mx1 a[1]: " STAMP, "Nov 22 05:21:39 mx1 a[1]: " STAMP);
	assert_cut("", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stamped_line_is_recognised),
		cmocka_unit_test(the_stamp_may_stand_among_other_elements),
		cmocka_unit_test(parameters_come_in_any_order_and_may_be_missing),
		cmocka_unit_test(a_stamp_that_says_nothing_is_none),
		cmocka_unit_test(the_text_of_a_line_cannot_bring_a_stamp),
		cmocka_unit_test(a_stamp_that_was_cut_off_is_none),
		cmocka_unit_test(cutting_gives_the_line_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
