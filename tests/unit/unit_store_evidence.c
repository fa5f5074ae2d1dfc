#include "unit.h"

#include <stdlib.h>
#define ZSTD_STATIC_LINKING_ONLY /* magicless frames, for values made by hand */
#include <zstd.h>

#include "base/memory.h"
#include "base/time.h"
#include "store/evidence.h"

#define BASE_US (1795324899 * TIME_SECOND_US) /* 2026-11-22T05:21:39Z */

static struct evidence *ev;
static struct arena arena;
static struct buf value;

static int
begin(void **state)
{
	(void)state;
	ev = evidence_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	evidence_free(&ev);
	arena_fini(&arena);
	buf_fini(&value);
	return 0;
}

static void
assert_same(const struct hop_line *a, const struct hop_line *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_true(a[i].t_us == b[i].t_us);
		assert_true(slice_equal(a[i].raw, b[i].raw));
		assert_true(b[i].id == 0);
	}
}

/* Packs, unpacks, compares; the value stays in `value`. */
static void
assert_round_trip(const struct hop_line *lines, size_t n)
{
	struct error err;
	struct hop_line *back;
	size_t n_back;
	buf_clear(&value);
	evidence_pack(ev, &value, BASE_US, lines, n);
	if (!evidence_unpack(ev, buf_slice(&value), BASE_US, &arena, &back, &n_back, &err))
		fail_msg("%s", err.text);
	assert_int_equal(n_back, n);
	assert_same(lines, back, n);
}

static void
assert_refused(struct slice bytes, const char *why)
{
	struct error err;
	struct hop_line *lines;
	size_t n;
	assert_false(evidence_unpack(ev, bytes, BASE_US, &arena, &lines, &n, &err));
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

/* A value with this content, as another program might make it. */
static void
make_value(struct slice content)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_CCtx_setParameter(c, ZSTD_c_format, ZSTD_f_zstd1_magicless);
	buf_clear(&value);
	buf_add_char(&value, 0);
	size_t bound = ZSTD_compressBound(content.n);
	value.n += ZSTD_compress2(c, buf_room(&value, bound), bound, content.p, content.n);
	ZSTD_freeCCtx(c);
}

/* ---- lines ---- */

enum { HOP_LINES = 5 };

/* The words that vary from mail to mail are random: pid, queue id, times. */
static void
make_hop(uint64_t *random, struct hop_line lines[HOP_LINES])
{
	static const char *const texts[HOP_LINES][2] = {
		{"smtpd", "client=unknown[192.0.2.7]"},
		{"cleanup", "message-id=<a@example.com>"},
		{"qmgr", "from=<joe@example.com>, size=4711, nrcpt=1 (queue active)"},
		{"smtp", "to=<ann@example.org>, relay=mx.example.org[198.51.100.25]:25, delay=0.7, "
			 "delays=0.1/0/0.4/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as "
			 "4XvKpL2Rtzvz9vT7)"},
		{"qmgr", "removed"},
	};
	uint64_t qid = random_next(random) >> 28;
	for (size_t i = 0; i < HOP_LINES; i++) {
		struct buf b = {0};
		int64_t t_us = BASE_US + (int64_t)random_below(random, 100000) * 1000;
		time_add_iso_ms(&b, t_us);
		buf_addf(&b, " mx1.example.net postfix/%s[%zu]: %09llX: %s", texts[i][0],
			random_below(random, 100000), (unsigned long long)qid, texts[i][1]);
		lines[i] =
			(struct hop_line){.t_us = t_us, .raw = arena_copy(&arena, buf_slice(&b))};
		buf_fini(&b);
	}
}

static void
make_dictionary(struct buf *dict, size_t samples)
{
	uint64_t random = 17;
	struct hop_line lines[HOP_LINES];
	struct slice *contents = memory_new(samples * sizeof(*contents));
	for (size_t i = 0; i < samples; i++) {
		struct buf content = {0};
		make_hop(&random, lines);
		evidence_content(&content, BASE_US, lines, HOP_LINES);
		contents[i] = arena_copy(&arena, buf_slice(&content));
		buf_fini(&content);
	}
	bool ok = evidence_train(contents, samples, dict);
	free(contents);
	assert_int_equal(ok, samples >= 100);
}

/* ---- cases ---- */

static void
content_is_as_the_header_says(void **state)
{
	(void)state;
	struct buf content = {0};
	const struct hop_line lines[] = {
		{.t_us = BASE_US, .raw = S("2026-11-22T05:21:39Z h a: b")},
		{.t_us = BASE_US - 1, .raw = S("x")},
		{.t_us = BASE_US + 300, .raw = S("")},
	};
	evidence_content(&content, BASE_US, lines, 3);
	assert_text(content, "\x36"
			     "2026-11-22T05:21:39Z h a: b"
			     "\x03\x01x"
			     "\x01\xd8\x04");
	buf_fini(&content);
}

/* A table: the line, and whether it tells its time, which is BASE_US, itself. */
static void
only_a_full_time_in_the_header_needs_no_stamp(void **state)
{
	(void)state;
	static const struct {
		struct slice raw;
		bool own;
	} cases[] = {
		{S("2026-11-22T05:21:39+00:00 mx1 postfix/qmgr[7]: x"), true},
		{S("2026-11-22T06:21:39.000000+01:00 mx1 postfix/qmgr[7]: x"), true},
		{S("2026-11-22 06:21:39+0100 mx1 postfix/qmgr[7]: x"), true},
		{S("<22>1 2026-11-22T05:21:39.000000Z mx1 postfix/qmgr 7 - - x"), true},
		{S("1 2026-11-22T05:21:39Z mx1 postfix/qmgr 7 - - x"), true},
		{S("<22>2026-11-22T05:21:39Z mx1 postfix/qmgr[7]: x"), true},
		{S("2026-11-22T05:21:39 mx1 postfix/qmgr[7]: no offset"), false},
		{S("2026-11-22 05:21:39 mx1 postfix/qmgr[7]: no offset"), false},
		{S("2026-11-22T05:21:40Z mx1 postfix/qmgr[7]: another time"), false},
		{S("2026-11-22T05:21:39.000001Z mx1 postfix/qmgr[7]: another time"), false},
		{S("Nov 22 05:21:39 mx1 postfix/qmgr[7]: x"), false},
		{S("<22>Nov 22 05:21:39 mx1 postfix/qmgr[7]: x"), false},
		{S("2026-11-22T05:21:39.000Z,192.0.2.7,mx1,a row of message tracking"), false},
		{S("<22>1 - mx1 postfix/qmgr 7 - - x"), false},
		{S("<999>2026-11-22T05:21:39Z mx1 x: y"), false},
		{S("2026-11-22T05:21:39Z"), false},
		{S(""), false},
	};
	struct buf content = {0};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct hop_line line = {.t_us = BASE_US, .raw = cases[i].raw};
		buf_clear(&content);
		evidence_content(&content, BASE_US, &line, 1);
		assert_int_equal(content.p[0] & 1, !cases[i].own);
		assert_round_trip(&line, 1);
	}
	buf_fini(&content);
}

/* Dictionary id, then the frame header of RFC 8878 without its magic number: a descriptor of zero
 * bits means no content size, no checksum, no dictionary id. */
static void
a_value_has_the_shortest_head(void **state)
{
	(void)state;
	const struct hop_line line = {.t_us = BASE_US, .raw = S("x")};
	evidence_pack(ev, &value, BASE_US, &line, 1);
	assert_int_equal(value.p[0], 0);
	assert_int_equal(value.p[1], 0);
}

static void
no_lines_are_a_value_too(void **state)
{
	(void)state;
	assert_round_trip(NULL, 0);
}

static void
values_are_appended(void **state)
{
	(void)state;
	struct hop_line *back, line = {.t_us = BASE_US, .raw = S("x")};
	struct error err;
	size_t n;
	buf_add(&value, S("before"));
	evidence_pack(ev, &value, BASE_US, &line, 1);
	assert_true(slice_starts(buf_slice(&value), S("before")));
	assert_true(evidence_unpack(
		ev, slice_skip(buf_slice(&value), 6), BASE_US, &arena, &back, &n, &err));
	assert_same(&line, back, 1);
}

static struct slice
random_bytes(uint64_t *random, size_t limit)
{
	size_t n = random_below(random, limit);
	char *p = arena_new(&arena, n);
	for (size_t i = 0; i < n; i++)
		p[i] = (char)(random_next(random) >> 56);
	return slice_of(p, n);
}

/* Any bytes, any times; with every other round short lines. */
static void
random_lines_come_back(void **state)
{
	(void)state;
	uint64_t random = 4711;
	struct hop_line lines[40];
	for (int round = 0; round < 400; round++) {
		size_t n = random_below(&random, 40);
		for (size_t i = 0; i < n; i++) {
			uint64_t t = random_next(&random) >> random_below(&random, 64);
			lines[i] = (struct hop_line){.t_us = (int64_t)t,
				.id = random_next(&random),
				.raw = random_bytes(&random, round % 2 ? 3000 : 3)};
		}
		assert_round_trip(lines, n);
		arena_reset(&arena);
	}
}

static void
the_ends_of_time_come_back(void **state)
{
	(void)state;
	const struct hop_line lines[] = {{.t_us = INT64_MIN, .raw = S("a")},
		{.t_us = INT64_MAX, .raw = S("b")}, {.raw = S("c")}};
	assert_round_trip(lines, 3);
}

static void
a_dictionary_makes_values_small(void **state)
{
	(void)state;
	uint64_t random = 99;
	size_t plain = 0, small = 0;
	struct hop_line lines[HOP_LINES];
	struct buf dict = {0};
	make_dictionary(&dict, 400);
	for (int i = 0; i < 200; i++) {
		make_hop(&random, lines);
		assert_round_trip(lines, HOP_LINES);
		plain += value.n;
		assert_int_equal(value.p[0], 0);
	}
	assert_int_equal(evidence_dictionary(ev), 0);
	assert_true(evidence_add_dictionary(ev, 200, buf_slice(&dict), true));
	assert_int_equal(evidence_dictionary(ev), 200);
	for (int i = 0; i < 200; i++) {
		make_hop(&random, lines);
		assert_round_trip(lines, HOP_LINES);
		small += value.n;
		assert_int_equal((unsigned char)value.p[0], 200);
	}
	assert_true(small * 2 < plain);
	buf_fini(&dict);
}

static void
old_values_need_their_old_dictionary(void **state)
{
	(void)state;
	uint64_t random = 5;
	struct hop_line lines[HOP_LINES], *back;
	struct error err;
	size_t n;
	struct buf first = {0}, second = {0};
	make_dictionary(&first, 100);
	make_dictionary(&second, 1000);
	make_hop(&random, lines);
	evidence_add_dictionary(ev, 1, buf_slice(&first), true);
	evidence_pack(ev, &value, BASE_US, lines, HOP_LINES);
	evidence_add_dictionary(ev, 2, buf_slice(&second), true);
	assert_true(evidence_unpack(ev, buf_slice(&value), BASE_US, &arena, &back, &n, &err));
	assert_same(lines, back, HOP_LINES);
	assert_round_trip(lines, HOP_LINES);
	value.p[0] = 3;
	assert_refused(buf_slice(&value), "dictionary 3");
	buf_fini(&first);
	buf_fini(&second);
}

static void
a_dictionary_may_be_known_before_it_is_used(void **state)
{
	(void)state;
	uint64_t random = 6;
	struct hop_line lines[HOP_LINES];
	struct buf dict = {0};
	make_dictionary(&dict, 100);
	assert_true(evidence_add_dictionary(ev, 7, buf_slice(&dict), false));
	assert_int_equal(evidence_dictionary(ev), 0);
	assert_true(evidence_add_dictionary(ev, 7, buf_slice(&dict), true));
	make_hop(&random, lines);
	assert_round_trip(lines, HOP_LINES);
	assert_int_equal(value.p[0], 7);
	buf_fini(&dict);
}

static void
what_is_no_dictionary_is_refused(void **state)
{
	(void)state;
	struct buf dict = {0};
	make_dictionary(&dict, 100);
	assert_false(evidence_add_dictionary(ev, 0, buf_slice(&dict), false));
	assert_false(evidence_add_dictionary(ev, 256, buf_slice(&dict), false));
	assert_false(evidence_add_dictionary(ev, 1, S(""), true));
	assert_false(evidence_add_dictionary(ev, 1, S("this is no dictionary"), true));
	memset(dict.p + 8, 0xff, 100); /* its entropy tables */
	assert_false(evidence_add_dictionary(ev, 1, buf_slice(&dict), true));
	assert_int_equal(evidence_dictionary(ev), 0);
	buf_fini(&dict);
}

static void
too_few_samples_make_no_dictionary(void **state)
{
	(void)state;
	struct buf dict = {0};
	make_dictionary(&dict, 99);
	assert_int_equal(dict.n, 0);
	buf_fini(&dict);
}

static void
cut_values_are_refused(void **state)
{
	(void)state;
	uint64_t random = 8;
	struct hop_line lines[HOP_LINES];
	make_hop(&random, lines);
	evidence_pack(ev, &value, BASE_US, lines, HOP_LINES);
	for (size_t n = 0; n < value.n; n++)
		assert_refused(slice_head(buf_slice(&value), n), "damaged");
}

/* There is no checksum: a wrong bit may pass as another text, but it must do no harm. */
static void
damaged_values_do_no_harm(void **state)
{
	(void)state;
	uint64_t random = 10;
	struct hop_line lines[HOP_LINES], *back;
	struct error err;
	size_t n, refused = 0;
	make_hop(&random, lines);
	evidence_pack(ev, &value, BASE_US, lines, HOP_LINES);
	for (size_t bit = 0; bit < value.n * 8; bit++) {
		value.p[bit / 8] = (char)(value.p[bit / 8] ^ 1 << bit % 8);
		refused +=
			!evidence_unpack(ev, buf_slice(&value), BASE_US, &arena, &back, &n, &err);
		value.p[bit / 8] = (char)(value.p[bit / 8] ^ 1 << bit % 8);
	}
	assert_true(refused > value.n);
	assert_round_trip(lines, HOP_LINES);
}

static void
content_that_is_none_is_refused(void **state)
{
	(void)state;
	static const struct slice contents[] = {
		S("\x04x"), /* two bytes announced, one there */
		S("\x02x"), /* no stamp, and no time of its own */
		S("\x03"),  /* stamped, without the stamp */
		S("\x80"),  /* number without end */
		S("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), /* 2^63 bytes */
		S("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		S("\0"),
	};
	for (size_t i = 0; i < sizeof(contents) / sizeof(*contents); i++) {
		make_value(contents[i]);
		assert_refused(buf_slice(&value), "damaged");
	}
}

static void
bombs_are_refused(void **state)
{
	(void)state;
	size_t n = (64 << 20) + 1;
	char *zeros = memory_zero(n, 1);
	make_value(slice_of(zeros, n));
	assert_true(value.n < 10000);
	assert_refused(buf_slice(&value), "64 MiB");
	for (size_t i = 0; i < 4 << 20; i += 2)
		zeros[i] = 1; /* two million empty lines with a stamp */
	make_value(slice_of(zeros, 4 << 20));
	assert_refused(buf_slice(&value), "lines");
	free(zeros);
}

/* No hop is that large, but what was written must be readable. */
static void
packing_stops_where_unpacking_would(void **state)
{
	(void)state;
	enum { N = 70, SIZE = 1 << 20 };
	char *text = memory_zero(SIZE, 1);
	struct hop_line lines[N], *back;
	struct error err;
	size_t n;
	for (size_t i = 0; i < N; i++)
		lines[i] = (struct hop_line){.t_us = BASE_US, .raw = slice_of(text, SIZE)};
	evidence_pack(ev, &value, BASE_US, lines, N);
	assert_true(evidence_unpack(ev, buf_slice(&value), BASE_US, &arena, &back, &n, &err));
	assert_int_equal(n, 63);
	assert_same(lines, back, n);
	free(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(content_is_as_the_header_says),
		CASE(only_a_full_time_in_the_header_needs_no_stamp),
		CASE(a_value_has_the_shortest_head),
		CASE(no_lines_are_a_value_too),
		CASE(values_are_appended),
		CASE(random_lines_come_back),
		CASE(the_ends_of_time_come_back),
		CASE(a_dictionary_makes_values_small),
		CASE(old_values_need_their_old_dictionary),
		CASE(a_dictionary_may_be_known_before_it_is_used),
		CASE(what_is_no_dictionary_is_refused),
		CASE(too_few_samples_make_no_dictionary),
		CASE(cut_values_are_refused),
		CASE(damaged_values_do_no_harm),
		CASE(content_that_is_none_is_refused),
		CASE(bombs_are_refused),
		CASE(packing_stops_where_unpacking_would),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
