#include "query/query_sql_part.h"

#include "base/memory.h"
#include "base/time.h"

#include <stdlib.h>

static void
begin_element(struct query_array *a)
{
	buf_add_char(&a->text, a->n++ ? ',' : '{');
}

/* PostgreSQL manual, "Arrays", Array Input and Output Syntax: in quotes only " and \ are escaped.
 */
void
query_array_add(struct query_array *a, struct slice text)
{
	begin_element(a);
	buf_add_char(&a->text, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_add_char(&a->text, '\\');
		buf_add_char(&a->text, text.p[i]);
	}
	buf_add_char(&a->text, '"');
}

void
query_array_add_i64(struct query_array *a, int64_t v)
{
	begin_element(a);
	buf_add_i64(&a->text, v);
}

const char *
query_keep_text(struct arena *arena, struct slice s)
{
	char *copy = arena_new(arena, s.n + 1);
	if (s.n)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}

const char *
query_array_keep(struct query_array *a, struct arena *arena)
{
	buf_add_str(&a->text, a->n ? "}" : "{}");
	const char *kept = query_keep_text(arena, buf_slice(&a->text));
	buf_fini(&a->text);
	a->n = 0;
	return kept;
}

#define LATEST_US (INT64_C(253402300799) * TIME_SECOND_US) /* year 9999 */

void
query_add_time(struct buf *b, int64_t t_us)
{
	if (t_us >= LATEST_US || t_us < 0) { /* nothing stored is older than 1970 */
		buf_add_str(b, t_us < 0 ? "-infinity" : "infinity");
		return;
	}
	struct time_civil t = time_to_civil(t_us);
	buf_addf(b, "%04d-%02d-%02d %02d:%02d:%02d.%06d+00", t.year, t.month, t.day, t.hour,
		t.minute, t.second, t.micro);
}

static struct query_param *
new_param(struct query_compiler *c, uint32_t type)
{
	struct query_plan *p = c->plan;
	if (p->n_params == c->cap_params) {
		size_t cap = c->cap_params ? c->cap_params * 2 : 16;
		struct query_param *bigger = arena_zero(c->arena, cap * sizeof(*bigger));
		if (p->n_params)
			memcpy(bigger, p->params, p->n_params * sizeof(*bigger));
		p->params = bigger;
		c->cap_params = cap;
	}
	struct query_param *param = &p->params[p->n_params++];
	param->type = type;
	return param;
}

static unsigned
number_of(const struct query_compiler *c)
{
	return QUERY_PARAM_FIRST_OF_PLAN + (unsigned)c->plan->n_params - 1;
}

unsigned
query_param_add(struct query_compiler *c, uint32_t type, const char *value)
{
	new_param(c, type)->value = value;
	return number_of(c);
}

unsigned
query_param_text(struct query_compiler *c, struct slice text)
{
	return query_param_add(c, QUERY_PG_TEXT, query_keep_text(c->arena, text));
}

unsigned
query_param_i64(struct query_compiler *c, int64_t v)
{
	struct buf b = {0};
	buf_add_i64(&b, v);
	unsigned number =
		query_param_add(c, QUERY_PG_INT8, query_keep_text(c->arena, buf_slice(&b)));
	buf_fini(&b);
	return number;
}

unsigned
query_param_time(struct query_compiler *c, int64_t t_us)
{
	struct buf b = {0};
	query_add_time(&b, t_us);
	unsigned number =
		query_param_add(c, QUERY_PG_TIME, query_keep_text(c->arena, buf_slice(&b)));
	buf_fini(&b);
	return number;
}

#define LARGE_ARRAY 20 /* PostgreSQL hashes longer lists, but only those it sees when it plans */

unsigned
query_param_array(struct query_compiler *c, uint32_t type, struct query_array *a)
{
	c->plan->large |= a->n > LARGE_ARRAY;
	return query_param_add(c, type, query_array_keep(a, c->arena));
}

unsigned
query_param_lookup(
	struct query_compiler *c, uint32_t type, const struct query_lookup *lookup, int part)
{
	struct query_param *param = new_param(c, type);
	param->lookup = lookup;
	param->part = part;
	return number_of(c);
}

struct query_lookup *
query_lookup_of(
	struct query_compiler *c, enum query_lookup_kind kind, const struct query_node *field)
{
	struct query_sql *sql = c->sql;
	for (size_t i = 0; i < sql->n_lookups; i++)
		if (sql->lookups[i]->field == field)
			return sql->lookups[i];
	struct query_lookup *lookup = arena_zero(c->arena, sizeof(*lookup));
	*lookup = (struct query_lookup){
		.kind = kind, .field = field, .exact = "{}", .like = "{}", .result = {"{}", "{}"}};
	sql->lookups[sql->n_lookups++] = lookup; /* room for one a field */
	return lookup;
}

static void
add_like(struct buf *b, struct slice s, bool wild)
{
	for (size_t i = 0; i < s.n; i++) {
		if (wild && s.p[i] == '*') {
			buf_add_char(b, '%');
			continue;
		}
		if (s.p[i] == '%' || s.p[i] == '_' || s.p[i] == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, s.p[i]);
	}
}

void
query_add_like(struct buf *b, const struct query_value *value)
{
	add_like(b, value->norm, value->kind == QUERY_VALUE_PATTERN);
}

void
query_array_add_like(struct query_array *likes, struct slice head, const struct query_value *value,
	struct slice tail)
{
	struct buf b = {0};
	buf_add(&b, head);
	query_add_like(&b, value);
	buf_add(&b, tail);
	query_array_add(likes, buf_slice(&b));
	buf_fini(&b);
}

void
query_add_like_literal(struct buf *b, struct slice text)
{
	add_like(b, text, false);
}

void
query_candidate_probe(
	struct query_candidate *c, const struct query_index *index, unsigned param, size_t values)
{
	if (c->n < QUERY_MAX_PROBES)
		c->probes[c->n] = (struct query_probe){index, param};
	c->n++; /* too many: whoever takes the candidate sees it */
	c->n_values += values;
}
