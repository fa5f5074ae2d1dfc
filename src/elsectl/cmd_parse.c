/* elsectl parse: what is understood of log files, without a database. */
#include "elsectl/commands.h"

#include "base/json.h"
#include "elsectl/parse_report.h"
#include "show/text.h"
#include "input/input.h"
#include "parse/parse.h"
#include "trace/trace.h"

#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
	"usage: elsectl parse [--all] [--json] [FILE...]\n"
	"       elsectl parse --summary [--json] [FILE...]\n"
	"       elsectl parse --correlate [--json] [FILE...]\n"
	"\n"
	"Reads log files (plain, .gz, .xz, .zst; - or none: standard input) and prints one\n"
	"JSON object a line: an event, or {\"result\":\"unknown\",...} for a line of a known\n"
	"program in an unknown form.\n"
	"\n"
	"  --all        lines that are of no interest too, as {\"result\":\"ignored\",...}\n"
	"  --summary    only counts, by program, and the most frequent unknown forms\n"
	"  --correlate  joins the lines to mails and counts these\n"
	"  --host NAME  the lines are of this host, whatever they say\n";

enum mode { MODE_EVENTS, MODE_SUMMARY, MODE_CORRELATE };

struct parsing {
	struct app *app;
	enum mode mode;
	bool all;
	struct input_options input_options;
	struct input *in;
	struct parse_report report;
	struct trace *trace;
	struct topology topology;
	struct arena arena;
	bool broken;
};

static void
add_not_parsed(struct buf *b, const struct line *line, const char *result)
{
	json_add_comma(b);
	buf_add_char(b, '{');
	json_add_field_str(b, "result", result);
	json_add_field_some(b, "program", line->program);
	if (line->t_us)
		json_add_field_time(b, "time", line->t_us);
	json_add_field_some(b, "host", line->host);
	if (line->pid)
		json_add_field_i64(b, "pid", line->pid);
	json_add_field(b, "text", line->text);
	buf_add_char(b, '}');
}

static void
print_event(
	struct parsing *p, const struct line *line, const struct event *e, enum parse_result result)
{
	struct buf *b = &p->app->out.text;
	if (result == PARSE_OK)
		event_add_json(b, e);
	else if (result == PARSE_UNKNOWN)
		add_not_parsed(b, line, "unknown");
	else if (p->all)
		add_not_parsed(b, line, "ignored");
	else
		return;
	buf_add_char(b, '\n');
	output_flush_some(&p->app->out);
}

static void
take_mail(void *context, struct mail *mail)
{
	struct parsing *p = context;
	struct journey j;
	journey_build(&j, mail, &p->topology, &p->arena);
	tally_mail(&p->report.tally, &j);
	mail_free(&mail);
	arena_reset(&p->arena);
}

static void
take_reject(void *context, struct reject *reject)
{
	struct parsing *p = context;
	tally_reject(&p->report.tally, reject->status);
	free(reject);
}

static void
take_line(struct parsing *p, const struct line *line)
{
	struct event e;
	enum parse_result result = parse_line(line, &e);
	if (p->mode == MODE_EVENTS) {
		print_event(p, line, &e, result);
		return;
	}
	parse_report_line(&p->report, line, &e, result);
	if (p->trace && result == PARSE_OK)
		trace_feed(p->trace, &e, line);
}

static void
read_all(struct parsing *p)
{
	struct line line;
	struct input_source *source;
	enum input_result result;
	while ((result = input_next(p->in, &line, &source)) != INPUT_END && !p->app->out.failed) {
		if (result == INPUT_LINE) {
			take_line(p, &line);
			continue;
		}
		app_say(p->app, "%s", source->error.text);
		p->broken = true;
	}
	if (p->trace)
		trace_finish(p->trace);
}

static void
say_warnings(const struct parsing *p)
{
	struct buf text = {0};
	for (size_t i = 0; i < input_source_count(p->in); i++)
		input_add_warnings(input_source_at(p->in, i), &text);
	struct slice rest = buf_slice(&text), line;
	while (rest.n && slice_split(&rest, '\n', &line))
		app_say(p->app, "%.*s", SLICE_ARG(line));
	buf_fini(&text);
}

static int
parse_files(struct parsing *p, const char *const *paths, size_t n)
{
	struct error err;
	p->in = input_open(&p->input_options, paths, n, &err);
	if (!p->in)
		return app_trouble(p->app, &err);
	if (p->mode == MODE_CORRELATE)
		p->trace = trace_new(&(struct trace_options){0},
			&(struct trace_sink){
				.context = p, .mail = take_mail, .reject = take_reject});
	parse_report_begin(&p->report);
	read_all(p);
	say_warnings(p);
	if (p->mode != MODE_EVENTS)
		parse_report_print(&p->report, p->app, p->mode == MODE_CORRELATE);
	trace_free(&p->trace);
	input_close(&p->in);
	return p->broken ? APP_TROUBLE : APP_DONE;
}

static void
take_options(struct parsing *p, int argc, char **argv)
{
	static const struct option options[] = {APP_OPTIONS, {"all", no_argument, NULL, 'a'},
		{"summary", no_argument, NULL, 's'}, {"correlate", no_argument, NULL, 'c'},
		{"host", required_argument, NULL, 'H'}, {0}};
	int c;
	while ((c = app_option(p->app, argc, argv, options, usage)) != -1) {
		if (c == 'a')
			p->all = true;
		else if (c == 'H')
			p->input_options.host = optarg;
		else
			p->mode = c == 's' ? MODE_SUMMARY : MODE_CORRELATE;
	}
}

int
cmd_parse(struct app *app, int argc, char **argv)
{
	static const char *const standard_input[] = {"-"};
	struct parsing p = {.app = app};
	take_options(&p, argc, argv);
	bool none = argc == optind;
	if (none && isatty(STDIN_FILENO))
		return app_usage_error(app, "name a file, or - for standard input");
	int status =
		none ? parse_files(&p, standard_input, 1)
		     : parse_files(&p, (const char *const *)argv + optind, (size_t)(argc - optind));
	parse_report_fini(&p.report);
	topology_fini(&p.topology);
	arena_fini(&p.arena);
	return status;
}
