/*
 * The configuration file of else-backend and else-frontend, as plain values: what listens where,
 *who may send, where things lie, what is kept how long. The format and every key are in
 *else.conf(5); deploy/else.conf is an example with all of them.
 *
 *	[listener relp]
 *	kind = relp-tls
 *	port = 2515
 *
 * A file is taken as a whole or not at all. What is wrong with it is told all at once, one line a
 * mistake, with file, line, what is wrong and what would be right:
 *
 *	else.conf:3: "prot" is no key of [listener]; did you mean port?
 *	else.conf:7: port: "70000" is not a number from 1 to 65535
 *
 * A reload reads a new struct config beside the old one, and swaps them when it is good.
 *
 * backend/config_intake.h makes the options of the intake out of it.
 */
#ifndef ELSE_CONFIG_CONFIG_H
#define ELSE_CONFIG_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/ip.h"

enum {
	CONFIG_MAX_BYTES = 1 << 20, /* of a file */
	CONFIG_MAX_LISTENERS = 64,
	CONFIG_MAX_SENDERS = 10000,
	CONFIG_MAX_PROBLEMS = 20, /* told one by one; the rest is only counted */
};

enum config_kind {
	CONFIG_RELP,
	CONFIG_RELP_TLS,
	CONFIG_TCP,	/* RFC 6587 */
	CONFIG_TCP_TLS, /* RFC 5425 */
	CONFIG_UDP,	/* RFC 5426 */
	CONFIG_UNIX,	/* a datagram socket, as /dev/log */
	CONFIG_FOLLOW,	/* a log file that grows */
	CONFIG_KINDS
};

/* All texts end with NUL, those in slices too, and live as long as the config. */
struct config_texts {
	struct slice *items;
	size_t n;
};

struct config_networks {
	struct ip *items;
	size_t n;
};

struct config_listener {
	const char *name;
	unsigned line; /* in the file, of its section */
	enum config_kind kind;
	const char *address; /* "192.0.2.7", "2001:db8::1", or "*": all of IPv4 and IPv6 */
	uint64_t port;	     /* 1 .. 65535; 0 for unix and follow */
	const char *path;    /* of the socket or the file; NULL for all others */
	uint64_t mode;	     /* of the socket's file */
	bool compressed;     /* tcp, tcp-tls: a zlib stream */
	bool any_client;     /* relp-tls, tcp-tls: a client needs no certificate */
};

/* Who is it, and what may it say? The first sender counts whose certificates and networks fit. */
struct config_sender {
	const char *name;
	unsigned line;
	/* Names in the client's certificate, "mx1.example.com" or "*.example.com", and
	 * fingerprints, "sha256:" and 64 digits in lower case. One must fit; none = any, and
	 * without TLS too. */
	struct config_texts certificates;
	struct config_texts networks; /* "192.0.2.0/24"; none = any */
	struct config_texts hosts;    /* that it may speak for, lower case, as above; none = any */
};

struct config {
	/* [backend] */
	const char *data;     /* the data folder */
	const char *database; /* what libpq takes; NULL: the private cluster in the data folder */
	struct config_texts own_domains; /* lower case */
	struct config_networks own_networks;

	struct config_listener *listeners; /* none only where there is [frontend] */
	size_t n_listeners;
	struct config_sender *senders; /* in the order of the file; none = everybody may send */
	size_t n_senders;

	/* [tls]: PEM files; NULL when not set */
	const char *tls_certificate; /* with its intermediates */
	const char *tls_key;
	const char *tls_ca;   /* who signs the senders' certificates */
	const char *tls_name; /* by which the senders know us */

	/* [limits] */
	uint64_t line_bytes;
	uint64_t sessions, sessions_per_address;
	uint64_t session_bytes; /* of one session, not yet on the disk */
	uint64_t expansion;	/* zlib: bytes out for each byte in */
	uint64_t handshake_s;
	uint64_t idle_s;       /* 0 = never */
	uint64_t repeat_lines; /* of a sender, remembered */

	/* [retention]: days, 0 = for ever */
	uint64_t mails_days;
	uint64_t refusals_days;

	/* [spool] */
	const char *spool_folder;
	uint64_t spool_segment_bytes;
	uint64_t spool_cap_bytes;

	/* [metrics]: NULL and 0 when there is no such section */
	const char *metrics_address; /* as a listener's */
	uint64_t metrics_port;

	/* [frontend]: of else-frontend alone */
	bool has_frontend;
	const char *frontend_address; /* as a listener's */
	uint64_t frontend_port;
	const char *frontend_certificate, *frontend_key; /* PEM; NULL: plain HTTP */
	const char *frontend_web;			 /* the folder of the web interface */
	struct config_networks frontend_proxies;	 /* whose X-Forwarded-For is believed */
	uint64_t frontend_workers;			 /* requests answered at a time */
	uint64_t frontend_limit_s;			 /* of a query */
	uint64_t frontend_metrics_port;			 /* on 127.0.0.1; 0 = none */

	struct arena arena; /* private: holds all of the above */
};

/* The text of a file that messages call `file`. Pure. False: `problems` has lines, each with its
 * LF, and *config is empty. The text need not outlive the call. */
bool config_parse(struct slice text, const char *file, struct config *config, struct buf *problems);

/* The same from a file. One that cannot be read is a problem too. */
bool config_read(const char *path, struct config *config, struct buf *problems);

/* Leaves an empty one; one that is {0} may be given. */
void config_fini(struct config *config);

/* "relp-tls": the word of the file. */
const char *config_kind_name(enum config_kind kind);
bool config_kind_is_tls(enum config_kind kind);

#endif
