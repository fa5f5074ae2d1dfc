#include "parse/reason.h"

#include <assert.h>
#include <pthread.h>

#include "base/cursor.h"
#include "parse/reason_words.h"

static const char *const names[REASON_COUNT] = {
	[REASON_NONE] = "",
	[REASON_MAILBOX_FULL] = "mailbox_full",
	[REASON_USER_UNKNOWN] = "user_unknown",
	[REASON_USER_DISABLED] = "user_disabled",
	[REASON_DOMAIN_NOT_FOUND] = "domain_not_found",
	[REASON_SENDER_REFUSED] = "sender_refused",
	[REASON_RELAY_DENIED] = "relay_denied",
	[REASON_POLICY] = "policy",
	[REASON_SPAM] = "spam",
	[REASON_VIRUS] = "virus",
	[REASON_BANNED] = "banned",
	[REASON_BLOCKLIST] = "blocklist",
	[REASON_GREYLISTED] = "greylisted",
	[REASON_RATE_LIMITED] = "rate_limited",
	[REASON_AUTH_REQUIRED] = "auth_required",
	[REASON_AUTH_FAILED] = "auth_failed",
	[REASON_AUTHENTICATION] = "authentication",
	[REASON_HELO] = "helo",
	[REASON_CLIENT_REFUSED] = "client_refused",
	[REASON_TOO_LARGE] = "too_large",
	[REASON_TOO_MANY_RECIPIENTS] = "too_many_recipients",
	[REASON_PROTOCOL] = "protocol",
	[REASON_SMTPUTF8] = "smtputf8",
	[REASON_LOOP] = "loop",
	[REASON_CONNECTION] = "connection",
	[REASON_LOST_CONNECTION] = "lost_connection",
	[REASON_DNS] = "dns",
	[REASON_TLS] = "tls",
	[REASON_CONFIGURATION] = "configuration",
	[REASON_SYSTEM] = "system",
	[REASON_COMMAND_FAILED] = "command_failed",
	[REASON_EXPIRED] = "expired",
	[REASON_CONTENT] = "content",
	[REASON_OTHER] = "other",
};

/* What was found, and how much it tells. */
struct finding {
	enum reason reason;
	enum reason_weight weight;
};

enum {
	BUCKETS = 2048,
	WORDINGS_MAX = 1536,
	TEXT_MAX = 512, /* a reply is read no further: what matters stands at its front */
	LEVELS = 3,
};

/* Wordings are found by the hash of their first 3, 6 or 10 signs, whichever the longest they have.
 */
static const size_t level_length[LEVELS] = {3, 6, 10};

struct wording {
	struct slice words;
	bool whole;    /* a word must end behind it */
	uint16_t next; /* index + 1; 0 = last */
	struct finding finding;
};

/* Filled once, constant afterwards. */
static struct wording wordings[WORDINGS_MAX];
static uint16_t buckets[LEVELS][BUCKETS]; /* index + 1; 0 = empty */
static bool is_beginning[BUCKETS];	  /* some wording begins with three signs of this hash */
static bool is_word[256];
static bool joins_word[256]; /* no word starts behind it: "a@full.example", "mx.spam.example" */
static pthread_once_t built = PTHREAD_ONCE_INIT;

static uint32_t
hash_on(uint32_t hash, const char *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		hash = hash * 31 + (unsigned char)p[i];
	return hash;
}

static void
add_wording(struct slice words, struct finding finding, size_t *count)
{
	assert(words.n >= 3 && *count < WORDINGS_MAX);
	struct wording *w = &wordings[(*count)++];
	w->whole = slice_ends(words, S("_"));
	w->words = slice_head(words, words.n - w->whole);
	w->finding = finding;
	size_t level = LEVELS - 1;
	while (level_length[level] > w->words.n)
		level--;
	size_t bucket = hash_on(0, words.p, 0, level_length[level]) % BUCKETS;
	w->next = buckets[level][bucket];
	buckets[level][bucket] = (uint16_t)*count;
	is_beginning[hash_on(0, words.p, 0, 3) % BUCKETS] = true;
}

static void
build(void)
{
	size_t count = 0;
	for (int c = 0; c < 256; c++) {
		is_word[c] = slice_is_digit((char)c) || (c >= 'a' && c <= 'z');
		joins_word[c] = is_word[c] || c == '.' || c == '@' || c == '_';
	}
	for (size_t i = 0; i < reason_wordings_count; i++) {
		struct slice rest = slice_of_str(reason_wordings[i].words);
		struct slice words;
		struct finding finding = {reason_wordings[i].reason, reason_wordings[i].weight};
		while (slice_split(&rest, '|', &words))
			add_wording(words, finding, &count);
	}
}

static bool
wording_matches(const struct wording *w, struct slice text)
{
	if (!slice_starts(text, w->words))
		return false;
	char after = text.n > w->words.n ? text.p[w->words.n] : ' ';
	if (w->whole && (is_word[(unsigned char)after] || after == '-' || after == '_'))
		return false;
	return after != '@';
}

/* The weightiest of the wordings `text` begins with. */
static void
look_up(struct slice text, struct finding *best)
{
	uint32_t hash = hash_on(0, text.p, 0, 3);
	if (!is_beginning[hash % BUCKETS])
		return;
	for (size_t level = 0; level < LEVELS && level_length[level] <= text.n; level++) {
		if (level)
			hash = hash_on(hash, text.p, level_length[level - 1], level_length[level]);
		for (uint16_t at = buckets[level][hash % BUCKETS]; at; at = wordings[at - 1].next) {
			const struct wording *w = &wordings[at - 1];
			if (w->finding.weight > best->weight && wording_matches(w, text))
				*best = w->finding;
		}
	}
}

/* A dash joins words ("x-spam"), but not behind the code of a long reply ("550-User unknown"). */
static bool
word_starts(struct slice text, size_t i)
{
	char before = text.p[i - 1];
	if (joins_word[(unsigned char)before])
		return false;
	return before != '-' || i < 2 || !is_word[(unsigned char)text.p[i - 2]] ||
	       slice_is_digit(text.p[i - 2]);
}

/* "<a@example.com>" tells nothing. Returns the length of such a part, 0 when there is none here. */
static size_t
bracketed_length(struct slice text)
{
	for (size_t i = 1; i < text.n && text.p[i] != ' '; i++)
		if (text.p[i] == '>')
			return i + 1;
	return 0;
}

static struct finding
find_words(struct slice original)
{
	char lower[TEXT_MAX];
	struct slice text = {lower, original.n < TEXT_MAX ? original.n : TEXT_MAX};
	struct finding best = {REASON_NONE, REASON_WEIGHT_NONE};
	for (size_t i = 0; i < text.n; i++)
		lower[i] = slice_lower_char(original.p[i]);
	for (size_t i = 0; i + 3 <= text.n; i++) {
		if (is_word[(unsigned char)lower[i]]) {
			if (i == 0 || word_starts(text, i))
				look_up(slice_skip(text, i), &best);
		} else if (lower[i] == '<') {
			size_t skip = bracketed_length(slice_skip(text, i));
			i += skip > 4 ? skip - 1 : 0; /* but not "<LF>" */
		}
	}
	return best;
}

/* Without what Postfix puts around a reply: "host mx.example.com[192.0.2.7] said: ... (in reply to
 * RCPT TO command)"; names of hosts and commands are no reasons. */
static struct slice
bare_reply(struct slice text)
{
	ptrdiff_t said = slice_starts(text, S("host ")) ? slice_find(text, S(" said: ")) : -1;
	if (said >= 0)
		text = slice_skip(text, (size_t)said + sizeof(" said: ") - 1);
	ptrdiff_t command = slice_find(text, S(" (in reply to "));
	return command >= 0 ? slice_head(text, (size_t)command) : text;
}

/* Enhanced status codes: RFC 3463, RFC 5248 and the IANA registry. Class 0 stands for 4 and 5; a
 * row with its own class comes before that. */
static const struct {
	uint16_t class, subject, detail;
	enum reason reason;
	enum reason_weight weight;
} dsn_reasons[] = {
	{5, 4, 1, REASON_USER_UNKNOWN, REASON_LIKELY},	    /* Exchange Online: no such recipient */
	{5, 4, 310, REASON_DOMAIN_NOT_FOUND, REASON_SURE},  /* Exchange Online */
	{4, 4, 4, REASON_DNS, REASON_LIKELY},		    /* unable to route */
	{5, 4, 4, REASON_DOMAIN_NOT_FOUND, REASON_LIKELY},  /* unable to route */
	{4, 4, 0, REASON_CONNECTION, REASON_VAGUE},	    /* network */
	{4, 3, 0, REASON_SYSTEM, REASON_VAGUE},		    /* mail system */
	{4, 2, 0, REASON_SYSTEM, REASON_VAGUE},		    /* mailbox */
	{0, 1, 1, REASON_USER_UNKNOWN, REASON_LIKELY},	    /* bad mailbox */
	{0, 1, 2, REASON_DOMAIN_NOT_FOUND, REASON_LIKELY},  /* bad system */
	{0, 1, 3, REASON_PROTOCOL, REASON_LIKELY},	    /* bad address syntax */
	{0, 1, 6, REASON_USER_UNKNOWN, REASON_LIKELY},	    /* moved */
	{0, 1, 7, REASON_SENDER_REFUSED, REASON_LIKELY},    /* bad sender syntax */
	{0, 1, 8, REASON_SENDER_REFUSED, REASON_LIKELY},    /* bad sender system */
	{0, 1, 10, REASON_DOMAIN_NOT_FOUND, REASON_LIKELY}, /* null MX */
	{0, 2, 1, REASON_USER_DISABLED, REASON_LIKELY},	    /* not accepting */
	{0, 2, 2, REASON_MAILBOX_FULL, REASON_LIKELY},	    /* full */
	{0, 2, 3, REASON_TOO_LARGE, REASON_LIKELY},	    /* for this mailbox */
	{0, 3, 1, REASON_SYSTEM, REASON_LIKELY},	    /* storage full */
	{0, 3, 2, REASON_SYSTEM, REASON_LIKELY},	    /* not accepting */
	{0, 3, 4, REASON_TOO_LARGE, REASON_LIKELY},	    /* for this system */
	{0, 3, 5, REASON_CONFIGURATION, REASON_LIKELY},	    /* wrongly configured */
	{0, 4, 1, REASON_CONNECTION, REASON_LIKELY},	    /* no answer */
	{0, 4, 2, REASON_LOST_CONNECTION, REASON_LIKELY},   /* bad connection */
	{0, 4, 3, REASON_DNS, REASON_LIKELY},		    /* directory server failed */
	{0, 4, 5, REASON_RATE_LIMITED, REASON_LIKELY},	    /* congestion */
	{0, 4, 6, REASON_LOOP, REASON_LIKELY},		    /* routing loop */
	{0, 4, 7, REASON_EXPIRED, REASON_LIKELY},	    /* too old */
	{0, 5, 1, REASON_PROTOCOL, REASON_VAGUE},	    /* invalid command */
	{0, 5, 2, REASON_PROTOCOL, REASON_LIKELY},	    /* syntax */
	{0, 5, 3, REASON_TOO_MANY_RECIPIENTS, REASON_LIKELY}, /* too many recipients */
	{0, 5, 4, REASON_PROTOCOL, REASON_LIKELY},	      /* invalid arguments */
	{0, 5, 5, REASON_PROTOCOL, REASON_LIKELY},	      /* wrong version */
	{0, 6, 0, REASON_CONTENT, REASON_VAGUE},	      /* media */
	{0, 6, 1, REASON_CONTENT, REASON_VAGUE},	      /* media not supported */
	{0, 6, 2, REASON_CONTENT, REASON_LIKELY},	      /* conversion prohibited */
	{0, 6, 7, REASON_SMTPUTF8, REASON_LIKELY},	      /* address */
	{0, 6, 8, REASON_SMTPUTF8, REASON_LIKELY},	      /* reply */
	{0, 6, 9, REASON_SMTPUTF8, REASON_LIKELY},	      /* header */
	{0, 7, 0, REASON_POLICY, REASON_VAGUE},		      /* security */
	{0, 7, 1, REASON_POLICY, REASON_VAGUE},		      /* not authorized */
	{0, 7, 2, REASON_POLICY, REASON_VAGUE},		      /* list expansion */
	{0, 7, 3, REASON_AUTH_REQUIRED, REASON_LIKELY},	      /* conversion impossible */
	{0, 7, 8, REASON_AUTH_FAILED, REASON_LIKELY},	      /* credentials invalid */
	{0, 7, 9, REASON_AUTH_FAILED, REASON_LIKELY},	      /* mechanism too weak */
	{0, 7, 10, REASON_TLS, REASON_LIKELY},		      /* encryption needed */
	{0, 7, 11, REASON_TLS, REASON_LIKELY},		  /* encryption needed for the mechanism */
	{0, 7, 13, REASON_USER_DISABLED, REASON_LIKELY},  /* account disabled */
	{0, 7, 14, REASON_AUTHENTICATION, REASON_LIKELY}, /* trust relationship */
	{0, 7, 15, REASON_RATE_LIMITED, REASON_LIKELY},	  /* priority too low */
	{0, 7, 20, REASON_AUTHENTICATION, REASON_SURE},	  /* DKIM: none passes */
	{0, 7, 21, REASON_AUTHENTICATION, REASON_SURE},	  /* DKIM: none acceptable */
	{0, 7, 22, REASON_AUTHENTICATION, REASON_SURE},	  /* DKIM: none of the author */
	{0, 7, 23, REASON_AUTHENTICATION, REASON_SURE},	  /* SPF failed */
	{0, 7, 24, REASON_AUTHENTICATION, REASON_SURE},	  /* SPF error */
	{0, 7, 25, REASON_CLIENT_REFUSED, REASON_SURE},	  /* reverse DNS */
	{0, 7, 26, REASON_AUTHENTICATION, REASON_SURE},	  /* several checks */
	{0, 7, 27, REASON_SENDER_REFUSED, REASON_SURE},	  /* sender has a null MX */
	{0, 7, 28, REASON_RATE_LIMITED, REASON_LIKELY},	  /* mail flood */
	{0, 7, 29, REASON_AUTHENTICATION, REASON_SURE},	  /* ARC */
	{0, 7, 30, REASON_TLS, REASON_SURE},		  /* REQUIRETLS */
};

static struct finding
find_dsn(struct slice dsn)
{
	struct cursor c = cursor_of(dsn);
	uint64_t class = cursor_u64(&c);
	cursor_literal(&c, S("."));
	uint64_t subject = cursor_u64(&c);
	cursor_literal(&c, S("."));
	uint64_t detail = cursor_u64(&c);
	for (size_t i = 0; cursor_ok(&c) && i < sizeof(dsn_reasons) / sizeof(dsn_reasons[0]); i++)
		if (dsn_reasons[i].detail == detail && dsn_reasons[i].subject == subject &&
			(dsn_reasons[i].class == 0 || dsn_reasons[i].class == class))
			return (struct finding){dsn_reasons[i].reason, dsn_reasons[i].weight};
	return (struct finding){REASON_NONE, REASON_WEIGHT_NONE};
}

/* RFC 5321, 4.2.3, RFC 4954 and RFC 3207; only what is left when neither words nor status code
 * told. */
static const struct {
	const char *code;
	enum reason reason;
} code_reasons[] = {
	{"421", REASON_SYSTEM},
	{"451", REASON_SYSTEM},
	{"452", REASON_SYSTEM},
	{"454", REASON_TLS},
	{"500", REASON_PROTOCOL},
	{"501", REASON_PROTOCOL},
	{"502", REASON_PROTOCOL},
	{"503", REASON_PROTOCOL},
	{"504", REASON_PROTOCOL},
	{"521", REASON_POLICY},
	{"523", REASON_TOO_LARGE},
	{"530", REASON_AUTH_REQUIRED},
	{"534", REASON_AUTH_FAILED},
	{"535", REASON_AUTH_FAILED},
	{"538", REASON_TLS},
	{"551", REASON_USER_UNKNOWN},
	{"552", REASON_MAILBOX_FULL},
	{"556", REASON_DOMAIN_NOT_FOUND},
	{"571", REASON_POLICY},
};

static enum reason
find_code(struct slice code)
{
	for (size_t i = 0; i < sizeof(code_reasons) / sizeof(code_reasons[0]); i++)
		if (slice_equal(code, slice_of_str(code_reasons[i].code)))
			return code_reasons[i].reason;
	return REASON_OTHER;
}

/* A filter may take a mail, answer 250 and throw it away: "250 2.7.0 Ok, discarded, id=1-01 -
 * spam". Nothing else that was accepted has a reason. */
static enum reason
success_reason(struct slice text)
{
	if (!slice_contains(text, S("discarded")) && !slice_contains(text, S("BOUNCE")))
		return REASON_NONE;
	enum reason reason = find_words(text).reason;
	bool blocked = reason == REASON_SPAM || reason == REASON_VIRUS || reason == REASON_BANNED ||
		       reason == REASON_CONTENT;
	return blocked ? reason : REASON_NONE;
}

/* "Service currently unavailable" with 450 4.3.2 is postscreen's answer after a first visit that
 * had to end before the recipient, "Try again later" with 4.7.1 Rspamd's greylisting. */
static bool
is_first_visit(struct slice code, struct slice dsn, struct finding words)
{
	if (words.reason != REASON_SYSTEM)
		return false;
	return (slice_equal(code, S("450")) && slice_equal(dsn, S("4.3.2"))) ||
	       (words.weight == REASON_VAGUE && slice_equal(dsn, S("4.7.1")));
}

/* Words win over the status code that tells as much; but "Service unavailable" that stays so is no
 * trouble of the system's. */
static bool
words_win(struct finding words, struct finding status, struct slice dsn)
{
	if (words.weight == REASON_VAGUE && words.reason == REASON_SYSTEM &&
		status.weight == REASON_VAGUE && slice_starts(dsn, S("5")))
		return false;
	return words.weight && words.weight >= status.weight;
}

enum reason
reason_of(struct slice code, struct slice dsn, struct slice text)
{
	pthread_once(&built, build);
	text = bare_reply(text);
	if (code.n ? code.p[0] == '2' : slice_starts(dsn, S("2.")))
		return success_reason(text);
	struct finding words = find_words(text);
	struct finding status = find_dsn(dsn);
	if (is_first_visit(code, dsn, words))
		return REASON_GREYLISTED;
	if (words_win(words, status, dsn))
		return words.reason;
	if (status.weight)
		return status.reason;
	return code.n || dsn.n || text.n ? find_code(code) : REASON_NONE;
}

const char *
reason_name(enum reason reason)
{
	assert(reason < REASON_COUNT);
	return names[reason];
}

bool
reason_by_name(struct slice name, enum reason *reason)
{
	for (size_t i = REASON_NONE + 1; i < REASON_COUNT; i++) {
		if (slice_equal(name, slice_of_str(names[i]))) {
			*reason = (enum reason)i;
			return true;
		}
	}
	return false;
}
