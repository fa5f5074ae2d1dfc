#include "wire/msgtrk.h"

#include "base/time.h"
#include "wire/csv.h"

static const char *const names[MSGTRK_COLUMN_COUNT] = {
	[MSGTRK_DATE_TIME] = "date-time",
	[MSGTRK_CLIENT_IP] = "client-ip",
	[MSGTRK_CLIENT_HOSTNAME] = "client-hostname",
	[MSGTRK_SERVER_IP] = "server-ip",
	[MSGTRK_SERVER_HOSTNAME] = "server-hostname",
	[MSGTRK_SOURCE_CONTEXT] = "source-context",
	[MSGTRK_CONNECTOR_ID] = "connector-id",
	[MSGTRK_SOURCE] = "source",
	[MSGTRK_EVENT_ID] = "event-id",
	[MSGTRK_INTERNAL_MESSAGE_ID] = "internal-message-id",
	[MSGTRK_MESSAGE_ID] = "message-id",
	[MSGTRK_NETWORK_MESSAGE_ID] = "network-message-id",
	[MSGTRK_RECIPIENT_ADDRESS] = "recipient-address",
	[MSGTRK_RECIPIENT_STATUS] = "recipient-status",
	[MSGTRK_TOTAL_BYTES] = "total-bytes",
	[MSGTRK_RECIPIENT_COUNT] = "recipient-count",
	[MSGTRK_RELATED_RECIPIENT_ADDRESS] = "related-recipient-address",
	[MSGTRK_REFERENCE] = "reference",
	[MSGTRK_MESSAGE_SUBJECT] = "message-subject",
	[MSGTRK_SENDER_ADDRESS] = "sender-address",
	[MSGTRK_RETURN_PATH] = "return-path",
	[MSGTRK_MESSAGE_INFO] = "message-info",
	[MSGTRK_DIRECTIONALITY] = "directionality",
	[MSGTRK_TENANT_ID] = "tenant-id",
	[MSGTRK_ORIGINAL_CLIENT_IP] = "original-client-ip",
	[MSGTRK_ORIGINAL_SERVER_IP] = "original-server-ip",
	[MSGTRK_CUSTOM_DATA] = "custom-data",
	[MSGTRK_TRANSPORT_TRAFFIC_TYPE] = "transport-traffic-type",
	[MSGTRK_LOG_ID] = "log-id",
	[MSGTRK_SCHEMA_VERSION] = "schema-version",
};

static void
clear(struct msgtrk_columns *columns)
{
	columns->field_count = 0;
	memset(columns->at, -1, sizeof(columns->at));
	memset(columns->meaning, -1, sizeof(columns->meaning));
}

static void
add_column(struct msgtrk_columns *columns, int column)
{
	unsigned at = columns->field_count++;
	if (at >= MSGTRK_FIELDS_MAX || column < 0 || columns->at[column] >= 0)
		return;
	columns->at[column] = (int16_t)at;
	columns->meaning[at] = (int16_t)column;
}

static int
column_of(struct slice name)
{
	for (int i = 0; i < MSGTRK_COLUMN_COUNT; i++)
		if (slice_equal_nocase(slice_of_str(names[i]), name))
			return i;
	return -1;
}

enum msgtrk_kind
msgtrk_look(struct slice record, struct msgtrk_columns *columns)
{
	if (record.n == 0 || *record.p == '#') {
		struct cursor c = cursor_of(record);
		if (!cursor_optional(&c, S("#Fields:")))
			return MSGTRK_COMMENT;
		struct slice rest = slice_trim(cursor_rest(&c)), name;
		clear(columns);
		while (csv_next(&rest, &name))
			add_column(columns, column_of(slice_trim(name)));
		return MSGTRK_FIELDS;
	}
	return MSGTRK_ROW;
}

static int64_t
read_time(struct slice field)
{
	struct cursor c = cursor_of(field);
	cursor_optional(&c, S("\""));
	int64_t t_us = time_read_iso(&c, 0);
	return cursor_ok(&c) ? t_us : 0;
}

bool
msgtrk_guess_columns(struct slice row, struct msgtrk_columns *columns)
{
	struct slice rest = row, field;
	unsigned n = 0;
	clear(columns);
	if (!csv_next(&rest, &field) || read_time(field) == 0)
		return false;
	for (n = 1; csv_next(&rest, &field) && n <= MSGTRK_COLUMN_COUNT;)
		n++;
	if (n != 21 && n != 26 && n != 27 && n != 29 && n != 30)
		return false;
	for (int i = 0; columns->field_count < n; i++)
		if (i != MSGTRK_NETWORK_MESSAGE_ID || n > 26) /* came with Exchange 2013 */
			add_column(columns, i);
	return true;
}

/* ---- among other lines ---- */

enum {
	STAMP_BYTES = 20, /* 2026-11-22T01:00:00Z, at least */
	FEW_COMMAS = 10,  /* no text of another program has so many behind a stamp */
};

static bool
begins_with_stamp(struct slice s)
{
	return s.n > STAMP_BYTES && s.p[4] == '-' && s.p[7] == '-' && s.p[10] == 'T' &&
	       s.p[13] == ':';
}

/* A row has its stamp up to the first comma; the stamp of a syslog line ends with a blank. */
static bool
is_row(struct slice s)
{
	ptrdiff_t comma = begins_with_stamp(s) ? slice_find_char(s, ',') : -1;
	if (comma < STAMP_BYTES - 1 || slice_find_char(slice_head(s, (size_t)comma), ' ') >= 0)
		return false;
	size_t commas = 0;
	for (size_t i = 0; i < s.n && commas < FEW_COMMAS; i++)
		commas += s.p[i] == ',';
	return commas == FEW_COMMAS;
}

static bool
is_comment(struct slice s)
{
	static const char *const heads[] = {
		"#Fields:", "#Software:", "#Version:", "#Log-type:", "#Date:"};
	for (size_t i = 0; s.n && *s.p == '#' && i < sizeof(heads) / sizeof(*heads); i++)
		if (slice_starts(s, slice_of_str(heads[i])))
			return true;
	return false;
}

bool
msgtrk_begins(struct slice text)
{
	return is_row(text) || is_comment(text);
}

struct slice
msgtrk_text_without_tag(struct slice frame, const struct line *line)
{
	const char *p = line->program.p, *end = frame.p + frame.n;
	bool inside = line->program.n && p >= frame.p && p < end;
	return inside ? slice_of(p, (size_t)(end - p)) : line->text;
}

/* ---- rows ---- */

/* The field with its quotes. */
static struct slice
raw_field(const struct msgtrk_columns *columns, struct slice row, enum msgtrk_column column)
{
	struct slice field;
	int at = columns->at[column];
	while (at >= 0 && csv_next(&row, &field))
		if (at-- == 0)
			return field;
	return slice_of("", 0);
}

struct slice
msgtrk_field(const struct msgtrk_columns *columns, struct slice row, enum msgtrk_column column,
	struct arena *scratch)
{
	return csv_unquote(raw_field(columns, row, column), scratch);
}

unsigned
msgtrk_split(const struct msgtrk_columns *columns, struct slice row, struct arena *scratch,
	struct slice fields[MSGTRK_COLUMN_COUNT])
{
	unsigned n = 0;
	struct slice field;
	for (int i = 0; i < MSGTRK_COLUMN_COUNT; i++)
		fields[i] = slice_of("", 0);
	for (; csv_next(&row, &field); n++)
		if (n < MSGTRK_FIELDS_MAX && columns->meaning[n] >= 0)
			fields[columns->meaning[n]] = csv_unquote(field, scratch);
	return n;
}

/* A host name needs no doubled quotes; the outer ones are taken off. */
static struct slice
without_quotes(struct slice s)
{
	return s.n >= 2 && *s.p == '"' ? slice_head(slice_skip(s, 1), s.n - 2) : s;
}

bool
msgtrk_read(struct slice row, const struct msgtrk_columns *columns, struct line *line)
{
	struct slice host = raw_field(columns, row, MSGTRK_SERVER_HOSTNAME);
	if (host.n == 0)
		host = raw_field(columns, row, MSGTRK_CLIENT_HOSTNAME);
	*line = (struct line){
		.raw = row,
		.t_us = read_time(raw_field(columns, row, MSGTRK_DATE_TIME)),
		.host = without_quotes(host),
		.program = S("MSGTRK"),
		.text = row,
		.columns = columns,
	};
	return line->t_us != 0;
}
