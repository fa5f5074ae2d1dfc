/* The words of ELSE, and who asks. */
#include "base/json.h"
#include "frontend/answer.h"
#include "frontend/openapi.h"
#include "frontend/route.h"
#include "codes/codes.h"
#include "store/search.h"

void
api_version(struct worker *w, struct request *r)
{
	(void)w;
	buf_add_str(&r->answer.body,
		"{\"name\":\"else-frontend\",\"version\":\"" ELSE_VERSION "\",\"api\":\"v1\"}");
	answer_json(r, 200);
}

void
api_openapi(struct worker *w, struct request *r)
{
	(void)w;
	buf_add_str(&r->answer.body, openapi_json);
	answer_json(r, 200);
	answer_etag(r);
}

void
api_me(struct worker *w, struct request *r)
{
	(void)w;
	viewer_add_json(&r->answer.body, &r->viewer);
	answer_json(r, 200);
}

/* ---- codes ---- */

static void
begin_list(struct buf *b, const char *name)
{
	json_add_key(b, name);
	buf_add_char(b, '[');
}

static void
add_word(struct buf *b, const char *word)
{
	json_add_comma(b);
	json_add_string(b, slice_of_str(word));
}

static void
add_key(struct buf *b, const struct query_key *key, const struct query_context *context)
{
	struct query_names values = {0};
	if (key->type == QUERY_TYPE_ITEM)
		values = query_key_names(context, key);
	json_add_comma(b);
	buf_add_char(b, '{');
	json_add_field_str(b, "name", key->name);
	begin_list(b, "aliases");
	for (size_t i = 0; i < 3 && key->aliases[i]; i++)
		add_word(b, key->aliases[i]);
	buf_add_char(b, ']');
	json_add_field_str(b, "example", key->example);
	json_add_field_str(b, "help", key->help);
	begin_list(b, "values");
	for (size_t i = 0; i < values.n; i++)
		add_word(b, values.names[i]);
	buf_add_str(b, "]}");
}

static const char *
who_acts(enum reason reason)
{
	struct codes_explanation explanation;
	bool known = codes_explain(&(struct codes_question){.reason = reason}, &explanation);
	return codes_who_name(known ? explanation.who : CODES_WHO_REMOTE_ADMINISTRATOR);
}

static void
add_reasons(struct buf *b)
{
	begin_list(b, "reasons");
	for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
		json_add_comma(b);
		buf_add_char(b, '{');
		json_add_field_str(b, "reason", reason_name((enum reason)i));
		json_add_field_str(b, "who_acts", who_acts((enum reason)i));
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

void
api_codes(struct worker *w, struct request *r)
{
	const struct query_context context = {.reasons = search_reasons()};
	struct buf *b = &r->answer.body;
	(void)w;
	buf_add_char(b, '{');
	begin_list(b, "statuses");
	for (int i = 0; i < STATUS_COUNT; i++)
		add_word(b, status_name((enum status)i));
	buf_add_char(b, ']');
	begin_list(b, "ways");
	for (int i = 0; i < WAY_COUNT; i++)
		add_word(b, way_name((enum way)i));
	buf_add_char(b, ']');
	add_reasons(b);
	begin_list(b, "keys");
	for (int i = 0; i < QUERY_KEY_COUNT; i++)
		add_key(b, query_key((enum query_key_id)i), &context);
	buf_add_str(b, "]}");
	answer_json(r, 200);
	answer_etag(r);
}
