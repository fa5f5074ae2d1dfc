/* elsectl import: log files into the database. */
#include "elsectl/import.h"

#include "store/host.h"
#include "store/weeks.h"

#include "elsectl/commands.h"
#include "parse/parse.h"
#include "store/own.h"

#include <stdlib.h>

static const char usage[] =
	"usage: elsectl import [--host NAME] [--json] [--quiet] [--suggest] FILE...\n"
	"\n"
	"Reads log files into the database: of Postfix, its filters and mailbox servers,\n"
	"and Exchange message tracking logs; plain, .gz, .xz or .zst; - is standard input.\n"
	"Give all files of all servers at once, in any order. What is stored already is\n"
	"not stored again, so that the same command may be repeated at any time.\n"
	"\n"
	"  --host NAME  the lines are of this host, whatever they say\n"
	"  --quiet      no progress, no summary\n"
	"  --suggest    in the end, three commands to go on with\n";

enum { LINES_A_LOOK = 512 }; /* between two looks at the clock */

static void
take_mail(void *context, struct mail *mail)
{
	struct import *im = context;
	struct journey j;
	if (import_is_beyond_cut(im, mail)) {
		mail_free(&mail);
		return;
	}
	for (const struct hop *hop = mail->hops; hop; hop = hop->next)
		topology_add_host(&im->topology, hop->host, false);
	journey_build(&j, mail, &im->topology, &im->arena);
	tally_mail(&im->tally, &j);
	suggest_mail(&im->suggestion, &j);
	arena_reset(&im->arena);
	writer_mail(im->writer, mail);
}

static void
take_reject(void *context, struct reject *reject)
{
	struct import *im = context;
	if (im->dropping && reject->t_us > im->files.cut_us[0]) {
		free(reject);
		return;
	}
	tally_reject(&im->tally, reject->status);
	writer_reject(im->writer, reject);
}

static void
take_line(struct import *im, struct import_round *round, const struct line *line,
	const struct input_source *source)
{
	struct event e;
	const struct import_source *s = import_round_line(round, source);
	if (!s)
		return;
	enum parse_result result = parse_line(line, &e);
	if (import_source_is_new(s)) {
		im->lines[result]++;
		if (result == PARSE_UNKNOWN)
			shapes_add(&im->shapes, line);
	}
	if (result == PARSE_OK)
		trace_feed(im->trace, &e, line);
	if (line->t_us > im->max_us)
		im->max_us = line->t_us;
	if (round == im->files.rounds && line->t_us)
		import_files_cut(&im->files, im->max_us);
}

static void
take_broken(struct import *im, struct import_round *round, struct input_source *source)
{
	import_source_break(import_round_source(round, source));
	im->broken++;
	progress_clear(&im->progress);
	app_say(im->app, "%s", source->error.text);
}

static void
look_at_clock(struct import *im, const struct import_round *round)
{
	struct progress_state state = {
		.lines = im->lines[PARSE_OK] + im->lines[PARSE_IGNORED] + im->lines[PARSE_UNKNOWN],
		.mails = im->tally.mails};
	input_progress(round->in, &state.done_bytes, &state.total_bytes);
	progress_update(&im->progress, &state);
}

static void
read_round(struct import *im, struct import_round *round)
{
	struct line line;
	struct input_source *source;
	enum input_result result;
	for (unsigned n = 0; !app_stopped && !writer_failed(im->writer); n++) {
		if (n % LINES_A_LOOK == 0)
			look_at_clock(im, round);
		result = input_next(round->in, &line, &source);
		if (result == INPUT_END)
			break;
		if (result == INPUT_LINE)
			take_line(im, round, &line, source);
		else
			take_broken(im, round, source);
	}
}

static bool
commit(struct import *im, struct error *err)
{
	struct writer_source *sources;
	const char **paths;
	size_t n = import_files_stored(&im->files, im->dropping, &sources, &paths);
	progress_say(&im->progress, "writing what is left ...");
	bool ok = writer_commit(im->writer, sources, paths, n, err);
	free(sources);
	free(paths);
	return ok;
}

/* Which domains are ours is learned on the way, and the database sets right what was written
 * before. In a new database its counts are therefore the better ones. */
static bool
settle_ways(struct import *im, struct error *err)
{
	uint64_t ways[WAY_COUNT] = {0}, total = 0;
	PGresult *rows;
	if (!im->was_empty)
		return true;
	if (!db_query_text(im->db,
		    "SELECT way, sum(mails) FROM stat_hour WHERE kind = 0 GROUP BY way", 0, NULL,
		    &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++) {
		uint64_t way, mails;
		if (slice_to_u64(slice_of_str(PQgetvalue(rows, i, 0)), &way) && way < WAY_COUNT &&
			slice_to_u64(slice_of_str(PQgetvalue(rows, i, 1)), &mails)) {
			ways[way] = mails;
			total += mails;
		}
	}
	PQclear(rows);
	if (total == im->tally.mails)
		memcpy(im->tally.ways, ways, sizeof(ways));
	return true;
}

static void
say_week(void *context, const char *day, unsigned i, unsigned n)
{
	struct import *im = context;
	char text[80];
	snprintf(text, sizeof(text), "packing the week of %s (%u of %u) ...", day, i, n);
	progress_say(&im->progress, text);
}

/* What the hosts are for, by what is stored now. */
static bool
guess_roles(const struct import *im, struct error *err)
{
	struct db *db = db_open(buf_str(&im->app->conninfo), err);
	bool ok = db && host_upkeep(db, err);
	db_close(&db);
	return ok;
}

/* The long end of a large import: once for each week, and only for weeks that are over. */
static bool
close_weeks(struct import *im, struct error *err)
{
	const struct weeks_progress progress = {.week = say_week, .context = im};
	int64_t begun_us = time_now_us();
	bool ok = weeks_close(buf_str(&im->app->conninfo), &progress, &im->weeks_closed, err) &&
		  guess_roles(im, err);
	im->closing_us = time_now_us() - begun_us;
	return ok;
}

/* Everything is handed to the writer; after an interruption only what will not be read again. */
static bool
read_all(struct import *im, struct error *err)
{
	for (struct import_round *round = im->files.rounds; round && !app_stopped;
		round = round->next) {
		import_round_resume(round);
		read_round(im, round);
	}
	im->dropping = app_stopped;
	progress_say(&im->progress, "joining what is left ...");
	trace_finish(im->trace);
	return commit(im, err) && settle_ways(im, err) && (app_stopped || close_weeks(im, err));
}

static bool
look_if_empty(struct import *im, struct error *err)
{
	PGresult *rows;
	if (!db_query_text(im->db, "SELECT FROM host LIMIT 1", 0, NULL, &rows, err))
		return false;
	im->was_empty = PQntuples(rows) == 0;
	PQclear(rows);
	return true;
}

static bool
open_all(struct import *im, struct error *err)
{
	im->app->quiet |= im->quiet;
	if (!app_open_database(im->app, &im->db, err) || !look_if_empty(im, err) ||
		!own_load(im->db, &im->topology, err))
		return false;
	im->writer =
		writer_open(&(struct writer_options){.conninfo = buf_str(&im->app->conninfo)}, err);
	if (!im->writer || !import_files_resume(&im->files, im->writer, err))
		return false;
	im->trace = trace_new(&(struct trace_options){0},
		&(struct trace_sink){.context = im, .mail = take_mail, .reject = take_reject});
	return true;
}

static int
fail(struct import *im, const struct error *err)
{
	progress_end(&im->progress);
	app_trouble(im->app, err);
	if (im->trace)
		app_say(im->app, "what was written so far is kept; run the same command again: it "
				 "goes on exactly");
	return APP_TROUBLE;
}

static int
import(struct import *im, const char **paths, size_t n)
{
	struct error err;
	/* The files first: some only root may read, and root is not what we stay. */
	if (!import_files_open(&im->files, paths, n, &err) || !open_all(im, &err))
		return fail(im, &err);
	app_catch_signals();
	im->begun_us = time_now_us();
	progress_begin(&im->progress, !im->quiet && !im->app->json);
	if (!read_all(im, &err))
		return fail(im, &err);
	if (im->suggest && im->suggestion.score == 0 &&
		!suggest_stored(&im->suggestion, im->db, &err))
		return fail(im, &err);
	progress_end(&im->progress);
	import_report(im);
	if (app_stopped)
		return APP_SIGNAL + (int)app_stopped;
	return im->broken ? APP_TROUBLE : APP_DONE;
}

static void
close_all(struct import *im)
{
	/* What the correlator still holds after a failure is dropped by the writer, which has
	 * failed too. */
	trace_free(&im->trace);
	writer_close(&im->writer);
	db_close(&im->db);
	import_files_close(&im->files);
	topology_fini(&im->topology);
	arena_fini(&im->arena);
	shapes_fini(&im->shapes);
	suggest_fini(&im->suggestion);
	progress_end(&im->progress);
}

static void
take_options(struct import *im, int argc, char **argv)
{
	static const struct option options[] = {APP_OPTIONS, {"host", required_argument, NULL, 'H'},
		{"quiet", no_argument, NULL, 'q'}, {"suggest", no_argument, NULL, 's'}, {0}};
	int c;
	while ((c = app_option(im->app, argc, argv, options, usage)) != -1) {
		if (c == 'H')
			im->files.options.host = optarg;
		else if (c == 'q')
			im->quiet = true;
		else
			im->suggest = true;
	}
	if (im->files.options.host && !*im->files.options.host)
		exit(app_usage_error(im->app, "--host needs a name"));
}

int
cmd_import(struct app *app, int argc, char **argv)
{
	struct import im = {.app = app, .max_us = INT64_MIN};
	take_options(&im, argc, argv);
	if (optind == argc)
		return app_usage_error(app, "name the log files, or - for standard input");
	int status = import(&im, (const char **)argv + optind, (size_t)(argc - optind));
	close_all(&im);
	return status;
}
