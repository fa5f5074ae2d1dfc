#include "backend/gaps.h"

#include "base/map.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

enum {
	JUMP_MOST = 1000000, /* a longer one is a new beginning */
};

struct counter {
	struct map_node by_name;
	char text[GAPS_TEXT]; /* host, then boot */
	size_t host_n, boot_n;
	uint64_t first, last;
	uint64_t missing; /* in the stretches, and before them */
	int64_t last_us;
	bool is_new;		   /* noted since gaps_settle; all of these are the last ones */
	struct gaps_stretch *open; /* lowest first */
	size_t open_count, open_cap;

	/* The one silent for longest first. */
	struct counter *before, *after;
};

struct gaps {
	struct map counters;
	struct counter *first, *last;
	uint64_t forgotten; /* missing lines of counters that made room */
};

struct gaps *
gaps_new(void)
{
	return memory_zero(1, sizeof(struct gaps));
}

static void
unlink_counter(struct gaps *g, struct counter *c)
{
	*(c->before ? &c->before->after : &g->first) = c->after;
	*(c->after ? &c->after->before : &g->last) = c->before;
	c->before = c->after = NULL;
}

static void
link_last(struct gaps *g, struct counter *c)
{
	c->before = g->last;
	*(g->last ? &g->last->after : &g->first) = c;
	g->last = c;
}

static void
forget_oldest(struct gaps *g)
{
	struct counter *c = g->first;
	g->forgotten += c->missing;
	unlink_counter(g, c);
	map_remove(&g->counters, &c->by_name);
	free(c->open);
	free(c);
}

void
gaps_free(struct gaps **gaps)
{
	struct gaps *g = *gaps;
	if (!g)
		return;
	while (g->first)
		forget_oldest(g);
	map_fini(&g->counters);
	free(g);
	*gaps = NULL;
}

static struct slice
host_of(const struct counter *c)
{
	return slice_of(c->text, c->host_n);
}

static struct slice
boot_of(const struct counter *c)
{
	return slice_of(c->text + c->host_n, c->boot_n);
}

static struct counter *
find_counter(const struct gaps *g, struct slice host, struct slice boot, uint64_t hash)
{
	for (struct map_node *n = map_first(&g->counters, hash); n; n = map_next(n, hash)) {
		struct counter *c = MAP_ENTRY(n, struct counter, by_name);
		if (slice_equal(host_of(c), host) && slice_equal(boot_of(c), boot))
			return c;
	}
	return NULL;
}

static struct counter *
new_counter(struct gaps *g, struct slice host, struct slice boot, uint64_t hash, uint64_t sequence)
{
	if (g->counters.n >= GAPS_COUNTERS)
		forget_oldest(g);
	struct counter *c = memory_zero(1, sizeof(*c));
	if (host.n > 0)
		memcpy(c->text, host.p, host.n);
	if (boot.n > 0)
		memcpy(c->text + host.n, boot.p, boot.n);
	c->host_n = host.n;
	c->boot_n = boot.n;
	c->first = c->last = sequence;
	map_add(&g->counters, &c->by_name, hash);
	link_last(g, c);
	return c;
}

static size_t
shortest(const struct counter *c)
{
	size_t found = 0;
	for (size_t i = 1; i < c->open_count; i++)
		if (c->open[i].to - c->open[i].from < c->open[found].to - c->open[found].from)
			found = i;
	return found;
}

static void
remove_stretch(struct counter *c, size_t at)
{
	c->open_count--;
	memmove(c->open + at, c->open + at + 1, (c->open_count - at) * sizeof(*c->open));
}

/* Without room the shortest stretch is given up: what is missing of it stays missing for good. */
static void
add_stretch(struct counter *c, size_t at, struct gaps_stretch stretch)
{
	if (c->open_count == GAPS_OPEN) {
		size_t given_up = shortest(c);
		remove_stretch(c, given_up);
		at -= given_up < at;
	}
	MEMORY_ROOM(&c->open, c->open_count, &c->open_cap);
	memmove(c->open + at + 1, c->open + at, (c->open_count - at) * sizeof(*c->open));
	c->open[at] = stretch;
	c->open_count++;
}

/* The first stretch that does not end below the number. */
static size_t
find_stretch(const struct counter *c, uint64_t sequence)
{
	size_t low = 0, high = c->open_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (c->open[middle].to < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A late line. */
static void
fill(struct counter *c, uint64_t sequence)
{
	size_t at = find_stretch(c, sequence);
	if (at == c->open_count || c->open[at].from > sequence)
		return;
	struct gaps_stretch *s = &c->open[at], rest = {sequence + 1, s->to, s->noticed_us};
	bool first = s->from == sequence, last = s->to == sequence;
	c->missing--;
	if (first && last) {
		remove_stretch(c, at);
	} else if (first) {
		s->from++;
	} else {
		s->to = sequence - 1;
		if (!last)
			add_stretch(c, at + 1, rest);
	}
}

static void
advance(struct counter *c, uint64_t sequence, int64_t now_us)
{
	uint64_t skipped = sequence - c->last - 1;
	if (skipped > JUMP_MOST) {
		c->open_count = 0;
		c->first = sequence;
	} else if (skipped > 0) {
		c->missing += skipped;
		add_stretch(
			c, c->open_count, (struct gaps_stretch){c->last + 1, sequence - 1, now_us});
	}
	c->last = sequence;
}

void
gaps_note(struct gaps *g, struct slice host, struct slice boot, uint64_t sequence, int64_t now_us)
{
	if (host.n + boot.n > GAPS_TEXT)
		return;
	uint64_t hash = slice_hash(host, slice_hash(boot, 0));
	struct counter *c = find_counter(g, host, boot, hash);
	if (!c)
		c = new_counter(g, host, boot, hash, sequence);
	else if (sequence > c->last)
		advance(c, sequence, now_us);
	else
		fill(c, sequence);
	c->last_us = now_us;
	c->is_new = true;
	if (c != g->last) {
		unlink_counter(g, c);
		link_last(g, c);
	}
}

static void
tell(const struct counter *c, gaps_each *each, void *context)
{
	const struct gaps_count count = {
		.host = host_of(c),
		.boot = boot_of(c),
		.first = c->first,
		.last = c->last,
		.missing = c->missing,
		.last_us = c->last_us,
		.open = c->open,
		.open_count = c->open_count,
	};
	each(context, &count);
}

void
gaps_walk(const struct gaps *g, gaps_each *each, void *context)
{
	for (const struct counter *c = g->first; c; c = c->after)
		if (c->missing > 0)
			tell(c, each, context);
}

void
gaps_walk_new(const struct gaps *g, gaps_each *each, void *context)
{
	for (const struct counter *c = g->last; c && c->is_new; c = c->before)
		tell(c, each, context);
}

void
gaps_settle(struct gaps *g)
{
	for (struct counter *c = g->last; c && c->is_new; c = c->before)
		c->is_new = false;
}

void
gaps_restore(struct gaps *g, const struct gaps_count *count)
{
	uint64_t hash = slice_hash(count->host, slice_hash(count->boot, 0));
	if (count->host.n + count->boot.n > GAPS_TEXT ||
		find_counter(g, count->host, count->boot, hash))
		return;
	struct counter *c = new_counter(g, count->host, count->boot, hash, count->first);
	c->last = count->last;
	c->missing = count->missing;
	c->last_us = count->last_us;
	for (size_t i = 0; i < count->open_count && i < GAPS_OPEN; i++)
		add_stretch(c, i, count->open[i]);
}

uint64_t
gaps_missing(const struct gaps *g)
{
	uint64_t missing = g->forgotten;
	for (const struct counter *c = g->first; c; c = c->after)
		missing += c->missing;
	return missing;
}
