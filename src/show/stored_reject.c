/* A refusal that made no mail, for `elsectl trace`. */
#include "show/trace_store.h"

#include "base/json.h"
#include "base/time.h"
#include "show/text.h"
#include "parse/parse.h"
#include "store/reject_lines.h"
#include "trace/trace.h"
#include "wire/msgtrk.h"
#include "wire/syslog.h"

#include <endian.h>
#include <stdlib.h>

#define PG_EPOCH_US (INT64_C(946684800) * TIME_SECOND_US) /* 2000-01-01 */

static void
drop_mail(void *context, struct mail *mail)
{
	(void)context;
	mail_free(&mail);
}

static void
keep_first(void *context, struct reject *reject)
{
	struct stored_reject *stored = context;
	if (stored->reject)
		free(reject);
	else
		stored->reject = reject;
}

/* Its lines through the correlator again, with the time and host that were stored. */
static void
replay(struct stored_reject *stored)
{
	struct trace_sink sink = {stored, drop_mail, keep_first};
	struct trace *trace = trace_new(&(struct trace_options){0}, &sink);
	struct syslog_clock clock;
	struct msgtrk_columns columns;
	syslog_clock_init(&clock, stored->t_us);
	for (size_t i = 0; i < stored->n_lines; i++) {
		struct line line = {0};
		struct event e;
		if (msgtrk_guess_columns(stored->lines[i].raw, &columns))
			msgtrk_read(stored->lines[i].raw, &columns, &line);
		else
			syslog_read(stored->lines[i].raw, &clock, &line);
		line.t_us = stored->lines[i].t_us;
		line.host = stored->host;
		if (parse_line(&line, &e) == PARSE_OK)
			trace_feed(trace, &e, &line);
	}
	trace_finish(trace);
	trace_free(&trace);
}

static uint64_t
field_u64(const PGresult *rows, int row, int column)
{
	uint64_t v;
	memcpy(&v, PQgetvalue(rows, row, column), sizeof(v));
	return be64toh(v);
}

static struct slice
field(const PGresult *rows, int row, int column)
{
	return slice_of(PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column));
}

static bool
query(struct trace_store *s, const struct mail_id_text *id, PGresult **rows, struct error *err)
{
	static const char sql[] = "SELECT r.t, r.status::int8, r.way::int8, r.reason::int8, "
				  "h.name, " REJECT_LINES_COLUMNS " FROM reject r "
				  "JOIN host h ON h.id = r.host WHERE r.m = $1::int4 AND r.host = "
				  "$2::int2 AND r.t >= $3::timestamptz "
				  "AND r.t < $3::timestamptz + interval '1 minute'";
	char minute[16], host[16];
	struct buf from = {0};
	snprintf(minute, sizeof(minute), "%d", (int)id->minute);
	snprintf(host, sizeof(host), "%d", (int)id->host);
	time_add_iso_ms(&from, mail_id_text_time_us(id->minute));
	const char *values[] = {minute, host, buf_str(&from)};
	bool ok = db_query(
		s->db, sql, &(struct db_params){.n = 3, .values = values}, DB_BINARY, rows, err);
	buf_fini(&from);
	return ok;
}

static bool
take_row(struct trace_store *s, const PGresult *rows, int i, struct stored_reject *reject,
	struct error *err)
{
	reject->t_us = (int64_t)field_u64(rows, i, 0) + PG_EPOCH_US;
	reject->status = (enum status)(field_u64(rows, i, 1) % STATUS_COUNT);
	reject->way = (enum way)(field_u64(rows, i, 2) % WAY_COUNT);
	reject->reason = (enum reason)(field_u64(rows, i, 3) % REASON_COUNT);
	reject->host = arena_copy(&reject->arena, field(rows, i, 4));
	if (!reject_lines_read(
		    s->evidence, rows, i, 5, &reject->arena, &reject->lines, &reject->n_lines, err))
		return error_prefix(err, "stored lines of the refusal %s", reject->id);
	replay(reject);
	return true;
}

bool
trace_store_reject(struct trace_store *s, const struct mail_id_text *id,
	struct stored_reject *reject, struct error *err)
{
	PGresult *rows;
	struct buf text = {0};
	bool ok = query(s, id, &rows, err);
	mail_id_text_add(&text, id);
	snprintf(reject->id, sizeof(reject->id), "%s", buf_str(&text));
	buf_fini(&text);
	for (int i = 0; ok && i < PQntuples(rows); i++) {
		if (slice_hash(field(rows, i, 6), 0) != id->hash)
			continue;
		ok = take_row(s, rows, i, reject, err);
		break;
	}
	if (ok)
		PQclear(rows);
	return ok;
}

void
stored_reject_fini(struct stored_reject *reject)
{
	free(reject->reject);
	arena_fini(&reject->arena);
	*reject = (struct stored_reject){0};
}

/* ---- output ---- */

static void
add_sentence(struct buf *b, const struct stored_reject *stored)
{
	const struct reject *r = stored->reject;
	text_add_safe(b, stored->host);
	buf_add_str(b, stored->status == STATUS_GREYLISTED ? " put off"
		       : stored->status == STATUS_CANCELED ? " lost"
		       : stored->status == STATUS_BLOCKED  ? " blocked"
							   : " refused");
	buf_add_str(b, r->has_from || r->to.n ? " a mail" : " a client");
	if (r->has_from) {
		buf_add_str(b, " from ");
		text_add_safe(b, r->from.n ? r->from : S("<>"));
	}
	if (r->to.n) {
		buf_add_str(b, " to ");
		text_add_safe(b, r->to);
	}
	buf_addf(b, ": %.*s ", SLICE_ARG(r->code));
	text_add_safe(b, r->text);
	buf_add_char(b, '.');
}

static bool
explain(const struct stored_reject *stored, struct codes_explanation *explanation)
{
	const struct reject *r = stored->reject;
	struct codes_question q = {.smtp = r->code,
		.dsn = r->dsn,
		.reason = stored->reason,
		.text = r->text,
		.we_said_it = true};
	return stored->status != STATUS_CANCELED && codes_explain(&q, explanation);
}

static enum codes_who
who_of(const struct stored_reject *stored)
{
	struct codes_explanation explanation;
	if (stored->status == STATUS_GREYLISTED)
		return CODES_WHO_NOBODY;
	return explain(stored, &explanation) ? explanation.who : CODES_WHO_SENDER;
}

static void
add_explanation(struct buf *b, const struct stored_reject *stored)
{
	const struct reject *r = stored->reject;
	struct codes_explanation explanation;
	buf_add_str(b, ",\"explain\":[");
	if (explain(stored, &explanation))
		view_add_explanation(b, r->dsn.n ? r->dsn : r->code, &explanation);
	buf_add_char(b, ']');
}

static void
add_some(struct buf *b, const char *name, struct slice text)
{
	if (text.n)
		json_add_field(b, name, text);
	else
		json_add_field_str(b, name, NULL);
}

static void
add_verdict(struct buf *b, const struct stored_reject *stored)
{
	struct buf text = {0};
	add_sentence(&text, stored);
	json_add_key(b, "verdict");
	buf_add_char(b, '{');
	json_add_field_str(b, "key", status_name(stored->status));
	json_add_field(b, "text", buf_slice(&text));
	json_add_field_str(b, "who_acts", codes_who_name(who_of(stored)));
	json_add_key(b, "counts");
	buf_addf(b, "{\"%s\":1}}", status_name(stored->status));
	buf_fini(&text);
}

static void
add_hop(struct buf *b, const struct stored_reject *stored)
{
	const struct reject *r = stored->reject;
	buf_add_str(b, ",\"hops\":[{\"n\":1");
	json_add_field(b, "host", stored->host);
	json_add_field_str(b, "role", NULL);
	add_some(b, "qid", r->qid);
	json_add_field_str(b, "instance", NULL);
	json_add_field_time(b, "arrived", stored->t_us);
	json_add_field_time(b, "left", stored->t_us);
	json_add_key(b, "client");
	buf_add_char(b, '{');
	add_some(b, "ip", r->client_ip);
	add_some(b, "name", r->client_name);
	add_some(b, "helo", r->helo);
	json_add_field_str(b, "tls", NULL);
	add_some(b, "user", r->sasl_user);
	buf_add_str(b, "},\"checks\":[],\"next\":[],\"gap_ms\":null}]");
}

static void
add_delivery(struct buf *b, const struct stored_reject *stored)
{
	const struct reject *r = stored->reject;
	struct slice code = r->dsn.n ? r->dsn : r->code;
	buf_add_str(b, ",\"deliveries\":[{");
	json_add_field(b, "to", r->to);
	json_add_field_str(b, "orig_to", NULL);
	json_add_field_i64(b, "hop", 1);
	json_add_field_str(b, "status", status_name(stored->status));
	json_add_field_bool(b, "final", true);
	add_some(b, "code", code);
	add_some(b, "reply", r->text);
	json_add_field_str(b, "relay", NULL);
	buf_add_str(b, ",\"tries\":[{");
	json_add_field_time(b, "t", stored->t_us);
	json_add_field_str(b, "status", status_name(stored->status));
	add_some(b, "code", code);
	json_add_field_str(b, "relay", NULL);
	add_some(b, "reply", r->text);
	buf_add_str(b, ",\"delays\":[]}]");
	json_add_field_str(b, "ndr", NULL);
	json_add_field_str(b, "reason", stored->reason ? reason_name(stored->reason) : NULL);
	add_some(b, "stage", r->stage);
	buf_add_str(b, "}]");
}

void
stored_reject_add_json(struct buf *b, const struct stored_reject *stored, bool lines)
{
	const struct reject *r = stored->reject;
	buf_add_char(b, '{');
	json_add_field_str(b, "id", stored->id);
	json_add_field_str(b, "msgid", NULL);
	if (r->has_from)
		json_add_field(b, "from", r->from);
	else
		json_add_field_str(b, "from", NULL);
	json_add_field_str(b, "size", NULL);
	json_add_field_str(b, "way", way_name(stored->way));
	json_add_field_time(b, "first", stored->t_us);
	json_add_field_time(b, "last", stored->t_us);
	json_add_field_bool(b, "complete", true);
	add_verdict(b, stored);
	add_hop(b, stored);
	add_delivery(b, stored);
	buf_add_str(b, ",\"related\":[]");
	json_add_field_str(b, "kind", "reject");
	add_explanation(b, stored);
	if (lines)
		buf_add_str(b, ",\"lines\":[");
	for (size_t i = 0; lines && i < stored->n_lines; i++) {
		json_add_comma(b);
		buf_add_char(b, '{');
		json_add_field_time(b, "t", stored->lines[i].t_us);
		json_add_field(b, "raw", stored->lines[i].raw);
		buf_add_char(b, '}');
	}
	buf_add_str(b, lines ? "]}\n" : "}\n");
}

static void
print_labelled(struct output *o, const char *label, struct slice text)
{
	if (text.n == 0)
		return;
	buf_addf(&o->text, "   %-11s", label);
	output_text_cut(o, text, 14);
	output_str(o, "\n");
}

void
stored_reject_print(const struct stored_reject *stored, struct output *o, bool lines)
{
	const struct reject *r = stored->reject;
	struct codes_explanation explanation;
	struct buf b = {0};
	add_sentence(&b, stored);
	output_begin(o, stored->status == STATUS_REJECTED ? STYLE_BAD : STYLE_WAIT);
	buf_add(&o->text, buf_slice(&b));
	output_end(o, stored->status == STATUS_REJECTED ? STYLE_BAD : STYLE_WAIT);
	output_str(o, "\n");
	view_print_why(o, explain(stored, &explanation) ? &explanation : NULL, who_of(stored));
	output_str(o, "\n");
	buf_clear(&b);
	time_add_text(&b, stored->t_us);
	buf_add_str(&b, " UTC");
	print_labelled(o, "time", buf_slice(&b));
	buf_clear(&b);
	buf_addf(&b, "%.*s[%.*s]", SLICE_ARG(r->client_name), SLICE_ARG(r->client_ip));
	print_labelled(o, "client", buf_slice(&b));
	print_labelled(o, "HELO", r->helo);
	print_labelled(o, "user", r->sasl_user);
	print_labelled(o, "stage", r->stage);
	print_labelled(o, "code", r->dsn.n ? r->dsn : r->code);
	print_labelled(o, "reason", slice_of_str(reason_name(stored->reason)));
	print_labelled(o, "id", slice_of_str(stored->id));
	output_str(o, lines ? "\n" : "");
	for (size_t i = 0; lines && i < stored->n_lines; i++) {
		text_add_safe_line(&o->text, stored->lines[i].raw);
		output_str(o, "\n");
	}
	buf_fini(&b);
}
