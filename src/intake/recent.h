/* The last hashes of a sequence, and sets of hashes. Private to intake/repeats.c. */
#ifndef ELSE_INTAKE_RECENT_H
#define ELSE_INTAKE_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A ring that grows up to `most` hashes, then forgets the oldest. Each has a number, from 0 on. */
struct recent {
	uint64_t *hashes;
	size_t capacity;
	size_t n;     /* in the ring: numbers end - n .. end - 1 */
	uint64_t end; /* number of the next one */
};

/* `{0}` is a valid empty ring. */
void recent_fini(struct recent *r);
void recent_add(struct recent *r, uint64_t hash, size_t most);

static inline bool
recent_has(const struct recent *r, uint64_t number)
{
	return number < r->end && number >= r->end - r->n;
}

/* The hash with a number that the ring has. */
static inline uint64_t
recent_at(const struct recent *r, uint64_t number)
{
	return r->hashes[number % r->capacity];
}

struct hash_set {
	uint64_t *slots; /* 0 = free */
	size_t capacity; /* a power of two */
	size_t n;
};

/* `{0}` is a valid empty set. */
void hash_set_fini(struct hash_set *set);

/* Empties it, and makes room for twice as many. */
void hash_set_init(struct hash_set *set, size_t expected);

bool hash_set_has(const struct hash_set *set, uint64_t hash);

/* There must be room: hash_set_is_full. */
void hash_set_add(struct hash_set *set, uint64_t hash);
bool hash_set_is_full(const struct hash_set *set);

#endif
