/*
 * Memory that cannot fail: out of memory ends the program. That is sound because every input has a
 * cap, so only a broken limit can get there. Sizes are bytes.
 */
#ifndef ELSE_BASE_MEMORY_H
#define ELSE_BASE_MEMORY_H

#include <stddef.h>

/* Not cleared. The caller frees with free(). */
void *memory_new(size_t size);

/* Cleared to zero. */
void *memory_zero(size_t count, size_t size);

/* As realloc; the old pointer is dead afterwards. */
void *memory_grow(void *old, size_t size);

/* Makes room for one element more in a growing array: `*items` has `n` used of `*cap`. */
#define MEMORY_ROOM(items, n, cap)                                                                 \
	((n) < *(cap) ? (void)0                                                                    \
		      : (void)(*(cap) = *(cap) ? *(cap)*2 : 8,                                     \
				*(items) = memory_grow(*(items), *(cap) * sizeof(**(items)))))

#endif
