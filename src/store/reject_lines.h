/*
 * The raw line of a refusal. Client, HELO, sender and recipient stand in columns of their own:
 * before packing, a word of the line that equals one of them byte for byte is replaced by a mark,
 * and put back from the row when the line is read. (Refusals are three quarters of all rows; this
 * halves their lines.)
 *
 * Mark: 0x02 and a digit, the number of the column; a byte 0x02 of the line itself is doubled.
 */
#ifndef ELSE_STORE_REJECT_LINES_H
#define ELSE_STORE_REJECT_LINES_H

#include "store/db.h"
#include "store/evidence.h"

#define REJECT_WORDS 5

/* As the row will give them back: lower case, canonical address. Empty: not there. */
struct reject_words {
	struct slice word[REJECT_WORDS]; /* client_ip, client_name, helo, sender, rcpt */
};

/* Both append to `out`. */
void reject_words_cut(struct buf *out, struct slice raw, const struct reject_words *words);
void reject_words_restore(struct buf *out, struct slice cut, const struct reject_words *words);

/* What a statement selects, from `reject r`, for reject_lines_read. In binary format. */
#define REJECT_LINES_COLUMNS                                                                       \
	"r.t, r.lines, host(r.client_ip), r.client_name, r.helo, r.sender, r.rcpt"

/* The lines of a row; `first` is the number of the first of those columns. They live in `arena`. */
bool reject_lines_read(struct evidence *ev, const PGresult *rows, int row, int first,
	struct arena *arena, struct hop_line **lines, size_t *n, struct error *err);

#endif
