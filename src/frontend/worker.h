/*
 * Workers: threads that answer requests one at a time, each with a connection to the database of
 * its own. What a request needs of the database, and how long it may take, ends with it. A request
 * whose client has gone is cancelled.
 */
#ifndef ELSE_FRONTEND_WORKER_H
#define ELSE_FRONTEND_WORKER_H

#include "frontend/request.h"
#include "show/trace_store.h"
#include "store/search.h"

struct frontend; /* frontend.h */
struct workers;

struct worker {
	struct workers *pool;
	struct frontend *frontend;
	struct db *db;
	struct searcher *searcher;
	int64_t budget_us; /* of a query */
};

struct workers_options {
	struct frontend *frontend;
	const char *conninfo;
	unsigned n;
	int64_t limit_us;
	void (*done)(struct request *r, void *arg); /* called by a worker: the answer is there */
	void *arg;
};

struct workers *workers_start(const struct workers_options *options, struct error *err);

/* False when too many wait: the caller answers. `fd`: the client's connection, watched meanwhile.
 */
bool workers_take(struct workers *workers, struct request *r, int fd);

/* Everything taken is answered. */
void workers_stop(struct workers **workers);

unsigned workers_busy(struct workers *workers);
unsigned workers_waiting(struct workers *workers);
bool workers_connected(struct workers *workers);

/* "SELECT ... FROM <call> a": the status and the JSON of an api_answer. */
void worker_answer_sql(
	struct worker *w, struct request *r, const char *call, int n, const char *const *values);

/* The query of an argument, with the viewer's zone (argument tz). False, and answered. */
bool worker_parse(struct worker *w, struct request *r, struct slice text, struct query_node **tree);

/* A search within the reader's rights (or a narrower scope of the options). NULL, and answered. */
struct search *worker_search(struct worker *w, struct request *r, const struct query_node *tree,
	struct search_options *options);

/* The answer begins now, with its headers; what the handler writes to r->answer.pipe is the body.
 */
void worker_begin_stream(struct worker *w, struct request *r);

#endif
