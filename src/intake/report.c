#include "intake/report.h"

#include <stdarg.h>
#include <stdio.h>

enum {
	MINUTE_MS = 60 * 1000,
	TEXT_BYTES = 1024,
	MORE_BYTES = 64, /* of it for the number of those left out */
};

static bool
may_say(struct report *report, int64_t now_ms, enum report_kind kind)
{
	if (now_ms - report->kinds[kind].since_ms >= MINUTE_MS) {
		report->kinds[kind].since_ms = now_ms;
		report->kinds[kind].said = 0;
	}
	if (report->kinds[kind].said++ < REPORT_MOST)
		return true;
	report->kinds[kind].left_out++;
	return false;
}

/* A line of ours must not hold a sender's line feeds or terminal codes. */
static void
make_printable(char *text)
{
	for (char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

void
report_say(struct report *report, int64_t now_ms, enum report_kind kind, enum intake_level level,
	const char *format, ...)
{
	char text[TEXT_BYTES];
	if (!report->log || !may_say(report, now_ms, kind))
		return;
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof(text) - MORE_BYTES, format, args);
	va_end(args);
	size_t most = sizeof(text) - MORE_BYTES - 1, end = n < 0 ? 0 : (size_t)n;
	end = end < most ? end : most;
	uint64_t left_out = report->kinds[kind].left_out;
	if (left_out > 0)
		snprintf(text + end, sizeof(text) - end, " (and %llu more of this kind)",
			(unsigned long long)left_out);
	report->kinds[kind].left_out = 0;
	make_printable(text);
	report->log(report->context, level, text);
}

void
report_rest(struct report *report, int64_t now_ms)
{
	static const char *const names[REPORT_KINDS] = {
		[REPORT_STATE] = "starts and stops",
		[REPORT_REFUSED] = "connections refused",
		[REPORT_TLS] = "TLS connections refused",
		[REPORT_PROTOCOL] = "senders that break the rules of a protocol",
		[REPORT_FOREIGN] = "lines of hosts that their sender may not speak for",
		[REPORT_CUT] = "lines cut",
		[REPORT_FULL] = "reading stops and goes on",
		[REPORT_SPOOL] = "records that could not be stored",
		[REPORT_RESOURCES] = "connections that could not be accepted",
	};
	for (int kind = 0; kind < REPORT_KINDS; kind++) {
		uint64_t left_out = report->kinds[kind].left_out;
		if (left_out == 0 || now_ms - report->kinds[kind].since_ms < MINUTE_MS)
			continue;
		report->kinds[kind].left_out = 0;
		report_say(report, now_ms, (enum report_kind)kind, INTAKE_WARNING,
			"%s: %llu messages more in the last minute", names[kind],
			(unsigned long long)left_out);
	}
}
