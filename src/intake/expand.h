/*
 * A zlib stream as rsyslog's omfwd sends it with compression.mode="stream:always" (its
 * tools/omfwd.c): one stream a connection, flushed now and then. A stream that has ended may be
 * followed by another.
 *
 * Text that expands without end is an attack: memory is no concern here, each step gives as much as
 * the caller has room for, but disk and time are.
 */
#ifndef ELSE_INTAKE_EXPAND_H
#define ELSE_INTAKE_EXPAND_H

#include "base/slice.h"

struct expand;

enum expand_result {
	EXPAND_BYTES,  /* *n bytes, at least one; call again */
	EXPAND_MORE,   /* the input is used up */
	EXPAND_BROKEN, /* expand_reason */
};

/* Broken when it gives more than `free_bytes` and `ratio` bytes for each byte that came. */
struct expand *expand_new(uint64_t ratio, uint64_t free_bytes);
void expand_free(struct expand **expand);

/* Takes bytes off `*input`. */
enum expand_result expand_next(
	struct expand *expand, struct slice *input, char *bytes, size_t cap, size_t *n);

const char *expand_reason(const struct expand *expand);

#endif
