#include "store/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"

#define STOP_WITHIN_US TIME_MINUTE_US

static int
open_file(const char *folder, const char *name, int flags)
{
	struct buf path = {0};
	buf_addf(&path, "%s/%s", folder, name);
	int fd = open(buf_str(&path), flags | O_CLOEXEC, 0644);
	buf_fini(&path);
	return fd;
}

static pid_t
read_pid(int fd)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	long pid = n > 0 ? strtol(text, NULL, 10) : 0;
	return pid > 1 ? (pid_t)pid : 0;
}

int
pid_file_take(const char *folder, const char *name, struct error *err)
{
	int fd = open_file(folder, name, O_RDWR | O_CREAT);
	if (fd < 0) {
		error_set(err, "%s/%s: %s", folder, name, strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		error_set(
			err, "one runs for %s already, as process %ld", folder, (long)read_pid(fd));
		close(fd);
		return -1;
	}
	if (ftruncate(fd, 0) != 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
		error_set(err, "%s/%s: %s", folder, name, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

pid_t
pid_file_holder(const char *folder, const char *name)
{
	int fd = open_file(folder, name, O_RDWR);
	pid_t pid = 0;
	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_SH | LOCK_NB) != 0)
		pid = read_pid(fd);
	close(fd);
	return pid;
}

bool
pid_file_stop(const char *folder, const char *name, pid_t *pid, struct error *err)
{
	const struct timespec step = {.tv_nsec = 20000000};
	*pid = pid_file_holder(folder, name);
	if (*pid == 0)
		return true;
	if (kill(*pid, SIGTERM) != 0 && errno != ESRCH)
		return error_set(
			err, "process %ld cannot be stopped: %s", (long)*pid, strerror(errno));
	for (int64_t end_us = time_now_us() + STOP_WITHIN_US; time_now_us() < end_us;) {
		if (pid_file_holder(folder, name) != *pid)
			return true;
		nanosleep(&step, NULL);
	}
	return error_set(
		err, "process %ld was asked to end, and has not within a minute", (long)*pid);
}
