#include "trace/trace_internal.h"

#include "base/memory.h"

#include <stdlib.h>

struct trace *
trace_new(const struct trace_options *options, const struct trace_sink *sink)
{
	struct trace *trace = memory_zero(1, sizeof(*trace));
	trace->options = *options;
	trace->sink = *sink;
	if (!trace->options.quiet_us)
		trace->options.quiet_us = 60 * TIME_SECOND_US;
	if (!trace->options.give_up_us)
		trace->options.give_up_us = 8 * TIME_DAY_US;
	if (!trace->options.max_mails)
		trace->options.max_mails = 200000;
	if (!trace->options.max_sessions)
		trace->options.max_sessions = 50000;
	if (!trace->options.max_bytes)
		trace->options.max_bytes = (size_t)512 << 20;
	return trace;
}

/* Hands over what is open and forgets where it stood. */
static void
start_afresh(struct trace *trace)
{
	trace_finish(trace);
	trace_free_hosts(trace);
}

void
trace_free(struct trace **trace)
{
	if (!*trace)
		return;
	start_afresh(*trace);
	trace_free_recalls(*trace);
	map_fini(&(*trace)->hops);
	map_fini(&(*trace)->mails);
	map_fini(&(*trace)->sessions);
	map_fini(&(*trace)->nameless);
	map_fini(&(*trace)->promises);
	map_fini(&(*trace)->waiting_sessions);
	free(*trace);
	*trace = NULL;
}

/* The mailbox, and filters that were not told the queue id, name the mail by its Message-ID. */
static void
on_other(struct at *at)
{
	if (at->e->type == EVENT_MAILBOX)
		trace_stash(at);
	else if (at->e->qid.n)
		trace_on_hop_event(at);
	else if (at->e->type == EVENT_FILTER)
		trace_stash(at);
	else if (at->e->type == EVENT_CLIENT)
		trace_session_client(at);
}

static void
handle(struct at *at)
{
	switch (at->e->type) {
	case EVENT_CONNECT:
		trace_on_connect(at);
		break;
	case EVENT_TLS:
	case EVENT_TRANSPORT_TLS:
		trace_on_tls(at);
		break;
	case EVENT_LOST:
		trace_on_lost(at);
		break;
	case EVENT_AUTH_FAILED:
		trace_on_auth_failed(at);
		break;
	case EVENT_DISCONNECT:
		trace_on_disconnect(at);
		break;
	case EVENT_REFUSED:
		trace_on_refused(at);
		break;
	case EVENT_ACTION:
		trace_on_action(at);
		break;
	case EVENT_EXCHANGE:
		trace_on_exchange(at);
		break;
	default:
		on_other(at);
		break;
	}
}

void
trace_feed(struct trace *trace, const struct event *e, const struct line *line)
{
	struct at at = {.trace = trace, .e = e, .line = line};
	if (trace_hosts_full(trace))
		start_afresh(trace);
	at.host = trace_host(trace, e->type == EVENT_EXCHANGE ? trace_exchange_host(e) : e->host);
	at.line_id = line_identity_seeded(at.host->seed, e->t_us, line->pid, line->text);
	trace->counts.events++;
	if (trace_is_repeat(&at) || trace_hop_has_line(&at)) {
		trace->counts.repeats++;
		return;
	}
	if (e->t_us > trace->max_us)
		trace->max_us = e->t_us;
	trace_clock(trace, at.host, e->t_us);
	trace_slowest(trace, at.host);
	handle(&at);
	trace_expire(trace);
}

void
trace_finish(struct trace *trace)
{
	trace_end_sessions(trace);
	trace_give_all(trace);
}

const struct trace_counts *
trace_counts(const struct trace *trace)
{
	return &trace->counts;
}
