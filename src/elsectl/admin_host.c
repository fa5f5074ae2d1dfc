/* elsectl admin host: what the administrator says of a host: its role, a note, when it is silent.
 */
#include "elsectl/admin_own.h"

#include "base/time.h"
#include "elsectl/table.h"

#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
	"usage: elsectl admin [--json] host list\n"
	"       elsectl admin [--json] host set NAME [options]\n"
	"       elsectl admin [--json] host forget NAME...\n"
	"\n"
	"  --role ROLE           mx, submission, relay, filter, mailbox, exchange, other, or\n"
	"                        guess. Who hands in mail at a host of role submission is ours\n"
	"  --note TEXT           what people should know of it; \"\" for none\n"
	"  --silent-after TIME   without a line for so long (90s, 15m, 2h, 1d) it is silent;\n"
	"                        never, or habit: ten times as long as it is usually quiet\n"
	"  --new                 the host has not sent a line yet\n"
	"\n" OWN_USAGE "\n"
	"A host that is forgotten is off the list of elsectl hosts until it logs again. Its mails\n"
	"stay.\n";

struct wish {
	struct own_change change;
	const char *role, *note, *silent_after;
	bool is_new;
	char seconds[24];
};

static const char insert_sql[] = "INSERT INTO host (name) VALUES ($1) ON CONFLICT (name) DO UPDATE "
				 "SET name = excluded.name RETURNING ''";
static const char role_sql[] =
	"UPDATE host SET role = nullif($2, 'guess') WHERE name = $1 RETURNING ''";
static const char note_sql[] = "UPDATE host SET note = nullif($2, '') WHERE name = $1 RETURNING ''";
static const char silent_sql[] =
	"UPDATE host SET silent_after_s = nullif($2, 'habit')::int4 WHERE name = $1 RETURNING ''";
static const char forget_sql[] =
	"WITH f AS (UPDATE host SET forgotten = now(), role = NULL, note = NULL, silent_after_s = "
	"NULL WHERE name = $1 RETURNING id), l AS (DELETE FROM host_live USING f WHERE host = "
	"f.id), "
	"b AS (DELETE FROM host_boot USING f WHERE host = f.id), h AS (DELETE FROM host_hour USING "
	"f "
	"WHERE host = f.id), u AS (DELETE FROM host_unknown USING f WHERE host = f.id) SELECT id "
	"FROM f";
static const char list_sql[] = "SELECT name AS host, CASE WHEN role_set THEN role END AS role, "
			       "(SELECT guessed_role FROM host h "
			       "WHERE h.id = v.id) AS guessed, CASE WHEN silent_after_set THEN "
			       "coalesce(silent_after::text, "
			       "'never') END AS silent_after, note FROM v_host v ORDER BY name";

/* ---- options ---- */

static bool
is_role(const char *word)
{
	static const char *const roles[] = {
		"mx", "submission", "relay", "filter", "mailbox", "exchange", "other", "guess"};
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(roles[i], word) == 0)
			return true;
	return false;
}

/* "90s", "15m", "2h", "1d". */
static bool
read_duration(struct slice text, uint64_t *seconds)
{
	static const char units[] = "smhd";
	static const uint64_t factors[] = {1, 60, 3600, 86400};
	if (text.n < 2)
		return false;
	const char *unit = strchr(units, text.p[text.n - 1]);
	bool ok = unit && slice_to_u64(slice_head(text, text.n - 1), seconds) && *seconds > 0 &&
		  *seconds <= 1000000;
	if (ok)
		*seconds *= factors[unit - units];
	return ok && *seconds <= INT32_MAX;
}

static void
take_silent_after(struct wish *w, const char *text)
{
	uint64_t seconds = 0;
	w->silent_after = w->seconds;
	if (strcmp(text, "habit") == 0)
		snprintf(w->seconds, sizeof(w->seconds), "habit");
	else if (strcmp(text, "never") == 0 || read_duration(slice_of_str(text), &seconds))
		snprintf(w->seconds, sizeof(w->seconds), "%llu", (unsigned long long)seconds);
	else
		exit(app_usage_error(w->change.app,
			"--silent-after takes a time as 90s, 15m, 2h or 1d, never, or habit; not "
			"\"%s\"",
			text));
}

static void
take_option(struct wish *w, int c)
{
	switch (c) {
	case 'r':
		if (!is_role(optarg))
			exit(app_usage_error(w->change.app,
				"--role takes mx, submission, relay, filter, mailbox, exchange, "
				"other or guess; not \"%s\"",
				optarg));
		w->role = optarg;
		break;
	case 'n':
		w->note = optarg;
		break;
	case 's':
		take_silent_after(w, optarg);
		break;
	case 'N':
		w->is_new = true;
		break;
	default:
		own_take_option(&w->change, c);
	}
}

/* ---- doing it ---- */

/* True with `*found` when the host is there. */
static bool
update(struct db *db, const char *sql, const char *name, const char *value, bool *found,
	struct error *err)
{
	const char *values[] = {name, value};
	PGresult *rows;
	if (!db_query_text(db, sql, value ? 2 : 1, values, &rows, err))
		return false;
	*found = PQntuples(rows) > 0;
	PQclear(rows);
	return true;
}

/* Is the host, or will it be, one where whoever hands in mail is ours? Only that changes a way. */
static bool
decides(const struct wish *w, struct db *db, const char *name, bool *yes, struct error *err)
{
	static const char sql[] = "SELECT FROM host WHERE name = $1 AND role = 'submission'";
	bool was = false;
	if (!w->role)
		return true;
	if (!update(db, sql, name, NULL, &was, err))
		return false;
	*yes = was || strcmp(w->role, "submission") == 0;
	return true;
}

/* What does not change the way of mails. */
static bool
set_rest(const struct wish *w, bool with_role, struct db *db, const char *name, bool *found,
	struct error *err)
{
	const char *sql = w->is_new ? insert_sql : "SELECT '' FROM host WHERE name = $1";
	return update(db, sql, name, NULL, found, err) &&
	       (!*found || !w->note || update(db, note_sql, name, w->note, found, err)) &&
	       (!*found || !with_role || update(db, role_sql, name, w->role, found, err)) &&
	       (!*found || !w->silent_after ||
		       update(db, silent_sql, name, w->silent_after, found, err));
}

static int
set(struct wish *w, char *const *names)
{
	struct app *app = w->change.app;
	struct db *db;
	struct error err;
	bool found = w->change.dry, way = false;
	if (w->change.dry && !w->role)
		return app_usage_error(
			app, "--dry-run goes with --role: nothing else changes the way of a mail");
	bool ok = app_open_database(app, &db, &err) && decides(w, db, names[0], &way, &err) &&
		  (w->change.dry || set_rest(w, w->role && !way, db, names[0], &found, &err));
	db_close(&db);
	if (!ok)
		return app_trouble(app, &err);
	if (!found) {
		app_say(app, "no host is called \"%s\"; --new for one that has not sent a line yet",
			names[0]);
		return APP_NOTHING;
	}
	if (!way) {
		if (w->change.dry)
			app_say(app, "only the role submission changes the way of a mail");
		return APP_DONE;
	}
	w->change.sql = role_sql;
	w->change.value = w->role;
	w->change.words = names;
	w->change.n_words = 1;
	return own_change_run(&w->change);
}

static int
forget(struct app *app, char *const *names, int n)
{
	struct db *db;
	struct error err;
	bool found = true;
	bool ok = app_open_database(app, &db, &err);
	for (int i = 0; ok && found && i < n; i++) {
		ok = update(db, forget_sql, names[i], NULL, &found, &err);
		if (ok && !found)
			app_say(app, "no host is called \"%s\"", names[i]);
	}
	db_close(&db);
	return !ok ? app_trouble(app, &err) : found ? APP_DONE : APP_NOTHING;
}

static int
list(struct app *app)
{
	static const struct table_column columns[] = {{"host", TABLE_SHRINKS, 12},
		{"role", TABLE_LEFT, 0}, {"guessed", TABLE_LEFT, 0},
		{"silent after", TABLE_LEFT, 0}, {"note", TABLE_SHRINKS, 12}};
	return own_list(app, list_sql, columns, 5);
}

int
admin_host(struct app *app, int argc, char **argv)
{
	static const struct option options[] = {APP_OPTIONS, OWN_OPTIONS,
		{"role", required_argument, NULL, 'r'}, {"note", required_argument, NULL, 'n'},
		{"silent-after", required_argument, NULL, 's'}, {"new", no_argument, NULL, 'N'},
		{0}};
	struct wish wish = {.change = {.app = app, .days = 1, .missing = "is the name of no host"}};
	int c;
	while ((c = app_option(app, argc, argv, options, usage)) != -1)
		take_option(&wish, c);
	const char *action = optind < argc ? argv[optind] : "";
	char *const *names = argv + optind + 1;
	int n = argc - optind - 1;
	if (strcmp(action, "list") == 0 && n == 0)
		return list(app);
	if (strcmp(action, "set") == 0 && n == 1)
		return set(&wish, names);
	if (strcmp(action, "forget") == 0 && n > 0)
		return forget(app, names, n);
	return app_usage_error(app, "say list, set NAME or forget NAME");
}
