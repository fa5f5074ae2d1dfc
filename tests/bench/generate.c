/* else-generate: see generate.h for the plan and --help for the use. */
#include "generate.h"
#include "base/json.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage_text[] =
	"usage: else-generate --mails N (--hosts-dir DIR | --merged FILE) [options]\n"
	"\n"
	"Writes the log of N mails that cross three mail servers, and of three refused\n"
	"recipients a mail. Equal arguments give equal bytes.\n"
	"\n"
	"  --hosts-dir DIR   DIR/mx1.log, DIR/store1.log, DIR/out1.log\n"
	"  --merged FILE     one file, as a log server would write it (- for standard output)\n"
	"  --seed S          another world (1)\n"
	"  --rate R          mails a second of log time (11.6: a million a day)\n"
	"  --days D          spread the mails over D days, instead of --rate\n"
	"  --start ISO       first moment (2026-11-01T00:00:00Z)\n"
	"  --tail HOURS      the log goes on so long after the last arrival (24); mails that\n"
	"                    are still deferred then stay so. 150 lets all expire that will\n"
	"  --form 5424|3164  ISO stamps with microseconds, or \"Nov 22 05:21:39\" (5424)\n"
	"  --split M         new files every M mails: mx1.log.1, mx1.log.2, ...; the number of "
	"each\n"
	"                    finished set goes to standard output\n"
	"  --wait            then wait for a line on standard input before going on\n"
	"  --truth FILE      one JSON object a mail and a reject\n"
	"  --sample K        only one of K of them (1)\n"
	"  --count           totals as JSON on standard output\n"
	"\n"
	"A mail has 3 hops, 22 lines and 4.3 kB on average; its rejects add 8 lines and 1.9 kB.\n";

struct options {
	const char *dir, *merged, *truth;
	double days, rate, tail_hours;
	uint64_t split;
	bool count, wait;
};

static void __attribute__((noreturn)) fail(const char *what, const char *text)
{
	fprintf(stderr, "else-generate: %s: %s\n", what, text);
	exit(2);
}

/* ---- the event queue: a heap of four children a node ---- */

void
later(struct generate *g, int64_t delay_us, void (*run)(struct generate *, void *, unsigned),
	void *subject, unsigned arg)
{
	struct event e = {g->now_us + delay_us, run, subject, arg};
	MEMORY_ROOM(&g->heap, g->heap_n, &g->heap_cap);
	size_t i = g->heap_n++;
	for (; i > 0 && g->heap[(i - 1) / 4].t_us > e.t_us; i = (i - 1) / 4)
		g->heap[i] = g->heap[(i - 1) / 4];
	g->heap[i] = e;
}

static size_t
earliest_child(const struct generate *g, size_t i)
{
	size_t first = 4 * i + 1, best = first;
	for (size_t c = first + 1; c < first + 4 && c < g->heap_n; c++)
		if (g->heap[c].t_us < g->heap[best].t_us)
			best = c;
	return best;
}

static struct event
next_event(struct generate *g)
{
	struct event top = g->heap[0], last = g->heap[--g->heap_n];
	size_t i = 0;
	while (4 * i + 1 < g->heap_n) {
		size_t c = earliest_child(g, i);
		if (g->heap[c].t_us >= last.t_us)
			break;
		g->heap[i] = g->heap[c];
		i = c;
	}
	g->heap[i] = last;
	return top;
}

/* ---- files ---- */

static int
open_file(const char *path)
{
	int fd = strcmp(path, "-") == 0
			 ? STDOUT_FILENO
			 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		fail(path, strerror(errno));
	return fd;
}

static int
open_set(const char *dir, const char *name, uint64_t set)
{
	struct buf path = {0};
	if (dir)
		buf_addf(&path, "%s/", dir);
	buf_add_str(&path, name);
	if (set)
		buf_addf(&path, ".%llu", (unsigned long long)set);
	int fd = open_file(buf_str(&path));
	buf_fini(&path);
	return fd;
}

static void
open_outputs(struct generate *g, const struct options *o)
{
	static const char *const names[HOSTS] = {"mx1.log", "store1.log", "out1.log"};
	for (int i = 0; i < HOSTS; i++) {
		if (o->merged && i > 0) {
			g->hosts[i].out = &g->files[0];
			continue;
		}
		g->hosts[i].out = &g->files[i];
		g->files[i].fd = open_set(o->dir, o->merged ? o->merged : names[i], g->set);
	}
}

static void
close_outputs(struct generate *g, const struct options *o)
{
	for (int i = 0; i < HOSTS; i++) {
		struct output *out = &g->files[i];
		if (o->merged && i > 0)
			continue;
		output_flush(out);
		if (close(out->fd) != 0)
			fail("close", strerror(errno));
	}
	if (g->set == 0)
		return;
	printf("%llu\n", (unsigned long long)g->set);
	fflush(stdout);
}

static void
next_outputs(struct generate *g, const struct options *o)
{
	int c;
	close_outputs(g, o);
	while (o->wait && (c = getchar()) != '\n' && c != EOF)
		;
	g->set++;
	open_outputs(g, o);
}

/* ---- arrivals ---- */

/* Percent of the mean rate, by hour of the day. */
static const uint8_t day_curve[24] = {45, 35, 30, 30, 35, 50, 80, 120, 150, 160, 165, 155, 150, 145,
	150, 160, 150, 130, 110, 95, 85, 70, 55, 45};

static int64_t
gap_now(struct generate *g, int64_t mean_us)
{
	int64_t hour = g->now_us / TIME_HOUR_US % 24;
	int64_t gap = mean_us * 100 / day_curve[hour];
	return between(g, 0, 2 * gap);
}

/* `subject`: the options. */
static void
arrive_mails(struct generate *g, void *subject, unsigned arg)
{
	const struct options *o = subject;
	if (g->mails_left == 0)
		return;
	if (o->split && g->mails - g->mails_left >= o->split * g->set)
		next_outputs(g, o);
	mail_arrive(g);
	later(g, gap_now(g, g->gap_us), arrive_mails, subject, arg);
}

/* About one session of seven holds more than one refusal. */
static void
arrive_rejects(struct generate *g, void *subject, unsigned arg)
{
	if (g->rejects_left == 0)
		return;
	reject_arrive(g);
	later(g, gap_now(g, g->gap_us * 5 / 4 / REJECTS_PER_MAIL), arrive_rejects, subject, arg);
}

/* Postfix reports its rates every ten minutes, while there is traffic. */
static void
report_rates(struct generate *g, void *subject, unsigned arg)
{
	struct client c;
	struct text at;
	if (g->mails_left == 0)
		return;
	client_bot(g, &c);
	bsd_time(g->now_us, &at);
	SAY(g, MX, ANVIL, pid_fixed(ANVIL), S("statistics: max connection rate "),
		number(g, 2 + below(g, 40)), S("/60s for (smtp:"), text_slice(&c.ip), S(") at "),
		text_slice(&at));
	SAY(g, MX, ANVIL, pid_fixed(ANVIL), S("statistics: max cache size "),
		number(g, 3 + below(g, 90)), S(" at "), text_slice(&at));
	later(g, SECONDS(600), report_rates, subject, arg);
}

static void
run(struct generate *g, struct options *o)
{
	int64_t last_us = INT64_MAX;
	later(g, 0, arrive_mails, o, 0);
	later(g, 0, arrive_rejects, NULL, 0);
	later(g, SECONDS(600), report_rates, NULL, 0);
	while (g->heap_n > 0) {
		struct event e = next_event(g);
		if (e.t_us <= last_us) {
			g->now_us = e.t_us;
			e.run(g, e.subject, e.arg);
		} else if (e.run == mail_run) {
			mail_release(g, e.subject); /* it stays as it is */
		}
		if (g->mails_left == 0 && g->rejects_left == 0 && last_us == INT64_MAX)
			last_us = g->now_us + g->tail_us;
	}
}

/* ---- totals ---- */

static uint64_t
sum(const uint64_t *counts, size_t n)
{
	uint64_t total = 0;
	for (size_t i = 0; i < n; i++)
		total += counts[i];
	return total;
}

static void
add_counts(
	struct buf *b, const char *name, const uint64_t *counts, const char *const *names, size_t n)
{
	json_add_key(b, name);
	buf_add_char(b, '{');
	for (size_t i = 0; i < n; i++)
		json_add_field_i64(b, names[i], (int64_t)counts[i]);
	buf_add_char(b, '}');
}

/* The grand totals of pflogsumm for the same lines. */
static void
add_lines_counted(const struct count *c, struct buf *b)
{
	json_add_key(b, "postfix");
	buf_add_char(b, '{');
	json_add_field_i64(b, "received", (int64_t)c->received);
	json_add_field_i64(b, "delivered", (int64_t)c->sent);
	json_add_field_i64(b, "deferred", (int64_t)c->deferred);
	json_add_field_i64(b, "deferrals", (int64_t)c->deferrals);
	json_add_field_i64(b, "bounced", (int64_t)c->bounced);
	json_add_field_i64(b, "rejected", (int64_t)sum(c->rejects, REJECTS));
	buf_add_char(b, '}');
}

static void
add_size(const struct generate *g, struct buf *b)
{
	uint64_t lines = 0, bytes = 0;
	for (int i = 0; i < HOSTS; i++) {
		lines += g->hosts[i].lines;
		bytes += g->hosts[i].bytes;
	}
	json_add_field_i64(b, "lines", (int64_t)lines);
	json_add_field_i64(b, "bytes", (int64_t)bytes);
	json_add_key(b, "hosts");
	buf_add_char(b, '{');
	for (int i = 0; i < HOSTS; i++) {
		json_add_key(b, g->hosts[i].name.p);
		buf_addf(b, "{\"lines\":%llu,\"bytes\":%llu}",
			(unsigned long long)g->hosts[i].lines,
			(unsigned long long)g->hosts[i].bytes);
	}
	buf_add_char(b, '}');
}

static void
print_count(const struct generate *g)
{
	const struct count *c = &g->count;
	struct buf b = {0};
	buf_add_char(&b, '{');
	json_add_field_i64(&b, "mails", (int64_t)c->mails);
	json_add_field_i64(&b, "notices", (int64_t)c->notices);
	json_add_field_i64(&b, "hops", (int64_t)c->hops);
	json_add_field_i64(&b, "sessions", (int64_t)c->sessions);
	add_counts(&b, "ways", c->ways, way_names, WAYS);
	add_counts(&b, "deliveries", c->statuses, status_names, STATUSES);
	add_counts(&b, "notice_deliveries", c->notice_statuses, status_names, STATUSES);
	json_add_field_i64(&b, "rejects", (int64_t)sum(c->rejects, REJECTS));
	add_counts(&b, "rejects_by", c->rejects, reject_names, REJECTS);
	add_lines_counted(c, &b);
	json_add_field_time(&b, "first", g->start_us);
	json_add_field_time(&b, "last", g->stamp_us);
	add_size(g, &b);
	buf_add(&b, S("}\n"));
	fwrite(b.p, 1, b.n, stdout);
	buf_fini(&b);
}

/* ---- options ---- */

static uint64_t
read_number(const char *name, const char *text)
{
	uint64_t v;
	if (!slice_to_u64(slice_of_str(text), &v))
		fail(name, "a whole number is needed");
	return v;
}

static double
read_real(const char *name, const char *text)
{
	char *end;
	double v = strtod(text, &end);
	if (end == text || *end || !(v > 0 && v < 1e6))
		fail(name, "a number above 0 is needed");
	return v;
}

static int64_t
read_moment(const char *text)
{
	struct cursor c = cursor_of(slice_of_str(text));
	int64_t t_us = time_read_iso(&c, 0);
	if (!cursor_ok(&c) || !cursor_done(&c))
		fail("--start", "a time like 2026-11-01T00:00:00Z is needed");
	return t_us;
}

static bool
read_form(const char *text)
{
	if (strcmp(text, "5424") != 0 && strcmp(text, "3164") != 0)
		fail("--form", "5424 or 3164 is needed");
	return text[0] == '3';
}

/* What happens in the world. */
static bool
take_world_option(struct generate *g, struct options *o, int option, const char *value)
{
	switch (option) {
	case 'm':
		g->mails = read_number("--mails", value);
		return true;
	case 's':
		g->chance = mixed(read_number("--seed", value));
		return true;
	case 'r':
		o->rate = read_real("--rate", value);
		return true;
	case 'd':
		o->days = read_real("--days", value);
		return true;
	case 'S':
		g->start_us = read_moment(value);
		return true;
	case 't':
		o->tail_hours = read_real("--tail", value);
		return true;
	default:
		return false;
	}
}

/* What is written of it. */
static bool
take_file_option(struct generate *g, struct options *o, int option, const char *value)
{
	switch (option) {
	case 'h':
		o->dir = value;
		return true;
	case 'M':
		o->merged = value;
		return true;
	case 'f':
		g->bsd_stamps = read_form(value);
		return true;
	case 'T':
		o->truth = value;
		return true;
	case 'k':
		g->sample = read_number("--sample", value);
		return true;
	case 'p':
		o->split = read_number("--split", value);
		return true;
	default:
		o->wait = o->wait || option == 'w';
		o->count = o->count || option == 'c';
		return option == 'w' || option == 'c';
	}
}

static void
take_option(struct generate *g, struct options *o, int option, const char *value)
{
	if (option == 'H') {
		fputs(usage_text, stdout);
		exit(0);
	}
	if (!take_world_option(g, o, option, value) && !take_file_option(g, o, option, value)) {
		fputs(usage_text, stderr);
		exit(2);
	}
}

static void
read_options(struct generate *g, struct options *o, int argc, char **argv)
{
	static const struct option table[] = {{"mails", 1, NULL, 'm'}, {"hosts-dir", 1, NULL, 'h'},
		{"merged", 1, NULL, 'M'}, {"seed", 1, NULL, 's'}, {"rate", 1, NULL, 'r'},
		{"days", 1, NULL, 'd'}, {"start", 1, NULL, 'S'}, {"tail", 1, NULL, 't'},
		{"form", 1, NULL, 'f'}, {"truth", 1, NULL, 'T'}, {"sample", 1, NULL, 'k'},
		{"split", 1, NULL, 'p'}, {"wait", 0, NULL, 'w'}, {"count", 0, NULL, 'c'},
		{"help", 0, NULL, 'H'}, {NULL, 0, NULL, 0}};
	int option;
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1)
		take_option(g, o, option, optarg);
	if (optind < argc || g->mails == 0 || g->sample == 0 || !o->dir == !o->merged) {
		fputs(usage_text, stderr);
		exit(2);
	}
	if (o->days > 0)
		o->rate = (double)g->mails / (o->days * 86400);
	g->gap_us = (int64_t)(1e6 / o->rate);
	if (g->gap_us < 4)
		fail("--rate", "at most 250000 mails a second");
	g->tail_us = (int64_t)(o->tail_hours * (double)TIME_HOUR_US);
}

static void
make_hosts(struct generate *g)
{
	g->hosts[MX].name = S("mx1.example.net");
	g->hosts[STORE].name = S("store1.example.net");
	g->hosts[OUT].name = S("out1.example.net");
	g->hosts[MX].ip = S("10.20.0.11");
	g->hosts[STORE].ip = S("10.20.0.12");
	g->hosts[OUT].ip = S("10.20.0.13");
	for (int i = 0; i < HOSTS; i++)
		g->hosts[i].next_pid = 1000;
	g->second = -1;
	g->now_us = g->stamp_us = g->start_us;
	g->mails_left = g->mails;
	g->rejects_left = g->mails * REJECTS_PER_MAIL;
}

static void
free_all(struct generate *g)
{
	for (int i = 0; i < HOSTS; i++)
		for (int p = 0; p < PROGRAMS; p++)
			free(g->hosts[i].pids[p].idle);
	for (int i = 0; i < HOSTS; i++)
		buf_fini(&g->files[i].text);
	free(g->heap);
	buf_fini(&g->json);
	buf_fini(&g->scratch);
}

static void
prepare_files(struct generate *g, const struct options *o)
{
	g->set = o->split ? 1 : 0;
	if (o->dir && mkdir(o->dir, 0755) < 0 && errno != EEXIST)
		fail(o->dir, strerror(errno));
	if (o->truth && !(g->truth = fopen(o->truth, "w")))
		fail(o->truth, strerror(errno));
	open_outputs(g, o);
}

int
main(int argc, char **argv)
{
	static struct generate g = {.sample = 1};
	struct options o = {.rate = 11.6, .tail_hours = 24};
	g.start_us = time_from_civil(&(struct time_civil){.year = 2026, .month = 11, .day = 1});
	g.chance = mixed(1);
	read_options(&g, &o, argc, argv);
	make_hosts(&g);
	prepare_files(&g, &o);
	run(&g, &o);
	close_outputs(&g, &o);
	if (g.truth && fclose(g.truth) != 0)
		fail(o.truth, strerror(errno));
	if (o.count)
		print_count(&g);
	free_all(&g);
	return 0;
}
