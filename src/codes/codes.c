#include "codes/codes.h"

#include <assert.h>

#include "base/cursor.h"
#include "codes/codes_table.h"

enum { TEXT_MAX = 1024 }; /* an answer is read no further */

/* How much a row tells, when it fits. What the row asks for beside the code comes first. */
enum rank {
	RANK_NONE = 0,
	RANK_LAST_RESORT = 1, /* "other" */
	RANK_SMTP_HUNDRED = 10,
	RANK_SMTP_TEN = 20,
	RANK_ANY = 25,
	RANK_CLASS = 30,
	RANK_SMTP_BESIDE_DSN = 40, /* the enhanced code is unknown, though */
	RANK_SUBJECT = 50,
	RANK_REASON = 60,
	RANK_SMTP = 70,
	RANK_RANGE = 80,
	RANK_DSN = 90,
	RANK_PROVIDER = 1000,
	RANK_WORDS = 2000,
};

/* The question made ready for comparison with every row. */
struct asked {
	const struct codes_question *question;
	uint64_t class, subject, detail; /* of the enhanced code */
	uint64_t smtp;			 /* 0 = none */
	bool has_dsn;
	uint64_t code_class; /* of either; 0 = not known */
	const char *provider;
	struct slice text; /* in lower case */
	char lower[TEXT_MAX];
};

static bool
read_dsn(struct slice dsn, struct asked *a)
{
	struct cursor c = cursor_of(dsn);
	a->class = cursor_u64(&c);
	cursor_literal(&c, S("."));
	a->subject = cursor_u64(&c);
	cursor_literal(&c, S("."));
	a->detail = cursor_u64(&c);
	cursor_end(&c);
	return cursor_ok(&c) && a->class >= 2 && a->class <= 5;
}

static bool
holds_one_of(struct slice text, const char *words)
{
	struct slice rest = slice_of_str(words), word;
	while (slice_split(&rest, '|', &word))
		if (word.n && slice_contains(text, word))
			return true;
	return false;
}

/* "mx.google.com" is of "google.com"; so is "google.com" itself. */
static bool
is_of_domain(struct slice host, struct slice domain)
{
	if (host.n < domain.n)
		return false;
	size_t before = host.n - domain.n;
	return slice_equal_nocase(slice_skip(host, before), domain) &&
	       (before == 0 || host.p[before - 1] == '.');
}

static const char *
find_provider(struct slice mx, struct slice text)
{
	for (size_t i = 0; i < codes_providers_n; i++) {
		struct slice rest = slice_of_str(codes_providers[i].domains), domain;
		while (slice_split(&rest, '|', &domain))
			if (is_of_domain(mx, domain))
				return codes_providers[i].name;
	}
	for (size_t i = 0; i < codes_providers_n; i++)
		if (holds_one_of(text, codes_providers[i].words))
			return codes_providers[i].name;
	return NULL;
}

static void
prepare(struct asked *a, const struct codes_question *question)
{
	struct slice text = slice_head(question->text, TEXT_MAX);
	*a = (struct asked){.question = question};
	a->has_dsn = read_dsn(question->dsn, a);
	if (question->smtp.n != 3 || !slice_to_u64(question->smtp, &a->smtp))
		a->smtp = 0;
	a->code_class = a->has_dsn ? a->class : a->smtp / 100;
	for (size_t i = 0; i < text.n; i++)
		a->lower[i] = slice_lower_char(text.p[i]);
	a->text = (struct slice){a->lower, text.n};
	a->provider = find_provider(question->mx, a->text);
}

/* A code's row gives way when the words of the answer told another reason. */
static bool
is_contradicted(const struct codes_row *row, const struct asked *a)
{
	enum reason told = a->question->reason;
	return told != REASON_NONE && told != REASON_OTHER && told != row->reason &&
	       !row->provider && !row->words;
}

static enum rank
rank_enhanced(const struct codes_row *row, const struct asked *a)
{
	if (!a->has_dsn || !(row->classes & 1 << a->class))
		return RANK_NONE;
	if (row->subject != CODES_ANY && row->subject != a->subject)
		return RANK_NONE;
	if (row->wild)
		return row->subject == CODES_ANY ? RANK_CLASS : RANK_SUBJECT;
	if (a->detail < row->first || a->detail > row->last || is_contradicted(row, a))
		return RANK_NONE;
	return row->first == row->last ? RANK_DSN : RANK_RANGE;
}

static enum rank
rank_smtp(const struct codes_row *row, const struct asked *a)
{
	if (a->smtp < row->first || a->smtp > row->last)
		return RANK_NONE;
	if (row->wild)
		return row->last - row->first > 9 ? RANK_SMTP_HUNDRED : RANK_SMTP_TEN;
	if (is_contradicted(row, a))
		return RANK_NONE;
	return a->has_dsn ? RANK_SMTP_BESIDE_DSN : RANK_SMTP;
}

static enum rank
rank_reason(const struct codes_row *row, const struct asked *a)
{
	if (a->question->reason != row->reason)
		return RANK_NONE;
	return row->reason == REASON_OTHER ? RANK_LAST_RESORT : RANK_REASON;
}

static enum rank
rank_key(const struct codes_row *row, const struct asked *a)
{
	switch (row->kind) {
	case CODES_ROW_ENHANCED:
		return rank_enhanced(row, a);
	case CODES_ROW_SMTP:
		return rank_smtp(row, a);
	case CODES_ROW_REASON:
		return rank_reason(row, a);
	default:
		return a->code_class == 2 || a->code_class == 3 ? RANK_NONE : RANK_ANY;
	}
}

/* A detail of three digits is its provider's own, whoever gave the answer. */
static bool
is_of_provider(const struct codes_row *row, const struct asked *a)
{
	if (!a->provider)
		return row->kind == CODES_ROW_ENHANCED && row->first >= 100 && !row->words;
	return strcmp(a->provider, row->provider) == 0;
}

static int
rank_row(const struct codes_row *row, const struct asked *a)
{
	if (row->provider && !is_of_provider(row, a))
		return RANK_NONE;
	if (row->words && !holds_one_of(a->text, row->words))
		return RANK_NONE;
	int rank = (int)rank_key(row, a);
	if (rank == RANK_NONE)
		return RANK_NONE;
	return rank + (row->provider ? RANK_PROVIDER : 0) + (row->words ? RANK_WORDS : 0);
}

static const struct codes_row *
find_row(const struct asked *a, int *best)
{
	const struct codes_row *found = NULL;
	*best = RANK_NONE;
	for (size_t i = 0; i < codes_rows_n; i++) {
		int rank = rank_row(&codes_rows[i], a);
		if (rank <= *best)
			continue;
		*best = rank;
		found = &codes_rows[i];
	}
	return found;
}

/* ---- what follows from a row ---- */

/* Some trouble is the refusing server's own. */
static bool
is_own_trouble(enum reason reason)
{
	return reason == REASON_SYSTEM || reason == REASON_CONFIGURATION || reason == REASON_DNS ||
	       reason == REASON_COMMAND_FAILED;
}

/* The table sees a server of ours send. When one refuses, its senders are the others. */
static enum codes_who
who_of(const struct codes_row *row, bool we_said_it)
{
	bool administrators =
		row->who == CODES_WHO_WE || row->who == CODES_WHO_REMOTE_ADMINISTRATOR;
	if (!we_said_it || !administrators)
		return row->who;
	return is_own_trouble(row->reason) ? CODES_WHO_WE : CODES_WHO_SENDER;
}

enum codes_retry
codes_row_retry(const struct codes_row *row, uint64_t class)
{
	if (row->retry != CODES_RETRY_BY_CODE || class == 0)
		return row->retry;
	return class == 4 ? CODES_RETRY_YES : CODES_RETRY_NO;
}

enum codes_severity
codes_row_severity(const struct codes_row *row, uint64_t class)
{
	if (row->severity != CODES_SEVERITY_BY_CODE)
		return row->severity;
	if (class == 2 || class == 3)
		return CODES_SEVERITY_INFO;
	return class == 5 ? CODES_SEVERITY_ERROR : CODES_SEVERITY_WARNING;
}

/* "45.2.2" for class 4 is "4.2.2". */
void
codes_row_add_key(struct buf *b, const struct codes_row *row, uint64_t class)
{
	struct slice key = slice_of_str(row->key);
	if (row->kind == CODES_ROW_ENHANCED) {
		buf_add_u64(b, class);
		key = slice_skip(key, (size_t)slice_find_char(key, '.'));
	}
	buf_add(b, key);
}

static void
set_key(struct codes_explanation *explanation, const struct codes_row *row, uint64_t class)
{
	struct buf key = {0};
	codes_row_add_key(&key, row, class);
	assert(key.n < sizeof(explanation->key));
	memcpy(explanation->key, buf_str(&key), key.n + 1);
	buf_fini(&key);
}

static void
fill_in(struct codes_explanation *e, const struct codes_row *row, const struct asked *a)
{
	enum reason told = a->question->reason;
	*e = (struct codes_explanation){.text_key = codes_text_keys[row->text],
		.provider = a->provider ? a->provider : row->provider,
		.reason = told != REASON_NONE && told != REASON_OTHER ? told : row->reason,
		.who = who_of(row, a->question->we_said_it),
		.retry = codes_row_retry(row, a->code_class),
		.severity = codes_row_severity(row, a->code_class)};
	set_key(e, row, a->code_class);
	for (int i = 0; i < CODES_LANGUAGE_COUNT; i++)
		e->text[i] = codes_catalogues[i].texts[row->text];
}

/* To wait is no advice any more: it is that of a mail which was tried for too long. */
static void
give_up(struct codes_explanation *e)
{
	struct codes_question question = {.reason = REASON_EXPIRED};
	struct codes_explanation expired;
	bool known = codes_explain(&question, &expired);
	assert(known);
	e->retry = expired.retry;
	if (e->severity < expired.severity)
		e->severity = expired.severity;
	for (int i = 0; i < CODES_LANGUAGE_COUNT; i++)
		e->text[i].advice = expired.text[i].advice;
}

bool
codes_explain(const struct codes_question *question, struct codes_explanation *explanation)
{
	struct asked a;
	int rank;
	prepare(&a, question);
	const struct codes_row *row = find_row(&a, &rank);
	if (!row)
		return false;
	fill_in(explanation, row, &a);
	explanation->general = rank == RANK_LAST_RESORT || (row->wild && !row->words);
	if (question->given_up)
		give_up(explanation);
	return true;
}

/* ---- names ---- */

const char *
codes_who_name(enum codes_who who)
{
	static const char *const names[CODES_WHO_COUNT] = {[CODES_WHO_NOBODY] = "nobody",
		[CODES_WHO_SENDER] = "sender",
		[CODES_WHO_RECIPIENT] = "recipient",
		[CODES_WHO_WE] = "we",
		[CODES_WHO_REMOTE_ADMINISTRATOR] = "remote_administrator"};
	assert(who < CODES_WHO_COUNT);
	return names[who];
}

const char *
codes_severity_name(enum codes_severity severity)
{
	static const char *const names[CODES_SEVERITY_COUNT] = {[CODES_SEVERITY_BY_CODE] = NULL,
		[CODES_SEVERITY_INFO] = "info",
		[CODES_SEVERITY_WARNING] = "warning",
		[CODES_SEVERITY_ERROR] = "error",
		[CODES_SEVERITY_CRITICAL] = "critical"};
	assert(severity < CODES_SEVERITY_COUNT);
	return names[severity];
}

const char *
codes_language_name(enum codes_language language)
{
	assert(language < CODES_LANGUAGE_COUNT);
	return codes_catalogues[language].name;
}

bool
codes_language_by_name(struct slice name, enum codes_language *language)
{
	for (int i = 0; i < CODES_LANGUAGE_COUNT; i++) {
		struct slice own = slice_of_str(codes_catalogues[i].name);
		char after = name.n > own.n ? name.p[own.n] : '_';
		if (slice_equal_nocase(slice_head(name, own.n), own) &&
			slice_find_char(S("_-.@,;"), after) >= 0) {
			*language = (enum codes_language)i;
			return true;
		}
	}
	return false;
}

const char *
codes_word(enum codes_language language, enum codes_word word)
{
	assert(language < CODES_LANGUAGE_COUNT && word < CODES_WORD_COUNT);
	return codes_catalogues[language].words[word];
}
