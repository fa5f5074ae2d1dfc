/*
 * The clock of a host, told by when its lines came. A line comes after it was logged: at once, or
 * late, when its sender had to keep it. So in a few seconds of lines the least "received minus
 * logged" is the skew of the clock, when the sender keeps nothing. When it works off what it kept,
 * the least of each few seconds is lower than the one before; so only one that stays counts. Pure.
 *
 * A sender that is always late by the same time cannot be told from a clock that is behind.
 */
#ifndef ELSE_BACKEND_HOST_CLOCK_H
#define ELSE_BACKEND_HOST_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct host_clock {
	int64_t begun_us;  /* of the present stretch of lines; 0 = none */
	int64_t least_us;  /* of it */
	int64_t before_us; /* of the one before */
	int64_t stays_us;  /* since when it stays */
	bool has_before;

	/* What is known; the lag is beyond the skew, and less than 0 only for a moment. */
	bool has_lag, has_skew;
	int64_t lag_us, skew_us; /* skew: received minus logged */
};

/* `{0}` knows nothing. Lines come in the order of `received_us`. */
void host_clock_note(struct host_clock *clock, int64_t received_us, int64_t logged_us);

#endif
