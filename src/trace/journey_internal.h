/* What the files of the journey share. */
#ifndef ELSE_TRACE_JOURNEY_INTERNAL_H
#define ELSE_TRACE_JOURNEY_INTERNAL_H

#include "base/time.h"
#include "trace/journey.h"

/* Longer chains of hops are followed no further: Postfix lets a mail pass 50 hops, a filter doubles
 * them. */
#define JOURNEY_MAX_CHAIN 200

struct building {
	struct journey *j;
	struct topology *topology;
	struct arena *arena;
	struct route *routes; /* one a hop: see journey_walk.c */
	struct map stops;
};

/* journey_link.c: fills in before, join, filter, branch, entry, notice. */
void journey_link(struct journey_hop *hops, size_t n, struct arena *arena);
struct journey_hop *journey_root(struct journey_hop *jh);

/* journey_walk.c: adds the leaves of an arrival. */
void journey_prepare_walk(struct building *b);
void journey_walk(struct building *b, struct journey_hop *entry);

/* journey_status.c */
enum status journey_status(
	const struct building *b, const struct journey_hop *at, const struct delivery *d);
enum status journey_hop_status(const struct hop *hop);
enum reason journey_reason(const struct leaf *leaf);

/* Did this try put the mail into a mailbox of ours, or hand it to a program of ours? */
bool journey_delivers_here(const struct attempt *try);

#endif
