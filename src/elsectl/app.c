#define _GNU_SOURCE
#include "elsectl/app.h"

#include "show/text.h"
#include "store/cluster.h"
#include "store/data_dir.h"
#include "store/migrate.h"
#include "store/service_user.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

volatile sig_atomic_t app_stopped;

static void say(const struct app *app, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void
say(const struct app *app, const char *format, va_list args)
{
	char text[2048];
	struct buf line = {0};
	vsnprintf(text, sizeof(text), format, args);
	buf_add_str(&line, "elsectl");
	if (app->command)
		buf_addf(&line, " %s", app->command);
	buf_add_str(&line, ": ");
	text_add_safe(&line, slice_of_str(text));
	fprintf(stderr, "%s\n", buf_str(&line));
	buf_fini(&line);
}

void
app_say(const struct app *app, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(app, format, args);
	va_end(args);
}

int
app_usage_error(const struct app *app, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(app, format, args);
	va_end(args);
	fprintf(stderr, "Try: elsectl %s%s--help\n", app->command ? app->command : "",
		app->command ? " " : "");
	return APP_USAGE;
}

int
app_trouble(const struct app *app, const struct error *err)
{
	app_say(app, "%s", err->text);
	return APP_TROUBLE;
}

const char *
app_environment(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

static void
take_common(struct app *app, int c)
{
	if (c == APP_OPTION_DATA) {
		app->data_dir = optarg;
		app->data_given = true;
	} else if (c == APP_OPTION_DATABASE) {
		app->database = optarg;
		app->database_given = true;
	} else {
		app->json = true;
	}
}

int
app_option(struct app *app, int argc, char **argv, const struct option *options, const char *usage)
{
	int c;
	opterr = 0;
	/* A '+': before the command, only options come. */
	while ((c = getopt_long(argc, argv, app->command ? ":h" : "+:h", options, NULL)) >=
			APP_OPTION_DATA &&
		c != APP_OPTION_HELP)
		take_common(app, c);
	if (c == APP_OPTION_HELP || c == 'h') {
		output_str(&app->out, usage);
		exit(app_finish(app, APP_DONE));
	}
	const char *word = c == '?' || c == ':' ? argv[optind - 1] : "";
	if (c == ':')
		exit(app_usage_error(app, "%s needs a value", word));
	if (c == '?')
		exit(app_usage_error(app, "unknown option %s", word));
	if (c == -1 && app->command && !app->database && !app->data_given)
		app->database = app_environment("ELSE_DATABASE");
	return c;
}

uint64_t
app_option_number(struct app *app, const char *option, const char *text, uint64_t most)
{
	uint64_t value;
	if (!slice_to_u64(slice_of_str(text), &value) || value > most)
		exit(app_usage_error(app, "--%s takes a number from 0 to %llu, not \"%s\"", option,
			(unsigned long long)most, text));
	return value;
}

bool
app_drop_root(const struct app *app, struct error *err)
{
	if (geteuid() != 0)
		return app->database || data_dir_make(app->data_dir, err);
	return service_user_drop(app->data_dir, err);
}

static void
on_notice(void *context, const char *text)
{
	const struct app *app = context;
	if (!app->quiet)
		app_say(app, "%s", text);
}

bool
app_open_database(struct app *app, struct db **db, struct error *err)
{
	struct cluster_notice notice = {.say = on_notice, .context = app};
	*db = NULL;
	if (!app_drop_root(app, err))
		return false;
	buf_clear(&app->conninfo);
	if (app->database)
		buf_add_str(&app->conninfo, app->database);
	else if (!cluster_ensure(app->data_dir, &notice, &app->conninfo, err))
		return false;
	*db = db_open(buf_str(&app->conninfo), err);
	if (*db && migrate(*db, migrate_embedded, migrate_embedded_n, err))
		return true;
	db_close(db);
	return false;
}

static void
on_signal(int number)
{
	app_stopped = number;
}

void
app_catch_signals(void)
{
	/* SA_RESETHAND: who asks twice does not want to wait. */
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_RESETHAND};
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int
app_finish(struct app *app, int status)
{
	if (output_flush(&app->out))
		return status;
	app_say(app, "cannot write: %s", strerror(app->out.reason));
	return APP_TROUBLE;
}
