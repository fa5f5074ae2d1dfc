#include "unit.h"

#include "store/terms.h"

/* Two mails: the words of each stand in the texts below. */
static const struct term_words mails[2] = {
	{.rcpt = S("joe@example.com"),
		.sender = S("alice@sender.example"),
		.relay = S("mx.example.com"),
		.client_ip = S("192.0.2.7"),
		.client_name = S("unknown"),
		.qid = S("4XvKpL2Rtzvz9vT7")},
	{.rcpt = S("ann.smith+news@sub.example.org"),
		.sender = S("bounce-17-ann=example.org@list.example.net"),
		.relay = S("mail-in2.example.org"),
		.client_ip = S("2001:db8:7::25"),
		.client_name = S("p8afe0717.dip.access.example"),
		.qid = S("951F0A2C")},
};

static struct buf b;

static int
clear(void **state)
{
	(void)state;
	buf_fini(&b);
	return 0;
}

static void
check_template(const char *text, const struct term_words *words, const char *template,
	const char *file, int line)
{
	buf_clear(&b);
	term_template(&b, slice_of_str(text), words);
	check_slice(buf_slice(&b), slice_of_str(template), file, line);
}

#define assert_template(text, words, template)                                                     \
	check_template((text), (words), (template), __FILE__, __LINE__)

struct pair {
	const char *texts[2]; /* the same reply for the two mails */
	const char *template;
};

static void
check_pairs(const struct pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t mail = 0; mail < 2; mail++)
			assert_template(pairs[i].texts[mail], &mails[mail], pairs[i].template);
}

#define assert_pairs(pairs) check_pairs((pairs), sizeof(pairs) / sizeof(*(pairs)))

static const struct pair accepted[] = {
	{{"250 2.0.0 Ok: queued as 4ZkLm2Rtzvz9vT7", "250 2.0.0 Ok: queued as BCDFGHJKLMN"},
		"250 2.0.0 Ok: queued as %*"},
	{{"250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 951F0A2C",
		 "250 2.0.0 from MTA(smtp:[::1]:10026): 250 2.0.0 Ok: queued as "
		 "4ZkLm2RtzvzT7"},
		"250 2.0.0 from MTA(smtp:[%*]:%*): 250 2.0.0 Ok: queued as %*"},
	{{"250 2.0.0 OK  1732252899 a640c23a62f3a-aa4f418bab3si456187566b.123 - gsmtp",
		 "250 2.0.0 OK  1732259999 5b1f17b1804b1-432f643acf5si12974135e9.98 - "
		 "gsmtp"},
		"250 2.0.0 OK  %* - gsmtp"},
	{{"250 2.6.0 <17.a@mail.sender.example> [InternalId=8594130141185, "
	  "Hostname=AM0PR04MB1234.eurprd04.prod.outlook.com] 12345 bytes in 0.123, 98.765 "
	  "KB/sec Queued mail for delivery",
		 "250 2.6.0 <CAF=abc@list.example.net> [InternalId=55, "
		 "Hostname=EXCHANGE.corp.example] 812 bytes in 1.500, 0.529 "
		 "KB/sec Queued mail for delivery"},
		"250 2.6.0 <%*> [InternalId=%*, Hostname=%*] %* bytes in %* KB/sec Queued "
		"mail "
		"for delivery"},
	{{"250 2.0.0 <joe@example.com> qYyyBMsl9FRuZQAAA15QOA Saved",
		 "250 2.0.0 <ann.smith+news@sub.example.org> -aTTQrpMaxsHOfawocrz/g:R2 "
		 "Saved"},
		"250 2.0.0 <%r> %* Saved"},
	{{"250 OK id=1tEXyZ-0001Ab-2c", "250 OK id=1tFabC-000000001Zz-0Xyz"}, "250 OK id=%*"},
	{{"250 2.0.0 4AM5LdQ8012345 Message accepted for delivery",
		 "250 2.0.0 abdfghkm Message accepted for delivery"},
		"250 2.0.0 %* Message accepted for delivery"},
	{{"250 ok 1732252899 qp 12345", "250 ok 1732252900 qp 7"}, "250 ok %* qp %*"},
	{{"250 ok:  Message 7295650 accepted", "250 ok:  Message 12 accepted"},
		"250 ok:  Message %* accepted"},
	{{"250 Requested mail action okay, completed: id=1MYNJg-1tBWdM0Vf8-00Q4Ck",
		 "250 Requested mail action okay, completed: id=0LxKpY-1uCXeN1Wg9-01R5Dl"},
		"250 Requested mail action okay, completed: id=%*"},
	{{"250 SmtpThread-1234567890-1732252899000@uk-mta-12.uk.gateway.example Received "
	  "OK "
	  "[aBcDeFgHiJkL.uk12]",
		 "250 SmtpThread-99-1732252899001@uk-mta-3.uk.gateway.example Received OK "
		 "[mNoPqRsTuVwX.uk3]"},
		"250 %* Received OK [%*]"},
	{{"250 Ok 0102018f6b3a2c1d-7e8f9a0b-1234-5678-9abc-def012345678-000000",
		 "250 Ok 0102019a0b1c2d3e-ffffffff-aaaa-bbbb-cccc-dddddddddddd-000000"},
		"250 Ok %*"},
	{{"250 2.7.0 Ok, discarded, id=12345-07 - spam",
		 "250 2.7.0 Ok, discarded, id=999-12-3 - spam"},
		"250 2.7.0 Ok, discarded, id=%* - spam"},
	{{"250 ok dirdel", "250 ok dirdel"}, "250 ok dirdel"},
	{{"delivered to maildir", "delivered to maildir"}, "delivered to maildir"},
	{{"forwarded as 951F0A2C", "forwarded as BCDFGHJKLMN"}, "forwarded as %*"},
};

static void
acceptances(void **state)
{
	(void)state;
	assert_pairs(accepted);
}

static const struct pair refused[] = {
	{{"host mx.example.com[198.51.100.25] said: 550-5.1.1 The email account that you "
	  "tried "
	  "to reach does not exist. Please try 550-5.1.1 double-checking the recipient's "
	  "email address for typos. 550 5.1.1  "
	  "https://support.google.com/mail/?p=NoSuchUser "
	  "a640c23a62f3a-aa4f418bab3si456187566b.123 - gsmtp (in reply to RCPT TO command)",
		 "host mail-in2.example.org[2001:db8::25] said: 550-5.1.1 The email "
		 "account "
		 "that you tried to reach does not exist. Please try 550-5.1.1 "
		 "double-checking the recipient's email address for typos. 550 5.1.1  "
		 "https://support.google.com/mail/?p=NoSuchUser "
		 "5b1f17b1804b1-432f643acf5si12974135e9.98 - gsmtp (in reply to RCPT TO "
		 "command)"},
		"host %h[%*] said: 550-5.1.1 The email account that you tried to reach "
		"does not "
		"exist. Please try 550-5.1.1 double-checking the recipient's email address "
		"for "
		"typos. 550 5.1.1  https://support.google.com/mail/?p=NoSuchUser %* - "
		"gsmtp (in "
		"reply to RCPT TO command)"},
	{{"550 5.4.1 Recipient address rejected: Access denied. "
	  "[DB5EUR01FT034.eop-EUR01.prod.protection.outlook.com 2026-11-22T05:21:39.087Z "
	  "08DC12AB34CD56EF]",
		 "550 5.4.1 Recipient address rejected: Access denied. "
		 "[SN1NAM02FT0012.eop-nam02.prod.protection.outlook.com "
		 "2026-11-23T17:01:02.9Z 08DC000000000000]"},
		"550 5.4.1 Recipient address rejected: Access denied. [%*]"},
	{{"550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Part of their "
	  "network is on our block list (S3150). "
	  "[VI1EUR04FT012.eop-eur04.prod.protection.outlook.com]",
		 "550 5.7.1 Unfortunately, messages from [2001:db8:7::25] weren't sent. "
		 "Part "
		 "of their network is on our block list (S3150). "
		 "[AM6EUR05FT045.eop-eur05.prod.protection.outlook.com]"},
		"550 5.7.1 Unfortunately, messages from [%i] weren't sent. Part of their "
		"network is on our block list (S3150). [%*]"},
	{{"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient joe@example.com not found "
	  "by "
	  "SMTP address lookup",
		 "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient "
		 "Ann.Smith+news@sub.example.org not found by SMTP address lookup"},
		"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient %r not found by SMTP "
		"address lookup"},
	{{"432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded "
	  "[Hostname=AM0PR04MB1234.eurprd04.prod.outlook.com]",
		 "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded "
		 "[Hostname=EXCHANGE]"},
		"432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded "
		"[Hostname=%*]"},
	{{"421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to "
	  "unexpected "
	  "volume - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
		 "421 4.7.0 [TSS04] Messages from 2001:db8:7::25 temporarily deferred due "
		 "to "
		 "unexpected volume - 4.16.56.1; see "
		 "https://postmaster.yahooinc.com/error-codes"},
		"421 4.7.0 [TSS04] Messages from %i temporarily deferred due to unexpected "
		"volume - %*; see https://postmaster.yahooinc.com/error-codes"},
	{{"554 delivery error: dd This user doesn't have a yahoo.com account "
	  "(joe@example.com) [0] - mta4123.mail.bf1.yahoo.com",
		 "554 delivery error: dd This user doesn't have a ymail.com account "
		 "(ann.smith+news@sub.example.org) [-5] - mta12.mail.gq1.yahoo.com"},
		"554 delivery error: dd This user doesn't have a %* account (%r) [%*] - "
		"%*"},
	{{"550 5.1.1 <joe@example.com>... User unknown",
		 "550 5.1.1 <ann.smith+news@sub.example.org>... User unknown"},
		"550 5.1.1 <%r>... User unknown"},
	{{"550 sorry, no mailbox here by that name (#5.1.1 - chkuser)",
		 "550 sorry, no mailbox here by that name (#5.1.1 - chkuser)"},
		"550 sorry, no mailbox here by that name (#5.1.1 - chkuser)"},
	{{"550 Unknown user \"joe\"", "550 Unknown user \"ann.smith+news\""},
		"550 Unknown user \"%*\""},
	{{"550 No such user: joe", "550 No such user: ann.smith+news"}, "550 No such user: %*"},
	{{"550 Rejected by header based Anti-Spoofing policy: alice@sender.example - "
	  "https://community.mimecast.com/docs/DOC-1369#550 [aBcDefGHIjk.uk12]",
		 "550 Rejected by header based Anti-Spoofing policy: "
		 "bounce-17-ann=example.org@list.example.net - "
		 "https://community.mimecast.com/docs/DOC-1369#554 [ZyXwvUTSrq1.uk3]"},
		"550 Rejected by header based Anti-Spoofing policy: %s - "
		"https://community.mimecast.com/docs/DOC-1369#%* [%*]"},
	{{"550 Please see http://www.openspf.org/Why?s=mfrom;id=alice%40sender.example;"
	  "ip=192.0.2.7;r=mail.example.com",
		 "550 Please see "
		 "http://www.openspf.org/Why?s=mfrom;id=b%40list.example.net;"
		 "ip=2001:db8:7::25;r=mx1.example.org"},
		"550 Please see http://www.openspf.org/Why?s=mfrom;id=%*;ip=%i;r=%*"},
	{{"451 4.7.1 Greylisting in action, please come back in 00:04:57",
		 "451 4.7.1 Greylisting in action, please come back in 01:00:00"},
		"451 4.7.1 Greylisting in action, please come back in %*"},
	{{"450 4.7.1 try again in 297 seconds", "450 4.7.1 try again in 12 seconds"},
		"450 4.7.1 try again in %* seconds"},
	{{"450 4.7.1 Greylisted: 300 seconds left", "450 4.7.1 Greylisted: 12 seconds left"},
		"450 4.7.1 Greylisted: %* seconds left"},
	{{"554 aBcDxYzQwErT refused, see https://check.example/ip/2001:db8:9::dead",
		 "554 deadbeef refused, see https://check.example/ip/203.0.113.5"},
		"554 %* refused, see https://check.example/ip/%*"},
	{{"452 4.2.2 mailbox 90% full", "452 4.2.2 mailbox 101.5% full"},
		"452 4.2.2 mailbox %*%% full"},
	{{"550 5.7.1 Spam score 12.3 at Sun, 22 Nov 2026 05:21:39 +0000",
		 "550 5.7.1 Spam score 8 at Tue, 1 Dec 2026 17:00:01 -0500"},
		"550 5.7.1 Spam score %* at %*"},
	{{"421 mx.example.com Service not available, too many connections (10) from "
	  "192.0.2.7",
		 "421 mail-in2.example.org Service not available, too many connections "
		 "(250) "
		 "from 2001:db8:7::25"},
		"421 %h Service not available, too many connections (%*) from %i"},
};

static void
refusals_of_other_servers(void **state)
{
	(void)state;
	assert_pairs(refused);
}

static const struct pair troubles[] = {
	{{"connect to mx.example.com[198.51.100.25]:25: Connection timed out",
		 "connect to mail-in2.example.org[2001:db8:1::25]:25: Connection timed "
		 "out"},
		"connect to %h[%*]:25: Connection timed out"},
	{{"connect to mx7.elsewhere.example[198.51.100.25]:25: Connection refused",
		 "connect to smtp.other.example[203.0.113.9]:25: Connection refused"},
		"connect to %*[%*]:25: Connection refused"},
	{{"Host or domain name not found. Name service error for name=example.com type=MX: "
	  "Host not found, try again",
		 "Host or domain name not found. Name service error for "
		 "name=sub.example.org type=MX: Host not found, try again"},
		"Host or domain name not found. Name service error for name=%* type=MX: "
		"Host "
		"not found, try again"},
	{{"message size 12345678 exceeds size limit 10485760 of server "
	  "mx.example.com[198.51.100.25]",
		 "message size 99 exceeds size limit 50 of server "
		 "mail-in2.example.org[2001:db8::25]"},
		"message size %* exceeds size limit %* of server %h[%*]"},
	{{"delivery temporarily suspended: lost connection with "
	  "mx.example.com[198.51.100.25] "
	  "while receiving the initial server greeting",
		 "delivery temporarily suspended: lost connection with "
		 "mail-in2.example.org[203.0.113.9] while receiving the initial server "
		 "greeting"},
		"delivery temporarily suspended: lost connection with %h[%*] while "
		"receiving "
		"the initial server greeting"},
	{{"unknown user: \"joe\"", "unknown user: \"ann.smith+news\""}, "unknown user: \"%*\""},
	{{"mail for example.com loops back to myself", "mail for sub.example.org loops back "
						       "to myself"},
		"mail for %* loops back to myself"},
};

static void
troubles_on_the_way(void **state)
{
	(void)state;
	assert_pairs(troubles);
}

static const struct pair refused_by_us[] = {
	{{"<joe@example.com>: Recipient address rejected: User unknown in relay recipient "
	  "table",
		 "<ann.smith+news@sub.example.org>: Recipient address rejected: User "
		 "unknown in "
		 "relay recipient table"},
		"<%r>: Recipient address rejected: User unknown in relay recipient table"},
	{{"<alice@sender.example>: Sender address rejected: Domain not found",
		 "<bounce-17-ann=example.org@list.example.net>: Sender address rejected: "
		 "Domain "
		 "not found"},
		"<%s>: Sender address rejected: Domain not found"},
	{{"Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org; "
	  "https://www.spamhaus.org/query/ip/192.0.2.7",
		 "Service unavailable; Client host [2001:db8:7::25] blocked using "
		 "zen.spamhaus.org; https://www.spamhaus.org/query/ip/2001:db8:7::25"},
		"Service unavailable; Client host [%i] blocked using zen.spamhaus.org; "
		"https://www.spamhaus.org/query/ip/%i"},
	{{"Client host [192.0.2.7] blocked using abcd0123456789.zen.dq.spamhaus.net; "
	  "listed",
		 "Client host [2001:db8:7::25] blocked using "
		 "wxyz9876543210.zen.dq.spamhaus.net; "
		 "listed"},
		"Client host [%i] blocked using %*.zen.dq.spamhaus.net; listed"},
	{{"Client host [192.0.2.7] blocked using rbl.corp.example",
		 "Client host [2001:db8:7::25] blocked using rbl.corp.example"},
		"Client host [%i] blocked using rbl.corp.example"},
	{{"<unknown[192.0.2.7]>: Client host rejected: cannot find your hostname, "
	  "[192.0.2.7]",
		 "<p8afe0717.dip.access.example[2001:db8:7::25]>: Client host rejected: "
		 "cannot "
		 "find your hostname, [2001:db8:7::25]"},
		"<%n[%i]>: Client host rejected: cannot find your hostname, [%i]"},
	{{"<localhost>: Helo command rejected: need fully-qualified hostname",
		 "<WIN-3555>: Helo command rejected: need fully-qualified hostname"},
		"<%*>: Helo command rejected: need fully-qualified hostname"},
	{{"<DATA>: Data command rejected: Multi-recipient bounce",
		 "<DATA>: Data command rejected: Multi-recipient bounce"},
		"<DATA>: Data command rejected: Multi-recipient bounce"},
	{{"Recipient address rejected: Greylisted, see "
	  "http://postgrey.schweikert.ch/help/example.com.html",
		 "Recipient address rejected: Greylisted, see "
		 "http://postgrey.schweikert.ch/help/sub.example.org.html"},
		"Recipient address rejected: Greylisted, see "
		"http://postgrey.schweikert.ch/help/%*"},
	{{"4XvKpL2Rtzvz9vT7: too many recipients", "951F0A2C: too many recipients"},
		"%q: too many recipients"},
};

static void
refusals_of_ours(void **state)
{
	(void)state;
	assert_pairs(refused_by_us);
}

static void
codes_and_plain_words_stay(void **state)
{
	(void)state;
	static const char *const texts[] = {"550 5.1.1 User unknown", "(554 5.7.708)",
		"550-5.7.26 no SPF, no DKIM 550 5.7.26 bye", "smtp; 550 no", "error code 451",
		"552-over quota 552 over quota", "(S3150) RFC 5321 and RFC7505, port 25",
		"TLSv1.3 8BITMIME SMTPUTF8 UTF-8 sha256 4xx 5xx", "and/or, e.g. this -- and that",
		"STOREDRV.Deliver.Exception", "the recipient's mailbox: is full!",
		"MAILER-DAEMON <CRLF>.<CRLF> <>", "May we? On Sat we do",
		"gr\xc3\xbc\xc3\x9f Gott"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_template(texts[i], &mails[0], texts[i]);
}

static void
names_are_found_as_whole_words_only(void **state)
{
	(void)state;
	static const struct term_words words = {.rcpt = S("info@b.example"),
		.relay = S("localhost"),
		.client_name = S("unknown"),
		.client_ip = S("192.0.2.7")};
	assert_template("<INFO@B.Example>.", &words, "<%r>.");
	assert_template("xinfo@b.example", &words, "%*");
	assert_template("info@b.example.org", &words, "%*");
	assert_template("192.0.2.77 is not 192.0.2.7.", &words, "%* is not %i.");
	assert_template("User unknown on localhost", &words, "User unknown on localhost");
	assert_template("unknown[192.0.2.7], localhost[127.0.0.1]", &words, "%n[%i], %h[%*]");
	assert_template("for more info", &words, "for more info");
}

/* 320 bytes are the longest address of RFC 5321. */
static void
names_that_are_too_long_are_not_looked_for(void **state)
{
	(void)state;
	char name[321];
	struct term_words words = {.rcpt = {name, 320}};
	memset(name, 'a', sizeof(name));
	term_template(&b, words.rcpt, &words);
	assert_text(b, "%r");
	words.rcpt.n = 321;
	buf_clear(&b);
	term_template(&b, words.rcpt, &words);
	assert_text(b, "%*");
}

static void
signs_of_percent_are_doubled(void **state)
{
	(void)state;
	assert_template("%r 100%% %", &mails[0], "%%r %*%%%% %%");
	assert_template("https://a%62.example/%41?%r", &mails[0], "https://%*?%*");
}

static void
nothing_gives_nothing(void **state)
{
	(void)state;
	const struct term_words none = {0};
	assert_template("", &none, "");
	assert_template("joe@example.com", &none, "%*");
}

static void
templates_are_appended(void **state)
{
	(void)state;
	buf_add(&b, S("1234 "));
	term_template(&b, S("1234 ok"), &mails[0]);
	assert_text(b, "1234 %* ok");
}

/* However long the text, at most 500 bytes; no sign of a template and no character in half. */
static void
long_texts_are_cut(void **state)
{
	(void)state;
	static const char *const pieces[] = {"word ", "%", "\xc3\xbc", "joe@example.com ",
		"\xe2\x82\xac,", "(1234)", "x", "https://a.example/b?c=d ", "a=b="};
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		struct buf text = {0};
		while (text.n < 5000)
			buf_add_str(&text, pieces[i]);
		for (size_t shift = 0; shift < 4; shift++) {
			buf_clear(&b);
			term_template(&b, slice_skip(buf_slice(&text), shift * strlen(pieces[i])),
				&mails[0]);
			assert_true(b.n <= 500);
			size_t percent = 0;
			for (size_t k = b.n; k && b.p[k - 1] == '%'; k--)
				percent++;
			assert_int_equal(percent % 2, 0);
			assert_true((unsigned char)b.p[b.n - 1] < 0xc0);
		}
		buf_fini(&text);
	}
}

/* Ids as servers make them, thousands of each kind: they must all vanish. */
static void
random_ids_vanish(void **state)
{
	(void)state;
	static const char signs[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ+/";
	static const struct {
		const char *before;
		size_t from, to, length;
		const char *behind, *template;
	} kinds[] = {
		{"250 2.0.0 Ok: queued as ", 0, 62, 11, "", "250 2.0.0 Ok: queued as %*"},
		{"250 OK id=1", 0, 62, 6, "-0000AB-12", "250 OK id=%*"},
		{"250 2.0.0 <joe@example.com> ", 0, 64, 22, " Saved", "250 2.0.0 <%r> %* Saved"},
		{"250 2.0.0 ", 0, 62, 14, " Message accepted for delivery",
			"250 2.0.0 %* Message accepted for delivery"},
		{"550 5.7.1 blocked (", 0, 10, 9, ")", "550 5.7.1 blocked (%*)"},
		{"550 5.7.1 ", 0, 16, 8, "-1a2b - gsmtp", "550 5.7.1 %* - gsmtp"},
		{"250 ok <", 0, 62, 20, "@host.example>", "250 ok <%*>"},
		{"451 <", 36, 62, 7, ">: Helo command rejected", "451 <%*>: Helo command rejected"},
	};
	uint64_t random = 3;
	struct buf text = {0};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		for (int round = 0; round < 3000; round++) {
			buf_clear(&text);
			buf_add_str(&text, kinds[i].before);
			for (size_t k = 0; k < kinds[i].length; k++)
				buf_add_char(&text, signs[kinds[i].from +
							    random_below(&random,
								    kinds[i].to - kinds[i].from)]);
			buf_add_str(&text, kinds[i].behind);
			assert_template(buf_str(&text), &mails[0], kinds[i].template);
		}
	}
	buf_fini(&text);
}

#define CASE(name) cmocka_unit_test_teardown(name, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(acceptances),
		CASE(refusals_of_other_servers),
		CASE(troubles_on_the_way),
		CASE(refusals_of_ours),
		CASE(codes_and_plain_words_stay),
		CASE(names_are_found_as_whole_words_only),
		CASE(names_that_are_too_long_are_not_looked_for),
		CASE(signs_of_percent_are_doubled),
		CASE(nothing_gives_nothing),
		CASE(templates_are_appended),
		CASE(long_texts_are_cut),
		CASE(random_ids_vanish),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
