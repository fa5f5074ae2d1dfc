/* What the correlator's own files share. Nobody else includes this. */
#ifndef ELSE_TRACE_INTERNAL_H
#define ELSE_TRACE_INTERNAL_H

#include "base/time.h"
#include "trace/trace.h"

struct mail_list {
	struct mail *oldest, *newest;
};

enum { TRACE_FIRST_LINES = 64 };

/* A log-sending host as the correlator knows it. */
struct trace_host {
	struct map_node by_name;
	struct slice name; /* lower case, in `bytes` */
	uint64_t seed;	   /* hash of the name: part of every key below the host */
	uint64_t n_lines;
	uint64_t last_line; /* its number of all lines */
	int64_t newest_us;
	int64_t offset_us;		       /* its stamps minus the correlator's clock */
	uint64_t first_ids[TRACE_FIRST_LINES]; /* identities of its first lines */
	struct trace_seen *seen;	       /* of its last ones, when it has more */
	/* Which of equal refusals is this? Identities of those that carry the newest stamp. */
	int64_t stamp_us;
	uint64_t *equal;
	size_t n_equal, cap_equal;
	char bytes[];
};

#define SESSION_LINES 4

/* An SMTP session of smtpd, or (lines only) the TLS facts of a transport process. */
struct session {
	struct map_node by_pid;
	struct session *older, *newer;
	struct trace_host *where;
	uint32_t pid;
	int64_t last_us; /* by the correlator's clock */
	struct arena arena;
	struct slice instance, client_name, client_ip, tls, sasl_user, sasl_method;
	struct hop_line
		lines[SESSION_LINES]; /* connect, TLS, hold: facts for the mails that follow */
	uint32_t n_lines;
	struct hop *hop; /* the mail at hand */
	struct reject *pending, **pending_tail;
	uint32_t n_pending;
	uint32_t n_records; /* mails and refusals so far */
	bool hold;	    /* an access map said HOLD: the next mail goes to the hold queue */
	struct slice hold_to, hold_reason;
};

/* An id (a queue id, a mailbox session) that the next server is expected to log: where no
 * Message-ID tells, it joins the hops. In the arena of its hop. */
struct promise {
	struct map_node by_id;
	struct promise *next;
	struct hop *hop;
	struct slice id;
	int64_t t_us;
};

struct recall;

struct trace {
	struct trace_options options;
	struct trace_sink sink;
	struct trace_counts counts;
	struct map hosts, hops, mails, sessions, nameless, promises, waiting_sessions;
	size_t n_seen; /* hosts with a trace_seen */
	struct trace_host *last_host;
	struct session *oldest_session, *newest_session;
	struct recall *recalls;
	size_t n_mails, n_pending, n_bytes;
	struct mail_list recent, waiting;
	uint64_t n_lines;
	int64_t max_us;	    /* newest stamp so far */
	int64_t slowest_us; /* newest stamp of the host that is farthest behind: trace_slowest */
	int64_t passed_us;  /* mails with lines up to there may have been handed over */
	int64_t clock_us;   /* see trace_clock */
	int64_t waiting_checked_us;
};

/* The line at hand, as every handler gets it. */
struct at {
	struct trace *trace;
	const struct event *e;
	const struct line *line;
	struct trace_host *host;
	uint64_t line_id; /* identity, equal for equal lines with one stamp */
};

/* trace_host.c: hosts, their clocks, repeated lines */
struct trace_host *trace_host(struct trace *trace, struct slice name);
bool trace_hosts_full(const struct trace *trace);
void trace_free_hosts(struct trace *trace);
void trace_clock(struct trace *trace, struct trace_host *host, int64_t t_us);
void trace_slowest(struct trace *trace, struct trace_host *host);
bool trace_is_repeat(struct at *at);
uint64_t trace_nth_id(struct at *at);

/* trace_mail.c: hops by queue id, and when a mail is handed over */
struct mail *trace_new_mail(struct trace *trace);
struct hop *trace_find_hop(struct trace *trace, const struct trace_host *host,
	struct slice instance, struct slice qid);
struct hop *trace_make_hop(struct at *at, struct slice qid);
void trace_append_hop(struct mail *mail, struct hop *hop);
void trace_touch(struct trace *trace, struct hop *hop, int64_t t_us);
void trace_touch_mail(struct trace *trace, struct mail *mail, int64_t t_us);
void trace_join_mail(struct trace *trace, struct hop *hop, struct mail *mail);
void trace_end_qid(struct trace *trace, struct hop *hop);
void trace_expire(struct trace *trace);
void trace_give_all(struct trace *trace);

/* trace_name.c: which hops are one mail */
void trace_name_mail(struct trace *trace, struct hop *hop, struct slice msgid);
void trace_nameless(struct trace *trace, struct hop *hop);
void trace_promise(struct trace *trace, struct hop *hop, struct slice id, int64_t t_us);
struct hop *trace_promised_by(
	struct trace *trace, struct slice id, int64_t t_us, const struct trace_host *host);
struct mail *trace_mail_of_msgid(struct trace *trace, struct slice msgid);
void trace_unite(struct trace *trace, struct mail *from, struct mail *into);
void trace_forget_names(struct trace *trace, struct hop *hop);
void trace_remember(struct trace *trace, const struct mail *mail);
uint64_t trace_recall_promised(struct trace *trace, struct slice id, int64_t t_us);
void trace_free_recalls(struct trace *trace);

/* trace_session.c */
struct session *trace_find_session(struct at *at);
void trace_on_connect(struct at *at);
void trace_on_tls(struct at *at);
void trace_on_disconnect(struct at *at);
void trace_session_line(struct session *s, struct at *at);
void trace_session_mail(struct at *at, struct hop *hop);
void trace_session_client(struct at *at);
void trace_lend_session(struct at *at, struct hop *hop);
void trace_leave_mail(struct session *s, struct at *at, bool lost);
void trace_transport_facts(struct at *at, struct hop *hop, struct attempt *try);
void trace_end_sessions(struct trace *trace);
void trace_trim_sessions(struct trace *trace);

/* trace_refuse.c: refusals, losses and the actions of access maps and header checks */
void trace_on_lost(struct at *at);
void trace_on_auth_failed(struct at *at);
void trace_on_refused(struct at *at);
void trace_on_action(struct at *at);
void trace_give_pending(struct trace *trace, struct session *s);
void trace_settle_pending(struct trace *trace, struct hop *hop);

/* trace_place.c: lines that name the mail but not the hop */
void trace_stash(struct at *at);
void trace_place_stash(struct trace *trace, struct mail *mail);

/* trace_exchange.c */
void trace_on_exchange(struct at *at);
struct slice trace_exchange_host(const struct event *e);

/* trace_hop.c: what the lines of a queue id do to its hop */
void trace_on_hop_event(struct at *at);
bool trace_hop_has_line(struct at *at);
struct hop *trace_hop_of(struct at *at);
void trace_add_evidence(struct at *at, struct hop *hop);
void trace_fill_try(struct hop *hop, struct attempt *try, const struct event *e);

/* trace_filter.c: verdicts of content filters and milters */
void trace_on_filter(struct at *at, struct hop *hop);
void trace_end_filter_part(struct hop *hop);
void trace_add_check(struct hop *hop, const struct event *e);

#endif
