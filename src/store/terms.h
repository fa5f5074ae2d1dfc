/*
 * Texts that repeat (relay hosts, replies, refusals) are stored once, in table `term`. Replies and
 * refusals become templates first: words that vary are cut out, so that millions of replies are
 * some hundred texts.
 */
#ifndef ELSE_STORE_TERMS_H
#define ELSE_STORE_TERMS_H

#include "base/buf.h"
#include "store/db.h"

enum term_kind { TERM_RELAY = 1, TERM_REPLY = 2, TERM_REFUSAL = 3 };

/* What a template may cut out by name; empty ones are not looked for. */
struct term_words {
	struct slice rcpt, sender, relay, client_ip, client_name, qid;
};

/* %r recipient, %s sender, %h relay, %i client address, %n client name, %q queue id, %* any other
 * word that looks made for this one mail, or several in a row (ids, hashes, numbers but reply and
 * status codes, other addresses and hosts, URLs' tails); a % of the text is doubled. Appends at
 * most 500 bytes. */
void term_template(struct buf *out, struct slice text, const struct term_words *words);

/* Borrows the connection, which is for this alone: its session no longer waits for the disk at a
 * commit (synchronous_commit), and looks up and inserts outside of transactions. After a lost
 * connection make a new one: ids of the last moment may not have survived a crash of the server. */
struct terms;
struct terms *terms_new(struct db *db);
void terms_free(struct terms **t);

/* The id of a text (its first 500 bytes); 0 for the empty one. Cached (bounded: beyond 200,000
 * texts the cache starts anew). False when the database fails. */
bool terms_id(
	struct terms *t, enum term_kind kind, struct slice text, int32_t *id, struct error *err);

#endif
