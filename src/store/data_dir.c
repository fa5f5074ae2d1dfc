#define _GNU_SOURCE
#include "store/data_dir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"
#include "store/service_user.h"

/* Names the folder that stops us, the last one on the way that can be seen: "Permission denied"
 * alone sends people to the wrong one. */
static bool
explain_way(const char *path, struct error *err)
{
	struct stat st = {0};
	char owner[USER_NAME_MAX], self[USER_NAME_MAX];
	char *way = slice_dup(slice_of_str(path));
	char *slash;
	while ((slash = strrchr(way, '/')) != NULL && slash > way) {
		*slash = '\0';
		if (stat(way, &st) == 0)
			break;
	}
	if (slash > way)
		error_set(err,
			"user %s cannot get to the data folder %s: %s belongs to user %s "
			"(mode %04o); run it as root, or name another folder with --data",
			user_name(geteuid(), self), path, way, user_name(st.st_uid, owner),
			(unsigned)st.st_mode & 07777u);
	else
		error_set(err, "cannot get to the data folder %s: %s", path, strerror(EACCES));
	free(way);
	return false;
}

static bool
make_one(const char *path, mode_t mode, struct error *err)
{
	if (mkdir(path, mode) == 0 || errno == EEXIST)
		return true;
	if (errno == EACCES)
		return explain_way(path, err);
	return error_set(err, "cannot make the folder %s: %s", path, strerror(errno));
}

bool
data_dir_make(const char *path, struct error *err)
{
	struct stat st;
	if (stat(path, &st) == 0)
		return true;
	char *copy = slice_dup(slice_of_str(path));
	bool ok = true;
	for (char *slash = copy; ok && *slash && (slash = strchr(slash + 1, '/')) != NULL;) {
		*slash = '\0';
		if (slash[1] != '\0' && stat(copy, &st) < 0 && errno == ENOENT)
			ok = make_one(copy, 0755, err);
		*slash = '/';
	}
	if (ok)
		ok = make_one(path, 0700, err);
	free(copy);
	return ok;
}

static bool
explain_owner(const char *path, const struct stat *st, struct error *err)
{
	char owner[USER_NAME_MAX], self[USER_NAME_MAX];
	return error_set(err,
		"the data folder %s belongs to user %s, but this is user %s: run it as root or as "
		"the owner, or name another folder with --data",
		path, user_name(st->st_uid, owner), user_name(geteuid(), self));
}

static bool
explain_write(const char *path, const struct stat *st, int reason, struct error *err)
{
	if (reason == EROFS)
		return error_set(err, "the data folder %s is on a read-only file system", path);
	return error_set(err,
		"the data folder %s cannot be written although it is ours (mode %04o): "
		"chmod u+rwx it, or name another folder with --data",
		path, (unsigned)st->st_mode & 07777u);
}

bool
data_dir_check(const char *path, struct error *err)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		if (errno == EACCES)
			return explain_way(path, err);
		return error_set(err, "cannot reach the data folder %s: %s", path, strerror(errno));
	}
	if (!S_ISDIR(st.st_mode))
		return error_set(err, "the data folder %s is not a folder", path);
	if (st.st_uid != geteuid())
		return explain_owner(path, &st, err);
	if (eaccess(path, R_OK | W_OK | X_OK) < 0)
		return explain_write(path, &st, errno, err);
	return true;
}
