/* How long mails took, as percentiles: counted in classes of a tenth of a power of e, so within 10
 * %. */
#ifndef ELSE_FRONTEND_TOOK_H
#define ELSE_FRONTEND_TOOK_H

#include "base/json.h"

enum { TOOK_CLASSES = 256 };

struct took {
	int64_t n[TOOK_CLASSES], all;
};

/* The class of a row of a delivered mail, as a key of sums; NULL for others. */
#define TOOK_KEY                                                                                   \
	"(CASE WHEN d.status IN (4, 5) THEN floor(ln(greatest(d.took_ms, 1)) * 10)::int "          \
	"END)::text"

void took_add(struct took *took, struct slice key, int64_t n);

/* `"name":ms`, null when there is none. */
void took_add_field(struct buf *b, const char *name, const struct took *took, int percent);

#endif
