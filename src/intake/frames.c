#include "intake/intake_part.h"

#include "base/memory.h"
#include "wire/msgtrk.h"
#include "wire/stamp.h"
#include "wire/syslog.h"

#include <assert.h>

static struct slice
without_lf(struct slice frame)
{
	frame.n -= frame.n && frame.p[frame.n - 1] == '\n';
	return frame;
}

/* A row of a message tracking log names its servers itself, in any of them: only who may speak for
 * all hosts may send it. */
static bool
is_tracking(struct slice frame, const struct line *line)
{
	return msgtrk_begins(frame) || msgtrk_begins(line->text) ||
	       msgtrk_begins(msgtrk_text_without_tag(frame, line));
}

static bool
is_foreign(struct intake *in, const struct source *source, struct slice frame)
{
	struct line line;
	if (!peers_is_bound(source->rule) || peers_may_speak_for(source->rule, S("")))
		return false;
	syslog_read(frame, &in->clock, &line);
	bool tracking = is_tracking(frame, &line);
	if (!tracking && (line.host.n == 0 || peers_may_speak_for(source->rule, line.host)))
		return false;
	in->counters[source->kind].foreign++;
	report_say(&in->report, in->now_ms, REPORT_FOREIGN, INTAKE_WARNING,
		tracking ? "%s: %.*s may not speak for all hosts (%.*s), so it may send no rows of "
			   "a message tracking log: the line is refused"
			 : "%s: %.*s may not speak for host %.*s: the line is refused",
		intake_kind_name(source->kind), SLICE_ARG(source->sender),
		SLICE_ARG(slice_head(line.host, 255)));
	return true;
}

static void
count(struct intake *in, const struct source *source, struct slice frame, bool cut)
{
	struct intake_counters *c = &in->counters[source->kind];
	c->frames++;
	c->bytes += frame.n;
	c->cut += cut;
	if (cut)
		report_say(&in->report, in->now_ms, REPORT_CUT, INTAKE_WARNING,
			"%s: a line of %.*s was cut to %zu bytes", intake_kind_name(source->kind),
			SLICE_ARG(source->sender), frame.n);
}

/* ---- the three things that can become of a frame ---- */

static void
keep(struct intake *in, const struct source *source, int64_t received_us, struct slice frame)
{
	spool_add(in->spool, received_us, source->sender, frame);
	in->unsynced_frames[source->kind]++;
}

static void
keep_of(struct session *s, int64_t received_us, struct slice frame, uint32_t txnr)
{
	keep(s->in, &s->source, received_us, frame);
	commit_answer(s, (struct answer){.txnr = txnr});
	commit_mark(s->in, s, frame.n);
}

/* Acknowledged with the others: what it repeats may be in the same batch. */
static void
drop_of(struct session *s, uint32_t txnr)
{
	commit_answer(s, (struct answer){.txnr = txnr});
	commit_mark(s->in, s, 0);
}

static void
hold(struct session *s, struct slice frame, uint32_t txnr)
{
	if (s->held_count == 0) {
		s->held_ms = s->in->now_ms;
		s->in->holding++;
	}
	MEMORY_ROOM(&s->held, s->held_count, &s->held_cap);
	s->held[s->held_count++] = (struct held){s->in->now_us, txnr, (uint32_t)frame.n};
	buf_add(&s->held_bytes, frame);
	s->in->held_bytes += frame.n + PART_FRAME_COST;
	session_weigh(s);
	if (s->in->held_bytes > PART_HELD_BYTES)
		frames_give_up(s); /* kept twice perhaps, and that is the lesser evil */
}

static void
release(struct session *s, const struct repeats_decision *decision)
{
	struct slice bytes = buf_slice(&s->held_bytes);
	size_t count = s->held_count;
	if (decision->drop + decision->keep == 0)
		return;
	assert(decision->drop + decision->keep == count);
	s->held_count = 0;
	s->in->holding--;
	s->in->held_bytes -= s->held_bytes.n + count * (size_t)PART_FRAME_COST;
	s->in->counters[s->source.kind].repeats += decision->drop;
	for (size_t i = 0; i < count; i++) {
		const struct held *held = &s->held[i];
		if (i < decision->drop)
			drop_of(s, held->txnr);
		else
			keep_of(s, held->received_us, slice_head(bytes, held->n), held->txnr);
		bytes = slice_skip(bytes, held->n);
	}
	buf_fini(&s->held_bytes);
	session_weigh(s);
}

/* ---- from outside ---- */

void
frames_give_up(struct session *s)
{
	struct repeats_decision decision;
	if (s->held_count == 0)
		return;
	repeats_give_up(s->source.repeats, &decision);
	release(s, &decision);
}

void
frames_take(struct session *s, struct slice frame, uint32_t txnr, bool cut)
{
	struct intake *in = s->in;
	struct repeats_decision decision;
	frame = without_lf(frame);
	count(in, &s->source, frame, cut);
	in->counters[s->source.kind].empty += frame.n == 0;
	if (frame.n == 0 || is_foreign(in, &s->source, frame)) {
		drop_of(s, txnr);
		return;
	}
	struct stamp stamp;
	bool stamped = stamp_read(frame, &stamp);
	enum repeats_answer answer = repeats_look(s->source.repeats, frame, stamped, &decision);
	release(s, &decision);
	switch (answer) {
	case REPEATS_NEW:
		keep_of(s, in->now_us, frame, txnr);
		break;
	case REPEATS_REPEAT:
		in->counters[s->source.kind].repeats++;
		drop_of(s, txnr);
		break;
	case REPEATS_HOLD:
		hold(s, frame, txnr);
		break;
	}
}

void
frames_take_datagram(struct intake *in, const struct source *source, struct slice frame, bool cut)
{
	frame = without_lf(frame);
	count(in, source, frame, cut);
	in->counters[source->kind].empty += frame.n == 0;
	if (frame.n == 0 || is_foreign(in, source, frame))
		return;
	keep(in, source, in->now_us, frame);
	commit_mark(in, NULL, frame.n);
}

void
frames_remember(struct repeats_session *session, struct slice frame)
{
	struct stamp stamp;
	repeats_remember(session, frame, stamp_read(frame, &stamp));
}
