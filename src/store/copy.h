/*
 * Rows in PostgreSQL's binary COPY format (PostgreSQL manual, "COPY", Binary Format), built in
 * memory. A row is begun with its number of fields; then exactly so many fields are put, in the
 * order of the columns.
 *
 *	copy_begin(&b);                       once for a buffer
 *	copy_row(&b, 3);
 *	copy_i64(&b, 7); copy_text(&b, name, 255); copy_null(&b);
 *	copy_end(&b);
 */
#ifndef ELSE_STORE_COPY_H
#define ELSE_STORE_COPY_H

#include "base/buf.h"
#include "base/ip.h"

void copy_begin(struct buf *b); /* signature and header */
void copy_end(struct buf *b);	/* trailer */
void copy_row(struct buf *b, int16_t fields);
void copy_null(struct buf *b);
void copy_i16(struct buf *b, int16_t v);
void copy_i32(struct buf *b, int32_t v);
void copy_i64(struct buf *b, int64_t v);
void copy_f32(struct buf *b, float v);
void copy_bytes(struct buf *b, struct slice bytes);

/* Text that PostgreSQL takes: a NUL byte and bytes that are not UTF-8 become U+FFFD; cut at `max`
 * bytes. */
void copy_text(struct buf *b, struct slice text, size_t max);
void copy_text_lower(struct buf *b, struct slice text, size_t max);

/* NULL when empty. */
void copy_text_or_null(struct buf *b, struct slice text, size_t max);
void copy_text_lower_or_null(struct buf *b, struct slice text, size_t max);

/* The same repair without a field around it. A character that would pass `max` is left out as a
 * whole. */
void copy_add_clean(struct buf *b, struct slice text, size_t max);

/* timestamptz from microseconds since 1970. */
void copy_time(struct buf *b, int64_t t_us);

/* inet; NULL when the text is no address. */
void copy_inet(struct buf *b, struct slice text);

#endif
