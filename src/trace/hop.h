/*
 * What the correlator makes of lines: hops, their deliveries and tries, and refusals.
 *
 * A hop is one queue id on one host: the transaction of a mail on one server. It owns all its text
 * in one arena, raw lines included, and can always be made again from its lines alone: the stored
 * evidence is the truth, every other field is derived from it (see docs/adr/002).
 */
#ifndef ELSE_TRACE_HOP_H
#define ELSE_TRACE_HOP_H

#include "base/arena.h"
#include "base/map.h"
#include "parse/event.h"
#include "trace/status.h"

/* A raw line kept as evidence. */
struct hop_line {
	int64_t t_us;
	uint64_t id; /* identity of the line on its host by time, pid and text; equal lines have the
			same */
	struct slice raw;
};

/* One try to deliver to one recipient. */
struct attempt {
	int64_t t_us;
	enum program program;
	enum delivery_status status;
	enum outcome outcome;
	int64_t delay_ms;     /* -1 unknown */
	int64_t delays_ms[4]; /* before qmgr, in qmgr, connect, transmission; -1 unknown */
	struct slice relay_name, relay_ip, relay_port;
	struct slice dsn, code, reply;
	struct slice next_qid;
	struct slice session; /* LMTP */
	struct slice tls;
};

struct delivery {
	struct delivery *next; /* in the order of the first line */
	struct map_node by_rcpt;
	struct slice to;
	struct slice orig_to; /* as logged; empty when the same */
	struct attempt *tries;
	uint32_t n_tries, cap_tries;
	bool refused;  /* this recipient was refused at SMTP time: the one try holds the reply */
	bool blocked;  /* a content filter stopped it for this recipient */
	bool expanded; /* a list (Exchange): its members are recipients in its place */
	struct slice expanded_from; /* the list that this one is a member of */
	bool forwarded;		    /* the user's filter (Sieve) sent it on, */
	bool dropped;		    /* or threw it away; with a folder too, a copy was kept */
	struct slice folder;	    /* mailbox folder, from the mailbox's own log */
	struct slice ndr_qid;
};

/* A verdict on the mail: content filter, DKIM, SPF, ... */
struct check {
	struct check *next;
	int64_t t_us;
	struct slice by;     /* "amavis", "dkim", ... */
	struct slice result; /* "clean", "spam", or the check's own words */
	struct slice detail; /* tests, virus or banned name */
	struct slice score;
	struct slice quarantine;
	struct slice next_qids; /* Amavis queued_as */
	struct slice rcpts;
	enum verdict verdict;
	bool stopped; /* Blocked, rejected, discarded by it */
};

enum hop_flag {
	HOP_STARTED = 1 << 0, /* its first line (client=, uid=) was seen */
	HOP_LOCAL = 1 << 1,   /* submitted by a local program (pickup) */
	HOP_QUEUED = 1 << 2,  /* the queue manager had it */
	HOP_REMOVED = 1 << 3,
	HOP_HELD = 1 << 4,
	HOP_DELETED = 1 << 5,	/* by the administrator */
	HOP_CANCELED = 1 << 6,	/* the client gave up */
	HOP_REFUSED = 1 << 7,	/* the whole mail was refused at or after DATA */
	HOP_DISCARDED = 1 << 8, /* by a header check, an access map or a milter */
	HOP_EXPIRED = 1 << 9,
	HOP_NDR = 1 << 10,	/* a notification this server made */
	HOP_PROBE = 1 << 11,	/* an address verification probe: no mail */
	HOP_REQUEUED = 1 << 12, /* went on under a new queue id */
	HOP_FROM = 1 << 13,	/* `from` is known, perhaps the null sender */
	HOP_CUT = 1 << 14,	/* a cap cut its lines or recipients */
	HOP_ENDED = 1 << 15,	/* its queue id was given to another mail */
	HOP_NAMELESS = 1 << 16, /* logged without a Message-ID ("message-id=<>") */
	HOP_MAILBOX = 1 << 17,	/* made from the mailbox server's log alone */
	HOP_FILTER = 1 << 18,	/* made from the content filter's log alone */
	HOP_RESENT = 1 << 19,	/* `msgid` is of a Resent-Message-ID */
};

struct mail;
struct session;
struct promise;

struct hop {
	struct hop *next; /* in its mail, by creation */
	struct mail *mail;
	/* The correlator's own: */
	struct map_node by_qid, by_nameless;
	bool in_qid, in_nameless;
	struct trace_host *where;
	struct session *session;
	struct promise *promises; /* next queue ids, of a hop whose Message-ID is not known */
	uint32_t n_promises;
	uint32_t first_own;   /* number of lines that the session gave it */
	size_t counted_bytes; /* of the arena */
	struct slice
		queue_instance; /* of cleanup and qmgr: smtpd may have a syslog_name of its own */
	struct arena arena;	/* owns the hop and every slice below */

	uint64_t stored_id; /* mail id of its row when it came from the database, else 0 */
	struct slice host, instance, qid, msgid;
	uint32_t flags;
	int64_t first_us, last_us; /* first and last line */
	int64_t arrived_us;	   /* client= or its like; first_us when that line is missing */
	int64_t removed_us;	   /* 0: not yet */

	struct slice from;
	struct slice hint_to; /* a recipient named by a refusal, a hold or a header check */
	int64_t size_bytes;   /* -1 unknown */
	int32_t nrcpt;	      /* -1 unknown */
	struct slice client_name, client_ip, helo, proto, sasl_user, sasl_method, tls;
	struct slice orig_qid, orig_client_name, orig_client_ip;
	struct slice uid;
	struct slice subject;
	struct slice ndr_of;	/* the queue id whose notification this is */
	struct attempt refusal; /* HOP_REFUSED, HOP_DISCARDED: code, dsn, reply */
	struct slice hold_reason;
	bool filter_block; /* the refusal came from a content filter */

	struct delivery *deliveries, **deliveries_tail;
	uint32_t n_deliveries;
	struct map rcpts; /* only from 8 recipients on */
	struct check *checks, **checks_tail;
	struct hop_line *lines;
	uint32_t n_lines, cap_lines;
	struct reject *pending; /* refusals of the same session before this mail */
};

/* A line of another program or host that names the mail, not the hop; placed when the mail is
 * handed over. */
struct stashed {
	struct stashed *next;
	struct map_node by_session; /* with a session that a server may promise */
	struct mail *mail;
	struct slice session;
	int64_t t_us;
	uint64_t id;
	uint32_t pid;
	struct slice host, program, text, raw;
	char bytes[];
};

/* All hops of one Message-ID that are in memory together. */
struct mail {
	struct map_node by_id;
	struct mail *older, *newer; /* in the list of its age */
	struct mail_list *list;
	uint64_t id;	      /* 0 until known */
	uint64_t nameless_id; /* what it is when no hop has a Message-ID, as a piece handed over
				 before has it */
	struct hop *hops, **hops_tail;
	uint32_t n_hops, n_stashed;
	struct stashed *stash, **stash_tail;
	int64_t born_us, touched_us; /* by the correlator's clock */
	int64_t newest_us;	     /* stamp of its lines */
	size_t stashed_bytes;
	bool indexed; /* in the map by id */
	bool late;    /* lines came when others of this mail may have been handed over already */
};

/* A refusal that made no mail, or another end of a session without one. */
struct reject {
	struct reject *next;
	int64_t t_us;
	uint64_t line_id;
	enum status status; /* rejected, greylisted, blocked, canceled */
	enum program program;
	struct slice host, qid, stage, code, dsn, text;
	struct slice client_name, client_ip, helo, sasl_user;
	struct slice from, to;
	bool has_from;
	struct slice raw;
	char bytes[]; /* what the slices point into */
};

/* Recipient of a hop (to and orig_to both equal, as logged), made when new and room is left; else
 * NULL. */
struct delivery *hop_delivery(struct hop *hop, struct slice to, struct slice orig_to, bool make);

/* Dovecot's LMTP session without the number of the recipient: "b9tLDlJkZ1gQIwAA:R2" ->
 * "b9tLDlJkZ1gQIwAA". */
struct slice hop_session_base(struct slice session);

/* Copies a line into the evidence; at a place in the list, or at its end. */
void hop_insert_line(struct hop *hop, uint32_t at, int64_t t_us, uint64_t id, struct slice raw);
void hop_add_line(struct hop *hop, int64_t t_us, uint64_t id, struct slice raw);

/* Is a line of this identity among the newest of the evidence? */
bool hop_has_line(const struct hop *hop, uint64_t id);

/* A try at the end of a delivery's list; cleared. */
struct attempt *delivery_add_try(struct hop *hop, struct delivery *d);

/* The newest try, or NULL. */
const struct attempt *delivery_last(const struct delivery *d);

/* True when no further line is expected. */
bool hop_closed(const struct hop *hop);

/* True when nothing but checks, warnings and perhaps its end is known of it: their lines name a
 * queue id that this host has not logged (yet). It is no step of the mail. */
bool hop_bare(const struct hop *hop);

/* True when it tells of no recipient and of no mail that came in: a bare one, or news of a filter
 * or mailbox. */
bool hop_mute(const struct hop *hop);

/* True when the line that begins it is not among its lines, as far as they tell, so that its other
 * part may be stored already: a mail that the server made itself has no such line. Not true of what
 * a milter, filter or mailbox server logged. */
bool hop_headless(const struct hop *hop);

/* Are these two pieces of one hop, read from different logs or in different runs? Same queue id on
 * the same host; a queue id that came back is another hop. */
bool hop_same(const struct hop *a, const struct hop *b);

struct hop *hop_new(struct slice host, struct slice instance, struct slice qid);
void hop_free(struct hop **hop);
void mail_free(struct mail **mail);

/* Stable identities: they are stored. */
uint64_t mail_id_of_msgid(struct slice msgid);
uint64_t mail_id_of_hop(struct slice host, struct slice qid, int64_t arrived_us);

/* Identity of a line on its host, and of the nth (from 0) of equal lines with one stamp. */
uint64_t line_identity(struct slice host, int64_t t_us, uint32_t pid, struct slice text);
uint64_t line_identity_seeded(uint64_t host_seed, int64_t t_us, uint32_t pid, struct slice text);
uint64_t line_identity_nth(uint64_t identity, uint64_t nth);

/* Caps; each is counted when hit (HOP_CUT). */
#define HOP_MAX_LINES	   100000
#define HOP_MAX_RECIPIENTS 100000
#define MAIL_MAX_HOPS	   1000

#endif
