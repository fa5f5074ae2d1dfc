#include "intake/recent.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

enum {
	RING_FIRST = 16,
	SET_LEAST = 64,
};

void
recent_fini(struct recent *r)
{
	free(r->hashes);
	*r = (struct recent){0};
}

static void
grow(struct recent *r, size_t most)
{
	size_t capacity = r->capacity ? r->capacity * 2 : RING_FIRST;
	capacity = capacity < most ? capacity : most;
	uint64_t *hashes = memory_zero(capacity, sizeof(*hashes));
	for (uint64_t number = r->end - r->n; number < r->end; number++)
		hashes[number % capacity] = recent_at(r, number);
	free(r->hashes);
	r->hashes = hashes;
	r->capacity = capacity;
}

void
recent_add(struct recent *r, uint64_t hash, size_t most)
{
	assert(most > 0);
	if (r->n == r->capacity && r->capacity < most)
		grow(r, most);
	r->hashes[r->end % r->capacity] = hash;
	r->end++;
	r->n += r->n < r->capacity;
}

void
hash_set_fini(struct hash_set *set)
{
	free(set->slots);
	*set = (struct hash_set){0};
}

static uint64_t
not_zero(uint64_t hash)
{
	return hash ? hash : 1;
}

/* Where the hash is, or the free slot where it belongs. */
static uint64_t *
slot_of(const struct hash_set *set, uint64_t hash)
{
	size_t at = hash & (set->capacity - 1);
	while (set->slots[at] && set->slots[at] != hash)
		at = (at + 1) & (set->capacity - 1);
	return &set->slots[at];
}

bool
hash_set_has(const struct hash_set *set, uint64_t hash)
{
	return set->capacity && *slot_of(set, not_zero(hash));
}

bool
hash_set_is_full(const struct hash_set *set)
{
	return set->n * 2 >= set->capacity;
}

void
hash_set_add(struct hash_set *set, uint64_t hash)
{
	assert(!hash_set_is_full(set));
	uint64_t *slot = slot_of(set, not_zero(hash));
	set->n += *slot == 0;
	*slot = not_zero(hash);
}

void
hash_set_init(struct hash_set *set, size_t expected)
{
	hash_set_fini(set);
	set->capacity = SET_LEAST;
	while (set->capacity < expected * 4)
		set->capacity *= 2;
	set->slots = memory_zero(set->capacity, sizeof(*set->slots));
}
