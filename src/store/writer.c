#include "store/writer_internal.h"

#include "base/memory.h"
#include "store/array.h"
#include "store/copy.h"

#include <inttypes.h>
#include <stdlib.h>

#define CARE_MAILS 500

bool
writer_fail(struct writer *w, const struct error *err)
{
	if (!w->failed)
		w->err = *err;
	w->failed = true;
	return false;
}

static int16_t
host_id(void *context, struct slice name, struct error *err)
{
	struct writer *w = context;
	return known_host_id(&w->known, name, err);
}

static bool
new_address(void *context, struct slice address, int64_t t_us)
{
	struct writer *w = context;
	return known_new_address(&w->known, address, t_us);
}

static void
loose_mail(void *context, uint64_t mail_id)
{
	struct writer *w = context;
	known_add_loose(&w->known, mail_id);
}

#define WRITER_LOCK "1701606245"

/* One writer a database. One that runs all the time gives way when it is asked to, and the server
 * may need a moment to see that the one before was killed. */
static bool
take_lock(struct writer *w, struct error *err)
{
	if (db_exec(w->db,
		    "SET lock_timeout = '10s'; SELECT pg_advisory_lock(" WRITER_LOCK "); SET "
		    "lock_timeout = 0",
		    err))
		return pool_wait_alone(w->db, err);
	if (strcmp(db_sqlstate(w->db), "55P03") != 0) /* lock_not_available */
		return false;
	if (w->options.busy)
		*w->options.busy = true;
	return error_set(err,
		"another import is writing to this database: wait until it has ended, then run "
		"the command again");
}

bool
writer_is_wanted(struct writer *w)
{
	struct error err;
	PGresult *rows;
	if (!db_query_text(w->db,
		    "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = " WRITER_LOCK
		    " AND "
		    "NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = "
		    "current_database()) LIMIT 1",
		    0, NULL, &rows, &err))
		return false; /* the next commit will say why */
	bool wanted = PQntuples(rows) > 0;
	PQclear(rows);
	return wanted;
}

static bool
open_parts(struct writer *w, struct error *err)
{
	const char *conninfo = w->options.conninfo;
	w->db = db_open(conninfo, err);
	w->terms_db = w->db ? db_open(conninfo, err) : NULL;
	/* A plan that was made while a table was all but empty reads all of it when it has grown:
	 * make each one anew. (writer_merge.c sees to its own.) */
	if (!w->terms_db || !db_exec(w->db, "SET plan_cache_mode = force_custom_plan", err) ||
		!take_lock(w, err) || !known_open(&w->known, w->db, err))
		return false;
	w->terms = terms_new(w->terms_db);
	w->evidence = evidence_new();
	w->reject_evidence = evidence_new();
	if (!writer_load_dictionaries(w, err))
		return false;
	w->pool = pool_open(conninfo, w->options.connections, err);
	w->rows = (struct rows){.evidence = w->evidence,
		.reject_evidence = w->reject_evidence,
		.terms = w->terms,
		.topology = &w->known.topology,
		.host_id = host_id,
		.new_address = new_address,
		.loose_mail = loose_mail,
		.context = w};
	return w->pool != NULL;
}

/* The names behind the numbers, for the views. */
static bool
name_reasons(struct writer *w, struct error *err)
{
	struct array names = {0};
	for (int i = 0; i < REASON_COUNT; i++)
		array_add_text(&names, slice_of_str(reason_name((enum reason)i)));
	array_done(&names, 25);
	const Oid types[] = {ARRAY_TEXT_OID};
	const char *data[] = {names.b.p};
	const int lengths[] = {(int)names.b.n};
	const int formats[] = {1};
	bool ok = db_query(w->db,
		"INSERT INTO reason_name SELECT n - 1, name FROM unnest($1) WITH ORDINALITY AS x "
		"(name, n) "
		"ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE reason_name.name <> "
		"excluded.name",
		&(struct db_params){1, types, data, lengths, formats}, DB_TEXT, NULL, err);
	array_fini(&names);
	return ok;
}

struct writer *
writer_open(const struct writer_options *options, struct error *err)
{
	struct writer *w = memory_zero(1, sizeof(*w));
	w->options = *options;
	if (!w->options.connections)
		w->options.connections = 2;
	if (!w->options.batch_rows)
		w->options.batch_rows = 6000;
	if (!w->options.care_mails)
		w->options.care_mails = CARE_MAILS;
	w->next_seq = 1;
	w->early_tail = &w->early_rejects;
	if (!open_parts(w, err) || !name_reasons(w, err))
		writer_close(&w);
	return w;
}

void
writer_free_rejects(struct reject *r)
{
	while (r) {
		struct reject *next = r->next;
		free(r);
		r = next;
	}
}

void
writer_free_mails(struct mail **mails, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mail_free(&mails[i]);
	free(mails);
}

void
writer_close(struct writer **writer)
{
	struct writer *w = *writer;
	if (!w)
		return;
	pool_close(&w->pool);
	batch_free(&w->batch);
	writer_free_mails(w->care, w->n_care);
	writer_free_rejects(w->care_rejects);
	writer_free_early(w);
	writer_free_samples(w);
	free(w->written);
	terms_free(&w->terms);
	evidence_free(&w->evidence);
	evidence_free(&w->reject_evidence);
	known_fini(&w->known);
	db_close(&w->terms_db);
	db_close(&w->db);
	free(w);
	*writer = NULL;
}

void
writer_mail(struct writer *w, struct mail *mail)
{
	writer_sample_mail(w, mail);
	if (writer_is_early(w))
		writer_add_early_mail(w, mail);
	else
		writer_place_mail(w, mail);
}

void
writer_reject(struct writer *w, struct reject *reject)
{
	writer_sample_reject(w, reject);
	if (writer_is_early(w))
		writer_add_early_reject(w, reject);
	else
		writer_place_reject(w, reject);
}

bool
writer_failed(const struct writer *w)
{
	return w->failed;
}

static bool
put_source(struct writer *w, const struct writer_source *s, const char *path, struct error *err)
{
	char text[5][24], last[32];
	struct buf name = {0};
	copy_add_clean(&name, slice_of_str(path), LOAD_TEXT_MAX);
	snprintf(text[0], sizeof(text[0]), "%" PRId64, (int64_t)s->identity);
	snprintf(text[1], sizeof(text[1]), "%" PRIu64, s->position);
	snprintf(text[2], sizeof(text[2]), "%" PRIu64, s->lines);
	snprintf(text[3], sizeof(text[3]), "%" PRIu64, s->head_bytes);
	snprintf(text[4], sizeof(text[4]), "%" PRId64, (int64_t)s->head_hash);
	snprintf(last, sizeof(last), "%" PRId64, s->last_us);
	const char *values[] = {text[0], buf_str(&name), text[1], text[2], text[3], text[4], last};
	bool ok = db_query_text(w->db,
		"INSERT INTO source (id, path, position, lines, head_bytes, head_hash, last_line) "
		"VALUES ($1, $2, $3, $4, $5, $6, to_timestamp(nullif($7::int8, 0) / 1000000.0)) "
		"ON CONFLICT (id) DO UPDATE SET path = excluded.path, position = "
		"greatest(source.position, excluded.position), "
		"lines = source.lines + excluded.lines, head_bytes = excluded.head_bytes, "
		"head_hash = excluded.head_hash, "
		"last_line = excluded.last_line, updated = now()",
		7, values, NULL, err);
	buf_fini(&name);
	return ok;
}

static bool
put_rows(struct writer *w)
{
	if (!w->failed)
		writer_end_early(w);
	if (!w->failed)
		writer_train(w);
	if (!w->failed)
		writer_put_batch(w);
	if (!w->failed)
		writer_merge(w);
	return !w->failed && writer_drain(w);
}

static bool
put_rest(struct writer *w, const struct writer_source *sources, const char *const *paths, size_t n)
{
	struct error err;
	bool ok = db_exec(w->db, "BEGIN", &err) && known_settle(&w->known, &err);
	for (size_t i = 0; ok && i < n; i++)
		ok = put_source(w, &sources[i], paths[i], &err);
	ok = ok && db_exec(w->db, "COMMIT", &err);
	return ok || writer_fail(w, &err);
}

bool
writer_commit(struct writer *w, const struct writer_source *sources, const char *const *paths,
	size_t n, struct error *err)
{
	bool ok = put_rows(w) && writer_settle_relays(w) && put_rest(w, sources, paths, n);
	if (!ok)
		*err = w->err;
	return ok;
}

bool
writer_find_source(struct writer *w, struct writer_source *source, struct error *err)
{
	PGresult *rows;
	char id[24];
	snprintf(id, sizeof(id), "%" PRId64, (int64_t)source->identity);
	const char *values[] = {id};
	source->position = 0;
	if (!db_query_text(w->db,
		    "SELECT position, lines, head_bytes, head_hash, coalesce((extract(epoch FROM "
		    "last_line) * 1000000)::int8, 0) "
		    "FROM source WHERE id = $1",
		    1, values, &rows, err))
		return false;
	bool found = PQntuples(rows) == 1;
	if (found) {
		source->position = strtoull(PQgetvalue(rows, 0, 0), NULL, 10);
		source->lines = strtoull(PQgetvalue(rows, 0, 1), NULL, 10);
		source->head_bytes = strtoull(PQgetvalue(rows, 0, 2), NULL, 10);
		source->head_hash = (uint64_t)strtoll(PQgetvalue(rows, 0, 3), NULL, 10);
		source->last_us = strtoll(PQgetvalue(rows, 0, 4), NULL, 10);
	}
	PQclear(rows);
	return found;
}

const struct writer_counts *
writer_counts(const struct writer *w)
{
	return &w->counts;
}
