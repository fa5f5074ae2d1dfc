/*
 * Retention: what is older than so many days goes. A week is one partition of each table, so it is
 * dropped whole (milliseconds, and the disk is free at once), when its last day is old enough.
 * Rollups stay: they are small.
 */
#ifndef ELSE_STORE_RETENTION_H
#define ELSE_STORE_RETENTION_H

#include "store/db.h"

struct retention {
	int mail_days;	 /* mails with hops, lines and addresses; 0 = keep */
	int reject_days; /* refusals; 0 = keep */
	int64_t now_us;
};

/* `*dropped` partitions. */
bool retention_apply(
	struct db *db, const struct retention *r, unsigned *dropped, struct error *err);

#endif
