/* Whether a reader may see one mail or refusal, and which of its recipients: the scope that
 * searches have, asked of rows that are named. */
#ifndef ELSE_STORE_SEARCH_VISIBLE_H
#define ELSE_STORE_SEARCH_VISIBLE_H

#include "base/arena.h"
#include "store/search.h"

struct search_leaves {
	struct arena arena;
	size_t n_all, n_visible;
	struct slice *addresses; /* recipients of the visible ones, and as the sender wrote them */
	size_t n_addresses;
};

/* Of one arrival, between two times. The search is one for everything, with the reader's scope.
 * `out` is {0}; arena_fini(&out->arena) it. */
bool search_leaves(struct search *search, uint64_t mail_id, uint32_t branch, int64_t from_us,
	int64_t to_us, struct search_leaves *out, struct error *err);

/* A refusal, by minute (keys.h), host and slice_hash of its lines. */
bool search_may_see_refusal(struct search *search, int32_t minute, int16_t host, uint64_t hash,
	bool *may, struct error *err);

#endif
