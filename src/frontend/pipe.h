/*
 * A body that is sent while it is being made: a worker writes, the thread of the connections reads.
 * It holds little, so a slow client slows its worker down, and nothing grows.
 */
#ifndef ELSE_FRONTEND_PIPE_H
#define ELSE_FRONTEND_PIPE_H

#include "base/slice.h"

struct pipe;

/* Two hold it: who writes and who reads; each closes it once. */
struct pipe *pipe_new(void);

/* Takes and clears. */
void pipe_close(struct pipe **pipe);

/* ---- who writes ---- */

/* Waits while it is full. False: the reader is gone. */
bool pipe_write(struct pipe *pipe, struct slice bytes);

/* The same without waiting: false too when there is no room. */
bool pipe_try_write(struct pipe *pipe, struct slice bytes);

/* That was all. */
void pipe_end(struct pipe *pipe);
bool pipe_is_read(struct pipe *pipe); /* somebody still reads */

/* ---- who reads ---- */

/* Bytes into `to`; 0 = none now: `sleep` was called, and `wake` will be when there are some; -1 =
 * the end. Both get `arg`; sleep is called with the pipe locked. */
struct pipe_reader {
	void (*sleep)(void *arg);
	void (*wake)(void *arg);
	void *arg;
};
void pipe_set_reader(struct pipe *pipe, const struct pipe_reader *reader);
long pipe_read(struct pipe *pipe, char *to, size_t most);

/* Nobody reads any more: the writer is told. */
void pipe_stop_reading(struct pipe *pipe);

#endif
