/*
 * What the daemon knows of hosts as their lines come, in the tables host_... of the schema: when,
 * how many, what was missing and what was not understood. A report is gathered in memory and
 * written in one transaction with the position in the spool up to which it counts, so that a line
 * counts once, whoever is killed.
 */
#ifndef ELSE_STORE_HOST_H
#define ELSE_STORE_HOST_H

#include "store/array.h"
#include "store/db.h"

#define HOST_NAME_MAX_BYTES  255
#define HOST_SHAPE_MAX_BYTES 200
#define HOST_LINE_MAX_BYTES  1000
#define HOST_NONE	     INT64_MIN /* a time or duration that is not known */

/* Texts must be such as PostgreSQL takes (copy_add_clean), names of hosts different ones. */
struct host_seen {
	struct slice name;
	int64_t first_us, last_us; /* received */
	int64_t line_us;	   /* newest stamp; or HOST_NONE */
	int64_t quiet_us;	   /* longest time without a line */
	int64_t lag_us, skew_us;   /* or HOST_NONE: as it was */
};

struct host_hour {
	struct slice name;
	int64_t hour_us; /* any time in it */
	int64_t lines, ignored, unknown;
};

struct host_boot {
	struct slice name, boot;
	int64_t first, last, missing;
	int64_t last_us;
};

struct host_gap {
	struct slice name, boot;
	int64_t first, last;
	int64_t noticed_us;
};

struct host_shape {
	struct slice name, shape, example;
	int64_t n, last_us;
};

/* Private. `{0}` is an empty report. */
struct host_report {
	struct array seen[7], hours[5], boots[6], gaps[5], shapes[5];
};

void host_report_fini(struct host_report *r);

/* Hosts and hours not twice; the gaps of a boot are all that it has, and the boot is added too. */
void host_report_add_seen(struct host_report *r, const struct host_seen *seen);
void host_report_add_hour(struct host_report *r, const struct host_hour *hour);
void host_report_add_boot(struct host_report *r, const struct host_boot *boot);
void host_report_add_gap(struct host_report *r, const struct host_gap *gap);
void host_report_add_shape(struct host_report *r, const struct host_shape *shape);

/* In one transaction. A host that is new gets a row; beyond 20,000 of them none does. */
bool host_report_write(
	struct host_report *r, struct db *db, uint64_t spool, uint64_t position, struct error *err);

/* Up to where the lines of this spool are counted; 0 = none is. */
bool host_read_position(struct db *db, uint64_t spool, uint64_t *position, struct error *err);

/* The newest boots of the last week, at most `most`, each with its gaps behind it. */
struct host_boot_reader {
	void *context;
	void (*boot)(void *context, const struct host_boot *boot);
	void (*gap)(void *context, const struct host_gap *gap);
};
bool host_read_boots(
	struct db *db, unsigned most, const struct host_boot_reader *reader, struct error *err);

/* Hosts that became silent, or are no more, since it was asked last. All that was received before
 * `up_to_us` is written; `since_us`: from then on hosts could send. */
typedef void host_changed(void *context, struct slice name, bool silent, int64_t quiet_ms);
bool host_watch(struct db *db, int64_t up_to_us, int64_t since_us, host_changed *changed,
	void *context, struct error *err);

/* How it is with the hosts now, by name; at most `most`. */
struct host_now {
	struct slice name;
	bool silent, lagging;
	int64_t lag_ms, skew_ms; /* or HOST_NONE */
	int64_t missing;
	int64_t last_us; /* received */
};
typedef void host_each(void *context, const struct host_now *now);
bool host_read_now(struct db *db, unsigned most, host_each *each, void *context, struct error *err);

/* Guesses the roles of hosts, and drops what is older than 90 days. */
bool host_upkeep(struct db *db, struct error *err);

#endif
