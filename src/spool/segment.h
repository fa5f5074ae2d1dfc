/*
 * One file of the spool: names, making, and reading from one end to the other. Functions that take
 * `folder` work in the folder that is open as this descriptor.
 */
#ifndef ELSE_SPOOL_SEGMENT_H
#define ELSE_SPOOL_SEGMENT_H

#include "base/error.h"
#include "spool/record.h"

enum {
	SEGMENT_NAME_BYTES = 32,
};

/* "00000000000004d2.spool" with its NUL. */
void segment_name(char name[SEGMENT_NAME_BYTES], uint64_t first);
bool segment_name_read(const char *name, uint64_t *first);

/* Makes the file with its head under a name of its own, renames it and syncs the folder, so that
 * there is never one with half a head. Returns it open for writing, or -1. */
int segment_create(int folder, const struct segment_head *head, struct error *err);

/* Open for reading, or -1. */
int segment_open(int folder, uint64_t first, struct error *err);

/* Where a position is in the file. */
static inline uint64_t
segment_offset(uint64_t first, uint64_t position)
{
	return position - first + SEGMENT_HEAD_BYTES;
}

/* As pread and pwrite, but whole: false when an error came before `n` bytes (errno; 0 = the file
 * ends). */
bool segment_read_at(int fd, char *p, size_t n, uint64_t offset);
bool segment_write_at(int fd, struct slice bytes, uint64_t offset);

/* The records of one open file. */
struct segment_reader {
	int fd; /* -1 = none; closed by segment_reader_fini */
	uint64_t identity;
	uint64_t first;
	uint64_t at;	    /* the next record */
	uint64_t window_at; /* position of the first byte of `window` */
	struct buf window;
};

enum segment_result {
	SEGMENT_RECORD,
	SEGMENT_BAD,	/* no whole record stands there; the reader does not move */
	SEGMENT_FAILED, /* cannot read the file: errno, 0 = it ends */
};

/* Takes fd over. `at` >= first. */
void segment_reader_begin(
	struct segment_reader *r, int fd, uint64_t identity, uint64_t first, uint64_t at);
void segment_reader_fini(struct segment_reader *r);

/* The record at r->at, of those that end at or before the position `end` (r->at < end), and past
 * it. `end` may grow from call to call. Texts live until the next call. */
enum segment_result segment_next(
	struct segment_reader *r, uint64_t end, struct spool_record *record);

/* From the damage at r->at on to the next good record, or to `end` when there is none (or when
 * bytes made to look like records have cost too much). False when the file cannot be read: errno.
 */
bool segment_resync(struct segment_reader *r, uint64_t end);

#endif
