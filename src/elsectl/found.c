#include "elsectl/found.h"

#include "base/json.h"
#include "elsectl/mail_id_text.h"
#include "elsectl/table.h"
#include "elsectl/text.h"
#include "elsectl/zone.h"

static const char *
status_word(const struct search_row *row)
{
	return row->status == STATUS_COUNT ? "mixed" : status_name(row->status);
}

static void
add_id(struct buf *b, const struct search_row *row)
{
	struct mail_id_text id = {.reject = !row->from_mails,
		.minute = mail_id_text_minute(row->t_us),
		.mail_id = row->mail_id,
		.branch = row->branch,
		.host = row->host,
		.hash = row->hash};
	mail_id_text_add(b, &id);
}

static void
add_code(struct buf *b, const struct search_row *row)
{
	if (row->code)
		buf_addf(b, "%d.%d.%d", (int)(row->code / 1000000), (int)(row->code / 1000 % 1000),
			(int)(row->code % 1000));
	else if (row->smtp)
		buf_addf(b, "%d", (int)row->smtp);
}

/* ---- JSON ---- */

static void
add_text(struct buf *b, const char *name, struct slice text, bool known)
{
	if (known)
		json_add_field(b, name, text);
	else
		json_add_field_str(b, name, NULL);
}

static void
add_number(struct buf *b, const char *name, int64_t value)
{
	if (value >= 0)
		json_add_field_i64(b, name, value);
	else
		json_add_field_str(b, name, NULL);
}

static void
add_list(struct buf *b, const char *name, const struct slice *list, size_t n)
{
	json_add_key(b, name);
	buf_add_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		json_add_comma(b);
		json_add_string(b, list[i]);
	}
	buf_add_char(b, ']');
}

static void
add_rcpts(struct buf *b, const struct search_row *row)
{
	json_add_key(b, "rcpts");
	buf_add_char(b, '{');
	json_add_field_i64(b, "count", row->n_rcpts);
	json_add_field_i64(b, "matched", row->n_matched);
	add_list(b, "first", row->rcpts, row->n_first);
	buf_add_char(b, '}');
}

static void
add_counts(struct buf *b, const struct search_row *row)
{
	json_add_key(b, "counts");
	buf_add_char(b, '{');
	for (int i = 0; i < STATUS_COUNT; i++)
		if (row->counts[i])
			json_add_field_i64(b, status_name((enum status)i), row->counts[i]);
	buf_add_char(b, '}');
}

static void
add_client(struct buf *b, const struct search_row *row)
{
	json_add_key(b, "client");
	buf_add_char(b, '{');
	add_text(b, "ip", row->client_ip, row->client_ip.n);
	add_text(b, "name", row->client_name, row->client_name.n);
	buf_add_char(b, '}');
}

void
found_add_json(struct buf *b, const struct search_row *row)
{
	struct buf word = {0};
	buf_add_char(b, '{');
	json_add_field_str(b, "kind", row->reject ? "reject" : "mail");
	add_id(&word, row);
	json_add_field(b, "id", buf_slice(&word));
	json_add_field_time(b, "time", row->t_us);
	json_add_field_str(b, "way", way_name(row->way));
	add_text(b, "from", row->from, row->has_from);
	add_text(b, "msgid", row->msgid, row->msgid.n);
	add_rcpts(b, row);
	json_add_field_str(b, "status", status_word(row));
	add_counts(b, row);
	buf_clear(&word);
	add_code(&word, row);
	add_text(b, "code", buf_slice(&word), word.n);
	add_text(b, "reason", slice_of_str(reason_name(row->reason)), row->reason != REASON_NONE);
	add_list(b, "hosts", row->hosts, row->n_hosts);
	add_list(b, "qids", row->qids, row->n_qids);
	add_number(b, "size", row->size_bytes);
	add_number(b, "took_ms", row->took_ms);
	add_number(b, "tries", row->tries);
	add_client(b, row);
	buf_add_str(b, "}\n");
	buf_fini(&word);
}

/* ---- for people ---- */

static enum style
style_of(const struct search_row *row)
{
	switch (row->status) {
	case STATUS_DELIVERED:
	case STATUS_RELAYED:
		return STYLE_GOOD;
	case STATUS_BOUNCED:
	case STATUS_EXPIRED:
	case STATUS_REJECTED:
	case STATUS_BLOCKED:
		return STYLE_BAD;
	default:
		return STYLE_WAIT;
	}
}

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
		add_code(b, row);
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
	table_cell(t, style_of(row), slice_of_str(status_word(row)));
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
	add_id(&b, row);
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
	output_styled(o, style_of(row), slice_of_str(status_word(row)));
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
	add_id(&b, row);
	output_text(o, buf_slice(&b));
	output_str(o, "\n");
	buf_fini(&b);
}
