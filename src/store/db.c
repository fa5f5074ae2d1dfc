#define _GNU_SOURCE
#include "store/db.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

#define PREPARED_MAX 64

struct db {
	PGconn *connection;
	PGcancel *cancel; /* made early: a signal handler cannot */
	char sqlstate[6];
	const char *prepared[PREPARED_MAX];
	int prepared_n;
};

static void
drop_notice(void *context, const PGresult *result)
{
	(void)context;
	(void)result;
}

/* libpq's texts have several lines; ours have one. */
static void
set_one_line(struct error *err, const char *text)
{
	struct slice s = slice_trim(slice_of_str(text));
	error_set(err, "%.*s", SLICE_ARG(s));
	for (char *c = err->text; *c; c++) {
		if (*c == '\n' || *c == '\r' || *c == '\t')
			*c = ' ';
	}
}

static void
set_from_result(struct db *db, const PGresult *result, const char *message, struct error *err)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
	snprintf(db->sqlstate, sizeof(db->sqlstate), "%s", state ? state : "");
	struct error raw;
	error_set(&raw, "%s [%s]%s%s%s%s", message, db->sqlstate, detail ? "; " : "",
		detail ? detail : "", hint ? "; " : "", hint ? hint : "");
	set_one_line(err, raw.text);
}

bool
db_fail(struct db *db, const PGresult *result, struct error *err)
{
	const char *message = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	if (message) {
		set_from_result(db, result, message, err);
		return false;
	}
	db->sqlstate[0] = '\0';
	set_one_line(err, PQerrorMessage(db->connection));
	if (err->text[0] == '\0')
		error_set(err, "the database gave an answer that does not fit the question");
	return false;
}

/* Takes the result: hands it on, or clears it. */
static bool
finish(struct db *db, PGresult *got, PGresult **result, struct error *err)
{
	ExecStatusType status = PQresultStatus(got);
	bool ok = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
	if (!ok)
		db_fail(db, got, err);
	if (ok && result) {
		*result = got;
		return true;
	}
	PQclear(got);
	return ok;
}

static bool
settle_session(struct db *db, struct error *err)
{
	PQsetNoticeReceiver(db->connection, drop_notice, NULL);
	db->cancel = PQgetCancel(db->connection);
	return db_exec(db,
		"SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'", err);
}

struct db *
db_open(const char *conninfo, struct error *err)
{
	/* What stands before dbname is a default that the conninfo may change, what stands after it
	 * is fixed. */
	const char *const keywords[] = {
		"connect_timeout", "fallback_application_name", "dbname", "client_encoding", NULL};
	const char *const values[] = {"10", program_invocation_short_name, conninfo, "UTF8", NULL};
	struct db *db = memory_zero(1, sizeof(*db));
	db->connection = PQconnectdbParams(keywords, values, 1);
	bool ok = PQstatus(db->connection) == CONNECTION_OK ? settle_session(db, err)
							    : db_fail(db, NULL, err);
	if (!ok) {
		error_prefix(err, "cannot connect to the database");
		db_close(&db);
	}
	return db;
}

void
db_close(struct db **db)
{
	if (!*db)
		return;
	PQfreeCancel((*db)->cancel);
	PQfinish((*db)->connection);
	free(*db);
	*db = NULL;
}

bool
db_exec(struct db *db, const char *sql, struct error *err)
{
	return finish(db, PQexec(db->connection, sql), NULL, err);
}

bool
db_query(struct db *db, const char *sql, const struct db_params *params, enum db_format format,
	PGresult **result, struct error *err)
{
	PGresult *got = PQexecParams(db->connection, sql, params->n, params->types, params->values,
		params->lengths, params->formats, (int)format);
	return finish(db, got, result, err);
}

bool
db_query_text(struct db *db, const char *sql, int n, const char *const *values, PGresult **result,
	struct error *err)
{
	return db_query(
		db, sql, &(struct db_params){.n = n, .values = values}, DB_TEXT, result, err);
}

bool
db_prepare_once(struct db *db, const char *name, const char *sql, int n, const Oid *types,
	struct error *err)
{
	for (int i = 0; i < db->prepared_n; i++) {
		if (db->prepared[i] == name || strcmp(db->prepared[i], name) == 0)
			return true;
	}
	assert(db->prepared_n < PREPARED_MAX);
	if (!finish(db, PQprepare(db->connection, name, sql, n, types), NULL, err))
		return false;
	db->prepared[db->prepared_n++] = name;
	return true;
}

bool
db_query_prepared(struct db *db, const char *name, const struct db_params *params,
	enum db_format format, PGresult **result, struct error *err)
{
	PGresult *got = PQexecPrepared(db->connection, name, params->n, params->values,
		params->lengths, params->formats, (int)format);
	return finish(db, got, result, err);
}

bool
db_set_timeout(struct db *db, int timeout_ms, struct error *err)
{
	char text[16];
	snprintf(text, sizeof(text), "%d", timeout_ms);
	const char *const values[] = {text};
	return db_query_text(
		db, "SELECT set_config('statement_timeout', $1, false)", 1, values, NULL, err);
}

bool
db_lost(const struct db *db)
{
	return PQstatus(db->connection) == CONNECTION_BAD;
}

const char *
db_sqlstate(const struct db *db)
{
	return db->sqlstate;
}

void
db_cancel(const struct db *db)
{
	char ignored[256]; /* the statement may have ended meanwhile: nothing to tell */
	PQcancel(db->cancel, ignored, sizeof(ignored));
}

PGconn *
db_connection(struct db *db)
{
	return db->connection;
}
