/* What `elsectl trace` asks the database. */
#ifndef ELSE_ELSECTL_TRACE_STORE_H
#define ELSE_ELSECTL_TRACE_STORE_H

#include "elsectl/app.h"
#include "elsectl/view.h"
#include "store/load.h"

struct trace_store {
	struct db *db;
	struct evidence *evidence;
	struct topology topology;
};

bool trace_store_open(struct trace_store *s, struct app *app, struct error *err);
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
