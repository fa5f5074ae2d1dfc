#include "repeats_fixture.h"

#include <stdio.h>

/* A RELP client: sends the numbers 0 .. goal - 1, remembers what is not acknowledged, and sends
 * that again, in order, when the connection breaks. What arrives is a beginning of what was sent;
 * of that a beginning is acknowledged, and of the acknowledgements a beginning arrives. */
struct client {
	uint64_t *seed;
	bool stamped;
	size_t window, goal;
	size_t acked, next; /* acked .. next - 1 wait for their acknowledgement */
};

static void
send_number(struct link *link, size_t number, bool stamped)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%zu", number);
	send_line(link, slice_of(text, (size_t)n), stamped);
}

/* One connection. Returns how many lines of it arrived. */
static void
run_session(struct client *c)
{
	struct link link = connect_as("mx");
	size_t first = c->acked, arrived = first, lines = random_below(c->seed, 3 * c->window);
	bool breaks_early = random_below(c->seed, 3) == 0;
	if (breaks_early)
		lines = random_below(c->seed, c->next - c->acked + 1);
	for (; lines > 0 && arrived < c->goal; lines--) {
		send_number(&link, arrived++, c->stamped);
		if (arrived > c->next)
			c->next = arrived;
		size_t decided = arrived - link.held_count;
		if (c->next - c->acked >= c->window && decided > c->acked)
			c->acked += random_below(c->seed, decided - c->acked + 1);
		if (c->next - c->acked >= c->window) {
			give_up(&link); /* the client waits, so time passes */
			c->acked = arrived;
		}
	}
	size_t decided = arrived - link.held_count;
	if (decided > c->acked)
		c->acked += random_below(c->seed, decided - c->acked + 1);
	disconnect(&link);
}

static void
check_client(uint64_t seed, bool stamped)
{
	struct client c = {.seed = &seed, .stamped = stamped, .goal = 400};
	c.window = 1 + random_below(&seed, 40);
	size_t seen[400] = {0};
	start(256, 1 << 20);
	while (c.acked < c.goal)
		run_session(&c);
	struct slice rest = buf_slice(&kept), text;
	while (slice_split(&rest, '|', &text) && text.n > 0) {
		uint64_t number;
		assert_true(slice_to_u64(text, &number) && number < c.goal);
		seen[number]++;
	}
	for (size_t i = 0; i < c.goal; i++)
		assert_true(seen[i] >= 1);
	if (stamped)
		for (size_t i = 0; i < c.goal; i++)
			assert_int_equal(seen[i], 1);
	stop();
}

static void
no_line_is_lost_whatever_breaks(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		check_client(seed, false);
		check_client(seed, true);
	}
}

/* As long as the client gets out all that it has to send again, nothing is kept twice either. */
static void
whole_resends_leave_no_line_twice(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		uint64_t random = seed;
		struct buf want = {0};
		size_t acked = 0, next = 0;
		start(256, 1 << 20);
		for (int session = 0; session < 30; session++) {
			struct link link = connect_as("mx");
			size_t fresh = random_below(&random, 50);
			for (size_t i = acked; i < next + fresh; i++)
				send_number(&link, i, false);
			next += fresh;
			assert_int_equal(link.held_count, 0);
			acked += random_below(&random, next - acked + 1);
			if (next - acked > 200)
				acked = next - 200;
			disconnect(&link);
		}
		for (size_t i = 0; i < next; i++)
			buf_addf(&want, "%zu|", i);
		check_slice(buf_slice(&kept), buf_slice(&want), __FILE__, __LINE__);
		buf_fini(&want);
		stop();
	}
}

/* Random letters in random sessions of two senders: nothing is dropped that is not kept elsewhere,
 * and memory stays within its bounds. */
static void
any_traffic_is_survived(void **state)
{
	(void)state;
	uint64_t seed = 42;
	start(32, 4096);
	for (int round = 0; round < 300; round++) {
		struct link links[3];
		for (int i = 0; i < 3; i++)
			links[i] = connect_as(i == 0 ? "mx1" : round % 7 ? "mx2" : "mx3");
		for (int n = 0; n < 200; n++) {
			char letter = (char)('a' + random_below(&seed, 3));
			struct link *link = &links[random_below(&seed, 3)];
			if (random_below(&seed, 50) == 0)
				give_up(link);
			if (random_below(&seed, 2000) == 0)
				repeats_forget(repeats);
			send_line(link, slice_of(&letter, 1), random_below(&seed, 4) == 0);
		}
		for (int i = 0; i < 3; i++)
			disconnect(&links[i]);
		assert_true(repeats_bytes(repeats) <= 4096 + 1024);
		buf_clear(&kept);
	}
	stop();
}

static void
senders_gone_for_longest_are_forgotten_first(void **state)
{
	(void)state;
	char name[16];
	start(64, 64 * 1024);
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "mx%d", i);
		struct link link = connect_as(name);
		send(&link, "abcdefgh");
		disconnect(&link);
	}
	assert_true(repeats_bytes(repeats) <= 64 * 1024 + 1024);
	buf_clear(&kept);
	struct link newest = connect_as("mx1999"), oldest = connect_as("mx0");
	send(&newest, "gh");
	send(&oldest, "gh");
	assert_text(kept, "g|h|");
	disconnect(&newest);
	disconnect(&oldest);
	stop();
}

/* A sender may repeat one line for ever: each reconnect costs no more than some places do. */
static void
a_flood_of_one_line_is_bounded(void **state)
{
	(void)state;
	start(4096, 1 << 20);
	struct link link = connect_as("mx");
	for (int i = 0; i < 10000; i++)
		send(&link, "a");
	disconnect(&link);
	buf_clear(&kept);
	link = connect_as("mx");
	for (int i = 0; i < 300; i++)
		send(&link, "a");
	assert_int_equal(link.held_count, 0);
	assert_int_equal(kept.n, 2 * (300 - 256));
	disconnect(&link);
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_line_is_lost_whatever_breaks),
		cmocka_unit_test(whole_resends_leave_no_line_twice),
		cmocka_unit_test(any_traffic_is_survived),
		cmocka_unit_test(senders_gone_for_longest_are_forgotten_first),
		cmocka_unit_test(a_flood_of_one_line_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
