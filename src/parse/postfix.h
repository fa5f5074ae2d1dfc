/*
 * The Postfix family: one function per message shape, found by the head of the text, so that a line
 * reads the same whether the service's name is there ("postfix/smtpd") or was cut off by the sender
 * ("postfix"). The service decides only where one shape has two meanings.
 *
 * Source of truth: the format strings of Postfix 2.6 to 3.12; the file of each stands at its
 * function. Internal to src/parse/postfix*.c.
 */
#ifndef ELSE_PARSE_POSTFIX_H
#define ELSE_PARSE_POSTFIX_H

#include "base/cursor.h"
#include "parse/parse.h"

/* Reads a line of the Postfix family; `e` comes from event_init with t_us, host and pid set. */
enum parse_result parse_postfix(const struct line *line, struct event *e);

/* "postfix-out/submission/smtpd", "submission/smtpd": does the last part name a Postfix program? */
bool postfix_is_program(struct slice name);

/* A shape: a text that starts with `head`. `program` is who logs it when the name is lost. `parse`
 * gets the cursor at the head (after "QID: "). */
struct postfix_shape {
	const char *head;
	size_t n;
	enum parse_result (*parse)(struct cursor *c, struct event *e);
	enum program program;
};

/* The first shape of the table whose head the text has, or NULL. Indexed by the first byte; rows
 * end with a NULL head. */
const struct postfix_shape *postfix_find_shape(
	const struct postfix_shape *const table[128], const struct cursor *c);

extern const struct postfix_shape
	*const postfix_mail_shapes[128]; /* after "QID: " or "NOQUEUE: " */
extern const struct postfix_shape *const postfix_plain_shapes[128]; /* without */

/* --- postfix_read.c: what many shapes have in common --- */

/* A host as smtpd and smtp print it: "name[address]:port", "[address]:port", "name[path]". */
struct postfix_peer {
	struct slice name;
	struct slice ip;
	struct slice port;
};

/* "QID: " at the cursor: the queue id, and past the blank. Empty and not moved without one. */
struct slice postfix_read_qid(struct cursor *c);

/* Is the whole slice a queue id: upper-case hex, or the long form of Postfix 2.9? */
bool postfix_is_qid(struct slice s);

/* The text at the cursor up to the '>' of an address, and past it. A quoted local part is skipped
 * as a whole; where no separator follows the '>', it belongs to the address (internal form, before
 * Postfix 3.5). Without an end the rest is taken and e->cut set. */
struct slice postfix_read_address(struct cursor *c, struct event *e);

/* "name[address]:port" up to where it ends; fails the cursor without a bracket. */
struct postfix_peer postfix_read_peer(struct cursor *c);
void postfix_read_client(struct cursor *c, struct event *e);
void postfix_read_relay(struct cursor *c, struct event *e);

/* A whole "name[address]:port" or a word without brackets ("none", "local"). */
struct postfix_peer postfix_split_peer(struct slice s);

/* Everything before the next ", ", and past it; the rest when there is none. */
struct slice postfix_read_field(struct cursor *c);

/* "from=<..> to=<..> proto=.. helo=<..> sasl_method=.. sasl_username=.. sasl_sender=..", each
 * optional, blanks or commas between. Stops at what is none of these. */
void postfix_read_envelope(struct cursor *c, struct event *e);

/* Where such pairs begin: the text before "; from=<", "; to=<" or "; proto=", and the cursor after
 * the blank. With `last`, the last such place: header text may hold anything. The rest when there
 * is none. */
struct slice postfix_until_envelope(struct cursor *c, bool last);

/* "550 5.1.1 " / "5.7.1 " / "" at the cursor: sets code and dsn. */
void postfix_read_code(struct cursor *c, struct event *e);

/* "0.05", "63495": seconds to milliseconds; -1 and not moved on anything else. */
int64_t postfix_read_ms(struct cursor *c);

/* --- postfix_reply.c --- */

/* From e->reply and e->status: code, outcome, next_qid, session. */
void postfix_read_reply(struct event *e);

/* --- shapes --- */

/* postfix_smtpd.c */
enum parse_result postfix_connect(struct cursor *c, struct event *e);
enum parse_result postfix_disconnect(struct cursor *c, struct event *e);
enum parse_result postfix_client(struct cursor *c, struct event *e);
enum parse_result postfix_lost(struct cursor *c, struct event *e);
enum parse_result postfix_accept_error(struct cursor *c, struct event *e);
enum parse_result postfix_refused(struct cursor *c, struct event *e);
enum parse_result postfix_action(struct cursor *c, struct event *e);
enum parse_result postfix_proxy(struct cursor *c, struct event *e);

/* postfix_cleanup.c */
enum parse_result postfix_message_id(struct cursor *c, struct event *e);
bool postfix_sees_content(const struct cursor *c);
void postfix_read_content(struct cursor *c, struct event *e);

/* postfix_postscreen.c */
enum parse_result postfix_screen_connect(struct cursor *c, struct event *e);
enum parse_result postfix_screen_disconnect(struct cursor *c, struct event *e);
enum parse_result postfix_screen_listed(struct cursor *c, struct event *e);
enum parse_result postfix_screen_dnsbl(struct cursor *c, struct event *e);
enum parse_result postfix_screen_pregreet(struct cursor *c, struct event *e);
enum parse_result postfix_screen_hangup(struct cursor *c, struct event *e);
enum parse_result postfix_screen_command(struct cursor *c, struct event *e);
enum parse_result postfix_screen_data(struct cursor *c, struct event *e);

/* postfix_qmgr.c */
enum parse_result postfix_queued(struct cursor *c, struct event *e);
enum parse_result postfix_removed(struct cursor *c, struct event *e);
enum parse_result postfix_pickup(struct cursor *c, struct event *e);

/* postfix_postsuper.c */
enum parse_result postfix_held(struct cursor *c, struct event *e);
enum parse_result postfix_released(struct cursor *c, struct event *e);
enum parse_result postfix_requeued(struct cursor *c, struct event *e);
enum parse_result postfix_expire(struct cursor *c, struct event *e);

/* postfix_bounce.c */
enum parse_result postfix_notice(struct cursor *c, struct event *e);

/* postfix_delivery.c */
enum parse_result postfix_delivery(struct cursor *c, struct event *e);
enum parse_result postfix_passing(struct cursor *c, struct event *e);

/* postfix_smtp.c */
enum parse_result postfix_host_said(struct cursor *c, struct event *e);
enum parse_result postfix_sasl_said(struct cursor *c, struct event *e);
enum parse_result postfix_lost_relay(struct cursor *c, struct event *e);
enum parse_result postfix_connect_to(struct cursor *c, struct event *e);
enum parse_result postfix_relay_trouble(struct cursor *c, struct event *e);
enum parse_result postfix_pix(struct cursor *c, struct event *e);
enum parse_result postfix_tls(struct cursor *c, struct event *e);

/* postfix_misc.c */
enum parse_result postfix_warning(struct cursor *c, struct event *e);
enum parse_result postfix_news(
	struct cursor *c, struct event *e); /* EVENT_WARNING, no level word */
enum parse_result postfix_program(struct cursor *c, struct event *e); /* EVENT_PROGRAM */
enum parse_result postfix_ignored(struct cursor *c, struct event *e);

/* Text that only verbose logging (-v, *_tls_loglevel above 1) makes. */
bool postfix_is_debug(struct slice text);

#endif
