/*
 * The ids that `elsectl search` prints and `elsectl trace` takes: opaque to people, and enough to
 * find one arrival of a mail, or one refusal, without a look at anything else.
 *
 *	m<mail_id, 16 hex>-<branch, 8 hex>-<minute, hex>      a mail
 *	r<minute, hex>-<host id>-<hash, 16 hex>               a refusal
 *
 * The minute is that of t in the row (else_minute in sql/: minutes since 2020), of which a mail's
 * may be off by some: the id stays good when the arrival is dated anew. The hash of a refusal is
 * slice_hash(value of its column `lines`, 0).
 */
#ifndef ELSE_SHOW_MAIL_ID_TEXT_H
#define ELSE_SHOW_MAIL_ID_TEXT_H

#include "base/buf.h"

struct mail_id_text {
	bool reject;
	int32_t minute;
	uint64_t mail_id; /* mail */
	uint32_t branch;
	int32_t host; /* refusal */
	uint64_t hash;
};

void mail_id_text_add(struct buf *b, const struct mail_id_text *id);

/* False when the text is no such id. */
bool mail_id_text_parse(struct slice text, struct mail_id_text *id);

/* A time as minute, and the first microsecond of a minute. */
int32_t mail_id_text_minute(int64_t t_us);
int64_t mail_id_text_time_us(int32_t minute);

#endif
