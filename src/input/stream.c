#include "input/stream.h"

#include "base/memory.h"
#include "base/time.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
	IN_BYTES = 128 * 1024,
	DROP_BYTES = 256 * 1024,
};

static const uint64_t xz_memory_max = (uint64_t)256 << 20; /* xz -9 needs 65 MiB */

/* A decoder moves bytes from `in` to the caller's buffer. STEP_END: the data are complete. */
enum step {
	STEP_OK,
	STEP_END,
	STEP_BROKEN, /* s->error is set */
};

struct out {
	char *p;
	size_t n;
};

struct stream {
	int fd;
	enum stream_kind kind;
	uint64_t file_bytes;
	bool file_end;
	bool ended;
	bool broken;
	bool garbage;
	struct error error;

	z_stream gzip;
	gz_header gzip_head;
	bool gzip_between; /* at the end of a member */
	lzma_stream xz;
	ZSTD_DStream *zstd;
	bool zstd_between; /* at the end of a frame */

	struct slice in; /* not yet decoded */
	char buffer[IN_BYTES];
};

static enum step
fail(struct stream *s, const char *what)
{
	error_set(&s->error, "%s after %llu bytes of the file", what,
		(unsigned long long)s->file_bytes);
	s->broken = true;
	return STEP_BROKEN;
}

static enum step
fail_truncated(struct stream *s)
{
	return fail(s, "the file is truncated: the compressed data stop (every line before was "
		       "read; fetch "
		       "the file again)");
}

static enum step
fail_damaged(struct stream *s)
{
	return fail(s, "the compressed data are damaged (every line before was read; fetch the "
		       "file again)");
}

/* read(2) until something comes; 0 at the end of the file, -1 on error. */
static ptrdiff_t
read_file(struct stream *s, char *p, size_t n)
{
	ssize_t got;
	do
		got = read(s->fd, p, n);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		error_set(&s->error, "cannot read it: %s", strerror(errno));
		s->broken = true;
		return -1;
	}
	s->file_end = got == 0;
	s->file_bytes += (uint64_t)got;
	return got;
}

/* Makes `in` hold something unless the file is at its end. */
static bool
fill(struct stream *s)
{
	if (s->in.n || s->file_end)
		return true;
	ptrdiff_t got = read_file(s, s->buffer, sizeof(s->buffer));
	s->in = slice_of(s->buffer, got > 0 ? (size_t)got : 0);
	return got >= 0;
}

static enum step
step_plain(struct stream *s, struct out *out)
{
	if (s->in.n == 0) {
		ptrdiff_t got = read_file(s, out->p, out->n);
		if (got <= 0)
			return got == 0 ? STEP_END : STEP_BROKEN;
		out->p += got;
		out->n -= (size_t)got;
		return STEP_OK;
	}
	struct slice piece = slice_head(s->in, out->n);
	memcpy(out->p, piece.p, piece.n);
	out->p += piece.n;
	out->n -= piece.n;
	s->in = slice_skip(s->in, piece.n);
	return STEP_OK;
}

static enum step
step_gzip(struct stream *s, struct out *out)
{
	if (s->in.n == 0 && s->gzip_between)
		return STEP_END;
	if (s->gzip_between && *s->in.p != '\x1f') {
		s->garbage = true; /* as gzip(1): tapes pad with zeros */
		return STEP_END;
	}
	if (s->gzip_between)
		inflateReset(&s->gzip);
	s->gzip.next_in = (Bytef *)(uintptr_t)s->in.p; /* zlib does not write to it */
	s->gzip.avail_in = (uInt)s->in.n;
	s->gzip.next_out = (Bytef *)out->p;
	s->gzip.avail_out = out->n > UINT32_MAX ? UINT32_MAX : (uInt)out->n;
	int result = inflate(&s->gzip, Z_NO_FLUSH);
	size_t made = (size_t)((char *)s->gzip.next_out - out->p);
	bool stuck = s->in.n == 0 && made == 0;
	out->p += made;
	out->n -= made;
	s->in = slice_skip(s->in, s->in.n - s->gzip.avail_in);
	s->gzip_between = result == Z_STREAM_END;
	if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
		return fail_damaged(s);
	return stuck && !s->gzip_between ? fail_truncated(s) : STEP_OK;
}

static enum step
step_xz(struct stream *s, struct out *out)
{
	s->xz.next_in = (const uint8_t *)s->in.p;
	s->xz.avail_in = s->in.n;
	s->xz.next_out = (uint8_t *)out->p;
	s->xz.avail_out = out->n;
	lzma_ret result = lzma_code(&s->xz, s->in.n ? LZMA_RUN : LZMA_FINISH);
	out->p = (char *)s->xz.next_out;
	out->n = s->xz.avail_out;
	s->in = slice_skip(s->in, s->in.n - s->xz.avail_in);
	switch (result) {
	case LZMA_OK:
		return STEP_OK;
	case LZMA_STREAM_END:
		return STEP_END;
	case LZMA_BUF_ERROR:
		return fail_truncated(s);
	case LZMA_MEMLIMIT_ERROR:
		return fail(
			s, "its xz dictionary is too large (unpack it with xz -dc and give \"-\")");
	default:
		return fail_damaged(s);
	}
}

static enum step
step_zstd(struct stream *s, struct out *out)
{
	if (s->in.n == 0 && s->zstd_between)
		return STEP_END;
	ZSTD_inBuffer in = {s->in.p, s->in.n, 0};
	ZSTD_outBuffer to = {out->p, out->n, 0};
	size_t result = ZSTD_decompressStream(s->zstd, &to, &in);
	out->p += to.pos;
	out->n -= to.pos;
	if (ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge)
		return fail(s,
			"its zstd window is too large (unpack it with zstd -dc --long=31 and give "
			"\"-\")");
	if (ZSTD_isError(result))
		return fail_damaged(s);
	bool stuck = s->in.n == 0 && to.pos == 0;
	s->in = slice_skip(s->in, in.pos);
	s->zstd_between = result == 0;
	return stuck && !s->zstd_between ? fail_truncated(s) : STEP_OK;
}

static enum stream_kind
detect(struct slice head)
{
	if (slice_starts(head, S("\x1f\x8b\x08")))
		return STREAM_GZIP;
	if (slice_starts(head, S("\xfd"
				 "7zXZ\0")))
		return STREAM_XZ;
	if (slice_starts(head, S("\x28\xb5\x2f\xfd")))
		return STREAM_ZSTD;
	return STREAM_PLAIN;
}

static void
init_decoder(struct stream *s)
{
	bool ok = true;
	if (s->kind == STREAM_GZIP)
		ok = inflateInit2(&s->gzip, 16 + MAX_WBITS) == Z_OK &&
		     inflateGetHeader(&s->gzip, &s->gzip_head) == Z_OK;
	else if (s->kind == STREAM_XZ)
		ok = lzma_stream_decoder(&s->xz, xz_memory_max, LZMA_CONCATENATED) == LZMA_OK;
	else if (s->kind == STREAM_ZSTD)
		ok = (s->zstd = ZSTD_createDStream()) != NULL;
	if (!ok)
		fail(s, "no memory to decompress it");
}

struct stream *
stream_open(int fd)
{
	struct stream *s = memory_new(sizeof(*s));
	memset(s, 0, offsetof(struct stream, buffer));
	s->fd = fd;
	if (!fill(s))
		return s;
	s->kind = detect(s->in);
	init_decoder(s);
	return s;
}

void
stream_close(struct stream **s)
{
	if (!*s)
		return;
	if ((*s)->kind == STREAM_GZIP)
		inflateEnd(&(*s)->gzip);
	if ((*s)->kind == STREAM_XZ)
		lzma_end(&(*s)->xz);
	ZSTD_freeDStream((*s)->zstd);
	free(*s);
	*s = NULL;
}

static enum step
step(struct stream *s, struct out *out)
{
	if (s->kind == STREAM_PLAIN)
		return step_plain(s, out);
	if (!fill(s))
		return STEP_BROKEN;
	if (s->kind == STREAM_GZIP)
		return step_gzip(s, out);
	return s->kind == STREAM_XZ ? step_xz(s, out) : step_zstd(s, out);
}

ptrdiff_t
stream_read(struct stream *s, char *p, size_t n, struct error *err)
{
	struct out out = {p, n};
	while (out.p == p && !s->broken && !s->ended)
		s->ended = step(s, &out) == STEP_END;
	if (out.p > p)
		return out.p - p;
	if (!s->broken)
		return 0;
	error_set(err, "%s", s->error.text);
	return -1;
}

static bool
drop(struct stream *s, uint64_t n, struct error *err)
{
	char *buffer = memory_new(DROP_BYTES);
	ptrdiff_t got = 1;
	while (n > 0 && got > 0) {
		got = stream_read(s, buffer, n < DROP_BYTES ? (size_t)n : DROP_BYTES, err);
		n -= got > 0 ? (uint64_t)got : 0;
	}
	free(buffer);
	return got >= 0;
}

bool
stream_skip(struct stream *s, uint64_t offset, struct error *err)
{
	if (s->kind != STREAM_PLAIN || offset > INT64_MAX ||
		lseek(s->fd, (off_t)offset, SEEK_SET) < 0)
		return drop(s, offset, err);
	s->in = slice_of(s->buffer, 0);
	s->file_end = false;
	s->file_bytes = offset;
	return true;
}

enum stream_kind
stream_kind(const struct stream *s)
{
	return s->kind;
}

int64_t
stream_gzip_time_us(const struct stream *s)
{
	return s->kind == STREAM_GZIP ? (int64_t)s->gzip_head.time * TIME_SECOND_US : 0;
}

uint64_t
stream_file_bytes(const struct stream *s)
{
	return s->file_bytes;
}

bool
stream_has_garbage(const struct stream *s)
{
	return s->garbage;
}
