/* The small pieces that lines of filters, milters and mailbox servers have in common. */
#ifndef ELSE_PARSE_FILTER_READ_H
#define ELSE_PARSE_FILTER_READ_H

#include "base/cursor.h"
#include "parse/parse.h"

/* "QID: " at the cursor: the queue id, and past it. Empty and not moved when there is none. */
struct slice filter_read_qid(struct cursor *c);

/* "<address>" at the cursor, without the brackets; '>' inside a quoted local part does not end it.
 * Fails when there is no '<' here or no '>' after it. */
struct slice filter_read_bracketed(struct cursor *c);

/* "[192.0.2.7]:25", "[2001:db8::1]", "[IPv6:2001:db8::1]" at the cursor; port empty when there is
 * none. */
void filter_read_peer(struct cursor *c, struct slice *ip, struct slice *port);

/* One pair off a list "name=value; name="va;lue"; ..."; quotes are taken off the value. False at
 * the end or where no pair follows. */
bool filter_next_pair(struct cursor *c, char separator, struct slice *name, struct slice *value);

/* The leading word of letters, digits, '-', '_' and '.'. */
struct slice filter_read_word(struct cursor *c);

/* A line that says its daemon has trouble: EVENT_WARNING / starts or stops: EVENT_PROGRAM. */
enum parse_result filter_warning(struct event *e, struct slice text);
enum parse_result filter_program(struct event *e, struct slice text);

/* The result of an SPF, DKIM or DMARC check (RFC 8601, 2.7) from its leading word: "pass", "Fail
 * (mailfrom)". */
enum verdict filter_result_verdict(struct slice text);

/* The event is of this type, made by this filter. */
void filter_begin(struct event *e, enum event_type type, struct slice check);

/* Sets from / msgid and their flags. The msgid is taken with its brackets; "<>" gives the empty
 * one. */
void filter_set_from(struct event *e, struct slice from);
void filter_set_msgid(struct event *e, struct slice msgid);

/* One of the words? Tables of heads are static arrays. */
bool filter_starts_any(struct slice s, const char *const *heads, size_t n);
bool filter_contains_any(struct slice s, const char *const *words, size_t n);

#define FILTER_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
