/* Explanations of codes and answers: what people paste (tests/golden/codes), the registry as a
 * whole, the words in every language. argv[1] is tests/golden. */
#include "golden.h"

#include "base/json.h"
#include "codes/codes_table.h"

static const char *golden_dir;

static bool
explain(const char *text, struct codes_explanation *e)
{
	struct codes_question q;
	codes_read(slice_of_str(text), &q);
	return codes_explain(&q, e);
}

static bool
explain_dsn(const char *dsn, enum reason reason, struct codes_explanation *e)
{
	struct codes_question q = {.dsn = slice_of_str(dsn), .reason = reason};
	return codes_explain(&q, e);
}

static const char *
retry_name(enum codes_retry retry)
{
	return retry == CODES_RETRY_BY_CODE ? "retry?"
	       : retry == CODES_RETRY_YES   ? "retry"
					    : "final";
}

/* ---- what people paste ---- */

static void
add_result(struct buf *b, struct slice text)
{
	struct codes_question q;
	struct codes_explanation e;
	codes_read(text, &q);
	if (!codes_explain(&q, &e)) {
		buf_add_str(b, "nothing\n");
		return;
	}
	buf_addf(b, "%.*s %.*s: %s by %s %s, %s, %s, %s, %s%s\n", SLICE_ARG(q.smtp),
		SLICE_ARG(q.dsn), e.text_key, e.provider ? e.provider : "any", e.key,
		e.reason ? reason_name(e.reason) : "-", codes_who_name(e.who), retry_name(e.retry),
		codes_severity_name(e.severity), e.general ? ", general" : "");
}

static void
test_answers_are_explained_as_expected(void **state)
{
	(void)state;
	struct buf log = {0}, actual = {0}, expected = {0};
	struct slice line;
	golden_read(&log, golden_dir, "answers", "log");
	struct slice rest = buf_slice(&log);
	while (slice_split(&rest, '\n', &line) && line.n)
		add_result(&actual, line);
	if (getenv("ELSE_GOLDEN_WRITE")) {
		FILE *file = golden_open(golden_dir, "answers", "expect", "w");
		assert_int_equal(fwrite(actual.p, 1, actual.n, file), actual.n);
		fclose(file);
	}
	golden_read(&expected, golden_dir, "answers", "expect");
	golden_compare("answers", buf_slice(&actual), buf_slice(&expected));
	buf_fini(&log);
	buf_fini(&actual);
	buf_fini(&expected);
}

/* ---- the registry ---- */

/* Details of the subjects X.0 to X.7 in IANA's "SMTP Enhanced Status Codes", from 0 on. */
static const unsigned last_detail[] = {0, 10, 4, 6, 7, 6, 10, 30};

static void
test_every_code_of_the_registry_has_a_row_of_its_own(void **state)
{
	(void)state;
	struct codes_explanation e;
	unsigned count = 0;
	for (unsigned subject = 0; subject < sizeof(last_detail) / sizeof(*last_detail); subject++)
		for (unsigned detail = 0; detail <= last_detail[subject]; detail++)
			for (unsigned class = 4; class <= 5; class ++, count++) {
				char dsn[16];
				snprintf(dsn, sizeof(dsn), "%u.%u.%u", class, subject, detail);
				assert_true(explain_dsn(dsn, REASON_NONE, &e));
				assert_false(e.general);
				assert_null(e.provider);
			}
	assert_int_equal(count, 2 * 81);
}

static void
test_every_code_of_the_smtp_standard_has_a_row_of_its_own(void **state)
{
	(void)state;
	static const char *const codes[] = {"220", "221", "235", "250", "251", "252", "334", "354",
		"421", "432", "450", "451", "452", "454", "455", "500", "501", "502", "503", "504",
		"521", "530", "534", "535", "538", "550", "551", "552", "553", "554", "555", "556"};
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		struct codes_explanation e;
		assert_true(explain(codes[i], &e));
		assert_false(e.general);
		assert_string_equal(e.key, codes[i]);
	}
}

static void
test_every_reason_is_explained_without_a_code(void **state)
{
	(void)state;
	for (int reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
		struct codes_explanation e;
		assert_true(explain_dsn("", (enum reason)reason, &e));
		assert_string_equal(e.key, "reason");
		assert_int_equal(e.reason, reason);
		assert_int_equal(e.general, reason == REASON_OTHER);
		assert_true(explain(reason_name((enum reason)reason), &e));
		assert_int_equal(e.reason, reason);
	}
}

/* The class that a code has by itself is reason.h's to say. */
static void
check_reason(const struct codes_row *row, struct slice smtp, struct slice dsn)
{
	enum reason own = reason_of(smtp, dsn, S(""));
	if (own != row->reason)
		print_error("%s: %s, but reason.h says %s\n", row->key, reason_name(row->reason),
			reason_name(own));
	assert_int_equal(own, row->reason);
}

static void
test_reason_of_a_row_is_that_of_its_code(void **state)
{
	(void)state;
	for (size_t i = 0; i < codes_rows_n; i++) {
		const struct codes_row *row = &codes_rows[i];
		if (row->provider || row->words || row->wild || row->reason == REASON_NONE)
			continue;
		if (row->kind == CODES_ROW_SMTP)
			check_reason(row, slice_of_str(row->key), S(""));
		for (unsigned class = 2; class <= 5 && row->kind == CODES_ROW_ENHANCED; class ++) {
			char dsn[16];
			snprintf(dsn, sizeof(dsn), "%u.%u.%u", class, row->subject, row->first);
			if (row->classes & 1 << class && class != 2)
				check_reason(row, S(""), slice_of_str(dsn));
		}
	}
}

/* ---- which row ---- */

static void
test_words_tell_more_than_a_code(void **state)
{
	(void)state;
	struct codes_explanation e;
	assert_true(explain_dsn("5.7.1", REASON_POLICY, &e));
	assert_string_equal(e.text_key, "not_authorized");
	assert_true(explain_dsn("5.7.1", REASON_OTHER, &e));
	assert_string_equal(e.text_key, "not_authorized");
	assert_true(explain_dsn("5.7.1", REASON_SPAM, &e));
	assert_string_equal(e.text_key, "spam");
	assert_int_equal(e.retry, CODES_RETRY_NO);
	assert_true(explain_dsn("4.7.1", REASON_SPAM, &e));
	assert_int_equal(e.retry, CODES_RETRY_YES);
}

static void
test_provider_is_known_by_its_server_or_its_words(void **state)
{
	(void)state;
	struct codes_explanation e;
	struct codes_question q = {.dsn = S("5.7.27"), .mx = S("alt1.Gmail-SMTP-in.l.GOOGLE.com")};
	assert_true(codes_explain(&q, &e));
	assert_string_equal(e.text_key, "spf_fail");
	assert_string_equal(e.provider, "gmail");
	q.mx = S("mx.notgoogle.com");
	assert_true(codes_explain(&q, &e));
	assert_string_equal(e.text_key, "sender_null_mx");
	assert_null(e.provider);
	q.text = S("550-5.7.27 ... - GSMTP");
	assert_true(codes_explain(&q, &e));
	assert_string_equal(e.text_key, "spf_fail");
}

static void
test_unknown_code_is_explained_by_its_subject_or_class(void **state)
{
	(void)state;
	struct codes_explanation e;
	assert_true(explain("5.7.99", &e));
	assert_true(e.general);
	assert_string_equal(e.key, "5.7.*");
	assert_true(explain_dsn("4.99.1", REASON_NONE, &e));
	assert_true(e.general);
	assert_string_equal(e.key, "4.*.*");
	assert_int_equal(e.retry, CODES_RETRY_YES);
	assert_true(explain("599", &e));
	assert_true(e.general);
	assert_string_equal(e.key, "5**");
	assert_false(explain_dsn("6.1.1", REASON_NONE, &e));
	assert_false(explain_dsn("5.1", REASON_NONE, &e));
	assert_false(explain("", &e));
}

static void
test_who_acts_is_seen_from_the_server_that_refused(void **state)
{
	(void)state;
	static const struct {
		enum reason reason;
		enum codes_who theirs, ours;
	} cases[] = {
		{REASON_BLOCKLIST, CODES_WHO_WE, CODES_WHO_SENDER},
		{REASON_POLICY, CODES_WHO_REMOTE_ADMINISTRATOR, CODES_WHO_SENDER},
		{REASON_CONFIGURATION, CODES_WHO_REMOTE_ADMINISTRATOR, CODES_WHO_WE},
		{REASON_MAILBOX_FULL, CODES_WHO_RECIPIENT, CODES_WHO_RECIPIENT},
		{REASON_GREYLISTED, CODES_WHO_NOBODY, CODES_WHO_NOBODY},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct codes_question q = {.reason = cases[i].reason};
		struct codes_explanation e;
		assert_true(codes_explain(&q, &e));
		assert_int_equal(e.who, cases[i].theirs);
		q.we_said_it = true;
		assert_true(codes_explain(&q, &e));
		assert_int_equal(e.who, cases[i].ours);
	}
}

static void
test_mail_that_was_given_up_is_not_waited_for(void **state)
{
	(void)state;
	struct codes_question q = {.dsn = S("4.4.1"), .reason = REASON_CONNECTION};
	struct codes_explanation waiting, over;
	assert_true(codes_explain(&q, &waiting));
	assert_int_equal(waiting.retry, CODES_RETRY_YES);
	q.given_up = true;
	assert_true(codes_explain(&q, &over));
	assert_int_equal(over.retry, CODES_RETRY_NO);
	assert_int_equal(over.severity, CODES_SEVERITY_ERROR);
	assert_string_equal(
		over.text[CODES_LANGUAGE_EN].what, waiting.text[CODES_LANGUAGE_EN].what);
	assert_string_not_equal(
		over.text[CODES_LANGUAGE_EN].advice, waiting.text[CODES_LANGUAGE_EN].advice);
}

static void
test_any_bytes_are_read_within_their_bounds(void **state)
{
	(void)state;
	static const char some[] = "245.5 -:[(\0\xff"
				   "host relay=status=";
	uint64_t random = 5;
	for (int round = 0; round < 20000; round++) {
		char text[24];
		size_t n = random_below(&random, sizeof(text) + 1);
		for (size_t i = 0; i < n; i++)
			text[i] = some[random_below(&random, sizeof(some) - 1)];
		char *exact = n ? slice_dup(slice_of(text, n)) : NULL;
		struct codes_question q;
		struct codes_explanation e;
		codes_read(slice_of(exact, n), &q);
		codes_explain(&q, &e);
		free(exact);
	}
}

/* ---- the words ---- */

static void
test_every_text_is_there_in_every_language(void **state)
{
	(void)state;
	for (size_t i = 0; i < codes_rows_n; i++) {
		const struct codes_text *en =
			&codes_catalogues[CODES_LANGUAGE_EN].texts[codes_rows[i].text];
		const struct codes_text *fr =
			&codes_catalogues[CODES_LANGUAGE_FR].texts[codes_rows[i].text];
		assert_string_not_equal(en->title, fr->title);
		assert_string_not_equal(en->what, fr->what);
		assert_string_not_equal(en->advice, fr->advice);
	}
	for (int language = 0; language < CODES_LANGUAGE_COUNT; language++)
		for (int word = 0; word < CODES_WORD_COUNT; word++)
			assert_non_null(codes_word(language, word));
}

static void
test_languages_are_known_by_locale_and_by_header(void **state)
{
	(void)state;
	static const char *const french[] = {
		"fr", "FR", "fr_FR.UTF-8", "fr-CH,fr;q=0.9", "fr.utf8", "fr,en", "fr@euro"};
	static const char *const none[] = {
		"", "C", "C.UTF-8", "POSIX", "de_DE", "fro", "f", "fr\n"};
	enum codes_language language;
	for (size_t i = 0; i < sizeof(french) / sizeof(*french); i++) {
		assert_true(codes_language_by_name(slice_of_str(french[i]), &language));
		assert_int_equal(language, CODES_LANGUAGE_FR);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_false(codes_language_by_name(slice_of_str(none[i]), &language));
	assert_true(codes_language_by_name(S("en_GB"), &language));
	assert_int_equal(language, CODES_LANGUAGE_EN);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_are_explained_as_expected),
		cmocka_unit_test(test_every_code_of_the_registry_has_a_row_of_its_own),
		cmocka_unit_test(test_every_code_of_the_smtp_standard_has_a_row_of_its_own),
		cmocka_unit_test(test_every_reason_is_explained_without_a_code),
		cmocka_unit_test(test_reason_of_a_row_is_that_of_its_code),
		cmocka_unit_test(test_words_tell_more_than_a_code),
		cmocka_unit_test(test_provider_is_known_by_its_server_or_its_words),
		cmocka_unit_test(test_unknown_code_is_explained_by_its_subject_or_class),
		cmocka_unit_test(test_who_acts_is_seen_from_the_server_that_refused),
		cmocka_unit_test(test_mail_that_was_given_up_is_not_waited_for),
		cmocka_unit_test(test_any_bytes_are_read_within_their_bounds),
		cmocka_unit_test(test_every_text_is_there_in_every_language),
		cmocka_unit_test(test_languages_are_known_by_locale_and_by_header),
	};
	struct buf dir = {0};
	assert_true(argc == 2);
	buf_addf(&dir, "%s/codes", argv[1]);
	golden_dir = buf_str(&dir);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	buf_fini(&dir);
	return failed;
}
