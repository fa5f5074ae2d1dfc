#include "elsectl/admin_certificates.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/memory.h"
#include "base/time.h"
#include "elsectl/certificate_folder.h"
#include "store/service_user.h"

enum { CA_DAYS = 3650, OTHER_DAYS = 1095, MOST_DAYS = 36500, MOST_NAMES = 100 };

static const char usage[] =
	"usage: elsectl admin certificates ca [OPTION...]\n"
	"       elsectl admin certificates server NAME... [OPTION...]\n"
	"       elsectl admin certificates client NAME... [OPTION...]\n"
	"       elsectl admin certificates show [DIR]\n"
	"\n"
	"  ca          a CA of your own, which signs the others\n"
	"  server      for the receiver of logs: its host names and addresses, the one by which\n"
	"              the senders know it first\n"
	"  client      for a sender of logs: its host name\n"
	"  show        what is there, and how many days are left\n"
	"\n"
	"  --out DIR   where they lie (default /etc/else/certificates for root, else\n"
	"              ~/.config/else/certificates)\n"
	"  --days N    how long they last (default: ca 3650, others 1095)\n"
	"  --force     in place of those that are there\n"
	"  --keep-key  with --force: the same key, so that only the certificate is new\n"
	"  --json      one object a certificate\n";

struct job {
	struct app *app;
	enum certificate_kind kind;
	struct buf default_folder;
	const char *folder;
	unsigned days; /* 0 = the default */
	bool force, keep_key;
	struct buf texts[MOST_NAMES];
	struct slice names[MOST_NAMES];
	size_t n_names;
	struct buf path, key_path;
	int64_t now_us;
};

/* What a command makes, and what it needs for it. */
struct made {
	X509 *ca, *old, *certificate;
	EVP_PKEY *ca_key, *key;
};

static void
free_made(struct made *m)
{
	X509_free(m->ca);
	X509_free(m->old);
	X509_free(m->certificate);
	EVP_PKEY_free(m->ca_key);
	EVP_PKEY_free(m->key);
}

/* ---- steps ---- */

static bool
check_free(const char *path, struct error *err)
{
	if (access(path, F_OK) == 0)
		return error_set(err,
			"%s is there already; --force makes a new one in its place (with "
			"--keep-key of the same key)",
			path);
	return errno == ENOENT || error_set(err, "%s: %s", path, strerror(errno));
}

static bool
prepare(struct job *job, struct error *err)
{
	struct slice name = job->n_names ? job->names[0] : S("");
	certificate_path(&job->path, job->folder, job->kind, name, ".crt");
	certificate_path(&job->key_path, job->folder, job->kind, name, ".key");
	return certificate_make_folder(job->folder, err) &&
	       (job->force || (check_free(buf_str(&job->path), err) &&
				      check_free(buf_str(&job->key_path), err)));
}

static bool
load(const struct job *job, struct made *m, struct error *err)
{
	bool ca = job->kind == CERTIFICATE_CA;
	if (!ca && !certificate_load_ca(job->folder, job->now_us, &m->ca, &m->ca_key, err))
		return false;
	if (ca && job->keep_key && !(m->old = certificate_load(job->path.p, err)))
		return false;
	m->key = job->keep_key ? certificate_load_key(job->key_path.p, err)
			       : certificate_new_key(err);
	return m->key != NULL;
}

static bool
make(const struct job *job, struct made *m, struct error *err)
{
	unsigned usual = job->kind == CERTIFICATE_CA ? CA_DAYS : OTHER_DAYS;
	struct certificate_order order = {.kind = job->kind,
		.names = job->names,
		.n_names = job->n_names,
		.days = job->days ? job->days : usual,
		.now_us = job->now_us,
		.renews = m->old};
	m->certificate = certificate_new(&order, m->key, m->ca, m->ca_key, err);
	return m->certificate != NULL;
}

/* The receiver does not run as root and must read its own key; nobody else's. */
static void
set_owner(const struct job *job, struct certificate_file *file)
{
	const struct passwd *pw;
	if (geteuid() != 0 || job->kind != CERTIFICATE_SERVER)
		return;
	pw = getpwnam(SERVICE_USER);
	if (pw) {
		file->owner = pw->pw_uid;
		file->group = pw->pw_gid;
	} else {
		app_say(job->app,
			"only root can read the key: there is no user \"" SERVICE_USER
			"\" yet; later: chown " SERVICE_USER " %s",
			file->path);
	}
}

static bool
write_key(const struct job *job, EVP_PKEY *key, struct error *err)
{
	struct buf pem = {0};
	struct certificate_file file = {.path = job->key_path.p,
		.mode = 0600,
		.owner = (uid_t)-1,
		.group = (gid_t)-1,
		.replace = job->force};
	bool ok = certificate_add_key_pem(&pem, key, err);
	if (ok) {
		set_owner(job, &file);
		file.bytes = buf_slice(&pem);
		ok = certificate_write(&file, err);
	}
	if (pem.p)
		OPENSSL_cleanse(pem.p, pem.cap);
	buf_fini(&pem);
	return ok;
}

static bool
write_certificate(const struct job *job, X509 *certificate, struct error *err)
{
	struct buf pem = {0};
	struct certificate_file file = {.path = job->path.p,
		.mode = 0644,
		.owner = (uid_t)-1,
		.group = (gid_t)-1,
		.replace = job->force};
	bool ok = certificate_add_pem(&pem, certificate, err);
	file.bytes = buf_slice(&pem);
	ok = ok && certificate_write(&file, err);
	buf_fini(&pem);
	return ok;
}

static void
warn(const struct job *job, const struct made *m)
{
	struct certificate_facts ca = {0}, own = {0};
	if (job->kind == CERTIFICATE_CA) {
		if (job->force && !job->keep_key)
			app_say(job->app,
				"this CA has a new key: make all its certificates again, and give "
				"the new ca.crt to all hosts");
		return;
	}
	certificate_read_facts(m->ca, &ca);
	certificate_read_facts(m->certificate, &own);
	if (ca.ends_us < own.ends_us) {
		struct buf end = {0};
		time_add_text(&end, ca.ends_us);
		app_say(job->app,
			"the CA ends earlier, at %s UTC; make it new before that: elsectl admin "
			"certificates ca --force --keep-key --out %s",
			buf_str(&end), job->folder);
		buf_fini(&end);
	}
	certificate_facts_fini(&ca);
	certificate_facts_fini(&own);
}

static int
run(struct job *job)
{
	struct error err;
	struct made made = {0};
	job->now_us = time_now_us();
	bool ok = prepare(job, &err) && load(job, &made, &err) && make(job, &made, &err) &&
		  (job->keep_key || write_key(job, made.key, &err)) &&
		  write_certificate(job, made.certificate, &err);
	if (ok) {
		admin_certificate_print(
			job->app, job->path.p, job->key_path.p, made.certificate, job->now_us);
		warn(job, &made);
	}
	free_made(&made);
	return ok ? APP_DONE : app_trouble(job->app, &err);
}

/* ---- arguments ---- */

static void
take_options(struct job *job, int argc, char **argv)
{
	static const struct option options[] = {APP_OPTIONS, {"out", required_argument, NULL, 'o'},
		{"days", required_argument, NULL, 'd'}, {"force", no_argument, NULL, 'f'},
		{"keep-key", no_argument, NULL, 'k'}, {0}};
	struct app *app = job->app;
	int c;
	while ((c = app_option(app, argc, argv, options, usage)) != -1) {
		if (c == 'o')
			job->folder = optarg;
		else if (c == 'd')
			job->days = (unsigned)app_option_number(app, "days", optarg, MOST_DAYS);
		else if (c == 'f')
			job->force = true;
		else
			job->keep_key = true;
		if (c == 'd' && job->days == 0)
			exit(app_usage_error(app, "--days takes a number from 1 to %d", MOST_DAYS));
	}
	if (job->folder)
		return;
	certificate_default_folder(&job->default_folder);
	job->folder = buf_str(&job->default_folder);
}

static int
take_names(struct job *job, int n, char **names)
{
	struct app *app = job->app;
	const char *what = certificate_kind_name(job->kind);
	if (job->kind == CERTIFICATE_CA)
		return n == 0 ? APP_DONE : app_usage_error(app, "ca takes no name");
	if (n == 0 || n > MOST_NAMES)
		return app_usage_error(app, "name the host that the %s's certificate is for", what);
	for (int i = 0; i < n; i++) {
		struct buf *text = &job->texts[i];
		if (!certificate_name(slice_of_str(names[i]), text))
			return app_usage_error(app,
				"\"%s\" is neither the name of a host nor an address", names[i]);
		job->names[job->n_names++] = buf_slice(text);
	}
	if (job->names[0].n > CERTIFICATE_MOST_COMMON)
		return app_usage_error(
			app, "the first name has more than %d letters", CERTIFICATE_MOST_COMMON);
	return APP_DONE;
}

static int
make_kind(struct job *job, int n, char **names)
{
	int status = take_names(job, n, names);
	if (status == APP_DONE && job->keep_key && !job->force)
		status = app_usage_error(job->app, "--keep-key goes with --force");
	return status == APP_DONE ? run(job) : status;
}

static int
dispatch(struct job *job, int n, char **words)
{
	const char *what = n ? words[0] : "";
	if (strcmp(what, "show") == 0) {
		if (n > 2)
			return app_usage_error(job->app, "show takes one folder");
		return admin_certificates_show(job->app, n == 2 ? words[1] : job->folder);
	}
	for (job->kind = CERTIFICATE_CA; job->kind < CERTIFICATE_OTHER; job->kind++)
		if (strcmp(what, certificate_kind_name(job->kind)) == 0)
			return make_kind(job, n - 1, words + 1);
	if (n == 0)
		return app_usage_error(job->app, "say one of ca, server, client, show");
	return app_usage_error(job->app, "\"%s\" is none of ca, server, client, show", what);
}

int
admin_certificates(struct app *app, int argc, char **argv)
{
	struct job *job = memory_zero(1, sizeof(*job));
	job->app = app;
	take_options(job, argc, argv);
	int status = dispatch(job, argc - optind, argv + optind);
	for (size_t i = 0; i < MOST_NAMES; i++)
		buf_fini(&job->texts[i]);
	buf_fini(&job->path);
	buf_fini(&job->key_path);
	buf_fini(&job->default_folder);
	free(job);
	return status;
}
