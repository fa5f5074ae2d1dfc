#include "unit.h"

#include "base/time.h"
#include "wire/msgtrk.h"

#define FIELDS_2007                                                                                \
	"#Fields: date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,"   \
	"connector-id,source,event-id,internal-message-id,message-id,recipient-address,"           \
	"recipient-status,total-bytes,recipient-count,related-recipient-address,reference,"        \
	"message-subject,sender-address,return-path,message-info"
#define FIELDS_2019                                                                                \
	"#Fields: date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,"   \
	"connector-id,source,event-id,internal-message-id,message-id,network-message-id,"          \
	"recipient-address,recipient-status,total-bytes,recipient-count,"                          \
	"related-recipient-address,reference,message-subject,sender-address,return-path,"          \
	"message-info,directionality,tenant-id,original-client-ip,original-server-ip,custom-data," \
	"transport-traffic-type,log-id,schema-version"
#define ROW_2019                                                                                   \
	"2026-11-22T05:21:39.632Z,192.0.2.7,mx1,192.0.2.9,EX1,\"08D4;a,b\",EX1\\Default EX1,SMTP," \
	"RECEIVE,64712272257893,<m@x.example>,13fad5b7,\"a@x.example;b@x.example\",,7631,2,,,"     \
	"\"Say \"\"hello\"\", Bob\",c@y.example,c@y.example,0cI:,Incoming,,192.0.2.7,192.0.2.9,"   \
	"S:AMA=SUM|action=p;S:CompCost=|ETR=0,Email,1234,15.02.2562.045"

static void
comments_are_told_from_rows(void **state)
{
	(void)state;
	struct msgtrk_columns columns;
	assert_int_equal(
		msgtrk_look(S("#Software: Microsoft Exchange Server"), &columns), MSGTRK_COMMENT);
	assert_int_equal(msgtrk_look(S(""), &columns), MSGTRK_COMMENT);
	assert_int_equal(msgtrk_look(S(FIELDS_2007), &columns), MSGTRK_FIELDS);
	assert_int_equal(msgtrk_look(S(ROW_2019), &columns), MSGTRK_ROW);
}

static void
columns_are_bound_by_name(void **state)
{
	(void)state;
	struct msgtrk_columns columns;
	struct arena scratch = {0};
	msgtrk_look(
		S("#Fields: event-id, Sender-Address,new-in-2031,date-time,event-id"), &columns);
	assert_int_equal(columns.field_count, 5);
	struct slice row = S("SEND,a@b,?,2026-11-22T05:21:39Z,x");
	assert_slice(msgtrk_field(&columns, row, MSGTRK_EVENT_ID, &scratch), "SEND");
	assert_slice(msgtrk_field(&columns, row, MSGTRK_SENDER_ADDRESS, &scratch), "a@b");
	assert_slice(msgtrk_field(&columns, row, MSGTRK_MESSAGE_ID, &scratch), "");
	arena_fini(&scratch);
}

static void
a_row_becomes_a_line(void **state)
{
	(void)state;
	struct msgtrk_columns columns;
	struct line line;
	struct buf b = {0};
	msgtrk_look(S(FIELDS_2019), &columns);
	assert_true(msgtrk_read(S(ROW_2019), &columns, &line));
	time_add_iso_ms(&b, line.t_us);
	assert_text(b, "2026-11-22T05:21:39.632Z");
	assert_slice(line.host, "EX1");
	assert_slice(line.program, "MSGTRK");
	assert_slice(line.text, ROW_2019);
	assert_slice(line.raw, ROW_2019);
	assert_ptr_equal(line.columns, &columns);
	buf_fini(&b);
}

static void
the_host_is_the_client_when_there_is_no_server(void **state)
{
	(void)state;
	struct msgtrk_columns columns;
	struct line line;
	msgtrk_look(S(FIELDS_2007), &columns);
	assert_true(msgtrk_read(
		S("\"2026-11-22T05:21:39Z\",,\"EX2\",,,,,AGENT,AGENTINFO"), &columns, &line));
	assert_slice(line.host, "EX2");
	assert_false(msgtrk_read(S("no time,,EX2"), &columns, &line));
	assert_int_equal(line.t_us, 0);
	assert_slice(line.host, "EX2");
	assert_false(msgtrk_read(S(""), &columns, &line));
}

static void
fields_come_without_their_quotes(void **state)
{
	(void)state;
	struct msgtrk_columns columns;
	struct arena scratch = {0};
	struct slice fields[MSGTRK_COLUMN_COUNT];
	msgtrk_look(S(FIELDS_2019), &columns);
	assert_int_equal(msgtrk_split(&columns, S(ROW_2019), &scratch, fields), 30);
	assert_slice(fields[MSGTRK_SOURCE_CONTEXT], "08D4;a,b");
	assert_slice(fields[MSGTRK_MESSAGE_SUBJECT], "Say \"hello\", Bob");
	assert_slice(fields[MSGTRK_RECIPIENT_ADDRESS], "a@x.example;b@x.example");
	assert_slice(fields[MSGTRK_RECIPIENT_STATUS], "");
	assert_slice(fields[MSGTRK_SCHEMA_VERSION], "15.02.2562.045");
	for (int i = 0; i < MSGTRK_COLUMN_COUNT; i++)
		check_slice(msgtrk_field(&columns, S(ROW_2019), (enum msgtrk_column)i, &scratch),
			fields[i], __FILE__, __LINE__);
	assert_int_equal(msgtrk_split(&columns, S("x,y"), &scratch, fields), 2);
	assert_slice(fields[MSGTRK_CLIENT_IP], "y");
	assert_slice(fields[MSGTRK_EVENT_ID], "");
	arena_fini(&scratch);
}

static void
the_number_of_fields_tells_the_version(void **state)
{
	(void)state;
	struct msgtrk_columns named, guessed;
	msgtrk_look(S(FIELDS_2019), &named);
	assert_true(msgtrk_guess_columns(S(ROW_2019), &guessed));
	assert_memory_equal(&named, &guessed, sizeof(named));
	msgtrk_look(S(FIELDS_2007), &named);
	assert_true(msgtrk_guess_columns(S("2026-11-22T05:21:39Z,,,,,,,,,,,,,,,,,,,,"), &guessed));
	assert_memory_equal(&named, &guessed, sizeof(named));
	assert_false(
		msgtrk_guess_columns(S("2026-11-22T05:21:39Z,,,,,,,,,,,,,,,,,,,,,"), &guessed));
	assert_false(msgtrk_guess_columns(S("yesterday,,,,,,,,,,,,,,,,,,,,"), &guessed));
	assert_false(
		msgtrk_guess_columns(S("2026-11-22T05:21:39Z mx postfix/smtpd[1]: a"), &guessed));
}

static void
a_hundred_columns_more_do_no_harm(void **state)
{
	(void)state;
	struct msgtrk_columns columns;
	struct arena scratch = {0};
	struct slice fields[MSGTRK_COLUMN_COUNT];
	struct buf b = {0};
	buf_add_str(&b, "#Fields: date-time");
	for (int i = 0; i < 200; i++)
		buf_add_str(&b, ",source");
	assert_int_equal(msgtrk_look(buf_slice(&b), &columns), MSGTRK_FIELDS);
	assert_int_equal(columns.field_count, 201);
	assert_int_equal(msgtrk_split(&columns, buf_slice(&b), &scratch, fields), 201);
	assert_slice(fields[MSGTRK_SOURCE], "source");
	buf_fini(&b);
	arena_fini(&scratch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_are_told_from_rows),
		cmocka_unit_test(columns_are_bound_by_name),
		cmocka_unit_test(a_row_becomes_a_line),
		cmocka_unit_test(the_host_is_the_client_when_there_is_no_server),
		cmocka_unit_test(fields_come_without_their_quotes),
		cmocka_unit_test(the_number_of_fields_tells_the_version),
		cmocka_unit_test(a_hundred_columns_more_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
