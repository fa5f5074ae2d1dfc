#define _GNU_SOURCE
#include "store/cluster_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "store/data_dir.h"
#include "store/service_user.h"

static void
set_path(struct buf *path, const struct buf *dir, const char *name)
{
	buf_clear(path);
	buf_add(path, buf_slice(dir));
	buf_add_str(path, name);
	buf_str(path);
}

/* libpq: within '...' a backslash stands before ' and \ (documentation, "Keyword/Value Connection
 * Strings"). */
static void
add_quoted(struct buf *b, struct slice value)
{
	buf_add_char(b, '\'');
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '\'' || value.p[i] == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, value.p[i]);
	}
	buf_add_char(b, '\'');
}

/* A comma would divide the path into two hosts in libpq's eyes. */
static bool
socket_fits(const struct buf *socket)
{
	return socket->n < sizeof(((struct sockaddr_un *)NULL)->sun_path) &&
	       slice_find_char(buf_slice(socket), ',') < 0;
}

/* The port is there because PGPORT would decide otherwise. */
static void
set_socket(struct cluster_place *place)
{
	set_path(&place->socket_dir, &place->dir, "");
	set_path(&place->socket, &place->socket_dir, "/.s.PGSQL." CLUSTER_PORT);
	if (!socket_fits(&place->socket)) {
		buf_clear(&place->socket_dir);
		buf_addf(&place->socket_dir, "/tmp/else-%u-%016llx", (unsigned)geteuid(),
			(unsigned long long)slice_hash(buf_slice(&place->dir), 0));
		set_path(&place->socket, &place->socket_dir, "/.s.PGSQL." CLUSTER_PORT);
	}
	buf_str(&place->socket_dir);
	buf_add_str(&place->conninfo, "host=");
	add_quoted(&place->conninfo, buf_slice(&place->socket_dir));
	buf_add_str(&place->conninfo,
		" port=" CLUSTER_PORT " dbname=" CLUSTER_NAME " user=" CLUSTER_NAME);
	buf_str(&place->conninfo);
}

bool
cluster_place_init(struct cluster_place *place, const char *data_dir, struct error *err)
{
	*place = (struct cluster_place){0};
	if (strpbrk(data_dir, "\r\n")) /* would end a line of the settings file */
		return error_set(err, "the name of the data folder has a line break in it");
	char *full = realpath(data_dir, NULL);
	if (!full)
		return error_set(
			err, "cannot reach the data folder %s: %s", data_dir, strerror(errno));
	buf_add_str(&place->dir, full);
	free(full);
	buf_str(&place->dir);
	set_path(&place->pg, &place->dir, "/pg");
	set_path(&place->pg_new, &place->dir, "/pg.new");
	set_path(&place->pid_file, &place->pg, "/postmaster.pid");
	set_path(&place->log, &place->dir, "/postgres.log");
	set_path(&place->lock, &place->dir, "/pg.lock");
	set_socket(place);
	return true;
}

void
cluster_place_fini(struct cluster_place *place)
{
	buf_fini(&place->dir);
	buf_fini(&place->pg);
	buf_fini(&place->pg_new);
	buf_fini(&place->pid_file);
	buf_fini(&place->log);
	buf_fini(&place->lock);
	buf_fini(&place->socket_dir);
	buf_fini(&place->socket);
	buf_fini(&place->conninfo);
}

static bool
socket_is_in_data_dir(const struct cluster_place *place)
{
	return slice_equal(buf_slice(&place->socket_dir), buf_slice(&place->dir));
}

bool
cluster_place_make_socket_dir(const struct cluster_place *place, struct error *err)
{
	const char *path = place->socket_dir.p;
	struct stat st;
	if (socket_is_in_data_dir(place))
		return true;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_set(
			err, "cannot make the socket's folder %s: %s", path, strerror(errno));
	/* In /tmp anybody could have made it first, also as a link to somewhere else. */
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
		(st.st_mode & 077) != 0)
		return error_set(err,
			"the socket's folder %s was made by somebody else or is open to others: "
			"remove it, or "
			"choose a data folder with a path shorter than 90 octets",
			path);
	return true;
}

void
cluster_place_remove_socket_dir(const struct cluster_place *place)
{
	if (!socket_is_in_data_dir(place))
		rmdir(place->socket_dir
				.p); /* fails if it holds anything: then it is not only ours */
}

static bool
write_and_sync(int fd, struct slice text)
{
	while (text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			text = slice_skip(text, (size_t)n);
	}
	return fsync(fd) == 0;
}

bool
cluster_place_write(const struct buf *dir, const char *name, struct slice text, struct error *err)
{
	struct buf path = {0}, fresh = {0};
	set_path(&path, dir, "/");
	buf_add_str(&path, name);
	set_path(&fresh, &path, ".new");
	int fd = open(buf_str(&fresh), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok = fd >= 0 && write_and_sync(fd, text);
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	ok = ok && rename(fresh.p, buf_str(&path)) == 0;
	if (!ok)
		error_set(err, "cannot write %s: %s", buf_str(&path), strerror(errno));
	buf_fini(&path);
	buf_fini(&fresh);
	return ok;
}
