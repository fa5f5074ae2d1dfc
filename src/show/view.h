/*
 * What `elsectl trace` shows of a mail: the hops and recipients of one arrival, or of all arrivals
 * of a Message-ID, with the last word on each recipient, and the verdict. Made from the journey
 * (trace/journey.h); printed as text (view_text.c) or as JSON (view_json.c).
 */
#ifndef ELSE_SHOW_VIEW_H
#define ELSE_SHOW_VIEW_H

#include "base/error.h"
#include "base/json.h"
#include "codes/codes.h"
#include "show/mail_id_text.h"
#include "trace/journey.h"

struct view_hop {
	const struct journey_hop *jh;
	uint32_t n; /* place in what is shown, from 1 */
	uint32_t arrival;
	const struct view_hop *before;
	const char *role; /* NULL = not set */
	bool has_gap;
	int64_t gap_ms;	 /* from the hop before having it to its arrival here; negative: clocks
			    differ */
	int64_t left_us; /* 0 = not yet, as far as the log goes */
	bool open;	 /* more lines should come */
	bool headless;	 /* its beginning is missing */
};

struct view_delivery {
	const struct view_hop *at;
	const struct delivery *delivery; /* NULL: only the mail as a whole has a fate */
	const struct attempt *last;	 /* may be NULL */
	bool final;			 /* the last word */
	struct slice to, orig_to;	 /* orig_to empty when the same */
	enum status status;
	enum reason reason;
	enum way way; /* of the last word */
	int64_t last_us;
	const struct view_hop *next; /* not final: where it went on; may be NULL */
};

struct view_arrival {
	const struct view_hop *entry;
	uint32_t branch;
	enum way way;
	int64_t last_us;
	char id[64];
};

struct view_related {
	const char *rel; /* "ndr", "ndr_of", "same_msgid" */
	char id[64];
	struct slice qid, host; /* of the other; may be empty */
};

struct view_verdict {
	const char *key;
	struct buf text;
	enum codes_who who;
	const struct view_delivery *worst; /* NULL: the log says nothing of an end */
	uint64_t counts[STATUS_COUNT];
};

struct view {
	const struct mail *mail;
	struct journey j;
	struct view_hop *hops;
	size_t n_hops;
	struct view_delivery *deliveries; /* in the order of hops */
	size_t n_deliveries, cap_deliveries;
	struct view_arrival *arrivals;
	size_t n_arrivals;
	struct view_related *related;
	size_t n_related, cap_related;
	int64_t first_us, last_us;
	bool complete;
	bool partial; /* some recipients are left out: view_restrict */
	struct view_verdict verdict;
	struct arena arena;
};

/* `branch` NULL: all arrivals. Borrows the mail. False when no hop has this branch. */
bool view_init(
	struct view *v, const struct mail *mail, const uint32_t *branch, struct topology *topology);
void view_fini(struct view *v);

/* Leaves out the recipients that `keep` does not want, and the hops that only they went over. False
 * when nothing is left: show nothing then. */
typedef bool view_keep(void *context, struct slice address);
bool view_restrict(struct view *v, view_keep *keep, void *context);

/* Makes v->verdict from the deliveries (verdict.c). */
void view_judge(struct view *v);

/* What the last answer for this recipient means, and who can act. False when nothing went wrong, or
 * nothing is known of it. */
bool view_explain(const struct view_delivery *d, struct codes_explanation *explanation);

/* The hop of this arrival that knows the sender; NULL when none does. */
const struct hop *view_sender(const struct view *v, size_t arrival);
int64_t view_size_bytes(const struct view *v); /* -1 unknown */

/* "mx.example.com[192.0.2.7]:25", or "" */
void view_add_relay(struct buf *b, const struct attempt *a);

/* Enhanced status code, else SMTP code; may be empty. */
struct slice view_code(const struct attempt *a);

/* The reply without the words that only name the relay again: for people. */
struct slice view_reply(const struct attempt *a);

/* What a try came to, in ELSE's words; `status` is that of the delivery, which its last try shares.
 */
const char *view_try_status(const struct view_delivery *d, size_t i);

struct view_options {
	bool all;   /* no list is cut */
	bool lines; /* the raw lines too */
};

struct output;
void view_add_json(struct buf *b, const struct view *v, const struct view_options *options);
void view_print(const struct view *v, struct output *o, const struct view_options *options);

/* For people: why, what to do (`explanation` may be NULL), and who can act. */
void view_print_why(
	struct output *o, const struct codes_explanation *explanation, enum codes_who who);

/* One element of the list "explain", with the code that was given. */
void view_add_explanation(
	struct buf *b, struct slice code, const struct codes_explanation *explanation);

/* Every line of every hop shown, in the order of time, each once. malloc'ed; the caller frees. */
const struct hop_line **view_lines(const struct view *v, size_t *n);

#endif
