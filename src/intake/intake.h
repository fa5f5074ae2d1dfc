/*
 * Log lines from the network: listeners and sessions of many senders, one loop, one thread. What
 * comes in goes to the spool, and only what is on the disk is acknowledged: all that came in one
 * turn of the loop is made durable by one spool_sync, then the answers leave.
 *
 *	RELP, RELP over TLS    what rsyslog's omrelp speaks (wire/relp.h); every line is
 *	                       acknowledged
 *	TCP, TCP over TLS      RFC 6587 framing (wire/framing.h), nothing is acknowledged; with
 *	                       `compressed` one zlib stream (intake/expand.h)
 *	UDP, unix datagram     a datagram is a line
 *
 * A frame becomes one record: without its final LF, every other byte as it came. Empty frames are
 * answered and not kept. The record's sender is the name in the sender's certificate (or its
 * "sha256:..." when it was let in by that), else its address, "local" for a unix socket.
 *
 * A sender may speak for some hosts only. A frame that names another one is refused: counted,
 * reported, not kept, and acknowledged all the same, for rsyslog would send it again for ever and
 * hold up all the lines behind it. A frame that names no host passes.
 *
 * What a sender sends again after a reconnect is dropped: see intake/repeats.h.
 *
 * Nothing is lost silently: what is cut, refused or dropped is counted. When the spool is full, or
 * too much of one session is not yet on the disk, reading stops until that has changed, and the
 * senders queue.
 *
 * Sources of truth: wire/relp.h; RFC 5425 (TLS), RFC 5426 (UDP), RFC 6587 (TCP).
 */
#ifndef ELSE_INTAKE_INTAKE_H
#define ELSE_INTAKE_INTAKE_H

#include "base/error.h"
#include "base/slice.h"
#include "spool/spool.h"

enum intake_kind {
	INTAKE_RELP,
	INTAKE_RELP_TLS,
	INTAKE_TCP,
	INTAKE_TCP_TLS,
	INTAKE_UDP,
	INTAKE_UNIX,
	INTAKE_FILE, /* counted only: no listener */
	INTAKE_KINDS
};

/* "relp", "relp-tls", "tcp", "tcp-tls", "udp", "unix", "file". */
const char *intake_kind_name(enum intake_kind kind);

struct intake_listener {
	enum intake_kind kind;
	const char *address; /* IPv4 or IPv6; NULL or "*" = all, both families */
	uint16_t port;	     /* 0 = any that is free: intake_port */
	const char *path;    /* of a unix socket; a stale one is replaced */
	unsigned mode;	     /* of a unix socket; 0 = 0666, as /dev/log */
	bool compressed;     /* tcp and tcp-tls: a zlib stream */
	bool any_client;     /* TLS: let in without a certificate; default is to require one */
};

/* PEM files. Read once, by intake_new. */
struct intake_tls {
	const char *certificate; /* ours, then its intermediates */
	const char *key;
	const char *ca;	  /* who signs the senders' certificates; NULL: only fingerprints count */
	const char *name; /* by which the senders know us; NULL = not checked */
};

/* Who may send. The first sender counts whose networks and certificates fit. */
struct intake_sender {
	const struct slice *certificates; /* names ("mx1.example.org", "*.example.org") or "sha256:"
					   * and 64 hex digits, colons or not; none = any, and
					   * without TLS too */
	size_t certificate_count;
	const struct slice *networks; /* "192.0.2.0/24"; none = any. Not asked of unix sockets */
	size_t network_count;
	const struct slice *hosts; /* it may speak for: "mx1", "*.example.org"; none = any */
	size_t host_count;
};

/* 0 stands for the default in brackets. */
struct intake_caps {
	size_t sessions;	     /* [2000] */
	size_t sessions_per_address; /* [200] */
	size_t session_bytes;	     /* of one session, not yet on the disk [4 MiB] */
	size_t frame_bytes;	     /* longer frames are cut [128 KiB, as librelp] */
	int64_t handshake_ms;	     /* TLS, and until the first RELP command [10 s] */
	int64_t idle_ms;	    /* without a byte; [never: dead peers are found by keepalive] */
	int64_t close_ms;	    /* for the last bytes of a session that ends [2 s] */
	uint64_t expand_ratio;	    /* zlib: bytes out for each byte in, over the stream [200] */
	uint64_t expand_free_bytes; /* ... which do not count [4 MiB] */
	size_t repeat_frames;	    /* of a sender, remembered [4096]: more than its RELP window */
};

enum intake_level { INTAKE_INFO, INTAKE_WARNING, INTAKE_ERROR };

/* Everything is copied; the callbacks come from the thread of intake_run (`log` from intake_new
 * too) and must not block. */
struct intake_options {
	const struct intake_listener *listeners;
	size_t listener_count;
	const char *const *files; /* logs of this machine that are followed: intake/follow.h */
	size_t file_count;
	const char *state_folder;	     /* where their places are kept; with files */
	const struct intake_sender *senders; /* none = everybody */
	size_t sender_count;
	struct intake_tls tls; /* for the TLS listeners */
	struct intake_caps caps;

	/* After a sync that made records durable; NULL = nobody asks. */
	void (*synced)(void *context);
	/* One line, without LF, printable; no more than some a minute of each kind; NULL = nobody
	 * listens. */
	void (*log)(void *context, enum intake_level level, const char *text);
	void *context;
};

/* All but `sessions` only grow. */
struct intake_counters {
	uint64_t sessions;   /* open now */
	uint64_t accepted;   /* connections let in */
	uint64_t refused;    /* connections refused: caps, senders, TLS, protocol */
	uint64_t frames;     /* that came, whatever became of them */
	uint64_t bytes;	     /* of them */
	uint64_t cut;	     /* frames longer than the cap, or cut off by the end of a stream */
	uint64_t empty;	     /* frames without a byte */
	uint64_t foreign;    /* frames refused: the sender may not speak for their host */
	uint64_t repeats;    /* frames dropped: known already */
	uint64_t stored;     /* frames that became records and are on the disk */
	uint64_t unsynced;   /* frames that a failed sync lost to us; RELP senders have them */
	uint64_t dropped;    /* datagrams that the kernel dropped, because we were too slow */
	uint64_t full_stops; /* times that reading stopped, by the spool or a session's cap */
};

struct intake;

/* Checks the certificate and the senders, opens the listeners. `spool` is used until intake_free;
 * nobody else may add to it. NULL and `err` when anything is wrong with the options, the files or
 * the addresses: then nothing listens. Privileges may be dropped afterwards. For the whole process
 * it ignores SIGPIPE, unless that has a handler, and raises the soft limit of open files for as
 * many sessions as the caps let in. */
struct intake *intake_new(
	const struct intake_options *options, struct spool *spool, struct error *err);

/* Before intake_run: a record that is in the spool, in order; so that what its sender sends again
 * after our restart is known. The last `repeat_frames` of each sender are enough. */
void intake_remember(struct intake *in, struct slice sender, struct slice frame);

/* Serves until intake_stop. At the end no more connections are accepted, what has arrived is
 * made durable and answered, RELP clients get "serverclose", and sessions have `close_ms` to take
 * their answers. */
void intake_run(struct intake *in);

/* From any thread or signal handler, at any time between intake_new and intake_free. */
void intake_stop(struct intake *in);

/* Not while intake_run runs. NULL is fine; *in becomes NULL. */
void intake_free(struct intake **in);

/* The port that listener `index` of the options listens at; 0 for a unix socket. */
uint16_t intake_port(const struct intake *in, size_t index);

/* From any thread; at most one turn of the loop old. */
void intake_counters(struct intake *in, struct intake_counters counters[INTAKE_KINDS]);

/* Turns of the loop so far: two a second at least, unless it hangs. From any thread. */
uint64_t intake_turns(struct intake *in);

#endif
