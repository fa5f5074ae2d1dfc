/* One source: file -> bytes -> lines, with its clock. Private to src/input. */
#ifndef ELSE_INPUT_READER_H
#define ELSE_INPUT_READER_H

#include "input/input.h"
#include "input/stream.h"
#include "wire/csv.h"
#include "wire/framing.h"
#include "wire/msgtrk.h"
#include "wire/syslog_clock.h"

enum {
	READER_BUFFER_BYTES = 256 * 1024,
	READER_HEAD_BYTES = 64 * 1024, /* looked at before the first line */
	READER_HASH_BYTES = 4096,      /* of head_hash */
};

struct input_reader {
	struct input_source source;
	const struct input_options *options;
	struct slice host; /* of the options */
	size_t index;	   /* in the list given */
	int fd;
	bool regular; /* can be read from the start again */
	uint64_t size_bytes;
	uint64_t done_bytes;

	/* While it is read. The buffer of a pipe holds the head until then. */
	bool active;
	bool ended;
	struct stream *stream;
	char *buffer;
	struct slice unread;
	struct framing framing;
	struct csv_joiner joiner;
	struct msgtrk_columns columns;
	struct syslog_clock clock;
	uint64_t start_offset; /* where reading begins */
	int64_t start_us;      /* time of the line before it; 0 = unknown */
	char head[READER_HASH_BYTES];

	/* The line at hand. */
	struct line line;
	int64_t key_us;	  /* its place in the merge; before the first line a guess that is not later
			   */
	int64_t first_us; /* first dated line of the file */
	uint64_t line_offset;
	uint64_t line_number;

	/* For the warnings. */
	uint64_t dated_lines;
	uint64_t undated_lines;
	uint64_t first_cut_line;
	bool empty;
	bool shrunk;
	bool guessed_columns;
	bool garbage;
};

enum reader_result {
	READER_LINE,
	READER_END,
	READER_BROKEN,
};

/* Opens the file and looks at its beginning (reader_probe.c). NULL and `err` when it is no log. */
struct input_reader *reader_open(
	const struct input_options *options, const char *path, struct error *err);
void reader_close(struct input_reader **r);

/* Goes on to the next line, which is then in r->line and stays until the next call. */
enum reader_result reader_advance(struct input_reader *r);

/* The path for messages. */
const char *reader_name(const struct input_reader *r);

/* Gives back what takes memory. */
void reader_park(struct input_reader *r);

#endif
