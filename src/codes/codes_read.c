/* The code within what somebody pasted. */
#include "codes/codes.h"

static bool
is_word_byte(char c)
{
	return slice_is_digit(c) || (slice_lower_char(c) >= 'a' && slice_lower_char(c) <= 'z');
}

static size_t
digits_at(struct slice text, size_t at)
{
	size_t n = 0;
	while (at + n < text.n && slice_is_digit(text.p[at + n]))
		n++;
	return n;
}

/* ".22" behind a number; 0 when there is none of one to three digits. */
static size_t
part_at(struct slice text, size_t at)
{
	if (at >= text.n || text.p[at] != '.')
		return 0;
	size_t n = digits_at(text, at + 1);
	return n >= 1 && n <= 3 ? n + 1 : 0;
}

enum { FRONT = 4 }; /* "550 " may stand before it */

/* "4.2.2" here, not a part of an IP address or of a name. Returns its length or 0. The subjects are
 * 0 to 7 (RFC 3463 3), which the number of a version seldom keeps; at the front any is one. */
static size_t
dsn_at(struct slice text, size_t at)
{
	char class = text.p[at];
	if (class != '2' && class != '4' && class != '5')
		return 0;
	if (at > 0 && (is_word_byte(text.p[at - 1]) || text.p[at - 1] == '.'))
		return 0;
	if (part_at(text, at + 1) != 2 || (text.p[at + 2] > '7' && at > FRONT))
		return 0;
	size_t detail = part_at(text, at + 3);
	size_t end = at + 3 + detail;
	if (detail == 0 || part_at(text, end) || (end < text.n && is_word_byte(text.p[end])))
		return 0;
	return 3 + detail;
}

static struct slice
find_dsn(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		size_t n = dsn_at(text, i);
		if (n)
			return slice_of(text.p + i, n);
	}
	return (struct slice){"", 0};
}

/* "550 " or "550-" where an answer begins: at the very front, or behind a sign that ends what was
 * said before it; elsewhere numbers of three digits are something else. */
static bool
smtp_at(struct slice text, size_t at)
{
	if (text.p[at] < '2' || text.p[at] > '5' || digits_at(text, at) != 3)
		return false;
	char after = at + 3 < text.n ? text.p[at + 3] : ' ';
	if (after != ' ' && after != '-')
		return false;
	size_t before = at;
	while (before > 0 && text.p[before - 1] == ' ')
		before--;
	return before == 0 || slice_find_char(S(":;\"'(<"), text.p[before - 1]) >= 0;
}

static struct slice
find_smtp(struct slice text)
{
	for (size_t i = 0; i + 3 <= text.n; i++)
		if (smtp_at(text, i))
			return slice_of(text.p + i, 3);
	return (struct slice){"", 0};
}

/* The answer within a log line: from its code on, else behind the status. */
static struct slice
reply_of(struct slice text, struct slice smtp)
{
	if (smtp.n)
		return slice_of(smtp.p, (size_t)(slice_end(text) - smtp.p));
	ptrdiff_t status = slice_find(text, S(" status="));
	return status < 0 ? text : slice_skip(text, (size_t)status + 1);
}

static bool
is_code_alone(struct slice reply, const struct codes_question *q)
{
	if (q->smtp.n)
		reply = slice_trim(slice_skip(reply, 3));
	if (slice_starts(reply, S("-")))
		reply = slice_skip(reply, 1);
	return slice_equal(reply, q->dsn);
}

/* "host mx.example.com[192.0.2.7] said: ..." or "relay=mx.example.com[192.0.2.7]:25", as Postfix
 * writes it. */
static struct slice
find_host(struct slice text, struct slice before)
{
	ptrdiff_t at = slice_find(text, before);
	if (at < 0)
		return (struct slice){"", 0};
	struct slice host = slice_skip(text, (size_t)at + before.n);
	ptrdiff_t end = slice_find_char(host, '[');
	host = slice_head(host, end < 0 ? 0 : (size_t)end);
	return slice_find_char(host, ' ') < 0 ? host : (struct slice){"", 0};
}

void
codes_read(struct slice text, struct codes_question *q)
{
	text = slice_trim(text);
	*q = (struct codes_question){0};
	if (reason_by_name(text, &q->reason))
		return;
	q->smtp = find_smtp(text);
	struct slice reply = reply_of(text, q->smtp);
	q->dsn = find_dsn(reply);
	if (q->dsn.n == 0)
		q->dsn = find_dsn(text);
	q->mx = find_host(text, S("host "));
	if (q->mx.n == 0)
		q->mx = find_host(text, S("relay="));
	q->text = is_code_alone(reply, q) ? (struct slice){"", 0} : reply;
	q->reason = reason_of(q->smtp, q->dsn, q->text);
	if (q->reason == REASON_OTHER && q->smtp.n == 0 && q->dsn.n == 0)
		q->reason = REASON_NONE;
}
