/* elsectl tail: what matches a query, as it is stored. */
#include "elsectl/commands.h"

#include "elsectl/ask.h"
#include "elsectl/found.h"
#include "elsectl/zone.h"
#include "show/row.h"
#include "show/seen.h"

#include <stdlib.h>
#include <time.h>

static const char usage[] =
	"usage: elsectl tail [--json] [--tz ZONE] ['QUERY']\n"
	"\n"
	"Shows the newest mails and refusals that match, then every new one as soon as it is\n"
	"stored, and again when its state changes. Ctrl-C ends.\n"
	"\n"
	"  --lines N  so many to begin with (10)\n"
	"  --tz ZONE  your time zone: Europe/Berlin, UTC, +01:00 (the machine's)\n";

enum { LOOKED_AT = 500, MOST_SEEN = 100000 };

struct tailing {
	struct app *app;
	struct searcher *searcher;
	struct seen seen;
	uint64_t lines;
};

static void
show(struct tailing *t, const struct search_row *row)
{
	if (t->app->json)
		row_add_json(&t->app->out.text, row);
	else
		found_print_line(&t->app->out, row);
}

/* The newest rows, oldest first, `most` of them. What is known already is passed over. */
static bool
look(struct tailing *t, const struct query_node *tree, size_t most, struct error *err)
{
	struct search_options options = {0};
	const struct search_page *page;
	struct query_error query_err;
	struct search *search = search_begin(t->searcher, tree, &options, &query_err, err);
	bool ok = search && search_page(search, LOOKED_AT, &page, err);
	seen_begin(&t->seen);
	for (size_t i = ok ? page->n : 0; i-- > 0;) {
		bool is_news = seen_add(&t->seen, &page->rows[i]);
		if (is_news && i < most)
			show(t, &page->rows[i]);
	}
	search_end(&search);
	return ok && output_flush(&t->app->out);
}

static bool
follow(struct tailing *t, const struct query_node *tree, struct error *err)
{
	const struct timespec second = {.tv_sec = 1};
	bool ok = look(t, tree, t->lines, err);
	while (ok && !app_stopped) {
		nanosleep(&second, NULL);
		ok = app_stopped || look(t, tree, LOOKED_AT, err);
	}
	return ok || t->app->out.failed;
}

/* A query that cannot be answered is told at once. */
static bool
check(struct tailing *t, const struct ask *ask, int *status)
{
	struct search_options options = {0};
	struct query_error query_err;
	struct error err;
	struct search *search = search_begin(t->searcher, ask->tree, &options, &query_err, &err);
	bool ok = search != NULL;
	search_end(&search);
	if (!ok && query_err.message.n) {
		ask_say_error(t->app, ask->text, &query_err);
		*status = APP_USAGE;
	} else if (!ok) {
		*status = app_trouble(t->app, &err);
	}
	return ok;
}

static int
run(struct tailing *t, const struct ask *ask)
{
	struct error err;
	struct db *db;
	int status = APP_DONE;
	if (!app_open_database(t->app, &db, &err))
		return app_trouble(t->app, &err);
	app_catch_signals();
	t->searcher = searcher_new(db, &err);
	if (!t->searcher)
		status = app_trouble(t->app, &err);
	else if (check(t, ask, &status) && !follow(t, ask->tree, &err))
		status = app_trouble(t->app, &err);
	seen_fini(&t->seen);
	searcher_free(&t->searcher);
	db_close(&db);
	return status;
}

int
cmd_tail(struct app *app, int argc, char **argv)
{
	static const struct option options[] = {APP_OPTIONS,
		{"lines", required_argument, NULL, 'n'}, {"tz", required_argument, NULL, 'z'}, {0}};
	struct tailing t = {.app = app, .seen.most = MOST_SEEN, .lines = 10};
	struct ask ask = {0};
	int c;
	while ((c = app_option(app, argc, argv, options, usage)) != -1) {
		if (c == 'n')
			t.lines = app_option_number(app, "lines", optarg, LOOKED_AT);
		else if (!zone_set(optarg))
			return app_usage_error(app, "there is no time zone \"%s\"", optarg);
	}
	if (argc - optind > 1)
		return app_usage_error(app, "put the query in quotes");
	bool ok = ask_parse(app, &ask, slice_of_str(optind < argc ? argv[optind] : ""), true);
	int status = ok ? run(&t, &ask) : APP_USAGE;
	ask_fini(&ask);
	return status;
}
