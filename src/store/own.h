/* What is on our own side: domains, servers and networks, learned or set. */
#ifndef ELSE_STORE_OWN_H
#define ELSE_STORE_OWN_H

#include "store/db.h"
#include "trace/topology.h"

/* Adds them to the topology. */
bool own_load(struct db *db, struct topology *topology, struct error *err);

#endif
