#include "store/search_part.h"

#include "base/memory.h"
#include "trace/hop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct query_names
search_reasons(void)
{
	static const char *names[REASON_COUNT];
	for (int i = 1; i < REASON_COUNT; i++)
		names[i - 1] = reason_name((enum reason)i);
	return (struct query_names){names, REASON_COUNT - 1};
}

const char *
search_relation_name(enum search_relation relation)
{
	return relation == SEARCH_EXACTLY ? "eq" : "gte";
}

/* Cursor ------------------------------------------------------------------------------------------
 */

static uint64_t
hash_tree(const struct query_node *tree)
{
	struct buf text = {0};
	query_add_canonical(&text, tree);
	uint64_t hash = slice_hash(buf_slice(&text), 2);
	buf_fini(&text);
	return hash;
}

/* "HASH.T.A.B.SKIP.T.A.B.SKIP", numbers in hex: the query, then where the two streams go on. */
static void
add_cursor(struct buf *b, const struct search *s)
{
	buf_addf(b, "%" PRIx64, s->tree_hash);
	for (int table = 0; table < QUERY_TABLES; table++) {
		struct search_position p = search_stream_position(&s->streams[table]);
		buf_addf(b, ".%" PRIx64 ".%" PRIx64 ".%s.%x", (uint64_t)p.t_us, (uint64_t)p.a, p.b,
			p.skip);
	}
}

static bool
read_hex(struct slice *rest, uint64_t *v)
{
	struct slice word;
	char text[20], *end;
	if (!slice_split(rest, '.', &word) || word.n == 0 || word.n > 16)
		return false;
	memcpy(text, word.p, word.n);
	text[word.n] = '\0';
	*v = strtoull(text, &end, 16);
	return *end == '\0' && text[0] != '-' && text[0] != '+' && text[0] != ' ';
}

static bool
read_position(struct slice *rest, struct search_position *p)
{
	uint64_t t, a, skip;
	struct slice b;
	if (!read_hex(rest, &t) || !read_hex(rest, &a) || !slice_split(rest, '.', &b) ||
		b.n >= sizeof(p->b) || !read_hex(rest, &skip) || skip > UINT32_MAX)
		return false;
	for (size_t i = 0; i < b.n; i++)
		if (!slice_is_digit(b.p[i]) && b.p[i] != '-' && !(b.p[i] >= 'a' && b.p[i] <= 'f'))
			return false;
	*p = (struct search_position){.t_us = (int64_t)t, .a = (int64_t)a, .skip = (uint32_t)skip};
	memcpy(p->b, b.p, b.n);
	return true;
}

static bool
read_cursor(struct search *s, struct slice text, struct query_error *err)
{
	struct slice rest = text;
	uint64_t hash;
	struct search_position positions[QUERY_TABLES];
	bool ok = read_hex(&rest, &hash) && read_position(&rest, &positions[0]) &&
		  read_position(&rest, &positions[1]) && !rest.p;
	if (!ok || hash != s->tree_hash) {
		*err = (struct query_error){.message = ok ? S("the cursor is of another query")
							  : S("this is no cursor"),
			.hint = S("give it with the query of the page it came with")};
		return false;
	}
	for (int table = 0; table < QUERY_TABLES; table++)
		search_stream_go(&s->streams[table], &positions[table]);
	return true;
}

/* Begin and end
 * --------------------------------------------------------------------------------------- */

struct search *
search_begin(struct searcher *searcher, const struct query_node *tree,
	const struct search_options *options, struct query_error *query_err, struct error *err)
{
	static const struct query_sql_context context = {.mail_id = mail_id_of_msgid};
	struct search *s = memory_zero(1, sizeof(*s));
	s->searcher = searcher;
	s->options = *options;
	s->tree_hash = hash_tree(tree);
	*query_err = (struct query_error){0};
	bool ok = query_compile(&s->sql, tree, &context, options->scope, &s->arena, query_err) &&
		  searcher_look(searcher, err) &&
		  search_run_lookups(searcher, &s->sql, &s->arena, query_err, err);
	for (int table = 0; ok && table < QUERY_TABLES; table++)
		ok = search_stream_open(s, (enum query_table)table, err);
	s->streams[QUERY_MAILS].done |= options->rejects_only;
	s->streams[QUERY_REJECTS].done |= options->mails_only;
	if (ok && options->cursor.n)
		ok = read_cursor(s, options->cursor, query_err);
	if (!ok)
		search_end(&s);
	return s;
}

void
search_end(struct search **search)
{
	struct search *s = *search;
	if (!s)
		return;
	for (int table = 0; table < QUERY_TABLES; table++)
		PQclear(s->streams[table].rows);
	buf_fini(&s->page.cursor);
	arena_fini(&s->page_arena);
	arena_fini(&s->arena);
	free(s);
	*search = NULL;
}

/* Pages
 * ------------------------------------------------------------------------------------------------
 */

/* The stream whose next row is the newest; NULL when neither has one. */
static struct search_stream *
newest(struct search *s)
{
	struct search_stream *mails = &s->streams[QUERY_MAILS],
			     *rejects = &s->streams[QUERY_REJECTS];
	if (!search_stream_has(mails))
		return search_stream_has(rejects) ? rejects : NULL;
	if (!search_stream_has(rejects))
		return mails;
	return search_stream_time(rejects) > search_stream_time(mails) ? rejects : mails;
}

/* What an index answers comes before what is scanned; of equals, the one that is less far back. */
static bool
goes_first(const struct search_stream *a, const struct search_stream *b)
{
	bool scan_a = a->chosen && !a->candidate, scan_b = b->chosen && !b->candidate;
	if (scan_a != scan_b)
		return scan_b;
	return search_stream_scanned(a) > search_stream_scanned(b);
}

/* The stream that must be read further before the newest row at hand is known to be the next one.
 * None is read further than that. */
static struct search_stream *
next_to_read(struct search *s, const struct search_stream *head)
{
	struct search_stream *next = NULL;
	for (int table = 0; table < QUERY_TABLES; table++) {
		struct search_stream *st = &s->streams[table];
		bool at_rest = search_stream_has(st) || st->done || st->late;
		if (at_rest || (head && search_stream_scanned(st) <= search_stream_time(head)))
			continue;
		if (!next || goes_first(st, next))
			next = st;
	}
	return next;
}

/* A page that finds nothing in its time still gets on. */
static bool
is_late(const struct search *s, const struct search_stream *st)
{
	return s->deadline_us && st->slices > 0 && time_now_us() >= s->deadline_us;
}

static void
take_row(struct search *s, struct search_stream *st, struct search_row *row,
	struct search_found *found, size_t *n_found)
{
	row->t_us = search_stream_time(st);
	if (st->table == QUERY_REJECTS) {
		search_load_reject(s, st->rows, st->at, row);
	} else {
		row->from_mails = true;
		row->mail_id = (uint64_t)search_i64(st->rows, st->at, 1);
		row->branch = (uint32_t)search_i32(st->rows, st->at, 2, 0);
		found[(*n_found)++] =
			(struct search_found){row->mail_id, row->branch, row->t_us, row};
	}
	search_stream_take(st);
}

static void
finish_page(struct search *s)
{
	struct search_page *page = &s->page;
	page->more = false;
	page->complete = true;
	page->scanned_us = INT64_MIN;
	for (int table = 0; table < QUERY_TABLES; table++) {
		const struct search_stream *st = &s->streams[table];
		page->more |= search_stream_has(st) || !st->done;
		if (!st->late)
			continue;
		page->complete = false;
		int64_t scanned_us = search_stream_scanned(st);
		page->scanned_us = scanned_us > page->scanned_us ? scanned_us : page->scanned_us;
	}
	buf_clear(&page->cursor);
	if (page->more)
		add_cursor(&page->cursor, s);
}

static bool
read_page(struct search *s, size_t limit, struct error *err)
{
	arena_reset(&s->page_arena);
	s->page = (struct search_page){.cursor = s->page.cursor};
	s->page.rows = arena_zero(&s->page_arena, (limit + 1) * sizeof(*s->page.rows));
	struct search_found *found = arena_new(&s->page_arena, (limit + 1) * sizeof(*found));
	size_t n_found = 0;
	s->deadline_us = s->options.budget_us ? time_now_us() + s->options.budget_us : 0;
	for (int table = 0; table < QUERY_TABLES; table++) {
		s->streams[table].slices = 0;
		s->streams[table].late = false;
	}
	while (s->page.n < limit) {
		struct search_stream *head = newest(s), *next = next_to_read(s, head);
		if (next && is_late(s, next))
			next->late = true;
		else if (next && !search_stream_step(s, next, limit - s->page.n + 1, err))
			return false;
		else if (!next && !head)
			break;
		else if (!next)
			take_row(s, head, &s->page.rows[s->page.n++], found, &n_found);
	}
	finish_page(s);
	return search_load_mails(s, found, n_found, err);
}

/* Orders that no index has: of as many as can be held, the newest ones. */
#define MOST_SORTED 5000

/* Unknown is behind everything, either way round. */
static int
compare_numbers(int64_t a, int64_t b, int64_t unknown, bool ascending)
{
	if ((a == unknown) != (b == unknown))
		return a == unknown ? 1 : -1;
	return a == b ? 0 : (a < b) == ascending ? -1 : 1;
}

static int
compare_texts(struct slice a, struct slice b, bool ascending)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;
	if (order == 0)
		order = a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
	return ascending ? order : -order;
}

static int
compare_rows(const struct search_row *a, const struct search_row *b, const struct query_sql *sql)
{
	bool up = sql->ascending;
	switch (sql->sort) {
	case QUERY_SORT_DELAY:
		return compare_numbers(a->took_ms, b->took_ms, -1, up);
	case QUERY_SORT_SIZE:
		return compare_numbers(a->size_bytes, b->size_bytes, -1, up);
	case QUERY_SORT_RCPTS:
		return compare_numbers(a->n_rcpts, b->n_rcpts, INT64_MIN, up);
	case QUERY_SORT_TRIES:
		return compare_numbers(a->tries, b->tries, -1, up);
	case QUERY_SORT_FROM:
		return compare_texts(a->from, b->from, up);
	case QUERY_SORT_TO:
		return compare_texts(a->rcpts[0], b->rcpts[0], up);
	case QUERY_SORT_STATUS:
		return compare_numbers(a->status, b->status, INT64_MIN, up);
	case QUERY_SORT_SCORE:
		return compare_numbers(a->score_thousandths, b->score_thousandths, INT64_MIN, up);
	case QUERY_SORT_TIME:
		break;
	}
	return compare_numbers(a->t_us, b->t_us, INT64_MIN, up);
}

/* Stays in the order of time where the sort knows no other. */
static void
sort_rows(struct search *s)
{
	size_t n = s->page.n;
	struct search_row *spare = memory_new((n + 1) * sizeof(*spare));
	for (size_t width = 1; width < n; width *= 2) {
		for (size_t at = 0; at < n; at += 2 * width) {
			size_t left = at, middle = at + width < n ? at + width : n, right = middle;
			size_t end = at + 2 * width < n ? at + 2 * width : n;
			for (size_t i = at; i < end; i++) {
				bool first = right >= end ||
					     (left < middle &&
						     compare_rows(&s->page.rows[left],
							     &s->page.rows[right], &s->sql) <= 0);
				spare[i] = s->page.rows[first ? left++ : right++];
			}
		}
		memcpy(s->page.rows, spare, n * sizeof(*spare));
	}
	free(spare);
}

static bool
read_sorted_page(struct search *s, size_t limit, struct error *err)
{
	struct search_page *page = &s->page;
	if (!s->sorted) {
		if (!read_page(s, MOST_SORTED, err))
			return false;
		if (page->more && page->complete)
			page->scanned_us = page->rows[page->n - 1].t_us;
		page->complete = !page->more;
		sort_rows(s);
		s->sorted = page->rows;
		s->n_sorted = page->n;
	}
	page->rows = s->sorted;
	page->n = s->n_sorted < limit ? s->n_sorted : limit;
	s->sorted += page->n;
	s->n_sorted -= page->n;
	page->more = s->n_sorted > 0;
	buf_clear(&page->cursor);
	return true;
}

bool
search_page(struct search *s, size_t limit, const struct search_page **page, struct error *err)
{
	bool by_time = s->sql.sort == QUERY_SORT_TIME && !s->sql.ascending;
	*page = &s->page;
	return by_time ? read_page(s, limit, err) : read_sorted_page(s, limit, err);
}

/* How many
 * -----------------------------------------------------------------------------------------------
 */

bool
search_count(struct search *s, int64_t budget_us, struct search_total *total, struct error *err)
{
	int64_t now_us = time_now_us();
	bool whole[QUERY_TABLES] = {true, true};
	uint64_t n[QUERY_TABLES] = {0, 0};
	for (int table = 0; table < QUERY_TABLES; table++) {
		bool left_out =
			table == QUERY_MAILS ? s->options.rejects_only : s->options.mails_only;
		/* The first one leaves time for the second. */
		int64_t share_us = table == QUERY_MAILS ? budget_us * 2 / 3 : budget_us;
		int64_t deadline_us = budget_us ? now_us + share_us : 0;
		if (!left_out && !search_stream_count(s, &s->streams[table], deadline_us, &n[table],
					 &whole[table], err))
			return false;
	}
	*total = (struct search_total){.mails = n[QUERY_MAILS],
		.rejects = n[QUERY_REJECTS],
		.relation = whole[0] && whole[1] ? SEARCH_EXACTLY : SEARCH_MORE_THAN};
	return true;
}

bool
search_names_known(const struct search *s, const struct query_node **field)
{
	for (size_t i = 0; i < s->sql.n_lookups; i++) {
		const struct query_lookup *l = s->sql.lookups[i];
		if (l->kind != QUERY_LOOKUP_REGEX && strcmp(l->result[0], "{}") == 0 &&
			strcmp(l->result[1], "{}") == 0) {
			*field = l->field;
			return false;
		}
	}
	return true;
}

void
search_stored(const struct search *s, int64_t *from_us, int64_t *to_us)
{
	const struct searcher *searcher = s->searcher;
	*to_us = searcher->n_spans ? searcher->spans[0].to_us : 0;
	*from_us = searcher->n_spans ? searcher->spans[searcher->n_spans - 1].from_us : 0;
}

void
search_range(const struct search *s, int64_t *from_us, int64_t *to_us)
{
	search_stored(s, from_us, to_us);
	if (s->sql.from_us > *from_us)
		*from_us = s->sql.from_us;
	if (s->sql.to_us < *to_us)
		*to_us = s->sql.to_us;
	if (*from_us > *to_us)
		*from_us = *to_us = 0;
}
