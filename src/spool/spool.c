#include "base/memory.h"
#include "spool/spool_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const uint64_t segment_default_bytes = (uint64_t)64 << 20;
static const uint64_t segment_max_bytes = (uint64_t)1 << 30;

enum {
	DISK_RESERVE_BYTES = 16 << 20, /* more than one sync of the intake writes */
	SEGMENTS_IN_CAP = 4, /* trim frees whole segments: one of half the cap would stop intake */
};

/* ---- open and close ---- */

static bool
make_folder(const char *folder, struct error *err)
{
	if (mkdir(folder, 0700) != 0)
		return errno == EEXIST || error_set(err, "cannot make the spool folder %s: %s",
						  folder, strerror(errno));
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int above = fd < 0 ? -1 : openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = above >= 0 && fsync(above) == 0;
	if (!ok)
		error_set(err, "cannot sync the spool folder %s: %s", folder, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (above >= 0)
		close(above);
	return ok;
}

static bool
lock_folder(struct spool *s, struct error *err)
{
	s->folder_fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->folder_fd < 0)
		return error_set(
			err, "cannot open the spool folder %s: %s", s->folder, strerror(errno));
	if (flock(s->folder_fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno == EWOULDBLOCK)
		return error_set(err,
			"the spool folder %s is in use by another process: stop it, or give this "
			"one a folder of its own",
			s->folder);
	return error_set(err, "cannot lock the spool folder %s: %s", s->folder, strerror(errno));
}

static uint64_t
choose_segment_bytes(const struct spool_options *options)
{
	uint64_t bytes = options->segment_bytes ? options->segment_bytes : segment_default_bytes;
	uint64_t most = segment_max_bytes;
	if (options->cap_bytes && options->cap_bytes / SEGMENTS_IN_CAP < most)
		most = options->cap_bytes / SEGMENTS_IN_CAP;
	return bytes < most ? bytes : most;
}

static void
init_lock(struct spool *s)
{
	pthread_condattr_t attr;
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->synced, &attr);
	pthread_condattr_destroy(&attr);
}

struct spool *
spool_open(const struct spool_options *options, struct spool_report *report, struct error *err)
{
	struct spool *s = memory_zero(1, sizeof(*s));
	s->folder = slice_dup(slice_of_str(options->folder));
	s->folder_fd = -1;
	s->fd = -1;
	s->segment_bytes = choose_segment_bytes(options);
	s->cap_bytes = options->cap_bytes;
	init_lock(s);
	*report = (struct spool_report){0};
	if (make_folder(s->folder, err) && lock_folder(s, err) && spool_recover(s, report, err)) {
		atomic_store(&s->read_at, s->n ? s->segments[0].first : s->end);
		return s;
	}
	spool_close(&s);
	return NULL;
}

void
spool_close(struct spool **spool)
{
	struct spool *s = *spool;
	*spool = NULL;
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	if (s->folder_fd >= 0)
		close(s->folder_fd);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->synced);
	buf_fini(&s->pending);
	free(s->segments);
	free(s->folder);
	free(s);
}

uint64_t
spool_identity(const struct spool *spool)
{
	return spool->identity;
}

uint64_t
spool_position_after(uint64_t end)
{
	const uint64_t span = UINT32_MAX;
	return ((end + span) | span) + 1;
}

/* ---- write ---- */

void
spool_add(struct spool *s, int64_t received_us, struct slice sender, struct slice frame)
{
	/* Only this thread moves s->end, so it may look without the lock. */
	record_add(&s->pending, s->identity, s->end + s->pending.n, received_us, sender, frame);
	s->pending_records++;
}

static struct segment_head
head_after_newest(struct spool *s)
{
	struct segment_head head = {
		.version = SEGMENT_VERSION,
		.identity = s->identity,
		.first = s->end,
		.previous = s->end,
		.previous_end = s->end,
	};
	pthread_mutex_lock(&s->lock);
	head.first_record = s->end_record;
	if (s->n) {
		head.previous = s->segments[s->n - 1].first;
		head.previous_end = s->segments[s->n - 1].end;
	}
	pthread_mutex_unlock(&s->lock);
	return head;
}

static bool
begin_segment(struct spool *s, struct error *err)
{
	struct segment_head head = head_after_newest(s);
	int fd = segment_create(s->folder_fd, &head, err);
	if (fd < 0)
		return false;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = fd;
	s->fd_first = head.first;
	pthread_mutex_lock(&s->lock);
	MEMORY_ROOM(&s->segments, s->n, &s->cap);
	s->segments[s->n++] = (struct segment){
		.first = head.first, .end = head.first, .first_record = head.first_record};
	s->bytes += SEGMENT_HEAD_BYTES;
	pthread_mutex_unlock(&s->lock);
	return true;
}

/* A batch lies in one segment, however large it is, so that one fdatasync does. */
static bool
make_ready(struct spool *s, struct error *err)
{
	uint64_t used = s->end - s->fd_first;
	bool fits = used == 0 || used + s->pending.n <= s->segment_bytes;
	return (s->fd >= 0 && fits) || begin_segment(s, err);
}

/* What may have been written behind the last synced record must not be taken for records by the
 * next spool_open, nor trusted by the kernel after a failed fdatasync. If it cannot be cut off, the
 * segment is left alone, and the next one begins where it cannot have been. */
static void
cut_back(struct spool *s)
{
	if (ftruncate(s->fd, (off_t)segment_offset(s->fd_first, s->end)) == 0)
		return;
	close(s->fd);
	s->fd = -1;
	pthread_mutex_lock(&s->lock);
	s->end = spool_position_after(s->end + s->pending.n);
	pthread_mutex_unlock(&s->lock);
}

static bool
write_pending(struct spool *s, struct error *err)
{
	const char *what = "write";
	if (segment_write_at(s->fd, buf_slice(&s->pending), segment_offset(s->fd_first, s->end))) {
		if (fdatasync(s->fd) == 0)
			return true;
		what = "sync";
	}
	char name[SEGMENT_NAME_BYTES];
	segment_name(name, s->fd_first);
	error_set(err, "cannot %s the spool segment %s: %s", what, name, strerror(errno));
	cut_back(s);
	return false;
}

static void
publish(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	s->end += s->pending.n;
	s->end_record += s->pending_records;
	s->segments[s->n - 1].end = s->end;
	s->bytes += s->pending.n;
	s->added_records += s->pending_records;
	s->added_bytes += s->pending.n;
	pthread_cond_broadcast(&s->synced);
	pthread_mutex_unlock(&s->lock);
}

static void
forget_pending(struct spool *s, bool ok)
{
	buf_clear(&s->pending);
	s->pending_records = 0;
	pthread_mutex_lock(&s->lock);
	s->syncs++;
	s->failed += !ok;
	pthread_mutex_unlock(&s->lock);
}

bool
spool_sync(struct spool *s, struct error *err)
{
	if (s->pending.n == 0)
		return true;
	bool ok = make_ready(s, err) && write_pending(s, err);
	if (ok)
		publish(s);
	else
		error_prefix(err, "%s: %llu records are not kept", s->folder,
			(unsigned long long)s->pending_records);
	forget_pending(s, ok);
	return ok;
}

bool
spool_is_full(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	bool full = s->cap_bytes && s->bytes + s->pending.n >= s->cap_bytes;
	pthread_mutex_unlock(&s->lock);
	return full;
}

/* UINT64_MAX when the file system does not say. */
static uint64_t
disk_free_bytes(const struct spool *s)
{
	struct statvfs fs;
	return fstatvfs(s->folder_fd, &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : UINT64_MAX;
}

/* Twice the reserve must be free before it is not full any more: no stop and go. */
bool
spool_disk_is_full(struct spool *s)
{
	uint64_t reserve = DISK_RESERVE_BYTES;
	s->disk_full = disk_free_bytes(s) < (s->disk_full ? 2 * reserve : reserve);
	return s->disk_full;
}

/* ---- trim and count ---- */

/* Whether the oldest segment may go; the newest never does. */
static bool
find_trimmable(struct spool *s, uint64_t position, struct segment *oldest)
{
	pthread_mutex_lock(&s->lock);
	bool found = s->n > 1 && s->segments[0].end <= position;
	if (found)
		*oldest = s->segments[0];
	pthread_mutex_unlock(&s->lock);
	return found;
}

static void
forget_oldest(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	s->bytes -= SEGMENT_HEAD_BYTES + s->segments[0].end - s->segments[0].first;
	s->n--;
	memmove(s->segments, s->segments + 1, s->n * sizeof(*s->segments));
	pthread_mutex_unlock(&s->lock);
}

bool
spool_trim(struct spool *s, uint64_t position, struct error *err)
{
	struct segment oldest;
	while (find_trimmable(s, position, &oldest)) {
		char name[SEGMENT_NAME_BYTES];
		segment_name(name, oldest.first);
		/* The folder is synced each time: a crash must not bring back an older segment
		 * without the one after it. */
		if ((unlinkat(s->folder_fd, name, 0) != 0 && errno != ENOENT) ||
			fsync(s->folder_fd) != 0)
			return error_set(err, "cannot delete the spool segment %s/%s: %s",
				s->folder, name, strerror(errno));
		forget_oldest(s);
	}
	return true;
}

/* Of the first segment in which something is unread; true if there is one. */
static bool
count_locked(const struct spool *s, struct spool_count *c, uint64_t *first, uint64_t *at)
{
	bool found = false;
	uint64_t read_at = atomic_load(&s->read_at);
	c->segments = s->n;
	c->records = s->n ? s->end_record - s->segments[0].first_record : 0;
	c->bytes = s->bytes;
	c->added_records = s->added_records;
	c->added_bytes = s->added_bytes;
	c->syncs = s->syncs;
	c->failed = s->failed;
	for (size_t i = 0; i < s->n; i++) {
		const struct segment *segment = &s->segments[i];
		if (segment->end <= read_at || segment->end == segment->first)
			continue;
		uint64_t from = read_at > segment->first ? read_at : segment->first;
		c->unread_bytes += segment->end - from;
		if (!found) {
			*first = segment->first;
			*at = from;
		}
		found = true;
	}
	return found;
}

static int64_t
received_at(const struct spool *s, uint64_t first, uint64_t at)
{
	char head[RECORD_HEAD_BYTES];
	struct error ignored; /* the reader meets it too, and says so */
	int fd = segment_open(s->folder_fd, first, &ignored);
	if (fd < 0)
		return 0;
	bool ok = segment_read_at(fd, head, sizeof(head), segment_offset(first, at));
	close(fd);
	return ok ? record_received_us(head) : 0;
}

void
spool_count(struct spool *s, struct spool_count *count)
{
	uint64_t first = 0, at = 0;
	*count = (struct spool_count){.disk_free_bytes = disk_free_bytes(s)};
	pthread_mutex_lock(&s->lock);
	bool unread = count_locked(s, count, &first, &at);
	pthread_mutex_unlock(&s->lock);
	if (unread)
		count->unread_since_us = received_at(s, first, at);
}

uint64_t
spool_unread_bytes(struct spool *s)
{
	struct spool_count count = {0};
	uint64_t first, at;
	pthread_mutex_lock(&s->lock);
	count_locked(s, &count, &first, &at);
	pthread_mutex_unlock(&s->lock);
	return count.unread_bytes;
}
