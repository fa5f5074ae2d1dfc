#include "trace_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "input/stream.h"
#include "parse/parse.h"
#include "wire/msgtrk.h"
#include "wire/syslog.h"

/* A line with its header read; false for a comment, or without a header. */
static bool
read_line(struct slice raw, struct syslog_clock *clock, struct arena *arena, struct line *line)
{
	struct msgtrk_columns columns;
	if (slice_starts(raw, S("#")))
		return false;
	if (!msgtrk_guess_columns(raw, &columns))
		return syslog_read(raw, clock, line) == SYSLOG_OK;
	struct msgtrk_columns *kept = arena_new(arena, sizeof(*kept));
	*kept = columns;
	assert_true(msgtrk_read(raw, kept, line));
	return true;
}

static size_t
number_of_host(struct log *log, struct slice name)
{
	for (size_t i = log->n; i-- > 0;)
		if (slice_equal_nocase(log->lines[i].host, name))
			return log->hosts[i];
	return log->n_hosts++;
}

void
log_add(struct log *log, struct slice text)
{
	struct syslog_clock clock;
	struct slice rest = arena_copy(&log->arena, text), raw;
	syslog_clock_init(&clock, 1796000000 * TIME_SECOND_US); /* November 2026 */
	syslog_clock_set_fixed_zone(&clock, 0);
	while (slice_split(&rest, '\n', &raw)) {
		struct line line = {0};
		if (raw.n == 0 || !read_line(raw, &clock, &log->arena, &line))
			continue;
		size_t host = number_of_host(log, line.host);
		MEMORY_ROOM(&log->lines, log->n, &log->cap);
		MEMORY_ROOM(&log->hosts, log->n, &log->cap_hosts);
		log->hosts[log->n] = host;
		log->lines[log->n++] = line;
	}
}

void
log_add_file(struct log *log, const char *path)
{
	struct buf text = {0};
	struct error err;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		print_error("%s: cannot open\n", path);
	assert_true(fd >= 0);
	struct stream *stream = stream_open(fd);
	ptrdiff_t n;
	while ((n = stream_read(stream, buf_room(&text, 65536), 65536, &err)) > 0)
		text.n += (size_t)n;
	assert_int_equal(n, 0);
	stream_close(&stream);
	close(fd);
	log_add(log, buf_slice(&text));
	buf_fini(&text);
}

void
log_add_files(struct log *log, const char *folder, const char *const *paths)
{
	for (size_t i = 0; paths[i]; i++) {
		struct buf path = {0};
		buf_addf(&path, "%s/%s", folder, paths[i]);
		log_add_file(log, buf_str(&path));
		buf_fini(&path);
	}
}

void
log_fini(struct log *log)
{
	free(log->lines);
	free(log->hosts);
	arena_fini(&log->arena);
	*log = (struct log){0};
}

void
store_fini(struct store *store)
{
	for (size_t i = 0; i < store->n; i++)
		hop_free(&store->hops[i].hop);
	for (size_t i = 0; i < store->n_rejects; i++)
		free(store->rejects[i]);
	free(store->hops);
	free(store->rejects);
	topology_fini(&store->topology);
	*store = (struct store){0};
}

/* Correlating a hop's lines again. */
struct replay {
	struct slice host, qid;
	struct hop *hop;
};

static void
take_hop(void *context, struct mail *mail)
{
	struct replay *r = context;
	struct hop **at = &mail->hops;
	while (*at &&
		(r->hop || !slice_equal((*at)->qid, r->qid) || !slice_equal((*at)->host, r->host)))
		at = &(*at)->next;
	if (*at) {
		r->hop = *at;
		*at = r->hop->next;
		r->hop->next = NULL;
		r->hop->mail = NULL;
	}
	mail_free(&mail);
}

static void
drop_reject(void *context, struct reject *reject)
{
	(void)context;
	free(reject);
}

static struct hop *
replay(struct slice host, struct slice qid, const struct hop_line *lines, size_t n)
{
	struct replay r = {.host = host, .qid = qid};
	struct trace *trace = trace_new(&(struct trace_options){.quiet_us = INT64_MAX / 4},
		&(struct trace_sink){&r, take_hop, drop_reject});
	struct arena arena = {0};
	struct syslog_clock clock;
	syslog_clock_init(&clock, n ? lines[0].t_us : 0);
	syslog_clock_set_fixed_zone(&clock, 0);
	for (size_t i = 0; i < n; i++) {
		struct line line = {0};
		struct event e;
		assert_true(read_line(lines[i].raw, &clock, &arena, &line));
		line.t_us = lines[i].t_us;
		assert_int_equal(parse_line(&line, &e), PARSE_OK);
		trace_feed(trace, &e, &line);
	}
	trace_finish(trace);
	trace_free(&trace);
	arena_fini(&arena);
	if (!r.hop)
		print_error("the lines of %.*s do not make it again\n", SLICE_ARG(qid));
	assert_non_null(r.hop);
	return r.hop;
}

static uint32_t
occurrences(const struct hop_line *lines, size_t n, const struct hop_line *line)
{
	uint32_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += lines[i].t_us == line->t_us && slice_equal(lines[i].raw, line->raw);
	return count;
}

static int
compare_lines(const void *a, const void *b)
{
	const struct hop_line *x = a, *y = b;
	if (x->t_us != y->t_us)
		return x->t_us < y->t_us ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id; /* here: place in the list */
}

/* All lines of both, each as often as in the one that has it most, by time. */
static struct hop *
unite(const struct hop *a, const struct hop *b)
{
	struct hop_line *lines = memory_new((a->n_lines + b->n_lines) * sizeof(*lines));
	const struct hop *first = a->first_us <= b->first_us ? a : b, *second = first == a ? b : a;
	size_t n = first->n_lines;
	memcpy(lines, first->lines, n * sizeof(*lines));
	for (uint32_t i = 0; i < second->n_lines; i++) {
		const struct hop_line *line = &second->lines[i];
		if (occurrences(second->lines, i + 1, line) >
			occurrences(first->lines, first->n_lines, line))
			lines[n++] = *line;
	}
	for (size_t i = 0; i < n; i++)
		lines[i].id = i;
	qsort(lines, n, sizeof(*lines), compare_lines);
	struct hop *hop = replay(a->host, a->qid, lines, n);
	free(lines);
	return hop;
}

static void
rename_mail(struct store *store, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < store->n; i++)
		if (store->hops[i].id == from && store->hops[i].hop->msgid.n == 0)
			store->hops[i].id = to;
}

/* Takes the piece; returns the identity its mail has now. */
static uint64_t
store_piece(struct store *store, struct hop *piece, uint64_t id)
{
	for (size_t i = store->n; i-- > 0;) {
		struct store_hop *stored = &store->hops[i];
		if (!hop_same(stored->hop, piece))
			continue;
		uint64_t old = stored->id, new = piece->msgid.n ? id : old;
		struct hop *united = unite(stored->hop, piece);
		hop_free(&stored->hop);
		hop_free(&piece);
		stored->hop = united;
		stored->id = new;
		rename_mail(store, old, new);
		return new;
	}
	MEMORY_ROOM(&store->hops, store->n, &store->cap);
	store->hops[store->n++] = (struct store_hop){piece, id};
	return id;
}

static void
store_mail(void *context, struct mail *mail)
{
	struct store *store = context;
	uint64_t id = mail->id;
	while (mail->hops) {
		struct hop *hop = mail->hops;
		mail->hops = hop->next;
		assert_true(hop->n_lines > 0);
		uint64_t now = store_piece(
			store, replay(hop->host, hop->qid, hop->lines, hop->n_lines), id);
		if (now != id) {
			rename_mail(store, id, now);
			id = now;
		}
		topology_add_host(&store->topology, hop->host, true);
		hop_free(&hop);
	}
	mail_free(&mail);
}

static void
store_reject(void *context, struct reject *reject)
{
	struct store *store = context;
	MEMORY_ROOM(&store->rejects, store->n_rejects, &store->cap_rejects);
	store->rejects[store->n_rejects++] = reject;
}

void
store_run(struct store *store, const struct line *const *lines, size_t n)
{
	struct trace *trace = trace_new(
		&(struct trace_options){0}, &(struct trace_sink){store, store_mail, store_reject});
	for (size_t i = 0; i < n; i++) {
		struct event e;
		if (parse_line(lines[i], &e) == PARSE_OK)
			trace_feed(trace, &e, lines[i]);
	}
	trace_finish(trace);
	trace_free(&trace);
}

static int
compare_slices(struct slice a, struct slice b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int
compare_hops(const void *a, const void *b)
{
	const struct store_hop *x = a, *y = b;
	if (x->hop->arrived_us != y->hop->arrived_us)
		return x->hop->arrived_us < y->hop->arrived_us ? -1 : 1;
	int order = compare_slices(x->hop->host, y->hop->host);
	return order ? order : compare_slices(x->hop->qid, y->hop->qid);
}

/* The mail of the i-th hop, put together; `done` marks what was taken. */
static void
gather(const struct store *store, size_t i, bool *done, struct mail *mail)
{
	*mail = (struct mail){.id = store->hops[i].id, .hops_tail = &mail->hops};
	for (size_t k = i; k < store->n; k++) {
		struct hop *hop = store->hops[k].hop;
		if (done[k] || store->hops[k].id != mail->id)
			continue;
		done[k] = true;
		hop->next = NULL;
		*mail->hops_tail = hop;
		mail->hops_tail = &hop->next;
		mail->n_hops++;
	}
}

static void
each_once(struct store *store, store_visit *visit, void *context)
{
	struct arena arena = {0};
	bool *done = memory_zero(store->n + 1, sizeof(*done));
	for (size_t i = 0; i < store->n; i++) {
		struct mail mail;
		struct journey journey;
		if (done[i])
			continue;
		gather(store, i, done, &mail);
		journey_build(&journey, &mail, &store->topology, &arena);
		if (visit)
			visit(context, &mail, &journey);
		arena_reset(&arena);
	}
	free(done);
	arena_fini(&arena);
}

void
store_each(struct store *store, store_visit *visit, void *context)
{
	if (store->n)
		qsort(store->hops, store->n, sizeof(*store->hops), compare_hops);
	each_once(store, NULL, NULL); /* learns the own domains */
	each_once(store, visit, context);
}

static void
add_peer(struct buf *b, struct slice name, struct slice ip)
{
	buf_addf(b, " client %.*s[%.*s]", SLICE_ARG(name), SLICE_ARG(ip));
}

static void
add_flags(struct buf *b, const struct hop *hop)
{
	static const struct {
		enum hop_flag flag;
		const char *word;
	} words[] = {{HOP_LOCAL, "local"}, {HOP_HELD, "held"}, {HOP_DELETED, "deleted"},
		{HOP_CANCELED, "canceled"}, {HOP_REFUSED, "refused"}, {HOP_DISCARDED, "discarded"},
		{HOP_EXPIRED, "expired"}, {HOP_PROBE, "probe"}, {HOP_REQUEUED, "requeued"},
		{HOP_NAMELESS, "nameless"}, {HOP_MAILBOX, "mailbox"}, {HOP_FILTER, "filter"}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (hop->flags & words[i].flag)
			buf_addf(b, " %s", words[i].word);
	if (!hop_closed(hop))
		buf_add_str(b, " open");
}

static void
dump_checks(struct buf *b, const struct hop *hop)
{
	for (const struct check *c = hop->checks; c; c = c->next)
		buf_addf(b, "\t\tcheck %.*s %.*s%s\n", SLICE_ARG(c->by), SLICE_ARG(c->result),
			c->stopped ? " stopped" : "");
}

struct dumping {
	struct buf *out;
	bool evidence;
};

static void
dump_hop(struct buf *b, const struct journey_hop *jh, bool evidence)
{
	const struct hop *hop = jh->hop;
	buf_addf(b, "\t%u %.*s/%.*s", jh->n, SLICE_ARG(hop->host), SLICE_ARG(hop->qid));
	if (jh->before)
		buf_addf(b, " from %u by %s", jh->before->n, join_name(jh->join));
	buf_addf(b, "%s%s", jh->entry ? " entry" : "", jh->notice ? " notice" : "");
	if (evidence)
		buf_addf(b, ", %u lines", hop->n_lines);
	add_flags(b, hop);
	if (jh->entry && hop->client_ip.n)
		add_peer(b, hop->client_name, hop->client_ip);
	if (hop->sasl_user.n)
		buf_addf(b, " user %.*s", SLICE_ARG(hop->sasl_user));
	if (jh->entry)
		buf_addf(b, " sender %s%.*s%s", hop->flags & HOP_FROM ? "<" : "unknown",
			SLICE_ARG(hop->from), hop->flags & HOP_FROM ? ">" : "");
	buf_add_char(b, '\n');
	dump_checks(b, hop);
}

static void
dump_leaf(struct buf *b, const struct leaf *leaf)
{
	buf_addf(b, "\t-> %.*s", SLICE_ARG(leaf->to));
	if (leaf->orig_to.n)
		buf_addf(b, " (%.*s)", SLICE_ARG(leaf->orig_to));
	buf_addf(b, " %s", status_name(leaf->status));
	if (leaf->reason)
		buf_addf(b, " %s", reason_name(leaf->reason));
	buf_addf(b, ", %s, at %u, %u tries", way_name(leaf->way), leaf->at->n, leaf->tries);
	if (leaf->delivery && leaf->delivery->folder.n)
		buf_addf(b, ", folder %.*s", SLICE_ARG(leaf->delivery->folder));
	if (leaf->delivery && leaf->delivery->ndr_qid.n)
		buf_addf(b, ", notice %.*s", SLICE_ARG(leaf->delivery->ndr_qid));
	buf_add_char(b, '\n');
}

static void
dump_mail(void *context, const struct mail *mail, const struct journey *j)
{
	const struct dumping *dumping = context;
	struct buf *b = dumping->out;
	(void)mail;
	buf_addf(b, "mail %.*s\n", j->msgid.n ? (int)j->msgid.n : 1, j->msgid.n ? j->msgid.p : "-");
	for (uint32_t n = 1; n <= j->n_hops; n++)
		for (size_t i = 0; i < j->n_hops; i++)
			if (j->hops[i].n == n)
				dump_hop(b, &j->hops[i], dumping->evidence);
	for (size_t i = 0; i < j->n_leaves; i++)
		dump_leaf(b, &j->leaves[i]);
}

static int
compare_rejects(const void *a, const void *b)
{
	const struct reject *x = *(struct reject *const *)a, *y = *(struct reject *const *)b;
	if (x->t_us != y->t_us)
		return x->t_us < y->t_us ? -1 : 1;
	int order = compare_slices(x->host, y->host);
	return order ? order : compare_slices(x->raw, y->raw);
}

static void
dump_reject(struct buf *b, const struct reject *r)
{
	buf_addf(b, "refusal on %.*s %s", SLICE_ARG(r->host), status_name(r->status));
	if (reason_of(r->code, r->dsn, r->text))
		buf_addf(b, " %s", reason_name(reason_of(r->code, r->dsn, r->text)));
	buf_addf(b, " %.*s", SLICE_ARG(r->stage));
	if (r->code.n)
		buf_addf(b, " %.*s %.*s", SLICE_ARG(r->code), SLICE_ARG(r->dsn));
	add_peer(b, r->client_name, r->client_ip);
	if (r->has_from)
		buf_addf(b, " sender <%.*s>", SLICE_ARG(r->from));
	if (r->to.n)
		buf_addf(b, " -> %.*s", SLICE_ARG(r->to));
	buf_add_char(b, '\n');
}

void
store_dump(struct store *store, struct buf *out, bool evidence)
{
	store_each(store, dump_mail, &(struct dumping){out, evidence});
	if (store->n_rejects)
		qsort(store->rejects, store->n_rejects, sizeof(*store->rejects), compare_rejects);
	for (size_t i = 0; i < store->n_rejects; i++)
		dump_reject(out, store->rejects[i]);
}

/* Where a line goes in an order: by host, or by time with a jitter that never turns a host's lines
 * around. */
struct place {
	int64_t key;
	size_t index;
};

static int
compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int64_t
jittered(const struct log *log, size_t i, int64_t *newest, uint64_t *seed)
{
	size_t host = log->hosts[i];
	int64_t t_us = log->lines[i].t_us + (int64_t)random_below(seed, 60000000);
	if (random_below(seed, 4))
		t_us = log->lines[i].t_us;
	if (t_us > newest[host])
		newest[host] = t_us;
	return newest[host];
}

const struct line **
log_order(const struct log *log, uint64_t how)
{
	struct place *places = memory_new((log->n + 1) * sizeof(*places));
	int64_t *newest = memory_zero(log->n_hosts + 1, sizeof(*newest));
	uint64_t seed = how * 0x9e3779b97f4a7c15u;
	for (size_t i = 0; i < log->n; i++) {
		int64_t key = how == 0	 ? 0
			      : how == 1 ? (int64_t)log->hosts[i]
			      : how == 2 ? -(int64_t)log->hosts[i]
					 : jittered(log, i, newest, &seed);
		places[i] = (struct place){key, i};
	}
	qsort(places, log->n, sizeof(*places), compare_places);
	const struct line **order = memory_new((log->n + 1) * sizeof(*order));
	for (size_t i = 0; i < log->n; i++)
		order[i] = &log->lines[places[i].index];
	free(places);
	free(newest);
	return order;
}

/* Line i opens a session: the last line that belongs to it for the correlator, i when none does. */
static size_t
session_end(const struct event *events, size_t n, size_t i)
{
	struct slice qid = {"", 0};
	size_t last = i;
	for (size_t k = i + 1; k < n; k++) {
		const struct event *e = &events[k];
		bool same = e->pid == events[i].pid && slice_equal(e->host, events[i].host);
		if (same && e->type == EVENT_CLIENT)
			qid = e->qid;
		if (same && (e->type == EVENT_CLIENT || e->type == EVENT_LOST ||
				    e->type == EVENT_REFUSED || e->type == EVENT_ACTION))
			last = k;
		if (qid.n && slice_equal(e->qid, qid) && slice_equal(e->host, events[i].host) &&
			(e->type == EVENT_QUEUED || e->type == EVENT_MESSAGE_ID))
			last = k;
		if (same && (e->type == EVENT_DISCONNECT || e->type == EVENT_CONNECT))
			return qid.n && last < k && events[last].type == EVENT_CLIENT ? k : last;
	}
	return last;
}

bool *
log_cuts(const struct line *const *lines, size_t n)
{
	struct event *events = memory_zero(n + 1, sizeof(*events));
	bool *may = memory_new((n + 1) * sizeof(*may));
	for (size_t i = 0; i < n; i++)
		if (parse_line(lines[i], &events[i]) != PARSE_OK)
			events[i].type = EVENT_NONE;
	for (size_t i = 0; i <= n; i++)
		may[i] = true;
	for (size_t i = 0; i < n; i++) {
		bool begins =
			events[i].type == EVENT_CONNECT && events[i].program != PROGRAM_POSTSCREEN;
		for (size_t k = i, end = begins ? session_end(events, n, i) : i; k < end; k++)
			may[k + 1] = false;
	}
	free(events);
	return may;
}
