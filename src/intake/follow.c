#define _GNU_SOURCE
#include "intake/follow.h"

#include "base/buf.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAVE_EVERY_MS 1000

struct follow {
	char *path, *state_path;
	struct report *report;
	int fd;		 /* -1: not there yet */
	uint64_t inode;	 /* of fd; without fd, of what was read last */
	uint64_t offset; /* read up to here */
	uint64_t durable;
	int64_t saved_ms;
	bool unsaved;
	int said_errno; /* why it cannot be read, when that was told */
	bool rotated;	/* another file has its name: the rest of this one is read first */
};

static char *
copy(const char *text)
{
	size_t n = strlen(text) + 1;
	return memcpy(memory_new(n), text, n);
}

/* ---- the place ---- */

static void
load_state(struct follow *f)
{
	char text[64];
	int fd = open(f->state_path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));
	struct slice rest = slice_of(text, n > 0 ? (size_t)n : 0), inode = {"", 0},
		     offset = {"", 0};
	if (fd >= 0)
		close(fd);
	slice_split(&rest, ' ', &inode);
	slice_split(&rest, '\n', &offset);
	if (!slice_to_u64(inode, &f->inode) || !slice_to_u64(offset, &f->offset))
		f->inode = f->offset = 0;
	f->durable = f->offset;
}

static void
save_state(struct follow *f, int64_t now_ms)
{
	struct buf next = {0};
	buf_addf(&next, "%s.new", f->state_path);
	FILE *file = fopen(buf_str(&next), "we");
	bool ok = file && fprintf(file, "%" PRIu64 " %" PRIu64 "\n", f->inode, f->durable) > 0;
	ok = file && fclose(file) == 0 && ok && rename(buf_str(&next), f->state_path) == 0;
	if (!ok)
		report_say(f->report, now_ms, REPORT_STATE, INTAKE_WARNING,
			"%s cannot be written (%s): after a restart %s is read from an older place",
			f->state_path, strerror(errno), f->path);
	buf_fini(&next);
	f->saved_ms = now_ms;
	f->unsaved = !ok;
}

/* ---- the file ---- */

static bool
open_file(struct follow *f, const char *path, uint64_t *inode)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return false;
	}
	f->fd = fd;
	*inode = st.st_ino;
	return true;
}

/* The rest of what was rotated while nobody read it. */
static bool
open_rotated(struct follow *f)
{
	struct buf pattern = {0};
	glob_t found = {0};
	uint64_t inode;
	bool ok = false;
	buf_addf(&pattern, "%s[.-]*", f->path);
	if (glob(buf_str(&pattern), GLOB_NOSORT, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc && !ok; i++) {
			ok = open_file(f, found.gl_pathv[i], &inode) && inode == f->inode;
			if (!ok && f->fd >= 0) {
				close(f->fd);
				f->fd = -1;
			}
		}
	globfree(&found);
	buf_fini(&pattern);
	return ok;
}

static bool
is_packed(const struct follow *f)
{
	struct stat st;
	return fstat(f->fd, &st) == 0 && (uint64_t)st.st_size < f->offset;
}

static void
begin_anew(struct follow *f, uint64_t inode)
{
	f->inode = inode;
	f->offset = f->durable = 0;
	f->unsaved = true;
	f->rotated = false;
}

static bool
open_first(struct follow *f, int64_t now_ms)
{
	uint64_t inode;
	if (!open_file(f, f->path, &inode)) {
		if (errno != ENOENT && errno != f->said_errno)
			report_say(f->report, now_ms, REPORT_STATE, INTAKE_WARNING,
				"%s cannot be followed: %s", f->path, strerror(errno));
		f->said_errno = errno;
		return false;
	}
	if (f->inode == 0 || inode == f->inode) {
		f->inode = inode;
		return true;
	}
	close(f->fd);
	f->fd = -1;
	if (open_rotated(f) && !is_packed(f))
		return true;
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	report_say(f->report, now_ms, REPORT_STATE, INTAKE_WARNING,
		"%s was rotated away while nobody read it: what is missing of it, elsectl import "
		"reads",
		f->path);
	if (!open_file(f, f->path, &inode))
		return false;
	begin_anew(f, inode);
	return true;
}

/* At the end of the open file: is there a new one of its name, or does it begin again? The logger
 * writes to the old one until it has opened the new one, so the new one must hold something, and
 * then the old one is read to its end once more. */
static void
look_for_change(struct follow *f, int64_t now_ms)
{
	struct stat here, there;
	if (fstat(f->fd, &here) == 0 && (uint64_t)here.st_size < f->offset) {
		report_say(f->report, now_ms, REPORT_STATE, INTAKE_INFO,
			"%s was truncated: it is read from its beginning", f->path);
		begin_anew(f, f->inode);
	} else if (stat(f->path, &there) == 0 && there.st_ino != f->inode && there.st_size > 0) {
		uint64_t inode;
		if (!f->rotated) {
			f->rotated = true;
			return;
		}
		close(f->fd);
		f->fd = -1;
		if (open_file(f, f->path, &inode))
			begin_anew(f, inode);
	}
}

struct slice
follow_read(struct follow *f, char *scratch, size_t size, int64_t now_ms, bool *cut)
{
	const struct slice nothing = {"", 0};
	*cut = false;
	if (f->fd < 0 && !open_first(f, now_ms))
		return nothing;
	ssize_t n = pread(f->fd, scratch, size, (off_t)f->offset);
	if (n <= 0) {
		look_for_change(f, now_ms);
		return nothing;
	}
	const char *end = memrchr(scratch, '\n', (size_t)n);
	if (!end && (size_t)n < size) {
		look_for_change(f, now_ms); /* half a line, unless more comes */
		return nothing;
	}
	*cut = !end;
	size_t taken = end ? (size_t)(end - scratch) + 1 : (size_t)n;
	f->offset += taken;
	return slice_of(scratch, end ? taken - 1 : taken);
}

void
follow_synced(struct follow *f, bool ok, int64_t now_ms)
{
	if (!ok) {
		f->offset = f->durable;
		return;
	}
	f->unsaved |= f->durable != f->offset;
	f->durable = f->offset;
	if (f->unsaved && f->fd >= 0 && now_ms - f->saved_ms >= SAVE_EVERY_MS)
		save_state(f, now_ms);
}

struct follow *
follow_new(const char *path, const char *state_path, struct report *report)
{
	struct follow *f = memory_zero(1, sizeof(*f));
	f->path = copy(path);
	f->state_path = copy(state_path);
	f->report = report;
	f->fd = -1;
	load_state(f);
	return f;
}

void
follow_free(struct follow **follow)
{
	struct follow *f = *follow;
	if (!f)
		return;
	if (f->unsaved && f->fd >= 0)
		save_state(f, f->saved_ms);
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f->state_path);
	free(f);
	*follow = NULL;
}

const char *
follow_path(const struct follow *f)
{
	return f->path;
}
