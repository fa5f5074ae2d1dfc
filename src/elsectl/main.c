/* elsectl: the command line of ELSE. Options of all commands, and which command it is. */
#include "elsectl/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct command {
	const char *name;
	int (*run)(struct app *app, int argc, char **argv);
	const char *help; /* one line */
};

static const struct command commands[] = {
	{"import", cmd_import, "read log files into the database"},
	{"search", cmd_search, "find mails and refusals"},
	{"trace", cmd_trace, "show the journey of one mail"},
	{"stats", cmd_stats, "mails, deliveries and refusals counted"},
	{"tail", cmd_tail, "show what matches as it comes in"},
	{"parse", cmd_parse, "show what is understood of log files; needs no database"},
	{"hosts", cmd_hosts, "the servers that send logs: roles, clocks, gaps, silence"},
	{"explain", cmd_explain, "say what a code or an answer of a mail server means"},
	{"doctor", cmd_doctor, "check the installation"},
	{"admin", cmd_admin, "hosts, own networks and domains, the database, certificates"},
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
add_usage(struct buf *b)
{
	buf_add_str(b, "usage: elsectl [--data DIR] [--database URL] COMMAND ...\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		buf_addf(b, "  %-8s %s\n", commands[i].name, commands[i].help);
	buf_add_str(b,
		"\n"
		"  --data DIR       data folder with the embedded database (ELSE_DATA;\n"
		"                   default /var/lib/else for root, else ~/.local/share/else)\n"
		"  --database URL   a PostgreSQL server instead (ELSE_DATABASE)\n"
		"  --json           for programs: JSON instead of text\n"
		"  --help           of the program, or of a command behind its name\n"
		"  --version\n"
		"\n"
		"Exit status: 0 found or done, 1 nothing found, 2 usage or query error,\n"
		"3 environment (file, database). See elsectl(1).\n");
}

static void
set_default_data_dir(struct app *app)
{
	const char *data = app_environment("XDG_DATA_HOME"), *home = app_environment("HOME");
	app->data_dir = app_environment("ELSE_DATA");
	if (app->data_dir)
		return;
	if (geteuid() == 0)
		buf_add_str(&app->data_default, "/var/lib/else");
	else if (data && *data == '/')
		buf_addf(&app->data_default, "%s/else", data);
	else
		buf_addf(&app->data_default, "%s/.local/share/else", home ? home : "");
	app->data_dir = buf_str(&app->data_default);
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Options before the command. */
static void
take_options(struct app *app, int argc, char **argv)
{
	static const struct option options[] = {
		APP_OPTIONS, {"version", no_argument, NULL, 'V'}, {0}};
	struct buf usage = {0};
	add_usage(&usage);
	int c = app_option(app, argc, argv, options, buf_str(&usage));
	buf_fini(&usage);
	if (c == 'V') {
		output_str(&app->out, "elsectl " ELSE_VERSION "\n");
		exit(app_finish(app, APP_DONE));
	}
}

static int
run(struct app *app, int argc, char **argv)
{
	take_options(app, argc, argv);
	if (optind == argc) {
		struct buf usage = {0};
		add_usage(&usage);
		fputs(buf_str(&usage), stderr);
		buf_fini(&usage);
		return APP_USAGE;
	}
	int first = optind;
	const struct command *command = find_command(argv[first]);
	if (!command)
		return app_usage_error(app, "no command is called \"%s\"", argv[first]);
	app->command = command->name;
	optind = 0; /* glibc: begins anew */
	return app_finish(app, command->run(app, argc - first, argv + first));
}

int
main(int argc, char **argv)
{
	struct app app = {.program = argv[0], .database = NULL};
	output_init(&app.out);
	set_default_data_dir(&app);
	int status = run(&app, argc, argv);
	output_fini(&app.out);
	buf_fini(&app.conninfo);
	buf_fini(&app.data_default);
	return status;
}
