#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "cluster_fixture.h"

#include <ftw.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/cluster.h"
#include "store/service_user.h"

static char scratch[] = "/tmp/else-unit-XXXXXX";

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fixture: %s\n", what);
	exit(1);
}

const char *
fixture_begin(void)
{
	struct error err;
	must(mkdtemp(scratch) != NULL, "cannot make a scratch folder in /tmp");
	if (geteuid() == 0) {
		const struct passwd *nobody = getpwnam("nobody");
		must(nobody && chown(scratch, nobody->pw_uid, nobody->pw_gid) == 0,
			"no user nobody");
		must(service_user_drop(scratch, &err), err.text);
	}
	return scratch;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
fixture_end(void)
{
	nftw(scratch, remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

const char *
fixture_path(const char *name)
{
	static char paths[8][512];
	static unsigned next;
	char *path = paths[next++ % 8];
	snprintf(path, sizeof(paths[0]), "%s/%s", scratch, name);
	return path;
}

const char *
fixture_start(const char *data_dir)
{
	static struct buf conninfo;
	struct error err;
	if (!cluster_ensure(data_dir, NULL, &conninfo, &err))
		fail_msg("%s", err.text);
	return buf_str(&conninfo);
}

void
fixture_stop(const char *data_dir)
{
	struct error err;
	if (!cluster_stop(data_dir, NULL, &err))
		fail_msg("%s", err.text);
}

void
fixture_wait(bool (*holds)(const void *context), const void *context)
{
	for (int i = 0; i < 4000; i++) {
		if (holds(context))
			return;
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	}
	fail_msg("waited 20 seconds in vain");
}
