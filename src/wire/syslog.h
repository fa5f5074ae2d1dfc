/*
 * Syslog headers: one received or stored line -> struct line. Understood, each with or without
 *"<PRI>":
 *
 *	1 2026-11-22T05:21:39.087984+00:00 host app pid msgid [sd] text      RFC 5424
 *	Nov 22 05:21:39 host tag[pid]: text                                  RFC 3164
 *	2026-11-22T05:21:39.087984+00:00 host tag[pid]: text                 rsyslog's file format
 *	2026-11-22 05:21:39 host tag[pid]: text
 *
 * RFC 5424: NILVALUE, structured data (skipped, escapes and all) and a BOM; rsyslog's template
 *sends a blank before the text, which is taken off. RFC 3164: a day of one digit with one or two
 *blanks, a year before or after the time of day, fractions of a second. Syslogd cuts the tag at 32
 *octets, so "]:" and even digits of the pid may be missing ("postfix/submission/smtpd[1234567 ABC:
 *client=x"). "last message repeated 2 times" has no tag and maybe no host. A tag may hold anything
 *but blank, '[' and ':'.
 */
#ifndef ELSE_WIRE_SYSLOG_H
#define ELSE_WIRE_SYSLOG_H

#include "wire/line.h"
#include "wire/syslog_clock.h"

enum syslog_result {
	SYSLOG_OK,
	SYSLOG_NO_TIME, /* t_us = 0: no usable stamp. If there is no header at all, text is the
			 * whole line without PRI; with RFC 5424 and stamp "-" the other fields are
			 * set */
	SYSLOG_EMPTY,	/* nothing but PRI and line end */
};

/* `raw` may end in LF or CRLF; line->raw does not. Every slice of `line` borrows from `raw`. Bytes
 * of any value pass; nothing is allocated. The clock is only asked for stamps without zone or year.
 */
enum syslog_result syslog_read(struct slice raw, struct syslog_clock *clock, struct line *line);

/* Without the final LF or CRLF. */
static inline struct slice
syslog_without_line_end(struct slice raw)
{
	raw.n -= raw.n && raw.p[raw.n - 1] == '\n';
	raw.n -= raw.n && raw.p[raw.n - 1] == '\r';
	return raw;
}

#endif
