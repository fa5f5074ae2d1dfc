/* Is mail flowing? What needs me now? */
#include <stdio.h>

#include "base/json.h"
#include "base/time.h"
#include "frontend/answer.h"
#include "frontend/route.h"
#include "frontend/sums.h"
#include "frontend/took.h"
#include "trace/status.h"

enum {
	SHARE = 6,
	LEAST_DEFERRED = 5,
	MOST_DEFERRING = 5,
	LEAST_BOUNCES = 20,
	BAD_PERCENT = 20,
	TOP = 5
};
#define WEEK_US	   (7 * TIME_DAY_US)
#define CURRENT_US (15 * TIME_SECOND_US)

struct kpi {
	int64_t mails, rows[STATUS_COUNT];
	struct took took;
};

static const enum status delivered[] = {STATUS_DELIVERED, STATUS_RELAYED},
			 waiting[] = {STATUS_DEFERRED, STATUS_HELD},
			 bounced[] = {STATUS_BOUNCED, STATUS_EXPIRED},
			 rejected[] = {STATUS_REJECTED, STATUS_BLOCKED};

static int64_t
sum_of(const struct kpi *k, const enum status statuses[2])
{
	return k->rows[statuses[0]] + k->rows[statuses[1]];
}

/* One pass over the rows for all figures: by status, bucket of time and class of delay. */
static bool
ask_figures(struct worker *w, struct request *r, const struct range *range,
	const struct buckets *buckets, struct search_sums *sums, struct kpi *k)
{
	struct query_node *tree;
	const struct sums_question question = {
		.keys = "d.status::text, (" BUCKET_KEY ")::text, " TOOK_KEY,
		.n_keys = 3,
		.sums = SUMS_N ", count(*) FILTER (WHERE " SUMS_MAIL ")::int8",
		.n_sums = 2,
		.where = SUMS_COUNTED " AND d.t >= $5",
		.t_us = buckets->from_us,
		.number = buckets->step_us,
		.share = SHARE};
	*k = (struct kpi){0};
	if (!range_query(w, r, range, &tree) || !sums_ask(w, r, tree, &question, sums))
		return false;
	for (size_t i = 0; i < sums->n; i++) {
		const struct search_sum *sum = sums->items[i];
		uint64_t status;
		if (!slice_to_u64(sum->keys[0], &status) || status >= STATUS_COUNT)
			continue;
		k->rows[status] += sum->sums[0];
		k->mails += sum->sums[1];
		took_add(&k->took, sum->keys[2], sum->sums[0]);
	}
	return true;
}

/* ---- figures ---- */

static void
add_kpi(struct buf *b, const char *name, int64_t value, int64_t ref, bool has_ref)
{
	json_add_key(b, name);
	buf_add_char(b, '{');
	json_add_field_i64(b, "value", value);
	if (has_ref)
		json_add_field_i64(b, "ref", ref);
	else
		json_add_field_str(b, "ref", NULL);
	buf_add_char(b, '}');
}

static void
add_kpis(struct buf *b, const struct kpi *now, const struct kpi *then)
{
	bool ref = then->mails || sum_of(then, rejected);
	json_add_key(b, "kpi");
	buf_add_char(b, '{');
	add_kpi(b, "received", now->mails, then->mails, ref);
	add_kpi(b, "delivered", sum_of(now, delivered), sum_of(then, delivered), ref);
	add_kpi(b, "waiting", sum_of(now, waiting), sum_of(then, waiting), ref);
	add_kpi(b, "bounced", sum_of(now, bounced), sum_of(then, bounced), ref);
	add_kpi(b, "rejected", sum_of(now, rejected), sum_of(then, rejected), ref);
	json_add_key(b, "took_ms");
	buf_add_char(b, '{');
	took_add_field(b, "p50", &now->took, 50);
	took_add_field(b, "p95", &now->took, 95);
	buf_add_str(b, "}}");
}

/* ---- attention ---- */

static void
begin_attention(struct buf *b, const char *kind, const char *severity, struct slice what)
{
	struct buf id = {0};
	buf_addf(&id, "%s:%.*s", kind, SLICE_ARG(what));
	json_add_comma(b);
	buf_add_char(b, '{');
	json_add_field(b, "id", buf_slice(&id));
	json_add_field_str(b, "kind", kind);
	json_add_field_str(b, "severity", severity);
	json_add_field_str(b, "since", NULL);
	json_add_key(b, "params");
	buf_add_char(b, '{');
	buf_fini(&id);
}

static void
end_attention(struct buf *b, struct slice q)
{
	buf_add_char(b, '}');
	if (q.n)
		json_add_field(b, "q", q);
	else
		json_add_field_str(b, "q", NULL);
	buf_add_char(b, '}');
}

/* keys: domain, code, sender; so senders can be counted. */
static void
add_deferring_domain(struct buf *b, const struct search_sums *sums, size_t at)
{
	struct slice domain = sums->items[at]->keys[0];
	int64_t n = 0, senders = 0;
	struct buf q = {0};
	for (size_t i = 0; i < sums->n; i++) {
		if (!slice_equal(sums->items[i]->keys[0], domain))
			continue;
		if (i < at)
			return; /* this domain was shown already */
		n += sums->items[i]->sums[0];
		senders++;
	}
	if (n < LEAST_DEFERRED)
		return;
	begin_attention(b, "dest_deferring", n < 10 * LEAST_DEFERRED ? "info" : "warn", domain);
	json_add_field(b, "domain", domain);
	json_add_field(b, "code", sums->items[at]->keys[1]);
	json_add_field_i64(b, "count", n);
	json_add_field_i64(b, "senders", senders);
	buf_addf(&q, "to:\"@%.*s\" status:deferred", SLICE_ARG(domain));
	end_attention(b, buf_slice(&q));
	buf_fini(&q);
}

static bool
add_deferring(struct worker *w, struct request *r, const struct range *range)
{
	struct query_node *tree;
	struct search_sums sums = {0};
	const struct sums_question question = {
		.keys = "split_part(d.rcpt, '@', -1), coalesce(else_code(d.code), ''), d.sender",
		.n_keys = 3,
		.sums = SUMS_N,
		.n_sums = 1,
		.where = "d.t >= $5 AND d.status = 1 AND d.rcpt LIKE '%@%'",
		.t_us = range->from_us,
		.mails_only = true,
		.share = SHARE};
	bool ok = range_query(w, r, range, &tree) && sums_ask(w, r, tree, &question, &sums);
	search_sums_sort(&sums, 0);
	for (size_t i = 0; ok && i < sums.n && i < MOST_DEFERRING * 4; i++)
		add_deferring_domain(&r->answer.body, &sums, i);
	search_sums_fini(&sums);
	return ok;
}

static void
add_bounce_rate(struct buf *b, const struct kpi *k)
{
	int64_t bad = sum_of(k, bounced), all = bad + sum_of(k, delivered);
	if (bad < LEAST_BOUNCES || bad * 100 < all * BAD_PERCENT)
		return;
	begin_attention(b, "bounce_rate", "warn", S("all"));
	json_add_field_i64(b, "count", bad);
	json_add_field_i64(b, "percent", bad * 100 / all);
	end_attention(b, S("status:bounced,expired"));
}

/* Servers that have become silent, for who may know of servers. */
static PGresult *
ask_stale(struct worker *w, struct request *r, struct error *err)
{
	static const char sql[] = "SELECT name FROM v_host WHERE $1::bool AND state = 'silent' "
				  "ORDER BY name LIMIT 50";
	const char *values[] = {r->viewer.permissions & MAY_READ_HOSTS ? "true" : "false"};
	PGresult *rows = NULL;
	if (!db_query_text(w->db, sql, 1, values, &rows, err))
		return NULL;
	return rows;
}

static void
add_silent(struct buf *b, const PGresult *stale)
{
	for (int i = 0; i < PQntuples(stale); i++) {
		struct slice host = slice_of_str(PQgetvalue(stale, i, 0));
		begin_attention(b, "host_silent", "warn", host);
		json_add_field(b, "host", host);
		end_attention(b, S(""));
	}
}

static void
add_stale(struct buf *b, const PGresult *stale)
{
	json_add_key(b, "stale_hosts");
	buf_add_char(b, '[');
	for (int i = 0; i < PQntuples(stale); i++) {
		json_add_comma(b);
		json_add_string(b, slice_of_str(PQgetvalue(stale, i, 0)));
	}
	buf_add_char(b, ']');
}

/* ---- tops ---- */

static bool
add_top(struct worker *w, struct request *r, const struct range *range, const char *name,
	const struct sums_question *question, enum word word)
{
	struct query_node *tree;
	struct search_sums sums = {0};
	bool ok = range_query(w, r, range, &tree) && sums_ask(w, r, tree, question, &sums);
	search_sums_sort(&sums, 0);
	if (ok) {
		json_add_key(&r->answer.body, name);
		top_add_json(&r->answer.body, w, &sums, word, TOP);
	}
	search_sums_fini(&sums);
	return ok;
}

static bool
add_tops(struct worker *w, struct request *r, const struct range *range)
{
	const struct sums_question senders = {.keys = "nullif(d.sender, '')",
		.n_keys = 1,
		.sums = SUMS_N ", " SUMS_BYTES,
		.n_sums = 2,
		.where = "d.t >= $5 AND " SUMS_MAIL,
		.t_us = range->from_us,
		.mails_only = true,
		.share = SHARE};
	const struct sums_question reasons = {.keys = "nullif(d.reason, 0)::text",
		.n_keys = 1,
		.sums = SUMS_N ", 0::int8",
		.n_sums = 2,
		.where = "d.t >= $5 AND d.status IN (6, 8)",
		.t_us = range->from_us,
		.rejects_only = true,
		.share = SHARE};
	return add_top(w, r, range, "top_senders", &senders, WORD_TEXT) &&
	       add_top(w, r, range, "reject_reasons", &reasons, WORD_REASON);
}

/* ---- all ---- */

struct overview {
	struct range range;
	struct buckets buckets;
	struct search_sums now, then;
	struct kpi kpi, ref;
};

static bool
ask_all(struct worker *w, struct request *r, struct overview *o)
{
	struct range before = {o->range.from_us - WEEK_US, o->range.to_us - WEEK_US};
	struct buckets whole = {.from_us = before.from_us, .step_us = WEEK_US * 520, .n = 1};
	return ask_figures(w, r, &o->range, &o->buckets, &o->now, &o->kpi) &&
	       ask_figures(w, r, &before, &whole, &o->then, &o->ref);
}

static bool
add_all(struct worker *w, struct request *r, struct overview *o, const PGresult *stale)
{
	struct buf *b = &r->answer.body;
	buf_add_char(b, '{');
	json_add_field_time(b, "now", o->range.to_us);
	range_add_json(b, &o->range);
	add_kpis(b, &o->kpi, &o->ref);
	json_add_key(b, "attention");
	buf_add_char(b, '[');
	add_silent(b, stale);
	add_bounce_rate(b, &o->kpi);
	if (!add_deferring(w, r, &o->range))
		return false;
	buf_add_char(b, ']');
	json_add_key(b, "series");
	search_sums_sort(&o->now, 0);
	series_add_json(b, w, &o->now, &o->buckets, WORD_STATUS, 0);
	if (!add_tops(w, r, &o->range))
		return false;
	add_stale(b, stale);
	json_add_key(b, "scope");
	buf_add_str(b, r->viewer.scope_json);
	buf_add_char(b, '}');
	return true;
}

/* The present moment, so that what nothing happened to has the same ETag for a while. */
static void
set_range(struct overview *o)
{
	int64_t over_us = o->range.to_us % CURRENT_US;
	o->range.to_us -= over_us;
	o->range.from_us -= over_us;
	o->buckets = buckets_of(&o->range, 96, 0);
}

void
api_overview(struct worker *w, struct request *r)
{
	struct overview o = {0};
	struct error err;
	if (!range_read(r, &o.range))
		return;
	if (!request_has_arg(r, "range") || !slice_contains(request_arg(r, "range"), S("..")))
		set_range(&o);
	else
		o.buckets = buckets_of(&o.range, 96, 0);
	PGresult *stale = ask_stale(w, r, &err);
	if (!stale) {
		answer_trouble(r, w->db, &err);
	} else if (ask_all(w, r, &o) && add_all(w, r, &o, stale)) {
		answer_json(r, 200);
		answer_etag(r);
	}
	PQclear(stale);
	search_sums_fini(&o.now);
	search_sums_fini(&o.then);
}
