/* Which path a mail or a refusal takes, and the first path. */
#include "store/writer_internal.h"

#include "base/memory.h"

#include <stdlib.h>

#define CARE_REJECTS 5000
#define CARE_BYTES   ((size_t)64 << 20)
#define WRITTEN	     (1u << 18) /* ids that are remembered: some 2 MB */

bool
writer_drain(struct writer *w)
{
	struct error err;
	return pool_drain(w->pool, &err) || writer_fail(w, &err);
}

bool
writer_need_week(struct writer *w, int64_t t_us)
{
	struct error err;
	if (known_week(&w->known, t_us))
		return true;
	/* Making a partition locks the tables; connections that wait for each other's commit must
	 * be done first. */
	return writer_drain(w) && (known_add_week(&w->known, t_us, &err) || writer_fail(w, &err));
}

void
writer_put_batch(struct writer *w)
{
	if (!w->batch)
		return;
	pool_put(w->pool, w->batch);
	w->batch = NULL;
}

static struct batch *
current_batch(struct writer *w)
{
	if (!w->batch)
		w->batch = batch_new(w->next_seq++);
	return w->batch;
}

static void
put_if_full(struct writer *w)
{
	if (w->batch && batch_rows(w->batch) >= w->options.batch_rows)
		writer_put_batch(w);
	if (pool_failed(w->pool))
		writer_drain(w);
}

/* ---- what was written in this run ---- */

static uint64_t *
place_of(struct writer *w, uint64_t id)
{
	if (!w->written)
		w->written = memory_zero(WRITTEN, sizeof(*w->written));
	return &w->written[id % WRITTEN];
}

/* ---- mails ---- */

/* The rest of a mail: its beginning may be stored already. A notice has no line that begins it but
 * its Message-ID. */
static bool
is_rest(const struct hop *hop)
{
	return hop_headless(hop) ||
	       ((hop->flags & HOP_NDR) && !(hop->flags & HOP_STARTED) && hop->msgid.n == 0);
}

static int
compare_names(const void *a, const void *b)
{
	const struct hop *x = *(const struct hop *const *)a, *y = *(const struct hop *const *)b;
	if (x->qid.n != y->qid.n)
		return x->qid.n < y->qid.n ? -1 : 1;
	int order = x->qid.n ? memcmp(x->qid.p, y->qid.p, x->qid.n) : 0;
	return order ? order : (x->first_us > y->first_us) - (x->first_us < y->first_us);
}

bool
writer_has_twins(const struct mail *mail)
{
	bool twins = false;
	size_t n = 0;
	if (mail->n_hops < 2)
		return false;
	const struct hop **hops = memory_new(mail->n_hops * sizeof(*hops));
	for (const struct hop *hop = mail->hops; hop; hop = hop->next)
		hops[n++] = hop;
	qsort(hops, n, sizeof(*hops), compare_names);
	for (size_t i = 0; i < n && !twins; i++)
		for (size_t k = i + 1; k < n && !twins && slice_equal(hops[k]->qid, hops[i]->qid);
			k++)
			twins = hop_same(hops[i], hops[k]);
	free(hops);
	return twins;
}

/* May some of this mail be stored already, or is it in pieces? */
static bool
needs_care(struct writer *w, const struct mail *mail)
{
	bool anything = w->known.last_us || w->counts.mails;
	if (writer_has_twins(mail))
		return true;
	if (*place_of(w, mail->id) == mail->id || (mail->late && anything))
		return true;
	for (const struct hop *hop = mail->hops; hop; hop = hop->next) {
		int64_t after_us = hop_closed(hop) ? 0 : WRITER_LIFE_US;
		if (known_covered(&w->known, hop->first_us, hop->last_us + after_us) ||
			(anything && is_rest(hop)))
			return true;
	}
	return false;
}

size_t
writer_mail_bytes(const struct mail *mail)
{
	size_t bytes = sizeof(*mail);
	for (const struct hop *hop = mail->hops; hop; hop = hop->next)
		bytes += hop->arena.total_bytes;
	return bytes;
}

static void
merge(struct writer *w)
{
	writer_put_batch(w);
	writer_merge(w);
}

static void
add_care(struct writer *w, struct mail *mail)
{
	MEMORY_ROOM(&w->care, w->n_care, &w->cap_care);
	w->care[w->n_care++] = mail;
	w->care_bytes += writer_mail_bytes(mail);
	if (w->n_care >= w->options.care_mails || w->care_bytes >= CARE_BYTES)
		merge(w);
}

static void
encode_mail(struct writer *w, const struct mail *mail)
{
	struct error err;
	for (const struct hop *hop = mail->hops; hop; hop = hop->next)
		if (!writer_need_week(w, hop->arrived_us))
			return;
	if (!rows_add_mail(&w->rows, current_batch(w), mail, &w->counts.deliveries, &err)) {
		writer_fail(w, &err);
		return;
	}
	w->counts.mails++;
	w->counts.hops += mail->n_hops;
	put_if_full(w);
}

void
writer_place_mail(struct writer *w, struct mail *mail)
{
	if (w->failed) {
		mail_free(&mail);
		return;
	}
	bool care = needs_care(w, mail);
	*place_of(w, mail->id) = mail->id;
	if (care) {
		add_care(w, mail);
	} else {
		encode_mail(w, mail);
		mail_free(&mail);
	}
}

/* ---- refusals ---- */

static void
encode_reject(struct writer *w, const struct reject *reject)
{
	struct error err;
	if (!writer_need_week(w, reject->t_us))
		return;
	if (!rows_add_reject(&w->rows, current_batch(w), reject, &err)) {
		writer_fail(w, &err);
		return;
	}
	w->counts.rejects++;
	put_if_full(w);
}

void
writer_place_reject(struct writer *w, struct reject *reject)
{
	if (!w->failed && known_host_covered(&w->known, reject->host, reject->t_us)) {
		reject->next = w->care_rejects;
		w->care_rejects = reject;
		if (++w->n_care_rejects >= CARE_REJECTS)
			merge(w);
		return;
	}
	if (!w->failed)
		encode_reject(w, reject);
	free(reject);
}
