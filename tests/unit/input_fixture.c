#include "input_fixture.h"

#include "base/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { PATHS_MAX = 64 };

static char folder[256];
static char *paths[PATHS_MAX];
static size_t path_count;

int
files_setup(void **state)
{
	(void)state;
	const char *base = getenv("TMPDIR");
	snprintf(folder, sizeof(folder), "%s/else-files-XXXXXX", base ? base : "/tmp");
	return mkdtemp(folder) ? 0 : -1;
}

int
files_teardown(void **state)
{
	(void)state;
	DIR *dir = opendir(folder);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	while (path_count > 0)
		free(paths[--path_count]);
	return rmdir(folder);
}

const char *
files_path(const char *name)
{
	struct buf b = {0};
	buf_addf(&b, "%s/%s", folder, name);
	for (size_t i = 0; i < path_count; i++)
		if (slice_equal(slice_of_str(paths[i]), buf_slice(&b))) {
			buf_fini(&b);
			return paths[i];
		}
	assert_true(path_count < PATHS_MAX);
	paths[path_count] = slice_dup(buf_slice(&b));
	buf_fini(&b);
	return paths[path_count++];
}

static void
put(const char *name, struct slice content, int flags)
{
	int fd = open(files_path(name), O_WRONLY | O_CREAT | flags, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content.p, content.n), content.n);
	close(fd);
}

void
files_write(const char *name, struct slice content)
{
	put(name, content, O_TRUNC);
}

void
files_append(const char *name, struct slice content)
{
	put(name, content, O_APPEND);
}

void
files_date(const char *name, int64_t t_us)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = t_us / TIME_SECOND_US}};
	assert_int_equal(utimensat(AT_FDCWD, files_path(name), times, 0), 0);
}

static void
pack_gzip(struct slice content, uint32_t seconds, char *to, size_t *n)
{
	z_stream z = {0};
	gz_header head = {.time = seconds};
	assert_int_equal(
		deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	deflateSetHeader(&z, &head);
	z.next_in = (Bytef *)(uintptr_t)content.p;
	z.avail_in = (uInt)content.n;
	z.next_out = (Bytef *)to;
	z.avail_out = (uInt)*n;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	*n -= z.avail_out;
	deflateEnd(&z);
}

static void
pack_xz(struct slice content, char *to, size_t *n)
{
	size_t made = 0;
	assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL,
				 (const uint8_t *)content.p, content.n, (uint8_t *)to, &made, *n),
		LZMA_OK);
	*n = made;
}

void
files_pack(
	enum files_packing packing, struct slice content, uint32_t gzip_seconds, struct buf *packed)
{
	size_t n = content.n + content.n / 8 + 1024;
	char *to = buf_room(packed, n);
	if (packing == FILES_PLAIN)
		memcpy(to, content.p, n = content.n);
	else if (packing == FILES_GZIP)
		pack_gzip(content, gzip_seconds, to, &n);
	else if (packing == FILES_XZ)
		pack_xz(content, to, &n);
	else
		n = ZSTD_compress(to, n, content.p, content.n, 1);
	packed->n += n;
}

void
files_write_packed(const char *name, enum files_packing packing, struct slice content)
{
	struct buf packed = {0};
	files_pack(packing, content, 0, &packed);
	files_write(name, buf_slice(&packed));
	buf_fini(&packed);
}

const struct input_options input_utc = {.reference_us = REFERENCE_US, .zone_fixed = true};

struct input *
input_open_names(const struct input_options *options, const char *names)
{
	const char *list[16];
	size_t n = 0;
	struct slice rest = slice_of_str(names), name;
	struct error err = {{0}};
	while (slice_split(&rest, ' ', &name)) {
		char *copy = slice_dup(name);
		list[n++] = strcmp(copy, "-") == 0 ? "-" : files_path(copy);
		free(copy);
	}
	struct input *in = input_open(options, list, n, &err);
	if (!in)
		fail_msg("%s", err.text);
	return in;
}

void
input_read_texts(struct input *in, struct buf *out)
{
	struct line line;
	struct input_source *source;
	enum input_result result;
	buf_clear(out);
	while ((result = input_next(in, &line, &source)) != INPUT_END) {
		buf_add(out, result == INPUT_LINE ? line.text : S("!"));
		buf_add_char(out, '|');
	}
	assert_int_equal(input_next(in, &line, &source), INPUT_END);
}

void
input_check_texts(const char *names, struct slice want, const char *file, int line)
{
	struct buf out = {0};
	struct input *in = input_open_names(&input_utc, names);
	input_read_texts(in, &out);
	input_close(&in);
	check_slice(buf_slice(&out), want, file, line);
	buf_fini(&out);
}

void
assert_warning(const struct input_source *source, const char *want)
{
	struct buf b = {0};
	input_add_warnings(source, &b);
	if (*want ? !strstr(buf_str(&b), want) : b.n > 0)
		fail_msg("the warnings are \"%s\"", buf_str(&b));
	buf_fini(&b);
}
