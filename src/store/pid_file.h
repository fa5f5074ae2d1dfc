/* A program that runs once for a data folder: its number in a file that it has locked. */
#ifndef ELSE_STORE_PID_FILE_H
#define ELSE_STORE_PID_FILE_H

#include <sys/types.h>

#include "base/error.h"

/* Of the daemons that use the private cluster of the data folder. */
#define PID_FILE_BACKEND  "backend.pid"
#define PID_FILE_FRONTEND "frontend.pid"

/* Locks `folder`/`name` and writes our number; the lock ends with the descriptor, or with us. -1
 * and `err` when another one has it. */
int pid_file_take(const char *folder, const char *name, struct error *err);

/* Who has it locked; 0 = nobody. */
pid_t pid_file_holder(const char *folder, const char *name);

/* Asks the holder to end (SIGTERM) and waits until it has, a minute at most. Nobody there is well,
 * too. `*pid`: who it was, or 0. */
bool pid_file_stop(const char *folder, const char *name, pid_t *pid, struct error *err);

#endif
