#include "parse/postfix.h"

enum parse_result
postfix_ignored(struct cursor *c, struct event *e)
{
	(void)c;
	(void)e;
	return PARSE_IGNORED;
}

/* Start, stop, reload: Postfix src/master/master.c, conf/postfix-script. */
enum parse_result
postfix_program(struct cursor *c, struct event *e)
{
	e->text = cursor_rest(c);
	e->type = EVENT_PROGRAM;
	return PARSE_OK;
}

enum parse_result
postfix_news(struct cursor *c, struct event *e)
{
	e->text = cursor_rest(c);
	e->type = EVENT_WARNING;
	return PARSE_OK;
}

/* "host[ip]: SASL LOGIN authentication failed: reason, sasl_username=name", "... aborted": Postfix
 * src/smtpd/smtpd_sasl_glue.c. The name since 3.6; (unavailable) stands for none. */
static enum parse_result
auth_failed(struct cursor *c, struct event *e)
{
	postfix_read_client(c, e);
	cursor_literal(c, S(": SASL "));
	e->sasl_method = cursor_until_char(c, ' ');
	cursor_literal(c, S("authentication "));
	if (!cursor_optional(c, S("failed:")) && !cursor_sees(c, S("aborted")))
		c->failed = true;
	e->text = slice_trim(cursor_until_or_rest(c, S(", sasl_username=")));
	e->sasl_user = cursor_rest(c);
	if (slice_equal(e->sasl_user, S("(unavailable)")))
		e->sasl_user.n = 0;
	e->type = EVENT_AUTH_FAILED;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "Connection rate limit exceeded: 61 from host[ip] for service smtp": Postfix src/smtpd/smtpd.c;
 * the client got a 421 or 450 that is not logged otherwise. */
static enum parse_result
limit_exceeded(struct cursor *c, struct event *e)
{
	e->text = cursor_until(c, S(": "));
	cursor_u64(c);
	cursor_literal(c, S(" from "));
	postfix_read_client(c, e);
	e->type = EVENT_REFUSED;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "non-SMTP command from host[ip]: GET / HTTP/1.1": Postfix src/smtpd/smtpd.c; it hangs up. */
static enum parse_result
non_smtp_command(struct cursor *c, struct event *e)
{
	e->text = cursor_until(c, S(" from "));
	postfix_read_client(c, e);
	cursor_literal(c, S(": "));
	e->reason = cursor_rest(c);
	e->type = EVENT_LOST;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "Illegal address syntax from host[ip] in MAIL command: <..>": Postfix src/smtpd/smtpd.c; answered
 * with 501. */
static enum parse_result
bad_address(struct cursor *c, struct event *e)
{
	e->text = cursor_until(c, S(" from "));
	postfix_read_client(c, e);
	cursor_literal(c, S(" in "));
	e->stage = cursor_until(c, S(" command: "));
	e->matched = cursor_rest(c);
	e->type = EVENT_REFUSED;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* "hostname h does not resolve to address ip", "... : Name or service not known": Postfix
 * src/smtpd/smtpd_peer.c. */
static enum parse_result
hostname(struct cursor *c, struct event *e)
{
	e->text = cursor_left(c);
	cursor_literal(c, S("hostname "));
	e->client_name = cursor_until(c, S(" does not resolve to address "));
	e->client_ip = cursor_until_or_rest(c, S(": "));
	e->type = EVENT_WARNING;
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* Warnings of smtpd that tell of a client. */
static const struct postfix_shape client_warnings[] = {
	{"hostname ", 9, hostname, PROGRAM_SMTPD},
	{"non-SMTP command from ", 22, non_smtp_command, PROGRAM_SMTPD},
	{"Illegal address syntax from ", 28, bad_address, PROGRAM_SMTPD},
	{"Connection concurrency limit exceeded: ", 39, limit_exceeded, PROGRAM_SMTPD},
	{"Connection rate limit exceeded: ", 32, limit_exceeded, PROGRAM_SMTPD},
	{"Message delivery request rate limit exceeded: ", 46, limit_exceeded, PROGRAM_SMTPD},
	{"Recipient address rate limit exceeded: ", 39, limit_exceeded, PROGRAM_SMTPD},
	{"New TLS session rate limit exceeded: ", 37, limit_exceeded, PROGRAM_SMTPD},
	{"AUTH command rate limit exceeded: ", 34, limit_exceeded, PROGRAM_SMTPD},
};

/* "host[ip]: SASL " at the cursor? */
static bool
tells_of_sasl(struct cursor c)
{
	postfix_read_peer(&c);
	return cursor_sees(&c, S(": SASL "));
}

static enum parse_result
client_warning(struct cursor c, struct event *e)
{
	enum parse_result result = PARSE_UNKNOWN;
	const struct postfix_shape *s = client_warnings;
	const struct postfix_shape *end = s + sizeof(client_warnings) / sizeof(client_warnings[0]);
	while (s < end && !cursor_sees(&c, slice_of(s->head, s->n)))
		s++;
	if (s < end)
		result = s->parse(&c, e);
	else if (tells_of_sasl(c))
		result = auth_failed(&c, e);
	if (result == PARSE_OK && e->program == PROGRAM_POSTFIX)
		e->program = PROGRAM_SMTPD;
	return result;
}

/* "warning: ", "error: ", "fatal: ", "panic: " of every daemon: Postfix src/util/msg.c. A queue id
 * at the head of the text tells the mail. */
enum parse_result
postfix_warning(struct cursor *c, struct event *e)
{
	struct slice level = cursor_until_char(c, ':');
	cursor_blanks(c);
	bool known = slice_equal(level, S("warning")) && client_warning(*c, e) == PARSE_OK;
	if (!known || e->type == EVENT_WARNING)
		e->action = level;
	if (known)
		return PARSE_OK;
	e->qid = postfix_read_qid(c);
	e->text = cursor_rest(c);
	e->type = EVENT_WARNING;
	return PARSE_OK;
}

static bool
is_word_sign(char c)
{
	return (c >= 'a' && c <= 'z') || c == '_' || slice_is_digit(c);
}

/* "smtpd_check_addr: addr=..": the name of a function before a colon; all of verbose logging has
 * it. */
static bool
names_function(struct slice text)
{
	size_t n = 0;
	bool underscore = false;
	while (n < text.n && is_word_sign(text.p[n]))
		underscore |= text.p[n++] == '_';
	return underscore && n < text.n && (text.p[n] == ':' || text.p[n] == '(');
}

/* "mx.example.com[192.0.2.7]:25: depth=1 ..", "host[ip]: re-using session ..": src/tls with
 * loglevel 2. */
static bool
starts_with_peer(struct slice text)
{
	struct cursor c = cursor_of(text);
	postfix_read_peer(&c);
	return cursor_sees(&c, S(": ")) || cursor_sees(&c, S(" "));
}

bool
postfix_is_debug(struct slice text)
{
	static const struct slice heads[] = {
		{"< ", 2},
		{"> ", 2},
		{"send attr ", 10},
		{"input attribute ", 16},
		{"private/", 8},
		{"public/", 7},
		{"read from ", 10},
		{"write to ", 9},
		{"before input_transp", 19},
		{"after input_transp", 18},
		{"connection established", 22},
		{"connection closed", 17},
		{"idle timeout", 12},
		{"report ", 7},
		{"trying... ", 10},
		{"proxymap stream", 15},
		{"TLS ", 4},
		{"looking up session", 18},
		{"reloading session", 17},
		{"save session", 12},
		{"verify error:", 13},
		{"Verified: ", 10},
		{"Unverified: ", 12},
		{"Trusted: ", 9},
		{"Untrusted: ", 11},
		{"Peer cert", 9},
		{"subject_CN=", 11},
		{"fingerprint=", 12},
		{"Server certificate ", 19},
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (slice_starts(text, heads[i]))
			return true;
	return names_function(text) || starts_with_peer(text);
}
