/*
 * The data folder (--data DIR): it holds the private PostgreSQL cluster and belongs to one system
 * user. Failures say who owns what and what to do about it.
 */
#ifndef ELSE_STORE_DATA_DIR_H
#define ELSE_STORE_DATA_DIR_H

#include "base/error.h"

/* Makes the folder with mode 0700, and the missing folders above it with 0755, both less the umask.
 * One that exists is left as it is. */
bool data_dir_make(const char *path, struct error *err);

/* Whether `path` is a folder that belongs to the user we run as and can be written. */
bool data_dir_check(const char *path, struct error *err);

#endif
