#include "elsectl/search_hint.h"

#include "base/time.h"
#include "elsectl/zone.h"
#include "show/relax.h"

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
	struct arena arena = {0};
	struct relaxed found[RELAX_MOST];
	size_t n = relax(searcher, tree, NULL, &arena, found);
	for (size_t i = 0; i < n; i++)
		say_without(app, found[i].without, found[i].newest_us);
	arena_fini(&arena);
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
	try_without(app, searcher, tree);
}
