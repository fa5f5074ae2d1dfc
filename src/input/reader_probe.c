/* Opening a source: what it is, whether it is a log, its identity, and where its clock begins. */
#include "input/reader.h"

#include "base/memory.h"
#include "wire/syslog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SAMPLES = 64,
	SAMPLE_BYTES = 16 * 1024,
};

static bool
refuse(const struct input_reader *r, struct error *err, const char *why)
{
	return error_set(err, "%s: %s", reader_name(r), why);
}

static bool
open_file(struct input_reader *r, struct stat *st, struct error *err)
{
	bool standard_input = strcmp(r->source.path, "-") == 0;
	r->fd = standard_input ? STDIN_FILENO
			       : open(r->source.path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (r->fd < 0 && (errno == EMFILE || errno == ENFILE))
		return refuse(r, err,
			"too many files at once: raise the limit (ulimit -n) or give fewer");
	if (r->fd < 0 || fstat(r->fd, st) < 0)
		return refuse(r, err, strerror(errno));
	if (S_ISDIR(st->st_mode))
		return refuse(r, err, "it is a folder: name the files in it");
	r->regular = !standard_input && S_ISREG(st->st_mode);
	if (r->regular)
		r->size_bytes = (uint64_t)st->st_size;
	return true;
}

/* The first bytes, as many as there are. A pipe is not waited for longer than for its first line.
 * Errors come again when the file is read. */
static struct slice
read_head(struct input_reader *r)
{
	struct error ignored;
	size_t n = 0;
	ptrdiff_t got = 1;
	r->buffer = memory_new(READER_BUFFER_BYTES);
	r->stream = stream_open(r->fd);
	while (n < READER_HEAD_BYTES && got > 0) {
		got = stream_read(r->stream, r->buffer + n, READER_HEAD_BYTES - n, &ignored);
		n += got > 0 ? (size_t)got : 0;
		if (!r->regular && slice_find_char(slice_of(r->buffer, n), '\n') >= 0)
			break;
	}
	return slice_of(r->buffer, n);
}

static void
init_clock(struct input_reader *r, const struct stat *st)
{
	int64_t reference_us = r->options->reference_us;
	if (reference_us == 0)
		reference_us = stream_gzip_time_us(r->stream);
	if (reference_us == 0 && r->regular)
		reference_us = st->st_mtim.tv_sec * TIME_SECOND_US;
	if (reference_us == 0)
		reference_us = time_now_us();
	syslog_clock_init(&r->clock, reference_us);
	if (r->options->zone_fixed)
		syslog_clock_set_fixed_zone(&r->clock, r->options->zone_us);
	else
		syslog_clock_set_local_zone(&r->clock);
}

static void
read_sample(struct syslog_clock *probe, struct slice sample)
{
	struct slice text;
	struct line line;
	while (detect_line(&sample, &text))
		syslog_read(text, probe, &line);
}

/* Pieces of a plain file from start to end: they show how many years it spans. */
static void
read_samples(const struct input_reader *r, struct syslog_clock *probe)
{
	uint64_t step =
		r->size_bytes / SAMPLES > SAMPLE_BYTES ? r->size_bytes / SAMPLES : SAMPLE_BYTES;
	char *buffer = memory_new(SAMPLE_BYTES);
	for (uint64_t at = 0; at < r->size_bytes; at += step) {
		ssize_t got = pread(r->fd, buffer, SAMPLE_BYTES, (off_t)at);
		struct slice sample = slice_of(buffer, got > 0 ? (size_t)got : 0), cut;
		if (at > 0)
			detect_line(&sample, &cut); /* begins somewhere within a line */
		read_sample(probe, sample);
	}
	free(buffer);
}

static void
set_clock(struct input_reader *r, struct slice head)
{
	struct syslog_clock probe;
	syslog_clock_probe_begin(&probe, &r->clock);
	read_sample(&probe, head);
	if (probe.has_last && !probe.proven && r->regular &&
		stream_kind(r->stream) == STREAM_PLAIN && r->size_bytes > head.n) {
		syslog_clock_probe_begin(&probe, &r->clock);
		read_samples(r, &probe);
	}
	syslog_clock_probe_end(&probe, &r->clock);
}

/* The first dated line of the head; `rest` is then what follows it. */
static bool
find_dated(struct input_reader *r, struct slice *rest, struct line *line)
{
	struct syslog_clock clock = r->clock;
	struct slice text;
	if (slice_starts(*rest, S("\xef\xbb\xbf")))
		*rest = slice_skip(*rest, 3);
	while (detect_line(rest, &text)) {
		if (r->source.format == INPUT_SYSLOG &&
			syslog_read(text, &clock, line) == SYSLOG_OK)
			return true;
		if (r->source.format == INPUT_SYSLOG ||
			msgtrk_look(text, &r->columns) != MSGTRK_ROW)
			continue;
		if (r->columns.field_count == 0)
			r->guessed_columns = msgtrk_guess_columns(text, &r->columns);
		if (msgtrk_read(text, &r->columns, line))
			return true;
	}
	return false;
}

static void
identify(struct input_reader *r, struct slice head)
{
	struct slice rest = head;
	struct line line;
	bool dated = find_dated(r, &rest, &line);
	size_t n = dated ? head.n - rest.n : READER_HASH_BYTES;
	n = n < READER_HASH_BYTES ? n : READER_HASH_BYTES;
	r->first_us = r->key_us = dated ? line.t_us : INT64_MIN;
	r->source.head_bytes = head.n < READER_HASH_BYTES ? head.n : READER_HASH_BYTES;
	memcpy(r->head, head.p, r->source.head_bytes);
	r->source.head_hash = slice_hash(slice_of(r->head, r->source.head_bytes), 0);
	if (r->regular && n <= head.n)
		r->source.identity = slice_hash(slice_head(head, n), 0);
}

static bool
probe(struct input_reader *r, const struct stat *st, struct error *err)
{
	struct slice head = read_head(r);
	const char *refusal = detect_refusal(head);
	if (refusal)
		return refuse(r, err, refusal);
	r->source.format = detect_format(head);
	r->empty = head.n == 0;
	init_clock(r, st);
	if (r->source.format == INPUT_SYSLOG)
		set_clock(r, head);
	identify(r, head);
	if (r->regular)
		reader_park(r);
	else
		r->unread = head;
	return true;
}

struct input_reader *
reader_open(const struct input_options *options, const char *path, struct error *err)
{
	struct stat st = {0};
	struct input_reader *r = memory_zero(1, sizeof(*r));
	r->options = options;
	r->host = slice_of_str(options->host);
	r->source.path = path;
	r->source.reader = r;
	if (!open_file(r, &st, err) || !probe(r, &st, err))
		reader_close(&r);
	return r;
}
