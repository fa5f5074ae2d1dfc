/*
 * Our stamp: one element in the structured data of an RFC 5424 line (section 6.3), written by the
 * sender's rsyslog with the configuration we hand out:
 *
 *	<22>1 2026-11-22T05:21:39.087984+00:00 mx1 postfix/smtpd 640 - [else@32473 u="1C0F..."
 *	s="42" b="1764043200"]  connect from ...
 *
 *	u  %uuid%, 32 hexadecimal digits: the same however often the line is sent
 *	s  a number that grows by one a line (mmsequence): a gap is a loss; starts again with b
 *	b  which start of the sender's rsyslogd
 *
 * With it the receiver knows a line that it has already, and sees what never came. Only an element
 * of the structured data counts: the text of a line is under the hand of whoever writes mail. What
 * wire/syslog.h takes for text is never read as a stamp.
 */
#ifndef ELSE_WIRE_STAMP_H
#define ELSE_WIRE_STAMP_H

#include "base/buf.h"

struct stamp {
	bool found;
	struct slice uuid; /* as written, escapes included; empty when missing */
	bool has_sequence;
	uint64_t sequence;    /* may begin with 0 */
	struct slice boot;    /* as uuid */
	struct slice element; /* all of it, brackets too */
};

/* True, as stamp->found, when the frame is RFC 5424 (with or without "<PRI>") and has a stamp with
 * a uuid or a sequence. Borrows from `frame`. Of several elements of our name the first counts, of
 * several parameters of one name the first that has a usable value. An element without its ']' is
 * none. */
bool stamp_read(struct slice frame, struct stamp *stamp);

/* Appends the frame as it was before it was stamped: without the element, with the NILVALUE "-"
 * when there is no other one; the whole frame when there is no stamp. */
void stamp_cut(struct slice frame, struct buf *out);

#endif
