/* Unpacking: any bytes, without a dictionary and with one. What unpacks must pack and unpack again
 * to the same lines. */
#include "store/evidence.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BASE_US ((int64_t)1795324899000000)

/* Knows the dictionary 1, made of a hundred lines. */
static struct evidence *
make_evidence(void)
{
	struct buf texts = {0}, dict = {0};
	struct slice samples[100];
	struct evidence *ev = evidence_new();
	for (int i = 0; i < 100; i++)
		buf_addf(&texts, "2026-11-22T05:%02d:39Z mx1 postfix/qmgr[%05d]: %08X: removed\n",
			i % 60, i * 7919 % 100000, (unsigned)i * 2654435761u);
	for (size_t i = 0; i < 100; i++)
		samples[i] = slice_of(texts.p + texts.n / 100 * i, texts.n / 100);
	bool ok = evidence_train(samples, 100, &dict) &&
		  evidence_add_dictionary(ev, 1, buf_slice(&dict), true);
	assert(ok);
	buf_fini(&texts);
	buf_fini(&dict);
	return ev;
}

static void
repack(struct evidence *ev, struct arena *arena, const struct hop_line *lines, size_t n)
{
	struct buf value = {0};
	struct hop_line *back;
	struct error err;
	size_t n_back;
	evidence_pack(ev, &value, BASE_US, lines, n);
	bool ok = evidence_unpack(ev, buf_slice(&value), BASE_US, arena, &back, &n_back, &err);
	assert(ok && n_back == n);
	for (size_t i = 0; i < n; i++)
		assert(back[i].t_us == lines[i].t_us && slice_equal(back[i].raw, lines[i].raw));
	buf_fini(&value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct evidence *ev;
	struct arena arena = {0};
	struct hop_line *lines;
	struct error err;
	size_t n;
	if (!ev)
		ev = make_evidence();
	if (evidence_unpack(
		    ev, slice_of((const char *)data, size), BASE_US, &arena, &lines, &n, &err))
		repack(ev, &arena, lines, n);
	arena_fini(&arena);
	return 0;
}
