/*
 * The embedded database: a private PostgreSQL cluster in the data folder, for those who name no
 * database. It listens on a unix socket only, lets in only the user who owns the folder (peer),
 * runs on when the program that started it ends, and needs nothing of PostgreSQL's own system
 * service.
 *
 * In the data folder:
 *   pg/             the cluster; while it is being made it is called pg.new, so pg is always whole
 *   pg/else.conf    its settings, sized from the machine, written anew at each start (own wishes:
 * ALTER SYSTEM) postgres.log    what postgres says; at a start with more than 16 MB it is renamed
 * to postgres.log.1 pg.lock         flock of whoever makes, starts or stops the cluster
 *   .s.PGSQL.5432   the socket; where its path is too long for a socket address (107 octets) it is
 * in /tmp/else-UID-HASH instead
 *
 * All functions: the program does not run as root (see service_user.h). PostgreSQL >= 15.
 */
#ifndef ELSE_STORE_CLUSTER_H
#define ELSE_STORE_CLUSTER_H

#include "base/buf.h"
#include "base/error.h"

/* Who tells the user that something takes time (a new cluster, recovery after a crash). NULL:
 * nobody. */
struct cluster_notice {
	void (*say)(void *context, const char *text); /* one sentence, no newline */
	void *context;
};

/* Makes the cluster if there is none, starts it if it does not run, waits until it answers
 * (recovery after a crash may take minutes: it is waited for as long as the server lives) and sets
 * `conninfo` to what libpq needs to connect. Any number of programs may call it at once. A cluster
 * that runs costs one connection attempt. */
bool cluster_ensure(const char *data_dir, const struct cluster_notice *notice, struct buf *conninfo,
	struct error *err);

/* Ends all connections (what is not committed is lost) and the server; waits until it is gone. One
 * that does not run is already stopped. */
bool cluster_stop(const char *data_dir, const struct cluster_notice *notice, struct error *err);

enum cluster_state {
	CLUSTER_NONE, /* no cluster in the data folder, or no data folder */
	CLUSTER_STOPPED,
	CLUSTER_STARTING, /* the server runs but does not take connections: starting, recovering or
			     stopping */
	CLUSTER_RUNNING,
};

struct cluster_status {
	enum cluster_state state;
	int pid;   /* of the server; 0 when it does not run */
	int major; /* version of the cluster; 0 when there is none */
};

/* Changes nothing and waits for nobody. `conninfo` is set when there is a data folder, else left
 * empty. */
bool cluster_status(const char *data_dir, struct cluster_status *status, struct buf *conninfo,
	struct error *err);

/* "none", "stopped", "starting", "running" */
const char *cluster_state_text(enum cluster_state state);

#endif
