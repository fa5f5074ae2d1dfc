/* From host to host and to the mailbox or the world: hand-over, attempts, retries, the end. */
#include "generate.h"
#include "base/memory.h"

#include <assert.h>

enum { BACKOFF_MIN_S = 300, BACKOFF_MAX_S = 4000, LINK_IDLE_S = 2 };

#define LIFETIME_US (5 * TIME_DAY_US)

/* Postfix closes a cached connection two seconds after its last use. `arg` is that use. */
static void
link_close(struct generate *g, void *subject, unsigned arg)
{
	struct link *k = subject;
	const struct host *from = &g->hosts[k->from];
	if (k->busy || k->use != arg)
		return;
	for (struct link **at = &g->idle[k->from][k->host]; *at; at = &(*at)->next)
		if (*at == k) {
			*at = k->next;
			break;
		}
	SAY(g, k->host, SMTPD, k->pid, S("disconnect from "), from->name, S("["), from->ip,
		S("] ehlo=1 mail="), number(g, k->mails), S(" rcpt="), number(g, k->rcpts),
		S(" data="), number(g, k->mails), S(" quit=1 commands="),
		number(g, 2 + 2 * k->mails + k->rcpts));
	pid_put(g, k->host, SMTPD, k->pid);
	k->use++; /* events that still wait for this link are too late */
	k->next = g->spare_links;
	g->spare_links = k;
	g->count.sessions++;
}

static struct link *
link_open(struct generate *g, enum host_id from, enum host_id host)
{
	struct link *k = g->spare_links;
	if (k)
		g->spare_links = k->next;
	else
		k = memory_zero(1, sizeof(*k));
	*k = (struct link){.from = from, .host = host, .use = k->use + 1};
	k->pid = pid_take(g, host, SMTPD);
	SAY(g, host, SMTPD, k->pid, S("connect from "), g->hosts[from].name, S("["),
		g->hosts[from].ip, S("]"));
	return k;
}

static struct link *
link_take(struct generate *g, enum host_id from, enum host_id host)
{
	struct link *k = g->idle[from][host];
	if (k)
		g->idle[from][host] = k->next;
	else
		k = link_open(g, from, host);
	k->busy = true;
	return k;
}

static void
link_put(struct generate *g, struct link *k)
{
	k->busy = false;
	k->use++;
	k->next = g->idle[k->from][k->host];
	g->idle[k->from][k->host] = k;
	if (permille(g, 600))
		later(g, SECONDS(LINK_IDLE_S), link_close, k, k->use);
	else
		link_close(g, k, k->use);
}

void
leg_connect(struct generate *g, struct mail *m, struct leg *l)
{
	l->started_us = g->now_us;
	l->smtp_pid = pid_take(g, l->from, SMTP);
	l->link = link_take(g, l->from, l->host);
	mail_later(g, m, between(g, MILLIS(1), MILLIS(12)), STEP_LEG_CLIENT, l, NULL);
}

void
leg_client(struct generate *g, struct mail *m, struct leg *l)
{
	qid_make(g, &l->qid);
	mail_hop(m, l->host, &l->qid);
	l->arrived_us = g->now_us;
	g->count.received++;
	SAY(g, l->host, SMTPD, l->link->pid, qid_slice(&l->qid), S(": client="),
		g->hosts[l->from].name, S("["), g->hosts[l->from].ip, S("]"));
	mail_later(g, m, between(g, 500, MILLIS(8)), STEP_LEG_MESSAGE, l, NULL);
}

void
leg_message(struct generate *g, struct mail *m, struct leg *l)
{
	say_message_id(g, m, l->host, &l->qid);
	mail_later(g, m, between(g, 500, MILLIS(15)), STEP_LEG_QUEUED, l, NULL);
}

/* What the host before says of the hand-over. */
static void
say_handover(struct generate *g, struct mail *m, struct leg *l)
{
	struct text relay, reply, to;
	struct delivery d = {.host = l->from,
		.program = SMTP,
		.pid = l->smtp_pid,
		.qid = &l->from_qid,
		.conn_use = l->link->mails,
		.a = l->started_us - l->from_arrived_us,
		.b = (int64_t)below(g, 15000),
		.c = l->link->mails > 1 ? 0 : (int64_t)below(g, 15000),
		.d = g->now_us - l->started_us,
		.dsn = "2.0.0",
		.status = DELIVERED};
	TEXT(&relay, g->hosts[l->host].name, S("["), g->hosts[l->host].ip, S("]:25"));
	TEXT(&reply, S("250 2.0.0 Ok: queued as "), qid_slice(&l->qid));
	d.relay = text_slice(&relay);
	d.text = text_slice(&reply);
	for (unsigned i = 0; i < m->nrcpt; i++) {
		if (&m->legs[m->rcpts[i].leg] != l)
			continue;
		rcpt_sent_to(&m->rcpts[i], &to);
		d.to = text_slice(&to);
		say_delivery(g, &d);
	}
}

void
leg_queued(struct generate *g, struct mail *m, struct leg *l)
{
	l->link->mails++;
	l->link->rcpts += l->nrcpt;
	say_active(g, m, l->host, &l->qid, l->nrcpt, 800);
	say_handover(g, m, l);
	if (--m->handovers == 0)
		say_removed(g, l->from, &l->from_qid);
	pid_put(g, l->from, SMTP, l->smtp_pid);
	link_put(g, l->link);
	l->link = NULL;
	mail_later(g, m, between(g, MILLIS(2), MILLIS(60)), STEP_LEG_ATTEMPT, l, NULL);
}

static bool
is_waiting(const struct mail *m, const struct leg *l, const struct rcpt *r)
{
	return &m->legs[r->leg] == l && (r->status == STATUS_OPEN || r->status == DEFERRED);
}

static enum status
outcome(struct rcpt *r)
{
	if (r->deferrals > 0) {
		r->deferrals--;
		return DEFERRED;
	}
	return r->fate == EXPIRED ? DEFERRED : (enum status)r->fate;
}

/* What one attempt at one recipient came to. */
static void
note_outcome(struct generate *g, struct leg *l, struct rcpt *r, enum status status)
{
	r->status = (uint8_t)status;
	if (status == DEFERRED && !l->deferred) {
		l->deferred = true;
		g->count.deferred++;
	}
}

static int64_t
backoff_us(struct generate *g, const struct leg *l)
{
	int64_t wait = g->now_us - l->arrived_us;
	if (wait < SECONDS(BACKOFF_MIN_S))
		wait = SECONDS(BACKOFF_MIN_S);
	if (wait > SECONDS(BACKOFF_MAX_S))
		wait = SECONDS(BACKOFF_MAX_S);
	return wait + between(g, 0, SECONDS(20));
}

/* True when the mail goes back for its age. */
static bool
expire(struct generate *g, struct mail *m, struct leg *l)
{
	if (g->now_us - l->arrived_us < LIFETIME_US)
		return false;
	SAY(g, l->host, QMGR, pid_fixed(QMGR), qid_slice(&l->qid), S(": from=<"),
		text_slice(&m->from.text), S(">, status=expired, returned to sender"));
	for (unsigned i = 0; i < m->nrcpt; i++)
		if (is_waiting(m, l, &m->rcpts[i]))
			m->rcpts[i].status = EXPIRED;
	return true;
}

/* All recipients of this attempt are through. `bounced`: some of them for good. */
static void
attempt_done(struct generate *g, struct mail *m, struct leg *l)
{
	bool waiting = false, returned = l->bounced;
	l->bounced = false;
	for (unsigned i = 0; i < m->nrcpt; i++)
		waiting = waiting || is_waiting(m, l, &m->rcpts[i]);
	if (waiting && expire(g, m, l)) {
		waiting = false;
		returned = true;
	}
	if (returned && m->from.text.n > 0)
		notice_send(g, m, l);
	if (waiting)
		mail_later(g, m, backoff_us(g, l), STEP_LEG_RETRY, l, NULL);
	else
		say_removed(g, l->host, &l->qid);
}

void
leg_retry(struct generate *g, struct mail *m, struct leg *l)
{
	unsigned waiting = 0;
	for (unsigned i = 0; i < m->nrcpt; i++)
		waiting += is_waiting(m, l, &m->rcpts[i]);
	say_active(g, m, l->host, &l->qid, waiting, 800);
	mail_later(g, m, between(g, MILLIS(2), MILLIS(30)), STEP_LEG_ATTEMPT, l, NULL);
}

static void
say_saved(struct generate *g, const struct mail *m, const struct rcpt *r, uint32_t pid,
	struct slice session)
{
	unsigned folder = below(g, 10);
	SAY(g, STORE, DOVECOT, 0, S("lmtp("), text_slice(&r->to.text), S(")<"), number(g, pid),
		S("><"), session, S(">: "), folder < 2 ? S("sieve: msgid=") : S("msgid="),
		m->msgid.n ? text_slice(&m->msgid) : S("unspecified"),
		folder == 0   ? S(": stored mail into mailbox 'Junk'")
		: folder == 1 ? S(": stored mail into mailbox 'INBOX'")
			      : S(": saved mail to INBOX"));
}

static void
store_deliver(struct generate *g, const struct mail *m, struct leg *l, struct rcpt *r,
	struct delivery *d, struct slice session)
{
	struct text reply, sent_to;
	struct slice to = text_slice(&r->to.text);
	d->to = to;
	d->orig_to = S("");
	if (r->alias) {
		rcpt_sent_to(r, &sent_to);
		d->orig_to = text_slice(&sent_to);
	}
	d->status = outcome(r);
	d->relay = S("store1.example.net[private/dovecot-lmtp]");
	if (d->status == DELIVERED) {
		say_saved(g, m, r, l->smtp_pid + 7, session);
		TEXT(&reply, S("250 2.0.0 <"), to, S("> "), session, S(" Saved"));
		d->dsn = "2.0.0";
		d->text = text_slice(&reply);
	} else {
		struct reply said = reply_of_store(g, d->status, &(struct blanks){.to = to});
		d->dsn = said.dsn;
		d->text = said.text;
		if (!said.connected)
			d->relay = S("none");
	}
	say_delivery(g, d);
	note_outcome(g, l, r, d->status);
	l->bounced = l->bounced || d->status == BOUNCED;
}

/* All recipients of a mail go to Dovecot in one session. */
static void
store_attempt(struct generate *g, struct mail *m, struct leg *l)
{
	uint32_t pid = pid_any(g, STORE, LMTP);
	int64_t age = g->now_us - l->arrived_us;
	struct delivery d = {.host = STORE,
		.program = LMTP,
		.pid = pid,
		.qid = &l->qid,
		.a = age,
		.b = (int64_t)below(g, 9000),
		.c = (int64_t)below(g, 9000),
		.d = (int64_t)below(g, 90000)};
	struct text token, session;
	unsigned nth = 0;
	l->smtp_pid = pid;
	random_text(g, BASE64, 22, &token);
	for (unsigned i = 0; i < m->nrcpt; i++) {
		if (!is_waiting(m, l, &m->rcpts[i]))
			continue;
		if (++nth == 1)
			session = token;
		else
			TEXT(&session, text_slice(&token), S(":R"), number(g, nth));
		store_deliver(g, m, l, &m->rcpts[i], &d, text_slice(&session));
	}
	attempt_done(g, m, l);
}

/* One transaction a domain: its first recipient leads. */
static void
world_attempt(struct generate *g, struct mail *m, struct leg *l)
{
	for (unsigned i = 0; i < m->nrcpt; i++) {
		m->rcpts[i].todo = is_waiting(m, l, &m->rcpts[i]);
		l->pending += m->rcpts[i].todo;
	}
	for (unsigned i = 0; i < m->nrcpt; i++) {
		struct rcpt *r = &m->rcpts[i];
		bool leads = r->todo;
		for (unsigned j = 0; j < i; j++)
			leads = leads &&
				!(m->rcpts[j].todo && m->rcpts[j].to.domain == r->to.domain);
		if (!leads)
			continue;
		r->pid = pid_take(g, OUT, SMTP);
		bool tls = r->deferrals == 0 && r->fate != EXPIRED && permille(g, 350);
		mail_later(g, m, between(g, MILLIS(20), MILLIS(300)),
			tls ? STEP_RCPT_TLS : STEP_RCPT_DELIVER, l, r);
	}
}

void
leg_attempt(struct generate *g, struct mail *m, struct leg *l)
{
	l->tries++;
	if (l->host == STORE)
		store_attempt(g, m, l);
	else
		world_attempt(g, m, l);
}

void
rcpt_tls(struct generate *g, struct mail *m, struct leg *l, struct rcpt *r)
{
	struct text host, ip;
	exchanger(r->to.domain, &host, &ip);
	SAY(g, OUT, SMTP, r->pid,
		mixed(r->to.domain) % 3 ? S("Trusted TLS connection established to ")
					: S("Untrusted TLS connection established to "),
		text_slice(&host), S("["), text_slice(&ip),
		S("]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange "
		  "X25519 "
		  "server-signature RSA-PSS (2048 bits) server-digest SHA256"));
	mail_later(g, m, between(g, MILLIS(40), MILLIS(700)), STEP_RCPT_DELIVER, l, r);
}

/* A destination that has just failed is not tried again: the error daemon repeats why. */
static bool
say_suspended(struct generate *g, const struct leg *l, struct delivery *d, struct slice host,
	struct slice ip)
{
	struct text reply;
	if (d->status != DEFERRED || l->tries < 2 || !permille(g, 200))
		return false;
	TEXT(&reply, S("delivery temporarily suspended: connect to "), host, S("["), ip,
		S("]:25: Connection timed out"));
	d->program = ERROR;
	d->pid = pid_any(g, OUT, ERROR);
	d->relay = S("none");
	d->dsn = "4.4.1";
	d->text = text_slice(&reply);
	say_delivery(g, d);
	return true;
}

static void
world_deliver(struct generate *g, struct mail *m, struct leg *l, struct rcpt *r, struct delivery d)
{
	struct text host, ip, relay;
	exchanger(r->to.domain, &host, &ip);
	TEXT(&relay, text_slice(&host), S("["), text_slice(&ip), S("]:25"));
	d.to = text_slice(&r->to.text);
	d.status = outcome(r);
	if (!say_suspended(g, l, &d, text_slice(&host), text_slice(&ip))) {
		struct reply reply = reply_of_world(g, d.status, r->to.domain,
			&(struct blanks){.to = d.to,
				.domain = slice_domain(d.to),
				.from = text_slice(&m->from.text),
				.host = text_slice(&host),
				.ip = text_slice(&ip),
				.msgid = text_slice(&m->msgid),
				.size = m->size + 4100});
		d.dsn = reply.dsn;
		d.relay = reply.connected ? text_slice(&relay) : S("none");
		d.text = reply.text;
		say_delivery(g, &d);
	}
	note_outcome(g, l, r, d.status);
	l->bounced = l->bounced || d.status == BOUNCED;
	r->todo = false;
	l->pending--;
}

void
rcpt_deliver(struct generate *g, struct mail *m, struct leg *l, struct rcpt *r)
{
	int64_t age = g->now_us - l->arrived_us;
	int64_t took = between(g, age / 8, age / 2) % SECONDS(1);
	struct delivery d = {.host = OUT,
		.program = SMTP,
		.pid = r->pid,
		.qid = &l->qid,
		.a = age - took,
		.b = (int64_t)below(g, 15000),
		.c = took / 2,
		.d = took / 2};
	for (unsigned i = 0; i < m->nrcpt; i++) {
		struct rcpt *other = &m->rcpts[i];
		if (other->todo && other->to.domain == r->to.domain)
			world_deliver(g, m, l, other, d);
	}
	pid_put(g, OUT, SMTP, r->pid);
	assert(l->pending <= m->nrcpt);
	if (l->pending == 0)
		attempt_done(g, m, l);
}
