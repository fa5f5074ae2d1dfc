/* Figures of a stretch of time: from the hourly rollups, tops from the deliveries themselves. */
#ifndef ELSE_ELSECTL_STATS_H
#define ELSE_ELSECTL_STATS_H

#include "base/arena.h"
#include "elsectl/app.h"
#include "parse/reason.h"
#include "trace/status.h"

/* A mail counts once. Deliveries are recipients of mails that were taken, rejects are refusals. */
struct stats_cell {
	int64_t mails, deliveries, rejects, bytes;
};

struct stats_named {
	struct slice name;
	struct stats_cell cell;
};

struct stats_list {
	struct stats_named *items;
	size_t n, cap;
};

enum stats_by {
	STATS_WAY,
	STATS_STATUS,
	STATS_HOST,
	STATS_REASON,
	STATS_HOUR,
	STATS_DAY,
	STATS_DOMAIN,
	STATS_SENDER,
	STATS_RECIPIENT,
	STATS_CLIENT,
	STATS_BY_COUNT
};

/* "way", ...; the names of --by. */
const char *stats_by_name(enum stats_by by);
bool stats_by_of(struct slice name, enum stats_by *by);

struct stats {
	struct arena arena;
	int64_t from_us, to_us; /* asked for; 0 = all: then what is stored */
	struct stats_cell all;
	int64_t by_status[STATUS_COUNT]; /* deliveries */
	struct stats_cell by_way[WAY_COUNT];
	int64_t way_status[WAY_COUNT][STATUS_COUNT];
	int64_t by_reason[REASON_COUNT], rejects_by_reason[REASON_COUNT];
	int64_t rejects_by_status[STATUS_COUNT];
	struct stats_list
		lists[STATS_BY_COUNT]; /* host, hour, day, domain, sender, recipient, client */
};

void stats_fini(struct stats *s);

/* Fills in everything; hour .. client only when bit 1 << by is in `wanted`, the last four with the
 * `top` first. */
bool stats_load(struct stats *s, struct db *db, unsigned wanted, unsigned top, struct error *err);

/* stats_print.c */
void stats_add_json(const struct stats *s, unsigned wanted, struct buf *b);
void stats_print(const struct stats *s, unsigned wanted, struct output *o);

#endif
