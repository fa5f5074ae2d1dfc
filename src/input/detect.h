/* What a file holds, from its first (uncompressed) bytes. */
#ifndef ELSE_INPUT_DETECT_H
#define ELSE_INPUT_DETECT_H

#include "base/slice.h"

enum input_format {
	INPUT_SYSLOG,
	INPUT_MSGTRK, /* Exchange message tracking log */
};

/* Why this is no log and what to do about it; NULL when it may be one. */
const char *detect_refusal(struct slice head);

enum input_format detect_format(struct slice head);

/* The next line of `*rest`, without LF or CRLF; false when no complete one is left. */
bool detect_line(struct slice *rest, struct slice *line);

#endif
