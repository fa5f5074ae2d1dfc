/* For a search that found nothing: which of its conditions is in the way. */
#ifndef ELSE_SHOW_RELAX_H
#define ELSE_SHOW_RELAX_H

#include "store/search.h"

enum { RELAX_MOST = 3 };

struct relaxed {
	const struct query_node *without; /* the condition left out */
	struct query_node rest;		  /* the query that is left */
	int64_t newest_us;		  /* of its matches */
};

/* Tries each condition of the outermost group, a fifth of a second each: those without which there
 * are matches, at most RELAX_MOST. `out` borrows from the tree and lies in the arena. */
size_t relax(struct searcher *searcher, const struct query_node *tree,
	const struct query_scope *scope, struct arena *arena, struct relaxed out[RELAX_MOST]);

#endif
