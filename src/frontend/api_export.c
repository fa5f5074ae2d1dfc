/* All matches as a file, streamed row by row: CSV (RFC 4180) or one JSON object a line. */
#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "frontend/answer.h"
#include "frontend/route.h"
#include "show/row.h"

enum { PAGE_ROWS = 500 };

static const char header[] = "id,time,kind,way,from,recipients,to,status,code,reason,size,took_ms,"
			     "tries,client_ip,client_name,"
			     "message_id\r\n";

/* A cell that a spreadsheet would take for a formula begins with an apostrophe. */
static void
add_cell(struct buf *b, struct slice text)
{
	bool first = b->n == 0 || b->p[b->n - 1] == '\n', quoted = false;
	if (!first)
		buf_add_char(b, ',');
	for (size_t i = 0; i < text.n; i++)
		quoted |= text.p[i] == '"' || text.p[i] == ',' || text.p[i] == '\r' ||
			  text.p[i] == '\n';
	if (quoted)
		buf_add_char(b, '"');
	if (text.n && strchr("=+-@\t\r", text.p[0]))
		buf_add_char(b, '\'');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			buf_add_char(b, '"');
		buf_add_char(b, text.p[i]);
	}
	if (quoted)
		buf_add_char(b, '"');
}

static void
add_number(struct buf *b, int64_t n)
{
	char text[24] = "";
	if (n >= 0)
		snprintf(text, sizeof(text), "%" PRId64, n);
	add_cell(b, slice_of_str(text));
}

/* Text that is made, through a buffer of its own. */
static void
add_made(struct buf *b, struct buf *made)
{
	add_cell(b, buf_slice(made));
	buf_clear(made);
}

static void
add_recipients(struct buf *to, const struct search_row *row)
{
	for (size_t i = 0; i < row->n_first; i++) {
		if (i)
			buf_add_char(to, ' ');
		buf_add(to, row->rcpts[i]);
	}
}

static void
add_csv(struct buf *b, const struct search_row *row)
{
	struct buf made = {0};
	row_add_id(&made, row);
	add_made(b, &made);
	time_add_iso_ms(&made, row->t_us);
	add_made(b, &made);
	add_cell(b, slice_of_str(row->reject ? "reject" : "mail"));
	add_cell(b, slice_of_str(way_name(row->way)));
	add_cell(b, row->has_from && row->from.n == 0 ? S("<>") : row->from);
	add_number(b, row->n_rcpts);
	add_recipients(&made, row);
	add_made(b, &made);
	add_cell(b, slice_of_str(row_status_word(row)));
	row_add_code(&made, row);
	add_made(b, &made);
	add_cell(b, slice_of_str(reason_name(row->reason)));
	add_number(b, row->size_bytes);
	add_number(b, row->took_ms);
	add_number(b, row->tries);
	add_cell(b, row->client_ip);
	add_cell(b, row->client_name);
	add_cell(b, row->msgid);
	buf_add_str(b, "\r\n");
	buf_fini(&made);
}

/* False when the client is gone. */
static bool
write_page(struct request *r, const struct search_page *page, bool csv)
{
	struct buf b = {0};
	for (size_t i = 0; i < page->n; i++) {
		if (csv)
			add_csv(&b, &page->rows[i]);
		else
			row_add_json(&b, &page->rows[i]);
	}
	bool ok = pipe_write(r->answer.pipe, buf_slice(&b));
	buf_fini(&b);
	return ok;
}

/* Each page has the time limit of a query; the whole has none. */
static void
write_all(struct worker *w, struct request *r, struct search *s, bool csv)
{
	int64_t left = viewer_most_rows(&r->viewer);
	const struct search_page *page;
	struct error err;
	bool all = left == 0, more = true;
	(void)w;
	if (csv)
		more = pipe_write(r->answer.pipe, slice_of_str(header));
	while (more && (all || left > 0)) {
		size_t limit = all || left > PAGE_ROWS ? PAGE_ROWS : (size_t)left;
		more = search_page(s, limit, &page, &err) && write_page(r, page, csv) && page->more;
		left -= (int64_t)page->n;
	}
}

void
api_export(struct worker *w, struct request *r)
{
	static const char *const formats[] = {"csv", "ndjson", NULL};
	struct query_node *tree;
	struct search_options options = {.budget_us = w->budget_us};
	size_t format;
	if (!request_choice(r, "format", formats, &format) ||
		!worker_parse(w, r, request_arg(r, "q"), &tree))
		return;
	struct search *s = worker_search(w, r, tree, &options);
	if (!s)
		return;
	char most[24];
	snprintf(most, sizeof(most), "%" PRId64, viewer_most_rows(&r->viewer));
	answer_text(r, format ? "application/x-ndjson" : "text/csv; charset=utf-8; header=present");
	answer_header(r, "Content-Disposition",
		format ? "attachment; filename=\"messages.ndjson\""
		       : "attachment; filename=\"messages.csv\"");
	if (strcmp(most, "0") != 0)
		answer_header(r, "X-Row-Limit", request_text(r, slice_of_str(most)));
	worker_begin_stream(w, r);
	write_all(w, r, s, format == 0);
	search_end(&s);
}
