/* A query on the command line: read, understood, and when it is wrong shown with the place. */
#ifndef ELSE_ELSECTL_ASK_H
#define ELSE_ELSECTL_ASK_H

#include "elsectl/app.h"
#include "query/query.h"

struct ask {
	struct arena arena;
	struct slice text;
	struct query_node *tree;
	struct query_error error;
};

/* Takes the text as the shell gave it; the viewer's zone is that of elsectl/zone.h. Without `say`
 * the error is only kept. */
bool ask_parse(struct app *app, struct ask *ask, struct slice text, bool say);
void ask_fini(struct ask *ask);

/* The message, the query with a mark under the place, the hint; on standard error. */
void ask_say_error(const struct app *app, struct slice text, const struct query_error *error);

#endif
