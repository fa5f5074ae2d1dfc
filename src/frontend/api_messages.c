/* Mails and refusals that match, newest first; and a user's own. */
#include "base/json.h"
#include "base/time.h"
#include "frontend/answer.h"
#include "frontend/route.h"
#include "show/row.h"

#define COUNT_US (500 * 1000) /* for an estimate */

static void
add_rows(struct buf *b, const struct search_page *page)
{
	json_add_key(b, "items");
	buf_add_char(b, '[');
	for (size_t i = 0; i < page->n; i++) {
		json_add_comma(b);
		row_add_json(b, &page->rows[i]);
		b->n--; /* its LF */
	}
	buf_add_char(b, ']');
}

static void
add_next(struct buf *b, const struct search_page *page)
{
	if (page->cursor.n)
		json_add_field(b, "next", buf_slice(&page->cursor));
	else
		json_add_field_str(b, "next", NULL);
}

/* How far it was looked, when not everywhere. */
static void
add_scanned(struct buf *b, const struct search_page *page)
{
	json_add_field_bool(b, "complete", page->complete);
	if (page->complete) {
		json_add_field_str(b, "scanned", NULL);
		return;
	}
	json_add_key(b, "scanned");
	buf_add_char(b, '{');
	json_add_field_time(b, "from", page->scanned_us);
	buf_add_char(b, '}');
}

static void
add_query(struct buf *b, const struct query_node *tree)
{
	struct buf text = {0};
	json_add_key(b, "query");
	buf_add_char(b, '{');
	query_add_canonical(&text, tree);
	json_add_field(b, "canonical", buf_slice(&text));
	json_add_key(b, "tree");
	query_add_json(b, tree);
	buf_add_char(b, '}');
	buf_fini(&text);
}

enum total { TOTAL_NONE, TOTAL_ESTIMATE, TOTAL_EXACT };

static bool
add_total(struct worker *w, struct request *r, struct search *s, enum total wanted)
{
	struct buf *b = &r->answer.body;
	struct search_total total;
	struct error err;
	if (wanted == TOTAL_NONE) {
		json_add_field_str(b, "total", NULL);
		return true;
	}
	if (!search_count(s, wanted == TOTAL_EXACT ? w->budget_us : COUNT_US, &total, &err)) {
		answer_trouble(r, w->db, &err);
		return false;
	}
	json_add_key(b, "total");
	buf_add_char(b, '{');
	json_add_field_i64(b, "value", (int64_t)(total.mails + total.rejects));
	json_add_field_str(b, "relation", search_relation_name(total.relation));
	buf_add_char(b, '}');
	return true;
}

static bool
add_page(struct worker *w, struct request *r, struct search *s, const struct query_node *tree,
	int64_t limit, enum total wanted)
{
	struct buf *b = &r->answer.body;
	const struct search_page *page;
	struct error err;
	if (!search_page(s, (size_t)limit, &page, &err)) {
		answer_trouble(r, w->db, &err);
		return false;
	}
	buf_add_char(b, '{');
	add_rows(b, page);
	add_next(b, page);
	add_scanned(b, page);
	add_query(b, tree);
	json_add_key(b, "scope");
	buf_add_str(b, r->viewer.scope_json);
	return add_total(w, r, s, wanted);
}

void
api_messages(struct worker *w, struct request *r)
{
	static const char *const totals[] = {"none", "estimate", "exact", NULL};
	int64_t limit, began_us = time_now_us();
	size_t wanted;
	struct query_node *tree;
	if (!request_number(r, "limit", 1, 1000, 100, &limit) ||
		!request_choice(r, "total", totals, &wanted) ||
		!worker_parse(w, r, request_arg(r, "q"), &tree))
		return;
	struct search_options options = {
		.cursor = request_arg(r, "cursor"), .budget_us = w->budget_us};
	struct search *s = worker_search(w, r, tree, &options);
	if (s && add_page(w, r, s, tree, limit, (enum total)wanted)) {
		buf_addf(&r->answer.body, ",\"took_ms\":%.3f}",
			(double)(time_now_us() - began_us) / 1000);
		answer_json(r, 200);
	}
	search_end(&s);
}

/* ---- his own ---- */

static bool
is_own(const struct viewer *v, struct slice address)
{
	for (size_t i = 0; i < v->own.n_addresses; i++)
		if (slice_equal_nocase(v->own.addresses[i], address))
			return true;
	return false;
}

/* What the argument means, as a query. Text is a part of an address, and nothing else. */
static bool
own_query(struct request *r, struct buf *q)
{
	static const char *const ranges[] = {"7d", "24h", "30d", "90d", NULL};
	static const char *const yes[] = {"0", "1", NULL};
	struct slice text = request_arg(r, "text");
	size_t range, problems;
	if (!request_choice(r, "range", ranges, &range) ||
		!request_choice(r, "problems", yes, &problems))
		return false;
	buf_addf(q, "last:%s", ranges[range]);
	buf_add_str(q, problems ? " -status:delivered,relayed" : "");
	if (text.n == 0)
		return true;
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] <= ' ' || strchr("\"*(),:\\<>~", text.p[i])) {
			answer_invalid(r, "text", "A part of an address.");
			return false;
		}
	buf_addf(q, " addr:*%.*s*", SLICE_ARG(text));
	return true;
}

static void
add_own(struct buf *b, const struct viewer *v, const struct search_row *row)
{
	struct buf id = {0};
	bool sent = row->has_from && is_own(v, row->from);
	row_add_id(&id, row);
	json_add_comma(b);
	buf_add_char(b, '{');
	json_add_field(b, "id", buf_slice(&id));
	json_add_field_time(b, "t", row->t_us);
	json_add_field_str(b, "direction", sent ? "sent" : "received");
	if (sent ? row->n_first > 0 : row->has_from)
		json_add_field(b, "peer", sent ? row->rcpts[0] : row->from);
	else
		json_add_field_str(b, "peer", NULL);
	json_add_field_str(b, "status", row_status_word(row));
	buf_add_char(b, '}');
	buf_fini(&id);
}

static void
answer_own(struct worker *w, struct request *r, const struct query_node *tree, int64_t limit)
{
	struct buf *b = &r->answer.body;
	const struct search_page *page;
	struct error err;
	struct search_options options = {.scope = &r->viewer.own,
		.cursor = request_arg(r, "cursor"),
		.budget_us = w->budget_us};
	struct search *s = worker_search(w, r, tree, &options);
	if (s && search_page(s, (size_t)limit, &page, &err)) {
		buf_add_str(b, "{\"items\":[");
		for (size_t i = 0; i < page->n; i++)
			add_own(b, &r->viewer, &page->rows[i]);
		buf_add_char(b, ']');
		add_next(b, page);
		buf_add_char(b, '}');
		answer_json(r, 200);
	} else if (s) {
		answer_trouble(r, w->db, &err);
	}
	search_end(&s);
}

void
api_my_messages(struct worker *w, struct request *r)
{
	int64_t limit;
	struct query_node *tree;
	struct buf q = {0};
	if (request_number(r, "limit", 1, 1000, 100, &limit) && own_query(r, &q)) {
		r->audited = request_text(r, buf_slice(&q));
		if (worker_parse(w, r, slice_of_str(r->audited), &tree))
			answer_own(w, r, tree, limit);
	}
	buf_fini(&q);
}
