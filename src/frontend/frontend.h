/* The running daemon: database, workers, live tail, server and metrics. */
#ifndef ELSE_FRONTEND_FRONTEND_H
#define ELSE_FRONTEND_FRONTEND_H

#include "config/config.h"
#include "frontend/live.h"
#include "frontend/server.h"

struct frontend {
	const struct config *config;
	struct buf conninfo;
	int pid_file; /* -1: none */
	struct files *files;
	struct metrics *metrics;
	struct server *server;
	struct workers *workers;
	struct live *live;
};

/* Becomes the service user when it is root, listens, opens the database and answers. The first time
 * it makes the account "admin", and says its one-time password. */
bool frontend_start(struct frontend *f, const struct config *config, struct error *err);

/* Requests at hand are answered first, live tails get their bye. Fine after a failed start. */
void frontend_stop(struct frontend *f);

#endif
