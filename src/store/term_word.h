/* Whether a word of a mail server's reply belongs to its wording or was made for this one mail. */
#ifndef ELSE_STORE_TERM_WORD_H
#define ELSE_STORE_TERM_WORD_H

#include "base/slice.h"

/* A word and what stands around it. */
struct term_word {
	struct slice text;   /* all of the reply */
	size_t at;	     /* where the word begins */
	struct slice word;   /* without punctuation at its end */
	struct slice before; /* the word before it, may be empty */
	struct slice code;   /* reply code kept last, may be empty */
	struct slice local;  /* local part of the recipient, may be empty */
};

/* True: leave it out. Ids, hashes, addresses, hosts, paths, times, numbers that are no reply or
 * status codes, and single words that a reply puts in quotes or angle brackets. */
bool term_word_varies(const struct term_word *w);

/* Behind `before` (may be empty), a dotted name that stays: "blocked using zen.spamhaus.org". */
bool term_host_stays(struct slice host, struct slice before);

/* One label of such a host, or of the host of a URL. */
bool term_label_varies(struct slice label);

/* A piece of a URL's path; `query`: behind '?' or '#'. */
bool term_piece_varies(struct slice piece, bool query);

/* "550": 200 to 599. */
bool term_is_code(struct slice word);

/* "5.1.1" (RFC 3463). */
bool term_is_status(struct slice word);

static inline bool
term_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
term_is_alnum(char c)
{
	return term_is_letter(c) || slice_is_digit(c);
}

#endif
