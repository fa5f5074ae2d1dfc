#include "query/query_part.h"

#include "base/cursor.h"

struct unit {
	const char *name;
	int64_t factor;
};

struct number {
	int64_t value;
	int64_t precision; /* of the last digit written */
};

#define SECOND_MS INT64_C(1000)
#define DAY_MS	  (86400 * SECOND_MS)

static const struct unit time_units[] = {
	{"ms", 1},
	{"s", SECOND_MS},
	{"sec", SECOND_MS},
	{"m", 60 * SECOND_MS},
	{"min", 60 * SECOND_MS},
	{"h", 3600 * SECOND_MS},
	{"d", DAY_MS},
	{"w", 7 * DAY_MS},
	{"y", 365 * DAY_MS},
	{NULL, 0},
};

static const struct unit size_units[] = {
	{"b", 1},
	{"k", 1 << 10},
	{"kb", 1 << 10},
	{"kib", 1 << 10},
	{"m", 1 << 20},
	{"mb", 1 << 20},
	{"mib", 1 << 20},
	{"g", 1 << 30},
	{"gb", 1 << 30},
	{"gib", 1 << 30},
	{NULL, 0},
};

/* Digits at the cursor, at most 15, so that sums stay far from overflow. */
static int64_t
read_digits(struct cursor *c, int64_t *power)
{
	const char *start = c->p;
	int64_t v = 0;
	*power = 1;
	while (c->p < c->end && slice_is_digit(*c->p)) {
		v = v * 10 + (*c->p++ - '0');
		*power *= 10;
		if (c->p - start > 15) {
			c->failed = true;
			return 0;
		}
	}
	if (c->p == start)
		c->failed = true;
	return v;
}

/* The unit named at the cursor; no name is the unit `none`, which fails when it is 0. */
static int64_t
read_unit(struct cursor *c, const struct unit *units, int64_t none)
{
	const char *start = c->p;
	while (c->p < c->end && ((*c->p >= 'a' && *c->p <= 'z') || (*c->p >= 'A' && *c->p <= 'Z')))
		c->p++;
	struct slice name = slice_of(start, (size_t)(c->p - start));
	if (name.n == 0 && none)
		return none;
	for (; units->name; units++)
		if (slice_equal_nocase(name, slice_of_str(units->name)))
			return units->factor;
	c->failed = true;
	return 1;
}

/* "1.5G" = whole 1, fraction 5 of 10. */
static struct number
read_number(struct cursor *c, const struct unit *units, int64_t none)
{
	int64_t ignored, fraction = 0, power = 1;
	int64_t whole = read_digits(c, &ignored);
	if (cursor_optional(c, S(".")))
		fraction = read_digits(c, &power);
	int64_t factor = units ? read_unit(c, units, none) : none;
	if (power > 1000000000 || whole > INT64_MAX / 4 / factor)
		c->failed = true;
	if (c->failed)
		return (struct number){0};
	return (struct number){
		.value = whole * factor +
			 (int64_t)((double)fraction * (double)factor / (double)power),
		.precision = factor / power > 0 ? factor / power : 1,
	};
}

/* "1h30m", "90s"; a number without a unit is seconds, and stands alone. */
static struct number
read_duration(struct cursor *c, bool unit_needed)
{
	struct number sum = read_number(c, time_units, unit_needed ? 0 : SECOND_MS);
	while (!cursor_done(c)) {
		struct number next = read_number(c, time_units, 0);
		sum.value += next.value;
		sum.precision = next.precision;
		if (sum.value > 36500 * DAY_MS)
			c->failed = true;
	}
	if (sum.value > 36500 * DAY_MS)
		c->failed = true;
	return sum;
}

bool
query_duration_ms(struct slice s, bool unit_needed, int64_t *ms, int64_t *precision)
{
	struct cursor c = cursor_of(s);
	struct number number = read_duration(&c, unit_needed);
	*ms = number.value;
	*precision = number.precision;
	return cursor_ok(&c);
}

static struct number
read_score(struct cursor *c)
{
	bool minus = cursor_optional(c, S("-"));
	if (!minus)
		cursor_optional(c, S("+"));
	struct number number = read_number(c, NULL, 1000);
	if (minus)
		number.value = -number.value;
	return number;
}

static struct number
read_asn(struct cursor *c)
{
	if (!cursor_optional(c, S("AS")))
		cursor_optional(c, S("as"));
	int64_t ignored;
	return (struct number){.value = read_digits(c, &ignored), .precision = 1};
}

static struct number
read_count(struct cursor *c)
{
	int64_t ignored;
	return (struct number){.value = read_digits(c, &ignored), .precision = 1};
}

static struct number
read_by_type(struct cursor *c, enum query_type type)
{
	switch (type) {
	case QUERY_TYPE_DURATION:
		return read_duration(c, false);
	case QUERY_TYPE_SIZE:
		return read_number(c, size_units, 1);
	case QUERY_TYPE_SCORE:
		return read_score(c);
	case QUERY_TYPE_ASN:
		return read_asn(c);
	default:
		return read_count(c);
	}
}

static bool
read_end(struct query_reader *r, const struct query_key *key, struct slice text, size_t pos,
	struct number *number)
{
	struct cursor c = cursor_of(text);
	*number = read_by_type(&c, key->type);
	cursor_end(&c);
	if (cursor_ok(&c))
		return true;
	query_fail(r, pos, "\"%.*s\" is no value for %s:", SLICE_ARG(query_clip(text)), key->name);
	switch (key->type) {
	case QUERY_TYPE_DURATION:
		return query_hint(r,
			"write a number with ms, s, m (minutes), h, d or w, for example %s",
			key->example);
	case QUERY_TYPE_SIZE:
		return query_hint(r, "write a number with k, M or G, for example %s", key->example);
	default:
		return query_hint(r, "write a number, for example %s", key->example);
	}
}

static void
set_range(struct query_value *value, enum query_op op, struct number n)
{
	value->low = op == QUERY_OP_LESS || op == QUERY_OP_AT_MOST ? INT64_MIN : n.value;
	value->high = op == QUERY_OP_GREATER || op == QUERY_OP_AT_LEAST ? INT64_MAX
		      : op == QUERY_OP_AT_MOST				? n.value
									: n.value + n.precision - 1;
	if (op == QUERY_OP_GREATER)
		value->low = n.value + 1;
	if (op == QUERY_OP_LESS)
		value->high = n.value - 1;
}

/* Without a comparison the number stands for all that round down to it: 10m is 10:00.000 to
 * 10:59.999. */
bool
query_parse_number(struct query_reader *r, const struct query_key *key, enum query_op op,
	struct query_value *value)
{
	struct number low, high;
	value->kind = QUERY_VALUE_RANGE;
	if (!read_end(r, key, value->text, value->pos, &low))
		return false;
	if (!value->range) {
		set_range(value, op, low);
		return true;
	}
	if (!read_end(r, key, value->to, value->pos + value->text.n + 2, &high))
		return false;
	value->low = low.value;
	value->high = high.value;
	if (value->low <= value->high)
		return true;
	query_fail(r, value->pos, "the range ends before it begins");
	return query_hint(r, "write the smaller value first");
}
