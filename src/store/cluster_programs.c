#define _GNU_SOURCE
#include "store/cluster_programs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "store/process.h"

#define MAJOR_OLDEST 9 /* known only to be named in messages */
#define MAJOR_NEWEST 60

static bool
has_program(const char *bin, const char *name)
{
	char path[300];
	int n = snprintf(path, sizeof(path), "%s/%s", bin, name);
	return n > 0 && (size_t)n < sizeof(path) && access(path, X_OK) == 0;
}

static bool
find_major(struct cluster_programs *programs, int major)
{
	programs->major = major;
	snprintf(programs->bin, sizeof(programs->bin), "/usr/lib/postgresql/%d/bin", major);
	if (has_program(programs->bin, "postgres") && has_program(programs->bin, "initdb"))
		return true;
	snprintf(programs->bin, sizeof(programs->bin), "/usr/pgsql-%d/bin", major);
	return has_program(programs->bin, "postgres") && has_program(programs->bin, "initdb");
}

static bool
run_for_text(const char *program, const char *option, struct buf *output)
{
	struct error ignored;
	const char *const argv[] = {program, option, NULL};
	struct process_job job = {.argv = argv, .directory = "/"};
	return process_run(&job, output, &ignored);
}

/* The number after "PostgreSQL) ": "postgres (PostgreSQL) 16.2 (Debian 16.2-1)". 0 when there is
 * none. */
static int
major_of_version(struct slice text)
{
	const struct slice before = S("(PostgreSQL) ");
	ptrdiff_t at = slice_find(text, before);
	int major = 0;
	if (at < 0)
		return 0;
	text = slice_skip(text, (size_t)at + before.n);
	for (size_t i = 0; i < text.n && i < 4 && slice_is_digit(text.p[i]); i++)
		major = major * 10 + (text.p[i] - '0');
	return major;
}

/* Other systems, own builds. */
static bool
find_by_pg_config(struct cluster_programs *programs)
{
	struct buf output = {0}, path = {0};
	bool found = run_for_text("pg_config", "--bindir", &output);
	struct slice bin = slice_trim(buf_slice(&output));
	if (found) {
		snprintf(programs->bin, sizeof(programs->bin), "%.*s", SLICE_ARG(bin));
		found = has_program(programs->bin, "postgres") &&
			has_program(programs->bin, "initdb");
	}
	if (found) {
		buf_addf(&path, "%s/postgres", programs->bin);
		buf_clear(&output);
		found = run_for_text(buf_str(&path), "--version", &output);
		programs->major = major_of_version(buf_slice(&output));
	}
	buf_fini(&output);
	buf_fini(&path);
	return found && programs->major > 0;
}

static bool
find_newest(struct cluster_programs *programs)
{
	for (int major = MAJOR_NEWEST; major >= CLUSTER_MAJOR_MIN; major--) {
		if (find_major(programs, major))
			return true;
	}
	return find_by_pg_config(programs) && programs->major >= CLUSTER_MAJOR_MIN;
}

static bool
explain_missing(struct error *err)
{
	return error_set(err,
		"PostgreSQL's server programs (version %d or newer) are not installed, neither in "
		"/usr/lib/postgresql nor where pg_config says: install the package postgresql-%d "
		"or newer, or "
		"name a database server with --database",
		CLUSTER_MAJOR_MIN, CLUSTER_MAJOR_MIN);
}

static bool
explain_foreign(int major, const char *cluster, struct error *err)
{
	struct cluster_programs other;
	char installed[128] = "";
	size_t n = 0;
	for (int m = MAJOR_OLDEST; m <= MAJOR_NEWEST && n + 8 < sizeof(installed); m++) {
		if (find_major(&other, m))
			n += (size_t)snprintf(
				installed + n, sizeof(installed) - n, "%s%d", n ? ", " : "", m);
	}
	if (n == 0 && find_by_pg_config(&other))
		snprintf(installed, sizeof(installed), "%d", other.major);
	return error_set(err,
		"the database in %s was made by PostgreSQL %d, but installed is version %s: "
		"install the "
		"package postgresql-%d, or with both installed convert the database with "
		"pg_upgrade",
		cluster, major, installed[0] ? installed : "none", major);
}

bool
cluster_programs_find(
	struct cluster_programs *programs, int major, const char *cluster, struct error *err)
{
	if (major == 0)
		return find_newest(programs) || explain_missing(err);
	if (major < CLUSTER_MAJOR_MIN)
		return explain_foreign(major, cluster, err);
	return find_major(programs, major) ||
	       (find_by_pg_config(programs) && programs->major == major) ||
	       explain_foreign(major, cluster, err);
}

bool
cluster_programs_read_major(const char *pg, int *major, struct error *err)
{
	struct buf path = {0};
	char text[16];
	uint64_t number;
	buf_addf(&path, "%s/PG_VERSION", pg);
	int fd = open(buf_str(&path), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	int reason = errno;
	if (fd >= 0)
		close(fd);
	buf_fini(&path);
	if (n < 0)
		return error_set(err, "%s holds no PostgreSQL database (PG_VERSION: %s)", pg,
			strerror(reason));
	struct slice rest = slice_of(text, (size_t)n), word; /* "15\n"; before version 10 "9.6\n" */
	slice_split(&rest, '.', &word);
	if (!slice_to_u64(slice_trim(word), &number) || number > MAJOR_NEWEST)
		return error_set(err, "%s/PG_VERSION holds no version number", pg);
	*major = (int)number;
	return true;
}
