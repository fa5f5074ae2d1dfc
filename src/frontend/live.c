#include "frontend/live.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "base/time.h"
#include "frontend/answer.h"
#include "frontend/frontend.h"
#include "frontend/route.h"
#include "frontend/secret.h"
#include "show/row.h"
#include "show/seen.h"
#include "store/search.h"

enum {
	MOST_STREAMS = 64,
	MOST_OF_ACCOUNT = 4,
	LOOKED_AT = 500,
	A_SECOND = 50, /* more are left out, and that is said */
	KEPT = 1000,   /* events, for who comes back */
	MOST_SEEN = 20000,
	ID_SIGNS = 12
};
#define ABSENCE_US (10 * TIME_MINUTE_US)
#define PING_US	   (15 * TIME_SECOND_US)
#define RIGHTS_US  TIME_MINUTE_US

struct stream {
	char id[ID_SIGNS + 1];
	int64_t account;
	char *session; /* NULL: a token */
	struct buf q;
	int64_t zone_us;
	struct viewer viewer;
	int64_t viewed_us; /* when its rights were looked up; 0 = not yet */
	struct pipe *pipe; /* NULL: nobody reads */
	int64_t left_us;   /* since when */
	int64_t written_us;
	struct seen seen;
	bool primed; /* what was there before is known */
	struct buf kept[KEPT];
	uint64_t last; /* number of the newest event */
};

struct live {
	struct buf conninfo;
	struct db *db;
	struct searcher *searcher;
	pthread_t thread;
	bool runs, stop;
	pthread_mutex_t mutex; /* of all below; not held while the database is asked */
	pthread_cond_t wake;
	struct stream *streams[MOST_STREAMS];
	struct stream *busy; /* the one at hand: nobody else frees it */
};

static void
free_stream(struct stream *s)
{
	if (s->pipe) {
		pipe_end(s->pipe);
		pipe_close(&s->pipe);
	}
	for (int i = 0; i < KEPT; i++)
		buf_fini(&s->kept[i]);
	seen_fini(&s->seen);
	viewer_fini(&s->viewer);
	free(s->session);
	buf_fini(&s->q);
	free(s);
}

/* ---- events ---- */

static void
write_event(struct stream *s, struct slice text, int64_t now_us)
{
	if (!s->pipe)
		return;
	if (pipe_try_write(s->pipe, text)) {
		s->written_us = now_us;
		return;
	}
	pipe_end(s->pipe);
	pipe_close(&s->pipe);
	s->left_us = now_us;
}

static void
write_plain(struct stream *s, const char *event, const char *data, int64_t now_us)
{
	struct buf b = {0};
	buf_addf(&b, "event: %s\ndata: %s\n\n", event, data);
	write_event(s, buf_slice(&b), now_us);
	buf_fini(&b);
}

static void
add_message(struct stream *s, const struct search_row *row, int64_t now_us)
{
	struct buf *b = &s->kept[++s->last % KEPT];
	buf_clear(b);
	buf_addf(b, "id: %s.%" PRIu64 "\nevent: message\ndata: ", s->id, s->last);
	row_add_json(b, row);
	buf_add_char(b, '\n');
	write_event(s, buf_slice(b), now_us);
}

static void
add_rate(struct stream *s, unsigned shown, unsigned left_out, int64_t now_us)
{
	struct buf b = {0};
	buf_addf(&b, "{\"per_s\":%u,\"shown\":%u,\"left_out\":%u}", shown + left_out, shown,
		left_out);
	write_plain(s, "rate", buf_str(&b), now_us);
	buf_fini(&b);
}

/* What came while nobody read. */
static void
replay(struct stream *s, uint64_t after, int64_t now_us)
{
	if (after > s->last || s->last - after > KEPT) {
		write_plain(s, "gap", "{}", now_us);
		return;
	}
	for (uint64_t n = after + 1; n <= s->last; n++)
		write_event(s, buf_slice(&s->kept[n % KEPT]), now_us);
}

/* ---- looking ---- */

static void
take_rows(struct stream *s, const struct search_page *page, int64_t now_us)
{
	unsigned shown = 0, left_out = 0;
	seen_begin(&s->seen);
	for (size_t i = page->n; i-- > 0;) {
		if (!seen_add(&s->seen, &page->rows[i]) || !s->primed)
			continue;
		if (shown == A_SECOND) {
			left_out++;
		} else {
			add_message(s, &page->rows[i], now_us);
			shown++;
		}
	}
	s->primed = true;
	if (shown)
		add_rate(s, shown, left_out, now_us);
}

/* The session, or the account of a token, and what it may see now. False: it is over. */
static bool
look_up_rights(struct live *live, struct stream *s, int64_t now_us, struct error *err)
{
	char account[24];
	const char *values[] = {account, s->session};
	PGresult *rows;
	snprintf(account, sizeof(account), "%" PRId64, s->account);
	if (!db_query_text(live->db,
		    "SELECT FROM account WHERE id = $1::int8 AND ($2::text IS NULL OR EXISTS "
		    "(SELECT FROM "
		    "web_session w WHERE w.id = $2 AND w.account = $1::int8 AND w.began > now() - "
		    "interval "
		    "'12 hours'))",
		    2, values, &rows, err))
		return true; /* asked again at the next turn */
	bool there = PQntuples(rows) > 0;
	PQclear(rows);
	viewer_fini(&s->viewer);
	if (!there || !viewer_load(&s->viewer, live->db, s->account, err))
		return false;
	s->viewed_us = now_us;
	return s->viewer.permissions & MAY_READ_MESSAGES && !s->viewer.must_change_password;
}

/* The lock is held only while the stream is written to. */
static void
look_for(struct live *live, struct stream *s, int64_t now_us, struct error *err)
{
	struct arena arena = {0};
	struct query_error query_err;
	struct query_node *tree;
	const struct search_page *page;
	struct query_context context = {
		.now_us = now_us, .zone_us = s->zone_us, .reasons = search_reasons()};
	struct search_options options = {.scope = s->viewer.scope, .budget_us = TIME_SECOND_US / 4};
	struct search *search = NULL;
	if (query_parse(buf_slice(&s->q), &context, &arena, &tree, &query_err))
		search = search_begin(live->searcher, tree, &options, &query_err, err);
	if (search && search_page(search, LOOKED_AT, &page, err)) {
		pthread_mutex_lock(&live->mutex);
		take_rows(s, page, now_us);
		pthread_mutex_unlock(&live->mutex);
	}
	search_end(&search);
	arena_fini(&arena);
}

static bool
connect_db(struct live *live, struct error *err)
{
	if (live->db && !db_lost(live->db))
		return true;
	searcher_free(&live->searcher);
	db_close(&live->db);
	live->db = db_open(buf_str(&live->conninfo), err);
	if (live->db && db_set_timeout(live->db, 5000, err))
		live->searcher = searcher_new(live->db, err);
	return live->searcher != NULL;
}

/* False: its reader may not read any more. */
static bool
ask(struct live *live, struct stream *s, int64_t now_us)
{
	struct error err = {0};
	if (now_us - s->viewed_us > RIGHTS_US && !look_up_rights(live, s, now_us, &err))
		return false;
	if (s->viewed_us)
		look_for(live, s, now_us, &err);
	return true;
}

/* Locked, but while the database is asked. False: the stream is over. */
static bool
turn(struct live *live, struct stream *s, int64_t now_us)
{
	if (s->pipe && !pipe_is_read(s->pipe)) {
		pipe_close(&s->pipe);
		s->left_us = now_us;
	}
	if (!s->pipe && now_us - s->left_us > ABSENCE_US)
		return false;
	live->busy = s;
	pthread_mutex_unlock(&live->mutex);
	bool goes_on = ask(live, s, now_us);
	pthread_mutex_lock(&live->mutex);
	live->busy = NULL;
	if (!goes_on)
		write_plain(s, "bye", "{}", now_us);
	else if (now_us - s->written_us > PING_US)
		write_plain(s, "ping", "{}", now_us);
	return goes_on;
}

static void *
run(void *context)
{
	struct live *live = context;
	struct error err;
	pthread_mutex_lock(&live->mutex);
	while (!live->stop) {
		struct timespec next;
		int64_t now_us = time_now_us();
		bool connected = connect_db(live, &err);
		for (int i = 0; connected && i < MOST_STREAMS; i++)
			if (live->streams[i] && !turn(live, live->streams[i], now_us)) {
				free_stream(live->streams[i]);
				live->streams[i] = NULL;
			}
		clock_gettime(CLOCK_REALTIME, &next);
		next.tv_sec++;
		pthread_cond_timedwait(&live->wake, &live->mutex, &next);
	}
	pthread_mutex_unlock(&live->mutex);
	return NULL;
}

/* ---- begin and end ---- */

struct live *
live_start(const char *conninfo, struct error *err)
{
	struct live *live = memory_zero(1, sizeof(*live));
	buf_add_str(&live->conninfo, conninfo);
	pthread_mutex_init(&live->mutex, NULL);
	pthread_cond_init(&live->wake, NULL);
	live->runs = pthread_create(&live->thread, NULL, run, live) == 0;
	if (!live->runs) {
		error_set(err, "no thread can be made for the live tail");
		live_stop(&live);
	}
	return live;
}

void
live_stop(struct live **where)
{
	struct live *live = *where;
	if (!live)
		return;
	pthread_mutex_lock(&live->mutex);
	live->stop = true;
	pthread_cond_signal(&live->wake);
	pthread_mutex_unlock(&live->mutex);
	if (live->runs)
		pthread_join(live->thread, NULL);
	for (int i = 0; i < MOST_STREAMS; i++)
		if (live->streams[i]) {
			write_plain(live->streams[i], "bye", "{}", time_now_us());
			free_stream(live->streams[i]);
		}
	searcher_free(&live->searcher);
	db_close(&live->db);
	buf_fini(&live->conninfo);
	pthread_mutex_destroy(&live->mutex);
	pthread_cond_destroy(&live->wake);
	free(live);
	*where = NULL;
}

unsigned
live_readers(struct live *live)
{
	unsigned n = 0;
	pthread_mutex_lock(&live->mutex);
	for (int i = 0; i < MOST_STREAMS; i++)
		n += live->streams[i] && live->streams[i]->pipe;
	pthread_mutex_unlock(&live->mutex);
	return n;
}

/* ---- readers ---- */

static bool
is_asked_for(const struct stream *s, const struct live_wish *w, struct slice id)
{
	return slice_equal(id, slice_of_str(s->id)) && s->account == w->account &&
	       slice_equal(buf_slice(&s->q), w->q) && s->zone_us == w->zone_us &&
	       slice_equal(slice_of_str(s->session), slice_of_str(w->session));
}

/* Takes up a stream of the same reader again. */
static struct stream *
find_stream(struct live *live, const struct live_wish *w, uint64_t *after)
{
	struct slice rest = w->last_event_id, id;
	if (rest.n == 0 || !slice_split(&rest, '.', &id) || !slice_to_u64(rest, after))
		return NULL;
	for (int i = 0; i < MOST_STREAMS; i++)
		if (live->streams[i] && is_asked_for(live->streams[i], w, id))
			return live->streams[i];
	return NULL;
}

/* One without a reader gives way. */
static struct stream **
find_place(struct live *live, const struct live_wish *w)
{
	struct stream **free_place = NULL, **absent = NULL;
	int own = 0;
	for (int i = 0; i < MOST_STREAMS; i++) {
		struct stream *s = live->streams[i];
		own += s && s->pipe && s->account == w->account && pipe_is_read(s->pipe);
		if (!s)
			free_place = &live->streams[i];
		else if (!s->pipe && s != live->busy &&
			 (!absent || s->left_us < (*absent)->left_us))
			absent = &live->streams[i];
	}
	if (own >= MOST_OF_ACCOUNT || (!free_place && !absent))
		return NULL;
	if (!free_place) {
		free_stream(*absent);
		free_place = absent;
	}
	return free_place;
}

static struct stream *
new_stream(const struct live_wish *w)
{
	struct stream *s = memory_zero(1, sizeof(*s));
	secret_random_text(s->id, ID_SIGNS);
	s->seen.most = MOST_SEEN;
	s->account = w->account;
	s->zone_us = w->zone_us;
	buf_add(&s->q, w->q);
	s->session = w->session ? slice_dup(slice_of_str(w->session)) : NULL;
	return s;
}

static void
attach(struct stream *s, struct pipe *pipe, int64_t now_us)
{
	if (s->pipe) {
		pipe_end(s->pipe);
		pipe_close(&s->pipe);
	}
	s->pipe = pipe;
	write_event(s, S("retry: 3000\n\n"), now_us);
}

bool
live_add(struct live *live, const struct live_wish *w)
{
	uint64_t after = 0;
	int64_t now_us = time_now_us();
	pthread_mutex_lock(&live->mutex);
	struct stream *s = find_stream(live, w, &after);
	if (s) {
		attach(s, w->pipe, now_us);
		replay(s, after, now_us);
	} else {
		struct stream **place = find_place(live, w);
		s = place ? *place = new_stream(w) : NULL;
		if (s)
			attach(s, w->pipe, now_us);
		if (s && w->last_event_id.n)
			write_plain(s, "gap", "{}", now_us);
	}
	pthread_cond_signal(&live->wake);
	pthread_mutex_unlock(&live->mutex);
	return s != NULL;
}

/* ---- the request ---- */

void
api_stream(struct worker *w, struct request *r)
{
	struct query_node *tree;
	struct search_options options = {0};
	int64_t minutes;
	if (!worker_parse(w, r, request_arg(r, "q"), &tree) ||
		!request_number(r, "tz", -1080, 1080, 0, &minutes))
		return;
	struct search *search =
		worker_search(w, r, tree, &options); /* is it one that can be answered? */
	if (!search)
		return;
	search_end(&search);
	struct live_wish wish = {.account = r->viewer.id,
		.session = r->viewer.session,
		.q = request_arg(r, "q"),
		.zone_us = minutes * TIME_MINUTE_US,
		.last_event_id = r->headers.last_event_id,
		.pipe = pipe_new()};
	if (live_add(w->frontend->live, &wish)) {
		r->answer.pipe = wish.pipe;
		r->streams_alone = true;
		answer_text(r, "text/event-stream");
		answer_header(r, "X-Accel-Buffering", "no");
		return;
	}
	pipe_close(&(struct pipe *){wish.pipe});
	pipe_close(&wish.pipe);
	answer_header(r, "Retry-After", "30");
	answer_problem(r, 429, "too-many-streams", "Four live tails are enough.");
}
