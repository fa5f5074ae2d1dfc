/* For the tests of src/input: files made at run time in a scratch folder, plain and compressed, and
 * reading them. */
#ifndef ELSE_TESTS_INPUT_FIXTURE_H
#define ELSE_TESTS_INPUT_FIXTURE_H

#include "unit.h"

#include "base/time.h"
#include "input/input.h"

/* cmocka set-up and tear-down: the scratch folder and all in it. */
int files_setup(void **state);
int files_teardown(void **state);

/* The path of a file in the scratch folder; lives until the tear-down. */
const char *files_path(const char *name);

void files_write(const char *name, struct slice content);
void files_append(const char *name, struct slice content);

/* Sets the modification time. */
void files_date(const char *name, int64_t t_us);

enum files_packing {
	FILES_PLAIN,
	FILES_GZIP,
	FILES_XZ,
	FILES_ZSTD,
};

/* Adds the content in packed form; the caller frees. `gzip_seconds` goes into a gzip header. */
void files_pack(enum files_packing packing, struct slice content, uint32_t gzip_seconds,
	struct buf *packed);

/* files_write of the content in packed form. */
void files_write_packed(const char *name, enum files_packing packing, struct slice content);

#define REFERENCE_US (1795324899 * TIME_SECOND_US) /* 2026-11-22 05:21:39 UTC */

/* Stamps are in UTC, and nothing is later than a day after REFERENCE_US. */
extern const struct input_options input_utc;

/* Opens files of the scratch folder: their names with a blank between; "-" is standard input. */
struct input *input_open_names(const struct input_options *options, const char *names);

/* The texts of all lines in the order they come, each with '|' behind it; '!' where a source
 * breaks. */
void input_read_texts(struct input *in, struct buf *out);

/* Reading these files gives these texts, each with '|' behind it. */
#define assert_texts(names, want) input_check_texts((names), S(want), __FILE__, __LINE__)
void input_check_texts(const char *names, struct slice want, const char *file, int line);

/* Part of a warning about the source; "" = there is none. */
void assert_warning(const struct input_source *source, const char *want);

#endif
