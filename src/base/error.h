/*
 * Errors of the environment (files, database, network). The leaf says what went wrong, each caller
 * may put one clause before it, the owner of the task reports once. A bug is an assert; bad input
 * is an enum value and a counter: neither belongs here.
 */
#ifndef ELSE_BASE_ERROR_H
#define ELSE_BASE_ERROR_H

#include <stdbool.h>

struct error {
	char text[1024]; /* what, where and what to do; no final newline */
};

/* Sets the text and returns false, so that a leaf is `return error_set(err, "...")`. */
bool error_set(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "clause: old text"; returns false. */
bool error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
