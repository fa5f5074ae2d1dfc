/*
 * Exchange message tracking logs (MSGTRK*.LOG; Microsoft, "Message tracking", Exchange 2007 to
 * 2019): CSV rows (wire/csv.h), UTC times, and comment lines "#Software: #Version: #Log-type:
 * #Date: #Fields:". Versions differ in their columns, so these are bound by the names that #Fields
 * gives.
 */
#ifndef ELSE_WIRE_MSGTRK_H
#define ELSE_WIRE_MSGTRK_H

#include "base/arena.h"
#include "wire/line.h"

enum msgtrk_column {
	MSGTRK_DATE_TIME,
	MSGTRK_CLIENT_IP,
	MSGTRK_CLIENT_HOSTNAME,
	MSGTRK_SERVER_IP,
	MSGTRK_SERVER_HOSTNAME,
	MSGTRK_SOURCE_CONTEXT,
	MSGTRK_CONNECTOR_ID,
	MSGTRK_SOURCE,
	MSGTRK_EVENT_ID,
	MSGTRK_INTERNAL_MESSAGE_ID,
	MSGTRK_MESSAGE_ID,
	MSGTRK_NETWORK_MESSAGE_ID,
	MSGTRK_RECIPIENT_ADDRESS,
	MSGTRK_RECIPIENT_STATUS,
	MSGTRK_TOTAL_BYTES,
	MSGTRK_RECIPIENT_COUNT,
	MSGTRK_RELATED_RECIPIENT_ADDRESS,
	MSGTRK_REFERENCE,
	MSGTRK_MESSAGE_SUBJECT,
	MSGTRK_SENDER_ADDRESS,
	MSGTRK_RETURN_PATH,
	MSGTRK_MESSAGE_INFO,
	MSGTRK_DIRECTIONALITY,
	MSGTRK_TENANT_ID,
	MSGTRK_ORIGINAL_CLIENT_IP,
	MSGTRK_ORIGINAL_SERVER_IP,
	MSGTRK_CUSTOM_DATA,
	MSGTRK_TRANSPORT_TRAFFIC_TYPE,
	MSGTRK_LOG_ID,
	MSGTRK_SCHEMA_VERSION,
	MSGTRK_COLUMN_COUNT
};

enum { MSGTRK_FIELDS_MAX = 100 }; /* columns of a file that are looked at */

struct msgtrk_columns {
	unsigned field_count;
	int16_t at[MSGTRK_COLUMN_COUNT]; /* number of the field, from 0; -1 = the file has none */
	int16_t meaning[MSGTRK_FIELDS_MAX]; /* the other way round */
};

enum msgtrk_kind {
	MSGTRK_ROW,
	MSGTRK_COMMENT,
	MSGTRK_FIELDS, /* a comment that names the columns, now in `columns` */
};

/* What the record is. Names that are not in the list above are passed over. */
enum msgtrk_kind msgtrk_look(struct slice record, struct msgtrk_columns *columns);

/* The columns of a row whose #Fields line is not at hand (it came by syslog, or the file lost its
 * head), told by the number of fields: Exchange 2007 has 21, 2010 26, 2013 27, 2016 29, 2019 30.
 * False for any other number, or when the first field is no time. */
bool msgtrk_guess_columns(struct slice row, struct msgtrk_columns *columns);

/* Whether a text can be (the first line of) a row, by its stamp and commas, or is one of the
 * comment lines: to find them among other lines. Cheap. */
bool msgtrk_begins(struct slice text);

/* The text of a syslog line that has no tag: syslog_read takes its beginning for one. Borrows from
 * `frame`, of which it made `line`. */
struct slice msgtrk_text_without_tag(struct slice frame, const struct line *line);

/* Makes a line of a row: time, host (server-hostname, else client-hostname), program "MSGTRK", text
 * = the row as it is. False when date-time is missing or none: the rest is set all the same, t_us
 * is 0. The line borrows from row and columns. */
bool msgtrk_read(struct slice row, const struct msgtrk_columns *columns, struct line *line);

/* One field of a row, without its quotes; empty when the file has no such column or the row ends
 * before. Borrows from the row; only a field with doubled quotes is made in `scratch`. Walks the
 * row from its start: who needs many fields calls msgtrk_split once. */
struct slice msgtrk_field(const struct msgtrk_columns *columns, struct slice row,
	enum msgtrk_column column, struct arena *scratch);

/* All known fields of a row at once, without quotes; missing ones are empty. Returns how many
 * fields the row has: differs from columns->field_count when the row is damaged. */
unsigned msgtrk_split(const struct msgtrk_columns *columns, struct slice row, struct arena *scratch,
	struct slice fields[MSGTRK_COLUMN_COUNT]);

#endif
