/*
 * The files that a browser gets: read once, when the program starts. Beside "x" may lie "x.gz",
 * made when the web interface was built. Names with a hash in them (in assets/) never change.
 */
#ifndef ELSE_FRONTEND_FILES_H
#define ELSE_FRONTEND_FILES_H

#include "base/error.h"
#include "base/slice.h"

struct file {
	const char *name; /* without the folder: "index.html", "assets/app-3f2a.js" */
	const char *type;
	struct slice plain, gzip; /* gzip empty: there is none */
	char etag[24];
	bool hashed;
};

struct files;

/* A folder that is missing has no files. */
struct files *files_read(const char *folder, struct error *err);
void files_free(struct files **files);

/* "/" and paths of pages (no dot in their last part) are index.html. NULL: there is none. */
const struct file *files_find(const struct files *files, struct slice path);

#endif
