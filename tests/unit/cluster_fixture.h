/* Scratch folders and real PostgreSQL clusters for unit tests. Include after cmocka.h. */
#ifndef ELSE_TESTS_CLUSTER_FIXTURE_H
#define ELSE_TESTS_CLUSTER_FIXTURE_H

#include <stdbool.h>

/* Makes a scratch folder that the whole test program works in and returns its path. Run by root,
 * the test becomes the user nobody, as the programs become their service user. Ends the program on
 * failure. */
const char *fixture_begin(void);

/* Removes the scratch folder. */
void fixture_end(void);

/* "SCRATCH/name" in a buffer that stays valid for the next seven calls. */
const char *fixture_path(const char *name);

/* Makes and starts a cluster in the folder; returns its conninfo, valid until the next call. Fails
 * the test. */
const char *fixture_start(const char *data_dir);

/* Stops it. Fails the test. */
void fixture_stop(const char *data_dir);

/* Waits until `holds(context)`; fails the test after 20 seconds. */
void fixture_wait(bool (*holds)(const void *context), const void *context);

#endif
