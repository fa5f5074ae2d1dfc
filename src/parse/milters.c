#include "parse/filter.h"

#include "parse/filter_read.h"

static enum parse_result
check(struct event *e, struct slice name, struct slice text, enum verdict verdict)
{
	filter_begin(e, EVENT_CHECK, name);
	e->text = text;
	e->verdict = verdict;
	return PARSE_OK;
}

/* Signing was not for this mail, and other remarks that tell nothing about it. opendkim.c of 2.0
 * to 2.11. */
static const char *const dkim_chatter_ends[] = {
	" not internal",
	"not authenticated",
	"no MTA name match",
	"no macros match",
};

static const char *const dkim_chatter[] = {
	"no signing ",
	"no sender header",
	"message has signatures from ",
	"failed to parse ",
	"mode select: ",
	"resigning ",
	"ignoring ",
	"removed ",
	"authentication-results",
};

static const char *const dkim_failed[] = {
	"bad signature",
	"syntax error",
	"key retrieval failed",
	"key granularity",
	"signature verification failed",
	"signature expired",
	"verification failed",
	"DKIM verification failed",
	"unable to verify",
	"dkim_eoh(): ",
	"dkim_eom(): ",
};

static bool
dkim_is_chatter(struct slice text)
{
	if (slice_ends(text, S(" SSL ")) || slice_ends(text, S(" SSL")))
		return true; /* OpenSSL had nothing to say */
	for (size_t i = 0; i < FILTER_COUNT(dkim_chatter_ends); i++)
		if (slice_ends(text, slice_of_str(dkim_chatter_ends[i])))
			return true;
	return filter_starts_any(text, dkim_chatter, FILTER_COUNT(dkim_chatter));
}

/* LogResults: "signature=Ab12 domain=example.com selector=lab result=\"no signature error\"" */
static enum verdict
dkim_result_verdict(struct slice text)
{
	return slice_contains(text, S("result=\"no signature error\"")) ? VERDICT_PASS
									: VERDICT_FAIL;
}

static enum parse_result
parse_dkim_result(struct slice text, struct event *e)
{
	enum verdict verdict = VERDICT_OTHER;
	if (dkim_is_chatter(text))
		return PARSE_IGNORED;
	if (slice_starts(text, S("DKIM-Signature field added"))) {
		e->action = S("signed");
		verdict = VERDICT_NONE;
	} else if (slice_starts(text, S("DKIM verification successful"))) {
		verdict = VERDICT_PASS;
	} else if (slice_starts(text, S("no signature data")) ||
		   slice_starts(text, S("external host "))) {
		verdict = VERDICT_NONE;
	} else if (slice_contains(text, S("SSL error:"))) {
		verdict = VERDICT_FAIL; /* "s=lab d=example.com a=rsa-sha256 SSL error:0407006A:..."
					 */
	} else if (slice_starts(text, S("signature=")) && slice_contains(text, S("result="))) {
		verdict = dkim_result_verdict(text);
	} else if (filter_starts_any(text, dkim_failed, FILTER_COUNT(dkim_failed))) {
		verdict = VERDICT_FAIL;
	}
	return check(e, S("dkim"), text, verdict);
}

static const char *const milter_program[] = {
	"OpenDKIM Filter v",
	"OpenDKIM Filter: ",
	"OpenDMARC Filter v",
	"OpenDMARC Filter: ",
	"configuration reloaded",
	"terminating with status",
	"terminating ",
	"restarting",
};

static const char *const milter_trouble[] = {
	"error",
	"can't ",
	"cannot ",
	"unable ",
	"key data is not secure",
	"warning",
	"fatal",
	": ",
	"failed ",
	"ERROR",
	"terminated with",
	"smfi_",
};

/* A line of a milter that names no mail. */
static enum parse_result
parse_milter_other(struct slice text, struct event *e)
{
	if (filter_starts_any(text, milter_program, FILTER_COUNT(milter_program)))
		return filter_program(e, text);
	if (filter_starts_any(text, milter_trouble, FILTER_COUNT(milter_trouble)) ||
		slice_contains(text, S(": key data is not secure")) ||
		slice_contains(text, S(" exiting")))
		return filter_warning(e, text);
	return PARSE_UNKNOWN;
}

enum parse_result
parse_opendkim(const struct line *line, struct event *e)
{
	struct cursor c = cursor_of(line->text);
	e->qid = filter_read_qid(&c);
	if (e->qid.n || cursor_optional(&c, S("(unknown-jobid) ")) ||
		cursor_optional(&c, S("(unknown-jobid): ")))
		return parse_dkim_result(cursor_left(&c), e);
	if (slice_contains(cursor_left(&c), S(" not internal")))
		return PARSE_IGNORED;
	return parse_milter_other(cursor_left(&c), e);
}

/* "SPF(mailfrom): a@example.com pass": opendmarc's own SPF check. */
static enum parse_result
parse_dmarc_spf(struct slice text, struct event *e)
{
	ptrdiff_t blank = slice_find_last_char(text, ' ');
	struct slice result = blank < 0 ? text : slice_skip(text, (size_t)blank + 1);
	return check(e, S("spf"), text, filter_result_verdict(result));
}

static const char *const dmarc_chatter[] = {
	"ignoring ",
	"implicit authentication service",
	"trusted authentication services",
	"additional trusted authentication services",
	"ARC",
	"arc_",
	"accept ",
	"HELO",
	"skipping",
};

/* "example.com pass", "rejected by DMARC policy for example.com" */
static enum parse_result
parse_dmarc_result(struct slice text, struct event *e)
{
	ptrdiff_t blank = slice_find_char(text, ' ');
	if (slice_starts(text, S("SPF(")))
		return parse_dmarc_spf(text, e);
	if (filter_starts_any(text, dmarc_chatter, FILTER_COUNT(dmarc_chatter)))
		return PARSE_IGNORED;
	if (slice_contains(text, S("rejected by DMARC")) ||
		slice_contains(text, S("quarantined by DMARC")))
		return check(e, S("dmarc"), text, VERDICT_FAIL);
	if (blank > 0 && slice_contains(slice_head(text, (size_t)blank), S(".")))
		return check(e, S("dmarc"), text,
			filter_result_verdict(slice_skip(text, (size_t)blank + 1)));
	return check(e, S("dmarc"), text, VERDICT_OTHER);
}

enum parse_result
parse_opendmarc(const struct line *line, struct event *e)
{
	struct cursor c = cursor_of(line->text);
	e->qid = filter_read_qid(&c);
	if (e->qid.n)
		return parse_dmarc_result(cursor_left(&c), e);
	if (filter_starts_any(cursor_left(&c), dmarc_chatter, FILTER_COUNT(dmarc_chatter)) ||
		slice_contains(cursor_left(&c), S(" ignoring ")))
		return PARSE_IGNORED; /* "QID ignoring Authentication-Results at 1 from
					 mx.example.com" */
	return parse_milter_other(cursor_left(&c), e);
}
