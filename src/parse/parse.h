/*
 * One line in, one event out. Pure: no state, no clock, no allocation.
 *
 * The program's name picks the family of parsers (parse_postfix.h, parse_filter.h, ...); where
 * rsyslog cut the name to "postfix", the shape of the text tells the service.
 */
#ifndef ELSE_PARSE_PARSE_H
#define ELSE_PARSE_PARSE_H

#include "parse/event.h"
#include "wire/line.h"

enum parse_result {
	PARSE_OK,      /* the event is filled in */
	PARSE_IGNORED, /* a known line of no interest, or a program that is not of mail */
	PARSE_UNKNOWN, /* a program we know, a shape we do not: counted and shown to the
			  administrator */
};

/* `e` is cleared first; its slices borrow from `line`. */
enum parse_result parse_line(const struct line *line, struct event *e);

/* The shape of a text: what changes from line to line is replaced (numbers N, hex X, addresses A,
 * hosts H, ids Q), so that equal shapes count together. For the report of unknown lines. */
struct buf;
void parse_add_shape(struct buf *b, struct slice text);

/* The classes of reasons behind a refusal or a failed try; see parse/reason.h for the table. */
#endif
