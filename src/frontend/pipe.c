#include "frontend/pipe.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/memory.h"

#define MOST_BYTES (256 * 1024)

struct pipe {
	pthread_mutex_t mutex;
	pthread_cond_t room;
	struct buf data;
	size_t at; /* read so far */
	bool ended, unread, sleeping;
	int holders;
	struct pipe_reader reader;
};

struct pipe *
pipe_new(void)
{
	struct pipe *p = memory_zero(1, sizeof(*p));
	pthread_mutex_init(&p->mutex, NULL);
	pthread_cond_init(&p->room, NULL);
	p->holders = 2;
	return p;
}

void
pipe_close(struct pipe **pipe)
{
	struct pipe *p = *pipe;
	pthread_mutex_lock(&p->mutex);
	bool last = --p->holders == 0;
	pthread_mutex_unlock(&p->mutex);
	*pipe = NULL;
	if (!last)
		return;
	pthread_mutex_destroy(&p->mutex);
	pthread_cond_destroy(&p->room);
	buf_fini(&p->data);
	free(p);
}

/* Locked. */
static void
wake(struct pipe *p)
{
	if (p->sleeping) {
		p->sleeping = false;
		p->reader.wake(p->reader.arg);
	}
}

static bool
write_to(struct pipe *p, struct slice bytes, bool waits)
{
	pthread_mutex_lock(&p->mutex);
	while (waits && !p->unread && p->data.n - p->at >= MOST_BYTES)
		pthread_cond_wait(&p->room, &p->mutex);
	bool ok = !p->unread && p->data.n - p->at < MOST_BYTES;
	if (ok) {
		buf_add(&p->data, bytes);
		wake(p);
	}
	pthread_mutex_unlock(&p->mutex);
	return ok;
}

bool
pipe_write(struct pipe *p, struct slice bytes)
{
	return write_to(p, bytes, true);
}

bool
pipe_try_write(struct pipe *p, struct slice bytes)
{
	return write_to(p, bytes, false);
}

void
pipe_end(struct pipe *p)
{
	pthread_mutex_lock(&p->mutex);
	p->ended = true;
	wake(p);
	pthread_mutex_unlock(&p->mutex);
}

bool
pipe_is_read(struct pipe *p)
{
	pthread_mutex_lock(&p->mutex);
	bool read = !p->unread;
	pthread_mutex_unlock(&p->mutex);
	return read;
}

void
pipe_set_reader(struct pipe *p, const struct pipe_reader *reader)
{
	pthread_mutex_lock(&p->mutex);
	p->reader = *reader;
	pthread_mutex_unlock(&p->mutex);
}

/* Locked. */
static size_t
take(struct pipe *p, char *to, size_t most)
{
	size_t n = p->data.n - p->at < most ? p->data.n - p->at : most;
	if (n)
		memcpy(to, p->data.p + p->at, n);
	p->at += n;
	if (p->at == p->data.n) {
		buf_clear(&p->data);
		p->at = 0;
	}
	if (n)
		pthread_cond_signal(&p->room);
	return n;
}

long
pipe_read(struct pipe *p, char *to, size_t most)
{
	pthread_mutex_lock(&p->mutex);
	long n = (long)take(p, to, most);
	if (n == 0 && p->ended) {
		n = -1;
	} else if (n == 0) {
		p->sleeping = true;
		p->reader.sleep(p->reader.arg);
	}
	pthread_mutex_unlock(&p->mutex);
	return n;
}

void
pipe_stop_reading(struct pipe *p)
{
	pthread_mutex_lock(&p->mutex);
	p->unread = true;
	p->sleeping = false;
	pthread_cond_signal(&p->room);
	pthread_mutex_unlock(&p->mutex);
}
