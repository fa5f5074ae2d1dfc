#include "store/search_sum.h"

#include "base/memory.h"
#include "base/time.h"
#include "store/search_part.h"

#include <assert.h>
#include <stdlib.h>

struct taking {
	const struct search_sum_question *question;
	struct search_sums *out;
	bool full;
};

static bool
has_keys(const struct search_sum *sum, const struct slice *keys)
{
	for (int i = 0; i < SEARCH_SUM_KEYS; i++)
		if (!slice_equal(sum->keys[i], keys[i]))
			return false;
	return true;
}

/* NULL when there is no room for one more. */
static struct search_sum *
find_or_add(struct search_sums *s, const struct slice *keys)
{
	uint64_t hash = 0;
	for (int i = 0; i < SEARCH_SUM_KEYS; i++)
		hash = slice_hash(keys[i], hash + 1);
	for (struct map_node *n = map_first(&s->map, hash); n; n = map_next(n, hash))
		if (has_keys(MAP_ENTRY(n, struct search_sum, node), keys))
			return MAP_ENTRY(n, struct search_sum, node);
	if (s->n == SEARCH_SUM_MOST)
		return NULL;
	struct search_sum *sum = arena_zero(&s->arena, sizeof(*sum));
	for (int i = 0; i < SEARCH_SUM_KEYS; i++)
		sum->keys[i] = arena_copy(&s->arena, keys[i]);
	map_add(&s->map, &sum->node, hash);
	MEMORY_ROOM(&s->items, s->n, &s->cap);
	return s->items[s->n++] = sum;
}

static void
unite(int64_t *sum, int64_t value, bool greatest)
{
	if (!greatest)
		*sum += value;
	else if (value > *sum)
		*sum = value;
}

static void
take(void *context, const PGresult *rows)
{
	struct taking *t = context;
	const struct query_sums *q = &t->question->sums;
	int n_keys = (int)q->n_keys, n_sums = (int)q->n_sums;
	for (int row = 0; row < PQntuples(rows); row++) {
		struct slice keys[SEARCH_SUM_KEYS] = {0};
		for (int i = 0; i < n_keys; i++)
			keys[i] = search_text(rows, row, i);
		struct search_sum *sum = find_or_add(t->out, keys);
		t->full |= !sum;
		for (int i = 0; sum && i < n_sums; i++)
			if (!PQgetisnull(rows, row, n_keys + i))
				unite(&sum->sums[i], search_i64(rows, row, n_keys + i),
					i >= n_sums - (int)q->n_greatest);
	}
}

bool
search_sum(struct search *s, const struct search_sum_question *question, int64_t budget_us,
	struct search_sums *out, struct error *err)
{
	struct taking t = {question, out, false};
	int64_t now_us = time_now_us();
	assert(question->sums.n_keys <= SEARCH_SUM_KEYS);
	assert(question->sums.n_sums <= SEARCH_SUM_SUMS);
	out->whole = true;
	for (int table = 0; table < QUERY_TABLES; table++) {
		bool whole, left_out = table == QUERY_MAILS ? s->options.rejects_only
							    : s->options.mails_only;
		/* The first one leaves time for the second. */
		int64_t share_us = table == QUERY_MAILS ? budget_us * 2 / 3 : budget_us;
		if (left_out)
			continue;
		if (!search_stream_sum(s, &s->streams[table], question,
			    budget_us ? now_us + share_us : 0, take, &t, &whole, err))
			return false;
		out->whole = out->whole && whole;
	}
	out->whole = out->whole && !t.full;
	return true;
}

void
search_sums_fini(struct search_sums *s)
{
	free(s->items);
	map_fini(&s->map);
	arena_fini(&s->arena);
	*s = (struct search_sums){0};
}

/* ---- order ---- */

struct sorted {
	int64_t by;
	struct search_sum *sum;
};

static int
compare(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;
	int order = 0;
	if (x->by != y->by)
		return x->by > y->by ? -1 : 1;
	for (int i = 0; i < SEARCH_SUM_KEYS && order == 0; i++) {
		struct slice k = x->sum->keys[i], l = y->sum->keys[i];
		size_t n = k.n < l.n ? k.n : l.n;
		order = n ? memcmp(k.p, l.p, n) : 0;
		if (order == 0)
			order = k.n < l.n ? -1 : k.n > l.n;
	}
	return order;
}

void
search_sums_sort(struct search_sums *s, unsigned by)
{
	struct sorted *list = memory_new((s->n + 1) * sizeof(*list));
	for (size_t i = 0; i < s->n; i++)
		list[i] = (struct sorted){s->items[i]->sums[by], s->items[i]};
	qsort(list, s->n, sizeof(*list), compare);
	for (size_t i = 0; i < s->n; i++)
		s->items[i] = list[i].sum;
	free(list);
}
