/*
 * Sums over all rows that match a query and that its reader may see: what histograms, facets and
 * statistics are made of. Deliveries and refusals count as one row each. Asked slice by slice like
 * the rows themselves, so a budget is kept, and the indexes of the query's conditions are used.
 */
#ifndef ELSE_STORE_SEARCH_SUM_H
#define ELSE_STORE_SEARCH_SUM_H

#include "base/arena.h"
#include "base/map.h"
#include "store/search.h"

enum { SEARCH_SUM_KEYS = 3, SEARCH_SUM_SUMS = 4, SEARCH_SUM_MOST = 100000 };

struct search_sum_question {
	struct query_sums sums; /* keys are text, sums int8; at most so many as above */
	int64_t number;		/* the value of QUERY_PARAM_LIMIT */
	int64_t t_us;		/* and of QUERY_PARAM_AFTER_T */
};

struct search_sum {
	struct map_node node;
	struct slice keys[SEARCH_SUM_KEYS]; /* empty for NULL */
	int64_t sums[SEARCH_SUM_SUMS];
};

struct search_sums {
	struct arena arena;
	struct map map;
	struct search_sum **items; /* in no order */
	size_t n, cap;
	bool whole; /* everything was counted: neither the time nor the room (SEARCH_SUM_MOST) was
		       over */
};

/* Of both tables, or the one of the search's options. `out` is {0}; search_sums_fini it, whatever
 * comes back. The budget is in all; 0 = as long as it takes. */
bool search_sum(struct search *search, const struct search_sum_question *question,
	int64_t budget_us, struct search_sums *out, struct error *err);
void search_sums_fini(struct search_sums *sums);

/* Largest first by this sum; equal ones by their keys. */
void search_sums_sort(struct search_sums *sums, unsigned by);

#endif
