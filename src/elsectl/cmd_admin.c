/* elsectl admin: the embedded cluster by hand (it starts on demand; this is for who wants it
 * sooner, or gone), packing and retention; and what has files and options of its own. */
#include "elsectl/commands.h"

#include "base/json.h"
#include "base/time.h"
#include "elsectl/admin_certificates.h"
#include "elsectl/admin_own.h"
#include "elsectl/admin_rsyslog.h"
#include "store/pid_file.h"
#include "store/cluster.h"
#include "store/retention.h"
#include "store/weeks.h"

#include <string.h>

static const char usage[] =
	"usage: elsectl admin [--json] start|stop|status|maintain\n"
	"       elsectl admin [--json] expire [--mails DAYS] [--refusals DAYS]\n"
	"       elsectl admin host|network|domain|certificates|rsyslog-config ...\n"
	"\n"
	"  start     start the embedded database, and make it if there is none\n"
	"  stop      stop it; it starts again when a command needs it\n"
	"  status    whether it runs, as which process\n"
	"  maintain  pack the indexes of weeks that are over (an import does it too)\n"
	"  expire    drop weeks that are wholly older than DAYS (default 90; 0 = keep)\n"
	"\n"
	"  host            roles of hosts, when they count as silent\n"
	"  network         networks of our own, which decide the way of a mail\n"
	"  domain          domains of our own, which decide it too\n"
	"  certificates    a CA of your own, certificates for the receiver and senders of logs\n"
	"  rsyslog-config  the configuration of rsyslog on a mail host that sends its log\n"
	"                  (--help behind one of these says more)\n";

static void
notice(void *context, const char *text)
{
	app_say(context, "%s", text);
}

static bool
start(struct app *app, struct error *err)
{
	struct db *db;
	bool ok = app_open_database(app, &db, err);
	db_close(&db);
	return ok;
}

static bool
stop_daemon(struct app *app, const char *program, const char *pid_file, struct error *err)
{
	pid_t pid = 0;
	bool ok = pid_file_stop(app->data_dir, pid_file, &pid, err);
	if (pid && ok)
		app_say(app, "%s (process %ld) was stopped first", program, (long)pid);
	return ok;
}

static bool
stop(struct app *app, struct error *err)
{
	struct cluster_notice say = {.say = notice, .context = app};
	struct cluster_status status;
	struct buf conninfo = {0};
	bool ok = app_drop_root(app, err) &&
		  stop_daemon(app, "else-frontend", PID_FILE_FRONTEND, err) &&
		  stop_daemon(app, "else-backend", PID_FILE_BACKEND, err);
	ok = ok && cluster_status(app->data_dir, &status, &conninfo, err) &&
	     (status.state == CLUSTER_NONE || cluster_stop(app->data_dir, &say, err));
	buf_fini(&conninfo);
	return ok;
}

static void
add_status_json(struct app *app, const struct cluster_status *status, struct slice conninfo)
{
	struct buf *b = &app->out.text;
	buf_add_char(b, '{');
	json_add_field_str(b, "state", cluster_state_text(status->state));
	json_add_field_str(b, "data", app->data_dir);
	if (status->pid)
		json_add_field_i64(b, "pid", status->pid);
	if (status->major)
		json_add_field_i64(b, "postgresql", status->major);
	json_add_field_some(b, "conninfo", conninfo);
	buf_add_str(b, "}\n");
}

static void
add_status_text(struct app *app, const struct cluster_status *status, struct slice conninfo)
{
	struct buf *b = &app->out.text;
	buf_addf(b, "database  %s", cluster_state_text(status->state));
	if (status->major)
		buf_addf(b, ", PostgreSQL %d", status->major);
	if (status->pid)
		buf_addf(b, ", process %d", status->pid);
	buf_addf(b, "\ndata      %s\n", app->data_dir);
	if (status->state == CLUSTER_RUNNING)
		buf_addf(b, "psql      psql \"%.*s\"\n", SLICE_ARG(conninfo));
}

static bool
show_status(struct app *app, struct error *err)
{
	struct cluster_status status;
	struct buf conninfo = {0};
	bool ok = app_drop_root(app, err) && cluster_status(app->data_dir, &status, &conninfo, err);
	if (ok && app->json)
		add_status_json(app, &status, buf_slice(&conninfo));
	else if (ok)
		add_status_text(app, &status, buf_slice(&conninfo));
	buf_fini(&conninfo);
	return ok;
}

static void
say_week(void *context, const char *day, unsigned i, unsigned n)
{
	app_say(context, "packing the week of %s (%u of %u)", day, i, n);
}

static bool
maintain(struct app *app, struct error *err)
{
	const struct weeks_progress progress = {.week = say_week, .context = app};
	struct db *db = NULL;
	unsigned closed = 0;
	bool ok = app_open_database(app, &db, err) &&
		  weeks_close(buf_str(&app->conninfo), &progress, &closed, err);
	if (ok && app->json)
		buf_addf(&app->out.text, "{\"weeks_packed\":%u}\n", closed);
	else if (ok)
		buf_addf(&app->out.text, "%u weeks packed\n", closed);
	db_close(&db);
	return ok;
}

/* Days of retention, from the command line; 0 = keep. */
static struct retention keep;

static bool
expire(struct app *app, struct error *err)
{
	struct db *db = NULL;
	unsigned dropped = 0;
	keep.now_us = time_now_us();
	bool ok = app_open_database(app, &db, err) && retention_apply(db, &keep, &dropped, err);
	if (ok && app->json)
		buf_addf(&app->out.text, "{\"dropped\":%u}\n", dropped);
	else if (ok)
		buf_addf(&app->out.text, "%u weekly tables dropped\n", dropped);
	db_close(&db);
	return ok;
}

static const struct action {
	const char *name;
	bool (*run)(struct app *app, struct error *err);
	bool embedded; /* only of our own cluster */
} actions[] = {
	{"start", start, true},
	{"stop", stop, true},
	{"status", show_status, true},
	{"maintain", maintain, false},
	{"expire", expire, false},
};

static const struct action *
find_action(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

static void
take_options(struct app *app, int argc, char **argv)
{
	static const struct option options[] = {APP_OPTIONS,
		{"mails", required_argument, NULL, 'm'}, {"refusals", required_argument, NULL, 'r'},
		{0}};
	int c;
	keep = (struct retention){.mail_days = 90, .reject_days = 90};
	while ((c = app_option(app, argc, argv, options, usage)) != -1)
		*(c == 'm' ? &keep.mail_days : &keep.reject_days) =
			(int)app_option_number(app, c == 'm' ? "mails" : "refusals", optarg, 36500);
}

/* Actions with options and operands of their own. */
static const struct own_action {
	const char *name;
	const char *command; /* for messages */
	int (*run)(struct app *app, int argc, char **argv);
} own_actions[] = {
	{"host", "admin host", admin_host},
	{"network", "admin network", admin_network},
	{"domain", "admin domain", admin_domain},
	{"certificates", "admin certificates", admin_certificates},
	{"rsyslog-config", "admin rsyslog-config", admin_rsyslog_config},
};

/* Where the action is named: behind options of all commands. */
static int
find_word(int argc, char **argv)
{
	int i = 1;
	while (i < argc && argv[i][0] == '-')
		i += strcmp(argv[i], "--data") == 0 || strcmp(argv[i], "--database") == 0 ? 2 : 1;
	return i;
}

/* True when it was one of them; `*status` is then the command's. */
static bool
run_own_action(struct app *app, int argc, char **argv, int *status)
{
	int at = find_word(argc, argv);
	for (size_t i = 0; at < argc && i < sizeof(own_actions) / sizeof(own_actions[0]); i++) {
		if (strcmp(argv[at], own_actions[i].name) != 0)
			continue;
		app->command = own_actions[i].command;
		for (; at > 1; at--) { /* before its options */
			char *word = argv[at];
			argv[at] = argv[at - 1];
			argv[at - 1] = word;
		}
		*status = own_actions[i].run(app, argc - 1, argv + 1);
		return true;
	}
	return false;
}

int
cmd_admin(struct app *app, int argc, char **argv)
{
	struct error err;
	int status;
	if (run_own_action(app, argc, argv, &status))
		return status;
	take_options(app, argc, argv);
	const struct action *action = argc - optind == 1 ? find_action(argv[optind]) : NULL;
	if (argc - optind != 1)
		return app_usage_error(app,
			"say one of start, stop, status, maintain, expire, host, "
			"network, domain, certificates, rsyslog-config");
	if (!action)
		return app_usage_error(app,
			"\"%s\" is none of start, stop, status, maintain, expire, host, network, "
			"domain, certificates, rsyslog-config",
			argv[optind]);
	if (action->embedded && app->database)
		return app_usage_error(app,
			"the database is a server of yours (--database or ELSE_DATABASE): "
			"it is not ours to start or stop");
	return action->run(app, &err) ? APP_DONE : app_trouble(app, &err);
}
