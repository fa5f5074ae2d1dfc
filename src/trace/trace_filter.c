/*
 * Verdicts of content filters and milters. A filter that names the queue id does so on the host
 * that has the mail, or on one of its own: there its lines make a hop of the same queue id, which
 * the journey puts behind the one that the filter worked for.
 */
#include "trace/trace_internal.h"

static const char *
verdict_word(enum verdict verdict)
{
	static const char *const words[] = {
		[VERDICT_CLEAN] = "clean",
		[VERDICT_SPAMMY] = "spammy",
		[VERDICT_SPAM] = "spam",
		[VERDICT_VIRUS] = "virus",
		[VERDICT_BANNED] = "banned",
		[VERDICT_BAD_HEADER] = "bad_header",
		[VERDICT_OVERSIZED] = "oversized",
		[VERDICT_UNCHECKED] = "unchecked",
		[VERDICT_PASS] = "pass",
		[VERDICT_FAIL] = "fail",
	};
	return verdict < sizeof(words) / sizeof(words[0]) ? words[verdict] : NULL;
}

static bool
is_stop(const struct event *e)
{
	return e->type == EVENT_FILTER && (slice_starts(e->action, S("Blocked")) ||
						  slice_equal_nocase(e->action, S("reject")) ||
						  slice_equal_nocase(e->action, S("discard")) ||
						  slice_equal_nocase(e->action, S("quarantine")));
}

void
trace_add_check(struct hop *hop, const struct event *e)
{
	struct arena *arena = &hop->arena;
	struct check *check = arena_zero(arena, sizeof(*check));
	const char *word = verdict_word(e->verdict);
	struct slice detail = e->type == EVENT_CHECK ? e->text : e->tests;
	check->t_us = e->t_us;
	check->by = arena_copy(arena, e->check);
	check->verdict = e->verdict;
	check->result = word ? slice_of_str(word) : arena_copy(arena, e->text);
	check->detail = arena_copy(arena, e->virus.n ? e->virus : detail);
	check->score = arena_copy(arena, e->score);
	check->quarantine = arena_copy(arena, e->quarantine);
	check->next_qids = arena_copy(arena, e->next_qids);
	check->rcpts = arena_copy(arena, e->rcpts);
	check->stopped = is_stop(e);
	*hop->checks_tail = check;
	hop->checks_tail = &check->next;
}

/* The filter's own word on each recipient. */
static void
add_rcpts(struct hop *hop, const struct event *e)
{
	struct slice rest = e->rcpts, rcpt, ids = e->next_qids, next = {"", 0};
	slice_split(&ids, '/', &next);
	while (event_next_rcpt(&rest, &rcpt)) {
		struct delivery *d = hop_delivery(hop, rcpt, (struct slice){"", 0}, true);
		if (!d)
			return;
		struct attempt *try = delivery_add_try(hop, d);
		trace_fill_try(hop, try, e);
		try->status = DELIVERY_SENT;
		try->outcome = is_stop(e) ? OUTCOME_BLOCKED : OUTCOME_SENT;
		try->next_qid = arena_copy(&hop->arena, next);
	}
}

/* The first line of a queue id on this host is a filter's, so the filter is all there is. */
static void
begin_filter_part(struct hop *hop, const struct event *e)
{
	hop->flags |= HOP_FILTER;
	hop->orig_qid = hop->qid;
	hop->arrived_us = e->took_ms > 0 ? e->t_us - e->took_ms * 1000 : e->t_us;
	hop->client_name = arena_copy(&hop->arena, e->client_name);
	hop->client_ip = arena_copy(&hop->arena, e->client_ip);
	hop->size_bytes = e->size_bytes;
	if (e->has_from) {
		hop->from = arena_copy(&hop->arena, e->from);
		hop->flags |= HOP_FROM;
	}
}

/* The server's own lines say it better. */
void
trace_end_filter_part(struct hop *hop)
{
	hop->flags &= ~(uint32_t)(HOP_FILTER | HOP_FROM);
	hop->arrived_us = hop->first_us;
	hop->orig_qid.n = hop->client_name.n = hop->client_ip.n = hop->from.n = 0;
	hop->size_bytes = -1;
	hop->deliveries = NULL;
	hop->deliveries_tail = &hop->deliveries;
	hop->n_deliveries = 0;
	map_fini(&hop->rcpts);
}

void
trace_on_filter(struct at *at, struct hop *hop)
{
	const struct event *e = at->e;
	trace_add_check(hop, e);
	if (hop_bare(hop))
		begin_filter_part(hop, e);
	if (hop->flags & HOP_FILTER)
		add_rcpts(hop, e);
	trace_name_mail(at->trace, hop, e->msgid);
	struct slice ids = e->next_qids, id;
	while (ids.n && slice_split(&ids, '/', &id))
		trace_promise(at->trace, hop, id, e->t_us);
}
