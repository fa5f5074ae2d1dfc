/* Counts over mails and refusals, as people count: a mail once, however many servers it crossed. */
#ifndef ELSE_ELSECTL_TALLY_H
#define ELSE_ELSECTL_TALLY_H

#include "base/buf.h"
#include "show/output.h"
#include "trace/journey.h"

struct tally {
	uint64_t mails; /* arrivals that were taken */
	uint64_t ways[WAY_COUNT];
	uint64_t deliveries; /* last words, one for each recipient */
	uint64_t by_status[STATUS_COUNT];
	uint64_t hops;
	uint64_t notices; /* NDRs and other mail of our own making */
	uint64_t rejects; /* refusals without a mail, mails refused as a whole, and recipients that
			     were refused of a mail that was taken */
	uint64_t rejects_by_status[STATUS_COUNT];
};

void tally_mail(struct tally *t, const struct journey *j);
void tally_reject(struct tally *t, enum status status);

/* Lines "Mails ...", "Deliveries ...", "Refusals ...". */
void tally_print(const struct tally *t, struct output *o);

/* Members "mails", "ways", "deliveries", "rejects", ... of an object that is open. */
void tally_add_json(const struct tally *t, struct buf *b);

#endif
