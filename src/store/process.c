#define _GNU_SOURCE
#include "store/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define INPUT_MAX_BYTES	 4096 /* fits in a pipe, so it can be written before the program runs */
#define OUTPUT_MAX_BYTES (1 << 20)

static const char *const environment[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"LC_ALL=C",
	"TZ=UTC",
	NULL,
};

/* Signals as after login: an ignored or blocked SIGINT of ours would make postgres deaf to "fast
 * stop". */
static void
set_plain_signals(posix_spawnattr_t *attr, int flags)
{
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setflags(
		attr, (short)(flags | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
}

static bool
spawn(const char *const *argv, posix_spawn_file_actions_t *files, int flags, pid_t *pid,
	struct error *err)
{
	posix_spawnattr_t attr;
	posix_spawnattr_init(&attr);
	set_plain_signals(&attr, flags);
	/* Both lists lack a const for historic reasons; nothing changes them (POSIX, RATIONALE of
	 * exec). */
	int e = posix_spawnp(
		pid, argv[0], files, &attr, (char *const *)argv, (char *const *)environment);
	posix_spawnattr_destroy(&attr);
	return e == 0 || error_set(err, "cannot run %s: %s", argv[0], strerror(e));
}

static void
add_directory(posix_spawn_file_actions_t *files, const char *directory)
{
	if (directory)
		posix_spawn_file_actions_addchdir_np(files, directory);
}

static struct slice
last_line(struct slice text)
{
	text = slice_trim(text);
	return slice_skip(text, (size_t)(slice_find_last_char(text, '\n') + 1));
}

static bool
check_end(const char *program, pid_t pid, struct slice output, struct error *err)
{
	int status;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return error_set(err, "cannot wait for %s: %s", program, strerror(errno));
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	struct slice line = last_line(output);
	if (WIFSIGNALED(status))
		return error_set(err, "%s died of signal %d: %.*s", program, WTERMSIG(status),
			SLICE_ARG(line));
	return error_set(
		err, "%s failed (status %d): %.*s", program, WEXITSTATUS(status), SLICE_ARG(line));
}

/* Reads on to the end even when the text is over its cap: a full pipe would stop the program. */
static void
read_all(int fd, struct buf *output)
{
	for (;;) {
		char *room = buf_room(output, 4096);
		ssize_t n = read(fd, room, 4096);
		if (n == 0 || (n < 0 && errno != EINTR))
			return;
		if (n > 0 && output->n < OUTPUT_MAX_BYTES)
			output->n += (size_t)n;
	}
}

/* The read end of a pipe that already holds the whole input. */
static int
open_input(struct slice input)
{
	assert(input.n <= INPUT_MAX_BYTES);
	int ends[2];
	if (input.n == 0)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	ssize_t n = write(ends[1], input.p, input.n);
	close(ends[1]);
	if (n == (ssize_t)input.n)
		return ends[0];
	close(ends[0]);
	return -1;
}

static bool
spawn_piped(const struct process_job *job, int in, int out, pid_t *pid, struct error *err)
{
	posix_spawn_file_actions_t files;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
	if (job->keep_fd)
		posix_spawn_file_actions_adddup2(&files, job->keep_fd, 3);
	posix_spawn_file_actions_addclosefrom_np(&files, job->keep_fd ? 4 : 3);
	add_directory(&files, job->directory);
	bool ok = spawn(job->argv, &files, 0, pid, err);
	posix_spawn_file_actions_destroy(&files);
	return ok;
}

bool
process_run(const struct process_job *job, struct buf *output, struct error *err)
{
	int ends[2];
	pid_t pid;
	int in = open_input(job->input);
	if (in < 0 || pipe2(ends, O_CLOEXEC) < 0) {
		error_set(err, "cannot run %s: %s", job->argv[0], strerror(errno));
		if (in >= 0)
			close(in);
		return false;
	}
	bool ok = spawn_piped(job, in, ends[1], &pid, err);
	close(in);
	close(ends[1]);
	if (ok) {
		size_t start = output->n;
		read_all(ends[0], output);
		ok = check_end(job->argv[0], pid, slice_skip(buf_slice(output), start), err);
	}
	close(ends[0]);
	return ok;
}

bool
process_start(const char *const *argv, const char *directory, const char *log_path, pid_t *pid,
	struct error *err)
{
	int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log < 0)
		return error_set(err, "cannot write %s: %s", log_path, strerror(errno));
	posix_spawn_file_actions_t files;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, log, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, log, STDERR_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	add_directory(&files, directory);
	bool ok = spawn(argv, &files, POSIX_SPAWN_SETSID, pid, err);
	posix_spawn_file_actions_destroy(&files);
	close(log);
	return ok;
}
