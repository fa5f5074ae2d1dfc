/*
 * /metrics (OpenMetrics 1.0), /livez and /readyz over HTTP, on a listener and in a thread of its
 * own. Alive: the process answers. Ready: records can be made durable, and what came in more than a
 * minute ago is in the database.
 */
#ifndef ELSE_BACKEND_METRICS_H
#define ELSE_BACKEND_METRICS_H

#include "backend/feed.h"
#include "base/error.h"
#include "intake/intake.h"

struct metrics;

/* What is shown; all of it may be read by any thread while the metrics run. */
struct metrics_sources {
	struct intake *intake;
	struct spool *spool;
	const struct feed_counters *feed;
	struct hosts *hosts;
};

/* Listens and serves. `address`: as a listener's; port 0 = any that is free. */
struct metrics *metrics_start(const char *address, uint16_t port,
	const struct metrics_sources *sources, struct error *err);
uint16_t metrics_port(const struct metrics *metrics);
void metrics_stop(struct metrics **metrics);

/* The text of /metrics. */
void metrics_add_text(struct buf *b, const struct metrics_sources *sources, int64_t now_us);

#endif
