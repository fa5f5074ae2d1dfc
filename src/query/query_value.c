#include "query/query_part.h"

struct slice
query_keep(struct query_reader *r)
{
	struct slice copy = arena_copy(r->arena, buf_slice(&r->scratch));
	buf_clear(&r->scratch);
	return copy;
}

static struct slice
keep_lower(struct query_reader *r, struct slice s)
{
	buf_clear(&r->scratch);
	query_add_lower(&r->scratch, s);
	return query_keep(r);
}

static struct slice
keep_domain(struct query_reader *r, struct slice s)
{
	buf_clear(&r->scratch);
	query_add_domain(&r->scratch, s);
	return query_keep(r);
}

/* A '*' is a wildcard unless the text is in quotes. */
static bool
is_pattern(const struct query_value *v)
{
	return !v->quoted && slice_find_char(v->text, '*') >= 0;
}

static enum query_value_kind
text_kind(const struct query_value *v)
{
	return is_pattern(v) ? QUERY_VALUE_PATTERN : QUERY_VALUE_TEXT;
}

static struct slice
without_brackets(struct slice s)
{
	bool both = s.n > 2 && s.p[0] == '<' && s.p[s.n - 1] == '>';
	return both ? slice_of(s.p + 1, s.n - 2) : s;
}

static bool
parse_local(struct query_reader *r, struct query_value *v, struct slice text)
{
	v->kind = is_pattern(v) ? QUERY_VALUE_PATTERN : QUERY_VALUE_LOCAL;
	v->norm = keep_lower(r, text);
	if (v->kind == QUERY_VALUE_PATTERN)
		return true;
	v->local = v->norm;
	if (query_is_domain(text))
		v->domain = keep_domain(r, text);
	return true;
}

/* "*@d" is the whole domain and "a@*" the local part anywhere: both are found without a scan. */
static void
choose_address_kind(struct query_reader *r, struct query_value *v, bool pattern)
{
	bool any_local = v->local.n == 0 || (pattern && slice_equal(v->local, S("*")));
	bool any_domain = pattern && slice_equal(v->domain, S("*"));
	bool wild_local = pattern && slice_find_char(v->local, '*') >= 0;
	bool wild_domain = pattern && slice_find_char(v->domain, '*') >= 0;
	v->kind = QUERY_VALUE_PATTERN;
	if (any_local && !wild_domain)
		v->kind = QUERY_VALUE_DOMAIN;
	else if (any_domain && !wild_local && !any_local)
		v->kind = QUERY_VALUE_LOCAL;
	else if (!wild_local && !wild_domain)
		v->kind = QUERY_VALUE_ADDRESS;
	buf_clear(&r->scratch);
	if (v->kind != QUERY_VALUE_DOMAIN) {
		buf_add(&r->scratch, any_local ? S("*") : v->local);
		buf_add_char(&r->scratch, '@');
	}
	buf_add(&r->scratch, v->domain);
	v->norm = query_keep(r);
	if (v->kind == QUERY_VALUE_DOMAIN)
		v->local = S("");
	if (v->kind == QUERY_VALUE_LOCAL)
		v->domain = S("");
}

static bool
parse_address(struct query_reader *r, struct query_value *v)
{
	struct slice text = without_brackets(v->text);
	if (slice_equal(text, S("<>"))) {
		v->kind = QUERY_VALUE_NULL;
		v->norm = S("");
		return true;
	}
	ptrdiff_t at = slice_find_last_char(text, '@');
	if (at < 0)
		return parse_local(r, v, text);
	struct slice domain = slice_skip(text, (size_t)at + 1);
	if (domain.n == 0) {
		query_fail(r, v->pos, "there is no domain after the @");
		return query_hint(r, "write the whole address, or the part before the @ alone");
	}
	v->local = keep_lower(r, slice_head(text, (size_t)at));
	v->domain = keep_domain(r, domain);
	choose_address_kind(r, v, is_pattern(v));
	return true;
}

static bool
parse_domain(struct query_reader *r, struct query_value *v)
{
	struct slice text = slice_starts(v->text, S("@")) ? slice_skip(v->text, 1) : v->text;
	if (text.n == 0 || slice_find_char(text, '@') >= 0) {
		query_fail(r, v->pos, "\"%.*s\" is no domain", SLICE_ARG(query_clip(v->text)));
		return query_hint(r, "for an address use addr:");
	}
	v->kind = is_pattern(v) ? QUERY_VALUE_PATTERN : QUERY_VALUE_DOMAIN;
	v->norm = v->domain = keep_domain(r, text);
	return true;
}

static bool
parse_name(struct query_reader *r, struct query_value *v)
{
	v->kind = text_kind(v);
	v->norm = keep_domain(r, v->text);
	return true;
}

static bool
parse_peer(struct query_reader *r, struct query_value *v)
{
	if (!ip_parse(v->text, true, &v->ip))
		return parse_name(r, v);
	v->kind = QUERY_VALUE_IP;
	return true;
}

static bool
parse_ip(struct query_reader *r, struct query_value *v)
{
	v->kind = QUERY_VALUE_IP;
	if (ip_parse(v->text, true, &v->ip))
		return true;
	query_fail(
		r, v->pos, "\"%.*s\" is no IP address or network", SLICE_ARG(query_clip(v->text)));
	if (slice_find_char(v->text, '*') >= 0)
		return query_hint(r, "write a network as 192.0.2.0/24");
	return query_hint(r, "for the client's host name use rdns: or helo:");
}

static bool
parse_country(struct query_reader *r, struct query_value *v)
{
	bool two = v->text.n == 2;
	for (size_t i = 0; two && i < 2; i++)
		two = slice_lower_char(v->text.p[i]) >= 'a' &&
		      slice_lower_char(v->text.p[i]) <= 'z';
	v->kind = QUERY_VALUE_TEXT;
	v->norm = keep_lower(r, v->text);
	if (two)
		return true;
	query_fail(r, v->pos, "\"%.*s\" is no country", SLICE_ARG(query_clip(v->text)));
	if (slice_find_char(v->text, '@') >= 0)
		return query_hint(r, "cc: is the client's country; for recipients use to:");
	return query_hint(r, "write the two letters of ISO 3166, for example country:FR");
}

static bool
is_smtp_code(struct slice s)
{
	if (s.n == 0 || s.n > 3 || s.p[0] < '2' || s.p[0] > '5')
		return false;
	size_t digits = 0;
	while (digits < s.n && slice_is_digit(s.p[digits]))
		digits++;
	return digits == 3 || (digits + 1 == s.n && s.p[digits] == '*');
}

static bool
hint_code(struct query_reader *r, struct slice s)
{
	if (s.n == 1 && s.p[0] >= '2' && s.p[0] <= '5')
		return query_hint(r, "did you mean code:%c*", s.p[0]);
	if (s.n == 3 && s.p[0] >= '2' && s.p[0] <= '5' &&
		slice_equal_nocase(slice_skip(s, 1), S("xx")))
		return query_hint(r, "did you mean code:%c*", s.p[0]);
	return query_hint(r, "write 5.1.1, 5.1.*, 550 or 5*");
}

static bool
parse_code(struct query_reader *r, struct query_value *v)
{
	struct slice s = v->text;
	bool class_only = s.n == 2 && s.p[1] == '*';
	bool subjects = s.n == 3 && strchr("245", s.p[0]) && slice_equal(slice_skip(s, 1), S(".*"));
	v->kind = QUERY_VALUE_CODE;
	v->norm = s;
	v->smtp = is_smtp_code(s);
	v->enhanced = subjects || query_is_enhanced_code(s) || (class_only && v->smtp);
	if (v->smtp || v->enhanced)
		return true;
	query_fail(r, v->pos, "\"%.*s\" is no status code", SLICE_ARG(query_clip(s)));
	return hint_code(r, s);
}

/* Words people use for a value that has another name here. */
static const char *
other_word(const struct query_key *key, struct slice word)
{
	static const struct {
		enum query_key_id key;
		const char *word, *name;
	} words[] = {
		{QUERY_KEY_STATUS, "sent", "delivered"},
		{QUERY_KEY_STATUS, "ok", "delivered"},
		{QUERY_KEY_STATUS, "waiting", "deferred"},
		{QUERY_KEY_STATUS, "queued", "deferred"},
		{QUERY_KEY_STATUS, "failed", "bounced"},
		{QUERY_KEY_STATUS, "returned", "bounced"},
		{QUERY_KEY_STATUS, "refused", "rejected"},
		{QUERY_KEY_STATUS, "spam", "blocked"},
		{QUERY_KEY_STATUS, "quarantined", "blocked"},
		{QUERY_KEY_STATUS, "cancelled", "canceled"},
		{QUERY_KEY_WAY, "incoming", "in"},
		{QUERY_KEY_WAY, "inbound", "in"},
		{QUERY_KEY_WAY, "outgoing", "out"},
		{QUERY_KEY_WAY, "outbound", "out"},
		{QUERY_KEY_WAY, "local", "internal"},
		{QUERY_KEY_HAS, "bounce", "ndr"},
		{QUERY_KEY_HAS, "dsn", "ndr"},
		{QUERY_KEY_IS, "bounce", "ndr"},
		{QUERY_KEY_SORT, "date", "time"},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].key == key->id &&
			slice_equal_nocase(word, slice_of_str(words[i].word)))
			return words[i].name;
	return NULL;
}

static void
list_names(struct buf *b, const struct query_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		buf_addf(b, "%s%s", i ? ", " : "", names->names[i]);
}

static bool
fail_item(struct query_reader *r, const struct query_key *key, const struct query_value *v,
	struct slice word)
{
	struct query_names names = query_key_names(r->context, key);
	struct query_suggestion s = {.word = word};
	query_fail(r, v->pos, "%s: has no value \"%.*s\"", key->name, SLICE_ARG(query_clip(word)));
	const char *other = other_word(key, word);
	if (other)
		return query_hint(r, "did you mean %s", other);
	for (size_t i = 0; i < names.n; i++)
		query_suggest(&s, names.names[i], names.names[i]);
	if (query_suggest_hint(r, &s, ""))
		return false;
	buf_clear(&r->scratch);
	list_names(&r->scratch, &names);
	query_hint(r, "one of %s", buf_str(&r->scratch));
	buf_clear(&r->scratch);
	return false;
}

static bool
parse_item(struct query_reader *r, const struct query_key *key, struct query_value *v)
{
	struct query_names names = query_key_names(r->context, key);
	struct slice word = v->text;
	v->kind = QUERY_VALUE_ITEM;
	if (key->id == QUERY_KEY_SORT && slice_starts(word, S("-"))) {
		v->descending = true;
		word = slice_skip(word, 1);
	}
	for (size_t i = 0; i < names.n; i++)
		if (slice_equal_nocase(word, slice_of_str(names.names[i]))) {
			v->item = (int)i;
			v->norm = slice_of_str(names.names[i]);
			return true;
		}
	return fail_item(r, key, v, word);
}

/* What PostgreSQL's and RE2's expressions have in common: nothing that needs to remember a match.
 */
static bool
has_memory(struct slice s)
{
	for (size_t i = 0; i + 1 < s.n; i++) {
		bool reference = s.p[i] == '\\' && s.p[i + 1] >= '1' && s.p[i + 1] <= '9';
		bool look = i + 2 < s.n && s.p[i] == '(' && s.p[i + 1] == '?' && s.p[i + 2] != ':';
		if (reference || look)
			return true;
		i += s.p[i] == '\\';
	}
	return false;
}

static bool
parse_regex(struct query_reader *r, struct query_value *v)
{
	v->kind = QUERY_VALUE_REGEX;
	v->norm = v->text;
	if (v->text.n > QUERY_MAX_REGEX_BYTES)
		return query_fail(r, v->pos, "the regular expression is longer than %d bytes",
			QUERY_MAX_REGEX_BYTES);
	if (!has_memory(v->text))
		return true;
	query_fail(r, v->pos, "the regular expression has a back reference or a look-around");
	return query_hint(r, "use . [] () | * + ? {} ^ $ only");
}

static bool
parse_text(struct query_reader *r, struct query_value *v)
{
	v->kind = text_kind(v);
	v->norm = keep_lower(r, v->text);
	return true;
}

static bool
parse_verbatim(struct query_value *v, struct slice text)
{
	v->kind = text_kind(v);
	v->norm = text;
	return true;
}

bool
query_value_parse(struct query_reader *r, const struct query_key *key, enum query_op op,
	struct query_value *v)
{
	if (op == QUERY_OP_REGEX)
		return parse_regex(r, v);
	switch (key->type) {
	case QUERY_TYPE_ADDRESS:
		return parse_address(r, v);
	case QUERY_TYPE_DOMAIN:
		return parse_domain(r, v);
	case QUERY_TYPE_MSGID:
		return parse_verbatim(v, without_brackets(v->text));
	case QUERY_TYPE_EXACT:
		return parse_verbatim(v, v->text);
	case QUERY_TYPE_NAME:
		return parse_name(r, v);
	case QUERY_TYPE_PEER:
		return parse_peer(r, v);
	case QUERY_TYPE_IP:
		return parse_ip(r, v);
	case QUERY_TYPE_TEXT:
		return parse_text(r, v);
	case QUERY_TYPE_COUNTRY:
		return parse_country(r, v);
	case QUERY_TYPE_CODE:
		return parse_code(r, v);
	case QUERY_TYPE_ITEM:
		return parse_item(r, key, v);
	case QUERY_TYPE_TIME:
		return query_parse_time(r, key, v);
	case QUERY_TYPE_LAST:
		return query_parse_last(r, key, v);
	case QUERY_TYPE_ASN:
	case QUERY_TYPE_DURATION:
	case QUERY_TYPE_SIZE:
	case QUERY_TYPE_COUNT_OF:
	case QUERY_TYPE_SCORE:
		break;
	}
	return query_parse_number(r, key, op, v);
}
