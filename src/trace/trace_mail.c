/* Hops by queue id, and when a mail is handed over. */
#include "trace/trace_internal.h"

#include "base/memory.h"

#include <stdlib.h>

#define WAITING_CHECK_US (60 * TIME_SECOND_US)

static void
list_remove(struct mail_list *list, struct mail *mail)
{
	*(mail->older ? &mail->older->newer : &list->oldest) = mail->newer;
	*(mail->newer ? &mail->newer->older : &list->newest) = mail->older;
	mail->older = mail->newer = NULL;
	mail->list = NULL;
}

static void
list_append(struct mail_list *list, struct mail *mail)
{
	if (mail->list == list && list->newest == mail)
		return;
	if (mail->list)
		list_remove(mail->list, mail);
	mail->older = list->newest;
	*(list->newest ? &list->newest->newer : &list->oldest) = mail;
	list->newest = mail;
	mail->list = list;
}

struct mail *
trace_new_mail(struct trace *trace)
{
	struct mail *mail = memory_zero(1, sizeof(*mail));
	mail->hops_tail = &mail->hops;
	mail->stash_tail = &mail->stash;
	mail->born_us = mail->touched_us = trace->clock_us;
	list_append(&trace->recent, mail);
	trace->n_mails++;
	trace->n_bytes += sizeof(*mail);
	return mail;
}

/* Off every index, so that nothing can reach the mail any more; the memory stays. */
static void
unlink_mail(struct trace *trace, struct mail *mail)
{
	if (mail->indexed)
		map_remove(&trace->mails, &mail->by_id);
	mail->indexed = false;
	list_remove(mail->list, mail);
	trace->n_mails--;
	trace->n_bytes -= sizeof(*mail) + mail->stashed_bytes;
}

static void
forget_hop(struct trace *trace, struct hop *hop)
{
	trace_end_qid(trace, hop);
	trace_forget_names(trace, hop);
	if (hop->session)
		hop->session->hop = NULL;
	hop->session = NULL;
	trace->n_bytes -= hop->counted_bytes;
	hop->counted_bytes = 0;
}

/* The earliest hop gives a mail without Message-ID its identity. */
static uint64_t
identity_of(const struct mail *mail)
{
	const struct hop *first = mail->hops;
	if (mail->nameless_id)
		return mail->nameless_id;
	for (const struct hop *hop = mail->hops; hop; hop = hop->next)
		if (hop->arrived_us < first->arrived_us)
			first = hop;
	return mail_id_of_hop(first->host, first->qid, first->arrived_us);
}

static void
give_mail(struct trace *trace, struct mail *mail)
{
	trace_place_stash(trace, mail);
	unlink_mail(trace, mail);
	if (!mail->hops) {
		mail_free(&mail);
		return;
	}
	if (!mail->id) {
		mail->id = identity_of(mail);
		trace_remember(trace, mail);
	}
	for (struct hop *hop = mail->hops; hop; hop = hop->next) {
		forget_hop(trace, hop);
		trace_settle_pending(trace, hop);
	}
	trace->counts.mails++;
	trace->counts.hops += mail->n_hops;
	trace->sink.mail(trace->sink.context, mail);
}

static bool
mail_open(const struct mail *mail)
{
	for (const struct hop *hop = mail->hops; hop; hop = hop->next)
		if (!hop_closed(hop))
			return true;
	return false;
}

static void
expire_waiting(struct trace *trace)
{
	int64_t now_us = trace->waiting_checked_us = trace->clock_us;
	while (trace->waiting.oldest &&
		now_us - trace->waiting.oldest->touched_us > trace->options.give_up_us)
		give_mail(trace, trace->waiting.oldest);
	trace_trim_sessions(trace);
}

static bool
is_quiet(const struct trace *trace, const struct mail *mail)
{
	int64_t quiet_us = trace->options.quiet_us;
	return trace->clock_us - mail->touched_us > quiet_us &&
	       trace->slowest_us - mail->newest_us > quiet_us;
}

static void
passed(struct trace *trace, int64_t t_us)
{
	if (t_us > trace->passed_us)
		trace->passed_us = t_us;
}

static bool
too_much(const struct trace *trace)
{
	return trace->n_mails > trace->options.max_mails ||
	       trace->n_bytes > trace->options.max_bytes;
}

void
trace_expire(struct trace *trace)
{
	int64_t now_us = trace->clock_us;
	struct mail *mail;
	while ((mail = trace->recent.oldest) && is_quiet(trace, mail)) {
		if (mail_open(mail)) {
			list_append(&trace->waiting, mail);
		} else {
			give_mail(trace, mail);
			passed(trace, trace->slowest_us);
		}
	}
	while (trace->n_mails && too_much(trace)) {
		trace->counts.evicted++;
		passed(trace, trace->max_us);
		give_mail(trace,
			trace->waiting.oldest ? trace->waiting.oldest : trace->recent.oldest);
	}
	if (now_us - trace->waiting_checked_us > WAITING_CHECK_US)
		expire_waiting(trace);
}

static void
give_born_until(struct trace *trace, struct mail_list *list, int64_t until_us)
{
	for (struct mail *mail = list->oldest, *next; mail; mail = next) {
		next = mail->newer;
		if (mail->born_us <= until_us)
			give_mail(trace, mail);
	}
}

void
trace_hand_over(struct trace *trace, int64_t age_us)
{
	give_born_until(trace, &trace->waiting, trace->clock_us - age_us);
	give_born_until(trace, &trace->recent, trace->clock_us - age_us);
	passed(trace, trace->max_us);
}

void
trace_give_all(struct trace *trace)
{
	while (trace->waiting.oldest)
		give_mail(trace, trace->waiting.oldest);
	while (trace->recent.oldest)
		give_mail(trace, trace->recent.oldest);
	passed(trace, trace->max_us);
}

static uint64_t
qid_hash(const struct trace_host *host, struct slice qid)
{
	return slice_hash(qid, host->seed);
}

/* By the instance of the line; a service may have a syslog_name of its own, so without such a hop
 * any of the same queue id will do, the newest first. */
struct hop *
trace_find_hop(
	struct trace *trace, const struct trace_host *host, struct slice instance, struct slice qid)
{
	struct hop *any = NULL;
	uint64_t hash = qid_hash(host, qid);
	for (struct map_node *n = map_first(&trace->hops, hash); n; n = map_next(n, hash)) {
		struct hop *hop = MAP_ENTRY(n, struct hop, by_qid);
		if (hop->where != host || !slice_equal(hop->qid, qid))
			continue;
		if (instance.n == 0 || slice_equal(hop->instance, instance) ||
			slice_equal(hop->queue_instance, instance))
			return hop;
		any = any ? any : hop;
	}
	return any;
}

void
trace_append_hop(struct mail *mail, struct hop *hop)
{
	hop->mail = mail;
	hop->next = NULL;
	*mail->hops_tail = hop;
	mail->hops_tail = &hop->next;
	mail->n_hops++;
}

struct hop *
trace_make_hop(struct at *at, struct slice qid)
{
	struct hop *hop = hop_new(at->host->name, at->e->instance, qid);
	hop->where = at->host;
	hop->first_us = hop->last_us = hop->arrived_us = at->e->t_us;
	trace_append_hop(trace_new_mail(at->trace), hop);
	map_add(&at->trace->hops, &hop->by_qid, qid_hash(at->host, qid));
	hop->in_qid = true;
	return hop;
}

void
trace_end_qid(struct trace *trace, struct hop *hop)
{
	if (hop->in_qid)
		map_remove(&trace->hops, &hop->by_qid);
	hop->in_qid = false;
}

void
trace_touch_mail(struct trace *trace, struct mail *mail, int64_t t_us)
{
	mail->touched_us = trace->clock_us;
	if (t_us > mail->newest_us)
		mail->newest_us = t_us;
	if (t_us + trace->options.quiet_us < trace->passed_us)
		mail->late = true;
	list_append(&trace->recent, mail);
}

void
trace_touch(struct trace *trace, struct hop *hop, int64_t t_us)
{
	if (t_us > hop->last_us)
		hop->last_us = t_us;
	if (t_us < hop->first_us)
		hop->first_us = t_us;
	trace->n_bytes += hop->arena.total_bytes - hop->counted_bytes;
	hop->counted_bytes = hop->arena.total_bytes;
	trace_touch_mail(trace, hop->mail, t_us);
}

static void
detach_hop(struct hop *hop)
{
	struct mail *mail = hop->mail;
	struct hop **at = &mail->hops;
	while (*at != hop)
		at = &(*at)->next;
	*at = hop->next;
	if (!hop->next)
		mail->hops_tail = at;
	mail->n_hops--;
}

void
trace_join_mail(struct trace *trace, struct hop *hop, struct mail *mail)
{
	struct mail *old = hop->mail;
	if (old == mail)
		return;
	detach_hop(hop);
	trace_append_hop(mail, hop);
	mail->late |= old->late;
	if (!mail->nameless_id)
		mail->nameless_id = old->nameless_id;
	if (old->touched_us > mail->touched_us)
		mail->touched_us = old->touched_us;
	if (old->newest_us > mail->newest_us)
		mail->newest_us = old->newest_us;
	list_append(&trace->recent, mail);
	if (!old->hops && !old->stash) {
		unlink_mail(trace, old);
		mail_free(&old);
	}
}
