#define _GNU_SOURCE
#include "store/cluster_server.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/process.h"

#define LOG_ROTATE_BYTES (16 << 20)
#define LOG_READ_BYTES	 (64 << 10)

enum cluster_answer
cluster_server_ask(const struct cluster_place *place)
{
	/* The time-out is for a server that is stopped by SIGSTOP or starved: a connection hangs
	 * there. */
	const char *const keywords[] = {"connect_timeout", "dbname", NULL};
	const char *const values[] = {"5", place->conninfo.p, NULL};
	switch (PQpingParams(keywords, values, 1)) {
	case PQPING_OK:
		return CLUSTER_ANSWER_READY;
	case PQPING_REJECT:
		return CLUSTER_ANSWER_NOT_YET;
	default:
		return CLUSTER_ANSWER_NONE;
	}
}

/* Reads from `start` on as much as fits; the number of bytes, 0 when there is no such file. */
static size_t
read_file(const char *path, off_t start, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = pread(fd, text, size, start);
	close(fd);
	return n > 0 ? (size_t)n : 0;
}

/* /proc/PID/stat: "PID (name) STATE ..."; a zombie (Z) has ended, only nobody has asked yet. */
bool
cluster_server_alive(pid_t pid)
{
	char path[64], text[256];
	waitpid(pid, NULL, WNOHANG);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	struct slice stat = slice_of(text, read_file(path, 0, text, sizeof(text)));
	ptrdiff_t name = slice_find(stat, S(" (postgres) "));
	return name >= 0 && !slice_starts(slice_skip(stat, (size_t)name), S(" (postgres) Z"));
}

/* postmaster.pid: line 1 is the process, the last one its state, "ready   " when it takes
 * connections (PostgreSQL src/include/utils/pidfile.h). */
bool
cluster_server_find(const struct cluster_place *place, struct cluster_server *server)
{
	char text[8192];
	struct slice rest = slice_of(text, read_file(place->pid_file.p, 0, text, sizeof(text)));
	struct slice line;
	uint64_t pid;
	if (!slice_split(&rest, '\n', &line) || !slice_to_u64(slice_trim(line), &pid) ||
		pid > INT32_MAX)
		return false;
	*server = (struct cluster_server){.pid = (pid_t)pid};
	while (slice_split(&rest, '\n', &line)) {
		if (line.n > 0)
			server->ready = slice_equal(slice_trim(line), S("ready"));
	}
	return cluster_server_alive(server->pid);
}

/* postgres looks only whether a process of that number lives, and would take a stranger for its
 * other self. Removing the file is safe: leftover backends are found by shared memory keyed with
 * the folder's inode (src/backend/port/sysv_shmem.c, since PostgreSQL 12). */
static void
remove_stale_pid_file(const struct cluster_place *place)
{
	struct cluster_server server;
	if (!cluster_server_find(place, &server))
		unlink(place->pid_file.p);
}

static off_t
settle_log(const struct cluster_place *place)
{
	struct stat st;
	if (stat(place->log.p, &st) < 0)
		return 0;
	if (st.st_size <= LOG_ROTATE_BYTES)
		return st.st_size;
	struct buf old = {0};
	buf_addf(&old, "%s.1", place->log.p);
	bool moved = rename(place->log.p, buf_str(&old)) == 0;
	buf_fini(&old);
	return moved ? 0 : st.st_size;
}

bool
cluster_server_start(const struct cluster_place *place, const char *bin, pid_t *pid,
	off_t *log_start, struct error *err)
{
	char postgres[300];
	snprintf(postgres, sizeof(postgres), "%s/postgres", bin);
	const char *const argv[] = {postgres, "-D", place->pg.p, NULL};
	remove_stale_pid_file(place);
	*log_start = settle_log(place);
	return process_start(argv, place->dir.p, place->log.p, pid, err);
}

/* The first FATAL or PANIC is the reason, what follows are consequences. */
static struct slice
first_failure(struct slice log)
{
	struct slice line;
	while (slice_split(&log, '\n', &line)) {
		if (slice_contains(line, S("FATAL:")) || slice_contains(line, S("PANIC:")))
			return slice_trim(line);
	}
	return (struct slice){NULL, 0};
}

static bool
is_leftover(struct slice log)
{
	return slice_contains(log, S("shared memory block")) ||
	       slice_contains(log, S("lock file \"postmaster.pid\" already exists")) ||
	       (slice_contains(log, S("lock file \"")) &&
		       slice_contains(log, S(".lock\" already exists")));
}

bool
cluster_server_failed(const struct cluster_place *place, off_t log_start, struct error *err)
{
	static char text[LOG_READ_BYTES];
	struct slice log = slice_of(text, read_file(place->log.p, log_start, text, sizeof(text)));
	struct slice reason = first_failure(log);
	if (is_leftover(log))
		return true;
	if (reason.n > 0)
		return error_set(err, "PostgreSQL did not start: %.*s (see %s)", SLICE_ARG(reason),
			place->log.p);
	return error_set(
		err, "PostgreSQL ended while starting, without a reason: see %s", place->log.p);
}
