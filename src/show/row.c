#include "show/row.h"

#include "base/json.h"
#include "show/mail_id_text.h"

const char *
row_status_word(const struct search_row *row)
{
	return row->status == STATUS_COUNT ? "mixed" : status_name(row->status);
}

void
row_add_id(struct buf *b, const struct search_row *row)
{
	struct mail_id_text id = {.reject = !row->from_mails,
		.minute = mail_id_text_minute(row->t_us),
		.mail_id = row->mail_id,
		.branch = row->branch,
		.host = row->host,
		.hash = row->hash};
	mail_id_text_add(b, &id);
}

void
row_add_code(struct buf *b, const struct search_row *row)
{
	if (row->code)
		buf_addf(b, "%d.%d.%d", (int)(row->code / 1000000), (int)(row->code / 1000 % 1000),
			(int)(row->code % 1000));
	else if (row->smtp)
		buf_addf(b, "%d", (int)row->smtp);
}

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
row_add_json(struct buf *b, const struct search_row *row)
{
	struct buf word = {0};
	buf_add_char(b, '{');
	json_add_field_str(b, "kind", row->reject ? "reject" : "mail");
	row_add_id(&word, row);
	json_add_field(b, "id", buf_slice(&word));
	json_add_field_time(b, "time", row->t_us);
	json_add_field_str(b, "way", way_name(row->way));
	add_text(b, "from", row->from, row->has_from);
	add_text(b, "msgid", row->msgid, row->msgid.n);
	add_rcpts(b, row);
	json_add_field_str(b, "status", row_status_word(row));
	add_counts(b, row);
	buf_clear(&word);
	row_add_code(&word, row);
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

uint64_t
row_state(const struct search_row *row)
{
	struct slice lines = slice_of((const char *)row->counts, sizeof(row->counts));
	uint64_t who =
		row->mail_id ^ row->hash ^ ((uint64_t)row->branch << 32) ^ (uint64_t)row->t_us;
	return slice_hash(lines, who * 31 + (uint64_t)row->tries);
}
