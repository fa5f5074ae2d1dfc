/*
 * The wordings behind the reason classes: what Postfix says itself, and how other servers word
 * their replies (Exchange and Outlook.com, Gmail, Yahoo, Exim, Sendmail, qmail, Dovecot, Cyrus,
 * Amavis, ...).
 *
 * A wording counts at the start of a word only, whatever its case; a '_' at its end asks for the
 * end of a word there. Of all wordings a reply holds the weightiest decides, of equals the first in
 * the text: servers say the matter first ("Sender address rejected: Domain not found").
 */
#ifndef ELSE_PARSE_REASON_WORDS_H
#define ELSE_PARSE_REASON_WORDS_H

#include "parse/reason.h"

enum reason_weight {
	REASON_WEIGHT_NONE,
	REASON_VAGUE,  /* said for many causes: "access denied" */
	REASON_LIKELY, /* mostly of this class: "reputation"; outweighs a general status code */
	REASON_SURE,   /* "user unknown" */
	REASON_OVER,   /* decides beside a sure one: "greylisted", "host not found, try again" */
};

struct reason_wordings {
	enum reason reason;
	enum reason_weight weight;
	const char *words; /* lower case, '|' between; each of three signs or more */
};

extern const struct reason_wordings reason_wordings[];
extern const size_t reason_wordings_count;

#endif
