/*
 * Rows of Exchange's message tracking log (Microsoft, "Message tracking", Exchange 2007 to 2019).
 *Every event id gives an EVENT_EXCHANGE, the shadow copies (HA...) and AGENTINFO too; which of them
 *are hops is the correlator's to say. Fields beside the obvious ones:
 *
 *	qid          internal-message-id, one per server
 *	orig_qid     reference: of a DSN the Message-ID it reports on, of a transfer the mail it
 *came from from         return-path, the envelope's sender ("<>" = null); where there is none,
 *sender-address orig_to      related-recipient-address: whom EXPAND, REDIRECT and RESOLVE replaced
 *	status       SEND, DELIVER sent; DEFER deferred; FAIL, BADMAIL bounced or expired
 *	reply        the answer of the next server or the reason of a failure, with code, dsn,
 *next_qid text         source-context orig_client_ip  original-client-ip
 *
 * Doubled quotes inside a quoted field stay doubled: events borrow from the line.
 */
#ifndef ELSE_PARSE_EXCHANGE_H
#define ELSE_PARSE_EXCHANGE_H

#include "parse/parse.h"

/* `line->columns` must be set; PARSE_UNKNOWN when it is not or the row has no event id. */
enum parse_result parse_msgtrk(const struct line *line, struct event *e);

#endif
