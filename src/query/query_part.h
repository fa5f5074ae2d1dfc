/* What the files of src/query share and nobody else sees. */
#ifndef ELSE_QUERY_QUERY_PART_H
#define ELSE_QUERY_QUERY_PART_H

#include "query/query.h"

#define QUERY_MAX_FOUND 16 /* hosts, queue ids, recipients taken from one paste */

/* One run of the parser. */
struct query_reader {
	struct slice text;
	size_t at; /* next byte */
	const struct query_context *context;
	struct arena *arena;
	struct query_error *err;
	struct buf scratch;
	unsigned depth;
	unsigned terms;
	bool pasted; /* the text was made from pasted text: every key is a guess */
};

/* query_reader.c: position, errors, and the tokens that stand between conditions. */

/* Sets the error and returns false, so that a leaf is `return query_fail(r, ...)`. The hint is
 * cleared. */
bool query_fail(struct query_reader *r, size_t pos, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Sets the hint of the error and returns false. */
bool query_hint(struct query_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first few characters, for messages. */
struct slice query_clip(struct slice s);

struct slice query_left(const struct query_reader *r);
void query_skip_blanks(struct query_reader *r);

/* Length of the blank at the head of `s`, also of no-break spaces and their like; 0 = none. */
size_t query_blank(struct slice s);

/* Length of the typographic quotation mark at the head of `s`; 0 = none. */
size_t query_curly_quote(struct slice s);

/* Valid UTF-8 without control characters. */
bool query_check_text(struct query_reader *r);

/* query_token.c: the values. On success the cursor stands behind the value. */
bool query_read_quoted(struct query_reader *r, struct slice *out);
bool query_read_angle(struct query_reader *r, struct slice *out);
/* Up to a blank, parenthesis or comma; may be empty. */
bool query_read_plain(struct query_reader *r, struct slice *out);
bool query_read_value(
	struct query_reader *r, const struct query_key *key, struct query_value *value);

/* query_value.c: fills in kind and typed fields from text, to, range and quoted. */
bool query_value_parse(struct query_reader *r, const struct query_key *key, enum query_op op,
	struct query_value *value);
/* The scratch buffer's text in the arena; the buffer is cleared. */
struct slice query_keep(struct query_reader *r);

/* query_number.c */
bool query_parse_number(struct query_reader *r, const struct query_key *key, enum query_op op,
	struct query_value *value);
/* "1h30m" in milliseconds; false when it is none. `precision` is the last unit written. */
bool query_duration_ms(struct slice s, bool unit_needed, int64_t *ms, int64_t *precision);

/* query_time.c */
bool query_parse_time(
	struct query_reader *r, const struct query_key *key, struct query_value *value);
bool query_parse_last(
	struct query_reader *r, const struct query_key *key, struct query_value *value);
int64_t query_zone_at_us(const struct query_context *context, int64_t t_us);
/* A time on the viewer's clock, counted as if it were UTC, to UTC. */
int64_t query_local_to_utc(const struct query_context *context, int64_t local_us);

/* query_guess.c: the key a bare word most likely belongs to (QUERY_KEY_TEXT when it has no shape),
 * and the value without what marked it. */
const struct query_key *query_guess(struct slice word, struct slice *value);
bool query_is_domain(struct slice s);
bool query_is_address(struct slice s);
bool query_is_qid(struct slice s);
bool query_is_long_qid(struct slice s);
bool query_is_enhanced_code(struct slice s);

/* query_paste.c: the query that pasted text stands for; false when the text is an ordinary query.
 */
bool query_paste(struct slice text, const struct query_context *context, struct buf *out);

/* query_paste_log.c: the same for log lines alone. */
bool query_paste_log(struct slice text, const struct query_context *context, struct buf *out);

/* Different texts out of a paste; those beyond the first few are left out. */
struct query_texts {
	struct slice items[QUERY_MAX_FOUND];
	size_t n;
};
void query_texts_add(struct query_texts *texts, struct slice s);
/* ` key:a,b`; nothing when there are none. */
void query_texts_write(struct buf *out, const char *key, const struct query_texts *texts);

/* What follows the first `head` in `s` up to one of the bytes `stops`; empty when `head` is not
 * there. */
struct slice query_find_after(struct slice s, struct slice head, const char *stops);

/* query_idn.c: length of the valid UTF-8 character at the head of `s` and its code point; 0 =
 * invalid. */
size_t query_utf8(struct slice s, uint32_t *code);

/* query_canonical.c: a value so that it reads back as the same text. */
void query_add_text(struct buf *b, struct slice s);

/* query_canonical.c: as a value it would read back as something else, or not at all. */
bool query_needs_quotes(struct slice s);

/* query_suggest.c: names near to a word. */
struct query_suggestion {
	struct slice word;
	const char *best[3];
	unsigned distance[3];
	size_t n;
};

/* Takes `shown` into the suggestions if `name` is near enough. */
void query_suggest(struct query_suggestion *s, const char *name, const char *shown);

/* Hint "did you mean a:, b: or c:"; false and no hint when nothing was near. */
bool query_suggest_hint(
	struct query_reader *r, const struct query_suggestion *s, const char *suffix);

/* query_keys.c: the error for an unknown key. */
bool query_fail_key(struct query_reader *r, size_t pos, struct slice name);

const char *query_op_name(enum query_op op);

#endif
