/*
 * The journey of a mail: a pure function from its hops to what happened. It joins hops (and says
 *how strongly), finds where the mail entered our servers, and which deliveries are the last word
 *for each recipient. Both the store (what to write) and `elsectl trace` (what to show) use it.
 *
 *	struct journey j = {0};
 *	journey_build(&j, mail, &topology, &arena);
 *	for (i < j.n_leaves) ... j.leaves[i] ...
 */
#ifndef ELSE_TRACE_JOURNEY_H
#define ELSE_TRACE_JOURNEY_H

#include "parse/reason.h"
#include "trace/hop.h"
#include "trace/topology.h"

enum join {
	JOIN_NONE,
	JOIN_MESSAGE_ID,    /* same Message-ID, the client is the other host, times fit: weak */
	JOIN_QUEUED_AS,	    /* the sender's reply names the queue id: strong */
	JOIN_FORWARDED,	    /* local(8) "forwarded as", Sieve */
	JOIN_ORIG_QUEUE_ID, /* XFORWARD, or requeued: exact */
};

struct journey_hop {
	struct hop *hop;
	struct journey_hop *before; /* the hop this one came from; NULL = none known */
	enum join join;		    /* how `before` was found */
	struct journey_hop
		*filter; /* the content filter's own log of this hop, on another host; or NULL */
	uint32_t n;	 /* place in the journey, from 1, by time */
	uint32_t branch; /* identity of the arrival this hop belongs to (32 bits, stored) */
	bool entry;	 /* here the mail came from outside our servers; it counts as one mail */
	bool notice;	 /* an NDR or another notification of our own */
};

/* The last word for one recipient of one arrival. */
struct leaf {
	struct journey_hop *at;	   /* the hop that has the last word */
	struct journey_hop *entry; /* the hop where the mail came in */
	const struct delivery
		*delivery; /* NULL: the mail has no delivery line (held, refused, canceled, ...) */
	struct slice to, orig_to; /* orig_to: as the sender wrote it; empty when the same */
	enum status status;
	enum reason reason;
	enum way way;
	int64_t last_us; /* newest try, or the newest line */
	uint32_t tries;
	const struct attempt *last; /* may be NULL */
	bool first;		    /* of its mail: carries the count of mails */
	bool ends_here;		    /* its address is ours, or it lies in a mailbox of ours */
	bool ours;		    /* the client is ours: logged in, local, own network */
	bool counted; /* in statistics: no NDR, no probe, no refused whole mail counts as mail */
};

struct journey {
	struct journey_hop *hops; /* sorted by arrival */
	size_t n_hops;
	struct leaf *leaves;
	size_t n_leaves, cap_leaves;
	size_t n_entries;
	struct slice msgid; /* of the first hop that has one */
};

/* All results live in `arena`; hops stay the mail's. Learns own domains into `topology`. */
void journey_build(
	struct journey *j, const struct mail *mail, struct topology *topology, struct arena *arena);

/* True for an arrival that was taken (not refused, canceled or discarded before the queue). */
bool journey_accepted(const struct journey_hop *entry);

/* True when this recipient was refused at SMTP time, of a mail that was taken for others. */
bool journey_rcpt_refused(const struct leaf *leaf);

/* A transport without a network: into a mailbox, or to a program of the machine. */
bool journey_is_local(enum program program);

/* True when it was delivered to a server that is not known as ours: once it is, that is "relayed".
 */
bool journey_handed_over(const struct leaf *leaf);

const char *join_name(enum join join);

/* The client of the mail as the world sees it: of the entry hop. */
struct slice journey_client_ip(const struct journey_hop *entry);

#endif
