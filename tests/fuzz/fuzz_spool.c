/* A segment from memory: what is read lies within the bytes, is the same when written again, and
 * goes on where it ends. With an odd first byte the checksums are put right, so that the fuzzer
 * gets behind them. */
#include "base/memory.h"
#include "spool/record.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { IDENTITY = 7 };

static void
check_head(struct slice bytes)
{
	struct segment_head head;
	char again[SEGMENT_HEAD_BYTES];
	if (!segment_head_read(bytes, &head))
		return;
	segment_head_write(again, &head);
	assert(memcmp(again, bytes.p, 12) == 0 && memcmp(again + 16, bytes.p + 16, 40) == 0);
}

/* What record_read calls bad only because of its checksum gets the right one. */
static void
put_right(char *p, size_t n, uint64_t position)
{
	struct spool_record record;
	size_t bytes;
	if (record_read(slice_of(p, n), IDENTITY, position, &record, &bytes) != RECORD_BAD ||
		!bytes)
		return;
	uint64_t hash = slice_hash(slice_of(p + 8, bytes - 8), IDENTITY + position);
	for (int i = 0; i < 8; i++)
		p[i] = (char)(unsigned char)(hash >> 8 * i);
}

static void
check_record(struct slice bytes, const struct spool_record *record, uint64_t position, size_t n)
{
	struct buf again = {0};
	assert(n <= bytes.n && record->position == position && record->next == position + n);
	assert(record_size(record->sender, record->frame) == n);
	record_add(&again, IDENTITY, position, record->received_us, record->sender, record->frame);
	assert(slice_equal(buf_slice(&again), slice_head(bytes, n)));
	buf_fini(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	size_t n = size - 1;
	char *bytes = memory_new(n + 1);
	memcpy(bytes, data + 1, n);
	check_head(slice_of(bytes, n));
	for (size_t at = 0; at < n;) {
		struct spool_record record;
		size_t need;
		if (data[0] & 1)
			put_right(bytes + at, n - at, at);
		struct slice left = slice_of(bytes + at, n - at);
		enum record_result result = record_read(left, IDENTITY, at, &record, &need);
		if (result == RECORD_OK)
			check_record(left, &record, at, need);
		else
			assert(result == RECORD_BAD || need > left.n);
		at += result == RECORD_OK ? need : 1;
	}
	free(bytes);
	return 0;
}
