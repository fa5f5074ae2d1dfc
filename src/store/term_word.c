#include "store/term_word.h"

enum {
	LETTERS_MAX = 40, /* longer words are no words */
	LABEL_ID = 8,	  /* labels with digits from this length on are ids */
	QUERY_MAX = 24,
	SESSION_MAX = 48,
};

/* What a word is made of. */
struct signs {
	size_t lower, upper, digits, hex_letters;
	size_t dots, at, odd; /* odd: '+', '!', '=', '~' and other signs of ids */
	size_t slashes;
};

enum { OTHER, HEX_LOWER, LOWER, HEX_UPPER, UPPER, DIGIT, DOT, AT, ODD, SLASH, KINDS };

static const uint8_t kinds[256] = {
	['a' ... 'f'] = HEX_LOWER,
	['g' ... 'z'] = LOWER,
	['A' ... 'F'] = HEX_UPPER,
	['G' ... 'Z'] = UPPER,
	['0' ... '9'] = DIGIT,
	['.'] = DOT,
	['@'] = AT,
	['+'] = ODD,
	['!'] = ODD,
	['='] = ODD,
	['~'] = ODD,
	['/'] = SLASH,
};

static struct signs
count(struct slice word)
{
	size_t n[KINDS] = {0};
	for (size_t i = 0; i < word.n; i++)
		n[kinds[(unsigned char)word.p[i]]]++;
	return (struct signs){
		.lower = n[LOWER] + n[HEX_LOWER],
		.upper = n[UPPER] + n[HEX_UPPER],
		.digits = n[DIGIT],
		.hex_letters = n[HEX_LOWER] + n[HEX_UPPER],
		.dots = n[DOT],
		.at = n[AT],
		.odd = n[ODD],
		.slashes = n[SLASH],
	};
}

static bool
is_one_of(struct slice word, const struct slice *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_equal_nocase(word, list[i]))
			return true;
	return false;
}

#define IS_ONE_OF(word, list) is_one_of((word), (list), sizeof(list) / sizeof(*(list)))

static struct slice
behind(const struct term_word *w)
{
	return slice_skip(w->text, w->at + w->word.n);
}

static char
sign_before(const struct term_word *w)
{
	return w->at ? w->text.p[w->at - 1] : '\0';
}

static char
sign_behind(const struct term_word *w)
{
	struct slice rest = behind(w);
	return rest.n ? *rest.p : '\0';
}

/* The word behind this one, past blanks, commas, and the like. */
static struct slice
next_word(const struct term_word *w)
{
	struct slice rest = slice_head(behind(w), 32);
	while (rest.n && (*rest.p == ' ' || *rest.p == ',' || *rest.p == '-' || *rest.p == '#'))
		rest = slice_skip(rest, 1);
	size_t n = 0;
	while (n < rest.n && (term_is_alnum(rest.p[n]) || rest.p[n] == '.'))
		n++;
	return slice_head(rest, n);
}

/* ---- numbers ---- */

bool
term_is_code(struct slice word)
{
	return word.n == 3 && *word.p >= '2' && *word.p <= '5' && slice_is_digit(word.p[1]) &&
	       slice_is_digit(word.p[2]);
}

bool
term_is_status(struct slice word)
{
	struct slice rest = word, part;
	size_t parts = 0;
	if (word.n < 5 || (*word.p != '2' && *word.p != '4' && *word.p != '5') || word.p[1] != '.')
		return false;
	for (; slice_split(&rest, '.', &part); parts++) {
		if (part.n < 1 || part.n > 3)
			return false;
		for (size_t i = 0; i < part.n; i++)
			if (!slice_is_digit(part.p[i]))
				return false;
	}
	return parts == 3;
}

static bool
is_unit(struct slice word)
{
	static const struct slice units[] = {S("s"), S("sec"), S("secs"), S("second"), S("seconds"),
		S("ms"), S("min"), S("mins"), S("minute"), S("minutes"), S("hour"), S("hours"),
		S("day"), S("days"), S("byte"), S("bytes"), S("kb"), S("mb"), S("gb"), S("kib"),
		S("mib"), S("kbytes"), S("percent")};
	return word.n && word.n <= 7 && IS_ONE_OF(word, units);
}

/* Where a reply code may stand: first in the text or in a part of it, before a status code, behind
 * a word that announces it, or the same as before ("550-5.1.1 ... 550 ..."). */
static bool
is_code_here(const struct term_word *w)
{
	static const struct slice heralds[] = {S("code"), S("error"), S("reply"), S("status"),
		S("with"), S("returned"), S("said"), S("smtp"), S("response"), S("got")};
	size_t i = w->at;
	if (!term_is_code(w->word) || is_unit(next_word(w)))
		return false;
	while (i && w->text.p[i - 1] == ' ')
		i--;
	if (i == 0 || strchr(";:\"'", w->text.p[i - 1]))
		return true;
	if (strchr("([{", w->text.p[i - 1])) /* but "too many connections (250)" */
		return !strchr(")]}", sign_behind(w));
	return slice_equal(w->word, w->code) || term_is_status(next_word(w)) ||
	       IS_ONE_OF(w->before, heralds);
}

static bool
number_varies(const struct term_word *w)
{
	static const struct slice names[] = {S("RFC"), S("port")};
	if (w->word.n > 4)
		return true;
	if (IS_ONE_OF(w->before, names) && sign_before(w) == ' ')
		return false;
	/* "[192.0.2.7]:25" */
	if (w->word.n <= 3 && w->at >= 2 && memcmp(w->text.p + w->at - 2, "]:", 2) == 0)
		return false;
	return !is_code_here(w);
}

/* ---- words of letters and digits ---- */

/* "S3150", "TSS04", "RFC5321", "DOC-1369": capitals, then at most four digits. */
static bool
is_catalogue_number(struct slice word)
{
	size_t letters = 0;
	while (letters < word.n && word.p[letters] >= 'A' && word.p[letters] <= 'Z')
		letters++;
	struct slice digits = slice_skip(word, letters);
	if (digits.n && *digits.p == '-')
		digits = slice_skip(digits, 1);
	uint64_t v;
	return letters && letters <= 6 && digits.n <= 4 && slice_to_u64(digits, &v);
}

static bool
mixed_varies(struct slice word)
{
	static const struct slice known[] = {S("UTF8"), S("UTF-8"), S("7bit"), S("8bit"),
		S("8bitmime"), S("smtputf8"), S("base64"), S("md5"), S("sha1"), S("sha256"),
		S("sha512"), S("x509"), S("ipv4"), S("ipv6"), S("tlsv1"), S("tlsv1.0"),
		S("tlsv1.1"), S("tlsv1.2"), S("tlsv1.3"), S("tls1.2"), S("tls1.3"), S("sslv3"),
		S("4xx"), S("5xx"), S("1st"), S("2nd"), S("3rd"), S("spf1"), S("dkim1"), S("o365"),
		S("iso-8859-1"), S("windows-1252")};
	return !is_catalogue_number(word) && !IS_ONE_OF(word, known);
}

/* ---- words of letters ---- */

static bool
is_month(struct slice word)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (size_t i = 0; word.n == 3 && i < sizeof(names) - 1; i += 3)
		if (memcmp(word.p, names + i, 3) == 0)
			return true;
	return false;
}

static bool
is_weekday(struct slice word)
{
	static const char names[] = "MonTueWedThuFriSatSun";
	for (size_t i = 0; word.n == 3 && i < sizeof(names) - 1; i += 3)
		if (memcmp(word.p, names + i, 3) == 0)
			return true;
	return false;
}

/* "Sun, 22 Nov 2026", "Sun Nov 22" */
static bool
is_of_date(const struct term_word *w)
{
	if (w->word.n != 3)
		return false;
	struct slice next = next_word(w);
	bool number_next = next.n && slice_is_digit(*next.p);
	bool number_before = w->before.n && slice_is_digit(*w->before.p);
	return (is_month(w->word) && (number_next || number_before)) ||
	       (is_weekday(w->word) && (number_next || is_month(next)));
}

/* "<joe>", "<FRIEND>", "'joe'", "\"joe\"": but "<DATA>" stays. */
static bool
is_enclosed(const struct term_word *w, const struct signs *s)
{
	static const struct slice commands[] = {S("HELO"), S("EHLO"), S("LHLO"), S("MAIL"),
		S("RCPT"), S("DATA"), S("BDAT"), S("END-OF-MESSAGE"), S("STARTTLS"), S("AUTH"),
		S("VRFY"), S("ETRN"), S("CONNECT"), S("CRLF"), S("CR"), S("LF"), S("NUL")};
	char first = sign_before(w), last = sign_behind(w);
	if (first == '<' && last == '>')
		return s->lower || !IS_ONE_OF(w->word, commands);
	return (first == '\'' || first == '"') && first == last && s->lower > 0;
}

/* The recipient without its domain ("unknown user: joe"). Words that replies are made of stay:
 * there are people called info. */
static bool
is_local_part(const struct term_word *w)
{
	static const struct slice usual[] = {S("user"), S("users"), S("mail"), S("email"),
		S("mailbox"), S("recipient"), S("address"), S("domain"), S("host"), S("server"),
		S("postmaster"), S("message"), S("messages"), S("info"), S("information"),
		S("spam"), S("abuse"), S("support"), S("contact"), S("admin"), S("service"),
		S("sender"), S("account"), S("client"), S("policy"), S("security"), S("system"),
		S("list"), S("name"), S("help"), S("error"), S("test"), S("root"), S("quota"),
		S("delivery"), S("network"), S("and"), S("the"), S("not"), S("for")};
	return w->local.n >= 3 && slice_equal_nocase(w->word, w->local) &&
	       !IS_ONE_OF(w->word, usual);
}

static bool
ends_nocase(struct slice s, struct slice tail)
{
	return s.n >= tail.n && slice_equal_nocase(slice_skip(s, s.n - tail.n), tail);
}

/* "250 2.0.0 <joe@example.com> ab12Cd/x-:R2 Saved": Dovecot's session, which may begin or end with
 * any sign of base64. */
static bool
is_session(const struct term_word *w)
{
	struct slice rest = slice_head(behind(w), SESSION_MAX);
	if (w->at < 2 || (sign_before(w) != ':' && memcmp(w->text.p + w->at - 2, "> ", 2) != 0))
		return false;
	while (rest.n && (term_is_alnum(*rest.p) || strchr("+/-_:", *rest.p)))
		rest = slice_skip(rest, 1);
	return slice_starts(rest, S(" Saved"));
}

/* Where an id stands, even when chance made it of letters only. */
static bool
is_place_of_id(const struct term_word *w)
{
	struct slice head = slice_head(w->text, w->at), rest = behind(w);
	char before = sign_before(w);
	if (before == ' ' && slice_ends(head, S(" as ")))
		return ends_nocase(head, S("queued as ")) || slice_ends(head, S("forwarded as "));
	if (before == '=' || before == ':' || slice_ends(head, S(": ")))
		return slice_equal_nocase(w->before, S("id")) ||
		       slice_equal_nocase(w->before, S("Hostname"));
	return slice_starts(rest, S(" Message accepted for delivery")) ||
	       slice_starts(rest, S(" mail accepted for delivery"));
}

/* "aBcDxYzQwErT": more capitals than CamelCase has. "deadbeef". */
static bool
is_random(struct slice word, const struct signs *s)
{
	size_t letters = s->lower + s->upper;
	if (letters > LETTERS_MAX)
		return true;
	if (s->hex_letters == word.n && word.n >= 8 && (s->lower == 0 || s->upper == 0))
		return true;
	return letters >= 10 && s->lower >= 3 && s->upper * 3 > letters;
}

static bool
letters_vary(const struct term_word *w, const struct signs *s)
{
	if (s->odd)
		return true;
	if (s->slashes > 1 && *w->word.p == '/')
		return true;
	return is_random(w->word, s) || is_place_of_id(w) || is_of_date(w) || is_local_part(w);
}

/* ---- hosts ---- */

/* "e.g", "i.e" */
static bool
is_abbreviation(struct slice word)
{
	return word.n == 3 && word.p[1] == '.';
}

/* "STOREDRV.Deliver.Exception", "MailboxException.UserNotFound": Exchange's; no host is written so.
 */
static bool
is_exchange_status(struct slice word)
{
	struct slice rest = word, label;
	slice_split(&rest, '.', &label);
	struct signs first = count(label);
	while (slice_split(&rest, '.', &label))
		;
	struct signs last = count(label);
	bool capitals = first.upper >= 4 && first.upper == (size_t)slice_find_char(word, '.');
	return last.lower &&
	       ((capitals && last.upper) || (last.upper > 1 && !is_random(label, &last)));
}

bool
term_host_stays(struct slice host, struct slice before)
{
	static const struct slice blocklists[] = {S("spamhaus.org"), S("spamhaus.net"),
		S("spamcop.net"), S("sorbs.net"), S("barracudacentral.org"), S("abuseat.org"),
		S("surbl.org"), S("uribl.com"), S("uceprotect.net"), S("mailspike.net"),
		S("manitu.net"), S("dnswl.org"), S("invaluement.com"), S("senderscore.com"),
		S("senderscore.org"), S("surriel.com"), S("openspf.org"), S("openspf.net"),
		S("spamrats.com"), S("0spam.org")};
	if (slice_equal(before, S("using")))
		return true;
	for (size_t i = 0; i < sizeof(blocklists) / sizeof(*blocklists); i++)
		if (ends_nocase(host, blocklists[i]))
			return true;
	return is_abbreviation(host) || is_exchange_status(host);
}

bool
term_label_varies(struct slice label)
{
	struct signs s = count(label);
	return s.digits && (s.digits == label.n || label.n >= LABEL_ID);
}

bool
term_piece_varies(struct slice piece, bool query)
{
	struct signs s = count(piece);
	bool plain = s.at == 0 && s.odd == 0 && slice_find_char(piece, '%') < 0;
	if (!plain || is_random(piece, &s))
		return true;
	if (query)
		return s.digits || s.dots || piece.n > QUERY_MAX;
	if (s.digits == 0)
		return s.dots > 1;
	return mixed_varies(piece);
}

/* ---- all ---- */

bool
term_word_varies(const struct term_word *w)
{
	struct signs s = count(w->word);
	if (s.at)
		return w->word.n > 1;
	if (is_enclosed(w, &s) || is_session(w))
		return true;
	if (s.digits == 0)
		return s.dots ? !term_host_stays(w->word, w->before) : letters_vary(w, &s);
	if (s.digits == w->word.n)
		return number_varies(w);
	if (s.digits + s.dots == w->word.n)
		return !term_is_status(w->word);
	if (term_host_stays(w->word, w->before) && s.dots)
		return false;
	return mixed_varies(w->word);
}
