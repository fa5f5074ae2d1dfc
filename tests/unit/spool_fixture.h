/* For the tests of src/spool: a folder of its own for each test, numbered records, whose every byte
 * follows from the number, and reading them back. */
#ifndef ELSE_TESTS_SPOOL_FIXTURE_H
#define ELSE_TESTS_SPOOL_FIXTURE_H

#include "unit.h"

#include "spool/segment.h"
#include "spool/spool.h"

/* cmocka set-up and tear-down: a scratch folder, and in it the one that spool_folder names. In
 * memory it costs no time to sync: for tests that open the spool a thousand times. */
int spool_setup(void **state);
int spool_setup_in_memory(void **state);
int spool_teardown(void **state);

const char *spool_folder(void);

/* A file in it, with its folder; until the next call. */
const char *spool_path(const char *name);
const char *spool_segment_path(uint64_t first);

void spool_read_file(const char *path, struct buf *content);
void spool_write_file(const char *path, struct slice content);

/* Number of files there whose names hold `part`; the last one's name goes to `name` unless NULL. */
size_t spool_count_files(const char *part, struct buf *name);

/* Removes every file of the folder. */
void spool_empty_folder(void);

/* Opens the folder; fails the test when that does not work. `report` may be NULL. */
struct spool *spool_start(uint64_t segment_bytes, uint64_t cap_bytes, struct spool_report *report);

/* Fails the test unless the folder cannot be opened and the message holds `part`. */
void spool_refuse(const char *part);

/* Adds the records first .. last, a sync after each `batch` of them. */
void spool_put(struct spool *s, uint64_t first, uint64_t last, uint64_t batch);
void spool_add_number(struct spool *s, uint64_t number);
size_t spool_number_bytes(uint64_t number);

/* The number of a record that spool_add_number made; fails the test unless every byte is right. */
uint64_t spool_number(const struct spool_record *record);

struct spool_seen {
	size_t records;
	uint64_t first, last; /* their numbers */
	uint64_t gaps;	      /* where a number did not follow the one before */
	size_t damaged;
	uint64_t first_position, next;
};

/* Reads from `position` to the end. Fails the test when numbers or positions do not grow. */
struct spool_seen spool_see(struct spool *s, uint64_t position);

#endif
