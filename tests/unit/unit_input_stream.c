#include "input_fixture.h"

#include "input/stream.h"

#include <fcntl.h>
#include <unistd.h>

static const enum files_packing packings[] = {FILES_PLAIN, FILES_GZIP, FILES_XZ, FILES_ZSTD};

static struct slice
sample(struct buf *b, int lines)
{
	for (int i = 0; i < lines; i++)
		buf_addf(b, "Nov 22 05:%02d:%02d mx postfix/qmgr[%d]: %08X: removed\n", i / 60 % 60,
			i % 60, i, i * 2654435761u);
	return buf_slice(b);
}

/* Everything that can be read, in pieces of `piece` bytes; the last result. */
static ptrdiff_t
read_all(const char *name, uint64_t skip, size_t piece, struct buf *out, struct error *err)
{
	int fd = open(files_path(name), O_RDONLY);
	assert_true(fd >= 0);
	struct stream *s = stream_open(fd);
	ptrdiff_t got = stream_skip(s, skip, err) ? 1 : -1;
	while (got > 0) {
		got = stream_read(s, buf_room(out, piece), piece, err);
		out->n += got > 0 ? (size_t)got : 0;
	}
	stream_close(&s);
	assert_null(s);
	close(fd);
	return got;
}

static void
check_reads(const char *name, uint64_t skip, size_t piece, struct slice want)
{
	struct buf out = {0};
	struct error err = {{0}};
	assert_int_equal(read_all(name, skip, piece, &out, &err), 0);
	assert_true(slice_equal(buf_slice(&out), want));
	buf_fini(&out);
}

static void
what_was_packed_comes_out_again(void **state)
{
	(void)state;
	struct buf content = {0}, packed = {0};
	sample(&content, 20000);
	for (size_t i = 0; i < sizeof(packings) / sizeof(*packings); i++) {
		buf_clear(&packed);
		files_pack(packings[i], buf_slice(&content), 0, &packed);
		files_write("log", buf_slice(&packed));
		check_reads("log", 0, 65536, buf_slice(&content));
		check_reads("log", 0, 999, buf_slice(&content));
		check_reads("log", 700001, 65536, slice_skip(buf_slice(&content), 700001));
		check_reads("log", 1u << 30, 65536, S(""));
	}
	buf_fini(&content);
	buf_fini(&packed);
}

static void
parts_packed_one_by_one_are_one_stream(void **state)
{
	(void)state;
	struct buf content = {0}, packed = {0};
	sample(&content, 3000);
	size_t half = content.n / 2;
	for (size_t i = 0; i < sizeof(packings) / sizeof(*packings); i++) {
		buf_clear(&packed);
		files_pack(packings[i], slice_head(buf_slice(&content), half), 0, &packed);
		files_pack(packings[i], slice_skip(buf_slice(&content), half), 0, &packed);
		files_write("log", buf_slice(&packed));
		check_reads("log", 0, 4096, buf_slice(&content));
	}
	buf_fini(&content);
	buf_fini(&packed);
}

static void
a_truncated_file_gives_what_it_has_and_then_an_error(void **state)
{
	(void)state;
	struct buf content = {0}, packed = {0}, out = {0};
	sample(&content, 20000);
	for (size_t i = 1; i < sizeof(packings) / sizeof(*packings); i++) {
		struct error err = {{0}};
		buf_clear(&packed);
		buf_clear(&out);
		files_pack(packings[i], buf_slice(&content), 0, &packed);
		files_write("log", slice_head(buf_slice(&packed), packed.n * 2 / 3));
		assert_int_equal(read_all("log", 0, 4096, &out, &err), -1);
		assert_non_null(strstr(err.text, "truncated"));
		assert_true(out.n > content.n / 3);
		assert_true(slice_starts(buf_slice(&content), buf_slice(&out)));
		for (size_t n = 7; n < 40; n++) {
			files_write("log", slice_head(buf_slice(&packed), n));
			buf_clear(&out);
			assert_int_equal(read_all("log", 0, 4096, &out, &err), -1);
		}
		files_write("log", slice_head(buf_slice(&packed), packed.n - 1));
		buf_clear(&out);
		assert_int_equal(read_all("log", 0, 4096, &out, &err), -1);
	}
	buf_fini(&content);
	buf_fini(&packed);
	buf_fini(&out);
}

static void
a_damaged_file_is_an_error(void **state)
{
	(void)state;
	struct buf content = {0}, packed = {0}, out = {0};
	sample(&content, 20000);
	for (size_t i = 1; i < sizeof(packings) / sizeof(*packings); i++) {
		struct error err = {{0}};
		buf_clear(&packed);
		buf_clear(&out);
		files_pack(packings[i], buf_slice(&content), 0, &packed);
		memset(packed.p + packed.n / 2, 0x55, 64);
		files_write("log", buf_slice(&packed));
		ptrdiff_t result = read_all("log", 0, 4096, &out, &err);
		/* zstd has no checksum here: damage may only change what comes out */
		assert_true(result == -1 || packings[i] == FILES_ZSTD);
	}
	buf_fini(&content);
	buf_fini(&packed);
	buf_fini(&out);
}

static void
zeros_behind_a_gzip_file_are_left_out(void **state)
{
	(void)state;
	struct buf packed = {0};
	char got[64];
	struct error err;
	files_pack(FILES_GZIP, S("one\n"), 1795324899, &packed);
	buf_add(&packed, S("\0\0\0\0"));
	files_write("log", buf_slice(&packed));
	int fd = open(files_path("log"), O_RDONLY);
	struct stream *s = stream_open(fd);
	assert_int_equal(stream_read(s, got, sizeof(got), &err), 4);
	assert_int_equal(stream_gzip_time_us(s), 1795324899000000);
	assert_false(stream_has_garbage(s));
	assert_int_equal(stream_read(s, got, sizeof(got), &err), 0);
	assert_true(stream_has_garbage(s));
	assert_int_equal(stream_file_bytes(s), packed.n);
	stream_close(&s);
	close(fd);
	buf_fini(&packed);
}

static void
an_empty_file_is_at_its_end(void **state)
{
	(void)state;
	files_write("log", S(""));
	check_reads("log", 0, 100, S(""));
	check_reads("log", 5, 100, S(""));
	files_write("log", S("\x1f"));
	check_reads("log", 0, 100, S("\x1f"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_packed_comes_out_again),
		cmocka_unit_test(parts_packed_one_by_one_are_one_stream),
		cmocka_unit_test(a_truncated_file_gives_what_it_has_and_then_an_error),
		cmocka_unit_test(a_damaged_file_is_an_error),
		cmocka_unit_test(zeros_behind_a_gzip_file_are_left_out),
		cmocka_unit_test(an_empty_file_is_at_its_end),
	};
	return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
