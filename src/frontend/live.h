/*
 * The live tail: one thread looks once a second for what is new for each stream, and writes it as
 * server-sent events (WHATWG HTML, 9.2). A stream goes on for ten minutes without a reader, so that
 * one who comes back with Last-Event-ID ("STREAM.NUMBER") gets everything once. The reader's rights
 * are looked up again each minute.
 */
#ifndef ELSE_FRONTEND_LIVE_H
#define ELSE_FRONTEND_LIVE_H

#include "base/error.h"
#include "frontend/request.h"

struct live;

struct live *live_start(const char *conninfo, struct error *err);

/* Readers get "bye". */
void live_stop(struct live **live);

unsigned live_readers(struct live *live);

/* Takes the request's pipe, and writes to it from now on. False: the caller has too many. */
struct live_wish {
	int64_t account;
	const char *session; /* NULL: a token */
	struct slice q;
	int64_t zone_us;
	struct slice last_event_id;
	struct pipe *pipe;
};
bool live_add(struct live *live, const struct live_wish *wish);

#endif
