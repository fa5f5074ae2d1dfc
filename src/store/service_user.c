#define _GNU_SOURCE
#include "store/service_user.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/data_dir.h"
#include "store/process.h"

const char *
user_name(uid_t uid, char text[USER_NAME_MAX])
{
	const struct passwd *pw = getpwuid(uid);
	if (pw)
		snprintf(text, USER_NAME_MAX, "%s", pw->pw_name);
	else
		snprintf(text, USER_NAME_MAX, "%u", (unsigned)uid);
	return text;
}

static bool
run_useradd(const char *home, struct error *err)
{
	/* A group of that name may be left from an earlier installation: useradd would stop at it.
	 */
	const char *group = getgrnam(SERVICE_USER) ? "--gid=" SERVICE_USER : "--user-group";
	const char *const argv[] = {"useradd", "--system", "--home-dir", home, "--no-create-home",
		"--shell", "/usr/sbin/nologin", "--comment", "E-mail Log Search Engine", group,
		SERVICE_USER, NULL};
	struct buf output = {0};
	struct process_job job = {.argv = argv, .directory = "/"};
	bool ok = process_run(&job, &output, err);
	buf_fini(&output);
	return ok;
}

/* useradd fails while another program changes the list of users: try for two seconds. */
static const struct passwd *
make_user_locked(const char *home, struct error *err)
{
	for (int tries = 0; tries < 20; tries++) {
		const struct passwd *pw = getpwnam(SERVICE_USER);
		if (pw)
			return pw;
		if (!run_useradd(home, err))
			nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	}
	error_prefix(err, "cannot make the system user \"" SERVICE_USER
			  "\" (make it yourself, or run as an ordinary user with --data)");
	return NULL;
}

/* Two useradd at once both succeed, and the second gives the user another number (shadow 4.13 looks
 * for the name before it locks): so one at a time. */
static const struct passwd *
make_user(const char *home, struct error *err)
{
	const struct passwd *pw = NULL;
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		pw = make_user_locked(home, err);
	else
		error_set(err, "cannot lock /etc/passwd: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return pw;
}

/* A fresh file system holds lost+found: still empty. */
static bool
is_empty(int dir_fd)
{
	DIR *dir = fdopendir(dup(dir_fd));
	bool empty = dir != NULL;
	const struct dirent *entry;
	while (empty && (entry = readdir(dir)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			strcmp(entry->d_name, "lost+found") == 0;
	if (dir)
		closedir(dir);
	return empty;
}

static bool
give_away(int fd, const char *data_dir, const struct passwd *pw, struct error *err)
{
	if (fchown(fd, pw->pw_uid, pw->pw_gid) == 0 && fchmod(fd, 0700) == 0)
		return true;
	return error_set(err, "cannot give the data folder %s to user %s: %s", data_dir,
		pw->pw_name, strerror(errno));
}

/* Who the program shall be: the owner of the folder; a new one is given to the service user. */
static const struct passwd *
settle_owner(int fd, const char *data_dir, struct error *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0) {
		error_set(err, "cannot look at the data folder %s: %s", data_dir, strerror(errno));
		return NULL;
	}
	if (st.st_uid != 0) {
		const struct passwd *owner = getpwuid(st.st_uid);
		if (!owner)
			error_set(err,
				"the data folder %s belongs to user %u, who has no name here",
				data_dir, (unsigned)st.st_uid);
		return owner;
	}
	if (!is_empty(fd)) {
		error_set(err,
			"the data folder %s belongs to root and is not empty: name another "
			"folder with --data, or give it away with chown",
			data_dir);
		return NULL;
	}
	const struct passwd *pw = make_user(data_dir, err);
	return pw && give_away(fd, data_dir, pw, err) ? pw : NULL;
}

static bool
become(const struct passwd *pw, const char *data_dir, struct error *err)
{
	if (pw->pw_uid == 0)
		return error_set(
			err, "user %s has the number 0, that is root: remove it", pw->pw_name);
	if (initgroups(pw->pw_name, pw->pw_gid) < 0 ||
		setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
		setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return error_set(err, "cannot become user %s: %s", pw->pw_name, strerror(errno));
	if (setuid(0) == 0 || getuid() != pw->pw_uid || getegid() != pw->pw_gid)
		return error_set(
			err, "became user %s, but the way back to root is open", pw->pw_name);
	setenv("HOME", data_dir, 1);
	setenv("USER", pw->pw_name, 1);
	setenv("LOGNAME", pw->pw_name, 1);
	return true;
}

bool
service_user_drop(const char *data_dir, struct error *err)
{
	if (geteuid() != 0)
		return true;
	mode_t old = umask(022);
	bool ok = data_dir_make(data_dir, err);
	umask(old);
	if (!ok)
		return false;
	char *full = realpath(data_dir, NULL); /* for useradd and HOME */
	int fd = full ? open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd >= 0) {
		const struct passwd *pw = settle_owner(fd, full, err);
		ok = pw && become(pw, full, err);
		close(fd);
	} else {
		ok = error_set(
			err, "cannot open the data folder %s: %s", data_dir, strerror(errno));
	}
	free(full);
	return ok;
}
