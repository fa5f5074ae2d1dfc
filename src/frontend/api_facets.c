/* What a search finds, counted: over time, and by the values of fields. */
#include "base/json.h"
#include "base/time.h"
#include "frontend/answer.h"
#include "frontend/route.h"
#include "frontend/sums.h"

enum { MOST_FIELDS = 8 };

static void
add_histogram(struct worker *w, struct request *r, const struct query_node *tree,
	const struct range *range, int64_t about, int64_t zone_us)
{
	struct buckets buckets = buckets_of(range, about, zone_us);
	struct search_sums sums;
	const struct sums_question question = {.keys = "d.status::text, (" BUCKET_KEY ")::text",
		.n_keys = 2,
		.sums = SUMS_N,
		.n_sums = 1,
		.where = "d.t >= $5",
		.t_us = buckets.from_us,
		.number = buckets.step_us};
	if (sums_ask(w, r, tree, &question, &sums)) {
		search_sums_sort(&sums, 0);
		series_add_json(&r->answer.body, w, &sums, &buckets, WORD_STATUS, 0);
		answer_json(r, 200);
	}
	search_sums_fini(&sums);
}

void
api_histogram(struct worker *w, struct request *r)
{
	int64_t about, minutes;
	struct query_node *tree;
	struct range range;
	struct search_options options = {0};
	if (!request_number(r, "buckets", 1, 400, 96, &about) ||
		!worker_parse(w, r, request_arg(r, "q"), &tree) ||
		!request_number(r, "tz", -1080, 1080, 0, &minutes))
		return;
	struct search *s = worker_search(w, r, tree, &options);
	if (!s)
		return;
	search_range(s, &range.from_us, &range.to_us);
	search_end(&s);
	add_histogram(w, r, tree, &range, about, minutes * TIME_MINUTE_US);
}

/* ---- facets ---- */

static const struct facet {
	const char *name;
	const char *key; /* column */
	enum word word;
	int keys[3]; /* whose conditions are left out; -1 = no more */
} facets[] = {
	{"status", "d.status::text", WORD_STATUS, {QUERY_KEY_STATUS, -1}},
	{"way", "d.way::text", WORD_WAY, {QUERY_KEY_WAY, -1}},
	{"reason", "nullif(d.reason, 0)::text", WORD_REASON, {QUERY_KEY_REASON, -1}},
	{"from.domain", "nullif(split_part(d.sender, '@', -1), '')", WORD_TEXT,
		{QUERY_KEY_FROM, -1}},
	{"to.domain", "nullif(split_part(d.rcpt, '@', -1), '')", WORD_TEXT, {QUERY_KEY_TO, -1}},
	{"host", "d.host::text", WORD_HOST, {QUERY_KEY_HOST, -1}},
	{"code", "else_code(d.code)", WORD_TEXT, {QUERY_KEY_CODE, -1}},
};
enum { FACETS = sizeof(facets) / sizeof(facets[0]) };

static bool
is_left_out(const struct query_node *node, const struct facet *facet)
{
	if (node->kind != QUERY_NODE_FIELD)
		return false;
	for (int i = 0; facet->keys[i] >= 0; i++)
		if ((int)node->key->id == facet->keys[i])
			return true;
	return false;
}

/* The query without the field's own conditions, so that one can widen. */
static struct query_node *
without(struct request *r, const struct query_node *tree, const struct facet *facet)
{
	struct query_node *rest = arena_zero(&r->arena, sizeof(*rest));
	*rest = *tree;
	if (is_left_out(tree, facet)) {
		*rest = (struct query_node){.kind = QUERY_NODE_ALL};
	} else if (tree->kind == QUERY_NODE_AND) {
		rest->children = arena_new(&r->arena, tree->n * sizeof(*rest->children));
		rest->n = 0;
		for (size_t i = 0; i < tree->n; i++)
			if (!is_left_out(tree->children[i], facet))
				rest->children[rest->n++] = tree->children[i];
		if (rest->n == 0)
			*rest = (struct query_node){.kind = QUERY_NODE_ALL};
	}
	return rest;
}

static void
add_values(struct buf *b, const struct worker *w, const struct facet *facet,
	struct search_sums *sums, size_t limit)
{
	int64_t other = 0;
	size_t shown = 0;
	search_sums_sort(sums, 0);
	json_add_comma(b);
	buf_add_char(b, '{');
	json_add_field_str(b, "field", facet->name);
	json_add_key(b, "values");
	buf_add_char(b, '[');
	for (size_t i = 0; i < sums->n; i++) {
		const struct search_sum *sum = sums->items[i];
		if (sum->keys[0].n == 0)
			continue;
		if (shown == limit) {
			other += sum->sums[0];
			continue;
		}
		shown++;
		json_add_comma(b);
		buf_add_char(b, '{');
		json_add_field(b, "v", sums_word(w, facet->word, sum->keys[0]));
		json_add_field_i64(b, "n", sum->sums[0]);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
	json_add_field_i64(b, "other", other);
	json_add_field_bool(b, "approx", !sums->whole);
	buf_add_char(b, '}');
}

static bool
add_facet(struct worker *w, struct request *r, const struct query_node *tree,
	const struct facet *facet, size_t limit, unsigned share)
{
	struct search_sums sums;
	const struct sums_question question = {
		.keys = facet->key, .n_keys = 1, .sums = SUMS_N, .n_sums = 1, .share = share};
	bool ok = sums_ask(w, r, without(r, tree, facet), &question, &sums);
	if (ok)
		add_values(&r->answer.body, w, facet, &sums, limit);
	search_sums_fini(&sums);
	return ok;
}

static const struct facet *
facet_by_name(struct slice name)
{
	for (int i = 0; i < FACETS; i++)
		if (slice_equal(name, slice_of_str(facets[i].name)))
			return &facets[i];
	return NULL;
}

/* The list of the argument; 0 = it has one that there is not, and that is answered. */
static size_t
read_fields(struct request *r, const struct facet *list[MOST_FIELDS])
{
	struct slice rest = request_arg(r, "fields"), name;
	size_t n = 0;
	if (rest.n == 0)
		rest = S("status,way,reason,to.domain,host");
	while (slice_split(&rest, ',', &name)) {
		const struct facet *facet = facet_by_name(slice_trim(name));
		if (!facet || n == MOST_FIELDS) {
			answer_invalid(r, "fields",
				"Some of status, way, reason, from.domain, to.domain, host, code.");
			return 0;
		}
		list[n++] = facet;
	}
	return n;
}

void
api_facets(struct worker *w, struct request *r)
{
	const struct facet *list[MOST_FIELDS];
	int64_t limit, began_us = time_now_us();
	struct query_node *tree;
	size_t n;
	if (!request_number(r, "limit", 1, 50, 8, &limit) || (n = read_fields(r, list)) == 0 ||
		!worker_parse(w, r, request_arg(r, "q"), &tree))
		return;
	buf_add_str(&r->answer.body, "{\"facets\":[");
	for (size_t i = 0; i < n; i++)
		if (!add_facet(w, r, tree, list[i], (size_t)limit, (unsigned)n))
			return;
	buf_addf(&r->answer.body, "],\"took_ms\":%.3f}", (double)(time_now_us() - began_us) / 1000);
	answer_json(r, 200);
}
