#include "wire/csv.h"

/* Past the closing quote of the field whose inside begins at p, or NULL when it stays open. */
static const char *
skip_quoted(const char *p, const char *end)
{
	while ((p = p < end ? memchr(p, '"', (size_t)(end - p)) : NULL)) {
		if (p + 1 == end || p[1] != '"')
			return p + 1;
		p += 2;
	}
	return NULL;
}

/* The comma behind the field that begins at p, or `end`; NULL when its quotes stay open. */
static const char *
field_end(const char *p, const char *end)
{
	if (p < end && *p == '"')
		p = skip_quoted(p + 1, end);
	const char *comma = p && p < end ? memchr(p, ',', (size_t)(end - p)) : NULL;
	return comma || !p ? comma : end;
}

bool
csv_next(struct slice *rest, struct slice *field)
{
	if (!rest->p)
		return false;
	const char *end = rest->p + rest->n;
	const char *stop = field_end(rest->p, end);
	if (!stop)
		stop = end;
	*field = slice_of(rest->p, (size_t)(stop - rest->p));
	*rest = stop < end ? slice_of(stop + 1, (size_t)(end - stop - 1)) : slice_of(NULL, 0);
	return true;
}

/* The text between the quotes with every "" made ". */
static struct slice
undouble(struct slice s, struct arena *scratch)
{
	char *out = arena_new(scratch, s.n), *to = out;
	for (size_t i = 0; i < s.n; i++) {
		*to++ = s.p[i];
		if (s.p[i] == '"' && i + 1 < s.n && s.p[i + 1] == '"')
			i++;
	}
	return slice_of(out, (size_t)(to - out));
}

struct slice
csv_unquote(struct slice field, struct arena *scratch)
{
	if (field.n == 0 || *field.p != '"')
		return field;
	struct slice inner = slice_skip(field, 1);
	if (inner.n && inner.p[inner.n - 1] == '"')
		inner.n--;
	return slice_find_char(inner, '"') < 0 ? inner : undouble(inner, scratch);
}

/* Whether the line ends within quotes; `inside` = it begins there. */
static bool
ends_inside(struct slice line, bool inside)
{
	const char *p = line.p, *end = line.p + line.n;
	if (!inside && slice_find_char(line, '"') < 0)
		return false;
	if (inside) {
		p = skip_quoted(p, end);
		if (p && p < end)
			p = field_end(p, end) + 1;
	}
	while (p && p < end) {
		p = field_end(p, end);
		if (p)
			p++;
	}
	return !p;
}

void
csv_joiner_init(struct csv_joiner *j, size_t cap_bytes)
{
	*j = (struct csv_joiner){.cap_bytes = cap_bytes};
}

void
csv_joiner_fini(struct csv_joiner *j)
{
	buf_fini(&j->joined);
}

static struct slice
without_cr(struct slice s)
{
	s.n -= s.n && s.p[s.n - 1] == '\r';
	return s;
}

static bool
give_up(struct csv_joiner *j, struct slice *record)
{
	j->unclosed++;
	j->open = false;
	j->pending = buf_slice(&j->joined);
	return csv_joiner_more(j, record);
}

bool
csv_joiner_push(struct csv_joiner *j, struct slice line, struct slice *record)
{
	if (!j->open) {
		buf_clear(&j->joined);
		j->open = ends_inside(line, false);
		*record = without_cr(line);
		if (j->open)
			buf_add(&j->joined, line);
		return !j->open;
	}
	buf_add_char(&j->joined, '\n');
	buf_add(&j->joined, line);
	j->open = ends_inside(line, true);
	*record = without_cr(buf_slice(&j->joined));
	return !j->open || (j->joined.n > j->cap_bytes && give_up(j, record));
}

bool
csv_joiner_more(struct csv_joiner *j, struct slice *record)
{
	struct slice line;
	if (!slice_split(&j->pending, '\n', &line))
		return false;
	*record = without_cr(line);
	return true;
}

bool
csv_joiner_end(struct csv_joiner *j, struct slice *record)
{
	return j->open ? give_up(j, record) : csv_joiner_more(j, record);
}
