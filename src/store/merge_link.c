/*
 * Parts of a mail that are stored under another id than the new part has. Three kinds of questions
 * find them:
 *
 * - by host and queue id: the beginning of a hop, with the Message-ID, and its rest were in
 * different logs;
 * - a hop without a Message-ID names the queue id that the next server gave: that one may be
 * stored;
 * - a hop that must have come from a server of ours, which is not at hand: deliveries to the same
 * recipient of mails without a Message-ID.
 *
 * A link that is none in the end does no harm: the correlator decides what is one mail.
 */
#include "store/merge.h"

#include "base/memory.h"
#include "store/keys.h"
#include "trace/topology.h"

#include <stdlib.h>

#define MOST_PROMISES 64
#define MOST_RCPTS    3
#define ANSWER_US     (2 * TIME_HOUR_US) /* from the arrival at the next server to its answer */

enum kind { SAME_HOP, PROMISED, EXACT, FROM_RCPT };

struct question {
	enum kind kind;
	struct merge_unit *unit;
	struct hop *hop;
};

struct questions {
	struct question *list;
	size_t n, cap;
	struct array texts, hosts, first, last, from, to; /* hosts is not used for recipients */
};

static void
questions_fini(struct questions *q)
{
	free(q->list);
	array_fini(&q->texts);
	array_fini(&q->hosts);
	array_fini(&q->first);
	array_fini(&q->last);
	array_fini(&q->from);
	array_fini(&q->to);
}

/* `shift`: minutes in a bucket of the index, as a power of two. */
static void
put(struct questions *q, const struct question *question, struct slice text, struct slice host,
	int64_t from_us, int64_t to_us, int shift)
{
	MEMORY_ROOM(&q->list, q->n, &q->cap);
	q->list[q->n++] = *question;
	merge_add_text(&q->texts, text);
	merge_add_text(&q->hosts, host);
	array_add_i64(&q->first, key_minute(from_us) >> shift);
	array_add_i64(&q->last, key_minute(to_us) >> shift);
	array_add_i64(&q->from, from_us);
	array_add_i64(&q->to, to_us);
}

static void
put_qid(struct questions *q, enum kind kind, struct merge_unit *u, struct hop *hop,
	struct slice qid, struct slice host, int64_t from_us, int64_t to_us)
{
	if (qid.n)
		put(q, &(struct question){kind, u, hop}, qid, host, from_us, to_us, 10);
}

/* ---- what is asked of a hop ---- */

/* Is its beginning or its end missing? */
static bool
is_loose(const struct hop *hop)
{
	bool named = hop->msgid.n && (hop->flags & (HOP_NDR | HOP_FILTER));
	return !hop_closed(hop) || (!named && !(hop->flags & (HOP_STARTED | HOP_MAILBOX)));
}

static void
ask_same(struct merge *g, struct questions *q, struct merge_unit *u, struct hop *hop)
{
	struct known *k = &g->w->known;
	struct slice host = known_host_name(k, hop->host);
	if (is_loose(hop))
		put_qid(q, SAME_HOP, u, hop, hop->qid, host, hop->first_us - WRITER_LIFE_US,
			hop->last_us + WRITER_LIFE_US);
	else if (known_host_covered(k, hop->host, hop->first_us) ||
		 known_host_covered(k, hop->host, hop->last_us))
		put_qid(q, SAME_HOP, u, hop, hop->qid, host, hop->first_us - MERGE_AFTER_US,
			hop->last_us + MERGE_AFTER_US);
}

static void
ask_promised(struct questions *q, struct merge_unit *u, struct hop *hop)
{
	int left = MOST_PROMISES;
	struct slice before = {"", 0};
	for (const struct delivery *d = hop->deliveries; d && left > 0; d = d->next) {
		const struct attempt *last = delivery_last(d);
		if (!last || last->status != DELIVERY_SENT)
			continue;
		struct slice next =
			last->next_qid.n ? last->next_qid : hop_session_base(last->session);
		if (slice_equal(next, before))
			continue;
		put_qid(q, PROMISED, u, hop, next, (struct slice){"", 0}, last->t_us - ANSWER_US,
			last->t_us + MERGE_SKEW_US);
		before = next;
		left--;
	}
}

static bool
has_host(const struct mail *mail, struct slice name)
{
	for (const struct hop *hop = mail->hops; hop; hop = hop->next)
		if (topology_same_host(hop->host, name))
			return true;
	return false;
}

/* Did it come from a server of ours that we know nothing of? */
static bool
lacks_one_before(const struct merge *g, const struct merge_unit *u, const struct hop *hop)
{
	if (hop->flags & HOP_NAMELESS)
		return true;
	if (u->branches || (hop->flags & (HOP_NDR | HOP_LOCAL)))
		return false;
	return hop_headless(hop) ||
	       (topology_own_host(&g->w->known.topology, hop->client_name, hop->client_ip) &&
		       !has_host(u->mail, hop->client_name));
}

static void
ask_before(struct questions *q, struct merge_unit *u, struct hop *hop)
{
	int left = MOST_RCPTS;
	int64_t from_us = hop->arrived_us - WRITER_LIFE_US, to_us = hop->arrived_us + MERGE_SKEW_US;
	const struct question question = {FROM_RCPT, u, hop};
	for (const struct delivery *d = hop->deliveries; d && left > 0; d = d->next, left--) {
		struct buf lower = {0};
		buf_add_lower(&lower, d->orig_to.n ? d->orig_to : d->to);
		put(q, &question, buf_slice(&lower), (struct slice){"", 0}, from_us, to_us, 8);
		buf_fini(&lower);
	}
}

static void
ask_exact(struct merge *g, struct questions *q, struct merge_unit *u, struct hop *hop)
{
	put_qid(q, EXACT, u, hop, hop->qid, known_host_name(&g->w->known, hop->host),
		hop->arrived_us - TIME_SECOND_US, hop->arrived_us + TIME_SECOND_US);
}

static void
ask(struct merge *g, struct merge_unit *u, struct questions *qids, struct questions *rcpts)
{
	for (struct hop *hop = u->mail ? u->mail->hops : NULL; hop; hop = hop->next) {
		if (u->flood) {
			ask_exact(g, qids, u, hop);
			continue;
		}
		ask_same(g, qids, u, hop);
		if (hop->msgid.n == 0)
			ask_promised(qids, u, hop);
		if (lacks_one_before(g, u, hop))
			ask_before(rcpts, u, hop);
	}
}

/* ---- answers ---- */

struct answer {
	uint64_t mail_id;
	uint32_t branch, flags;
	int64_t t_us, end_us;
};

/* Can the stored row be another piece of this hop? */
static bool
is_same(const struct answer *a, const struct hop *hop)
{
	if ((a->flags & HOP_STARTED) && (hop->flags & HOP_STARTED))
		return a->t_us == hop->arrived_us;
	int64_t end_us =
		a->flags & HOP_ROW_OPEN ? a->t_us + WRITER_LIFE_US : a->end_us + MERGE_AFTER_US;
	int64_t hop_end_us = hop->last_us + (hop_closed(hop) ? MERGE_AFTER_US : WRITER_LIFE_US);
	return a->t_us <= hop_end_us && hop->first_us <= end_us;
}

static bool
fits(const struct question *q, const struct answer *a)
{
	switch (q->kind) {
	case SAME_HOP:
		return is_same(a, q->hop);
	case FROM_RCPT:
		return a->end_us >= q->hop->arrived_us - MERGE_SKEW_US;
	default:
		return true; /* the time that was asked for says it */
	}
}

static void
link_units(struct merge_unit *a, struct merge_unit *b)
{
	a = merge_root(a);
	b = merge_root(b);
	if (a == b)
		return;
	if (a->place < b->place)
		b->into = a;
	else
		a->into = b;
}

static void
widen(struct merge_unit *u, const struct hop *hop)
{
	if (u->last_us == 0)
		u->first_us = u->last_us = hop->first_us;
	u->first_us = hop->first_us < u->first_us ? hop->first_us : u->first_us;
	u->last_us = hop->last_us > u->last_us ? hop->last_us : u->last_us;
}

/* `places` is the number of units that have been looked for. */
static void
take(struct merge *g, const struct question *q, const struct answer *a, size_t places)
{
	if (q->kind == EXACT && a->mail_id == q->unit->id)
		q->hop->stored_id = a->mail_id;
	if (q->kind == EXACT || a->mail_id == q->unit->id || !fits(q, a))
		return;
	struct merge_unit *other = merge_unit_of(g, a->mail_id);
	if (other->place >= places)
		widen(other, q->hop);
	link_units(q->unit, other);
}

static bool
run(struct merge *g, struct questions *q, size_t places, const char *name, const char *sql)
{
	struct array *arrays[] = {&q->texts, &q->hosts, &q->first, &q->last, &q->from, &q->to};
	PGresult *rows = NULL;
	if (q->n == 0)
		return true;
	if (!merge_ask(g, name, sql, "ttiiii", arrays, &rows))
		return false;
	for (int i = 0; i < PQntuples(rows); i++) {
		const struct answer a = {.mail_id = (uint64_t)merge_i64(rows, i, 1),
			.branch = (uint32_t)merge_i64(rows, i, 2),
			.t_us = merge_time(rows, i, 3),
			.end_us = merge_time(rows, i, 3) + merge_i64(rows, i, 4) * 1000,
			.flags = (uint32_t)merge_i64(rows, i, 5)};
		take(g, &q->list[merge_i64(rows, i, 0) - 1], &a, places);
	}
	PQclear(rows);
	return true;
}

static bool
run_all(struct merge *g, struct questions *qids, struct questions *rcpts, size_t places)
{
	static const char by_qid[] =
		"SELECT k.n, h.mail_id, h.branch::int8, h.t, coalesce(h.left_ms, 0)::int8, "
		"h.flags::int8 "
		"FROM unnest($1, $2, $3, $4, $5, $6) WITH ORDINALITY k (qid, host, first, last, f, "
		"u, n), "
		"generate_series(k.first::int4, k.last::int4) b, "
		"LATERAL (SELECT * FROM hop h WHERE else_id(hashtext(h.qid)::int8, h.m) = "
		"else_id(hashtext(k.qid)::int8, b * 1024) "
		"AND h.qid = k.qid "
		"AND h.t >= greatest(to_timestamp(1577836800 + b * 61440::float8), "
		"to_timestamp(k.f / 1e6)) "
		"AND h.t <= least(to_timestamp(1577836800 + (b + 1) * 61440::float8), "
		"to_timestamp(k.u / 1e6)) LIMIT 100) h "
		"JOIN host n ON n.id = h.host WHERE k.host = '' OR n.name = k.host";
	static const char by_rcpt[] =
		"SELECT k.n, d.mail_id, d.branch::int8, d.t, coalesce(d.took_ms, 0)::int8, 0::int8 "
		"FROM unnest($1, $2, $3, $4, $5, $6) WITH ORDINALITY k (rcpt, host, first, last, "
		"f, u, n), "
		"generate_series(k.first::int4, k.last::int4) b, "
		"LATERAL (SELECT * FROM delivery d WHERE else_key(else_address(d.rcpt), d.m) >= "
		"else_key(else_address(k.rcpt), b * 256) "
		"AND else_key(else_address(d.rcpt), d.m) <= else_key(else_address(k.rcpt), b * 256 "
		"+ 255) "
		"AND d.rcpt = k.rcpt AND d.msgid IS NULL "
		"AND d.t >= greatest(to_timestamp(1577836800 + b * 15360::float8), "
		"to_timestamp(k.f / 1e6)) "
		"AND d.t <= least(to_timestamp(1577836800 + (b + 1) * 15360::float8), "
		"to_timestamp(k.u / 1e6)) LIMIT 100) d";
	return run(g, qids, places, "merge_by_qid", by_qid) &&
	       run(g, rcpts, places, "merge_by_rcpt", by_rcpt);
}

bool
merge_find_links(struct merge *g)
{
	struct questions qids = {0}, rcpts = {0};
	size_t n = g->n_units;
	for (size_t i = 0; i < n; i++)
		ask(g, g->units[i], &qids, &rcpts);
	bool ok = run_all(g, &qids, &rcpts, n) && (g->n_units == n || merge_find_rows(g, n));
	questions_fini(&qids);
	questions_fini(&rcpts);
	return ok;
}
