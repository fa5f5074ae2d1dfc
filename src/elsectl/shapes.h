/* Lines that were not understood, counted by their shape (parse/parse.h), with one example each. */
#ifndef ELSE_ELSECTL_SHAPES_H
#define ELSE_ELSECTL_SHAPES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "wire/line.h"

#define SHAPES_TOP_MAX 20

struct shape {
	struct map_node by_hash;
	struct slice text;    /* "postfix/smtpd: ..." */
	struct slice example; /* a raw line of it */
	uint64_t count;
};

struct shapes {
	struct map map;
	struct arena arena;
	struct buf scratch;
	uint64_t total;
	uint64_t beyond; /* lines of shapes that came when there were too many */
};

/* `{0}` is valid and empty. */
void shapes_fini(struct shapes *s);

void shapes_add(struct shapes *s, const struct line *line);

/* The most frequent ones into `top`, at most `most` (<= SHAPES_TOP_MAX);
 * returns how many. */
size_t shapes_top(const struct shapes *s, const struct shape **top, size_t most);

/* Member "unknown_shapes" of an object that is open: at most `most`, the most frequent first. */
void shapes_add_json(const struct shapes *s, struct buf *b, size_t most);

#endif
