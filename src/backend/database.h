/* The daemon's database: the embedded cluster or the one that is configured, with our schema. */
#ifndef ELSE_BACKEND_DATABASE_H
#define ELSE_BACKEND_DATABASE_H

#include "config/config.h"
#include "base/error.h"

/* Starts the embedded cluster if it is down (recovery after a crash is waited for), connects,
 * brings the schema up to date. `state`: puts the configured own domains and networks into it, too.
 * `conninfo`: what libpq needs for more connections. */
bool database_ensure(
	const struct config *config, bool state, struct buf *conninfo, struct error *err);

/* Partitions ahead, weeks that are over, retention. Takes connections of its own, and a minute for
 * each week. `what` says what was done; empty = nothing. */
bool database_upkeep(const struct config *config, const char *conninfo, int64_t now_us,
	struct buf *what, struct error *err);

#endif
