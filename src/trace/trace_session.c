/* SMTP sessions of smtpd: who the client is, what was refused, which mail is at hand. */
#include "trace/trace_internal.h"

#include "base/memory.h"

#include <stdlib.h>

#define SESSION_IDLE_US (2 * TIME_HOUR_US)

static uint64_t
pid_hash(const struct trace_host *host, uint32_t pid)
{
	return (host->seed ^ pid) * 0x9e3779b97f4a7c15u;
}

/* Without a process id there is nothing to key by. */
struct session *
trace_find_session(struct at *at)
{
	uint64_t hash = pid_hash(at->host, at->line->pid);
	if (at->line->pid == 0)
		return NULL;
	for (struct map_node *n = map_first(&at->trace->sessions, hash); n; n = map_next(n, hash)) {
		struct session *s = MAP_ENTRY(n, struct session, by_pid);
		if (s->where == at->host && s->pid == at->line->pid &&
			slice_equal(s->instance, at->e->instance))
			return s;
	}
	return NULL;
}

static void
unlink_session(struct trace *trace, struct session *s)
{
	*(s->older ? &s->older->newer : &trace->oldest_session) = s->newer;
	*(s->newer ? &s->newer->older : &trace->newest_session) = s->older;
	s->older = s->newer = NULL;
}

static void
append_session(struct trace *trace, struct session *s)
{
	s->last_us = trace->clock_us;
	s->older = trace->newest_session;
	*(trace->newest_session ? &trace->newest_session->newer : &trace->oldest_session) = s;
	trace->newest_session = s;
}

/* The session goes on without this mail. When the client left before the mail was complete (no
 * Message-ID, or an explicit loss in DATA) the line that says so, `at`, goes into the evidence;
 * without one (the log ends here) nothing is known yet. */
void
trace_leave_mail(struct session *s, struct at *at, bool lost)
{
	struct hop *hop = s->hop;
	if (!hop)
		return;
	bool open = !(hop->flags & (HOP_QUEUED | HOP_HELD)) && !hop_closed(hop);
	bool named = hop->msgid.n || (hop->flags & HOP_NAMELESS);
	if (at && open && (lost || !named)) {
		hop->flags |= HOP_CANCELED;
		trace_add_evidence(at, hop);
	}
	hop->session = NULL;
	s->hop = NULL;
}

static void
end_session(struct trace *trace, struct session *s)
{
	trace_leave_mail(s, NULL, false);
	trace_give_pending(trace, s);
	map_remove(&trace->sessions, &s->by_pid);
	unlink_session(trace, s);
	arena_fini(&s->arena);
	free(s);
}

void
trace_end_sessions(struct trace *trace)
{
	while (trace->oldest_session)
		end_session(trace, trace->oldest_session);
}

void
trace_trim_sessions(struct trace *trace)
{
	while (trace->oldest_session &&
		trace->clock_us - trace->oldest_session->last_us > SESSION_IDLE_US)
		end_session(trace, trace->oldest_session);
}

void
trace_session_line(struct session *s, struct at *at)
{
	if (s->n_lines >= SESSION_LINES)
		return;
	s->lines[s->n_lines++] = (struct hop_line){.t_us = at->e->t_us,
		.id = at->line_id,
		.raw = arena_copy(&s->arena, at->line->raw)};
}

static struct session *
new_session(struct at *at)
{
	struct trace *trace = at->trace;
	if (trace->sessions.n >= trace->options.max_sessions)
		end_session(trace, trace->oldest_session);
	struct session *s = memory_zero(1, sizeof(*s));
	s->arena.first_bytes = 512;
	s->where = at->host;
	s->pid = at->line->pid;
	s->instance = arena_copy(&s->arena, at->e->instance);
	s->client_name = arena_copy(&s->arena, at->e->client_name);
	s->client_ip = arena_copy(&s->arena, at->e->client_ip);
	s->pending_tail = &s->pending;
	map_add(&trace->sessions, &s->by_pid, pid_hash(at->host, s->pid));
	append_session(trace, s);
	return s;
}

/* postscreen is one process with many sessions: nothing to key them by. */
static bool
has_session(const struct at *at)
{
	return at->e->program != PROGRAM_POSTSCREEN && at->line->pid != 0;
}

void
trace_on_connect(struct at *at)
{
	struct session *s = trace_find_session(at);
	if (!has_session(at))
		return;
	if (s) {
		trace_leave_mail(s, at, false);
		end_session(at->trace, s);
	}
	trace_session_line(new_session(at), at);
}

/* A transport process has no connect line: the TLS line begins its session, and the next one
 * another. */
void
trace_on_tls(struct at *at)
{
	bool transport = at->e->type == EVENT_TRANSPORT_TLS;
	struct session *s = trace_find_session(at);
	if (!has_session(at))
		return;
	if (transport && s) {
		end_session(at->trace, s);
		s = NULL;
	}
	if (!s)
		s = new_session(at);
	if (s->tls.n)
		return;
	s->tls = arena_copy(&s->arena, at->e->tls);
	if (transport) {
		s->client_name = arena_copy(&s->arena, at->e->relay_name);
		s->client_ip = arena_copy(&s->arena, at->e->relay_ip);
	}
	trace_session_line(s, at);
}

/* The TLS line of the transport process that made this try belongs to the evidence of the mail:
 * before the line of the try, which is the newest. */
void
trace_transport_facts(struct at *at, struct hop *hop, struct attempt *try)
{
	if (at->e->program != PROGRAM_SMTP || try->tls.n)
		return;
	struct session *s = trace_find_session(at);
	if (!s || s->n_lines == 0 || !slice_equal(s->client_ip, try->relay_ip))
		return;
	try->tls = arena_copy(&hop->arena, s->tls);
	if (!hop_has_line(hop, s->lines[0].id))
		hop_insert_line(
			hop, hop->n_lines - 1, s->lines[0].t_us, s->lines[0].id, s->lines[0].raw);
}

void
trace_on_disconnect(struct at *at)
{
	struct session *s = trace_find_session(at);
	if (!s)
		return;
	trace_leave_mail(s, at, false);
	end_session(at->trace, s);
}

static void
give(struct hop *hop, struct slice *field, struct slice fact)
{
	if (fact.n)
		*field = arena_copy(&hop->arena, fact);
}

/* The lines go to the head of the evidence. */
static void
give_lines(const struct session *s, struct hop *hop)
{
	for (uint32_t i = 0; i < s->n_lines; i++)
		hop_insert_line(hop, i, s->lines[i].t_us, s->lines[i].id, s->lines[i].raw);
	hop->first_own += s->n_lines;
	if (s->n_lines && s->lines[0].t_us < hop->first_us)
		hop->first_us = s->lines[0].t_us;
}

static void
give_facts(const struct session *s, struct hop *hop)
{
	give_lines(s, hop);
	give(hop, &hop->tls, s->tls);
	if (hop->client_ip.n == 0) {
		give(hop, &hop->client_name, s->client_name);
		give(hop, &hop->client_ip, s->client_ip);
	}
}

/* "NOQUEUE: client=": the mail goes through a filter before it gets a queue id, from another smtpd.
 */
void
trace_session_client(struct at *at)
{
	struct session *s = trace_find_session(at);
	if (!s || s->sasl_user.n || s->n_lines >= SESSION_LINES)
		return;
	s->sasl_user = arena_copy(&s->arena, at->e->sasl_user);
	s->sasl_method = arena_copy(&s->arena, at->e->sasl_method);
	trace_session_line(s, at);
}

/* The filter passed the mail on: the client of this session is the mail's, not the filter. */
void
trace_lend_session(struct at *at, struct hop *hop)
{
	struct session *s = trace_find_session(at);
	if (!s)
		return;
	s->n_records++;
	give_lines(s, hop);
	give(hop, &hop->client_name, s->client_name);
	give(hop, &hop->client_ip, s->client_ip);
	give(hop, &hop->tls, s->tls);
	give(hop, &hop->sasl_user, s->sasl_user);
	give(hop, &hop->sasl_method, s->sasl_method);
	give(hop, &hop->helo, at->e->helo);
}

static void
give_hold(struct session *s, struct hop *hop)
{
	if (!s->hold)
		return;
	hop->flags |= HOP_HELD;
	hop->hint_to = arena_copy(&hop->arena, s->hold_to);
	hop->hold_reason = arena_copy(&hop->arena, s->hold_reason);
	s->hold = false;
}

/* A mail begins in its session: facts, lines and refusals so far go with it. */
void
trace_session_mail(struct at *at, struct hop *hop)
{
	struct session *s = trace_find_session(at);
	if (!s)
		return;
	trace_leave_mail(s, at, false);
	s->hop = hop;
	hop->session = s;
	s->n_records++;
	unlink_session(at->trace, s);
	append_session(at->trace, s);
	give_facts(s, hop);
	give_hold(s, hop);
	hop->pending = s->pending;
	at->trace->n_pending -= s->n_pending;
	s->pending = NULL;
	s->pending_tail = &s->pending;
	s->n_pending = 0;
}
