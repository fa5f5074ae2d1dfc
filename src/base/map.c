#include "base/map.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

void
map_fini(struct map *m)
{
	free(m->slots);
	*m = (struct map){0};
}

static struct map_node **
slot_of(const struct map *m, uint64_t hash)
{
	return &m->slots[hash & (m->capacity - 1)];
}

/* Deals the nodes of a slot out to the two that take its place, in their order, so that "newest
 * first" stays true. One pass a slot: growing stays linear when a hostile log repeats one hash a
 * million times. */
static void
split(struct map_node *node, size_t bit, struct map_node **low, struct map_node **high)
{
	for (; node; node = node->next) {
		struct map_node ***tail = node->hash & bit ? &high : &low;
		**tail = node;
		*tail = &node->next;
	}
	*low = NULL;
	*high = NULL;
}

static void
grow(struct map *m)
{
	struct map old = *m;
	m->capacity = old.capacity ? old.capacity * 2 : 64;
	m->slots = memory_zero(m->capacity, sizeof(*m->slots));
	for (size_t i = 0; i < old.capacity; i++)
		split(old.slots[i], old.capacity, &m->slots[i], &m->slots[i + old.capacity]);
	free(old.slots);
}

void
map_add(struct map *m, struct map_node *node, uint64_t hash)
{
	if (m->n >= m->capacity)
		grow(m);
	struct map_node **slot = slot_of(m, hash);
	node->hash = hash;
	node->next = *slot;
	*slot = node;
	m->n++;
}

void
map_remove(struct map *m, struct map_node *node)
{
	assert(m->n > 0);
	struct map_node **at = slot_of(m, node->hash);
	while (*at != node) {
		assert(*at);
		at = &(*at)->next;
	}
	*at = node->next;
	node->next = NULL;
	m->n--;
}

static struct map_node *
with_hash(struct map_node *node, uint64_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct map_node *
map_first(const struct map *m, uint64_t hash)
{
	return m->capacity ? with_hash(*slot_of(m, hash), hash) : NULL;
}

struct map_node *
map_next(const struct map_node *node, uint64_t hash)
{
	return with_hash(node->next, hash);
}

struct map_node *
map_walk(const struct map *m, const struct map_node *node)
{
	size_t i = 0;
	if (node) {
		if (node->next)
			return node->next;
		i = (node->hash & (m->capacity - 1)) + 1;
	}
	for (; i < m->capacity; i++)
		if (m->slots[i])
			return m->slots[i];
	return NULL;
}

void
map_free_entries(struct map *m, size_t offset_of_node)
{
	for (struct map_node *n = map_walk(m, NULL), *next; n; n = next) {
		next = map_walk(m, n);
		free((char *)n - offset_of_node);
	}
	map_fini(m);
	*m = (struct map){0};
}
