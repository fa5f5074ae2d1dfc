/* else-frontend: the web interface and its API. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/notify.h"
#include "frontend/frontend.h"
#include "frontend/route.h"

#define DEFAULT_CONFIG "/etc/else/else.conf"

static const char usage[] =
	"usage: else-frontend [-c FILE] [-t]\n"
	"\n"
	"Serves the web interface of ELSE and its HTTP API, as [frontend] of the configuration\n"
	"says: searches, journeys, statistics, accounts.\n"
	"\n"
	"  -c, --config FILE  the configuration (" DEFAULT_CONFIG "), see else.conf(5)\n"
	"  -t, --test         check the configuration and end\n"
	"      --routes       print method, path, name and permission of all routes, and end\n"
	"      --version      print the version and end\n"
	"      --help         this text\n"
	"\n"
	"SIGTERM stops after the requests at hand are answered. Exit status: 0 stopped,\n"
	"2 usage or configuration, 3 environment.\n";

enum { DONE = 0, USAGE = 2, TROUBLE = 3 };

struct options {
	const char *config;
	bool test;
};

static void
print_routes(void)
{
	for (size_t i = 0; i < routes_n; i++)
		printf("%s %s %s %s\n", routes[i].method, routes[i].path, routes[i].name,
			permission_name(routes[i].permission));
}

static void
take_option(struct options *o, int c)
{
	switch (c) {
	case 'c':
		o->config = optarg;
		return;
	case 't':
		o->test = true;
		return;
	case 'r':
		print_routes();
		break;
	case 'v':
		puts("else-frontend " ELSE_VERSION);
		break;
	case 'h':
		fputs(usage, stdout);
		break;
	default:
		exit(USAGE);
	}
	exit(DONE);
}

static void
read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {{"config", required_argument, NULL, 'c'},
		{"test", no_argument, NULL, 't'}, {"routes", no_argument, NULL, 'r'},
		{"version", no_argument, NULL, 'v'}, {"help", no_argument, NULL, 'h'}, {0}};
	int c;
	while ((c = getopt_long(argc, argv, "c:t", names, NULL)) != -1)
		take_option(o, c);
	if (optind < argc) {
		fprintf(stderr, "else-frontend: takes no operands (\"%s\"); see --help\n",
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
	if (ok && !config->has_frontend) {
		log_say(LOG_LEVEL_ERROR, "%s: there is no [frontend]", path);
		config_fini(config);
		ok = false;
	}
	return ok;
}

static void
wait_for_signal(const sigset_t *set)
{
	while (notify_wait(set) == 0)
		notify_alive();
}

static int
run(const struct config *config, const sigset_t *set)
{
	struct frontend f;
	struct error err;
	bool ok = frontend_start(&f, config, &err);
	if (ok) {
		log_say(LOG_LEVEL_INFO, "ready: http%s://%s:%u/",
			config->frontend_certificate ? "s" : "", config->frontend_address,
			(unsigned)config->frontend_port);
		notify("READY=1");
		wait_for_signal(set);
		notify("STOPPING=1");
	} else {
		log_say(LOG_LEVEL_ERROR, "%s", err.text);
	}
	frontend_stop(&f);
	return ok ? DONE : TROUBLE;
}

int
main(int argc, char **argv)
{
	struct options options = {.config = DEFAULT_CONFIG};
	struct config config;
	sigset_t set;
	read_options(&options, argc, argv);
	if (!read_config(options.config, &config))
		return USAGE;
	/* Taken by this thread, one by one; all others are started with them blocked. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	int status = DONE;
	if (options.test)
		printf("%s is good\n", options.config);
	else
		status = run(&config, &set);
	config_fini(&config);
	return status;
}
