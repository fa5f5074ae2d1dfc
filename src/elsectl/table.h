/*
 * A table for people. On a terminal the columns of text that may shrink give way, the widest first,
 * until a row fits the line; elsewhere nothing is cut.
 *
 *	static const struct table_column columns[] = {
 *		{"when", TABLE_LEFT, 0}, {"from", TABLE_SHRINKS, 12}, {"size", TABLE_RIGHT, 0}};
 *	struct table *t = table_new(columns, 3);
 *	table_cell(t, STYLE_PLAIN, time); table_cell(t, STYLE_PLAIN, from); table_cell(t, ...);
 *	table_print(t, &app->out);
 *	table_free(&t);
 *
 * Cells are put row by row, left to right.
 */
#ifndef ELSE_ELSECTL_TABLE_H
#define ELSE_ELSECTL_TABLE_H

#include "show/output.h"

enum table_kind {
	TABLE_LEFT,
	TABLE_RIGHT,   /* numbers */
	TABLE_SHRINKS, /* text, left, cut with an ellipsis where there is no room */
};

struct table_column {
	const char *title;
	enum table_kind kind;
	size_t least; /* columns it keeps when it shrinks */
};

struct table;

/* Borrows the columns. */
struct table *table_new(const struct table_column *columns, size_t n);
void table_free(struct table **t);

/* The text is copied, and made harmless (show/text.h). */
void table_cell(struct table *t, enum style style, struct slice text);
void table_cell_str(struct table *t, const char *text); /* NULL: empty */
void table_cell_number(struct table *t, uint64_t n);

size_t table_rows(const struct table *t);

/* Titles and all rows; the last row must be complete. Only titles when there are no rows. */
void table_print(const struct table *t, struct output *o);

#endif
