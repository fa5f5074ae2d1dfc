/* A fixed viewer for the tests of the search language, and what must hold for every query. */
#ifndef ELSE_TESTS_QUERY_SAMPLE_H
#define ELSE_TESTS_QUERY_SAMPLE_H

#include "base/time.h"
#include "query/query.h"

/* 2026-11-22 18:43:59 UTC */
#define SAMPLE_NOW_US (INT64_C(1795373039) * TIME_SECOND_US)

/* One hour east, two from 29 March to 25 October 2026, 01:00 UTC. */
static inline int64_t
sample_zone_at_us(void *arg, int64_t t_us)
{
	(void)arg;
	bool summer = t_us >= INT64_C(1774746000) * TIME_SECOND_US &&
		      t_us < INT64_C(1792890000) * TIME_SECOND_US;
	return summer ? 2 * TIME_HOUR_US : TIME_HOUR_US;
}

static inline struct query_context
sample_context(void)
{
	static const char *const reasons[] = {
		"mailbox_full", "user_unknown", "greylisted", "spam", "policy"};
	return (struct query_context){
		.now_us = SAMPLE_NOW_US,
		.zone_at_us = sample_zone_at_us,
		.reasons = {reasons, 5},
	};
}

static inline bool
sample_same_value(const struct query_value *a, const struct query_value *b)
{
	return a->kind == b->kind && a->range == b->range && slice_equal(a->text, b->text) &&
	       slice_equal(a->to, b->to) && slice_equal(a->norm, b->norm) &&
	       slice_equal(a->local, b->local) && slice_equal(a->domain, b->domain) &&
	       ip_equal(&a->ip, &b->ip) && a->low == b->low && a->high == b->high &&
	       a->item == b->item && a->descending == b->descending && a->smtp == b->smtp &&
	       a->enhanced == b->enhanced;
}

/* The same meaning: where it stood, how it was quoted and whether its key was guessed do not count.
 */
static inline bool
sample_same_tree(const struct query_node *a, const struct query_node *b)
{
	if (a->kind != b->kind || a->n != b->n || a->key != b->key || a->op != b->op ||
		a->word != b->word)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->kind == QUERY_NODE_FIELD ? !sample_same_value(&a->values[i], &b->values[i])
						: !sample_same_tree(a->children[i], b->children[i]))
			return false;
	return true;
}

/* The canonical text parses to the same tree, and is its own canonical text. */
static inline bool
sample_canonical_holds(const struct query_node *tree, const struct query_context *context)
{
	struct arena arena = {0};
	struct query_node *again;
	struct query_error err;
	struct buf text = {0}, second = {0};
	query_add_canonical(&text, tree);
	bool ok = text.n > QUERY_MAX_BYTES;
	if (!ok && query_parse(buf_slice(&text), context, &arena, &again, &err)) {
		query_add_canonical(&second, again);
		ok = sample_same_tree(tree, again) &&
		     slice_equal(buf_slice(&text), buf_slice(&second));
	}
	buf_fini(&text);
	buf_fini(&second);
	arena_fini(&arena);
	return ok;
}

#endif
