#include "elsectl/table.h"

#include "base/arena.h"
#include "base/memory.h"
#include "show/text.h"

#include <assert.h>
#include <stdlib.h>

#define GAP 2 /* blanks between columns */

struct cell {
	struct slice text; /* safe */
	size_t width;
	enum style style;
};

struct table {
	const struct table_column *columns;
	size_t n_columns;
	struct cell *cells; /* row by row */
	size_t n, cap;
	struct arena arena;
	struct buf scratch;
};

struct table *
table_new(const struct table_column *columns, size_t n)
{
	struct table *t = memory_zero(1, sizeof(*t));
	t->columns = columns;
	t->n_columns = n;
	return t;
}

void
table_free(struct table **t)
{
	if (!*t)
		return;
	arena_fini(&(*t)->arena);
	buf_fini(&(*t)->scratch);
	free((*t)->cells);
	free(*t);
	*t = NULL;
}

void
table_cell(struct table *t, enum style style, struct slice text)
{
	buf_clear(&t->scratch);
	text_add_safe(&t->scratch, text);
	MEMORY_ROOM(&t->cells, t->n, &t->cap);
	struct slice safe = arena_copy(&t->arena, buf_slice(&t->scratch));
	t->cells[t->n++] = (struct cell){.text = safe, .width = text_columns(safe), .style = style};
}

void
table_cell_str(struct table *t, const char *text)
{
	table_cell(t, STYLE_PLAIN, slice_of_str(text));
}

void
table_cell_number(struct table *t, uint64_t n)
{
	struct buf b = {0};
	text_add_number(&b, n);
	table_cell(t, STYLE_PLAIN, buf_slice(&b));
	buf_fini(&b);
}

size_t
table_rows(const struct table *t)
{
	return t->n / t->n_columns;
}

/* The widest column that may still give way. */
static size_t *
widest(const struct table *t, size_t *widths)
{
	size_t *found = NULL;
	for (size_t i = 0; i < t->n_columns; i++) {
		size_t least = t->columns[i].least ? t->columns[i].least : 8;
		if (t->columns[i].kind == TABLE_SHRINKS && widths[i] > least &&
			(!found || widths[i] > *found))
			found = &widths[i];
	}
	return found;
}

static void
measure(const struct table *t, size_t room, size_t *widths)
{
	size_t total = (t->n_columns - 1) * GAP;
	for (size_t i = 0; i < t->n_columns; i++)
		widths[i] = strlen(t->columns[i].title);
	for (size_t i = 0; i < t->n; i++) {
		size_t *width = &widths[i % t->n_columns];
		*width = t->cells[i].width > *width ? t->cells[i].width : *width;
	}
	for (size_t i = 0; i < t->n_columns; i++)
		total += widths[i];
	size_t *column;
	for (; room && total > room && (column = widest(t, widths)); total--)
		(*column)--;
}

static void
pad(struct output *o, size_t n)
{
	for (; n > 0; n--)
		buf_add_char(&o->text, ' ');
}

static void
print_cell(const struct table *t, struct output *o, const struct cell *cell, size_t column,
	size_t width)
{
	size_t fill = width > cell->width ? width - cell->width : 0;
	bool right = t->columns[column].kind == TABLE_RIGHT;
	if (right)
		pad(o, fill);
	output_begin(o, cell->style);
	text_add_cut(&o->text, cell->text, width, output_ellipsis(o));
	output_end(o, cell->style);
	if (column + 1 < t->n_columns)
		pad(o, (right ? 0 : fill) + GAP);
}

static void
print_titles(const struct table *t, struct output *o, const size_t *widths)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		struct slice title = slice_of_str(t->columns[i].title);
		struct cell cell = {.text = title, .width = title.n, .style = STYLE_BOLD};
		print_cell(t, o, &cell, i, widths[i]);
	}
	output_str(o, "\n");
}

void
table_print(const struct table *t, struct output *o)
{
	assert(t->n % t->n_columns == 0);
	size_t *widths = memory_zero(t->n_columns, sizeof(*widths));
	measure(t, o->width, widths);
	print_titles(t, o, widths);
	for (size_t i = 0; i < t->n; i++) {
		size_t column = i % t->n_columns;
		print_cell(t, o, &t->cells[i], column, widths[column]);
		if (column + 1 == t->n_columns) {
			output_str(o, "\n");
			output_flush_some(o);
		}
	}
	free(widths);
}
