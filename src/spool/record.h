/*
 * The bytes of a spool segment. Pure: bytes in, values out. All numbers are little-endian.
 *
 *	segment: a head of 64 bytes, records without gaps, and perhaps zeros (nothing written yet)
 *
 *	head	 0  8  "ELSEspl\n"
 *		 8  4  version: 1
 *		12  4  0
 *		16  8  identity of the spool
 *		24  8  first position: the file's name
 *		32  8  first position of the segment before this one; its own when there was none
 *		40  8  position behind the last record of that segment
 *		48  8  number of records ever written before this segment
 *		56  8  XXH3-64 of the 56 bytes before, seed 0
 *
 *	record	 0  8  XXH3-64 of the rest of the record, seed: identity + position
 *		 8  4  bytes of the frame
 *		12  2  bytes of the sender
 *		14  2  0x5ee1: zeros are no record
 *		16  8  received_us
 *		24     sender, frame
 *
 * A record at file offset o has the position first + o - 64. It tells everything by itself, so that
 * reading may begin at any record. The seed makes bytes of another place or another spool no
 * record, also those that somebody put into a log line; it is no defence against whoever can write
 * to the folder. Size and checksum of the head stay the same in all versions, so that a newer
 * version is told from damage.
 */
#ifndef ELSE_SPOOL_RECORD_H
#define ELSE_SPOOL_RECORD_H

#include "base/buf.h"

#define SEGMENT_HEAD_BYTES	64
#define SEGMENT_VERSION		1
#define RECORD_HEAD_BYTES	24
#define RECORD_SENDER_MAX_BYTES 1024
#define RECORD_FRAME_MAX_BYTES	(16 << 20)

struct spool_record {
	uint64_t position; /* of this record */
	uint64_t next;	   /* of what follows it: read from here on to go on behind it */
	int64_t received_us;
	struct slice sender;
	struct slice frame;
};

struct segment_head {
	uint32_t version;
	uint64_t identity;
	uint64_t first;
	uint64_t previous;
	uint64_t previous_end;
	uint64_t first_record;
};

void segment_head_write(char bytes[SEGMENT_HEAD_BYTES], const struct segment_head *head);

/* False when it is damaged, too short or something else. `head->version` is the caller's to look
 * at, before all else. */
bool segment_head_read(struct slice bytes, struct segment_head *head);

/* Appends a record. */
void record_add(struct buf *out, uint64_t identity, uint64_t position, int64_t received_us,
	struct slice sender, struct slice frame);

/* Bytes of the record that record_add makes. */
size_t record_size(struct slice sender, struct slice frame);

enum record_result {
	RECORD_OK,
	RECORD_SHORT, /* `*size` bytes are needed to say more; at least one more than there are */
	RECORD_BAD,
};

/* The record at the beginning of `bytes`, which stand at `position`. Its texts borrow from `bytes`.
 * `*size` is what the record takes, or would take: with RECORD_BAD 0 when its head cannot be one,
 * else as the head says. */
enum record_result record_read(struct slice bytes, uint64_t identity, uint64_t position,
	struct spool_record *record, size_t *size);

/* received_us of the record whose head is given; 0 when that cannot be one. */
int64_t record_received_us(const char head[RECORD_HEAD_BYTES]);

#endif
