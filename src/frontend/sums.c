#include "frontend/sums.h"

#include <stdlib.h>

#include "base/cursor.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/time.h"
#include "frontend/answer.h"

enum { MOST_SERIES = 30, MOST_BUCKETS = 2000 };

/* ---- range ---- */

static bool
read_length(struct slice text, int64_t *us)
{
	static const struct {
		char unit;
		int64_t us;
	} units[] = {{'m', TIME_MINUTE_US}, {'h', TIME_HOUR_US}, {'d', TIME_DAY_US}};
	uint64_t n;
	if (text.n < 2 || !slice_to_u64(slice_head(text, text.n - 1), &n) || n == 0 || n > 100000)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (units[i].unit == text.p[text.n - 1]) {
			*us = (int64_t)n * units[i].us;
			return true;
		}
	return false;
}

static bool
read_time(struct slice text, int64_t *us)
{
	struct cursor c = cursor_of(text);
	*us = time_read_iso(&c, 0);
	return cursor_ok(&c) && cursor_rest(&c).n == 0;
}

static bool
read_both(struct slice text, struct range *range)
{
	ptrdiff_t at = slice_find(text, S(".."));
	return at > 0 && read_time(slice_head(text, (size_t)at), &range->from_us) &&
	       read_time(slice_skip(text, (size_t)at + 2), &range->to_us) &&
	       range->from_us < range->to_us;
}

bool
range_read(struct request *r, struct range *range)
{
	struct slice text = request_arg(r, "range");
	int64_t now_us = time_now_us(), length_us;
	if (read_length(text.n ? text : S("24h"), &length_us)) {
		*range = (struct range){now_us - length_us, now_us};
		return true;
	}
	if (read_both(text, range))
		return true;
	answer_invalid(r, "range", "24h, 7d, or 2026-11-20T00:00:00Z..2026-11-21T00:00:00Z.");
	return false;
}

void
range_add_json(struct buf *b, const struct range *range)
{
	json_add_key(b, "range");
	buf_add_char(b, '{');
	json_add_field_time(b, "from", range->from_us);
	json_add_field_time(b, "to", range->to_us);
	buf_add_char(b, '}');
}

static bool
add_domain(struct request *r, struct buf *q)
{
	struct slice domain = request_arg(r, "domain");
	for (size_t i = 0; i < domain.n; i++)
		if ((unsigned char)domain.p[i] <= ' ' || strchr("\"*(),:\\<>~@", domain.p[i])) {
			answer_invalid(r, "domain", "A domain, example.org.");
			return false;
		}
	if (domain.n)
		buf_addf(q, " domain:\"%.*s\"", SLICE_ARG(domain));
	return true;
}

bool
range_query(
	struct worker *w, struct request *r, const struct range *range, struct query_node **tree)
{
	static const char *const ways[] = {"", "in", "out", "internal", "relay", NULL};
	struct buf q = {0};
	size_t way;
	bool ok = request_choice(r, "way", ways, &way);
	buf_add_str(&q, "after:\"");
	time_add_iso_ms(&q, range->from_us);
	buf_add_str(&q, "\" before:\"");
	time_add_iso_ms(&q, range->to_us);
	buf_addf(&q, "\"%s%s", ok && way ? " way:" : "", ok ? ways[way] : "");
	ok = ok && add_domain(r, &q) &&
	     worker_parse(w, r, slice_of_str(request_text(r, buf_slice(&q))), tree);
	buf_fini(&q);
	return ok;
}

/* ---- sums ---- */

bool
sums_ask(struct worker *w, struct request *r, const struct query_node *tree,
	const struct sums_question *q, struct search_sums *out)
{
	struct search_options options = {
		.mails_only = q->mails_only, .rejects_only = q->rejects_only};
	struct search_sum_question question = {.sums = {q->keys, q->n_keys, q->sums, q->n_sums,
						       q->n_greatest, q->where ? q->where : "true"},
		.number = q->number,
		.t_us = q->t_us};
	struct error err;
	struct search *s = worker_search(w, r, tree, &options);
	*out = (struct search_sums){0};
	bool ok =
		s && search_sum(s, &question, w->budget_us / (q->share ? q->share : 1), out, &err);
	if (s && !ok)
		answer_trouble(r, w->db, &err);
	search_end(&s);
	return ok;
}

struct slice
sums_word(const struct worker *w, enum word kind, struct slice text)
{
	uint64_t n;
	if (kind == WORD_TEXT || !slice_to_u64(text, &n) || n > INT16_MAX)
		return text;
	switch (kind) {
	case WORD_STATUS:
		return n < STATUS_COUNT ? slice_of_str(status_name((enum status)n)) : text;
	case WORD_WAY:
		return n < WAY_COUNT ? slice_of_str(way_name((enum way)n)) : text;
	case WORD_REASON:
		return n < REASON_COUNT ? slice_of_str(reason_name((enum reason)n)) : text;
	default:
		return searcher_host(w->searcher, (int16_t)n);
	}
}

/* ---- series ---- */

struct buckets
buckets_of(const struct range *range, int64_t about, int64_t zone_us)
{
	static const int64_t steps_s[] = {1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600,
		7200, 10800, 21600, 43200, 86400, 604800};
	enum { STEPS = sizeof(steps_s) / sizeof(steps_s[0]) };
	int64_t length_us = range->to_us - range->from_us;
	size_t i = 0;
	while (i < STEPS - 1 && length_us / (steps_s[i] * TIME_SECOND_US) >= about)
		i++;
	struct buckets b = {.step_us = steps_s[i] * TIME_SECOND_US};
	while (length_us / b.step_us >= MOST_BUCKETS)
		b.step_us *= 2;
	b.from_us = (range->from_us + zone_us) / b.step_us * b.step_us - zone_us;
	b.n = (size_t)((range->to_us - b.from_us) / b.step_us) + 1;
	return b;
}

struct series {
	struct slice key;
	int64_t *counts;
};

static struct series *
series_of(struct series *all, size_t *n, struct slice key, size_t buckets)
{
	for (size_t i = 0; i < *n; i++)
		if (slice_equal(all[i].key, key))
			return &all[i];
	if (*n == MOST_SERIES)
		return NULL;
	all[*n] = (struct series){key, memory_zero(buckets + 1, sizeof(int64_t))};
	return &all[(*n)++];
}

static void
add_counts(struct buf *b, const struct series *s, size_t buckets)
{
	json_add_comma(b);
	buf_add_char(b, '[');
	for (size_t i = 0; i < buckets; i++) {
		json_add_comma(b);
		buf_add_i64(b, s->counts[i]);
	}
	buf_add_char(b, ']');
}

static void
add_series(struct buf *b, const struct series *all, size_t n, const struct buckets *buckets)
{
	buf_add_char(b, '{');
	json_add_field_i64(b, "step_s", buckets->step_us / TIME_SECOND_US);
	json_add_field_time(b, "from", buckets->from_us);
	json_add_key(b, "keys");
	buf_add_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		json_add_comma(b);
		json_add_string(b, all[i].key);
	}
	buf_add_char(b, ']');
	json_add_key(b, "counts");
	buf_add_char(b, '[');
	for (size_t i = 0; i < n; i++)
		add_counts(b, &all[i], buckets->n);
	buf_add_str(b, "]}");
}

void
series_add_json(struct buf *b, const struct worker *w, const struct search_sums *sums,
	const struct buckets *buckets, enum word kind, unsigned by)
{
	struct series all[MOST_SERIES];
	size_t n = 0;
	for (size_t i = 0; i < sums->n; i++) {
		const struct search_sum *sum = sums->items[i];
		uint64_t at;
		if (!slice_to_u64(sum->keys[1], &at) || at >= buckets->n)
			continue;
		struct series *s =
			series_of(&all[0], &n, sums_word(w, kind, sum->keys[0]), buckets->n);
		if (s)
			s->counts[at] += sum->sums[by];
	}
	add_series(b, all, n, buckets);
	for (size_t i = 0; i < n; i++)
		free(all[i].counts);
}
