/* Help with a search: what may stand at the cursor, and what would be found without a condition. */
#include "base/json.h"
#include "frontend/answer.h"
#include "frontend/route.h"
#include "show/relax.h"

enum { MOST_ITEMS = 12 };

/* ---- suggest ---- */

struct suggesting {
	struct buf *b;
	struct slice word; /* what is typed so far of the key or value */
	size_t n;
};

static bool
begins(struct slice word, const char *name)
{
	struct slice s = slice_of_str(name);
	return slice_equal_nocase(slice_head(s, word.n), word);
}

static void
suggest(struct suggesting *s, const char *head, struct slice text, const char *kind,
	const char *help)
{
	struct buf insert = {0};
	if (s->n == MOST_ITEMS)
		return;
	s->n++;
	buf_add_str(&insert, head);
	buf_add(&insert, text);
	json_add_comma(s->b);
	buf_add_char(s->b, '{');
	json_add_field(s->b, "insert", buf_slice(&insert));
	json_add_field_str(s->b, "kind", kind);
	json_add_field_str(s->b, "help", help);
	buf_add_char(s->b, '}');
	buf_fini(&insert);
}

static void
suggest_keys(struct suggesting *s)
{
	for (int i = 0; i < QUERY_KEY_COUNT; i++) {
		const struct query_key *key = query_key((enum query_key_id)i);
		struct buf text = {0};
		buf_addf(&text, "%s:", key->name);
		if (begins(s->word, key->name))
			suggest(s, "", buf_slice(&text), "key", key->help);
		buf_fini(&text);
	}
}

static void
suggest_names(struct suggesting *s, const char *head, const struct query_key *key)
{
	const struct query_context context = {.reasons = search_reasons()};
	struct query_names names = query_key_names(&context, key);
	for (size_t i = 0; i < names.n; i++)
		if (begins(s->word, names.names[i]))
			suggest(s, head, slice_of_str(names.names[i]), "value", NULL);
}

/* Servers and domains that the reader may know of: his own, or for who sees everything, all of
 * ours. */
static void
suggest_known(
	struct worker *w, struct request *r, struct suggesting *s, const char *head, bool hosts)
{
	static const char sql[] = "SELECT x FROM (SELECT jsonb_array_elements_text(CASE WHEN "
				  "$3::bool THEN $1::jsonb -> 'hosts' "
				  "ELSE $1::jsonb -> 'domains' END) AS x WHERE $1::jsonb <> 'null' "
				  "UNION SELECT name FROM host "
				  "WHERE $1::jsonb = 'null' AND $3::bool UNION SELECT name FROM "
				  "own_domain WHERE $1::jsonb = "
				  "'null' AND NOT $3::bool) y WHERE starts_with(lower(x), "
				  "lower($2)) AND x <> '*' ORDER BY 1 LIMIT "
				  "12";
	const char *values[] = {
		r->viewer.scope_json, request_text(r, s->word), hosts ? "true" : "false"};
	struct error err;
	PGresult *rows;
	if (!db_query_text(w->db, sql, 3, values, &rows, &err))
		return; /* a list that is empty does no harm */
	for (int i = 0; i < PQntuples(rows); i++)
		suggest(s, head, slice_of_str(PQgetvalue(rows, i, 0)), hosts ? "host" : "domain",
			NULL);
	PQclear(rows);
}

/* "key:" or "key:@" stays in front of what is suggested for it. */
static void
suggest_values(
	struct worker *w, struct request *r, struct suggesting *s, struct slice typed, size_t colon)
{
	const struct query_key *key = query_key_by_name(slice_head(typed, colon));
	bool at = colon + 1 < typed.n && typed.p[colon + 1] == '@';
	const char *head = request_text(r, slice_head(typed, colon + 1 + at));
	s->word = slice_skip(typed, colon + 1 + at);
	if (!key)
		return;
	if (key->type == QUERY_TYPE_ITEM)
		suggest_names(s, head, key);
	else if (key->id == QUERY_KEY_HOST)
		suggest_known(w, r, s, head, true);
	else if (key->type == QUERY_TYPE_DOMAIN || (key->type == QUERY_TYPE_ADDRESS && at))
		suggest_known(w, r, s, head, false);
	else if (s->word.n == 0)
		suggest(s, "", slice_of_str(key->example), "value", key->help);
}

void
api_suggest(struct worker *w, struct request *r)
{
	struct slice q = request_arg(r, "q");
	int64_t pos;
	if (!request_number(r, "pos", 0, QUERY_MAX_BYTES, (int64_t)q.n, &pos))
		return;
	size_t end = (size_t)pos < q.n ? (size_t)pos : q.n, begin = end;
	while (begin > 0 && q.p[begin - 1] != ' ' && q.p[begin - 1] != '(')
		begin--;
	bool minus = begin < end && q.p[begin] == '-';
	begin += minus;
	struct slice typed = slice_of(q.p + begin, end - begin);
	struct suggesting s = {&r->answer.body, typed, 0};
	ptrdiff_t colon = slice_find_char(typed, ':');
	buf_addf(s.b, "{\"at\":[%zu,%zu],\"items\":[", begin, end);
	if (colon < 0)
		suggest_keys(&s);
	else
		suggest_values(w, r, &s, typed, (size_t)colon);
	buf_add_str(s.b, "]}");
	answer_json(r, 200);
}

/* ---- relax ---- */

static void
add_relaxed(struct buf *b, const struct relaxed *found)
{
	struct buf text = {0};
	json_add_comma(b);
	buf_add_char(b, '{');
	query_add_canonical(&text, found->without);
	json_add_field(b, "without", buf_slice(&text));
	buf_clear(&text);
	query_add_canonical(&text, &found->rest);
	json_add_field(b, "q", buf_slice(&text));
	json_add_field_time(b, "newest", found->newest_us);
	buf_add_char(b, '}');
	buf_fini(&text);
}

static bool
add_stored(struct worker *w, struct request *r, const struct query_node *tree)
{
	struct search_options options = {0};
	struct buf *b = &r->answer.body;
	int64_t from_us, to_us;
	struct search *s = worker_search(w, r, tree, &options);
	if (!s)
		return false;
	search_stored(s, &from_us, &to_us);
	search_end(&s);
	json_add_key(b, "stored");
	if (to_us == 0) {
		buf_add_str(b, "null");
		return true;
	}
	buf_add_char(b, '{');
	json_add_field_time(b, "from", from_us);
	json_add_field_time(b, "to", to_us);
	buf_add_char(b, '}');
	return true;
}

void
api_relax(struct worker *w, struct request *r)
{
	struct query_node *tree;
	struct relaxed found[RELAX_MOST];
	if (!worker_parse(w, r, request_arg(r, "q"), &tree))
		return;
	buf_add_str(&r->answer.body, "{\"items\":[");
	size_t n = relax(w->searcher, tree, r->viewer.scope, &r->arena, found);
	for (size_t i = 0; i < n; i++)
		add_relaxed(&r->answer.body, &found[i]);
	buf_add_char(&r->answer.body, ']');
	if (!add_stored(w, r, tree))
		return;
	buf_add_char(&r->answer.body, '}');
	answer_json(r, 200);
}
