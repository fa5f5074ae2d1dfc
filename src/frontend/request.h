/*
 * One HTTP request and its answer, without a word of how HTTP is spoken: server.c fills it in, a
 * worker answers it. Text of the request lies in its arena, as all text that an answer needs until
 * it is sent.
 */
#ifndef ELSE_FRONTEND_REQUEST_H
#define ELSE_FRONTEND_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "frontend/pipe.h"
#include "frontend/viewer.h"

enum {
	REQUEST_MOST_ARGS = 32,
	REQUEST_MOST_BODY = 640 * 1024, /* a pasted bounce, as a JSON string */
	REQUEST_MOST_HEADERS = 8	/* of an answer, besides those that all have */
};

struct request_arg {
	struct slice name, value;
};

/* Headers of the request that mean something to us; empty when they are not there. */
struct request_headers {
	struct slice authorization, cookie, content_type, csrf, fetch_site, host, if_match,
		if_none_match, last_event_id, origin, user_agent;
	bool takes_gzip;
};

struct answer {
	int status; /* 0: none yet */
	const char *type;
	struct buf body;
	bool gzip;	   /* the body is packed */
	struct pipe *pipe; /* the body, when it comes bit by bit */
	struct {
		const char *name;
		const char *value;
	} headers[REQUEST_MOST_HEADERS];
	size_t n_headers;
};

struct route;

struct request {
	struct arena arena;
	char id[24];
	struct slice method, path;
	const struct route *route;
	struct slice param;			    /* {id} of the path */
	struct request_arg args[REQUEST_MOST_ARGS]; /* of the URL; of a body that has members too */
	size_t n_args;
	struct request_headers headers;
	struct buf body;
	struct slice ip; /* of the client; of a proxy's client */
	bool secure;	 /* it came over TLS, here or to the proxy */
	bool too_large;	 /* the body */
	bool gone;	 /* the client; set by another thread */
	struct viewer viewer;
	void *connection;   /* of server.c */
	bool streams_alone; /* the live tail has taken the pipe */
	int holders;	    /* see request_hold */
	const char
		*audited; /* what was read or changed, for the audit log; NULL: the path's {id} */
	struct answer answer;
	int64_t began_us;
};

/* An argument; empty when it is not there. */
struct slice request_arg(const struct request *r, const char *name);
bool request_has_arg(const struct request *r, const char *name);

/* A number between the two; `otherwise` when it is not there. False, and answered with 422, when it
 * is something else. */
bool request_number(struct request *r, const char *name, int64_t least, int64_t most,
	int64_t otherwise, int64_t *value);

/* One of the words, by its place; the first when it is not there. False, and answered. */
bool request_choice(struct request *r, const char *name, const char *const *words, size_t *chosen);

/* In the arena, with NUL. */
const char *request_text(struct request *r, struct slice s);

/* The value of a cookie; empty when there is none. */
struct slice request_cookie(const struct request *r, const char *name);

/* Takes "a=b&c=d" apart: %XX and + are undone. Too many are left out. */
void request_add_args(struct request *r, struct slice query);
void request_add_arg(struct request *r, struct slice name, struct slice value);

struct request *request_new(void);

/* One more who will free it: a worker that goes on while the answer is being sent. */
void request_hold(struct request *r);
void request_free(struct request **r);

#endif
