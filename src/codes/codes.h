/*
 * What the answer of a mail server means, in plain words: reason, who can act, what to do next. The
 * table and the words (English, French) are data/codes; command line, API and WUI show the same.
 *
 * Sources: the IANA registry "SMTP Enhanced Status Codes" (RFC 3463, RFC 5248 and the RFCs it
 * lists), RFC 5321 4.2.3, the providers' postmaster pages named in data/codes/codes.txt.
 */
#ifndef ELSE_CODES_CODES_H
#define ELSE_CODES_CODES_H

#include "base/buf.h"
#include "parse/reason.h"

/* Who can do something about it. */
enum codes_who {
	CODES_WHO_NOBODY,
	CODES_WHO_SENDER,
	CODES_WHO_RECIPIENT,
	CODES_WHO_WE, /* who run our own servers */
	CODES_WHO_REMOTE_ADMINISTRATOR,
	CODES_WHO_COUNT
};

/* Does the mail get another try by itself? */
enum codes_retry { CODES_RETRY_BY_CODE, CODES_RETRY_YES, CODES_RETRY_NO };

enum codes_severity {
	CODES_SEVERITY_BY_CODE,
	CODES_SEVERITY_INFO,
	CODES_SEVERITY_WARNING,
	CODES_SEVERITY_ERROR,
	CODES_SEVERITY_CRITICAL, /* concerns all mail of a server, not this one */
	CODES_SEVERITY_COUNT
};

enum codes_language { CODES_LANGUAGE_EN, CODES_LANGUAGE_FR, CODES_LANGUAGE_COUNT };

/* Words around an explanation. */
enum codes_word {
	CODES_WORD_WHO_NOBODY, /* in the order of enum codes_who */
	CODES_WORD_WHO_SENDER,
	CODES_WORD_WHO_RECIPIENT,
	CODES_WORD_WHO_WE,
	CODES_WORD_WHO_REMOTE_ADMINISTRATOR,
	CODES_WORD_RETRY_UNKNOWN, /* in the order of enum codes_retry */
	CODES_WORD_RETRY_YES,
	CODES_WORD_RETRY_NO,
	CODES_WORD_LABEL_WHO,
	CODES_WORD_LABEL_RETRY,
	CODES_WORD_LABEL_CODE,
	CODES_WORD_LABEL_REASON,
	CODES_WORD_LABEL_PROVIDER,
	CODES_WORD_GENERAL,
	CODES_WORD_ASKED_NOTHING,
	CODES_WORD_COUNT
};

/* What is known of an answer; each part may be empty. Borrowed. */
struct codes_question {
	struct slice smtp;  /* "452" */
	struct slice dsn;   /* "4.2.2" */
	enum reason reason; /* reason_of all of it */
	struct slice text;  /* the words of the answer */
	struct slice mx;    /* name of the server that gave it */
	bool given_up;	    /* there will be no more tries, whatever the answer says */
	bool we_said_it;    /* a server of ours refused: who can act is seen from its side */
};

/* One text; all of it UTF-8, from the program itself. */
struct codes_text {
	const char *title;
	const char *what;   /* what happened */
	const char *advice; /* what to do next, and by whom */
};

struct codes_explanation {
	char key[24];	      /* of the row: "4.2.2", "5.7.606-649", "5.7.*", "450", "reason" */
	const char *text_key; /* section of data/codes: "mailbox_full" */
	const char *provider; /* "gmail"; NULL: any, or not known */
	enum reason reason;   /* that of the answer if it is known, else that of the row */
	enum codes_who who;
	enum codes_retry retry; /* BY_CODE: there was no code */
	enum codes_severity severity;
	bool general; /* the code itself is not in the table: by its subject or class only */
	struct codes_text text[CODES_LANGUAGE_COUNT];
};

/* False when there is nothing to explain: no code, no reason, no known words. */
bool codes_explain(const struct codes_question *question, struct codes_explanation *explanation);

/* Finds the code in what somebody pasted: a code, a name of a reason class, an answer, a log line,
 * a part of a bounce; and the reason in its words. Borrows from `text`. */
void codes_read(struct slice text, struct codes_question *question);

/* "nobody", "sender", "recipient", "we", "remote_administrator" */
const char *codes_who_name(enum codes_who who);
/* "info", "warning", "error", "critical" */
const char *codes_severity_name(enum codes_severity severity);
/* "en", "fr" */
const char *codes_language_name(enum codes_language language);

/* From "fr", "fr_CA.UTF-8", "fr-CH,fr;q=0.9": what stands first. False when it is none of ours. */
bool codes_language_by_name(struct slice name, enum codes_language *language);

const char *codes_word(enum codes_language language, enum codes_word word);

/* The fields of an explanation into an open JSON object: reason (or null), key, text_key, provider
 * (or null), who_acts, retry (or null), severity, general, lang, title, what, advice. */
void codes_explanation_add_json(
	struct buf *b, const struct codes_explanation *explanation, enum codes_language language);

/* The whole table as one JSON object: lang, who (names by key), codes (an array of rows, each code
 * of its own: "4.2.2", "5.2.2"). */
void codes_add_json(struct buf *b, enum codes_language language);

#endif
