/* Nothing was found: what may be the matter. */
#ifndef ELSE_ELSECTL_SEARCH_HINT_H
#define ELSE_ELSECTL_SEARCH_HINT_H

#include "elsectl/ask.h"
#include "store/search.h"

/* Up to a few sentences on standard error. Costs at most some two seconds of searching. */
void search_hint(struct app *app, struct searcher *searcher, struct search *search,
	const struct query_node *tree);

#endif
