#include "unit.h"

#include "wire/relp.h"

#include <stdlib.h>

/* All frames of the stream, fed in pieces of `piece` bytes, or of random length where `seed` is
 * given: "txnr command data|", with "+n" behind data that was cut by n bytes. A stream that is no
 * RELP ends in "!" and the reason. A piece is wiped once it is used up. */
static void
collect(struct relp_reader *r, struct slice stream, size_t piece, uint64_t *seed, struct buf *out)
{
	struct relp_frame frame;
	enum relp_result result = RELP_MORE;
	buf_clear(out);
	while (stream.n > 0 && result != RELP_BROKEN) {
		size_t n = seed ? 1 + random_below(seed, piece) : piece;
		struct slice part = slice_head(stream, n);
		char *copy = slice_dup(part);
		struct slice input = slice_of(copy, part.n);
		stream = slice_skip(stream, part.n);
		while ((result = relp_next(r, &input, &frame)) == RELP_FRAME) {
			buf_addf(out, "%u %.*s ", frame.txnr, SLICE_ARG(frame.name));
			buf_add(out, frame.data);
			if (frame.cut_bytes)
				buf_addf(out, "+%zu", frame.cut_bytes);
			buf_add_char(out, '|');
		}
		assert_true(result == RELP_BROKEN || input.n == 0);
		memset(copy, '#', part.n);
		free(copy);
	}
	if (result == RELP_BROKEN)
		buf_addf(out, "!%s", r->reason);
}

/* However the stream is cut, it gives the same frames. */
static void
check_frames(struct slice stream, size_t cap, struct slice want, int line)
{
	uint64_t seed = 7;
	struct buf out = {0};
	for (size_t piece = 1; piece <= stream.n + 20; piece++) {
		struct relp_reader r;
		relp_reader_init(&r, cap);
		collect(&r, stream, piece <= stream.n ? piece : 9, piece <= stream.n ? NULL : &seed,
			&out);
		check_slice(buf_slice(&out), want, __FILE__, line);
		relp_reader_fini(&r);
	}
	buf_fini(&out);
}

#define assert_frames(stream, want) check_frames(S(stream), 1024, S(want), __LINE__)

static void
a_session_of_rsyslog_is_read(void **state)
{
	(void)state;
	assert_frames("1 open 86 relp_version=0\nrelp_software=librelp,1.11.0,"
		      "http://librelp.adiscon.com\ncommands=syslog\n"
		      "2 syslog 31 <22>Nov 22 05:21:39 mx a[1]: bc\n"
		      "3 syslog 5 <22>\n\n"
		      "4 close 0\n",
		"1 open relp_version=0\nrelp_software=librelp,1.11.0,http://librelp.adiscon.com"
		"\ncommands=syslog|"
		"2 syslog <22>Nov 22 05:21:39 mx a[1]: bc|"
		"3 syslog <22>\n|"
		"4 close |");
}

static void
commands_are_told_apart_by_their_exact_name(void **state)
{
	(void)state;
	static const struct {
		const char *stream;
		enum relp_command command;
	} cases[] = {
		{"1 open 0\n", RELP_OPEN},
		{"1 syslog 0\n", RELP_SYSLOG},
		{"1 close 0\n", RELP_CLOSE},
		{"1 rsp 0\n", RELP_OTHER},
		{"0 serverclose 0\n", RELP_OTHER},
		{"1 OPEN 0\n", RELP_OTHER},
		{"1 syslogs 0\n", RELP_OTHER},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct relp_reader r;
		struct relp_frame frame;
		struct slice input = slice_of_str(cases[i].stream);
		relp_reader_init(&r, 1024);
		assert_int_equal(relp_next(&r, &input, &frame), RELP_FRAME);
		assert_int_equal(frame.command, cases[i].command);
		relp_reader_fini(&r);
	}
}

static void
data_may_hold_any_byte(void **state)
{
	(void)state;
	assert_frames("1 syslog 3 \n\n\n\n2 syslog 2 a\0\n", "1 syslog \n\n\n|2 syslog a\0|");
	assert_frames("1 syslog 14 \n2 syslog 1 x\n\n", "1 syslog \n2 syslog 1 x\n|");
	assert_frames("1 syslog 1  \n2 syslog 1 \xff\n", "1 syslog  |2 syslog \xff|");
}

static void
a_frame_without_data_has_no_blank_behind_its_length(void **state)
{
	(void)state;
	assert_frames("1 close 0\n2 close 000\n", "1 close |2 close |");
	assert_frames("1 close 0 \n", "!a data length must follow the command");
	assert_frames("1 syslog 1\n", "!a data length must follow the command");
}

static void
numbers_of_commands_run_to_nine_nines_and_begin_again(void **state)
{
	(void)state;
	assert_frames("999999998 close 0\n999999999 close 0\n1 close 0\n",
		"999999998 close |999999999 close |1 close |");
	assert_frames("000000007 close 0\n7 close 0\n3 close 0\n0 close 0\n",
		"7 close |7 close |3 close |0 close |");
	assert_frames("1000000000 close 0\n", "!transaction number of more than 9 digits");
	assert_frames("0000000001 close 0\n", "!transaction number of more than 9 digits");
}

static void
what_is_no_number_breaks_the_session(void **state)
{
	(void)state;
	static const char reason[] = "!a frame must begin with a transaction number";
	check_frames(S("x"), 99, S(reason), __LINE__);
	check_frames(S(" 1 close 0\n"), 99, S(reason), __LINE__);
	check_frames(S("-1 close 0\n"), 99, S(reason), __LINE__);
	check_frames(S("1\tclose 0\n"), 99, S(reason), __LINE__);
	check_frames(S("\n"), 99, S(reason), __LINE__);
	check_frames(S("<22>Nov 22 05:21:39 mx a: b\n"), 99, S(reason), __LINE__);
	check_frames(S("\x16\x03\x01\x02"), 99, S(reason), __LINE__); /* a TLS client */
	assert_frames("1 syslog x\n", "!a data length must follow the command");
	assert_frames("1 syslog \n", "!a data length must follow the command");
	assert_frames("1 syslog  1 x\n", "!a data length must follow the command");
	assert_frames("1 syslog -1 x\n", "!a data length must follow the command");
}

static void
a_command_has_1_to_32_letters(void **state)
{
	(void)state;
	assert_frames(
		"1 abcdefghijklmnopqrstuvwxyzABCDEF 0\n", "1 abcdefghijklmnopqrstuvwxyzABCDEF |");
	assert_frames(
		"1 abcdefghijklmnopqrstuvwxyzABCDEFG 0\n", "!command of more than 32 letters");
	assert_frames("1  0\n", "!a command must follow the transaction number");
	assert_frames("1 sys-log 0\n", "!a command must follow the transaction number");
	assert_frames("1 syslog\n", "!a command must follow the transaction number");
}

static void
data_must_end_in_a_line_feed(void **state)
{
	(void)state;
	assert_frames("1 syslog 3 abcd\n2 close 0\n", "!a line feed must follow the data");
	assert_frames("1 syslog 3 abc\r\n", "!a line feed must follow the data");
	assert_frames("1 syslog 1 a\n2 syslog 3 abc3 close 0\n",
		"1 syslog a|!a line feed must follow the data");
	assert_frames("1 syslog 3 abc", "");
}

static void
long_data_is_cut_and_the_session_lives(void **state)
{
	(void)state;
	check_frames(S("1 syslog 10 0123456789\n2 syslog 4 abcd\n3 syslog 5 abcde\n"), 4,
		S("1 syslog 0123+6|2 syslog abcd|3 syslog abcd+1|"), __LINE__);
	check_frames(S("1 syslog 4 abcX\n2 syslog 5 abcdeX"), 3,
		S("1 syslog abc+1|!"
		  "a line feed must follow the data"),
		__LINE__);

	struct relp_reader r;
	struct buf out = {0};
	relp_reader_init(&r, 4);
	collect(&r, S("1 syslog 10 0123456789\n2 syslog 4 abcd\n3 syslog 5 abcde\n"), 3, NULL,
		&out);
	assert_int_equal(r.frames, 3);
	assert_int_equal(r.cut_frames, 2);
	assert_int_equal(r.dropped_bytes, 7);
	relp_reader_fini(&r);
	buf_fini(&out);
}

static void
a_huge_length_takes_no_memory(void **state)
{
	(void)state;
	enum { CAP = 1000, ROUNDS = 999999999 / 100000 };
	static char zeros[100000];
	struct relp_reader r;
	struct relp_frame frame;
	struct slice input = S("1 syslog 999999999 ");
	relp_reader_init(&r, CAP);
	assert_int_equal(relp_next(&r, &input, &frame), RELP_MORE);
	for (int i = 0; i < ROUNDS; i++) {
		input = slice_of(zeros, sizeof(zeros));
		assert_int_equal(relp_next(&r, &input, &frame), RELP_MORE);
		assert_int_equal(input.n, 0);
		assert_true(r.partial.cap <= 2 * CAP + 256);
	}
	input = slice_of(zeros, 999999999 % sizeof(zeros));
	assert_int_equal(relp_next(&r, &input, &frame), RELP_MORE);
	input = S("\n2 close 0\n");
	assert_int_equal(relp_next(&r, &input, &frame), RELP_FRAME);
	assert_int_equal(frame.data.n, CAP);
	assert_int_equal(frame.cut_bytes, 999999999 - CAP);
	assert_int_equal(relp_next(&r, &input, &frame), RELP_FRAME);
	assert_int_equal(frame.txnr, 2);
	relp_reader_fini(&r);
	assert_frames("1 syslog 1000000000 ", "!data length of more than 9 digits");
}

static void
a_broken_session_stays_broken_and_takes_nothing_more(void **state)
{
	(void)state;
	struct relp_reader r;
	struct relp_frame frame;
	struct slice input = S("1 close 0\nGET / HTTP/1.1\n"), more = S("1 close 0\n");
	relp_reader_init(&r, 1024);
	assert_int_equal(relp_next(&r, &input, &frame), RELP_FRAME);
	assert_int_equal(relp_next(&r, &input, &frame), RELP_BROKEN);
	assert_slice(input, "GET / HTTP/1.1\n");
	assert_int_equal(relp_next(&r, &more, &frame), RELP_BROKEN);
	assert_slice(more, "1 close 0\n");
	assert_int_equal(r.frames, 1);
	relp_reader_fini(&r);
}

static void
a_frame_within_the_input_is_not_copied(void **state)
{
	(void)state;
	struct relp_reader r;
	struct relp_frame frame;
	struct slice input = S("1 syslog 2 ab\n2 syslog 3 abc\n3 sys");
	const char *start = input.p;
	relp_reader_init(&r, 1024);
	assert_int_equal(relp_next(&r, &input, &frame), RELP_FRAME);
	assert_ptr_equal(frame.data.p, start + 11);
	assert_int_equal(relp_next(&r, &input, &frame), RELP_FRAME);
	assert_ptr_equal(frame.data.p, start + 25);
	assert_int_equal(relp_next(&r, &input, &frame), RELP_MORE);
	assert_int_equal(r.partial.cap, 0);
	relp_reader_fini(&r);
}

static void
random_bytes_give_the_same_frames_however_they_are_cut(void **state)
{
	(void)state;
	static const char *const parts[] = {"1 syslog 5 abcde\n", "2 close 0\n", "3 a 12 ", "\n",
		"4 syslog 30 ", "0123456789", "77", " ", "x"};
	uint64_t seed = 42;
	struct buf stream = {0}, whole = {0}, pieces = {0};
	for (int round = 0; round < 3000; round++) {
		struct relp_reader r;
		buf_clear(&stream);
		for (int i = 0; i < 12; i++)
			buf_add_str(&stream, parts[random_below(&seed, i < 4 ? 2 : 9)]);
		relp_reader_init(&r, 8);
		collect(&r, buf_slice(&stream), stream.n, NULL, &whole);
		uint64_t dropped = r.dropped_bytes;
		relp_reader_fini(&r);
		relp_reader_init(&r, 8);
		collect(&r, buf_slice(&stream), 9, &seed, &pieces);
		check_slice(buf_slice(&pieces), buf_slice(&whole), __FILE__, __LINE__);
		assert_int_equal(r.dropped_bytes, dropped);
		relp_reader_fini(&r);
	}
	buf_fini(&stream);
	buf_fini(&whole);
	buf_fini(&pieces);
}

/* The steps of a session of these commands: o(pen), s(yslog), c(lose), r(sp), h(int). A step is
 * O, S, C, "-" for nothing, and "!" with the reason. */
static void
check_session(const char *commands, struct slice want, int line)
{
	static const char marks[] = {[RELP_STEP_IGNORE] = '-',
		[RELP_STEP_OPEN] = 'O',
		[RELP_STEP_STORE] = 'S',
		[RELP_STEP_CLOSE] = 'C',
		[RELP_STEP_REFUSE] = '!'};
	struct relp_session session = {0};
	struct buf out = {0};
	for (const char *p = commands; *p; p++) {
		const char *reason = "";
		struct relp_frame frame = {.txnr = *p != 'h',
			.command = *p == 'o'   ? RELP_OPEN
				   : *p == 's' ? RELP_SYSLOG
				   : *p == 'c' ? RELP_CLOSE
					       : RELP_OTHER};
		buf_add_char(&out, marks[relp_session_check(&session, &frame, &reason)]);
		buf_add_str(&out, reason);
	}
	check_slice(buf_slice(&out), want, __FILE__, line);
	buf_fini(&out);
}

#define assert_session(commands, want) check_session((commands), S(want), __LINE__)

static void
a_session_begins_with_open_and_ends_with_close(void **state)
{
	(void)state;
	assert_session("ossc", "OSSC");
	assert_session("s", "!the first command must be open");
	assert_session("c", "!the first command must be open");
	assert_session("r", "!the first command must be open");
	assert_session("ocs", "OC!command after close");
	assert_session("oco", "OC!command after close");
	assert_session("or", "O!unknown command");
	assert_session("hohshch", "-O-S-C-");
	assert_session("oos", "OOS"); /* librelp may send open again when it resends */
}

static void
check_open(struct slice offers_text, bool accepted, struct slice want, int line)
{
	struct relp_offers offers;
	struct buf out = {0};
	relp_offers_read(offers_text, &offers);
	if (relp_add_open(&out, 1, &offers) != accepted)
		_fail(__FILE__, line);
	check_slice(buf_slice(&out), want, __FILE__, line);
	buf_fini(&out);
}

#define assert_accepted(offers, want) check_open(S(offers), true, S(want), __LINE__)
#define assert_refused(offers, want)  check_open(S(offers), false, S(want), __LINE__)

#define ANSWER_0 "1 rsp 56 200 OK\nrelp_version=0\nrelp_software=else\ncommands=syslog\n"
#define ANSWER_1 "1 rsp 56 200 OK\nrelp_version=1\nrelp_software=else\ncommands=syslog\n"

static void
open_is_answered_with_the_version_of_the_client(void **state)
{
	(void)state;
	assert_accepted("relp_version=0\nrelp_software=librelp,1.11.0,http://librelp.adiscon.com\n"
			"commands=syslog",
		ANSWER_0);
	assert_accepted("relp_version=1\ncommands=syslog", ANSWER_1);
	assert_accepted("commands=syslog", ANSWER_0);
	assert_accepted("relp_version=2,1,0\ncommands=syslog", ANSWER_1);
	assert_accepted("relp_version=0,7\ncommands=syslog", ANSWER_0);
	assert_refused("relp_version=2\ncommands=syslog",
		"1 rsp 36 500 relp_version is higher than ours\n");
	assert_refused(
		"relp_version=x\ncommands=syslog", "1 rsp 29 500 relp_version is no number\n");
	assert_refused(
		"relp_version=\ncommands=syslog", "1 rsp 29 500 relp_version is no number\n");
	assert_refused("relp_version\ncommands=syslog", "1 rsp 29 500 relp_version is no number\n");
	assert_refused("relp_version=99999999999999999999\ncommands=syslog",
		"1 rsp 29 500 relp_version is no number\n");
}

static void
a_client_without_the_syslog_command_is_refused(void **state)
{
	(void)state;
	assert_accepted("relp_version=0\ncommands=eventlog,syslog,x", ANSWER_0);
	assert_refused("relp_version=0\ncommands=eventlog",
		"1 rsp 44 500 required command not supported by client\n");
	assert_refused("relp_version=0\ncommands=syslogs\n",
		"1 rsp 44 500 required command not supported by client\n");
	assert_refused("relp_version=0", "1 rsp 44 500 required command not supported by client\n");
	assert_refused("", "1 rsp 44 500 required command not supported by client\n");
}

static void
unknown_offers_are_passed_over(void **state)
{
	(void)state;
	struct relp_offers offers;
	assert_accepted(
		"\ntls\n=\nx=1,,\nrelp_version=0\nRELP_VERSION=9\ncommands=syslog\n\n", ANSWER_0);
	relp_offers_read(S("commands=syslog\nrelp_software=librelp,1.11.0,http://a=b\n"), &offers);
	assert_slice(offers.software, "librelp,1.11.0,http://a=b");
	relp_offers_read(S("commands=syslog"), &offers);
	assert_int_equal(offers.software.n, 0);
}

static void
answers_are_frames_as_librelp_reads_them(void **state)
{
	(void)state;
	struct buf out = {0};
	relp_add_ok(&out, 2);
	relp_add_ok(&out, 999999999);
	relp_add_error(&out, 3, 500, S("no room"));
	relp_add_close(&out, 4);
	relp_add_serverclose(&out);
	assert_text(out, "2 rsp 6 200 OK\n"
			 "999999999 rsp 6 200 OK\n"
			 "3 rsp 11 500 no room\n"
			 "4 rsp 0\n"
			 "0 serverclose 0\n");
	buf_fini(&out);
}

static void
a_hint_has_no_answer(void **state)
{
	(void)state;
	struct buf out = {0};
	struct relp_offers offers;
	relp_offers_read(S("commands=syslog"), &offers);
	relp_add_ok(&out, 0);
	relp_add_open(&out, 0, &offers);
	relp_add_error(&out, 0, 500, S("x"));
	relp_add_close(&out, 0);
	assert_int_equal(out.n, 0);
	buf_fini(&out);
}

static void
the_text_of_an_error_is_one_short_line(void **state)
{
	(void)state;
	struct buf out = {0};
	relp_add_error(&out, 1, 500, S("a\nb\x7f\xc3\xa4\t~ "));
	assert_text(out, "1 rsp 13 500 a?b????~ \n");
	buf_clear(&out);
	relp_add_error(&out, 1, 500,
		S("0123456789012345678901234567890123456789"
		  "0123456789012345678901234567890123456789cut"));
	assert_text(out, "1 rsp 84 500 0123456789012345678901234567890123456789"
			 "0123456789012345678901234567890123456789\n");
	buf_clear(&out);
	relp_add_error(&out, 1, 500, S(""));
	assert_text(out, "1 rsp 4 500 \n");
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_of_rsyslog_is_read),
		cmocka_unit_test(commands_are_told_apart_by_their_exact_name),
		cmocka_unit_test(data_may_hold_any_byte),
		cmocka_unit_test(a_frame_without_data_has_no_blank_behind_its_length),
		cmocka_unit_test(numbers_of_commands_run_to_nine_nines_and_begin_again),
		cmocka_unit_test(what_is_no_number_breaks_the_session),
		cmocka_unit_test(a_command_has_1_to_32_letters),
		cmocka_unit_test(data_must_end_in_a_line_feed),
		cmocka_unit_test(long_data_is_cut_and_the_session_lives),
		cmocka_unit_test(a_huge_length_takes_no_memory),
		cmocka_unit_test(a_broken_session_stays_broken_and_takes_nothing_more),
		cmocka_unit_test(a_frame_within_the_input_is_not_copied),
		cmocka_unit_test(random_bytes_give_the_same_frames_however_they_are_cut),
		cmocka_unit_test(a_session_begins_with_open_and_ends_with_close),
		cmocka_unit_test(open_is_answered_with_the_version_of_the_client),
		cmocka_unit_test(a_client_without_the_syslog_command_is_refused),
		cmocka_unit_test(unknown_offers_are_passed_over),
		cmocka_unit_test(answers_are_frames_as_librelp_reads_them),
		cmocka_unit_test(a_hint_has_no_answer),
		cmocka_unit_test(the_text_of_an_error_is_one_short_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
