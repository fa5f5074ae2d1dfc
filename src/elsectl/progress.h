/* A line on the terminal that shows how far a long work is. Nothing when standard error is no
 * terminal. */
#ifndef ELSE_ELSECTL_PROGRESS_H
#define ELSE_ELSECTL_PROGRESS_H

#include "base/buf.h"

struct progress {
	bool shown; /* there is a terminal */
	bool drawn; /* a line stands there now */
	int64_t begun_us, next_us;
	uint64_t begun_bytes; /* done before it began */
	struct buf line;
};

struct progress_state {
	uint64_t done_bytes, total_bytes; /* total 0 = not known */
	uint64_t lines, mails;
};

/* `wanted`: false shows nothing in any case. */
void progress_begin(struct progress *p, bool wanted);

/* Draws when the last drawing is some time ago; costs a look at the clock. */
void progress_update(struct progress *p, const struct progress_state *state);

/* In place of the numbers, a word of what is done now: "writing the rest". */
void progress_say(struct progress *p, const char *text);

/* Takes the line away, before other output and in the end. */
void progress_clear(struct progress *p);
void progress_end(struct progress *p);

#endif
