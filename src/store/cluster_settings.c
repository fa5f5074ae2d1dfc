#define _GNU_SOURCE
#include "store/cluster_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/process.h"
#include "store/service_user.h"

#define MB (INT64_C(1) << 20)
#define GB (INT64_C(1) << 30)

static int64_t
clamp(int64_t v, int64_t low, int64_t high)
{
	return v < low ? low : v > high ? high : v;
}

static void
add_mb(struct buf *text, const char *name, int64_t bytes)
{
	buf_addf(text, "%s = %lldMB\n", name, (long long)(bytes / MB));
}

static void
add_sizes(struct buf *text, const struct cluster_machine *m)
{
	int64_t wal = clamp(m->disk_free_bytes / 10, 256 * MB, 16 * GB);
	add_mb(text, "shared_buffers", clamp(m->memory_bytes / 4, 64 * MB, 2 * GB));
	add_mb(text, "effective_cache_size", clamp(m->memory_bytes / 2, 128 * MB, 1024 * GB));
	add_mb(text, "work_mem", clamp(m->memory_bytes / 256, 4 * MB, 32 * MB));
	add_mb(text, "maintenance_work_mem", clamp(m->memory_bytes / 16, 64 * MB, 512 * MB));
	add_mb(text, "max_wal_size", wal);
	add_mb(text, "min_wal_size", clamp(wal / 4, 80 * MB, GB));
}

/* PostgreSQL's settings files double a ' within '...' and know backslash escapes (guc-file.l). */
static void
add_socket_dir(struct buf *text, const char *socket_dir)
{
	buf_add_str(text, "unix_socket_directories = '\"");
	for (const char *c = socket_dir; *c; c++) {
		if (*c == '\'' || *c == '\\')
			buf_add_char(text, *c);
		if (*c == '"') /* quoted a second time, as one name of a list */
			buf_add_char(text, '"');
		buf_add_char(text, *c);
	}
	buf_add_str(text, "\"'\n");
}

static const char fixed_settings[] =
	"\n# Nobody but this user, and never over the network.\n"
	"listen_addresses = ''\n"
	"port = " CLUSTER_PORT "\n"
	"unix_socket_permissions = 0700\n"
	"max_connections = 40\n"
	"cluster_name = 'else'\n"
	"\n# Much is appended and little changed: few, wide checkpoints. What is committed is on "
	"disk.\n"
	"synchronous_commit = on\n"
	"wal_level = minimal\n"
	"max_wal_senders = 0\n"
	"checkpoint_timeout = 15min\n"
	"checkpoint_completion_target = 0.9\n"
	"recovery_init_sync_method = syncfs\n" /* after a crash: one call, not one for each file */
	"\n# Index look-ups on local disks; statements too short for just-in-time compilation.\n"
	"random_page_cost = 1.1\n"
	"effective_io_concurrency = 32\n"
	"jit = off\n"
	"\n# Two workers are enough for tables that only grow; large ones are looked at sooner "
	"than by default.\n"
	"autovacuum_max_workers = 2\n"
	"autovacuum_vacuum_scale_factor = 0.1\n"
	"autovacuum_analyze_scale_factor = 0.05\n"
	"\n# To postgres.log in the data folder. Values of statements are people's addresses: not "
	"logged.\n"
	"logging_collector = off\n"
	"log_destination = 'stderr'\n"
	"log_line_prefix = '%m [%p] %a '\n"
	"log_timezone = 'UTC'\n"
	"timezone = 'UTC'\n"
	"log_checkpoints = off\n"
	"log_lock_waits = on\n"
	"log_parameter_max_length = 0\n"
	"log_parameter_max_length_on_error = 0\n";

void
cluster_settings_text(
	struct buf *text, const struct cluster_machine *machine, const char *socket_dir)
{
	buf_add_str(text, "# Written by ELSE at each start. To change a setting: ALTER SYSTEM SET "
			  "name = value.\n\n");
	add_sizes(text, machine);
	buf_addf(text, "wal_compression = %s\n", machine->lz4 ? "lz4" : "on");
	add_socket_dir(text, socket_dir);
	buf_add_str(text, fixed_settings);
}

/* Memory limit of the control group (version 2, as seen inside a container or a service), or `all`.
 */
static int64_t
limit_memory(int64_t all)
{
	char text[32];
	uint64_t limit;
	int fd = open("/sys/fs/cgroup/memory.max", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return all;
	ssize_t n = read(fd, text, sizeof(text));
	close(fd);
	if (n <= 0 || !slice_to_u64(slice_trim(slice_of(text, (size_t)n)), &limit)) /* "max" */
		return all;
	return limit < (uint64_t)all ? (int64_t)limit : all;
}

static bool
has_lz4(const char *bin)
{
	struct buf path = {0}, output = {0};
	struct error ignored;
	buf_addf(&path, "%s/pg_config", bin);
	const char *const argv[] = {buf_str(&path), "--configure", NULL};
	struct process_job job = {.argv = argv, .directory = "/"};
	bool has = process_run(&job, &output, &ignored) &&
		   slice_contains(buf_slice(&output), S("--with-lz4"));
	buf_fini(&path);
	buf_fini(&output);
	return has;
}

static bool
look_at_machine(struct cluster_machine *machine, const struct cluster_place *place, const char *bin,
	struct error *err)
{
	struct statvfs disk;
	if (statvfs(place->dir.p, &disk) < 0)
		return error_set(
			err, "cannot look at the disk of %s: %s", place->dir.p, strerror(errno));
	int64_t memory = (int64_t)sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE);
	*machine = (struct cluster_machine){
		.memory_bytes = limit_memory(memory),
		.disk_free_bytes = (int64_t)(disk.f_bavail * disk.f_frsize),
		.lz4 = has_lz4(bin),
	};
	return true;
}

/* Peer: the kernel says who is at the other end. root is let in because root can become anybody
 * anyway. */
static bool
write_access(const struct buf *pg, struct error *err)
{
	char self[USER_NAME_MAX];
	struct buf ident = {0};
	buf_addf(&ident,
		"# Written by ELSE at each start.\nelse \"%s\" " CLUSTER_NAME
		"\nelse root " CLUSTER_NAME "\n",
		user_name(geteuid(), self));
	bool ok =
		cluster_place_write(pg, "pg_ident.conf", buf_slice(&ident), err) &&
		cluster_place_write(pg, "pg_hba.conf",
			S("# Written by ELSE at each start.\nlocal all all peer map=else\n"), err);
	buf_fini(&ident);
	return ok;
}

bool
cluster_settings_write(
	const struct cluster_place *place, const struct buf *pg, const char *bin, struct error *err)
{
	struct cluster_machine machine = {0};
	if (!look_at_machine(&machine, place, bin, err))
		return false;
	struct buf text = {0};
	cluster_settings_text(&text, &machine, place->socket_dir.p);
	bool ok = cluster_place_write(pg, "else.conf", buf_slice(&text), err) &&
		  write_access(pg, err);
	buf_fini(&text);
	return ok;
}
