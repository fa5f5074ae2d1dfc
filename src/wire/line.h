/*
 * A log line: the raw bytes and what the syslog header says (RFC 3164, RFC 5424, ISO-stamped
 * files). Made by syslog_read (wire/syslog.h) or, for a row of an Exchange message tracking log, by
 * the reader of such files. All slices borrow from the reader's buffer.
 */
#ifndef ELSE_WIRE_LINE_H
#define ELSE_WIRE_LINE_H

#include "base/slice.h"

struct line {
	struct slice raw;     /* as received, without the final LF or CRLF */
	int64_t t_us;	      /* UTC; 0 = the line has no usable stamp */
	struct slice host;    /* as written; empty when the header has none */
	struct slice program; /* tag without pid: "postfix/submission/smtpd", "amavis", "postfix",
			       * "dovecot"; "MSGTRK" for a message tracking row */
	uint32_t pid;	      /* 0 = none */
	struct slice
		text; /* the message, without the blank that RFC 5424 templates put before it */
	const struct msgtrk_columns
		*columns; /* MSGTRK only: which column is which (wire/msgtrk.h) */
};

#endif
