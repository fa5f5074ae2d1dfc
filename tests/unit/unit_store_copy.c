#include "unit.h"

#include "base/time.h"
#include "store/copy.h"

static struct buf b;

static int
clear(void **state)
{
	(void)state;
	buf_fini(&b);
	return 0;
}

/* "Binary Format" of the manual's page on COPY: 11 bytes of signature, flags, header extension; per
 * row the number of fields; per field its length, -1 for NULL; the trailer -1. */
static void
a_file_is_as_the_manual_says(void **state)
{
	(void)state;
	copy_begin(&b);
	copy_row(&b, 3);
	copy_i64(&b, 7);
	copy_text(&b, S("mx1"), 255);
	copy_null(&b);
	copy_end(&b);
	assert_text(b, "PGCOPY\n\xff\r\n\0"
		       "\0\0\0\0"
		       "\0\0\0\0"
		       "\0\x03"
		       "\0\0\0\x08\0\0\0\0\0\0\0\x07"
		       "\0\0\0\x03mx1"
		       "\xff\xff\xff\xff"
		       "\xff\xff");
}

static void
numbers_are_in_network_order(void **state)
{
	(void)state;
	copy_i16(&b, -2);
	copy_i32(&b, 0x01020304);
	copy_i32(&b, -1);
	copy_i64(&b, INT64_MIN + 1);
	copy_f32(&b, -1.5f);
	assert_text(b, "\0\0\0\x02\xff\xfe"
		       "\0\0\0\x04\x01\x02\x03\x04"
		       "\0\0\0\x04\xff\xff\xff\xff"
		       "\0\0\0\x08\x80\0\0\0\0\0\0\x01"
		       "\0\0\0\x04\xbf\xc0\0\0");
}

static void
bytes_stay_as_they_are(void **state)
{
	(void)state;
	copy_bytes(&b, S("\0\xff\x80"));
	copy_bytes(&b, (struct slice){0});
	assert_text(b, "\0\0\0\x03\0\xff\x80"
		       "\0\0\0\0");
}

/* timestamptz: microseconds since 2000-01-01 UTC. */
static void
times_count_from_the_year_2000(void **state)
{
	(void)state;
	copy_time(&b, 946684800 * TIME_SECOND_US);
	copy_time(&b, 946684800 * TIME_SECOND_US + 258);
	copy_time(&b, 946684800 * TIME_SECOND_US - 1);
	assert_text(b, "\0\0\0\x08\0\0\0\0\0\0\0\0"
		       "\0\0\0\x08\0\0\0\0\0\0\x01\x02"
		       "\0\0\0\x08\xff\xff\xff\xff\xff\xff\xff\xff");
}

/* network_send: family (2 or 3), bits, is_cidr, length, address. */
static void
addresses_of_both_families(void **state)
{
	(void)state;
	copy_inet(&b, S("192.0.2.7"));
	copy_inet(&b, S("2001:db8::1"));
	assert_text(b, "\0\0\0\x08\x02\x20\0\x04\xc0\0\x02\x07"
		       "\0\0\0\x14\x03\x80\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01");
}

static void
what_is_no_address_is_null(void **state)
{
	(void)state;
	copy_inet(&b, S("unknown"));
	copy_inet(&b, S(""));
	copy_inet(&b, S("192.0.2.0/24"));
	assert_text(b, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
}

/* A table: text, limit, what PostgreSQL gets. */
static void
text_is_repaired_and_cut(void **state)
{
	(void)state;
	static const struct {
		struct slice text;
		size_t max;
		struct slice clean;
	} cases[] = {
		{S("joe@example.com"), 255, S("joe@example.com")},
		{S("gr\xc3\xbc\xc3\x9f"), 255, S("gr\xc3\xbc\xc3\x9f")},
		{S("\xe2\x82\xac \xf0\x9f\x93\xa7"), 255, S("\xe2\x82\xac \xf0\x9f\x93\xa7")},
		{S("a\0b"), 255,
			S("a\xef\xbf\xbd"
			  "b")},
		{S("\0"), 255, S("\xef\xbf\xbd")},
		{S("gr\xfc\xdf"), 255, S("gr\xef\xbf\xbd\xef\xbf\xbd")}, /* Latin-1 */
		{S("\xc3"), 255, S("\xef\xbf\xbd")},			 /* cut in half */
		{S("\xc0\xaf"), 255, S("\xef\xbf\xbd\xef\xbf\xbd")},	 /* overlong */
		{S("\xe0\x80\xaf"), 255, S("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")},
		{S("\xed\xa0\x80"), 255, S("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")}, /* surrogate */
		{S("\xf4\x90\x80\x80"), 255,
			S("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")}, /* > U+10FFFF */
		{S("\xf4\x8f\xbf\xbf"), 255, S("\xf4\x8f\xbf\xbf")},
		{S("abcdef"), 3, S("abc")},
		{S("ab\xc3\xbc"), 3, S("ab")}, /* no character in half */
		{S("ab\xc3\xbc"), 4, S("ab\xc3\xbc")},
		{S("ab\xff"), 4, S("ab")},
		{S("abc"), 0, S("")},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_clear(&b);
		copy_text(&b, cases[i].text, cases[i].max);
		assert_int_equal(b.n, 4 + cases[i].clean.n);
		assert_int_equal(b.p[3], cases[i].clean.n);
		check_slice(slice_skip(buf_slice(&b), 4), cases[i].clean, __FILE__, __LINE__);
	}
}

static void
lower_case_is_of_ascii_only(void **state)
{
	(void)state;
	copy_text_lower(&b, S("Joe@EXAMPLE.com \xc3\x9c\0"), 255);
	assert_text(b, "\0\0\0\x15joe@example.com \xc3\x9c\xef\xbf\xbd");
}

static void
empty_is_a_text_or_null(void **state)
{
	(void)state;
	copy_text(&b, S(""), 255);
	copy_text_lower(&b, S(""), 255);
	copy_text_or_null(&b, S(""), 255);
	copy_text_lower_or_null(&b, S(""), 255);
	copy_text_or_null(&b, S("A"), 255);
	copy_text_lower_or_null(&b, S("A"), 255);
	assert_text(b, "\0\0\0\0"
		       "\0\0\0\0"
		       "\xff\xff\xff\xff"
		       "\xff\xff\xff\xff"
		       "\0\0\0\x01"
		       "A"
		       "\0\0\0\x01"
		       "a");
}

#define CASE(name) cmocka_unit_test_teardown(name, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_file_is_as_the_manual_says),
		CASE(numbers_are_in_network_order),
		CASE(bytes_stay_as_they_are),
		CASE(times_count_from_the_year_2000),
		CASE(addresses_of_both_families),
		CASE(what_is_no_address_is_null),
		CASE(text_is_repaired_and_cut),
		CASE(lower_case_is_of_ascii_only),
		CASE(empty_is_a_text_or_null),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
