/* What a mail is to be, decided when it arrives: people, size, and what becomes of it. */
#include "generate.h"

static bool
is_own(const struct address *a)
{
	return a->domain >= OUTSIDE_DOMAINS;
}

static struct leg *
leg_to(struct mail *m, enum host_id host)
{
	for (unsigned i = 0; i < m->nlegs; i++)
		if (m->legs[i].host == host)
			return &m->legs[i];
	struct leg *l = &m->legs[m->nlegs++];
	l->host = host;
	return l;
}

static bool
is_listed(const struct mail *m, const struct address *to)
{
	for (unsigned i = 0; i < m->nrcpt; i++)
		if (slice_equal(text_slice(&m->rcpts[i].to.text), text_slice(&to->text)))
			return true;
	return false;
}

static void
add_rcpt(struct generate *g, struct mail *m, const struct address *to)
{
	if (is_listed(m, to))
		return;
	struct rcpt *r = &m->rcpts[m->nrcpt++];
	struct leg *l = leg_to(m, is_own(to) ? STORE : OUT);
	r->to = *to;
	r->fate = DELIVERED;
	r->leg = (uint8_t)(l - m->legs);
	r->alias =
		(uint8_t)(l->host == STORE && !m->notice && permille(g, 30) ? 1 + below(g, 4) : 0);
	l->nrcpt++;
}

/* Where the second recipient and the others are: mostly in the domain of the first. */
static void
pick_more(struct generate *g, struct mail *m, struct address *to)
{
	const struct address *first = &m->rcpts[0].to;
	if (m->way != WAY_OUT)
		permille(g, 700) ? address_own_at(g, first->domain, to) : address_own(g, to);
	else if (permille(g, 500))
		address_outside_at(g, first->domain, to);
	else
		permille(g, 300) ? address_own(g, to) : address_outside(g, to);
}

static void
pick_rcpts(struct generate *g, struct mail *m)
{
	struct address to;
	unsigned more = permille(g, 100) ? 1 + zipf(g, MAX_RCPTS - 1) : 0;
	if (m->way == WAY_OUT)
		address_outside(g, &to);
	else
		address_own(g, &to);
	add_rcpt(g, m, &to);
	while (more-- > 0) {
		pick_more(g, m, &to);
		add_rcpt(g, m, &to);
	}
}

static unsigned
pick_deferrals(struct generate *g)
{
	unsigned n = 1;
	while (n < 9 && permille(g, 420))
		n++;
	return n;
}

/* For one recipient or for all of them. */
static void
set_fates(struct generate *g, struct mail *m, int fate, int deferrals)
{
	unsigned from = permille(g, 500) ? 0 : below(g, m->nrcpt);
	unsigned to = from == 0 ? m->nrcpt : from + 1;
	for (unsigned i = from; i < to; i++) {
		if (fate >= 0)
			m->rcpts[i].fate = (uint8_t)fate;
		if (deferrals >= 0)
			m->rcpts[i].deferrals = (uint8_t)deferrals;
	}
}

static void
pick_fates(struct generate *g, struct mail *m)
{
	if (m->way == WAY_IN && permille(g, 16)) {
		m->blocked = true;
		for (unsigned i = 0; i < m->nrcpt; i++)
			m->rcpts[i].fate = BLOCKED;
		return;
	}
	if (permille(g, 20))
		set_fates(g, m, BOUNCED, -1);
	if (permille(g, 30))
		set_fates(g, m, -1, (int)pick_deferrals(g));
	if (below(g, 10000) < 8)
		set_fates(g, m, EXPIRED, 0);
}

/* The way is set already. */
void
plan_mail(struct generate *g, struct mail *m)
{
	pick_rcpts(g, m);
	if (m->way == WAY_IN) {
		address_sender(g, &m->rcpts[0].to, &m->from);
		client_server(g, m->from.domain, &m->client);
	} else {
		address_own(g, &m->from);
		client_customer(&m->from, &m->client);
	}
	pick_fates(g, m);
	message_id(g, &m->from, &m->msgid);
	m->tls = m->way != WAY_IN || permille(g, 400);
	m->size = (uint32_t)between(g, 900, 9000) << zipf(g, 8);
}

/* The notice `n` to the sender of `m`. */
void
plan_notice(struct generate *g, struct mail *n, const struct mail *m)
{
	n->notice = true;
	n->notice_of = m->msgid;
	n->way = is_own(&m->from) ? WAY_INTERNAL : WAY_OUT;
	n->size = 2500 + m->size % 1500;
	add_rcpt(g, n, &m->from);
	if (permille(g, 40))
		n->rcpts[0].deferrals = (uint8_t)pick_deferrals(g);
	if (n->way == WAY_OUT && permille(g, 60))
		n->rcpts[0].fate = BOUNCED;
}
