/*
 * Text of the log on its way to a screen: made harmless, measured, cut. Log text is hostile: it may
 * hold escape sequences that a terminal would obey, and bidirectional controls that make a line
 * read otherwise than it is.
 */
#ifndef ELSE_SHOW_TEXT_H
#define ELSE_SHOW_TEXT_H

#include "base/buf.h"

/* The text with control characters (C0 but tab, DEL, C1), bidirectional and invisible controls
 * (Unicode general category Cf of the blocks a log may meet, line and paragraph separators) and
 * bytes that are no UTF-8 as "\xHH", byte by byte. A tab becomes a blank. */
void text_add_safe(struct buf *b, struct slice text);

/* The same for a raw line: a tab stays. */
void text_add_safe_line(struct buf *b, struct slice text);

/* Columns that a safe text takes on a terminal. */
size_t text_columns(struct slice safe);

/* At most `columns` of a safe text; what is cut shows as `ellipsis` (one column). */
void text_add_cut(struct buf *b, struct slice safe, size_t columns, struct slice ellipsis);

/* "1,234,567" */
void text_add_number(struct buf *b, uint64_t n);

/* "312 B", "47.6 kB", "3.2 MB": powers of 1000. */
void text_add_bytes(struct buf *b, uint64_t bytes);

/* A word of a shell command that means itself: in quotes where it must be. */
void text_add_shell(struct buf *b, struct slice word);

#endif
