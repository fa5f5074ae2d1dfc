/*
 * Cuts a byte stream into frames (lines): by LF, or by the octet count of RFC 6587 3.4.1
 * ("MSG-LEN SP MSG"), told apart frame by frame: digits, a blank and '<' begin a counted one.
 *
 *	struct slice input = {buffer, n}, frame;
 *	while (framing_next(&f, &input, &frame))
 *		...
 *
 * A frame keeps its CR and every other byte, NUL too; the LF is not part of it. What is longer than
 * the cap is delivered cut, the rest of it is dropped and counted.
 */
#ifndef ELSE_WIRE_FRAMING_H
#define ELSE_WIRE_FRAMING_H

#include "base/buf.h"

struct framing {
	size_t cap_bytes;
	bool octet_counting; /* look for counts; a file has none */

	uint64_t consumed_bytes; /* of the stream, up to the end of the frame delivered last */
	uint64_t frames;
	uint64_t cut_frames;
	uint64_t dropped_bytes;

	/* private */
	struct buf partial;   /* a frame that began in an earlier input */
	uint64_t taken_bytes; /* off all inputs */
	size_t over_bytes;    /* of this frame, beyond the cap */
	size_t todo_bytes;    /* of a counted frame, still to come */
	bool delivered;	      /* partial was handed out */
	bool begun;	      /* counted or not is known */
	bool counted;
};

void framing_init(struct framing *f, size_t cap_bytes, bool octet_counting);
void framing_fini(struct framing *f);

/* Takes bytes off `*input` up to the end of the next frame. True: `*frame` is set; it
 * borrows from the input or from `f` and lives until the next call. False: the input is used up,
 * its tail is kept. */
bool framing_next(struct framing *f, struct slice *input, struct slice *frame);

/* The stream has ended: true and the unfinished frame, if there is one; consumed_bytes does not
 * count it. */
bool framing_end(struct framing *f, struct slice *frame);

#endif
