/*
 * Postfix queue ids (src/global/mail_queue.h and safe_ultostr.c of Postfix).
 *
 * Short: five or more upper-case hex digits of microseconds, then the inode in hex; used again
 *within seconds. Long (enable_long_queue_ids, since 2.9): never used again, and it tells when the
 *mail came:
 *
 *	3mPVKl 0Mhj z z7sXn
 *	|      |    | inode, base 51 (no 'z')
 *	|      |    always 'z', the last one
 *	|      microseconds, base 52, four signs
 *	seconds since 1970 UTC, base 52, six signs or more (six until the year 2596)
 *
 * The alphabet: 0-9, then upper and lower case consonants, in ASCII order.
 */
#ifndef ELSE_WIRE_QUEUE_ID_H
#define ELSE_WIRE_QUEUE_ID_H

#include "base/slice.h"

/* Whole slice, long form. An empty inode part is let pass. */
bool queue_id_is_long(struct slice id);

/* Arrival time, UTC, by the clock of the host that made the id; 0 when it is not a long id. */
int64_t queue_id_time_us(struct slice id);

/* Whole slice: long form, or upper-case hex of 6 to 21 digits. "NOQUEUE" is none. */
bool queue_id_valid(struct slice id);

#endif
