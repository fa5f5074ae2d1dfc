/* A client's bytes, whole and in pieces: the first four bytes give the cap of the data and three
 * lengths of pieces in turn. The frames must be the same; every answer must itself be a frame. */
#include "base/memory.h"
#include "wire/relp.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 4, CAP_MAX = 64 };

static void
check_answers(const struct buf *answers, uint32_t txnr)
{
	struct relp_reader r;
	struct relp_frame frame;
	struct slice input = buf_slice(answers);
	relp_reader_init(&r, 4096);
	while (relp_next(&r, &input, &frame) == RELP_FRAME) {
		assert(frame.command == RELP_OTHER && frame.cut_bytes == 0);
		assert(frame.txnr == txnr || frame.txnr == 0);
	}
	assert(input.n == 0 && !r.reason && r.frames == (txnr ? 5 : 1));
	relp_reader_fini(&r);
}

static void
answer(struct relp_session *session, const struct relp_frame *frame)
{
	const char *reason;
	struct buf out = {0};
	struct relp_offers offers;
	enum relp_step step = relp_session_check(session, frame, &reason);
	assert((step == RELP_STEP_IGNORE) == (frame->txnr == 0));
	relp_offers_read(frame->data, &offers);
	relp_add_open(&out, frame->txnr, &offers);
	relp_add_ok(&out, frame->txnr);
	relp_add_close(&out, frame->txnr);
	relp_add_error(&out, frame->txnr, 500,
		step == RELP_STEP_REFUSE ? slice_of_str(reason) : frame->data);
	relp_add_serverclose(&out);
	check_answers(&out, frame->txnr);
	buf_fini(&out);
}

/* The frames of one piece, which is gone afterwards; returns the bytes taken off it. */
static size_t
feed(struct relp_reader *r, struct slice piece, struct relp_session *session, uint64_t *hash)
{
	struct relp_frame frame;
	enum relp_result result;
	char *copy = memory_new(piece.n);
	memcpy(copy, piece.p, piece.n);
	struct slice input = slice_of(copy, piece.n);
	while ((result = relp_next(r, &input, &frame)) == RELP_FRAME) {
		assert(frame.data.n <= r->max_data_bytes && frame.txnr <= 999999999);
		*hash = slice_hash(frame.name, *hash + frame.txnr);
		*hash = slice_hash(frame.data, *hash + frame.cut_bytes);
		answer(session, &frame);
	}
	assert(result == RELP_BROKEN || input.n == 0);
	assert((result == RELP_BROKEN) == (r->reason != NULL));
	free(copy);
	return piece.n - input.n;
}

static uint64_t
hash_frames(struct slice stream, size_t cap, const uint8_t *pieces)
{
	struct relp_reader r;
	struct relp_session session = {0};
	uint64_t hash = 0, taken = 0;
	relp_reader_init(&r, cap);
	for (size_t i = 0; stream.n > 0 && !r.reason; i++) {
		size_t n = pieces ? 1 + (size_t)pieces[i % 3] : stream.n;
		taken += feed(&r, slice_head(stream, n), &session, &hash);
		stream = slice_skip(stream, n);
	}
	hash = slice_hash(slice_of_str(r.reason ? r.reason : ""), hash + r.frames + r.cut_frames);
	hash += taken + r.dropped_bytes;
	relp_reader_fini(&r);
	return hash;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < HEAD)
		return 0;
	struct slice stream = slice_of((const char *)data + HEAD, size - HEAD);
	size_t cap = 1 + data[0] % CAP_MAX;
	assert(hash_frames(stream, cap, NULL) == hash_frames(stream, cap, data + 1));
	return 0;
}
