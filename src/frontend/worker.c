#define _GNU_SOURCE
#include "frontend/worker.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "base/time.h"
#include "daemon/log.h"
#include "frontend/answer.h"
#include "frontend/audit.h"
#include "frontend/login.h"
#include "frontend/route.h"

enum { MOST_WAITING = 256, LOOK_MS = 100, MOST_WORKERS = 64 };

struct waiting {
	struct request *request;
	int fd;
};

struct workers {
	struct workers_options options;
	struct buf conninfo;
	pthread_mutex_t mutex;
	pthread_cond_t more;
	struct waiting queue[MOST_WAITING];
	size_t first, n;
	bool stop;
	unsigned busy;
	bool connected; /* the last one who needed the database had it */
	pthread_t watcher;
	bool watcher_runs;
	struct {
		struct worker worker;
		pthread_t thread;
		bool runs;
		struct waiting now; /* what it works at */
	} all[MOST_WORKERS];
};

/* ---- one request ---- */

static bool
connect_db(struct worker *w, struct error *err)
{
	if (w->db && !db_lost(w->db))
		return true;
	searcher_free(&w->searcher);
	db_close(&w->db);
	w->db = db_open(buf_str(&w->pool->conninfo), err);
	if (!w->db || !db_set_timeout(w->db, (int)(w->pool->options.limit_us / 1000), err))
		return false;
	w->searcher = searcher_new(w->db, err);
	return w->searcher != NULL;
}

/* Members of a body that is an object, as arguments. */
static bool
read_members(struct worker *w, struct request *r, struct error *err)
{
	const char *values[] = {request_text(r, buf_slice(&r->body))};
	PGresult *rows;
	if (!db_query_text(w->db, "SELECT key, value FROM jsonb_each_text($1::jsonb) LIMIT 32", 1,
		    values, &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++)
		if (!PQgetisnull(rows, i, 1))
			request_add_arg(r, slice_of_str(PQgetvalue(rows, i, 0)),
				slice_of_str(PQgetvalue(rows, i, 1)));
	PQclear(rows);
	return true;
}

static bool
may(struct request *r)
{
	const struct route *route = r->route;
	bool leaves = route->answer == api_me || route->answer == api_logout ||
		      route->answer == api_password || strcmp(route->name, "session") == 0;
	if (route->permission == MAY_ALWAYS)
		return true;
	if (r->viewer.id == 0) {
		answer_problem(r, 401, "login", "Log in first.");
		return false;
	}
	if (r->viewer.must_change_password && !leaves) {
		answer_problem(
			r, 403, "password-change-required", "Choose a password of your own first.");
		return false;
	}
	/* What a session is for, a token is not; least of all to make another one. */
	bool own = (route->permission == MAY_WITH_SESSION && route->answer != api_me &&
			   route->answer != api_codes) ||
		   route->answer == api_token_add;
	if ((r->viewer.permissions & route->permission) && (!own || r->viewer.session))
		return true;
	answer_problem(r, 403, "forbidden", "Your role does not allow this.");
	return false;
}

static void
answer(struct worker *w, struct request *r)
{
	struct error err;
	if (!login_identify(w, r) || !may(r))
		return;
	if (r->route->members && !read_members(w, r, &err))
		answer_trouble(r, w->db, &err);
	else
		r->route->answer(w, r);
	if (r->answer.status == 0)
		answer_problem(r, 500, "trouble", "Something is wrong on our side.");
}

/* ---- the threads ---- */

static bool
next(struct workers *p, struct waiting *work)
{
	pthread_mutex_lock(&p->mutex);
	while (p->n == 0 && !p->stop)
		pthread_cond_wait(&p->more, &p->mutex);
	bool got = p->n > 0;
	if (got) {
		*work = p->queue[p->first];
		p->first = (p->first + 1) % MOST_WAITING;
		p->n--;
		p->busy++;
	}
	pthread_mutex_unlock(&p->mutex);
	return got;
}

/* The fd is -1 once the answer is under way: then the pipe knows when the client goes. */
static void
set_now(struct workers *p, struct worker *w, struct waiting now)
{
	pthread_mutex_lock(&p->mutex);
	for (unsigned i = 0; i < p->options.n; i++)
		if (&p->all[i].worker == w)
			p->all[i].now = now;
	pthread_mutex_unlock(&p->mutex);
}

static void
take(struct worker *w, const struct waiting *work)
{
	struct request *r = work->request;
	struct error err;
	bool connected = connect_db(w, &err);
	__atomic_store_n(&w->pool->connected, connected, __ATOMIC_RELAXED);
	if (!connected) {
		answer_trouble(r, NULL, &err);
	} else {
		set_now(w->pool, w, *work);
		answer(w, r);
		if (!r->answer.pipe || r->streams_alone)
			audit_add(w, r);
		set_now(w->pool, w, (struct waiting){0});
	}
	if (r->answer.pipe && !r->streams_alone) {
		struct pipe *written = r->answer.pipe;
		pipe_end(written);
		pipe_close(&written);
		request_free(&r);
		return;
	}
	answer_pack(r);
	w->pool->options.done(r, w->pool->options.arg);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct workers *p = w->pool;
	struct waiting work;
	while (next(p, &work)) {
		take(w, &work);
		pthread_mutex_lock(&p->mutex);
		p->busy--;
		pthread_mutex_unlock(&p->mutex);
	}
	searcher_free(&w->searcher);
	db_close(&w->db);
	return NULL;
}

static bool
is_gone(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};
	return fd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

/* Nobody reads from a connection whose request is being answered, so nobody but us sees it end. */
static void *
watch(void *arg)
{
	struct workers *p = arg;
	const struct timespec step = {.tv_nsec = LOOK_MS * 1000000};
	bool stop = false;
	while (!stop) {
		nanosleep(&step, NULL);
		pthread_mutex_lock(&p->mutex);
		for (unsigned i = 0; i < p->options.n; i++) {
			struct waiting *now = &p->all[i].now;
			if (!now->request || now->request->gone || !is_gone(now->fd))
				continue;
			now->request->gone = true;
			if (p->all[i].worker.db)
				db_cancel(p->all[i].worker.db);
		}
		stop = p->stop;
		pthread_mutex_unlock(&p->mutex);
	}
	return NULL;
}

struct workers *
workers_start(const struct workers_options *options, struct error *err)
{
	struct workers *p = memory_zero(1, sizeof(*p));
	p->options = *options;
	p->connected = true;
	buf_add_str(&p->conninfo, options->conninfo);
	pthread_mutex_init(&p->mutex, NULL);
	pthread_cond_init(&p->more, NULL);
	bool ok = true;
	for (unsigned i = 0; ok && i < options->n; i++) {
		p->all[i].worker = (struct worker){.pool = p,
			.frontend = options->frontend,
			.budget_us = options->limit_us / 2};
		ok = p->all[i].runs =
			pthread_create(&p->all[i].thread, NULL, work, &p->all[i].worker) == 0;
	}
	p->watcher_runs = ok && pthread_create(&p->watcher, NULL, watch, p) == 0;
	if (!p->watcher_runs) {
		error_set(err, "no threads can be made for the requests");
		workers_stop(&p);
	}
	return p;
}

bool
workers_take(struct workers *p, struct request *r, int fd)
{
	pthread_mutex_lock(&p->mutex);
	bool ok = p->n < MOST_WAITING && !p->stop;
	if (ok) {
		p->queue[(p->first + p->n++) % MOST_WAITING] = (struct waiting){r, fd};
		pthread_cond_signal(&p->more);
	}
	pthread_mutex_unlock(&p->mutex);
	return ok;
}

void
workers_stop(struct workers **workers)
{
	struct workers *p = *workers;
	if (!p)
		return;
	pthread_mutex_lock(&p->mutex);
	p->stop = true;
	for (unsigned i = 0; i < p->options.n; i++) {
		struct request *now = p->all[i].now.request;
		if (now && p->all[i].now.fd < 0)
			pipe_stop_reading(now->answer.pipe);
	}
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->mutex);
	for (unsigned i = 0; i < p->options.n; i++)
		if (p->all[i].runs)
			pthread_join(p->all[i].thread, NULL);
	if (p->watcher_runs)
		pthread_join(p->watcher, NULL);
	pthread_mutex_destroy(&p->mutex);
	pthread_cond_destroy(&p->more);
	buf_fini(&p->conninfo);
	free(p);
	*workers = NULL;
}

unsigned
workers_busy(struct workers *p)
{
	pthread_mutex_lock(&p->mutex);
	unsigned n = p->busy;
	pthread_mutex_unlock(&p->mutex);
	return n;
}

unsigned
workers_waiting(struct workers *p)
{
	pthread_mutex_lock(&p->mutex);
	unsigned n = (unsigned)p->n;
	pthread_mutex_unlock(&p->mutex);
	return n;
}

bool
workers_connected(struct workers *p)
{
	return __atomic_load_n(&p->connected, __ATOMIC_RELAXED);
}

/* ---- what handlers share ---- */

enum { STATUS, BODY, ETAG, TITLE, POINTER, DETAIL, TYPE };

static struct slice
cell(const PGresult *rows, int column)
{
	return slice_of(PQgetvalue(rows, 0, column), (size_t)PQgetlength(rows, 0, column));
}

static void
take_sql_problem(struct request *r, const PGresult *rows, int status)
{
	const char *type = request_text(r, cell(rows, TYPE)),
		   *title = request_text(r, cell(rows, TITLE));
	const char *pointer = request_text(r, slice_skip(cell(rows, POINTER), 2));
	struct answer_fault fault = {pointer, -1, cell(rows, DETAIL), S("")};
	answer_fault(r, status, type + sizeof("/problems/") - 1, title, *pointer ? &fault : NULL);
}

static void
take_sql_answer(struct request *r, const PGresult *rows)
{
	uint64_t status = 500;
	if (PQntuples(rows))
		slice_to_u64(cell(rows, STATUS), &status);
	if (status >= 400) {
		take_sql_problem(r, rows, (int)status);
	} else if (status == 204) {
		answer_empty(r, 204);
	} else {
		buf_add(&r->answer.body, cell(rows, BODY));
		answer_json(r, (int)status);
		if (!PQgetisnull(rows, 0, ETAG))
			answer_header(r, "ETag", request_text(r, cell(rows, ETAG)));
	}
}

void
worker_answer_sql(
	struct worker *w, struct request *r, const char *call, int n, const char *const *values)
{
	struct buf sql = {0};
	struct error err;
	PGresult *rows;
	buf_addf(&sql,
		"SELECT a.status, a.body::text, a.body ->> 'etag', a.body ->> 'title', "
		"a.body -> 'errors' -> 0 ->> 'pointer', a.body -> 'errors' -> 0 ->> 'detail', "
		"a.body ->> 'type' FROM %s a",
		call);
	if (!db_query_text(w->db, buf_str(&sql), n, values, &rows, &err)) {
		answer_trouble(r, w->db, &err);
		buf_fini(&sql);
		return;
	}
	take_sql_answer(r, rows);
	PQclear(rows);
	buf_fini(&sql);
}

bool
worker_parse(struct worker *w, struct request *r, struct slice text, struct query_node **tree)
{
	int64_t minutes;
	struct query_error error;
	(void)w;
	if (!request_number(r, "tz", -1080, 1080, 0, &minutes))
		return false;
	struct query_context context = {.now_us = time_now_us(),
		.zone_us = minutes * TIME_MINUTE_US,
		.reasons = search_reasons()};
	if (query_parse(text, &context, &r->arena, tree, &error))
		return true;
	answer_bad_query(r, &error);
	return false;
}

struct search *
worker_search(struct worker *w, struct request *r, const struct query_node *tree,
	struct search_options *options)
{
	struct query_error query_err;
	struct error err;
	if (!options->scope)
		options->scope = r->viewer.scope;
	struct search *s = search_begin(w->searcher, tree, options, &query_err, &err);
	if (!s && query_err.message.n)
		answer_bad_query(r, &query_err);
	else if (!s)
		answer_trouble(r, w->db, &err);
	return s;
}

void
worker_begin_stream(struct worker *w, struct request *r)
{
	r->answer.pipe = pipe_new();
	audit_add(w, r);
	request_hold(r);
	set_now(w->pool, w, (struct waiting){r, -1});
	w->pool->options.done(r, w->pool->options.arg);
}
