/* elsectl hosts: the servers that send their logs, and how it is with each. */
#include "elsectl/commands.h"

#include "base/json.h"
#include "base/time.h"
#include "elsectl/table.h"
#include "show/text.h"
#include "elsectl/zone.h"

#include <stdlib.h>

static const char usage[] =
	"usage: elsectl hosts [--json] [--tz ZONE] [NAME]\n"
	"\n"
	"The servers that sent logs: what each is for (* guessed), when its last line came,\n"
	"how late its lines come, how far its clock is off, lines of the last 24 hours, how\n"
	"many of them are in a form that we do not know, how many never came, and whether\n"
	"it is ok, lagging, silent, imported (known from files alone) or was never seen.\n"
	"\n"
	"With NAME all of one host: gaps in the numbers of its lines, and lines that were not\n"
	"understood. Roles and limits are set with elsectl admin host.\n";

/* Columns of the statement below. */
enum column {
	NAME,
	ROLE,
	ROLE_SET,
	NOTE,
	FIRST_LINE,
	LAST_LINE,
	LAST_LOGGED,
	LAG_MS,
	SKEW_MS,
	LINES,
	UNKNOWN,
	MISSING,
	SILENT_AFTER_S,
	SILENT_AFTER_SET,
	SILENT_SINCE,
	STATE,
};

static const char hosts_sql[] =
	"SELECT name, role, role_set, note, else_us(first_line), else_us(last_line), "
	"else_us(last_logged), (extract(epoch FROM lag) * 1000)::int8, (extract(epoch "
	"FROM skew) * 1000)::int8, lines_24h, unknown_24h, missing, extract(epoch FROM "
	"silent_after)::int8, silent_after_set, else_us(silent_since), state FROM "
	"v_host WHERE $1 = '' OR name = $1 ORDER BY name";

struct host {
	const PGresult *rows;
	int row;
};

static bool
has(const struct host *h, enum column column)
{
	return !PQgetisnull(h->rows, h->row, (int)column);
}

static const char *
text(const struct host *h, enum column column)
{
	return PQgetvalue(h->rows, h->row, (int)column);
}

static int64_t
number(const struct host *h, enum column column)
{
	return strtoll(text(h, column), NULL, 10);
}

static bool
is_true(const struct host *h, enum column column)
{
	return *text(h, column) == 't';
}

/* ---- for programs ---- */

static void
add_number(struct buf *b, const char *name, const struct host *h, enum column column)
{
	if (has(h, column))
		json_add_field_i64(b, name, number(h, column));
	else
		json_add_field_str(b, name, NULL);
}

static void
add_json(struct buf *b, const struct host *h)
{
	json_add_field_str(b, "name", text(h, NAME));
	json_add_field_str(b, "role", has(h, ROLE) ? text(h, ROLE) : NULL);
	json_add_field_bool(b, "role_set", is_true(h, ROLE_SET));
	json_add_field_str(b, "note", has(h, NOTE) ? text(h, NOTE) : NULL);
	json_add_field_time(b, "first_line", number(h, FIRST_LINE));
	json_add_field_time(b, "last_line", number(h, LAST_LINE));
	json_add_field_time(b, "last_logged", number(h, LAST_LOGGED));
	add_number(b, "lag_ms", h, LAG_MS);
	add_number(b, "skew_ms", h, SKEW_MS);
	add_number(b, "lines_24h", h, LINES);
	add_number(b, "unknown_24h", h, UNKNOWN);
	add_number(b, "missing", h, MISSING);
	add_number(b, "silent_after_s", h, SILENT_AFTER_S);
	json_add_field_bool(b, "silent_after_set", is_true(h, SILENT_AFTER_SET));
	json_add_field_time(b, "silent_since", number(h, SILENT_SINCE));
	json_add_field_str(b, "state", text(h, STATE));
}

static void
print_json(struct output *o, const PGresult *rows)
{
	for (int i = 0; i < PQntuples(rows); i++) {
		buf_add_char(&o->text, '{');
		add_json(&o->text, &(struct host){rows, i});
		buf_add_str(&o->text, "}\n");
	}
}

/* ---- for people ---- */

static void
add_role(struct buf *b, const struct host *h)
{
	buf_add_str(b, has(h, ROLE) ? text(h, ROLE) : "-");
	if (has(h, ROLE) && !is_true(h, ROLE_SET))
		buf_add_char(b, '*');
}

static void
add_time(struct buf *b, const struct host *h, enum column column)
{
	if (has(h, column))
		zone_add_time(b, number(h, column));
	else
		buf_add_char(b, '-');
}

#define SMALL_MS 2000 /* the network, and stamps of whole seconds */

static void
add_lag(struct buf *b, const struct host *h)
{
	if (!has(h, LAG_MS))
		buf_add_char(b, '-');
	else if (number(h, LAG_MS) < SMALL_MS)
		buf_add_str(b, "none");
	else
		time_add_duration(b, number(h, LAG_MS));
}

static void
add_skew(struct buf *b, const struct host *h)
{
	int64_t ms = has(h, SKEW_MS) ? number(h, SKEW_MS) : 0;
	if (!has(h, SKEW_MS)) {
		buf_add_char(b, '-');
	} else if (ms < SMALL_MS && ms > -SMALL_MS) {
		buf_add_str(b, "none");
	} else {
		time_add_duration(b, ms < 0 ? -ms : ms);
		buf_add_str(b, ms < 0 ? " ahead" : " behind");
	}
}

static void
add_percent(struct buf *b, const struct host *h)
{
	int64_t lines = number(h, LINES);
	if (lines == 0)
		buf_add_char(b, '-');
	else
		buf_addf(b, "%.1f %%", 100.0 * (double)number(h, UNKNOWN) / (double)lines);
}

static enum style
style_of(const struct host *h)
{
	static const struct {
		const char *state;
		enum style style;
	} styles[] = {{"ok", STYLE_GOOD}, {"lagging", STYLE_WAIT}, {"silent", STYLE_BAD}};
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		if (strcmp(styles[i].state, text(h, STATE)) == 0)
			return styles[i].style;
	return STYLE_PLAIN;
}

static void
put(struct table *t, struct buf *b)
{
	table_cell(t, STYLE_PLAIN, buf_slice(b));
	buf_clear(b);
}

static void
put_host(struct table *t, const struct host *h)
{
	struct buf b = {0};
	table_cell_str(t, text(h, NAME));
	add_role(&b, h);
	put(t, &b);
	add_time(&b, h, LAST_LINE);
	put(t, &b);
	add_lag(&b, h);
	put(t, &b);
	add_skew(&b, h);
	put(t, &b);
	table_cell_number(t, (uint64_t)number(h, LINES));
	add_percent(&b, h);
	put(t, &b);
	table_cell_number(t, (uint64_t)number(h, MISSING));
	table_cell(t, style_of(h), slice_of_str(text(h, STATE)));
	buf_fini(&b);
}

static void
print_table(struct output *o, const PGresult *rows)
{
	static const struct table_column columns[] = {{"host", TABLE_SHRINKS, 12},
		{"role", TABLE_LEFT, 0}, {"last line", TABLE_LEFT, 0}, {"lag", TABLE_RIGHT, 0},
		{"clock", TABLE_RIGHT, 0}, {"lines 24h", TABLE_RIGHT, 0},
		{"unknown", TABLE_RIGHT, 0}, {"missing", TABLE_RIGHT, 0}, {"state", TABLE_LEFT, 0}};
	struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	for (int i = 0; i < PQntuples(rows); i++)
		put_host(t, &(struct host){rows, i});
	table_print(t, o);
	table_free(&t);
}

/* ---- one host ---- */

static const char gaps_sql[] =
	"SELECT boot, first, last, lines, else_us(noticed) FROM v_host_gap WHERE host "
	"= $1 ORDER BY noticed DESC, first DESC LIMIT 20";
static const char unknown_sql[] =
	"SELECT shape, n, example, else_us(last_received) FROM v_host_unknown WHERE "
	"host = $1 ORDER BY n DESC, shape LIMIT 10";

static void
add_json_list(struct buf *b, const char *name, const PGresult *rows, const char *const *fields)
{
	json_add_key(b, name);
	buf_add_char(b, '[');
	for (int i = 0; i < PQntuples(rows); i++) {
		json_add_comma(b);
		buf_add_char(b, '{');
		for (int k = 0; fields[k]; k++) {
			const char *value = PQgetvalue(rows, i, k);
			bool is_text = PQftype(rows, k) == 25; /* TEXTOID */
			if (is_text)
				json_add_field_str(b, fields[k], value);
			else if (!fields[k + 1])
				json_add_field_time(b, fields[k], strtoll(value, NULL, 10));
			else
				json_add_field_i64(b, fields[k], strtoll(value, NULL, 10));
		}
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

static void
line(struct output *o, const char *title, struct buf *value)
{
	buf_addf(&o->text, "%-12s ", title);
	output_text(o, buf_slice(value));
	output_str(o, "\n");
	buf_clear(value);
}

static void
add_limit(struct buf *b, const struct host *h)
{
	if (!has(h, SILENT_AFTER_S))
		buf_add_str(b, "never");
	else
		time_add_duration(b, number(h, SILENT_AFTER_S) * 1000);
	buf_add_str(b, is_true(h, SILENT_AFTER_SET) ? " (set)" : " (by its habit)");
}

static void
print_facts(struct output *o, const struct host *h)
{
	struct buf b = {0};
	buf_add_str(&b, text(h, NAME));
	line(o, "host", &b);
	buf_add_str(&b, has(h, ROLE) ? text(h, ROLE) : "-");
	buf_add_str(&b, has(h, ROLE) && !is_true(h, ROLE_SET) ? " (guessed)" : "");
	line(o, "role", &b);
	if (has(h, NOTE)) {
		buf_add_str(&b, text(h, NOTE));
		line(o, "note", &b);
	}
	buf_add_str(&b, text(h, STATE));
	line(o, "state", &b);
	add_time(&b, h, FIRST_LINE);
	line(o, "first line", &b);
	add_time(&b, h, LAST_LINE);
	line(o, "last line", &b);
	add_limit(&b, h);
	line(o, "silent after", &b);
	add_lag(&b, h);
	line(o, "lag", &b);
	add_skew(&b, h);
	line(o, "clock", &b);
	text_add_number(&b, (uint64_t)number(h, LINES));
	buf_add_str(&b, ", not understood ");
	add_percent(&b, h);
	line(o, "lines 24h", &b);
	text_add_number(&b, (uint64_t)number(h, MISSING));
	line(o, "missing", &b);
	buf_fini(&b);
}

static void
print_gaps(struct output *o, const PGresult *rows)
{
	static const struct table_column columns[] = {{"noticed", TABLE_LEFT, 0},
		{"boot", TABLE_SHRINKS, 10}, {"from", TABLE_RIGHT, 0}, {"to", TABLE_RIGHT, 0},
		{"lines", TABLE_RIGHT, 0}};
	if (PQntuples(rows) == 0)
		return;
	struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	for (int i = 0; i < PQntuples(rows); i++) {
		struct buf b = {0};
		zone_add_time(&b, strtoll(PQgetvalue(rows, i, 4), NULL, 10));
		put(t, &b);
		for (int k = 0; k < 4; k++)
			table_cell_str(t, PQgetvalue(rows, i, k));
		buf_fini(&b);
	}
	output_str(o, "\nLines that never came, the newest gaps:\n");
	table_print(t, o);
	table_free(&t);
}

static void
print_unknown(struct output *o, const PGresult *rows)
{
	if (PQntuples(rows))
		output_str(o, "\nLines that were not understood:\n");
	for (int i = 0; i < PQntuples(rows); i++) {
		struct buf b = {0};
		text_add_number(&b, strtoull(PQgetvalue(rows, i, 1), NULL, 10));
		buf_addf(&o->text, "%10s  ", buf_str(&b));
		output_text(o, slice_of_str(PQgetvalue(rows, i, 0)));
		output_str(o, "\n            ");
		output_begin(o, STYLE_DIM);
		output_text(o, slice_of_str(PQgetvalue(rows, i, 2)));
		output_end(o, STYLE_DIM);
		output_str(o, "\n");
		buf_fini(&b);
	}
}

static void
print_one(struct app *app, const struct host *h, const PGresult *gaps, const PGresult *unknown)
{
	static const char *const gap[] = {"boot", "first", "last", "lines", "noticed", NULL};
	static const char *const shape[] = {"shape", "count", "example", "last_line", NULL};
	struct buf *b = &app->out.text;
	if (app->json) {
		buf_add_char(b, '{');
		add_json(b, h);
		add_json_list(b, "gaps", gaps, gap);
		add_json_list(b, "unknown_shapes", unknown, shape);
		buf_add_str(b, "}\n");
		return;
	}
	print_facts(&app->out, h);
	print_gaps(&app->out, gaps);
	print_unknown(&app->out, unknown);
}

static bool
show_one(struct app *app, struct db *db, const char *name, const PGresult *rows, struct error *err)
{
	const char *values[] = {name};
	PGresult *gaps = NULL, *unknown = NULL;
	bool ok = db_query_text(db, gaps_sql, 1, values, &gaps, err) &&
		  db_query_text(db, unknown_sql, 1, values, &unknown, err);
	if (ok)
		print_one(app, &(struct host){rows, 0}, gaps, unknown);
	PQclear(gaps);
	PQclear(unknown);
	return ok;
}

static int
run(struct app *app, const char *name)
{
	struct db *db;
	struct error err;
	PGresult *rows = NULL;
	const char *values[] = {name ? name : ""};
	bool ok = app_open_database(app, &db, &err) &&
		  db_query_text(db, hosts_sql, 1, values, &rows, &err);
	bool found = ok && PQntuples(rows) > 0;
	if (found && name)
		ok = show_one(app, db, name, rows, &err);
	else if (found && app->json)
		print_json(&app->out, rows);
	else if (found)
		print_table(&app->out, rows);
	else if (ok && name)
		app_say(app, "no host is called \"%s\"", name);
	else if (ok)
		app_say(app, "nothing is stored yet");
	PQclear(rows);
	db_close(&db);
	return !ok ? app_trouble(app, &err) : found ? APP_DONE : APP_NOTHING;
}

int
cmd_hosts(struct app *app, int argc, char **argv)
{
	static const struct option options[] = {
		APP_OPTIONS, {"tz", required_argument, NULL, 'z'}, {0}};
	while (app_option(app, argc, argv, options, usage) != -1)
		if (!zone_set(optarg))
			return app_usage_error(app, "there is no time zone \"%s\"", optarg);
	if (argc - optind > 1)
		return app_usage_error(app, "name one host, or none for all");
	return run(app, optind < argc ? argv[optind] : NULL);
}
