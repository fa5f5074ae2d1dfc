#include "unit.h"

#include "base/map.h"

#include <stdlib.h>

struct entry {
	uint64_t key;
	bool in;
	int seen;
	struct map_node by_key;
	struct map_node by_other;
};

static struct entry *
find(const struct map *m, uint64_t hash, uint64_t key)
{
	for (struct map_node *n = map_first(m, hash); n; n = map_next(n, hash)) {
		struct entry *e = MAP_ENTRY(n, struct entry, by_key);
		if (e->key == key)
			return e;
	}
	return NULL;
}

static void
an_empty_map_finds_nothing(void **state)
{
	(void)state;
	struct map m = {0};
	assert_null(map_first(&m, 1));
	assert_null(map_walk(&m, NULL));
	map_fini(&m);
}

static void
equal_hashes_come_newest_first_also_after_growth(void **state)
{
	(void)state;
	enum { SAME = 1000 };
	static struct entry same[SAME], other[SAME];
	struct map m = {0};
	for (int i = 0; i < SAME; i++) {
		same[i].key = (uint64_t)i;
		map_add(&m, &same[i].by_key, 42);
		map_add(&m, &other[i].by_key, (uint64_t)i * 64 + 42 % 64);
	}
	int expected = SAME;
	for (struct map_node *n = map_first(&m, 42); n; n = map_next(n, 42)) {
		struct entry *e = MAP_ENTRY(n, struct entry, by_key);
		if (e >= same && e < same + SAME)
			assert_int_equal(e->key, --expected);
	}
	assert_int_equal(expected, 0);
	map_fini(&m);
}

/* Growing must not look at the whole chain for each node: here that would be 10^11 steps. */
static void
a_hash_repeated_half_a_million_times_does_not_hurt(void **state)
{
	(void)state;
	enum { SAME = 500000 };
	struct map_node *nodes = calloc(SAME, sizeof(*nodes));
	struct map m = {0};
	for (size_t i = 0; i < SAME; i++)
		map_add(&m, &nodes[i], 7);
	assert_int_equal(m.n, SAME);
	assert_ptr_equal(map_first(&m, 7), &nodes[SAME - 1]);
	map_fini(&m);
	free(nodes);
}

static void
an_entry_can_be_in_two_maps(void **state)
{
	(void)state;
	struct map keys = {0}, others = {0};
	struct entry e = {.key = 5};
	map_add(&keys, &e.by_key, 5);
	map_add(&others, &e.by_other, 9);
	map_remove(&keys, &e.by_key);
	assert_null(map_first(&keys, 5));
	assert_ptr_equal(MAP_ENTRY(map_first(&others, 9), struct entry, by_other), &e);
	map_fini(&keys);
	map_fini(&others);
}

static void
assert_walk_sees_what_is_in(const struct map *m, struct entry *entries, size_t n)
{
	size_t in = 0;
	for (struct map_node *node = map_walk(m, NULL); node; node = map_walk(m, node))
		MAP_ENTRY(node, struct entry, by_key)->seen++;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(entries[i].seen, entries[i].in);
		entries[i].seen = 0;
		in += entries[i].in;
	}
	assert_int_equal(m->n, in);
}

/* Against the simplest model, a flag for each key; few different hashes, so that chains are long.
 */
static void
random_adds_and_removes_agree_with_a_model(void **state)
{
	(void)state;
	enum { KEYS = 500 };
	static struct entry entries[KEYS];
	struct map m = {0};
	uint64_t random = 5;
	for (int step = 0; step < 50000; step++) {
		size_t k = random_below(&random, KEYS);
		uint64_t hash = k % 50 * 0x9e3779b97f4a7c15;
		assert_ptr_equal(find(&m, hash, k), entries[k].in ? &entries[k] : NULL);
		entries[k].key = k;
		if (entries[k].in)
			map_remove(&m, &entries[k].by_key);
		else
			map_add(&m, &entries[k].by_key, hash);
		entries[k].in = !entries[k].in;
		if (step % 1000 == 0)
			assert_walk_sees_what_is_in(&m, entries, KEYS);
	}
	map_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_finds_nothing),
		cmocka_unit_test(equal_hashes_come_newest_first_also_after_growth),
		cmocka_unit_test(a_hash_repeated_half_a_million_times_does_not_hurt),
		cmocka_unit_test(an_entry_can_be_in_two_maps),
		cmocka_unit_test(random_adds_and_removes_agree_with_a_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
