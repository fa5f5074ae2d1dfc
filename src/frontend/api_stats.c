/* Statistics of a range of time. */
#include "base/json.h"
#include "base/time.h"
#include "frontend/answer.h"
#include "frontend/route.h"
#include "frontend/sums.h"

static const char *const metrics[] = {"messages", "bytes", NULL};
static const char *const metric_sums[] = {SUMS_N, SUMS_BYTES};

/* ---- series ---- */

void
api_series(struct worker *w, struct request *r)
{
	static const char *const by_words[] = {"status", "way", "host", "reason", NULL};
	static const char *const keys[] = {"d.status::text, (" BUCKET_KEY ")::text",
		"d.way::text, (" BUCKET_KEY ")::text", "d.host::text, (" BUCKET_KEY ")::text",
		"d.reason::text, (" BUCKET_KEY ")::text"};
	static const enum word words[] = {WORD_STATUS, WORD_WAY, WORD_HOST, WORD_REASON};
	size_t by, metric;
	int64_t step_s;
	struct range range;
	struct query_node *tree;
	struct search_sums sums;
	if (!request_choice(r, "by", by_words, &by) ||
		!request_choice(r, "metric", metrics, &metric) ||
		!request_number(r, "step", 60, 604800, 0, &step_s) || !range_read(r, &range) ||
		!range_query(w, r, &range, &tree))
		return;
	int64_t length_s = (range.to_us - range.from_us) / TIME_SECOND_US;
	struct buckets buckets = buckets_of(&range, step_s ? length_s / step_s + 1 : 96, 0);
	const struct sums_question question = {.keys = keys[by],
		.n_keys = 2,
		.sums = metric_sums[metric],
		.n_sums = 1,
		.where = SUMS_COUNTED " AND d.t >= $5",
		.t_us = buckets.from_us,
		.number = buckets.step_us};
	if (sums_ask(w, r, tree, &question, &sums)) {
		search_sums_sort(&sums, 0);
		series_add_json(&r->answer.body, w, &sums, &buckets, words[by], 0);
		answer_json(r, 200);
	}
	search_sums_fini(&sums);
}

/* ---- top ---- */

static const struct dimension {
	const char *key;
	enum word word;
	bool of_mails; /* a mail counts once, not for each recipient */
} dimensions[] = {
	{"nullif(d.sender, '')", WORD_TEXT, true},
	{"nullif(d.rcpt, '')", WORD_TEXT, false},
	{"nullif(split_part(d.sender, '@', -1), '')", WORD_TEXT, true},
	{"nullif(split_part(d.rcpt, '@', -1), '')", WORD_TEXT, false},
	{"host(d.client_ip)", WORD_TEXT, false},
	{"d.sasl_user", WORD_TEXT, true},
	{"d.host::text", WORD_HOST, false},
	{"(SELECT x.txt FROM term x WHERE x.id = d.relay)", WORD_TEXT, false},
	{"nullif(d.reason, 0)::text", WORD_REASON, false},
};

void
top_add_json(struct buf *b, const struct worker *w, struct search_sums *sums, enum word word,
	size_t limit)
{
	size_t shown = 0;
	buf_add_char(b, '[');
	for (size_t i = 0; i < sums->n && shown < limit; i++) {
		const struct search_sum *sum = sums->items[i];
		if (sum->keys[0].n == 0)
			continue;
		shown++;
		json_add_comma(b);
		buf_add_char(b, '{');
		json_add_field(b, "v", sums_word(w, word, sum->keys[0]));
		json_add_field_i64(b, "n", sum->sums[0]);
		json_add_field_i64(b, "bytes", sum->sums[1]);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

void
api_top(struct worker *w, struct request *r)
{
	static const char *const words[] = {"from", "to", "from.domain", "to.domain", "ip", "user",
		"host", "mx", "reason", NULL};
	size_t dim, metric;
	int64_t limit;
	struct range range;
	struct query_node *tree;
	struct search_sums sums;
	struct buf *b = &r->answer.body;
	if (!request_has_arg(r, "dim")) {
		answer_invalid(r, "dim", "Which one?");
		return;
	}
	if (!request_choice(r, "dim", words, &dim) ||
		!request_choice(r, "metric", metrics, &metric) ||
		!request_number(r, "limit", 1, 100, 10, &limit) || !range_read(r, &range) ||
		!range_query(w, r, &range, &tree))
		return;
	const struct dimension *d = &dimensions[dim];
	const struct sums_question question = {.keys = d->key,
		.n_keys = 1,
		.sums = SUMS_N ", " SUMS_BYTES,
		.n_sums = 2,
		.where = d->of_mails ? "d.t >= $5 AND " SUMS_MAIL : "d.t >= $5 AND " SUMS_COUNTED,
		.t_us = range.from_us};
	if (sums_ask(w, r, tree, &question, &sums)) {
		search_sums_sort(&sums, (unsigned)metric);
		buf_add_char(b, '{');
		json_add_field_str(b, "dim", words[dim]);
		range_add_json(b, &range);
		json_add_key(b, "items");
		top_add_json(b, w, &sums, d->word, (size_t)limit);
		buf_add_char(b, '}');
		answer_json(r, 200);
	}
	search_sums_fini(&sums);
}

/* ---- flow ---- */

static const char *const columns[] = {"way", "host", "status"};
static const enum word column_words[] = {WORD_WAY, WORD_HOST, WORD_STATUS};

static void
add_node_id(struct buf *b, const struct worker *w, const struct search_sum *sum, int column)
{
	struct slice word = sums_word(w, column_words[column], sum->keys[column]);
	struct buf id = {0};
	buf_addf(&id, "%s:%.*s", columns[column], SLICE_ARG(word));
	json_add_string(b, buf_slice(&id));
	buf_fini(&id);
}

/* Sums of the rows that agree with this one in columns [first, last]; and whether an earlier one
 * does. */
static bool
is_first_of(const struct search_sums *sums, size_t at, int first, int last, int64_t total[2])
{
	total[0] = total[1] = 0;
	for (size_t i = 0; i < sums->n; i++) {
		bool same = true;
		for (int c = first; c <= last; c++)
			same = same &&
			       slice_equal(sums->items[i]->keys[c], sums->items[at]->keys[c]);
		if (same && i < at)
			return false;
		total[0] += same ? sums->items[i]->sums[0] : 0;
		total[1] += same ? sums->items[i]->sums[1] : 0;
	}
	return true;
}

static void
add_nodes(struct buf *b, const struct worker *w, const struct search_sums *sums)
{
	int64_t total[2];
	json_add_key(b, "nodes");
	buf_add_char(b, '[');
	for (int column = 0; column < 3; column++)
		for (size_t i = 0; i < sums->n; i++) {
			if (!is_first_of(sums, i, column, column, total))
				continue;
			json_add_comma(b);
			buf_add_str(b, "{\"id\":");
			add_node_id(b, w, sums->items[i], column);
			json_add_field_i64(b, "n", total[0]);
			json_add_field_i64(b, "bytes", total[1]);
			buf_add_char(b, '}');
		}
	buf_add_char(b, ']');
}

static void
add_links(struct buf *b, const struct worker *w, const struct search_sums *sums)
{
	int64_t total[2];
	json_add_key(b, "links");
	buf_add_char(b, '[');
	for (int column = 0; column < 2; column++)
		for (size_t i = 0; i < sums->n; i++) {
			if (!is_first_of(sums, i, column, column + 1, total))
				continue;
			json_add_comma(b);
			buf_add_str(b, "{\"s\":");
			add_node_id(b, w, sums->items[i], column);
			buf_add_str(b, ",\"t\":");
			add_node_id(b, w, sums->items[i], column + 1);
			json_add_field_i64(b, "n", total[0]);
			buf_add_char(b, '}');
		}
	buf_add_char(b, ']');
}

void
api_flow(struct worker *w, struct request *r)
{
	struct range range;
	struct query_node *tree;
	struct search_sums sums;
	struct buf *b = &r->answer.body;
	if (!range_read(r, &range) || !range_query(w, r, &range, &tree))
		return;
	const struct sums_question question = {.keys = "d.way::text, d.host::text, d.status::text",
		.n_keys = 3,
		.sums = SUMS_N ", " SUMS_BYTES,
		.n_sums = 2,
		.where = "d.t >= $5 AND " SUMS_COUNTED,
		.t_us = range.from_us};
	if (sums_ask(w, r, tree, &question, &sums)) {
		search_sums_sort(&sums, 0);
		buf_add_char(b, '{');
		range_add_json(b, &range);
		add_nodes(b, w, &sums);
		add_links(b, w, &sums);
		buf_add_char(b, '}');
		answer_json(r, 200);
	}
	search_sums_fini(&sums);
}

/* ---- heat map ---- */

static void
add_heat(struct buf *b, const struct search_sums *sums)
{
	int64_t counts[7][24] = {0};
	for (size_t i = 0; i < sums->n; i++) {
		uint64_t at;
		if (slice_to_u64(sums->items[i]->keys[0], &at) && at < 7 * 24)
			counts[at / 24][at % 24] += sums->items[i]->sums[0];
	}
	json_add_key(b, "counts");
	buf_add_char(b, '[');
	for (int day = 0; day < 7; day++) {
		json_add_comma(b);
		buf_add_char(b, '[');
		for (int hour = 0; hour < 24; hour++)
			buf_addf(b, "%s%lld", hour ? "," : "", (long long)counts[day][hour]);
		buf_add_char(b, ']');
	}
	buf_add_char(b, ']');
}

/* Hours since a Monday, modulo a week. */
#define WEEK_HOUR_KEY "(((extract(epoch FROM d.t)::int8 + $8 * 60) / 3600 + 72) % 168)::text"

void
api_heatmap(struct worker *w, struct request *r)
{
	int64_t minutes;
	struct range range;
	struct query_node *tree;
	struct search_sums sums;
	if (!request_number(r, "tz", -1080, 1080, 0, &minutes) || !range_read(r, &range) ||
		!range_query(w, r, &range, &tree))
		return;
	const struct sums_question question = {.keys = WEEK_HOUR_KEY,
		.n_keys = 1,
		.sums = SUMS_N,
		.n_sums = 1,
		.where = "d.t >= $5 AND " SUMS_COUNTED,
		.t_us = range.from_us,
		.number = minutes};
	if (sums_ask(w, r, tree, &question, &sums)) {
		buf_add_char(&r->answer.body, '{');
		range_add_json(&r->answer.body, &range);
		add_heat(&r->answer.body, &sums);
		buf_add_char(&r->answer.body, '}');
		answer_json(r, 200);
	}
	search_sums_fini(&sums);
}
