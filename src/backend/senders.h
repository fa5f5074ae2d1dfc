/* A clock for each sender of lines: stamps without year or zone are read in its light. */
#ifndef ELSE_BACKEND_SENDERS_H
#define ELSE_BACKEND_SENDERS_H

#include "wire/syslog.h"

struct senders;

struct senders *senders_new(void);
void senders_free(struct senders **senders);

/* The sender's clock, told that something came at `received_us`. Beyond 4,096 senders all begin
 * anew. Valid until the next call. */
struct syslog_clock *senders_clock(
	struct senders *senders, struct slice sender, int64_t received_us);

#endif
