#include "intake/expand.h"

#include "base/memory.h"

#include <limits.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

struct expand {
	z_stream z;
	uint64_t ratio, free_bytes;
	uint64_t in_bytes, out_bytes;
	const char *reason;
	bool ended; /* of a stream; what follows is another one */
};

struct expand *
expand_new(uint64_t ratio, uint64_t free_bytes)
{
	struct expand *e = memory_zero(1, sizeof(*e));
	e->ratio = ratio;
	e->free_bytes = free_bytes;
	if (inflateInit(&e->z) != Z_OK)
		e->reason = "zlib cannot start";
	return e;
}

void
expand_free(struct expand **expand)
{
	if (!*expand)
		return;
	inflateEnd(&(*expand)->z);
	free(*expand);
	*expand = NULL;
}

static enum expand_result
broken(struct expand *e, const char *reason)
{
	e->reason = reason;
	return EXPAND_BROKEN;
}

/* One call of inflate, and what it has taken and given. */
static int
step(struct expand *e, struct slice *input, char *bytes, size_t cap, size_t *n)
{
	size_t most = input->n < UINT_MAX ? input->n : UINT_MAX;
	e->z.next_in = (const Bytef *)input->p;
	e->z.avail_in = (uInt)most;
	e->z.next_out = (Bytef *)bytes;
	e->z.avail_out = (uInt)cap;
	int rc = inflate(&e->z, Z_SYNC_FLUSH);
	size_t taken = most - e->z.avail_in;
	*n = cap - e->z.avail_out;
	*input = slice_skip(*input, taken);
	e->in_bytes += taken;
	e->out_bytes += *n;
	return rc;
}

static bool
is_bomb(const struct expand *e)
{
	return e->out_bytes > e->free_bytes &&
	       (e->out_bytes - e->free_bytes) / e->ratio > e->in_bytes;
}

enum expand_result
expand_next(struct expand *e, struct slice *input, char *bytes, size_t cap, size_t *n)
{
	*n = 0;
	if (e->reason)
		return EXPAND_BROKEN;
	while (*n == 0) {
		if (e->ended && input->n == 0)
			return EXPAND_MORE;
		if (e->ended)
			inflateReset(&e->z);
		int rc = step(e, input, bytes, cap, n);
		e->ended = rc == Z_STREAM_END;
		if (rc == Z_BUF_ERROR && *n == 0)
			return EXPAND_MORE;
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return broken(e, "no zlib stream");
		if (is_bomb(e))
			return broken(e, "the zlib stream expands too much");
		if (*n == 0 && input->n == 0)
			return EXPAND_MORE;
	}
	return EXPAND_BYTES;
}

const char *
expand_reason(const struct expand *e)
{
	return e->reason;
}
