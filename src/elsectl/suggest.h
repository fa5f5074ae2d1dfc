/*
 * What to try next: three commands with ids that are really in the data. The mail is picked from
 * what passes by, the most telling one: bounced or waiting, over several servers, tried more than
 * once.
 */
#ifndef ELSE_ELSECTL_SUGGEST_H
#define ELSE_ELSECTL_SUGGEST_H

#include "elsectl/app.h"
#include "trace/journey.h"

#define SUGGEST_COMMANDS 3

struct suggestion {
	int score; /* 0 = none yet */
	struct buf qid, to;
	enum status status;
};

void suggest_fini(struct suggestion *s);

/* Looks at a mail. Texts that could mean something to a shell are never taken. */
void suggest_mail(struct suggestion *s, const struct journey *j);

/* For when nothing new passed by. */
bool suggest_stored(struct suggestion *s, struct db *db, struct error *err);

/* Number `i` of the commands, with the options that this program was called with. */
void suggest_add(const struct suggestion *s, const struct app *app, int i, struct buf *b);

#endif
