/* The same stream in one piece and in pieces: the frames must be the same. */
#include "wire/framing.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t
hash_frames(struct slice stream, bool octet_counting, size_t piece)
{
	struct framing f;
	struct slice frame;
	uint64_t hash = 0;
	framing_init(&f, 32, octet_counting);
	while (stream.n > 0) {
		struct slice input = slice_head(stream, piece);
		stream = slice_skip(stream, piece);
		while (framing_next(&f, &input, &frame)) {
			assert(frame.n <= 32);
			hash = slice_hash(frame, hash);
		}
		assert(input.n == 0);
	}
	if (framing_end(&f, &frame))
		hash = slice_hash(frame, hash + 1);
	hash += f.consumed_bytes + f.dropped_bytes;
	framing_fini(&f);
	return hash;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct slice stream = slice_of((const char *)data + 1, size - 1);
	bool octet_counting = data[0] & 1;
	assert(hash_frames(stream, octet_counting, size) ==
		hash_frames(stream, octet_counting, 1 + data[0] / 2 % 40));
	return 0;
}
