/* Answers: JSON, and problems (RFC 9457). The catalogue of problems is in api/openapi.yaml's words.
 */
#ifndef ELSE_FRONTEND_ANSWER_H
#define ELSE_FRONTEND_ANSWER_H

#include "base/error.h"
#include "frontend/request.h"
#include "query/query.h"

struct db;

/* The body is filled in by the caller: r->answer.body. */
void answer_json(struct request *r, int status);
void answer_text(struct request *r, const char *type);
void answer_empty(struct request *r, int status);

/* Borrows the value, which lives as long as the request. */
void answer_header(struct request *r, const char *name, const char *value);

/* type "bad-query" is /problems/bad-query. */
void answer_problem(struct request *r, int status, const char *type, const char *title);

/* The same with one of errors[]; pos < 0, NULL and empty texts are left out. */
struct answer_fault {
	const char *pointer; /* "q": #/q */
	long pos;
	struct slice detail, hint;
};
void answer_fault(struct request *r, int status, const char *type, const char *title,
	const struct answer_fault *fault);

/* 422: this argument or member is not right. */
void answer_invalid(struct request *r, const char *name, const char *detail);

/* 400: a query that cannot be read or answered. */
void answer_bad_query(struct request *r, const struct query_error *error);

/* What the database said: too slow (503), a body that is no JSON (400), or a trouble of ours, which
 * is logged (500, 503). */
void answer_trouble(struct request *r, const struct db *db, const struct error *err);

/* The body is what has this hash: 304 when the client has it. Of a JSON answer. */
void answer_etag(struct request *r);

/* Packs the body when that is worth it and the client takes it. */
void answer_pack(struct request *r);

#endif
