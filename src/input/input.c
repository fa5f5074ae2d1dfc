#include "input/input.h"

#include "base/memory.h"
#include "input/reader.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/resource.h>

struct input {
	struct input_options options;
	struct input_reader **readers; /* as given */
	size_t n;
	struct input_reader **heap; /* those not read to the end, the next line's on top */
	size_t heap_n;
	bool started;
	bool returned; /* the top's line was handed out */
};

/* One descriptor a file; the usual soft limit of 1024 is far below the hard one. */
static void
raise_file_limit(size_t n)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= n + 64)
		return;
	limit.rlim_cur = limit.rlim_max < n + 64 ? limit.rlim_max : n + 64;
	setrlimit(RLIMIT_NOFILE, &limit);
}

struct input *
input_open(
	const struct input_options *options, const char *const *paths, size_t n, struct error *err)
{
	struct input *in = memory_zero(1, sizeof(*in));
	in->options = *options;
	in->readers = memory_zero(n + 1, sizeof(struct input_reader *));
	in->heap = memory_zero(n + 1, sizeof(struct input_reader *));
	raise_file_limit(n);
	for (; in->n < n; in->n++) {
		in->readers[in->n] = reader_open(&in->options, paths[in->n], err);
		if (!in->readers[in->n]) {
			input_close(&in);
			return NULL;
		}
	}
	return in;
}

void
input_close(struct input **in)
{
	if (!*in)
		return;
	for (size_t i = 0; i < (*in)->n; i++)
		reader_close(&(*in)->readers[i]);
	free((*in)->readers);
	free((*in)->heap);
	free(*in);
	*in = NULL;
}

size_t
input_source_count(const struct input *in)
{
	return in->n;
}

struct input_source *
input_source_at(const struct input *in, size_t i)
{
	return &in->readers[i]->source;
}

void
input_resume(struct input *in, struct input_source *source, uint64_t offset, int64_t last_us)
{
	struct input_reader *r = source->reader;
	assert(!in->started && (r->regular || offset == INPUT_SKIP_ALL));
	r->start_offset = offset;
	r->start_us = last_us;
	r->done_bytes = offset == INPUT_SKIP_ALL ? r->size_bytes : 0;
	r->key_us = last_us && offset ? last_us : INT64_MIN;
	source->offset = offset == INPUT_SKIP_ALL ? 0 : offset;
	source->last_us = last_us;
}

bool
input_has_head(const struct input_source *source, uint64_t bytes, uint64_t hash)
{
	return bytes <= source->head_bytes &&
	       slice_hash(slice_of(source->reader->head, bytes), 0) == hash;
}

static bool
before(const struct input_reader *a, const struct input_reader *b)
{
	if (a->key_us != b->key_us)
		return a->key_us < b->key_us;
	if (a->first_us != b->first_us)
		return a->first_us < b->first_us;
	return a->index < b->index;
}

static void
sift_down(struct input *in, size_t at)
{
	struct input_reader *moved = in->heap[at];
	for (size_t child; (child = 2 * at + 1) < in->heap_n; at = child) {
		if (child + 1 < in->heap_n && before(in->heap[child + 1], in->heap[child]))
			child++;
		if (!before(in->heap[child], moved))
			break;
		in->heap[at] = in->heap[child];
	}
	in->heap[at] = moved;
}

static void
start(struct input *in)
{
	in->started = true;
	for (size_t i = 0; i < in->n; i++) {
		in->readers[i]->index = i;
		if (in->readers[i]->start_offset != INPUT_SKIP_ALL)
			in->heap[in->heap_n++] = in->readers[i];
	}
	for (size_t i = in->heap_n; i-- > 0;)
		sift_down(in, i);
}

/* The line of the top was used: its reader goes on, and finds its new place or leaves the heap. */
static enum reader_result
advance_top(struct input *in)
{
	enum reader_result result = reader_advance(in->heap[0]);
	if (result != READER_LINE)
		in->heap[0] = in->heap[--in->heap_n];
	if (in->heap_n > 0)
		sift_down(in, 0);
	return result;
}

static void
publish(struct input_reader *r)
{
	r->source.offset = r->line_offset;
	r->source.line_number = r->line_number;
	r->source.lines++;
	if (r->line.t_us)
		r->source.last_us = r->line.t_us;
}

enum input_result
input_next(struct input *in, struct line *line, struct input_source **source)
{
	if (!in->started)
		start(in);
	/* A reader that has no line yet stands where its first one is expected. */
	while (in->heap_n > 0 && (in->returned || !in->heap[0]->active)) {
		struct input_reader *top = in->heap[0];
		in->returned = false;
		*source = &top->source;
		if (advance_top(in) == READER_BROKEN)
			return INPUT_BROKEN;
	}
	if (in->heap_n == 0)
		return INPUT_END;
	in->returned = true;
	*source = &in->heap[0]->source;
	*line = in->heap[0]->line;
	publish(in->heap[0]);
	return INPUT_LINE;
}

void
input_progress(const struct input *in, uint64_t *done_bytes, uint64_t *total_bytes)
{
	bool known = true;
	*done_bytes = *total_bytes = 0;
	for (size_t i = 0; i < in->n; i++) {
		const struct input_reader *r = in->readers[i];
		known = known && r->regular;
		*total_bytes += r->size_bytes;
		*done_bytes +=
			r->regular && r->done_bytes > r->size_bytes ? r->size_bytes : r->done_bytes;
	}
	if (!known)
		*total_bytes = 0;
}

void
input_add_warnings(const struct input_source *source, struct buf *out)
{
	const struct input_reader *r = source->reader;
	const char *name = reader_name(r);
	if (r->empty)
		buf_addf(out, "%s: nothing in it\n", name);
	if (r->shrunk)
		buf_addf(out, "%s: shorter than it was: nothing is read behind byte %llu\n", name,
			(unsigned long long)r->start_offset);
	if (r->framing.cut_frames > 0)
		buf_addf(out,
			"%s: %llu lines are longer than %zu bytes and were cut (first: line "
			"%llu)\n",
			name, (unsigned long long)r->framing.cut_frames, r->framing.cap_bytes,
			(unsigned long long)r->first_cut_line);
	if (r->ended && r->undated_lines > 0 && r->dated_lines == 0)
		buf_addf(out, "%s: no line has a time stamp: is it a mail log?\n", name);
	if (r->guessed_columns)
		buf_addf(out, "%s: no #Fields line: columns told by their number\n", name);
	if (r->joiner.unclosed > 0)
		buf_addf(out, "%s: quotes not closed in %llu rows\n", name,
			(unsigned long long)r->joiner.unclosed);
	if (r->garbage)
		buf_addf(out, "%s: bytes after the compressed data were left out\n", name);
}
