#include "intake_fixture.h"

#include "base/time.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

/* ---- TCP ---- */

static void
lines_and_counted_frames_are_told_apart(void **state)
{
	(void)state;
	start_one(INTAKE_TCP);
	int fd = connect_to(0);
	send_text(fd, "one\n\n9 <22>a\nb c11 <22>hello \n\n<22>two\nand the end");
	close(fd);
	assert_string_equal(read_records(5), "127.0.0.1 one|127.0.0.1 <22>a\nb c|"
					     "127.0.0.1 <22>hello |127.0.0.1 <22>two|"
					     "127.0.0.1 and the end|");
	wait_for(counters_of(INTAKE_TCP).cut == 0);
	wait_for(counters_of(INTAKE_TCP).empty >= 1);
}

static void
a_counted_frame_without_its_end_is_kept_and_counted(void **state)
{
	(void)state;
	start_one(INTAKE_TCP);
	int fd = connect_to(0);
	send_text(fd, "20 <22>not twent");
	close(fd);
	assert_string_equal(read_records(1), "127.0.0.1 <22>not twent|");
	wait_for(counters_of(INTAKE_TCP).cut == 1);
}

static void
a_line_without_end_is_cut(void **state)
{
	(void)state;
	char piece[5000];
	memset(piece, 'x', sizeof(piece));
	options.caps.frame_bytes = 1000;
	start_one(INTAKE_TCP);
	int fd = connect_to(0);
	for (int i = 0; i < 1000; i++)
		send_bytes(fd, slice_of(piece, sizeof(piece)));
	send_text(fd, "\nnext\n");
	const char *records = read_records(2);
	assert_int_equal(strlen(records), strlen("127.0.0.1 |127.0.0.1 next|") + 1000);
	wait_for(counters_of(INTAKE_TCP).cut == 1);
	close(fd);
}

static void
all_addresses_are_listened_at(void **state)
{
	(void)state;
	add_listener((struct intake_listener){.kind = INTAKE_TCP, .address = "*"});
	start_intake();
	int fd = connect_from("127.0.0.7", 0);
	send_text(fd, "line\n");
	assert_string_equal(read_records(1), "127.0.0.7 line|"); /* not ::ffff:127.0.0.7 */
	close(fd);
}

static void
a_trickle_is_on_the_disk_soon_and_not_line_by_line(void **state)
{
	(void)state;
	start_one(INTAKE_TCP);
	int fd = connect_to(0), before = disk_syncs();
	for (int i = 0; i < 100; i++)
		send_text(fd, "line\n");
	read_records(100);
	assert_true(disk_syncs() - before <= 20);
	close(fd);
}

static void
a_session_with_too_much_unsynced_is_stopped_and_goes_on(void **state)
{
	(void)state;
	struct buf lines = {0};
	options.caps.session_bytes = 10000;
	start_one(INTAKE_TCP);
	for (int i = 0; i < 50000; i++)
		buf_addf(&lines, "line %d\n", i);
	int fd = connect_to(0);
	send_bytes(fd, buf_slice(&lines));
	close(fd);
	size_t seen = 0;
	wait_for((seen += count_records()) == 50000);
	wait_for(counters_of(INTAKE_TCP).full_stops > 0);
	buf_fini(&lines);
}

/* ---- zlib ---- */

/* Packs the text, so that all of it can be read at once. */
static void
pack(z_stream *z, struct slice text, int flush, struct buf *out)
{
	z->next_in = (Bytef *)(uintptr_t)text.p;
	z->avail_in = (uInt)text.n;
	do {
		z->next_out = (Bytef *)buf_room(out, 65536);
		z->avail_out = 65536;
		deflate(z, flush);
		out->n += 65536 - z->avail_out;
	} while (z->avail_out == 0);
}

static void
start_compressed(void)
{
	add_listener((struct intake_listener){.kind = INTAKE_TCP, .compressed = true});
	start_intake();
}

static void
compressed_lines_are_read(void **state)
{
	(void)state;
	struct buf out = {0};
	z_stream z = {0};
	start_compressed();
	assert_int_equal(deflateInit(&z, 6), Z_OK);
	int fd = connect_to(0);
	pack(&z, S("one\ntw"), Z_SYNC_FLUSH, &out);
	send_bytes(fd, buf_slice(&out));
	assert_string_equal(read_records(1), "127.0.0.1 one|");
	buf_clear(&out);
	pack(&z, S("o\n7 <22>a\nb"), Z_FINISH, &out);
	deflateReset(&z);
	pack(&z, S("another stream\n"), Z_FINISH, &out);
	for (size_t i = 0; i < out.n; i++)
		send_bytes(fd, slice_of(out.p + i, 1));
	assert_string_equal(
		read_records(3), "127.0.0.1 two|127.0.0.1 <22>a\nb|127.0.0.1 another stream|");
	deflateEnd(&z);
	buf_fini(&out);
	close(fd);
}

/* Much text in few bytes, with a cap that stops in the middle of them. */
static void
much_compressed_text_waits_its_turn(void **state)
{
	(void)state;
	struct buf text = {0}, out = {0};
	z_stream z = {0};
	size_t seen = 0;
	options.caps.session_bytes = 100000;
	start_compressed();
	for (int i = 0; i < 200000; i++)
		buf_addf(&text, "line %d of a compressed stream\n", i);
	assert_int_equal(deflateInit(&z, 6), Z_OK);
	pack(&z, buf_slice(&text), Z_SYNC_FLUSH, &out);
	int fd = connect_to(0);
	send_bytes(fd, buf_slice(&out));
	wait_for((seen += count_records()) == 200000);
	wait_for(counters_of(INTAKE_TCP).full_stops > 0);
	deflateEnd(&z);
	buf_fini(&text);
	buf_fini(&out);
	close(fd);
}

static void
a_bomb_is_not_unpacked_to_its_end(void **state)
{
	(void)state;
	struct buf out = {0};
	z_stream z = {0};
	static char zeros[1 << 20];
	options.caps.expand_free_bytes = 1 << 20;
	options.caps.frame_bytes = 4096;
	start_compressed();
	assert_int_equal(deflateInit(&z, 9), Z_OK);
	memset(zeros, 'a', sizeof(zeros));
	for (int i = 0; i < 64; i++)
		pack(&z, slice_of(zeros, sizeof(zeros)), Z_NO_FLUSH, &out);
	pack(&z, S("\n"), Z_FINISH, &out);
	int fd = connect_to(0);
	send_bytes(fd, buf_slice(&out));
	expect_end(fd);
	wait_for(counters_of(INTAKE_TCP).refused == 1);
	assert_non_null(strstr(read_log(), "expands too much"));
	deflateEnd(&z);
	buf_fini(&out);
}

static void
what_is_no_zlib_stream_is_closed(void **state)
{
	(void)state;
	start_compressed();
	int fd = connect_to(0);
	send_text(fd, "<22>Nov 22 05:21:39 mx1 a: plain\n");
	expect_end(fd);
	assert_non_null(strstr(read_log(), "no zlib stream"));
}

/* ---- datagrams ---- */

static int
udp_to(size_t listener)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(intake_port(intake, listener)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void
a_datagram_is_a_line(void **state)
{
	(void)state;
	char large[3000];
	memset(large, 'x', sizeof(large));
	options.caps.frame_bytes = 2000;
	start_one(INTAKE_UDP);
	int fd = udp_to(0);
	send_text(fd, "<22>one\nand more\n");
	send_bytes(fd, slice_of(large, sizeof(large)));
	assert_int_equal(send(fd, "", 0, 0), 0);
	send_text(fd, "\n");
	send_text(fd, "two");
	const char *records = read_records(3);
	assert_non_null(strstr(records, "127.0.0.1 <22>one\nand more|"));
	assert_non_null(strstr(records, "127.0.0.1 two|"));
	wait_for(counters_of(INTAKE_UDP).frames == 5);
	wait_for(counters_of(INTAKE_UDP).cut == 1);
	wait_for(counters_of(INTAKE_UDP).empty == 2);
	close(fd);
}

static void
many_datagrams_come_in_order(void **state)
{
	(void)state;
	char line[32];
	start_one(INTAKE_UDP);
	int fd = udp_to(0);
	for (int i = 0; i < 500; i++) {
		snprintf(line, sizeof(line), "%d", i);
		send_text(fd, line);
	}
	for (int i = 0; i < 500; i++) {
		snprintf(line, sizeof(line), "127.0.0.1 %d|", i);
		assert_string_equal(read_records(1), line);
	}
	close(fd);
}

static void
datagrams_of_strangers_are_refused(void **state)
{
	(void)state;
	const struct slice networks[] = {S("192.0.2.0/24")};
	const struct intake_sender sender = {.networks = networks, .network_count = 1};
	options.senders = &sender;
	options.sender_count = 1;
	start_one(INTAKE_UDP);
	int fd = udp_to(0);
	send_text(fd, "one");
	wait_for(counters_of(INTAKE_UDP).refused == 1);
	assert_int_equal(count_records(), 0);
	close(fd);
}

static struct sockaddr_un
unix_address(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const char *path = scratch_path(name);
	assert_true(strlen(path) < sizeof(at.sun_path));
	memcpy(at.sun_path, path, strlen(path));
	return at;
}

static void
a_unix_socket_replaces_a_stale_one(void **state)
{
	(void)state;
	struct stat st;
	struct sockaddr_un at = unix_address("log");
	const char *path = at.sun_path;
	int stale = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(stale, (struct sockaddr *)&at, sizeof(at)), 0);
	add_listener((struct intake_listener){.kind = INTAKE_UNIX, .path = path, .mode = 0622});
	refuse_intake("another process reads the socket");
	close(stale);
	start_intake();
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0622);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	send_text(fd, "<22>Nov 22 05:21:39 postfix/smtpd[1]: text");
	assert_string_equal(read_records(1), "local <22>Nov 22 05:21:39 postfix/smtpd[1]: text|");
	close(fd);
	stop_intake();
	assert_int_equal(stat(path, &st), -1);
}

/* ---- a full spool ---- */

/* As much as the socket takes, of lines with 1,000 bytes each. */
static void
flood(int fd)
{
	static char line[1001];
	static size_t done;
	memset(line, 'x', 1000);
	line[1000] = '\n';
	ssize_t n = send(fd, line + done, sizeof(line) - done, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		done = (done + (size_t)n) % sizeof(line);
}

static void
reading_stops_when_the_spool_is_full_and_goes_on(void **state)
{
	(void)state;
	struct error err;
	reopen_spool(1 << 20, 24 << 20);
	add_listener((struct intake_listener){.kind = INTAKE_RELP});
	add_listener((struct intake_listener){.kind = INTAKE_TCP});
	start_intake();
	int fd = connect_to(1), relp = open_relp(0);
	while (!strstr(read_log(), "the spool is full"))
		flood(fd);
	wait_for(counters_of(INTAKE_RELP).full_stops == 1 &&
		 counters_of(INTAKE_TCP).stored == counters_of(INTAKE_TCP).frames);
	send_text(relp, "2 syslog 4 late\n");
	size_t seen = count_records();
	assert_false(has_bytes(relp));
	assert_true(spool_trim(spool, records_position(), &err));
	expect(relp, "2 rsp 6 200 OK\n");
	wait_for((seen += count_records()) == counters_of(INTAKE_TCP).stored + 1);
	assert_non_null(strstr(read_log(), "reading goes on"));
	close(fd);
	close(relp);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, intake_setup, intake_teardown)
	const struct CMUnitTest tests[] = {
		TEST(lines_and_counted_frames_are_told_apart),
		TEST(a_counted_frame_without_its_end_is_kept_and_counted),
		TEST(a_line_without_end_is_cut),
		TEST(all_addresses_are_listened_at),
		TEST(a_trickle_is_on_the_disk_soon_and_not_line_by_line),
		TEST(a_session_with_too_much_unsynced_is_stopped_and_goes_on),
		TEST(compressed_lines_are_read),
		TEST(much_compressed_text_waits_its_turn),
		TEST(a_bomb_is_not_unpacked_to_its_end),
		TEST(what_is_no_zlib_stream_is_closed),
		TEST(a_datagram_is_a_line),
		TEST(many_datagrams_come_in_order),
		TEST(datagrams_of_strangers_are_refused),
		TEST(a_unix_socket_replaces_a_stale_one),
		TEST(reading_stops_when_the_spool_is_full_and_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
