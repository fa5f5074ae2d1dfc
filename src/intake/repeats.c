#include "intake/repeats.h"

#include "base/map.h"
#include "base/memory.h"
#include "intake/recent.h"

#include <assert.h>
#include <stdlib.h>

enum {
	PLACES = 256, /* where a run may have begun; of more only the last ones count */
};

/* A run that goes on: the next line must be this one of an earlier session. */
struct place {
	struct repeats_session *earlier;
	uint64_t next;
};

struct repeats_session {
	struct sender *sender;
	struct repeats_session *older; /* of the same sender */
	bool ended;
	struct recent stamped;
	struct recent lines; /* without a stamp */

	/* Until it is known whether the session began with a run. */
	bool matching;
	struct place *places;
	size_t place_count;
	struct recent held;
	size_t run; /* of the held lines, the first ones that make a whole run */
	struct repeats_session *origin; /* ... of this session */
};

struct sender {
	struct map_node by_name;
	struct repeats *repeats;
	char *name;
	size_t name_n;
	struct repeats_session *sessions; /* newest first */
	size_t live;
	struct hash_set seen; /* the stamped lines of its sessions, while they are looked up */
	bool checking;
	size_t quiet; /* lines looked up since the last repeat */

	/* Senders without a live session; the one silent for longest first. */
	struct sender *before, *after;
	size_t idle_bytes;
};

struct repeats {
	struct repeats_options options;
	struct map senders;
	struct sender *first_idle, *last_idle;
	size_t idle_bytes;
};

struct repeats *
repeats_new(const struct repeats_options *options)
{
	assert(options->frames > 0);
	struct repeats *r = memory_zero(1, sizeof(*r));
	r->options = *options;
	return r;
}

/* ---- senders ---- */

static struct sender *
find_sender(const struct repeats *r, struct slice name, uint64_t hash)
{
	for (struct map_node *n = map_first(&r->senders, hash); n; n = map_next(n, hash)) {
		struct sender *s = MAP_ENTRY(n, struct sender, by_name);
		if (slice_equal(slice_of(s->name, s->name_n), name))
			return s;
	}
	return NULL;
}

static size_t
sender_bytes(const struct sender *s)
{
	size_t hashes = s->seen.capacity, bytes = sizeof(*s) + s->name_n;
	for (const struct repeats_session *e = s->sessions; e; e = e->older) {
		hashes += e->lines.capacity + e->stamped.capacity;
		bytes += sizeof(*e);
	}
	return bytes + hashes * sizeof(uint64_t);
}

static void
free_session(struct repeats_session *session)
{
	recent_fini(&session->stamped);
	recent_fini(&session->lines);
	recent_fini(&session->held);
	free(session->places);
	free(session);
}

static void
free_sender(struct sender *s)
{
	map_remove(&s->repeats->senders, &s->by_name);
	while (s->sessions) {
		struct repeats_session *session = s->sessions;
		s->sessions = session->older;
		free_session(session);
	}
	hash_set_fini(&s->seen);
	free(s->name);
	free(s);
}

static void
leave_idle(struct sender *s)
{
	struct repeats *r = s->repeats;
	*(s->before ? &s->before->after : &r->first_idle) = s->after;
	*(s->after ? &s->after->before : &r->last_idle) = s->before;
	s->before = s->after = NULL;
	r->idle_bytes -= s->idle_bytes;
}

static void
free_longest_idle(struct repeats *r)
{
	struct sender *s = r->first_idle;
	r->first_idle = s->after;
	*(s->after ? &s->after->before : &r->last_idle) = NULL;
	r->idle_bytes -= s->idle_bytes;
	free_sender(s);
}

static void
enter_idle(struct sender *s)
{
	struct repeats *r = s->repeats;
	s->before = r->last_idle;
	*(r->last_idle ? &r->last_idle->after : &r->first_idle) = s;
	r->last_idle = s;
	s->idle_bytes = sender_bytes(s);
	r->idle_bytes += s->idle_bytes;
	while (r->idle_bytes > r->options.cap_bytes)
		free_longest_idle(r);
}

static struct sender *
get_sender(struct repeats *r, struct slice name)
{
	uint64_t hash = slice_hash(name, 0);
	struct sender *s = find_sender(r, name, hash);
	if (s) {
		if (s->live == 0)
			leave_idle(s);
		return s;
	}
	s = memory_zero(1, sizeof(*s));
	s->repeats = r;
	s->name = slice_dup(name);
	s->name_n = name.n;
	map_add(&r->senders, &s->by_name, hash);
	return s;
}

void
repeats_free(struct repeats **repeats)
{
	struct repeats *r = *repeats;
	if (!r)
		return;
	while (r->first_idle)
		free_longest_idle(r);
	assert(r->senders.n == 0);
	map_fini(&r->senders);
	free(r);
	*repeats = NULL;
}

/* ---- sessions ---- */

static void
stop_checking(struct sender *s)
{
	hash_set_fini(&s->seen);
	s->checking = false;
}

static void
fill_seen(struct sender *s)
{
	size_t n = 0;
	for (const struct repeats_session *e = s->sessions; e; e = e->older)
		n += e->stamped.n;
	hash_set_init(&s->seen, n);
	for (const struct repeats_session *e = s->sessions; e; e = e->older)
		for (uint64_t number = e->stamped.end - e->stamped.n; number < e->stamped.end;
			number++)
			hash_set_add(&s->seen, recent_at(&e->stamped, number));
}

static void
start_checking(struct sender *s)
{
	s->quiet = 0;
	if (s->checking)
		return;
	fill_seen(s);
	s->checking = s->seen.n > 0;
	if (!s->checking)
		stop_checking(s);
}

struct repeats_session *
repeats_begin(struct repeats *r, struct slice sender)
{
	struct sender *s = get_sender(r, sender);
	struct repeats_session *session = memory_zero(1, sizeof(*session));
	session->sender = s;
	session->matching = true;
	session->older = s->sessions;
	s->sessions = session;
	s->live++;
	start_checking(s);
	return session;
}

/* Nobody shall look at a session's lines any more. */
static void
leave_places(const struct sender *s, const struct repeats_session *earlier)
{
	for (struct repeats_session *session = s->sessions; session; session = session->older) {
		size_t kept = 0;
		for (size_t i = 0; i < session->place_count; i++)
			if (session->places[i].earlier != earlier)
				session->places[kept++] = session->places[i];
		session->place_count = kept;
		if (session->origin == earlier)
			session->origin = NULL;
	}
}

static void
drop_session(struct repeats_session *session)
{
	struct sender *s = session->sender;
	struct repeats_session **at = &s->sessions;
	while (*at != session)
		at = &(*at)->older;
	*at = session->older;
	leave_places(s, session);
	free_session(session);
}

/* Of the ended sessions only the newest `most` stay. */
static void
trim_sessions(struct sender *s, size_t most)
{
	size_t ended = 0;
	struct repeats_session **at = &s->sessions, *e;
	while ((e = *at)) {
		ended += e->ended;
		if (!e->ended || ended <= most) {
			at = &e->older;
			continue;
		}
		*at = e->older;
		leave_places(s, e);
		free_session(e);
	}
}

void
repeats_end(struct repeats_session **ended)
{
	struct repeats_session *session = *ended;
	struct sender *s = session->sender;
	assert(session->held.n == 0);
	session->ended = true;
	free(session->places);
	session->places = NULL;
	session->place_count = 0;
	*ended = NULL;
	if (session->lines.n + session->stamped.n == 0)
		drop_session(session);
	trim_sessions(s, REPEATS_SESSIONS);
	if (--s->live == 0) {
		stop_checking(s);
		enter_idle(s);
	}
}

/* ---- lines with a stamp ---- */

static void
remember_stamped(struct repeats_session *session, uint64_t hash)
{
	struct sender *s = session->sender;
	recent_add(&session->stamped, hash, s->repeats->options.frames);
	if (!s->checking)
		return;
	if (hash_set_is_full(&s->seen))
		fill_seen(s);
	else
		hash_set_add(&s->seen, hash);
}

/* A repeat is remembered like a new line: it may come once more when all older sessions are
 * forgotten. */
static enum repeats_answer
look_stamped(struct repeats_session *session, uint64_t hash)
{
	struct sender *s = session->sender;
	bool repeat = s->checking && hash_set_has(&s->seen, hash);
	s->quiet = repeat ? 0 : s->quiet + 1;
	if (s->checking && s->quiet > s->repeats->options.frames)
		stop_checking(s);
	remember_stamped(session, hash);
	return repeat ? REPEATS_REPEAT : REPEATS_NEW;
}

/* ---- lines without one ---- */

static void
remember_line(struct repeats_session *session, uint64_t hash)
{
	recent_add(&session->lines, hash, session->sender->repeats->options.frames);
}

static void
add_places(struct repeats_session *session, struct repeats_session *earlier, uint64_t hash)
{
	const struct recent *lines = &earlier->lines;
	for (size_t back = 1; back <= lines->n && session->place_count < PLACES; back++) {
		uint64_t number = lines->end - back;
		if (recent_at(lines, number) == hash)
			session->places[session->place_count++] =
				(struct place){earlier, number + 1};
	}
}

/* The first line of the session: every place where it came before. */
static void
find_places(struct repeats_session *session, uint64_t hash)
{
	session->places = memory_new(PLACES * sizeof(*session->places));
	for (struct repeats_session *e = session->sender->sessions; e; e = e->older)
		if (e != session)
			add_places(session, e, hash);
}

/* A further line: the places where it came next. */
static void
follow_places(struct repeats_session *session, uint64_t hash)
{
	size_t kept = 0;
	for (size_t i = 0; i < session->place_count; i++) {
		struct place *p = &session->places[i];
		if (recent_has(&p->earlier->lines, p->next) &&
			recent_at(&p->earlier->lines, p->next) == hash)
			session->places[kept++] = (struct place){p->earlier, p->next + 1};
	}
	session->place_count = kept;
}

/* Takes out the places that have come to the end of an earlier session: `line_count` lines are a
 * whole run. */
static void
finish_places(struct repeats_session *session, size_t line_count)
{
	size_t kept = 0;
	for (size_t i = 0; i < session->place_count; i++) {
		struct place *p = &session->places[i];
		if (p->next < p->earlier->lines.end) {
			session->places[kept++] = *p;
			continue;
		}
		session->origin = p->earlier;
		session->run = line_count;
	}
	session->place_count = kept;
}

/* The session goes on where `earlier` ended. */
static void
continue_session(struct repeats_session *session, struct repeats_session *earlier)
{
	leave_places(session->sender, earlier);
	recent_fini(&session->lines);
	session->lines = earlier->lines;
	earlier->lines = (struct recent){0};
	if (earlier->ended && earlier->stamped.n == 0)
		drop_session(earlier);
}

/* The end of matching: the run is dropped, what is held behind it is new. */
static void
decide(struct repeats_session *session, struct repeats_decision *held)
{
	size_t run = session->run < session->held.n ? session->run : session->held.n;
	*held = (struct repeats_decision){run, session->held.n - run};
	session->matching = false;
	if (session->run > 0 && session->origin)
		continue_session(session, session->origin);
	for (uint64_t number = run; number < session->held.end; number++)
		remember_line(session, recent_at(&session->held, number));
	recent_fini(&session->held);
	free(session->places);
	session->places = NULL;
	session->place_count = 0;
	session->origin = NULL;
}

static enum repeats_answer
match(struct repeats_session *session, uint64_t hash, struct repeats_decision *held)
{
	size_t line_count = session->held.n + 1;
	if (line_count == 1)
		find_places(session, hash);
	else
		follow_places(session, hash);
	finish_places(session, line_count);
	if (session->place_count > 0) {
		recent_add(&session->held, hash, SIZE_MAX);
		return REPEATS_HOLD;
	}
	bool last_of_run = session->run == line_count;
	decide(session, held);
	if (last_of_run)
		return REPEATS_REPEAT;
	remember_line(session, hash);
	return REPEATS_NEW;
}

/* ---- the rest of the interface ---- */

enum repeats_answer
repeats_look(struct repeats_session *session, struct slice frame, bool stamped,
	struct repeats_decision *held)
{
	uint64_t hash = slice_hash(frame, 0);
	*held = (struct repeats_decision){0};
	if (stamped)
		return look_stamped(session, hash);
	if (session->matching)
		return match(session, hash, held);
	remember_line(session, hash);
	return REPEATS_NEW;
}

void
repeats_give_up(struct repeats_session *session, struct repeats_decision *held)
{
	*held = (struct repeats_decision){0};
	if (session->held.n > 0)
		decide(session, held);
}

void
repeats_remember(struct repeats_session *session, struct slice frame, bool stamped)
{
	uint64_t hash = slice_hash(frame, 0);
	if (stamped)
		remember_stamped(session, hash);
	else
		remember_line(session, hash);
}

static void
forget_sender(struct sender *s)
{
	stop_checking(s);
	for (struct repeats_session *e = s->sessions; e; e = e->older) {
		leave_places(s, e);
		e->run = 0;
		recent_fini(&e->stamped);
		recent_fini(&e->lines);
	}
	trim_sessions(s, 0);
}

void
repeats_forget(struct repeats *r)
{
	for (struct map_node *n = map_walk(&r->senders, NULL); n; n = map_walk(&r->senders, n)) {
		struct sender *s = MAP_ENTRY(n, struct sender, by_name);
		forget_sender(s);
		if (s->live > 0)
			continue;
		r->idle_bytes -= s->idle_bytes;
		s->idle_bytes = sender_bytes(s);
		r->idle_bytes += s->idle_bytes;
	}
}

size_t
repeats_bytes(const struct repeats *r)
{
	size_t bytes = sizeof(*r);
	for (struct map_node *n = map_walk(&r->senders, NULL); n; n = map_walk(&r->senders, n))
		bytes += sender_bytes(MAP_ENTRY(n, struct sender, by_name));
	return bytes;
}
