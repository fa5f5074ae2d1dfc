#include "parse/parse.h"

#include "base/cursor.h"
#include "parse/dovecot.h"
#include "parse/exchange.h"
#include "parse/filter.h"
#include "parse/postfix.h"

/* Who reads whom, beside the Postfix family, which parse_postfix tells apart itself. A name that
 * ends in '*' is the head of a name. */
struct family {
	struct slice name;
	enum program program;
	enum parse_result (*parse)(const struct line *line, struct event *e);
};

#define FAMILY(name, program, parse)                                                               \
	{                                                                                          \
		{name, sizeof(name) - 1}, program, parse                                           \
	}

static const struct family families[] = {
	FAMILY("MSGTRK", PROGRAM_EXCHANGE, parse_msgtrk),
	FAMILY("dovecot*", PROGRAM_DOVECOT, parse_dovecot),
	FAMILY("amavis*", PROGRAM_AMAVIS, parse_amavis),
	FAMILY("opendkim*", PROGRAM_OPENDKIM, parse_opendkim),
	FAMILY("opendmarc*", PROGRAM_OPENDMARC, parse_opendmarc),
	FAMILY("postgrey", PROGRAM_POSTGREY, parse_postgrey),
	FAMILY("greylse", PROGRAM_GREYLSE, parse_postgrey),
	FAMILY("rspamd*", PROGRAM_RSPAMD, parse_rspamd),
	FAMILY("spamd*", PROGRAM_SPAMD, parse_spamd),
	FAMILY("clamd*", PROGRAM_CLAMAV, parse_clamav),
	FAMILY("clamav*", PROGRAM_CLAMAV, parse_clamav),
	FAMILY("clamsmtp*", PROGRAM_CLAMAV, parse_clamav),
	FAMILY("freshclam", PROGRAM_CLAMAV, parse_clamav),
	FAMILY("policyd-spf*", PROGRAM_SPF, parse_spf),
	FAMILY("pypolicyd-spf*", PROGRAM_SPF, parse_spf),
	FAMILY("pyspf-milter*", PROGRAM_SPF, parse_spf),
	FAMILY("smf-spf*", PROGRAM_SPF, parse_spf),
	FAMILY("postfix-policyd-spf*", PROGRAM_SPF, parse_spf),
	FAMILY("postfix/policy-spf*", PROGRAM_SPF, parse_spf),
	FAMILY("postfix/policyd-spf*", PROGRAM_SPF, parse_spf),
	FAMILY("cyrus*", PROGRAM_CYRUS, parse_cyrus),
	FAMILY("lmtpunix", PROGRAM_CYRUS, parse_cyrus),
	FAMILY("lmtpd", PROGRAM_CYRUS, parse_cyrus),
};

static bool
matches(struct slice name, struct slice pattern)
{
	if (slice_ends(pattern, S("*")))
		return slice_starts(name, slice_head(pattern, pattern.n - 1));
	return slice_equal(name, pattern);
}

static const struct family *
find_family(struct slice name)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (name.n && *families[i].name.p == *name.p && matches(name, families[i].name))
			return &families[i];
	return NULL;
}

/* "/usr/sbin/amavisd-new" -> "amavisd-new" */
static struct slice
without_path(struct slice name)
{
	if (!slice_starts(name, S("/")))
		return name;
	return slice_skip(name, (size_t)slice_find_last_char(name, '/') + 1);
}

static enum parse_result
dispatch(const struct line *line, struct event *e)
{
	if (slice_starts(line->program, S("postfix/")) &&
		!slice_starts(slice_skip(line->program, 8), S("polic")))
		return parse_postfix(line, e);
	struct slice name = without_path(line->program);
	const struct family *family = find_family(name);
	if (family) {
		e->program = family->program;
		return family->parse(line, e);
	}
	if (postfix_is_program(name) || slice_equal(name, S("postfix")) ||
		slice_starts(name, S("postfix/")))
		return parse_postfix(line, e);
	/* "postfix-out/smtpd" cut at the slash; what no shape fits is another program of a like
	 * name. */
	if (slice_starts(name, S("postfix-")) && parse_postfix(line, e) == PARSE_OK)
		return PARSE_OK;
	return PARSE_IGNORED;
}

/* "message repeated 3 times: [ text]": rsyslog with $RepeatedMsgReduction, as on Ubuntu. */
static bool
unwrap_repeated(struct line *line, struct event *e)
{
	struct cursor c = cursor_of(line->text);
	cursor_literal(&c, S("message repeated "));
	uint64_t times = cursor_u64(&c);
	cursor_literal(&c, S(" times: ["));
	cursor_blanks(&c);
	struct slice text = cursor_rest(&c);
	if (!cursor_ok(&c) || times > INT32_MAX || !slice_ends(text, S("]")))
		return false;
	e->repeated = (int32_t)times;
	line->text = slice_head(text, text.n - 1);
	return true;
}

enum parse_result
parse_line(const struct line *line, struct event *e)
{
	struct line inner = *line;
	event_init(e);
	e->t_us = line->t_us;
	e->host = line->host;
	e->pid = line->pid;
	bool repeated = slice_starts(line->text, S("message r")) && unwrap_repeated(&inner, e);
	enum parse_result result = dispatch(repeated ? &inner : line, e);
	if (result != PARSE_OK)
		e->type = EVENT_NONE;
	return result;
}
