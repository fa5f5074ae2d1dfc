/* Explanations, and the table they come from, as JSON. */
#include "base/json.h"
#include "codes/codes_table.h"

static void
add_retry(struct buf *b, enum codes_retry retry)
{
	if (retry == CODES_RETRY_BY_CODE)
		json_add_field_str(b, "retry", NULL);
	else
		json_add_field_bool(b, "retry", retry == CODES_RETRY_YES);
}

static void
add_reason(struct buf *b, enum reason reason)
{
	json_add_field_str(b, "reason", reason == REASON_NONE ? NULL : reason_name(reason));
}

static void
add_text(struct buf *b, const struct codes_text *text)
{
	json_add_field_str(b, "title", text->title);
	json_add_field_str(b, "what", text->what);
	json_add_field_str(b, "advice", text->advice);
}

void
codes_explanation_add_json(
	struct buf *b, const struct codes_explanation *explanation, enum codes_language language)
{
	add_reason(b, explanation->reason);
	json_add_field_str(b, "key", explanation->key);
	json_add_field_str(b, "text_key", explanation->text_key);
	json_add_field_str(b, "provider", explanation->provider);
	json_add_field_str(b, "who_acts", codes_who_name(explanation->who));
	add_retry(b, explanation->retry);
	json_add_field_str(b, "severity", codes_severity_name(explanation->severity));
	json_add_field_bool(b, "general", explanation->general);
	json_add_field_str(b, "lang", codes_language_name(language));
	add_text(b, &explanation->text[language]);
}

/* ---- the table ---- */

static void
add_words(struct buf *b, const char *words)
{
	struct slice rest = slice_of_str(words), word;
	json_add_key(b, "words");
	buf_add_char(b, '[');
	while (words && slice_split(&rest, '|', &word)) {
		json_add_comma(b);
		json_add_string(b, word);
	}
	buf_add_char(b, ']');
}

/* `class` 0: the code says nothing of it. */
static void
add_row(struct buf *b, const struct codes_row *row, struct slice code, unsigned class,
	enum codes_language language)
{
	static const char *const kinds[] = {[CODES_ROW_ENHANCED] = "enhanced",
		[CODES_ROW_SMTP] = "smtp",
		[CODES_ROW_REASON] = "reason",
		[CODES_ROW_ANY] = "any"};
	json_add_comma(b);
	buf_add_char(b, '{');
	json_add_field_str(b, "kind", kinds[row->kind]);
	if (code.n)
		json_add_field(b, "code", code);
	else
		json_add_field_str(b, "code", NULL);
	json_add_field_str(b, "provider", row->provider);
	add_words(b, row->words);
	add_reason(b, row->reason);
	json_add_field_str(b, "who_acts", codes_who_name(row->who));
	add_retry(b, codes_row_retry(row, class));
	json_add_field_str(b, "severity", codes_severity_name(codes_row_severity(row, class)));
	json_add_field_bool(b, "general", row->wild && !row->words);
	json_add_field_str(b, "text_key", codes_text_keys[row->text]);
	add_text(b, &codes_catalogues[language].texts[row->text]);
	buf_add_char(b, '}');
}

/* "45.2.2" is 4.2.2 and 5.2.2. */
static void
add_classes(struct buf *b, const struct codes_row *row, enum codes_language language)
{
	struct buf key = {0};
	for (unsigned class = 2; class <= 5; class ++) {
		if (!(row->classes & 1 << class))
			continue;
		buf_clear(&key);
		codes_row_add_key(&key, row, class);
		add_row(b, row, buf_slice(&key), class, language);
	}
	buf_fini(&key);
}

void
codes_add_json(struct buf *b, enum codes_language language)
{
	buf_add_char(b, '{');
	json_add_field_str(b, "lang", codes_language_name(language));
	json_add_key(b, "who");
	buf_add_char(b, '{');
	for (int i = 0; i < CODES_WHO_COUNT; i++)
		json_add_field_str(b, codes_who_name((enum codes_who)i),
			codes_word(language, (enum codes_word)(CODES_WORD_WHO_NOBODY + i)));
	buf_add_char(b, '}');
	json_add_key(b, "codes");
	buf_add_char(b, '[');
	for (size_t i = 0; i < codes_rows_n; i++) {
		const struct codes_row *row = &codes_rows[i];
		if (row->kind == CODES_ROW_ENHANCED)
			add_classes(b, row, language);
		else if (row->kind == CODES_ROW_SMTP)
			add_row(b, row, slice_of_str(row->key), row->first / 100U, language);
		else
			add_row(b, row, (struct slice){"", 0}, 0, language);
	}
	buf_add_str(b, "]}");
}
