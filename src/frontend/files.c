#include "frontend/files.h"

#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/memory.h"

enum { MOST_BYTES = 64 << 20 };

struct files {
	struct arena arena;
	struct file *items;
	size_t n, cap, bytes;
};

static const char *
type_of(struct slice name)
{
	static const struct {
		const char *suffix, *type;
	} types[] = {{".html", "text/html; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"}, {".css", "text/css; charset=utf-8"},
		{".json", "application/json"}, {".svg", "image/svg+xml"}, {".png", "image/png"},
		{".ico", "image/x-icon"}, {".woff2", "font/woff2"},
		{".webmanifest", "application/manifest+json"},
		{".txt", "text/plain; charset=utf-8"}};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (slice_ends(name, slice_of_str(types[i].suffix)))
			return types[i].type;
	return "application/octet-stream";
}

static struct file *
find(const struct files *f, struct slice name)
{
	for (size_t i = 0; i < f->n; i++)
		if (slice_equal(slice_of_str(f->items[i].name), name))
			return &f->items[i];
	return NULL;
}

static bool
read_file(struct files *f, const char *path, struct slice *bytes, struct error *err)
{
	FILE *in = fopen(path, "re");
	struct buf b = {0};
	size_t n;
	if (!in)
		return error_set(err, "%s: %s", path, strerror(errno));
	while (f->bytes + b.n <= MOST_BYTES && (n = fread(buf_room(&b, 65536), 1, 65536, in)) > 0)
		b.n += n;
	bool ok = !ferror(in) && f->bytes + b.n <= MOST_BYTES;
	fclose(in);
	f->bytes += b.n;
	*bytes = arena_copy(&f->arena, buf_slice(&b));
	buf_fini(&b);
	return ok || error_set(err, "%s cannot be read, or all files are more than 64 MB", path);
}

static bool
add(struct files *f, const char *path, struct slice name, struct error *err)
{
	bool packed = slice_ends(name, S(".gz"));
	struct slice plain = packed ? slice_head(name, name.n - 3) : name, bytes = {0};
	struct file *file = find(f, plain);
	if (!read_file(f, path, &bytes, err))
		return false;
	if (!file) {
		MEMORY_ROOM(&f->items, f->n, &f->cap);
		file = &f->items[f->n++];
		char *copy = arena_zero(&f->arena, plain.n + 1);
		memcpy(copy, plain.p, plain.n);
		*file = (struct file){.name = copy,
			.type = type_of(plain),
			.hashed = slice_starts(plain, S("assets/"))};
	}
	if (packed)
		file->gzip = bytes;
	else
		file->plain = bytes;
	snprintf(file->etag, sizeof(file->etag), "\"%016" PRIx64 "\"", slice_hash(file->plain, 4));
	return true;
}

/* What has only its packed form, or is no file of ours to serve. */
static void
drop_unfit(struct files *f)
{
	size_t kept = 0;
	for (size_t i = 0; i < f->n; i++)
		if (f->items[i].plain.n)
			f->items[kept++] = f->items[i];
	f->n = kept;
}

struct files *
files_read(const char *folder, struct error *err)
{
	struct files *f = memory_zero(1, sizeof(*f));
	char *const roots[] = {(char *)(uintptr_t)folder, NULL};
	size_t skip = strlen(folder) + 1;
	bool ok = true;
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	for (FTSENT *e; walk && ok && (e = fts_read(walk));)
		if (e->fts_info == FTS_F && e->fts_name[0] != '.' &&
			!slice_ends(slice_of_str(e->fts_name), S(".br")) && e->fts_pathlen > skip)
			ok = add(f, e->fts_path, slice_of_str(e->fts_path + skip), err);
	if (walk)
		fts_close(walk);
	drop_unfit(f);
	if (!ok)
		files_free(&f);
	return f;
}

void
files_free(struct files **files)
{
	struct files *f = *files;
	if (!f)
		return;
	free(f->items);
	arena_fini(&f->arena);
	free(f);
	*files = NULL;
}

const struct file *
files_find(const struct files *f, struct slice path)
{
	struct slice name = slice_skip(path, 1);
	ptrdiff_t slash = slice_find_last_char(name, '/');
	const struct file *file = find(f, name);
	bool page = slice_find_char(slice_skip(name, (size_t)(slash + 1)), '.') < 0;
	return file || !page ? file : find(f, S("index.html"));
}
