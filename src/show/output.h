/*
 * What a command prints: gathered in a buffer, written to standard output in large pieces. Knows
 * whether a terminal is there, how wide it is, whether it takes colours (NO_COLOR, TERM=dumb) and
 * UTF-8 (the locale).
 */
#ifndef ELSE_SHOW_OUTPUT_H
#define ELSE_SHOW_OUTPUT_H

#include "base/buf.h"
#include "trace/status.h"

enum style {
	STYLE_PLAIN,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_GOOD, /* delivered */
	STYLE_WAIT, /* deferred, greylisted, held */
	STYLE_BAD,  /* bounced, expired, rejected, blocked */
};

enum style output_status_style(enum status status);

struct output {
	struct buf text;
	bool terminal;
	bool colour;
	bool utf8;
	bool kept;   /* nothing is written: the text is for somebody else */
	bool failed; /* a write failed; errno-like reason below */
	int reason;
	size_t width; /* columns; 0 = no terminal, no limit */
};

void output_init(struct output *o);

/* Writes what is left. False when a write failed, now or before. */
bool output_flush(struct output *o);
void output_fini(struct output *o);

/* Writes when much has gathered. */
void output_flush_some(struct output *o);

/* The program's own words, which may hold newlines. */
void output_str(struct output *o, const char *text);

/* Text from a log or a command line: control characters are shown escaped (show/text.h). */
void output_text(struct output *o, struct slice text);

/* The same in a style. */
void output_styled(struct output *o, enum style style, struct slice text);

/* Around text added by other means. */
void output_begin(struct output *o, enum style style);
void output_end(struct output *o, enum style style);

/* Safe text, cut to what is left of the line when `used` columns are taken. */
void output_text_cut(struct output *o, struct slice text, size_t used);

/* A line of safe text over as many as it takes, broken at blanks. */
void output_wrapped(struct output *o, enum style style, struct slice text);

/* Signs that depend on the locale: "..." in one column, an arrow. */
struct slice output_ellipsis(const struct output *o);
struct slice output_arrow(const struct output *o);

#endif
