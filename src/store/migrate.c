#include "store/migrate.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* Any number that nobody else uses: the first bytes of "else-schema". */
#define LOCK_STATEMENT "SELECT pg_advisory_xact_lock(x'656c73652d736368'::bigint)"

static bool
read_number(struct db *db, const char *sql, int *number, struct error *err)
{
	PGresult *result;
	uint64_t value = 0;
	if (!db_query_text(db, sql, 0, NULL, &result, err))
		return false;
	bool ok = PQntuples(result) == 1 &&
		  slice_to_u64(slice_of_str(PQgetvalue(result, 0, 0)), &value) && value < 100000;
	PQclear(result);
	*number = (int)value;
	return ok || error_set(err, "the table schema_version holds no version number");
}

/* 0 for a database that has never seen us. */
static bool
read_version(struct db *db, int *version, struct error *err)
{
	int exists;
	*version = 0;
	if (!read_number(
		    db, "SELECT (to_regclass('schema_version') IS NOT NULL)::int", &exists, err))
		return false;
	return !exists || read_number(db, "SELECT coalesce(max(version), 0) FROM schema_version",
				  version, err);
}

static bool
record_version(struct db *db, int version, struct error *err)
{
	char text[16];
	snprintf(text, sizeof(text), "%d", version);
	const char *const values[] = {text};
	return db_query_text(
		db, "INSERT INTO schema_version (version) VALUES ($1::int)", 1, values, NULL, err);
}

static bool
apply(struct db *db, const struct migration *m, struct error *err)
{
	return (db_exec(db, m->sql, err) && record_version(db, m->version, err)) ||
	       error_prefix(err, "schema %s", m->name);
}

static bool
create_table(struct db *db, struct error *err)
{
	return db_exec(db,
		"CREATE TABLE IF NOT EXISTS schema_version ("
		"version int PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())",
		err);
}

/* In a transaction; the lock ends with it. Somebody else may have done this step while we waited.
 */
static bool
step_locked(struct db *db, const struct migration *m, struct error *err)
{
	int version;
	if (!db_query_text(db, LOCK_STATEMENT, 0, NULL, NULL, err) || !create_table(db, err) ||
		!read_version(db, &version, err))
		return false;
	return version >= m->version || apply(db, m, err);
}

static bool
step(struct db *db, const struct migration *m, struct error *err)
{
	if (!db_exec(db, "BEGIN", err))
		return false;
	if (step_locked(db, m, err))
		return db_exec(db, "COMMIT", err) || error_prefix(err, "schema %s", m->name);
	struct error ignored; /* the first reason counts */
	db_exec(db, "ROLLBACK", &ignored);
	return false;
}

bool
migrate(struct db *db, const struct migration *list, size_t n, struct error *err)
{
	int version;
	if (!read_version(db, &version, err))
		return false;
	if (version > (int)n)
		return error_set(err,
			"the database has schema version %d, this program knows versions up to %d: "
			"install the "
			"newer ELSE",
			version, (int)n);
	for (size_t i = (size_t)version; i < n; i++) {
		assert(list[i].version == (int)i + 1);
		if (!step(db, &list[i], err))
			return false;
	}
	return true;
}
