/*
 * Lines that never came, told by the sequence numbers of stamps (wire/stamp.h): each host and boot
 * counts its lines from some number on, one by one. What is passed over is missing until it comes:
 * rsyslog's disk queue sends out of order. Pure; used by one thread.
 */
#ifndef ELSE_BACKEND_GAPS_H
#define ELSE_BACKEND_GAPS_H

#include "base/slice.h"

enum {
	GAPS_OPEN = 1024,     /* stretches of a host and boot that late lines can still fill */
	GAPS_COUNTERS = 4096, /* hosts and boots; the one silent for longest makes room */
	GAPS_TEXT = 128,      /* bytes of host and boot; longer ones are not followed */
};

/* Numbers from .. to have not come; noticed_us is when that was seen. */
struct gaps_stretch {
	uint64_t from, to;
	int64_t noticed_us;
};

struct gaps_count {
	struct slice host, boot;
	uint64_t first, last;		 /* numbers seen */
	uint64_t missing;		 /* of those between */
	int64_t last_us;		 /* when a number came last */
	const struct gaps_stretch *open; /* what is missing, lowest first, as far as it is known */
	size_t open_count;
};

typedef void gaps_each(void *context, const struct gaps_count *count);

struct gaps;

struct gaps *gaps_new(void);
void gaps_free(struct gaps **gaps);

/* A stamped line of this host came. The first number of a boot is where counting begins: what was
 * sent before it is not known to be missing. A jump of more than a million is a new beginning. */
void gaps_note(
	struct gaps *gaps, struct slice host, struct slice boot, uint64_t sequence, int64_t now_us);

/* Every host and boot of which something is missing. */
void gaps_walk(const struct gaps *gaps, gaps_each *each, void *context);

/* Every host and boot that was noted since gaps_settle; and now all are old. What made room
 * meanwhile is not among them. */
void gaps_walk_new(const struct gaps *gaps, gaps_each *each, void *context);
void gaps_settle(struct gaps *gaps);

/* Counting goes on behind what an earlier run has seen. Before the first line of this host and
 * boot. */
void gaps_restore(struct gaps *gaps, const struct gaps_count *count);

/* Missing lines of all hosts and boots, forgotten ones too. */
uint64_t gaps_missing(const struct gaps *gaps);

#endif
