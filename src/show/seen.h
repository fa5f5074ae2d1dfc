/* Which rows were shown, and in what state: for who watches a search. */
#ifndef ELSE_SHOW_SEEN_H
#define ELSE_SHOW_SEEN_H

#include <stdbool.h>

#include "base/map.h"
#include "store/search.h"

/* `{.most = N}` is an empty one. */
struct seen {
	struct map states;
	size_t most; /* remembered */
};

/* Before a look at the newest rows: forgets all when there are too many. */
void seen_begin(struct seen *s);

/* True the first time that the row is in this state. */
bool seen_add(struct seen *s, const struct search_row *row);

void seen_fini(struct seen *s);

#endif
