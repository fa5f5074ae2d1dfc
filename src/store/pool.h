/* Batches written side by side by several connections, committed in order. */
#ifndef ELSE_STORE_POOL_H
#define ELSE_STORE_POOL_H

#include "store/batch.h"

struct pool;

/* Waits until no connection of an earlier pool, whose program was killed, can commit any more. */
bool pool_wait_alone(struct db *db, struct error *err);

/* `connections` threads with a connection each. */
struct pool *pool_open(const char *conninfo, unsigned connections, struct error *err);

/* Takes the batch, also after a failure; waits while too many are on their way. Batches come in the
 * order of their seq, from 1. */
void pool_put(struct pool *pool, struct batch *batch);

/* Until every batch is committed. False with the first error. */
bool pool_drain(struct pool *pool, struct error *err);

bool pool_failed(struct pool *pool);

/* Ends the threads; batches not yet begun are dropped. */
void pool_close(struct pool **pool);

#endif
