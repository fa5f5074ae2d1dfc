/* The running server (postmaster) of the embedded cluster. Private to the cluster_*.c files. */
#ifndef ELSE_STORE_CLUSTER_SERVER_H
#define ELSE_STORE_CLUSTER_SERVER_H

#include <sys/types.h>

#include "store/cluster_place.h"

enum cluster_answer { CLUSTER_ANSWER_NONE, CLUSTER_ANSWER_NOT_YET, CLUSTER_ANSWER_READY };

/* Asks at the socket. NOT_YET is SQLSTATE 57P03: starting, recovering or stopping. */
enum cluster_answer cluster_server_ask(const struct cluster_place *place);

struct cluster_server {
	pid_t pid;
	bool ready; /* its pid file says that it takes connections */
};

/* The server that the pid file names, if that process is alive and a postgres: after a crash the
 * number may be anybody's. */
bool cluster_server_find(const struct cluster_place *place, struct cluster_server *server);

/* Whether the process is a postgres that has not ended. Reaps it if it was our child. */
bool cluster_server_alive(pid_t pid);

/* Starts a server from the programs in `bin`. `*log_start` is where its words begin in the log. A
 * pid file that names a process which is no postgres is removed first. */
bool cluster_server_start(const struct cluster_place *place, const char *bin, pid_t *pid,
	off_t *log_start, struct error *err);

/* Why a server that we started is gone, from its words in the log since `log_start`. True: it met
 * the rest of an earlier one (a process that still ends, its shared memory), so try again. False:
 * `err` is set. */
bool cluster_server_failed(const struct cluster_place *place, off_t log_start, struct error *err);

#endif
