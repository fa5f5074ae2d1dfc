#include "parse/postfix.h"

static struct slice
last_word(struct slice s, struct slice *before)
{
	ptrdiff_t blank = slice_find_last_char(s, ' ');
	*before = slice_head(s, blank < 0 ? 0 : (size_t)blank);
	return slice_skip(s, (size_t)(blank + 1));
}

static bool
is_wrapping(char c)
{
	return c == '<' || c == '>' || c == '(' || c == ')' || c == '"' || c == '\'' || c == ',' ||
	       c == '.' || c == ';' || c == ':' || c == '[' || c == ']';
}

/* An id without the signs some servers put around it. */
static struct slice
bare(struct slice id)
{
	while (id.n && is_wrapping(id.p[0]))
		id = slice_skip(id, 1);
	while (id.n && is_wrapping(id.p[id.n - 1]))
		id.n--;
	return id;
}

/* The word behind `head`, wherever that stands; a comma or a bracket ends it too. */
static struct slice
word_after(struct slice s, struct slice head)
{
	ptrdiff_t at = slice_find(s, head);
	if (at < 0)
		return slice_of(s.p + s.n, 0);
	struct slice word = slice_skip(s, (size_t)at + head.n);
	size_t n = 0;
	while (n < word.n && word.p[n] != ' ' && word.p[n] != ',' && word.p[n] != ')' &&
		word.p[n] != ']')
		n++;
	return bare(slice_head(word, n));
}

static struct slice
word_before(struct slice s, struct slice tail)
{
	struct slice rest;
	return last_word(slice_head(s, s.n - tail.n), &rest);
}

/* The forms told by how the reply ends; they are nearly all there is. */
static bool
by_ending(struct slice text, struct event *e)
{
	struct slice before;
	struct slice word = last_word(text, &before);
	if (slice_ends(before, S("queued as"))) /* Postfix, Amavis, Halon, ... */
		e->next_qid = bare(word);
	else if (slice_equal(word, S("Saved"))) /* Dovecot LMTP */
		e->session = last_word(before, &before);
	else if (slice_starts(word, S("SESSIONID="))) /* Cyrus LMTP */
		e->session = bare(slice_skip(word, sizeof("SESSIONID=") - 1));
	else if (slice_equal(word, S("gsmtp")) && slice_ends(before, S(" -"))) /* Gmail */
		e->next_qid = word_before(before, S(" -"));
	else if (slice_starts(word, S("id="))) /* Exim */
		e->next_qid = bare(slice_skip(word, 3));
	else if (slice_ends(text, S(" Message accepted for delivery"))) /* Sendmail, OpenSMTPD */
		e->next_qid = word_before(text, S(" Message accepted for delivery"));
	else
		return false;
	return true;
}

/* Forms with the id in the midst of the words, in order of trust. */
static void
by_words(struct slice text, struct event *e)
{
	static const struct {
		const char *head;
		size_t n;
	} heads[] = {
		{"queued as ", 10},	  /* Postfix with a comment behind it */
		{"InternalId=", 11},	  /* Exchange */
		{"queued with id ", 15},  /* Stalwart */
		{"Message Queued (", 16}, /* Haraka */
		{" qp ", 4},		  /* qmail */
		{" Ok id=", 7}, {" OK id=", 7}, {" ok id=", 7}, /* Exim with words behind it */
		{"ok:  Message ", 13},				/* IronPort */
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]) && !e->next_qid.n; i++)
		e->next_qid = word_after(text, slice_of(heads[i].head, heads[i].n));
}

static bool
has_digit(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (slice_is_digit(s.p[i]))
			return true;
	return false;
}

/* "250 Ok 0102018f-...": nothing but an id stands behind the Ok (Amazon SES). */
static void
by_ok(struct slice text, struct event *e)
{
	struct slice before;
	struct slice word = last_word(text, &before);
	if (word.n >= 12 && has_digit(word) && before.n >= 3 &&
		slice_equal_nocase(slice_skip(before, before.n - 3), S(" ok")))
		e->next_qid = word;
}

/* Amavis took the mail and did not pass it on: "Ok, discarded, id=..", "Ok, id=.., BOUNCE". */
static bool
is_blocked(struct slice text)
{
	return slice_contains(text, S("Ok, discarded")) || slice_ends(text, S(", BOUNCE")) ||
	       slice_ends(text, S(", DISCARD")) || slice_contains(text, S("Ok, quarantined"));
}

/* What delivery agents of Postfix itself write instead of a reply: src/local/mailbox.c, file.c,
 * command.c, forward.c, src/virtual/mailbox.c, src/pipe/pipe.c. */
static bool
by_agent(struct slice text, struct event *e)
{
	if (slice_starts(text, S("forwarded as "))) {
		e->outcome = OUTCOME_FORWARDED;
		e->next_qid = bare(slice_skip(text, sizeof("forwarded as ") - 1));
	} else if (slice_starts(text, S("delivered to command")) ||
		   slice_starts(text, S("delivered via "))) {
		e->outcome = OUTCOME_COMMAND;
	} else if (slice_starts(text, S("delivered to "))) {
		e->outcome = OUTCOME_FILE;
	} else {
		return false;
	}
	return true;
}

static void
read_sent(struct event *e)
{
	if (by_agent(e->reply, e))
		return;
	bool discarded = e->program == PROGRAM_DISCARD || slice_equal(e->relay_name, S("none"));
	e->outcome = discarded ? OUTCOME_DISCARDED : OUTCOME_SENT;
	if (!e->code.n || by_ending(e->reply, e))
		return;
	if (is_blocked(e->reply)) {
		e->outcome = OUTCOME_BLOCKED;
		return;
	}
	by_words(e->reply, e);
	if (!e->next_qid.n)
		by_ok(e->reply, e);
}

/* The code of the reply: at its start, or behind "host x[ip] said: " and its like. */
static struct slice
code_of(struct slice text)
{
	struct cursor c = cursor_of(text);
	cursor_optional(&c, S("delivery temporarily suspended: "));
	if (cursor_sees(&c, S("host ")) ||
		cursor_sees(&c, S("SASL authentication failed; server "))) {
		cursor_until_char(&c, ']');
		if (!cursor_optional(&c, S(" said: ")))
			cursor_literal(&c, S(" refused to talk to me: "));
	}
	struct event reply = {0};
	if (cursor_ok(&c))
		postfix_read_code(&c, &reply);
	return reply.code;
}

void
postfix_read_reply(struct event *e)
{
	e->code = code_of(e->reply);
	if (e->status == DELIVERY_SENT)
		read_sent(e);
}
