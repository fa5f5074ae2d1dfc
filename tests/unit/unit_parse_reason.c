/* Replies and reject texts -> class of the reason. The wording is that of the servers; addresses
 * and hosts are examples. */
#include "unit.h"

#include "parse/reason.h"

struct sample {
	const char *code, *dsn, *text;
	enum reason reason;
};

/* What Postfix itself says when it refuses, defers or bounces. */
static const struct sample postfix[] = {
	{"550", "5.1.1",
		"<x@example.com>: Recipient address rejected: User unknown in virtual mailbox "
		"table",
		REASON_USER_UNKNOWN},
	{"550", "5.1.1",
		"<x@example.com>: Recipient address rejected: User unknown in local recipient "
		"table",
		REASON_USER_UNKNOWN},
	{"450", "4.1.1",
		"<x@example.com>: Recipient address rejected: unverified address: host "
		"mx.example.com[192.0.2.1] said: 550 5.1.1 <x@example.com>: user not found",
		REASON_USER_UNKNOWN},
	{"", "5.1.1", "unknown user: \"nobody\"", REASON_USER_UNKNOWN},
	{"554", "5.7.1", "<x@example.org>: Relay access denied", REASON_RELAY_DENIED},
	{"454", "4.7.1", "<x@example.org>: Relay access denied", REASON_RELAY_DENIED},
	{"554", "5.7.1",
		"Service unavailable; Client host [203.0.113.5] blocked using zen.spamhaus.org; "
		"https://www.spamhaus.org/query/ip/203.0.113.5",
		REASON_BLOCKLIST},
	{"550", "5.7.1",
		"Service unavailable; client [203.0.113.5] blocked using dnsbl.example.net",
		REASON_BLOCKLIST},
	{"554", "5.7.1",
		"Service unavailable; Sender address [k@example.net] blocked using dbl.example.net",
		REASON_BLOCKLIST},
	{"450", "4.2.0",
		"<x@example.com>: Recipient address rejected: Greylisted, see "
		"http://postgrey.example.net/help/example.com.html",
		REASON_GREYLISTED},
	{"450", "4.7.1",
		"<x@example.com>: Recipient address rejected: greylisting in action, try again "
		"later",
		REASON_GREYLISTED},
	{"450", "4.1.8", "<k@nx.example>: Sender address rejected: Domain not found",
		REASON_SENDER_REFUSED},
	{"553", "5.7.1", "<a@example.com>: Sender address rejected: not owned by user bert",
		REASON_SENDER_REFUSED},
	{"450", "4.1.2", "<x@nx.example>: Recipient address rejected: Domain not found",
		REASON_DOMAIN_NOT_FOUND},
	{"504", "5.5.2", "<friend>: Helo command rejected: need fully-qualified hostname",
		REASON_HELO},
	{"450", "4.7.1", "<mx.example.net>: Helo command rejected: Host not found", REASON_HELO},
	{"504", "5.5.2", "<x>: Recipient address rejected: need fully-qualified address",
		REASON_PROTOCOL},
	{"450", "4.7.25", "Client host rejected: cannot find your hostname, [203.0.113.5]",
		REASON_CLIENT_REFUSED},
	{"554", "5.7.1", "<unknown[203.0.113.5]>: Client host rejected: Access denied",
		REASON_CLIENT_REFUSED},
	{"554", "5.7.1", "<x@example.com>: Recipient address rejected: Access denied",
		REASON_POLICY},
	{"552", "5.3.4", "Message size exceeds fixed limit", REASON_TOO_LARGE},
	{"452", "4.3.1", "Insufficient system storage", REASON_SYSTEM},
	{"452", "4.5.3", "Error: too many recipients", REASON_TOO_MANY_RECIPIENTS},
	{"421", "4.7.0", "mx1.example.com Error: too many errors", REASON_PROTOCOL},
	{"503", "5.5.1", "Error: nested MAIL command", REASON_PROTOCOL},
	{"550", "5.5.1", "Protocol error", REASON_PROTOCOL},
	{"521", "5.5.1", "Protocol error; improper command pipelining", REASON_PROTOCOL},
	{"450", "4.3.2", "Service currently unavailable", REASON_GREYLISTED},
	{"421", "4.3.2", "All server ports are busy", REASON_SYSTEM},
	{"421", "4.7.0", "mx1.example.com Error: too many connections from 203.0.113.5",
		REASON_RATE_LIMITED},
	{"450", "4.7.1", "Error: too much mail from 203.0.113.5", REASON_RATE_LIMITED},
	{"451", "4.3.5", "Server configuration problem", REASON_CONFIGURATION},
	{"451", "4.3.0", "<x@example.com>: Temporary lookup failure", REASON_DNS},
	{"530", "5.7.0", "Must issue a STARTTLS command first", REASON_TLS},
	{"535", "5.7.8", "Error: authentication failed: UGFzc3dvcmQ6", REASON_AUTH_FAILED},
	{"550", "5.7.1", "Message content rejected", REASON_CONTENT},
	{"", "4.4.1", "connect to mx.example.net[192.0.2.9]:25: Connection timed out",
		REASON_CONNECTION},
	{"", "4.4.1", "connect to mx.example.net[192.0.2.9]:25: Connection refused",
		REASON_CONNECTION},
	{"", "4.4.1",
		"delivery temporarily suspended: connect to mx.example.net[2001:db8::9]:25: No "
		"route to host",
		REASON_CONNECTION},
	{"", "4.4.1", "connect to mx.example.net[2001:db8::9]:25: Network is unreachable",
		REASON_CONNECTION},
	{"", "4.4.2",
		"lost connection with mx.example.net[192.0.2.9] while receiving the initial server "
		"greeting",
		REASON_LOST_CONNECTION},
	{"", "4.4.2",
		"conversation with mx.example.net[192.0.2.9] timed out while sending message body",
		REASON_LOST_CONNECTION},
	{"", "5.4.4",
		"Host or domain name not found. Name service error for name=nx.example type=A: "
		"Host not found",
		REASON_DOMAIN_NOT_FOUND},
	{"", "4.4.3",
		"Host or domain name not found. Name service error for name=example.net type=MX: "
		"Host not "
		"found, try again",
		REASON_DNS},
	{"", "4.4.3",
		"Host or domain name not found. Name service error for name=example.net type=MX: "
		"Malformed or "
		"unexpected name server reply",
		REASON_DNS},
	{"", "5.1.0", "Domain null.example does not accept mail (nullMX)", REASON_DOMAIN_NOT_FOUND},
	{"", "5.4.6", "mail for example.com loops back to myself", REASON_LOOP},
	{"", "5.4.6", "mail forwarding loop for bert@example.com", REASON_LOOP},
	{"", "5.4.0", "Error: too many hops", REASON_LOOP},
	{"", "5.6.7", "SMTPUTF8 is required, but was not offered by host mx.example.net[192.0.2.9]",
		REASON_SMTPUTF8},
	{"", "4.7.4", "TLS is required, but was not offered by host mx.example.net[192.0.2.9]",
		REASON_TLS},
	{"", "4.7.5", "Cannot start TLS: handshake failure", REASON_TLS},
	{"", "4.7.5", "Server certificate not verified", REASON_TLS},
	{"", "4.7.0",
		"SASL authentication failed; server smtp.example.net[192.0.2.9] said: 535 5.7.8 "
		"Error: "
		"authentication failed",
		REASON_AUTH_FAILED},
	{"", "4.3.0", "mail transport unavailable", REASON_CONFIGURATION},
	{"", "4.3.0", "unknown mail transport error", REASON_CONFIGURATION},
	{"", "4.3.0", "temporary failure. Command output: disk on fire", REASON_SYSTEM},
	{"", "5.3.0", "Command died with status 1: \"/usr/local/bin/filter\"",
		REASON_COMMAND_FAILED},
	{"", "5.2.2",
		"cannot update mailbox /var/mail/bert for user bert. error writing message: File "
		"too large",
		REASON_MAILBOX_FULL},
	{"550", "5.7.1", "Service unavailable", REASON_POLICY},
	{"451", "4.3.0", "Service unavailable", REASON_SYSTEM},
	{"421", "4.3.2", "All screening ports are busy", REASON_SYSTEM},
	{"", "", "COMMAND TIME LIMIT", REASON_PROTOCOL},
	{"", "", "timeout", REASON_LOST_CONNECTION},
	{"", "5.7.1", "Blocked by SpamAssassin", REASON_SPAM},
	{"451", "", "qq write error or disk full (#4.3.0)", REASON_SYSTEM},
	{"", "4.3.0", "alias database unavailable", REASON_CONFIGURATION},
	{"", "5.4.0", "aliasing/forwarding loop", REASON_LOOP},
};

/* Replies of other servers, as the delivery lines show them. */
static const struct sample others[] = {
	/* Gmail */
	{"550", "5.1.1",
		"host mx.example.net[192.0.2.9] said: 550-5.1.1 The email account that you tried "
		"to reach "
		"does not exist. Please try 550-5.1.1 double-checking (in reply to RCPT TO "
		"command)",
		REASON_USER_UNKNOWN},
	{"452", "4.2.2", "The recipient's inbox is out of storage space.", REASON_MAILBOX_FULL},
	{"552", "5.2.2",
		"552-5.2.2 The email account that you tried to reach is over quota and inactive.",
		REASON_MAILBOX_FULL},
	{"550", "5.2.1", "The email account that you tried to reach is disabled.",
		REASON_USER_DISABLED},
	{"450", "4.2.1", "The user you are trying to contact is receiving mail too quickly.",
		REASON_RATE_LIMITED},
	{"421", "4.7.0",
		"421-4.7.0 Our system has detected an unusual rate of unsolicited mail originating "
		"from "
		"your IP address.",
		REASON_RATE_LIMITED},
	{"550", "5.7.1",
		"550-5.7.1 Our system has detected that this message is likely unsolicited mail.",
		REASON_SPAM},
	{"550", "5.7.26", "This mail has been blocked because the sender is unauthenticated.",
		REASON_AUTHENTICATION},
	{"550", "5.7.26",
		"Unauthenticated email from example.org is not accepted due to domain's DMARC "
		"policy.",
		REASON_AUTHENTICATION},
	{"550", "5.7.25", "The IP address sending this message does not have a PTR record setup",
		REASON_CLIENT_REFUSED},
	{"552", "5.7.0",
		"This message was blocked because its content presents a potential security issue.",
		REASON_BANNED},
	{"552", "5.3.4", "Your message exceeded Google's message size limits.", REASON_TOO_LARGE},
	{"550", "5.4.5", "Daily user sending limit exceeded.", REASON_RATE_LIMITED},
	/* Outlook.com, Exchange Online */
	{"550", "5.5.0", "Requested action not taken: mailbox unavailable (S2017062302).",
		REASON_USER_UNKNOWN},
	{"550", "5.4.1",
		"Recipient address rejected: Access denied. [EX1.prod.example.com "
		"2026-03-01T10:00:00Z]",
		REASON_USER_UNKNOWN},
	{"550", "5.7.1",
		"Unfortunately, messages from [203.0.113.5] weren't sent. Please contact your "
		"Internet "
		"service provider since part of their network is on our block list (S3140).",
		REASON_BLOCKLIST},
	{"451", "4.7.500", "Server busy. Please try again later from [203.0.113.5]. (S77714)",
		REASON_RATE_LIMITED},
	{"550", "5.7.606", "Access denied, banned sending IP [203.0.113.5]", REASON_BLOCKLIST},
	{"550", "5.7.509",
		"Access denied, sending domain example.org does not pass DMARC verification",
		REASON_AUTHENTICATION},
	{"554", "5.2.2", "mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException",
		REASON_MAILBOX_FULL},
	{"432", "4.3.2", "STOREDRV.Deliver; recipient thread limit exceeded", REASON_SYSTEM},
	{"550", "5.1.1", "RESOLVER.ADR.RecipNotFound; not found", REASON_USER_UNKNOWN},
	{"550", "5.7.1", "RESOLVER.RST.NotAuthorized; not authorized", REASON_POLICY},
	{"550", "5.2.3", "RESOLVER.RST.RecipSizeLimit; message too large for this recipient",
		REASON_TOO_LARGE},
	{"550", "5.7.1", "Client was not authenticated", REASON_AUTH_REQUIRED},
	{"530", "5.7.57",
		"Client not authenticated to send mail. Client was not authenticated to send "
		"anonymous "
		"mail during MAIL FROM",
		REASON_AUTH_REQUIRED},
	{"550", "5.7.60", "SMTP; Client does not have permissions to send as this sender",
		REASON_SENDER_REFUSED},
	{"550", "5.7.54", "SMTP; Unable to relay recipient in non-accepted domain",
		REASON_RELAY_DENIED},
	{"550", "4.4.7", "QUEUE.Expired; message expired", REASON_EXPIRED},
	{"554", "5.4.6", "Hop count exceeded - possible mail loop", REASON_LOOP},
	{"450", "4.4.316", "Connection refused [Message=Socket error code 10061]",
		REASON_CONNECTION},
	/* Yahoo, AOL, web mailers */
	{"554", "",
		"delivery error: dd This user doesn't have a yahoo.com account (x@example.net) [0]",
		REASON_USER_UNKNOWN},
	{"554", "30",
		"Sorry, your message to x@example.net cannot be delivered. This mailbox is "
		"disabled (554.30).",
		REASON_USER_DISABLED},
	{"421", "4.7.0",
		"[TSS04] Messages from 203.0.113.5 temporarily deferred due to unexpected volume "
		"or user "
		"complaints - 4.16.55.1",
		REASON_RATE_LIMITED},
	{"553", "5.7.1",
		"[BL21] Connections will not be accepted from 203.0.113.5, because the ip is in "
		"Spamhaus's "
		"list",
		REASON_BLOCKLIST},
	{"554", "5.7.9", "Message not accepted for policy reasons.", REASON_POLICY},
	{"554", "", "Transaction failed 554 Reject due to policy restrictions.", REASON_POLICY},
	{"554", "", "Bad DNS PTR resource record.", REASON_CLIENT_REFUSED},
	/* Exim */
	{"550", "", "Unrouteable address", REASON_USER_UNKNOWN},
	{"550", "", "No Such User Here\"", REASON_USER_UNKNOWN},
	{"550", "", "relay not permitted", REASON_RELAY_DENIED},
	{"550", "", "Sender verify failed", REASON_SENDER_REFUSED},
	{"", "",
		"all hosts for 'example.net' have been failing for a long time (and retry time not "
		"reached)",
		REASON_EXPIRED},
	{"554", "", "SMTP protocol synchronization error", REASON_PROTOCOL},
	{"550", "", "This message scored 12.3 spam points.", REASON_SPAM},
	/* Sendmail */
	{"550", "5.1.1", "<x@example.net>... User unknown", REASON_USER_UNKNOWN},
	{"550", "5.7.1", "<x@example.net>... Relaying denied. IP name lookup failed [203.0.113.5]",
		REASON_RELAY_DENIED},
	{"553", "5.1.8", "<k@nx.example>... Domain of sender address k@nx.example does not exist",
		REASON_SENDER_REFUSED},
	{"552", "5.2.3", "Message exceeds maximum fixed size (10485760)", REASON_TOO_LARGE},
	{"452", "4.4.5", "Insufficient disk space; try again later", REASON_SYSTEM},
	{"553", "5.3.5", "system config error: mail loops back to me (MX problem?)", REASON_LOOP},
	/* qmail */
	{"550", "", "sorry, no mailbox here by that name. (#5.1.1)", REASON_USER_UNKNOWN},
	{"553", "", "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
		REASON_RELAY_DENIED},
	{"552", "", "sorry, that message size exceeds my databytes limit (#5.3.4)",
		REASON_TOO_LARGE},
	{"553", "", "sorry, your envelope sender is in my badmailfrom list (#5.7.1)",
		REASON_SENDER_REFUSED},
	{"", "", "Sorry, I couldn't find any host named nx.example. (#5.1.2)",
		REASON_DOMAIN_NOT_FOUND},
	{"", "", "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)",
		REASON_CONNECTION},
	/* Dovecot, Cyrus */
	{"550", "5.1.1", "<x@example.com> User doesn't exist: x@example.com", REASON_USER_UNKNOWN},
	{"552", "5.2.2", "<x@example.com> Quota exceeded (mailbox for user is full)",
		REASON_MAILBOX_FULL},
	{"452", "4.2.2", "<x@example.com> Not enough disk quota", REASON_MAILBOX_FULL},
	{"451", "4.2.0", "<x@example.com> Temporary internal error", REASON_SYSTEM},
	{"550", "5.1.1", "Mailbox does not exist", REASON_USER_UNKNOWN},
	{"452", "4.2.2", "Over quota", REASON_MAILBOX_FULL},
	/* Amavis, Rspamd, ClamAV */
	{"554", "5.7.0", "Reject, id=02101-09 - spam", REASON_SPAM},
	{"554", "5.7.0", "Reject, id=02101-10 - INFECTED: Eicar-Test-Signature", REASON_VIRUS},
	{"554", "5.7.0", "Reject, id=02101-11 - BANNED: .exe,.exe-ms,setup.exe", REASON_BANNED},
	{"451", "4.5.0", "Error in processing, id=02101-12, virus_scan FAILED: all scanners",
		REASON_SYSTEM},
	{"550", "5.7.1", "Gtube pattern", REASON_SPAM},
	{"554", "5.7.1", "Spam message rejected", REASON_SPAM},
	{"451", "4.7.1", "Try again later", REASON_GREYLISTED},
	{"550", "5.7.1", "virus Eicar-Signature detected by ClamAV - http://www.clamav.net",
		REASON_VIRUS},
	/* SPF, DKIM, DMARC */
	{"550", "5.7.23",
		"<x@example.com>: Recipient address rejected: Message rejected due to: SPF fail - "
		"not "
		"authorized",
		REASON_AUTHENTICATION},
	{"550", "5.7.1", "rejected by DMARC policy for example.org", REASON_AUTHENTICATION},
	{"550", "5.7.20", "No passing DKIM signature found", REASON_AUTHENTICATION},
	/* others */
	{"550", "", "IP address 203.0.113.5 is blacklisted", REASON_BLOCKLIST},
	{"554", "",
		"Your access to this mail system has been rejected due to the sending MTA's poor "
		"reputation.",
		REASON_BLOCKLIST},
	{"550", "5.7.1", "Attachment type not allowed (zip)", REASON_BANNED},
	{"550", "5.2.1", "Mailbox locked", REASON_USER_DISABLED},
	{"421", "", "Too many concurrent SMTP connections; please try again later.",
		REASON_RATE_LIMITED},
	{"451", "4.7.1", "Hourly limit for this user is used up", REASON_RATE_LIMITED},
	{"550", "5.3.2", "system not accepting network messages: maintenance", REASON_SYSTEM},
	{"550", "", "SURBL listed link in body, contains a URL we refuse", REASON_CONTENT},
	{"550", "", "Invalid HELO name", REASON_HELO},
};

/* Nothing but codes, or words that say little. */
static const struct sample codes[] = {
	{"550", "5.1.1", "no", REASON_USER_UNKNOWN},
	{"550", "5.1.1", "Rejected", REASON_USER_UNKNOWN},
	{"550", "5.7.1", "Rejected", REASON_POLICY},
	{"452", "4.2.2", "", REASON_MAILBOX_FULL},
	{"", "4.4.3", "", REASON_DNS},
	{"", "5.4.7", "", REASON_EXPIRED},
	{"552", "", "", REASON_MAILBOX_FULL},
	{"535", "", "nope", REASON_AUTH_FAILED},
	{"550", "", "nope", REASON_OTHER},
	{"", "", "nope", REASON_OTHER},
	{"", "", "", REASON_NONE},
	/* names of hosts and addresses are no reasons */
	{"550", "5.1.1",
		"host spam.example.net[192.0.2.9] said: 550 5.1.1 no (in reply to EHLO command)",
		REASON_USER_UNKNOWN},
	{"550", "", "<virus@example.net>: nope", REASON_OTHER},
	{"550", "", "spam@example.net: nope", REASON_OTHER},
	{"550", "", "mx.greylist.example.net: nope", REASON_OTHER},
	/* what was accepted has no reason, unless a filter threw it away */
	{"250", "2.0.0", "Ok: queued as 4fNq1m0Tcbz9u, no virus found", REASON_NONE},
	{"250", "2.1.5", "mailbox full of joy", REASON_NONE},
	{"", "2.0.0", "delivered to mailbox", REASON_NONE},
	{"250", "2.7.0", "Ok, discarded, id=02101-09 - spam", REASON_SPAM},
	{"250", "2.7.0", "Ok, discarded, id=02101-10 - INFECTED: Eicar-Test-Signature",
		REASON_VIRUS},
	{"250", "2.5.0", "Ok, id=02101-11, BOUNCE", REASON_NONE},
};

static void
check(const struct sample *samples, size_t n)
{
	size_t wrong = 0;
	for (size_t i = 0; i < n; i++) {
		const struct sample *s = &samples[i];
		enum reason reason = reason_of(
			slice_of_str(s->code), slice_of_str(s->dsn), slice_of_str(s->text));
		if (reason == s->reason)
			continue;
		wrong++;
		print_error("%s %s %s: expected %s, got %s\n", s->code, s->dsn, s->text,
			reason_name(s->reason), reason_name(reason));
	}
	assert_int_equal(wrong, 0);
}

#define CHECK(samples) check(samples, sizeof(samples) / sizeof((samples)[0]))

static void
texts_of_postfix(void **state)
{
	(void)state;
	CHECK(postfix);
}

static void
replies_of_other_servers(void **state)
{
	(void)state;
	CHECK(others);
}

static void
codes_decide_when_words_do_not(void **state)
{
	(void)state;
	CHECK(codes);
}

static void
case_does_not_matter(void **state)
{
	(void)state;
	assert_int_equal(reason_of(S("550"), S(""), S("MAILBOX FULL")), REASON_MAILBOX_FULL);
	assert_int_equal(reason_of(S("550"), S(""), S("mailbox full")), REASON_MAILBOX_FULL);
}

static void
every_class_has_a_name_and_is_found_by_it(void **state)
{
	(void)state;
	enum reason found;
	assert_string_equal(reason_name(REASON_NONE), "");
	for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
		assert_true(reason_by_name(slice_of_str(reason_name((enum reason)i)), &found));
		assert_int_equal(found, i);
	}
	assert_false(reason_by_name(S(""), &found));
	assert_false(reason_by_name(S("mailbox"), &found));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_postfix),
		cmocka_unit_test(replies_of_other_servers),
		cmocka_unit_test(codes_decide_when_words_do_not),
		cmocka_unit_test(case_does_not_matter),
		cmocka_unit_test(every_class_has_a_name_and_is_found_by_it),
	};
	return cmocka_run_group_tests_name("parse_reason", tests, NULL, NULL);
}
