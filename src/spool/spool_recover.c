/* What spool_open makes of the files it finds. */
#include "base/memory.h"
#include "base/time.h"
#include "spool/spool_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CUT_NAME_BYTES = 96,
	COPY_BYTES = 1 << 20,
};

struct found {
	uint64_t first; /* by its name */
	uint64_t bytes; /* of the file */
	bool sound;	/* has a head */
	struct segment_head head;
};

struct recovery {
	struct spool *spool;
	struct spool_report *report;
	struct found *files; /* oldest first */
	size_t n, cap;
	uint64_t end; /* good up to here, at least; new positions begin 4 GiB behind it */
};

/* "folder/segment what" */
static bool
fail(struct recovery *r, struct error *err, uint64_t first, const char *what)
{
	char name[SEGMENT_NAME_BYTES];
	segment_name(name, first);
	return error_set(err, "%s/%s %s", r->spool->folder, name, what);
}

/* ---- look ---- */

static int
compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	return x->first < y->first ? -1 : x->first > y->first;
}

static bool
list_files(struct recovery *r, struct error *err)
{
	int fd = openat(r->spool->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		error_set(err, "cannot list the spool folder %s: %s", r->spool->folder,
			strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	const struct dirent *entry;
	while ((entry = readdir(dir))) {
		uint64_t first;
		if (!segment_name_read(entry->d_name, &first))
			continue;
		MEMORY_ROOM(&r->files, r->n, &r->cap);
		r->files[r->n++] = (struct found){.first = first};
	}
	closedir(dir);
	if (r->n)
		qsort(r->files, r->n, sizeof(*r->files), compare_found);
	return true;
}

static bool
look_at(struct recovery *r, struct found *file, struct error *err)
{
	int fd = segment_open(r->spool->folder_fd, file->first, err);
	if (fd < 0)
		return error_prefix(err, "%s", r->spool->folder);
	struct stat st;
	char head[SEGMENT_HEAD_BYTES] = {0};
	bool ok = fstat(fd, &st) == 0 &&
		  (segment_read_at(fd, head, sizeof(head), 0) || errno == 0); /* 0: it is short */
	if (!ok)
		error_set(err, "cannot read the spool folder %s: %s", r->spool->folder,
			strerror(errno));
	close(fd);
	if (!ok)
		return false;
	file->bytes = (uint64_t)st.st_size;
	file->sound = segment_head_read(slice_of(head, sizeof(head)), &file->head);
	return true;
}

static bool
look_at_all(struct recovery *r, struct error *err)
{
	for (size_t i = 0; i < r->n; i++)
		if (!look_at(r, &r->files[i], err))
			return false;
	return true;
}

/* ---- check ---- */

static bool
check_head(struct recovery *r, const struct found *file, struct error *err)
{
	if (!file->sound)
		return fail(r, err, file->first,
			"has a damaged head: put back a good copy, or, to go on without its lines, "
			"move it and all older segments out of the folder");
	if (file->head.version != SEGMENT_VERSION)
		return fail(r, err, file->first,
			"was written by another version of ELSE: start that one, let it empty the "
			"spool, then change over; or, to go on without its lines, move it and all "
			"older segments out of the folder");
	if (file->head.first != file->first)
		return fail(r, err, file->first,
			"was renamed: give it back the name that its bytes 24 to 31 say");
	if (file->head.identity != r->files[r->n - 1].head.identity)
		return fail(r, err, file->first,
			"belongs to another spool than the newest segment: move it out of the "
			"folder");
	return true;
}

/* Each segment knows the one before it, and how far that one reached. */
static bool
check_link(
	struct recovery *r, const struct found *before, const struct found *file, struct error *err)
{
	if (file->head.previous != before->first)
		return fail(r, err, file->head.previous,
			"is missing: put it back, or, to go on without its lines, move all older "
			"segments out of the folder");
	uint64_t end = file->head.previous_end;
	if (end < before->first || before->bytes < segment_offset(before->first, end))
		return fail(r, err, before->first,
			"is too short: put back the whole file, or, to go on without its lines, "
			"move it and all older segments out of the folder");
	return true;
}

static bool
check_all(struct recovery *r, struct error *err)
{
	for (size_t i = r->n; i-- > 0;)
		if (!check_head(r, &r->files[i], err) ||
			(i + 1 < r->n && !check_link(r, &r->files[i], &r->files[i + 1], err)))
			return false;
	return true;
}

/* ---- cut ---- */

static void
name_cut(const struct recovery *r, uint64_t first, char name[CUT_NAME_BYTES])
{
	struct time_civil t = time_to_civil(time_now_us());
	char old[SEGMENT_NAME_BYTES];
	segment_name(old, first);
	for (int i = 0; i < 1000; i++) {
		int n = snprintf(name, CUT_NAME_BYTES, "%s.cut-%04d%02d%02dT%02d%02d%02dZ", old,
			t.year, t.month, t.day, t.hour, t.minute, t.second);
		if (i > 0)
			snprintf(name + n, CUT_NAME_BYTES - (size_t)n, "-%d", i);
		struct stat st;
		if (fstatat(r->spool->folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			return;
	}
}

/* Offset behind the last byte that is not zero, from `from` on; `from` when all are. */
static bool
find_last_byte(int fd, uint64_t from, uint64_t bytes, uint64_t *last)
{
	char *chunk = memory_new(COPY_BYTES);
	bool ok = true;
	*last = from;
	for (uint64_t at = from; ok && at < bytes; at += COPY_BYTES) {
		size_t n = bytes - at < COPY_BYTES ? (size_t)(bytes - at) : COPY_BYTES;
		ok = segment_read_at(fd, chunk, n, at);
		while (ok && n > 0 && chunk[n - 1] == 0)
			n--;
		if (ok && n > 0)
			*last = at + n;
	}
	free(chunk);
	return ok;
}

static bool
copy_range(int from, int to, uint64_t begin, uint64_t end)
{
	char *chunk = memory_new(COPY_BYTES);
	bool ok = true;
	for (uint64_t at = begin; ok && at < end; at += COPY_BYTES) {
		size_t n = end - at < COPY_BYTES ? (size_t)(end - at) : COPY_BYTES;
		ok = segment_read_at(from, chunk, n, at) &&
		     segment_write_at(to, slice_of(chunk, n), at - begin);
	}
	free(chunk);
	return ok && fsync(to) == 0;
}

/* False, with nothing left behind, when there is no room for a copy. */
static bool
copy_aside(struct recovery *r, int fd, const char *name, uint64_t begin, uint64_t end)
{
	int folder = r->spool->folder_fd;
	int to = openat(folder, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (to < 0)
		return false;
	bool ok = copy_range(fd, to, begin, end) && fsync(folder) == 0;
	if (!ok)
		unlinkat(folder, name, 0);
	close(to);
	return ok;
}

static bool
report_cut(struct recovery *r, uint64_t first, const char *name, bool kept)
{
	char old[SEGMENT_NAME_BYTES];
	segment_name(old, first);
	error_set(&r->report->cut,
		"%s/%s: its last %llu bytes are damaged and will not be read (%llu whole records "
		"among them); %s %s",
		r->spool->folder, old, (unsigned long long)r->report->cut_bytes,
		(unsigned long long)r->report->cut_records,
		kept ? "they are kept in" : "there is no room to keep them in", name);
	return true;
}

/* ---- the newest segment ---- */

/* Its head says nothing: not even one record of it can be read. */
static bool
set_newest_aside(struct recovery *r, struct error *err)
{
	const struct found *file = &r->files[r->n - 1];
	char old[SEGMENT_NAME_BYTES], name[CUT_NAME_BYTES];
	segment_name(old, file->first);
	name_cut(r, file->first, name);
	int folder = r->spool->folder_fd;
	if (renameat(folder, old, folder, name) != 0 || fsync(folder) != 0)
		return error_set(err, "%s/%s has a damaged head and cannot be moved aside: %s",
			r->spool->folder, old, strerror(errno));
	r->report->cut_bytes = file->bytes;
	r->end = file->first;
	r->n--;
	return report_cut(r, file->first, name, true);
}

static bool
count_records(struct segment_reader *in, uint64_t end, uint64_t *records)
{
	struct spool_record record;
	enum segment_result result = SEGMENT_RECORD;
	while (in->at < end && (result = segment_next(in, end, &record)) == SEGMENT_RECORD)
		++*records;
	return result != SEGMENT_FAILED;
}

static bool
count_cut_records(struct segment_reader *in, uint64_t end, uint64_t *records)
{
	while (in->at < end)
		if (!segment_resync(in, end) || !count_records(in, end, records))
			return false;
	return true;
}

/* Cuts the file off behind its last good record, at the offset `begin`. When damaged bytes cannot
 * be copied the file is left: where it ends for the reader stands in the next segment's head. */
static bool
cut_tail(struct recovery *r, struct segment_reader *in, uint64_t begin, uint64_t bytes)
{
	uint64_t last;
	char name[CUT_NAME_BYTES];
	if (!find_last_byte(in->fd, begin, bytes, &last))
		return false;
	bool kept = true;
	if (last > begin) {
		r->report->cut_bytes += last - begin;
		if (!count_cut_records(
			    in, in->first + bytes - SEGMENT_HEAD_BYTES, &r->report->cut_records))
			return false;
		name_cut(r, in->first, name);
		kept = copy_aside(r, in->fd, name, begin, last);
		report_cut(r, in->first, name, kept);
	}
	return !kept || ftruncate(in->fd, (off_t)begin) == 0;
}

/* The records found may still be in the kernel's memory only, from a process that was killed before
 * its fdatasync: so the file is synced before the first of them is handed out. */
static bool
read_newest(struct recovery *r, struct segment_reader *in, struct segment *segment)
{
	const struct found *file = &r->files[r->n - 1];
	uint64_t file_end = file->first + file->bytes - SEGMENT_HEAD_BYTES;
	uint64_t records = 0;
	if (!count_records(in, file_end, &records))
		return false;
	segment->end = in->at;
	r->end = in->at;
	r->spool->end_record = segment->first_record + records;
	uint64_t end_offset = segment_offset(file->first, in->at);
	return (end_offset == file->bytes || cut_tail(r, in, end_offset, file->bytes)) &&
	       fsync(in->fd) == 0;
}

static bool
recover_newest(struct recovery *r, struct segment *segment, struct error *err)
{
	char name[SEGMENT_NAME_BYTES];
	segment_name(name, segment->first);
	struct segment_reader in = {.fd = -1};
	int fd = openat(r->spool->folder_fd, name, O_RDWR | O_CLOEXEC);
	bool ok = fd >= 0;
	if (ok) {
		segment_reader_begin(&in, fd, r->spool->identity, segment->first, segment->first);
		ok = read_newest(r, &in, segment);
	}
	if (!ok)
		error_set(err, "cannot recover the spool segment %s/%s: %s", r->spool->folder, name,
			strerror(errno));
	segment_reader_fini(&in);
	return ok;
}

/* ---- all ---- */

static bool
take_over(struct recovery *r, struct error *err)
{
	struct spool *s = r->spool;
	s->identity = r->files[r->n - 1].head.identity;
	s->segments = memory_zero(r->n, sizeof(*s->segments));
	s->cap = r->n;
	for (; s->n < r->n; s->n++) {
		const struct found *file = &r->files[s->n];
		s->segments[s->n] = (struct segment){
			.first = file->first,
			.first_record = file->head.first_record,
			.end = s->n + 1 < r->n ? file[1].head.previous_end : file->first,
		};
	}
	uint64_t set_aside_end = r->end;
	if (!recover_newest(r, &s->segments[s->n - 1], err))
		return false;
	if (r->end < set_aside_end)
		r->end = set_aside_end;
	for (size_t i = 0; i < s->n; i++)
		s->bytes += segment_offset(s->segments[i].first, s->segments[i].end);
	return true;
}

static bool
recover(struct recovery *r, struct error *err)
{
	if (!list_files(r, err) || !look_at_all(r, err))
		return false;
	bool found = r->n > 0;
	if (found && !r->files[r->n - 1].sound && !set_newest_aside(r, err))
		return false;
	if (!check_all(r, err) || (r->n && !take_over(r, err)))
		return false;
	r->spool->end = found ? spool_position_after(r->end) : 0;
	return r->n > 0 ||
	       getrandom(&r->spool->identity, sizeof(r->spool->identity), 0) ==
		       sizeof(r->spool->identity) ||
	       error_set(err, "cannot get random bytes: %s", strerror(errno));
}

bool
spool_recover(struct spool *s, struct spool_report *report, struct error *err)
{
	struct recovery r = {.spool = s, .report = report};
	bool ok = recover(&r, err);
	report->segments = s->n;
	report->bytes = s->bytes;
	report->records = s->n ? s->end_record - s->segments[0].first_record : 0;
	free(r.files);
	return ok;
}
