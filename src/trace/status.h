/* The final state of a delivery, and the way of a mail: ELSE's words, stored as these numbers. */
#ifndef ELSE_TRACE_STATUS_H
#define ELSE_TRACE_STATUS_H

#include "base/slice.h"

enum status {
	STATUS_UNKNOWN = 0,
	STATUS_DEFERRED = 1,
	STATUS_BOUNCED = 2,
	STATUS_EXPIRED = 3,
	STATUS_DELIVERED = 4,
	STATUS_RELAYED = 5, /* handed to a server of ours that has not logged it */
	STATUS_REJECTED = 6,
	STATUS_GREYLISTED = 7,
	STATUS_BLOCKED = 8, /* by a content filter: reason spam, virus, banned */
	STATUS_DISCARDED = 9,
	STATUS_HELD = 10,
	STATUS_DELETED = 11,
	STATUS_CANCELED = 12, /* the client gave up */
	STATUS_COUNT
};

enum way { WAY_IN = 0, WAY_OUT = 1, WAY_INTERNAL = 2, WAY_RELAY = 3, WAY_COUNT };

/* "delivered", "in"; never NULL for a number in range. */
const char *status_name(enum status status);
const char *way_name(enum way way);
bool status_by_name(struct slice name, enum status *status);
bool way_by_name(struct slice name, enum way *way);

#endif
