#include "trace/status.h"

static const char *const status_names[STATUS_COUNT] = {
	[STATUS_UNKNOWN] = "unknown",
	[STATUS_DEFERRED] = "deferred",
	[STATUS_BOUNCED] = "bounced",
	[STATUS_EXPIRED] = "expired",
	[STATUS_DELIVERED] = "delivered",
	[STATUS_RELAYED] = "relayed",
	[STATUS_REJECTED] = "rejected",
	[STATUS_GREYLISTED] = "greylisted",
	[STATUS_BLOCKED] = "blocked",
	[STATUS_DISCARDED] = "discarded",
	[STATUS_HELD] = "held",
	[STATUS_DELETED] = "deleted",
	[STATUS_CANCELED] = "canceled",
};

static const char *const way_names[WAY_COUNT] = {
	[WAY_IN] = "in", [WAY_OUT] = "out", [WAY_INTERNAL] = "internal", [WAY_RELAY] = "relay"};

static int
index_of(struct slice name, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (slice_equal_nocase(name, slice_of_str(names[i])))
			return i;
	return -1;
}

const char *
status_name(enum status status)
{
	return status_names[status];
}

const char *
way_name(enum way way)
{
	return way_names[way];
}

bool
status_by_name(struct slice name, enum status *status)
{
	int i = index_of(name, status_names, STATUS_COUNT);
	if (i >= 0)
		*status = (enum status)i;
	return i >= 0;
}

bool
way_by_name(struct slice name, enum way *way)
{
	int i = index_of(name, way_names, WAY_COUNT);
	if (i >= 0)
		*way = (enum way)i;
	return i >= 0;
}
