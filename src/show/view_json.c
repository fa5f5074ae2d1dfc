/* A mail as one JSON object: the names and their order are a contract (elsectl(1), "trace --json").
 */
#include "show/view.h"

#include <stdlib.h>

enum { MOST_EXPLAINED = 16 };

static void
open_list(struct buf *b, const char *name)
{
	json_add_key(b, name);
	buf_add_char(b, '[');
}

static void
open_object(struct buf *b)
{
	json_add_comma(b);
	buf_add_char(b, '{');
}

/* null when empty */
static void
add_field(struct buf *b, const char *name, struct slice text)
{
	if (text.n)
		json_add_field(b, name, text);
	else
		json_add_field_str(b, name, NULL);
}

static void
add_known(struct buf *b, const char *name, int64_t value, bool known)
{
	if (known)
		json_add_field_i64(b, name, value);
	else
		json_add_field_str(b, name, NULL);
}

static void
add_verdict(struct buf *b, const struct view_verdict *verdict)
{
	json_add_key(b, "verdict");
	buf_add_char(b, '{');
	json_add_field_str(b, "key", verdict->key);
	json_add_field(b, "text", buf_slice(&verdict->text));
	json_add_field_str(b, "who_acts", codes_who_name(verdict->who));
	json_add_key(b, "counts");
	buf_add_char(b, '{');
	for (int i = 0; i < STATUS_COUNT; i++)
		if (verdict->counts[i])
			json_add_field_i64(
				b, status_name((enum status)i), (int64_t)verdict->counts[i]);
	buf_add_str(b, "}}");
}

static void
add_client(struct buf *b, const struct hop *hop)
{
	json_add_key(b, "client");
	buf_add_char(b, '{');
	add_field(b, "ip", hop->client_ip);
	add_field(b, "name", hop->client_name);
	add_field(b, "helo", hop->helo);
	add_field(b, "tls", hop->tls);
	add_field(b, "user", hop->sasl_user);
	json_add_field_some(b, "proto", hop->proto);
	json_add_field_some(b, "uid", hop->uid);
	json_add_field_some(b, "orig_ip", hop->orig_client_ip);
	json_add_field_some(b, "orig_name", hop->orig_client_name);
	buf_add_char(b, '}');
}

static void
add_checks(struct buf *b, const struct hop *hop, bool details)
{
	open_list(b, "checks");
	for (const struct check *c = hop->checks; c; c = c->next) {
		open_object(b);
		json_add_field(b, "by", c->by);
		json_add_field(b, "result", c->result);
		add_field(b, "score", c->score);
		add_field(b, "detail", details ? c->detail : S(""));
		if (details)
			json_add_field_some(b, "quarantine", c->quarantine);
		json_add_field_bool(b, "stopped", c->stopped);
		json_add_field_time(b, "t", c->t_us);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

static void
add_next(struct buf *b, const struct view *v, const struct view_hop *h)
{
	open_list(b, "next");
	for (size_t i = 0; i < v->n_hops; i++) {
		const struct view_hop *next = &v->hops[i];
		if (next->before != h)
			continue;
		open_object(b);
		json_add_field(b, "host", next->jh->hop->host);
		json_add_field(b, "qid", next->jh->hop->qid);
		json_add_field_str(b, "join", join_name(next->jh->join));
		json_add_field_i64(b, "n", next->n);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

static void
add_hop(struct buf *b, const struct view *v, const struct view_hop *h)
{
	const struct hop *hop = h->jh->hop;
	open_object(b);
	json_add_field_i64(b, "n", h->n);
	json_add_field(b, "host", hop->host);
	json_add_field_str(b, "role", h->role);
	json_add_field(b, "qid", hop->qid);
	add_field(b, "instance", hop->instance);
	json_add_field_time(b, "arrived", hop->arrived_us);
	json_add_field_time(b, "left", h->left_us);
	add_client(b, hop);
	add_checks(b, hop, !v->partial); /* they may name anybody */
	add_next(b, v, h);
	add_known(b, "gap_ms", h->gap_ms, h->has_gap);
	json_add_field_i64(b, "arrival", h->arrival);
	add_known(b, "before", h->before ? h->before->n : 0, h->before != NULL);
	json_add_field_str(b, "join", h->before ? join_name(h->jh->join) : NULL);
	json_add_field_bool(b, "entry", h->jh->entry);
	json_add_field_bool(b, "notice", h->jh->notice);
	json_add_field_bool(b, "complete", !h->open && !h->headless);
	add_known(b, "size", hop->size_bytes, hop->size_bytes >= 0);
	add_known(b, "nrcpt", hop->nrcpt, hop->nrcpt >= 0 && !v->partial);
	buf_add_char(b, '}');
}

static void
add_delays(struct buf *b, const struct attempt *a)
{
	open_list(b, "delays");
	for (int i = 0; i < 4 && a->delays_ms[0] >= 0; i++) {
		json_add_comma(b);
		buf_addf(b, "%.10g", (double)(a->delays_ms[i] > 0 ? a->delays_ms[i] : 0) / 1000);
	}
	buf_add_char(b, ']');
}

static void
add_relay(struct buf *b, const struct attempt *a)
{
	struct buf relay = {0};
	if (a)
		view_add_relay(&relay, a);
	add_field(b, "relay", buf_slice(&relay));
	buf_fini(&relay);
}

static void
add_tries(struct buf *b, const struct view_delivery *d)
{
	open_list(b, "tries");
	for (uint32_t i = 0; d->delivery && i < d->delivery->n_tries; i++) {
		const struct attempt *a = &d->delivery->tries[i];
		open_object(b);
		json_add_field_time(b, "t", a->t_us);
		json_add_field_str(b, "status", view_try_status(d, i));
		add_field(b, "code", view_code(a));
		add_relay(b, a);
		add_field(b, "reply", a->reply);
		add_delays(b, a);
		json_add_field_some(b, "tls", a->tls);
		json_add_field_some(b, "next_qid", a->next_qid);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

static void
add_delivery(struct buf *b, const struct view_delivery *d)
{
	const struct attempt *a = d->last;
	open_object(b);
	json_add_field(b, "to", d->to);
	add_field(b, "orig_to", d->orig_to);
	json_add_field_i64(b, "hop", d->at->n);
	json_add_field_str(b, "status", status_name(d->status));
	json_add_field_bool(b, "final", d->final);
	add_field(b, "code", a ? view_code(a) : (struct slice){"", 0});
	add_field(b, "reply", a ? a->reply : (struct slice){"", 0});
	add_relay(b, a);
	add_tries(b, d);
	add_field(b, "ndr", d->delivery ? d->delivery->ndr_qid : (struct slice){"", 0});
	json_add_field_str(b, "reason", d->reason ? reason_name(d->reason) : NULL);
	json_add_field_i64(b, "arrival", d->at->arrival);
	if (d->delivery)
		json_add_field_some(b, "folder", d->delivery->folder);
	buf_add_char(b, '}');
}

static void
add_related(struct buf *b, const struct view *v)
{
	open_list(b, "related");
	for (size_t i = 0; i < v->n_related; i++) {
		open_object(b);
		json_add_field_str(b, "rel", v->related[i].rel);
		json_add_field_str(b, "id", v->related[i].id);
		json_add_field_some(b, "qid", v->related[i].qid);
		json_add_field_some(b, "host", v->related[i].host);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

/* "" is the null sender, null an unknown one. */
static void
add_from(struct buf *b, const struct view *v, size_t arrival)
{
	const struct hop *hop = view_sender(v, arrival);
	if (hop)
		json_add_field(b, "from", hop->from);
	else
		json_add_field_str(b, "from", NULL);
}

static void
add_arrivals(struct buf *b, const struct view *v)
{
	open_list(b, "arrivals");
	for (size_t i = 0; i < v->n_arrivals; i++) {
		const struct view_arrival *a = &v->arrivals[i];
		open_object(b);
		json_add_field_str(b, "id", a->id);
		json_add_field_time(b, "first", a->entry->jh->hop->arrived_us);
		add_from(b, v, i);
		json_add_field_str(b, "way", way_name(a->way));
		open_list(b, "hops");
		for (size_t k = 0; k < v->n_hops; k++) {
			if (v->hops[k].arrival != i)
				continue;
			json_add_comma(b);
			buf_add_u64(b, v->hops[k].n);
		}
		buf_add_str(b, "]}");
	}
	buf_add_char(b, ']');
}

void
view_add_explanation(struct buf *b, struct slice code, const struct codes_explanation *explanation)
{
	open_object(b);
	add_field(b, "code", code);
	codes_explanation_add_json(b, explanation, CODES_LANGUAGE_EN);
	buf_add_char(b, '}');
}

struct explained {
	struct slice code;
	const char *text_key;
};

/* Each answer once. */
static size_t
explain_once(struct buf *b, const struct view_delivery *d, struct explained *list, size_t n)
{
	struct codes_explanation explanation;
	if (n == MOST_EXPLAINED || !view_explain(d, &explanation))
		return n;
	struct slice code = d->last ? view_code(d->last) : (struct slice){"", 0};
	for (size_t i = 0; i < n; i++)
		if (slice_equal(list[i].code, code) &&
			strcmp(list[i].text_key, explanation.text_key) == 0)
			return n;
	view_add_explanation(b, code, &explanation);
	list[n] = (struct explained){code, explanation.text_key};
	return n + 1;
}

static void
add_explanations(struct buf *b, const struct view *v)
{
	struct explained list[MOST_EXPLAINED];
	size_t n = 0;
	open_list(b, "explain");
	if (v->verdict.worst)
		n = explain_once(b, v->verdict.worst, list, n);
	for (size_t i = 0; i < v->n_deliveries; i++)
		if (v->deliveries[i].final)
			n = explain_once(b, &v->deliveries[i], list, n);
	buf_add_char(b, ']');
}

static void
add_lines(struct buf *b, const struct view *v)
{
	size_t n;
	const struct hop_line **lines = view_lines(v, &n);
	open_list(b, "lines");
	for (size_t i = 0; i < n; i++) {
		open_object(b);
		json_add_field_time(b, "t", lines[i]->t_us);
		json_add_field(b, "raw", lines[i]->raw);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
	free(lines);
}

void
view_add_json(struct buf *b, const struct view *v, const struct view_options *options)
{
	const struct view_arrival *first = &v->arrivals[0];
	int64_t size = view_size_bytes(v);
	open_object(b);
	json_add_field_str(b, "id", first->id);
	add_field(b, "msgid", v->j.msgid);
	add_from(b, v, 0);
	add_known(b, "size", size, size >= 0);
	json_add_field_str(b, "way", way_name(first->way));
	json_add_field_time(b, "first", v->first_us);
	json_add_field_time(b, "last", v->last_us);
	json_add_field_bool(b, "complete", v->complete);
	if (v->partial)
		json_add_field_bool(b, "partial", true);
	add_verdict(b, &v->verdict);
	open_list(b, "hops");
	for (size_t i = 0; i < v->n_hops; i++)
		add_hop(b, v, &v->hops[i]);
	buf_add_char(b, ']');
	open_list(b, "deliveries");
	for (size_t i = 0; i < v->n_deliveries; i++)
		add_delivery(b, &v->deliveries[i]);
	buf_add_char(b, ']');
	add_related(b, v);
	json_add_field_str(b, "kind", "mail");
	add_arrivals(b, v);
	add_explanations(b, v);
	if (options->lines)
		add_lines(b, v);
	buf_add_str(b, "}\n");
}
