#include "query/query_part.h"

#define LONGEST 24 /* no name is longer */

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edit distance with swaps of neighbours (optimal string alignment), ASCII case ignored. */
static unsigned
distance(struct slice a, struct slice b)
{
	unsigned rows[3][LONGEST + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];
	for (unsigned j = 0; j <= b.n; j++)
		last[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b.n; j++) {
			char x = slice_lower_char(a.p[i - 1]), y = slice_lower_char(b.p[j - 1]);
			row[j] = least(last[j - 1] + (x != y), least(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && x == slice_lower_char(b.p[j - 2]) &&
				slice_lower_char(a.p[i - 2]) == y)
				row[j] = least(row[j], before[j - 2] + 1);
		}
		unsigned *free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return last[b.n];
}

static bool
is_prefix(struct slice head, struct slice s)
{
	return head.n >= 3 && head.n < s.n && slice_equal_nocase(head, slice_head(s, head.n));
}

/* A typed beginning is as near as one wrong letter; short words allow fewer mistakes. */
static bool
near_enough(struct slice word, struct slice name, unsigned *d)
{
	if (word.n == 0 || word.n > LONGEST || name.n > LONGEST)
		return false;
	unsigned allowed = word.n < 2 ? 0 : word.n < 4 ? 1 : word.n < 8 ? 2 : 3;
	*d = is_prefix(word, name) ? 1 : distance(word, name);
	return *d <= allowed && *d < name.n;
}

static bool
is_listed(const struct query_suggestion *s, const char *shown)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->best[i], shown) == 0)
			return true;
	return false;
}

void
query_suggest(struct query_suggestion *s, const char *name, const char *shown)
{
	unsigned d;
	if (!near_enough(s->word, slice_of_str(name), &d) || is_listed(s, shown))
		return;
	if (s->n == 3 && s->distance[2] <= d)
		return;
	size_t at = s->n < 3 ? s->n++ : 2;
	for (; at > 0 && s->distance[at - 1] > d; at--) {
		s->best[at] = s->best[at - 1];
		s->distance[at] = s->distance[at - 1];
	}
	s->best[at] = shown;
	s->distance[at] = d;
}

bool
query_suggest_hint(struct query_reader *r, const struct query_suggestion *s, const char *suffix)
{
	if (s->n == 0)
		return false;
	buf_clear(&r->scratch);
	size_t n = 1; /* as near as the nearest */
	while (n < s->n && s->distance[n] == s->distance[0])
		n++;
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add_str(&r->scratch, i + 1 == n ? " or " : ", ");
		buf_add_str(&r->scratch, s->best[i]);
		buf_add_str(&r->scratch, suffix);
	}
	query_hint(r, "did you mean %s", buf_str(&r->scratch));
	buf_clear(&r->scratch);
	return true;
}
