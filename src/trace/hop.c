#include "trace/hop.h"

#include "base/memory.h"
#include "base/time.h"

#include <stdlib.h>

#define SEED_MSGID	1
#define SEED_HOP	2
#define SEED_HOST	7
#define NEWEST_LINES	32 /* in which a repeated line is looked for */
#define FEW_RCPTS	8
#define FIRST_BYTES	3840 /* of a hop with its texts: one block is enough for nearly all */
#define AFTER_CLOSE_US	TIME_MINUTE_US	  /* lines that may still come after "removed" */
#define HOP_MAX_LIFE_US (9 * TIME_DAY_US) /* in a queue, with some to spare */

/* The hop lies at the beginning of its own arena. */
struct hop *
hop_new(struct slice host, struct slice instance, struct slice qid)
{
	struct arena arena = {.first_bytes = FIRST_BYTES};
	struct hop *hop = arena_zero(&arena, sizeof(*hop));
	hop->arena = arena;
	hop->host = arena_copy(&hop->arena, host);
	hop->instance = arena_copy(&hop->arena, instance);
	hop->qid = arena_copy(&hop->arena, qid);
	hop->size_bytes = -1;
	hop->nrcpt = -1;
	hop->deliveries_tail = &hop->deliveries;
	hop->checks_tail = &hop->checks;
	return hop;
}

void
hop_free(struct hop **hop)
{
	if (!*hop)
		return;
	while ((*hop)->pending) {
		struct reject *next = (*hop)->pending->next;
		free((*hop)->pending);
		(*hop)->pending = next;
	}
	map_fini(&(*hop)->rcpts);
	struct arena arena = (*hop)->arena;
	arena_fini(&arena);
	*hop = NULL;
}

void
mail_free(struct mail **mail)
{
	if (!*mail)
		return;
	struct hop *hop = (*mail)->hops;
	while (hop) {
		struct hop *next = hop->next;
		hop_free(&hop);
		hop = next;
	}
	while ((*mail)->stash) {
		struct stashed *next = (*mail)->stash->next;
		free((*mail)->stash);
		(*mail)->stash = next;
	}
	free(*mail);
	*mail = NULL;
}

static uint64_t
rcpt_hash(struct slice to, struct slice orig_to)
{
	return slice_hash(to, slice_hash(orig_to, 0));
}

static bool
same_rcpt(const struct delivery *d, struct slice to, struct slice orig_to)
{
	return slice_equal(d->to, to) && slice_equal(d->orig_to, orig_to);
}

static struct delivery *
find_delivery(struct hop *hop, uint64_t hash, struct slice to, struct slice orig_to)
{
	if (hop->rcpts.n == 0) {
		for (struct delivery *d = hop->deliveries; d; d = d->next)
			if (same_rcpt(d, to, orig_to))
				return d;
		return NULL;
	}
	for (struct map_node *n = map_first(&hop->rcpts, hash); n; n = map_next(n, hash)) {
		struct delivery *d = MAP_ENTRY(n, struct delivery, by_rcpt);
		if (same_rcpt(d, to, orig_to))
			return d;
	}
	return NULL;
}

static void
index_delivery(struct hop *hop, struct delivery *d, uint64_t hash)
{
	if (hop->n_deliveries < FEW_RCPTS)
		return;
	if (hop->rcpts.n == 0)
		for (struct delivery *old = hop->deliveries; old != d; old = old->next)
			map_add(&hop->rcpts, &old->by_rcpt, rcpt_hash(old->to, old->orig_to));
	map_add(&hop->rcpts, &d->by_rcpt, hash);
}

struct delivery *
hop_delivery(struct hop *hop, struct slice to, struct slice orig_to, bool make)
{
	uint64_t hash = hop->n_deliveries < FEW_RCPTS ? 0 : rcpt_hash(to, orig_to);
	struct delivery *d = find_delivery(hop, hash, to, orig_to);
	if (d || !make)
		return d;
	if (hop->n_deliveries >= HOP_MAX_RECIPIENTS) {
		hop->flags |= HOP_CUT;
		return NULL;
	}
	d = arena_zero(&hop->arena, sizeof(*d));
	d->to = arena_copy(&hop->arena, to);
	d->orig_to = arena_copy(&hop->arena, orig_to);
	*hop->deliveries_tail = d;
	hop->deliveries_tail = &d->next;
	hop->n_deliveries++;
	index_delivery(hop, d, hop->n_deliveries < FEW_RCPTS ? 0 : rcpt_hash(to, orig_to));
	return d;
}

/* Arrays in the arena grow by doubling; the old copy stays until the hop goes, at most as much
 * again. */
static void *
grow_array(struct arena *arena, void *old, uint32_t n, uint32_t *cap, uint32_t first, size_t size)
{
	if (n < *cap)
		return old;
	*cap = *cap ? *cap * 2 : first;
	void *bigger = arena_new(arena, *cap * size);
	if (n)
		memcpy(bigger, old, n * size);
	return bigger;
}

struct attempt *
delivery_add_try(struct hop *hop, struct delivery *d)
{
	d->tries =
		grow_array(&hop->arena, d->tries, d->n_tries, &d->cap_tries, 1, sizeof(*d->tries));
	struct attempt *try = &d->tries[d->n_tries++];
	*try = (struct attempt){.delay_ms = -1, .delays_ms = {-1, -1, -1, -1}};
	return try;
}

const struct attempt *
delivery_last(const struct delivery *d)
{
	return d->n_tries ? &d->tries[d->n_tries - 1] : NULL;
}

void
hop_insert_line(struct hop *hop, uint32_t at, int64_t t_us, uint64_t id, struct slice raw)
{
	if (hop->n_lines >= HOP_MAX_LINES) {
		hop->flags |= HOP_CUT;
		return;
	}
	hop->lines = grow_array(
		&hop->arena, hop->lines, hop->n_lines, &hop->cap_lines, 12, sizeof(*hop->lines));
	struct hop_line *line = &hop->lines[at];
	memmove(line + 1, line, (hop->n_lines - at) * sizeof(*line));
	*line = (struct hop_line){.t_us = t_us, .id = id, .raw = arena_copy(&hop->arena, raw)};
	hop->n_lines++;
}

void
hop_add_line(struct hop *hop, int64_t t_us, uint64_t id, struct slice raw)
{
	hop_insert_line(hop, hop->n_lines, t_us, id, raw);
}

bool
hop_has_line(const struct hop *hop, uint64_t id)
{
	uint32_t oldest = hop->n_lines > NEWEST_LINES ? hop->n_lines - NEWEST_LINES : 0;
	for (uint32_t i = hop->n_lines; i > oldest; i--)
		if (hop->lines[i - 1].id == id)
			return true;
	return false;
}

bool
hop_bare(const struct hop *hop)
{
	uint32_t empty = HOP_CUT | HOP_REMOVED | HOP_ENDED;
	return !(hop->flags & ~empty) && hop->msgid.n == 0 && hop->n_deliveries == 0;
}

bool
hop_mute(const struct hop *hop)
{
	return hop_bare(hop) ||
	       ((hop->flags & (HOP_FILTER | HOP_MAILBOX)) && hop->n_deliveries == 0);
}

bool
hop_closed(const struct hop *hop)
{
	return (hop->flags & (HOP_REMOVED | HOP_DELETED | HOP_CANCELED | HOP_REFUSED |
				     HOP_DISCARDED | HOP_REQUEUED | HOP_ENDED | HOP_FILTER)) ||
	       hop_bare(hop);
}

struct slice
hop_session_base(struct slice session)
{
	ptrdiff_t colon = slice_find_char(session, ':');
	return colon < 0 ? session : slice_head(session, (size_t)colon);
}

bool
hop_headless(const struct hop *hop)
{
	if (hop->flags & (HOP_STARTED | HOP_NDR | HOP_MAILBOX | HOP_FILTER))
		return false;
	return !hop_bare(hop) || (hop->flags & HOP_REMOVED);
}

/* The later piece has no beginning, and the earlier one was not over. */
static bool
continues(const struct hop *early, const struct hop *late)
{
	if (late->flags & HOP_STARTED)
		return false;
	return late->first_us - early->last_us <=
	       (hop_closed(early) ? AFTER_CLOSE_US : HOP_MAX_LIFE_US);
}

bool
hop_same(const struct hop *a, const struct hop *b)
{
	if (!slice_equal(a->qid, b->qid) || !slice_equal(a->host, b->host))
		return false;
	if ((a->flags & HOP_STARTED) && (b->flags & HOP_STARTED))
		return a->arrived_us == b->arrived_us;
	if (a->msgid.n && b->msgid.n && !slice_equal(a->msgid, b->msgid))
		return false;
	bool a_first =
		a->first_us != b->first_us ? a->first_us < b->first_us : a->flags & HOP_STARTED;
	return a_first ? continues(a, b) : continues(b, a);
}

uint64_t
mail_id_of_msgid(struct slice msgid)
{
	return slice_hash(msgid, SEED_MSGID);
}

uint64_t
mail_id_of_hop(struct slice host, struct slice qid, int64_t arrived_us)
{
	/* Whole seconds, so that a log with and one without fractions give the same identity. */
	return slice_hash(qid, slice_hash(host, SEED_HOP) ^ (uint64_t)(arrived_us / 1000000));
}

uint64_t
line_identity(struct slice host, int64_t t_us, uint32_t pid, struct slice text)
{
	return line_identity_seeded(slice_hash(host, SEED_HOST), t_us, pid, text);
}

uint64_t
line_identity_seeded(uint64_t host_seed, int64_t t_us, uint32_t pid, struct slice text)
{
	return slice_hash(text, host_seed ^ (uint64_t)t_us * 0x9e3779b97f4a7c15u ^ pid);
}

uint64_t
line_identity_nth(uint64_t identity, uint64_t nth)
{
	return identity + nth * 0xd6e8feb86659fd93u;
}
