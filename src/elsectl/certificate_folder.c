#define _GNU_SOURCE
#include "elsectl/certificate_folder.h"

#include "elsectl/app.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"

const char *
certificate_path(struct buf *b, const char *folder, enum certificate_kind kind, struct slice name,
	const char *suffix)
{
	buf_clear(b);
	buf_addf(b, "%s/%s", folder, certificate_kind_name(kind));
	if (kind != CERTIFICATE_CA)
		buf_addf(b, "-%.*s", SLICE_ARG(name));
	buf_add_str(b, suffix);
	return buf_str(b);
}

void
certificate_default_folder(struct buf *b)
{
	const char *config = app_environment("XDG_CONFIG_HOME"), *home = app_environment("HOME");
	if (geteuid() == 0)
		buf_add_str(b, "/etc/else/certificates");
	else if (config && *config == '/')
		buf_addf(b, "%s/else/certificates", config);
	else
		buf_addf(b, "%s/.config/else/certificates", home ? home : "");
}

bool
certificate_make_folder(const char *folder, struct error *err)
{
	struct buf path = {0};
	struct stat st;
	for (const char *c = folder; *c; c++) {
		buf_add_char(&path, *c);
		if ((c[1] == '/' || !c[1]) && mkdir(buf_str(&path), 0755) != 0 && errno != EEXIST)
			break;
	}
	bool ok = stat(folder, &st) == 0;
	if (ok && !S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		ok = false;
	}
	buf_fini(&path);
	return ok || error_set(err, "%s: %s", folder, strerror(errno));
}

static bool
write_all(int fd, struct slice bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno != EINTR)
			return false;
		bytes = slice_skip(bytes, n > 0 ? (size_t)n : 0);
	}
	return true;
}

static bool
sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slice_dup(slice_of(path, slash ? (size_t)(slash - path) + 1 : 0));
	int fd = open(*folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	free(folder);
	return ok;
}

/* Under its name, in place of the old one or only if there is none. */
static bool
publish(const char *temporary, const struct certificate_file *file)
{
	if (file->replace)
		return rename(temporary, file->path) == 0;
	return link(temporary, file->path) == 0 && unlink(temporary) == 0;
}

bool
certificate_write(const struct certificate_file *file, struct error *err)
{
	struct buf temporary = {0};
	buf_addf(&temporary, "%s.XXXXXX", file->path);
	buf_str(&temporary);
	int fd = mkostemp(temporary.p, O_CLOEXEC); /* mode 0600 */
	bool ok = fd >= 0 && write_all(fd, file->bytes) &&
		  fchown(fd, file->owner, file->group) == 0 && fchmod(fd, file->mode) == 0 &&
		  fsync(fd) == 0 && publish(temporary.p, file) && sync_folder_of(file->path);
	if (!ok)
		error_set(err, "%s: %s", file->path, strerror(errno));
	if (!ok && fd >= 0)
		unlink(temporary.p);
	if (fd >= 0)
		close(fd);
	buf_fini(&temporary);
	return ok;
}

static bool
check_ca(const char *folder, X509 *ca, EVP_PKEY *key, int64_t now_us, struct error *err)
{
	struct certificate_facts facts;
	struct buf end = {0};
	certificate_read_facts(ca, &facts);
	time_add_text(&end, facts.ends_us);
	bool ok = true;
	if (facts.kind != CERTIFICATE_CA)
		ok = error_set(err, "%s/ca.crt is not a CA's certificate", folder);
	else if (X509_check_private_key(ca, key) != 1)
		ok = error_set(err, "%s: ca.crt and ca.key do not belong together", folder);
	else if (facts.ends_us <= now_us)
		ok = error_set(err,
			"the CA ended at %s UTC; make it new first: elsectl admin certificates ca "
			"--force --keep-key --out %s",
			buf_str(&end), folder);
	certificate_facts_fini(&facts);
	buf_fini(&end);
	return ok;
}

bool
certificate_load_ca(
	const char *folder, int64_t now_us, X509 **ca, EVP_PKEY **key, struct error *err)
{
	struct buf path = {0};
	const char *text = certificate_path(&path, folder, CERTIFICATE_CA, S(""), ".crt");
	*ca = NULL;
	*key = NULL;
	if (access(text, F_OK) != 0 && errno == ENOENT)
		error_set(err,
			"there is no CA yet; make one first: elsectl admin certificates ca "
			"--out %s",
			folder);
	else
		*ca = certificate_load(text, err);
	text = certificate_path(&path, folder, CERTIFICATE_CA, S(""), ".key");
	if (*ca)
		*key = certificate_load_key(text, err);
	bool ok = *ca && *key && check_ca(folder, *ca, *key, now_us, err);
	buf_fini(&path);
	if (ok)
		return true;
	X509_free(*ca);
	EVP_PKEY_free(*key);
	*ca = NULL;
	*key = NULL;
	return false;
}
