/*
 * Dictionaries for the lines of a database, made of the first lines it gets: as soon as there are
 * some, and anew with each commit that has four times as many samples as the last one was made of,
 * until there are enough for good.
 */
#include "store/writer_internal.h"

#include "base/memory.h"
#include "store/mail_lines.h"

#include <stdlib.h>

#define SAMPLES_FIRST  100
#define SAMPLES_ENOUGH 4000
#define SAMPLES_GROWTH 4
#define SAMPLES_BYTES  ((size_t)8 << 20)

static void
forget(struct samples *s)
{
	buf_fini(&s->bytes);
	free(s->sizes);
	*s = (struct samples){.made_of = s->made_of};
}

void
writer_free_samples(struct writer *w)
{
	forget(&w->samples);
	forget(&w->reject_samples);
}

/* ---- samples ---- */

static bool
is_full(const struct samples *s)
{
	return s->n >= SAMPLES_ENOUGH || s->bytes.n > SAMPLES_BYTES;
}

bool
writer_has_samples(const struct writer *w)
{
	return is_full(&w->samples);
}

static bool
is_wanted(const struct samples *s)
{
	return s->made_of < SAMPLES_ENOUGH && !is_full(s);
}

static void
add_sample(struct samples *s, int64_t base_us, const struct hop_line *lines, size_t n)
{
	size_t before = s->bytes.n;
	evidence_content(&s->bytes, base_us, lines, n);
	MEMORY_ROOM(&s->sizes, s->n, &s->cap);
	s->sizes[s->n++] = s->bytes.n - before;
}

void
writer_sample_mail(struct writer *w, const struct mail *mail)
{
	if (!is_wanted(&w->samples))
		return;
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

void
writer_sample_reject(struct writer *w, const struct reject *reject)
{
	if (!is_wanted(&w->reject_samples))
		return;
	struct buf text = {0};
	rows_reject_text(&text, reject);
	const struct hop_line line = {.t_us = reject->t_us, .raw = buf_slice(&text)};
	add_sample(&w->reject_samples, reject->t_us, &line, 1);
	buf_fini(&text);
}

/* ---- dictionaries ---- */

static bool
load_made_of(struct writer *w, struct error *err)
{
	PGresult *rows;
	if (!db_query_text(w->db, "SELECT kind, max(samples) FROM zdict GROUP BY kind", 0, NULL,
		    &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++) {
		long kind = strtol(PQgetvalue(rows, i, 0), NULL, 10);
		struct samples *s = kind == DICTIONARY_MAILS ? &w->samples : &w->reject_samples;
		s->made_of = strtoul(PQgetvalue(rows, i, 1), NULL, 10);
	}
	PQclear(rows);
	return true;
}

bool
writer_load_dictionaries(struct writer *w, struct error *err)
{
	return load_dictionaries(w->db, w->evidence, DICTIONARY_MAILS, err) &&
	       load_dictionaries(w->db, w->reject_evidence, DICTIONARY_REFUSALS, err) &&
	       load_made_of(w, err);
}

/* Its id; 0 and `err` when it could not be stored. */
static int
store(struct writer *w, enum dictionary_kind kind, size_t samples, const struct buf *dict,
	struct error *err)
{
	PGresult *rows;
	char number[16], made_of[24];
	snprintf(number, sizeof(number), "%d", (int)kind);
	snprintf(made_of, sizeof(made_of), "%zu", samples);
	const char *values[] = {number, made_of, dict->p};
	const int lengths[] = {0, 0, (int)dict->n};
	const int formats[] = {0, 0, 1};
	const Oid types[] = {21, 23, 17};
	if (!db_query(w->db,
		    "INSERT INTO zdict (id, kind, samples, dict) SELECT coalesce(max(id), 0) + 1, "
		    "$1, $2, $3 "
		    "FROM zdict RETURNING id",
		    &(struct db_params){3, types, values, lengths, formats}, DB_TEXT, &rows, err))
		return 0;
	int id = (int)strtol(PQgetvalue(rows, 0, 0), NULL, 10);
	PQclear(rows);
	return id;
}

static void
use(struct writer *w, enum dictionary_kind kind, size_t samples, const struct buf *dict)
{
	struct error err;
	int id = store(w, kind, samples, dict, &err);
	if (id == 0) {
		writer_fail(w, &err);
		return;
	}
	/* Each of the two reads what the other has written. */
	evidence_add_dictionary(w->evidence, id, buf_slice(dict), kind == DICTIONARY_MAILS);
	evidence_add_dictionary(
		w->reject_evidence, id, buf_slice(dict), kind == DICTIONARY_REFUSALS);
}

static bool
is_due(const struct samples *s)
{
	return s->n >= SAMPLES_FIRST && (is_full(s) || s->n >= SAMPLES_GROWTH * s->made_of);
}

static void
train(struct writer *w, enum dictionary_kind kind, struct samples *s)
{
	struct buf dict = {0};
	if (!is_due(s))
		return;
	struct slice *samples = memory_new(s->n * sizeof(*samples));
	for (size_t i = 0, at = 0; i < s->n; at += s->sizes[i++])
		samples[i] = slice_of(s->bytes.p + at, s->sizes[i]);
	if (evidence_train(samples, s->n, &dict))
		use(w, kind, s->n, &dict);
	s->made_of = is_full(s) ? SAMPLES_ENOUGH : s->n;
	if (is_full(s))
		forget(s);
	buf_fini(&dict);
	free(samples);
}

void
writer_train(struct writer *w)
{
	train(w, DICTIONARY_MAILS, &w->samples);
	train(w, DICTIONARY_REFUSALS, &w->reject_samples);
}
