#include "elsectl/rsyslog_template.h"

#include <assert.h>

static bool
word_holds(struct slice word, const struct rsyslog_settings *s)
{
	bool negated = slice_starts(word, S("!"));
	word = slice_skip(word, negated);
	bool tls = slice_equal(word, S("tls"));
	assert(tls || slice_equal(word, S("compressed")));
	return (tls ? s->tls : s->compressed) != negated;
}

static bool
all_hold(struct slice words, const struct rsyslog_settings *s)
{
	struct slice word;
	bool hold = true;
	while (slice_split(&words, ' ', &word))
		hold = word_holds(word, s) && hold;
	return hold;
}

static struct slice
value_of(struct slice name, const struct rsyslog_settings *s)
{
	size_t i = 0;
	while (i < s->n_values && !slice_equal(s->values[i].name, name))
		i++;
	assert(i < s->n_values);
	return s->values[i].text;
}

static bool
is_name(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 'A' || s.p[i] > 'Z')
			return false;
	return s.n > 0;
}

/* Another @, as in [else@32473 ...], means itself. */
static void
fill_line(struct buf *out, struct slice line, const struct rsyslog_settings *s)
{
	ptrdiff_t at;
	while ((at = slice_find_char(line, '@')) >= 0) {
		struct slice rest = slice_skip(line, (size_t)at + 1);
		ptrdiff_t end = slice_find_char(rest, '@');
		struct slice name = slice_head(rest, end < 0 ? 0 : (size_t)end);
		bool known = is_name(name);
		buf_add(out, slice_head(line, (size_t)at + !known));
		if (known)
			buf_add(out, value_of(name, s));
		line = known ? slice_skip(rest, name.n + 1) : rest;
	}
	buf_add(out, line);
	buf_add_char(out, '\n');
}

void
rsyslog_template_fill(
	struct buf *out, struct slice template, const struct rsyslog_settings *settings)
{
	static const struct slice mark = {"#@", 2}, condition = {"#@if ", 5}, end = {"#@end", 5};
	struct slice line;
	bool shown = true;
	while (template.n && slice_split(&template, '\n', &line)) {
		if (slice_starts(line, condition))
			shown = all_hold(slice_skip(line, condition.n), settings);
		else if (slice_equal(line, end))
			shown = true;
		else if (shown && !slice_starts(line, mark))
			fill_line(out, line, settings);
	}
}
