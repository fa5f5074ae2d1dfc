#include "repeats_fixture.h"

#include <stdio.h>

struct repeats *repeats;
struct buf kept;

void
start(size_t frames, size_t cap_bytes)
{
	repeats = repeats_new(&(struct repeats_options){frames, cap_bytes});
	buf_clear(&kept);
}

void
stop(void)
{
	repeats_free(&repeats);
	buf_fini(&kept);
}

struct link
connect_as(const char *sender)
{
	return (struct link){.session = repeats_begin(repeats, slice_of_str(sender))};
}

static void
keep(struct slice line)
{
	buf_add(&kept, line);
	buf_add_char(&kept, '|');
}

static void
decide(struct link *link, const struct repeats_decision *decision)
{
	if (decision->drop + decision->keep == 0)
		return;
	assert_int_equal(decision->drop + decision->keep, link->held_count);
	for (size_t i = decision->drop; i < link->held_count; i++)
		keep(slice_of_str(link->held[i]));
	link->held_count = 0;
}

void
send_line(struct link *link, struct slice line, bool stamped)
{
	struct repeats_decision decision;
	enum repeats_answer answer = repeats_look(link->session, line, stamped, &decision);
	decide(link, &decision);
	if (answer == REPEATS_NEW)
		keep(line);
	if (answer != REPEATS_HOLD)
		return;
	assert_false(stamped);
	assert_true(link->held_count < HELD_MOST);
	snprintf(link->held[link->held_count++], sizeof(link->held[0]), "%.*s", SLICE_ARG(line));
}

/* Each letter is a line. */
void
send(struct link *link, const char *lines)
{
	for (const char *p = lines; *p; p++)
		send_line(link, slice_of(p, 1), false);
}

void
send_stamped(struct link *link, const char *lines)
{
	for (const char *p = lines; *p; p++)
		send_line(link, slice_of(p, 1), true);
}

void
give_up(struct link *link)
{
	struct repeats_decision decision;
	repeats_give_up(link->session, &decision);
	decide(link, &decision);
	assert_int_equal(link->held_count, 0);
}

void
disconnect(struct link *link)
{
	give_up(link);
	repeats_end(&link->session);
	assert_null(link->session);
}

/* One session after the other, with '/' between; gives up at the end of each. */
void
send_sessions(const char *sessions)
{
	struct slice rest = slice_of_str(sessions), lines;
	while (slice_split(&rest, '/', &lines)) {
		struct link link = connect_as("mx");
		for (size_t i = 0; i < lines.n; i++)
			send_line(&link, slice_of(lines.p + i, 1), false);
		disconnect(&link);
	}
}
