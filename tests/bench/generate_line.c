/* One line of log, and the queue ids, process ids and truth that go with it. */
#include "generate.h"
#include "base/json.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

enum { FLUSH_BYTES = 1 << 20 };

static const struct slice program_names[PROGRAMS] = {
	[SMTPD] = {"postfix/smtpd", 13},
	[SUBMISSION] = {"postfix/submission/smtpd", 24},
	[CLEANUP] = {"postfix/cleanup", 15},
	[QMGR] = {"postfix/qmgr", 12},
	[SMTP] = {"postfix/smtp", 12},
	[LMTP] = {"postfix/lmtp", 12},
	[BOUNCE] = {"postfix/bounce", 14},
	[ERROR] = {"postfix/error", 13},
	[ANVIL] = {"postfix/anvil", 13},
	[AMAVIS] = {"amavis", 6},
	[DOVECOT] = {"dovecot", 7},
	[OPENDKIM] = {"opendkim", 8},
};

const char *const status_names[STATUSES] = {
	[STATUS_OPEN] = "open",
	[DELIVERED] = "delivered",
	[DEFERRED] = "deferred",
	[BOUNCED] = "bounced",
	[EXPIRED] = "expired",
	[BLOCKED] = "blocked",
};

const char *const way_names[WAYS] = {
	[WAY_IN] = "in", [WAY_OUT] = "out", [WAY_INTERNAL] = "internal"};

void
output_flush(struct output *out)
{
	size_t done = 0;
	while (done < out->text.n) {
		ssize_t n = write(out->fd, out->text.p + done, out->text.n - done);
		if (n < 0) {
			perror("else-generate: write");
			exit(3);
		}
		done += (size_t)n;
	}
	buf_clear(&out->text);
}

/* "Nov 22 05:21:39", in UTC. */
void
bsd_time(int64_t t_us, struct text *t)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct time_civil c = time_to_civil(t_us);
	int n = snprintf(t->p, sizeof(t->p), "%.3s %2d %02d:%02d:%02d", months + 3 * (c.month - 1),
		c.day, c.hour, c.minute, c.second);
	t->n = (uint8_t)n;
}

/* The part of the stamp that changes once a second. */
static void
stamp_second(struct generate *g, int64_t second)
{
	struct time_civil c = time_to_civil(second * TIME_SECOND_US);
	struct text *t = &g->stamp;
	g->second = second;
	if (g->bsd_stamps) {
		bsd_time(second * TIME_SECOND_US, t);
		t->p[t->n++] = ' ';
		return;
	}
	int n = snprintf(t->p, sizeof(t->p), "%04d-%02d-%02dT%02d:%02d:%02d.", c.year, c.month,
		c.day, c.hour, c.minute, c.second);
	t->n = (uint8_t)n;
}

static char *
put(char *p, struct slice s)
{
	if (s.n)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

static char *
put_stamp(struct generate *g, char *p)
{
	int64_t second = g->stamp_us / TIME_SECOND_US;
	int64_t micro = g->stamp_us % TIME_SECOND_US;
	if (second != g->second)
		stamp_second(g, second);
	p = put(p, text_slice(&g->stamp));
	if (g->bsd_stamps)
		return p;
	for (int i = 5; i >= 0; i--, micro /= 10)
		p[i] = (char)('0' + micro % 10);
	return put(p + 6, S("+00:00 "));
}

void
say(struct generate *g, enum host_id host, enum program program, uint32_t pid,
	const struct slice *parts, size_t n)
{
	struct host *h = &g->hosts[host];
	struct buf *b = &h->out->text;
	size_t size = 128;
	for (size_t i = 0; i < n; i++)
		size += parts[i].n;
	char *start = buf_room(b, size), *p = start;

	g->stamp_us = g->stamp_us < g->now_us ? g->now_us : g->stamp_us + between(g, 1, 3);
	p = put_stamp(g, p);
	p = put(p, h->name);
	*p++ = ' ';
	p = put(p, program_names[program]);
	if (pid) {
		*p++ = '[';
		p = put(p, number(g, pid));
		*p++ = ']';
	}
	p = put(p, S(": "));
	for (size_t i = 0; i < n; i++)
		p = put(p, parts[i]);
	*p++ = '\n';

	b->n += (size_t)(p - start);
	h->lines++;
	h->bytes += (uint64_t)(p - start);
	if (b->n >= FLUSH_BYTES)
		output_flush(h->out);
}

uint32_t
pid_take(struct generate *g, enum host_id host, enum program program)
{
	struct host *h = &g->hosts[host];
	struct pids *pids = &h->pids[program];
	if (pids->n > 0)
		return pids->idle[--pids->n];
	h->next_pid += 1 + below(g, 20);
	if (h->next_pid > 4194304)
		h->next_pid = 1000;
	return h->next_pid;
}

/* Postfix ends a process after max_use = 100 requests. */
void
pid_put(struct generate *g, enum host_id host, enum program program, uint32_t pid)
{
	struct pids *pids = &g->hosts[host].pids[program];
	if (below(g, 100) == 0)
		return;
	MEMORY_ROOM(&pids->idle, pids->n, &pids->cap);
	pids->idle[pids->n++] = pid;
}

uint32_t
pid_any(struct generate *g, enum host_id host, enum program program)
{
	uint32_t pid = pid_take(g, host, program);
	pid_put(g, host, program, pid);
	return pid;
}

/* Programs of which there is one, for ever. */
uint32_t
pid_fixed(enum program program)
{
	return program == DOVECOT ? 0 : 700 + 13 * (uint32_t)program;
}

/* The long form of Postfix 2.9 (src/global/mail_queue.h): seconds in base 52 (6 digits or more),
 * microseconds in base 52 (4 digits), 'z', inode in base 51. The file is made a moment before the
 * line that first names it. */
void
qid_make(struct generate *g, struct qid *qid)
{
	static const char signs[] = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
	int64_t made_us = g->now_us - between(g, 200, 2200);
	uint64_t second = (uint64_t)(made_us / TIME_SECOND_US);
	uint64_t micro = (uint64_t)(made_us % TIME_SECOND_US);
	uint64_t inode = (1u << 20) + below(g, 1u << 24);

	for (int i = 5; i >= 0; i--, second /= 52)
		qid->p[i] = signs[second % 52];
	for (int i = 9; i >= 6; i--, micro /= 52)
		qid->p[i] = signs[micro % 52];
	qid->p[10] = 'z';
	for (int i = 15; i >= 11; i--, inode /= 51)
		qid->p[i] = signs[inode % 51];
	qid->n = 16;
}

/* As Postfix prints delays: two significant digits, no more than two decimals. */
struct slice
delay(struct generate *g, int64_t us)
{
	uint64_t hundredths = us < 0 ? 0 : (uint64_t)(us + 5000) / 10000;
	if (hundredths >= 1000)
		return number(g, (uint64_t)(us + 500000) / 1000000);
	if (hundredths >= 100)
		hundredths = (hundredths + 5) / 10 * 10;
	if (hundredths == 0)
		return S("0");
	char *p = g->numbers[g->number_next++ % 16];
	size_t n = 0;
	if (hundredths >= 1000)
		return S("10");
	p[n++] = (char)('0' + hundredths / 100);
	if (hundredths % 100) {
		p[n++] = '.';
		p[n++] = (char)('0' + hundredths / 10 % 10);
		if (hundredths % 10)
			p[n++] = (char)('0' + hundredths % 10);
	}
	return slice_of(p, n);
}

void
say_delivery(struct generate *g, const struct delivery *d)
{
	static const struct slice words[STATUSES] = {[DELIVERED] = {"sent", 4},
		[DEFERRED] = {"deferred", 8},
		[BOUNCED] = {"bounced", 7}};
	struct slice use = d->conn_use > 1 ? number(g, d->conn_use) : S("");
	SAY(g, d->host, d->program, d->pid, qid_slice(d->qid), S(": to=<"), d->to,
		d->orig_to.n ? S(">, orig_to=<") : S(""), d->orig_to, S(">, relay="), d->relay,
		use.n ? S(", conn_use=") : S(""), use, S(", delay="),
		delay(g, d->a + d->b + d->c + d->d), S(", delays="), delay(g, d->a), S("/"),
		delay(g, d->b), S("/"), delay(g, d->c), S("/"), delay(g, d->d), S(", dsn="),
		slice_of_str(d->dsn), S(", status="), words[d->status], S(" ("), d->text, S(")"));
	g->count.sent += d->status == DELIVERED;
	g->count.deferrals += d->status == DEFERRED;
	g->count.bounced += d->status == BOUNCED;
}

void
say_removed(struct generate *g, enum host_id host, const struct qid *qid)
{
	SAY(g, host, QMGR, pid_fixed(QMGR), qid_slice(qid), S(": removed"));
}

static bool
truth_wanted(struct generate *g)
{
	return g->truth && g->truths++ % g->sample == 0;
}

static void
truth_write(struct generate *g)
{
	buf_add(&g->json, S("}\n"));
	if (fwrite(g->json.p, 1, g->json.n, g->truth) != g->json.n) {
		perror("else-generate: truth");
		exit(3);
	}
	buf_clear(&g->json);
}

static void
truth_rcpts(struct buf *b, const struct mail *m)
{
	struct text sent_to;
	json_add_key(b, "rcpts");
	buf_add_char(b, '[');
	for (unsigned i = 0; i < m->nrcpt; i++) {
		json_add_comma(b);
		buf_add_char(b, '{');
		json_add_field(b, "to", text_slice(&m->rcpts[i].to.text));
		if (m->rcpts[i].alias) {
			rcpt_sent_to(&m->rcpts[i], &sent_to);
			json_add_field(b, "orig_to", text_slice(&sent_to));
		}
		json_add_field_str(b, "status", status_names[m->rcpts[i].status]);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

static void
truth_hops(struct generate *g, struct buf *b, const struct mail *m)
{
	json_add_key(b, "hosts");
	buf_add_char(b, '[');
	for (unsigned i = 0; i < m->nhops; i++) {
		json_add_comma(b);
		json_add_string(b, g->hosts[m->hop_hosts[i]].name);
	}
	buf_add_char(b, ']');
	json_add_key(b, "qids");
	buf_add_char(b, '[');
	for (unsigned i = 0; i < m->nhops; i++) {
		json_add_comma(b);
		json_add_string(b, qid_slice(&m->hop_qids[i]));
	}
	buf_add_char(b, ']');
}

void
truth_mail(struct generate *g, const struct mail *m)
{
	struct buf *b = &g->json;
	if (!truth_wanted(g))
		return;
	buf_add_char(b, '{');
	if (m->msgid.n)
		json_add_field(b, "msgid", text_slice(&m->msgid));
	else
		json_add_field_str(b, "msgid", NULL);
	json_add_field_time(b, "time", m->arrived_us[0]);
	json_add_field(b, "from", text_slice(&m->from.text));
	truth_rcpts(b, m);
	json_add_field_str(b, "way", way_names[m->way]);
	truth_hops(g, b, m);
	json_add_field_i64(b, "size", m->size);
	if (m->notice)
		json_add_field(b, "ndr_of", text_slice(&m->notice_of));
	else
		json_add_field(b, "ip", text_slice(&m->client.ip));
	truth_write(g);
}

void
truth_reject(struct generate *g, enum reject_kind kind, const struct client *c, struct slice from,
	struct slice to, struct slice text)
{
	struct buf *b = &g->json;
	if (!truth_wanted(g))
		return;
	buf_add_char(b, '{');
	json_add_field_bool(b, "reject", true);
	json_add_field_time(b, "time", g->stamp_us);
	json_add_field_str(b, "host", g->hosts[MX].name.p);
	json_add_field_str(b, "kind", reject_names[kind]);
	json_add_field(b, "ip", text_slice(&c->ip));
	json_add_field(b, "helo", text_slice(&c->helo));
	json_add_field(b, "from", from);
	json_add_field(b, "to", to);
	ptrdiff_t code = slice_find(text, S("]: "));
	json_add_field(b, "code", slice_head(slice_skip(text, (size_t)code + 3), 3));
	truth_write(g);
}
