/* For the tests of intake/repeats.h: a receiver, and senders that connect to it. */
#ifndef ELSE_TESTS_REPEATS_FIXTURE_H
#define ELSE_TESTS_REPEATS_FIXTURE_H

#include "unit.h"

#include "intake/repeats.h"

extern struct repeats *repeats;
extern struct buf kept; /* what the receiver keeps: the lines with '|' behind each */

enum { HELD_MOST = 512 };

struct link {
	struct repeats_session *session;
	char held[HELD_MOST][24];
	size_t held_count;
};

void start(size_t frames, size_t cap_bytes);
void stop(void);

struct link connect_as(const char *sender);
void send_line(struct link *link, struct slice line, bool stamped);

/* Each letter is a line. */
void send(struct link *link, const char *lines);
void send_stamped(struct link *link, const char *lines);

/* What is held is decided. */
void give_up(struct link *link);
void disconnect(struct link *link);

/* One session after the other, with '/' between; gives up at the end of each. */
void send_sessions(const char *sessions);

#endif
