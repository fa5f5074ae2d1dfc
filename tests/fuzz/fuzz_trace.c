/* Each line of the input is a log line: its first byte chooses host, program and process, the
 * second how far time goes on (or back), the rest is the text. Whatever comes out must make
 * journeys, and each hop must come out again from its own lines alone, for nothing else is stored
 * of it. */
#include <assert.h>
#include <stdlib.h>

#include "base/time.h"
#include "parse/parse.h"
#include "trace/journey.h"
#include "trace/trace.h"

static const char *const programs[] = {"postfix/smtpd", "postfix/cleanup", "postfix/qmgr",
	"postfix/smtp", "postfix/lmtp", "postfix/local", "postfix/bounce", "postfix/postsuper",
	"postfix", "postfix-out/smtpd", "amavis", "rspamd", "opendkim", "dovecot", "spamd",
	"cyrus/lmtpunix"};
static const char *const hosts[] = {"mx1.example.org", "MX1.example.org", "store1", "av1"};

enum { PROGRAMS = 16, HOSTS = 4 };

struct output {
	struct topology topology;
	bool replaying;
	const struct hop *wanted;
	bool found;
};

static bool
read_line(struct slice raw, struct line *line)
{
	if (raw.n < 3)
		return false;
	unsigned choice = (unsigned char)raw.p[0];
	*line = (struct line){.raw = raw, .text = slice_skip(raw, 2), .pid = 1 + choice / 128};
	line->host = slice_of_str(hosts[choice / PROGRAMS % HOSTS]);
	line->program = slice_of_str(programs[choice % PROGRAMS]);
	return true;
}

/* By the second byte: nothing, milliseconds, minutes, days, or a minute back. */
static int64_t
step_us(struct slice raw)
{
	unsigned char c = (unsigned char)raw.p[1];
	static const int64_t units[] = {
		0, 1000, TIME_SECOND_US, TIME_MINUTE_US, TIME_DAY_US, -TIME_MINUTE_US, 1, 0};
	return units[c % 8] * (c / 8);
}

static void
feed(struct trace *trace, struct slice raw, int64_t t_us)
{
	struct line line;
	struct event e;
	if (!read_line(raw, &line))
		return;
	line.t_us = t_us;
	if (parse_line(&line, &e) == PARSE_OK)
		trace_feed(trace, &e, &line);
}

static void take_mail(void *context, struct mail *mail);

static void
drop_reject(void *context, struct reject *reject)
{
	(void)context;
	free(reject);
}

static void
replay(const struct hop *hop)
{
	struct output out = {.replaying = true, .wanted = hop};
	struct trace *trace = trace_new(&(struct trace_options){.quiet_us = INT64_MAX / 4},
		&(struct trace_sink){&out, take_mail, drop_reject});
	assert(hop->n_lines > 0);
	for (uint32_t i = 0; i < hop->n_lines; i++)
		feed(trace, hop->lines[i].raw, hop->lines[i].t_us);
	trace_free(&trace);
	assert(out.found);
}

static void
take_mail(void *context, struct mail *mail)
{
	struct output *out = context;
	struct arena arena = {0};
	struct journey j;
	for (const struct hop *hop = mail->hops; hop; hop = hop->next) {
		if (!out->replaying)
			replay(hop);
		else if (slice_equal(hop->qid, out->wanted->qid) &&
			 slice_equal(hop->host, out->wanted->host))
			out->found = true;
	}
	journey_build(&j, mail, &out->topology, &arena);
	for (size_t i = 0; i < j.n_hops; i++)
		assert(j.hops[i].n >= 1 && j.hops[i].n <= j.n_hops);
	for (size_t i = 0; i < j.n_leaves; i++)
		assert(j.leaves[i].at && j.leaves[i].entry && !j.leaves[i].entry->before);
	topology_fini(&out->topology);
	arena_fini(&arena);
	mail_free(&mail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct output out = {0};
	struct trace *trace = trace_new(
		&(struct trace_options){.max_mails = 20, .max_sessions = 4, .max_bytes = 200000},
		&(struct trace_sink){&out, take_mail, drop_reject});
	struct slice rest = slice_of((const char *)data, size), raw;
	int64_t t_us = 1795324800 * TIME_SECOND_US;
	while (slice_split(&rest, '\n', &raw)) {
		if (raw.n > 1)
			t_us += step_us(raw);
		if (t_us > 0)
			feed(trace, raw, t_us);
	}
	trace_free(&trace);
	return 0;
}
