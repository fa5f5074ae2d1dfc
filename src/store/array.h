/* int8[] and text[] parameters in PostgreSQL's binary form, built in memory. */
#ifndef ELSE_STORE_ARRAY_H
#define ELSE_STORE_ARRAY_H

#include "base/buf.h"

#define ARRAY_INT8_OID 1016
#define ARRAY_TEXT_OID 1009

struct array {
	struct buf b;
	int32_t n;
};

/* `{0}` is a valid empty array. After array_done the buffer is the parameter's value. */
void array_fini(struct array *a);
void array_clear(struct array *a);
void array_add_i64(struct array *a, int64_t v);
void array_add_text(struct array *a, struct slice text);
void array_done(struct array *a, uint32_t element_oid); /* 20 int8, 25 text */

#endif
