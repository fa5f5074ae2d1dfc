/*
 * Which hops are one mail: those with the same Message-ID. Where a hop has none (none in the mail,
 * or its beginning is not in this log), queue ids hold them together: a hop that was promised by
 * another one
 * ("queued as").
 *
 * What was handed over cannot be joined any more. So that the rest gets the same identity, ids that
 * were promised by mails without a Message-ID, and those they were logged under, are remembered for
 * a while.
 */
#include "trace/trace_internal.h"

#include "base/memory.h"

#include <stdlib.h>

#define MAX_PROMISES 64			   /* of one hop */
#define MAX_ASKED    64			   /* hosts that are asked for a queue id */
#define RECALLS	     16384		   /* a power of two */
#define SKEW_US	     (10 * TIME_MINUTE_US) /* clocks of two servers, at most */
#define TRANSFER_US  (2 * TIME_HOUR_US)	   /* from the arrival at the next server to its answer */

enum recall_seed { RECALL_PROMISED = 11, RECALL_LOGGED = 12 };

struct recall {
	uint64_t key, mail_id;
	int64_t t_us;
};

/* Can a hop that arrived at `arrived_us` be what an answer of `answered_us` speaks of? */
static bool
times_fit(int64_t answered_us, int64_t arrived_us)
{
	return arrived_us - answered_us < SKEW_US && answered_us - arrived_us < TRANSFER_US;
}

static struct mail *
find_mail(struct trace *trace, uint64_t id)
{
	struct map_node *n = map_first(&trace->mails, id);
	return n ? MAP_ENTRY(n, struct mail, by_id) : NULL;
}

static void
index_mail(struct trace *trace, struct mail *mail, uint64_t id)
{
	mail->id = id;
	map_add(&trace->mails, &mail->by_id, id);
	mail->indexed = true;
}

/* The mail with this identity that still takes hops. A flood of one Message-ID starts a new one at
 * the cap. */
static struct mail *
joinable_mail(struct trace *trace, uint64_t id)
{
	struct mail *mail = find_mail(trace, id);
	if (mail && mail->n_hops >= MAIL_MAX_HOPS) {
		map_remove(&trace->mails, &mail->by_id);
		mail->indexed = false;
		mail = NULL;
	}
	return mail;
}

struct mail *
trace_mail_of_msgid(struct trace *trace, struct slice msgid)
{
	uint64_t id = mail_id_of_msgid(msgid);
	struct mail *mail = joinable_mail(trace, id);
	if (!mail) {
		mail = trace_new_mail(trace);
		index_mail(trace, mail, id);
	}
	return mail;
}

static void
move_stash(struct mail *old, struct mail *mail)
{
	if (!old->stash)
		return;
	for (struct stashed *s = old->stash; s; s = s->next)
		s->mail = mail;
	*mail->stash_tail = old->stash;
	mail->stash_tail = old->stash_tail;
	mail->n_stashed += old->n_stashed;
	mail->stashed_bytes += old->stashed_bytes;
	old->stash = NULL;
	old->stash_tail = &old->stash;
	old->n_stashed = 0;
	old->stashed_bytes = 0;
}

/* All of a mail that has no name of its own. It is gone when its last hop leaves it. */
static void
join_all(struct trace *trace, struct mail *old, struct mail *mail)
{
	if (old == mail || !old->hops)
		return;
	move_stash(old, mail);
	for (uint32_t left = old->n_hops; left > 0; left--)
		trace_join_mail(trace, old->hops, mail);
}

/* One of them at least must have no name. The named one takes the hops, else `into` does. */
void
trace_unite(struct trace *trace, struct mail *from, struct mail *into)
{
	if (from == into || (from->id && into->id) || from->n_hops + into->n_hops > MAIL_MAX_HOPS)
		return;
	if (from->id)
		join_all(trace, into, from);
	else
		join_all(trace, from, into);
}

struct hop *
trace_promised_by(struct trace *trace, struct slice id, int64_t t_us, const struct trace_host *host)
{
	if (trace->promises.n == 0 || id.n == 0)
		return NULL;
	uint64_t hash = slice_hash(id, 0);
	for (struct map_node *n = map_first(&trace->promises, hash); n; n = map_next(n, hash)) {
		const struct promise *p = MAP_ENTRY(n, struct promise, by_id);
		if (slice_equal(p->id, id) && times_fit(p->t_us, t_us) &&
			(!host || p->hop->where == host))
			return p->hop;
	}
	return NULL;
}

/* A hop just got its name, or it is now known that it has none: was it promised? */
static void
keep_promise(struct trace *trace, struct hop *hop)
{
	struct hop *before = trace_promised_by(trace, hop->qid, hop->arrived_us, NULL);
	if (before && before != hop)
		trace_unite(trace, before->mail, hop->mail);
}

void
trace_name_mail(struct trace *trace, struct hop *hop, struct slice msgid)
{
	if (hop->msgid.n || msgid.n == 0)
		return;
	hop->msgid = arena_copy(&hop->arena, msgid);
	uint64_t id = mail_id_of_msgid(msgid);
	struct mail *mail = joinable_mail(trace, id);
	if (hop->mail->id == id)
		return;
	if (hop->mail->id == 0 && !mail)
		index_mail(trace, hop->mail, id);
	else if (hop->mail->id == 0)
		join_all(trace, hop->mail, mail);
	else
		trace_join_mail(trace, hop, mail ? mail : trace_mail_of_msgid(trace, msgid));
	keep_promise(trace, hop);
}

static uint64_t
recall_key(enum recall_seed what, struct slice id)
{
	return slice_hash(id, what);
}

static void
remember(
	struct trace *trace, enum recall_seed what, struct slice id, int64_t t_us, uint64_t mail_id)
{
	if (!trace->recalls)
		trace->recalls = memory_zero(RECALLS, sizeof(*trace->recalls));
	uint64_t key = recall_key(what, id);
	trace->recalls[key % RECALLS] = (struct recall){key, mail_id, t_us};
}

static const struct recall *
recall(const struct trace *trace, enum recall_seed what, struct slice id)
{
	if (!trace->recalls)
		return NULL;
	uint64_t key = recall_key(what, id);
	const struct recall *r = &trace->recalls[key % RECALLS];
	return r->key == key ? r : NULL;
}

void
trace_free_recalls(struct trace *trace)
{
	free(trace->recalls);
	trace->recalls = NULL;
}

void
trace_remember(struct trace *trace, const struct mail *mail)
{
	for (const struct hop *hop = mail->hops; hop; hop = hop->next) {
		if (!(hop->flags & HOP_NAMELESS))
			continue;
		remember(trace, RECALL_LOGGED, hop->qid, hop->arrived_us, mail->id);
		for (const struct promise *p = hop->promises; p; p = p->next)
			remember(trace, RECALL_PROMISED, p->id, p->t_us, mail->id);
	}
}

uint64_t
trace_recall_promised(struct trace *trace, struct slice id, int64_t t_us)
{
	const struct recall *r = recall(trace, RECALL_PROMISED, id);
	return r && times_fit(r->t_us, t_us) ? r->mail_id : 0;
}

static uint64_t
recall_logged(const struct trace *trace, struct slice id, int64_t t_us)
{
	const struct recall *r = recall(trace, RECALL_LOGGED, id);
	return r && times_fit(t_us, r->t_us) ? r->mail_id : 0;
}

void
trace_nameless(struct trace *trace, struct hop *hop)
{
	if (hop->in_nameless || hop->msgid.n)
		return;
	hop->flags |= HOP_NAMELESS;
	hop->in_nameless = true;
	map_add(&trace->nameless, &hop->by_nameless, slice_hash(hop->qid, 0));
	/* XFORWARD names the hop before, which has no Message-ID either. */
	struct hop *before = hop->orig_qid.n ? trace_find_hop(trace, hop->where,
						       (struct slice){"", 0}, hop->orig_qid)
					     : NULL;
	if (before && before != hop && (before->flags & HOP_NAMELESS))
		trace_unite(trace, before->mail, hop->mail);
	keep_promise(trace, hop);
	if (!hop->mail->id && !hop->mail->nameless_id)
		hop->mail->nameless_id = trace_recall_promised(trace, hop->qid, hop->arrived_us);
}

/* The hop that was logged under this id: one without a Message-ID, or one with it on any host. */
static struct hop *
find_promised(struct trace *trace, const struct hop *before, struct slice id, int64_t t_us)
{
	uint64_t hash = slice_hash(id, 0);
	for (struct map_node *n = map_first(&trace->nameless, hash); n; n = map_next(n, hash)) {
		struct hop *hop = MAP_ENTRY(n, struct hop, by_nameless);
		if (hop != before && slice_equal(hop->qid, id) && times_fit(t_us, hop->arrived_us))
			return hop;
	}
	int asked = 0;
	struct map_node *n = map_walk(&trace->hosts, NULL);
	for (; n && asked < MAX_ASKED; asked++, n = map_walk(&trace->hosts, n)) {
		struct hop *hop = trace_find_hop(
			trace, MAP_ENTRY(n, struct trace_host, by_name), (struct slice){"", 0}, id);
		if (hop && hop != before && hop->msgid.n && times_fit(t_us, hop->arrived_us))
			return hop;
	}
	return NULL;
}

/* The mail of a mailbox line that waits for this session. */
static struct mail *
waiting_mail(struct trace *trace, struct slice session, int64_t t_us)
{
	uint64_t hash = slice_hash(session, 0);
	for (struct map_node *n = map_first(&trace->waiting_sessions, hash); n;
		n = map_next(n, hash)) {
		struct stashed *s = MAP_ENTRY(n, struct stashed, by_session);
		if (slice_equal(s->session, session) && times_fit(t_us, s->t_us))
			return s->mail;
	}
	return NULL;
}

static void
add_promise(struct trace *trace, struct hop *hop, struct slice id, int64_t t_us)
{
	struct promise *p = arena_zero(&hop->arena, sizeof(*p));
	p->hop = hop;
	p->id = arena_copy(&hop->arena, id);
	p->t_us = t_us;
	p->next = hop->promises;
	hop->promises = p;
	hop->n_promises++;
	map_add(&trace->promises, &p->by_id, slice_hash(id, 0));
}

void
trace_promise(struct trace *trace, struct hop *hop, struct slice id, int64_t t_us)
{
	if (hop->msgid.n || id.n == 0 || hop->n_promises >= MAX_PROMISES)
		return;
	for (const struct promise *p = hop->promises; p; p = p->next)
		if (slice_equal(p->id, id))
			return;
	add_promise(trace, hop, id, t_us);
	struct hop *after = find_promised(trace, hop, id, t_us);
	struct mail *waiting = after ? NULL : waiting_mail(trace, id, t_us);
	if (after)
		trace_unite(trace, after->mail, hop->mail);
	else if (waiting)
		trace_unite(trace, hop->mail, waiting);
	else if (!hop->mail->id && !hop->mail->nameless_id)
		hop->mail->nameless_id = recall_logged(trace, id, t_us);
}

void
trace_forget_names(struct trace *trace, struct hop *hop)
{
	if (hop->in_nameless)
		map_remove(&trace->nameless, &hop->by_nameless);
	hop->in_nameless = false;
	for (struct promise *p = hop->promises; p; p = p->next)
		map_remove(&trace->promises, &p->by_id);
	hop->promises = NULL;
}
