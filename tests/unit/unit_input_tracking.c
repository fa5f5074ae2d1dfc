#include "input_fixture.h"

#include "wire/msgtrk.h"

#define TRACKING_HEAD                                                                              \
	"#Software: Microsoft Exchange Server\r\n#Log-type: Message Tracking Log\r\n"              \
	"#Fields: date-time,client-ip,server-hostname,event-id,message-subject\r\n"

static void
tracking_logs_are_recognised(void **state)
{
	(void)state;
	files_write("MSGTRK.LOG", S("\xef\xbb\xbf" TRACKING_HEAD
				    "2026-11-22T01:00:00.500Z,,EX1,RECEIVE,\"a\r\nb\"\r\n"
				    "2026-11-22T01:00:02.500Z,,EX1,SEND,c\r\n"));
	files_write("log",
		S("Nov 22 01:00:00 a x: 1\nNov 22 01:00:01 a x: 2\nNov 22 01:00:03 a x: 3\n"));
	assert_texts("log MSGTRK.LOG", "1|2026-11-22T01:00:00.500Z,,EX1,RECEIVE,\"a\r\nb\"|2|"
				       "2026-11-22T01:00:02.500Z,,EX1,SEND,c|3|");
	struct line line;
	struct input_source *source;
	struct arena scratch = {0};
	struct input *in = input_open_names(&input_utc, "MSGTRK.LOG");
	assert_int_equal(input_source_at(in, 0)->format, INPUT_MSGTRK);
	assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
	assert_slice(line.host, "EX1");
	assert_slice(line.program, "MSGTRK");
	assert_slice(
		msgtrk_field(line.columns, line.text, MSGTRK_MESSAGE_SUBJECT, &scratch), "a\r\nb");
	uint64_t offset = source->offset;
	assert_int_equal(source->line_number, 5);
	input_close(&in);

	in = input_open_names(
		&input_utc, "MSGTRK.LOG"); /* the head is known when reading begins behind it */
	input_resume(in, input_source_at(in, 0), offset, 0);
	assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
	assert_slice(msgtrk_field(line.columns, line.text, MSGTRK_EVENT_ID, &scratch), "SEND");
	assert_int_equal(input_next(in, &line, &source), INPUT_END);
	input_close(&in);
	arena_fini(&scratch);
}

static void
a_tracking_log_without_head_is_read_by_its_number_of_fields(void **state)
{
	(void)state;
	files_write("MSGTRK.LOG", S("2026-11-22T01:00:00Z,,,,EX1,,,SMTP,SEND,,,,,,,,,,,,\r\n"));
	struct line line;
	struct input_source *source;
	struct arena scratch = {0};
	struct input *in = input_open_names(&input_utc, "MSGTRK.LOG");
	assert_int_equal(input_next(in, &line, &source), INPUT_LINE);
	assert_slice(msgtrk_field(line.columns, line.text, MSGTRK_EVENT_ID, &scratch), "SEND");
	assert_warning(source, "columns told by their number");
	input_close(&in);
	arena_fini(&scratch);
}

static void
quotes_never_closed_cost_no_row(void **state)
{
	(void)state;
	files_write("MSGTRK.LOG", S(TRACKING_HEAD "2026-11-22T01:00:00Z,,EX1,SEND,\"open\r\n"
						  "2026-11-22T01:00:01Z,,EX1,SEND,b\r\n"));
	struct buf out = {0};
	struct input *in = input_open_names(&input_utc, "MSGTRK.LOG");
	input_read_texts(in, &out);
	assert_text(out, "2026-11-22T01:00:00Z,,EX1,SEND,\"open|2026-11-22T01:00:01Z,,EX1,SEND,b|");
	assert_warning(input_source_at(in, 0), "quotes not closed in 1 rows");
	input_close(&in);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tracking_logs_are_recognised),
		cmocka_unit_test(a_tracking_log_without_head_is_read_by_its_number_of_fields),
		cmocka_unit_test(quotes_never_closed_cost_no_row),
	};
	return cmocka_run_group_tests(tests, files_setup, files_teardown);
}
