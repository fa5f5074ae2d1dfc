/* Finds PostgreSQL's programs (initdb, postgres). Private to the cluster_*.c files. */
#ifndef ELSE_STORE_CLUSTER_PROGRAMS_H
#define ELSE_STORE_CLUSTER_PROGRAMS_H

#include "base/buf.h"
#include "base/error.h"

#define CLUSTER_MAJOR_MIN 15

struct cluster_programs {
	int major;
	char bin[256]; /* their folder */
};

/* Those of version `major`, or with 0 the newest. Looked for in Debian's and the PostgreSQL
 * project's RPMs' folders, then where pg_config says. `cluster` is the folder of the cluster that
 * wants them, for messages. */
bool cluster_programs_find(
	struct cluster_programs *programs, int major, const char *cluster, struct error *err);

/* The major version of the cluster in the folder `pg`, from its PG_VERSION. */
bool cluster_programs_read_major(const char *pg, int *major, struct error *err);

#endif
