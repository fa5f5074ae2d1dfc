/* Counters of the requests, for /metrics (OpenMetrics 1.0), /livez and /readyz on a listener of its
 * own. */
#ifndef ELSE_FRONTEND_METRICS_H
#define ELSE_FRONTEND_METRICS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct workers;
struct live;
struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics **metrics);
void metrics_add_request(struct metrics *metrics, int status, int64_t took_us);

/* Serves them on 127.0.0.1, until metrics_free. */
bool metrics_listen(struct metrics *metrics, uint16_t port, struct workers *workers,
	struct live *live, struct error *err);

#endif
