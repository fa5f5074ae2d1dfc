#include "show/trace_store.h"

#include "base/memory.h"
#include "base/time.h"
#include "store/own.h"

#include <stdlib.h>

/* Hops of a mail lie around the moment that its id names: clocks differ, and queues keep mail for
 * days. */
#define BEFORE_US (9 * TIME_DAY_US)
#define AFTER_US  (30 * TIME_DAY_US)

enum { MOST_RELATED = 50 };

bool
trace_store_open(struct trace_store *s, struct db *db, struct error *err)
{
	s->db = db;
	s->evidence = evidence_new();
	return load_dictionaries(db, s->evidence, DICTIONARY_MAILS, err) &&
	       own_load(db, &s->topology, err);
}

void
trace_store_close(struct trace_store *s)
{
	evidence_free(&s->evidence);
	topology_fini(&s->topology);
}

static bool
load_first(struct trace_store *s, const uint64_t *ids, size_t n_ids, int64_t from_us, int64_t to_us,
	struct mail **mail, struct error *err)
{
	struct mail **mails;
	size_t n;
	*mail = NULL;
	if (!load_mails(s->db, s->evidence, ids, n_ids, from_us, to_us, &mails, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!*mail && mails[i]->n_hops)
			*mail = mails[i];
		else
			mail_free(&mails[i]);
	}
	free(mails);
	return true;
}

bool
trace_store_mail(
	struct trace_store *s, const struct load_key *key, struct mail **mail, struct error *err)
{
	return load_first(
		s, &key->mail_id, 1, key->t_us - BEFORE_US, key->t_us + AFTER_US, mail, err);
}

bool
trace_store_msgid(struct trace_store *s, struct slice text, struct mail **mail, struct error *err)
{
	/* As it is, and the other way round: some programs write Message-IDs without brackets. */
	struct buf other = {0};
	bool bare = slice_starts(text, S("<")) && slice_ends(text, S(">")) && text.n > 2;
	if (bare)
		buf_add(&other, slice_of(text.p + 1, text.n - 2));
	else
		buf_addf(&other, "<%.*s>", SLICE_ARG(text));
	const uint64_t ids[] = {mail_id_of_msgid(text), mail_id_of_msgid(buf_slice(&other))};
	bool ok = load_first(s, ids, 2, 0, 0, mail, err);
	buf_fini(&other);
	return ok;
}

/* ---- roles ---- */

static bool
add_roles(struct trace_store *s, struct view *v, struct error *err)
{
	PGresult *rows;
	if (!db_query_text(s->db, "SELECT name, role FROM host WHERE role IS NOT NULL", 0, NULL,
		    &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++)
		for (size_t k = 0; k < v->n_hops; k++)
			if (slice_equal_nocase(
				    slice_of_str(PQgetvalue(rows, i, 0)), v->hops[k].jh->hop->host))
				v->hops[k].role = arena_copy(
					&v->arena, slice_of(PQgetvalue(rows, i, 1),
							   (size_t)PQgetlength(rows, i, 1) + 1))
							  .p;
	PQclear(rows);
	return true;
}

/* ---- related mails ---- */

static struct view_related *
add_related(struct view *v, const char *rel, const struct mail_id_text *id)
{
	struct buf text = {0};
	mail_id_text_add(&text, id);
	for (size_t i = 0; i < v->n_related; i++)
		if (slice_equal(slice_of_str(v->related[i].id), buf_slice(&text))) {
			buf_fini(&text);
			return NULL;
		}
	MEMORY_ROOM(&v->related, v->n_related, &v->cap_related);
	struct view_related *r = &v->related[v->n_related++];
	*r = (struct view_related){.rel = rel};
	snprintf(r->id, sizeof(r->id), "%s", buf_str(&text));
	buf_fini(&text);
	return r;
}

/* When the arrival came to our first server: its id holds that minute. */
static bool
arrival_time(struct trace_store *s, const struct load_key *key, int64_t *t_us, struct error *err)
{
	struct mail *mail;
	struct view v;
	*t_us = key->t_us;
	if (!trace_store_mail(s, key, &mail, err))
		return false;
	if (!mail)
		return true;
	if (view_init(&v, mail, &key->branch, &s->topology))
		*t_us = v.arrivals[0].entry->jh->hop->arrived_us;
	view_fini(&v);
	mail_free(&mail);
	return true;
}

/* A queue id that lines of this host name: the mail nearest in time. */
static bool
relate_qid(struct trace_store *s, struct view *v, const char *rel, struct slice qid,
	const struct hop *hop, int64_t near_us, struct error *err)
{
	struct load_key keys[8];
	size_t n, best = 0;
	if (v->n_related >= MOST_RELATED)
		return true;
	if (!load_find_qid(s->db, qid, hop->host, near_us - BEFORE_US, near_us + BEFORE_US, keys, 8,
		    &n, err))
		return false;
	for (size_t i = 1; i < n; i++)
		if (llabs(keys[i].t_us - near_us) < llabs(keys[best].t_us - near_us))
			best = i;
	int64_t t_us;
	if (n == 0)
		return true;
	if (!arrival_time(s, &keys[best], &t_us, err))
		return false;
	struct view_related *r = add_related(v, rel,
		&(struct mail_id_text){.mail_id = keys[best].mail_id,
			.branch = keys[best].branch,
			.minute = mail_id_text_minute(t_us)});
	if (r) {
		r->qid = arena_copy(&v->arena, qid);
		r->host = hop->host;
	}
	return true;
}

static bool
relate_notices(struct trace_store *s, struct view *v, struct error *err)
{
	for (size_t i = 0; i < v->n_deliveries; i++) {
		const struct view_delivery *d = &v->deliveries[i];
		if (d->delivery && d->delivery->ndr_qid.n &&
			!relate_qid(
				s, v, "ndr", d->delivery->ndr_qid, d->at->jh->hop, d->last_us, err))
			return false;
	}
	for (size_t i = 0; i < v->n_hops; i++) {
		const struct hop *hop = v->hops[i].jh->hop;
		if (hop->ndr_of.n &&
			!relate_qid(s, v, "ndr_of", hop->ndr_of, hop, hop->arrived_us, err))
			return false;
	}
	return true;
}

/* Arrivals of the same Message-ID that are not shown. */
static void
relate_arrivals(struct view *v)
{
	for (size_t i = 0; i < v->j.n_hops && v->n_related < MOST_RELATED; i++) {
		const struct journey_hop *jh = &v->j.hops[i];
		bool shown = false;
		for (size_t k = 0; k < v->n_arrivals && !shown; k++)
			shown = v->arrivals[k].branch == jh->branch;
		if (shown || jh->before)
			continue;
		struct view_related *r = add_related(v, "same_msgid",
			&(struct mail_id_text){.mail_id = v->mail->id,
				.branch = jh->branch,
				.minute = mail_id_text_minute(jh->hop->arrived_us)});
		if (r) {
			r->qid = jh->hop->qid;
			r->host = jh->hop->host;
		}
	}
}

bool
trace_store_complete(struct trace_store *s, struct view *v, struct error *err)
{
	relate_arrivals(v);
	return add_roles(s, v, err) && relate_notices(s, v, err);
}
