/* A mail or a refusal as rows of the schema. */
#ifndef ELSE_STORE_ROWS_H
#define ELSE_STORE_ROWS_H

#include "base/time.h"
#include "store/batch.h"
#include "store/evidence.h"
#include "store/terms.h"
#include "trace/journey.h"

enum delivery_flag {
	ROW_FIRST = 1,
	ROW_COUNTED = 2,
	ROW_NOTICE = 4,
	ROW_PROBE = 8,
	ROW_FORWARDED = 16,
	ROW_EXPANDED = 32,
	ROW_FILTERED = 64,
	ROW_INCOMPLETE = 128,
	ROW_HAS_NDR = 256,
	ROW_QUARANTINED = 512,
	ROW_OURS = 1024,
	ROW_REFUSED = 2048,
	ROW_HANDED_OVER = 16384, /* see journey_handed_over */
	ROW_RCPT_REFUSED = 8192, /* this recipient was refused, the mail was taken for others */
	ROW_ENDS_HERE = 4096,	 /* delivered into a mailbox of ours: its domain is our own */
};

enum hop_row_flag {
	HOP_ROW_ENTRY = 1 << 20,
	HOP_ROW_NOTICE = 1 << 21,
	HOP_ROW_OPEN = 1 << 22,
	HOP_ROW_FIRST = 1 << 23, /* of its arrival */
	HOP_ROW_LOOSE = 1 << 24, /* open, headless, or long on its way: lines far from its t may
				    belong to it */
};

#define HOP_LONG_US (3 * TIME_HOUR_US) /* see HOP_ROW_LOOSE */

/* What encoding needs besides the mail. All borrowed. */
struct rows {
	struct evidence *evidence, *reject_evidence; /* with the dictionary for each */
	struct terms *terms;
	struct topology *topology;
	/* The number of a host in table host; 0 with `err` set when the database fails. */
	int16_t (*host_id)(void *context, struct slice name, struct error *err);
	/* True when the address was not yet put into table addr in this week. */
	bool (*new_address)(void *context, struct slice address, int64_t t_us);
	/* A mail has a hop of HOP_ROW_LOOSE. */
	void (*loose_mail)(void *context, uint64_t mail_id);
	void *context;
};

/* Encodes all rows and rollups of a mail into the batch. `deliveries` is counted up. */
bool rows_add_mail(const struct rows *r, struct batch *b, const struct mail *mail,
	uint64_t *deliveries, struct error *err);

/* Only learns what the mail tells of our own domains: its rows are there already. */
void rows_learn_mail(const struct rows *r, const struct mail *mail);

bool rows_add_reject(
	const struct rows *r, struct batch *b, const struct reject *reject, struct error *err);

/* The line of a refusal without the words that stand in other columns of its row (see
 * reject_lines.h). */
void rows_reject_text(struct buf *out, const struct reject *reject);

#endif
