/*
 * A cursor reads text from left to right. Its error is sticky: after the first miss every further
 *step does nothing and returns an empty slice, so a parser reads like the line it reads and asks
 *once, at the end, whether all went well.
 *
 *	struct slice qid = cursor_until(&c, S(": "));
 *	cursor_literal(&c, S("client="));
 *	struct slice client = cursor_rest(&c);
 *	return cursor_ok(&c);
 */
#ifndef ELSE_BASE_CURSOR_H
#define ELSE_BASE_CURSOR_H

#include "base/slice.h"

struct cursor {
	const char *p;
	const char *end;
	bool failed;
};

static inline struct cursor
cursor_of(struct slice s)
{
	return (struct cursor){s.p, slice_end(s), false};
}

static inline bool
cursor_ok(const struct cursor *c)
{
	return !c->failed;
}

static inline bool
cursor_done(const struct cursor *c)
{
	return c->failed || c->p == c->end;
}

static inline struct slice
cursor_left(const struct cursor *c)
{
	return c->failed ? (struct slice){c->end, 0}
			 : (struct slice){c->p, (size_t)(c->end - c->p)};
}

/* True, and past it, when the text goes on with `head`; else nothing happens. */
static inline bool
cursor_optional(struct cursor *c, struct slice head)
{
	if (c->failed || (size_t)(c->end - c->p) < head.n || memcmp(c->p, head.p, head.n) != 0)
		return false;
	c->p += head.n;
	return true;
}

/* The text must go on with `head`. */
static inline void
cursor_literal(struct cursor *c, struct slice head)
{
	if (!cursor_optional(c, head))
		c->failed = true;
}

/* True when the text goes on with `head`; does not move. */
static inline bool
cursor_sees(const struct cursor *c, struct slice head)
{
	return !c->failed && (size_t)(c->end - c->p) >= head.n && memcmp(c->p, head.p, head.n) == 0;
}

/* Everything before the next `stop`, and past it; fails when there is none. */
struct slice cursor_until(struct cursor *c, struct slice stop);

/* Everything before the next `stop` (past it), or all the rest when there is none. Never fails. */
struct slice cursor_until_or_rest(struct cursor *c, struct slice stop);

/* As cursor_until for one byte, which is faster. */
struct slice cursor_until_char(struct cursor *c, char stop);

/* The longest run of bytes for which `member[byte]` is true; may be empty. */
struct slice cursor_while(struct cursor *c, const bool member[256]);

/* One or more decimal digits as a number; fails on none or on overflow. */
uint64_t cursor_u64(struct cursor *c);

/* The rest of the text; the cursor is then at its end. */
struct slice cursor_rest(struct cursor *c);

/* Past blanks (0x20) here, if any. */
void cursor_blanks(struct cursor *c);

/* The text must end here. */
static inline void
cursor_end(struct cursor *c)
{
	if (c->p != c->end)
		c->failed = true;
}

#endif
