/*
 * What all commands share: the options that each of them takes, the database, messages, the exit
 * status. A command is `int cmd_name(struct app *app, int argc, char **argv)` in cmd_name.c, with a
 * row in the table of main.c; argv[0] is its name, and it returns an exit status.
 *
 *	static const struct option options[] = {APP_OPTIONS, {"limit", required_argument, NULL,
 *'l'}, {0}}; int c; while ((c = app_option(app, argc, argv, options, usage)) != -1)
 *		...
 *	... operands are argv[optind] .. argv[argc - 1] ...
 */
#ifndef ELSE_ELSECTL_APP_H
#define ELSE_ELSECTL_APP_H

#include <getopt.h>
#include <signal.h>

#include "base/error.h"
#include "show/output.h"
#include "store/db.h"

/* Exit status */
enum {
	APP_DONE = 0,
	APP_NOTHING = 1,  /* searched, and found nothing */
	APP_USAGE = 2,	  /* usage or query error */
	APP_TROUBLE = 3,  /* environment: file, database */
	APP_SIGNAL = 128, /* plus the signal's number */
};

struct app {
	const char *program; /* as it was called */
	const char *command; /* NULL: none yet */
	const char *data_dir;
	const char *database; /* URL or libpq's key=value text; NULL = the embedded cluster. Known
			       * after the last option */
	bool data_given;      /* by --data: then ELSE_DATABASE does not count */
	bool database_given;  /* by --database */
	bool json;
	bool quiet; /* no notices about slow steps */
	struct output out;
	struct buf data_default;
	struct buf conninfo; /* after app_open_database */
};

/* Options of every command. */
enum { APP_OPTION_DATA = 1000, APP_OPTION_DATABASE, APP_OPTION_JSON, APP_OPTION_HELP };
#define APP_OPTIONS                                                                                \
	{"data", required_argument, NULL, APP_OPTION_DATA},                                        \
		{"database", required_argument, NULL, APP_OPTION_DATABASE},                        \
		{"json", no_argument, NULL, APP_OPTION_JSON},                                      \
	{                                                                                          \
		"help", no_argument, NULL, APP_OPTION_HELP                                         \
	}

/* The next option that is the command's own, as getopt_long returns it; -1 at the end. Takes those
 * of every command itself. An unknown option ends the program with APP_USAGE, --help with APP_DONE.
 */
int app_option(
	struct app *app, int argc, char **argv, const struct option *options, const char *usage);

/* A number of an option, 0 .. most; else a message, and the program ends with APP_USAGE. */
uint64_t app_option_number(struct app *app, const char *option, const char *text, uint64_t most);

/* A variable of the environment; NULL when it is not set, or empty. */
const char *app_environment(const char *name);

/* "elsectl import: ..." on standard error. Log text in it is made harmless. */
void app_say(const struct app *app, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same; returns APP_USAGE, with a word about --help. */
int app_usage_error(const struct app *app, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Reports the error; returns APP_TROUBLE. */
int app_trouble(const struct app *app, const struct error *err);

/* As root: becomes the service user for good (store/service_user.h). Makes the data folder of an
 * ordinary user. Before it, open what only root may read. */
bool app_drop_root(const struct app *app, struct error *err);

/* Drops root, starts the embedded cluster or connects to --database, brings the schema up to date.
 * The caller closes *db. app->conninfo is then what libpq needs for more connections. */
bool app_open_database(struct app *app, struct db **db, struct error *err);

/* The signal (SIGINT, SIGTERM) that asked us to stop, or 0. Only after app_catch_signals: the first
 * one sets it, a second one ends the program. */
extern volatile sig_atomic_t app_stopped;
void app_catch_signals(void);

/* Writes what the command has put out: its status, or APP_TROUBLE with a message if that failed. */
int app_finish(struct app *app, int status);

#endif
