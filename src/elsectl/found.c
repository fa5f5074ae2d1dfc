#include "elsectl/found.h"

#include "elsectl/table.h"
#include "elsectl/zone.h"
#include "show/row.h"
#include "show/text.h"

static void
add_sender(struct buf *b, const struct search_row *row)
{
	if (!row->has_from)
		buf_add_char(b, '?');
	else if (row->from.n == 0)
		buf_add_str(b, "<>");
	else
		buf_add(b, row->from);
}

/* The first recipient that matches, and how many more there are. */
static void
add_recipients(struct buf *b, const struct search_row *row)
{
	if (row->n_first)
		buf_add(b, row->rcpts[0]);
	else
		buf_add_char(b, row->n_rcpts ? '*' : '?');
	if (row->n_rcpts > 1)
		buf_addf(b, " +%u", (unsigned)(row->n_rcpts - (row->n_first > 0)));
}

/* "mailbox_full 4.2.2", or of a mail whose recipients fared differently, "1 deferred, 3 delivered".
 */
static void
add_why(struct buf *b, const struct search_row *row)
{
	if (row->status == STATUS_COUNT) {
		for (int i = 0; i < STATUS_COUNT; i++)
			if (row->counts[i])
				buf_addf(b, "%s%u %s", b->n ? ", " : "", (unsigned)row->counts[i],
					status_name((enum status)i));
		return;
	}
	if (row->reason == REASON_NONE)
		return;
	buf_add_str(b, reason_name(row->reason));
	if (row->code || row->smtp) {
		buf_add_char(b, ' ');
		row_add_code(b, row);
	}
}

static struct slice
host_of(const struct search_row *row)
{
	return row->n_hosts ? row->hosts[row->n_hosts - 1] : S("");
}

static void
add_row(struct table *t, const struct search_row *row, const struct output *o)
{
	struct buf b = {0};
	zone_add_time(&b, row->t_us);
	table_cell(t, STYLE_PLAIN, buf_slice(&b));
	table_cell(t, output_status_style(row->status), slice_of_str(row_status_word(row)));
	table_cell(t, STYLE_PLAIN, slice_of_str(way_name(row->way)));
	buf_clear(&b);
	add_sender(&b, row);
	table_cell(t, STYLE_PLAIN, buf_slice(&b));
	buf_clear(&b);
	buf_add(&b, output_arrow(o));
	buf_add_char(&b, ' ');
	add_recipients(&b, row);
	table_cell(t, STYLE_PLAIN, buf_slice(&b));
	buf_clear(&b);
	if (row->size_bytes >= 0)
		text_add_bytes(&b, (uint64_t)row->size_bytes);
	table_cell(t, STYLE_PLAIN, buf_slice(&b));
	buf_clear(&b);
	add_why(&b, row);
	table_cell(t, STYLE_PLAIN, buf_slice(&b));
	table_cell(t, STYLE_DIM, host_of(row));
	buf_clear(&b);
	row_add_id(&b, row);
	table_cell(t, STYLE_DIM, buf_slice(&b));
	buf_fini(&b);
}

void
found_print(struct output *o, const struct search_row *rows, size_t n)
{
	static const struct table_column columns[] = {{"time", TABLE_LEFT, 0},
		{"status", TABLE_LEFT, 0}, {"way", TABLE_LEFT, 0}, {"from", TABLE_SHRINKS, 12},
		{"to", TABLE_SHRINKS, 12}, {"size", TABLE_RIGHT, 0}, {"reason", TABLE_SHRINKS, 8},
		{"host", TABLE_SHRINKS, 4}, {"id", TABLE_LEFT, 0}};
	struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < n; i++)
		add_row(t, &rows[i], o);
	table_print(t, o);
	table_free(&t);
}

void
found_print_line(struct output *o, const struct search_row *row)
{
	struct buf b = {0};
	zone_add_time(&b, row->t_us);
	buf_add_str(&b, "  ");
	output_text(o, buf_slice(&b));
	output_styled(o, output_status_style(row->status), slice_of_str(row_status_word(row)));
	buf_clear(&b);
	buf_addf(&b, "  %s  ", way_name(row->way));
	add_sender(&b, row);
	buf_add_char(&b, ' ');
	buf_add(&b, output_arrow(o));
	buf_add_char(&b, ' ');
	add_recipients(&b, row);
	buf_add_str(&b, "  ");
	add_why(&b, row);
	buf_addf(&b, "%s%.*s  ", b.p[b.n - 1] == ' ' ? "" : "  ", SLICE_ARG(host_of(row)));
	row_add_id(&b, row);
	output_text(o, buf_slice(&b));
	output_str(o, "\n");
	buf_fini(&b);
}
