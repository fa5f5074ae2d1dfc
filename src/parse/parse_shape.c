#include "parse/parse.h"

#include "base/buf.h"
#include "base/ip.h"
#include "parse/postfix.h"

enum { SHAPE_MAX = 240 };

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Signs of which names, numbers, addresses and ids are made. */
static bool
is_word_sign(char c)
{
	return is_letter(c) || slice_is_digit(c) || c == '.' || c == '_' || c == '-' || c == '@' ||
	       c == '+' || (unsigned char)c >= 0x80;
}

struct counts {
	size_t letters, digits, hex, dots;
};

static struct counts
count_signs(struct slice word)
{
	struct counts n = {0};
	for (size_t i = 0; i < word.n; i++) {
		char lower = slice_lower_char(word.p[i]);
		n.letters += is_letter(word.p[i]);
		n.digits += slice_is_digit(word.p[i]);
		n.hex += slice_is_digit(word.p[i]) || (lower >= 'a' && lower <= 'f');
		n.dots += word.p[i] == '.';
	}
	return n;
}

static bool
is_host(struct slice word, const struct counts *n)
{
	struct ip ip;
	if (ip_parse(word, false, &ip))
		return true;
	return n->dots && n->letters > 1 && n->letters + n->digits > 3 &&
	       word.p[word.n - 1] != '.' && *word.p != '.';
}

/* The sign for a word that changes from line to line, or 0 for one of the form. */
static char
sign_of(struct slice word)
{
	struct counts n = count_signs(word);
	if (slice_find_char(word, '@') >= 0)
		return 'A';
	if (is_host(word, &n))
		return 'H';
	if (n.digits && !n.letters)
		return 'N';
	if (n.digits && postfix_is_qid(word))
		return 'Q';
	if (n.digits && n.hex == word.n && word.n >= 6)
		return 'X';
	return n.digits && word.n >= 8 ? 'X' : 0;
}

/* "<...>" up to its '>': an address or an id. */
static size_t
bracketed_length(struct slice text)
{
	ptrdiff_t close = slice_find_char(text, '>');
	struct slice inner = slice_head(text, close < 0 ? 0 : (size_t)close + 1);
	return slice_find_char(inner, ' ') >= 0 ? 0 : inner.n;
}

/* "[192.0.2.7]", "[2001:db8::1]": the length, or 0 when no address stands between the brackets. */
static size_t
address_length(struct slice text)
{
	struct ip ip;
	ptrdiff_t close = slice_find_char(text, ']');
	if (close < 0 || !ip_parse(slice_skip(slice_head(text, (size_t)close), 1), false, &ip))
		return 0;
	return (size_t)close + 1;
}

static size_t
add_word(struct buf *b, struct slice text)
{
	size_t n = 1;
	if (!is_word_sign(*text.p)) {
		buf_add_char(b, *text.p);
		return n;
	}
	while (n < text.n && is_word_sign(text.p[n]))
		n++;
	struct slice word = slice_head(text, n);
	char sign = sign_of(word);
	if (sign)
		buf_add_char(b, sign);
	else
		buf_add(b, word);
	return n;
}

void
parse_add_shape(struct buf *b, struct slice text)
{
	size_t most = b->n + SHAPE_MAX;
	while (text.n && b->n < most) {
		size_t n = 0;
		if (*text.p == '<' && (n = bracketed_length(text)))
			buf_add(b, S("<A>"));
		else if (*text.p == '[' && (n = address_length(text)))
			buf_add(b, S("[H]"));
		else
			n = add_word(b, text);
		text = slice_skip(text, n);
	}
}
