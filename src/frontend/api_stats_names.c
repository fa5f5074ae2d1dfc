/* Statistics by name: our domains, and whom we refuse. */
#include "base/json.h"
#include "base/time.h"
#include "frontend/answer.h"
#include "frontend/route.h"
#include "frontend/sums.h"
#include "frontend/took.h"
#include "trace/status.h"

#include <stdlib.h>

#include "base/memory.h"

/* ---- our domains ---- */

struct domain {
	struct slice name;
	int64_t in, out, internal, bytes, rejected, bounced, waiting;
	struct took took;
};

struct domains {
	struct domain *items;
	size_t n, cap;
};

static struct domain *
domain_of(struct domains *list, struct slice name)
{
	for (size_t i = 0; i < list->n; i++)
		if (slice_equal(list->items[i].name, name))
			return &list->items[i];
	MEMORY_ROOM(&list->items, list->n, &list->cap);
	list->items[list->n] = (struct domain){.name = name};
	return &list->items[list->n++];
}

/* keys[1] is "WAY.STATUS". Internal mail counts at its recipient, else it would twice. */
static void
add_to_domain(struct domain *d, const struct search_sum *sum, bool sender)
{
	struct slice rest = sum->keys[1], word;
	uint64_t way = 0, status = 0;
	int64_t n = sum->sums[0];
	slice_split(&rest, '.', &word);
	slice_to_u64(word, &way);
	slice_to_u64(rest, &status);
	if (sender ? way != WAY_OUT : way == WAY_OUT)
		return;
	d->in += way == WAY_IN ? n : 0;
	d->out += way == WAY_OUT ? n : 0;
	d->internal += way == WAY_INTERNAL ? n : 0;
	d->bytes += sum->sums[1];
	d->rejected += status == STATUS_REJECTED || status == STATUS_BLOCKED ? n : 0;
	d->bounced += status == STATUS_BOUNCED || status == STATUS_EXPIRED ? n : 0;
	d->waiting += status == STATUS_DEFERRED || status == STATUS_HELD ? n : 0;
	took_add(&d->took, sum->keys[2], n);
}

/* A row of another customer's domain is there when he wrote to us: it is no domain of the reader.
 */
static bool
is_readers(const struct viewer *v, struct slice name)
{
	for (const struct query_scope *s = v->scope; s; s = s->also) {
		if (s->any_address)
			return true;
		for (size_t i = 0; i < s->n_domains; i++)
			if (slice_equal(s->domains[i], name))
				return true;
	}
	return !v->scope;
}

static bool
gather(struct worker *w, struct request *r, const struct query_node *tree,
	const struct range *range, bool sender, struct search_sums *sums, struct domains *list)
{
	const char *keys =
		sender ? "split_part(d.sender, '@', -1), d.way || '.' || d.status, " TOOK_KEY
		       : "split_part(d.rcpt, '@', -1), d.way || '.' || d.status, " TOOK_KEY;
	const char *where =
		sender ? "d.t >= $5 AND " SUMS_COUNTED
			 " AND split_part(d.sender, '@', -1) IN (SELECT name FROM own_domain)"
		       : "d.t >= $5 AND " SUMS_COUNTED
			 " AND split_part(d.rcpt, '@', -1) IN (SELECT name FROM own_domain)";
	const struct sums_question question = {.keys = keys,
		.n_keys = 3,
		.sums = SUMS_N ", coalesce(sum(d.size), 0)::int8",
		.n_sums = 2,
		.where = where,
		.t_us = range->from_us,
		.share = 2};
	if (!sums_ask(w, r, tree, &question, sums))
		return false;
	for (size_t i = 0; i < sums->n; i++)
		if (is_readers(&r->viewer, sums->items[i]->keys[0]))
			add_to_domain(
				domain_of(list, sums->items[i]->keys[0]), sums->items[i], sender);
	return true;
}

static int
compare_domains(const void *a, const void *b)
{
	const struct domain *x = a, *y = b;
	int64_t m = x->in + x->out + x->internal, n = y->in + y->out + y->internal;
	return m < n ? 1 : -(m > n);
}

static void
add_domain(struct buf *b, const struct domain *d)
{
	json_add_comma(b);
	buf_add_char(b, '{');
	json_add_field(b, "domain", d->name);
	json_add_field_i64(b, "in", d->in);
	json_add_field_i64(b, "out", d->out);
	json_add_field_i64(b, "internal", d->internal);
	json_add_field_i64(b, "bytes", d->bytes);
	json_add_field_i64(b, "rejected", d->rejected);
	json_add_field_i64(b, "bounced", d->bounced);
	json_add_field_i64(b, "waiting", d->waiting);
	took_add_field(b, "p50_ms", &d->took, 50);
	took_add_field(b, "p95_ms", &d->took, 95);
	buf_add_char(b, '}');
}

static void
add_domains(struct buf *b, struct domains *list, const struct range *range, size_t limit)
{
	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), compare_domains);
	buf_add_char(b, '{');
	range_add_json(b, range);
	json_add_key(b, "items");
	buf_add_char(b, '[');
	for (size_t i = 0; i < list->n && i < limit; i++)
		add_domain(b, &list->items[i]);
	buf_add_str(b, "]}");
}

void
api_domains(struct worker *w, struct request *r)
{
	struct search_sums in = {0}, out = {0};
	struct domains list = {0};
	struct range range;
	struct query_node *tree;
	int64_t limit;
	if (!request_number(r, "limit", 1, 1000, 100, &limit) || !range_read(r, &range) ||
		!range_query(w, r, &range, &tree))
		return;
	if (gather(w, r, tree, &range, false, &in, &list) &&
		gather(w, r, tree, &range, true, &out, &list)) {
		add_domains(&r->answer.body, &list, &range, (size_t)limit);
		answer_json(r, 200);
	}
	free(list.items);
	search_sums_fini(&in);
	search_sums_fini(&out);
}

/* ---- refusals ---- */

/* keys[0] is what is asked by, keys[1] the sender. */
struct refused {
	struct slice v;
	int64_t n, senders, last_us;
};

static size_t
by_value(const struct search_sums *sums, struct refused *list)
{
	size_t n = 0;
	for (size_t i = 0; i < sums->n; i++) {
		const struct search_sum *sum = sums->items[i];
		size_t at = 0;
		while (at < n && !slice_equal(list[at].v, sum->keys[0]))
			at++;
		if (at == n)
			list[n++] = (struct refused){.v = sum->keys[0]};
		list[at].n += sum->sums[0];
		list[at].senders++;
		if (sum->sums[1] > list[at].last_us)
			list[at].last_us = sum->sums[1];
	}
	return n;
}

static int
compare_refused(const void *a, const void *b)
{
	const struct refused *x = a, *y = b;
	return x->n < y->n ? 1 : -(x->n > y->n);
}

static void
add_refused(struct buf *b, const struct worker *w, const struct search_sums *sums, enum word word,
	size_t limit)
{
	struct refused *list = memory_new((sums->n + 1) * sizeof(*list));
	size_t n = by_value(sums, list), shown = 0;
	qsort(list, n, sizeof(*list), compare_refused);
	json_add_key(b, "items");
	buf_add_char(b, '[');
	for (size_t i = 0; i < n && shown < limit; i++) {
		if (list[i].v.n == 0)
			continue;
		shown++;
		json_add_comma(b);
		buf_add_char(b, '{');
		json_add_field(b, "v", sums_word(w, word, list[i].v));
		json_add_field_i64(b, "n", list[i].n);
		json_add_field_i64(b, "senders", list[i].senders);
		json_add_field_time(b, "last", list[i].last_us);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
	free(list);
}

enum { MOST_SUSPECTS = 10, LOOKED_AT = 200 };

static int64_t
delivered_of(const struct search_sums *good, struct slice sender)
{
	for (size_t i = 0; i < good->n; i++)
		if (slice_equal(good->items[i]->keys[0], sender))
			return good->items[i]->sums[0];
	return 0;
}

/* Of those refused most, whose mail was delivered too. */
static void
add_suspects(struct buf *b, struct search_sums *bad, const struct search_sums *good)
{
	int found = 0;
	search_sums_sort(bad, 0);
	json_add_key(b, "suspects");
	buf_add_char(b, '[');
	for (size_t i = 0; i < bad->n && i < LOOKED_AT && found < MOST_SUSPECTS; i++) {
		const struct search_sum *sum = bad->items[i];
		int64_t delivered = delivered_of(good, sum->keys[0]);
		uint64_t reason = REASON_NONE;
		if (!delivered)
			continue;
		found++;
		slice_to_u64(sum->keys[1], &reason);
		json_add_comma(b);
		buf_add_char(b, '{');
		json_add_field(b, "from", sum->keys[0]);
		json_add_field_i64(b, "refused", sum->sums[0]);
		json_add_field_i64(b, "delivered", delivered);
		json_add_field_str(b, "reason",
			reason && reason < REASON_COUNT ? reason_name((enum reason)reason) : NULL);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

static bool
ask_suspects(struct worker *w, struct request *r, const struct query_node *tree, int64_t from_us,
	struct search_sums *bad, struct search_sums *good)
{
	const struct sums_question refused = {.keys = "d.sender, d.reason::text",
		.n_keys = 2,
		.sums = SUMS_N,
		.n_sums = 1,
		.where = "d.t >= $5 AND d.sender <> '' AND d.status IN (6, 8)",
		.t_us = from_us,
		.rejects_only = true,
		.share = 3};
	const struct sums_question delivered = {.keys = "d.sender",
		.n_keys = 1,
		.sums = SUMS_N,
		.n_sums = 1,
		.where = "d.t >= $5 AND d.sender <> '' AND d.status IN (4, 5) AND " SUMS_MAIL,
		.t_us = from_us,
		.mails_only = true,
		.share = 3};
	return sums_ask(w, r, tree, &refused, bad) && sums_ask(w, r, tree, &delivered, good);
}

static void
answer_rejects(struct worker *w, struct request *r, const struct query_node *tree,
	const struct range *range, size_t by, const char *by_word, size_t limit)
{
	static const char *const keys[] = {"d.reason::text, d.sender",
		"host(d.client_ip), d.sender", "d.helo, d.sender",
		"split_part(d.sender, '@', -1), d.sender", "d.rcpt, d.sender",
		"else_code(d.code), d.sender"};
	struct search_sums all = {0}, bad = {0}, good = {0};
	struct buf *b = &r->answer.body;
	const struct sums_question question = {.keys = keys[by],
		.n_keys = 2,
		.sums = SUMS_N ", (extract(epoch FROM max(d.t)) * 1000000)::int8",
		.n_sums = 2,
		.n_greatest = 1,
		.where = "d.t >= $5 AND d.status IN (6, 7, 8)",
		.t_us = range->from_us,
		.share = 3};
	if (sums_ask(w, r, tree, &question, &all) &&
		ask_suspects(w, r, tree, range->from_us, &bad, &good)) {
		buf_add_char(b, '{');
		json_add_field_str(b, "by", by_word);
		range_add_json(b, range);
		add_refused(b, w, &all, by == 0 ? WORD_REASON : WORD_TEXT, limit);
		add_suspects(b, &bad, &good);
		buf_add_char(b, '}');
		answer_json(r, 200);
	}
	search_sums_fini(&all);
	search_sums_fini(&bad);
	search_sums_fini(&good);
}

void
api_rejects(struct worker *w, struct request *r)
{
	static const char *const words[] = {
		"reason", "ip", "helo", "from.domain", "to", "code", NULL};
	struct range range;
	struct query_node *tree;
	int64_t limit;
	size_t by;
	if (request_choice(r, "by", words, &by) && request_number(r, "limit", 1, 100, 20, &limit) &&
		range_read(r, &range) && range_query(w, r, &range, &tree))
		answer_rejects(w, r, tree, &range, by, words[by], (size_t)limit);
}
