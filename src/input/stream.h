/*
 * The bytes of a file, uncompressed: plain, gzip (RFC 1952, also several members in a row), xz and
 * zstd, told by their first bytes, never by the name. One pass from start to end.
 */
#ifndef ELSE_INPUT_STREAM_H
#define ELSE_INPUT_STREAM_H

#include "base/error.h"
#include "base/slice.h"

enum stream_kind {
	STREAM_PLAIN,
	STREAM_GZIP,
	STREAM_XZ,
	STREAM_ZSTD,
};

struct stream;

/* Borrows `fd`, which stands at the beginning of the file, and reads its first bytes. An error of
 * read(2) comes out of the first stream_read. */
struct stream *stream_open(int fd);
void stream_close(struct stream **s);

/* Up to `n` bytes. 0 at the end, -1 on error (file damaged, truncated, unreadable: `err` says
 * which, without the name). What could be decoded before an error is delivered first. */
ptrdiff_t stream_read(struct stream *s, char *p, size_t n, struct error *err);

/* Before the first stream_read: goes on `offset` uncompressed bytes further. A seek for a plain
 * file that can seek, else everything is decoded and dropped. True also when the file is shorter:
 * then the next read is at the end. */
bool stream_skip(struct stream *s, uint64_t offset, struct error *err);

enum stream_kind stream_kind(const struct stream *s);

/* Modification time in a gzip header, 0 = none. Known after the first stream_read. */
int64_t stream_gzip_time_us(const struct stream *s);

/* Bytes taken from the file so far. */
uint64_t stream_file_bytes(const struct stream *s);

/* Bytes after the compressed data that do not belong to them were found and left out. */
bool stream_has_garbage(const struct stream *s);

#endif
