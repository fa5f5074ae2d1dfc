/*
 * An intrusive hash map: the node lies inside the caller's struct, so an entry costs no allocation
 *and one struct may be in several maps. The caller makes the hash (slice_hash) and compares keys.
 *
 *	for (struct map_node *n = map_first(&m, hash); n; n = map_next(n, hash)) {
 *		struct host *h = MAP_ENTRY(n, struct host, by_name);
 *		if (slice_equal(h->name, name)) ...
 *	}
 */
#ifndef ELSE_BASE_MAP_H
#define ELSE_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_node {
	struct map_node *next;
	uint64_t hash;
};

struct map {
	struct map_node **slots;
	size_t n;	 /* entries */
	size_t capacity; /* slots, a power of two */
};

#define MAP_ENTRY(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* `{0}` is a valid empty map. Frees the slots, not the entries. */
void map_fini(struct map *m);

/* The same with the entries, which were made by malloc each: the map is empty then. */
#define MAP_FREE(map, type, member) map_free_entries(map, offsetof(type, member))
void map_free_entries(struct map *m, size_t offset_of_node);

/* Puts the node in; equal hashes may be in it many times, the newest comes first. */
void map_add(struct map *m, struct map_node *node, uint64_t hash);

/* Takes the node out; it must be in the map. */
void map_remove(struct map *m, struct map_node *node);

/* First and next node with this hash, or NULL. */
struct map_node *map_first(const struct map *m, uint64_t hash);
struct map_node *map_next(const struct map_node *node, uint64_t hash);

/* Every node, in no order: `for (n = map_walk(m, NULL); n; n = map_walk(m, n))`. The node at hand
 * may not be removed within the walk. */
struct map_node *map_walk(const struct map *m, const struct map_node *node);

#endif
