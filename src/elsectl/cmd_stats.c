/* elsectl stats: how many mails, deliveries and refusals, and of what kind. */
#include "elsectl/commands.h"

#include "elsectl/ask.h"
#include "elsectl/stats.h"
#include "elsectl/zone.h"

#include <stdlib.h>

static const char usage[] =
	"usage: elsectl stats [--json] [options]\n"
	"\n"
	"  --last 24h   until now; without a range everything stored\n"
	"  --from T     from T on: 2026-11-20, \"2026-11-20 17:45\", yesterday, now-2h\n"
	"  --to T       until T\n"
	"  --by LIST    way,status,host,reason,hour,day,domain,sender,recipient,client\n"
	"               (way,status,reason)\n"
	"  --top N      so many domains, senders, recipients, clients (10)\n"
	"  --tz ZONE    your time zone: Europe/Berlin, UTC, +01:00 (the machine's)\n"
	"\n"
	"A mail counts once, however many servers it crossed. Figures by time are of whole\n"
	"hours. Refusals of mails that never came in count as rejects.\n";

struct options {
	struct app *app;
	unsigned wanted, top;
	const char *last, *from, *to;
};

static unsigned
read_by(struct app *app, const char *text)
{
	struct slice rest = slice_of_str(text), word;
	unsigned wanted = 0;
	enum stats_by by;
	while (slice_split(&rest, ',', &word)) {
		if (!stats_by_of(slice_trim(word), &by))
			exit(app_usage_error(app,
				"--by knows way, status, host, reason, hour, day, domain, sender, "
				"recipient, client; "
				"not \"%.*s\"",
				SLICE_ARG(word)));
		wanted |= 1u << by;
	}
	return wanted;
}

/* A time as the search language knows it. */
static int64_t
read_time(struct app *app, const char *key, const char *text, const char *option, bool high)
{
	struct buf query = {0};
	struct ask ask = {0};
	int64_t t_us = 0;
	buf_addf(&query, "%s:\"%s\"", key, text);
	bool ok = ask_parse(app, &ask, buf_slice(&query), false) &&
		  ask.tree->kind == QUERY_NODE_FIELD;
	if (ok)
		t_us = high ? ask.tree->values[0].high : ask.tree->values[0].low;
	ask_fini(&ask);
	buf_fini(&query);
	if (!ok)
		exit(app_usage_error(app, "--%s: \"%s\" is no time", option, text));
	return t_us;
}

static void
take_option(struct options *o, int c)
{
	switch (c) {
	case 'b':
		o->wanted = read_by(o->app, optarg);
		break;
	case 'n':
		o->top = (unsigned)app_option_number(o->app, "top", optarg, 100000);
		break;
	case 'l':
		o->last = optarg;
		break;
	case 'f':
		o->from = optarg;
		break;
	case 't':
		o->to = optarg;
		break;
	default:
		if (!zone_set(optarg))
			exit(app_usage_error(o->app, "there is no time zone \"%s\"", optarg));
	}
}

static int
run(const struct options *o)
{
	struct app *app = o->app;
	struct stats s = {0};
	struct db *db;
	struct error err;
	if (o->last) {
		s.from_us = read_time(app, "last", o->last, "last", false);
		s.to_us = read_time(app, "last", o->last, "last", true);
	}
	if (o->from)
		s.from_us = read_time(app, "after", o->from, "from", false);
	if (o->to)
		s.to_us = read_time(app, "before", o->to, "to", true);
	if (!app_open_database(app, &db, &err))
		return app_trouble(app, &err);
	bool ok = stats_load(&s, db, o->wanted, o->top, &err);
	bool found = s.all.mails || s.all.deliveries || s.all.rejects;
	if (ok && app->json)
		stats_add_json(&s, o->wanted, &app->out.text);
	else if (ok && found)
		stats_print(&s, o->wanted, &app->out);
	else if (ok)
		app_say(app, "nothing is stored of that time");
	stats_fini(&s);
	db_close(&db);
	return !ok ? app_trouble(app, &err) : found ? APP_DONE : APP_NOTHING;
}

int
cmd_stats(struct app *app, int argc, char **argv)
{
	static const struct option options[] = {APP_OPTIONS, {"by", required_argument, NULL, 'b'},
		{"top", required_argument, NULL, 'n'}, {"last", required_argument, NULL, 'l'},
		{"from", required_argument, NULL, 'f'}, {"to", required_argument, NULL, 't'},
		{"tz", required_argument, NULL, 'z'}, {0}};
	struct options o = {.app = app,
		.top = 10,
		.wanted = 1u << STATS_WAY | 1u << STATS_STATUS | 1u << STATS_REASON};
	int c;
	while ((c = app_option(app, argc, argv, options, usage)) != -1)
		take_option(&o, c);
	if (optind < argc)
		return app_usage_error(
			app, "stats takes no operand; to count matches: elsectl search --count");
	if (o.last && (o.from || o.to))
		return app_usage_error(
			app, "--last is a range of its own: without --from and --to");
	return run(&o);
}
