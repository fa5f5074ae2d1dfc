/* Conditions that no index answers, and which compiler belongs to which key. */
#include "query/query_sql_part.h"

#include "base/time.h"

enum query_truth
query_refuse(struct query_compiler *c, const struct query_node *field, struct slice message,
	struct slice hint)
{
	if (!c->failed)
		*c->err = (struct query_error){.pos = field->pos, .message = message, .hint = hint};
	c->failed = true;
	return QUERY_NEVER;
}

static bool
is_mails(const struct query_compiler *c)
{
	return c->table == QUERY_MAILS;
}

/* A name of the client: the columns are in lower case. */
static enum query_truth
match_name(struct query_compiler *c, const struct query_node *field, struct query_part *part,
	const char *column)
{
	struct query_array exact = {0}, likes = {0};
	for (size_t i = 0; i < field->n; i++) {
		if (field->values[i].kind == QUERY_VALUE_PATTERN)
			query_array_add_like(&likes, S(""), &field->values[i], S(""));
		else
			query_array_add(&exact, field->values[i].norm);
	}
	unsigned names = query_param_array(c, QUERY_PG_TEXT_ARRAY, &exact);
	buf_addf(&part->text, "(%s = ANY ($%u) OR %s LIKE ANY ($%u))", column, names, column,
		query_param_array(c, QUERY_PG_TEXT_ARRAY, &likes));
	return QUERY_SOMETIMES;
}

/* Text anywhere in the column, but for a pattern, which is the whole. */
static void
add_contains(struct query_array *likes, const struct query_value *v)
{
	struct slice any = v->kind == QUERY_VALUE_PATTERN ? S("") : S("%");
	query_array_add_like(likes, any, v, any);
}

static enum query_truth
match_contains(struct query_compiler *c, const struct query_node *field, struct query_part *part,
	const char *column)
{
	struct query_array likes = {0};
	if (!is_mails(c))
		return QUERY_NEVER;
	for (size_t i = 0; i < field->n; i++) {
		if (field->op == QUERY_OP_REGEX) {
			unsigned regex = query_param_text(c, field->values[i].norm);
			query_lookup_of(c, QUERY_LOOKUP_REGEX, field)->regex =
				query_keep_text(c->arena, field->values[i].norm);
			buf_addf(&part->text, "%s ~* $%u OR ", column, regex);
		} else {
			add_contains(&likes, &field->values[i]);
		}
	}
	buf_addf(&part->text, "%s ILIKE ANY ($%u)", column,
		query_param_array(c, QUERY_PG_TEXT_ARRAY, &likes));
	return QUERY_SOMETIMES;
}

static enum query_truth
match_tls(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	struct query_array likes = {0};
	if (!is_mails(c))
		return QUERY_NEVER;
	for (size_t i = 0; i < field->n; i++) {
		struct slice word = field->values[i].norm;
		if (slice_equal(word, S("none")))
			buf_add_str(&part->text, "d.tls IS NULL OR ");
		else if (slice_equal(word, S("any")))
			buf_add_str(&part->text, "d.tls IS NOT NULL OR ");
		else
			add_contains(&likes, &field->values[i]);
	}
	buf_addf(&part->text, "d.tls ILIKE ANY ($%u)",
		query_param_array(c, QUERY_PG_TEXT_ARRAY, &likes));
	return QUERY_SOMETIMES;
}

static enum query_truth
match_relay(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	struct query_array exact = {0}, likes = {0};
	struct buf b = {0};
	if (!is_mails(c))
		return QUERY_NEVER;
	for (size_t i = 0; i < field->n; i++) {
		const struct query_value *v = &field->values[i];
		if (v->kind == QUERY_VALUE_PATTERN) {
			query_array_add_like(&likes, S(""), v, S(""));
		} else if (v->kind == QUERY_VALUE_IP) {
			buf_clear(&b);
			ip_add(&b, &v->ip);
			query_array_add(&exact, buf_slice(&b));
		} else {
			query_array_add(&exact, v->norm);
		}
	}
	buf_fini(&b);
	struct query_lookup *lookup = query_lookup_of(c, QUERY_LOOKUP_RELAY, field);
	lookup->exact = query_array_keep(&exact, c->arena);
	lookup->like = query_array_keep(&likes, c->arena);
	buf_addf(&part->text, "d.relay = ANY ($%u)",
		query_param_lookup(c, QUERY_PG_INT4_ARRAY, lookup, 0));
	return QUERY_SOMETIMES;
}

/* Words that are cut out of stored texts hold one of these. */
static bool
may_be_cut_out(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (slice_is_digit(s.p[i]) || strchr("@.:<>[]", s.p[i]))
			return true;
	return false;
}

/* A stored text with its words put back; sql: term. */
#define TEXT_OF_MAIL                                                                               \
	"(SELECT replace(replace(replace(replace(replace(replace(p.txt, '%%r', d.rcpt), '%%s', "   \
	"coalesce(d.sender, "                                                                      \
	"'')), '%%i', coalesce(host(d.client_ip), '')), '%%n', coalesce(d.client_name, '')), "     \
	"'%%q', d.qid), '%%h', "                                                                   \
	"coalesce((SELECT r.txt FROM term r WHERE r.id = d.relay), '')) FROM term p WHERE p.id = " \
	"d.reply)"
#define TEXT_OF_REJECT                                                                             \
	"(SELECT replace(replace(replace(replace(p.txt, '%%r', coalesce(d.rcpt, '')), '%%s', "     \
	"coalesce(d.sender, "                                                                      \
	"'')), '%%i', coalesce(host(d.client_ip), '')), '%%n', coalesce(d.client_name, '')) FROM " \
	"term p WHERE "                                                                            \
	"p.id = d.text)"

/* In stored texts a % is doubled. */
static void
add_stored_pattern(struct query_array *likes, const struct query_value *v)
{
	struct query_value doubled = *v;
	struct buf b = {0};
	for (size_t i = 0; i < v->norm.n; i++) {
		if (v->norm.p[i] == '%')
			buf_add_char(&b, '%');
		buf_add_char(&b, v->norm.p[i]);
	}
	doubled.norm = buf_slice(&b);
	query_array_add_like(likes, S("%"), &doubled, S("%"));
	buf_fini(&b);
}

static void
set_text_lookup(
	struct query_compiler *c, const struct query_node *field, struct query_lookup *lookup)
{
	struct query_array stored = {0};
	lookup->whole = true;
	for (size_t i = 0; i < field->n; i++) {
		const struct query_value *v = &field->values[i];
		if (field->op == QUERY_OP_REGEX) {
			lookup->regex = query_keep_text(c->arena, v->norm);
			continue;
		}
		lookup->whole = lookup->whole && !may_be_cut_out(v->norm);
		add_stored_pattern(&stored, v);
	}
	lookup->like = query_array_keep(&stored, c->arena);
}

/* Replies and refusals, and the subject. */
static enum query_truth
match_text(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	struct query_lookup *lookup = query_lookup_of(c, QUERY_LOOKUP_TEXT, field);
	struct query_array likes = {0};
	if (field->n > 1 && field->op == QUERY_OP_REGEX)
		return query_refuse(
			c, field, S("text:~ takes one expression"), S("write a|b inside of it"));
	set_text_lookup(c, field, lookup);
	for (size_t i = 0; field->op != QUERY_OP_REGEX && i < field->n; i++)
		query_array_add_like(&likes, S("%"), &field->values[i], S("%"));
	buf_addf(&part->text, "(%s = ANY ($%u)", is_mails(c) ? "d.reply" : "d.text",
		query_param_lookup(c, QUERY_PG_INT4_ARRAY, lookup, 0));
	unsigned pattern = query_param_array(c, QUERY_PG_TEXT_ARRAY, &likes);
	if (is_mails(c) && lookup->regex)
		buf_addf(&part->text, " OR d.subject ~* $%u",
			query_param_text(c, field->values[0].norm));
	else if (is_mails(c))
		buf_addf(&part->text, " OR d.subject ILIKE ANY ($%u)", pattern);
	unsigned open = lookup->whole ? 0 : query_param_lookup(c, QUERY_PG_INT4_ARRAY, lookup, 1);
	if (open && is_mails(c))
		buf_addf(&part->text,
			" OR (d.reply = ANY ($%u) AND " TEXT_OF_MAIL " ILIKE ANY ($%u))", open,
			pattern);
	else if (open)
		buf_addf(&part->text,
			" OR (d.text = ANY ($%u) AND " TEXT_OF_REJECT " ILIKE ANY ($%u))", open,
			pattern);
	buf_add_char(&part->text, ')');
	return QUERY_SOMETIMES;
}

/* Small numbers of a list of names, as a parameter. */
static void
add_numbers(struct query_compiler *c, struct query_part *part, const char *column,
	struct query_array *numbers)
{
	buf_addf(&part->text, "%s = ANY ($%u)", column,
		query_param_array(c, QUERY_PG_INT2_ARRAY, numbers));
}

static void
cover_by_rare(struct query_compiler *c, struct query_part *part)
{
	if (!is_mails(c))
		return;
	part->covered = true;
	part->cover = (struct query_candidate){.kind = QUERY_BY_RARE, .rank = QUERY_RANK_RARE};
}

/* As stored; sql: status_name. */
static const int status_numbers[] = {
	[QUERY_STATUS_DELIVERED] = 4,
	[QUERY_STATUS_RELAYED] = 5,
	[QUERY_STATUS_DEFERRED] = 1,
	[QUERY_STATUS_BOUNCED] = 2,
	[QUERY_STATUS_EXPIRED] = 3,
	[QUERY_STATUS_REJECTED] = 6,
	[QUERY_STATUS_GREYLISTED] = 7,
	[QUERY_STATUS_BLOCKED] = 8,
	[QUERY_STATUS_DISCARDED] = 9,
	[QUERY_STATUS_HELD] = 10,
	[QUERY_STATUS_DELETED] = 11,
	[QUERY_STATUS_CANCELED] = 12,
	[QUERY_STATUS_UNKNOWN] = 0,
};

int
query_sql_status(enum query_status status)
{
	return status_numbers[status];
}

/* What can become of a client that brought no mail. */
static bool
is_refusal(int item)
{
	return item == QUERY_STATUS_REJECTED || item == QUERY_STATUS_GREYLISTED ||
	       item == QUERY_STATUS_BLOCKED || item == QUERY_STATUS_DISCARDED ||
	       item == QUERY_STATUS_CANCELED;
}

static enum query_truth
match_status(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	struct query_array numbers = {0};
	bool rare = true;
	for (size_t i = 0; i < field->n; i++) {
		int item = field->values[i].item;
		if (!is_mails(c) && !is_refusal(item))
			continue;
		rare &= item != QUERY_STATUS_DELIVERED && item != QUERY_STATUS_RELAYED;
		query_array_add_i64(&numbers, status_numbers[item]);
	}
	if (numbers.n == 0)
		return QUERY_NEVER;
	if (rare)
		cover_by_rare(c, part);
	add_numbers(c, part, "d.status", &numbers);
	return QUERY_SOMETIMES;
}

/* What was delivered has no reason. */
static enum query_truth
match_reason(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	struct query_array numbers = {0};
	for (size_t i = 0; i < field->n; i++)
		query_array_add_i64(&numbers, field->values[i].item + 1);
	cover_by_rare(c, part);
	add_numbers(c, part, "d.reason", &numbers);
	return QUERY_SOMETIMES;
}

static enum query_truth
match_way(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	struct query_array numbers = {0};
	for (size_t i = 0; i < field->n; i++)
		query_array_add_i64(
			&numbers, field->values[i].item); /* sql: way_name has the same order */
	add_numbers(c, part, "d.way", &numbers);
	return QUERY_SOMETIMES;
}

/* "550", "5*", "5.1.1", "5.1.*": patterns over the code as text. */
static enum query_truth
match_code(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	struct query_array smtp = {0}, enhanced = {0};
	for (size_t i = 0; i < field->n; i++) {
		struct query_value v = field->values[i];
		v.kind = QUERY_VALUE_PATTERN;
		if (v.smtp)
			query_array_add_like(&smtp, S(""), &v, S(""));
		if (v.enhanced)
			query_array_add_like(&enhanced, S(""), &v, S(""));
	}
	const char * or = smtp.n && enhanced.n ? " OR " : "";
	if (smtp.n)
		buf_addf(&part->text, "d.smtp::text LIKE ANY ($%u)",
			query_param_array(c, QUERY_PG_TEXT_ARRAY, &smtp));
	buf_add_str(&part->text, or);
	if (enhanced.n)
		buf_addf(&part->text, "else_code(d.code) LIKE ANY ($%u)",
			query_param_array(c, QUERY_PG_TEXT_ARRAY, &enhanced));
	return QUERY_SOMETIMES;
}

static enum query_truth
match_range(struct query_compiler *c, const struct query_node *field, struct query_part *part,
	const char *column)
{
	if (!is_mails(c))
		return QUERY_NEVER;
	for (size_t i = 0; i < field->n; i++) {
		const struct query_value *v = &field->values[i];
		unsigned low = query_param_i64(c, v->low);
		buf_addf(&part->text, "%s%s BETWEEN $%u AND $%u", i ? " OR " : "", column, low,
			query_param_i64(c, v->high));
	}
	return QUERY_SOMETIMES;
}

/* A mail lives from its arrival to its newest try: a line of any of its tries finds it. took_ms is
 * cut to milliseconds. */
static enum query_truth
match_time(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	for (size_t i = 0; i < field->n; i++) {
		const struct query_value *v = &field->values[i];
		unsigned low = query_param_time(c, v->low), high = query_param_time(c, v->high);
		buf_addf(&part->text, "%s(d.t <= $%u AND (d.t >= $%u", i ? " OR " : "", high, low);
		if (is_mails(c))
			buf_addf(&part->text,
				" OR d.t + (coalesce(d.took_ms, 0) + 1::int8) * interval '1 ms' >= "
				"$%u",
				low);
		buf_add_str(&part->text, "))");
	}
	return QUERY_SOMETIMES;
}

/* Stuck: still in a queue after four tries or four hours. The + 0 hides from the planner that the
 * index of rare states would do: which index serves is chosen by us. */
static const char *const is_sql[] = {
	[QUERY_IS_NDR] = "d.flags & 4 <> 0",
	[QUERY_IS_RETRIED] = "d.tries > 1",
	[QUERY_IS_STUCK] = "d.status + 0 IN (1, 10) AND (d.tries >= 4 OR d.took_ms >= 14400000)",
	[QUERY_IS_INCOMPLETE] = "d.flags & 128 <> 0",
	[QUERY_IS_FORWARDED] = "d.flags & 16 <> 0",
	[QUERY_IS_EXPANDED] = "d.flags & 32 <> 0",
	[QUERY_IS_FILTERED] = "d.flags & 64 <> 0",
	[QUERY_IS_MULTI] = "d.nrcpt > 1",
};

static const char *const has_sql[] = {
	[QUERY_HAS_NDR] = "d.flags & 256 <> 0",
	[QUERY_HAS_QUARANTINE] = "d.flags & 512 <> 0",
	[QUERY_HAS_VIRUS] = "d.virus IS NOT NULL",
	[QUERY_HAS_TLS] = "d.tls IS NOT NULL",
};

static const char *const in_sql[] = {
	[QUERY_IN_QUEUE] = "d.status + 0 IN (1, 10) OR d.status + 0 = 0 AND d.flags & 128 <> 0",
};

static enum query_truth
match_items(struct query_compiler *c, const struct query_node *field, struct query_part *part,
	const char *const *sql)
{
	bool rare = true;
	if (!is_mails(c))
		return QUERY_NEVER;
	for (size_t i = 0; i < field->n; i++) {
		struct slice one = slice_of_str(sql[field->values[i].item]);
		rare = rare && slice_starts(one, S("d.status + 0"));
		buf_add_str(&part->text, i ? " OR (" : "(");
		buf_add(&part->text, one);
		buf_add_char(&part->text, ')');
	}
	if (rare)
		cover_by_rare(c, part);
	return QUERY_SOMETIMES;
}

static enum query_truth
match_sort(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	(void)part;
	c->sql->sort = (enum query_sort)field->values[0].item;
	c->sql->ascending = !field->values[0].descending;
	return QUERY_ALWAYS;
}

static enum query_truth
match_measure(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	switch (field->key->id) {
	case QUERY_KEY_DELAY:
		return match_range(c, field, part, "d.took_ms");
	case QUERY_KEY_SIZE:
		return match_range(c, field, part, "d.size");
	case QUERY_KEY_RCPTS:
		return match_range(c, field, part, "d.nrcpt");
	case QUERY_KEY_TRIES:
		return match_range(c, field, part, "d.tries");
	default:
		return match_range(c, field, part, "round(d.score::numeric * 1000)");
	}
}

static enum query_truth
match_name_or_text(
	struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	switch (field->key->id) {
	case QUERY_KEY_HELO:
		return match_name(c, field, part, "d.helo");
	case QUERY_KEY_RDNS:
		return match_name(c, field, part, "d.client_name");
	case QUERY_KEY_MX:
		return match_relay(c, field, part);
	case QUERY_KEY_TLS:
		return match_tls(c, field, part);
	case QUERY_KEY_VIRUS:
		return match_contains(c, field, part, "d.virus");
	case QUERY_KEY_SUBJECT:
		return match_contains(c, field, part, "d.subject");
	default:
		return match_text(c, field, part);
	}
}

static enum query_truth
match_item(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	switch (field->key->id) {
	case QUERY_KEY_STATUS:
		return match_status(c, field, part);
	case QUERY_KEY_WAY:
		return match_way(c, field, part);
	case QUERY_KEY_REASON:
		return match_reason(c, field, part);
	case QUERY_KEY_IS:
		return match_items(c, field, part, is_sql);
	case QUERY_KEY_HAS:
		return match_items(c, field, part, has_sql);
	default:
		return match_items(c, field, part, in_sql);
	}
}

static enum query_truth
refuse_geography(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	(void)part;
	return query_refuse(c, field,
		S("countries and networks of clients are not known: no GeoIP data"),
		S("search by ip: with a network, or by rdns:"));
}

static enum query_truth
refuse_tag(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	(void)part;
	return query_refuse(c, field, S("no rule gives tags: there are none"), S(""));
}

static enum query_truth (*const matches[QUERY_KEY_COUNT])(
	struct query_compiler *c, const struct query_node *field, struct query_part *part) = {
	[QUERY_KEY_FROM] = query_match_address,
	[QUERY_KEY_TO] = query_match_address,
	[QUERY_KEY_ADDR] = query_match_address,
	[QUERY_KEY_DOMAIN] = query_match_address,
	[QUERY_KEY_MSGID] = query_match_msgid,
	[QUERY_KEY_QID] = query_match_qid,
	[QUERY_KEY_IP] = query_match_ip,
	[QUERY_KEY_HELO] = match_name_or_text,
	[QUERY_KEY_RDNS] = match_name_or_text,
	[QUERY_KEY_COUNTRY] = refuse_geography,
	[QUERY_KEY_ASN] = refuse_geography,
	[QUERY_KEY_HOST] = query_match_host,
	[QUERY_KEY_MX] = match_name_or_text,
	[QUERY_KEY_USER] = query_match_user,
	[QUERY_KEY_STATUS] = match_item,
	[QUERY_KEY_WAY] = match_item,
	[QUERY_KEY_CODE] = match_code,
	[QUERY_KEY_REASON] = match_item,
	[QUERY_KEY_DELAY] = match_measure,
	[QUERY_KEY_SIZE] = match_measure,
	[QUERY_KEY_RCPTS] = match_measure,
	[QUERY_KEY_TRIES] = match_measure,
	[QUERY_KEY_SCORE] = match_measure,
	[QUERY_KEY_TLS] = match_name_or_text,
	[QUERY_KEY_VIRUS] = match_name_or_text,
	[QUERY_KEY_IS] = match_item,
	[QUERY_KEY_HAS] = match_item,
	[QUERY_KEY_IN] = match_item,
	[QUERY_KEY_SUBJECT] = match_name_or_text,
	[QUERY_KEY_TEXT] = match_name_or_text,
	[QUERY_KEY_AFTER] = match_time,
	[QUERY_KEY_BEFORE] = match_time,
	[QUERY_KEY_ON] = match_time,
	[QUERY_KEY_LAST] = match_time,
	[QUERY_KEY_TAG] = refuse_tag,
	[QUERY_KEY_SORT] = match_sort,
};

enum query_truth
query_match_field(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	return matches[field->key->id](c, field, part);
}
