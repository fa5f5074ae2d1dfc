/*
 * One parsed log line. An event says what the line says and nothing more: no look at other lines,
 * no clock. Every slice borrows from the line and is empty when the line does not have it; numbers
 * have their own "unknown". Which fields a type carries stands beside the type.
 *
 * Field names follow RFC 5321/5598 and Postfix's own words. `event_fields` (event_fields.c) names
 * every field for the NDJSON of `elsectl parse` and for the golden tests.
 */
#ifndef ELSE_PARSE_EVENT_H
#define ELSE_PARSE_EVENT_H

#include "base/slice.h"

enum event_type {
	EVENT_NONE,

	/* An SMTP session at our server (smtpd, postscreen): keyed by host, instance, pid. */
	EVENT_CONNECT, /* client_* */
	EVENT_TLS,     /* server side: client_*, tls, tls_trust */
	EVENT_LOST,    /* lost connection, timeout, too many errors, improper pipelining, SSL_accept
			* error,    postscreen's HANGUP and limits: client_*, stage ("DATA"), text
			* (what),    maybe qid,    size_bytes (of the data so far), reason (the words
			* behind the    client) */
	EVENT_AUTH_FAILED, /* SASL failure: client_*, sasl_method, sasl_user, text (reason) */
	EVENT_DISCONNECT,  /* client_*, text (counts) */

	/* A mail on one server: keyed by host, instance, qid. */
	EVENT_CLIENT, /* smtpd "client=": client_*, orig_qid, orig_client_*, sasl_*, helo/proto when
			 there */
	EVENT_PICKUP, /* local submission: uid, from, orig_qid (after postsuper -r) */
	EVENT_MESSAGE_ID, /* msgid (may be empty = "<>"); resent for resent-message-id */
	EVENT_QUEUED,	  /* qmgr "(queue active)": from, size_bytes, nrcpt */
	EVENT_DELIVERY,	  /* one try for one recipient: to, orig_to, relay_*, delay*, dsn, status,
			   * outcome,   reply, code, next_qid, session, conn_use, tls */
	EVENT_EXPIRED,	/* qmgr status=expired: from, text ("returned to sender" / "force-expired")
			 */
	EVENT_REMOVED,	/* qmgr, or postsuper (then program is PROGRAM_POSTSUPER: deleted by the
			 * administrator); text "canceled" or "discarded" (3.10) */
	EVENT_NOTICE,	/* bounce: a notification was made: next_qid (the notice's queue id), notice
			 */
	EVENT_HELD,	/* postsuper -h */
	EVENT_RELEASED, /* postsuper -H */
	EVENT_REQUEUED, /* postsuper -r: "QID: requeued" */
	EVENT_REFUSED,	/* reject, milter-reject: of smtpd, cleanup, postscreen; qid may be empty
			 * (NOQUEUE):  stage, client_*, code, dsn, text, from, to, proto, helo,
			 * sasl_*, action
			 * ("reject"), matched and subject as in EVENT_ACTION. Of an action or
			 * refusal by a  milter or a proxy filter `check` is "milter" or "proxy" */
	EVENT_ACTION, /* access map, header/body check, milter action that is not a reject: action =
		       * hold, discard, filter, redirect, bcc, prepend, replace, strip, warn, info,
		       * ...; stage (header, body, RCPT, ...), matched (the header or body line),
		       * subject (of a Subject header, raw RFC 2047), text, from, to, proto, helo,
		       * client_*; qid may be empty (NOQUEUE: hold) */
	EVENT_TRANSPORT_TLS,	 /* client side TLS of smtp(8): relay_*, tls */
	EVENT_TRANSPORT_TROUBLE, /* smtp(8) "host X said", "connect to X: timed out": relay_*, text,
				    maybe qid */

	/* Content filters and milters: attach to the mail of `qid` (msgid where they log it). */
	EVENT_FILTER,	/* Amavis, Rspamd, spamd, ... verdict: verdict, action, score, tests, virus,
			 * from,   rcpts, msgid, next_qids, quarantine, size_bytes, took_ms, filter_id
			 */
	EVENT_CHECK,	/* opendkim, opendmarc, policyd-spf: check ("dkim"), text (result in its own
			 * words),    verdict. postscreen's tests: client_*, text ("PASS NEW",
			 * "PREGREET"), verdict */
	EVENT_GREYLIST, /* postgrey, GreyLSE: action (greylist, pass), reason, client_*, from, to,
			   delay_ms */

	/* The mailbox (Dovecot LMTP/LDA/Sieve, Cyrus): session, msgid, to (user), folder, outcome,
	   text */
	EVENT_MAILBOX,

	/* A row of an Exchange message tracking log: action (RECEIVE, SEND, ...), source
	 * (STOREDRIVER, SMTP), qid (internal-message-id), msgid, network_msgid, from, rcpts,
	 * rcpt_status, size_bytes, nrcpt, client_*, relay_* (server-*), direction, subject, text
	 * (source-context, event data) */
	EVENT_EXCHANGE,

	EVENT_PROGRAM, /* start, stop, reload, version of a daemon: text */
	EVENT_WARNING, /* a warning, error, fatal or panic of a daemon, or news of a mail that
			* change nothing: action ("warning", ...), text, maybe qid */

	EVENT_TYPE_COUNT
};

enum program {
	PROGRAM_OTHER,
	/* Postfix; "unknown" = only "postfix" is left of the name and the shape did not tell */
	PROGRAM_POSTFIX,
	PROGRAM_SMTPD,
	PROGRAM_POSTSCREEN,
	PROGRAM_CLEANUP,
	PROGRAM_QMGR,
	PROGRAM_PICKUP,
	PROGRAM_SMTP,
	PROGRAM_LMTP,
	PROGRAM_LOCAL,
	PROGRAM_VIRTUAL,
	PROGRAM_PIPE,
	PROGRAM_ERROR,
	PROGRAM_DISCARD,
	PROGRAM_BOUNCE,
	PROGRAM_POSTSUPER,
	PROGRAM_VERIFY,
	/* others */
	PROGRAM_AMAVIS,
	PROGRAM_SPAMD,
	PROGRAM_CLAMAV,
	PROGRAM_RSPAMD,
	PROGRAM_OPENDKIM,
	PROGRAM_OPENDMARC,
	PROGRAM_SPF,
	PROGRAM_POSTGREY,
	PROGRAM_GREYLSE,
	PROGRAM_DOVECOT,
	PROGRAM_CYRUS,
	PROGRAM_EXCHANGE,
	PROGRAM_COUNT
};

/* What the log says of one try. */
enum delivery_status {
	DELIVERY_NONE,
	DELIVERY_SENT,
	DELIVERY_DEFERRED,
	DELIVERY_BOUNCED,
	DELIVERY_EXPIRED,	/* Exchange; Postfix says it with EVENT_EXPIRED */
	DELIVERY_UNDELIVERABLE, /* address verification probe */
	DELIVERY_DELIVERABLE,	/* address verification probe */
};

/* The meanings of status=sent, and of a mailbox line. */
enum outcome {
	OUTCOME_NONE,
	OUTCOME_SENT,	   /* the next server or the mailbox took it */
	OUTCOME_FORWARDED, /* local(8) "forwarded as QID", Sieve redirect: a new mail carries on
			      (next_qid) */
	OUTCOME_COMMAND,   /* "delivered to command: ..." */
	OUTCOME_FILE,	   /* "delivered to file: ..." , "delivered to mailbox/maildir" */
	OUTCOME_DISCARDED, /* discard(8), or a filter that took the mail and threw it away */
	OUTCOME_BLOCKED,   /* a filter refused or quarantined it (BOUNCE, "250 ... Ok, discarded ...
			      spam") */
	OUTCOME_STORED,	   /* mailbox: saved to a folder */
};

enum verdict {
	VERDICT_NONE,
	VERDICT_CLEAN,
	VERDICT_SPAMMY,
	VERDICT_SPAM,
	VERDICT_VIRUS,
	VERDICT_BANNED,
	VERDICT_BAD_HEADER,
	VERDICT_OVERSIZED,
	VERDICT_UNCHECKED,
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_OTHER,
};

enum notice {
	NOTICE_NONE,
	NOTICE_NON_DELIVERY, /* "sender non-delivery notification" */
	NOTICE_DELAY,	     /* "sender delay notification" */
	NOTICE_DELIVERY,     /* "sender delivery status notification" */
	NOTICE_POSTMASTER,   /* "postmaster non-delivery notification" and its like */
	NOTICE_FAILED,	     /* 3.11 "sender notification failed" */
};

struct event {
	enum event_type type;
	enum program program;

	/* From the header and the tag. "postfix-out/submission/smtpd": instance "postfix-out",
	 * service "submission", program PROGRAM_SMTPD. Without a service part: empty. */
	int64_t t_us;
	struct slice host;
	struct slice instance;
	struct slice service;
	uint32_t pid;

	struct slice qid; /* empty: none, or NOQUEUE */

	/* The connecting peer, as logged: "mx.example.com[192.0.2.7]:25". "unknown" stays as it is.
	 */
	struct slice client_name;
	struct slice client_ip; /* without brackets */
	struct slice client_port;
	struct slice helo;
	struct slice proto; /* SMTP, ESMTP, LMTP */
	struct slice sasl_method;
	struct slice sasl_user;
	struct slice sasl_sender;
	struct slice orig_qid; /* XFORWARD: the queue id before the filter; pickup: orig_id= */
	struct slice orig_client_name;
	struct slice orig_client_ip;
	struct slice uid; /* pickup */
	struct slice tls; /* "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384"; 3.11's tls= as it is */
	struct slice tls_trust; /* Anonymous, Untrusted, Trusted, Verified */

	/* Addresses without the angle brackets; a quoted local part stays quoted. has_from tells
	 * the null sender "<>" (from empty, has_from true) from no sender. */
	struct slice from;
	struct slice to;
	struct slice orig_to;
	bool has_from;
	bool has_to;		  /* to=<> exists too */
	bool resent;		  /* EVENT_MESSAGE_ID */
	bool has_msgid;		  /* message-id= was there, maybe empty */
	struct slice rcpts;	  /* raw list; walk with event_next_rcpt */
	struct slice rcpt_status; /* Exchange: raw list, ';' between */
	struct slice msgid;	  /* with its brackets, as logged: "<a@b>"; empty for "<>" */
	struct slice network_msgid;
	struct slice subject;
	int64_t size_bytes; /* -1 unknown */
	int32_t nrcpt;	    /* -1 unknown */

	/* A delivery try: "relay=mx.example.com[192.0.2.7]:25" */
	enum delivery_status status;
	enum outcome outcome;
	struct slice relay_name;
	struct slice relay_ip; /* or the path of a unix socket: "private/dovecot-lmtp" */
	struct slice relay_port;
	int32_t conn_use;	/* 0 = not logged */
	int64_t delay_ms;	/* -1 unknown */
	int64_t delays_ms[4];	/* before qmgr, in qmgr, connect, transmission; -1 unknown */
	struct slice dsn;	/* "4.4.1" */
	struct slice code;	/* SMTP reply code: "450"; empty when the text shows none */
	struct slice reply;	/* all that stands in the parentheses after status= */
	struct slice next_qid;	/* "queued as X", "forwarded as X", the notice's queue id */
	struct slice next_qids; /* Amavis: "X/Y", '/' between; walk with slice_split */
	struct slice session;	/* Dovecot LMTP session id in "<rcpt> SESSION Saved" or
				   "(user)<pid><SESSION>" */
	bool cut;		/* the line ends before its form does (syslog cut it) */
	int32_t repeated;	/* rsyslog's "message repeated N times: [ ...]"; 0 = no */

	/* Rejects, actions, checks */
	struct slice stage; /* CONNECT, EHLO, MAIL, RCPT, DATA, END-OF-MESSAGE, header, body, ... */
	struct slice action;  /* see the types */
	struct slice text;    /* the words of the line that have no field of their own */
	struct slice matched; /* the header or body line that a check acted upon */
	enum notice notice;
	struct slice
		reason; /* greylisting: "new", "triplet found", "client whitelist"; EVENT_LOST */

	/* Content filters */
	enum verdict verdict;
	struct slice
		check; /* "dkim", "dmarc", "spf", "spamassassin", "amavis", "rspamd", "clamav" */
	struct slice score; /* "-1.2" */
	struct slice tests;
	struct slice virus;	 /* or the banned name */
	struct slice quarantine; /* id or path */
	struct slice filter_id;	 /* Amavis mail_id or log id */
	int64_t took_ms;	 /* -1 unknown */

	/* Mailbox, Exchange */
	struct slice folder;
	struct slice source;
	struct slice direction;
};

/* A cleared event: numbers at their "unknown". */
void event_init(struct event *e);

/* Next address of `rcpts` ("<a@b>,<c@d>" or "a@b;c@d"), brackets off; false at the end. */
bool event_next_rcpt(struct slice *rest, struct slice *rcpt);

/* "delivery", "client", ...; the names `elsectl parse` prints. */
const char *event_type_name(enum event_type type);
const char *event_program_name(enum program program);

/* One JSON object without a newline; empty fields are left out. */
struct buf;
void event_add_json(struct buf *b, const struct event *e);

/* The table behind event_add_json: name and place of every text field, NULL-terminated. */
struct event_field {
	const char *name;
	size_t offset; /* of a struct slice in struct event */
};
extern const struct event_field event_fields[];

#endif
