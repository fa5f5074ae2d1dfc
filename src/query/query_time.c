#include "query/query_part.h"

#include "base/time.h"

/* A time as written covers a span: "2026-11-20" a day, "now-2h" no time at all. */
struct span {
	int64_t start_us;
	int64_t end_us; /* exclusive */
};

int64_t
query_zone_at_us(const struct query_context *context, int64_t t_us)
{
	return context->zone_at_us ? context->zone_at_us(context->zone_arg, t_us)
				   : context->zone_us;
}

/* The second look finds the right side of a daylight saving change. */
int64_t
query_local_to_utc(const struct query_context *context, int64_t local_us)
{
	int64_t guess = local_us - query_zone_at_us(context, local_us);
	return local_us - query_zone_at_us(context, guess);
}

static int
read_number(struct cursor *c, int digits)
{
	int v = 0;
	for (int i = 0; i < digits; i++) {
		if (cursor_done(c) || !slice_is_digit(*c->p)) {
			c->failed = true;
			return 0;
		}
		v = v * 10 + (*c->p++ - '0');
	}
	return v;
}

static bool
sees_digit(const struct cursor *c)
{
	return !cursor_done(c) && slice_is_digit(*c->p);
}

static int64_t
next_month_us(struct time_civil t)
{
	t.year += t.month == 12;
	t.month = t.month % 12 + 1;
	return time_from_civil(&t);
}

/* Year, month or day; `*end_us` is where it is over, both on the viewer's clock. */
static struct time_civil
read_date(struct cursor *c, int64_t *end_us)
{
	struct time_civil t = {.month = 1, .day = 1};
	t.year = read_number(c, 4);
	bool month = cursor_optional(c, S("-"));
	if (month)
		t.month = read_number(c, 2);
	bool day = month && cursor_optional(c, S("-"));
	if (day)
		t.day = read_number(c, 2);
	if (!time_civil_valid(&t)) {
		c->failed = true;
		return t;
	}
	struct time_civil next_year = {.year = t.year + 1, .month = 1, .day = 1};
	*end_us = day	  ? time_from_civil(&t) + TIME_DAY_US
		  : month ? next_month_us(t)
			  : time_from_civil(&next_year);
	return t;
}

static void
read_fraction(struct cursor *c, struct time_civil *t, int64_t *span_us)
{
	int64_t unit = TIME_SECOND_US;
	for (; sees_digit(c) && unit > 1; unit /= 10)
		t->micro += (int)(unit / 10) * read_number(c, 1);
	while (sees_digit(c))
		c->p++;
	if (unit == TIME_SECOND_US)
		c->failed = true;
	*span_us = unit;
}

/* "17:45", "17:45:12", "17:45:12.5"; returns how long what was written lasts. */
static int64_t
read_clock(struct cursor *c, struct time_civil *t)
{
	int64_t span_us = TIME_MINUTE_US;
	t->hour = read_number(c, 2);
	cursor_literal(c, S(":"));
	t->minute = read_number(c, 2);
	if (cursor_optional(c, S(":"))) {
		t->second = read_number(c, 2);
		span_us = TIME_SECOND_US;
		if (cursor_optional(c, S(".")) || cursor_optional(c, S(",")))
			read_fraction(c, t, &span_us);
	}
	if (!time_civil_valid(t))
		c->failed = true;
	return span_us;
}

/* "Z", "+01:00", "+0100", "+01"; false when there is none. */
static bool
read_offset(struct cursor *c, int64_t *offset_us)
{
	*offset_us = 0;
	if (cursor_optional(c, S("Z")) || cursor_optional(c, S("z")))
		return true;
	bool minus = cursor_sees(c, S("-"));
	if (!minus && !cursor_sees(c, S("+")))
		return false;
	c->p++;
	int hours = read_number(c, 2), minutes = 0;
	if (cursor_optional(c, S(":")) || sees_digit(c))
		minutes = read_number(c, 2);
	if (hours > 23 || minutes > 59)
		c->failed = true;
	*offset_us = (minus ? -1 : 1) * (hours * TIME_HOUR_US + minutes * TIME_MINUTE_US);
	return true;
}

static bool
read_iso(struct slice s, const struct query_context *context, struct span *span)
{
	struct cursor c = cursor_of(s);
	int64_t end_us = 0, offset_us;
	struct time_civil t = read_date(&c, &end_us);
	if (cursor_ok(&c) && c.p == c.end) {
		span->start_us = query_local_to_utc(context, time_from_civil(&t));
		span->end_us = query_local_to_utc(context, end_us);
		return true;
	}
	if (!cursor_optional(&c, S("T")) && !cursor_optional(&c, S("t")))
		cursor_literal(&c, S(" "));
	if (c.failed || s.n < 11 || s.p[7] != '-') /* a clock needs a whole date */
		return false;
	int64_t span_us = read_clock(&c, &t);
	bool has_offset = read_offset(&c, &offset_us);
	cursor_end(&c);
	if (!cursor_ok(&c))
		return false;
	int64_t local_us = time_from_civil(&t);
	span->start_us = has_offset ? local_us - offset_us : query_local_to_utc(context, local_us);
	span->end_us = span->start_us + span_us;
	return true;
}

/* now, today, yesterday, tomorrow, each with "-2h" or "+2h" behind it. */
static bool
read_word(struct slice s, const struct query_context *context, struct span *span)
{
	static const struct {
		const char *name;
		int days;
	} words[] = {{"today", 0}, {"yesterday", -1}, {"tomorrow", 1}};
	if (slice_equal_nocase(s, S("now"))) {
		*span = (struct span){context->now_us, context->now_us};
		return true;
	}
	int64_t local_us = context->now_us + query_zone_at_us(context, context->now_us);
	int64_t day_us = local_us - ((local_us % TIME_DAY_US) + TIME_DAY_US) % TIME_DAY_US;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!slice_equal_nocase(s, slice_of_str(words[i].name)))
			continue;
		int64_t start_us = day_us + words[i].days * TIME_DAY_US;
		span->start_us = query_local_to_utc(context, start_us);
		span->end_us = query_local_to_utc(context, start_us + TIME_DAY_US);
		return true;
	}
	return false;
}

static bool
read_relative(struct slice s, const struct query_context *context, struct span *span)
{
	ptrdiff_t at = slice_find_char(s, '-');
	bool minus = at >= 0;
	int64_t ms, precision;
	if (!minus)
		at = slice_find_char(s, '+');
	if (at < 0)
		return read_word(s, context, span);
	if (!read_word(slice_head(s, (size_t)at), context, span) ||
		!query_duration_ms(slice_skip(s, (size_t)at + 1), true, &ms, &precision))
		return false;
	int64_t add_us = (minus ? -1 : 1) * ms * 1000;
	span->start_us += add_us;
	span->end_us += add_us;
	return true;
}

static bool
hint_time(struct query_reader *r, const struct query_key *key, struct slice s)
{
	int64_t ms, precision;
	if (slice_contains(s, S("..")))
		return query_hint(r, "a period is on:a..b, for example on:2026-11-20..2026-11-22");
	if (slice_starts(s, S("-")))
		s = slice_skip(s, 1);
	if (query_duration_ms(s, true, &ms, &precision))
		return query_hint(r, "did you mean %s:now-%.*s or last:%.*s", key->name,
			SLICE_ARG(query_clip(s)), SLICE_ARG(query_clip(s)));
	return query_hint(r, "write 2026-11-20, 2026-11-20T17:45, today, yesterday or now-2h");
}

static bool
read_span(struct query_reader *r, const struct query_key *key, struct slice s, size_t pos,
	struct span *span)
{
	if (read_iso(s, r->context, span) || read_relative(s, r->context, span))
		return true;
	query_fail(r, pos, "\"%.*s\" is no time", SLICE_ARG(query_clip(s)));
	return hint_time(r, key, s);
}

static bool
set_on(struct query_reader *r, const struct query_key *key, struct query_value *value,
	const struct span *first)
{
	struct span last = *first;
	if (!value->range && first->start_us == first->end_us) {
		query_fail(r, value->pos, "\"%.*s\" is a moment, not a day",
			SLICE_ARG(query_clip(value->text)));
		return query_hint(
			r, "use after: or before:, or a range, for example on:now-2h..now");
	}
	if (value->range && !read_span(r, key, value->to, value->pos + value->text.n + 2, &last))
		return false;
	value->low = first->start_us;
	value->high = last.end_us > last.start_us ? last.end_us - 1 : last.end_us;
	if (value->low <= value->high)
		return true;
	query_fail(r, value->pos, "the range ends before it begins");
	return query_hint(r, "write the earlier time first");
}

bool
query_parse_time(struct query_reader *r, const struct query_key *key, struct query_value *value)
{
	struct span span = {0};
	value->kind = QUERY_VALUE_TIME;
	if (!read_span(r, key, value->text, value->pos, &span))
		return false;
	if (key->id == QUERY_KEY_ON)
		return set_on(r, key, value, &span);
	value->low = key->id == QUERY_KEY_AFTER ? span.start_us : INT64_MIN;
	value->high = key->id == QUERY_KEY_AFTER ? INT64_MAX : span.start_us - 1;
	return true;
}

bool
query_parse_last(struct query_reader *r, const struct query_key *key, struct query_value *value)
{
	int64_t ms, precision;
	value->kind = QUERY_VALUE_TIME;
	value->high = INT64_MAX; /* a clock of ours that runs ahead hides nothing */
	if (query_duration_ms(value->text, true, &ms, &precision)) {
		value->low = r->context->now_us - ms * 1000;
		return true;
	}
	query_fail(
		r, value->pos, "\"%.*s\" is no length of time", SLICE_ARG(query_clip(value->text)));
	return query_hint(
		r, "write a number with m (minutes), h, d or w, for example %s", key->example);
}
