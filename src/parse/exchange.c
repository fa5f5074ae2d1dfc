#include "parse/exchange.h"

#include "parse/filter_read.h"
#include "parse/postfix.h"
#include "wire/csv.h"
#include "wire/msgtrk.h"

/* Columns that are a text field of the event as they stand. */
static const size_t text_offsets[MSGTRK_COLUMN_COUNT] = {
	[MSGTRK_CLIENT_IP] = offsetof(struct event, client_ip),
	[MSGTRK_CLIENT_HOSTNAME] = offsetof(struct event, client_name),
	[MSGTRK_SERVER_IP] = offsetof(struct event, relay_ip),
	[MSGTRK_SERVER_HOSTNAME] = offsetof(struct event, relay_name),
	[MSGTRK_SOURCE_CONTEXT] = offsetof(struct event, text),
	[MSGTRK_SOURCE] = offsetof(struct event, source),
	[MSGTRK_EVENT_ID] = offsetof(struct event, action),
	[MSGTRK_INTERNAL_MESSAGE_ID] = offsetof(struct event, qid),
	[MSGTRK_NETWORK_MESSAGE_ID] = offsetof(struct event, network_msgid),
	[MSGTRK_RECIPIENT_ADDRESS] = offsetof(struct event, rcpts),
	[MSGTRK_RECIPIENT_STATUS] = offsetof(struct event, rcpt_status),
	[MSGTRK_RELATED_RECIPIENT_ADDRESS] = offsetof(struct event, orig_to),
	[MSGTRK_REFERENCE] = offsetof(struct event, orig_qid),
	[MSGTRK_MESSAGE_SUBJECT] = offsetof(struct event, subject),
	[MSGTRK_DIRECTIONALITY] = offsetof(struct event, direction),
	[MSGTRK_ORIGINAL_CLIENT_IP] = offsetof(struct event, orig_client_ip),
};

static void
set_number(struct slice value, int64_t max, int64_t *number)
{
	uint64_t u;
	if (slice_to_u64(value, &u) && u <= (uint64_t)max)
		*number = (int64_t)u;
}

/* The return path comes after the sender address in every version, and wins. */
static void
set_sender(struct event *e, struct slice value)
{
	if (value.n)
		filter_set_from(e, slice_equal(value, S("<>")) ? slice_head(value, 0) : value);
}

static void
set_column(struct event *e, int column, struct slice value)
{
	int64_t nrcpt = -1;
	if (text_offsets[column])
		*(struct slice *)((char *)e + text_offsets[column]) = value;
	else if (column == MSGTRK_MESSAGE_ID && value.n)
		filter_set_msgid(e, value);
	else if (column == MSGTRK_SENDER_ADDRESS || column == MSGTRK_RETURN_PATH)
		set_sender(e, value);
	else if (column == MSGTRK_TOTAL_BYTES)
		set_number(value, INT64_MAX, &e->size_bytes);
	else if (column == MSGTRK_RECIPIENT_COUNT) {
		set_number(value, INT32_MAX, &nrcpt);
		e->nrcpt = (int32_t)nrcpt;
	}
}

static struct slice
without_quotes(struct slice field)
{
	if (field.n == 0 || field.p[0] != '"')
		return field;
	field = slice_skip(field, 1);
	return slice_ends(field, S("\"")) ? slice_head(field, field.n - 1) : field;
}

static void
read_row(const struct line *line, struct event *e)
{
	struct slice rest = line->text;
	struct slice field;
	for (unsigned n = 0; n < MSGTRK_FIELDS_MAX && csv_next(&rest, &field); n++)
		if (line->columns->meaning[n] >= 0)
			set_column(e, line->columns->meaning[n], without_quotes(field));
}

static const struct {
	const char *event_id;
	enum delivery_status status;
} statuses[] = {
	{"SEND", DELIVERY_SENT},
	{"SENDEXTERNAL", DELIVERY_SENT},
	{"DELIVER", DELIVERY_SENT},
	{"DEFER", DELIVERY_DEFERRED},
	{"SUBMITDEFER", DELIVERY_DEFERRED},
	{"FAIL", DELIVERY_BOUNCED},
	{"SUBMITFAIL", DELIVERY_BOUNCED},
	{"BADMAIL", DELIVERY_BOUNCED},
	{"POISONMESSAGE", DELIVERY_BOUNCED},
};

static enum delivery_status
status_of(struct slice event_id)
{
	for (size_t i = 0; i < FILTER_COUNT(statuses); i++)
		if (slice_equal(event_id, slice_of_str(statuses[i].event_id)))
			return statuses[i].status;
	return DELIVERY_NONE;
}

static bool
is_code(struct slice s)
{
	return s.n > 4 && s.p[0] >= '2' && s.p[0] <= '5' && slice_is_digit(s.p[1]) &&
	       slice_is_digit(s.p[2]) && (s.p[3] == ' ' || s.p[3] == '-') && slice_is_digit(s.p[4]);
}

/* The SMTP reply inside of a context: "08D7...;250 2.6.0 <a> [InternalId=7] Queued mail for
 * delivery;ClientSubmitTime:" and "[{LED=450 4.4.316 Connection refused};{FQDN=...}]". All of the
 * text when there is no reply code in it. */
static struct slice
find_reply(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		bool starts = i == 0 || (!slice_is_digit(text.p[i - 1]) && text.p[i - 1] != '.' &&
						text.p[i - 1] != '-');
		if (!starts || !is_code(slice_skip(text, i)))
			continue;
		struct slice reply = slice_skip(text, i);
		ptrdiff_t end = slice_find(reply, S(";ClientSubmitTime:"));
		if (end < 0)
			end = slice_find(reply, S("};{"));
		return end < 0 ? reply : slice_head(reply, (size_t)end);
	}
	return slice_head(text, 0);
}

/* A failure is told per recipient, a success by the next server's answer. */
static void
read_reply(struct event *e)
{
	bool failed = e->status == DELIVERY_DEFERRED || e->status == DELIVERY_BOUNCED;
	struct slice told = failed && e->rcpt_status.n ? e->rcpt_status : e->text;
	if (e->status == DELIVERY_NONE)
		return;
	e->reply = find_reply(told);
	if (failed && e->reply.n == 0)
		e->reply = told;
	postfix_read_reply(e);
	struct event code = {0};
	struct cursor c = cursor_of(e->reply);
	postfix_read_code(&c, &code);
	e->dsn = code.dsn;
	if (e->status == DELIVERY_BOUNCED &&
		(slice_contains(e->reply, S("QUEUE.Expired")) || slice_ends(e->dsn, S(".4.7"))))
		e->status = DELIVERY_EXPIRED;
}

enum parse_result
parse_msgtrk(const struct line *line, struct event *e)
{
	if (!line->columns)
		return PARSE_UNKNOWN;
	e->type = EVENT_EXCHANGE;
	read_row(line, e);
	if (e->action.n == 0)
		return PARSE_UNKNOWN;
	e->status = status_of(e->action);
	read_reply(e);
	if (slice_equal(e->action, S("DELIVER")))
		e->outcome = OUTCOME_STORED;
	return PARSE_OK;
}
