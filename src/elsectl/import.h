/* What the files of `elsectl import` share. */
#ifndef ELSE_ELSECTL_IMPORT_H
#define ELSE_ELSECTL_IMPORT_H

#include "base/time.h"
#include "elsectl/app.h"
#include "elsectl/import_files.h"
#include "elsectl/progress.h"
#include "elsectl/shapes.h"
#include "elsectl/suggest.h"
#include "elsectl/tally.h"
#include "trace/trace.h"

struct import {
	struct app *app;
	bool quiet, suggest;
	struct import_files files;
	struct db *db;
	bool was_empty; /* the database, before this import */
	struct writer *writer;
	struct trace *trace;
	struct topology topology;
	struct arena arena; /* of the journey at hand */
	int64_t max_us;	    /* newest stamp */
	bool dropping;	    /* interrupted: what lies wholly behind the cut will be read again */
	int64_t begun_us;
	uint64_t lines[3]; /* of enum parse_result */
	unsigned weeks_closed;
	int64_t closing_us; /* what that took */
	size_t broken;	    /* files */
	struct shapes shapes;
	struct tally tally;
	struct suggestion suggestion;
	struct progress progress;
};

/* After an interruption: whether every line of the mail will be read again. */
bool import_is_beyond_cut(const struct import *im, const struct mail *mail);

/* The summary, as text or JSON. */
void import_report(struct import *im);

#endif
