#define _GNU_SOURCE
#include "daemon/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_BYTES 2048

void
log_say(enum log_level level, const char *format, ...)
{
	char line[LINE_BYTES];
	bool journal = getenv("JOURNAL_STREAM") != NULL;
	int n = journal ? snprintf(line, sizeof(line), "<%d>", (int)level)
			: snprintf(line, sizeof(line), "%s: ", program_invocation_short_name);
	va_list args;
	va_start(args, format);
	int text = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, args);
	va_end(args);
	if (text < 0)
		return;
	n = n + text < (int)sizeof(line) - 2 ? n + text : (int)sizeof(line) - 2;
	for (int i = 0; i < n; i++) /* log text may be in it */
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* nobody is left who could be told */
}

void
log_say_lines(enum log_level level, struct slice text)
{
	struct slice line;
	while (text.n && slice_split(&text, '\n', &line))
		if (line.n)
			log_say(level, "%.*s", SLICE_ARG(line));
}
