#include "store/pool.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>

#define MAX_WAITING 2 /* batches ready beyond those being written: memory is bounded by this */

#define LOCK_SHARED "SELECT pg_advisory_lock_shared(1701606246)" /* "elsf", each connection */
#define LOCK_ALONE  "SET lock_timeout = '60s'; SELECT pg_advisory_lock(1701606246)"
#define UNLOCK	    "SELECT pg_advisory_unlock(1701606246); SET lock_timeout = 0"

struct worker {
	struct pool *pool;
	struct db *db;
	pthread_t thread;
	int number; /* from 1: keeps the rollups of connections apart */
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct batch *first, **tail;
	size_t waiting, busy;
	uint64_t committed; /* seq of the newest committed batch */
	bool stop, failed;
	struct error err;
	unsigned n;
	struct worker workers[];
};

static void
fail(struct pool *pool, const struct error *err)
{
	pthread_mutex_lock(&pool->lock);
	if (!pool->failed)
		pool->err = *err;
	pool->failed = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
}

/* Commits are in order, so that what is in the database is always a beginning of what was given. */
static bool
wait_turn(struct pool *pool, uint64_t seq)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->committed + 1 != seq && !pool->failed)
		pthread_cond_wait(&pool->changed, &pool->lock);
	bool ok = !pool->failed;
	pthread_mutex_unlock(&pool->lock);
	return ok;
}

static void
write_batch(struct worker *w, struct batch *batch)
{
	struct error err = {{0}};
	bool ok = db_exec(w->db, "BEGIN", &err) && batch_write(batch, w->db, w->number, &err);
	if (ok && !wait_turn(w->pool, batch->seq))
		return;
	ok = ok && batch_write_spans(batch, w->db, &err) && db_exec(w->db, "COMMIT", &err);
	if (!ok) {
		fail(w->pool, &err);
		return;
	}
	pthread_mutex_lock(&w->pool->lock);
	w->pool->committed = batch->seq;
	pthread_cond_broadcast(&w->pool->changed);
	pthread_mutex_unlock(&w->pool->lock);
}

static struct batch *
take_batch(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	while (!pool->first && !pool->stop)
		pthread_cond_wait(&pool->changed, &pool->lock);
	struct batch *batch = pool->first;
	if (batch) {
		pool->first = batch->next;
		if (!pool->first)
			pool->tail = &pool->first;
		pool->waiting--;
		pool->busy++;
		pthread_cond_broadcast(&pool->changed);
	}
	pthread_mutex_unlock(&pool->lock);
	return batch;
}

static void *
run(void *arg)
{
	struct worker *w = arg;
	struct batch *batch;
	while ((batch = take_batch(w->pool))) {
		if (!pool_failed(w->pool))
			write_batch(w, batch);
		batch_free(&batch);
		pthread_mutex_lock(&w->pool->lock);
		w->pool->busy--;
		pthread_cond_broadcast(&w->pool->changed);
		pthread_mutex_unlock(&w->pool->lock);
	}
	return NULL;
}

bool
pool_wait_alone(struct db *db, struct error *err)
{
	return db_exec(db, LOCK_ALONE, err) && db_exec(db, UNLOCK, err);
}

static bool
start_worker(struct worker *w, const char *conninfo, struct error *err)
{
	w->db = db_open(conninfo, err);
	return w->db && db_exec(w->db, LOCK_SHARED, err) &&
	       (pthread_create(&w->thread, NULL, run, w) == 0 ||
		       error_set(err, "cannot start a thread"));
}

struct pool *
pool_open(const char *conninfo, unsigned connections, struct error *err)
{
	struct pool *pool = memory_zero(1, sizeof(*pool) + connections * sizeof(pool->workers[0]));
	pool->tail = &pool->first;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->changed, NULL);
	for (unsigned i = 0; i < connections; i++) {
		struct worker *w = &pool->workers[i];
		*w = (struct worker){.pool = pool, .number = (int)i + 1};
		if (!start_worker(w, conninfo, err)) {
			db_close(&w->db);
			pool_close(&pool);
			return NULL;
		}
		pool->n++;
	}
	return pool;
}

void
pool_put(struct pool *pool, struct batch *batch)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->waiting >= MAX_WAITING && !pool->failed)
		pthread_cond_wait(&pool->changed, &pool->lock);
	batch->next = NULL;
	*pool->tail = batch;
	pool->tail = &batch->next;
	pool->waiting++;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
}

bool
pool_drain(struct pool *pool, struct error *err)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->waiting + pool->busy > 0)
		pthread_cond_wait(&pool->changed, &pool->lock);
	bool ok = !pool->failed;
	if (!ok)
		*err = pool->err;
	pthread_mutex_unlock(&pool->lock);
	return ok;
}

bool
pool_failed(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	bool failed = pool->failed;
	pthread_mutex_unlock(&pool->lock);
	return failed;
}

void
pool_close(struct pool **pool)
{
	struct pool *p = *pool;
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	while (p->first) {
		struct batch *next = p->first->next;
		batch_free(&p->first);
		p->first = next;
	}
	p->tail = &p->first;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n; i++) {
		pthread_join(p->workers[i].thread, NULL);
		db_close(&p->workers[i].db);
	}
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
	*pool = NULL;
}
