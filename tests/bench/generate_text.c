/*
 * What mail servers answer. The wording is that of the servers and providers one meets most; '%'
 *and a letter is a blank:
 *
 *	%t recipient   %d its domain   %f sender   %h remote host   %i remote address   %c client
 *name %a client address   %l HELO   %m message-id   %s size   %o our sending address   %e seconds
 *now %x 8 hex digits   %X 12 upper hex digits   %n 5 digits   %N 10 digits   %b 6 letters   %q a
 *queue id
 */
#include "generate.h"

#include <assert.h>

enum flavour {
	GIGA, /* the first six are the providers of the same rank */
	OFFICE,
	YOO,
	EXPRESS,
	TEE,
	SKY,
	POSTFIX,
	EXIM,
	SENDMAIL,
	QMAIL,
	GATEWAY,
	ANY
};

struct line_of {
	enum flavour flavour;
	const char *dsn;
	bool connected;
	const char *text;
};

#define SAID	"host %h[%i] said: "
#define TO_RCPT " (in reply to RCPT TO command)"
#define TO_DATA " (in reply to end of DATA command)"
#define TO_MAIL " (in reply to MAIL FROM command)"

static const struct line_of sent[] = {
	{GIGA, "2.0.0", true, "250 2.0.0 OK  %e %x%b-%x%bsi%N%b.%n - gsmtp"},
	{OFFICE, "2.6.0", true,
		"250 2.6.0 %m [InternalId=%N%n, Hostname=AM0PR04MB%n.eurprd04.prod.%d] %s bytes in "
		"0.123, "
		"195.214 KB/sec Queued mail for delivery"},
	{YOO, "2.0.0", true, "250 ok dirdel"},
	{EXPRESS, "2.0.0", true,
		"250 Requested mail action okay, completed: id=1M%b-1t%b3Xxz-00%b"},
	{TEE, "2.0.0", true, "250 2.0.0 %x Message accepted for delivery"},
	{SKY, "2.0.0", true, "250 2.0.0 Ok: queued as %X"},
	{POSTFIX, "2.0.0", true, "250 2.0.0 Ok: queued as %q"},
	{POSTFIX, "2.0.0", true, "250 2.0.0 Ok: queued as %X"},
	{EXIM, "2.0.0", true, "250 OK id=1t%b-0000000%b-1x"},
	{SENDMAIL, "2.0.0", true, "250 2.0.0 5B%b%n Message accepted for delivery"},
	{QMAIL, "2.0.0", true, "250 ok %e qp %n"},
	{GATEWAY, "2.0.0", true,
		"250 SmtpThread-%N-%e000@uk-mta-12.uk.gateway.lan Received OK [%b%bM%b.uk12]"},
};

static const struct line_of bounced[] = {
	{GIGA, "5.1.1", true,
		SAID
		"550-5.1.1 The email account that you tried to reach does not exist. Please try "
		"550-5.1.1 double-checking the recipient's email address for typos or 550-5.1.1 "
		"unnecessary spaces. For more information, go to 550 5.1.1  "
		"https://support.gigamail.example/mail/?p=NoSuchUser %x%b-%x%bsi%N%b.%n - "
		"gsmtp" TO_RCPT},
	{GIGA, "5.7.26", true,
		SAID
		"550-5.7.26 Your email has been blocked because the sender is unauthenticated. "
		"550-5.7.26 Gigamail requires all senders to authenticate with either SPF or DKIM. "
		"550 5.7.26 %x%b-%x%bsi%N%b.%n - gsmtp" TO_DATA},
	{GIGA, "5.2.2", true,
		SAID
		"552-5.2.2 The recipient's inbox is out of storage space. Please direct the "
		"552-5.2.2 recipient to https://support.gigamail.example/mail/?p=OverQuotaPerm "
		"552 5.2.2 %x%b-%x%bsi%N%b.%n - gsmtp" TO_RCPT},
	{OFFICE, "5.5.0", true,
		SAID
		"550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). "
		"[%b.%b.prod.protection.officemail.example 2026-11-22T05:21:39.087Z %X]" TO_RCPT},
	{OFFICE, "5.4.1", true,
		SAID
		"550 5.4.1 Recipient address rejected: Access denied. "
		"[%b.%b.prod.protection.officemail.example 2026-11-22T05:21:39.087Z %X]" TO_RCPT},
	{OFFICE, "5.7.1", true,
		SAID
		"550 5.7.1 Unfortunately, messages from [%o] weren't sent. Please contact your "
		"Internet service provider since part of their network is on our block list "
		"(S3150). [%b.%b.prod.protection.officemail.example]" TO_MAIL},
	{YOO, "5.0.0", true,
		SAID "554 delivery error: dd This user doesn't have a yoomail.example account (%t) "
		     "[0] - "
		     "mta%n.mail.bf1.yoomail.example" TO_DATA},
	{EXPRESS, "5.0.0", true,
		SAID
		"550 Requested action not taken: mailbox unavailable For explanation visit "
		"https://postmaster.gmexpress.example/en/case?c=r0104&i=ip&v=%o&r=1M%b" TO_RCPT},
	{TEE, "5.0.0", true, SAID "550-5.1.1 user %t unknown 550 #%x" TO_RCPT},
	{SKY, "5.1.1", true, SAID "550 5.1.1 <%t>: user does not exist" TO_RCPT},
	{POSTFIX, "5.1.1", true,
		SAID "550 5.1.1 <%t>: Recipient address rejected: User unknown in virtual mailbox "
		     "table" TO_RCPT},
	{POSTFIX, "5.7.1", true,
		SAID "554 5.7.1 Service unavailable; Client host [%o] blocked using zen.example; "
		     "https://check.zen.example/ip/%o" TO_RCPT},
	{POSTFIX, "5.2.2", true,
		SAID "552 5.2.2 <%t>: Recipient address rejected: Mailbox is full / quota "
		     "exceeded" TO_RCPT},
	{EXIM, "5.0.0", true, SAID "550 Unrouteable address" TO_RCPT},
	{EXIM, "5.0.0", true, SAID "550 No Such User Here" TO_RCPT},
	{SENDMAIL, "5.1.1", true, SAID "550 5.1.1 <%t>... User unknown" TO_RCPT},
	{QMAIL, "5.1.1", true,
		SAID "550 sorry, no mailbox here by that name (#5.1.1 - chkuser)" TO_RCPT},
	{GATEWAY, "5.7.1", true,
		SAID "550 Rejected by header based Anti-Spoofing policy: %f - "
		     "https://community.gateway.example/docs/DOC-1369#550 [%b%b.uk%n]" TO_DATA},
	{ANY, "5.4.4", false,
		"Host or domain name not found. Name service error for name=%d type=A: Host not "
		"found"},
	{ANY, "5.1.0", false, "Domain %d does not accept mail (nullMX)"},
	{ANY, "5.7.1", true, SAID "554 5.7.1 Message rejected due to content restrictions" TO_DATA},
};

static const struct line_of deferred[] = {
	{GIGA, "4.7.28", true,
		SAID
		"421-4.7.28 Gigamail has detected an unusual rate of unsolicited mail originating "
		"421-4.7.28 from your IP address. To protect our users from spam, mail sent from "
		"421-4.7.28 your IP address has been temporarily rate limited. 421 4.7.28 "
		"%x%b-%x%bsi%N%b.%n - gsmtp" TO_DATA},
	{GIGA, "4.2.2", true,
		SAID "452-4.2.2 The recipient's inbox is out of storage space. 452 4.2.2 "
		     "%x%b-%x%bsi%N%b.%n "
		     "- gsmtp" TO_RCPT},
	{OFFICE, "4.7.500", true,
		SAID "451 4.7.500 Server busy. Please try again later from [%o]. (S77719) "
		     "[%b.%b.prod.protection.officemail.example]" TO_RCPT},
	{YOO, "4.7.0", true,
		SAID "421 4.7.0 [TSS04] Messages from %o temporarily deferred due to unexpected "
		     "volume or "
		     "user complaints - 4.16.55.1; see "
		     "https://postmaster.yoomail.example/421.html" TO_MAIL},
	{EXPRESS, "4.0.0", true,
		SAID
		"450 Requested mail action not taken: mailbox unavailable Mail rate limit "
		"exceeded. For "
		"explanation visit https://postmaster.gmexpress.example/en/error-messages" TO_RCPT},
	{TEE, "4.0.0", true, SAID "421 4.7.0 Too many sessions from your address, %o" TO_MAIL},
	{SKY, "4.2.1", true, SAID "450 4.2.1 <%t>: mailbox temporarily disabled" TO_RCPT},
	{POSTFIX, "4.2.0", true,
		SAID "450 4.2.0 <%t>: Recipient address rejected: Greylisted, see "
		     "http://postgrey.schweikert.ch/help/%d.html" TO_RCPT},
	{POSTFIX, "4.3.0", true, SAID "451 4.3.0 <%t>: Temporary lookup failure" TO_RCPT},
	{EXIM, "4.0.0", true, SAID "451 Temporary local problem - please try later" TO_RCPT},
	{EXIM, "4.0.0", true, SAID "452 space shortage, please try later" TO_MAIL},
	{SENDMAIL, "4.3.2", true, SAID "421 4.3.2 Connection rate limit exceeded." TO_MAIL},
	{QMAIL, "4.0.0", true, SAID "451 qq temporary problem (#4.3.0)" TO_DATA},
	{GATEWAY, "4.0.0", true,
		SAID "451 Internal resources are temporarily unavailable - "
		     "https://community.gateway.example/docs/DOC-1369#451 [%b%b.uk%n]" TO_RCPT},
	{ANY, "4.4.1", false, "connect to %h[%i]:25: Connection timed out"},
	{ANY, "4.4.1", false, "connect to %h[%i]:25: Connection refused"},
	{ANY, "4.4.3", false,
		"Host or domain name not found. Name service error for name=%h type=A: Host not "
		"found, try "
		"again"},
	{ANY, "4.4.2", true,
		"lost connection with %h[%i] while receiving the initial server greeting"},
	{ANY, "4.4.2", true, "conversation with %h[%i] timed out while sending message body"},
};

static const struct line_of store_bounced[] = {
	{ANY, "5.1.1", true,
		"host store1.example.net[private/dovecot-lmtp] said: 550 5.1.1 <%t> User doesn't "
		"exist: "
		"%t" TO_RCPT},
	{ANY, "5.2.2", true,
		"host store1.example.net[private/dovecot-lmtp] said: 552 5.2.2 <%t> Quota exceeded "
		"(mailbox "
		"for user is full)" TO_DATA},
};

static const struct line_of store_deferred[] = {
	{ANY, "4.2.0", true,
		"host store1.example.net[private/dovecot-lmtp] said: 451 4.2.0 <%t> Internal error "
		"occurred. "
		"Refer to server log for more information." TO_DATA},
	{ANY, "4.2.2", true,
		"host store1.example.net[private/dovecot-lmtp] said: 452 4.2.2 <%t> Quota exceeded "
		"(mailbox "
		"for user is full)" TO_DATA},
	{ANY, "4.4.1", false,
		"connect to store1.example.net[private/dovecot-lmtp]: Connection refused"},
};

const char *const reject_names[REJECTS] = {
	[REJECT_BLOCKLIST] = "blocklist",
	[REJECT_USER_UNKNOWN] = "user_unknown",
	[REJECT_GREYLISTED] = "greylisted",
	[REJECT_RELAY] = "relay_denied",
	[REJECT_HELO] = "helo",
	[REJECT_SENDER_DOMAIN] = "sender_domain",
	[REJECT_CLIENT] = "client",
	[REJECT_RATE] = "rate",
};

#define FROM_TO "; from=<%f> to=<%t> proto=ESMTP helo=<%l>"

static const char *const rejects[REJECTS][3] = {
	[REJECT_BLOCKLIST] = {"RCPT from %c[%a]: 554 5.7.1 Service unavailable; Client host [%a] "
			      "blocked "
			      "using zen.example; https://check.zen.example/query/ip/%a" FROM_TO,
		"RCPT from %c[%a]: 554 5.7.1 Service unavailable; Client host [%a] blocked using "
		"bl.list.example; Blocked - see https://www.list.example/bl.shtml?%a" FROM_TO},
	[REJECT_USER_UNKNOWN] =
		{"RCPT from %c[%a]: 550 5.1.1 <%t>: Recipient address rejected: User "
		 "unknown in virtual mailbox table" FROM_TO},
	[REJECT_GREYLISTED] =
		{"RCPT from %c[%a]: 450 4.2.0 <%t>: Recipient address rejected: "
		 "Greylisted, see http://postgrey.schweikert.ch/help/%d.html" FROM_TO},
	[REJECT_RELAY] = {"RCPT from %c[%a]: 554 5.7.1 <%t>: Relay access denied" FROM_TO},
	[REJECT_HELO] = {"RCPT from %c[%a]: 450 4.7.1 <%l>: Helo command rejected: Host not "
			 "found" FROM_TO,
		"RCPT from %c[%a]: 504 5.5.2 <%l>: Helo command rejected: need fully-qualified "
		"hostname" FROM_TO},
	[REJECT_SENDER_DOMAIN] =
		{"RCPT from %c[%a]: 450 4.1.8 <%f>: Sender address rejected: Domain not "
		 "found" FROM_TO},
	[REJECT_CLIENT] =
		{"RCPT from %c[%a]: 450 4.7.25 Client host rejected: cannot find your hostname, "
		 "[%a]" FROM_TO},
	[REJECT_RATE] = {"RCPT from %c[%a]: 450 4.7.1 Error: too many recipients from %a" FROM_TO,
		"MAIL from %c[%a]: 450 4.7.1 Error: too much mail from %a; from=<%f> proto=ESMTP "
		"helo=<%l>"},
};

static enum flavour
flavour_of(uint32_t domain)
{
	static const uint8_t shares[20] = {GIGA, GIGA, GIGA, GIGA, OFFICE, OFFICE, OFFICE, OFFICE,
		OFFICE, POSTFIX, POSTFIX, POSTFIX, POSTFIX, POSTFIX, POSTFIX, EXIM, EXIM, SENDMAIL,
		QMAIL, GATEWAY};
	return domain < POSTFIX ? (enum flavour)domain : (enum flavour)shares[mixed(domain) % 20];
}

static struct slice
random_blank(struct generate *g, char letter, struct text *t)
{
	struct qid qid;
	switch (letter) {
	case 'x':
		random_text(g, HEX, 8, t);
		break;
	case 'X':
		random_text(g, UPPER, 12, t);
		break;
	case 'n':
		return number(g, 10000 + below(g, 90000));
	case 'N':
		return number(g, UINT64_C(1000000000) + below(g, UINT32_MAX));
	case 'b':
		random_text(g, S("abcdefghijkmnopqrstuvwxyz0123456789"), 6, t);
		break;
	case 'e':
		return number(g, (uint64_t)(g->now_us / TIME_SECOND_US));
	default:
		assert(letter == 'q');
		qid_make(g, &qid);
		TEXT(t, qid_slice(&qid));
	}
	return text_slice(t);
}

static struct slice
blank(struct generate *g, const struct blanks *b, char letter, struct text *t)
{
	switch (letter) {
	case 't':
		return b->to;
	case 'd':
		return b->domain;
	case 'f':
		return b->from;
	case 'h':
		return b->host;
	case 'i':
		return b->ip;
	case 'c':
		return b->client;
	case 'a':
		return b->client_ip;
	case 'l':
		return b->helo;
	case 'm':
		return b->msgid;
	case 's':
		return number(g, b->size);
	case 'o':
		return g->hosts[OUT].ip;
	default:
		return random_blank(g, letter, t);
	}
}

static struct slice
filled(struct generate *g, const char *form, const struct blanks *blanks)
{
	struct buf *out = &g->scratch;
	struct text t;
	buf_clear(out);
	for (const char *gap; (gap = strchr(form, '%')); form = gap + 2) {
		buf_add(out, slice_of(form, (size_t)(gap - form)));
		buf_add(out, blank(g, blanks, gap[1], &t));
	}
	buf_add(out, slice_of_str(form));
	return buf_slice(out);
}

static struct reply
reply_from(struct generate *g, const struct line_of *lines, size_t n, enum flavour flavour,
	const struct blanks *blanks)
{
	const struct line_of *fitting[32];
	uint32_t count = 0;
	for (size_t i = 0; i < n && count < 32; i++)
		if (lines[i].flavour == flavour || lines[i].flavour == ANY)
			fitting[count++] = &lines[i];
	assert(count > 0);
	const struct line_of *l = fitting[below(g, count)];
	return (struct reply){l->dsn, l->connected, filled(g, l->text, blanks)};
}

#define REPLY_FROM(g, lines, flavour, blanks)                                                      \
	reply_from((g), (lines), sizeof(lines) / sizeof((lines)[0]), (flavour), (blanks))

struct reply
reply_of_world(struct generate *g, enum status status, uint32_t domain, const struct blanks *blanks)
{
	enum flavour flavour = flavour_of(domain);
	if (status == DELIVERED)
		return REPLY_FROM(g, sent, flavour, blanks);
	if (status == BOUNCED)
		return REPLY_FROM(g, bounced, flavour, blanks);
	return REPLY_FROM(g, deferred, flavour, blanks);
}

struct reply
reply_of_store(struct generate *g, enum status status, const struct blanks *blanks)
{
	if (status == BOUNCED)
		return REPLY_FROM(g, store_bounced, ANY, blanks);
	return REPLY_FROM(g, store_deferred, ANY, blanks);
}

struct slice
reject_text(struct generate *g, enum reject_kind kind, const struct blanks *blanks)
{
	const char *const *forms = rejects[kind];
	return filled(g, forms[1] && permille(g, 300) ? forms[1] : forms[0], blanks);
}
