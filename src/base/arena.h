/*
 * An arena: memory with one lifetime. Many small allocations, freed all at once by reset or free.
 * Allocation costs a few instructions; there is no free of a single piece.
 */
#ifndef ELSE_BASE_ARENA_H
#define ELSE_BASE_ARENA_H

#include "base/slice.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	char *p;		    /* free bytes of the newest block */
	size_t left;
	size_t first_bytes; /* size of the first block; 0 = 4096 */
	size_t total_bytes; /* held from malloc, for accounting */
};

/* `{0}` is a valid empty arena. Gives everything back. */
void arena_fini(struct arena *a);

/* Drops everything allocated but keeps the newest (largest) block for reuse. */
void arena_reset(struct arena *a);

/* 8-byte aligned, not cleared. */
void *arena_new(struct arena *a, size_t size);

/* 8-byte aligned, cleared. */
void *arena_zero(struct arena *a, size_t size);

/* A copy that lives as long as the arena. The empty slice costs nothing. */
struct slice arena_copy(struct arena *a, struct slice s);

#endif
