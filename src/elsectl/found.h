/* What a search found, for people. */
#ifndef ELSE_ELSECTL_FOUND_H
#define ELSE_ELSECTL_FOUND_H

#include "show/output.h"
#include "store/search.h"

/* A table of the rows. */
void found_print(struct output *o, const struct search_row *rows, size_t n);

/* One row a line, without a table, for `elsectl tail`. */
void found_print_line(struct output *o, const struct search_row *row);

#endif
