#include "backend/host_clock.h"

#include "base/time.h"

#define STRETCH_US (5 * TIME_SECOND_US)
#define STAYS_US   (3 * TIME_SECOND_US / 2) /* stamps may be of whole seconds */
#define SURE_US	   (10 * TIME_MINUTE_US)

/* A delay that has grown is a lag, until it has stayed so long that it must be the clock. */
static void
take_skew(struct host_clock *c, int64_t now_us)
{
	int64_t apart_us = c->least_us - c->before_us;
	bool stays = c->has_before && apart_us < STAYS_US && apart_us > -STAYS_US;
	if (!stays)
		c->stays_us = now_us;
	else if (!c->has_skew || c->least_us < c->skew_us + STAYS_US ||
		 now_us - c->stays_us >= SURE_US) {
		c->skew_us = c->least_us;
		c->has_skew = true;
	}
}

static void
end_stretch(struct host_clock *c, int64_t now_us)
{
	take_skew(c, now_us);
	c->lag_us = c->least_us - (c->has_skew ? c->skew_us : 0);
	c->has_lag = true;
	c->before_us = c->least_us;
	c->has_before = true;
}

void
host_clock_note(struct host_clock *c, int64_t received_us, int64_t logged_us)
{
	int64_t late_us = received_us - logged_us;
	if (c->begun_us && received_us - c->begun_us >= STRETCH_US) {
		end_stretch(c, received_us);
		c->begun_us = 0;
	}
	if (!c->begun_us || late_us < c->least_us)
		c->least_us = late_us;
	if (!c->begun_us)
		c->begun_us = received_us;
}
