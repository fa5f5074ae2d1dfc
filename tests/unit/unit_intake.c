#include "intake_fixture.h"

#include "base/time.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define STAMPED(sequence)                                                                          \
	"<22>1 2026-11-22T05:21:39Z mx1 postfix 1 - [else@32473 u=\"u" sequence "\" s=\"" sequence \
	"\" b=\"1\"]  text"

/* ---- RELP: what an acknowledgement means ---- */

static void
a_line_is_acknowledged_when_it_is_on_the_disk(void **state)
{
	(void)state;
	start_one(INTAKE_RELP);
	int fd = open_relp(0);
	disk_close_gate();
	send_text(fd, "2 syslog 5 hello\n");
	disk_wait_at_gate();
	assert_false(has_bytes(fd));
	disk_open_gate();
	expect(fd, "2 rsp 6 200 OK\n");
	assert_int_equal(count_records(), 1);
	close(fd);
}

/* Of the same sender, so the lines must differ: equal ones might be repeats. */
static void
send_two_lines(int fd, int number)
{
	char line[32];
	snprintf(line, sizeof(line), "line %d", number);
	send_line(fd, 2, line);
	snprintf(line, sizeof(line), "another line %d", number);
	send_line(fd, 3, line);
}

static void
lines_of_many_senders_share_a_sync(void **state)
{
	(void)state;
	int fds[30];
	start_one(INTAKE_RELP);
	for (int i = 0; i < 30; i++)
		fds[i] = open_relp(0);
	send_line(fds[0], 2, "makes the segment");
	expect(fds[0], "2 rsp 6 200 OK\n");
	disk_close_gate();
	send_line(fds[0], 3, "first");
	disk_wait_at_gate();
	int before = disk_syncs();
	for (int i = 1; i < 30; i++)
		send_two_lines(fds[i], i);
	disk_open_gate();
	expect(fds[0], "3 rsp 6 200 OK\n");
	for (int i = 1; i < 30; i++)
		expect(fds[i], "2 rsp 6 200 OK\n3 rsp 6 200 OK\n");
	assert_int_equal(disk_syncs(), before + 2);
	assert_int_equal(count_records(), 60);
	for (int i = 0; i < 30; i++)
		close(fds[i]);
}

static void
a_failed_sync_acknowledges_nothing_and_the_line_may_come_again(void **state)
{
	(void)state;
	start_one(INTAKE_RELP);
	int fd = open_relp(0);
	disk_fail(1);
	send_text(fd, "2 syslog 5 hello\n");
	expect_end(fd);
	wait_for(counters_of(INTAKE_RELP).unsynced == 1);
	assert_non_null(strstr(read_log(), "nothing of it is acknowledged"));
	fd = open_relp(0);
	send_text(fd, "2 syslog 5 hello\n");
	expect(fd, "2 rsp 6 200 OK\n");
	assert_string_equal(read_records(1), "127.0.0.1 hello|");
	close(fd);
}

static void
what_a_session_holds_when_it_fails_is_kept(void **state)
{
	(void)state;
	start_one(INTAKE_RELP);
	int one = open_relp(0), two;
	send_text(one, "2 syslog 1 a\n3 syslog 1 b\n");
	expect(one, "2 rsp 6 200 OK\n3 rsp 6 200 OK\n");
	two = open_relp(0);
	send_line(two, 2, "a");
	wait_for(counters_of(INTAKE_RELP).frames == 3);
	disk_fail(1);
	send_line(two, 3, STAMPED("1"));
	expect_end(two);
	assert_string_equal(read_records(3), "127.0.0.1 a|127.0.0.1 b|127.0.0.1 a|");
	close(one);
}

static void
a_line_sent_again_after_a_reconnect_is_dropped(void **state)
{
	(void)state;
	start_one(INTAKE_RELP);
	int fd = open_relp(0);
	send_text(fd, "2 syslog 1 a\n3 syslog 1 b\n4 syslog 1 c\n");
	expect(fd, "2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 6 200 OK\n");
	close(fd);
	fd = open_relp(0);
	send_text(fd, "2 syslog 1 b\n");
	wait_for(counters_of(INTAKE_RELP).frames == 4);
	assert_false(has_bytes(fd)); /* held: "c" must follow */
	send_text(fd, "3 syslog 1 c\n4 syslog 1 d\n");
	expect(fd, "2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 6 200 OK\n");
	assert_string_equal(read_records(4), "127.0.0.1 a|127.0.0.1 b|127.0.0.1 c|127.0.0.1 d|");
	wait_for(counters_of(INTAKE_RELP).repeats == 2);
	close(fd);
}

static void
a_line_is_not_held_for_ever(void **state)
{
	(void)state;
	start_one(INTAKE_RELP);
	int fd = open_relp(0);
	send_text(fd, "2 syslog 1 a\n3 syslog 1 b\n");
	expect(fd, "2 rsp 6 200 OK\n3 rsp 6 200 OK\n");
	close(fd);
	fd = open_relp(0);
	send_text(fd, "2 syslog 1 a\n");
	expect(fd, "2 rsp 6 200 OK\n");
	assert_string_equal(read_records(3), "127.0.0.1 a|127.0.0.1 b|127.0.0.1 a|");
	close(fd);
}

static void
records_of_an_earlier_run_are_known(void **state)
{
	(void)state;
	add_listener((struct intake_listener){.kind = INTAKE_RELP});
	make_intake();
	intake_remember(intake, S("127.0.0.1"), S("a"));
	intake_remember(intake, S("127.0.0.2"), S("x"));
	intake_remember(intake, S("127.0.0.1"), S("b"));
	intake_remember(intake, S("127.0.0.1"), S(STAMPED("1")));
	run_intake();
	int fd = open_relp(0);
	send_line(fd, 2, "a");
	send_line(fd, 3, "b");
	send_line(fd, 4, STAMPED("1"));
	send_line(fd, 5, "c");
	expect(fd, "2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 6 200 OK\n5 rsp 6 200 OK\n");
	wait_for(counters_of(INTAKE_RELP).repeats == 3);
	assert_string_equal(read_records(1), "127.0.0.1 c|");
	close(fd);
}

static void
stamps_tell_repeats(void **state)
{
	(void)state;
	start_one(INTAKE_TCP);
	int fd = connect_to(0);
	send_text(fd, STAMPED("1") "\n" STAMPED("2") "\n" STAMPED("5") "\n");
	read_records(3);
	close(fd);
	fd = connect_to(0);
	send_text(fd, STAMPED("2") "\n" STAMPED("6") "\n" STAMPED("5") "\n");
	read_records(1);
	wait_for(counters_of(INTAKE_TCP).repeats == 2);
	close(fd);
}

/* ---- RELP: hostile and unlucky clients ---- */

static void
a_slow_client_is_served(void **state)
{
	(void)state;
	start_one(INTAKE_RELP);
	int fd = connect_to(0);
	for (const char *p = RELP_OPEN_COMMAND "2 syslog 6 hello\n\n"; *p; p++) {
		int quick = open_relp(0);
		send_bytes(fd, slice_of(p, 1));
		close(quick);
	}
	expect(fd, RELP_OPEN_ANSWER "2 rsp 6 200 OK\n");
	assert_string_equal(read_records(1), "127.0.0.1 hello|");
	close(fd);
}

static void
a_huge_frame_is_cut_and_its_session_lives(void **state)
{
	(void)state;
	struct buf frame = {0};
	options.caps.frame_bytes = 1000;
	start_one(INTAKE_RELP);
	int fd = open_relp(0);
	buf_add(&frame, S("2 syslog 5000000 "));
	memset(buf_room(&frame, 5000000), 'x', 5000000);
	frame.n += 5000000;
	buf_add(&frame, S("\n3 syslog 2 ok\n"));
	send_bytes(fd, buf_slice(&frame));
	expect(fd, "2 rsp 6 200 OK\n3 rsp 6 200 OK\n");
	assert_int_equal(strlen(read_records(2)), strlen("127.0.0.1 |127.0.0.1 ok|") + 1000);
	wait_for(counters_of(INTAKE_RELP).cut == 1);
	assert_non_null(strstr(read_log(), "cut to 1000 bytes"));
	buf_fini(&frame);
	close(fd);
}

static void
what_is_no_relp_is_closed(void **state)
{
	(void)state;
	static const char *const garbage[] = {
		"GET / HTTP/1.0\r\n\r\n",
		"1234567890 open 0\n",
		"1 open 0000000001 x",
		"2 syslog 1 a\n",
		RELP_OPEN_COMMAND "2 flush 0\n",
	};
	start_one(INTAKE_RELP);
	for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
		char byte;
		int fd = connect_to(0);
		send_text(fd, garbage[i]);
		while (recv(fd, &byte, 1, 0) > 0)
			;
		close(fd);
		wait_for(counters_of(INTAKE_RELP).refused == i + 1);
	}
	assert_int_equal(count_records(), 0);
	assert_non_null(strstr(read_log(), "does not speak RELP"));
}

static void
a_refused_offer_is_answered(void **state)
{
	(void)state;
	start_one(INTAKE_RELP);
	int fd = connect_to(0);
	send_text(fd, "1 open 14 relp_version=9\n");
	expect(fd, "1 rsp 36 500 relp_version is higher than ours\n");
	expect_end(fd);
}

static void
close_is_answered_after_the_lines_before_it(void **state)
{
	(void)state;
	start_one(INTAKE_RELP);
	int fd = open_relp(0);
	send_text(fd, "2 syslog 1 a\n3 close 0\n4 syslog 4 late\n");
	expect(fd, "2 rsp 6 200 OK\n3 rsp 0\n0 serverclose 0\n");
	expect_end(fd);
	assert_string_equal(read_records(1), "127.0.0.1 a|");
}

static void
a_client_that_only_listens_on_gets_its_answers(void **state)
{
	(void)state;
	start_one(INTAKE_RELP);
	int fd = open_relp(0);
	send_text(fd, "2 syslog 1 a\n3 syslog 1 b\n4 sysl");
	shutdown(fd, SHUT_WR);
	expect(fd, "2 rsp 6 200 OK\n3 rsp 6 200 OK\n");
	expect_end(fd);
	fd = open_relp(0);
	send_text(fd, "2 syslog 1 a\n"); /* held: "b" may follow */
	shutdown(fd, SHUT_WR);
	expect(fd, "2 rsp 6 200 OK\n");
	expect_end(fd);
}

static void
a_client_that_takes_no_answers_is_not_read_on(void **state)
{
	(void)state;
	struct buf flood = {0};
	start_one(INTAKE_RELP);
	int fd = open_relp(0), small = 4096;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (int i = 0; i < 2000; i++)
		buf_add(&flood, S("2 syslog 0\n"));
	while (send(fd, flood.p, flood.n, MSG_DONTWAIT | MSG_NOSIGNAL) > 0 ||
		counters_of(INTAKE_RELP).frames == 0)
		;
	int other = open_relp(0); /* others are not hurt */
	send_text(other, "2 syslog 1 a\n");
	expect(other, "2 rsp 6 200 OK\n");
	buf_fini(&flood);
	close(other);
	close(fd);
}

static void
silence_is_not_waited_for(void **state)
{
	(void)state;
	options.caps.handshake_ms = 100;
	start_one(INTAKE_RELP);
	int fd = connect_to(0);
	send_text(fd, "1 ope");
	expect_end(fd);
	wait_for(counters_of(INTAKE_RELP).refused == 1);
}

static void
an_idle_session_ends_when_the_options_say_so(void **state)
{
	(void)state;
	options.caps.handshake_ms = 200;
	options.caps.idle_ms = 300;
	start_one(INTAKE_RELP);
	int fd = open_relp(0);
	expect(fd, "0 serverclose 0\n");
	expect_end(fd);
}

static void
five_hundred_connections_are_served(void **state)
{
	(void)state;
	enum { MANY = 500 };
	static int fds[MANY];
	struct rlimit limit;
	options.caps.sessions_per_address = MANY;
	start_one(INTAKE_RELP);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(limit.rlim_cur > 2 * MANY);
	for (int i = 0; i < MANY; i++)
		fds[i] = open_relp(0);
	for (int i = 0; i < MANY; i++)
		send_two_lines(fds[i], i);
	for (int i = 0; i < MANY; i++)
		expect(fds[i], "2 rsp 6 200 OK\n3 rsp 6 200 OK\n");
	assert_int_equal(count_records(), 2 * MANY);
	wait_for(counters_of(INTAKE_RELP).sessions == MANY);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	wait_for(counters_of(INTAKE_RELP).sessions == 0);
}

static void
too_many_sessions_are_refused(void **state)
{
	(void)state;
	options.caps.sessions = 3;
	options.caps.sessions_per_address = 2;
	start_one(INTAKE_RELP);
	int one = open_relp(0), two = open_relp(0);
	expect_end(connect_to(0));
	int three = connect_from("127.0.0.2", 0);
	send_text(three, RELP_OPEN_COMMAND);
	expect(three, RELP_OPEN_ANSWER);
	expect_end(connect_from("127.0.0.3", 0));
	assert_non_null(strstr(read_log(), "too many sessions from there"));
	close(one);
	wait_for(counters_of(INTAKE_RELP).sessions == 2);
	one = open_relp(0);
	close(one);
	close(two);
	close(three);
}

/* ---- who may send what ---- */

static void
networks_are_checked(void **state)
{
	(void)state;
	const struct slice networks[] = {S("127.0.0.4/30"), S("::1")};
	const struct intake_sender sender = {.networks = networks, .network_count = 2};
	options.senders = &sender;
	options.sender_count = 1;
	start_one(INTAKE_TCP);
	expect_end(connect_to(0));
	int fd = connect_from("127.0.0.5", 0);
	send_text(fd, "line\n");
	assert_string_equal(read_records(1), "127.0.0.5 line|");
	wait_for(counters_of(INTAKE_TCP).refused == 1);
	assert_non_null(
		strstr(read_log(), "tcp: 127.0.0.1 refused: no sender may come from there"));
	close(fd);
}

static void
a_sender_speaks_for_its_hosts_only(void **state)
{
	(void)state;
	const struct slice networks[] = {S("127.0.0.1")}, hosts[] = {S("mx1"), S("*.example.org")};
	const struct intake_sender senders[] = {
		{.networks = networks, .network_count = 1, .hosts = hosts, .host_count = 2},
		{0},
	};
	options.senders = senders;
	options.sender_count = 2;
	start_one(INTAKE_RELP);
	int fd = open_relp(0);
	send_line(fd, 2, "<22>Nov 22 05:21:39 mx1 a: 1");
	send_line(fd, 3, "<22>Nov 22 05:21:39 mx2 a: 2");
	send_line(fd, 4, "<22>Nov 22 05:21:39 A.Example.org a: 3");
	send_line(fd, 5, "<22>1 2026-11-22T05:21:39Z a.b.example.org a 1 - -  4");
	send_line(fd, 6, "<22>of no host");
	expect(fd, "2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 6 200 OK\n5 rsp 6 200 OK\n"
		   "6 rsp 6 200 OK\n");
	close(fd);
	assert_string_equal(read_records(3), "127.0.0.1 <22>Nov 22 05:21:39 mx1 a: 1|"
					     "127.0.0.1 <22>Nov 22 05:21:39 A.Example.org a: 3|"
					     "127.0.0.1 <22>of no host|");
	fd = connect_from("127.0.0.2", 0);
	send_text(fd, RELP_OPEN_COMMAND);
	send_line(fd, 2, "<22>Nov 22 05:21:39 mx2 a: 5");
	expect(fd, RELP_OPEN_ANSWER "2 rsp 6 200 OK\n");
	close(fd);
	assert_int_equal(count_records(), 1);
	wait_for(counters_of(INTAKE_RELP).foreign == 2);
	assert_non_null(strstr(read_log(), "127.0.0.1 may not speak for host mx2"));
}

static void
reports_are_few(void **state)
{
	(void)state;
	const struct slice hosts[] = {S("mx1")};
	const struct intake_sender sender = {.hosts = hosts, .host_count = 1};
	options.senders = &sender;
	options.sender_count = 1;
	start_one(INTAKE_TCP);
	int fd = connect_to(0);
	for (int i = 0; i < 1000; i++)
		send_text(fd, "<22>Nov 22 05:21:39 m\tx2 a: \001\n<22>Nov 22 05:21:39 mx9 a: 1\n");
	send_text(fd, "<22>Nov 22 05:21:39 mx1 a: ok\n");
	wait_for(counters_of(INTAKE_TCP).stored >= 1);
	size_t lines = 0;
	for (const char *p = read_log(); *p; p++)
		lines += *p == '|';
	assert_true(lines <= 5);
	close(fd);
}

static void
bad_options_are_refused(void **state)
{
	(void)state;
	refuse_intake("no listener");
	add_listener((struct intake_listener){.kind = INTAKE_RELP, .address = "mx.example.org"});
	refuse_intake("mx.example.org is neither an IPv4 nor an IPv6 address");
	options.listener_count = 0;
	add_listener((struct intake_listener){.kind = INTAKE_RELP, .compressed = true});
	refuse_intake("listener relp cannot be compressed");
	options.listener_count = 0;
	add_listener((struct intake_listener){.kind = INTAKE_RELP_TLS});
	refuse_intake("neither a CA nor a fingerprint");
	options.listener_count = 0;
	add_listener((struct intake_listener){.kind = INTAKE_UNIX});
	refuse_intake("a unix socket needs a path");
	const struct slice bad[] = {S("10.0.0.0/33")}, print[] = {S("sha256:abc")};
	const struct intake_sender network = {.networks = bad, .network_count = 1};
	options.senders = &network;
	options.sender_count = 1;
	refuse_intake("sender 1: 10.0.0.0/33: a network is written as");
	const struct intake_sender certificate = {.certificates = print, .certificate_count = 1};
	options.senders = &certificate;
	refuse_intake("64 hexadecimal digits");
}

static void
a_port_in_use_is_an_error(void **state)
{
	(void)state;
	start_one(INTAKE_TCP);
	uint16_t port = intake_port(intake, 0);
	struct intake *first = intake;
	options.listener_count = 0;
	add_listener((struct intake_listener){.kind = INTAKE_TCP, .port = port});
	refuse_intake("listener tcp: cannot listen at 127.0.0.1 port");
	intake = first;
}

/* ---- shutdown ---- */

static void
shutdown_acknowledges_what_came_and_says_so(void **state)
{
	(void)state;
	start_one(INTAKE_RELP);
	int idle = open_relp(0), busy = open_relp(0), shy = connect_to(0);
	disk_close_gate();
	send_text(busy, "2 syslog 1 a\n");
	disk_wait_at_gate();
	send_text(busy, "3 syslog 1 b\n4 syslog 9 unfini");
	ask_to_stop();
	disk_open_gate();
	expect(busy, "2 rsp 6 200 OK\n3 rsp 6 200 OK\n0 serverclose 0\n");
	expect(idle, "0 serverclose 0\n");
	expect_end(busy);
	expect_end(idle);
	expect_end(shy);
	assert_string_equal(read_records(2), "127.0.0.1 a|127.0.0.1 b|");
}

static void
shutdown_does_not_wait_for_ever(void **state)
{
	(void)state;
	options.caps.close_ms = 50;
	start_one(INTAKE_RELP);
	int fd = open_relp(0);
	stop_intake(); /* the client does not close its end */
	expect(fd, "0 serverclose 0\n");
	expect_end(fd);
}

static void
stop_before_run_is_not_forgotten(void **state)
{
	(void)state;
	struct error err;
	add_listener((struct intake_listener){.kind = INTAKE_UDP});
	intake = intake_new(&options, spool, &err);
	assert_non_null(intake);
	intake_stop(intake);
	intake_run(intake);
	intake_free(&intake);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, intake_setup, intake_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_line_is_acknowledged_when_it_is_on_the_disk),
		TEST(lines_of_many_senders_share_a_sync),
		TEST(a_failed_sync_acknowledges_nothing_and_the_line_may_come_again),
		TEST(what_a_session_holds_when_it_fails_is_kept),
		TEST(a_line_sent_again_after_a_reconnect_is_dropped),
		TEST(a_line_is_not_held_for_ever),
		TEST(records_of_an_earlier_run_are_known),
		TEST(stamps_tell_repeats),
		TEST(a_slow_client_is_served),
		TEST(a_huge_frame_is_cut_and_its_session_lives),
		TEST(what_is_no_relp_is_closed),
		TEST(a_refused_offer_is_answered),
		TEST(close_is_answered_after_the_lines_before_it),
		TEST(a_client_that_only_listens_on_gets_its_answers),
		TEST(a_client_that_takes_no_answers_is_not_read_on),
		TEST(silence_is_not_waited_for),
		TEST(an_idle_session_ends_when_the_options_say_so),
		TEST(five_hundred_connections_are_served),
		TEST(too_many_sessions_are_refused),
		TEST(networks_are_checked),
		TEST(a_sender_speaks_for_its_hosts_only),
		TEST(reports_are_few),
		TEST(bad_options_are_refused),
		TEST(a_port_in_use_is_an_error),
		TEST(shutdown_acknowledges_what_came_and_says_so),
		TEST(shutdown_does_not_wait_for_ever),
		TEST(stop_before_run_is_not_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
