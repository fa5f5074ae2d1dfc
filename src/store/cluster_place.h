/* Where the parts of the embedded cluster lie. Private to the cluster_*.c files. */
#ifndef ELSE_STORE_CLUSTER_PLACE_H
#define ELSE_STORE_CLUSTER_PLACE_H

#include "base/buf.h"
#include "base/error.h"

#define CLUSTER_PORT "5432" /* only a part of the socket's name */
#define CLUSTER_NAME "else" /* database and owner */

/* Absolute paths, all closed with a NUL (buf_str not needed: use .p). */
struct cluster_place {
	struct buf dir;	       /* the data folder, symbolic links resolved */
	struct buf pg;	       /* dir/pg */
	struct buf pg_new;     /* dir/pg.new */
	struct buf pid_file;   /* dir/pg/postmaster.pid */
	struct buf log;	       /* dir/postgres.log */
	struct buf lock;       /* dir/pg.lock */
	struct buf socket_dir; /* dir, or a short one */
	struct buf socket;     /* socket_dir/.s.PGSQL.5432 */
	struct buf conninfo;
};

/* `data_dir` exists and is ours (data_dir_check). False leaves nothing to free. */
bool cluster_place_init(struct cluster_place *place, const char *data_dir, struct error *err);
void cluster_place_fini(struct cluster_place *place);

/* Makes the short socket folder where one is needed; refuses one that somebody else made. */
bool cluster_place_make_socket_dir(const struct cluster_place *place, struct error *err);

/* Removes it again, after the server is gone. */
void cluster_place_remove_socket_dir(const struct cluster_place *place);

/* Replaces a file as a whole: a reader sees the old text or the new one, also after a crash. */
bool cluster_place_write(
	const struct buf *dir, const char *name, struct slice text, struct error *err);

#endif
