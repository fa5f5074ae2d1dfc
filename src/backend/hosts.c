#include "backend/hosts.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "backend/gaps.h"
#include "backend/host_clock.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/time.h"
#include "store/copy.h"
#include "store/host.h"
#include "wire/stamp.h"

enum {
	MOST_HOSTS = 4096,   /* followed by name; the others share one */
	MOST_SHAPES = 64,    /* kept of one writing */
	MOST_METRICS = 1000, /* hosts with metrics of their own */
};

#define STEP_US	    (5 * TIME_SECOND_US)
#define OTHER_HOSTS S("(other hosts)")

struct watched {
	struct map_node node;
	struct host_clock clock;
	int64_t last_us; /* a line was received; 0 = none yet */
	bool noted;	 /* since the last writing, as all below */
	int64_t first_us, line_us, quiet_us;
	size_t tally; /* of the newest hour, plus 1; 0 = none */
	size_t name_n;
	char name[];
};

/* Lines of a host in an hour. */
struct tally {
	struct watched *host;
	int64_t hour_us;
	int64_t lines, ignored, unknown;
};

struct shape {
	struct watched *host;
	struct slice text, example;
	int64_t n, last_us;
};

struct hosts {
	struct hosts_options options;
	struct db *db;
	struct buf conninfo;
	uint64_t spool, counted; /* lines before this position are */
	int64_t stepped_us;
	bool told; /* that the database fails */

	struct map map;
	struct watched *last; /* most lines are of the host of the line before */
	struct gaps *gaps;
	struct watched **noted;
	struct tally *tallies;
	struct shape *shapes;
	size_t n_noted, cap_noted, n_tallies, cap_tallies, n_shapes, cap_shapes;
	struct arena texts; /* of the shapes */
	struct buf scratch;

	pthread_mutex_t mutex; /* of the metrics */
	struct buf metrics;
};

static struct slice
name_of(const struct watched *host)
{
	return slice_of(host->name, host->name_n);
}

/* ---- hosts by name ---- */

static struct watched *
find(const struct hosts *h, struct slice name)
{
	uint64_t hash = slice_hash(name, 0);
	for (struct map_node *n = map_first(&h->map, hash); n; n = map_next(n, hash))
		if (slice_equal(name_of(MAP_ENTRY(n, struct watched, node)), name))
			return MAP_ENTRY(n, struct watched, node);
	return NULL;
}

static struct watched *
add(struct hosts *h, struct slice name)
{
	struct watched *host = memory_zero(1, sizeof(*host) + name.n);
	host->name_n = name.n;
	if (name.n)
		memcpy(host->name, name.p, name.n);
	map_add(&h->map, &host->node, slice_hash(name, 0));
	return host;
}

/* A name that is no text is that of the database, so that none is there twice. */
static struct watched *
look_up(struct hosts *h, struct slice name)
{
	if (h->last && slice_equal(name_of(h->last), name))
		return h->last;
	struct watched *host = find(h, name);
	if (!host) {
		buf_clear(&h->scratch);
		copy_add_clean(&h->scratch, name, HOST_NAME_MAX_BYTES);
		name = h->map.n < MOST_HOSTS ? buf_slice(&h->scratch) : OTHER_HOSTS;
		host = find(h, name);
	}
	return h->last = host ? host : add(h, name);
}

/* ---- counting ---- */

static struct tally *
tally_of(struct hosts *h, struct watched *host, int64_t received_us)
{
	int64_t hour_us = received_us - received_us % TIME_HOUR_US;
	if (host->tally && h->tallies[host->tally - 1].hour_us == hour_us)
		return &h->tallies[host->tally - 1];
	for (size_t i = 0; host->tally && i < h->n_tallies; i++) /* the clock was set back */
		if (h->tallies[i].host == host && h->tallies[i].hour_us == hour_us)
			return &h->tallies[i];
	MEMORY_ROOM(&h->tallies, h->n_tallies, &h->cap_tallies);
	h->tallies[h->n_tallies++] = (struct tally){.host = host, .hour_us = hour_us};
	host->tally = h->n_tallies;
	return &h->tallies[h->n_tallies - 1];
}

static void
note_times(struct hosts *h, struct watched *host, int64_t received_us, int64_t t_us)
{
	if (!host->noted) {
		MEMORY_ROOM(&h->noted, h->n_noted, &h->cap_noted);
		h->noted[h->n_noted++] = host;
		host->noted = true;
		host->first_us = received_us;
		host->line_us = HOST_NONE;
		host->quiet_us = 0;
	}
	if (host->last_us && received_us - host->last_us > host->quiet_us)
		host->quiet_us = received_us - host->last_us;
	if (received_us > host->last_us)
		host->last_us = received_us;
	if (t_us == 0)
		return;
	host_clock_note(&host->clock, received_us, t_us);
	if (t_us > host->line_us)
		host->line_us = t_us;
}

static bool
is_plain(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return false;
	return true;
}

static void
note_number(struct hosts *h, const struct watched *host, const struct spool_record *record)
{
	struct stamp stamp;
	if (stamp_read(record->frame, &stamp) && stamp.has_sequence && stamp.sequence < INT64_MAX &&
		is_plain(stamp.boot))
		gaps_note(h->gaps, name_of(host), stamp.boot, stamp.sequence, record->received_us);
}

static struct slice
keep_text(struct hosts *h, struct slice text, size_t most)
{
	buf_clear(&h->scratch);
	copy_add_clean(&h->scratch, text, most);
	return arena_copy(&h->texts, buf_slice(&h->scratch));
}

static void
note_shape(struct hosts *h, struct watched *host, const struct line *line, int64_t received_us)
{
	struct buf text = {0};
	size_t i = 0;
	buf_add(&text, line->program);
	buf_add_str(&text, ": ");
	parse_add_shape(&text, line->text);
	struct slice shape = keep_text(h, buf_slice(&text), HOST_SHAPE_MAX_BYTES);
	buf_fini(&text);
	while (i < h->n_shapes &&
		(h->shapes[i].host != host || !slice_equal(h->shapes[i].text, shape)))
		i++;
	if (i == h->n_shapes) {
		struct slice example = keep_text(h, line->raw, HOST_LINE_MAX_BYTES);
		MEMORY_ROOM(&h->shapes, h->n_shapes, &h->cap_shapes);
		h->shapes[h->n_shapes++] = (struct shape){host, shape, example, 0, 0};
	}
	h->shapes[i].n++;
	h->shapes[i].last_us = received_us;
}

void
hosts_note(struct hosts *h, const struct spool_record *record, const struct line *line,
	enum parse_result result)
{
	if (record->position < h->counted)
		return;
	struct watched *host = look_up(h, line->host);
	struct tally *tally = tally_of(h, host, record->received_us);
	h->counted = record->next;
	tally->lines++;
	tally->ignored += result == PARSE_IGNORED;
	tally->unknown += result == PARSE_UNKNOWN;
	note_times(h, host, record->received_us, line->t_us);
	note_number(h, host, record);
	if (result == PARSE_UNKNOWN && h->n_shapes < MOST_SHAPES)
		note_shape(h, host, line, record->received_us);
}

/* ---- writing ---- */

static void
add_boot(void *context, const struct gaps_count *c)
{
	struct host_report *r = context;
	host_report_add_boot(r, &(struct host_boot){c->host, c->boot, (int64_t)c->first,
					(int64_t)c->last, (int64_t)c->missing, c->last_us});
	for (size_t i = 0; i < c->open_count; i++)
		host_report_add_gap(
			r, &(struct host_gap){c->host, c->boot, (int64_t)c->open[i].from,
				   (int64_t)c->open[i].to, c->open[i].noticed_us});
}

static void
add_seen(struct host_report *r, const struct watched *host)
{
	const struct host_clock *clock = &host->clock;
	host_report_add_seen(r, &(struct host_seen){.name = name_of(host),
					.first_us = host->first_us,
					.last_us = host->last_us,
					.line_us = host->line_us,
					.quiet_us = host->quiet_us,
					.lag_us = clock->has_lag ? clock->lag_us : HOST_NONE,
					.skew_us = clock->has_skew ? clock->skew_us : HOST_NONE});
}

static void
add_all(const struct hosts *h, struct host_report *r)
{
	for (size_t i = 0; i < h->n_noted; i++)
		add_seen(r, h->noted[i]);
	for (size_t i = 0; i < h->n_tallies; i++) {
		const struct tally *t = &h->tallies[i];
		host_report_add_hour(r, &(struct host_hour){name_of(t->host), t->hour_us, t->lines,
						t->ignored, t->unknown});
	}
	for (size_t i = 0; i < h->n_shapes; i++) {
		const struct shape *s = &h->shapes[i];
		host_report_add_shape(r, &(struct host_shape){name_of(s->host), s->text, s->example,
						 s->n, s->last_us});
	}
	gaps_walk_new(h->gaps, add_boot, r);
}

/* All that was noted is written, or is to be read again. */
static void
begin_anew(struct hosts *h)
{
	for (size_t i = 0; i < h->n_noted; i++)
		h->noted[i]->noted = false;
	for (size_t i = 0; i < h->n_tallies; i++)
		h->tallies[i].host->tally = 0;
	h->n_noted = h->n_tallies = h->n_shapes = 0;
	arena_reset(&h->texts);
	gaps_settle(h->gaps);
}

static bool
write_all(struct hosts *h, struct error *err)
{
	struct host_report report = {0};
	if (h->n_noted == 0)
		return true;
	add_all(h, &report);
	bool ok = host_report_write(&report, h->db, h->spool, h->counted, err);
	host_report_fini(&report);
	if (ok)
		begin_anew(h);
	return ok;
}

static void
tell_change(void *context, struct slice name, bool silent, int64_t quiet_ms)
{
	struct hosts *h = context;
	struct buf text = {0};
	buf_addf(&text, "host %.*s %s ", SLICE_ARG(name),
		silent ? "is silent: no line for" : "sends again after");
	time_add_duration(&text, quiet_ms);
	h->options.say(
		h->options.context, silent ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, buf_str(&text));
	buf_fini(&text);
}

/* ---- metrics: OpenMetrics 1.0.0, label values are escaped ---- */

struct shown {
	size_t hosts, silent, lagging;
	struct buf skew, lag, missing, last;
};

static void
add_sample(struct buf *b, const char *metric, struct slice host, double value)
{
	buf_addf(b, "else_host_%s{host=\"", metric);
	for (size_t i = 0; i < host.n; i++) {
		if (host.p[i] == '"' || host.p[i] == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, host.p[i] == '\n' ? ' ' : host.p[i]);
	}
	buf_addf(b, "\"} %.15g\n", value);
}

static void
show_host(void *context, const struct host_now *now)
{
	struct shown *s = context;
	s->hosts++;
	s->silent += now->silent;
	s->lagging += now->lagging;
	if (s->hosts > MOST_METRICS)
		return;
	if (now->skew_ms != HOST_NONE)
		add_sample(&s->skew, "skew_seconds", now->name, (double)now->skew_ms / 1e3);
	if (now->lag_ms != HOST_NONE)
		add_sample(&s->lag, "lag_seconds", now->name,
			now->lag_ms > 0 ? (double)now->lag_ms / 1e3 : 0);
	add_sample(&s->missing, "missing_lines", now->name, (double)now->missing);
	add_sample(&s->last, "last_line_seconds", now->name, (double)now->last_us / 1e6);
}

static void
add_family(struct buf *b, const char *name, const char *unit, const char *help, struct buf *samples)
{
	buf_addf(b, "# TYPE else_host_%s gauge\n", name);
	if (unit)
		buf_addf(b, "# UNIT else_host_%s %s\n", name, unit);
	buf_addf(b, "# HELP else_host_%s %s\n", name, help);
	buf_add(b, buf_slice(samples));
	buf_fini(samples);
}

static void
add_number(struct buf *b, const char *name, const char *help, size_t value)
{
	buf_addf(b, "# TYPE else_%s gauge\n# HELP else_%s %s\nelse_%s %zu\n", name, name, help,
		name, value);
}

static void
publish(struct hosts *h, struct shown *s)
{
	struct buf *b = &h->metrics;
	pthread_mutex_lock(&h->mutex);
	buf_clear(b);
	buf_addf(b,
		"# TYPE else_missing_lines counter\n# HELP else_missing_lines Lines that never "
		"came, by the senders' sequences.\nelse_missing_lines_total %" PRIu64 "\n",
		gaps_missing(h->gaps));
	add_number(b, "hosts", "Hosts whose lines came live.", s->hosts);
	add_number(b, "hosts_silent", "Of these, silent for longer than their limit.", s->silent);
	add_number(b, "hosts_lagging", "Of these, more than a minute late.", s->lagging);
	add_family(b, "skew_seconds", "seconds",
		"Received minus logged of lines that came at once.", &s->skew);
	add_family(b, "lag_seconds", "seconds", "How late the last lines came, beyond the skew.",
		&s->lag);
	add_family(b, "missing_lines", NULL, "Lines of this host that never came.", &s->missing);
	add_family(b, "last_line_seconds", "seconds", "When its last line came, since 1970.",
		&s->last);
	pthread_mutex_unlock(&h->mutex);
}

void
hosts_add_metrics(struct hosts *h, struct buf *b)
{
	pthread_mutex_lock(&h->mutex);
	buf_add(b, buf_slice(&h->metrics));
	pthread_mutex_unlock(&h->mutex);
}

/* ---- steps ---- */

/* No wait for a row that somebody else has; and what a crash of the server takes away is read
 * again. */
static bool
connect_db(struct hosts *h, struct error *err)
{
	if (!h->db)
		h->db = db_open(buf_str(&h->conninfo), err);
	if (h->db && db_exec(h->db,
			     "SET synchronous_commit = off; SET lock_timeout = '2s'; SET "
			     "statement_timeout = '20s'; SET plan_cache_mode = force_custom_plan",
			     err))
		return true;
	db_close(&h->db);
	return false;
}

static bool
step(struct hosts *h, int64_t up_to_us, struct error *err)
{
	struct shown shown = {0};
	bool ok = (h->db || connect_db(h, err)) && write_all(h, err) &&
		  host_watch(h->db, up_to_us, h->options.since_us, tell_change, h, err) &&
		  host_read_now(h->db, 2 * MOST_HOSTS, show_host, &shown, err);
	if (ok)
		publish(h, &shown);
	return ok;
}

void
hosts_tick(struct hosts *h, int64_t up_to_us, bool now)
{
	struct error err;
	int64_t now_us = time_now_us(), since_us = now_us - h->stepped_us;
	if (!now && since_us >= 0 && since_us < h->options.step_us)
		return;
	h->stepped_us = now_us;
	bool ok = step(h, up_to_us, &err);
	if (!ok) {
		db_close(&h->db);
		if (!h->told) {
			struct buf text = {0};
			buf_addf(&text, "the state of the hosts cannot be written: %s", err.text);
			h->options.say(h->options.context, LOG_LEVEL_WARNING, buf_str(&text));
			buf_fini(&text);
		}
	}
	h->told = !ok;
}

/* ---- taking up what is written ---- */

struct taking {
	struct hosts *hosts;
	struct buf name, boot; /* of the boot at hand */
	struct gaps_count count;
	struct gaps_stretch *open;
	size_t n, cap;
};

static void
restore(struct taking *t)
{
	t->count.host = buf_slice(&t->name);
	t->count.boot = buf_slice(&t->boot);
	t->count.open = t->open;
	t->count.open_count = t->n;
	if (t->name.n)
		gaps_restore(t->hosts->gaps, &t->count);
	t->n = 0;
}

static void
take_boot(void *context, const struct host_boot *boot)
{
	struct taking *t = context;
	restore(t);
	buf_clear(&t->name);
	buf_clear(&t->boot);
	buf_add(&t->name, boot->name);
	buf_add(&t->boot, boot->boot);
	t->count = (struct gaps_count){.first = (uint64_t)boot->first,
		.last = (uint64_t)boot->last,
		.missing = (uint64_t)boot->missing,
		.last_us = boot->last_us};
}

static void
take_gap(void *context, const struct host_gap *gap)
{
	struct taking *t = context;
	MEMORY_ROOM(&t->open, t->n, &t->cap);
	t->open[t->n++] =
		(struct gaps_stretch){(uint64_t)gap->first, (uint64_t)gap->last, gap->noticed_us};
}

static bool
take_boots(struct hosts *h, struct error *err)
{
	struct taking t = {.hosts = h};
	gaps_free(&h->gaps);
	h->gaps = gaps_new();
	bool ok = host_read_boots(
		h->db, GAPS_COUNTERS, &(struct host_boot_reader){&t, take_boot, take_gap}, err);
	restore(&t);
	buf_fini(&t.name);
	buf_fini(&t.boot);
	free(t.open);
	return ok;
}

bool
hosts_open(struct hosts *h, const char *conninfo, uint64_t spool, struct error *err)
{
	buf_clear(&h->conninfo);
	buf_add_str(&h->conninfo, conninfo);
	h->spool = spool;
	begin_anew(h);
	return connect_db(h, err) && host_read_position(h->db, spool, &h->counted, err) &&
	       take_boots(h, err);
}

void
hosts_close(struct hosts *h)
{
	db_close(&h->db);
}

struct hosts *
hosts_new(const struct hosts_options *options)
{
	struct hosts *h = memory_zero(1, sizeof(*h));
	struct shown nothing = {0};
	h->options = *options;
	if (!h->options.step_us)
		h->options.step_us = STEP_US;
	h->gaps = gaps_new();
	pthread_mutex_init(&h->mutex, NULL);
	publish(h, &nothing);
	return h;
}

void
hosts_free(struct hosts **hosts)
{
	struct hosts *h = *hosts;
	if (!h)
		return;
	hosts_close(h);
	MAP_FREE(&h->map, struct watched, node);
	gaps_free(&h->gaps);
	arena_fini(&h->texts);
	free(h->noted);
	free(h->tallies);
	free(h->shapes);
	buf_fini(&h->scratch);
	buf_fini(&h->conninfo);
	buf_fini(&h->metrics);
	pthread_mutex_destroy(&h->mutex);
	free(h);
	*hosts = NULL;
}
