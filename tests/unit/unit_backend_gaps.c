#include "unit.h"

#include "backend/gaps.h"

#include <stdio.h>

static struct gaps *gaps;

static void
note(const char *host, const char *boot, uint64_t sequence)
{
	gaps_note(gaps, slice_of_str(host), slice_of_str(boot), sequence, 1000);
}

static void
add_count(void *context, const struct gaps_count *count)
{
	buf_addf(context, "%.*s %.*s %llu-%llu -%llu|", SLICE_ARG(count->host),
		SLICE_ARG(count->boot), (unsigned long long)count->first,
		(unsigned long long)count->last, (unsigned long long)count->missing);
}

#define assert_gaps(want)                                                                          \
	do {                                                                                       \
		struct buf text = {0};                                                             \
		gaps_walk(gaps, add_count, &text);                                                 \
		assert_text(text, want);                                                           \
		buf_fini(&text);                                                                   \
	} while (0)

static int
setup(void **state)
{
	(void)state;
	gaps = gaps_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	gaps_free(&gaps);
	return 0;
}

static void
lines_in_order_leave_no_gap(void **state)
{
	(void)state;
	for (uint64_t i = 7; i < 100; i++)
		note("mx", "1", i);
	assert_gaps("");
	assert_int_equal(gaps_missing(gaps), 0);
}

static void
a_number_passed_over_is_missing_until_it_comes(void **state)
{
	(void)state;
	note("mx", "1", 0);
	note("mx", "1", 5);
	assert_gaps("mx 1 0-5 -4|");
	note("mx", "1", 3);
	assert_gaps("mx 1 0-5 -3|");
	note("mx", "1", 3); /* again: nothing new */
	note("mx", "1", 1);
	note("mx", "1", 4);
	assert_gaps("mx 1 0-5 -1|");
	note("mx", "1", 2);
	assert_gaps("");
}

static void
hosts_and_boots_count_by_themselves(void **state)
{
	(void)state;
	note("mx1", "1", 10);
	note("mx2", "1", 10);
	note("mx1", "2", 0); /* rsyslogd was started again */
	note("mx1", "1", 12);
	note("mx1", "2", 3);
	assert_gaps("mx1 1 10-12 -1|mx1 2 0-3 -2|");
	assert_int_equal(gaps_missing(gaps), 3);
}

static void
numbers_before_the_first_are_not_known_to_be_missing(void **state)
{
	(void)state;
	note("mx", "1", 100);
	note("mx", "1", 40);
	note("mx", "1", 101);
	assert_gaps("");
}

static void
a_long_jump_is_a_new_beginning(void **state)
{
	(void)state;
	note("mx", "1", 0);
	note("mx", "1", 2);
	note("mx", "1", 5000000);
	note("mx", "1", 5000002);
	note("mx", "1", UINT64_MAX);
	note("mx", "1", UINT64_MAX);
	note("mx", "1", 0);
	assert_int_equal(gaps_missing(gaps), 2);
}

static void
many_gaps_are_counted_though_not_all_can_be_filled(void **state)
{
	(void)state;
	enum { GAPS = GAPS_OPEN + 100 };
	for (uint64_t i = 0; i <= 2 * GAPS; i += 2)
		note("mx", "1", i);
	note("mx", "1", 2 * GAPS + 100); /* a long one is not given up */
	assert_int_equal(gaps_missing(gaps), GAPS + 99);
	for (uint64_t i = 1; i < 2 * GAPS + 100; i++)
		note("mx", "1", i);
	assert_int_equal(gaps_missing(gaps), GAPS + 1 - GAPS_OPEN);
}

static void
forgotten_hosts_leave_their_losses(void **state)
{
	(void)state;
	char host[24];
	for (int i = 0; i < 2 * GAPS_COUNTERS; i++) {
		snprintf(host, sizeof(host), "mx%d", i);
		note(host, "1", 0);
		note(host, "1", 2);
	}
	assert_int_equal(gaps_missing(gaps), 2 * GAPS_COUNTERS);
	note(host, "1", 1);
	assert_int_equal(gaps_missing(gaps), 2 * GAPS_COUNTERS - 1);
}

static void
names_that_are_too_long_are_not_followed(void **state)
{
	(void)state;
	char name[GAPS_TEXT + 1] = {0};
	memset(name, 'x', GAPS_TEXT);
	note(name, "1", 0);
	note(name, "1", 9);
	assert_gaps("");
	note(name + 1, "1", 0);
	note(name + 1, "1", 9);
	assert_int_equal(gaps_missing(gaps), 8);
}

/* ---- over a restart ---- */

struct copy {
	char host[GAPS_TEXT], boot[GAPS_TEXT];
	struct gaps_count count;
	struct gaps_stretch open[8];
};

static void
copy_count(void *context, const struct gaps_count *count)
{
	struct copy *copy = context;
	assert_true(count->open_count <= 8);
	snprintf(copy->host, sizeof(copy->host), "%.*s", SLICE_ARG(count->host));
	snprintf(copy->boot, sizeof(copy->boot), "%.*s", SLICE_ARG(count->boot));
	memcpy(copy->open, count->open, count->open_count * sizeof(*count->open));
	copy->count = *count;
	copy->count.host = slice_of_str(copy->host);
	copy->count.boot = slice_of_str(copy->boot);
	copy->count.open = copy->open;
}

static void
what_was_seen_before_a_restart_is_taken_up(void **state)
{
	(void)state;
	struct copy copy;
	note("mx", "1", 10);
	note("mx", "1", 20);
	note("mx", "1", 15);
	gaps_walk_new(gaps, copy_count, &copy);
	gaps_free(&gaps);
	gaps = gaps_new();
	gaps_restore(gaps, &copy.count);
	assert_gaps("mx 1 10-20 -8|");
	note("mx", "1", 23); /* lost while nobody read */
	note("mx", "1", 12);
	assert_gaps("mx 1 10-23 -9|");
	gaps_walk_new(gaps, copy_count, &copy);
	assert_int_equal(copy.count.open_count, 4);
	assert_int_equal(copy.open[3].from, 21);
	assert_int_equal(copy.open[3].noticed_us, 1000);
}

static void
count_one(void *context, const struct gaps_count *count)
{
	(void)count;
	(*(int *)context)++;
}

static void
only_what_was_noted_since_is_new(void **state)
{
	(void)state;
	int n = 0;
	note("mx1", "1", 1);
	note("mx2", "1", 1);
	gaps_settle(gaps);
	gaps_walk_new(gaps, count_one, &n);
	assert_int_equal(n, 0);
	note("mx1", "1", 2);
	gaps_walk_new(gaps, count_one, &n);
	assert_int_equal(n, 1);
}

/* Numbers in a random order, some of them lost: what is missing is what was lost. */
static void
shuffled_numbers_are_counted_right(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		uint64_t random = seed, lost = 0, waiting[8], n = 0;
		char boot[24];
		uint64_t before = gaps_missing(gaps);
		snprintf(boot, sizeof(boot), "%d", (int)seed);
		note("mx", boot, 0);
		for (uint64_t i = 1; i < 300; i++) {
			bool loses = i < 290 && random_below(&random, 40) == 0;
			lost += loses;
			if (!loses)
				waiting[n++] = i;
			while (n == 8 || (i == 299 && n > 0)) {
				size_t at = random_below(&random, n);
				note("mx", boot, waiting[at]);
				waiting[at] = waiting[--n];
			}
		}
		assert_int_equal(gaps_missing(gaps) - before, lost);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(lines_in_order_leave_no_gap),
		TEST(a_number_passed_over_is_missing_until_it_comes),
		TEST(hosts_and_boots_count_by_themselves),
		TEST(numbers_before_the_first_are_not_known_to_be_missing),
		TEST(a_long_jump_is_a_new_beginning),
		TEST(many_gaps_are_counted_though_not_all_can_be_filled),
		TEST(forgotten_hosts_leave_their_losses),
		TEST(names_that_are_too_long_are_not_followed),
		TEST(what_was_seen_before_a_restart_is_taken_up),
		TEST(only_what_was_noted_since_is_new),
		TEST(shuffled_numbers_are_counted_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
