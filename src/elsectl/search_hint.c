#include "elsectl/search_hint.h"

#include "base/time.h"
#include "elsectl/zone.h"

#define MOST_TERMS 12
#define BUDGET_US  (200 * 1000) /* for each */
#define MOST_HINTS 3

static void
say_stored(struct app *app, const struct search *search)
{
	int64_t from_us, to_us;
	struct buf b = {0};
	search_stored(search, &from_us, &to_us);
	if (to_us == 0) {
		app_say(app, "nothing is stored yet; read logs with: elsectl import FILE...");
		return;
	}
	zone_add_time(&b, from_us);
	buf_add_str(&b, " to ");
	zone_add_time(&b, to_us);
	app_say(app, "nothing found in what is stored, %s", buf_str(&b));
	buf_fini(&b);
}

/* The newest match of a query, 0 = none (in time). */
static int64_t
newest_of(struct searcher *searcher, const struct query_node *tree)
{
	struct search_options options = {.budget_us = BUDGET_US};
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
static int64_t
newest_without(struct searcher *searcher, const struct query_node *tree, size_t left_out)
{
	struct query_node *children[MOST_TERMS];
	struct query_node group = *tree;
	size_t n = 0;
	for (size_t i = 0; i < tree->n; i++)
		if (i != left_out)
			children[n++] = tree->children[i];
	group.children = children;
	group.n = n;
	return newest_of(searcher, n == 1 ? children[0] : &group);
}

static void
say_without(struct app *app, const struct query_node *term, int64_t t_us)
{
	struct buf text = {0}, time = {0};
	query_add_canonical(&text, term);
	zone_add_time(&time, t_us);
	app_say(app, "without %s there are matches, the newest of %s", buf_str(&text),
		buf_str(&time));
	buf_fini(&text);
	buf_fini(&time);
}

/* Which condition is in the way. */
static void
try_without(struct app *app, struct searcher *searcher, const struct query_node *tree)
{
	int said = 0;
	for (size_t i = 0; i < tree->n && said < MOST_HINTS; i++) {
		const struct query_node *term = tree->children[i];
		bool sort = term->kind == QUERY_NODE_FIELD && term->key->id == QUERY_KEY_SORT;
		int64_t t_us = sort ? 0 : newest_without(searcher, tree, i);
		if (t_us) {
			say_without(app, term, t_us);
			said++;
		}
	}
}

/* A bare word searches replies and subjects; most people mean an address. */
static void
explain_word(struct app *app, const struct query_node *node)
{
	if (node->kind == QUERY_NODE_FIELD && node->word && node->n == 1)
		app_say(app,
			"\"%.*s\" was searched in server replies and subjects; for addresses: "
			"addr:*%.*s*",
			SLICE_ARG(node->values[0].text), SLICE_ARG(node->values[0].text));
	for (size_t i = 0; node->kind == QUERY_NODE_AND && i < node->n; i++)
		explain_word(app, node->children[i]);
}

void
search_hint(struct app *app, struct searcher *searcher, struct search *search,
	const struct query_node *tree)
{
	const struct query_node *field;
	say_stored(app, search);
	if (!search_names_known(search, &field)) {
		struct buf text = {0};
		query_add_canonical(&text, field);
		app_say(app, "%s is not in these logs at all", buf_str(&text));
		buf_fini(&text);
	}
	explain_word(app, tree);
	if (tree->kind == QUERY_NODE_AND && tree->n <= MOST_TERMS)
		try_without(app, searcher, tree);
}
