#include "show/relax.h"

#define MOST_TERMS 12
#define BUDGET_US  (200 * 1000) /* for each */

/* The newest match of a query, 0 = none (in time). */
static int64_t
newest_of(struct searcher *searcher, const struct query_node *tree, const struct query_scope *scope)
{
	struct search_options options = {.budget_us = BUDGET_US, .scope = scope};
	const struct search_page *page;
	struct query_error query_err;
	struct error err;
	struct search *search = search_begin(searcher, tree, &options, &query_err, &err);
	int64_t t_us =
		search && search_page(search, 1, &page, &err) && page->n ? page->rows[0].t_us : 0;
	search_end(&search);
	return t_us;
}

/* The group without one of its conditions. */
static struct query_node
without(const struct query_node *tree, size_t left_out, struct arena *arena)
{
	struct query_node group = *tree;
	group.children = arena_new(arena, tree->n * sizeof(*group.children));
	group.n = 0;
	for (size_t i = 0; i < tree->n; i++)
		if (i != left_out)
			group.children[group.n++] = tree->children[i];
	return group.n == 1 ? *group.children[0] : group;
}

size_t
relax(struct searcher *searcher, const struct query_node *tree, const struct query_scope *scope,
	struct arena *arena, struct relaxed out[RELAX_MOST])
{
	size_t n = 0;
	if (tree->kind != QUERY_NODE_AND || tree->n > MOST_TERMS)
		return 0;
	for (size_t i = 0; i < tree->n && n < RELAX_MOST; i++) {
		const struct query_node *term = tree->children[i];
		if (term->kind == QUERY_NODE_FIELD && term->key->id == QUERY_KEY_SORT)
			continue;
		out[n] = (struct relaxed){.without = term, .rest = without(tree, i, arena)};
		out[n].newest_us = newest_of(searcher, &out[n].rest, scope);
		n += out[n].newest_us != 0;
	}
	return n;
}
