/* Before a database has dictionaries: the first lines it gets are kept back to make them of. */
#include "store/writer_internal.h"

#include "base/memory.h"
#include "store/mail_lines.h"

#include <stdlib.h>

#define ENOUGH_SAMPLES 4000
#define SAMPLES_BYTES  ((size_t)8 << 20)
#define EARLY_BYTES    ((size_t)128 << 20) /* of mails kept back */
#define EARLY_REJECTS  20000

static void
samples_fini(struct samples *s)
{
	buf_fini(&s->bytes);
	free(s->sizes);
	*s = (struct samples){0};
}

static bool
is_full(const struct samples *s)
{
	return s->n >= ENOUGH_SAMPLES || s->bytes.n > SAMPLES_BYTES;
}

static void
add_sample(struct samples *s, int64_t base_us, const struct hop_line *lines, size_t n)
{
	size_t before = s->bytes.n;
	if (is_full(s))
		return;
	evidence_content(&s->bytes, base_us, lines, n);
	MEMORY_ROOM(&s->sizes, s->n, &s->cap);
	s->sizes[s->n++] = s->bytes.n - before;
}

static void
add_mail_sample(struct writer *w, const struct mail *mail)
{
	struct arena arena = {0};
	const struct hop *hops[MAIL_LINES_HOPS];
	size_t n = 0, n_lines;
	for (const struct hop *hop = mail->hops; hop && n < MAIL_LINES_HOPS; hop = hop->next)
		hops[n++] = hop;
	n = mail_lines_fit(hops, n);
	const struct hop_line *lines = mail_lines_join(&arena, hops, n, &n_lines);
	add_sample(&w->samples, hops[0]->arrived_us, lines, n_lines);
	arena_fini(&arena);
}

static void
add_reject_sample(struct writer *w, const struct reject *reject)
{
	struct buf text = {0};
	rows_reject_text(&text, reject);
	const struct hop_line line = {.t_us = reject->t_us, .raw = buf_slice(&text)};
	add_sample(&w->reject_samples, reject->t_us, &line, 1);
	buf_fini(&text);
}

bool
writer_is_early(const struct writer *w)
{
	return evidence_dictionary(w->evidence) == 0 && w->counts.mails + w->counts.rejects == 0 &&
	       !w->failed;
}

void
writer_add_early_mail(struct writer *w, struct mail *mail)
{
	add_mail_sample(w, mail);
	MEMORY_ROOM(&w->early, w->n_early, &w->cap_early);
	w->early[w->n_early++] = mail;
	w->early_bytes += writer_mail_bytes(mail);
	if (is_full(&w->samples) || w->early_bytes > EARLY_BYTES)
		writer_end_early(w);
}

void
writer_add_early_reject(struct writer *w, struct reject *reject)
{
	add_reject_sample(w, reject);
	reject->next = NULL;
	*w->early_tail = reject;
	w->early_tail = &reject->next;
	if (++w->n_early_rejects >= EARLY_REJECTS)
		writer_end_early(w);
}

static bool
store_dictionary(
	struct writer *w, enum dictionary_kind kind, const struct buf *dict, struct error *err)
{
	char number[16];
	snprintf(number, sizeof(number), "%d", (int)kind);
	const char *values[] = {number, dict->p};
	const int lengths[] = {0, (int)dict->n};
	const int formats[] = {0, 1};
	const Oid types[] = {21, 17};
	return db_query(w->db, "INSERT INTO zdict (id, kind, dict) VALUES ($1, $1, $2)",
		&(struct db_params){2, types, values, lengths, formats}, DB_TEXT, NULL, err);
}

static void
use_dictionary(struct writer *w, struct evidence *evidence, enum dictionary_kind kind,
	const struct buf *dict)
{
	struct error err;
	if (!store_dictionary(w, kind, dict, &err)) {
		writer_fail(w, &err);
		return;
	}
	/* Each of the two reads what the other has written. */
	evidence_add_dictionary(w->evidence, kind, buf_slice(dict), evidence == w->evidence);
	evidence_add_dictionary(w->reject_evidence, kind, buf_slice(dict), evidence != w->evidence);
}

static void
train(struct writer *w, struct samples *s, struct evidence *evidence, enum dictionary_kind kind)
{
	struct slice *samples = memory_new((s->n + 1) * sizeof(*samples));
	size_t at = 0;
	for (size_t i = 0; i < s->n; i++) {
		samples[i] = slice_of(s->bytes.p + at, s->sizes[i]);
		at += s->sizes[i];
	}
	struct buf dict = {0};
	if (evidence_dictionary(evidence) == 0 && evidence_train(samples, s->n, &dict))
		use_dictionary(w, evidence, kind, &dict);
	buf_fini(&dict);
	free(samples);
	samples_fini(s);
}

/* Dictionaries are made of the first lines this database gets; then everything goes on that waited
 * for them. */
void
writer_end_early(struct writer *w)
{
	struct mail **mails = w->early;
	size_t n = w->n_early;
	struct reject *reject = w->early_rejects;
	if (n == 0 && !reject)
		return;
	train(w, &w->samples, w->evidence, DICTIONARY_MAILS);
	train(w, &w->reject_samples, w->reject_evidence, DICTIONARY_REFUSALS);
	w->early = NULL;
	w->early_rejects = NULL;
	w->early_tail = &w->early_rejects;
	w->n_early = w->cap_early = w->early_bytes = 0;
	for (size_t i = 0; i < n; i++)
		writer_place_mail(w, mails[i]);
	free(mails);
	while (reject) {
		struct reject *next = reject->next;
		writer_place_reject(w, reject);
		reject = next;
	}
}

void
writer_free_early(struct writer *w)
{
	writer_free_mails(w->early, w->n_early);
	writer_free_rejects(w->early_rejects);
	samples_fini(&w->samples);
	samples_fini(&w->reject_samples);
}
