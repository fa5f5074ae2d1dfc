#include "elsectl/import_files.h"

#include "base/memory.h"
#include "base/time.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long an SMTP session or a mail in one lasts at most, as a rule: after an interruption what is
 * younger is read again as a whole. */
#define CUT_EVERY_US (30 * TIME_MINUTE_US)

/* A log that has grown is read again from so far before its old end: minutes of a busy server, days
 * of a small one. */
#define REWIND_BYTES (UINT64_C(16) << 20)

/* ---- opening ---- */

static bool
same_file(const char *a, const char *b)
{
	struct stat x, y;
	if (strcmp(a, b) == 0)
		return true;
	return strcmp(a, "-") != 0 && strcmp(b, "-") != 0 && stat(a, &x) == 0 && stat(b, &y) == 0 &&
	       x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static size_t
drop_same(const char **paths, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		bool seen = false;
		for (size_t k = 0; k < kept && !seen; k++)
			seen = same_file(paths[k], paths[i]);
		if (!seen)
			paths[kept++] = paths[i];
	}
	return kept;
}

/* gzip, xz, zstd: as src/input/stream.c tells them. A log never begins so. */
static bool
is_packed(const char *head, ptrdiff_t n)
{
	struct slice s = slice_of(head, n > 0 ? (size_t)n : 0);
	return slice_starts(s, S("\x1f\x8b")) ||
	       slice_starts(s, S("\xfd"
				 "7zXZ")) ||
	       slice_starts(s, S("\x28\xb5\x2f\xfd"));
}

static void
look_at(struct import_files *files, struct import_source *s)
{
	struct stat st;
	char head[6];
	struct error ignored;
	int fd = strcmp(s->source->path, "-") == 0
			 ? -1
			 : open(s->source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		s->size_bytes = (uint64_t)st.st_size;
		s->plain = !is_packed(head, read(fd, head, sizeof(head)));
		if (!s->plain)
			s->probe = input_open(&files->options, &s->source->path, 1, &ignored);
	}
	close(fd);
}

/* Two files are copies when they begin alike, as far as the shorter beginning goes. */
static bool
is_copy(const struct input_source *a, const struct input_source *b)
{
	if (a->identity == 0 || a->identity != b->identity)
		return false;
	return a->head_bytes >= b->head_bytes ? input_has_head(a, b->head_bytes, b->head_hash)
					      : input_has_head(b, a->head_bytes, a->head_hash);
}

static int
compare_sources(const void *a, const void *b)
{
	const struct import_source *x = a, *y = b;
	return (x->source > y->source) - (x->source < y->source);
}

static struct import_round *
open_round(struct import_files *files, const char *const *paths, size_t n, struct error *err)
{
	struct input *in = input_open(&files->options, paths, n, err);
	if (!in)
		return NULL;
	struct import_round *round = memory_zero(1, sizeof(*round));
	round->in = in;
	round->n = n;
	round->sources = memory_zero(n, sizeof(*round->sources));
	for (size_t i = 0; i < n; i++) {
		round->sources[i].source = input_source_at(in, i);
		look_at(files, &round->sources[i]);
	}
	qsort(round->sources, n, sizeof(*round->sources), compare_sources);
	return round;
}

/* Takes copies out of the round; their paths come to the front of `paths`. */
static size_t
put_off_copies(struct import_round *round, const char **paths)
{
	size_t copies = 0;
	for (size_t i = 1; i < round->n; i++) {
		struct import_source *s = &round->sources[i];
		for (size_t k = 0; k < i && !s->put_off; k++)
			s->put_off = !round->sources[k].put_off &&
				     is_copy(round->sources[k].source, s->source);
		if (!s->put_off)
			continue;
		input_resume(round->in, s->source, INPUT_SKIP_ALL, 0);
		paths[copies++] = s->source->path;
	}
	return copies;
}

/* The latest round's source that this is a copy of. */
static struct import_source *
find_before(const struct import_files *files, const struct input_source *source)
{
	struct import_source *found = NULL;
	for (struct import_round *round = files->rounds; round; round = round->next)
		for (size_t i = 0; i < round->n; i++)
			if (!round->sources[i].put_off && is_copy(round->sources[i].source, source))
				found = &round->sources[i];
	return found;
}

bool
import_files_open(struct import_files *files, const char **paths, size_t n, struct error *err)
{
	struct import_round **tail = &files->rounds;
	size_t given = n;
	n = drop_same(paths, n);
	files->n_same = given - n;
	files->cut_us[0] = files->cut_us[1] = INT64_MIN;
	while (n > 0) {
		struct import_round *round = open_round(files, paths, n, err);
		if (!round)
			return false;
		n = put_off_copies(round, paths);
		for (size_t i = 0; i < round->n; i++)
			round->sources[i].before = find_before(files, round->sources[i].source);
		*tail = round;
		tail = &round->next;
	}
	return true;
}

static void
close_probes(struct import_round *round)
{
	for (size_t i = 0; i < round->n; i++)
		input_close(&round->sources[i].probe);
}

void
import_files_close(struct import_files *files)
{
	while (files->rounds) {
		struct import_round *round = files->rounds;
		files->rounds = round->next;
		close_probes(round);
		input_close(&round->in);
		free(round->sources);
		free(round);
	}
}

/* ---- where to begin ---- */

/* Is there a line behind the stored position? */
static bool
has_grown(struct import_source *s)
{
	struct line line;
	struct input_source *source;
	if (!s->probe)
		return !s->plain || s->size_bytes > s->stored.position;
	input_resume(s->probe, input_source_at(s->probe, 0), s->stored.position, s->stored.last_us);
	return input_next(s->probe, &line, &source) != INPUT_END;
}

static void
resume_at(struct import_round *round, struct import_source *s)
{
	uint64_t position = s->stored.position;
	if (!has_grown(s)) {
		s->skipped = true;
		input_resume(round->in, s->source, INPUT_SKIP_ALL, 0);
	} else if (s->source->format == INPUT_SYSLOG) {
		s->drop_first = position > REWIND_BYTES;
		input_resume(round->in, s->source, s->drop_first ? position - REWIND_BYTES : 0, 0);
	} else {
		input_resume(round->in, s->source, position, s->stored.last_us);
	}
}

static bool
find_stored(struct import_source *s, struct writer *writer, struct error *err)
{
	s->stored.identity = s->source->identity;
	err->text[0] = '\0';
	bool found = writer_find_source(writer, &s->stored, err);
	if (!found || !input_has_head(s->source, s->stored.head_bytes, s->stored.head_hash))
		s->stored.position = 0;
	return found || !err->text[0];
}

bool
import_files_resume(struct import_files *files, struct writer *writer, struct error *err)
{
	struct import_round *round = files->rounds;
	for (size_t i = 0; i < round->n; i++) {
		struct import_source *s = &round->sources[i];
		if (s->put_off || s->source->identity == 0)
			continue;
		if (!find_stored(s, writer, err))
			return false;
		if (s->stored.position)
			resume_at(round, s);
	}
	close_probes(round);
	return true;
}

void
import_round_resume(struct import_round *round)
{
	for (size_t i = 0; i < round->n; i++) {
		struct import_source *s = &round->sources[i];
		if (s->put_off || !s->before)
			continue;
		s->stored.identity = s->source->identity;
		s->stored.position =
			s->before->skipped ? s->before->stored.position : s->before->source->offset;
		s->skipped = s->plain && s->stored.position >= s->size_bytes;
		input_resume(round->in, s->source, s->skipped ? INPUT_SKIP_ALL : s->stored.position,
			s->before->source->last_us);
	}
}

/* ---- while reading ---- */

static int
compare_to_source(const void *key, const void *element)
{
	const struct input_source *source = key,
				  *other = ((const struct import_source *)element)->source;
	return (source > other) - (source < other);
}

struct import_source *
import_round_source(struct import_round *round, const struct input_source *source)
{
	if (!round->last || round->last->source != source)
		round->last = bsearch(source, round->sources, round->n, sizeof(*round->sources),
			compare_to_source);
	return round->last;
}

bool
import_source_is_new(const struct import_source *s)
{
	return s->source->offset > s->stored.position || s->source->identity == 0;
}

struct import_source *
import_round_line(struct import_round *round, const struct input_source *source)
{
	struct import_source *s = import_round_source(round, source);
	if (s->drop_first) {
		s->drop_first = false;
		return NULL;
	}
	s->new_lines += import_source_is_new(s);
	return s;
}

void
import_files_cut(struct import_files *files, int64_t max_us)
{
	struct import_round *round = files->rounds;
	if (files->cut_us[1] != INT64_MIN && max_us - files->cut_us[1] < CUT_EVERY_US)
		return;
	files->cut_us[0] = files->cut_us[1];
	files->cut_us[1] = max_us;
	for (size_t i = 0; i < round->n; i++) {
		struct import_source *s = &round->sources[i];
		s->cuts[0] = s->cuts[1];
		s->cuts[1] =
			(struct import_place){s->source->offset, s->new_lines, s->source->last_us};
	}
}

void
import_source_break(struct import_source *s)
{
	s->broken = true;
	s->broken_at = s->cuts[0];
}

/* ---- the end ---- */

size_t
import_files_stored(const struct import_files *files, bool interrupted,
	struct writer_source **sources, const char ***paths)
{
	size_t n = 0, cap_sources = 0, cap_paths = 0;
	*sources = NULL;
	*paths = NULL;
	for (struct import_round *round = files->rounds; round; round = round->next)
		for (size_t i = 0; i < round->n; i++) {
			const struct import_source *s = &round->sources[i];
			const struct input_source *in = s->source;
			struct import_place place = {in->offset, s->new_lines, in->last_us};
			if (interrupted)
				place = s->cuts[0];
			else if (s->broken)
				place = s->broken_at;
			if (in->identity == 0 || place.offset <= s->stored.position)
				continue;
			MEMORY_ROOM(sources, n, &cap_sources);
			MEMORY_ROOM(paths, n, &cap_paths);
			(*paths)[n] = in->path;
			(*sources)[n++] = (struct writer_source){.identity = in->identity,
				.position = place.offset,
				.lines = place.lines,
				.head_bytes = in->head_bytes,
				.head_hash = in->head_hash,
				.last_us = place.last_us};
		}
	return n;
}

size_t
import_files_count(const struct import_files *files, size_t *skipped)
{
	size_t n = files->rounds ? files->rounds->n : 0;
	*skipped = 0;
	for (size_t i = 0; i < n; i++)
		*skipped += files->rounds->sources[i].skipped;
	return n;
}
