/* else-backend: takes the logs of all servers as they are written, and feeds the database. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/daemon.h"
#include "daemon/log.h"
#include "daemon/notify.h"

#define DEFAULT_CONFIG "/etc/else/else.conf"

static const char usage[] =
	"usage: else-backend [-c FILE] [-t]\n"
	"\n"
	"Takes log lines from rsyslog and other senders (RELP, TCP, TLS, UDP, unix socket),\n"
	"keeps them on disk until they are in the database, and joins them into mails.\n"
	"\n"
	"  -c, --config FILE  the configuration (" DEFAULT_CONFIG "), see else.conf(5)\n"
	"  -t, --test         check the configuration and end\n"
	"      --version      print the version and end\n"
	"      --help         this text\n"
	"\n"
	"SIGHUP reads the configuration again, SIGTERM stops after what has arrived is\n"
	"stored. Exit status: 0 stopped, 2 usage or configuration, 3 environment.\n";

enum { DONE = 0, USAGE = 2, TROUBLE = 3 };

struct options {
	const char *config;
	bool test;
};

static void
read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {{"config", required_argument, NULL, 'c'},
		{"test", no_argument, NULL, 't'}, {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'}, {0}};
	int c;
	while ((c = getopt_long(argc, argv, "c:t", names, NULL)) != -1) {
		if (c == 'v' || c == 'h') {
			fputs(c == 'h' ? usage : "else-backend " ELSE_VERSION "\n", stdout);
			exit(DONE);
		}
		if (c == '?')
			exit(USAGE);
		if (c == 't')
			o->test = true;
		else
			o->config = optarg;
	}
	if (optind < argc) {
		fprintf(stderr, "else-backend: takes no operands (\"%s\"); see --help\n",
			argv[optind]);
		exit(USAGE);
	}
}

static bool
read_config(const char *path, struct config *config)
{
	struct buf problems = {0};
	bool ok = config_read(path, config, &problems);
	log_say_lines(LOG_LEVEL_ERROR, buf_slice(&problems));
	buf_fini(&problems);
	return ok;
}

/* Signals are taken by the main thread, one by one; all other threads are started with them
 * blocked. */
static void
block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

struct running {
	const char *path;
	struct config config[2]; /* the one in use, and the one to come */
	int used;
	struct daemon *daemon;
};

static void
reload(struct running *r)
{
	struct error err;
	struct config *next = &r->config[!r->used];
	notify("RELOADING=1");
	if (!read_config(r->path, next)) {
		log_say(LOG_LEVEL_WARNING, "%s is not taken: the settings stay as they were",
			r->path);
	} else if (!daemon_reload(r->daemon, next, &err)) {
		log_say(LOG_LEVEL_ERROR, "%s is not taken: %s", r->path, err.text);
		config_fini(next);
	} else {
		config_fini(&r->config[r->used]);
		r->used = !r->used;
		log_say(LOG_LEVEL_INFO, "%s is in use", r->path);
	}
	notify("READY=1");
}

/* Until a signal says stop (true), or nothing is left that listens. */
static bool
serve(struct running *r, const sigset_t *set)
{
	for (;;) {
		int number = notify_wait(set);
		if (number == SIGHUP)
			reload(r);
		else if (number > 0)
			return true;
		if (!daemon_listens(r->daemon))
			return false;
		if (daemon_is_alive(r->daemon))
			notify_alive();
	}
}

int
main(int argc, char **argv)
{
	struct options options = {.config = DEFAULT_CONFIG};
	struct running r = {0};
	struct error err;
	sigset_t set;
	read_options(&options, argc, argv);
	r.path = options.config;
	if (!read_config(r.path, &r.config[0]))
		return USAGE;
	if (r.config[0].n_listeners == 0) {
		log_say(LOG_LEVEL_ERROR, "%s: there is no listener", r.path);
		config_fini(&r.config[0]);
		return USAGE;
	}
	if (options.test) {
		printf("%s is good\n", r.path);
		config_fini(&r.config[0]);
		return DONE;
	}
	block_signals(&set);
	r.daemon = daemon_start(&r.config[0], &err);
	if (!r.daemon) {
		log_say(LOG_LEVEL_ERROR, "%s", err.text);
		config_fini(&r.config[0]);
		return TROUBLE;
	}
	log_say(LOG_LEVEL_INFO, "ready");
	notify("READY=1");
	bool asked = serve(&r, &set);
	notify("STOPPING=1");
	log_say(LOG_LEVEL_INFO, "stopping: what has arrived is stored first");
	daemon_stop(&r.daemon);
	config_fini(&r.config[r.used]);
	return asked ? DONE : TROUBLE;
}
