/* Makes the embedded cluster. Private to the cluster_*.c files. */
#ifndef ELSE_STORE_CLUSTER_MAKE_H
#define ELSE_STORE_CLUSTER_MAKE_H

#include "store/cluster_place.h"
#include "store/cluster_programs.h"

/* Makes a cluster with the database "else" under the name pg.new and renames it to pg when it is
 * whole. What an earlier attempt left is removed. The caller holds the lock `lock_fd`; initdb holds
 * it on, so that nobody sweeps away its work when we are killed and it is not. */
bool cluster_make(const struct cluster_place *place, const struct cluster_programs *programs,
	int lock_fd, struct error *err);

#endif
