/* The viewer's time zone: the machine's, or that of --tz. */
#ifndef ELSE_ELSECTL_ZONE_H
#define ELSE_ELSECTL_ZONE_H

#include "base/buf.h"

/* "Europe/Berlin", "UTC", "+01:00"; false when there is no such zone. One zone for the program. */
bool zone_set(const char *name);

/* Offset from UTC at that time, east positive; for query_context.zone_at_us. */
int64_t zone_at_us(void *unused, int64_t t_us);

/* "2026-11-21 18:41:55" on the viewer's clock. */
void zone_add_time(struct buf *b, int64_t t_us);

/* "+01:00" at that time, "UTC" for none. */
void zone_add_name(struct buf *b, int64_t t_us);

#endif
