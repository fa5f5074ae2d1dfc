#define _GNU_SOURCE
#include "store/cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "store/cluster_make.h"
#include "store/cluster_place.h"
#include "store/cluster_programs.h"
#include "store/cluster_server.h"
#include "store/cluster_settings.h"
#include "store/data_dir.h"

#define POLL_MS		 20
#define NOTICE_FIRST_MS	 2000
#define NOTICE_EVERY_MS	 10000
#define LEFTOVER_WAIT_MS 60000
#define LEFTOVER_POLL_MS 300
#define DEAF_WAIT_MS	 30000
#define STOP_WAIT_MS	 600000

/* One call's work: where, for whom, since when. */
struct task {
	struct cluster_place place;
	const struct cluster_notice *notice;
	int lock; /* 0: not held */
	int64_t start_ms, next_notice_ms, deaf_since_ms;
	struct cluster_programs programs;
	pid_t child; /* the server we started; 0: none */
	off_t log_start;
};

static int64_t
monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
pause_ms(int64_t ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000},
		NULL);
}

static void
say(const struct task *task, const char *text)
{
	if (task->notice && task->notice->say)
		task->notice->say(task->notice->context, text);
}

/* Says what we wait for when it takes more than two seconds, then every ten. */
static void
say_if_slow(struct task *task, const char *what)
{
	int64_t now = monotonic_ms();
	if (now < task->next_notice_ms)
		return;
	struct buf text = {0};
	buf_add_str(&text, what);
	buf_add_str(&text, " (waited ");
	time_add_duration(&text, now - task->start_ms);
	buf_add_char(&text, ')');
	say(task, buf_str(&text));
	buf_fini(&text);
	task->next_notice_ms = now + NOTICE_EVERY_MS;
}

static bool
task_begin(struct task *task, const char *data_dir, const struct cluster_notice *notice,
	struct error *err)
{
	int64_t now = monotonic_ms();
	*task = (struct task){.notice = notice,
		.start_ms = now,
		.next_notice_ms = now + NOTICE_FIRST_MS,
		.deaf_since_ms = now};
	if (geteuid() == 0) {
		error_set(err, "the embedded database does not run as root");
		return false;
	}
	return data_dir_check(data_dir, err) && cluster_place_init(&task->place, data_dir, err);
}

static void
task_end(struct task *task)
{
	if (task->lock)
		close(task->lock);
	cluster_place_fini(&task->place);
}

/* The lock belongs to whoever makes, starts or stops the cluster; it falls with its holder. */
static bool
take_lock(struct task *task, struct error *err)
{
	const char *path = task->place.lock.p;
	task->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (task->lock < 0) {
		task->lock = 0;
		return error_set(err, "cannot open %s: %s", path, strerror(errno));
	}
	while (flock(task->lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_set(err, "cannot lock %s: %s", path, strerror(errno));
		say_if_slow(task, "another program makes, starts or stops the database");
		pause_ms(POLL_MS);
	}
	return true;
}

static bool
make_cluster(struct task *task, struct error *err)
{
	if (!cluster_programs_find(&task->programs, 0, task->place.pg.p, err))
		return false;
	struct buf text = {0};
	buf_addf(&text, "making a new database in %s with PostgreSQL %d", task->place.dir.p,
		task->programs.major);
	say(task, buf_str(&text));
	buf_fini(&text);
	return cluster_make(&task->place, &task->programs, task->lock, err) ||
	       error_prefix(err, "cannot make the database in %s", task->place.dir.p);
}

/* The programs for the cluster we have, and the cluster for the programs if we have none. */
static bool
settle_cluster(struct task *task, struct error *err)
{
	struct stat st;
	int major;
	const char *pg = task->place.pg.p;
	rmdir(pg); /* an empty one was made by hand: as good as none */
	if (lstat(pg, &st) < 0 && errno == ENOENT)
		return make_cluster(task, err);
	return cluster_programs_read_major(pg, &major, err) &&
	       cluster_programs_find(&task->programs, major, pg, err);
}

static bool
start_server(struct task *task, struct error *err)
{
	return settle_cluster(task, err) && cluster_place_make_socket_dir(&task->place, err) &&
	       cluster_settings_write(&task->place, &task->place.pg, task->programs.bin, err) &&
	       cluster_server_start(
		       &task->place, task->programs.bin, &task->child, &task->log_start, err);
}

/* A server that says it is ready and does not answer: somebody removed its socket, or it is frozen.
 */
static bool
check_deaf(struct task *task, enum cluster_answer answer, struct error *err)
{
	struct cluster_server server;
	int64_t now = monotonic_ms();
	if (answer != CLUSTER_ANSWER_NONE || !cluster_server_find(&task->place, &server) ||
		!server.ready) {
		task->deaf_since_ms = now;
		return true;
	}
	bool has_socket = access(task->place.socket.p, F_OK) == 0;
	if (has_socket && now - task->deaf_since_ms < DEAF_WAIT_MS)
		return true;
	return error_set(err,
		"PostgreSQL (process %d) runs, but %s its socket %s: stop it with "
		"\"elsectl admin stop\", then try again",
		(int)server.pid, has_socket ? "does not answer at" : "has lost",
		task->place.socket.p);
}

/* The server we started has ended. True: try again. */
static bool
child_ended(struct task *task, struct error *err)
{
	task->child = 0;
	if (!cluster_server_failed(&task->place, task->log_start, err))
		return false;
	if (monotonic_ms() - task->start_ms > LEFTOVER_WAIT_MS)
		return error_set(err,
			"processes of an earlier PostgreSQL still use the database in %s after %d "
			"s: see %s",
			task->place.pg.p, LEFTOVER_WAIT_MS / 1000, task->place.log.p);
	say_if_slow(task, "processes of an earlier PostgreSQL are still ending");
	pause_ms(LEFTOVER_POLL_MS);
	return true;
}

/* Whatever is missing on the way to a server that answers. */
static bool
step(struct task *task, enum cluster_answer answer, struct error *err)
{
	struct cluster_server server;
	if (task->child && !cluster_server_alive(task->child))
		return child_ended(task, err);
	if (!task->child && !cluster_server_find(&task->place, &server))
		return start_server(task, err);
	if (!check_deaf(task, answer, err))
		return false;
	say_if_slow(task, answer == CLUSTER_ANSWER_NOT_YET ? "PostgreSQL does not take connections "
							     "yet; after a crash it first recovers"
							   : "PostgreSQL is starting");
	pause_ms(POLL_MS);
	return true;
}

static bool
wait_until_ready(struct task *task, struct error *err)
{
	enum cluster_answer answer;
	while ((answer = cluster_server_ask(&task->place)) != CLUSTER_ANSWER_READY) {
		if (!step(task, answer, err))
			return false;
	}
	return true;
}

/* A full disk shows up in any of ten messages, of ours and of PostgreSQL's: one for all of them. */
static void
explain_full_disk(const struct cluster_place *place, struct error *err)
{
	struct statvfs disk;
	struct slice text = slice_of_str(err->text);
	if (!slice_contains(text, slice_of_str(strerror(ENOSPC))) ||
		statvfs(place->dir.p, &disk) < 0)
		return;
	error_set(err,
		"the disk with %s is full (%lld MB free): the database needs 100 MB to start; free "
		"some, "
		"then try again",
		place->dir.p, (long long)(disk.f_bavail * disk.f_frsize) >> 20);
}

bool
cluster_ensure(const char *data_dir, const struct cluster_notice *notice, struct buf *conninfo,
	struct error *err)
{
	struct task task;
	if (!data_dir_make(data_dir, err) || !task_begin(&task, data_dir, notice, err))
		return false;
	bool ok = cluster_server_ask(&task.place) == CLUSTER_ANSWER_READY ||
		  (take_lock(&task, err) && wait_until_ready(&task, err));
	if (ok) {
		buf_clear(conninfo);
		buf_add(conninfo, buf_slice(&task.place.conninfo));
		buf_str(conninfo);
	} else {
		explain_full_disk(&task.place, err);
	}
	task_end(&task);
	return ok;
}

static bool
stop_server(struct task *task, struct error *err)
{
	struct cluster_server server;
	if (!cluster_server_find(&task->place, &server))
		return true;
	/* SIGINT is PostgreSQL's fast shutdown: sessions end, what is committed is checkpointed. */
	if (kill(server.pid, SIGINT) < 0 && errno != ESRCH)
		return error_set(err, "cannot stop PostgreSQL (process %d): %s", (int)server.pid,
			strerror(errno));
	while (cluster_server_alive(server.pid)) {
		if (monotonic_ms() - task->start_ms > STOP_WAIT_MS)
			return error_set(err, "PostgreSQL (process %d) does not stop: see %s",
				(int)server.pid, task->place.log.p);
		say_if_slow(task, "PostgreSQL is stopping");
		pause_ms(POLL_MS);
	}
	return true;
}

bool
cluster_stop(const char *data_dir, const struct cluster_notice *notice, struct error *err)
{
	struct task task;
	if (access(data_dir, F_OK) < 0 && errno == ENOENT)
		return true;
	if (!task_begin(&task, data_dir, notice, err))
		return false;
	bool ok = take_lock(&task, err) && stop_server(&task, err);
	if (ok)
		cluster_place_remove_socket_dir(&task.place);
	task_end(&task);
	return ok;
}

static bool
look_at_server(struct task *task, struct cluster_status *status, struct error *err)
{
	struct stat st;
	struct cluster_server server;
	if (lstat(task->place.pg.p, &st) < 0)
		return true;
	status->state = CLUSTER_STOPPED;
	if (!cluster_programs_read_major(task->place.pg.p, &status->major, err))
		return false;
	if (cluster_server_find(&task->place, &server)) {
		status->pid = (int)server.pid;
		status->state = cluster_server_ask(&task->place) == CLUSTER_ANSWER_READY
					? CLUSTER_RUNNING
					: CLUSTER_STARTING;
	}
	return true;
}

bool
cluster_status(const char *data_dir, struct cluster_status *status, struct buf *conninfo,
	struct error *err)
{
	struct task task;
	*status = (struct cluster_status){.state = CLUSTER_NONE};
	buf_clear(conninfo);
	if (access(data_dir, F_OK) < 0 && errno == ENOENT)
		return true;
	if (!task_begin(&task, data_dir, NULL, err))
		return false;
	bool ok = look_at_server(&task, status, err);
	if (ok) {
		buf_add(conninfo, buf_slice(&task.place.conninfo));
		buf_str(conninfo);
	}
	task_end(&task);
	return ok;
}

const char *
cluster_state_text(enum cluster_state state)
{
	static const char *const texts[] = {
		[CLUSTER_NONE] = "none",
		[CLUSTER_STOPPED] = "stopped",
		[CLUSTER_STARTING] = "starting",
		[CLUSTER_RUNNING] = "running",
	};
	return texts[state];
}
