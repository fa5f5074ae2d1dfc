/*
 * The correlator: events in, mails and refusals out. A pure state machine: no I/O, and no clock but
 * one that the stamps of the lines move on (trace_host.c). Events of one host come in the order
 * that host logged them; hosts may be interleaved in any way and give the same result.
 *
 * A mail (all hops of one Message-ID that are in memory together) is handed over when it is
 * complete and has been quiet for `quiet_us`, or when memory runs to its cap, or at the end. Lines
 * that come for a hop that was handed over make a new, headless hop; the store joins it to the
 * stored one by its evidence (hop_same).
 *
 * Hops without a Message-ID are one mail when one names the other's queue id. Once they were handed
 * over this is only known to the run that did it.
 */
#ifndef ELSE_TRACE_TRACE_H
#define ELSE_TRACE_TRACE_H

#include "trace/hop.h"
#include "wire/line.h"

struct trace;

struct trace_sink {
	void *context;
	/* Takes the mail: the sink frees it with mail_free. Its hops are in order of creation. */
	void (*mail)(void *context, struct mail *mail);
	/* Takes the refusal: the sink frees it with free(). */
	void (*reject)(void *context, struct reject *reject);
};

struct trace_options {
	int64_t quiet_us;   /* 0 = 60 s */
	int64_t give_up_us; /* an open mail without a line for so long is handed over; 0 = 8 days */
	size_t max_mails;   /* in memory; 0 = 200,000. Beyond it the oldest are handed over */
	size_t max_sessions; /* 0 = 50,000 */
	size_t max_bytes; /* held by hops and stashed lines, about; 0 = 512 MB. Beyond it the oldest
			     are handed over */
};

struct trace_counts {
	uint64_t events,
		orphans;  /* orphans: lines that name no queue id in memory and start none */
	uint64_t evicted; /* handed over because of max_mails or max_bytes */
	uint64_t repeats; /* lines that a sender sent again after a reconnect: passed over */
	uint64_t mails, hops, rejects;
};

struct trace *trace_new(const struct trace_options *options, const struct trace_sink *sink);
void trace_free(struct trace **trace);

/* `line` gives the raw bytes; nothing is borrowed after the call. */
void trace_feed(struct trace *trace, const struct event *e, const struct line *line);

/* Hands over mails that came up `age_us` ago by the correlator's clock, open or not: they become
 * visible, and what is still to come is joined to them by the store. Sessions go on. */
void trace_hand_over(struct trace *trace, int64_t age_us);

/* Hands over everything, open or not. More may follow. */
void trace_finish(struct trace *trace);

const struct trace_counts *trace_counts(const struct trace *trace);

#endif
