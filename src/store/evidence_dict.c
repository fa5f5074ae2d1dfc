#define ZDICT_STATIC_LINKING_ONLY /* fastCover */
#include "store/evidence_dict.h"

#include <stdlib.h>
#include <zdict.h>

#include "base/memory.h"
#include "store/evidence.h"

enum {
	DICT_BYTES = 64 << 10,
	SAMPLES_MIN = 100,
	SAMPLES_MAX = 4000,
	SAMPLE_BYTES = 8 << 10, /* of one sample: a mail of a thousand recipients is not typical */
};

/* Evenly spread over all, each cut. Returns how many. */
static unsigned
join_samples(const struct slice *samples, size_t n, struct buf *joined, size_t *sizes)
{
	unsigned count = 0;
	size_t wanted = n < SAMPLES_MAX ? n : SAMPLES_MAX;
	for (size_t i = 0; i < wanted; i++) {
		struct slice sample = slice_head(samples[i * n / wanted], SAMPLE_BYTES);
		if (sample.n == 0)
			continue;
		buf_add(joined, sample);
		sizes[count++] = sample.n;
	}
	return count;
}

static bool
train(const struct buf *joined, const size_t *sizes, unsigned count, struct buf *dict)
{
	ZDICT_fastCover_params_t params = {.k = 400, .d = 8, .f = 18, .accel = 1};
	params.zParams.compressionLevel = EVIDENCE_LEVEL;
	size_t n = ZDICT_trainFromBuffer_fastCover(
		buf_room(dict, DICT_BYTES), DICT_BYTES, joined->p, sizes, count, params);
	if (ZDICT_isError(n))
		return false;
	dict->n += n;
	return true;
}

bool
evidence_train(const struct slice *samples, size_t n, struct buf *dict)
{
	struct buf joined = {0};
	size_t *sizes = memory_new(SAMPLES_MAX * sizeof(*sizes));
	unsigned count = join_samples(samples, n, &joined, sizes);
	bool ok = count >= SAMPLES_MIN && train(&joined, sizes, count, dict);
	free(sizes);
	buf_fini(&joined);
	return ok;
}
