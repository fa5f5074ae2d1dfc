/*
 * Lines that name the mail but not the hop: mailbox servers, and content filters that were not told
 * the queue id. They wait with their mail and are placed when it is handed over: in a hop of the
 * same host, else in one of their own. So it does not matter in what order the hosts' logs came.
 */
#include "trace/trace_internal.h"

#include "base/memory.h"
#include "parse/parse.h"

#include <stdlib.h>

#define MAX_STASHED 1000 /* of one mail */

struct placing {
	struct trace *trace;
	struct mail *mail;
	const struct stashed *stashed;
	struct event e;
};

static struct slice
put(char **to, struct slice s)
{
	char *at = *to;
	if (s.n)
		memcpy(at, s.p, s.n);
	*to += s.n;
	return slice_of(at, s.n);
}

static struct stashed *
copy_line(const struct at *at, size_t *bytes)
{
	const struct line *line = at->line;
	struct slice session = hop_session_base(at->e->session);
	*bytes = sizeof(struct stashed) + at->host->name.n + line->program.n + line->text.n +
		 line->raw.n + session.n;
	struct stashed *s = memory_zero(1, *bytes);
	char *to = s->bytes;
	s->t_us = at->e->t_us;
	s->id = at->line_id;
	s->pid = line->pid;
	s->host = put(&to, at->host->name);
	s->program = put(&to, line->program);
	s->text = put(&to, line->text);
	s->raw = put(&to, line->raw);
	s->session = put(&to, session);
	return s;
}

/* By its Message-ID, and by the session that a server has promised or will promise. */
static struct mail *
mail_for(struct at *at)
{
	const struct event *e = at->e;
	struct hop *before =
		trace_promised_by(at->trace, hop_session_base(e->session), e->t_us, NULL);
	if (e->msgid.n == 0)
		return before ? before->mail : trace_new_mail(at->trace);
	struct mail *mail = trace_mail_of_msgid(at->trace, e->msgid);
	if (before)
		trace_unite(at->trace, before->mail, mail);
	return mail;
}

void
trace_stash(struct at *at)
{
	struct trace *trace = at->trace;
	if (at->e->msgid.n == 0 && at->e->session.n == 0) {
		trace->counts.orphans++;
		return;
	}
	struct mail *mail = mail_for(at);
	if (mail->n_stashed >= MAX_STASHED)
		return;
	size_t bytes;
	struct stashed *s = copy_line(at, &bytes);
	*mail->stash_tail = s;
	mail->stash_tail = &s->next;
	mail->n_stashed++;
	mail->stashed_bytes += bytes;
	trace->n_bytes += bytes;
	s->mail = mail;
	if (s->session.n)
		map_add(&trace->waiting_sessions, &s->by_session, slice_hash(s->session, 0));
	trace_touch_mail(trace, mail, at->e->t_us);
}

/* By time, then host, then identity: the order of arrival does not matter. */
static int
compare_stashed(const void *a, const void *b)
{
	const struct stashed *x = *(struct stashed *const *)a, *y = *(struct stashed *const *)b;
	if (x->t_us != y->t_us)
		return x->t_us < y->t_us ? -1 : 1;
	if (!slice_equal(x->host, y->host))
		return memcmp(x->host.p, y->host.p, x->host.n < y->host.n ? x->host.n : y->host.n);
	return 0; /* lines of one host wait in its order, and the sort below is stable */
}

/* By time among the hop's own lines, and before those of the same stamp: the mailbox and the filter
 * log what they did before the server does. */
static void
add_evidence(const struct placing *p, struct hop *hop)
{
	uint32_t at = hop->n_lines;
	while (at > hop->first_own && hop->lines[at - 1].t_us >= p->stashed->t_us)
		at--;
	hop_insert_line(hop, at, p->stashed->t_us, p->stashed->id, p->stashed->raw);
}

/* The log began after its message-id line. */
static void
learn_msgid(const struct placing *p, struct hop *hop)
{
	if (hop->msgid.n == 0 && !(hop->flags & HOP_NAMELESS))
		hop->msgid = arena_copy(&hop->arena, p->e.msgid);
}

static bool
is_here(const struct placing *p, const struct hop *hop)
{
	return slice_equal(hop->host, p->stashed->host) &&
	       !(hop->flags & (HOP_MAILBOX | HOP_FILTER));
}

/* A hop of a filter or mailbox server that has no queue id of its own. */
static struct hop *
own_hop(const struct placing *p, struct slice id, enum hop_flag flag)
{
	for (struct hop *hop = p->mail->hops; hop; hop = hop->next)
		if ((hop->flags & flag) && slice_equal(hop->qid, id) &&
			slice_equal(hop->host, p->stashed->host))
			return hop;
	struct hop *hop = hop_new(p->stashed->host, (struct slice){"", 0}, id);
	hop->first_us = hop->last_us = hop->arrived_us = p->stashed->t_us;
	hop->flags = HOP_QUEUED | HOP_REMOVED | flag;
	hop->msgid = arena_copy(&hop->arena, p->e.msgid);
	if (hop->msgid.n == 0)
		hop->flags |= HOP_NAMELESS;
	trace_append_hop(p->mail, hop);
	return hop;
}

static bool
names(struct slice ids, struct slice qid)
{
	struct slice id;
	while (ids.n && slice_split(&ids, '/', &id))
		if (id.n && slice_equal(id, qid))
			return true;
	return false;
}

static bool
passed_to(const struct hop *hop, struct slice ids)
{
	for (const struct delivery *d = hop->deliveries; d; d = d->next)
		if (d->n_tries && names(ids, delivery_last(d)->next_qid))
			return true;
	return false;
}

/* The hop here that the filter worked for: whose next queue id it names, else the newest before it.
 */
static struct hop *
filtered_hop(const struct placing *p)
{
	struct hop *best = NULL;
	struct slice ids = p->e.next_qids;
	for (struct hop *hop = p->mail->hops; hop; hop = hop->next) {
		if (!is_here(p, hop) || names(ids, hop->qid) ||
			hop->arrived_us > p->stashed->t_us + TIME_SECOND_US)
			continue;
		if (passed_to(hop, ids))
			return hop;
		if (!best || hop->arrived_us >= best->arrived_us)
			best = hop;
	}
	return best;
}

static void
place_check(struct placing *p)
{
	struct hop *hop = filtered_hop(p);
	struct buf id = {0};
	if (!hop) {
		buf_addf(&id, "%.*s-%u",
			SLICE_ARG(p->e.filter_id.n ? p->e.filter_id : p->stashed->program),
			(unsigned)p->stashed->pid);
		hop = own_hop(p, buf_slice(&id), HOP_FILTER);
	}
	add_evidence(p, hop);
	learn_msgid(p, hop);
	trace_add_check(hop, &p->e);
	buf_fini(&id);
}

/* A mailbox server may know its user by the local part alone, or by another name. */
static bool
is_user(const struct delivery *d, struct slice user)
{
	ptrdiff_t at = slice_find_last_char(d->to, '@');
	bool bare = slice_find_char(user, '@') < 0;
	return slice_equal_nocase(d->to, user) ||
	       (bare && at >= 0 && slice_equal_nocase(slice_head(d->to, (size_t)at), user));
}

static bool
delivers_to(const struct delivery *d, const struct event *e)
{
	const struct attempt *last = delivery_last(d);
	bool failed = e->outcome == OUTCOME_NONE; /* or news that change nothing */
	if (!last || d->refused || last->next_qid.n || (last->status != DELIVERY_SENT && !failed))
		return false;
	if (e->session.n == 0 || last->session.n == 0)
		return is_user(d, e->to);
	return slice_equal(e->session, last->session) ||
	       (slice_equal(hop_session_base(e->session), hop_session_base(last->session)) &&
		       is_user(d, e->to));
}

static struct delivery *
find_delivery(struct hop *hop, const struct event *e)
{
	for (struct delivery *d = hop->deliveries; d; d = d->next)
		if (delivers_to(d, e))
			return d;
	return NULL;
}

/* The only one that went to a mailbox here, whatever the mailbox server calls its user. */
static struct delivery *
only_delivery(struct hop *hop)
{
	struct delivery *d = hop->deliveries;
	const struct attempt *last = d && !d->next ? delivery_last(d) : NULL;
	bool mailbox = last && last->status == DELIVERY_SENT && last->next_qid.n == 0 &&
		       last->session.n == 0 &&
		       (last->program == PROGRAM_LMTP || last->program == PROGRAM_PIPE ||
			       last->program == PROGRAM_LOCAL);
	return mailbox ? d : NULL;
}

/* The hop here that delivered, and its delivery. */
static struct hop *
delivering_hop(const struct placing *p, struct delivery **d)
{
	for (struct hop *hop = p->mail->hops; hop; hop = hop->next)
		if (is_here(p, hop) && (*d = find_delivery(hop, &p->e)))
			return hop;
	/* LMTP has told the session: that was the better way to know. */
	bool lmtp = p->e.session.n && slice_equal(p->e.service, S("lmtp"));
	for (struct hop *hop = p->mail->hops; hop && !lmtp; hop = hop->next)
		if (is_here(p, hop) && (*d = only_delivery(hop)))
			return hop;
	return NULL;
}

/* The line of the delivery is not there yet, so any hop here that is still open may be the one:
 * when its lines are all there, those that are not will pass this one over. */
static bool
keep_for_open_hops(const struct placing *p)
{
	bool kept = false;
	for (struct hop *hop = p->mail->hops; hop; hop = hop->next) {
		if (!is_here(p, hop) || hop_closed(hop) || !(hop->flags & HOP_QUEUED))
			continue;
		add_evidence(p, hop);
		kept = true;
	}
	return kept;
}

/* A mailbox server of its own is one more server that the mail crossed. */
static struct hop *
mailbox_hop(const struct placing *p, struct delivery **d)
{
	struct slice session = p->stashed->session;
	struct hop *hop = own_hop(p,
		session.n	? session
		: p->e.folder.n ? p->e.folder
				: p->e.to,
		HOP_MAILBOX);
	if (p->e.outcome == OUTCOME_NONE)
		return hop;
	*d = hop_delivery(hop, p->e.to, (struct slice){"", 0}, true);
	if (*d && (*d)->n_tries == 0) {
		struct attempt *try = delivery_add_try(hop, *d);
		try->t_us = p->stashed->t_us;
		try->program = p->e.program;
		try->status = DELIVERY_SENT;
		try->outcome = OUTCOME_STORED;
		try->reply = arena_copy(&hop->arena, p->e.text);
	}
	if (!p->mail->id && !p->mail->nameless_id)
		p->mail->nameless_id = trace_recall_promised(p->trace, session, p->stashed->t_us);
	return hop;
}

static void
tell_mailbox(struct hop *hop, struct delivery *d, const struct event *e)
{
	if (e->folder.n && e->outcome == OUTCOME_STORED)
		d->folder = arena_copy(&hop->arena, e->folder);
	d->forwarded |= e->outcome == OUTCOME_FORWARDED;
	d->dropped |= e->outcome == OUTCOME_DISCARDED;
	if (d->n_tries && e->outcome == OUTCOME_BLOCKED) /* the user's own filter sends it back */
		d->tries[d->n_tries - 1].status = DELIVERY_BOUNCED;
}

static void
place_mailbox(struct placing *p)
{
	struct delivery *d = NULL;
	struct hop *hop = delivering_hop(p, &d);
	if (!hop && keep_for_open_hops(p))
		return;
	if (!hop)
		hop = mailbox_hop(p, &d);
	add_evidence(p, hop);
	learn_msgid(p, hop);
	if (d)
		tell_mailbox(hop, d, &p->e);
}

static void
place(struct trace *trace, struct mail *mail, const struct stashed *s)
{
	struct placing p = {.trace = trace, .mail = mail, .stashed = s};
	struct line line = {.raw = s->raw,
		.t_us = s->t_us,
		.host = s->host,
		.program = s->program,
		.pid = s->pid,
		.text = s->text};
	if (parse_line(&line, &p.e) != PARSE_OK)
		return;
	if (p.e.type == EVENT_MAILBOX)
		place_mailbox(&p);
	else
		place_check(&p);
}

/* A stable sort: few lines, nearly sorted. */
static void
sort_stashed(struct stashed **order, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct stashed *s = order[i];
		size_t k = i;
		for (; k > 0 && compare_stashed(&order[k - 1], &s) > 0; k--)
			order[k] = order[k - 1];
		order[k] = s;
	}
}

void
trace_place_stash(struct trace *trace, struct mail *mail)
{
	if (!mail->stash)
		return;
	struct stashed **order = memory_new(mail->n_stashed * sizeof(*order));
	size_t n = 0;
	for (struct stashed *s = mail->stash; s; s = s->next)
		order[n++] = s;
	sort_stashed(order, n);
	for (size_t i = 0; i < n; i++) {
		if (order[i]->session.n)
			map_remove(&trace->waiting_sessions, &order[i]->by_session);
		place(trace, mail, order[i]);
	}
	for (size_t i = 0; i < n; i++)
		free(order[i]);
	free(order);
	mail->stash = NULL;
	mail->stash_tail = &mail->stash;
	mail->n_stashed = 0;
}
