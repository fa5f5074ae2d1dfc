/* elsectl search: mails and refusals that match a query, newest first. */
#include "elsectl/commands.h"

#include "base/json.h"
#include "base/time.h"
#include "elsectl/ask.h"
#include "elsectl/found.h"
#include "elsectl/search_hint.h"
#include "elsectl/zone.h"
#include "show/row.h"
#include "show/text.h"

#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
	"usage: elsectl search [options] 'QUERY'\n"
	"       elsectl search --batch [options] < QUERIES\n"
	"\n"
	"Mails and refusals that match, newest first. An empty query is everything. In front of a\n"
	"query that begins with a - write --\n"
	"\n"
	"  elsectl search 'to:ap@partner.example status:deferred,bounced last:24h'\n"
	"\n"
	"  --limit N    at most so many (50); 0 = all\n"
	"  --cursor C   go on where an earlier answer ended (empty: from the newest)\n"
	"  --count      how many there are in all, however long that takes\n"
	"  --no-count   do not count\n"
	"  --tz ZONE    your time zone: Europe/Berlin, UTC, +01:00 (the machine's)\n"
	"  --budget MS  answer after so long with what was found by then (10000, with --limit 0 "
	"and\n"
	"               for 0 no limit); --cursor goes on looking\n"
	"  --batch      a query a line on standard input, for each one object with took_ms, rows,\n"
	"               total, relation\n"
	"  --json       one object a line; with --cursor or --count another object at the end:\n"
	"               {\"kind\":\"page\",\"cursor\",\"total\",\"relation\",\"complete\"}\n"
	"\n"
	"The query language: see elsectl-search(7), or docs/search-language.md.\n";

enum { PAGE_ROWS = 500, COUNT_BUDGET_US = 2000000, BATCH_BUDGET_MS = 80, BUDGET_MS = 10000 };
enum counting { COUNT_SOME_TIME, COUNT_ALL, COUNT_NOT };

struct searching {
	struct app *app;
	struct searcher *searcher;
	uint64_t limit; /* UINT64_MAX = all */
	const char *cursor;
	enum counting counting;
	int64_t budget_us;
	bool batch;

	/* What came of it. */
	uint64_t rows;
	bool complete;
	int64_t scanned_us;
	struct buf next;
	struct search_total total;
	bool counted;
};

static bool
print_page(struct searching *s, const struct search_page *page)
{
	struct output *o = &s->app->out;
	if (s->batch)
		return true;
	if (!s->app->json && page->n)
		found_print(o, page->rows, page->n);
	for (size_t i = 0; s->app->json && i < page->n; i++)
		row_add_json(&o->text, &page->rows[i]);
	if (s->limit > PAGE_ROWS)
		output_flush_some(o);
	return !o->failed;
}

static bool
print_pages(struct searching *s, struct search *search, struct error *err)
{
	s->rows = 0;
	s->complete = true;
	buf_clear(&s->next);
	while (s->rows < s->limit) {
		const struct search_page *page;
		uint64_t left = s->limit - s->rows;
		if (!search_page(search, left < PAGE_ROWS ? (size_t)left : PAGE_ROWS, &page, err))
			return false;
		s->rows += page->n;
		s->complete = page->complete;
		s->scanned_us = page->scanned_us;
		buf_clear(&s->next);
		buf_add(&s->next, buf_slice(&page->cursor));
		if (!print_page(s, page) || !page->more || (!page->complete && s->budget_us))
			break;
	}
	return true;
}

/* When everything was given the number is known. */
static bool
count(struct searching *s, struct search *search, struct error *err)
{
	bool whole = s->next.n == 0 && !s->cursor;
	s->total = (struct search_total){
		.mails = s->rows, .relation = whole ? SEARCH_EXACTLY : SEARCH_MORE_THAN};
	s->counted = whole || s->counting != COUNT_NOT;
	if (whole || s->counting == COUNT_NOT)
		return true;
	if (!search_count(search, s->counting == COUNT_ALL ? 0 : COUNT_BUDGET_US, &s->total, err))
		return false;
	if (s->total.mails + s->total.rejects < s->rows) /* counting came less far than searching */
		s->total.mails = s->rows - s->total.rejects;
	return true;
}

static void
add_page_json(const struct searching *s, struct buf *b)
{
	buf_add_char(b, '{');
	json_add_field_str(b, "kind", "page");
	if (s->next.n)
		json_add_field(b, "cursor", buf_slice(&s->next));
	else
		json_add_field_str(b, "cursor", NULL);
	if (s->counted) {
		json_add_field_i64(b, "total", (int64_t)(s->total.mails + s->total.rejects));
		json_add_field_str(b, "relation", search_relation_name(s->total.relation));
	}
	json_add_field_bool(b, "complete", s->complete);
	if (!s->complete)
		json_add_field_time(b, "scanned_from", s->scanned_us);
	buf_add_str(b, "}\n");
}

/* "50 of 1,043, times in +01:00; the next: --cursor ..." */
static void
print_total(const struct searching *s)
{
	struct buf b = {0};
	text_add_number(&b, s->rows);
	if (s->counted) {
		buf_add_str(&b, s->total.relation == SEARCH_EXACTLY ? " of " : " of more than ");
		text_add_number(&b, s->total.mails + s->total.rejects);
	} else if (s->next.n) {
		buf_add_str(&b, " of more");
	}
	buf_add_str(&b, ", times in ");
	zone_add_name(&b, time_now_us());
	if (!s->complete) {
		buf_add_str(&b, "; looked back to ");
		zone_add_time(&b, s->scanned_us);
		buf_add_str(&b, " only");
	}
	if (s->next.n)
		buf_addf(&b, "\nmore: --cursor %.*s", SLICE_ARG(buf_slice(&s->next)));
	buf_add_char(&b, '\n');
	output_str(&s->app->out, buf_str(&b));
	buf_fini(&b);
}

/* For whoever does not read the end of the answer. */
static void
say_incomplete(const struct searching *s)
{
	struct buf b = {0};
	zone_add_time(&b, s->scanned_us);
	app_say(s->app, "looked back to %s only; to go on: --cursor %.*s", buf_str(&b),
		SLICE_ARG(buf_slice(&s->next)));
	buf_fini(&b);
}

static void
print_end(const struct searching *s)
{
	struct output *o = &s->app->out;
	if (s->app->json && (s->cursor || s->counting == COUNT_ALL))
		add_page_json(s, &o->text);
	else if (!s->app->json && s->rows)
		print_total(s);
	else if (!s->complete)
		say_incomplete(s);
}

/* NULL with `query_err` or `err`. */
static struct search *
begin(struct searching *s, const struct ask *ask, struct query_error *query_err, struct error *err)
{
	struct search_options options = {
		.cursor = slice_of_str(s->cursor), .budget_us = s->budget_us};
	return search_begin(s->searcher, ask->tree, &options, query_err, err);
}

static int
search_one(struct searching *s, struct ask *ask)
{
	struct app *app = s->app;
	struct query_error query_err;
	struct error err;
	struct search *search = begin(s, ask, &query_err, &err);
	if (!search && query_err.message.n) {
		ask_say_error(app, ask->text, &query_err);
		return APP_USAGE;
	}
	bool ok = search && print_pages(s, search, &err);
	if (ok && !app->json)
		output_flush(&app->out); /* rows are read while the rest is counted */
	ok = ok && count(s, search, &err);
	if (ok)
		print_end(s);
	if (ok && s->rows == 0 && !s->cursor && s->complete) {
		output_flush(&app->out);
		search_hint(app, s->searcher, search, ask->tree);
	}
	search_end(&search);
	return !ok ? app_trouble(app, &err) : s->rows ? APP_DONE : APP_NOTHING;
}

/* ---- many queries ---- */

static void
add_batch_error(struct buf *b, const struct query_error *error)
{
	json_add_key(b, "error");
	json_add_string(b, error->message);
	json_add_field_i64(b, "position", (int64_t)error->pos);
}

static bool
answer(struct searching *s, struct slice line, struct error *err)
{
	struct buf *b = &s->app->out.text;
	struct ask ask = {0};
	struct query_error query_err = {0};
	int64_t start_us = time_now_us();
	bool ok = true;
	struct search *search = NULL;
	buf_add_char(b, '{');
	if (ask_parse(s->app, &ask, line, false))
		search = begin(s, &ask, &query_err, err);
	else
		query_err = ask.error;
	if (search)
		ok = print_pages(s, search, err) && count(s, search, err);
	else
		ok = query_err.message.n > 0;
	buf_addf(b, "\"took_ms\":%.3f", (double)(time_now_us() - start_us) / 1000);
	if (search) {
		json_add_field_i64(b, "rows", (int64_t)s->rows);
		json_add_field_i64(b, "total", (int64_t)(s->total.mails + s->total.rejects));
		json_add_field_str(b, "relation", search_relation_name(s->total.relation));
		json_add_field_bool(b, "complete", s->complete);
	} else {
		add_batch_error(b, &query_err);
	}
	buf_add_str(b, "}\n");
	search_end(&search);
	ask_fini(&ask);
	return ok;
}

static int
search_batch(struct searching *s)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	struct error err;
	bool ok = true;
	while (ok && (n = getline(&line, &cap, stdin)) >= 0) {
		struct slice text = slice_of(line, (size_t)n);
		ok = answer(s, slice_trim(text), &err);
		if (ok && !output_flush(&s->app->out))
			break;
	}
	free(line);
	return ok ? APP_DONE : app_trouble(s->app, &err);
}

/* ---- options ---- */

static void
take_option(struct searching *s, int c)
{
	switch (c) {
	case 'l':
		s->limit = app_option_number(s->app, "limit", optarg, UINT32_MAX);
		s->limit = s->limit ? s->limit : UINT64_MAX;
		break;
	case 'c':
		s->cursor = optarg;
		break;
	case 'n':
		s->counting = COUNT_ALL;
		break;
	case 'N':
		s->counting = COUNT_NOT;
		break;
	case 'b':
		s->budget_us = (int64_t)app_option_number(s->app, "budget", optarg, 3600000) * 1000;
		break;
	case 'z':
		if (!zone_set(optarg))
			exit(app_usage_error(s->app, "there is no time zone \"%s\"", optarg));
		break;
	default:
		s->batch = true;
	}
}

static void
join_operands(struct buf *text, int argc, char **argv)
{
	for (int i = optind; i < argc; i++) {
		buf_add_str(text, i > optind ? " " : "");
		buf_add_str(text, argv[i]);
	}
}

static int
run(struct searching *s, struct ask *ask)
{
	struct app *app = s->app;
	struct db *db;
	struct error err;
	if (!app_open_database(app, &db, &err))
		return app_trouble(app, &err);
	s->searcher = searcher_new(db, &err);
	int status = !s->searcher ? app_trouble(app, &err)
		     : s->batch	  ? search_batch(s)
				  : search_one(s, ask);
	searcher_free(&s->searcher);
	db_close(&db);
	return status;
}

int
cmd_search(struct app *app, int argc, char **argv)
{
	static const struct option options[] = {APP_OPTIONS,
		{"limit", required_argument, NULL, 'l'}, {"cursor", required_argument, NULL, 'c'},
		{"count", no_argument, NULL, 'n'}, {"no-count", no_argument, NULL, 'N'},
		{"budget", required_argument, NULL, 'b'}, {"tz", required_argument, NULL, 'z'},
		{"batch", no_argument, NULL, 'B'}, {0}};
	struct searching s = {.app = app, .limit = 50, .budget_us = -1};
	int c, status = APP_USAGE;
	while ((c = app_option(app, argc, argv, options, usage)) != -1)
		take_option(&s, c);
	if (s.batch && optind < argc)
		return app_usage_error(app, "with --batch the queries come from standard input");
	if (!s.batch && optind == argc)
		return app_usage_error(app, "say what to search for; '' finds everything");
	if (s.budget_us < 0)
		s.budget_us = s.batch		      ? BATCH_BUDGET_MS * 1000
			      : s.limit == UINT64_MAX ? 0
						      : BUDGET_MS * 1000;
	if (s.counting == COUNT_SOME_TIME && (s.batch || app->json))
		s.counting = COUNT_NOT;
	struct ask ask = {0};
	struct buf text = {0};
	join_operands(&text, argc, argv);
	if (s.batch || ask_parse(app, &ask, buf_slice(&text), true))
		status = run(&s, &ask);
	ask_fini(&ask);
	buf_fini(&text);
	buf_fini(&s.next);
	return status;
}
