#include "store/array.h"

#include <arpa/inet.h>
#include <endian.h>

#define HEADER 20 /* dimensions, has-nulls, element type, length, lower bound */

void
array_fini(struct array *a)
{
	buf_fini(&a->b);
	a->n = 0;
}

void
array_clear(struct array *a)
{
	buf_clear(&a->b);
	a->n = 0;
}

static void
put_i32(struct buf *b, uint32_t v)
{
	uint32_t big = htonl(v);
	buf_add(b, slice_of((const char *)&big, sizeof(big)));
}

static void
reserve_header(struct array *a)
{
	if (a->b.n == 0) {
		memset(buf_room(&a->b, HEADER), 0, HEADER);
		a->b.n = HEADER;
	}
	a->n++;
}

void
array_add_i64(struct array *a, int64_t v)
{
	reserve_header(a);
	uint64_t big = htobe64((uint64_t)v);
	put_i32(&a->b, sizeof(big));
	buf_add(&a->b, slice_of((const char *)&big, sizeof(big)));
}

void
array_add_text(struct array *a, struct slice text)
{
	reserve_header(a);
	put_i32(&a->b, (uint32_t)text.n);
	buf_add(&a->b, text);
}

void
array_done(struct array *a, uint32_t element_oid)
{
	uint32_t header[5] = {
		htonl(a->n ? 1 : 0), 0, htonl(element_oid), htonl((uint32_t)a->n), htonl(1)};
	size_t n = a->n ? HEADER : 12;
	if (a->b.n == 0) {
		buf_room(&a->b, HEADER);
		a->b.n = n;
	}
	memcpy(a->b.p, header, n);
}
