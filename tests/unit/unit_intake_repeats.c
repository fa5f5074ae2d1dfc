#include "repeats_fixture.h"

#include <stdio.h>

#define assert_kept(sessions, want)                                                                \
	do {                                                                                       \
		start(64, 1 << 20);                                                                \
		send_sessions(sessions);                                                           \
		assert_text(kept, want);                                                           \
		stop();                                                                            \
	} while (0)

/* ---- lines without a stamp ---- */

static void
a_run_up_to_the_last_line_is_dropped(void **state)
{
	(void)state;
	assert_kept("abcd/cdef", "a|b|c|d|e|f|");
	assert_kept("abcd/d", "a|b|c|d|");
	assert_kept("abcd/abcd", "a|b|c|d|");
	assert_kept("abcd/de/ef", "a|b|c|d|e|f|");
}

static void
equal_lines_that_are_no_run_are_new(void **state)
{
	(void)state;
	assert_kept("abcd/bx", "a|b|c|d|b|x|");	   /* stops before the end */
	assert_kept("abcd/bc", "a|b|c|d|b|c|");	   /* ... or the client does */
	assert_kept("abcd/xcd", "a|b|c|d|x|c|d|"); /* not from the first line on */
	assert_kept("abcd/bd", "a|b|c|d|b|d|");	   /* not one by one */
	assert_kept("aaaa/", "a|a|a|a|");	   /* within a session anything may repeat */
	assert_kept("abab/xabab", "a|b|a|b|x|a|b|a|b|");
}

static void
of_several_runs_the_longest_counts(void **state)
{
	(void)state;
	assert_kept("xabab/ababy", "x|a|b|a|b|y|");
	assert_kept("xabab/aby", "x|a|b|a|b|y|");
	assert_kept("xaa/ay", "x|a|a|y|");
	assert_kept("xaba/abz", "x|a|b|a|b|z|"); /* aba fails, a alone is a run */
}

static void
a_second_reconnect_finds_all(void **state)
{
	(void)state;
	assert_kept("abc/bcd/bcde/cdef", "a|b|c|d|e|f|");
	assert_kept("abc/c/c/bc/d", "a|b|c|d|");
	assert_kept("abc//abc/c", "a|b|c|");
}

static void
a_session_that_never_ended_is_compared_with(void **state)
{
	(void)state;
	start(64, 1 << 20);
	struct link half_open = connect_as("mx"), other = connect_as("mx"), again;
	send(&half_open, "abcd");
	send(&other, "123");
	again = connect_as("mx");
	send(&again, "cdef");
	assert_text(kept, "a|b|c|d|1|2|3|e|f|");
	disconnect(&half_open);
	disconnect(&other);
	disconnect(&again);
	send_sessions("23x");
	send_sessions("defy");
	assert_text(kept, "a|b|c|d|1|2|3|e|f|x|y|");
	stop();
}

static void
other_senders_are_others(void **state)
{
	(void)state;
	start(64, 1 << 20);
	struct link one = connect_as("mx1"), two = connect_as("mx2");
	send(&one, "abc");
	disconnect(&one);
	send(&two, "bcd");
	assert_text(kept, "a|b|c|b|c|d|");
	disconnect(&two);
	stop();
}

static void
held_lines_wait_until_it_is_known(void **state)
{
	(void)state;
	start(64, 1 << 20);
	send_sessions("abcd");
	struct link link = connect_as("mx");
	send(&link, "bc");
	assert_text(kept, "a|b|c|d|");
	assert_int_equal(link.held_count, 2);
	give_up(&link);
	assert_text(kept, "a|b|c|d|b|c|");
	send(&link, "d"); /* too late for a run */
	assert_text(kept, "a|b|c|d|b|c|d|");
	disconnect(&link);
	stop();
}

static void
only_the_last_lines_are_remembered(void **state)
{
	(void)state;
	start(4, 1 << 20);
	send_sessions("abcdefgh/efgh/defgh");
	assert_text(kept, "a|b|c|d|e|f|g|h|d|e|f|g|h|");
	stop();
}

static void
only_the_newest_sessions_are_remembered(void **state)
{
	(void)state;
	assert_kept("ax/1/2/3/4/5/6/7/x", "a|x|1|2|3|4|5|6|7|");
	assert_kept("ax/1/2/3/4/5/6/7/8/x", "a|x|1|2|3|4|5|6|7|8|x|");
}

static void
a_session_forgotten_while_lines_are_held_is_no_origin(void **state)
{
	(void)state;
	start(64, 1 << 20);
	send_sessions("xyz");
	struct link link = connect_as("mx");
	send(&link, "y");
	assert_int_equal(link.held_count, 1);
	send_sessions("1/2/3/4/5/6/7/8/9");
	send(&link, "z");
	assert_text(kept, "x|y|z|1|2|3|4|5|6|7|8|9|y|z|");
	disconnect(&link);
	stop();
}

static void
what_was_forgotten_is_new(void **state)
{
	(void)state;
	start(64, 1 << 20);
	struct link stamped = connect_as("mx"), held;
	send_stamped(&stamped, "PQ");
	send_sessions("abcd");
	held = connect_as("mx");
	send(&held, "d");
	send(&held, "d");
	assert_text(kept, "P|Q|a|b|c|d|d|");
	repeats_forget(repeats);
	disconnect(&held);
	disconnect(&stamped);
	buf_clear(&kept);
	send_sessions("abcd");
	struct link again = connect_as("mx");
	send_stamped(&again, "PQ");
	assert_text(kept, "a|b|c|d|P|Q|");
	disconnect(&again);
	stop();
}

static void
what_is_held_when_all_is_forgotten_is_kept(void **state)
{
	(void)state;
	start(64, 1 << 20);
	send_sessions("aba");
	struct link link = connect_as("mx");
	send(&link, "a"); /* a run already, and the beginning of a longer one */
	assert_int_equal(link.held_count, 1);
	repeats_forget(repeats);
	send(&link, "z");
	assert_text(kept, "a|b|a|a|z|");
	disconnect(&link);
	stop();
}

static void
records_of_an_earlier_run_are_remembered(void **state)
{
	(void)state;
	start(64, 1 << 20);
	struct link old = connect_as("mx");
	repeats_remember(old.session, S("a"), false);
	repeats_remember(old.session, S("b"), false);
	repeats_remember(old.session, S("S"), true);
	repeats_end(&old.session);
	struct link link = connect_as("mx");
	send(&link, "b");
	send_stamped(&link, "ST");
	send(&link, "c");
	assert_text(kept, "T|c|");
	disconnect(&link);
	stop();
}

/* ---- lines with a stamp ---- */

static void
stamped_lines_are_dropped_wherever_they_come(void **state)
{
	(void)state;
	start(64, 1 << 20);
	struct link one = connect_as("mx");
	send_stamped(&one, "abcd");
	disconnect(&one);
	struct link two = connect_as("mx");
	send_stamped(&two, "exbfad");
	assert_text(kept, "a|b|c|d|e|x|f|");
	disconnect(&two);
	stop();
}

static void
stamped_lines_of_a_session_that_lingers_are_dropped_too(void **state)
{
	(void)state;
	start(64, 1 << 20);
	struct link half_open = connect_as("mx");
	send_stamped(&half_open, "a");
	struct link again = connect_as("mx");
	send_stamped(&again, "abc");
	send_stamped(&half_open, "bc"); /* was on its way */
	send_stamped(&again, "d");
	assert_text(kept, "a|b|c|d|");
	disconnect(&half_open);
	disconnect(&again);
	stop();
}

/* rsyslog's disk queue has a worker and a session of its own: the other one sends what it has to
 * send again when much has come since. */
static void
stamped_lines_are_known_after_long_sessions_of_others(void **state)
{
	(void)state;
	char line[24];
	start(16, 1 << 20);
	struct link memory = connect_as("mx");
	send_stamped(&memory, "abcd");
	disconnect(&memory);
	struct link disk = connect_as("mx");
	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "%d", i);
		send_line(&disk, slice_of_str(line), true);
	}
	buf_clear(&kept);
	memory = connect_as("mx");
	send_stamped(&memory, "cdef");
	assert_text(kept, "e|f|");
	disconnect(&disk);
	for (int i = 0; i < 2 * REPEATS_SESSIONS; i++) { /* it never gets its answers */
		disconnect(&memory);
		memory = connect_as("mx");
		line[0] = (char)('g' + i);
		send_stamped(&memory, "cdef");
		send_line(&memory, slice_of(line, 1), true);
	}
	assert_text(kept, "e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t|u|v|");
	disconnect(&memory);
	stop();
}

static void
many_repeats_are_looked_up_as_long_as_they_come(void **state)
{
	(void)state;
	start(4, 1 << 20);
	const char *const sessions[] = {"abcd", "efgh", "ijkl"};
	struct link link;
	for (size_t i = 0; i < 3; i++) {
		link = connect_as("mx");
		send_stamped(&link, sessions[i]);
		disconnect(&link);
	}
	buf_clear(&kept);
	link = connect_as("mx");
	send_stamped(&link, "abcdefghijklm");
	assert_text(kept, "m|");
	disconnect(&link);
	stop();
}

static void
new_lines_are_looked_up_by_a_session_that_lingers(void **state)
{
	(void)state;
	char line[24];
	start(512, 1 << 20);
	struct link half_open = connect_as("mx");
	send_stamped(&half_open, "a");
	struct link again = connect_as("mx");
	for (int i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "%d", i);
		send_line(&again, slice_of_str(line), true);
	}
	buf_clear(&kept);
	for (int i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "%d", i);
		send_line(&half_open, slice_of_str(line), true);
	}
	assert_text(kept, "");
	disconnect(&half_open);
	disconnect(&again);
	stop();
}

static void
lines_with_and_without_a_stamp_are_told_apart(void **state)
{
	(void)state;
	start(64, 1 << 20);
	struct link one = connect_as("mx"), two, three;
	send_stamped(&one, "S");
	send(&one, "ab");
	disconnect(&one);
	two = connect_as("mx");
	send(&two, "b"); /* a run: goes on where the first ended */
	send_stamped(&two, "b");
	disconnect(&two);
	three = connect_as("mx");
	send_stamped(&three, "ST");
	assert_text(kept, "S|a|b|b|T|");
	disconnect(&three);
	stop();
}

static void
looking_up_ends_after_a_good_while(void **state)
{
	(void)state;
	start(4, 1 << 20);
	struct link one = connect_as("mx");
	send_stamped(&one, "ab");
	disconnect(&one);
	struct link two = connect_as("mx");
	send_stamped(&two, "cdbefgh");
	assert_text(kept, "a|b|c|d|e|f|g|h|");
	send_stamped(&two, "ih");
	assert_text(kept, "a|b|c|d|e|f|g|h|i|h|");
	disconnect(&two);
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_up_to_the_last_line_is_dropped),
		cmocka_unit_test(equal_lines_that_are_no_run_are_new),
		cmocka_unit_test(of_several_runs_the_longest_counts),
		cmocka_unit_test(a_second_reconnect_finds_all),
		cmocka_unit_test(a_session_that_never_ended_is_compared_with),
		cmocka_unit_test(other_senders_are_others),
		cmocka_unit_test(held_lines_wait_until_it_is_known),
		cmocka_unit_test(only_the_last_lines_are_remembered),
		cmocka_unit_test(only_the_newest_sessions_are_remembered),
		cmocka_unit_test(a_session_forgotten_while_lines_are_held_is_no_origin),
		cmocka_unit_test(what_was_forgotten_is_new),
		cmocka_unit_test(what_is_held_when_all_is_forgotten_is_kept),
		cmocka_unit_test(records_of_an_earlier_run_are_remembered),
		cmocka_unit_test(stamped_lines_are_dropped_wherever_they_come),
		cmocka_unit_test(stamped_lines_of_a_session_that_lingers_are_dropped_too),
		cmocka_unit_test(stamped_lines_are_known_after_long_sessions_of_others),
		cmocka_unit_test(many_repeats_are_looked_up_as_long_as_they_come),
		cmocka_unit_test(new_lines_are_looked_up_by_a_session_that_lingers),
		cmocka_unit_test(lines_with_and_without_a_stamp_are_told_apart),
		cmocka_unit_test(looking_up_ends_after_a_good_while),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
