/*
 * What the intake has to say to the administrator: one line each, and of each kind no more than
 * some a minute, for senders could fill the disk with it. The next one, or report_rest when there
 * is none, tells how many were left out.
 */
#ifndef ELSE_INTAKE_REPORT_H
#define ELSE_INTAKE_REPORT_H

#include "base/buf.h"
#include "intake/intake.h"

enum report_kind {
	REPORT_STATE,	  /* starts, stops */
	REPORT_REFUSED,	  /* a connection: caps, senders */
	REPORT_TLS,	  /* handshakes that failed */
	REPORT_PROTOCOL,  /* senders that break the rules of a protocol */
	REPORT_FOREIGN,	  /* frames of a host that the sender may not speak for */
	REPORT_CUT,	  /* frames longer than the cap */
	REPORT_FULL,	  /* reading stops and goes on */
	REPORT_SPOOL,	  /* records that could not be stored */
	REPORT_RESOURCES, /* no file descriptors, no memory for sockets */
	REPORT_KINDS
};

enum {
	REPORT_MOST = 5, /* of a kind, each minute */
};

struct report {
	void (*log)(void *context, enum intake_level level, const char *text);
	void *context;
	struct {
		int64_t since_ms;
		unsigned said;
		uint64_t left_out;
	} kinds[REPORT_KINDS];
};

/* What is not printable ASCII becomes '?'. */
void report_say(struct report *report, int64_t now_ms, enum report_kind kind,
	enum intake_level level, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Tells of what was left out in minutes that are over. Now and then. */
void report_rest(struct report *report, int64_t now_ms);

#endif
