#include "base/memory.h"
#include "spool/spool_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct spool_reader {
	struct spool *spool;
	bool looks; /* is not the one whose place is counted */
	struct segment_reader in;
	uint64_t end; /* of what is synced in the segment at hand, as far as known */
	struct error error;
};

static struct spool_reader *
open_at(struct spool *s, uint64_t position, struct error *err)
{
	pthread_mutex_lock(&s->lock);
	uint64_t end = s->end;
	pthread_mutex_unlock(&s->lock);
	if (position > end) {
		error_set(err,
			"the spool %s never came as far as position %llu, only to %llu: it is "
			"another one, or its newest segments were removed",
			s->folder, (unsigned long long)position, (unsigned long long)end);
		return NULL;
	}
	struct spool_reader *r = memory_zero(1, sizeof(*r));
	r->spool = s;
	r->in.fd = -1;
	r->in.at = position;
	r->end = position;
	return r;
}

struct spool_reader *
spool_reader_open(struct spool *s, uint64_t position, struct error *err)
{
	struct spool_reader *r = open_at(s, position, err);
	if (r)
		atomic_store(&s->read_at, position);
	return r;
}

struct spool_reader *
spool_reader_look(struct spool *s, struct error *err)
{
	struct spool_reader *r = open_at(s, 0, err);
	if (r)
		r->looks = true;
	return r;
}

void
spool_reader_close(struct spool_reader **reader)
{
	struct spool_reader *r = *reader;
	*reader = NULL;
	if (!r)
		return;
	segment_reader_fini(&r->in);
	free(r);
}

const char *
spool_reader_error(const struct spool_reader *r)
{
	return r->error.text;
}

/* The oldest segment that reaches beyond `at`. The newest are looked at first: there the reader
 * usually is. The lock is held. */
static bool
find_segment(const struct spool *s, uint64_t at, struct segment *segment)
{
	bool found = false;
	for (size_t i = s->n; i-- > 0 && s->segments[i].end > at;) {
		if (s->segments[i].end == s->segments[i].first)
			continue;
		*segment = s->segments[i];
		found = true;
	}
	return found;
}

/* To where the next record is: farther in the segment at hand, or in another one. */
static enum spool_result
advance(struct spool_reader *r)
{
	struct segment segment;
	pthread_mutex_lock(&r->spool->lock);
	bool found = find_segment(r->spool, r->in.at, &segment);
	pthread_mutex_unlock(&r->spool->lock);
	if (!found)
		return SPOOL_END;
	if (r->in.fd < 0 || r->in.first != segment.first) {
		int fd = segment_open(r->spool->folder_fd, segment.first, &r->error);
		if (fd < 0 && r->looks && errno == ENOENT) {
			r->in.at = r->end = segment.end; /* trimmed meanwhile */
			return advance(r);
		}
		if (fd < 0) {
			error_prefix(&r->error, "%s", r->spool->folder);
			return SPOOL_FAILED;
		}
		uint64_t at = r->in.at > segment.first ? r->in.at : segment.first;
		segment_reader_begin(&r->in, fd, r->spool->identity, segment.first, at);
	}
	r->end = segment.end;
	return SPOOL_RECORD;
}

static enum spool_result
say_failed(struct spool_reader *r)
{
	char name[SEGMENT_NAME_BYTES];
	segment_name(name, r->in.first);
	error_set(&r->error, "cannot read the spool segment %s/%s: %s", r->spool->folder, name,
		strerror(errno));
	return SPOOL_FAILED;
}

/* A file that has become shorter (errno 0) is damage too: nothing is left behind it. */
static enum spool_result
skip_damage(struct spool_reader *r, bool ends)
{
	uint64_t begin = r->in.at;
	bool ok = !ends && segment_resync(&r->in, r->end);
	if (!ok && !ends && errno != 0) {
		r->in.at = begin;
		return say_failed(r);
	}
	if (!ok)
		r->in.at = r->end;
	char name[SEGMENT_NAME_BYTES];
	segment_name(name, r->in.first);
	error_set(&r->error,
		"the spool segment %s/%s is damaged: %llu bytes from position %llu on are no "
		"records and were left out",
		r->spool->folder, name, (unsigned long long)(r->in.at - begin),
		(unsigned long long)begin);
	return SPOOL_DAMAGED;
}

static enum spool_result
read_record(struct spool_reader *r, struct spool_record *record)
{
	switch (segment_next(&r->in, r->end, record)) {
	case SEGMENT_RECORD:
		return SPOOL_RECORD;
	case SEGMENT_BAD:
		return skip_damage(r, false);
	default:
		return errno == 0 ? skip_damage(r, true) : say_failed(r);
	}
}

enum spool_result
spool_reader_next(struct spool_reader *r, struct spool_record *record)
{
	if (r->in.at == r->end) {
		enum spool_result result = advance(r);
		if (result != SPOOL_RECORD)
			return result;
	}
	enum spool_result result = read_record(r, record);
	if (!r->looks)
		atomic_store_explicit(&r->spool->read_at, r->in.at, memory_order_relaxed);
	return result;
}

static struct timespec
after_ms(int64_t ms)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	int64_t ns = t.tv_nsec + ms % 1000 * 1000000;
	t.tv_sec += ms / 1000 + ns / 1000000000;
	t.tv_nsec = ns % 1000000000;
	return t;
}

bool
spool_reader_wait(struct spool_reader *r, int64_t timeout_ms)
{
	if (r->in.at < r->end)
		return true;
	struct spool *s = r->spool;
	struct timespec until = after_ms(timeout_ms);
	struct segment segment;
	bool found;
	int result = 0;
	pthread_mutex_lock(&s->lock);
	while (!(found = find_segment(s, r->in.at, &segment)) && result != ETIMEDOUT)
		result = pthread_cond_timedwait(&s->synced, &s->lock, &until);
	pthread_mutex_unlock(&s->lock);
	return found;
}
