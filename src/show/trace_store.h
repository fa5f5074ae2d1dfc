/* What the journey of a mail asks the database. */
#ifndef ELSE_SHOW_TRACE_STORE_H
#define ELSE_SHOW_TRACE_STORE_H

#include "show/output.h"
#include "show/view.h"
#include "store/load.h"

struct trace_store {
	struct db *db; /* borrowed */
	struct evidence *evidence;
	struct topology topology;
};

/* Reads what is needed for every mail; close it after a failure too. */
bool trace_store_open(struct trace_store *s, struct db *db, struct error *err);
void trace_store_close(struct trace_store *s);

/* The stored mail, NULL when there is none; the caller frees. */
bool trace_store_mail(
	struct trace_store *s, const struct load_key *key, struct mail **mail, struct error *err);

/* By Message-ID, with or without its brackets. */
bool trace_store_msgid(
	struct trace_store *s, struct slice text, struct mail **mail, struct error *err);

/* Adds what is not in the mail itself: roles of hosts, notices and what they are of, other
 * arrivals. */
bool trace_store_complete(struct trace_store *s, struct view *v, struct error *err);

/* A refusal, read again from its lines. */
struct stored_reject {
	struct reject *reject; /* NULL: there is none */
	char id[64];
	enum way way;
	enum reason reason;
	enum status status;
	struct slice host;
	int64_t t_us;
	struct hop_line *lines;
	size_t n_lines;
	struct arena arena;
};

bool trace_store_reject(struct trace_store *s, const struct mail_id_text *id,
	struct stored_reject *reject, struct error *err);
void stored_reject_fini(struct stored_reject *reject);

/* The same members as a mail, as far as they make sense (stored_reject.c). */
void stored_reject_add_json(struct buf *b, const struct stored_reject *reject, bool lines);
void stored_reject_print(const struct stored_reject *reject, struct output *o, bool lines);

#endif
