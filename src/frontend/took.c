#include "frontend/took.h"

#include <math.h>

void
took_add(struct took *t, struct slice key, int64_t n)
{
	uint64_t class;
	if (!slice_to_u64(key, &class) || class >= TOOK_CLASSES)
		return;
	t->n[class] += n;
	t->all += n;
}

void
took_add_field(struct buf *b, const char *name, const struct took *t, int percent)
{
	int64_t below = 0;
	if (t->all == 0) {
		json_add_field_str(b, name, NULL);
		return;
	}
	int class = 0;
	while (class < TOOK_CLASSES - 1 && (below += t->n[class]) * 100 < t->all * percent)
		class ++;
	json_add_field_i64(b, name, (int64_t)exp((class + 0.5) / 10));
}
