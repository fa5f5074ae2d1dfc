#define _GNU_SOURCE
#include "store/cluster_make.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include "store/cluster_settings.h"
#include "store/process.h"

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static bool
remove_tree(const char *path, struct error *err)
{
	if (nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0 || errno == ENOENT)
		return true;
	return error_set(
		err, "cannot remove the unfinished database %s: %s", path, strerror(errno));
}

/* initdb's last line is advice ("removing data directory"); the reason stands in the line "...
 * error: ...", that of the server it ran in "FATAL: ...". */
static struct slice
find_reason(struct slice output)
{
	struct slice line, found = {NULL, 0};
	while (found.n == 0 && slice_split(&output, '\n', &line)) {
		if (slice_contains(line, S("FATAL:")) || slice_contains(line, S("PANIC:")) ||
			slice_contains(line, S("ERROR:")) || slice_contains(line, S("error:")))
			found = slice_trim(line);
	}
	return found;
}

static bool
run_tool(const struct process_job *job, struct error *err)
{
	struct buf output = {0};
	bool ok = process_run(job, &output, err);
	struct slice reason = ok ? (struct slice){NULL, 0} : find_reason(buf_slice(&output));
	if (reason.n > 0)
		error_set(err, "%.*s", SLICE_ARG(reason));
	buf_fini(&output);
	return ok;
}

static bool
run_initdb(const struct cluster_place *place, const struct cluster_programs *programs, int lock_fd,
	struct error *err)
{
	char initdb[300];
	snprintf(initdb, sizeof(initdb), "%s/initdb", programs->bin);
	const char *const argv[] = {initdb, "-D", place->pg_new.p, "-U", CLUSTER_NAME,
		"--auth=peer", "--no-locale", "--encoding=UTF8", "--no-instructions", "--no-sync",
		NULL};
	struct process_job job = {.argv = argv, .directory = place->dir.p, .keep_fd = lock_fd};
	return run_tool(&job, err);
}

/* initdb knows no "-c include" before version 16. */
static bool
include_settings(const struct cluster_place *place, struct error *err)
{
	struct buf path = {0};
	buf_addf(&path, "%s/postgresql.conf", place->pg_new.p);
	FILE *file = fopen(buf_str(&path), "ae");
	bool ok = file && fputs("\ninclude = 'else.conf'\n", file) >= 0;
	if (file)
		ok = fclose(file) == 0 && ok;
	if (!ok)
		error_set(err, "cannot write %s: %s", path.p, strerror(errno));
	buf_fini(&path);
	return ok;
}

/* In a server of its own without connections: what is called pg has the database from the start. */
static bool
create_database(const struct cluster_place *place, const struct cluster_programs *programs,
	int lock_fd, struct error *err)
{
	char postgres[300];
	snprintf(postgres, sizeof(postgres), "%s/postgres", programs->bin);
	const char *const argv[] = {postgres, "--single", "-D", place->pg_new.p, "-c",
		"exit_on_error=on", "-c", "log_checkpoints=off", "postgres", NULL};
	struct process_job job = {
		.argv = argv,
		.directory = place->dir.p,
		.input = S("CREATE DATABASE \"" CLUSTER_NAME "\"\n"),
		.keep_fd = lock_fd,
	};
	return run_tool(&job, err);
}

/* One syncfs in place of initdb's fsync of each of a thousand files: seconds less on a busy disk.
 * Only what is on the disk as a whole gets the name. */
static bool
give_name(const struct cluster_place *place, struct error *err)
{
	int fd = open(place->dir.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && syncfs(fd) == 0 && rename(place->pg_new.p, place->pg.p) == 0 &&
		  fsync(fd) == 0;
	if (!ok)
		error_set(err, "cannot put %s in its place: %s", place->pg_new.p, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

bool
cluster_make(const struct cluster_place *place, const struct cluster_programs *programs,
	int lock_fd, struct error *err)
{
	bool ok = remove_tree(place->pg_new.p, err) && run_initdb(place, programs, lock_fd, err) &&
		  cluster_settings_write(place, &place->pg_new, programs->bin, err) &&
		  include_settings(place, err) && create_database(place, programs, lock_fd, err) &&
		  give_name(place, err);
	if (!ok) {
		struct error ignored; /* the first reason counts; the next attempt sweeps again */
		remove_tree(place->pg_new.p, &ignored);
	}
	return ok;
}
