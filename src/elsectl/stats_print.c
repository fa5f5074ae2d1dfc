/* Figures for programs and for people. The names in JSON are a contract (elsectl(1), "stats
 * --json"). */
#include "elsectl/stats.h"

#include "base/json.h"
#include "elsectl/table.h"
#include "show/text.h"
#include "elsectl/zone.h"

static void
open_object(struct buf *b, const char *name)
{
	json_add_key(b, name);
	buf_add_char(b, '{');
}

static void
add_statuses(struct buf *b, const char *name, const int64_t counts[STATUS_COUNT])
{
	open_object(b, name);
	for (int i = 0; i < STATUS_COUNT; i++)
		if (counts[i])
			json_add_field_i64(b, status_name((enum status)i), counts[i]);
	buf_add_char(b, '}');
}

static void
add_reasons(struct buf *b, const char *name, const int64_t counts[REASON_COUNT])
{
	open_object(b, name);
	for (int i = REASON_NONE + 1; i < REASON_COUNT; i++)
		if (counts[i])
			json_add_field_i64(b, reason_name((enum reason)i), counts[i]);
	buf_add_char(b, '}');
}

static void
add_cell(struct buf *b, const struct stats_cell *cell)
{
	json_add_field_i64(b, "mails", cell->mails);
	json_add_field_i64(b, "deliveries", cell->deliveries);
	json_add_field_i64(b, "rejects", cell->rejects);
	json_add_field_i64(b, "bytes", cell->bytes);
}

static void
add_ways(const struct stats *s, struct buf *b)
{
	open_object(b, "by_way");
	for (int i = 0; i < WAY_COUNT; i++) {
		open_object(b, way_name((enum way)i));
		add_cell(b, &s->by_way[i]);
		add_statuses(b, "by_status", s->way_status[i]);
		buf_add_char(b, '}');
	}
	buf_add_char(b, '}');
}

/* The names are log text: a key of the object, so a string like any other. */
static void
add_list(struct buf *b, enum stats_by by, const struct stats_list *list)
{
	struct buf name = {0};
	buf_addf(&name, "by_%s", stats_by_name(by));
	open_object(b, buf_str(&name));
	for (size_t i = 0; i < list->n; i++) {
		json_add_comma(b);
		json_add_string(b, list->items[i].name);
		buf_add_str(b, ":{");
		add_cell(b, &list->items[i].cell);
		buf_add_char(b, '}');
	}
	buf_add_char(b, '}');
	buf_fini(&name);
}

void
stats_add_json(const struct stats *s, unsigned wanted, struct buf *b)
{
	buf_add_char(b, '{');
	json_add_field_time(b, "from", s->from_us);
	json_add_field_time(b, "to", s->to_us);
	add_cell(b, &s->all);
	add_statuses(b, "by_status", s->by_status);
	add_ways(s, b);
	add_list(b, STATS_HOST, &s->lists[STATS_HOST]);
	add_reasons(b, "by_reason", s->by_reason);
	add_statuses(b, "rejects_by_status", s->rejects_by_status);
	add_reasons(b, "rejects_by_reason", s->rejects_by_reason);
	for (int by = STATS_HOUR; by < STATS_BY_COUNT; by++)
		if (wanted & 1u << by)
			add_list(b, (enum stats_by)by, &s->lists[by]);
	buf_add_str(b, "}\n");
}

/* ---- for people ---- */

static void
put_cell(struct table *t, const struct stats_cell *cell)
{
	struct buf b = {0};
	table_cell_number(t, (uint64_t)cell->mails);
	table_cell_number(t, (uint64_t)cell->deliveries);
	table_cell_number(t, (uint64_t)cell->rejects);
	text_add_bytes(&b, cell->bytes > 0 ? (uint64_t)cell->bytes : 0);
	table_cell(t, STYLE_PLAIN, buf_slice(&b));
	buf_fini(&b);
}

static void
finish(struct table *t, struct output *o)
{
	if (table_rows(t)) {
		output_str(o, "\n");
		table_print(t, o);
	}
	table_free(&t);
}

static struct table *
new_cells(struct table_column columns[5], const char *title)
{
	columns[0] = (struct table_column){title, TABLE_SHRINKS, 12};
	columns[1] = (struct table_column){"mails", TABLE_RIGHT, 0};
	columns[2] = (struct table_column){"deliveries", TABLE_RIGHT, 0};
	columns[3] = (struct table_column){"rejects", TABLE_RIGHT, 0};
	columns[4] = (struct table_column){"bytes", TABLE_RIGHT, 0};
	return table_new(columns, 5);
}

static void
print_ways(const struct stats *s, struct output *o)
{
	struct table_column columns[5];
	struct table *t = new_cells(columns, "way");
	for (int i = 0; i < WAY_COUNT; i++) {
		const struct stats_cell *cell = &s->by_way[i];
		if (!cell->mails && !cell->deliveries && !cell->rejects)
			continue;
		table_cell(t, STYLE_PLAIN, slice_of_str(way_name((enum way)i)));
		put_cell(t, cell);
	}
	finish(t, o);
}

static void
print_list(const struct stats *s, enum stats_by by, struct output *o)
{
	struct table_column columns[5];
	struct table *t = new_cells(columns, stats_by_name(by));
	for (size_t i = 0; i < s->lists[by].n; i++) {
		table_cell(t, STYLE_PLAIN, s->lists[by].items[i].name);
		put_cell(t, &s->lists[by].items[i].cell);
	}
	finish(t, o);
}

/* Two columns of counts side by side: deliveries and refusals by the same word. */
static void
print_counts(struct output *o, const char *title, int n, const char *(*name)(int),
	const int64_t *deliveries, const int64_t *rejects)
{
	const struct table_column columns[] = {{title, TABLE_LEFT, 0},
		{"deliveries", TABLE_RIGHT, 0}, {"rejects", TABLE_RIGHT, 0}};
	struct table *t = table_new(columns, 3);
	for (int i = 0; i < n; i++) {
		if (*name(i) == '\0' || (!deliveries[i] && !rejects[i]))
			continue;
		table_cell(t, STYLE_PLAIN, slice_of_str(name(i)));
		table_cell_number(t, (uint64_t)deliveries[i]);
		table_cell_number(t, (uint64_t)rejects[i]);
	}
	finish(t, o);
}

static const char *
name_of_status(int i)
{
	return status_name((enum status)i);
}

static const char *
name_of_reason(int i)
{
	return reason_name((enum reason)i);
}

static void
print_totals(const struct stats *s, struct output *o)
{
	struct buf b = {0};
	zone_add_time(&b, s->from_us);
	buf_add_str(&b, " to ");
	zone_add_time(&b, s->to_us);
	buf_add_str(&b, " ");
	zone_add_name(&b, s->to_us);
	buf_add_str(&b, "\nMails       ");
	text_add_number(&b, (uint64_t)s->all.mails);
	buf_add_str(&b, ", ");
	text_add_bytes(&b, s->all.bytes > 0 ? (uint64_t)s->all.bytes : 0);
	buf_add_str(&b, "\nDeliveries  ");
	text_add_number(&b, (uint64_t)s->all.deliveries);
	buf_add_str(&b, "\nRejects     ");
	text_add_number(&b, (uint64_t)s->all.rejects);
	buf_add_char(&b, '\n');
	output_str(o, buf_str(&b));
	buf_fini(&b);
}

void
stats_print(const struct stats *s, unsigned wanted, struct output *o)
{
	print_totals(s, o);
	if (wanted & 1u << STATS_WAY)
		print_ways(s, o);
	if (wanted & 1u << STATS_STATUS)
		print_counts(o, "status", STATUS_COUNT, name_of_status, s->by_status,
			s->rejects_by_status);
	if (wanted & 1u << STATS_REASON)
		print_counts(o, "reason", REASON_COUNT, name_of_reason, s->by_reason,
			s->rejects_by_reason);
	if (wanted & 1u << STATS_HOST)
		print_list(s, STATS_HOST, o);
	for (int by = STATS_HOUR; by < STATS_BY_COUNT; by++)
		if (wanted & 1u << by)
			print_list(s, (enum stats_by)by, o);
}
