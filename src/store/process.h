/*
 * Programs run for us: useradd, initdb, postgres. Never through a shell, always with an environment
 * of our own (PATH, LC_ALL=C, TZ=UTC), so that their messages are the ones we know and nothing of
 * the caller's settings (PGDATA, PGOPTIONS, LD_PRELOAD, ...) leaks in. Linux, glibc >= 2.34.
 */
#ifndef ELSE_STORE_PROCESS_H
#define ELSE_STORE_PROCESS_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

struct process_job {
	const char *const
		*argv; /* argv[0] is looked up in PATH unless it has a slash; NULL ends the list */
	const char *directory; /* where it works; NULL: where we are */
	struct slice input;    /* its standard input, at most 4096 bytes */
	int keep_fd; /* stays open in it as descriptor 3 (a lock that must outlive us); 0: none */
};

/* Runs a program to its end and adds what it writes (stdout and stderr) to `output`. False when it
 * cannot be started, ends with a status other than 0, or dies of a signal: `err` then has the
 * program's name, the status and its last line. */
bool process_run(const struct process_job *job, struct buf *output, struct error *err);

/* Starts a program that lives on when we end: a session of its own, standard input empty, output
 * added to the end of the file `log_path` (made with mode 0600). No other descriptor of ours stays
 * open in it. It is our child as long as we live: the caller waits for it or leaves it to init. */
bool process_start(const char *const *argv, const char *directory, const char *log_path, pid_t *pid,
	struct error *err);

#endif
