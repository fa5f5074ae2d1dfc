#define _GNU_SOURCE
#include "import_fixture.h"

#include <endian.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/time.h"
#include "cluster_fixture.h"
#include "parse/parse.h"
#include "store/load.h"
#include "store/mail_lines.h"
#include "store/migrate.h"
#include "store/reject_lines.h"

static char *data_dir, *server, *database;
static unsigned databases;

static void
must(bool ok, const struct error *err)
{
	if (!ok)
		fail_msg("%s", err->text);
}

static struct db *
open_db(const char *conninfo)
{
	struct error err;
	struct db *db = db_open(conninfo, &err);
	must(db != NULL, &err);
	return db;
}

void
import_sql(const char *conninfo, const char *sql)
{
	struct error err;
	struct db *db = open_db(conninfo);
	must(db_exec(db, sql, &err), &err);
	db_close(&db);
}

const char *
import_ask(const char *conninfo, const char *sql)
{
	static struct buf answer;
	struct error err;
	PGresult *rows;
	struct db *db = open_db(conninfo);
	must(db_query_text(db, sql, 0, NULL, &rows, &err), &err);
	buf_clear(&answer);
	if (PQntuples(rows))
		buf_add_str(&answer, PQgetvalue(rows, 0, 0));
	PQclear(rows);
	db_close(&db);
	return buf_str(&answer);
}

/* A process that was killed does not come back for what it had not written; the disk is not at
 * stake here. */
void
import_begin(void)
{
	struct error err;
	fixture_begin();
	data_dir = strdup(fixture_path("data"));
	server = strdup(fixture_start(data_dir));
	struct db *db = open_db(server);
	must(migrate(db, migrate_embedded, migrate_embedded_n, &err) &&
			db_exec(db, "ALTER SYSTEM SET fsync = off", &err) &&
			db_exec(db, "SELECT pg_reload_conf()", &err),
		&err);
	db_close(&db);
}

void
import_end(void)
{
	fixture_stop(data_dir);
	fixture_end();
	free(data_dir);
	free(server);
	free(database);
}

void
import_kill_server(void)
{
	char path[512], text[32] = "";
	uint64_t pid = 0;
	snprintf(path, sizeof(path), "%s/pg/postmaster.pid", data_dir);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_true(slice_to_u64(slice_trim(slice_of_str(text)), &pid) && pid > 1);
	assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
}

void
import_start_server(void)
{
	fixture_start(data_dir);
}

static void
on_server(const char *format, unsigned number)
{
	struct buf sql = {0}, other = {0};
	buf_addf(&other, "%s dbname=template1", server);
	while (*format) {
		if (*format == '#')
			buf_addf(&sql, "test_%u", number);
		else
			buf_add_char(&sql, *format);
		format++;
	}
	import_sql(buf_str(&other), buf_str(&sql));
	buf_fini(&sql);
	buf_fini(&other);
}

const char *
import_database(void)
{
	struct buf text = {0};
	on_server("DROP DATABASE IF EXISTS # WITH (FORCE)", databases++);
	on_server("CREATE DATABASE # TEMPLATE \"else\" STRATEGY file_copy", databases);
	buf_addf(&text, "%s dbname=test_%u", server, databases);
	free(database);
	database = strdup(buf_str(&text));
	buf_fini(&text);
	return database;
}

void
import_empty(const char *conninfo)
{
	import_sql(conninfo, "DELETE FROM hop; DELETE FROM delivery; DELETE FROM reject; DELETE "
			     "FROM addr; DELETE FROM stat_hour; "
			     "DELETE FROM host; DELETE FROM own_domain; DELETE FROM source; DELETE "
			     "FROM term; DELETE FROM zdict");
}

/* ---- import ---- */

static void
give_mail(void *context, struct mail *mail)
{
	writer_mail(context, mail);
}

static void
give_reject(void *context, struct reject *reject)
{
	writer_reject(context, reject);
}

static size_t
end_of_log(const struct line *const *lines, size_t n, size_t from, int64_t apart_us)
{
	size_t i = from + 1;
	while (i < n && (apart_us == 0 || llabs(lines[i]->t_us - lines[i - 1]->t_us) < apart_us))
		i++;
	return i < n ? i : n;
}

static void
read_log(const struct line *const *lines, size_t n, const struct trace_sink *sink,
	const struct import_how *how, const struct writer *writer)
{
	struct trace *trace = trace_new(&(struct trace_options){0}, sink);
	for (size_t i = 0; i < n && !(writer && writer_failed(writer)); i++) {
		struct event e;
		if (parse_line(lines[i], &e) == PARSE_OK)
			trace_feed(trace, &e, lines[i]);
		if (how && how->after)
			how->after(how->context, i + 1);
	}
	trace_finish(trace);
	trace_free(&trace);
}

static void
read_lines(const struct line *const *lines, size_t n, const struct trace_sink *sink,
	const struct import_how *how, const struct writer *writer)
{
	for (size_t from = 0, end; from < n; from = end) {
		end = end_of_log(lines, n, from, how ? how->apart_us : 0);
		read_log(lines + from, end - from, sink, how, writer);
	}
}

bool
import_try(const char *conninfo, const struct line *const *lines, size_t n,
	const struct import_how *how, struct writer_counts *counts, struct error *err)
{
	struct writer_options options = {.conninfo = conninfo};
	if (how) {
		options.batch_rows = how->batch_rows;
		options.care_mails = how->care_mails;
		options.connections = how->connections;
	}
	struct writer *writer = writer_open(&options, err);
	if (!writer)
		return false;
	read_lines(lines, n, &(struct trace_sink){writer, give_mail, give_reject}, how, writer);
	bool ok = writer_commit(writer, NULL, NULL, 0, err);
	if (counts)
		*counts = *writer_counts(writer);
	writer_close(&writer);
	return ok;
}

struct writer_counts
import_lines(const char *conninfo, const struct line *const *lines, size_t n)
{
	struct writer_counts counts = {0};
	struct error err;
	must(import_try(conninfo, lines, n, NULL, &counts, &err), &err);
	return counts;
}

/* ---- dump ---- */

static int
compare_rows(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
	return order ? order : (x->n > y->n) - (x->n < y->n);
}

/* The lines of a text as slices; the caller frees. */
static struct slice *
split_rows(const struct buf *text, size_t *n)
{
	size_t cap = 0;
	struct slice *rows = NULL, rest = buf_slice(text), row;
	*n = 0;
	while (rest.n && slice_split(&rest, '\n', &row)) {
		if (row.n == 0)
			continue;
		MEMORY_ROOM(&rows, *n, &cap);
		rows[(*n)++] = row;
	}
	return rows;
}

static void
sort_rows(struct buf *text)
{
	size_t n;
	struct slice *rows = split_rows(text, &n);
	struct buf sorted = {0};
	if (n)
		qsort(rows, n, sizeof(*rows), compare_rows);
	for (size_t i = 0; i < n; i++) {
		buf_add(&sorted, rows[i]);
		buf_add_char(&sorted, '\n');
	}
	free(rows);
	buf_fini(text);
	*text = sorted;
}

/* No LF inside a row. */
static void
add_safe(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\n')
			buf_add_str(out, "\\n");
		else
			buf_add_char(out, text.p[i]);
}

static void
add_answer(struct buf *out, struct db *db, const char *sql)
{
	struct error err;
	PGresult *rows;
	must(db_query_text(db, sql, 0, NULL, &rows, &err), &err);
	for (int i = 0; i < PQntuples(rows); i++) {
		for (int k = 0; k < PQnfields(rows); k++) {
			buf_add_str(out, k ? "|" : "");
			add_safe(out,
				slice_of(PQgetvalue(rows, i, k), (size_t)PQgetlength(rows, i, k)));
		}
		buf_add_char(out, '\n');
	}
	PQclear(rows);
}

static const char *const dumped[] = {
	"SELECT 'H', h.t, n.name, h.qid, h.mail_id, h.branch, h.flags, h.left_ms "
	"FROM hop h JOIN host n ON n.id = h.host",
	"SELECT 'D', d.t, d.mail_id, d.branch, d.rcpt, d.orig_rcpt, d.took_ms, d.size, d.nrcpt, "
	"r.txt, p.txt, d.code, "
	"d.smtp, d.flags, d.tries, n.name, e.name, d.status, d.way, d.reason, d.client_ip, "
	"d.score, d.sender, d.qid, "
	"d.msgid, d.client_name, d.helo, d.sasl_user, d.virus, d.subject "
	"FROM delivery d JOIN host n ON n.id = d.host JOIN host e ON e.id = d.entry_host "
	"LEFT JOIN term r ON r.id = d.relay LEFT JOIN term p ON p.id = d.reply",
	"SELECT 'T', t, mail_id, branch, rcpt, tls FROM delivery WHERE tls IS NOT NULL",
	"SELECT 'R', r.t, n.name, p.txt, r.code, r.smtp, r.status, r.way, r.reason, r.client_ip, "
	"r.sender, r.rcpt, "
	"r.client_name, r.helo, r.sasl_user "
	"FROM reject r JOIN host n ON n.id = r.host LEFT JOIN term p ON p.id = r.text",
	"SELECT 'S', hour, way, n.name, status, reason, kind, sum(mails), sum(n), sum(bytes) "
	"FROM stat_hour s JOIN host n ON n.id = s.host GROUP BY 1, 2, 3, 4, 5, 6, 7 "
	"HAVING sum(mails) <> 0 OR sum(n) <> 0 OR sum(bytes) <> 0",
	"SELECT 'O', name FROM own_domain",
	"SELECT 'N', name, first_seen, last_seen FROM host",
};

/* What the rows count, against what is in the rollups: rows that differ. */
static const char miscounted[] =
	"SELECT hour, way, host, status, reason, kind, sum(mails), sum(n), sum(bytes) FROM ("
	"SELECT hour, way, host, status, reason, kind, -mails AS mails, -n AS n, -bytes AS bytes "
	"FROM stat_hour "
	"UNION ALL SELECT date_trunc('hour', t), way, host, status, reason, 1, 0, 1, 0 FROM reject "
	"UNION ALL SELECT date_trunc('hour', t), way, host, status, reason, (flags & 10240 <> "
	"0)::int, "
	"(flags & 2049 = 1)::int, 1, CASE WHEN flags & 2049 = 1 THEN coalesce(size, 0) ELSE 0 END "
	"FROM delivery WHERE flags & 2 <> 0) x "
	"GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(mails) <> 0 OR sum(n) <> 0 OR sum(bytes) <> 0";

static const char unlisted[] =
	"SELECT a FROM (SELECT t, sender FROM delivery UNION SELECT t, rcpt FROM delivery UNION "
	"SELECT t, orig_rcpt FROM delivery) x (t, a) WHERE a <> '' AND NOT EXISTS (SELECT FROM "
	"addr "
	"WHERE addr = a AND date_trunc('week', addr.t) = date_trunc('week', x.t))";

/* Mails whose rows do not count themselves as they should: one first row an arrival, as many rows
 * as nrcpt says. */
static const char incoherent[] =
	"SELECT mail_id, branch FROM delivery GROUP BY 1, 2 "
	"HAVING sum(flags & 1) <> 1 OR count(*) <> max(nrcpt) OR count(*) <> min(nrcpt) OR "
	"count(DISTINCT way) > 1 "
	"UNION SELECT mail_id, branch FROM hop h WHERE NOT EXISTS (SELECT FROM delivery d "
	"WHERE d.mail_id = h.mail_id AND d.branch = h.branch) AND h.flags & 1048576 <> 0 "
	"UNION SELECT mail_id, branch FROM delivery d WHERE NOT EXISTS (SELECT FROM hop h "
	"WHERE h.mail_id = d.mail_id AND h.branch = d.branch)";

static const char unkeyed[] = "SELECT 'hop', t FROM hop WHERE m <> else_minute(t) UNION ALL SELECT "
			      "'delivery', t FROM delivery "
			      "WHERE m <> else_minute(t) UNION ALL SELECT 'reject', t FROM reject "
			      "WHERE m <> else_minute(t)";

static void
must_be_empty(struct db *db, const char *sql, const char *what)
{
	struct buf rows = {0};
	add_answer(&rows, db, sql);
	if (rows.n)
		fail_msg("%s:\n%.600s", what, buf_str(&rows));
	buf_fini(&rows);
}

static void
add_line(struct buf *out, char kind, struct slice host, struct slice qid, struct slice raw)
{
	buf_add_char(out, kind);
	buf_add_char(out, '|');
	add_safe(out, host);
	buf_add_char(out, '|');
	add_safe(out, qid);
	buf_add_char(out, '|');
	add_safe(out, raw);
	buf_add_char(out, '\n');
}

static void
add_hop_lines(struct buf *out, const struct hop *hop)
{
	for (uint32_t i = 0; i < hop->n_lines; i++)
		add_line(out, slice_contains(hop->lines[i].raw, hop->qid) ? 'L' : 'K', hop->host,
			hop->qid, hop->lines[i].raw);
}

/* Each hop is made again from its lines, which must not get lost by that. */
static size_t
dump_value(struct evidence *ev, struct slice value, int64_t t_us, struct buf *out)
{
	struct arena arena = {0};
	struct hop_line *unpacked;
	struct mail_lines stored;
	struct error err;
	size_t n, hops = 0;
	must(evidence_unpack(ev, value, t_us, &arena, &unpacked, &n, &err), &err);
	const struct hop_line *lines = unpacked;
	for (; mail_lines_next(&lines, &n, &stored, &err); hops++) {
		struct hop *hop = load_replay(stored.host, stored.qid, stored.lines, stored.n);
		if (hop->n_lines != stored.n)
			fail_msg("%.*s: of %zu lines %u", SLICE_ARG(stored.qid), stored.n,
				hop->n_lines);
		add_hop_lines(out, hop);
		hop_free(&hop);
	}
	assert_int_equal(n, 0);
	arena_fini(&arena);
	return hops;
}

static void
dump_hop_lines(struct db *db, struct evidence *ev, struct buf *out)
{
	struct error err;
	PGresult *rows;
	size_t n_rows = 0, hops = 0;
	must(db_query(db, "SELECT t, lines FROM hop", &(struct db_params){0}, DB_BINARY, &rows,
		     &err),
		&err);
	for (int i = 0; i < PQntuples(rows); i++, n_rows++) {
		uint64_t t;
		memcpy(&t, PQgetvalue(rows, i, 0), sizeof(t));
		if (!PQgetisnull(rows, i, 1))
			hops += dump_value(ev,
				slice_of(PQgetvalue(rows, i, 1), (size_t)PQgetlength(rows, i, 1)),
				(int64_t)be64toh(t) + 946684800 * TIME_SECOND_US, out);
	}
	PQclear(rows);
	assert_int_equal(n_rows, hops);
}

static void
dump_reject_lines(struct db *db, struct evidence *ev, struct buf *out)
{
	struct error err;
	PGresult *rows;
	struct arena arena = {0};
	must(db_query(db,
		     "SELECT n.name, " REJECT_LINES_COLUMNS
		     " FROM reject r JOIN host n ON n.id = r.host",
		     &(struct db_params){0}, DB_BINARY, &rows, &err),
		&err);
	for (int i = 0; i < PQntuples(rows); i++) {
		struct hop_line *lines;
		size_t n;
		must(reject_lines_read(ev, rows, i, 1, &arena, &lines, &n, &err), &err);
		assert_int_equal(n, 1);
		add_line(out, 'X', slice_of_str(PQgetvalue(rows, i, 0)), S(""), lines[0].raw);
		arena_reset(&arena);
	}
	PQclear(rows);
	arena_fini(&arena);
}

void
import_dump(const char *conninfo, struct buf *out)
{
	struct error err;
	struct db *db = open_db(conninfo);
	struct evidence *ev = evidence_new();
	buf_clear(out);
	must(load_dictionaries(db, ev, DICTIONARY_MAILS, &err), &err);
	must_be_empty(db, miscounted, "statistics that the rows do not tell");
	must_be_empty(db, unlisted, "addresses that table addr does not have");
	must_be_empty(db, incoherent, "mails whose rows do not fit each other");
	must_be_empty(db, unkeyed, "rows whose minute is not that of their time");
	for (size_t i = 0; i < sizeof(dumped) / sizeof(dumped[0]); i++)
		add_answer(out, db, dumped[i]);
	dump_hop_lines(db, ev, out);
	dump_reject_lines(db, ev, out);
	evidence_free(&ev);
	db_close(&db);
	sort_rows(out);
}

/* ---- comparison ---- */

static bool
is_kind(struct slice row, const char *kinds)
{
	return strchr(kinds, row.p[0]) != NULL;
}

size_t
import_differences(
	const struct buf *expected, const struct buf *actual, const char *kinds, unsigned print)
{
	size_t n, m, differences = 0;
	struct slice *a = split_rows(expected, &n), *b = split_rows(actual, &m);
	for (size_t i = 0, k = 0; i < n || k < m;) {
		int order = i == n ? 1 : k == m ? -1 : compare_rows(&a[i], &b[k]);
		if (order == 0) {
			i++;
			k++;
			continue;
		}
		struct slice row = order < 0 ? a[i++] : b[k++];
		if (!is_kind(row, kinds))
			continue;
		if (differences++ < print)
			print_error("%s %.*s\n", order < 0 ? "missing: " : "too many:",
				SLICE_ARG(slice_head(row, 500)));
	}
	free(a);
	free(b);
	return differences;
}

void
import_assert_same(
	const struct buf *expected, const struct buf *actual, const char *what, uint64_t which)
{
	size_t differences = import_differences(expected, actual, "HLKDTRXSON", 12);
	if (differences)
		fail_msg("%s %llu: %zu rows differ", what, (unsigned long long)which, differences);
}

static void
expect_mail(void *context, struct mail *mail)
{
	for (const struct hop *hop = mail->hops; hop; hop = hop->next)
		add_hop_lines(context, hop);
	mail_free(&mail);
}

static void
expect_reject(void *context, struct reject *reject)
{
	add_line(context, 'X', reject->host, S(""), reject->raw);
	free(reject);
}

void
import_expect_lines(const struct line *const *lines, size_t n, struct buf *out)
{
	buf_clear(out);
	read_lines(lines, n, &(struct trace_sink){out, expect_mail, expect_reject}, NULL, NULL);
	sort_rows(out);
}
