/*
 * Lines that a sender sends twice. A RELP client whose connection broke sends again, in order, what
 * was not acknowledged; the acknowledgement may have been on its way, so the line may be in the
 * spool. Pure: no clock, no socket; used by one thread.
 *
 * Lines with our stamp (wire/stamp.h) are unique, so equal bytes are the same line. They are looked
 * up among the last ones of each of the sender's sessions, from a new session on until a good while
 * without repeats has passed. All bytes count and not only the uuid: a template with a fixed uuid
 * loses nothing.
 *
 * Lines without a stamp may be equal and yet not the same: in RFC 3164 logs 10 to 17 % are. But a
 * client resends its unanswered lines from the first one on, and what we have of them is an
 * unbroken piece that ends with the last line that came. So the first lines of a new session are
 * repeats when they are, one by one, the last lines of an earlier session of the same sender, up
 * to the very last. Until that is known they are held (not kept, not acknowledged); when it turns
 * out otherwise they are new. Of several runs that fit the longest counts.
 *
 *	earlier session  ... connect A | connect B | to=<c> | removed
 *	new session                      to=<c> | removed | connect D
 *	                                 held     repeat    new         (the held one: a repeat)
 *
 * A session that took over such a run continues the earlier one: a second reconnect finds all. Of
 * more than 256 places where a run may have begun only the last ones are followed.
 *
 * Two things are left to the caller: how long a line may be held (a client sends its unanswered
 * lines in one go, so a fraction of a second is plenty; then repeats_give_up), and that lines whose
 * sync failed are forgotten (repeats_forget).
 *
 * What is not recognised is kept twice, and that is the lesser evil: the lines that a client sends
 * again when our own restart has made its sessions one (repeats_remember) and thousands of lines
 * have come since; lines without a stamp whose resending was itself broken off. The correlator
 *knows the last 9,000 lines of each host by their stamps (trace/trace_host.c), so that they count
 *once.
 */
#ifndef ELSE_INTAKE_REPEATS_H
#define ELSE_INTAKE_REPEATS_H

#include "base/slice.h"

enum {
	REPEATS_SESSIONS = 8, /* ended sessions of a sender that are compared with */
};

struct repeats_options {
	size_t frames;	  /* of each session, with stamp and without, that are remembered */
	size_t cap_bytes; /* of memory for senders that are not connected; the one gone for longest
			   * is forgotten first. Connected ones are bounded by their sessions */
};

/* What becomes of held lines, oldest first: `drop` are repeats, the `keep` behind them are new.
 * Both 0 when nothing is decided. */
struct repeats_decision {
	size_t drop, keep;
};

enum repeats_answer {
	REPEATS_NEW,	/* keep this line (behind the held ones that the decision keeps) */
	REPEATS_REPEAT, /* drop it */
	REPEATS_HOLD,	/* hold it behind the others that are held */
};

struct repeats;
struct repeats_session;

struct repeats *repeats_new(const struct repeats_options *options);

/* All sessions must have ended. */
void repeats_free(struct repeats **repeats);

/* A sender has connected. Returns its session, to be ended by repeats_end. */
struct repeats_session *repeats_begin(struct repeats *repeats, struct slice sender);

/* The next line of the session: first the decision about what is held, then the answer to this one.
 * Stamped lines are never held. */
enum repeats_answer repeats_look(struct repeats_session *session, struct slice frame, bool stamped,
	struct repeats_decision *held);

/* No more waiting: decides about all that is held. */
void repeats_give_up(struct repeats_session *session, struct repeats_decision *held);

/* A line that is known to be in the spool: not looked up, but remembered. */
void repeats_remember(struct repeats_session *session, struct slice frame, bool stamped);

/* The connection has ended; what is held must have been decided. Its last lines stay remembered. */
void repeats_end(struct repeats_session **session);

/* Nothing that came can be relied upon (a sync failed): forgets all lines of all senders. What is
 * held will be found to be new. */
void repeats_forget(struct repeats *repeats);

/* Bytes of memory held. */
size_t repeats_bytes(const struct repeats *repeats);

#endif
