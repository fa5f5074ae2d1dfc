#include "unit.h"

#include "wire/framing.h"

/* All frames of the stream, fed in pieces of the given sizes, each with '|' behind it. A frame that
 * the end of the stream cut off has '~'. */
static void
collect(struct framing *f, struct slice stream, size_t piece, uint64_t *seed, struct buf *out)
{
	struct slice frame;
	buf_clear(out);
	while (stream.n > 0) {
		size_t n = seed ? 1 + random_below(seed, piece) : piece;
		struct slice input = slice_head(stream, n);
		stream = slice_skip(stream, n);
		while (framing_next(f, &input, &frame)) {
			buf_add(out, frame);
			buf_add_char(out, '|');
		}
		assert_int_equal(input.n, 0);
	}
	if (framing_end(f, &frame)) {
		buf_add(out, frame);
		buf_add_char(out, '~');
	}
}

static void
check_frames(struct slice stream, bool octet_counting, size_t cap, struct slice want, int line)
{
	uint64_t seed = 7;
	struct buf out = {0};
	for (size_t piece = 1; piece <= stream.n + 20; piece++) {
		struct framing f;
		framing_init(&f, cap, octet_counting);
		collect(&f, stream, piece <= stream.n ? piece : 5, piece <= stream.n ? NULL : &seed,
			&out);
		framing_fini(&f);
		check_slice(buf_slice(&out), want, __FILE__, line);
	}
	buf_fini(&out);
}

#define assert_frames(stream, octet_counting, want)                                                \
	check_frames(S(stream), (octet_counting), 1024, S(want), __LINE__)

static void
lines_end_at_lf(void **state)
{
	(void)state;
	assert_frames("one\ntwo\n", false, "one|two|");
	assert_frames("one\r\n\n\ntwo", false, "one\r|||two~");
	assert_frames("a\0b\nc\xff\n", false, "a\0b|c\xff|");
	assert_frames("\n", false, "|");
	assert_frames("5 <1>ab\n", false, "5 <1>ab|");
}

static void
octet_counts_are_told_apart_frame_by_frame(void **state)
{
	(void)state;
	assert_frames("5 <1>ab6 <1>a\nc", true, "<1>ab|<1>a\nc|");
	assert_frames("5 <1>ab<2>line\n5 <3>xy", true, "<1>ab|<2>line|<3>xy|");
	assert_frames("5 <1>ab\n<2>line\n", true, "<1>ab||<2>line|");
	assert_frames("1 <2>\n", true, "<|2>|");
	assert_frames("10 <1>a\0b\nc", true, "<1>a\0b\nc~");
}

static void
lines_that_begin_with_digits_are_lines(void **state)
{
	(void)state;
	assert_frames("2026-11-22T05:21:39Z mx a: b\n", true, "2026-11-22T05:21:39Z mx a: b|");
	assert_frames("12\n12 \n12 x\n0 <1>\n", true, "12|12 |12 x|0 <1>|");
	assert_frames("12345678 <1>a\n1 2026-11-22 x\n", true, "12345678 <1>a|1 2026-11-22 x|");
	assert_frames("12", true, "12~");
	assert_frames("12 ", true, "12 ~");
}

static void
a_long_frame_is_cut_and_counted(void **state)
{
	(void)state;
	check_frames(
		S("0123456789abcdefXYZ\nok\n"), false, 16, S("0123456789abcdef|ok|"), __LINE__);
	check_frames(S("20 <1>3456789abcdefWXYZ<2>ok\n"), true, 16, S("<1>3456789abcdef|<2>ok|"),
		__LINE__);
	check_frames(S("0123456789abcdefXYZ"), false, 16, S("0123456789abcdef~"), __LINE__);

	struct framing f;
	struct buf out = {0};
	framing_init(&f, 16, false);
	collect(&f, S("0123456789abcdefXYZ\n0123456789abcdef\n0123456789abcdef0\nx"), 3, NULL,
		&out);
	assert_int_equal(f.frames, 4);
	assert_int_equal(f.cut_frames, 2);
	assert_int_equal(f.dropped_bytes, 4);
	assert_int_equal(f.consumed_bytes, 20 + 17 + 18); /* the last line is not complete */
	framing_fini(&f);
	buf_fini(&out);
}

static void
a_frame_within_the_input_is_not_copied(void **state)
{
	(void)state;
	struct framing f;
	struct slice input = S("one\ntwo\nthr"), frame;
	const char *start = input.p;
	framing_init(&f, 1024, true);
	assert_true(framing_next(&f, &input, &frame));
	assert_ptr_equal(frame.p, start);
	assert_true(framing_next(&f, &input, &frame));
	assert_ptr_equal(frame.p, start + 4);
	assert_int_equal(f.consumed_bytes, 8);
	assert_false(framing_next(&f, &input, &frame));
	assert_int_equal(f.consumed_bytes, 8);
	framing_fini(&f);
}

static void
random_bytes_give_the_same_frames_however_they_are_cut(void **state)
{
	(void)state;
	static const char letters[] = "0123 <>a\n\n";
	uint64_t seed = 42;
	char stream[400];
	struct buf whole = {0}, pieces = {0};
	for (int round = 0; round < 3000; round++) {
		struct framing f;
		bool counting = round % 2;
		for (size_t i = 0; i < sizeof(stream); i++)
			stream[i] = letters[random_below(&seed, sizeof(letters) - 1)];
		framing_init(&f, 20, counting);
		collect(&f, slice_of(stream, sizeof(stream)), sizeof(stream), NULL, &whole);
		uint64_t consumed = f.consumed_bytes, cut = f.cut_frames, dropped = f.dropped_bytes;
		framing_fini(&f);
		framing_init(&f, 20, counting);
		collect(&f, slice_of(stream, sizeof(stream)), 9, &seed, &pieces);
		check_slice(buf_slice(&pieces), buf_slice(&whole), __FILE__, __LINE__);
		assert_int_equal(f.consumed_bytes, consumed);
		assert_int_equal(f.cut_frames, cut);
		assert_int_equal(f.dropped_bytes, dropped);
		framing_fini(&f);
	}
	buf_fini(&whole);
	buf_fini(&pieces);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_end_at_lf),
		cmocka_unit_test(octet_counts_are_told_apart_frame_by_frame),
		cmocka_unit_test(lines_that_begin_with_digits_are_lines),
		cmocka_unit_test(a_long_frame_is_cut_and_counted),
		cmocka_unit_test(a_frame_within_the_input_is_not_copied),
		cmocka_unit_test(random_bytes_give_the_same_frames_however_they_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
