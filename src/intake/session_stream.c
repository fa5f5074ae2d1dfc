#include "intake/intake_part.h"

/* What is cut must be told apart frame by frame; framing counts. */
static void
take_lines(struct session *s, struct slice input)
{
	struct slice frame;
	uint64_t cut_before = s->framing.cut_frames;
	while (framing_next(&s->framing, &input, &frame)) {
		frames_take(s, frame, 0, s->framing.cut_frames > cut_before);
		cut_before = s->framing.cut_frames;
	}
}

static void
refuse(struct session *s)
{
	struct intake *in = s->in;
	in->counters[s->source.kind].refused++;
	report_say(&in->report, in->now_ms, REPORT_PROTOCOL, INTAKE_WARNING,
		"%s: %.*s: %s: the connection is closed", intake_kind_name(s->source.kind),
		SLICE_ARG(s->source.sender), expand_reason(s->expand));
	session_end_stream(s);
	session_kill(s);
}

/* Little compressed text can be much: when the session has too much that is not on the disk the
 * rest waits. */
static void
take_compressed(struct session *s, struct slice input)
{
	size_t n;
	enum expand_result result = EXPAND_BYTES;
	while (!s->capped && result == EXPAND_BYTES) {
		result = expand_next(s->expand, &input, s->in->expanded, PART_EXPAND_BYTES, &n);
		if (result == EXPAND_BYTES)
			take_lines(s, slice_of(s->in->expanded, n));
	}
	s->unexpanded = result == EXPAND_BYTES;
	if (result == EXPAND_BROKEN)
		refuse(s);
	else if (s->unexpanded)
		buf_add(&s->rest, input);
}

void
session_take_stream(struct session *s, struct slice input)
{
	if (!s->expand) {
		take_lines(s, input);
		return;
	}
	struct buf rest = s->rest;
	s->rest = (struct buf){0};
	if (rest.n > 0) {
		buf_add(&rest, input);
		input = buf_slice(&rest);
	}
	take_compressed(s, input);
	buf_fini(&rest);
}

/* A line without its end: of a counted one the sender has told that something is missing, of others
 * RFC 6587 3.4.2 lets the end of the connection stand for it. */
void
session_end_stream(struct session *s)
{
	struct slice frame;
	bool counted = s->framing.counted;
	uint64_t cut_before = s->framing.cut_frames;
	if (framing_end(&s->framing, &frame))
		frames_take(s, frame, 0, counted || s->framing.cut_frames > cut_before);
}
