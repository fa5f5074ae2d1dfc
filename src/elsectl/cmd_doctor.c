/* elsectl doctor: is everything as it should be, and if not, what to do. */
#include "elsectl/commands.h"

#include "base/json.h"
#include "base/time.h"
#include "show/text.h"
#include "elsectl/zone.h"
#include "store/cluster.h"
#include "store/data_dir.h"
#include "store/migrate.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static const char usage[] =
	"usage: elsectl doctor [--json] [--tz ZONE]\n"
	"\n"
	"Looks at the data folder, the database and what is stored. Each line is OK, WARN or\n"
	"FAIL with what to do. Exit status 3 when something fails.\n";

enum state { OK, WARN, FAIL };

struct doctor {
	struct app *app;
	struct db *db;
	unsigned counts[3];
};

static void report(struct doctor *d, enum state state, const char *check, const char *hint,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

static void
add_json(struct buf *b, enum state state, const char *check, const char *hint, const char *text)
{
	static const char *const names[] = {"ok", "warn", "fail"};
	buf_add_char(b, '{');
	json_add_field_str(b, "check", check);
	json_add_field_str(b, "state", names[state]);
	json_add_field_str(b, "text", text);
	json_add_field_str(b, "hint", hint);
	buf_add_str(b, "}\n");
}

static void
report(struct doctor *d, enum state state, const char *check, const char *hint, const char *format,
	...)
{
	static const char *const words[] = {"OK  ", "WARN", "FAIL"};
	static const enum style styles[] = {STYLE_GOOD, STYLE_WAIT, STYLE_BAD};
	struct output *o = &d->app->out;
	char text[1500];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	d->counts[state]++;
	if (d->app->json) {
		add_json(&o->text, state, check, hint, text);
		return;
	}
	output_styled(o, styles[state], slice_of_str(words[state]));
	buf_addf(&o->text, "  %-10s ", check);
	output_text(o, slice_of_str(text));
	if (hint)
		buf_addf(&o->text, "\n                  -> %s", hint);
	output_str(o, "\n");
}

/* The first column of the first row, as a number; `none` without a row. */
static int64_t
ask_number(struct doctor *d, const char *sql, int64_t none)
{
	PGresult *rows;
	struct error err;
	int64_t n = none;
	if (!db_query_text(d->db, sql, 0, NULL, &rows, &err)) {
		report(d, FAIL, "database", "see postgres.log in the data folder", "%s", err.text);
		return none;
	}
	if (PQntuples(rows) && !PQgetisnull(rows, 0, 0))
		n = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
	PQclear(rows);
	return n;
}

/* ---- before the database ---- */

static bool
check_folder(struct doctor *d)
{
	struct error err;
	struct stat st;
	const char *dir = d->app->data_dir;
	if (d->app->database)
		return true;
	if (stat(dir, &st) < 0) {
		report(d, FAIL, "data",
			"elsectl import FILE... makes it, or name another one with --data",
			"there is no data folder %s", dir);
		return false;
	}
	if (!app_drop_root(d->app, &err) || !data_dir_check(dir, &err)) {
		report(d, FAIL, "data", "run this as the user who owns the folder", "%s", err.text);
		return false;
	}
	report(d, OK, "data", NULL, "%s", dir);
	return true;
}

static void
check_disk(struct doctor *d)
{
	struct statvfs disk;
	struct buf left = {0};
	if (d->app->database || statvfs(d->app->data_dir, &disk) < 0)
		return;
	uint64_t bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	uint64_t percent = disk.f_blocks ? (uint64_t)disk.f_bavail * 100 / disk.f_blocks : 100;
	enum state state = percent < 2 || bytes < 500000000 ? FAIL : percent < 10 ? WARN : OK;
	text_add_bytes(&left, bytes);
	report(d, state, "disk", state == OK ? NULL : "make room, or keep fewer days",
		"%s free, %d %%", buf_str(&left), (int)percent);
	buf_fini(&left);
}

static bool
check_database(struct doctor *d)
{
	struct error err;
	d->app->quiet = d->app->json;
	if (!app_open_database(d->app, &d->db, &err)) {
		report(d, FAIL, "database",
			d->app->database ? "is the server there, and may this user connect?"
					 : "see postgres.log in the data folder",
			"%s", err.text);
		return false;
	}
	int64_t version = ask_number(d, "SHOW server_version_num", 0);
	int64_t bytes = ask_number(d, "SELECT pg_database_size(current_database())", 0);
	struct buf size = {0};
	text_add_bytes(&size, (uint64_t)bytes);
	report(d, version >= 150000 ? OK : FAIL, "database",
		version >= 150000 ? NULL : "use PostgreSQL 15 or later", "PostgreSQL %d.%d, %s, %s",
		(int)(version / 10000), (int)(version % 10000), buf_str(&size),
		d->app->database ? "a server of yours" : "embedded");
	buf_fini(&size);
	return true;
}

/* ---- what is stored ---- */

static void
check_schema(struct doctor *d)
{
	int64_t version = ask_number(d, "SELECT max(version) FROM schema_version", 0);
	bool trigrams =
		ask_number(d, "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'", 0) > 0;
	report(d, OK, "schema", NULL, "version %d of %d", (int)version, (int)migrate_embedded_n);
	if (!trigrams)
		report(d, FAIL, "schema", "CREATE EXTENSION pg_trgm, as a superuser",
			"the extension pg_trgm is missing");
}

#define SILENT_S (24 * 3600)
#define SKEW_S	 5
#define FUTURE_S 300

/* Columns of the statement in check_hosts. */
enum { HOST_NAME, HOST_STATE, HOST_LAST_S, HOST_SKEW_S, HOST_MISSING };

static int64_t
host_number(const PGresult *rows, int row, int column)
{
	return strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

/* True when something is to be said about its clock. */
static bool
check_host_clock(struct doctor *d, const PGresult *rows, int row, const char *time)
{
	const char *name = PQgetvalue(rows, row, HOST_NAME);
	int64_t skew_s = host_number(rows, row, HOST_SKEW_S);
	bool future =
		host_number(rows, row, HOST_LAST_S) > time_now_us() / TIME_SECOND_US + FUTURE_S;
	if (future)
		report(d, WARN, "host",
			"set the clocks with NTP; were the logs read with the right year and zone?",
			"%s: its newest line is of %s, which is to come", name, time);
	if (skew_s > SKEW_S || skew_s < -SKEW_S)
		report(d, WARN, "host", "set its clock with NTP; is its time zone right?",
			"%s: its clock is %lld s %s", name,
			(long long)(skew_s < 0 ? -skew_s : skew_s),
			skew_s < 0 ? "ahead" : "behind");
	return future || skew_s > SKEW_S || skew_s < -SKEW_S;
}

/* One that says nothing, too late, or not all. `newest_s`: of all hosts. */
static bool
check_host_lines(
	struct doctor *d, const PGresult *rows, int row, const char *time, int64_t newest_s)
{
	const char *name = PQgetvalue(rows, row, HOST_NAME),
		   *state = PQgetvalue(rows, row, HOST_STATE);
	int64_t missing = host_number(rows, row, HOST_MISSING);
	bool old = strcmp(state, "imported") == 0 &&
		   newest_s - host_number(rows, row, HOST_LAST_S) > SILENT_S;
	bool silent = old || strcmp(state, "silent") == 0, late = strcmp(state, "lagging") == 0;
	if (silent)
		report(d, WARN, "host", "does it still send its logs?", "%s: silent since %s", name,
			time);
	if (late)
		report(d, WARN, "host", "is there a queue in its rsyslog? elsectl hosts",
			"%s: its lines come more than a minute late", name);
	if (missing)
		report(d, WARN, "host",
			"elsectl hosts NAME shows which; is a queue of it too small?",
			"%s: %lld lines of the last day never came", name, (long long)missing);
	return silent || late || missing;
}

static void
check_host(struct doctor *d, const PGresult *rows, int row, int64_t newest_s)
{
	struct buf time = {0};
	zone_add_time(&time, host_number(rows, row, HOST_LAST_S) * TIME_SECOND_US);
	bool clock = check_host_clock(d, rows, row, buf_str(&time));
	bool lines = check_host_lines(d, rows, row, buf_str(&time), newest_s);
	if (!clock && !lines)
		report(d, OK, "host", NULL, "%s: newest line of %s",
			PQgetvalue(rows, row, HOST_NAME), buf_str(&time));
	buf_fini(&time);
}

static void
check_hosts(struct doctor *d)
{
	PGresult *rows;
	struct error err;
	static const char sql[] =
		"SELECT name, state, floor(extract(epoch FROM last_line))::int8, "
		"coalesce(extract(epoch "
		"FROM skew), 0)::int8, (SELECT coalesce(sum(lines), 0)::int8 FROM v_host_gap g "
		"WHERE g.host = h.name AND noticed > now() - interval '1 day') FROM v_host h "
		"WHERE last_line IS NOT NULL ORDER BY 3 DESC, 1";
	if (!db_query_text(d->db, sql, 0, NULL, &rows, &err)) {
		report(d, FAIL, "host", "see postgres.log in the data folder", "%s", err.text);
		return;
	}
	int n = PQntuples(rows);
	if (n == 0)
		report(d, WARN, "host", "elsectl import FILE...", "nothing is stored yet");
	for (int i = 0; i < n; i++)
		check_host(d, rows, i, host_number(rows, 0, HOST_LAST_S));
	PQclear(rows);
}

static void
check_open(struct doctor *d)
{
	int64_t open = ask_number(d, "SELECT count(*) FROM hop WHERE flags & 4194304 <> 0", 0);
	report(d, OK, "open", NULL, "%lld stored stops of mails whose end is not known yet",
		(long long)open);
}

static void
check_misplaced(struct doctor *d)
{
	int64_t n = ask_number(d,
		"SELECT (SELECT count(*) FROM (SELECT FROM delivery_default LIMIT 1000000) x) + "
		"(SELECT count(*) FROM (SELECT FROM reject_default LIMIT 1000000) x) + "
		"(SELECT count(*) FROM (SELECT FROM hop_default LIMIT 1000000) x)",
		0);
	if (n)
		report(d, WARN, "times",
			"look at the clocks of the senders; SELECT * FROM delivery_default shows "
			"some",
			"%lld rows have impossible times: they are stored, but no search finds "
			"them",
			(long long)n);
	else
		report(d, OK, "times", NULL, "every row lies in its week");
}

static void
check_dictionary(struct doctor *d)
{
	int64_t n = ask_number(d, "SELECT count(*) FROM zdict", 0);
	int64_t hops = ask_number(d,
		"SELECT sum(greatest(reltuples, 0))::int8 FROM pg_class WHERE relname ~ '^hop_'",
		0);
	if (n == 0 && hops > 100000)
		report(d, WARN, "evidence",
			"it is made by itself at the next import of a larger log",
			"raw lines are stored without a dictionary: they take more room than they "
			"need");
	else
		report(d, OK, "evidence", NULL, "dictionaries of raw lines: %lld", (long long)n);
}

static void
check_clock(struct doctor *d)
{
	int64_t theirs_us =
		ask_number(d, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8", 0);
	int64_t apart_ms = (time_now_us() - theirs_us) / 1000;
	bool far = apart_ms > 5000 || apart_ms < -5000;
	report(d, far ? WARN : OK, "clock", far ? "set both with NTP" : NULL,
		"this machine and the database are %lld ms apart",
		(long long)(apart_ms < 0 ? -apart_ms : apart_ms));
}

static void
check_all(struct doctor *d)
{
	if (!check_folder(d))
		return;
	check_disk(d);
	if (!check_database(d))
		return;
	check_schema(d);
	check_hosts(d);
	check_open(d);
	check_misplaced(d);
	check_dictionary(d);
	check_clock(d);
}

int
cmd_doctor(struct app *app, int argc, char **argv)
{
	static const struct option options[] = {
		APP_OPTIONS, {"tz", required_argument, NULL, 'z'}, {0}};
	struct doctor d = {.app = app};
	while (app_option(app, argc, argv, options, usage) != -1)
		if (!zone_set(optarg))
			return app_usage_error(app, "there is no time zone \"%s\"", optarg);
	if (optind < argc)
		return app_usage_error(app, "doctor takes no operand");
	check_all(&d);
	if (!app->json)
		buf_addf(&app->out.text, "%u checks, %u warnings, %u failures\n",
			d.counts[0] + d.counts[1] + d.counts[2], d.counts[WARN], d.counts[FAIL]);
	db_close(&d.db);
	return d.counts[FAIL] ? APP_TROUBLE : APP_DONE;
}
