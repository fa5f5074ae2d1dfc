#include "elsectl/admin_certificates.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "base/time.h"

enum { SOON_DAYS = 30 };

/* Whole days from now; negative when it is over. */
static int64_t
days_left(int64_t ends_us, int64_t now_us)
{
	int64_t left = ends_us - (now_us - now_us % TIME_SECOND_US);
	return left >= 0 ? left / TIME_DAY_US : -1 - (-1 - left) / TIME_DAY_US;
}

static void
add_names_json(struct buf *b, struct slice names)
{
	struct slice name;
	json_add_key(b, "names");
	buf_add_char(b, '[');
	while (names.n && slice_split(&names, ' ', &name)) {
		json_add_comma(b);
		json_add_string(b, name);
	}
	buf_add_char(b, ']');
}

static void
add_json(struct buf *b, const char *path, const char *key, const struct certificate_facts *facts,
	int64_t left)
{
	buf_add_char(b, '{');
	json_add_field_str(b, "certificate", path);
	json_add_field_str(b, "key", key);
	json_add_field_str(b, "kind", certificate_kind_name(facts->kind));
	add_names_json(b, buf_slice(&facts->names));
	json_add_field(b, "fingerprint", buf_slice(&facts->fingerprint));
	json_add_field_time(b, "ends", facts->ends_us);
	json_add_field_i64(b, "days_left", left);
	buf_add_str(b, "}\n");
}

static void
add_line(struct output *o, const char *label, struct slice text)
{
	buf_addf(&o->text, "  %-12s ", label);
	output_text(o, text);
	buf_add_char(&o->text, '\n');
}

static void
add_end(struct output *o, const struct certificate_facts *facts, int64_t left)
{
	enum style style = left < 0 ? STYLE_BAD : left < SOON_DAYS ? STYLE_WAIT : STYLE_PLAIN;
	struct buf text = {0};
	time_add_text(&text, facts->ends_us);
	if (left < 0)
		buf_addf(&text, " UTC, over for %lld days", (long long)-left);
	else
		buf_addf(&text, " UTC, %lld days left", (long long)left);
	buf_addf(&o->text, "  %-12s ", "ends");
	output_styled(o, style, buf_slice(&text));
	buf_add_char(&o->text, '\n');
	buf_fini(&text);
}

void
admin_certificate_print(
	struct app *app, const char *path, const char *key, X509 *certificate, int64_t now_us)
{
	struct certificate_facts facts;
	certificate_read_facts(certificate, &facts);
	int64_t left = days_left(facts.ends_us, now_us);
	if (app->json) {
		add_json(&app->out.text, path, key, &facts, left);
	} else {
		output_styled(&app->out, STYLE_BOLD, slice_of_str(path));
		buf_add_char(&app->out.text, '\n');
		add_line(&app->out, certificate_kind_name(facts.kind), buf_slice(&facts.names));
		add_line(&app->out, "fingerprint", buf_slice(&facts.fingerprint));
		add_end(&app->out, &facts, left);
		add_line(&app->out, "key", key ? slice_of_str(key) : S("(not here)"));
	}
	certificate_facts_fini(&facts);
}

static int
is_certificate(const struct dirent *entry)
{
	return slice_ends(slice_of_str(entry->d_name), S(".crt"));
}

static bool
show(struct app *app, const char *folder, const char *name, int64_t now_us, struct error *err)
{
	struct buf path = {0}, key = {0};
	buf_addf(&path, "%s/%s", folder, name);
	buf_addf(&key, "%.*s.key", (int)path.n - 4, path.p);
	bool has_key = access(buf_str(&key), F_OK) == 0;
	X509 *certificate = certificate_load(buf_str(&path), err);
	if (certificate)
		admin_certificate_print(app, path.p, has_key ? key.p : NULL, certificate, now_us);
	bool ok = certificate != NULL;
	X509_free(certificate);
	buf_fini(&path);
	buf_fini(&key);
	return ok;
}

int
admin_certificates_show(struct app *app, const char *folder)
{
	struct error err;
	struct dirent **entries;
	int n = scandir(folder, &entries, is_certificate, alphasort);
	int status = n > 0 ? APP_DONE : APP_NOTHING;
	int64_t now_us = time_now_us();
	if (n < 0) {
		error_set(&err, "%s: %s", folder, strerror(errno));
		return app_trouble(app, &err);
	}
	for (int i = 0; i < n; i++) {
		if (!show(app, folder, entries[i]->d_name, now_us, &err))
			status = app_trouble(app, &err);
		free(entries[i]);
	}
	free(entries);
	if (n == 0)
		app_say(app, "%s has no certificate", folder);
	return status;
}
