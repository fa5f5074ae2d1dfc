/*
 * The files of an import: which are to be read, from where, and how far they are stored in the end.
 *
 * - A file named twice is read once. Two copies of a log (mail.log.1 and mail.log.1.gz) would give
 *   their lines twice: the second is put off to a further round, which reads on where the first
 * ended.
 * - A file that is stored to its end is not opened again. One that has grown is read on from a
 *   little before its end, so that sessions that were open then are seen whole: what is
 *   stored already is recognised by the writer.
 * - After an interruption a place is kept from which everything not yet stored is read again: a cut
 *   through all files at a moment that lies far enough back.
 */
#ifndef ELSE_ELSECTL_IMPORT_FILES_H
#define ELSE_ELSECTL_IMPORT_FILES_H

#include "base/error.h"
#include "input/input.h"
#include "store/writer.h"

struct import_place {
	uint64_t offset, lines;
	int64_t last_us;
};

struct import_source {
	struct input_source *source;
	bool plain;	     /* a regular file that is not compressed, ... */
	uint64_t size_bytes; /* ... of this size when it was opened */
	struct input *probe; /* of a compressed file: has it more than is stored? */
	struct writer_source stored;
	bool skipped; /* complete in the database */
	bool broken;
	bool put_off;		       /* a copy of another one: a source of the next round */
	struct import_source *before;  /* of an earlier round, of which this is a copy */
	bool drop_first;	       /* begins in the middle of a line */
	uint64_t new_lines;	       /* read beyond what was stored */
	struct import_place cuts[2];   /* older, newer */
	struct import_place broken_at; /* the older cut when it broke */
};

struct import_round {
	struct import_round *next;
	struct input *in;
	struct import_source *sources;
	size_t n;
	struct import_source *last; /* of the line before: most lines come from the same file */
};

struct import_files {
	struct input_options options;
	struct import_round *rounds;
	int64_t cut_us[2]; /* newest stamp before the older and the newer cut; INT64_MIN = no cut
			      yet */
	size_t n_same;	   /* files named twice */
};

/* Opens all files. `paths` are borrowed; those that name the same file are thrown out. */
bool import_files_open(struct import_files *files, const char **paths, size_t n, struct error *err);
void import_files_close(struct import_files *files);

/* The file cannot be read on. Its next import begins far enough before the damage. */
void import_source_break(struct import_source *s);

/* Before the first line of the first round: what is stored already is not read again. `err` only
 * with a failing database. */
bool import_files_resume(struct import_files *files, struct writer *writer, struct error *err);

/* Before the first line of a further one: its copies go on where the originals ended. */
void import_round_resume(struct import_round *round);

/* A line of this source is at hand. The source of ours; NULL when the line shall be dropped,
 * because it is the torn one behind a resume point. */
struct import_source *import_round_line(
	struct import_round *round, const struct input_source *source);

/* Whether the line at hand was not read by an earlier import. */
bool import_source_is_new(const struct import_source *s);

/* The source of ours, without a line. */
struct import_source *import_round_source(
	struct import_round *round, const struct input_source *source);

/* Sees to it that there is a cut that is old enough. `max_us` is the newest stamp so far. */
void import_files_cut(struct import_files *files, int64_t max_us);

/* How far each file is stored, for writer_commit: read to its end, or with `interrupted` the older
 * cut. Arrays malloc'ed; the caller frees. Returns their number. */
size_t import_files_stored(const struct import_files *files, bool interrupted,
	struct writer_source **sources, const char ***paths);

/* How many files had been read to their end before, and how many there are. */
size_t import_files_count(const struct import_files *files, size_t *skipped);

#endif
