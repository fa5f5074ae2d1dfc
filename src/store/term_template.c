#include "store/terms.h"

#include "base/ip.h"
#include "store/term_word.h"

enum {
	TEMPLATE_MAX = 500,
	NAME_MAX = 320, /* longest address of RFC 5321; nothing longer is looked for */
	NAMES = 6,
	IP_MAX = 45,
};

/* A word to be cut out by name. */
struct name {
	char sign; /* "%r" */
	struct slice text;
	bool bracket; /* a word like others ("unknown"): only before "[192.0.2.7]" */
};

struct template
{
	struct buf *out;
	size_t limit;	/* out->n stays within */
	size_t cut_end; /* where the last %* ended, when but blanks and commas follow it; else 0 */
	bool full;
	struct name names[NAMES];
	size_t n_names;
	struct term_word at; /* the place in the text */
};

/* ---- output ---- */

static void
emit(struct template *t, struct slice piece)
{
	if (t->out->n + piece.n > t->limit)
		t->full = true;
	else
		buf_add(t->out, piece);
}

static void
emit_sign(struct template *t, char sign)
{
	emit(t, slice_of((char[]){'%', sign}, 2));
	t->cut_end = 0;
}

/* A word made for this mail. Several in a row count as one: their number varies as well. */
static void
emit_cut(struct template *t)
{
	if (t->cut_end) {
		t->out->n = t->cut_end;
		return;
	}
	emit_sign(t, '*');
	t->cut_end = t->out->n;
}

/* Up to the limit, and no character in half. */
static void
emit_text(struct template *t, struct slice text)
{
	size_t room = t->limit - t->out->n;
	if (text.n > room) {
		while (room && ((unsigned char)text.p[room] & 0xc0) == 0x80)
			room--;
		text = slice_head(text, room);
		t->full = true;
	}
	buf_add(t->out, text);
	t->cut_end = 0;
}

static void
emit_separator(struct template *t, char c)
{
	size_t cut_end = strchr(" ,;:.=-_/|#&+", c) && c ? t->cut_end : 0;
	if (c == '%')
		emit(t, S("%%"));
	else
		emit(t, slice_of(&c, 1));
	t->cut_end = cut_end;
}

/* ---- names ---- */

static void
add_name(struct template *t, char sign, struct slice text, bool host)
{
	if (text.n == 0 || text.n > NAME_MAX)
		return;
	bool bracket = host && slice_find_char(text, '.') < 0 && slice_find_char(text, '/') < 0;
	t->names[t->n_names++] = (struct name){sign, text, bracket};
}

static bool
name_ends(struct slice rest, bool bracket)
{
	char c = rest.n ? *rest.p : ' ', next = rest.n > 1 ? rest.p[1] : ' ';
	if (bracket)
		return c == '[';
	if (c == '.' || c == '-')
		return !term_is_alnum(next);
	return !term_is_alnum(c) && (unsigned char)c < 0x80 && c != '@' && c != '_' && c != '+';
}

/* The length of a named word here, which is then written; 0 = none. */
static size_t
take_name(struct template *t, struct slice rest)
{
	char first = slice_lower_char(*rest.p);
	for (size_t i = 0; i < t->n_names; i++) {
		const struct name *name = &t->names[i];
		if (slice_lower_char(*name->text.p) != first || rest.n < name->text.n)
			continue;
		if (slice_equal_nocase(slice_head(rest, name->text.n), name->text) &&
			name_ends(slice_skip(rest, name->text.n), name->bracket)) {
			emit_sign(t, name->sign);
			return name->text.n;
		}
	}
	return 0;
}

/* ---- words ---- */

enum { SIGN_NONE, SIGN_INNER, SIGN_WORD }; /* of no word, within one, anywhere in one */

static const uint8_t signs[256] = {
	['0' ... '9'] = SIGN_WORD,
	['A' ... 'Z'] = SIGN_WORD,
	['a' ... 'z'] = SIGN_WORD,
	[0x80 ... 0xff] = SIGN_WORD,
	['_'] = SIGN_WORD,
	['/'] = SIGN_WORD,
	['+'] = SIGN_WORD,
	['-'] = SIGN_INNER,
	['.'] = SIGN_INNER,
	['='] = SIGN_INNER,
	['@'] = SIGN_INNER,
	['!'] = SIGN_INNER,
	['~'] = SIGN_INNER,
	['*'] = SIGN_INNER,
	['$'] = SIGN_INNER,
};

static uint8_t
sign_of(char c)
{
	return signs[(unsigned char)c];
}

/* A colon between digits belongs to a time ("05:21:39") or a port, but "550:5.1.1" is two words. */
static bool
is_inner_colon(struct slice rest, size_t i)
{
	struct slice head = slice_head(rest, i);
	return rest.p[i] == ':' && i > 0 && slice_is_digit(rest.p[i - 1]) && i + 1 < rest.n &&
	       slice_is_digit(rest.p[i + 1]) && !term_is_code(head) && !term_is_status(head);
}

/* All that hangs together here; full stops and the like at its end do not. */
static size_t
word_length(struct slice rest)
{
	size_t n = 0;
	while (n < rest.n && (sign_of(rest.p[n]) || is_inner_colon(rest, n)))
		n++;
	while (n > 1 && (rest.p[n - 1] == '.' || rest.p[n - 1] == '!' || rest.p[n - 1] == '*'))
		n--;
	return n;
}

/* Without what may also end an id ("ab12==", "ab12-"). */
static struct slice
word_core(struct slice word)
{
	while (word.n > 1 && strchr("=+/_-~@$", word.p[word.n - 1]) && word.p[word.n - 1])
		word.n--;
	return word;
}

/* "2001:db8::1": the length, or 0. */
static size_t
ipv6_length(struct slice rest)
{
	struct ip ip;
	size_t n = 0, colons = 0;
	for (; n < rest.n && n <= IP_MAX; n++) {
		char c = slice_lower_char(rest.p[n]);
		colons += c == ':';
		if (!slice_is_digit(c) && (c < 'a' || c > 'f') && c != ':' && c != '.')
			break;
	}
	while (n && colons >= 2 && (rest.p[n - 1] == '.' || rest.p[n - 1] == ':'))
		n--;
	return colons >= 2 && ip_parse(slice_head(rest, n), false, &ip) ? n : 0;
}

/* "550-" of a reply of several lines: "550-5.1.1 The", "550-Please". */
static bool
is_code_with_dash(struct slice rest)
{
	if (rest.n < 5 || rest.p[3] != '-' || !term_is_code(slice_head(rest, 3)))
		return false;
	struct slice word = slice_skip(rest, 4);
	return !slice_is_digit(*word.p) || term_is_status(slice_head(word, word_length(word)));
}

/* "to=", "type=": its length with the sign, or 0. An address may hold the sign too. */
static size_t
key_length(struct slice word)
{
	static const struct slice of_addresses[] = {S("to"), S("from"), S("rcpt"), S("sender"),
		S("recipient"), S("mailfrom"), S("smtp.mailfrom"), S("header.from"), S("user"),
		S("envelope-from"), S("id"), S("email")};
	size_t n = 0;
	while (n < word.n && (term_is_letter(word.p[n]) || strchr("._-", word.p[n])) && word.p[n])
		n++;
	if (n == 0 || n > 24 || n + 1 >= word.n || word.p[n] != '=')
		return 0;
	if (slice_find_char(word, '@') < 0)
		return n + 1;
	for (size_t i = 0; i < sizeof(of_addresses) / sizeof(*of_addresses); i++)
		if (slice_equal_nocase(slice_head(word, n), of_addresses[i]))
			return n + 1;
	return 0;
}

/* A host of which the name is told, label by label: an id may stand before it. */
static void
emit_host(struct template *t, struct slice host)
{
	struct slice rest = host, label;
	while (slice_split(&rest, '.', &label)) {
		if (term_label_varies(label))
			emit_cut(t);
		else
			emit_text(t, label);
		if (rest.p)
			emit_separator(t, '.');
	}
}

static size_t
take_word(struct template *t, struct slice rest)
{
	struct slice word = slice_head(rest, word_length(rest)), core = word_core(word);
	size_t key = key_length(core);
	if (key) {
		emit_text(t, slice_head(core, key));
		t->at.before = slice_head(core, key - 1);
		return key;
	}
	t->at.word = core;
	if (term_word_varies(&t->at)) {
		emit_cut(t);
	} else if (term_host_stays(core, t->at.before)) {
		emit_host(t, word);
	} else {
		emit_text(t, word);
		if (term_is_code(core))
			t->at.code = core;
	}
	t->at.before = core;
	return word.n;
}

/* ---- URLs ---- */

/* "https://" here: the length, or 0. */
static size_t
scheme_length(struct slice rest)
{
	static const struct slice schemes[] = {S("http://"), S("https://")};
	for (size_t i = 0; i < 2; i++)
		if (slice_equal_nocase(slice_head(rest, schemes[i].n), schemes[i]))
			return schemes[i].n;
	return 0;
}

static size_t
url_length(struct slice rest)
{
	size_t n = 0;
	while (n < rest.n && (unsigned char)rest.p[n] > ' ' && !strchr("<>\"')]}", rest.p[n]))
		n++;
	while (n && strchr(".,;:!", rest.p[n - 1]))
		n--;
	return n;
}

static size_t
piece_length(struct slice url)
{
	size_t n = 0;
	while (n < url.n && !strchr("/?#&=;,:|", url.p[n]))
		n++;
	return n;
}

static void
take_url_host(struct template *t, struct slice host)
{
	struct ip ip;
	if (host.n == 0)
		return;
	size_t taken = take_name(t, host);
	if (taken)
		host = slice_skip(host, taken);
	if (host.n == 0)
		return;
	bool named = slice_find_char(host, '@') < 0 && slice_find_char(host, '%') < 0;
	if (named && !ip_parse(host, false, &ip))
		emit_host(t, host);
	else
		emit_cut(t);
}

static size_t
take_url_piece(struct template *t, struct slice url, bool query)
{
	struct slice piece = slice_head(url, piece_length(url));
	size_t whole = take_name(t, url); /* it may hold a sign that parts pieces: "2001:db8::1" */
	if (whole)
		return whole;
	whole = ipv6_length(url);
	if (whole || term_piece_varies(piece, query))
		emit_cut(t);
	else
		emit_text(t, piece);
	return whole ? whole : piece.n;
}

/* Scheme and host stay; of what follows, the words. */
static size_t
take_url(struct template *t, struct slice rest, size_t scheme)
{
	struct slice url = slice_head(rest, url_length(rest));
	bool query = false;
	emit_text(t, slice_head(url, scheme));
	struct slice tail = slice_skip(url, scheme);
	take_url_host(t, slice_head(tail, piece_length(tail)));
	tail = slice_skip(tail, piece_length(tail));
	while (tail.n && !t->full) {
		size_t n = 1;
		if (piece_length(tail) == 0) {
			query = query || *tail.p == '?' || *tail.p == '#';
			emit_separator(t, *tail.p);
		} else {
			n = take_url_piece(t, tail, query);
		}
		tail = slice_skip(tail, n);
	}
	t->at.before = S("");
	return url.n;
}

/* ---- all ---- */

static bool
word_begins(struct slice text, size_t i)
{
	uint8_t sign = sign_of(text.p[i]);
	if (sign == SIGN_WORD)
		return true;
	/* "-abc", "-5": an id may begin so. */
	bool first = i == 0 || !sign_of(text.p[i - 1]) || text.p[i - 1] == '=';
	return text.p[i] == '-' && first && i + 1 < text.n && sign_of(text.p[i + 1]);
}

static size_t
take(struct template *t, struct slice rest)
{
	size_t n = take_name(t, rest);
	if (n) {
		t->at.before = S("");
		return n;
	}
	if (is_code_with_dash(rest)) {
		t->at.code = slice_head(rest, 3);
		emit_text(t, slice_head(rest, 4));
		return 4;
	}
	n = ipv6_length(rest);
	if (n) {
		emit_cut(t);
		return n;
	}
	n = scheme_length(rest);
	return n ? take_url(t, rest, n) : take_word(t, rest);
}

static struct slice
local_part(struct slice address)
{
	ptrdiff_t at = slice_find_last_char(address, '@');
	return slice_head(address, at < 0 ? 0 : (size_t)at);
}

void
term_template(struct buf *out, struct slice text, const struct term_words *words)
{
	struct template t = {.out = out, .limit = out->n + TEMPLATE_MAX};
	add_name(&t, 'r', words->rcpt, false);
	add_name(&t, 's', words->sender, false);
	add_name(&t, 'h', words->relay, true);
	add_name(&t, 'n', words->client_name, true);
	add_name(&t, 'i', words->client_ip, false);
	add_name(&t, 'q', words->qid, false);
	t.at = (struct term_word){.text = text, .local = local_part(words->rcpt)};
	while (t.at.at < text.n && !t.full) {
		struct slice rest = slice_skip(text, t.at.at);
		if (word_begins(text, t.at.at) || (*rest.p == ':' && ipv6_length(rest))) {
			t.at.at += take(&t, rest);
		} else {
			emit_separator(&t, *rest.p);
			t.at.at++;
		}
	}
}
