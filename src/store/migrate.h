/*
 * The schema's versions. sql/NNN-name.sql takes a database from version NNN-1 to NNN; the files are
 * embedded in the program when it is built (list in meson.build, script embed_sql.py). Each runs in
 * one transaction, so it has no BEGIN or COMMIT of its own and no statement that refuses a
 * transaction (CREATE INDEX CONCURRENTLY). A file that has been released is never changed: a new
 * one follows it.
 */
#ifndef ELSE_STORE_MIGRATE_H
#define ELSE_STORE_MIGRATE_H

#include "store/db.h"

struct migration {
	int version;	  /* 1, 2, 3, ... without a gap */
	const char *name; /* of the file */
	const char *sql;
};

/* Those of the program, ordered. */
extern const struct migration migrate_embedded[];
extern const size_t migrate_embedded_n;

/* Brings the database to the newest version of `list`. One that is there already costs one
 * statement; any number of programs may call it at once (advisory lock). A database that is newer
 * than the list, so newer than the program, is an error. After an error the database is at the last
 * version that succeeded. */
bool migrate(struct db *db, const struct migration *list, size_t n, struct error *err);

#endif
