#include "base/arena.h"

#include "base/memory.h"

#include <stdlib.h>

struct arena_block {
	struct arena_block *next;
	size_t size; /* usable bytes behind this header */
};

static void
free_from(struct arena *a, struct arena_block *block)
{
	while (block) {
		struct arena_block *next = block->next;
		a->total_bytes -= sizeof(*block) + block->size;
		free(block);
		block = next;
	}
}

void
arena_fini(struct arena *a)
{
	free_from(a, a->blocks);
	*a = (struct arena){.first_bytes = a->first_bytes};
}

static void
use_block(struct arena *a, struct arena_block *block)
{
	a->p = (char *)(block + 1);
	a->left = block->size;
}

void
arena_reset(struct arena *a)
{
	if (!a->blocks)
		return;
	free_from(a, a->blocks->next);
	a->blocks->next = NULL;
	use_block(a, a->blocks);
}

static void
add_block(struct arena *a, size_t size)
{
	size_t want = a->blocks ? a->blocks->size * 2 : a->first_bytes ? a->first_bytes : 4096;
	if (want > 1 << 20)
		want = 1 << 20;
	if (want < size)
		want = size;
	struct arena_block *block = memory_new(sizeof(*block) + want);
	block->size = want;
	block->next = a->blocks;
	a->blocks = block;
	a->total_bytes += sizeof(*block) + want;
	use_block(a, block);
}

void *
arena_new(struct arena *a, size_t size)
{
	size = (size + 7) & ~(size_t)7;
	if (size > a->left || !a->blocks)
		add_block(a, size);
	void *out = a->p;
	a->p += size;
	a->left -= size;
	return out;
}

void *
arena_zero(struct arena *a, size_t size)
{
	return memset(arena_new(a, size), 0, size);
}

struct slice
arena_copy(struct arena *a, struct slice s)
{
	if (s.n == 0)
		return (struct slice){"", 0};
	char *copy = arena_new(a, s.n);
	memcpy(copy, s.p, s.n);
	return (struct slice){copy, s.n};
}
