/* Writing JSON (RFC 8259) into a buf: strings, and objects with their commas. */
#ifndef ELSE_BASE_JSON_H
#define ELSE_BASE_JSON_H

#include "base/buf.h"

/* A quoted string. Bytes that are not valid UTF-8 become U+FFFD, so that the output is always JSON.
 */
void json_add_string(struct buf *b, struct slice s);

/* `"name":`, with a comma first unless the buffer is empty or ends in '{', '[', ':' or '\n'. */
void json_add_key(struct buf *b, const char *name);

/* The same comma alone: before an element of an array, or before an object of its own, one a line.
 */
void json_add_comma(struct buf *b);

void json_add_field(struct buf *b, const char *name, struct slice value);
void json_add_field_str(struct buf *b, const char *name, const char *value); /* NULL -> null */
void json_add_field_i64(struct buf *b, const char *name, int64_t value);
void json_add_field_bool(struct buf *b, const char *name, bool value);
void json_add_field_time(struct buf *b, const char *name, int64_t t_us); /* 0 -> null */

/* The field only when the text is not empty. */
void json_add_field_some(struct buf *b, const char *name, struct slice value);

#endif
