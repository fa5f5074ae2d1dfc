/* What a search found, for programs and for people. */
#ifndef ELSE_ELSECTL_FOUND_H
#define ELSE_ELSECTL_FOUND_H

#include "elsectl/output.h"
#include "store/search.h"

/* One object and an LF; the names and their order are a contract (elsectl(1), "search --json"). */
void found_add_json(struct buf *b, const struct search_row *row);

/* A table of the rows. */
void found_print(struct output *o, const struct search_row *rows, size_t n);

/* One row a line, without a table, for `elsectl tail`. */
void found_print_line(struct output *o, const struct search_row *row);

#endif
