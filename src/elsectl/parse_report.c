#include "elsectl/parse_report.h"

#include "base/json.h"
#include "base/time.h"
#include "elsectl/table.h"
#include "show/text.h"

#include <stdlib.h>

enum { MOST_OTHERS = 500 };

void
parse_report_begin(struct parse_report *r)
{
	r->begun_us = time_now_us();
}

void
parse_report_fini(struct parse_report *r)
{
	map_fini(&r->others);
	arena_fini(&r->arena);
	shapes_fini(&r->shapes);
}

static struct parse_other *
find_other(struct parse_report *r, struct slice name)
{
	uint64_t hash = slice_hash(name, 0);
	for (struct map_node *n = map_first(&r->others, hash); n; n = map_next(n, hash)) {
		struct parse_other *other = MAP_ENTRY(n, struct parse_other, by_name);
		if (slice_equal(other->name, name))
			return other;
	}
	if (r->others.n >= MOST_OTHERS)
		return NULL;
	struct parse_other *other = arena_zero(&r->arena, sizeof(*other));
	other->name = arena_copy(&r->arena, name);
	map_add(&r->others, &other->by_name, hash);
	return other;
}

static void
count_other(struct parse_report *r, struct slice name)
{
	struct parse_other *other = r->last_other;
	if (!other || !slice_equal(other->name, name))
		other = find_other(r, name);
	if (other)
		other->lines++;
	else
		r->beyond++;
	r->last_other = other;
}

void
parse_report_line(struct parse_report *r, const struct line *line, const struct event *e,
	enum parse_result result)
{
	r->lines++;
	r->bytes += line->raw.n + 1;
	if (e->program == PROGRAM_OTHER && result == PARSE_IGNORED)
		count_other(r, line->program);
	else
		r->by_program[e->program][result]++;
	if (result == PARSE_UNKNOWN)
		shapes_add(&r->shapes, line);
}

struct row {
	struct slice name;
	uint64_t counts[PARSE_RESULTS];
	uint64_t lines;
};

static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	if (x->lines != y->lines)
		return x->lines > y->lines ? -1 : 1;
	size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
	int order = n ? memcmp(x->name.p, y->name.p, n) : 0;
	return order ? order : (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

/* Programs by lines, the busiest first; `rows` has room for all. */
static size_t
collect(const struct parse_report *r, struct row *rows)
{
	size_t n = 0;
	for (int i = 0; i < PROGRAM_COUNT; i++) {
		struct row *row = &rows[n];
		*row = (struct row){.name = slice_of_str(event_program_name((enum program)i))};
		for (int k = 0; k < PARSE_RESULTS; k++)
			row->lines += row->counts[k] = r->by_program[i][k];
		n += row->lines > 0;
	}
	for (struct map_node *node = map_walk(&r->others, NULL); node;
		node = map_walk(&r->others, node)) {
		const struct parse_other *other = MAP_ENTRY(node, struct parse_other, by_name);
		rows[n++] = (struct row){other->name.n ? other->name : S("(no name)"),
			{[PARSE_IGNORED] = other->lines}, other->lines};
	}
	if (r->beyond)
		rows[n++] = (struct row){
			S("(other programs)"), {[PARSE_IGNORED] = r->beyond}, r->beyond};
	qsort(rows, n, sizeof(*rows), compare_rows);
	return n;
}

static void
sum(const struct row *rows, size_t n, uint64_t *totals)
{
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < PARSE_RESULTS; k++)
			totals[k] += rows[i].counts[k];
}

static void
print_programs(struct output *o, const struct row *rows, size_t n)
{
	static const struct table_column columns[] = {{"program", TABLE_SHRINKS, 12},
		{"lines", TABLE_RIGHT, 0}, {"ok", TABLE_RIGHT, 0}, {"ignored", TABLE_RIGHT, 0},
		{"unknown", TABLE_RIGHT, 0}};
	struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < n; i++) {
		table_cell(t, STYLE_PLAIN, rows[i].name);
		table_cell_number(t, rows[i].lines);
		table_cell_number(t, rows[i].counts[PARSE_OK]);
		table_cell_number(t, rows[i].counts[PARSE_IGNORED]);
		table_cell_number(t, rows[i].counts[PARSE_UNKNOWN]);
	}
	table_print(t, o);
	table_free(&t);
}

static void
print_shapes(const struct parse_report *r, struct output *o)
{
	const struct shape *top[SHAPES_TOP_MAX];
	size_t n = shapes_top(&r->shapes, top, SHAPES_TOP_MAX);
	if (n == 0)
		return;
	output_str(o, "\nUnknown forms (N number, H host, A address, Q queue id), each with an "
		      "example:\n");
	for (size_t i = 0; i < n; i++) {
		buf_addf(&o->text, "%8llu  ", (unsigned long long)top[i]->count);
		output_text_cut(o, top[i]->text, 10);
		output_str(o, "\n          ");
		output_text_cut(o, top[i]->example, 10);
		output_str(o, "\n");
	}
	if (r->shapes.map.n > n)
		buf_addf(&o->text, "          and %zu other forms\n", r->shapes.map.n - n);
}

static void
print_rate(const struct parse_report *r, struct output *o, const uint64_t *totals, double seconds)
{
	struct buf *b = &o->text;
	text_add_number(b, r->lines);
	buf_add_str(b, " lines: ");
	text_add_number(b, totals[PARSE_OK]);
	buf_add_str(b, " ok, ");
	text_add_number(b, totals[PARSE_IGNORED]);
	buf_add_str(b, " ignored, ");
	text_add_number(b, totals[PARSE_UNKNOWN]);
	buf_add_str(b, " unknown; ");
	text_add_bytes(b, r->bytes);
	buf_addf(b, " in %.2f s, ", seconds);
	text_add_number(b, (uint64_t)((double)r->lines / seconds));
	buf_add_str(b, " lines/s\n");
}

static void
add_programs_json(struct buf *b, const struct row *rows, size_t n)
{
	json_add_key(b, "programs");
	buf_add_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		json_add_comma(b);
		buf_add_char(b, '{');
		json_add_field(b, "program", rows[i].name);
		json_add_field_i64(b, "lines", (int64_t)rows[i].lines);
		json_add_field_i64(b, "ok", (int64_t)rows[i].counts[PARSE_OK]);
		json_add_field_i64(b, "ignored", (int64_t)rows[i].counts[PARSE_IGNORED]);
		json_add_field_i64(b, "unknown", (int64_t)rows[i].counts[PARSE_UNKNOWN]);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

static void
add_json(const struct parse_report *r, struct buf *b, const struct row *rows, size_t n, bool mails,
	double seconds)
{
	uint64_t totals[PARSE_RESULTS] = {0};
	sum(rows, n, totals);
	buf_add_char(b, '{');
	json_add_field_i64(b, "lines", (int64_t)r->lines);
	json_add_field_i64(b, "ok", (int64_t)totals[PARSE_OK]);
	json_add_field_i64(b, "ignored", (int64_t)totals[PARSE_IGNORED]);
	json_add_field_i64(b, "unknown", (int64_t)totals[PARSE_UNKNOWN]);
	json_add_field_i64(b, "bytes", (int64_t)r->bytes);
	json_add_key(b, "seconds");
	buf_addf(b, "%.3f", seconds);
	json_add_field_i64(b, "lines_per_s", (int64_t)((double)r->lines / seconds));
	if (mails)
		tally_add_json(&r->tally, b);
	add_programs_json(b, rows, n);
	shapes_add_json(&r->shapes, b, SHAPES_TOP_MAX);
	buf_add_str(b, "}\n");
}

void
parse_report_print(const struct parse_report *r, struct app *app, bool mails)
{
	static struct row rows[PROGRAM_COUNT + MOST_OTHERS + 1];
	struct output *o = &app->out;
	double seconds = (double)(time_now_us() - r->begun_us) / 1e6;
	seconds = seconds > 1e-6 ? seconds : 1e-6;
	size_t n = collect(r, rows);
	if (app->json) {
		add_json(r, &o->text, rows, n, mails, seconds);
		return;
	}
	uint64_t totals[PARSE_RESULTS] = {0};
	sum(rows, n, totals);
	if (mails)
		tally_print(&r->tally, o);
	else
		print_programs(o, rows, n);
	if (!mails)
		print_shapes(r, o);
	output_str(o, "\n");
	print_rate(r, o, totals, seconds);
}
