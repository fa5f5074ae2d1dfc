/* Before a database has dictionaries: the first mails it gets are kept back until they are made. */
#include "store/writer_internal.h"

#include "base/memory.h"

#include <stdlib.h>

#define EARLY_BYTES   ((size_t)128 << 20) /* of mails kept back */
#define EARLY_REJECTS 20000

bool
writer_is_early(const struct writer *w)
{
	return evidence_dictionary(w->evidence) == 0 && w->counts.mails + w->counts.rejects == 0 &&
	       !w->failed;
}

void
writer_add_early_mail(struct writer *w, struct mail *mail)
{
	MEMORY_ROOM(&w->early, w->n_early, &w->cap_early);
	w->early[w->n_early++] = mail;
	w->early_bytes += writer_mail_bytes(mail);
	if (writer_has_samples(w) || w->early_bytes > EARLY_BYTES)
		writer_end_early(w);
}

void
writer_add_early_reject(struct writer *w, struct reject *reject)
{
	reject->next = NULL;
	*w->early_tail = reject;
	w->early_tail = &reject->next;
	if (++w->n_early_rejects >= EARLY_REJECTS)
		writer_end_early(w);
}

/* Everything goes on that waited for the dictionaries. */
void
writer_end_early(struct writer *w)
{
	struct mail **mails = w->early;
	size_t n = w->n_early;
	struct reject *reject = w->early_rejects;
	if (n == 0 && !reject)
		return;
	writer_train(w);
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
}
