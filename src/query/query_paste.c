/*
 * Pasted text: log lines, bounces, headers and lists become the query that finds their mail. Only
 * text that is no sensible query is taken for pasted: it has several lines, or it begins in a way
 * no query does.
 */
#include "query/query_part.h"

void
query_texts_add(struct query_texts *texts, struct slice s)
{
	if (s.n == 0 || texts->n == QUERY_MAX_FOUND)
		return;
	for (size_t i = 0; i < texts->n; i++)
		if (slice_equal(texts->items[i], s))
			return;
	texts->items[texts->n++] = s;
}

void
query_texts_write(struct buf *out, const char *key, const struct query_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++) {
		if (i == 0)
			buf_addf(out, " %s:", key);
		else
			buf_add_char(out, ',');
		query_add_text(out, texts->items[i]);
	}
}

struct slice
query_find_after(struct slice s, struct slice head, const char *stops)
{
	ptrdiff_t at = slice_find(s, head);
	if (at < 0)
		return slice_of(s.p, 0);
	s = slice_skip(s, (size_t)at + head.n);
	size_t n = 0;
	while (n < s.n && s.p[n] && !strchr(stops, s.p[n]))
		n++;
	return slice_head(s, n);
}

static bool
has_lines(struct slice text)
{
	return slice_find_char(slice_trim(text), '\n') >= 0;
}

/* The line without the marks mail programs put before quoted text. */
static struct slice
bare_line(struct slice line)
{
	while (line.n && (line.p[0] == '>' || line.p[0] == '|' || query_blank(line)))
		line = slice_skip(
			line, line.p[0] == '>' || line.p[0] == '|' ? 1 : query_blank(line));
	return slice_trim(line);
}

static bool
starts_nocase(struct slice s, struct slice head)
{
	return s.n >= head.n && slice_equal_nocase(slice_head(s, head.n), head);
}

/* "<...>" behind the name of a header; a folded header has it on the next line. */
static struct slice
angle_after(struct slice line, struct slice next)
{
	struct slice s = slice_trim(line.n ? line : next);
	ptrdiff_t end = slice_find_char(s, '>');
	if (s.n == 0 || s.p[0] != '<' || end < 2)
		return slice_of(s.p, 0);
	return slice_head(s, (size_t)end + 1);
}

struct headers {
	struct query_texts recipients, codes, msgids, qids;
	bool bounce; /* has the fields of RFC 3464 */
};

/* "rfc822; bob@example.com (comment)" */
static struct slice
typed_address(struct slice s)
{
	ptrdiff_t semicolon = slice_find_char(s, ';');
	s = slice_trim(slice_skip(s, semicolon < 0 ? 0 : (size_t)semicolon + 1));
	ptrdiff_t blank = slice_find_char(s, ' ');
	s = slice_head(s, blank < 0 ? s.n : (size_t)blank);
	if (s.n > 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		s = slice_of(s.p + 1, s.n - 2);
	return s;
}

/* The original's Message-ID stands behind the report; one before it is the bounce's own. */
static void
take_header(struct headers *h, struct slice line, struct slice next)
{
	static const struct slice recipient = {"Final-Recipient:", 16}, status = {"Status:", 7},
				  msgid = {"Message-ID:", 11}, received = {"with ", 5};
	if (starts_nocase(line, recipient)) {
		if (!h->bounce)
			h->msgids.n = 0;
		h->bounce = true;
		query_texts_add(&h->recipients, typed_address(slice_skip(line, recipient.n)));
	} else if (starts_nocase(line, status)) {
		struct slice code =
			query_find_after(slice_trim(slice_skip(line, status.n)), S(""), " (;\r");
		if (query_is_enhanced_code(code) && slice_find_char(code, '*') < 0)
			query_texts_add(&h->codes, code);
	} else if (starts_nocase(line, msgid)) {
		query_texts_add(
			&h->msgids, angle_after(slice_trim(slice_skip(line, msgid.n)), next));
	} else if (slice_contains(line, received)) {
		struct slice id = query_find_after(line, S(" id "), " ;(");
		if (query_is_qid(id))
			query_texts_add(&h->qids, id);
	}
}

static struct headers
read_headers(struct slice text)
{
	struct headers h = {0};
	struct slice line;
	for (struct slice rest = slice_trim(text); slice_split(&rest, '\n', &line);) {
		struct slice ahead = rest, next = {0};
		if (ahead.p)
			slice_split(&ahead, '\n', &next);
		take_header(&h, bare_line(line), bare_line(next));
	}
	return h;
}

static bool
paste_report(struct slice text, struct buf *out)
{
	struct headers h = has_lines(text) ? read_headers(text) : (struct headers){0};
	if (!h.bounce || !h.recipients.n)
		return false;
	query_texts_write(out, "to", &h.recipients);
	query_texts_write(out, "code", &h.codes);
	query_texts_write(out, "msgid", &h.msgids);
	return true;
}

/* The next word, cleared of the punctuation around it; false at the end. */
static bool
next_word(struct slice *rest, struct slice *word)
{
	static const char around[] = "<>()[]{}'\"`,;:.#*|";
	while (rest->n && query_blank(*rest))
		*rest = slice_skip(*rest, query_blank(*rest));
	size_t n = 0;
	while (n < rest->n && !query_blank(slice_skip(*rest, n)))
		n++;
	*word = slice_head(*rest, n);
	*rest = slice_skip(*rest, n);
	while (word->n && word->p[0] && strchr(around, word->p[0]))
		*word = slice_skip(*word, 1);
	while (word->n && word->p[word->n - 1] && strchr(around, word->p[word->n - 1]))
		word->n--;
	return n > 0;
}

static bool
is_daemon(struct slice address)
{
	return starts_nocase(address, S("mailer-daemon@")) ||
	       starts_nocase(address, S("postmaster@")) ||
	       starts_nocase(address, S("microsoftexchange"));
}

/* The first address that is no mail system's and the first enhanced code of running text. */
static void
read_prose(struct slice text, struct slice *address, struct slice *code)
{
	struct slice word;
	*address = *code = slice_of(text.p, 0);
	while (next_word(&text, &word)) {
		if (!address->n && query_is_address(word) && !is_daemon(word) &&
			slice_find_char(word, '*') < 0)
			*address = word;
		ptrdiff_t hash = slice_find_char(word, '#'); /* "#550 5.1.1", "#5.1.1>#SMTP#" */
		if (hash >= 0)
			word = slice_head(word, (size_t)hash);
		while (word.n && word.p[word.n - 1] == '>')
			word.n--;
		if (!code->n && query_is_enhanced_code(word) && slice_find_char(word, '*') < 0)
			*code = word;
	}
}

/* Postfix, bounce(5) text: "<bob@example.com>: host mx.example.com[192.0.2.7] said: 550 5.1.1 ..."
 */
static bool
is_said_line(struct slice line)
{
	ptrdiff_t end = slice_find(line, S(">: "));
	return end > 2 && line.p[0] == '<' &&
	       query_is_address(slice_of(line.p + 1, (size_t)end - 1));
}

static bool
sounds_like_bounce(struct slice text)
{
	static const char *const words[] = {"undeliver", "could not be delivered",
		"couldn't be delivered", "wasn't delivered", "not delivered", "delivery has failed",
		"delivery failed", "delivery status notification", "returned mail",
		"returned to sender", "mail delivery"};
	struct buf lower = {0};
	bool found = false;
	buf_add_lower(&lower, text);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words) && !found; i++)
		found = slice_contains(buf_slice(&lower), slice_of_str(words[i]));
	buf_fini(&lower);
	return found;
}

static void
write_prose(struct buf *out, struct slice prose, struct slice all)
{
	struct slice address, code;
	struct query_texts found = {0};
	struct headers h = read_headers(all);
	read_prose(prose, &address, &code);
	query_texts_add(&found, address);
	query_texts_write(out, "to", &found);
	found.n = 0;
	query_texts_add(&found, code);
	query_texts_write(out, "code", &found);
	query_texts_write(out, "msgid", &h.msgids);
}

static bool
paste_said(struct slice text, struct buf *out)
{
	struct slice line, whole = slice_trim(text);
	for (struct slice rest = whole; slice_split(&rest, '\n', &line);) {
		line = bare_line(line);
		if (!is_said_line(line))
			continue;
		write_prose(out, slice_of(line.p, (size_t)(whole.p + whole.n - line.p)), text);
		return true;
	}
	return false;
}

static bool
paste_prose(struct slice text, struct buf *out)
{
	struct slice address, code;
	if (!has_lines(text) || !sounds_like_bounce(text))
		return false;
	read_prose(text, &address, &code);
	if (!address.n || !code.n)
		return false;
	write_prose(out, text, text);
	return true;
}

/* One line is a header only with a blank behind the colon: without, it is the key of the same name.
 */
static bool
paste_header(struct slice text, struct buf *out)
{
	struct slice trimmed = slice_trim(text);
	bool alone = starts_nocase(trimmed, S("Message-ID: "));
	if (!alone && !has_lines(text))
		return false;
	struct headers h = read_headers(text);
	if (h.msgids.n) {
		h.msgids.n = 1;
		query_texts_write(out, "msgid", &h.msgids);
		return true;
	}
	query_texts_write(out, "qid", &h.qids);
	return h.qids.n > 0;
}

/* Cuts the next entry of a list off, at a comma, semicolon or line end outside quotes and brackets.
 */
static bool
next_entry(struct slice *rest, struct slice *entry)
{
	bool quoted = false, angle = false;
	size_t n = 0;
	for (; n < rest->n; n++) {
		char c = rest->p[n];
		if (c == '\n')
			break;
		if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '<' || c == '>'))
			angle = c == '<';
		else if (!quoted && !angle && (c == ',' || c == ';'))
			break;
	}
	if (rest->n == 0)
		return false;
	*entry = slice_trim(slice_head(*rest, n));
	*rest = slice_skip(*rest, n + 1);
	return true;
}

/* A name as it stands before an address in angle brackets: RFC 5322, 3.4. A colon outside quotes is
 * the colon of a key. */
static bool
is_display_name(struct slice s)
{
	bool quoted = false;
	for (size_t i = 0; i < s.n; i++) {
		quoted ^= s.p[i] == '"';
		if (!quoted && s.p[i] == ':')
			return false;
	}
	return s.n > 0 && !quoted &&
	       (s.p[s.n - 1] == '"' || s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t');
}

/* "Bob Smith <bob@example.com>" or one word. */
static const struct query_key *
entry_key(struct slice entry, struct slice *value)
{
	ptrdiff_t open = slice_find_last_char(entry, '<');
	if (open > 0 && entry.p[entry.n - 1] == '>' &&
		is_display_name(slice_head(entry, (size_t)open))) {
		*value = slice_of(entry.p + open + 1, entry.n - (size_t)open - 2);
		return query_key(query_is_address(*value) ? QUERY_KEY_ADDR : QUERY_KEY_TEXT);
	}
	for (size_t i = 0; i < entry.n; i++)
		if (query_blank(slice_skip(entry, i)))
			return query_key(QUERY_KEY_TEXT);
	return query_guess(entry, value);
}

/* Two entries or more, all of the same shape. With a wildcard in it, one line is a query. */
static bool
paste_list(struct slice text, struct buf *out)
{
	if (!has_lines(text) && slice_find_char(text, '*') >= 0)
		return false;
	const struct query_key *common = NULL;
	size_t start = out->n, entries = 0;
	struct slice entry, value = {0};
	for (struct slice rest = slice_trim(text); next_entry(&rest, &entry);) {
		if (entry.n == 0)
			continue;
		const struct query_key *key = entry_key(entry, &value);
		if (key->id == QUERY_KEY_TEXT || (common && key != common)) {
			out->n = start;
			return false;
		}
		common = key;
		if (entries++ == 0)
			buf_addf(out, "%s:", key->name);
		else
			buf_add_char(out, ',');
		query_add_text(out, value);
	}
	if (entries < 2)
		out->n = start;
	return entries >= 2;
}

bool
query_paste(struct slice text, const struct query_context *context, struct buf *out)
{
	buf_clear(out);
	return query_paste_log(text, context, out) || paste_report(text, out) ||
	       paste_said(text, out) || paste_prose(text, out) || paste_header(text, out) ||
	       paste_list(text, out);
}
