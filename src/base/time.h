/*
 * Times are int64_t microseconds since 1970-01-01 UTC (`..._us`), without leap seconds. 0 means
 * unknown. Nothing here reads a clock but time_now_us, which only programs call: the pure layers
 * get `now`.
 */
#ifndef ELSE_BASE_TIME_H
#define ELSE_BASE_TIME_H

#include "base/buf.h"
#include "base/cursor.h"

#define TIME_SECOND_US ((int64_t)1000000)
#define TIME_MINUTE_US (60 * TIME_SECOND_US)
#define TIME_HOUR_US   (60 * TIME_MINUTE_US)
#define TIME_DAY_US    (24 * TIME_HOUR_US)

struct time_civil {
	int year; /* 1970 .. 9999 */
	int month, day;
	int hour, minute, second;
	int micro;
};

/* UTC both ways. Values out of range (month 13) are the caller's to check: see time_civil_valid. */
int64_t time_from_civil(const struct time_civil *c);
struct time_civil time_to_civil(int64_t t_us);
bool time_civil_valid(const struct time_civil *c);

/* RFC 3339 / ISO 8601 at the cursor: "2026-11-22T05:21:39.087984+00:00", "...Z", blank or T between
 * date and time, fraction with '.' or ',' and 1 to 9 digits, offset with or without colon. Without
 * an offset `zone_us` (east positive) is taken off. Fails the cursor on anything else. */
int64_t time_read_iso(struct cursor *c, int64_t zone_us);

/* "2026-11-21T18:41:55.114Z": the form of every JSON answer. */
void time_add_iso_ms(struct buf *b, int64_t t_us);

/* "2026-11-21 18:41:55" in UTC, for people. */
void time_add_text(struct buf *b, int64_t t_us);

/* "312 ms", "4.1 s", "12 min 5 s", "3 h 20 min", "2 d 4 h": for people. */
void time_add_duration(struct buf *b, int64_t ms);

int64_t time_now_us(void);

#endif
