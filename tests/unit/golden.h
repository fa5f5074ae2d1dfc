/* Golden pairs: NAME.log beside NAME.expect in a folder of tests/golden. For each line of the log
 * one line is expected: the event as JSON, or the word "ignored" or "unknown". With
 * ELSE_GOLDEN_WRITE=1 in the environment the .expect files are written instead: read the difference
 * before you keep it. */
#ifndef ELSE_TESTS_GOLDEN_H
#define ELSE_TESTS_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "parse/parse.h"
#include "wire/syslog.h"

static inline FILE *
golden_open(const char *dir, const char *name, const char *ending, const char *mode)
{
	struct buf path = {0};
	buf_addf(&path, "%s/%s.%s", dir, name, ending);
	FILE *file = fopen(buf_str(&path), mode);
	if (!file)
		print_error("%s: cannot open\n", buf_str(&path));
	assert_non_null(file);
	buf_fini(&path);
	return file;
}

static inline void
golden_read(struct buf *text, const char *dir, const char *name, const char *ending)
{
	FILE *file = golden_open(dir, name, ending, "r");
	size_t n;
	while ((n = fread(buf_room(text, 4096), 1, 4096, file)) > 0)
		text->n += n;
	fclose(file);
}

/* What parse_line makes of one line with its header. */
static inline void
golden_add_result(struct buf *b, const struct line *line)
{
	struct event e;
	enum parse_result result = parse_line(line, &e);
	if (result == PARSE_OK)
		event_add_json(b, &e);
	else
		buf_add(b, result == PARSE_IGNORED ? S("ignored") : S("unknown"));
	buf_add_char(b, '\n');
}

static inline void
golden_compare(const char *name, struct slice actual, struct slice expected)
{
	struct slice have, want;
	for (unsigned n = 1; slice_split(&expected, '\n', &want); n++) {
		assert_true(slice_split(&actual, '\n', &have));
		if (!slice_equal(have, want))
			print_error("%s, line %u:\n  expected %.*s\n  got      %.*s\n", name, n,
				SLICE_ARG(want), SLICE_ARG(have));
		assert_true(slice_equal(have, want));
	}
	assert_null(actual.p);
}

/* The results for the whole log, line by line. */
static inline void
golden_add_results(struct buf *b, const char *dir, const char *name)
{
	struct buf log = {0};
	struct syslog_clock clock;
	struct slice raw;
	golden_read(&log, dir, name, "log");
	struct slice rest = buf_slice(&log);
	syslog_clock_init(&clock, 0);
	while (slice_split(&rest, '\n', &raw) && raw.n) {
		struct line line = {0};
		assert_int_equal(syslog_read(raw, &clock, &line), SYSLOG_OK);
		golden_add_result(b, &line);
	}
	buf_fini(&log);
}

static inline void
golden_check(const char *dir, const char *name)
{
	struct buf actual = {0}, expected = {0};
	golden_add_results(&actual, dir, name);
	golden_read(&expected, dir, name, "expect");
	golden_compare(name, buf_slice(&actual), buf_slice(&expected));
	buf_fini(&actual);
	buf_fini(&expected);
}

/* Only for the test that owns the pair. */
static inline void
golden_write(const char *dir, const char *name)
{
	struct buf actual = {0};
	golden_add_results(&actual, dir, name);
	FILE *file = golden_open(dir, name, "expect", "w");
	assert_int_equal(fwrite(actual.p, 1, actual.n, file), actual.n);
	fclose(file);
	buf_fini(&actual);
}

#endif
