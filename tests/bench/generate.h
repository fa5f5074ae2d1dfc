/*
 * else-generate writes the logs that a mail site of three servers would write, from nothing but a
 *seed:
 *
 *	mx1    takes mail from outside and from customers, hands it to a content filter and takes it
 *back store1 keeps the mailboxes out1   sends to the world
 *
 * generate.c        options, the event queue, arrivals, totals
 * generate_world.c  chance, domains, addresses, clients
 * generate_msgid.c  message-ids
 * generate_text.c   what servers answer, with the blanks filled in
 * generate_line.c   one log line: stamp, host, program, pid; queue ids; truth
 * generate_plan.c   who writes to whom, and what becomes of it
 * generate_mail.c   the life of a mail up to its hand-over by mx1; notices of bounces
 * generate_leg.c    its way over store1 or out1: hand-over, delivery, retries
 * generate_reject.c sessions that end in a refusal
 *
 * Everything that happens is an event with a time; events run in the order of time, so the logs
 *come out in the order of time and only mails under way are held in memory.
 */
#ifndef ELSE_BENCH_GENERATE_H
#define ELSE_BENCH_GENERATE_H

#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"

#include <stdio.h>

enum {
	OWN_DOMAINS = 2000,
	OUTSIDE_DOMAINS = 50000,
	BOTS = 400000,
	PROVIDERS = 8,
	MAX_RCPTS = 10,
	MAX_HOPS = 4,
	REJECTS_PER_MAIL = 3,
};

#define SECONDS(n) ((int64_t)(n)*TIME_SECOND_US)
#define MILLIS(n)  ((int64_t)(n)*1000)

enum host_id { MX, STORE, OUT, HOSTS };

enum program {
	SMTPD,
	SUBMISSION,
	CLEANUP,
	QMGR,
	SMTP,
	LMTP,
	BOUNCE,
	ERROR,
	ANVIL,
	AMAVIS,
	DOVECOT,
	OPENDKIM,
	PROGRAMS
};

enum status { STATUS_OPEN, DELIVERED, DEFERRED, BOUNCED, EXPIRED, BLOCKED, STATUSES };
enum way { WAY_IN, WAY_OUT, WAY_INTERNAL, WAYS };

enum reject_kind {
	REJECT_BLOCKLIST,
	REJECT_USER_UNKNOWN,
	REJECT_GREYLISTED,
	REJECT_RELAY,
	REJECT_HELO,
	REJECT_SENDER_DOMAIN,
	REJECT_CLIENT,
	REJECT_RATE,
	REJECTS
};

/* Short texts live inside the structs that use them. */
struct text {
	uint8_t n;
	char p[127];
};

struct qid {
	uint8_t n;
	char p[23];
};

struct client {
	struct text name, ip, helo;
};

struct address {
	struct text text;
	uint32_t domain; /* rank; own domains count from OUTSIDE_DOMAINS on */
};

struct output {
	struct buf text;
	int fd;
};

/* Idle processes of one program; a process serves one session at a time. */
struct pids {
	uint32_t *idle;
	size_t n, cap;
};

/* An SMTP connection between two own hosts, kept open for a moment as Postfix does. */
struct link {
	struct link *next;
	enum host_id from, host;
	uint32_t pid;
	unsigned mails, rcpts, use;
	bool busy;
};

struct host {
	struct slice name, ip;
	struct output *out;
	uint32_t next_pid;
	struct pids pids[PROGRAMS];
	uint64_t lines, bytes;
};

struct count {
	uint64_t mails, notices, hops, sessions;
	uint64_t ways[WAYS], statuses[STATUSES], notice_statuses[STATUSES];
	uint64_t rejects[REJECTS];
	uint64_t received, sent, deferrals, deferred, bounced; /* lines, as pflogsumm counts them */
};

struct generate;

struct event {
	int64_t t_us;
	void (*run)(struct generate *g, void *subject, unsigned arg);
	void *subject;
	unsigned arg;
};

struct generate {
	/* options */
	uint64_t mails;
	int64_t gap_us; /* mean time between two mails */
	int64_t start_us, tail_us;
	bool bsd_stamps; /* RFC 3164 */
	uint64_t sample; /* one of so many goes to the truth file */

	/* the present */
	int64_t now_us;	  /* of the event that runs */
	int64_t stamp_us; /* of the line written last; no two lines share one */
	int64_t second;	  /* the second that `stamp` shows */
	struct text stamp;
	uint64_t chance;
	uint64_t mails_left, rejects_left, truths;

	struct event *heap;
	size_t heap_n, heap_cap;
	struct link *idle[HOSTS][HOSTS], *spare_links;
	struct mail *spare_mails;
	struct session *spare_sessions;

	struct host hosts[HOSTS];
	struct output files[HOSTS];
	uint64_t set; /* of files, with --split; else 0 */
	FILE *truth;
	struct buf json;
	struct buf scratch;
	char numbers[16][24]; /* see number(); used in turn */
	unsigned number_next;
	struct count count;
};

/* A hop x recipients: from the hand-over by `from` to the last delivery by `host`. */
struct leg {
	enum host_id from, host;
	struct qid from_qid, qid;
	int64_t from_arrived_us, started_us, arrived_us;
	struct link *link;
	uint32_t smtp_pid;
	unsigned pending; /* deliveries under way */
	unsigned tries, nrcpt;
	bool deferred; /* once at least */
	bool bounced;  /* somebody, in the present attempt */
};

struct rcpt {
	struct address to;
	uint8_t alias; /* 0, or 1 + which alias it was sent to */
	uint8_t leg;
	uint8_t fate;	   /* enum status: what becomes of it in the end */
	uint8_t deferrals; /* that come before it */
	uint8_t status;	   /* enum status: the newest */
	bool todo;	   /* in the present attempt */
	uint32_t pid;	   /* of the smtp process that has it */
};

struct mail {
	struct mail *next_spare;
	unsigned refs; /* events that wait for it */
	enum way way;
	bool tls, notice, blocked;
	struct client client;
	struct address from;
	struct text msgid, notice_of;
	uint32_t size;
	uint32_t pid; /* of smtpd */
	unsigned session_mails, session_rcpts;
	struct qid qid[2]; /* before and behind the filter */
	int64_t arrived_us[2], queued_us;
	unsigned handovers; /* legs that the hop before them still waits for */
	unsigned nrcpt, nlegs;
	struct rcpt rcpts[MAX_RCPTS];
	struct leg legs[2];
	enum host_id hop_hosts[MAX_HOPS];
	struct qid hop_qids[MAX_HOPS];
	unsigned nhops;
};

static inline struct slice
text_slice(const struct text *t)
{
	return slice_of(t->p, t->n);
}

static inline struct slice
qid_slice(const struct qid *q)
{
	return slice_of(q->p, q->n);
}

/* generate.c: runs `run` after `delay_us`. */
void later(struct generate *g, int64_t delay_us, void (*run)(struct generate *, void *, unsigned),
	void *subject, unsigned arg);

/* generate_world.c. One stream of chance for all: the same arguments give the same bytes. */
uint64_t chance(struct generate *g);
uint32_t below(struct generate *g, uint32_t n);		       /* 0 .. n-1 */
bool permille(struct generate *g, unsigned p);		       /* true p times of 1000 */
int64_t between(struct generate *g, int64_t from, int64_t to); /* both included */
uint32_t zipf(struct generate *g, uint32_t n); /* rank 0 .. n-1, P ~ 1 / (rank + 1) */
void text_set(struct text *t, const struct slice *parts, size_t n);
void random_text(struct generate *g, struct slice letters, unsigned n, struct text *t);
struct slice number(struct generate *g, uint64_t v);

#define SLICES(...)                                                                                \
	(const struct slice[]){__VA_ARGS__},                                                       \
		sizeof((struct slice[]){__VA_ARGS__}) / sizeof(struct slice)
#define TEXT(t, ...) text_set((t), SLICES(__VA_ARGS__))

#define HEX    S("0123456789abcdef")
#define UPPER  S("0123456789ABCDEF")
#define BASE64 S("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")

void domain_name(uint32_t domain, struct text *name);
void address_own(struct generate *g, struct address *a);
void address_own_at(struct generate *g, uint32_t domain, struct address *a);
void address_outside(struct generate *g, struct address *a);
void address_outside_at(struct generate *g, uint32_t domain, struct address *a);
void address_sender(struct generate *g, const struct address *to, struct address *a);
void client_server(struct generate *g, uint32_t domain, struct client *c);
void client_customer(const struct address *user, struct client *c);
void client_bot(struct generate *g, struct client *c);
void message_id(struct generate *g, const struct address *from, struct text *id);
void exchanger(uint32_t domain, struct text *name, struct text *ip); /* a domain's MX */
uint64_t mixed(uint64_t v);

/* generate_text.c. What goes into the blanks of a reply; the result lasts until the next call. */
struct blanks {
	struct slice to, from, domain, host, ip, client, client_ip, helo, msgid;
	uint32_t size;
};

struct reply {
	const char *dsn;
	bool connected; /* else the line says relay=none */
	struct slice text;
};

struct reply reply_of_world(
	struct generate *g, enum status status, uint32_t domain, const struct blanks *blanks);
struct reply reply_of_store(struct generate *g, enum status status, const struct blanks *blanks);
struct slice reject_text(struct generate *g, enum reject_kind kind, const struct blanks *blanks);
extern const char *const reject_names[REJECTS];

/* generate_line.c */
void say(struct generate *g, enum host_id host, enum program program, uint32_t pid,
	const struct slice *parts, size_t n);
#define SAY(g, host, program, pid, ...) say((g), (host), (program), (pid), SLICES(__VA_ARGS__))

void output_flush(struct output *out);
void bsd_time(int64_t t_us, struct text *t);
uint32_t pid_take(struct generate *g, enum host_id host, enum program program);
void pid_put(struct generate *g, enum host_id host, enum program program, uint32_t pid);
uint32_t pid_any(struct generate *g, enum host_id host, enum program program);
uint32_t pid_fixed(enum program program);
void qid_make(struct generate *g, struct qid *qid);
struct slice delay(struct generate *g, int64_t us);
void truth_mail(struct generate *g, const struct mail *m);
void truth_reject(struct generate *g, enum reject_kind kind, const struct client *c,
	struct slice from, struct slice to, struct slice text);
extern const char *const status_names[STATUSES];
extern const char *const way_names[WAYS];

/* A delivery line of smtp, lmtp or error; counts it. */
struct delivery {
	enum host_id host;
	enum program program;
	uint32_t pid;
	const struct qid *qid;
	struct slice to, orig_to, relay;
	unsigned conn_use;
	int64_t a, b, c, d; /* the four delays, in us */
	const char *dsn;
	enum status status;
	struct slice text;
};

void say_delivery(struct generate *g, const struct delivery *d);
void say_removed(struct generate *g, enum host_id host, const struct qid *qid);

/* generate_mail.c. What a mail waits for: `arg` of mail_run is step | leg << 8 | recipient << 16.
 */
enum step {
	STEP_CONNECT,
	STEP_TLS,
	STEP_CLIENT,
	STEP_MESSAGE,
	STEP_QUEUED,
	STEP_DISCONNECT,
	STEP_FILTER_CLIENT,
	STEP_FILTER_MESSAGE,
	STEP_FILTER_DONE,
	STEP_FILTER_BLOCK,
	STEP_NOTICE,
	MAIL_STEPS,
	STEP_LEG_CONNECT = MAIL_STEPS,
	STEP_LEG_CLIENT,
	STEP_LEG_MESSAGE,
	STEP_LEG_QUEUED,
	STEP_LEG_ATTEMPT,
	STEP_LEG_RETRY,
	LEG_STEPS,
	STEP_RCPT_TLS = LEG_STEPS,
	STEP_RCPT_DELIVER,
	STEPS
};

void mail_arrive(struct generate *g);
void mail_run(struct generate *g, void *mail, unsigned arg);
void mail_release(struct generate *g, struct mail *m); /* one event less waits for it */
void mail_later(struct generate *g, struct mail *m, int64_t delay_us, enum step step,
	const struct leg *l, const struct rcpt *r);
void mail_hop(struct mail *m, enum host_id host, const struct qid *qid);
void notice_send(struct generate *g, const struct mail *m, const struct leg *l);
void say_message_id(
	struct generate *g, const struct mail *m, enum host_id host, const struct qid *qid);
void say_active(struct generate *g, const struct mail *m, enum host_id host, const struct qid *qid,
	unsigned nrcpt, unsigned grown);
void rcpt_sent_to(const struct rcpt *r, struct text *to); /* before aliases are resolved */

/* generate_plan.c */
void plan_mail(struct generate *g, struct mail *m);
void plan_notice(struct generate *g, struct mail *n, const struct mail *m);

/* generate_leg.c */
typedef void leg_step(struct generate *g, struct mail *m, struct leg *l);
typedef void rcpt_step(struct generate *g, struct mail *m, struct leg *l, struct rcpt *r);
leg_step leg_connect, leg_client, leg_message, leg_queued, leg_attempt, leg_retry;
rcpt_step rcpt_tls, rcpt_deliver;

/* generate_reject.c: one session with one refusal or more. */
void reject_arrive(struct generate *g);

#endif
