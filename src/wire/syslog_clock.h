/*
 * Makes UTC times of syslog stamps that lack a year or a zone (RFC 3164 "Nov 22 05:21:39", and
 * files stamped "2026-11-22 05:21:39"). One clock a file or a connection; it reads no clock itself.
 *
 * Year. The first stamp lies in the latest year that is not after `reference_us` plus a day. Every
 * further one lies in the first year that is not more than 120 days before the stamp read last: so
 * December -> January goes into the next year, and January -> December is a line out of order. A
 * 29 February goes to a year that has one. A stamp that would then lie after reference and evidence
 * plus a day falls back to the first rule and does not move the clock (a machine without a battery
 * boots on 1 January).
 *
 * Zone. `zone_us`, or the machine's zone (TZ) with its daylight saving rules. In the hour that
 * happens twice the earlier reading is taken as long as it does not throw the file's time back by
 * more than ten minutes; a stamp in the hour that does not exist is read with the offset before.
 *
 * Evidence beats both. A line that begins with a long Postfix queue id (wire/queue_id.h) and
 * "client=" or "uid=" was written when that id was made, and the id holds the time in UTC: it gives
 * the year, and the zone of that host (a multiple of 15 minutes). A host that is found to differ
 * from the clock's zone keeps an offset of its own; the next such line after a daylight saving
 * change corrects it, and a step back of about an hour is taken as the end of daylight saving at
 * once. A full date (ISO, RFC 5424) among the lines gives the year as well.
 *
 * Probe. Evidence may stand far below the lines that need it, so a reader of files looks ahead: it
 * reads samples of the file in order with a probe of the clock, and the clock then begins in the
 * right year.
 */
#ifndef ELSE_WIRE_SYSLOG_CLOCK_H
#define ELSE_WIRE_SYSLOG_CLOCK_H

#include "base/time.h"

enum {
	SYSLOG_CLOCK_HOSTS = 16, /* hosts with a zone found out; the oldest makes room */
	SYSLOG_CLOCK_NAME = 64,
};

struct syslog_host {
	uint64_t hash;
	int64_t offset_us;     /* east positive; only with `own` */
	int64_t last_naive_us; /* stamp read last, as if it were UTC */
	bool own;	       /* differs from the clock's zone */
};

struct syslog_clock {
	/* Settings */
	int64_t reference_us; /* receive time, or when the file was last written */
	int64_t zone_us;      /* east positive, of hosts without evidence; unused with zone_local */
	bool zone_local;      /* the machine's zone instead */

	/* The rest is the clock's own. "naive": the stamp's digits as if they were UTC. */
	bool probing;
	bool proven; /* evidence of the year was met */
	bool has_last;
	int day_key;	/* month * 32 + day of day_us; 0 = none */
	bool day_stray; /* ... which is far from its neighbours: it does not move the clock */
	int64_t day_us; /* naive start of the day read last */
	int64_t last_naive_us;	/* stamp read last */
	int64_t last_us;	/* its UTC time; 0 = none */
	int64_t first_naive_us; /* probe: first stamp */
	int leap_year;		/* probe: year assumed of the first 29 February; 0 = none */
	int64_t proven_us;	/* newest time that evidence has shown */
	int64_t quarter;	/* naive quarter hour of early_us, late_us */
	int64_t early_us;	/* machine's offsets in it: equal, or two readings */
	int64_t late_us;
	char iso_date[10]; /* "2026-11-22" of iso_day_us */
	int64_t iso_day_us;
	char same_host[64]; /* the last one that a line had before its tag */
	size_t same_host_n; /* 0 = none */
	struct syslog_host hosts[SYSLOG_CLOCK_HOSTS];
	unsigned host_count;
	unsigned own_count;  /* hosts with `own` */
	unsigned host_next;  /* to be replaced */
	unsigned host_index; /* of the name below */
	size_t host_name_n;  /* 0 = none */
	char host_name[SYSLOG_CLOCK_NAME];
};

struct syslog_stamp {
	bool has_year;
	int month, day;	  /* without has_year */
	int64_t naive_us; /* with has_year: the whole stamp; else the time of day */
};

void syslog_clock_init(struct syslog_clock *clock, int64_t reference_us);
void syslog_clock_set_fixed_zone(struct syslog_clock *clock, int64_t zone_us);
void syslog_clock_set_local_zone(struct syslog_clock *clock);

/* A receiver calls it before it reads what came at `now_us`: the new reference. After a month of
 * silence nothing is concluded from the line before. */
void syslog_clock_receive(struct syslog_clock *clock, int64_t now_us);

/* UTC time of a stamp. `id_us` is the time of the long queue id the text begins with, or 0. Returns
 * 0 when the date does not exist (30 February). */
int64_t syslog_clock_read(struct syslog_clock *clock, const struct syslog_stamp *stamp,
	struct slice host, int64_t id_us);

/* A full UTC time was met: it settles the year of what follows. Times before 2001
 * (clocks that were not set) and after the reference plus a day are passed over. */
void syslog_clock_note(struct syslog_clock *clock, int64_t t_us);

/* Continues behind a line of the same file whose time is known (resume). */
void syslog_clock_continue(struct syslog_clock *clock, int64_t last_us);

/* `probe` begins as a copy of `clock`; read samples with it, in the order of the file, then end it:
 * the clock has learned where it stands at the first line of the samples. */
void syslog_clock_probe_begin(struct syslog_clock *probe, const struct syslog_clock *clock);
void syslog_clock_probe_end(const struct syslog_clock *probe, struct syslog_clock *clock);

#endif
