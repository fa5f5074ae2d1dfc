/*
 * Nobody's database runs as root: PostgreSQL refuses it and log text is hostile. A program started
 * as root becomes the service user for good, right after it has opened what only root may read.
 */
#ifndef ELSE_STORE_SERVICE_USER_H
#define ELSE_STORE_SERVICE_USER_H

#include <sys/types.h>

#include "base/error.h"

#define SERVICE_USER  "else"
#define USER_NAME_MAX 64

/* The name of a user, or its number when it has no name, into `text`, which is returned. */
const char *user_name(uid_t uid, char text[USER_NAME_MAX]);

/*
 * Started as root: becomes the owner of the data folder and cannot go back. Otherwise does nothing.
 *  - The folder is missing: it is made for the system user "else" (made with useradd if missing).
 *  - It is empty and root's: it is given to "else".
 *  - It belongs to somebody else: the program becomes that user.
 *  - It is root's and holds something: refused, so that a slip like --data /etc changes nothing.
 * Groups are the user's own (so `adduser else adm` lets it read logs). USER and LOGNAME follow, and
 * HOME is the data folder: no .pgpass or .postgresql of somebody else is read.
 *
 * Order in a program: open input files and listening sockets of ports below 1024, then this call,
 * then cluster_ensure and everything else. Must be called before any thread is started.
 */
bool service_user_drop(const char *data_dir, struct error *err);

#endif
