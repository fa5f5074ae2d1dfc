/* The journey of one mail, or a refusal, as far as the reader may see it. */
#include <stdlib.h>

#include "base/json.h"
#include "base/time.h"
#include "frontend/answer.h"
#include "frontend/route.h"
#include "show/trace_store.h"
#include "store/search_visible.h"

/* A mail's rows lie around the minute of its id (show/trace_store.c has the same). */
#define BEFORE_US (9 * TIME_DAY_US)
#define AFTER_US  (30 * TIME_DAY_US)

/* One thing that was found: one of the two. */
struct found {
	struct trace_store store;
	struct mail *mail;
	struct view view;
	bool has_view;
	struct stored_reject reject;
};

typedef void add_answer(struct request *r, struct found *f);

static void
not_found(struct request *r)
{
	answer_problem(r, 404, "not-found", "There is no such mail, or it is not yours to see.");
}

/* ---- what may be seen ---- */

struct visible {
	struct worker *worker;
	struct search *search; /* NULL: everything may be seen */
};

static bool
leaves_of(struct visible *v, const struct mail_id_text *id, struct search_leaves *leaves,
	struct error *err)
{
	int64_t t_us = mail_id_text_time_us(id->minute);
	*leaves = (struct search_leaves){0};
	return search_leaves(
		v->search, id->mail_id, id->branch, t_us - BEFORE_US, t_us + AFTER_US, leaves, err);
}

static bool
is_visible(void *context, struct slice address)
{
	const struct search_leaves *leaves = context;
	for (size_t i = 0; i < leaves->n_addresses; i++)
		if (slice_equal_nocase(leaves->addresses[i], address))
			return true;
	return false;
}

/* Others that are named beside it: a stranger's are not. */
static bool
drop_related(struct visible *v, struct view *view, struct error *err)
{
	size_t kept = 0;
	for (size_t i = 0; i < view->n_related; i++) {
		struct mail_id_text id;
		struct search_leaves leaves = {0};
		bool ok = mail_id_text_parse(slice_of_str(view->related[i].id), &id) &&
			  leaves_of(v, &id, &leaves, err);
		bool keep = leaves.n_visible > 0;
		arena_fini(&leaves.arena);
		if (!ok)
			return false;
		if (keep)
			view->related[kept++] = view->related[i];
	}
	view->n_related = kept;
	return true;
}

/* ---- a mail ---- */

/* An id may be older than what is known now: when its arrival has become part of another one, who
 * may see everything gets all. */
static bool
make_view(struct found *f, const struct mail_id_text *id, bool all)
{
	f->has_view = view_init(&f->view, f->mail, &id->branch, &f->store.topology);
	if (f->has_view || !all) {
		if (!f->has_view)
			view_fini(&f->view);
		return f->has_view;
	}
	view_fini(&f->view);
	f->has_view = view_init(&f->view, f->mail, NULL, &f->store.topology);
	if (!f->has_view)
		view_fini(&f->view);
	return f->has_view;
}

/* False when nothing of it may be seen; or with `err` set. */
static bool
restrict_view(struct visible *v, struct found *f, const struct mail_id_text *id, struct error *err)
{
	struct search_leaves leaves;
	bool ok =
		leaves_of(v, id, &leaves, err) && leaves.n_visible > 0 &&
		(leaves.n_visible == leaves.n_all || view_restrict(&f->view, is_visible, &leaves));
	arena_fini(&leaves.arena);
	return ok;
}

static bool
show_mail(struct visible *v, struct request *r, struct found *f, const struct mail_id_text *id,
	add_answer *add, struct error *err)
{
	const struct load_key key = {id->mail_id, id->branch, mail_id_text_time_us(id->minute)};
	if (!trace_store_open(&f->store, v->worker->db, err) ||
		!trace_store_mail(&f->store, &key, &f->mail, err))
		return false;
	if (!f->mail || !make_view(f, id, !v->search) ||
		(v->search && !restrict_view(v, f, id, err))) {
		if (!*err->text)
			not_found(r);
		return !*err->text;
	}
	if (!trace_store_complete(&f->store, &f->view, err) ||
		(v->search && !drop_related(v, &f->view, err)))
		return false;
	add(r, f);
	return true;
}

/* ---- a refusal ---- */

static bool
show_reject(struct visible *v, struct request *r, struct found *f, const struct mail_id_text *id,
	add_answer *add, struct error *err)
{
	bool may = true;
	if (v->search && !search_may_see_refusal(
				 v->search, id->minute, (int16_t)id->host, id->hash, &may, err))
		return false;
	if (may && (!trace_store_open(&f->store, v->worker->db, err) ||
			   !trace_store_reject(&f->store, id, &f->reject, err)))
		return false;
	if (may && f->reject.reject)
		add(r, f);
	else
		not_found(r);
	return true;
}

/* ---- both ---- */

static void
found_fini(struct found *f)
{
	if (f->has_view)
		view_fini(&f->view);
	if (f->mail)
		mail_free(&f->mail);
	stored_reject_fini(&f->reject);
	trace_store_close(&f->store);
}

static void
show(struct worker *w, struct request *r, add_answer *add)
{
	struct mail_id_text id;
	struct query_node all = {.kind = QUERY_NODE_ALL};
	struct search_options options = {0};
	struct visible v = {.worker = w};
	struct found f = {0};
	struct error err = {0};
	if (!mail_id_text_parse(r->param, &id)) {
		not_found(r);
		return;
	}
	if (r->viewer.scope && !(v.search = worker_search(w, r, &all, &options)))
		return;
	if (!(id.reject ? show_reject : show_mail)(&v, r, &f, &id, add, &err))
		answer_trouble(r, w->db, &err);
	search_end(&v.search);
	found_fini(&f);
}

static void
add_json(struct request *r, struct found *f)
{
	if (f->has_view)
		view_add_json(&r->answer.body, &f->view, &(struct view_options){.all = true});
	else
		stored_reject_add_json(&r->answer.body, &f->reject, false);
	answer_json(r, 200);
	answer_etag(r);
}

void
api_journey(struct worker *w, struct request *r)
{
	show(w, r, add_json);
}

static void
add_text(struct request *r, struct found *f)
{
	struct output o = {.utf8 = true, .kept = true};
	if (f->has_view)
		view_print(&f->view, &o, &(struct view_options){.all = true});
	else
		stored_reject_print(&f->reject, &o, false);
	buf_add(&r->answer.body, buf_slice(&o.text));
	buf_fini(&o.text);
	answer_text(r, "text/plain; charset=utf-8");
}

void
api_journey_text(struct worker *w, struct request *r)
{
	show(w, r, add_text);
}

/* ---- the log ---- */

static const struct view_hop *
hop_of(const struct view *v, const struct hop_line *line)
{
	for (size_t i = 0; i < v->n_hops; i++) {
		const struct hop *hop = v->hops[i].jh->hop;
		if (line >= hop->lines && line < hop->lines + hop->n_lines)
			return &v->hops[i];
	}
	return &v->hops[0];
}

static void
add_line(struct buf *b, int64_t t_us, struct slice host, uint32_t hop, struct slice text)
{
	json_add_comma(b);
	buf_add_char(b, '{');
	json_add_field_time(b, "t", t_us);
	json_add_field(b, "host", host);
	json_add_field_i64(b, "hop", hop);
	json_add_field(b, "text", text);
	buf_add_char(b, '}');
}

static void
add_log_json(struct request *r, struct found *f)
{
	struct buf *b = &r->answer.body;
	size_t n = 0;
	bool withheld = f->has_view && f->view.partial;
	const struct hop_line **lines = f->has_view && !withheld ? view_lines(&f->view, &n) : NULL;
	buf_add_str(b, "{\"lines\":[");
	for (size_t i = 0; i < n; i++) {
		const struct view_hop *h = hop_of(&f->view, lines[i]);
		add_line(b, lines[i]->t_us, h->jh->hop->host, h->n, lines[i]->raw);
	}
	for (size_t i = 0; i < f->reject.n_lines; i++)
		add_line(b, f->reject.lines[i].t_us, f->reject.host, 1, f->reject.lines[i].raw);
	buf_add_char(b, ']');
	json_add_field_bool(b, "withheld", withheld);
	buf_add_char(b, '}');
	free(lines);
	answer_json(r, 200);
}

static void
add_log_text(struct request *r, struct found *f)
{
	struct buf *b = &r->answer.body;
	size_t n = 0;
	bool withheld = f->has_view && f->view.partial;
	const struct hop_line **lines = f->has_view && !withheld ? view_lines(&f->view, &n) : NULL;
	for (size_t i = 0; i < n; i++) {
		buf_add(b, lines[i]->raw);
		buf_add_char(b, '\n');
	}
	for (size_t i = 0; i < f->reject.n_lines; i++) {
		buf_add(b, f->reject.lines[i].raw);
		buf_add_char(b, '\n');
	}
	free(lines);
	answer_text(r, "text/plain; charset=utf-8");
}

void
api_journey_log(struct worker *w, struct request *r)
{
	static const char *const formats[] = {"json", "text", NULL};
	size_t format;
	if (request_choice(r, "format", formats, &format))
		show(w, r, format ? add_log_text : add_log_json);
}
