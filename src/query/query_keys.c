#include "query/query_part.h"

#define LIST	QUERY_ALLOWS_LIST
#define NUMERIC (QUERY_ALLOWS_LIST | QUERY_ALLOWS_RANGE | QUERY_ALLOWS_COMPARE)
#define SEARCH	(QUERY_ALLOWS_LIST | QUERY_ALLOWS_REGEX)
#define PERIOD	(QUERY_ALLOWS_LIST | QUERY_ALLOWS_RANGE)

#define MAIL	 QUERY_LEVEL_MAIL
#define DELIVERY QUERY_LEVEL_DELIVERY
#define ANY	 QUERY_LEVEL_ANY
#define RESULT	 QUERY_LEVEL_RESULT

/* clang-format off */
static const struct query_key keys[QUERY_KEY_COUNT] = {
	{QUERY_KEY_FROM, "from", {"sender"}, QUERY_TYPE_ADDRESS, MAIL, LIST,
	 "from:billing@acme.example", "Envelope sender; @domain for a whole domain, <> for the null sender."},
	{QUERY_KEY_TO, "to", {"rcpt", "recipient"}, QUERY_TYPE_ADDRESS, DELIVERY, LIST,
	 "to:@partner.example", "Envelope recipient; @domain for a whole domain."},
	{QUERY_KEY_ADDR, "addr", {"address"}, QUERY_TYPE_ADDRESS, ANY, LIST,
	 "addr:bob@acme.example", "Envelope sender or recipient."},
	{QUERY_KEY_DOMAIN, "domain", {NULL}, QUERY_TYPE_DOMAIN, ANY, LIST,
	 "domain:acme.example", "Domain of the sender or of a recipient."},
	{QUERY_KEY_MSGID, "msgid", {"mid", "message-id"}, QUERY_TYPE_MSGID, MAIL, LIST,
	 "msgid:<7f3a@crm.acme.example>", "Message-ID, with or without its angle brackets."},
	{QUERY_KEY_QID, "qid", {"queue"}, QUERY_TYPE_EXACT, MAIL, LIST,
	 "qid:4Xk2Lp1v7Zz4kXy", "Queue id on any of our servers."},
	{QUERY_KEY_IP, "ip", {"client"}, QUERY_TYPE_IP, MAIL, LIST,
	 "ip:192.0.2.0/24", "Address or network of the connecting client."},
	{QUERY_KEY_HELO, "helo", {NULL}, QUERY_TYPE_NAME, MAIL, LIST,
	 "helo:mail.acme.example", "Name the client gave in HELO or EHLO."},
	{QUERY_KEY_RDNS, "rdns", {NULL}, QUERY_TYPE_NAME, MAIL, LIST,
	 "rdns:*.dynamic.example", "Host name of the client by reverse DNS."},
	{QUERY_KEY_COUNTRY, "country", {"cc"}, QUERY_TYPE_COUNTRY, MAIL, LIST,
	 "country:FR", "Country of the client, two letters."},
	{QUERY_KEY_ASN, "asn", {NULL}, QUERY_TYPE_ASN, MAIL, LIST,
	 "asn:AS64500", "Number of the client's network (autonomous system)."},
	{QUERY_KEY_HOST, "host", {"server"}, QUERY_TYPE_NAME, MAIL, LIST,
	 "host:mx-out-1", "One of our own servers that handled the mail."},
	{QUERY_KEY_MX, "mx", {"relay"}, QUERY_TYPE_PEER, DELIVERY, LIST,
	 "mx:*.outlook.com", "Next hop: the server the mail was given to, by name or address."},
	{QUERY_KEY_USER, "user", {NULL}, QUERY_TYPE_TEXT, MAIL, LIST,
	 "user:billing", "SASL login of the client."},
	{QUERY_KEY_STATUS, "status", {NULL}, QUERY_TYPE_ITEM, DELIVERY, LIST,
	 "status:deferred,bounced", "What became of the delivery."},
	{QUERY_KEY_WAY, "way", {NULL}, QUERY_TYPE_ITEM, MAIL, LIST,
	 "way:in", "Direction of the mail as seen from our organisation."},
	{QUERY_KEY_CODE, "code", {"dsn"}, QUERY_TYPE_CODE, DELIVERY, LIST,
	 "code:5.1.*", "Enhanced status code or SMTP reply code."},
	{QUERY_KEY_REASON, "reason", {NULL}, QUERY_TYPE_ITEM, DELIVERY, LIST,
	 "reason:mailbox_full", "Reason class of a refusal, deferral or bounce."},
	{QUERY_KEY_DELAY, "delay", {NULL}, QUERY_TYPE_DURATION, DELIVERY, NUMERIC,
	 "delay:>10m", "Time from first sight of the mail to this delivery's last state."},
	{QUERY_KEY_SIZE, "size", {NULL}, QUERY_TYPE_SIZE, MAIL, NUMERIC,
	 "size:1M..10M", "Size of the mail; k, M and G are powers of 1024."},
	{QUERY_KEY_RCPTS, "rcpts", {NULL}, QUERY_TYPE_COUNT_OF, MAIL, NUMERIC,
	 "rcpts:>100", "Number of recipients."},
	{QUERY_KEY_TRIES, "tries", {NULL}, QUERY_TYPE_COUNT_OF, DELIVERY, NUMERIC,
	 "tries:>=3", "Number of delivery attempts."},
	{QUERY_KEY_SCORE, "score", {NULL}, QUERY_TYPE_SCORE, MAIL, NUMERIC,
	 "score:>5.5", "Spam score of the content filter."},
	{QUERY_KEY_TLS, "tls", {NULL}, QUERY_TYPE_TEXT, ANY, LIST,
	 "tls:none", "Protocol version or cipher of a connection; none and any are words."},
	{QUERY_KEY_VIRUS, "virus", {NULL}, QUERY_TYPE_TEXT, MAIL, LIST,
	 "virus:Eicar*", "Name of the virus found."},
	{QUERY_KEY_IS, "is", {NULL}, QUERY_TYPE_ITEM, ANY, LIST,
	 "is:retried,stuck", "What the mail is or what happened to it."},
	{QUERY_KEY_HAS, "has", {NULL}, QUERY_TYPE_ITEM, ANY, LIST,
	 "has:ndr", "What the mail has."},
	{QUERY_KEY_IN, "in", {NULL}, QUERY_TYPE_ITEM, ANY, LIST,
	 "in:queue", "Where the mail is now."},
	{QUERY_KEY_SUBJECT, "subject", {NULL}, QUERY_TYPE_TEXT, MAIL, SEARCH,
	 "subject:\"invoice 4711\"", "Text in the subject, where subjects are stored and may be seen."},
	{QUERY_KEY_TEXT, "text", {NULL}, QUERY_TYPE_TEXT, ANY, SEARCH,
	 "text:\"over quota\"", "Text in server replies and log lines; ~ for a regular expression."},
	{QUERY_KEY_AFTER, "after", {NULL}, QUERY_TYPE_TIME, MAIL, 0,
	 "after:2026-11-20", "From the beginning of this time on."},
	{QUERY_KEY_BEFORE, "before", {NULL}, QUERY_TYPE_TIME, MAIL, 0,
	 "before:now-2h", "Until the beginning of this time."},
	{QUERY_KEY_ON, "on", {NULL}, QUERY_TYPE_TIME, MAIL, PERIOD,
	 "on:yesterday", "During this year, month, day, minute, or from a to b."},
	{QUERY_KEY_LAST, "last", {NULL}, QUERY_TYPE_LAST, MAIL, 0,
	 "last:24h", "From that long ago until now."},
	{QUERY_KEY_TAG, "tag", {NULL}, QUERY_TYPE_TEXT, MAIL, LIST,
	 "tag:customer-7", "Label given to mails by a rule."},
	{QUERY_KEY_SORT, "sort", {NULL}, QUERY_TYPE_ITEM, RESULT, LIST,
	 "sort:-delay", "Order of the result; - puts the largest first."},
};

/* Words of other tools and of everyday speech, for suggestions. */
static const char *const synonyms[][2] = {
	{"date", "on"}, {"since", "after"}, {"newer", "after"}, {"until", "before"}, {"till", "before"},
	{"older", "before"}, {"ago", "last"}, {"ehlo", "helo"}, {"login", "user"}, {"sasl", "user"},
	{"state", "status"}, {"result", "status"}, {"direction", "way"}, {"error", "reason"},
	{"larger", "size"}, {"bigger", "size"}, {"attempts", "tries"}, {"retries", "tries"},
	{"queueid", "qid"}, {"queue-id", "qid"}, {"id", "qid"}, {"messageid", "msgid"}, {"nexthop", "mx"},
	{"title", "subject"}, {"body", "text"}, {"reply", "text"}, {"network", "ip"}, {"net", "ip"},
	{"order", "sort"}, {"label", "tag"}, {"spam", "score"}, {"mail", "addr"}, {"email", "addr"},
};

static const char *const status_names[] = {"delivered", "relayed", "deferred", "bounced", "expired",
	"rejected", "greylisted", "blocked", "discarded", "held", "deleted", "canceled", "unknown"};
static const char *const way_names[] = {"in", "out", "internal", "relay"};
static const char *const is_names[] = {"ndr", "retried", "stuck", "incomplete", "forwarded", "expanded",
	"filtered", "multi"};
static const char *const has_names[] = {"ndr", "quarantine", "virus", "tls"};
static const char *const in_names[] = {"queue"};
static const char *const sort_names[] = {"time", "delay", "size", "rcpts", "tries", "score", "from", "to",
	"status"};
/* clang-format on */

#define NAMES(list) ((struct query_names){(list), sizeof(list) / sizeof(*(list))})

const struct query_key *
query_key(enum query_key_id id)
{
	return &keys[id];
}

static bool
key_has_name(const struct query_key *key, struct slice name)
{
	if (slice_equal_nocase(name, slice_of_str(key->name)))
		return true;
	for (size_t i = 0; i < 3 && key->aliases[i]; i++)
		if (slice_equal_nocase(name, slice_of_str(key->aliases[i])))
			return true;
	return false;
}

const struct query_key *
query_key_by_name(struct slice name)
{
	for (size_t i = 0; i < QUERY_KEY_COUNT; i++)
		if (key_has_name(&keys[i], name))
			return &keys[i];
	return NULL;
}

struct query_names
query_key_names(const struct query_context *context, const struct query_key *key)
{
	switch (key->id) {
	case QUERY_KEY_STATUS:
		return NAMES(status_names);
	case QUERY_KEY_WAY:
		return NAMES(way_names);
	case QUERY_KEY_REASON:
		return context->reasons;
	case QUERY_KEY_IS:
		return NAMES(is_names);
	case QUERY_KEY_HAS:
		return NAMES(has_names);
	case QUERY_KEY_IN:
		return NAMES(in_names);
	case QUERY_KEY_SORT:
		return NAMES(sort_names);
	default:
		return (struct query_names){0};
	}
}

bool
query_fail_key(struct query_reader *r, size_t pos, struct slice name)
{
	struct query_suggestion s = {.word = name};
	query_fail(r, pos, "there is no key \"%.*s:\"", SLICE_ARG(query_clip(name)));
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(*synonyms); i++)
		if (slice_equal_nocase(name, slice_of_str(synonyms[i][0])))
			return query_hint(r, "did you mean %s:", synonyms[i][1]);
	for (size_t i = 0; i < QUERY_KEY_COUNT; i++) {
		query_suggest(&s, keys[i].name, keys[i].name);
		for (size_t j = 0; j < 3 && keys[i].aliases[j]; j++)
			query_suggest(&s, keys[i].aliases[j], keys[i].name);
	}
	if (query_suggest_hint(r, &s, ":"))
		return false;
	return query_hint(r, "to search for text with a colon put it in quotes");
}

const char *
query_op_name(enum query_op op)
{
	static const char *const names[] = {"", ">", ">=", "<", "<=", "=", "~"};
	return names[op];
}
