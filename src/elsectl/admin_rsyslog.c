#define _GNU_SOURCE
#include "elsectl/admin_rsyslog.h"

#include <netdb.h>
#include <unistd.h>

#include "base/json.h"
#include "elsectl/certificate.h"
#include "elsectl/rsyslog_template.h"
#include "show/text.h"

static const char usage[] =
	"usage: elsectl admin rsyslog-config HOST [OPTION...]\n"
	"\n"
	"Prints the configuration of rsyslog for the mail host HOST. It belongs into\n"
	"/etc/rsyslog.d/60-else.conf on that host.\n"
	"\n"
	"  --server NAME       where ELSE receives (default: this machine)\n"
	"  --port N            (default: RELP 2514, with TLS 2515; compressed 601, with TLS 6514)\n"
	"  --tls, --no-tls     with certificates and encryption (default), or without\n"
	"  --certificates DIR  where the host has ca.crt and client-HOST.crt and .key\n"
	"                      (default /etc/else/certificates)\n"
	"  --compressed        a fraction of the bytes, but nothing is acknowledged: not RELP\n"
	"  --json              as one object\n";

struct job {
	struct app *app;
	struct buf host, server, port_text, arguments;
	const char *server_given;
	const char *certificates;
	uint64_t port; /* 0 = the default */
	bool tls, compressed;
};

static uint64_t
default_port(const struct job *job)
{
	if (job->compressed)
		return job->tls ? 6514 : 601;
	return job->tls ? 2515 : 2514;
}

static void
take_options(struct job *job, int argc, char **argv)
{
	static const struct option options[] = {APP_OPTIONS,
		{"server", required_argument, NULL, 's'}, {"port", required_argument, NULL, 'p'},
		{"tls", no_argument, NULL, 't'}, {"no-tls", no_argument, NULL, 'n'},
		{"certificates", required_argument, NULL, 'c'},
		{"compressed", no_argument, NULL, 'z'}, {0}};
	int c;
	while ((c = app_option(job->app, argc, argv, options, usage)) != -1) {
		switch (c) {
		case 's':
			job->server_given = optarg;
			break;
		case 'p':
			job->port = app_option_number(job->app, "port", optarg, 65535);
			break;
		case 'c':
			job->certificates = optarg;
			break;
		case 'z':
			job->compressed = true;
			break;
		default:
			job->tls = c == 't';
		}
	}
}

/* This machine as others know it. */
static void
add_own_name(struct buf *b)
{
	char name[256] = "";
	struct addrinfo hints = {.ai_flags = AI_CANONNAME}, *found = NULL;
	gethostname(name, sizeof(name) - 1);
	if (!strchr(name, '.') && getaddrinfo(name, NULL, &hints, &found) == 0 &&
		found->ai_canonname)
		certificate_name(slice_of_str(found->ai_canonname), b);
	if (found)
		freeaddrinfo(found);
	if (b->n == 0)
		certificate_name(slice_of_str(name), b);
}

/* Into a string of rsyslog's language, where a quote or a backslash would mean something. */
static bool
is_plain_path(struct slice path)
{
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] <= ' ' || strchr("\"\\'`$%", path.p[i]))
			return false;
	return slice_starts(path, S("/"));
}

static int
check(struct job *job, int n, char **operands)
{
	const struct app *app = job->app;
	if (n != 1)
		return app_usage_error(app, "name the host that sends its log");
	if (!certificate_name(slice_of_str(operands[0]), &job->host))
		return app_usage_error(app, "\"%s\" is no name of a host", operands[0]);
	if (!job->server_given)
		add_own_name(&job->server);
	else if (!certificate_name(slice_of_str(job->server_given), &job->server))
		return app_usage_error(app, "\"%s\" is no name of a host", job->server_given);
	if (job->server.n == 0)
		return app_usage_error(app, "say with --server where ELSE receives");
	if (!is_plain_path(slice_of_str(job->certificates)))
		return app_usage_error(app,
			"--certificates takes a whole path without blanks and quotes, not \"%s\"",
			job->certificates);
	return APP_DONE;
}

/* The command that prints the same text again, wherever it is called. */
static void
add_arguments(struct job *job)
{
	struct buf *b = &job->arguments;
	buf_addf(b, "%s --server %s --port %s", buf_str(&job->host), buf_str(&job->server),
		buf_str(&job->port_text));
	if (job->tls) {
		buf_add_str(b, " --certificates ");
		text_add_shell(b, slice_of_str(job->certificates));
	} else {
		buf_add_str(b, " --no-tls");
	}
	if (job->compressed)
		buf_add_str(b, " --compressed");
}

static void
print(struct job *job)
{
	struct buf text = {0};
	struct output *o = &job->app->out;
	buf_add_u64(&job->port_text, job->port ? job->port : default_port(job));
	add_arguments(job);
	const struct rsyslog_value values[] = {
		{S("HOST"), buf_slice(&job->host)},
		{S("SERVER"), buf_slice(&job->server)},
		{S("PORT"), buf_slice(&job->port_text)},
		{S("CERTIFICATES"), slice_of_str(job->certificates)},
		{S("ARGUMENTS"), buf_slice(&job->arguments)},
	};
	const struct rsyslog_settings settings = {.values = values,
		.n_values = sizeof(values) / sizeof(values[0]),
		.tls = job->tls,
		.compressed = job->compressed};
	rsyslog_template_fill(&text, slice_of_str(rsyslog_template), &settings);
	if (job->app->json) {
		buf_add_char(&o->text, '{');
		json_add_field(&o->text, "config", buf_slice(&text));
		buf_add_str(&o->text, "}\n");
	} else {
		buf_add(&o->text, buf_slice(&text));
	}
	buf_fini(&text);
}

int
admin_rsyslog_config(struct app *app, int argc, char **argv)
{
	struct job job = {.app = app, .certificates = "/etc/else/certificates", .tls = true};
	take_options(&job, argc, argv);
	int status = check(&job, argc - optind, argv + optind);
	if (status == APP_DONE)
		print(&job);
	buf_fini(&job.host);
	buf_fini(&job.server);
	buf_fini(&job.port_text);
	buf_fini(&job.arguments);
	return status;
}
