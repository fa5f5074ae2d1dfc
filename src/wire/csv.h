/*
 * Comma separated values, RFC 4180: fields in double quotes may hold commas, line breaks and
 * doubled quotes. Quotes mean something only at the beginning of a field; elsewhere they are bytes
 * like others.
 */
#ifndef ELSE_WIRE_CSV_H
#define ELSE_WIRE_CSV_H

#include "base/arena.h"
#include "base/buf.h"

/* Takes the next field off `*rest`, as it stands there, with its quotes. False when the record was
 * used up (rest->p is NULL then); so a record of n commas has n + 1 fields, an empty one has one.
 */
bool csv_next(struct slice *rest, struct slice *field);

/* The value of such a field. Borrows from it, or from `scratch` when there are doubled quotes to
 * undo. */
struct slice csv_unquote(struct slice field, struct arena *scratch);

/* Joins the physical lines of a record. */
struct csv_joiner {
	size_t cap_bytes;  /* of one record */
	uint64_t unclosed; /* records given up: quotes never closed within the cap */

	/* private */
	struct buf joined;
	struct slice pending; /* lines of a record given up */
	bool open;	      /* joined ends within quotes */
};

void csv_joiner_init(struct csv_joiner *j, size_t cap_bytes);
void csv_joiner_fini(struct csv_joiner *j);

/* Gives one line, without its LF. True: `*record` is complete (without the last CR); it borrows
 * from the line or from `j` until the next push. False: it goes on in the next line. After true
 * call csv_joiner_more until it is false: quotes that are not closed within the cap are taken for
 * an error of the writer, and the lines come out as records of their own. */
bool csv_joiner_push(struct csv_joiner *j, struct slice line, struct slice *record);
bool csv_joiner_more(struct csv_joiner *j, struct slice *record);

/* No more lines: gives up an open record; then as csv_joiner_more. */
bool csv_joiner_end(struct csv_joiner *j, struct slice *record);

#endif
