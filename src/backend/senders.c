#include "backend/senders.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"

#define MOST_SENDERS 4096

struct sender {
	struct map_node node;
	struct syslog_clock clock;
	size_t name_n;
	char name[];
};

struct senders {
	struct map map;
	struct sender *last; /* most lines are of the sender of the line before */
};

struct senders *
senders_new(void)
{
	return memory_zero(1, sizeof(struct senders));
}

static void
forget_all(struct senders *s)
{
	MAP_FREE(&s->map, struct sender, node);
	s->last = NULL;
}

void
senders_free(struct senders **senders)
{
	if (!*senders)
		return;
	forget_all(*senders);
	free(*senders);
	*senders = NULL;
}

static bool
is_named(const struct sender *sender, struct slice name)
{
	return slice_equal(slice_of(sender->name, sender->name_n), name);
}

static struct sender *
find(const struct senders *s, struct slice name, uint64_t hash)
{
	for (struct map_node *n = map_first(&s->map, hash); n; n = map_next(n, hash))
		if (is_named(MAP_ENTRY(n, struct sender, node), name))
			return MAP_ENTRY(n, struct sender, node);
	return NULL;
}

static struct sender *
add(struct senders *s, struct slice name, uint64_t hash, int64_t received_us)
{
	struct sender *sender = memory_zero(1, sizeof(*sender) + name.n);
	sender->name_n = name.n;
	if (name.n)
		memcpy(sender->name, name.p, name.n);
	syslog_clock_init(&sender->clock, received_us);
	syslog_clock_set_local_zone(&sender->clock);
	map_add(&s->map, &sender->node, hash);
	return sender;
}

struct syslog_clock *
senders_clock(struct senders *s, struct slice name, int64_t received_us)
{
	if (!s->last || !is_named(s->last, name)) {
		uint64_t hash = slice_hash(name, 3);
		s->last = find(s, name, hash);
		if (!s->last && s->map.n >= MOST_SENDERS)
			forget_all(s);
		if (!s->last)
			s->last = add(s, name, hash, received_us);
	}
	syslog_clock_receive(&s->last->clock, received_us);
	return &s->last->clock;
}
