/* What the writer's own files share. */
#ifndef ELSE_STORE_WRITER_INTERNAL_H
#define ELSE_STORE_WRITER_INTERNAL_H

#include "base/time.h"
#include "store/known.h"
#include "store/load.h"
#include "store/pool.h"
#include "store/rows.h"
#include "store/writer.h"

#define WRITER_LIFE_US (9 * TIME_DAY_US) /* a mail's life in queues, with some to spare */

/* What the next dictionary will be made of. */
struct samples {
	struct buf bytes;
	size_t *sizes;
	size_t n, cap;
	size_t made_of; /* how many the one in use was made of; 0 = there is none */
};

struct writer {
	struct writer_options options;
	struct writer_counts counts;
	struct error err;
	bool failed;
	struct db *db;	     /* of the second path and of everything small */
	struct db *terms_db; /* of the terms: commits by itself */
	struct terms *terms;
	struct evidence *evidence, *reject_evidence;
	struct known known;
	struct rows rows;
	struct pool *pool;
	uint64_t next_seq;
	struct batch *batch;
	uint64_t *written; /* ids of mails written in this run, the newest at each place */

	/* For the second path. */
	struct mail **care;
	size_t n_care, cap_care, care_bytes;
	struct reject *care_rejects;
	size_t n_care_rejects;

	struct samples samples, reject_samples;

	/* Until there is a dictionary, or a commit, everything waits here. */
	struct mail **early;
	size_t n_early, cap_early, early_bytes;
	struct reject *early_rejects, **early_tail;
	size_t n_early_rejects;
};

/* Keeps the first error; returns false. */
bool writer_fail(struct writer *w, const struct error *err);

/* writer_place.c: which path a mail or a refusal takes. Both take their argument. */
void writer_place_mail(struct writer *w, struct mail *mail);
void writer_place_reject(struct writer *w, struct reject *reject);
void writer_put_batch(struct writer *w);

/* writer_dictionary.c: dictionaries for the lines, made of the first lines of a database. */
bool writer_load_dictionaries(struct writer *w, struct error *err);
void writer_sample_mail(struct writer *w, const struct mail *mail);
void writer_sample_reject(struct writer *w, const struct reject *reject);
bool writer_has_samples(const struct writer *w); /* as many of mails as are wanted */
void writer_train(struct writer *w);
void writer_free_samples(struct writer *w);

/* writer_early.c: what comes before there is a dictionary */
bool writer_is_early(const struct writer *w);
void writer_add_early_mail(struct writer *w, struct mail *mail);
void writer_add_early_reject(struct writer *w, struct reject *reject);
void writer_end_early(struct writer *w);
void writer_free_early(struct writer *w);

/* writer_merge.c: writes what is in the care lists, in one transaction, after everything before is
 * committed. */
bool writer_merge(struct writer *w);

/* Makes the rows of these mails again. What was given before must be committed. */
bool writer_make_again(struct writer *w, const struct load_key *keys, size_t n);

/* writer_settle.c: what this run has learned changes what mails stored before are. */
bool writer_settle_relays(struct writer *w);

/* Partitions for rows of this time. Not within a transaction. */
bool writer_need_week(struct writer *w, int64_t t_us);

/* Until all batches given to the pool are committed. */
bool writer_drain(struct writer *w);

/* Has the mail two pieces of one hop? (Lines that came a second time.) */
bool writer_has_twins(const struct mail *mail);

size_t writer_mail_bytes(const struct mail *mail);
void writer_free_mails(struct mail **mails, size_t n);
void writer_free_rejects(struct reject *rejects);

#endif
