/* A row of a search: its words, and as one JSON object. */
#ifndef ELSE_SHOW_ROW_H
#define ELSE_SHOW_ROW_H

#include "store/search.h"

/* "delivered", ..., "mixed" */
const char *row_status_word(const struct search_row *row);

/* Its id (show/mail_id_text.h). */
void row_add_id(struct buf *b, const struct search_row *row);

/* Enhanced status code, else SMTP code; or nothing. */
void row_add_code(struct buf *b, const struct search_row *row);

/* One object and LF: the names and their order are a contract (elsectl(1), "search --json"). */
void row_add_json(struct buf *b, const struct search_row *row);

/* Changes when something happened to the mail: for who watches. */
uint64_t row_state(const struct search_row *row);

#endif
