#include "frontend/answer.h"

#include <inttypes.h>
#include <zlib.h>

#include "base/json.h"
#include "daemon/log.h"
#include "store/db.h"

enum { LEAST_PACKED = 1024, ETAG_BYTES = 24 };

void
answer_json(struct request *r, int status)
{
	r->answer.status = status;
	r->answer.type = "application/json";
}

void
answer_text(struct request *r, const char *type)
{
	r->answer.status = 200;
	r->answer.type = type;
}

void
answer_empty(struct request *r, int status)
{
	buf_clear(&r->answer.body);
	r->answer.status = status;
	r->answer.type = NULL;
}

void
answer_header(struct request *r, const char *name, const char *value)
{
	struct answer *a = &r->answer;
	if (a->n_headers == REQUEST_MOST_HEADERS)
		return;
	a->headers[a->n_headers].name = name;
	a->headers[a->n_headers++].value = value;
}

static void
add_fault(struct buf *b, const struct answer_fault *fault)
{
	struct buf pointer = {0};
	buf_addf(&pointer, "#/%s", fault->pointer);
	json_add_key(b, "errors");
	buf_add_str(b, "[{");
	json_add_field(b, "pointer", buf_slice(&pointer));
	if (fault->pos >= 0)
		json_add_field_i64(b, "pos", fault->pos);
	json_add_field_some(b, "detail", fault->detail);
	json_add_field_some(b, "hint", fault->hint);
	buf_add_str(b, "}]");
	buf_fini(&pointer);
}

void
answer_fault(struct request *r, int status, const char *type, const char *title,
	const struct answer_fault *fault)
{
	struct buf *b = &r->answer.body, text = {0};
	buf_clear(b);
	buf_add_char(b, '{');
	buf_addf(&text, "/problems/%s", type);
	json_add_field(b, "type", buf_slice(&text));
	json_add_field_str(b, "title", title);
	json_add_field_i64(b, "status", status);
	buf_clear(&text);
	buf_addf(&text, "/api/v1/requests/%s", r->id);
	json_add_field(b, "instance", buf_slice(&text));
	if (fault)
		add_fault(b, fault);
	buf_add_str(b, "}\n");
	r->answer.status = status;
	r->answer.type = "application/problem+json";
	buf_fini(&text);
}

void
answer_problem(struct request *r, int status, const char *type, const char *title)
{
	answer_fault(r, status, type, title, NULL);
}

void
answer_invalid(struct request *r, const char *name, const char *detail)
{
	answer_fault(r, 422, "invalid", "A value is not right.",
		&(struct answer_fault){name, -1, slice_of_str(detail), S("")});
}

void
answer_bad_query(struct request *r, const struct query_error *error)
{
	bool cursor = request_has_arg(r, "cursor") && slice_contains(error->message, S("cursor"));
	answer_fault(r, 400, cursor ? "bad-cursor" : "bad-query", request_text(r, error->message),
		&(struct answer_fault){
			cursor ? "cursor" : "q", (long)error->pos, error->message, error->hint});
}

void
answer_trouble(struct request *r, const struct db *db, const struct error *err)
{
	const char *state = db ? db_sqlstate(db) : "";
	if (strcmp(state, "57014") == 0) {
		answer_problem(r, 503, "too-slow",
			"This took longer than it may; ask for less time or add a condition.");
	} else if (strncmp(state, "22", 2) == 0) {
		answer_problem(r, 400, "bad-request", "The body or an argument cannot be read.");
	} else {
		log_say(LOG_LEVEL_ERROR, "request %s: %s", r->id, err->text);
		answer_header(r, "Retry-After", "5");
		answer_problem(r, db && !db_lost(db) ? 500 : 503, "trouble",
			"Something is wrong on our side; the log knows what.");
	}
}

void
answer_etag(struct request *r)
{
	struct buf tag = {0};
	buf_addf(&tag, "\"%016" PRIx64 "\"", slice_hash(buf_slice(&r->answer.body), 3));
	const char *text = request_text(r, buf_slice(&tag));
	answer_header(r, "ETag", text);
	if (slice_contains(r->headers.if_none_match, buf_slice(&tag)))
		answer_empty(r, 304);
	buf_fini(&tag);
}

void
answer_pack(struct request *r)
{
	struct answer *a = &r->answer;
	struct buf packed = {0};
	z_stream z = {0};
	if (!r->headers.takes_gzip || a->pipe || a->body.n < LEAST_PACKED)
		return;
	if (deflateInit2(&z, 5, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	size_t most = deflateBound(&z, a->body.n);
	z.next_in = (unsigned char *)a->body.p;
	z.avail_in = (unsigned)a->body.n;
	z.next_out = (unsigned char *)buf_room(&packed, most);
	z.avail_out = (unsigned)most;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END) {
		packed.n = z.total_out;
		buf_fini(&a->body);
		a->body = packed;
		a->gzip = true;
	} else {
		buf_fini(&packed);
	}
	deflateEnd(&z);
}
