#include "query/query_part.h"

/* What may follow a closed quotation or angle bracket: a blank, a comma, ')' or the end. */
static bool
check_not_glued(struct query_reader *r, const char *what)
{
	struct slice left = query_left(r);
	if (left.n == 0 || left.p[0] == ',' || left.p[0] == ')' || query_blank(left))
		return true;
	query_fail(r, r->at, "text is glued to the closing %s", what);
	return query_hint(r,
		"put a blank before it, or all of it in quotes: \"\\\"john doe\\\"@example.com\"");
}

/* Escapes off; a line end with the blanks after it is one blank, as in text that was folded. */
static void
unescape(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n' || s.p[i] == '\r') {
			while (i + 1 < s.n && query_blank(slice_head(slice_skip(s, i + 1), 1)))
				i++;
			buf_add_char(out, ' ');
			continue;
		}
		if (s.p[i] == '\\' && i + 1 < s.n && (s.p[i + 1] == '"' || s.p[i + 1] == '\\'))
			i++;
		buf_add_char(out, s.p[i]);
	}
}

/* Offset of the closing quote in `s`, which begins behind the opening one; s.n when there is none.
 */
static size_t
closing_quote(struct slice s)
{
	size_t i = 0;
	while (i < s.n && s.p[i] != '"')
		i += s.p[i] == '\\' && i + 1 < s.n ? 2 : 1;
	return i;
}

bool
query_read_quoted(struct query_reader *r, struct slice *out)
{
	size_t start = r->at;
	struct slice body = slice_skip(query_left(r), 1);
	size_t n = closing_quote(body);
	if (n >= body.n) {
		query_fail(r, start, "this quotation mark is never closed");
		return query_hint(
			r, "add a \" at the end of the text; inside, write \\\" for a quote");
	}
	body = slice_head(body, n);
	r->at += n + 2;
	if (body.n == 0) {
		query_fail(r, start, "there is nothing between these quotation marks");
		return query_hint(r, "the null sender is from:<>");
	}
	buf_clear(&r->scratch);
	unescape(&r->scratch, body);
	*out = slice_equal(body, buf_slice(&r->scratch)) ? body : query_keep(r);
	return check_not_glued(r, "quotation mark");
}

bool
query_read_angle(struct query_reader *r, struct slice *out)
{
	struct slice left = query_left(r);
	size_t n = 1;
	while (n < left.n && left.p[n] != '>' && !query_blank(slice_skip(left, n)))
		n++;
	if (n >= left.n || left.p[n] != '>') {
		query_fail(r, r->at, "this < is never closed");
		return query_hint(r, "write <id@host> without blanks, or put the text in quotes");
	}
	*out = slice_head(left, n + 1);
	r->at += n + 1;
	return check_not_glued(r, "angle bracket");
}

static bool
fail_curly(struct query_reader *r)
{
	query_fail(r, r->at, "this is a typographic quotation mark");
	return query_hint(r, "use the straight \"");
}

bool
query_read_plain(struct query_reader *r, struct slice *out)
{
	struct slice left = query_left(r);
	size_t n = 0;
	if (query_curly_quote(left))
		return fail_curly(r);
	while (n < left.n && left.p[n] != '(' && left.p[n] != ')' && left.p[n] != ',' &&
		left.p[n] != '"' && !query_blank(slice_skip(left, n)))
		n++;
	*out = slice_head(left, n);
	r->at += n;
	if (n < left.n && left.p[n] == '"') {
		query_fail(r, r->at, "there is a quotation mark inside a word");
		return query_hint(
			r, "put a blank before it, or the whole word in quotes with \\\" inside");
	}
	return true;
}

static bool
fail_missing(struct query_reader *r, const struct query_key *key)
{
	size_t pos = r->at;
	query_fail(r, pos, "a value is missing after \"%s\"",
		r->text.p[pos - 1] == ',' ? "," : key->name);
	query_skip_blanks(r);
	struct slice left = query_left(r);
	if (r->at > pos && left.n && left.p[0] != ')')
		return query_hint(r, "write the value without a blank before it: %s", key->example);
	return query_hint(r, "for example %s", key->example);
}

static bool
split_range(struct query_reader *r, struct query_value *value)
{
	ptrdiff_t dots = slice_find(value->text, S(".."));
	if (dots < 0)
		return true;
	value->range = true;
	value->to = slice_skip(value->text, (size_t)dots + 2);
	value->text = slice_head(value->text, (size_t)dots);
	if (value->text.n && value->to.n)
		return true;
	query_fail(r, value->pos, "one end of the range is missing");
	return query_hint(r, "write both ends, a..b, or use >= or <=");
}

bool
query_read_value(struct query_reader *r, const struct query_key *key, struct query_value *value)
{
	struct slice left = query_left(r);
	*value = (struct query_value){.pos = r->at, .item = -1};
	if (left.n == 0 || left.p[0] == ',' || left.p[0] == ')' || query_blank(left))
		return fail_missing(r, key);
	value->quoted = left.p[0] == '"';
	if (value->quoted)
		return query_read_quoted(r, &value->text);
	if (left.p[0] == '<' && !(key->allows & QUERY_ALLOWS_COMPARE))
		return query_read_angle(r, &value->text);
	if (!query_read_plain(r, &value->text))
		return false;
	if (value->text.n == 0) {
		query_fail(r, r->at, "a value cannot begin with a parenthesis");
		return query_hint(r,
			"for one of several values write %s:a,b; or put the text in quotes",
			key->name);
	}
	return !(key->allows & QUERY_ALLOWS_RANGE) || split_range(r, value);
}
