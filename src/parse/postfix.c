#include "parse/postfix.h"

/* The programs of Postfix, by the length of the name, the busy ones first. `quiet`: one that tells
 * nothing of mails or sessions, so that texts of no known shape are of no interest. */
struct postfix_service {
	const char *name;
	enum program program;
	bool quiet;
};

#define ROW (const struct postfix_service[])
#define END                                                                                        \
	{                                                                                          \
		NULL, PROGRAM_OTHER, false                                                         \
	}

static const struct postfix_service *const services[] = {
	[4] = ROW{{"smtp", PROGRAM_SMTP, false}, {"qmgr", PROGRAM_QMGR, false},
		{"lmtp", PROGRAM_LMTP, false}, {"pipe", PROGRAM_PIPE, false}, END},
	[5] = ROW{{"smtpd", PROGRAM_SMTPD, false}, {"local", PROGRAM_LOCAL, false},
		{"error", PROGRAM_ERROR, false}, {"retry", PROGRAM_ERROR, false},
		{"defer", PROGRAM_BOUNCE, false}, {"trace", PROGRAM_BOUNCE, false},
		{"nqmgr", PROGRAM_QMGR, false}, {"oqmgr", PROGRAM_QMGR, false},
		{"qmqpd", PROGRAM_SMTPD, false}, {"anvil", PROGRAM_POSTFIX, true},
		{"flush", PROGRAM_POSTFIX, true}, {"showq", PROGRAM_POSTFIX, true},
		{"spawn", PROGRAM_POSTFIX, true}, END},
	[6] = ROW{{"pickup", PROGRAM_PICKUP, false}, {"bounce", PROGRAM_BOUNCE, false},
		{"scache", PROGRAM_POSTFIX, true}, {"verify", PROGRAM_VERIFY, true},
		{"master", PROGRAM_POSTFIX, true}, {"tlsmgr", PROGRAM_POSTFIX, true}, END},
	[7] = ROW{{"cleanup", PROGRAM_CLEANUP, false}, {"virtual", PROGRAM_VIRTUAL, false},
		{"discard", PROGRAM_DISCARD, false}, {"dnsblog", PROGRAM_POSTFIX, true},
		{"postmap", PROGRAM_POSTFIX, true}, {"postlog", PROGRAM_POSTFIX, true},
		{"postcat", PROGRAM_POSTFIX, true}, END},
	[8] = ROW{{"tlsproxy", PROGRAM_POSTFIX, true}, {"proxymap", PROGRAM_POSTFIX, true},
		{"sendmail", PROGRAM_POSTFIX, true}, {"postdrop", PROGRAM_POSTFIX, true},
		{"postlogd", PROGRAM_POSTFIX, true}, {"postconf", PROGRAM_POSTFIX, true},
		{"postkick", PROGRAM_POSTFIX, true}, {"postlock", PROGRAM_POSTFIX, true}, END},
	[9] = ROW{{"postsuper", PROGRAM_POSTSUPER, false}, {"postqueue", PROGRAM_POSTFIX, true},
		{"postalias", PROGRAM_POSTFIX, true}, {"postmulti", PROGRAM_POSTFIX, true}, END},
	[10] = ROW{{"postscreen", PROGRAM_POSTSCREEN, false}, {"proxywrite", PROGRAM_POSTFIX, true},
		END},
	[12] = ROW{{"post-install", PROGRAM_POSTFIX, true}, END},
	[14] = ROW{{"postfix-script", PROGRAM_POSTFIX, true}, END},
	[15] = ROW{{"trivial-rewrite", PROGRAM_POSTFIX, true}, END},
	[18] = ROW{{"postfix-tls-script", PROGRAM_POSTFIX, true}, END},
};

static const struct postfix_service *
find_service(struct slice name)
{
	if (name.n >= sizeof(services) / sizeof(services[0]) || !services[name.n])
		return NULL;
	for (const struct postfix_service *s = services[name.n]; s->name; s++)
		if (*s->name == *name.p && memcmp(s->name, name.p, name.n) == 0)
			return s;
	return NULL;
}

bool
postfix_is_program(struct slice name)
{
	ptrdiff_t slash = slice_find_last_char(name, '/');
	return slash > 0 && find_service(slice_skip(name, (size_t)slash + 1));
}

/* "postfix-out/submission/smtpd": the instance, what stands between, and which program it is. */
static const struct postfix_service *
split_name(struct slice name, struct event *e)
{
	size_t first = 0;
	while (first < name.n && name.p[first] != '/')
		first++;
	e->instance = slice_head(name, first);
	e->program = PROGRAM_POSTFIX;
	if (first == name.n)
		return NULL;
	size_t last = name.n - 1;
	while (name.p[last] != '/')
		last--;
	if (last > first)
		e->service = slice_of(name.p + first + 1, last - first - 1);
	const struct postfix_service *service = find_service(slice_skip(name, last + 1));
	if (service)
		e->program = service->program;
	return service;
}

/* A shape that no table has: debug output is known; a queue id before it is a thing to look at, but
 * for a delivery of which some rewriter took "to=<" and ">" away. */
static enum parse_result
other_text(struct cursor *c, struct event *e, const struct postfix_service *service)
{
	struct slice text = cursor_left(c);
	if (!text.n || (!e->qid.n && service && service->quiet) || postfix_is_debug(text))
		return PARSE_IGNORED;
	if (e->qid.n && slice_contains(text, S(", relay=")))
		return postfix_delivery(c, e);
	return PARSE_UNKNOWN;
}

/* postscreen's sessions as its TLS engine sees them: the client side of a handshake is smtp's
 * (3.4). */
static bool
is_tlsproxy_noise(const struct postfix_service *service, const struct event *e)
{
	return service && service->quiet &&
	       (e->type == EVENT_TLS || e->type == EVENT_DISCONNECT || e->type == EVENT_CONNECT ||
		       e->type == EVENT_LOST);
}

/* Which delivery agent a line is of when its name is lost, by its relay. */
static enum program
agent_of(const struct event *e)
{
	if (slice_starts(e->relay_ip, S("/")) || slice_starts(e->relay_ip, S("private/")))
		return PROGRAM_LMTP;
	if (e->relay_ip.n || !e->relay_name.n)
		return PROGRAM_SMTP;
	if (slice_equal(e->relay_name, S("none")))
		return e->status == DELIVERY_SENT ? PROGRAM_DISCARD : PROGRAM_SMTP;
	if (slice_equal(e->relay_name, S("local")))
		return PROGRAM_LOCAL;
	return slice_equal(e->relay_name, S("virtual")) ? PROGRAM_VIRTUAL : PROGRAM_PIPE;
}

enum parse_result
parse_postfix(const struct line *line, struct event *e)
{
	const struct postfix_service *service = split_name(line->program, e);
	struct cursor c = cursor_of(line->text);
	e->qid = postfix_read_qid(&c);
	bool of_mail = e->qid.n || cursor_optional(&c, S("NOQUEUE: "));
	const struct postfix_shape *shape =
		postfix_find_shape(of_mail ? postfix_mail_shapes : postfix_plain_shapes, &c);
	if (!shape)
		return other_text(&c, e, service);
	if (!service)
		e->program = shape->program;
	enum parse_result result = shape->parse(&c, e);
	if (!service && e->type == EVENT_DELIVERY)
		e->program = agent_of(e);
	return result == PARSE_OK && is_tlsproxy_noise(service, e) ? PARSE_IGNORED : result;
}
