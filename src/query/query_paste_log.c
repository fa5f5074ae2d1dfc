#include "query/query_part.h"

#include "base/time.h"

#define MAX_LINES 200
#define AROUND_US (10 * TIME_SECOND_US)

/* What the pasted lines have in common. */
struct found {
	struct query_texts hosts, qids, msgids, ips;
	int64_t first_us, last_us; /* 0 = no line yet */
};

struct log_line {
	struct slice host;
	struct slice text; /* behind the tag */
	int64_t t_us;
	bool exact; /* the stamp has a year */
};

/* Postfix, src/global/safe_ultostr.c: digits and consonants, most significant first. */
static int64_t
decode_base52(struct slice s)
{
	static const char alphabet[] = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
	int64_t v = 0;
	for (size_t i = 0; i < s.n; i++)
		v = v * 52 + (strchr(alphabet, s.p[i]) - alphabet);
	return v;
}

/* A long queue id begins with its time of arrival in UTC: it knows the year and the zone, which the
 * stamp of RFC 3164 does not. 0 for any other id. */
static int64_t
qid_time_us(struct slice qid)
{
	if (!query_is_long_qid(qid))
		return 0;
	return decode_base52(slice_head(qid, 6)) * TIME_SECOND_US;
}

static int
read_two(struct cursor *c)
{
	int tens = cursor_optional(c, S(" ")) ? 0 : -1; /* "Nov  2" */
	uint64_t v = cursor_u64(c);
	if (v > 99 || (tens == 0 && v > 9))
		c->failed = true;
	return c->failed ? 0 : (int)v;
}

static int
read_month(struct cursor *c)
{
	static const char names[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";
	struct slice name = slice_head(cursor_left(c), 4);
	ptrdiff_t at = name.n == 4 ? slice_find(slice_of(names, sizeof(names) - 1), name) : -1;
	if (at < 0 || at % 4 != 0 || name.p[3] != ' ') {
		c->failed = true;
		return 1;
	}
	c->p += 4;
	return (int)(at / 4) + 1;
}

/* A stamp without a year is of the latest year in which it has passed; a clock may be a day ahead.
 */
static int64_t
latest_us(struct time_civil t, const struct query_context *context)
{
	int64_t limit_us = context->now_us + TIME_DAY_US;
	int this_year = time_to_civil(limit_us).year;
	for (t.year = this_year; t.year > this_year - 9 && t.year >= 1970; t.year--) {
		int64_t t_us = query_local_to_utc(context, time_from_civil(&t));
		if (time_civil_valid(&t) && t_us <= limit_us)
			return t_us;
	}
	return 0;
}

/* RFC 3164, 4.1.2: "Nov 22 05:21:39 ". */
static int64_t
read_bsd_stamp(struct cursor *c, const struct query_context *context)
{
	struct time_civil t = {.year = 2000};
	t.month = read_month(c);
	t.day = read_two(c);
	cursor_literal(c, S(" "));
	t.hour = read_two(c);
	cursor_literal(c, S(":"));
	t.minute = read_two(c);
	cursor_literal(c, S(":"));
	t.second = read_two(c);
	cursor_literal(c, S(" "));
	if (!time_civil_valid(&t))
		c->failed = true;
	return c->failed ? 0 : latest_us(t, context);
}

static void
skip_priority(struct cursor *c)
{
	struct cursor ahead = *c;
	cursor_literal(&ahead, S("<"));
	cursor_u64(&ahead);
	cursor_literal(&ahead, S(">"));
	cursor_optional(&ahead, S("1 ")); /* RFC 5424 */
	if (cursor_ok(&ahead))
		*c = ahead;
}

/* What the program said: behind the tag, which ends in ": ", or behind RFC 5424's "app pid - - ".
 */
static struct slice
skip_tag(struct slice s)
{
	ptrdiff_t colon = slice_find(s, S(": "));
	ptrdiff_t dash = slice_find(s, S(" - "));
	if (colon >= 0 && colon < slice_find_char(s, ' '))
		return slice_trim(slice_skip(s, (size_t)colon + 2));
	s = slice_skip(s, dash < 0 ? s.n : (size_t)dash + 3);
	return slice_trim(slice_starts(s, S("- ")) ? slice_skip(s, 2) : s);
}

static bool
read_line(struct slice s, const struct query_context *context, struct log_line *line)
{
	struct cursor c = cursor_of(s);
	skip_priority(&c);
	struct cursor iso = c;
	line->t_us = time_read_iso(&iso, query_zone_at_us(context, context->now_us));
	cursor_literal(&iso, S(" "));
	line->exact = cursor_ok(&iso);
	if (line->exact)
		c = iso;
	else
		line->t_us = read_bsd_stamp(&c, context);
	line->host = cursor_until_char(&c, ' ');
	line->text = skip_tag(cursor_rest(&c));
	return cursor_ok(&c) && line->t_us > 0 && line->host.n > 0 && line->text.n > 0;
}

/* Shorter ids than a bare word needs, since here the place says what it is. */
static bool
is_line_qid(struct slice s)
{
	if (query_is_long_qid(s))
		return true;
	for (size_t i = 0; i < s.n; i++)
		if (!slice_is_digit(s.p[i]) && (s.p[i] < 'A' || s.p[i] > 'F'))
			return false;
	return s.n >= 6 && s.n <= 24;
}

static struct slice
find_qid(struct slice text)
{
	ptrdiff_t colon = slice_find_char(text, ':');
	struct slice qid = slice_head(text, colon < 0 ? 0 : (size_t)colon);
	if (is_line_qid(qid))
		return qid;
	qid = query_find_after(text, S("Queue-ID: "), ", ");
	return is_line_qid(qid) ? qid : slice_of(text.p, 0);
}

/* "from name[192.0.2.7]": the first address in brackets. */
static struct slice
find_ip(struct slice text)
{
	for (ptrdiff_t at; (at = slice_find_char(text, '[')) >= 0;) {
		struct ip ip;
		text = slice_skip(text, (size_t)at + 1);
		ptrdiff_t end = slice_find_char(text, ']');
		struct slice inside = slice_head(text, end < 0 ? 0 : (size_t)end);
		if (ip_parse(inside, false, &ip))
			return inside;
	}
	return slice_of(text.p, 0);
}

static struct slice
find_msgid(struct slice text)
{
	static const struct slice heads[] = {
		{"message-id=", 11}, {"msgid=", 6}, {"Message-ID: ", 12}};
	for (size_t i = 0; i < 3; i++) {
		struct slice id = query_find_after(text, heads[i], " ,:;\"()");
		ptrdiff_t end = slice_find_char(id, '>');
		if (end > 1 && id.p[0] == '<')
			return slice_head(id, (size_t)end + 1);
	}
	return slice_of(text.p, 0);
}

static void
take_line(struct found *f, const struct query_context *context, const struct log_line *line)
{
	struct slice qid = find_qid(line->text);
	int64_t t_us = line->exact ? 0 : qid_time_us(qid);
	if (t_us == 0 || t_us > context->now_us + TIME_DAY_US)
		t_us = line->t_us;
	query_texts_add(&f->hosts, line->host);
	query_texts_add(&f->qids, qid);
	if (qid.n == 0) {
		struct slice msgid = find_msgid(line->text);
		query_texts_add(&f->msgids, msgid);
		if (msgid.n == 0)
			query_texts_add(&f->ips, find_ip(line->text));
	}
	if (!f->first_us || t_us < f->first_us)
		f->first_us = t_us;
	if (t_us > f->last_us)
		f->last_us = t_us;
}

static void
add_seconds(struct buf *out, int64_t t_us)
{
	struct time_civil c = time_to_civil(t_us);
	buf_addf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute,
		c.second);
}

/* The most telling thing the lines have: queue ids, else Message-IDs, else the client's address. */
static void
write_found(struct buf *out, const struct found *f)
{
	query_texts_write(out, "host", &f->hosts);
	if (f->qids.n)
		query_texts_write(out, "qid", &f->qids);
	else if (f->msgids.n)
		query_texts_write(out, "msgid", &f->msgids);
	else
		query_texts_write(out, "ip", &f->ips);
	buf_add_str(out, " on:");
	add_seconds(out, f->first_us - AROUND_US);
	buf_add_str(out, "..");
	add_seconds(out, f->last_us + AROUND_US);
}

bool
query_paste_log(struct slice text, const struct query_context *context, struct buf *out)
{
	struct found f = {0};
	struct slice rest = slice_trim(text), s;
	for (size_t i = 0; i < MAX_LINES && slice_split(&rest, '\n', &s); i++) {
		struct log_line line;
		if (read_line(slice_trim(s), context, &line))
			take_line(&f, context, &line);
		else if (i == 0)
			return false;
	}
	if (f.first_us <= AROUND_US)
		return false;
	write_found(out, &f);
	return true;
}
