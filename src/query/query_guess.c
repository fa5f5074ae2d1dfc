#include "query/query_part.h"

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static bool
is_label(struct slice s)
{
	if (s.n == 0 || s.n > 63 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_letter(s.p[i]) && !slice_is_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return false;
	return true;
}

/* Two letters at least, or an A-label. */
static bool
is_top_label(struct slice s)
{
	if (s.n > 4 && slice_equal_nocase(slice_head(s, 4), S("xn--")))
		return true;
	for (size_t i = 0; i < s.n; i++)
		if (!is_letter(s.p[i]))
			return false;
	return s.n >= 2;
}

/* A name with a dot whose last label can be a top-level domain; the first label may be '*'. */
bool
query_is_domain(struct slice s)
{
	struct slice label = {0};
	size_t labels = 0;
	if (slice_ends(s, S(".")))
		s.n--;
	if (s.n > 253)
		return false;
	for (struct slice rest = s; slice_split(&rest, '.', &label); labels++)
		if (!is_label(label) && !(labels == 0 && slice_equal(label, S("*"))))
			return false;
	return labels >= 2 && is_top_label(label);
}

bool
query_is_address(struct slice s)
{
	ptrdiff_t at = slice_find_last_char(s, '@');
	if (at <= 0 || slice_find_char(s, ':') >= 0 || slice_find_char(s, '/') >= 0)
		return false;
	struct slice local = slice_head(s, (size_t)at), domain = slice_skip(s, (size_t)at + 1);
	if (slice_find_char(local, '@') >= 0 || slice_find_char(local, '<') >= 0)
		return false;
	struct ip ip;
	return query_is_domain(domain) || slice_equal(domain, S("localhost")) ||
	       slice_equal(domain, S("*")) ||
	       (slice_starts(domain, S("[")) && ip_parse(domain, false, &ip));
}

/* Postfix's alphabet of long queue ids, base 52: src/global/safe_ultostr.h, mail_queue.h. */
static bool
is_base52(char c)
{
	return slice_is_digit(c) ||
	       (is_letter(c) && (unsigned char)c < 0x80 && !strchr("AEIOUaeiou", c));
}

/* Six digits of seconds, four of microseconds, 'z', then the inode. */
bool
query_is_long_qid(struct slice s)
{
	if (s.n < 11 || s.n > 24 || s.p[10] != 'z')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_base52(s.p[i]))
			return false;
	return true;
}

struct letters {
	size_t digits, upper, lower, other; /* counts */
	bool hex, base52;
};

static struct letters
look_at_letters(struct slice s)
{
	struct letters l = {.hex = true, .base52 = true};
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		l.digits += slice_is_digit(c);
		l.upper += c >= 'A' && c <= 'Z';
		l.lower += c >= 'a' && c <= 'z';
		l.hex &= slice_is_digit(c) || (c >= 'A' && c <= 'F');
		l.base52 &= is_base52(c);
	}
	l.other = s.n - l.digits - l.upper - l.lower;
	return l;
}

/* Hexadecimal with capitals, or digits, capitals and small consonants mixed. */
bool
query_is_qid(struct slice s)
{
	if (query_is_long_qid(s))
		return true;
	struct letters l = look_at_letters(s);
	if (s.n < 8 || s.n > 16 || l.other || !l.digits || !l.upper)
		return false;
	return l.hex || (l.base52 && l.lower && s.n >= 10);
}

static bool
is_code_part(struct slice s)
{
	uint64_t v;
	return slice_equal(s, S("*")) || (s.n <= 3 && slice_to_u64(s, &v));
}

/* RFC 3463: class 2, 4 or 5, subject, detail; '*' for the last two. */
bool
query_is_enhanced_code(struct slice s)
{
	if (s.n < 5 || !strchr("245", s.p[0]) || s.p[1] != '.')
		return false;
	struct slice rest = slice_skip(s, 2), subject, detail;
	return slice_split(&rest, '.', &subject) && rest.p && slice_split(&rest, '.', &detail) &&
	       !rest.p && is_code_part(subject) && is_code_part(detail);
}

static enum query_key_id
guess_key(struct slice s)
{
	struct ip ip;
	if (slice_contains(s, S("://")))
		return QUERY_KEY_TEXT;
	if (ip_parse(s, true, &ip))
		return QUERY_KEY_IP;
	if (query_is_enhanced_code(s))
		return QUERY_KEY_CODE;
	if (query_is_qid(s))
		return QUERY_KEY_QID;
	if (query_is_address(s))
		return QUERY_KEY_ADDR;
	return query_is_domain(s) ? QUERY_KEY_DOMAIN : QUERY_KEY_TEXT;
}

const struct query_key *
query_guess(struct slice word, struct slice *value)
{
	*value = word;
	if (slice_equal(word, S("<>")))
		return query_key(QUERY_KEY_FROM);
	/* In quotes, as it would have to stand behind a key, the star is no wildcard. */
	if (slice_find_char(word, '*') >= 0 && query_needs_quotes(word))
		return query_key(QUERY_KEY_TEXT);
	if (word.n > 2 && word.p[0] == '<' && word.p[word.n - 1] == '>')
		return query_key(QUERY_KEY_MSGID);
	struct slice domain = slice_skip(word, 1);
	if (word.n > 1 && word.p[0] == '@' && (query_is_domain(domain) || is_label(domain))) {
		*value = domain;
		return query_key(QUERY_KEY_DOMAIN);
	}
	return query_key(guess_key(word));
}
