#include "spool/record.h"

#include <assert.h>

enum {
	MARK = 0x5ee1,
	CHECKSUM_BYTES = 8,
};

#define MAGIC "ELSEspl\n"

static void
put_number(char *p, uint64_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		p[i] = (char)(unsigned char)(v >> (8 * i));
}

static uint64_t
get_number(const char *p, size_t bytes)
{
	uint64_t v = 0;
	for (size_t i = 0; i < bytes; i++)
		v |= (uint64_t)(unsigned char)p[i] << (8 * i);
	return v;
}

static uint64_t
head_checksum(const char *bytes)
{
	return slice_hash(slice_of(bytes, SEGMENT_HEAD_BYTES - CHECKSUM_BYTES), 0);
}

void
segment_head_write(char bytes[SEGMENT_HEAD_BYTES], const struct segment_head *head)
{
	memcpy(bytes, MAGIC, 8);
	put_number(bytes + 8, head->version, 4);
	put_number(bytes + 12, 0, 4);
	put_number(bytes + 16, head->identity, 8);
	put_number(bytes + 24, head->first, 8);
	put_number(bytes + 32, head->previous, 8);
	put_number(bytes + 40, head->previous_end, 8);
	put_number(bytes + 48, head->first_record, 8);
	put_number(bytes + 56, head_checksum(bytes), 8);
}

bool
segment_head_read(struct slice bytes, struct segment_head *head)
{
	if (bytes.n < SEGMENT_HEAD_BYTES || memcmp(bytes.p, MAGIC, 8) != 0 ||
		get_number(bytes.p + 56, 8) != head_checksum(bytes.p))
		return false;
	*head = (struct segment_head){
		.version = (uint32_t)get_number(bytes.p + 8, 4),
		.identity = get_number(bytes.p + 16, 8),
		.first = get_number(bytes.p + 24, 8),
		.previous = get_number(bytes.p + 32, 8),
		.previous_end = get_number(bytes.p + 40, 8),
		.first_record = get_number(bytes.p + 48, 8),
	};
	return true;
}

static uint64_t
record_checksum(struct slice record, uint64_t identity, uint64_t position)
{
	return slice_hash(slice_skip(record, CHECKSUM_BYTES), identity + position);
}

size_t
record_size(struct slice sender, struct slice frame)
{
	return RECORD_HEAD_BYTES + sender.n + frame.n;
}

void
record_add(struct buf *out, uint64_t identity, uint64_t position, int64_t received_us,
	struct slice sender, struct slice frame)
{
	assert(sender.n <= RECORD_SENDER_MAX_BYTES && frame.n <= RECORD_FRAME_MAX_BYTES);
	size_t begin = out->n;
	char *p = buf_room(out, record_size(sender, frame));
	put_number(p + 8, frame.n, 4);
	put_number(p + 12, sender.n, 2);
	put_number(p + 14, MARK, 2);
	put_number(p + 16, (uint64_t)received_us, 8);
	out->n += RECORD_HEAD_BYTES;
	buf_add(out, sender);
	buf_add(out, frame);
	struct slice record = slice_of(out->p + begin, out->n - begin);
	put_number(out->p + begin, record_checksum(record, identity, position), 8);
}

/* What the record takes by its head; 0 when it is none. */
static size_t
size_by_head(const char *p)
{
	size_t frame = get_number(p + 8, 4);
	size_t sender = get_number(p + 12, 2);
	bool sound = get_number(p + 14, 2) == MARK && frame <= RECORD_FRAME_MAX_BYTES &&
		     sender <= RECORD_SENDER_MAX_BYTES;
	return sound ? RECORD_HEAD_BYTES + sender + frame : 0;
}

enum record_result
record_read(struct slice bytes, uint64_t identity, uint64_t position, struct spool_record *record,
	size_t *size)
{
	*size = RECORD_HEAD_BYTES;
	if (bytes.n < RECORD_HEAD_BYTES)
		return RECORD_SHORT;
	*size = size_by_head(bytes.p);
	if (*size == 0)
		return RECORD_BAD;
	if (bytes.n < *size)
		return RECORD_SHORT;
	struct slice whole = slice_head(bytes, *size);
	if (get_number(whole.p, 8) != record_checksum(whole, identity, position))
		return RECORD_BAD;
	size_t sender_bytes = get_number(whole.p + 12, 2);
	struct slice texts = slice_skip(whole, RECORD_HEAD_BYTES);
	*record = (struct spool_record){
		.position = position,
		.next = position + *size,
		.received_us = (int64_t)get_number(whole.p + 16, 8),
		.sender = slice_head(texts, sender_bytes),
		.frame = slice_skip(texts, sender_bytes),
	};
	return RECORD_OK;
}

int64_t
record_received_us(const char head[RECORD_HEAD_BYTES])
{
	return size_by_head(head) ? (int64_t)get_number(head + 16, 8) : 0;
}
