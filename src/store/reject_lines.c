#include "store/reject_lines.h"

#include "base/time.h"

#include <endian.h>

#define MARK	    '\x02'
#define WORD_MIN    4 /* a shorter word gains nothing */
#define PG_EPOCH_US (946684800 * TIME_SECOND_US)

/* The word that the text goes on with here: the longest one, or -1. */
static int
word_here(struct slice text, const struct reject_words *words)
{
	int best = -1;
	for (int i = 0; i < REJECT_WORDS; i++)
		if (words->word[i].n >= WORD_MIN && slice_starts(text, words->word[i]) &&
			(best < 0 || words->word[i].n > words->word[best].n))
			best = i;
	return best;
}

/* Words begin after one of these, so that not every byte has to be looked at. */
static bool
is_border(char c)
{
	return c == ' ' || c == '<' || c == '[' || c == '=' || c == '(' || c == '/' || c == ':';
}

void
reject_words_cut(struct buf *out, struct slice raw, const struct reject_words *words)
{
	size_t done = 0;
	for (size_t i = 0; i < raw.n; i++) {
		int word = -1;
		if (raw.p[i] == MARK) {
			buf_add(out, slice_of(raw.p + done, i + 1 - done));
			done = i; /* once more */
			continue;
		}
		if (i > 0 && is_border(raw.p[i - 1]))
			word = word_here(slice_skip(raw, i), words);
		if (word < 0)
			continue;
		buf_add(out, slice_of(raw.p + done, i - done));
		buf_add_char(out, MARK);
		buf_add_char(out, (char)('0' + word));
		i += words->word[word].n - 1;
		done = i + 1;
	}
	buf_add(out, slice_of(raw.p + done, raw.n - done));
}

void
reject_words_restore(struct buf *out, struct slice cut, const struct reject_words *words)
{
	for (size_t i = 0; i < cut.n; i++) {
		bool mark = cut.p[i] == MARK && i + 1 < cut.n;
		char next = mark ? cut.p[i + 1] : '\0';
		if (mark && next >= '0' && next < '0' + REJECT_WORDS)
			buf_add(out, words->word[next - '0']);
		else
			buf_add_char(out, cut.p[i]);
		i += mark;
	}
}

static struct slice
field(const PGresult *rows, int row, int column)
{
	if (PQgetisnull(rows, row, column))
		return (struct slice){"", 0};
	return slice_of(PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column));
}

bool
reject_lines_read(struct evidence *ev, const PGresult *rows, int row, int first,
	struct arena *arena, struct hop_line **lines, size_t *n, struct error *err)
{
	uint64_t t;
	struct reject_words words;
	struct buf text = {0};
	memcpy(&t, PQgetvalue(rows, row, first), sizeof(t));
	int64_t t_us = (int64_t)be64toh(t) + PG_EPOCH_US;
	if (!evidence_unpack(ev, field(rows, row, first + 1), t_us, arena, lines, n, err))
		return false;
	for (int i = 0; i < REJECT_WORDS; i++)
		words.word[i] = field(rows, row, first + 2 + i);
	for (size_t i = 0; i < *n; i++) {
		buf_clear(&text);
		reject_words_restore(&text, (*lines)[i].raw, &words);
		(*lines)[i].raw = arena_copy(arena, buf_slice(&text));
	}
	buf_fini(&text);
	return true;
}
