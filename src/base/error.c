#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

bool
error_set(struct error *err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return false;
}

bool
error_prefix(struct error *err, const char *format, ...)
{
	struct error old = *err;
	va_list args;
	va_start(args, format);
	int n = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(err->text))
		snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %.*s",
			(int)(sizeof(err->text) - (size_t)n), old.text);
	return false;
}
