/*
 * The search language: text in, syntax tree with typed values out. Pure: the viewer's time zone and
 * the present time are arguments, nothing is looked up. One parser serves command line, API and
 * browser; docs/search-language.md describes the language for its users.
 *
 * A tree is made of nodes: all, and, or, not, and fields. A field is a key with one or more values
 * of which one must match; every value is parsed when the tree is made, so whoever walks the tree
 * (the compiler to SQL) meets numbers, times and addresses, never text that still has to be
 * understood.
 *
 * Memory: nodes, values and changed text lie in the caller's arena; everything else borrows from
 * the query text. Both must outlive the tree.
 */
#ifndef ELSE_QUERY_QUERY_H
#define ELSE_QUERY_QUERY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/ip.h"

#define QUERY_MAX_BYTES	      (16 * 1024)  /* of a query */
#define QUERY_MAX_PASTE_BYTES (256 * 1024) /* of pasted text, read for what it holds */
#define QUERY_MAX_DEPTH	      32	   /* nested parentheses and NOTs */
#define QUERY_MAX_TERMS	      256	   /* fields and words */
#define QUERY_MAX_VALUES      1000	   /* of one field */
#define QUERY_MAX_REGEX_BYTES 256

enum query_key_id {
	QUERY_KEY_FROM,
	QUERY_KEY_TO,
	QUERY_KEY_ADDR,
	QUERY_KEY_DOMAIN,
	QUERY_KEY_MSGID,
	QUERY_KEY_QID,
	QUERY_KEY_IP,
	QUERY_KEY_HELO,
	QUERY_KEY_RDNS,
	QUERY_KEY_COUNTRY,
	QUERY_KEY_ASN,
	QUERY_KEY_HOST,
	QUERY_KEY_MX,
	QUERY_KEY_USER,
	QUERY_KEY_STATUS,
	QUERY_KEY_WAY,
	QUERY_KEY_CODE,
	QUERY_KEY_REASON,
	QUERY_KEY_DELAY,
	QUERY_KEY_SIZE,
	QUERY_KEY_RCPTS,
	QUERY_KEY_TRIES,
	QUERY_KEY_SCORE,
	QUERY_KEY_TLS,
	QUERY_KEY_VIRUS,
	QUERY_KEY_IS,
	QUERY_KEY_HAS,
	QUERY_KEY_IN,
	QUERY_KEY_SUBJECT,
	QUERY_KEY_TEXT,
	QUERY_KEY_AFTER,
	QUERY_KEY_BEFORE,
	QUERY_KEY_ON,
	QUERY_KEY_LAST,
	QUERY_KEY_TAG,
	QUERY_KEY_SORT,
	QUERY_KEY_COUNT
};

/* How the values of a key are written. */
enum query_type {
	QUERY_TYPE_ADDRESS, /* a@b, @b, a, <>, with * */
	QUERY_TYPE_DOMAIN,
	QUERY_TYPE_MSGID, /* brackets optional; case matters */
	QUERY_TYPE_EXACT, /* case matters */
	QUERY_TYPE_NAME,  /* of a host */
	QUERY_TYPE_PEER,  /* name of a host, or IP address or network */
	QUERY_TYPE_IP,
	QUERY_TYPE_TEXT, /* case does not matter */
	QUERY_TYPE_COUNTRY,
	QUERY_TYPE_ASN,
	QUERY_TYPE_CODE,
	QUERY_TYPE_ITEM, /* one of a list of names */
	QUERY_TYPE_DURATION,
	QUERY_TYPE_SIZE,
	QUERY_TYPE_COUNT_OF,
	QUERY_TYPE_SCORE,
	QUERY_TYPE_TIME,
	QUERY_TYPE_LAST,
};

/* What a condition speaks of. Conditions on deliveries inside one AND hold for the same delivery.
 */
enum query_level {
	QUERY_LEVEL_MAIL,
	QUERY_LEVEL_DELIVERY,
	QUERY_LEVEL_ANY,
	QUERY_LEVEL_RESULT, /* no condition: sort */
};

enum query_op {
	QUERY_OP_NONE,
	QUERY_OP_GREATER,
	QUERY_OP_AT_LEAST,
	QUERY_OP_LESS,
	QUERY_OP_AT_MOST,
	QUERY_OP_EQUAL,
	QUERY_OP_REGEX,
};

/* Bits of query_key.allows. */
#define QUERY_ALLOWS_LIST    1u /* several values with commas between */
#define QUERY_ALLOWS_RANGE   2u /* a..b */
#define QUERY_ALLOWS_COMPARE 4u /* > >= < <= = */
#define QUERY_ALLOWS_REGEX   8u /* ~ */

struct query_key {
	enum query_key_id id;
	const char *name;
	const char *aliases[3]; /* NULL where there are fewer */
	enum query_type type;
	enum query_level level;
	unsigned allows;
	const char *example;
	const char *help; /* one sentence */
};

/* The key with this number; every number below QUERY_KEY_COUNT has one. */
const struct query_key *query_key(enum query_key_id id);

/* By name or alias, ASCII case ignored; NULL when unknown. */
const struct query_key *query_key_by_name(struct slice name);

/* Values of QUERY_TYPE_ITEM: query_value.item is one of these, by key. */
enum query_status {
	QUERY_STATUS_DELIVERED,
	QUERY_STATUS_RELAYED,
	QUERY_STATUS_DEFERRED,
	QUERY_STATUS_BOUNCED,
	QUERY_STATUS_EXPIRED,
	QUERY_STATUS_REJECTED,
	QUERY_STATUS_GREYLISTED,
	QUERY_STATUS_BLOCKED,
	QUERY_STATUS_DISCARDED,
	QUERY_STATUS_HELD,
	QUERY_STATUS_DELETED,
	QUERY_STATUS_CANCELED,
	QUERY_STATUS_UNKNOWN,
};

enum query_way { QUERY_WAY_IN, QUERY_WAY_OUT, QUERY_WAY_INTERNAL, QUERY_WAY_RELAY };

enum query_is {
	QUERY_IS_NDR,
	QUERY_IS_RETRIED,
	QUERY_IS_STUCK,
	QUERY_IS_INCOMPLETE,
	QUERY_IS_FORWARDED,
	QUERY_IS_EXPANDED,
	QUERY_IS_FILTERED,
	QUERY_IS_MULTI,
};

enum query_has { QUERY_HAS_NDR, QUERY_HAS_QUARANTINE, QUERY_HAS_VIRUS, QUERY_HAS_TLS };

enum query_in { QUERY_IN_QUEUE };

enum query_sort {
	QUERY_SORT_TIME,
	QUERY_SORT_DELAY,
	QUERY_SORT_SIZE,
	QUERY_SORT_RCPTS,
	QUERY_SORT_TRIES,
	QUERY_SORT_SCORE,
	QUERY_SORT_FROM,
	QUERY_SORT_TO,
	QUERY_SORT_STATUS,
};

struct query_names {
	const char *const *names;
	size_t n;
};

/* What the caller knows and the language does not. */
struct query_context {
	int64_t now_us;
	int64_t zone_us; /* the viewer's offset from UTC, east positive */
	/* The viewer's offset at that time, for zones with daylight saving; NULL: always zone_us.
	 */
	int64_t (*zone_at_us)(void *arg, int64_t t_us);
	void *zone_arg;
	/* The values of `reason:`; query_value.item is the place in this list. */
	struct query_names reasons;
};

/* The values of a key of QUERY_TYPE_ITEM, in the order of its enum; no names for any other key. */
struct query_names query_key_names(
	const struct query_context *context, const struct query_key *key);

enum query_value_kind {
	QUERY_VALUE_TEXT,    /* norm */
	QUERY_VALUE_PATTERN, /* norm, '*' is any run of characters, every other byte is itself */
	QUERY_VALUE_REGEX,   /* norm; checked to be without back references and look-around */
	QUERY_VALUE_ADDRESS, /* local and domain; norm is local@domain */
	QUERY_VALUE_LOCAL,  /* local at any domain; when `domain` is not empty, or that whole domain
			     */
	QUERY_VALUE_DOMAIN, /* every address at `domain`, which is also norm */
	QUERY_VALUE_NULL,   /* the null sender <> */
	QUERY_VALUE_IP,	    /* ip; a network when bits is less than the family's */
	QUERY_VALUE_RANGE,  /* low <= x <= high: delay ms, size bytes, score thousandths, others
			       numbers */
	QUERY_VALUE_TIME,   /* low <= t <= high, microseconds UTC */
	QUERY_VALUE_ITEM,   /* item; norm is its name */
	QUERY_VALUE_CODE,   /* norm (may hold '*'), smtp and enhanced say which code it can be */
};

/* An end of a range that is open is INT64_MIN or INT64_MAX. */
struct query_value {
	enum query_value_kind kind;
	bool quoted;	   /* was in quotes, so '*' was no wildcard */
	bool range;	   /* a..b; then `text` is a and `to` is b */
	struct slice text; /* as written, quotes and escapes off, angle brackets on */
	struct slice to;
	size_t pos;	   /* byte position in the query */
	struct slice norm; /* to compare with: lower case and A-labels, except where case matters */
	struct slice local;  /* lower case */
	struct slice domain; /* lower case, A-labels (RFC 5890) */
	struct ip ip;
	int64_t low, high;
	int item;
	bool descending; /* sort:-x */
	bool smtp, enhanced;
};

enum query_node_kind {
	QUERY_NODE_ALL, /* the empty query */
	QUERY_NODE_AND,
	QUERY_NODE_OR,
	QUERY_NODE_NOT, /* one child */
	QUERY_NODE_FIELD,
};

/* Groups in parentheses stay nodes of their own: an AND inside an AND is not merged into it. */
struct query_node {
	enum query_node_kind kind;
	bool guessed; /* the key was guessed from the value's shape, or the text was pasted */
	bool word;    /* a bare word or bare quoted text; the key is text */
	enum query_op op;
	size_t pos;
	const struct query_key *key;
	struct query_node **children; /* and, or, not */
	struct query_value *values;   /* field */
	size_t n;		      /* of children or values */
};

struct query_error {
	size_t pos;	      /* byte position in the query text; 0 when it was pasted */
	struct slice message; /* what is wrong, for people */
	struct slice hint;    /* what to do about it; may be empty */
};

/* False with `err` filled when the text is no query; message and hint lie in the arena. Pasted log
 * lines, bounces, headers and address lists are understood too (query_paste.c). */
bool query_parse(struct slice text, const struct query_context *context, struct arena *arena,
	struct query_node **tree, struct query_error *err);

/* The tree as JSON: {"all":true}, {"and":[...]}, {"or":[...]}, {"not":...}, {"text":"..."} and
 * {"key":"...","op":"...","values":[...],"guessed":true}. A value is a string as it was written,
 * {"from":"...","to":"..."}, or {"literal":"..."} when it holds a '*' that is no wildcard. */
void query_add_json(struct buf *b, const struct query_node *tree);

/* The tree as query text in one fixed spelling. Parsing it gives the same tree, but guesses are
 * then said outright (`ip:192.0.2.7`). Escapes and keys may make it longer than QUERY_MAX_BYTES
 * when the original came near it. */
void query_add_canonical(struct buf *b, const struct query_node *tree);

/* Lower case of any script that has it simply (Latin, Greek, Cyrillic, Armenian). */
void query_add_lower(struct buf *b, struct slice s);

/* A domain in lower case with every other label as A-label (RFC 3492, RFC 5890), without a final
 * dot. No Unicode normalisation: what is stored must have gone through the same function. */
void query_add_domain(struct buf *b, struct slice domain);

#endif
