/* A growing byte buffer: the one way ELSE builds text. Always has room for a closing NUL. */
#ifndef ELSE_BASE_BUF_H
#define ELSE_BASE_BUF_H

#include "base/slice.h"

struct buf {
	char *p;
	size_t n;
	size_t cap;
};

/* `{0}` is a valid empty buffer. Frees the bytes; the buffer is empty and usable afterwards. */
void buf_fini(struct buf *b);

static inline void
buf_clear(struct buf *b)
{
	b->n = 0;
}

static inline struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){b->p, b->n};
}

/* Makes room for `more` bytes and returns where to write them; buf->n is the caller's to move. */
char *buf_room(struct buf *b, size_t more);

void buf_add(struct buf *b, struct slice s);
void buf_add_char(struct buf *b, char c);
void buf_add_str(struct buf *b, const char *str);
void buf_add_u64(struct buf *b, uint64_t v);
void buf_add_i64(struct buf *b, int64_t v);

/* printf for what has a width or a precision. The format is always a literal. */
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text as a NUL-terminated string; valid until the buffer changes. */
const char *buf_str(struct buf *b);

/* The text with ASCII letters in lower case. */
void buf_add_lower(struct buf *b, struct slice s);

#endif
