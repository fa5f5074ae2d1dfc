/* What a daemon says: one line a message on standard error, with the priority in front ("<4>",
 * sd-daemon(3)) when the journal reads it, else with the program's name. Any thread. */
#ifndef ELSE_DAEMON_LOG_H
#define ELSE_DAEMON_LOG_H

#include "base/error.h"
#include "base/slice.h"

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6 }; /* syslog's */

void log_say(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each line of a text as a message; empty ones are left out. */
void log_say_lines(enum log_level level, struct slice text);

#endif
