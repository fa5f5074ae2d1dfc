/*
 * HTTP (RFC 9110, RFC 9112) by libmicrohttpd: one thread has all connections, and never waits for
 * anything. A request of the API is suspended, given to the workers, and resumed with its answer.
 */
#ifndef ELSE_FRONTEND_SERVER_H
#define ELSE_FRONTEND_SERVER_H

#include "config/config.h"
#include "frontend/files.h"
#include "frontend/metrics.h"
#include "frontend/worker.h"

struct server;

struct server_options {
	const struct config *config;
	const struct files *files;
	struct metrics *metrics;
};

/* Reads certificate and key, which may be root's. */
struct server *server_new(const struct server_options *options, struct error *err);

/* Starts its thread: the program is the service user by now. */
bool server_listen(struct server *server, struct error *err);

/* Requests of the API are answered from now on; before, with 503. */
void server_set_workers(struct server *server, struct workers *workers);

/* For workers_options.done; `server` is the argument. */
void server_answer(struct request *r, void *server);

/* No new connections; those that stream are ended. After it, stop the workers. */
void server_quiesce(struct server *server);
void server_stop(struct server **server);

#endif
