#include "intake/intake_part.h"

static void
refuse(struct session *s, const char *reason)
{
	struct intake *in = s->in;
	in->counters[s->source.kind].refused++;
	report_say(&in->report, in->now_ms, REPORT_PROTOCOL, INTAKE_WARNING,
		"%s: %.*s does not speak RELP as we do (%s): the connection is closed",
		intake_kind_name(s->source.kind), SLICE_ARG(s->source.sender), reason);
	session_close(s);
}

static void
open_session(struct session *s, const struct relp_frame *frame)
{
	struct relp_offers offers;
	relp_offers_read(frame->data, &offers);
	commit_answer(s, (struct answer){.txnr = frame->txnr,
				 .kind = ANSWER_OPEN,
				 .version = (uint8_t)offers.version,
				 .reason = offers.refused});
	if (offers.refused)
		refuse(s, offers.refused);
}

static void
take_command(struct session *s, const struct relp_frame *frame)
{
	const char *reason = NULL;
	switch (relp_session_check(&s->relp_session, frame, &reason)) {
	case RELP_STEP_IGNORE:
		break;
	case RELP_STEP_OPEN:
		open_session(s, frame);
		break;
	case RELP_STEP_STORE:
		frames_take(s, frame->data, frame->txnr, frame->cut_bytes > 0);
		break;
	case RELP_STEP_CLOSE:
		frames_give_up(s);
		commit_answer(s, (struct answer){.txnr = frame->txnr, .kind = ANSWER_CLOSE});
		session_close(s);
		break;
	case RELP_STEP_REFUSE:
		frames_give_up(s);
		commit_answer(
			s, (struct answer){
				   .txnr = frame->txnr, .kind = ANSWER_ERROR, .reason = reason});
		refuse(s, reason);
		break;
	}
}

/* What follows the last command of a session that closes is not looked at: it is not answered, so
 * the client knows. */
void
session_take_relp(struct session *s, struct slice input)
{
	struct relp_frame frame;
	enum relp_result result = RELP_MORE;
	while (s->state == SESSION_OPEN && !s->closing &&
		(result = relp_next(&s->relp, &input, &frame)) == RELP_FRAME)
		take_command(s, &frame);
	if (result == RELP_BROKEN)
		refuse(s, s->relp.reason);
}
