/* The log files that are followed: a source of frames beside the sockets. */
#include "intake/intake_part.h"

#include "base/memory.h"

#include <stdlib.h>
#include <sys/stat.h>

void
files_open(struct intake *in, const struct intake_options *options)
{
	in->files = memory_zero(options->file_count, sizeof(struct follow *));
	in->file_count = options->file_count;
	for (size_t i = 0; i < in->file_count; i++) {
		struct buf state = {0};
		uint64_t name = slice_hash(slice_of_str(options->files[i]), 5);
		buf_addf(&state, "%s/follow-%016llx", options->state_folder,
			(unsigned long long)name);
		in->files[i] = follow_new(options->files[i], buf_str(&state), &in->report);
		buf_fini(&state);
	}
}

void
files_close(struct intake *in)
{
	for (size_t i = 0; i < in->file_count; i++)
		follow_free(&in->files[i]);
	free(in->files);
	in->files = NULL;
	in->file_count = 0;
}

static bool
read_file(struct intake *in, struct follow *file)
{
	bool cut;
	const struct source source = {.kind = INTAKE_FILE,
		.rule = peers_anybody(),
		.sender = slice_of_str(follow_path(file))};
	struct slice text = follow_read(file, in->scratch, PART_READ_BYTES, in->now_ms, &cut), line;
	bool any = text.n > 0;
	while (text.p && slice_split(&text, '\n', &line)) {
		bool longer = line.n > in->caps.frame_bytes;
		frames_take_datagram(
			in, &source, slice_head(line, in->caps.frame_bytes), cut || longer);
	}
	return any;
}

bool
files_read(struct intake *in)
{
	bool more = false;
	for (size_t i = 0; i < in->file_count && intake_reads(in); i++)
		more |= read_file(in, in->files[i]);
	return more;
}

void
files_synced(struct intake *in, bool ok)
{
	for (size_t i = 0; i < in->file_count; i++)
		follow_synced(in->files[i], ok, in->now_ms);
}
