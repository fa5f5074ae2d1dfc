#include "elsectl/admin_own.h"

#include "base/json.h"
#include "base/time.h"
#include "elsectl/table.h"
#include "show/text.h"
#include "elsectl/zone.h"
#include "store/writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void
own_take_option(struct own_change *c, int option)
{
	if (option == OWN_OPTION_DRY) {
		c->dry = true;
	} else if (option == OWN_OPTION_DAYS) {
		c->days = app_option_number(c->app, "days", optarg, 36500);
	} else {
		assert(option == OWN_OPTION_APPLY);
		c->apply_to = app_option_number(c->app, "apply-to", optarg, 36500);
	}
}

/* ---- the change ---- */

/* `*missing`: there was nothing to do for this word. */
static bool
make_one(const struct own_change *c, struct db *db, const char *word, bool *missing,
	struct error *err)
{
	const char *values[] = {word, c->value};
	PGresult *rows;
	if (!db_query_text(db, c->sql, c->value ? 2 : 1, values, &rows, err))
		return false;
	*missing = PQntuples(rows) == 0;
	if (!*missing && *PQgetvalue(rows, 0, 0))
		app_say(c->app, "%s: %s", word, PQgetvalue(rows, 0, 0));
	PQclear(rows);
	return true;
}

static bool
make(const struct own_change *c, struct db *db, bool *missing, struct error *err)
{
	for (int i = 0; i < c->n_words; i++) {
		if (!make_one(c, db, c->words[i], missing, err))
			return false;
		if (*missing) {
			app_say(c->app, "%s %s", c->words[i], c->missing);
			return true;
		}
	}
	return true;
}

/* ---- what it does to stored mails ---- */

static bool
look(const struct own_change *c, struct db *db, struct error *err)
{
	char days[24];
	snprintf(days, sizeof(days), "%" PRIu64, c->apply_to ? c->apply_to : c->days);
	const char *values[] = {days};
	return db_query_text(db, "SELECT else_reclass($1::int)", 1, values, NULL, err);
}

static const char ways_sql[] =
	"SELECT a.name, b.name, count(DISTINCT (s.mail_id, s.branch)), count(*) FROM settle s "
	"JOIN way_name a ON a.id = s.way JOIN way_name b ON b.id = s.new_way "
	"WHERE s.way <> s.new_way GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2";

static const char examples_sql[] =
	"SELECT else_us(s.t), s.sender, s.rcpt, a.name, b.name FROM "
	"settle s JOIN way_name a ON a.id = s.way JOIN way_name b ON b.id = s.new_way "
	"WHERE s.way <> s.new_way AND s.flags & 1 <> 0 ORDER BY s.t DESC, s.mail_id, s.rcpt LIMIT "
	"5";

static uint64_t
number(const PGresult *rows, int row, int column)
{
	return strtoull(PQgetvalue(rows, row, column), NULL, 10);
}

static uint64_t
mails_of(const PGresult *ways)
{
	uint64_t mails = 0;
	for (int i = 0; i < PQntuples(ways); i++)
		mails += number(ways, i, 2);
	return mails;
}

static void
add_json(const struct own_change *c, struct buf *b, const PGresult *ways, const PGresult *examples)
{
	buf_add_char(b, '{');
	json_add_field_bool(b, "dry_run", c->dry);
	json_add_field_i64(b, "days", (int64_t)(c->apply_to ? c->apply_to : c->days));
	json_add_field_bool(b, "applied", c->apply_to && !c->dry);
	json_add_field_i64(b, "mails", (int64_t)mails_of(ways));
	json_add_key(b, "changes");
	buf_add_char(b, '[');
	for (int i = 0; i < PQntuples(ways); i++) {
		json_add_comma(b);
		buf_add_char(b, '{');
		json_add_field_str(b, "way", PQgetvalue(ways, i, 0));
		json_add_field_str(b, "new_way", PQgetvalue(ways, i, 1));
		json_add_field_i64(b, "mails", (int64_t)number(ways, i, 2));
		json_add_field_i64(b, "deliveries", (int64_t)number(ways, i, 3));
		buf_add_char(b, '}');
	}
	buf_add_str(b, "],\"examples\":[");
	for (int i = 0; i < PQntuples(examples); i++) {
		json_add_comma(b);
		buf_add_char(b, '{');
		json_add_field_time(b, "time", (int64_t)number(examples, i, 0));
		json_add_field_str(b, "from", PQgetvalue(examples, i, 1));
		json_add_field_str(b, "to", PQgetvalue(examples, i, 2));
		json_add_field_str(b, "way", PQgetvalue(examples, i, 3));
		json_add_field_str(b, "new_way", PQgetvalue(examples, i, 4));
		buf_add_char(b, '}');
	}
	buf_add_str(b, "]}\n");
}

static void
print_ways(struct output *o, const PGresult *rows)
{
	static const struct table_column columns[] = {{"way", TABLE_LEFT, 0},
		{"new way", TABLE_LEFT, 0}, {"mails", TABLE_RIGHT, 0},
		{"deliveries", TABLE_RIGHT, 0}};
	struct table *t = table_new(columns, 4);
	for (int i = 0; i < PQntuples(rows); i++) {
		table_cell_str(t, PQgetvalue(rows, i, 0));
		table_cell_str(t, PQgetvalue(rows, i, 1));
		table_cell_number(t, number(rows, i, 2));
		table_cell_number(t, number(rows, i, 3));
	}
	table_print(t, o);
	table_free(&t);
}

static void
print_examples(struct output *o, const PGresult *rows)
{
	static const struct table_column columns[] = {{"for example", TABLE_LEFT, 0},
		{"from", TABLE_SHRINKS, 12}, {"to", TABLE_SHRINKS, 12}, {"way", TABLE_LEFT, 0},
		{"new way", TABLE_LEFT, 0}};
	struct table *t = table_new(columns, 5);
	for (int i = 0; i < PQntuples(rows); i++) {
		struct buf time = {0};
		zone_add_time(&time, (int64_t)number(rows, i, 0));
		table_cell(t, STYLE_PLAIN, buf_slice(&time));
		buf_fini(&time);
		for (int k = 1; k < 5; k++)
			table_cell_str(t, PQgetvalue(rows, i, k));
	}
	output_str(o, "\n");
	table_print(t, o);
	table_free(&t);
}

static void
print_outcome(const struct own_change *c, struct output *o, uint64_t mails)
{
	uint64_t days = c->apply_to ? c->apply_to : c->days;
	const char *plural = days == 1 ? "day" : "days";
	struct buf n = {0};
	text_add_number(&n, mails);
	if (c->dry)
		buf_addf(&o->text,
			"%s mails of the newest %" PRIu64
			" %s would have another way. Nothing was changed.\n",
			buf_str(&n), days, plural);
	else if (c->apply_to)
		buf_addf(&o->text, "%s mails of the newest %" PRIu64 " %s have another way now.\n",
			buf_str(&n), days, plural);
	else if (mails)
		buf_addf(&o->text,
			"For mails from now on. %s stored ones of the newest %" PRIu64
			" %s would have another "
			"way: --apply-to sets them right.\n",
			buf_str(&n), days, plural);
	else
		output_str(o, "For mails from now on.\n");
	buf_fini(&n);
}

struct effect {
	PGresult *ways, *examples;
};

static bool
ask(struct db *db, struct effect *out, struct error *err)
{
	return db_query_text(db, ways_sql, 0, NULL, &out->ways, err) &&
	       db_query_text(db, examples_sql, 0, NULL, &out->examples, err);
}

static void
show(const struct own_change *c, const struct effect *out)
{
	struct output *o = &c->app->out;
	if (c->app->json) {
		add_json(c, &o->text, out->ways, out->examples);
		return;
	}
	if (PQntuples(out->ways) && c->dry) {
		print_ways(o, out->ways);
		print_examples(o, out->examples);
		output_str(o, "\n");
	}
	print_outcome(c, o, mails_of(out->ways));
}

/* ---- all of it ---- */

static bool
end(const struct own_change *c, struct db *db, bool missing, struct error *err)
{
	if (c->dry || missing)
		return db_exec(db, "ROLLBACK", err);
	if (c->apply_to && !db_query_text(db, "SELECT else_settle_rows()", 0, NULL, NULL, err))
		return false;
	return db_exec(db, "COMMIT", err);
}

/* While nobody else writes: a daemon takes up what is new when it is its turn again. */
static bool
run(const struct own_change *c, struct db *db, bool *missing, struct error *err)
{
	const struct writer_options options = {
		.conninfo = buf_str(&c->app->conninfo), .connections = 1};
	struct effect out = {0};
	struct writer *writer = c->dry ? NULL : writer_open(&options, err);
	bool ok = (c->dry || writer) && db_exec(db, "BEGIN", err) && make(c, db, missing, err) &&
		  (*missing || (look(c, db, err) && ask(db, &out, err))) &&
		  end(c, db, *missing, err);
	if (ok && !*missing)
		show(c, &out);
	PQclear(out.ways);
	PQclear(out.examples);
	writer_close(&writer);
	return ok;
}

int
own_change_run(struct own_change *c)
{
	struct db *db;
	struct error err;
	bool missing = false;
	if (c->dry && c->apply_to)
		return app_usage_error(
			c->app, "--dry-run changes nothing: look with --days, then --apply-to");
	bool ok = app_open_database(c->app, &db, &err) && run(c, db, &missing, &err);
	db_close(&db);
	return !ok ? app_trouble(c->app, &err) : missing ? APP_NOTHING : APP_DONE;
}

/* ---- lists ---- */

static void
add_row_json(struct buf *b, const PGresult *rows, int row, size_t n)
{
	buf_add_char(b, '{');
	for (size_t i = 0; i < n; i++) {
		const char *value = PQgetvalue(rows, row, (int)i), *name = PQfname(rows, (int)i);
		if (PQgetisnull(rows, row, (int)i))
			json_add_field_str(b, name, NULL);
		else if (PQftype(rows, (int)i) == 20) /* INT8OID */
			json_add_field_i64(b, name, strtoll(value, NULL, 10));
		else
			json_add_field_str(b, name, value);
	}
	buf_add_str(b, "}\n");
}

static void
print_list(struct output *o, const PGresult *rows, const struct table_column *columns, size_t n)
{
	struct table *t = table_new(columns, n);
	for (int i = 0; i < PQntuples(rows); i++)
		for (size_t k = 0; k < n; k++)
			table_cell_str(t,
				PQgetisnull(rows, i, (int)k) ? "-" : PQgetvalue(rows, i, (int)k));
	table_print(t, o);
	table_free(&t);
}

int
own_list(struct app *app, const char *sql, const struct table_column *columns, size_t n)
{
	struct db *db;
	struct error err;
	PGresult *rows = NULL;
	bool ok = app_open_database(app, &db, &err) && db_query_text(db, sql, 0, NULL, &rows, &err);
	bool found = ok && PQntuples(rows) > 0;
	if (found && app->json)
		for (int i = 0; i < PQntuples(rows); i++)
			add_row_json(&app->out.text, rows, i, n);
	else if (found)
		print_list(&app->out, rows, columns, n);
	else if (ok)
		app_say(app, "there are none");
	PQclear(rows);
	db_close(&db);
	return !ok ? app_trouble(app, &err) : found ? APP_DONE : APP_NOTHING;
}

/* APP_DONE when the change can be made; else why not is said. */
static int
check_names(struct own_change *change, const struct own_names *names, const char *action)
{
	bool add = strcmp(action, "add") == 0;
	if (!add && strcmp(action, "remove") != 0)
		return app_usage_error(
			change->app, "say list, add %s or remove %s", names->word, names->word);
	for (int i = 0; i < change->n_words; i++)
		if (!names->is_one(slice_of_str(change->words[i])))
			return app_usage_error(
				change->app, "\"%s\" %s", change->words[i], names->wrong);
	if (change->n_words == 0)
		return app_usage_error(change->app, "%s", names->none);
	change->sql = add ? names->add_sql : names->remove_sql;
	return APP_DONE;
}

int
own_names_run(struct app *app, const struct own_names *names, int argc, char **argv)
{
	static const struct option options[] = {APP_OPTIONS, OWN_OPTIONS, {0}};
	struct own_change change = {.app = app, .days = 1, .missing = names->missing};
	int c;
	while ((c = app_option(app, argc, argv, options, names->usage)) != -1)
		own_take_option(&change, c);
	const char *action = optind < argc ? argv[optind] : "";
	change.words = argv + optind + 1;
	change.n_words = argc - optind - 1;
	if (strcmp(action, "list") == 0 && change.n_words == 0)
		return own_list(app, names->list_sql, names->columns, names->n_columns);
	int status = check_names(&change, names, action);
	return status == APP_DONE ? own_change_run(&change) : status;
}
