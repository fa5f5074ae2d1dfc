/* What `elsectl parse --summary` and `--correlate` count and print. */
#ifndef ELSE_ELSECTL_PARSE_REPORT_H
#define ELSE_ELSECTL_PARSE_REPORT_H

#include "elsectl/app.h"
#include "elsectl/shapes.h"
#include "elsectl/tally.h"
#include "parse/parse.h"

#define PARSE_RESULTS 3 /* of enum parse_result */

/* Programs that are not of mail, by their tag. */
struct parse_other {
	struct map_node by_name;
	struct slice name;
	uint64_t lines;
};

struct parse_report {
	int64_t begun_us;
	uint64_t lines, bytes;
	uint64_t by_program[PROGRAM_COUNT][PARSE_RESULTS];
	struct map others;
	struct parse_other *last_other;
	uint64_t beyond; /* lines of programs that came when there were too many */
	struct arena arena;
	struct shapes shapes;
	struct tally tally;
};

void parse_report_begin(struct parse_report *r);
void parse_report_fini(struct parse_report *r);

void parse_report_line(struct parse_report *r, const struct line *line, const struct event *e,
	enum parse_result result);

/* With `mails`: the tally too. As JSON when app->json. */
void parse_report_print(const struct parse_report *r, struct app *app, bool mails);

#endif
