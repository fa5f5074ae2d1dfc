#include "input/reader.h"

#include "base/memory.h"
#include "wire/syslog.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINE_CAP_BYTES = 64 * 1024,
	MSGTRK_CAP_FACTOR = 16, /* a row lists all recipients */
};

const char *
reader_name(const struct input_reader *r)
{
	return strcmp(r->source.path, "-") == 0 ? "standard input" : r->source.path;
}

void
reader_park(struct input_reader *r)
{
	stream_close(&r->stream);
	free(r->buffer);
	r->buffer = NULL;
	r->unread = slice_of(NULL, 0);
}

static void
end(struct input_reader *r)
{
	r->ended = true;
	r->done_bytes = r->size_bytes;
	r->garbage = r->stream && stream_has_garbage(r->stream);
	reader_park(r);
	framing_fini(&r->framing);
	csv_joiner_fini(&r->joiner);
	if (r->fd >= 0 && strcmp(r->source.path, "-") != 0)
		close(r->fd);
	r->fd = -1;
}

void
reader_close(struct input_reader **r)
{
	if (!*r)
		return;
	end(*r);
	free(*r);
	*r = NULL;
}

static enum reader_result
broken(struct input_reader *r)
{
	error_prefix(&r->source.error, "%s, line %llu", reader_name(r),
		(unsigned long long)r->line_number + 1);
	end(r);
	return READER_BROKEN;
}

static ptrdiff_t
refill(struct input_reader *r)
{
	ptrdiff_t got = stream_read(r->stream, r->buffer, READER_BUFFER_BYTES, &r->source.error);
	r->unread = slice_of(r->buffer, got > 0 ? (size_t)got : 0);
	r->done_bytes = stream_file_bytes(r->stream);
	return got;
}

/* To the beginning, or to where the last reading stopped. */
static bool
start(struct input_reader *r)
{
	struct stat st;
	if (r->regular && lseek(r->fd, 0, SEEK_SET) == 0)
		r->stream = stream_open(r->fd);
	if (!r->buffer)
		r->buffer = memory_new(READER_BUFFER_BYTES);
	if (r->start_offset == 0)
		return r->unread.n > 0 || refill(r) >= 0;
	r->shrunk = stream_kind(r->stream) == STREAM_PLAIN && fstat(r->fd, &st) == 0 &&
		    (uint64_t)st.st_size < r->start_offset;
	if (r->start_us)
		syslog_clock_continue(&r->clock, r->start_us);
	return stream_skip(r->stream, r->start_offset, &r->source.error);
}

static bool
activate(struct input_reader *r)
{
	size_t cap = r->options->line_cap_bytes ? r->options->line_cap_bytes : LINE_CAP_BYTES;
	if (r->source.format == INPUT_MSGTRK)
		cap *= MSGTRK_CAP_FACTOR;
	r->active = true;
	framing_init(&r->framing, cap, false);
	csv_joiner_init(&r->joiner, cap);
	if (!start(r))
		return false;
	if (r->start_offset == 0 && slice_starts(r->unread, S("\xef\xbb\xbf"))) {
		r->unread = slice_skip(r->unread, 3);
		r->start_offset = 3;
	}
	r->line_offset = r->start_offset;
	return true;
}

/* The next physical line, the last one also without LF. */
static enum reader_result
next_frame(struct input_reader *r, struct slice *frame)
{
	uint64_t cut = r->framing.cut_frames;
	while (!framing_next(&r->framing, &r->unread, frame)) {
		ptrdiff_t got = refill(r);
		if (got < 0)
			return READER_BROKEN;
		if (got == 0 && !framing_end(&r->framing, frame))
			return READER_END;
		if (got == 0)
			break;
	}
	r->line_number++;
	if (cut == 0 && r->framing.cut_frames > 0)
		r->first_cut_line = r->line_number;
	return READER_LINE;
}

static bool
take_syslog(struct input_reader *r, struct slice frame)
{
	r->line_offset = r->start_offset + r->framing.consumed_bytes;
	return syslog_read(frame, &r->clock, &r->line) != SYSLOG_EMPTY;
}

/* The next record of a tracking log, from one physical line or more. */
static enum reader_result
next_record(struct input_reader *r, struct slice *record)
{
	struct slice frame;
	bool complete = csv_joiner_more(&r->joiner, record);
	while (!complete) {
		enum reader_result result = next_frame(r, &frame);
		if (result == READER_BROKEN)
			return result;
		if (result == READER_END && !csv_joiner_end(&r->joiner, record))
			return result;
		complete = result == READER_END || csv_joiner_push(&r->joiner, frame, record);
	}
	/* Within the lines of a record given up there is no place to resume at. */
	if (!r->joiner.pending.p)
		r->line_offset = r->start_offset + r->framing.consumed_bytes;
	return READER_LINE;
}

static bool
take_record(struct input_reader *r, struct slice record)
{
	if (msgtrk_look(record, &r->columns) != MSGTRK_ROW)
		return false;
	if (r->columns.field_count == 0)
		r->guessed_columns = msgtrk_guess_columns(record, &r->columns);
	msgtrk_read(record, &r->columns, &r->line);
	return true;
}

/* A single stamp far in the future must not hold up the merge: it stays with the line before. */
static bool
is_astray(const struct input_reader *r)
{
	return r->line.t_us > r->clock.reference_us + TIME_DAY_US &&
	       r->line.t_us - TIME_DAY_US > r->key_us && r->key_us != INT64_MIN;
}

static void
place(struct input_reader *r)
{
	if (r->line.t_us && !is_astray(r))
		r->key_us = r->line.t_us;
	r->dated_lines += r->line.t_us != 0;
	r->undated_lines += r->line.t_us == 0;
	if (r->host.n)
		r->line.host = r->host;
}

enum reader_result
reader_advance(struct input_reader *r)
{
	struct slice text;
	enum reader_result result;
	bool msgtrk = r->source.format == INPUT_MSGTRK;
	if (!r->active && !activate(r))
		return broken(r);
	do {
		result = msgtrk ? next_record(r, &text) : next_frame(r, &text);
		if (result == READER_END)
			end(r);
		if (result == READER_BROKEN)
			broken(r);
		if (result != READER_LINE)
			return result;
	} while (!(msgtrk ? take_record(r, text) : take_syslog(r, text)));
	place(r);
	return READER_LINE;
}
