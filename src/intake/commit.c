#include "intake/intake_part.h"

#include "base/memory.h"

#include <assert.h>

/* ---- what is to be done ---- */

static void
make_dirty(struct session *s)
{
	if (s->dirty)
		return;
	s->dirty = true;
	TAILQ_INSERT_TAIL(&s->in->dirty, s, dirty_link);
}

void
commit_mark(struct intake *in, struct session *s, size_t bytes)
{
	bytes += PART_FRAME_COST;
	if (in->unsynced_bytes == 0)
		in->unsynced_ms = in->now_ms;
	in->unsynced_bytes += bytes;
	in->hurry |= in->unsynced_bytes > PART_UNSYNCED_BYTES;
	if (!s)
		return;
	s->unsynced_bytes += bytes;
	make_dirty(s);
	session_weigh(s);
}

void
commit_answer(struct session *s, struct answer answer)
{
	if (answer.txnr == 0)
		return;
	MEMORY_ROOM(&s->answers, s->answer_count, &s->answer_cap);
	s->answers[s->answer_count++] = answer;
	s->in->hurry = true;
	make_dirty(s);
}

void
commit_unmark(struct session *s)
{
	if (!s->dirty)
		return;
	s->dirty = false;
	TAILQ_REMOVE(&s->in->dirty, s, dirty_link);
}

/* ---- doing it ---- */

static void
add_answer(struct buf *out, const struct answer *answer)
{
	switch ((enum answer_kind)answer->kind) {
	case ANSWER_OK:
		relp_add_ok(out, answer->txnr);
		break;
	case ANSWER_OPEN:
		relp_add_open(out, answer->txnr,
			&(struct relp_offers){.version = answer->version,
				.syslog = true,
				.refused = answer->reason});
		break;
	case ANSWER_CLOSE:
		relp_add_close(out, answer->txnr);
		relp_add_serverclose(out);
		break;
	case ANSWER_ERROR:
		relp_add_error(out, answer->txnr, 500, slice_of_str(answer->reason));
		break;
	}
}

static void
send_answers(struct session *s)
{
	for (size_t i = 0; i < s->answer_count; i++)
		add_answer(&s->out, &s->answers[i]);
	s->answer_count = 0;
	s->unsynced_bytes = 0;
	session_weigh(s);
	if (s->closing)
		session_close(s);
	else
		session_flush(s);
}

/* The frames of this batch are stored now, or are not; true when there were any. */
static bool
settle(struct intake *in, bool ok)
{
	bool any = false;
	for (size_t kind = 0; kind < INTAKE_KINDS; kind++) {
		struct intake_counters *c = &in->counters[kind];
		*(ok ? &c->stored : &c->unsynced) += in->unsynced_frames[kind];
		any |= in->unsynced_frames[kind] > 0;
		in->unsynced_frames[kind] = 0;
	}
	in->unsynced_bytes = 0;
	in->hurry = false;
	return any;
}

/* What the spool could not store is still with the RELP senders: they send it again when their
 * connection ends without an answer. It must not be taken for a repeat then. */
static void
fail(struct intake *in, const struct error *err)
{
	report_say(&in->report, in->now_ms, REPORT_SPOOL, INTAKE_ERROR,
		"%s; nothing of it is acknowledged, its sessions are closed", err->text);
	repeats_forget(in->repeats);
	in->stalled_until_ms = in->now_ms + PART_STALL_MS;
}

void
commit_now(struct intake *in)
{
	struct session *s;
	struct session_list batch = TAILQ_HEAD_INITIALIZER(batch);
	struct error err;
	bool ok = spool_sync(in->spool, &err);
	bool any = settle(in, ok);
	files_synced(in, ok);
	if (!ok)
		fail(in, &err);
	/* Ending a session may bring new records, which belong to the next commit. */
	TAILQ_CONCAT(&batch, &in->dirty, dirty_link);
	while ((s = TAILQ_FIRST(&batch))) {
		TAILQ_REMOVE(&batch, s, dirty_link);
		s->dirty = false;
		if (ok)
			send_answers(s);
		else
			session_kill(s);
	}
	if (ok && any && in->synced)
		in->synced(in->context);
}

void
commit_if_due(struct intake *in)
{
	bool late = in->unsynced_bytes > 0 &&
		    in->now_ms - in->unsynced_ms >= PART_LATE_MS - PART_TICK_MS;
	if (in->hurry || late)
		commit_now(in);
}
