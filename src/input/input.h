/*
 * Files -> lines: one or many log files, plain or compressed (input/stream.h), syslog or Exchange
 * message tracking logs, are read as one stream of lines in the order of time.
 *
 * Merge. Lines of all files come out ordered by time (k-way merge); the order within a file is
 * never changed; a line without a time goes with the one before it (the first
 * with the first dated one). So the pieces that rotation
 * made of one log may be given in any order. Of equal times the file that begins earlier comes
 * first. A file is held open but takes memory (about half a megabyte, more with xz and zstd) only
 * while its time is at hand.
 *
 * Resume. `offset` of a source counts uncompressed bytes up to the end of the line returned last,
 * so it stays good when the file is compressed by rotation. `identity` finds the file again under
 * another name: the hash of everything up to the end of its first dated line, which a growing file
 * keeps. Since two logs may begin with the same line, keep head_bytes and head_hash as well and ask
 * input_has_head before resuming. A last line without LF is returned, but its bytes are not counted
 * into `offset`: when it has grown to its full length it is read again.
 *
 * Time. Each file has its own clock (wire/syslog_clock.h). Its reference is the time in the gzip
 * header, else the file's modification time, else (pipe) now; before the first line, samples of the
 * whole file (of the first 64 kB when it is compressed) are looked at for evidence of the year. A
 * stamp without zone is in the machine's zone unless the options say otherwise.
 */
#ifndef ELSE_INPUT_INPUT_H
#define ELSE_INPUT_INPUT_H

#include "base/buf.h"
#include "base/error.h"
#include "input/detect.h"
#include "wire/line.h"

struct input;
struct input_reader;

struct input_options {
	const char *host;      /* put into every line in place of its own host; NULL = leave it */
	int64_t reference_us;  /* no line is later than this plus a day; 0 = by file, see above */
	bool zone_fixed;       /* stamps without zone: zone_us ... */
	int64_t zone_us;       /* ... east positive; else the machine's zone (TZ) */
	size_t line_cap_bytes; /* longer lines are cut; 0 = 64 kB (tracking logs: 16 times that) */
};

/* Belongs to the input. Read only; input_next brings those of the returned source up to date. */
struct input_source {
	const char *path; /* as given; "-" for standard input */
	enum input_format format;
	uint64_t identity; /* 0 = cannot be resumed (standard input, no complete dated line yet) */
	uint64_t head_bytes; /* the first bytes of the file, 4096 at most, ... */
	uint64_t head_hash;  /* ... and their hash */
	uint64_t offset; /* of uncompressed bytes, after the last returned line that is complete */
	uint64_t lines;	 /* returned */
	uint64_t line_number; /* of the line returned last, from 1 at the beginning or at the resume
				 point */
	int64_t last_us;      /* time of the dated line returned last; 0 = none */
	struct error error;   /* with INPUT_BROKEN */
	struct input_reader *reader; /* private */
};

enum input_result {
	INPUT_LINE,
	INPUT_END,    /* all sources are read */
	INPUT_BROKEN, /* this source cannot be read on: see source->error (it names file and line).
		       * What came before was returned. Once per source; the others go on */
};

#define INPUT_SKIP_ALL UINT64_MAX

/* Opens every file and looks at its beginning; "-" is standard input. NULL and `err` (file, reason,
 * what to do) when one is missing, unreadable, a folder or no log: so nothing is read before all
 * can be. The paths and options.host are borrowed until input_close. */
struct input *input_open(
	const struct input_options *options, const char *const *paths, size_t n, struct error *err);
void input_close(struct input **in);

size_t input_source_count(const struct input *in);
struct input_source *input_source_at(const struct input *in, size_t i);

/* Before the first input_next: continues this source at `offset`, behind a line of `last_us` (0 =
 * unknown). INPUT_SKIP_ALL leaves it out. A seek for a plain file; a compressed one is decoded and
 * dropped. */
void input_resume(struct input *in, struct input_source *source, uint64_t offset, int64_t last_us);

/* Whether the first `bytes` (<= 4096) of the file hash to `hash`: false when it is another file or
 * was cut. */
bool input_has_head(const struct input_source *source, uint64_t bytes, uint64_t hash);

/* The next line of all. The slices of `line`, and line->columns, live until the next input_next or
 * input_close, whatever source that is about. `*source` is set but for INPUT_END. */
enum input_result input_next(struct input *in, struct line *line, struct input_source **source);

/* Bytes of the files themselves read so far, and to read (0 = not known, a pipe among them). */
void input_progress(const struct input *in, uint64_t *done_bytes, uint64_t *total_bytes);

/* Adds what the reader has to say of the source by now, a sentence and an LF each, with the path in
 * front: nothing in the file, lines cut, no time stamp in it, quotes not closed, bytes after the
 * compressed data, shorter than the offset to resume from. Nothing in the usual case. */
void input_add_warnings(const struct input_source *source, struct buf *out);

#endif
