#include "unit.h"

#include "base/json.h"

#define assert_json(input, expected)                                                               \
	do {                                                                                       \
		struct buf out = {0};                                                              \
		json_add_string(&out, S(input));                                                   \
		assert_text(out, expected);                                                        \
		buf_fini(&out);                                                                    \
	} while (0)

static void
plain_text_stays_as_it_is(void **state)
{
	(void)state;
	assert_json("", "\"\"");
	assert_json("postmaster@example.org", "\"postmaster@example.org\"");
	assert_json("m\xc3\xa4il \xe2\x82\xac \xf0\x9f\x93\xa7",
		"\"m\xc3\xa4il \xe2\x82\xac \xf0\x9f\x93\xa7\"");
}

static void
what_json_forbids_is_escaped(void **state)
{
	(void)state;
	assert_json("a\"b\\c", "\"a\\\"b\\\\c\"");
	assert_json("\n\r\t", "\"\\n\\r\\t\"");
	assert_json("\0\x01\x1f\x7f", "\"\\u0000\\u0001\\u001f\\u007f\"");
}

static void
controls_above_ascii_are_escaped_too(void **state)
{
	(void)state;
	assert_json("\xc2\x9b"
		    "2J\xc2\x80\xc2\x9f\xc2\xa0",
		"\"\\u009b2J\\u0080\\u009f\xc2\xa0\"");
}

static void
bytes_that_are_no_utf8_are_replaced_one_by_one(void **state)
{
	(void)state;
	assert_json("\xff", "\"\xef\xbf\xbd\"");		 /* never a byte of UTF-8 */
	assert_json("a\x80z", "\"a\xef\xbf\xbdz\"");		 /* a second byte alone */
	assert_json("\xc3", "\"\xef\xbf\xbd\"");		 /* cut off */
	assert_json("\xc3(", "\"\xef\xbf\xbd(\"");		 /* the next is not swallowed */
	assert_json("\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""); /* overlong '/' */
	assert_json("\xe0\x80\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""); /* overlong '/' */
	assert_json("\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""); /* a surrogate */
	assert_json("\xf4\x90\x80\x80",
		"\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""); /* > 10FFFF */
	assert_json(
		"\xe2\x82\"", "\"\xef\xbf\xbd\xef\xbf\xbd\\\"\""); /* the quote is still a quote */
}

/* UTF-8 as RFC 3629 defines it: decode, then ask whether the number may be written so. */
static size_t
valid_length(const unsigned char *p, size_t left)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = p[0] < 0x80	     ? 1
		   : p[0] >> 5 == 6  ? 2
		   : p[0] >> 4 == 14 ? 3
		   : p[0] >> 3 == 30 ? 4
				     : 0;
	if (n == 0 || n > left)
		return 0;
	uint32_t v = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		v = v << 6 | (p[i] & 0x3f);
	}
	return v < smallest[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff) ? 0 : n;
}

static void
assert_is_a_string(const struct buf *b)
{
	const unsigned char *p = (const unsigned char *)b->p;
	assert_true(b->n >= 2 && p[0] == '"' && p[b->n - 1] == '"');
	for (size_t i = 1; i < b->n - 1;) {
		size_t n = valid_length(p + i, b->n - 1 - i);
		assert_int_not_equal(n, 0);
		assert_true(p[i] >= 0x20 && p[i] != '"');
		i += p[i] == '\\' ? 2 : n;
		assert_true(i < b->n);
	}
}

static void
every_text_of_valid_sequences_is_kept(void **state)
{
	(void)state;
	struct buf text = {0}, out = {0};
	for (uint32_t v = 0xa0; v <= 0x10ffff; v += v < 0x11000 ? 1 : 97) {
		unsigned char utf8[4] = {(unsigned char)(0xf0 | v >> 18),
			(unsigned char)(0x80 | (v >> 12 & 0x3f)),
			(unsigned char)(0x80 | (v >> 6 & 0x3f)),
			(unsigned char)(0x80 | (v & 0x3f))};
		size_t skip = v < 0x800 ? 2 : v < 0x10000 ? 1 : 0;
		if (skip == 2)
			utf8[2] = (unsigned char)(0xc0 | v >> 6);
		if (skip == 1)
			utf8[1] = (unsigned char)(0xe0 | v >> 12);
		buf_clear(&text);
		buf_clear(&out);
		buf_add(&text, slice_of((char *)utf8 + skip, 4 - skip));
		json_add_string(&out, buf_slice(&text));
		bool surrogate = v >= 0xd800 && v <= 0xdfff;
		assert_int_equal(
			out.n == text.n + 2 && memcmp(out.p + 1, text.p, text.n) == 0, !surrogate);
	}
	buf_fini(&text);
	buf_fini(&out);
}

static void
any_bytes_become_a_json_string(void **state)
{
	(void)state;
	static const unsigned char nasty[] = {0, 9, '"', '\\', 'a', 0x7f, 0x80, 0x8f, 0x90, 0x9f,
		0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff};
	uint64_t random = 10;
	struct buf out = {0};
	for (int i = 0; i < 50000; i++) {
		char text[12];
		size_t n = random_below(&random, sizeof(text) + 1);
		for (size_t k = 0; k < n; k++)
			text[k] = (char)nasty[random_below(&random, sizeof(nasty))];
		buf_clear(&out);
		json_add_string(&out, slice_of(text, n));
		assert_is_a_string(&out);
	}
	buf_fini(&out);
}

static void
objects_get_their_commas(void **state)
{
	(void)state;
	struct buf b = {0};
	buf_add_char(&b, '{');
	json_add_field(&b, "from", S("a@b"));
	json_add_field_str(&b, "to", NULL);
	json_add_field_str(&b, "code", "4.2.2");
	json_add_field_i64(&b, "size", -1);
	json_add_field_bool(&b, "final", true);
	json_add_field_time(&b, "time", INT64_C(1795324899087984));
	json_add_field_time(&b, "last", 0);
	json_add_field_some(&b, "none", S(""));
	json_add_field_some(&b, "some", S("{"));
	json_add_key(&b, "qids");
	buf_add_char(&b, '[');
	for (int i = 0; i < 2; i++) {
		json_add_comma(&b);
		json_add_string(&b, S("Q"));
	}
	buf_add_str(&b, "]}");
	assert_text(b,
		"{\"from\":\"a@b\",\"to\":null,\"code\":\"4.2.2\",\"size\":-1,\"final\":true,"
		"\"time\":\"2026-11-22T05:21:39.087Z\",\"last\":null,\"some\":\"{\",\"qids\":["
		"\"Q\",\"Q\"]}");
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_stays_as_it_is),
		cmocka_unit_test(what_json_forbids_is_escaped),
		cmocka_unit_test(controls_above_ascii_are_escaped_too),
		cmocka_unit_test(bytes_that_are_no_utf8_are_replaced_one_by_one),
		cmocka_unit_test(every_text_of_valid_sequences_is_kept),
		cmocka_unit_test(any_bytes_become_a_json_string),
		cmocka_unit_test(objects_get_their_commas),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
