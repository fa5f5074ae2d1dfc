/*
 * The template of the sender's configuration: text with @NAME@ for values, lines "#@if WORD ..." to
 * "#@end" that are there only when all words hold ("!word": does not hold), and "#@ ..." for
 * remarks that are not part of it.
 */
#ifndef ELSE_ELSECTL_RSYSLOG_TEMPLATE_H
#define ELSE_ELSECTL_RSYSLOG_TEMPLATE_H

#include "base/buf.h"

/* deploy/rsyslog/else.conf.in, embedded when the program is built. */
extern const char rsyslog_template[];

struct rsyslog_value {
	struct slice name; /* without the @ */
	struct slice text;
};

struct rsyslog_settings {
	const struct rsyslog_value *values;
	size_t n_values;
	bool tls, compressed; /* the words */
};

/* An unknown word or name is a bug of the template: assert. */
void rsyslog_template_fill(
	struct buf *out, struct slice template, const struct rsyslog_settings *settings);

#endif
