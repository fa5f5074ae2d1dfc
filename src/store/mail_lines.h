/*
 * All raw lines of an arrival of a mail in one value: its hops repeat each other's Message-ID,
 * addresses and queue ids, and packed together they take two thirds of the room. The value stands
 * in the row of the first hop; the rows of the others have none. A hop's lines come after a heading
 * that is packed like a line, with the hop's arrival as its time:
 *
 *	0x01, octets of the host, blank, octets of the queue id, blank, number of lines, blank,
 *	host, queue id
 *
 * So host, queue id and lines may hold any octets.
 */
#ifndef ELSE_STORE_MAIL_LINES_H
#define ELSE_STORE_MAIL_LINES_H

#include "base/cursor.h"
#include "store/evidence.h"

/* Of one value; the next hop begins another. Evidence would leave out what is beyond its own,
 * higher bounds. */
#define MAIL_LINES_HOPS	    64
#define MAIL_LINES_BYTES    ((size_t)16 << 20)
#define MAIL_LINES_OF_A_HOP ((size_t)48 << 20) /* bytes; lines beyond are left out */

/* How many of the hops go into one value: one at least. */
size_t mail_lines_fit(const struct hop *const *hops, size_t n_hops);

/* The lines of hops, headings between them, as evidence_pack takes them. In `arena`; the raw bytes
 * stay the hops'. */
struct hop_line *mail_lines_join(
	struct arena *arena, const struct hop *const *hops, size_t n_hops, size_t *n);

/* One hop of the value, borrowed from the lines. */
struct mail_lines {
	struct slice host, qid;
	int64_t arrived_us;
	const struct hop_line *lines;
	size_t n;
};

/* The next hop of `*lines` (moved on); false at the end, or when it is damaged (`err`, and *n stays
 * > 0). */
bool mail_lines_next(
	const struct hop_line **lines, size_t *n, struct mail_lines *hop, struct error *err);

#endif
