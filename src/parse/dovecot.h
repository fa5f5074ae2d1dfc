/*
 * The last hop: what the mailbox server did with a mail (EVENT_MAILBOX), and failed logins
 * (EVENT_AUTH_FAILED). Fields of EVENT_MAILBOX:
 *
 *	action    saved, stored, kept, forwarded, discarded, duplicate, rejected, vacation,
 *notified, piped, failed outcome   stored, forwarded, discarded, blocked, or none where the mail's
 *fate is told elsewhere to        the user; session, msgid as logged folder    where it was put (or
 *could not be put) rcpts     "<a@example.com>": to whom it was forwarded, or a vacation reply was
 *sent text      the words of the action: "save failed to INBOX: Quota exceeded"
 *
 * EVENT_AUTH_FAILED has the process in `service` ("imap-login", "auth-worker"). One failed login
 *may show twice, at the password database (auth, auth-worker) and when the session ends (the
 *"-login" processes).
 */
#ifndef ELSE_PARSE_DOVECOT_H
#define ELSE_PARSE_DOVECOT_H

#include "parse/parse.h"

/* Dovecot 1.2 to 2.4 with Pigeonhole: LMTP, LDA, Sieve, logins. */
enum parse_result parse_dovecot(const struct line *line, struct event *e);

/* Cyrus IMAP 2.2 to 3.10: lmtpd (lmtpunix, lmtp) and the login daemons. */
enum parse_result parse_cyrus(const struct line *line, struct event *e);

#endif
