/*
 * What the parts of src/intake share; nobody else includes it. Everything here belongs to the
 * thread of intake_run, but for `published` and `turns`, which `lock` guards.
 *
 * A turn of the loop (intake.c): libevent hands out what the sockets have; sessions read, cut
 * frames, and add records to the spool; then, when somebody waits for an answer or time is up, one
 * commit makes all of it durable and sends the answers (commit.c). Sessions that end are freed at
 * the end of the turn, so that nobody loses one underfoot.
 */
#ifndef ELSE_INTAKE_PART_H
#define ELSE_INTAKE_PART_H

#include "base/buf.h"
#include "base/ip.h"
#include "intake/channel.h"
#include "intake/expand.h"
#include "intake/follow.h"
#include "intake/intake.h"
#include "intake/repeats.h"
#include "intake/report.h"
#include "intake/peers.h"
#include "intake/tls.h"
#include "wire/framing.h"
#include "wire/relp.h"
#include "wire/syslog_clock.h"

#include <event2/event.h>
#include <pthread.h>
#include <sys/queue.h>

enum {
	PART_READ_BYTES = 256 * 1024,  /* of one session in one turn */
	PART_EXPAND_BYTES = 64 * 1024, /* at a time */
	PART_FRAME_COST = 64,	       /* bytes that a frame counts for besides its own */
	PART_OUT_BYTES = 64 * 1024,    /* answers not taken: the session is not read */
	PART_LATE_MS = 50,	       /* a record is on the disk after this time */
	PART_TICK_MS = 20,	       /* while something waits for time to pass */
	PART_SLOW_TICK_MS = 500,       /* else */
	PART_FILE_TICK_MS = 200,       /* while files are followed */
	PART_HOLD_MS = 300,	       /* repeats_give_up */
	PART_STALL_MS = 1000,	       /* no reading after a failed sync, or without descriptors */
	PART_UNSYNCED_BYTES = 8 << 20, /* of all sessions: commit at once */
	PART_HELD_BYTES = 32 << 20,    /* of all sessions: no more lines are held */
	PART_DEAF_MS = 60 * 1000,      /* a peer that takes no answers is given up */
	PART_DATAGRAMS = 32,	       /* received in one call */
	PART_DATAGRAM_BYTES = 64 * 1024,
};

struct listener {
	struct intake *in;
	enum intake_kind kind;
	char *path; /* of a unix socket */
	bool compressed, any_client;
	int fd;
	uint16_t port;
	struct event *event;
	bool watched;
	uint32_t dropped; /* SO_RXQ_OVFL, as it was last */
};

/* Where a frame comes from. */
struct source {
	enum intake_kind kind;
	const struct peer_rule *rule;
	struct slice sender;		 /* of the record */
	struct repeats_session *repeats; /* NULL: datagrams are not looked up */
};

enum answer_kind {
	ANSWER_OK,
	ANSWER_OPEN,
	ANSWER_CLOSE,
	ANSWER_ERROR,
};

/* Leaves after the next sync. */
struct answer {
	uint32_t txnr;
	uint8_t kind;
	uint8_t version;    /* ANSWER_OPEN */
	const char *reason; /* ANSWER_OPEN refused, ANSWER_ERROR; never freed */
};

/* A line of which repeats_look does not know yet. Its bytes lie in session->held_bytes. */
struct held {
	int64_t received_us;
	uint32_t txnr;
	uint32_t n;
};

enum session_state {
	SESSION_SHAKING, /* TLS handshake */
	SESSION_OPEN,
	SESSION_ENDING,	 /* reads no more; its last answers are to leave */
	SESSION_WAITING, /* for the peer's end; reads and forgets */
	SESSION_DEAD,	 /* freed at the end of the turn */
};

struct session {
	TAILQ_ENTRY(session) all;
	TAILQ_ENTRY(session) dirty_link;
	TAILQ_ENTRY(session) again_link;
	struct intake *in;
	struct channel channel;
	struct event *reader, *writer;
	bool reading, writing; /* libevent looks at them */
	enum session_state state;
	int64_t state_ms; /* since when */
	int64_t last_ms;  /* last byte that came */
	struct ip address;
	struct source source;
	char *sender; /* source.sender */
	bool dirty;   /* has something for the next commit */
	bool again;   /* to be read on in the next turn, whatever its socket says */
	bool closing; /* no more frames: ENDING after the next commit */
	bool capped;  /* too much of it is not on the disk */

	struct relp_session relp_session;
	struct relp_reader relp;
	struct framing framing;
	struct expand *expand;
	struct buf rest; /* compressed bytes that were not looked at yet */
	bool unexpanded; /* ... or that the zlib stream still has inside */

	size_t unsynced_bytes; /* with what is held */
	struct answer *answers;
	size_t answer_count, answer_cap;
	struct held *held;
	size_t held_count, held_cap;
	struct buf held_bytes;
	int64_t held_ms; /* since when something is held */

	struct buf out;
	size_t out_done;
	int64_t out_ms; /* when the peer took something last, or had nothing to take */
};

TAILQ_HEAD(session_list, session);

struct intake {
	struct spool *spool;
	struct intake_caps caps;
	void (*synced)(void *context);
	void *context;
	struct report report;
	struct peers *peers;
	struct tls *tls; /* NULL without TLS listeners */
	struct repeats *repeats;
	struct remembered *remembered; /* before intake_run */
	struct syslog_clock clock;     /* to read host names: the times do not matter */

	struct event_base *base;
	struct event *tick, *stop_event;
	int64_t tick_ms; /* as it is set */
	int stop_fd;
	bool stopping;

	struct listener *listeners;
	size_t listener_count;
	struct session_list sessions, dirty, again, dead;
	size_t session_count;
	size_t holding;	   /* sessions with held lines */
	size_t held_bytes; /* of all of them */

	int64_t now_ms;	  /* monotonic */
	int64_t now_us;	  /* as time_now_us */
	int64_t swept_ms; /* timeouts looked at last */
	bool full;	  /* spool: nothing is read */
	bool said_full;
	bool disk_full;		  /* as it was ... */
	int64_t disk_looked_ms;	  /* ... at this time */
	int64_t stalled_until_ms; /* neither, after a failure */
	int64_t no_accept_until_ms;

	size_t unsynced_bytes; /* of all sources */
	int64_t unsynced_ms;   /* since when; with unsynced_bytes */
	uint64_t unsynced_frames[INTAKE_KINDS];
	bool hurry; /* commit at the end of this turn */

	char *scratch; /* PART_READ_BYTES, for one read */
	char *expanded;
	struct datagrams *datagrams;
	struct follow **files;
	size_t file_count;
	bool files_more; /* to be read on in the next turn */

	struct intake_counters counters[INTAKE_KINDS];
	pthread_mutex_t lock;
	struct intake_counters published[INTAKE_KINDS];
	uint64_t turns; /* of the loop */
};

/* ---- intake.c ---- */

/* Sets now_ms and now_us. */
void intake_look_at_clock(struct intake *in);

/* Whether frames may be taken in at all. */
bool intake_reads(const struct intake *in);

/* ---- listener.c ---- */

bool listeners_open(struct intake *in, const struct intake_options *options, struct error *err);
void listeners_close(struct intake *in);

/* Makes libevent look at those that may be looked at now. */
void listeners_watch(struct intake *in);

struct sockaddr_storage;
struct ip listener_ip_of(const struct sockaddr_storage *from);

/* ---- datagram.c ---- */

struct datagrams *datagrams_new(void);
void datagrams_free(struct datagrams **datagrams);

/* What the socket has, up to a limit. */
void datagrams_receive(struct listener *listener);

/* ---- files.c ---- */

void files_open(struct intake *in, const struct intake_options *options);
void files_close(struct intake *in);

/* What is new in them, up to a limit; true when there may be more. */
bool files_read(struct intake *in);
void files_synced(struct intake *in, bool ok);

/* ---- session.c ---- */

void session_accept(struct listener *listener, int fd, const struct ip *address);

/* Reads, whatever libevent says; for sessions with `again`. */
void session_read(struct session *s);

/* Tries to send what is in `out`, and goes on to the next state when it is out. */
void session_flush(struct session *s);

/* No more frames are read; when all answers are out the connection ends. */
void session_close(struct session *s);

/* At once. */
void session_kill(struct session *s);

/* Adjusts what libevent looks at. */
void session_watch(struct session *s);

/* Whether too much of it is not on the disk; stops or resumes reading. */
void session_weigh(struct session *s);

/* Reads on in the next turn. */
void session_again(struct session *s);
void sessions_read_again(struct intake *in);

/* The timeouts of all sessions. */
void sessions_sweep(struct intake *in);

/* At the end of a turn. */
void sessions_free_dead(struct intake *in);

/* ---- protocols: all of the input is taken ---- */

void session_take_relp(struct session *s, struct slice input);
void session_take_stream(struct session *s, struct slice input);
void session_end_stream(struct session *s);

/* ---- frames.c ---- */

/* One frame of a session; `txnr` is 0 where nothing is answered. */
void frames_take(struct session *s, struct slice frame, uint32_t txnr, bool cut);

/* One datagram. */
void frames_take_datagram(
	struct intake *in, const struct source *source, struct slice frame, bool cut);

/* Decides about what the session holds. */
void frames_give_up(struct session *s);

/* A frame that is in the spool since an earlier run. */
void frames_remember(struct repeats_session *session, struct slice frame);

/* ---- remember.c ---- */

/* Ends what intake_remember began. */
void remembered_free(struct remembered **remembered);

/* ---- commit.c ---- */

void commit_answer(struct session *s, struct answer answer);

/* Bytes were added to the spool; `s` is NULL for datagrams. */
void commit_mark(struct intake *in, struct session *s, size_t bytes);

/* The session has nothing for the next commit any more. */
void commit_unmark(struct session *s);

/* If somebody waits, or time is up. */
void commit_if_due(struct intake *in);

/* In any case. */
void commit_now(struct intake *in);

#endif
