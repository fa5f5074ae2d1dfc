/* The settings of the embedded cluster, sized from the machine. Private to the cluster_*.c files.
 */
#ifndef ELSE_STORE_CLUSTER_SETTINGS_H
#define ELSE_STORE_CLUSTER_SETTINGS_H

#include "store/cluster_place.h"

struct cluster_machine {
	int64_t memory_bytes;	 /* what we may use: of the machine or of our control group */
	int64_t disk_free_bytes; /* of the data folder's file system */
	bool lz4;		 /* this PostgreSQL was built with it */
};

/* Pure: the text of else.conf. */
void cluster_settings_text(
	struct buf *text, const struct cluster_machine *machine, const char *socket_dir);

/* Looks at the machine and writes else.conf, pg_hba.conf and pg_ident.conf into the folder `pg`
 * (that of the cluster or of the one being made). `bin` is the folder of PostgreSQL's programs. */
bool cluster_settings_write(const struct cluster_place *place, const struct buf *pg,
	const char *bin, struct error *err);

#endif
