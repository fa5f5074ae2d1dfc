#include "parse/postfix.h"

/* Bit 1: an upper-case hex digit. Bit 2: a sign of the long form (digits and consonants). */
static const unsigned char qid_class[256] = {
	['0'] = 3,
	['1'] = 3,
	['2'] = 3,
	['3'] = 3,
	['4'] = 3,
	['5'] = 3,
	['6'] = 3,
	['7'] = 3,
	['8'] = 3,
	['9'] = 3,
	['A'] = 1,
	['B'] = 3,
	['C'] = 3,
	['D'] = 3,
	['E'] = 1,
	['F'] = 3,
	['G'] = 2,
	['H'] = 2,
	['J'] = 2,
	['K'] = 2,
	['L'] = 2,
	['M'] = 2,
	['N'] = 2,
	['P'] = 2,
	['Q'] = 2,
	['R'] = 2,
	['S'] = 2,
	['T'] = 2,
	['V'] = 2,
	['W'] = 2,
	['X'] = 2,
	['Y'] = 2,
	['Z'] = 2,
	['b'] = 2,
	['c'] = 2,
	['d'] = 2,
	['f'] = 2,
	['g'] = 2,
	['h'] = 2,
	['j'] = 2,
	['k'] = 2,
	['l'] = 2,
	['m'] = 2,
	['n'] = 2,
	['p'] = 2,
	['q'] = 2,
	['r'] = 2,
	['s'] = 2,
	['t'] = 2,
	['v'] = 2,
	['w'] = 2,
	['x'] = 2,
	['y'] = 2,
	['z'] = 2,
};

enum { QID_MIN = 5, QID_MAX = 32, QID_LONG_TIME = 10 };

/* The length of the queue id at `p`, or 0: Postfix src/global/mail_queue.h. */
static inline size_t
qid_length(const char *p, size_t n)
{
	unsigned char all = 3;
	size_t i = 0;
	size_t most = n < QID_MAX ? n : QID_MAX;
	for (; i < most; i++) {
		unsigned char kind = qid_class[(unsigned char)p[i]] & all;
		if (!kind)
			break;
		all = kind;
	}
	if (i < QID_MIN)
		return 0;
	if (all & 1)
		return i;
	return i > QID_LONG_TIME && memchr(p + QID_LONG_TIME, 'z', i - QID_LONG_TIME) ? i : 0;
}

bool
postfix_is_qid(struct slice s)
{
	return s.n && qid_length(s.p, s.n) == s.n;
}

struct slice
postfix_read_qid(struct cursor *c)
{
	size_t left = (size_t)(c->end - c->p);
	size_t n = qid_length(c->p, left);
	if (!n || left < n + 2 || c->p[n] != ':' || c->p[n + 1] != ' ')
		return slice_of(c->end, 0);
	struct slice qid = slice_of(c->p, n);
	c->p += n + 2;
	return qid;
}

/* Past a quoted local part at `p`; `p` itself when it does not end. */
static const char *
past_quoted(const char *p, const char *end)
{
	for (const char *q = p + 1; q < end; q++) {
		if (*q == '\\')
			q++;
		else if (*q == '"')
			return q + 1;
	}
	return p;
}

static bool
ends_value(const char *p, const char *end)
{
	return p == end || *p == ',' || *p == ' ' || *p == ':' || *p == ';' || *p == ')';
}

struct slice
postfix_read_address(struct cursor *c, struct event *e)
{
	const char *start = c->p;
	const char *q = start < c->end && *start == '"' ? past_quoted(start, c->end) : start;
	while (q < c->end && (q = memchr(q, '>', (size_t)(c->end - q)))) {
		if (ends_value(q + 1, c->end)) {
			c->p = q + 1;
			return slice_of(start, (size_t)(q - start));
		}
		q++;
	}
	c->p = c->end;
	e->cut = true;
	return slice_of(start, (size_t)(c->end - start));
}

/* ":25" at the cursor */
static struct slice
read_port(struct cursor *c)
{
	const char *p = c->p;
	if (p == c->end || *p != ':')
		return slice_of(c->end, 0);
	const char *digits = ++p;
	while (p < c->end && slice_is_digit(*p))
		p++;
	if (p == digits)
		return slice_of(c->end, 0);
	c->p = p;
	return slice_of(digits, (size_t)(p - digits));
}

struct postfix_peer
postfix_read_peer(struct cursor *c)
{
	struct postfix_peer peer;
	peer.name = cursor_until_char(c, '[');
	peer.ip = cursor_until_char(c, ']');
	peer.port = read_port(c);
	if (slice_find_char(peer.name, ' ') >= 0)
		c->failed = true;
	return peer;
}

struct postfix_peer
postfix_split_peer(struct slice s)
{
	struct postfix_peer peer = {.name = s};
	ptrdiff_t open = slice_find_char(s, '[');
	ptrdiff_t close = slice_find_last_char(s, ']');
	if (open < 0 || close < open)
		return peer;
	struct cursor c = cursor_of(slice_skip(s, (size_t)close + 1));
	peer.name = slice_head(s, (size_t)open);
	peer.ip = slice_of(s.p + open + 1, (size_t)(close - open - 1));
	peer.port = read_port(&c);
	return peer;
}

void
postfix_read_client(struct cursor *c, struct event *e)
{
	struct postfix_peer peer = postfix_read_peer(c);
	e->client_name = peer.name;
	e->client_ip = peer.ip;
	e->client_port = peer.port;
}

void
postfix_read_relay(struct cursor *c, struct event *e)
{
	struct postfix_peer peer = postfix_read_peer(c);
	e->relay_name = peer.name;
	e->relay_ip = peer.ip;
	e->relay_port = peer.port;
}

struct slice
postfix_read_field(struct cursor *c)
{
	const char *start = c->p;
	const char *q = start;
	while (q < c->end && (q = memchr(q, ',', (size_t)(c->end - q)))) {
		if (q + 1 < c->end && q[1] == ' ') {
			c->p = q + 2;
			return slice_of(start, (size_t)(q - start));
		}
		q++;
	}
	c->p = c->end;
	return slice_of(start, (size_t)(c->end - start));
}

/* A value without brackets, up to a blank, a comma or a colon. */
static struct slice
read_word(struct cursor *c)
{
	const char *start = c->p;
	while (c->p < c->end && *c->p != ' ' && *c->p != ',' && *c->p != ':')
		c->p++;
	return slice_of(start, (size_t)(c->p - start));
}

/* A login name may hold blanks and commas: it ends where sasl_sender= follows. */
static struct slice
read_login(struct cursor *c)
{
	struct slice left = cursor_left(c);
	ptrdiff_t at = slice_find(left, S(" sasl_sender="));
	struct slice login = at < 0 ? left : slice_head(left, (size_t)at);
	c->p += login.n;
	if (at >= 0 && slice_ends(login, S(",")))
		login.n--;
	return login;
}

static bool
read_pair(struct cursor *c, struct event *e)
{
	if (cursor_optional(c, S("from=<"))) {
		e->from = postfix_read_address(c, e);
		e->has_from = true;
	} else if (cursor_optional(c, S("to=<"))) {
		e->to = postfix_read_address(c, e);
		e->has_to = true;
	} else if (cursor_optional(c, S("proto="))) {
		e->proto = read_word(c);
	} else if (cursor_optional(c, S("helo=<"))) {
		e->helo = postfix_read_address(c, e);
	} else if (cursor_optional(c, S("sasl_method="))) {
		e->sasl_method = read_word(c);
	} else if (cursor_optional(c, S("sasl_username="))) {
		e->sasl_user = read_login(c);
	} else if (cursor_optional(c, S("sasl_sender="))) {
		e->sasl_sender = read_word(c);
	} else {
		return false;
	}
	return true;
}

void
postfix_read_envelope(struct cursor *c, struct event *e)
{
	while (!cursor_done(c)) {
		const char *before = c->p;
		while (c->p < c->end && (*c->p == ' ' || *c->p == ','))
			c->p++;
		if (!read_pair(c, e)) {
			c->p = before;
			return;
		}
	}
}

static bool
is_envelope(const char *p, const char *end)
{
	struct cursor c = {p, end, false};
	return cursor_sees(&c, S("; from=<")) || cursor_sees(&c, S("; to=<")) ||
	       cursor_sees(&c, S("; proto="));
}

struct slice
postfix_until_envelope(struct cursor *c, bool last)
{
	const char *start = c->p;
	const char *found = NULL;
	const char *q = start;
	while (q < c->end && (q = memchr(q, ';', (size_t)(c->end - q)))) {
		if (is_envelope(q, c->end)) {
			found = q;
			if (!last)
				break;
		}
		q++;
	}
	if (!found) {
		struct slice rest = cursor_rest(c);
		return slice_ends(rest, S(";")) ? slice_head(rest, rest.n - 1) : rest;
	}
	c->p = found + 2;
	return slice_of(start, (size_t)(found - start));
}

/* RFC 3463 "5.1.1 ": the length without the blank, or 0. */
static size_t
dsn_length(const char *p, size_t n)
{
	size_t i = 0;
	for (size_t part = 0; part < 3; part++) {
		size_t digits = i;
		while (i < n && i - digits < 3 && slice_is_digit(p[i]))
			i++;
		if (i == digits || (part < 2 && (i == n || p[i++] != '.')))
			return 0;
	}
	return i < n && p[i] == ' ' ? i : 0;
}

void
postfix_read_code(struct cursor *c, struct event *e)
{
	const char *p = c->p;
	size_t left = (size_t)(c->end - p);
	if (left > 3 && slice_is_digit(p[0]) && slice_is_digit(p[1]) && slice_is_digit(p[2]) &&
		(p[3] == ' ' || p[3] == '-')) {
		e->code = slice_of(p, 3);
		c->p = p += 4;
		left -= 4;
	}
	size_t n = dsn_length(p, left);
	if (n) {
		e->dsn = slice_of(p, n);
		c->p = p + n + 1;
	}
}

int64_t
postfix_read_ms(struct cursor *c)
{
	const char *p = c->p;
	int64_t ms = 0;
	int64_t unit = 100;
	while (p < c->end && slice_is_digit(*p) && ms < INT64_MAX / 20000)
		ms = ms * 10 + (*p++ - '0');
	if (p == c->p)
		return -1;
	ms *= 1000;
	if (p < c->end && *p == '.')
		for (p++; p < c->end && slice_is_digit(*p); p++, unit /= 10) {
			ms += unit ? (*p - '0') * unit : 0;
			if (unit == 1 && p + 1 < c->end && p[1] >= '5' && p[1] <= '9')
				ms++; /* the fourth digit rounds */
		}
	c->p = p;
	return ms;
}
