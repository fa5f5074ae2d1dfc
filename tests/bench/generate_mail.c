/* A mail from its arrival at mx1 to its hand-over behind the filter; and notices of bounces. */
#include "generate.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

#define TLS13                                                                                      \
	"TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 "           \
	"server-signature RSA-PSS (2048 bits) server-digest SHA256"

static enum program
entry_program(const struct mail *m)
{
	return m->way == WAY_IN ? SMTPD : SUBMISSION;
}

static struct mail *
mail_new(struct generate *g)
{
	struct mail *m = g->spare_mails;
	if (m)
		g->spare_mails = m->next_spare;
	else
		m = memory_new(sizeof(*m));
	memset(m, 0, sizeof(*m));
	return m;
}

static void
mail_finish(struct generate *g, struct mail *m)
{
	uint64_t *statuses = m->notice ? g->count.notice_statuses : g->count.statuses;
	for (unsigned i = 0; i < m->nrcpt; i++)
		statuses[m->rcpts[i].status]++;
	g->count.hops += m->nhops;
	if (m->notice)
		g->count.notices++;
	else
		g->count.mails++, g->count.ways[m->way]++;
	truth_mail(g, m);
	m->next_spare = g->spare_mails;
	g->spare_mails = m;
}

void
mail_release(struct generate *g, struct mail *m)
{
	assert(m->refs > 0);
	if (--m->refs == 0)
		mail_finish(g, m);
}

void
mail_later(struct generate *g, struct mail *m, int64_t delay_us, enum step step,
	const struct leg *l, const struct rcpt *r)
{
	unsigned leg = l ? (unsigned)(l - m->legs) : 0;
	unsigned rcpt = r ? (unsigned)(r - m->rcpts) : 0;
	m->refs++;
	later(g, delay_us, mail_run, m, (unsigned)step | leg << 8 | rcpt << 16);
}

void
mail_hop(struct mail *m, enum host_id host, const struct qid *qid)
{
	assert(m->nhops < MAX_HOPS);
	m->hop_hosts[m->nhops] = host;
	m->hop_qids[m->nhops++] = *qid;
}

void
rcpt_sent_to(const struct rcpt *r, struct text *to)
{
	static const char *const aliases[4] = {"team", "hello", "jobs", "webmaster"};
	if (r->alias)
		TEXT(to, slice_of_str(aliases[r->alias - 1]), S("@"),
			slice_domain(text_slice(&r->to.text)));
	else
		*to = r->to.text;
}

static struct mail *
mail_make(struct generate *g, enum way way)
{
	struct mail *m = mail_new(g);
	g->mails_left--;
	m->way = way;
	plan_mail(g, m);
	return m;
}

void
mail_arrive(struct generate *g)
{
	unsigned kind = below(g, 100);
	struct mail *m = mail_make(g, kind < 62 ? WAY_IN : kind < 93 ? WAY_OUT : WAY_INTERNAL);
	m->pid = pid_take(g, MX, entry_program(m));
	mail_later(g, m, 0, STEP_CONNECT, NULL, NULL);
}

/* The client has another mail in the same session. */
static bool
mail_follows(struct generate *g, struct mail *old)
{
	if (g->mails_left == 0 || old->way != WAY_IN || !permille(g, 60))
		return false;
	struct mail *m = mail_make(g, WAY_IN);
	m->client = old->client;
	m->tls = old->tls;
	m->pid = old->pid;
	m->session_mails = old->session_mails;
	m->session_rcpts = old->session_rcpts;
	mail_later(g, m, between(g, MILLIS(20), MILLIS(200)), STEP_CLIENT, NULL, NULL);
	return true;
}

static void
mail_connect(struct generate *g, struct mail *m)
{
	SAY(g, MX, entry_program(m), m->pid, S("connect from "), text_slice(&m->client.name),
		S("["), text_slice(&m->client.ip), S("]"));
	mail_later(g, m, between(g, MILLIS(20), MILLIS(200)), m->tls ? STEP_TLS : STEP_CLIENT, NULL,
		NULL);
}

static void
mail_tls(struct generate *g, struct mail *m)
{
	bool old = slice_hash(text_slice(&m->client.ip), 0) % 2 == 0;
	SAY(g, MX, entry_program(m), m->pid, S("Anonymous TLS connection established from "),
		text_slice(&m->client.name), S("["), text_slice(&m->client.ip), S("]: "),
		old ? S("TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)")
		    : S(TLS13));
	mail_later(g, m, between(g, MILLIS(30), MILLIS(300)), STEP_CLIENT, NULL, NULL);
}

static void
mail_client(struct generate *g, struct mail *m)
{
	bool sasl = m->way != WAY_IN;
	bool login = m->client.ip.n % 4 == 0;
	qid_make(g, &m->qid[0]);
	mail_hop(m, MX, &m->qid[0]);
	m->arrived_us[0] = g->now_us;
	g->count.received++;
	SAY(g, MX, entry_program(m), m->pid, qid_slice(&m->qid[0]), S(": client="),
		text_slice(&m->client.name), S("["), text_slice(&m->client.ip), S("]"),
		!sasl	? S("")
		: login ? S(", sasl_method=LOGIN")
			: S(", sasl_method=PLAIN"),
		sasl ? S(", sasl_username=") : S(""), sasl ? text_slice(&m->from.text) : S(""));
	mail_later(g, m, between(g, MILLIS(5), MILLIS(150)), STEP_MESSAGE, NULL, NULL);
}

void
say_message_id(struct generate *g, const struct mail *m, enum host_id host, const struct qid *qid)
{
	if (m->msgid.n)
		SAY(g, host, CLEANUP, pid_any(g, host, CLEANUP), qid_slice(qid), S(": message-id="),
			text_slice(&m->msgid));
}

static void
mail_message(struct generate *g, struct mail *m)
{
	say_message_id(g, m, MX, &m->qid[0]);
	if (m->way != WAY_IN)
		SAY(g, MX, OPENDKIM, pid_fixed(OPENDKIM), qid_slice(&m->qid[0]),
			S(": DKIM-Signature field added (s=mail, d="),
			slice_domain(text_slice(&m->from.text)), S(")"));
	mail_later(g, m, between(g, MILLIS(5), MILLIS(400)), STEP_QUEUED, NULL, NULL);
}

/* `grown`: by the headers that the hops before have added. */
void
say_active(struct generate *g, const struct mail *m, enum host_id host, const struct qid *qid,
	unsigned nrcpt, unsigned grown)
{
	SAY(g, host, QMGR, pid_fixed(QMGR), qid_slice(qid), S(": from=<"),
		text_slice(&m->from.text), S(">, size="), number(g, m->size + grown), S(", nrcpt="),
		number(g, nrcpt), S(" (queue active)"));
}

static void
mail_queued(struct generate *g, struct mail *m)
{
	say_active(g, m, MX, &m->qid[0], m->nrcpt, 0);
	m->queued_us = g->now_us;
	m->session_mails++;
	m->session_rcpts += m->nrcpt;
	mail_later(g, m, between(g, MILLIS(1), MILLIS(250)), STEP_DISCONNECT, NULL, NULL);
	mail_later(g, m, between(g, MILLIS(120), MILLIS(900)),
		m->blocked ? STEP_FILTER_BLOCK : STEP_FILTER_CLIENT, NULL, NULL);
}

static void
mail_disconnect(struct generate *g, struct mail *m)
{
	unsigned fixed = 2 + (m->tls ? 2 : 0) + (m->way != WAY_IN ? 1 : 0);
	if (mail_follows(g, m))
		return;
	SAY(g, MX, entry_program(m), m->pid, S("disconnect from "), text_slice(&m->client.name),
		S("["), text_slice(&m->client.ip),
		m->tls ? S("] ehlo=2 starttls=1") : S("] ehlo=1"),
		m->way != WAY_IN ? S(" auth=1") : S(""), S(" mail="), number(g, m->session_mails),
		S(" rcpt="), number(g, m->session_rcpts), S(" data="), number(g, m->session_mails),
		S(" quit=1 commands="), number(g, fixed + 2 * m->session_mails + m->session_rcpts));
	pid_put(g, MX, entry_program(m), m->pid);
	g->count.sessions++;
}

/* The filter keeps its connection for some mails. */
static uint32_t
filter_pid(struct generate *g)
{
	uint32_t pid = pid_take(g, MX, SMTPD);
	if (below(g, 20) == 0)
		SAY(g, MX, SMTPD, pid, S("connect from localhost[127.0.0.1]"));
	return pid;
}

static void
filter_client(struct generate *g, struct mail *m)
{
	uint32_t pid = filter_pid(g);
	qid_make(g, &m->qid[1]);
	mail_hop(m, MX, &m->qid[1]);
	m->arrived_us[1] = g->now_us;
	g->count.received++;
	SAY(g, MX, SMTPD, pid, qid_slice(&m->qid[1]),
		S(": client=localhost[127.0.0.1], orig_queue_id="), qid_slice(&m->qid[0]),
		S(", orig_client="), text_slice(&m->client.name), S("["), text_slice(&m->client.ip),
		S("]"));
	if (below(g, 20) == 0)
		SAY(g, MX, SMTPD, pid,
			S("disconnect from localhost[127.0.0.1] ehlo=1 xforward=2 mail=1 rcpt=1 "
			  "data=1 quit=1 "
			  "commands=7"));
	pid_put(g, MX, SMTPD, pid);
	mail_later(g, m, between(g, 400, MILLIS(4)), STEP_FILTER_MESSAGE, NULL, NULL);
}

static void
filter_message(struct generate *g, struct mail *m)
{
	say_message_id(g, m, MX, &m->qid[1]);
	mail_later(g, m, between(g, 400, MILLIS(9)), STEP_FILTER_DONE, NULL, NULL);
}

static uint32_t
filter_process(const struct mail *m)
{
	return 1000 + m->pid % 40;
}

static void
add_rcpt_list(const struct mail *m, struct buf *list)
{
	struct text to;
	buf_clear(list);
	for (unsigned i = 0; i < m->nrcpt; i++) {
		rcpt_sent_to(&m->rcpts[i], &to);
		buf_add(list, i ? S(",<") : S("<"));
		buf_add(list, text_slice(&to));
		buf_add_char(list, '>');
	}
}

/* "(00986-04) Passed CLEAN {RelayedInbound}, ..." of amavisd-new 2.11 and later. */
static void
say_verdict(
	struct generate *g, const struct mail *m, struct slice id, struct slice verdict, int hits)
{
	char score[16];
	struct text mail_id;
	int n = snprintf(score, sizeof(score), "%s%d.%03d", hits < 0 ? "-" : "", abs(hits) / 1000,
		abs(hits) % 1000);
	random_text(g, BASE64, 12, &mail_id);
	add_rcpt_list(m, &g->scratch);
	SAY(g, MX, AMAVIS, filter_process(m), S("("), id, S(") "), verdict, S(", ["),
		text_slice(&m->client.ip), S("]:"), number(g, 20000 + m->pid % 40000), S(" <"),
		text_slice(&m->from.text), S("> -> "), buf_slice(&g->scratch), S(", Queue-ID: "),
		qid_slice(&m->qid[0]), m->msgid.n ? S(", Message-ID: ") : S(""),
		text_slice(&m->msgid), S(", mail_id: "), text_slice(&mail_id), S(", Hits: "),
		slice_of(score, (size_t)n), S(", size: "), number(g, m->size),
		m->blocked ? S("") : S(", queued_as: "), m->blocked ? S("") : qid_slice(&m->qid[1]),
		S(", "), number(g, (uint64_t)(g->now_us - m->queued_us) / 1000), S(" ms"));
}

static void
say_filtered(struct generate *g, const struct mail *m, const char *dsn, struct slice reply)
{
	struct delivery d = {.host = MX,
		.program = SMTP,
		.pid = pid_any(g, MX, SMTP),
		.qid = &m->qid[0],
		.relay = S("127.0.0.1[127.0.0.1]:10024"),
		.a = m->queued_us - m->arrived_us[0],
		.b = (int64_t)below(g, 12000),
		.d = g->now_us - m->queued_us,
		.dsn = dsn,
		.status = DELIVERED,
		.text = reply};
	struct text to;
	for (unsigned i = 0; i < m->nrcpt; i++) {
		rcpt_sent_to(&m->rcpts[i], &to);
		d.to = text_slice(&to);
		say_delivery(g, &d);
	}
	say_removed(g, MX, &m->qid[0]);
}

static void
filter_id(struct generate *g, const struct mail *m, struct text *id)
{
	int n = snprintf(id->p, sizeof(id->p), "%05u-%02u", filter_process(m), 1 + below(g, 20));
	id->n = (uint8_t)n;
}

static void
say_passed(struct generate *g, const struct mail *m)
{
	static const char *const direction[WAYS] = {
		[WAY_IN] = "Inbound}", [WAY_OUT] = "Outbound}", [WAY_INTERNAL] = "Internal}"};
	bool tagged = m->way == WAY_IN && permille(g, 40);
	struct text id, verdict, reply;
	filter_id(g, m, &id);
	TEXT(&verdict, tagged ? S("Passed SPAMMY {RelayedTagged") : S("Passed CLEAN {Relayed"),
		slice_of_str(direction[m->way]));
	say_verdict(g, m, text_slice(&id), text_slice(&verdict),
		tagged ? 5000 + (int)below(g, 1300) : (int)below(g, 6000) - 3000);
	TEXT(&reply, S("250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as "),
		qid_slice(&m->qid[1]));
	say_filtered(g, m, "2.0.0", text_slice(&reply));
}

static void
filter_done(struct generate *g, struct mail *m)
{
	say_active(g, m, MX, &m->qid[1], m->nrcpt, 480);
	say_passed(g, m);
	m->handovers = m->nlegs;
	for (unsigned i = 0; i < m->nlegs; i++) {
		struct leg *l = &m->legs[i];
		l->from = MX;
		l->from_qid = m->qid[1];
		l->from_arrived_us = m->arrived_us[1];
		mail_later(g, m, between(g, 500, MILLIS(30)), STEP_LEG_CONNECT, l, NULL);
	}
}

static void
filter_block(struct generate *g, struct mail *m)
{
	static const struct {
		const char *verdict, *reply;
	} kinds[3] = {
		{"Blocked SPAM {DiscardedInbound,Quarantined}", " - spam"},
		{"Blocked INFECTED (Win.Trojan.Agent-1388639) {DiscardedInbound,Quarantined}",
			" - INFECTED: Win.Trojan.Agent-1388639"},
		{"Blocked BANNED (application/x-msdownload,.exe,.exe-ms,invoice.exe) "
		 "{DiscardedInbound,Quarantined}",
			" - BANNED: .exe,.exe-ms,invoice.exe"},
	};
	unsigned kind = permille(g, 900) ? 0 : 1 + below(g, 2);
	struct text id, reply;
	filter_id(g, m, &id);
	say_verdict(g, m, text_slice(&id), slice_of_str(kinds[kind].verdict),
		6500 + (int)below(g, 25000));
	TEXT(&reply, S("250 2.7.0 Ok, discarded, id="), text_slice(&id),
		slice_of_str(kinds[kind].reply));
	say_filtered(g, m, "2.7.0", text_slice(&reply));
	for (unsigned i = 0; i < m->nrcpt; i++)
		m->rcpts[i].status = BLOCKED;
}

/* The way of a notice: its first hop is the host that could not deliver. */
static void
notice_queued(struct generate *g, struct mail *n)
{
	struct leg *l = &n->legs[0];
	say_active(g, n, l->from, &n->qid[0], 1, 0);
	l->from_qid = n->qid[0];
	l->from_arrived_us = n->arrived_us[0];
	if (l->from == l->host) {
		l->qid = n->qid[0];
		l->arrived_us = n->arrived_us[0];
		mail_later(g, n, between(g, 500, MILLIS(20)), STEP_LEG_ATTEMPT, l, NULL);
	} else {
		n->handovers = 1;
		mail_later(g, n, between(g, 500, MILLIS(20)), STEP_LEG_CONNECT, l, NULL);
	}
}

/* The message-id that Postfix gives to its own mail: "<20261122052354.QID@host>". */
static void
notice_message_id(struct generate *g, struct mail *n, enum host_id host)
{
	struct time_civil c = time_to_civil(g->now_us);
	char stamp[32];
	int digits = snprintf(stamp, sizeof(stamp), "%04d%02d%02d%02d%02d%02d", c.year, c.month,
		c.day, c.hour, c.minute, c.second);
	TEXT(&n->msgid, S("<"), slice_of(stamp, (size_t)digits), S("."), qid_slice(&n->qid[0]),
		S("@"), g->hosts[host].name, S(">"));
}

/* Postfix before 3.11 names the notice after its message-id line. */
void
notice_send(struct generate *g, const struct mail *m, const struct leg *l)
{
	struct mail *n = mail_new(g);
	plan_notice(g, n, m);
	n->arrived_us[0] = g->now_us;
	n->legs[0].from = l->host;
	qid_make(g, &n->qid[0]);
	mail_hop(n, l->host, &n->qid[0]);
	notice_message_id(g, n, l->host);
	say_message_id(g, n, l->host, &n->qid[0]);
	SAY(g, l->host, BOUNCE, pid_any(g, l->host, BOUNCE), qid_slice(&l->qid),
		S(": sender non-delivery notification: "), qid_slice(&n->qid[0]));
	mail_later(g, n, between(g, 300, MILLIS(5)), STEP_NOTICE, NULL, NULL);
}

void
mail_run(struct generate *g, void *mail, unsigned arg)
{
	static void (*const mail_steps[MAIL_STEPS])(struct generate *, struct mail *) = {
		[STEP_CONNECT] = mail_connect,
		[STEP_TLS] = mail_tls,
		[STEP_CLIENT] = mail_client,
		[STEP_MESSAGE] = mail_message,
		[STEP_QUEUED] = mail_queued,
		[STEP_DISCONNECT] = mail_disconnect,
		[STEP_FILTER_CLIENT] = filter_client,
		[STEP_FILTER_MESSAGE] = filter_message,
		[STEP_FILTER_DONE] = filter_done,
		[STEP_FILTER_BLOCK] = filter_block,
		[STEP_NOTICE] = notice_queued,
	};
	static leg_step *const leg_steps[LEG_STEPS - MAIL_STEPS] = {
		leg_connect, leg_client, leg_message, leg_queued, leg_attempt, leg_retry};
	static rcpt_step *const rcpt_steps[STEPS - LEG_STEPS] = {rcpt_tls, rcpt_deliver};
	struct mail *m = mail;
	struct leg *l = &m->legs[arg >> 8 & 0xff];
	unsigned step = arg & 0xff;

	if (step < MAIL_STEPS)
		mail_steps[step](g, m);
	else if (step < LEG_STEPS)
		leg_steps[step - MAIL_STEPS](g, m, l);
	else
		rcpt_steps[step - LEG_STEPS](g, m, l, &m->rcpts[arg >> 16]);
	mail_release(g, m);
}
