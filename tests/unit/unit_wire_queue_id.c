#include "unit.h"

#include "base/time.h"
#include "wire/queue_id.h"

static void
a_long_id_tells_when_it_was_made(void **state)
{
	(void)state;
	struct buf b = {0};
	time_add_iso_ms(&b, queue_id_time_us(S("4jXHVq1n6Yz7sXv")));
	assert_text(b, "2026-11-22T05:21:39.251Z");
	assert_int_equal(queue_id_time_us(S("4jXHVq1n6Yz7sXv")) % 1000000, 251813);
	buf_clear(&b);
	time_add_iso_ms(&b, queue_id_time_us(S("3mPVKl0Mhjz7sXn")));
	assert_text(b, "2015-07-05T12:52:11.053Z");
	buf_fini(&b);
}

static void
signs_of_the_alphabet_have_the_order_of_ascii(void **state)
{
	(void)state;
	static const char alphabet[] = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
	char id[] = "4jXHVq0000z7sXv";
	int64_t start_us = queue_id_time_us(slice_of_str(id));
	for (int i = 0; i < 52; i++) {
		id[9] = alphabet[i];
		assert_int_equal(queue_id_time_us(slice_of_str(id)), start_us + i);
	}
}

static void
a_z_may_stand_in_the_seconds_too(void **state)
{
	(void)state;
	assert_true(queue_id_is_long(S("4zzzzz0000z1")));
	assert_true(queue_id_is_long(S("10000000000z1"))); /* seven signs of seconds: after 2596 */
	assert_true(queue_id_is_long(S("4Xk2Lp1v7Zz")));
}

static void
what_is_no_long_id_is_none(void **state)
{
	(void)state;
	static const char *bad[] = {"", "z", "NOQUEUE", "246884008A", "4jXHVq1n6Y",
		"4jXHVq1n6z7sXv", "4jXHVa1n6Yz7sXv", /* a vowel in the seconds */
		"4jXHVqzzzzz7sXv",		     /* more than a million microseconds */
		"4jXHVq1n6Yz7sXa",		     /* a vowel in the inode */
		"4jXHVq1n6Yz7sX-",		     /* rubbish */
		"0000000000z7sXv",		     /* 1970 */
		"4jXHVq1n6Yz1234567890123",	     /* more than an inode holds */
		"111111111111z1"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (queue_id_is_long(slice_of_str(bad[i])))
			fail_msg("\"%s\" was taken for a long queue id", bad[i]);
}

static void
short_ids_are_upper_case_hex(void **state)
{
	(void)state;
	static const char *good[] = {"0D9633D", "246884008A", "4E74613FE76", "F423FFFFFFFFFFFFFFFF",
		"66C15648577B", "4jXHVq1n6Yz7sXv"};
	static const char *bad[] = {"", "NOQUEUE", "12345", "246884008a", "246884008G", "warning",
		"0123456789ABCDEF012345", "2468 84008A"};
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(queue_id_valid(slice_of_str(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(queue_id_valid(slice_of_str(bad[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_id_tells_when_it_was_made),
		cmocka_unit_test(signs_of_the_alphabet_have_the_order_of_ascii),
		cmocka_unit_test(a_z_may_stand_in_the_seconds_too),
		cmocka_unit_test(what_is_no_long_id_is_none),
		cmocka_unit_test(short_ids_are_upper_case_hex),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
