/*
 * A connection to PostgreSQL: libpq without its sharp edges. Values travel as parameters only,
 * never in the text of a statement. Errors are one line with the SQLSTATE in brackets. Not for two
 * threads at once.
 */
#ifndef ELSE_STORE_DB_H
#define ELSE_STORE_DB_H

#include <libpq-fe.h>

#include "base/error.h"
#include "base/slice.h"

struct db;

/* `conninfo` is what libpq takes: "host=... dbname=..." or postgresql://user@host/database. The
 * session has UTF-8 text, UTC times, ISO dates and the program's name; notices of the server are
 * dropped (warnings too: what matters is an error). NULL on failure. The caller closes. */
struct db *db_open(const char *conninfo, struct error *err);

/* Takes and clears. NULL inside is fine. */
void db_close(struct db **db);

/* One or several statements without parameters and without rows (BEGIN, COMMIT, DDL). */
bool db_exec(struct db *db, const char *sql, struct error *err);

enum db_format { DB_TEXT = 0, DB_BINARY = 1 }; /* libpq's numbers */

/* Parameters $1 .. $n of a statement; `{0}` is none. All arrays have n elements and are borrowed.
 */
struct db_params {
	int n;
	const Oid *types;	   /* NULL, or an element 0: the server infers */
	const char *const *values; /* an element NULL is SQL's NULL; text ends with a NUL byte */
	const int *lengths;	   /* of binary values; NULL when all are text */
	const int *formats;	   /* enum db_format each; NULL: all text */
};

/* Runs one statement. `*result` (rows, all in memory, in `format`) is the caller's to PQclear; a
 * NULL `result` drops it. */
bool db_query(struct db *db, const char *sql, const struct db_params *params, enum db_format format,
	PGresult **result, struct error *err);

/* The same with `n` text values and a text answer. */
bool db_query_text(struct db *db, const char *sql, int n, const char *const *values,
	PGresult **result, struct error *err);

/* Prepares a statement under a name unless this connection has it. The name stands for that text
 * for good; it must live as long as the connection (a literal). At most 64 statements. */
bool db_prepare_once(struct db *db, const char *name, const char *sql, int n, const Oid *types,
	struct error *err);

/* Runs a prepared statement; `params->types` is not used. */
bool db_query_prepared(struct db *db, const char *name, const struct db_params *params,
	enum db_format format, PGresult **result, struct error *err);

/* Statements that run longer end with SQLSTATE 57014. 0: no limit. */
bool db_set_timeout(struct db *db, int timeout_ms, struct error *err);

/* Whether the connection is gone (server stopped or crashed, network): open a new one. A
 * transaction that was being committed may or may not have happened. */
bool db_lost(const struct db *db);

/* SQLSTATE of the last failure, "" when it came from libpq itself. Valid until the next call. */
const char *db_sqlstate(const struct db *db);

/* Asks the server to end the running statement, which then fails with 57014. May be called in a
 * signal handler (libpq: PQcancel). */
void db_cancel(const struct db *db);

/* The connection itself, for COPY. Borrowed. */
PGconn *db_connection(struct db *db);

/* Sets `err` from the connection (result NULL) or from a result, for users of db_connection;
 * returns false. Does not clear the result. */
bool db_fail(struct db *db, const PGresult *result, struct error *err);

#endif
