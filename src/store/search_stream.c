/*
 * One stream of results: a table asked slice by slice, from the newest time to the oldest. A slice
 * is as long as can be read in some tens of milliseconds, so that a budget is kept and nobody waits
 * for a scan of everything when the newest rows are enough.
 */
#include "store/search_part.h"

#include <inttypes.h>
#include <stdio.h>

#define WEEK_US	       (7 * TIME_DAY_US)
#define BUCKET_US      (256 * TIME_MINUTE_US)
#define SLOW_US	       TIME_HOUR_US	  /* what query_sql.h calls slow */
#define LONGEST_US     (25 * TIME_DAY_US) /* took_ms has 31 bits */
#define FAST_US	       (15 * 1000)	  /* a slice that took less is followed by a longer one */
#define LONG_US	       (60 * 1000)	  /* one that took more by a shorter one */
#define HASTE	       3		  /* with a budget both are a third of it */
#define FIRST_SCAN_US  (30 * TIME_MINUTE_US)
#define LEAST_SCAN_US  (10 * TIME_MINUTE_US)
#define FIRST_BUCKETS  40
#define PROBES_AT_ONCE 4000 /* of an index: some 4 us each */
#define MOST_PROBES    200000
#define MOST_WORDS     1000
#define ROWS_A_PROBES  300 /* rows that a scan reads in the time of one word's probes of a week */

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Below `from_us` only what took long can reach into the query's time. */
static void
add_segments(struct search_stream *st, const struct searcher *s, int64_t from_us, int64_t to_us,
	bool slow)
{
	for (size_t i = 0; i < s->n_spans && st->n_segments < 2 * SEARCH_MAX_SPANS; i++) {
		struct search_span span = {later(s->spans[i].from_us, from_us),
			earlier(s->spans[i].to_us, to_us), slow};
		if (span.from_us <= span.to_us)
			st->segments[st->n_segments++] = span;
	}
}

static void
set_segments(struct search *s, struct search_stream *st)
{
	int64_t from_us = s->sql.from_us, to_us = s->sql.to_us;
	if (st->table == QUERY_REJECTS || from_us == INT64_MIN || from_us < LONGEST_US) {
		add_segments(st, s->searcher, from_us, to_us, false);
		return;
	}
	add_segments(st, s->searcher, from_us - SLOW_US, to_us, false);
	add_segments(st, s->searcher, from_us - LONGEST_US, from_us - SLOW_US - 1, true);
}

static int64_t
n_buckets(const struct search_stream *st)
{
	int64_t us = 0;
	for (size_t i = 0; i < st->n_segments; i++)
		us += st->segments[i].to_us - st->segments[i].from_us;
	return us / BUCKET_US + 1;
}

/* Only the hours of the rollup in which there is anything: few for what is rare, so that it is not
 * looked for in millions of refusals. */
static void
keep_hours(struct search_stream *st, const PGresult *hours)
{
	struct search_span kept[2 * SEARCH_MAX_SPANS];
	size_t n = 0, at = 0;
	for (int i = 0; i < PQntuples(hours); i++) {
		int64_t from_us = search_time(hours, i, 0), to_us = from_us + TIME_HOUR_US - 1;
		while (at < st->n_segments && st->segments[at].from_us > to_us)
			at++;
		if (at == st->n_segments)
			break;
		struct search_span hour = {later(from_us, st->segments[at].from_us),
			earlier(to_us, st->segments[at].to_us), false};
		if (hour.from_us > hour.to_us)
			continue;
		if (n && kept[n - 1].from_us == hour.to_us + 1)
			kept[n - 1].from_us = hour.from_us;
		else if (n == 2 * SEARCH_MAX_SPANS)
			kept[n - 1].from_us = st->segments[st->n_segments - 1]
						      .from_us; /* too scattered: all the rest */
		else
			kept[n++] = hour;
	}
	for (size_t i = 0; i < n; i++)
		st->segments[i] = kept[i];
	st->n_segments = n;
}

/* Values of one call. */
struct call_texts {
	struct buf from, to, after;
	char newest[16], oldest[16], a[24], limit[24];
};

static void
fini_texts(struct call_texts *t)
{
	buf_fini(&t->from);
	buf_fini(&t->to);
	buf_fini(&t->after);
}

static void
set_call(struct search_call *call, struct call_texts *t, const struct search *s,
	const struct search_stream *st, const struct search_span *slice, bool by_bucket,
	int64_t limit)
{
	int shift = by_bucket ? 8 : 0;
	snprintf(t->newest, sizeof(t->newest), "%d", key_minute(slice->to_us) >> shift);
	snprintf(t->oldest, sizeof(t->oldest), "%d", key_minute(slice->from_us) >> shift);
	snprintf(t->a, sizeof(t->a), "%" PRId64, st->after_a);
	snprintf(t->limit, sizeof(t->limit), "%" PRId64, limit);
	query_add_time(&t->from, slice->from_us);
	query_add_time(&t->to, slice->to_us);
	query_add_time(&t->after, st->after_us);
	*call = (struct search_call){.plan = &s->sql.tables[st->table],
		.fixed = {t->newest, t->oldest, buf_str(&t->from), buf_str(&t->to),
			buf_str(&t->after), t->a, st->after_b, t->limit,
			st->words ? st->words : "{}"}};
}

/* Choice of the index ----------------------------------------------------------------------------
 */

static bool
sample(struct search *s, struct search_stream *st, const struct query_candidate *candidate,
	int64_t *n, struct error *err)
{
	struct search_span all = {
		st->segments[st->n_segments - 1].from_us, st->segments[0].to_us, false};
	for (size_t i = 0; i < st->n_segments; i++)
		all.from_us = earlier(all.from_us, st->segments[i].from_us);
	int64_t buckets = (all.to_us - all.from_us) / BUCKET_US + 1;
	struct buf text = {0};
	struct call_texts texts = {0};
	struct search_call call;
	PGresult *rows = NULL;
	query_sql_sample(&text, &s->sql, st->table, candidate);
	set_call(&call, &texts, s, st, &all, true, buckets / 16 + 1);
	bool ok = searcher_run(s->searcher, &s->sql, buf_str(&text), &call, &rows, err);
	*n = ok ? search_i64(rows, 0, 0) : 0;
	PQclear(rows);
	fini_texts(&texts);
	buf_fini(&text);
	return ok;
}

static bool
too_many(const struct search_stream *st, const struct query_candidate *c)
{
	return c->kind == QUERY_BY_KEY &&
	       (int64_t)(c->n_values + c->n) * n_buckets(st) > MOST_PROBES;
}

static bool
look_at_hours(struct search *s, struct search_stream *st, struct error *err)
{
	struct search_span all = {
		st->segments[st->n_segments - 1].from_us, st->segments[0].to_us, false};
	struct buf text = {0};
	struct call_texts texts = {0};
	struct search_call call;
	PGresult *rows = NULL;
	query_sql_hours(&text, &s->sql);
	set_call(&call, &texts, s, st, &all, false, 0);
	bool ok = searcher_run(s->searcher, &s->sql, buf_str(&text), &call, &rows, err);
	if (ok)
		keep_hours(st, rows);
	PQclear(rows);
	fini_texts(&texts);
	buf_fini(&text);
	return ok;
}

/* One whose rows are few for sure needs no comparison. */
static bool
choose(struct search *s, struct search_stream *st, struct error *err)
{
	const struct query_plan *plan = &s->sql.tables[st->table];
	const struct query_candidate *best = NULL;
	int64_t least = INT64_MAX;
	size_t usable = 0;
	st->chosen = true;
	for (size_t i = 0; i < plan->n_candidates; i++)
		usable += !too_many(st, &plan->candidates[i]);
	for (size_t i = 0; i < plan->n_candidates; i++) {
		const struct query_candidate *c = &plan->candidates[i];
		int64_t n = 0;
		if (too_many(st, c) || (best && c->kind == QUERY_BY_WORDS))
			continue;
		if (usable > 1 && c->rank > 1 && c->kind != QUERY_BY_WORDS &&
			!sample(s, st, c, &n, err))
			return false;
		if (n < least) {
			best = c;
			least = n;
		}
		if (c->rank <= 1)
			break;
	}
	st->candidate = best;
	return true;
}

bool
search_stream_open(struct search *s, enum query_table table, struct error *err)
{
	struct search_stream *st = &s->streams[table];
	const struct query_plan *plan = &s->sql.tables[table];
	bool ok = true;
	st->table = table;
	st->after_us = INT64_MAX;
	snprintf(st->after_b, sizeof(st->after_b), "0");
	set_segments(s, st);
	if (st->n_segments && plan->rollup && !plan->never)
		ok = look_at_hours(s, st, err);
	st->top_us = st->n_segments ? st->segments[0].to_us : 0;
	st->done = plan->never || st->n_segments == 0;
	return ok;
}

/* Slices ------------------------------------------------------------------------------------------
 */

/* How the next slice is asked. */
struct asking {
	struct search_span slice;
	const struct query_candidate *candidate; /* NULL: scan */
	bool empty; /* nothing to ask: no address of this week matches */
};

static int64_t
week_of(int64_t t_us)
{
	int64_t monday = 4 * TIME_DAY_US; /* 1970-01-05 */
	return (t_us - monday) / WEEK_US * WEEK_US + monday;
}

/* Beyond it a scan of the week is quicker. */
static size_t
most_words(const struct search *s, const struct search_stream *st)
{
	int64_t most = s->searcher->week_rows / (ROWS_A_PROBES * (int64_t)st->candidate->n);
	return (size_t)earlier(later(most, 10), MOST_WORDS);
}

/* The addresses of the week that `top_us` lies in. */
static bool
look_up_words(struct search *s, struct search_stream *st, struct error *err)
{
	int64_t start_us = week_of(st->top_us);
	if (st->week_us == start_us)
		return true;
	struct search_span week = {start_us, start_us + WEEK_US - 1, false};
	size_t most = most_words(s, st);
	if (!search_find_words(s->searcher, st->candidate, &week, most, &s->arena, &st->words,
		    &st->n_words, err))
		return false;
	st->week_us = start_us;
	st->width_us = 0;
	if (st->n_words > most)
		st->words = NULL;
	return true;
}

static int64_t
first_width(const struct asking *a, const struct search_stream *st)
{
	const struct query_candidate *c = a->candidate;
	if (!c)
		return FIRST_SCAN_US;
	if (c->kind == QUERY_BY_RARE)
		return 4 * WEEK_US;
	size_t probes = c->kind == QUERY_BY_WORDS ? c->n * st->n_words : c->n_values + c->n;
	return later(earlier(PROBES_AT_ONCE / (int64_t)probes, FIRST_BUCKETS), 4) * BUCKET_US;
}

static bool
ask_next(struct search *s, struct search_stream *st, struct asking *a, struct error *err)
{
	const struct search_span *segment = &st->segments[st->segment];
	*a = (struct asking){
		.candidate = st->candidate, .slice = {segment->from_us, st->top_us, segment->slow}};
	if (st->candidate && st->candidate->kind == QUERY_BY_WORDS) {
		if (!look_up_words(s, st, err))
			return false;
		a->slice.from_us = later(a->slice.from_us, st->week_us);
		a->candidate = st->words ? st->candidate : NULL;
		a->empty = st->words && st->n_words == 0;
	}
	if (a->empty)
		return true;
	if (!st->width_us)
		st->width_us = first_width(a, st);
	a->slice.from_us = later(a->slice.from_us, st->top_us - st->width_us);
	return true;
}

/* A scan that fills the page sorts more than it gives: shorter ones then. */
static void
adapt(const struct search *s, struct search_stream *st, const struct asking *a, int64_t took_us,
	bool full)
{
	took_us *= s->deadline_us ? HASTE : 1;
	int64_t least = a->candidate ? 4 * BUCKET_US : LEAST_SCAN_US;
	if (a->empty)
		return;
	if (took_us > LONG_US || (full && !a->candidate && took_us > FAST_US / 3))
		st->width_us /= 2;
	else if (took_us < FAST_US)
		st->width_us *= 4;
	st->width_us = earlier(later(st->width_us, least), 5000 * WEEK_US);
}

/* Everything newer than this is done with. */
static void
sink_to(struct search_stream *st, int64_t top_us)
{
	st->top_us = earlier(st->top_us, top_us);
	while (st->segment < st->n_segments && st->top_us < st->segments[st->segment].from_us) {
		if (++st->segment < st->n_segments)
			st->top_us = earlier(st->top_us, st->segments[st->segment].to_us);
	}
	st->done = st->segment >= st->n_segments;
}

/* What is asked of a slice: its rows; or when one of these is set, sums or the number of them. */
struct question {
	const struct query_sums *sums;
	bool count;
};

static bool
run(struct search *s, struct search_stream *st, const struct asking *a, const struct question *q,
	int64_t limit, PGresult **rows, struct error *err)
{
	struct buf text = {0};
	struct call_texts texts = {0};
	struct search_call call;
	bool by_bucket = a->candidate && a->candidate->kind != QUERY_BY_RARE;
	if (q->sums)
		query_sql_sum(&text, &s->sql, st->table, a->candidate, a->slice.slow, q->sums);
	else
		(q->count ? query_sql_count : query_sql_find)(
			&text, &s->sql, st->table, a->candidate, a->slice.slow);
	set_call(&call, &texts, s, st, &a->slice, by_bucket, limit);
	bool ok = searcher_run(s->searcher, &s->sql, buf_str(&text), &call, rows, err);
	fini_texts(&texts);
	buf_fini(&text);
	return ok;
}

/* Whether the row at hand is equal to the last one that was given. */
static bool
is_given(const struct search_stream *st)
{
	return search_stream_time(st) == st->after_us &&
	       search_i16(st->rows, st->at, 1, 0) == st->after_a &&
	       slice_equal(search_text(st->rows, st->at, 2), slice_of_str(st->after_b));
}

/* Refusals that were given already come first again: they are equal to the keyset's row. (Not in a
 * slice that begins below it.) */
static void
skip_given(struct search_stream *st)
{
	for (uint32_t i = 0; i < st->skip && search_stream_has(st) && is_given(st); i++)
		st->at++;
}

static bool
read_slice(struct search *s, struct search_stream *st, size_t want, struct error *err)
{
	struct asking a;
	int64_t limit = (int64_t)want + st->skip, start_us = time_now_us();
	PQclear(st->rows);
	st->rows = NULL;
	st->at = 0;
	if (!ask_next(s, st, &a, err))
		return false;
	if (!a.empty && !run(s, st, &a, &(struct question){0}, limit, &st->rows, err))
		return false;
	bool full = st->rows && PQntuples(st->rows) >= limit;
	adapt(s, st, &a, time_now_us() - start_us, full);
	if (!full)
		sink_to(st, a.slice.from_us - 1);
	if (st->rows)
		skip_given(st);
	return true;
}

bool
search_stream_step(struct search *s, struct search_stream *st, size_t want, struct error *err)
{
	if (!st->chosen && !choose(s, st, err))
		return false;
	sink_to(st, st->after_us);
	st->slices++;
	return st->done || read_slice(s, st, want, err);
}

int64_t
search_stream_time(const struct search_stream *st)
{
	return search_time(st->rows, st->at, 0);
}

static void
take_reject(struct search_stream *st)
{
	struct slice mark = search_text(st->rows, st->at, 2);
	st->skip = is_given(st) ? st->skip + 1 : 1;
	st->after_us = search_stream_time(st);
	st->after_a = search_i16(st->rows, st->at, 1, 0);
	snprintf(st->after_b, sizeof(st->after_b), "%.*s", SLICE_ARG(mark));
}

void
search_stream_take(struct search_stream *st)
{
	if (st->table == QUERY_REJECTS) {
		take_reject(st);
	} else {
		st->after_us = search_stream_time(st);
		st->after_a = search_i64(st->rows, st->at, 1);
		snprintf(
			st->after_b, sizeof(st->after_b), "%d", search_i32(st->rows, st->at, 2, 0));
	}
	st->at++;
}

int64_t
search_stream_scanned(const struct search_stream *st)
{
	return search_stream_has(st) ? search_stream_time(st)
	       : st->done	     ? INT64_MIN
				     : st->top_us + 1;
}

struct search_position
search_stream_position(const struct search_stream *st)
{
	struct search_position p = {.t_us = st->after_us, .a = st->after_a, .skip = st->skip};
	int64_t scanned_us = search_stream_scanned(st);
	snprintf(p.b, sizeof(p.b), "%s", st->after_b);
	if (st->done && !search_stream_has(st))
		return (struct search_position){.t_us = 0, .b = "0"};
	/* Found nothing up to there: no need to look again. */
	if (scanned_us < p.t_us)
		return (struct search_position){.t_us = scanned_us + 1, .a = INT64_MIN, .b = "0"};
	return p;
}

void
search_stream_go(struct search_stream *st, const struct search_position *p)
{
	st->after_us = p->t_us;
	st->after_a = p->a;
	st->skip = p->skip;
	snprintf(st->after_b, sizeof(st->after_b), "%s", p->b);
	st->done |= p->t_us == 0;
}

/* A copy at the newest time again. */
static struct search_stream
from_the_newest(const struct search *s, const struct search_stream *st)
{
	struct search_stream copy = *st;
	copy.rows = NULL;
	copy.segment = 0;
	copy.width_us = 0;
	copy.week_us = 0;
	copy.top_us = copy.n_segments ? copy.segments[0].to_us : 0;
	copy.done = s->sql.tables[copy.table].never || copy.n_segments == 0;
	return copy;
}

/* Asks slice by slice, in `rows` (NULL: nothing to ask), until the stream is done. */
static bool
ask_slice(struct search *s, struct search_stream *st, const struct question *q, int64_t number,
	PGresult **rows, struct error *err)
{
	struct asking a;
	int64_t start_us = time_now_us();
	*rows = NULL;
	if ((!st->chosen && !choose(s, st, err)) || !ask_next(s, st, &a, err) ||
		(!a.empty && !run(s, st, &a, q, number, rows, err)))
		return false;
	adapt(s, st, &a, time_now_us() - start_us, false);
	sink_to(st, a.slice.from_us - 1);
	return true;
}

bool
search_stream_count(struct search *s, const struct search_stream *st, int64_t deadline_us,
	uint64_t *n, bool *whole, struct error *err)
{
	struct search_stream copy = from_the_newest(s, st);
	*n = 0;
	while (!copy.done && !(deadline_us && time_now_us() >= deadline_us)) {
		PGresult *rows;
		if (!ask_slice(s, &copy, &(struct question){.count = true}, 1, &rows, err))
			return false;
		*n += rows ? (uint64_t)search_i64(rows, 0, 0) : 0;
		PQclear(rows);
	}
	*whole = copy.done;
	return true;
}

bool
search_stream_sum(struct search *s, const struct search_stream *st,
	const struct search_sum_question *q, int64_t deadline_us,
	void (*take)(void *context, const PGresult *rows), void *context, bool *whole,
	struct error *err)
{
	struct search_stream copy = from_the_newest(s, st);
	copy.after_us = q->t_us;
	while (!copy.done && !(deadline_us && time_now_us() >= deadline_us)) {
		PGresult *rows;
		if (!ask_slice(
			    s, &copy, &(struct question){.sums = &q->sums}, q->number, &rows, err))
			return false;
		if (rows)
			take(context, rows);
		PQclear(rows);
	}
	*whole = copy.done;
	return true;
}
