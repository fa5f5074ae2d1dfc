/* OpenMetrics: https://openmetrics.io, version 1.0.0 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "backend/metrics.h"
#include "base/time.h"

static void
add_head(struct buf *b, const char *name, const char *type, const char *unit, const char *help)
{
	buf_addf(b, "# TYPE else_%s %s\n", name, type);
	if (unit)
		buf_addf(b, "# UNIT else_%s %s\n", name, unit);
	buf_addf(b, "# HELP else_%s %s\n", name, help);
}

static void
add_counter(struct buf *b, const char *name, const char *help, uint64_t value)
{
	add_head(b, name, "counter", NULL, help);
	buf_addf(b, "else_%s_total %" PRIu64 "\n", name, value);
}

static void
add_gauge(struct buf *b, const char *name, const char *unit, const char *help, double value)
{
	add_head(b, name, "gauge", unit, help);
	buf_addf(b, "else_%s %.9g\n", name, value);
}

/* One counter of every kind of listener. */
#define ADD_INTAKE(b, all, member, help)                                                           \
	add_intake(b, all, #member, offsetof(struct intake_counters, member), help)

static void
add_intake(struct buf *b, const struct intake_counters *all, const char *name, size_t offset,
	const char *help)
{
	buf_addf(b, "# TYPE else_intake_%s counter\n# HELP else_intake_%s %s\n", name, name, help);
	for (int kind = 0; kind < INTAKE_KINDS; kind++) {
		uint64_t value;
		memcpy(&value, (const char *)&all[kind] + offset, sizeof(value));
		buf_addf(b, "else_intake_%s_total{kind=\"%s\"} %" PRIu64 "\n", name,
			intake_kind_name((enum intake_kind)kind), value);
	}
}

static void
add_sessions(struct buf *b, const struct intake_counters *all)
{
	add_head(b, "intake_sessions", "gauge", NULL, "Connections that are open.");
	for (int kind = 0; kind < INTAKE_KINDS; kind++)
		buf_addf(b, "else_intake_sessions{kind=\"%s\"} %" PRIu64 "\n",
			intake_kind_name((enum intake_kind)kind), all[kind].sessions);
}

static void
add_all_intake(struct buf *b, struct intake *intake)
{
	struct intake_counters all[INTAKE_KINDS];
	intake_counters(intake, all);
	add_sessions(b, all);
	ADD_INTAKE(b, all, accepted, "Connections let in.");
	ADD_INTAKE(b, all, refused, "Connections refused: caps, senders, TLS, protocol.");
	ADD_INTAKE(b, all, frames, "Frames received whole.");
	ADD_INTAKE(b, all, bytes, "Bytes of these frames.");
	ADD_INTAKE(b, all, cut, "Frames longer than the cap.");
	ADD_INTAKE(b, all, foreign, "Frames of a host that their sender may not speak for.");
	ADD_INTAKE(b, all, repeats, "Frames that were sent again and are known already.");
	ADD_INTAKE(b, all, stored, "Frames that are on the disk.");
	ADD_INTAKE(
		b, all, unsynced, "Frames that could not be stored; RELP senders still have them.");
	ADD_INTAKE(b, all, dropped, "Datagrams that the kernel dropped.");
	ADD_INTAKE(
		b, all, full_stops, "Times that reading stopped because spool or disk were full.");
}

static void
add_spool(struct buf *b, const struct spool_count *count, int64_t now_us)
{
	add_gauge(b, "spool_bytes", "bytes", "Size of the spool on disk.", (double)count->bytes);
	add_gauge(b, "spool_unread_bytes", "bytes", "Of it, not yet read for the database.",
		(double)count->unread_bytes);
	add_gauge(b, "spool_disk_free_bytes", "bytes", "Room on the spool's disk.",
		(double)count->disk_free_bytes);
	add_gauge(b, "lag_seconds", "seconds", "Age of the oldest line that is not yet read.",
		count->unread_since_us ? (double)(now_us - count->unread_since_us) / 1e6 : 0);
	add_counter(b, "spool_syncs", "Times that records were made durable.", count->syncs);
	add_counter(b, "spool_failures", "Of these, without success.", count->failed);
}

static void
add_feed(struct buf *b, const struct feed_counters *c)
{
	add_head(b, "lines", "counter", NULL, "Lines read from the spool, by what they were.");
	buf_addf(b,
		"else_lines_total{result=\"ok\"} %" PRIu64
		"\nelse_lines_total{result=\"ignored\"} %" PRIu64
		"\nelse_lines_total{result=\"unknown\"} %" PRIu64 "\n",
		c->ok, c->ignored, c->unknown);
	add_counter(b, "undated_lines", "Lines without a usable stamp.", c->undated);
	add_counter(b, "mails", "Mails written as new.", c->mails);
	add_counter(b, "refusals", "Refusals written.", c->refusals);
	add_counter(b, "replaced_mails", "Mails whose rows were completed.", c->replaced);
	add_counter(b, "commits", "Transactions with their position in the spool.", c->commits);
	add_counter(b, "database_failures", "Times that the database failed.", c->failures);
	add_gauge(b, "commit_duration_seconds", "seconds", "The last commit took so long.",
		(double)c->commit_took_us / 1e6);
	add_gauge(b, "searchable_after_seconds", "seconds",
		"From the arrival of the last line to its commit.", (double)c->behind_us / 1e6);
	add_gauge(b, "all_shown", NULL, "1 while everything that was read is searchable.",
		atomic_load(&c->shown) ? 1 : 0);
	add_gauge(b, "database_connected", NULL, "1 while the database is there.",
		atomic_load(&c->connected) ? 1 : 0);
}

void
metrics_add_text(struct buf *b, const struct metrics_sources *sources, int64_t now_us)
{
	struct spool_count count;
	spool_count(sources->spool, &count);
	add_all_intake(b, sources->intake);
	add_spool(b, &count, now_us);
	add_feed(b, sources->feed);
	hosts_add_metrics(sources->hosts, b);
	buf_add_str(b, "# EOF\n");
}
