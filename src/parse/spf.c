#include "parse/filter.h"

#include "parse/filter_read.h"

static void
set_attribute(struct event *e, struct slice name, struct slice value)
{
	if (slice_equal(name, S("client-ip")) || slice_equal(name, S("ip")))
		e->client_ip = value;
	else if (slice_equal(name, S("helo")))
		e->helo = value;
	else if (slice_equal(name, S("fqdn")))
		e->client_name = value;
	else if (slice_equal(name, S("envelope-from")) || slice_equal(name, S("from")))
		filter_set_from(e, value);
	else if (slice_equal(name, S("receiver")) && slice_find_char(value, '@') > 0)
		e->to = value; /* else it is the host's name or "<UNKNOWN>" */
	e->has_to = e->to.n > 0;
}

static struct slice
without_brackets(struct slice s)
{
	bool bracketed = s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>';
	return bracketed ? slice_of(s.p + 1, s.n - 2) : s;
}

/* "identity=mailfrom; client-ip=192.0.2.7; helo=mx.example.com; ..." (RFC 7208, 9.1) */
static void
read_attributes(struct cursor *c, char separator, struct event *e)
{
	struct slice name, value;
	while (filter_next_pair(c, separator, &name, &value)) {
		value = slice_trim(value);
		if (slice_ends(value, S(")")))
			value.n--;
		set_attribute(e, name, without_brackets(value));
	}
}

/* A comment in parentheses may hold others: "(a: b (mechanism 'mx' matched))". */
static void
skip_comment(struct cursor *c)
{
	size_t depth = 0;
	for (; c->p < c->end; c->p++) {
		if (*c->p == '(')
			depth++;
		else if (*c->p == ')' && depth && --depth == 0) {
			c->p++;
			return;
		}
	}
}

/* "Pass (mailfrom) identity=mailfrom; ..." */
static enum parse_result
parse_received_spf(struct cursor *c, struct event *e)
{
	filter_begin(e, EVENT_CHECK, S("spf"));
	e->text = cursor_left(c);
	e->verdict = filter_result_verdict(filter_read_word(c));
	e->text.n = (size_t)(c->p - e->text.p);
	cursor_optional(c, S(";"));
	cursor_blanks(c);
	if (cursor_sees(c, S("("))) {
		skip_comment(c);
		e->text.n = (size_t)(c->p - e->text.p);
	}
	read_attributes(c, ';', e);
	return e->text.n ? PARSE_OK : PARSE_UNKNOWN;
}

/* "mx.example.com; spf=pass (sender SPF authorized) smtp.mailfrom=a@example.com (client-ip=...;
 * ...)" */
static enum parse_result
parse_authentication_results(struct cursor *c, struct event *e)
{
	filter_begin(e, EVENT_CHECK, S("spf"));
	cursor_until(c, S("spf="));
	e->text = filter_read_word(c);
	e->verdict = filter_result_verdict(e->text);
	cursor_until_or_rest(c, S("(client-ip="));
	if (!cursor_done(c))
		c->p -= sizeof("client-ip=") - 1;
	read_attributes(c, ';', e);
	return e->text.n ? PARSE_OK : PARSE_UNKNOWN;
}

/* "550 5.7.23 Message rejected due to: SPF fail - not authorized." */
static enum parse_result
parse_refusal(struct cursor *c, struct event *e)
{
	filter_begin(e, EVENT_CHECK, S("spf"));
	e->code = cursor_until_char(c, ' ');
	e->action = e->code.p[0] == '4' ? S("defer") : S("reject");
	e->verdict = e->code.p[0] == '4' ? VERDICT_OTHER : VERDICT_FAIL;
	struct slice left = cursor_left(c);
	ptrdiff_t blank = slice_find_char(left, ' ');
	if (left.n > 2 && slice_is_digit(left.p[0]) && left.p[1] == '.' && blank > 0)
		e->dsn = cursor_until_char(c, ' ');
	e->text = cursor_rest(c);
	return cursor_ok(c) ? PARSE_OK : PARSE_UNKNOWN;
}

/* smf-spf: "SPF pass: ip=192.0.2.7, fqdn=mx.example.com, helo=mx.example.com, from=<a@example.com>"
 */
static enum parse_result
parse_smf(struct cursor *c, struct event *e)
{
	filter_begin(e, EVENT_CHECK, S("spf"));
	e->text = filter_read_word(c);
	e->verdict = filter_result_verdict(e->text);
	cursor_literal(c, S(": "));
	read_attributes(c, ',', e);
	return cursor_ok(c) && e->client_ip.n ? PARSE_OK : PARSE_UNKNOWN;
}

/* "SPF skipped for whitelisted relay - client-ip=192.0.2.7; helo=...; ..." */
static enum parse_result
parse_comment(struct cursor *c, struct event *e)
{
	filter_begin(e, EVENT_CHECK, S("spf"));
	e->text = cursor_until_or_rest(c, S(" - "));
	read_attributes(c, ';', e);
	return PARSE_OK;
}

static bool
is_reply(struct slice s)
{
	return s.n > 4 && (s.p[0] == '4' || s.p[0] == '5') && slice_is_digit(s.p[1]) &&
	       slice_is_digit(s.p[2]) && s.p[3] == ' ';
}

static const char *const chatter[] = {
	"DUNNO",
	"dunno",
	"SPF ", /* postfix-policyd-spf-perl: the "Policy action=" line says it again */
	"handler ",
	"spfcheck",
	"Starting",
	"Normal exit",
	"Read line",
	"Found ",
	"Cached ",
	"Config",
	"config",
	"skip",
	"Attribute",
	"Local ",
	"Not ",
	"Using ",
	"Peruser",
	"_get_",
	"Action:",
	"action=",
	"testing:",
	"Received-SPF header",
	"whitelist",
};

static const char *const trouble[] = {
	"ERROR",
	"Error",
	"error",
	"Traceback",
	"warning",
	"Warning",
	"fatal",
	"No client address",
	"Could not ",
};

/* What stands before the answer itself: ": Policy action=PREPEND ", "prepend ", "QID: " of the
 * milters. */
static void
skip_head(struct cursor *c, struct event *e)
{
	e->qid = filter_read_qid(c);
	cursor_optional(c, S(": "));
	cursor_optional(c, S("Policy action="));
	cursor_optional(c, S("pyspf-milter: "));
	if (!cursor_optional(c, S("prepend ")))
		cursor_optional(c, S("PREPEND "));
}

/* What the policy server tells Postfix to do. PARSE_UNKNOWN: not such a line. */
static enum parse_result
parse_answer(struct cursor *c, struct event *e)
{
	if (cursor_optional(c, S("Received-SPF: ")))
		return parse_received_spf(c, e);
	if (cursor_optional(c, S("Authentication-Results: ")))
		return parse_authentication_results(c, e);
	if (is_reply(cursor_left(c)))
		return parse_refusal(c, e);
	if (cursor_optional(c, S("X-Comment: ")))
		return parse_comment(c, e);
	/* "Pass; identity=mailfrom; client-ip=...": the older form without the header's name. */
	if (slice_contains(cursor_left(c), S(" identity=")))
		return parse_received_spf(c, e);
	return PARSE_UNKNOWN;
}

enum parse_result
parse_spf(const struct line *line, struct event *e)
{
	struct cursor c = cursor_of(line->text);
	skip_head(&c, e);
	if (slice_contains(cursor_left(&c), S(": ip=")) && cursor_optional(&c, S("SPF ")))
		return parse_smf(&c, e);
	if (filter_starts_any(cursor_left(&c), trouble, FILTER_COUNT(trouble)))
		return filter_warning(e, cursor_left(&c));
	if (filter_starts_any(cursor_left(&c), chatter, FILTER_COUNT(chatter)))
		return PARSE_IGNORED;
	return parse_answer(&c, e);
}
