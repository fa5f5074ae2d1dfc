/* Sessions of clients that are refused: connect, one refusal or more, disconnect. */
#include "generate.h"
#include "base/memory.h"

struct session {
	struct session *next_spare;
	struct client client;
	struct address from, to;
	enum reject_kind kind;
	uint32_t pid;
	unsigned refusals, left;
	bool tls;
};

static enum reject_kind
pick_kind(struct generate *g)
{
	static const uint8_t kinds[20] = {REJECT_BLOCKLIST, REJECT_BLOCKLIST, REJECT_BLOCKLIST,
		REJECT_BLOCKLIST, REJECT_BLOCKLIST, REJECT_BLOCKLIST, REJECT_BLOCKLIST,
		REJECT_USER_UNKNOWN, REJECT_USER_UNKNOWN, REJECT_USER_UNKNOWN, REJECT_USER_UNKNOWN,
		REJECT_GREYLISTED, REJECT_GREYLISTED, REJECT_GREYLISTED, REJECT_RELAY, REJECT_HELO,
		REJECT_HELO, REJECT_SENDER_DOMAIN, REJECT_CLIENT, REJECT_RATE};
	return (enum reject_kind)kinds[below(g, 20)];
}

/* Guessed and outdated addresses. */
static void
address_unknown(struct generate *g, struct address *a)
{
	struct text name, local;
	a->domain = OUTSIDE_DOMAINS + zipf(g, OWN_DOMAINS);
	domain_name(a->domain, &name);
	random_text(g, S("abcdefghijklmnoprstuvwxyz"), 3 + below(g, 8), &local);
	TEXT(&a->text, text_slice(&local), S("@"), text_slice(&name));
}

static void
pick_people(struct generate *g, struct session *s)
{
	bool honest = s->kind == REJECT_GREYLISTED ||
		      (s->kind == REJECT_USER_UNKNOWN && permille(g, 500));
	if (s->kind == REJECT_USER_UNKNOWN)
		address_unknown(g, &s->to);
	else if (s->kind == REJECT_RELAY)
		address_outside(g, &s->to);
	else
		address_own(g, &s->to);
	address_outside(g, &s->from);
	if (honest)
		client_server(g, s->from.domain, &s->client);
	else
		client_bot(g, &s->client);
	if (s->kind == REJECT_CLIENT)
		TEXT(&s->client.name, S("unknown"));
	if (s->kind == REJECT_SENDER_DOMAIN)
		TEXT(&s->from.text, S("mailer@"), text_slice(&s->client.helo), S(".invalid"));
}

enum session_step { SESSION_TLS, SESSION_REFUSE, SESSION_CLOSE };

static void session_run(struct generate *g, void *subject, unsigned arg);

static void
session_close(struct generate *g, struct session *s)
{
	bool lost = permille(g, 120);
	unsigned fine = (s->tls ? 4 : 2) + !lost; /* commands that were not refused */
	if (lost)
		SAY(g, MX, SMTPD, s->pid, S("lost connection after RCPT from "),
			text_slice(&s->client.name), S("["), text_slice(&s->client.ip), S("]"));
	SAY(g, MX, SMTPD, s->pid, S("disconnect from "), text_slice(&s->client.name), S("["),
		text_slice(&s->client.ip), s->tls ? S("] ehlo=2 starttls=1") : S("] ehlo=1"),
		S(" mail=1 rcpt=0/"), number(g, s->refusals), lost ? S("") : S(" quit=1"),
		S(" commands="), number(g, fine), S("/"), number(g, fine + s->refusals));
	pid_put(g, MX, SMTPD, s->pid);
	s->next_spare = g->spare_sessions;
	g->spare_sessions = s;
	g->count.sessions++;
}

static void
session_refuse(struct generate *g, struct session *s)
{
	struct slice to = text_slice(&s->to.text);
	struct slice text = reject_text(g, s->kind,
		&(struct blanks){.to = to,
			.from = text_slice(&s->from.text),
			.domain = slice_domain(to),
			.client = text_slice(&s->client.name),
			.client_ip = text_slice(&s->client.ip),
			.helo = text_slice(&s->client.helo)});
	SAY(g, MX, SMTPD, s->pid, S("NOQUEUE: reject: "), text);
	g->count.rejects[s->kind]++;
	truth_reject(g, s->kind, &s->client, text_slice(&s->from.text), to, text);
	if (--s->left == 0) {
		later(g, between(g, MILLIS(2), MILLIS(400)), session_run, s, SESSION_CLOSE);
		return;
	}
	s->kind == REJECT_USER_UNKNOWN ? address_unknown(g, &s->to) : address_own(g, &s->to);
	later(g, between(g, MILLIS(30), MILLIS(300)), session_run, s, SESSION_REFUSE);
}

static void
session_tls(struct generate *g, struct session *s)
{
	SAY(g, MX, SMTPD, s->pid, S("Anonymous TLS connection established from "),
		text_slice(&s->client.name), S("["), text_slice(&s->client.ip),
		S("]: TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)"));
	later(g, between(g, MILLIS(40), MILLIS(400)), session_run, s, SESSION_REFUSE);
}

static void
session_connect(struct generate *g, struct session *s)
{
	SAY(g, MX, SMTPD, s->pid, S("connect from "), text_slice(&s->client.name), S("["),
		text_slice(&s->client.ip), S("]"));
	later(g, between(g, MILLIS(60), MILLIS(900)), session_run, s,
		s->tls ? SESSION_TLS : SESSION_REFUSE);
}

static void
session_run(struct generate *g, void *subject, unsigned arg)
{
	static void (*const steps[])(struct generate *, struct session *) = {
		session_tls, session_refuse, session_close};
	steps[arg](g, subject);
}

void
reject_arrive(struct generate *g)
{
	struct session *s = g->spare_sessions;
	if (s)
		g->spare_sessions = s->next_spare;
	else
		s = memory_new(sizeof(*s));
	memset(s, 0, sizeof(*s));
	s->kind = pick_kind(g);
	pick_people(g, s);
	s->pid = pid_take(g, MX, SMTPD);
	s->tls = permille(g, 80);
	s->refusals = permille(g, 150) && s->kind != REJECT_RATE ? 2 + zipf(g, 3) : 1;
	if (s->refusals > g->rejects_left)
		s->refusals = (unsigned)g->rejects_left;
	s->left = s->refusals;
	g->rejects_left -= s->refusals;
	session_connect(g, s);
}
