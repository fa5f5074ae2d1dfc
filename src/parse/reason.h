/*
 * The reason class of a refusal, a deferral or a bounce: one short word an operator can count and
 * search
 * (`reason:mailbox_full`), from the enhanced status code (RFC 3463), the SMTP code and the words of
 * the reply. Words win over codes, because many servers send a general code with a precise text.
 */
#ifndef ELSE_PARSE_REASON_H
#define ELSE_PARSE_REASON_H

#include "base/slice.h"

enum reason {
	REASON_NONE,
	REASON_MAILBOX_FULL,
	REASON_USER_UNKNOWN,
	REASON_USER_DISABLED,
	REASON_DOMAIN_NOT_FOUND, /* recipient domain: NXDOMAIN, null MX */
	REASON_SENDER_REFUSED,	 /* sender address or domain not accepted, not found */
	REASON_RELAY_DENIED,
	REASON_POLICY, /* by the receiver's policy, no better class */
	REASON_SPAM,
	REASON_VIRUS,
	REASON_BANNED,	  /* attachment type, bad content */
	REASON_BLOCKLIST, /* DNSBL, reputation */
	REASON_GREYLISTED,
	REASON_RATE_LIMITED,
	REASON_AUTH_REQUIRED,
	REASON_AUTH_FAILED,    /* SASL */
	REASON_AUTHENTICATION, /* SPF, DKIM, DMARC */
	REASON_HELO,
	REASON_CLIENT_REFUSED, /* by name or address, access map */
	REASON_TOO_LARGE,
	REASON_TOO_MANY_RECIPIENTS,
	REASON_PROTOCOL, /* syntax, pipelining, PREGREET */
	REASON_SMTPUTF8, /* feature the other side lacks */
	REASON_LOOP,
	REASON_CONNECTION, /* refused, reset, timed out, no route */
	REASON_LOST_CONNECTION,
	REASON_DNS, /* temporary look-up trouble */
	REASON_TLS,
	REASON_CONFIGURATION,  /* "Server configuration problem", mail system error */
	REASON_SYSTEM,	       /* disk full, out of resources at the other side */
	REASON_COMMAND_FAILED, /* pipe or local command */
	REASON_EXPIRED,
	REASON_CONTENT, /* content refused, header/body check */
	REASON_OTHER,
	REASON_COUNT
};

/* `code` "450" or empty, `dsn` "4.2.2" or empty, `text` the reply. */
enum reason reason_of(struct slice code, struct slice dsn, struct slice text);

/* "mailbox_full"; REASON_NONE gives "". */
const char *reason_name(enum reason reason);

/* False when no class has this name. */
bool reason_by_name(struct slice name, enum reason *reason);

#endif
