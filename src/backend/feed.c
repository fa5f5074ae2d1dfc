#include "backend/feed.h"

#include "backend/senders.h"
#include "backend/tracking.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/time.h"
#include "parse/parse.h"
#include "store/writer.h"
#include "trace/trace.h"
#include "wire/stamp.h"

#define COMMIT_US	 (TIME_SECOND_US / 2)
#define COMMIT_LINES	 200000
#define AGE_US		 TIME_SECOND_US	       /* a mail is shown, complete or not */
#define BACK_US		 (90 * TIME_SECOND_US) /* read again after a restart: what may be open */
#define BEHIND_US	 (2 * TIME_SECOND_US)
#define BEHIND_BYTES	 ((uint64_t)8 << 20)
#define BEHIND_COMMIT_US (5 * TIME_SECOND_US)
#define TRACE_BYTES	 ((size_t)32 << 20)
#define RETRY_FIRST_US	 (TIME_SECOND_US / 2)
#define RETRY_MOST_US	 (10 * TIME_SECOND_US)
#define LOOK_LINES	 256 /* between two looks at the clock */
#define WAIT_US		 TIME_SECOND_US

/* Where the spool stood at a time. */
struct mark {
	int64_t received_us;
	uint64_t position;
};

#define MARKS 256

struct feed {
	struct feed_options options;
	struct spool *spool;
	struct spool_reader *reader;
	struct senders *senders;
	struct tracking *tracking;
	struct trace *trace;
	struct writer *writer;
	struct feed_counters counters;
	struct writer_counts written; /* of the writer that is open, as counted so far */
	struct buf raw, conninfo;
	uint64_t next;		  /* position behind the last record taken */
	uint64_t begun;		  /* where this reading began */
	int64_t received_us;	  /* of the last record taken */
	size_t pending;		  /* lines since the last commit */
	bool held;		  /* mails in the correlator that no commit has shown */
	int64_t since_us;	  /* of the oldest of both */
	struct mark marks[MARKS]; /* a ring, one a commit at most each second */
	size_t n_marks;
	int64_t retry_us;
};

/* ---- the correlator's sink ---- */

static void
take_mail(void *context, struct mail *mail)
{
	struct feed *f = context;
	writer_mail(f->writer, mail);
}

static void
take_reject(void *context, struct reject *reject)
{
	struct feed *f = context;
	writer_reject(f->writer, reject);
}

/* ---- opening and closing ---- */

static void
close_all(struct feed *f)
{
	trace_free(&f->trace);
	writer_close(&f->writer);
	spool_reader_close(&f->reader);
	senders_free(&f->senders);
	hosts_close(f->options.hosts);
	tracking_free(&f->tracking);
	f->pending = 0;
	f->held = false;
	f->n_marks = 0;
	atomic_store(&f->counters.connected, false);
	atomic_store(&f->counters.shown, false);
}

static bool
open_writer(struct feed *f, bool *busy, struct error *err)
{
	f->written = (struct writer_counts){0};
	buf_clear(&f->conninfo);
	if (!f->options.database(f->options.context, &f->conninfo, err))
		return false;
	f->writer = writer_open(
		&(struct writer_options){.conninfo = buf_str(&f->conninfo), .busy = busy}, err);
	return f->writer != NULL;
}

static bool
open_reader(struct feed *f, struct error *err)
{
	struct writer_source source = {.identity = spool_identity(f->spool)};
	err->text[0] = '\0';
	if (!writer_find_source(f->writer, &source, err) && err->text[0])
		return false;
	if (!hosts_open(f->options.hosts, buf_str(&f->conninfo), source.identity, err))
		return false;
	f->reader = spool_reader_open(f->spool, source.position, err);
	if (!f->reader)
		return false;
	f->trace = trace_new(&(struct trace_options){.max_bytes = TRACE_BYTES},
		&(struct trace_sink){.context = f, .mail = take_mail, .reject = take_reject});
	f->senders = senders_new();
	f->tracking = tracking_new();
	f->begun = f->next = source.position;
	return true;
}

/* Another writer may have the database for now, an import or another daemon: then what was read
 * stays in memory. */
static bool
open_all(struct feed *f, bool *busy, struct error *err)
{
	if (!f->writer && !open_writer(f, busy, err))
		return false;
	if (!f->reader && !open_reader(f, err))
		return false;
	atomic_store(&f->counters.connected, true);
	return true;
}

/* ---- taking lines ---- */

static void
count(struct feed *f, enum parse_result result, const struct line *line)
{
	struct feed_counters *c = &f->counters;
	_Atomic uint64_t *counter = result == PARSE_OK	      ? &c->ok
				    : result == PARSE_UNKNOWN ? &c->unknown
							      : &c->ignored;
	(*counter)++;
	c->undated += line->t_us == 0;
}

/* The line as it was logged: without our stamp, which is another one for each line. */
static struct slice
without_stamp(struct feed *f, struct slice frame)
{
	if (frame.n == 0)
		return frame;
	buf_clear(&f->raw);
	stamp_cut(frame, &f->raw);
	return buf_slice(&f->raw);
}

static void
take_line(struct feed *f, const struct spool_record *record, struct line *line)
{
	struct event e;
	if (line->host.n == 0)
		line->host = record->sender;
	enum parse_result result = parse_line(line, &e);
	count(f, result, line);
	hosts_note(f->options.hosts, record, line, result);
	if (line->t_us == 0)
		line->t_us = record->received_us;
	if (result == PARSE_OK)
		trace_feed(f->trace, &e, line);
}

static void
take(struct feed *f, const struct spool_record *record)
{
	struct line line;
	struct syslog_clock *clock = senders_clock(f->senders, record->sender, record->received_us);
	struct slice frame = without_stamp(f, record->frame);
	bool any = syslog_read(frame, clock, &line) != SYSLOG_EMPTY;
	if (tracking_take(f->tracking, record->sender, frame, &line))
		while (tracking_next(f->tracking, &line))
			take_line(f, record, &line);
	else if (any)
		take_line(f, record, &line);
	f->next = record->next;
	f->received_us = record->received_us;
	f->pending++;
	atomic_store(&f->counters.shown, false);
}

/* ---- committing ---- */

/* Behind every line that may still be needed: what is open now began at most BACK_US ago. */
static uint64_t
safe_position(struct feed *f)
{
	uint64_t position = f->begun;
	size_t keep = 0;
	while (keep < f->n_marks && f->marks[keep].received_us <= f->received_us - BACK_US)
		position = f->marks[keep++].position;
	if (keep > 1) { /* the newest of them is enough */
		memmove(f->marks, f->marks + keep - 1, (f->n_marks - keep + 1) * sizeof(*f->marks));
		f->n_marks -= keep - 1;
	}
	f->begun = position;
	return position;
}

static void
add_mark(struct feed *f)
{
	if (f->n_marks == MARKS)
		memmove(f->marks + 1, f->marks + 2, (--f->n_marks - 1) * sizeof(*f->marks));
	f->marks[f->n_marks++] = (struct mark){f->received_us, f->next};
}

static void
publish(struct feed *f, int64_t began_us)
{
	struct feed_counters *c = &f->counters;
	const struct writer_counts *now = writer_counts(f->writer);
	int64_t done_us = time_now_us();
	c->commits++;
	c->mails += now->mails - f->written.mails;
	c->refusals += now->rejects - f->written.rejects;
	c->replaced += now->changed - f->written.changed;
	f->written = *now;
	atomic_store(&c->behind_us, done_us - f->received_us);
	atomic_store(&c->commit_took_us, done_us - began_us);
	atomic_store(&c->shown, !f->held);
}

/* Much is spooled: then it is better to get on than to show each line at once. */
static bool
is_behind(const struct feed *f)
{
	return f->pending && (time_now_us() - f->received_us > BEHIND_US ||
				     spool_unread_bytes(f->spool) > BEHIND_BYTES);
}

static bool
is_due(const struct feed *f)
{
	int64_t since_us = time_now_us() - f->since_us;
	if (f->pending >= f->options.commit_lines)
		return true;
	return (f->pending || f->held) && since_us >= f->options.commit_us &&
	       (since_us >= BEHIND_COMMIT_US || !is_behind(f));
}

/* Without new lines since the last time nothing completes a mail soon. */
static bool
commit(struct feed *f, bool last, struct error *err)
{
	bool wanted = writer_is_wanted(f->writer);
	bool all = last || wanted || f->pending == 0;
	int64_t began_us = time_now_us();
	uint64_t position = safe_position(f);
	const struct writer_source source = {.identity = spool_identity(f->spool),
		.position = position,
		.lines = f->pending,
		.last_us = f->received_us};
	if (last)
		trace_finish(f->trace);
	else if (all || !is_behind(f))
		trace_hand_over(f->trace, all ? 0 : AGE_US);
	if (!writer_commit(f->writer, &source, &f->options.name, 1, err))
		return false;
	add_mark(f);
	f->pending = 0;
	f->held = !all;
	f->since_us = began_us;
	publish(f, began_us);
	if (wanted)
		writer_close(&f->writer);
	return spool_trim(f->spool, position, err);
}

/* A damaged place is told, and passed over. */
static enum spool_result
next_record(struct feed *f, struct spool_record *record)
{
	enum spool_result result;
	while ((result = spool_reader_next(f->reader, record)) == SPOOL_DAMAGED)
		f->options.say(f->options.context, spool_reader_error(f->reader));
	return result;
}

/* Records there are, up to the next commit. SPOOL_RECORD when there may be more. */
static enum spool_result
take_some(struct feed *f)
{
	struct spool_record record;
	while (!is_due(f) && !writer_failed(f->writer))
		for (size_t k = 0; k < LOOK_LINES; k++) {
			enum spool_result result = next_record(f, &record);
			if (result != SPOOL_RECORD)
				return result;
			if (f->pending == 0 && !f->held)
				f->since_us = time_now_us();
			take(f, &record);
		}
	return SPOOL_RECORD;
}

/* ---- the loop ---- */

/* Until there is more to read, or a commit is due. */
static void
wait_for_more(struct feed *f)
{
	int64_t wait_us = WAIT_US;
	if (f->pending || f->held) {
		int64_t due_us = f->since_us + f->options.commit_us - time_now_us();
		wait_us = due_us < 0 ? 0 : due_us < wait_us ? due_us : wait_us;
	}
	spool_reader_wait(f->reader, wait_us / 1000 + 1);
}

/* After trouble; a stop is seen all the same. */
static void
wait_to_retry(const struct feed *f, const atomic_bool *stop)
{
	const struct timespec step = {.tv_nsec = 100000000};
	for (int64_t end_us = time_now_us() + f->retry_us;
		time_now_us() < end_us && !atomic_load(stop);)
		nanosleep(&step, NULL);
}

static void
trouble(struct feed *f, const struct error *err)
{
	struct buf text = {0};
	f->counters.failures++;
	f->retry_us = f->retry_us ? f->retry_us * 2 : RETRY_FIRST_US;
	if (f->retry_us > RETRY_MOST_US)
		f->retry_us = RETRY_MOST_US;
	buf_addf(&text, "%s; what comes in is kept in the spool, next try in %" PRId64 " ms",
		err->text, f->retry_us / 1000);
	f->options.say(f->options.context, buf_str(&text));
	buf_fini(&text);
	close_all(f);
}

/* Another writer waits, and there is nothing to write here: it may have the database for as long as
 * that lasts. */
static void
give_way(struct feed *f)
{
	if (!f->pending && !f->held && writer_is_wanted(f->writer))
		writer_close(&f->writer);
}

/* Has it given way, and nothing has come since? Then the database is left to the others. */
static bool
has_nothing_to_write(struct feed *f)
{
	return f->reader && !f->writer && !f->pending && !f->held &&
	       !spool_reader_wait(f->reader, WAIT_US / 1000);
}

/* One round: what there is, and a commit when it is due. */
static bool
work(struct feed *f, bool last, bool *more, struct error *err)
{
	bool busy = false;
	*more = false;
	if (!last && has_nothing_to_write(f))
		return true;
	if (!open_all(f, &busy, err)) {
		*more = true;
		return busy && !last;
	}
	enum spool_result result = take_some(f);
	if (result == SPOOL_FAILED)
		return error_set(err, "%s", spool_reader_error(f->reader));
	*more = result == SPOOL_RECORD;
	bool rest = last && !*more; /* sessions that are open end here, for all we know */
	if ((is_due(f) || rest || writer_failed(f->writer)) && !commit(f, rest, err))
		return false;
	hosts_tick(f->options.hosts, *more ? f->received_us : time_now_us(), rest);
	f->retry_us = 0;
	if (!*more && !last) {
		wait_for_more(f);
		give_way(f);
	}
	return true;
}

/* The last rounds are those that begin after the stop: they find all that was spooled. */
void
feed_run(struct feed *f, const atomic_bool *stop)
{
	struct error err;
	bool last, more = true;
	do {
		last = atomic_load(stop);
		if (work(f, last, &more, &err))
			continue;
		trouble(f, &err);
		if (last)
			break; /* the spool has it */
		more = true;
		wait_to_retry(f, stop);
	} while (!last || more);
	close_all(f);
}

struct feed *
feed_new(const struct feed_options *options, struct spool *spool)
{
	struct feed *f = memory_zero(1, sizeof(*f));
	f->options = *options;
	if (!f->options.commit_us)
		f->options.commit_us = COMMIT_US;
	if (!f->options.commit_lines)
		f->options.commit_lines = COMMIT_LINES;
	f->spool = spool;
	return f;
}

void
feed_free(struct feed **feed)
{
	if (!*feed)
		return;
	close_all(*feed);
	buf_fini(&(*feed)->raw);
	buf_fini(&(*feed)->conninfo);
	free(*feed);
	*feed = NULL;
}

const struct feed_counters *
feed_counters(const struct feed *f)
{
	return &f->counters;
}
