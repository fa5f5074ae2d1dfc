#include "query/query_sql_part.h"

#include "base/memory.h"
#include "base/time.h"

/* The tree ------------------------------------------------------------------------------------- */

static void
add_candidate(struct query_compiler *c, const struct query_candidate *candidate)
{
	struct query_plan *p = c->plan;
	if (p->n_candidates == c->cap_candidates) {
		size_t cap = c->cap_candidates ? c->cap_candidates * 2 : 4;
		struct query_candidate *bigger = arena_zero(c->arena, cap * sizeof(*bigger));
		if (p->n_candidates)
			memcpy(bigger, p->candidates, p->n_candidates * sizeof(*bigger));
		p->candidates = bigger;
		c->cap_candidates = cap;
	}
	size_t i = p->n_candidates++;
	for (; i > 0 && p->candidates[i - 1].rank > candidate->rank; i--)
		p->candidates[i] = p->candidates[i - 1];
	p->candidates[i] = *candidate;
}

static enum query_truth compile_node(
	struct query_compiler *c, const struct query_node *node, struct query_part *part, bool top);

static enum query_truth
compile_field(struct query_compiler *c, const struct query_node *node, struct query_part *part)
{
	struct query_part inner = {0};
	enum query_truth truth = query_match_field(c, node, &inner);
	if (truth == QUERY_SOMETIMES) {
		buf_add_char(&part->text, '(');
		buf_add(&part->text, buf_slice(&inner.text));
		buf_add_char(&part->text, ')');
		part->covered = inner.covered && inner.cover.n <= QUERY_MAX_PROBES;
		part->cover = inner.cover;
	}
	buf_fini(&inner.text);
	return truth;
}

/* A column that is NULL makes no condition true, and its negation not false. */
static enum query_truth
compile_not(struct query_compiler *c, const struct query_node *node, struct query_part *part)
{
	struct query_part inner = {0};
	enum query_truth truth = compile_node(c, node->children[0], &inner, false);
	if (truth == QUERY_SOMETIMES) {
		buf_add(&part->text, buf_slice(&inner.text));
		buf_add_str(&part->text, " IS NOT TRUE");
	}
	part->covered = false;
	buf_fini(&inner.text);
	return truth == QUERY_SOMETIMES ? QUERY_SOMETIMES
	       : truth == QUERY_NEVER	? QUERY_ALWAYS
					: QUERY_NEVER;
}

/* Of a group, the best child's index covers it. In the outermost group each is a candidate. */
static enum query_truth
compile_and(
	struct query_compiler *c, const struct query_node *node, struct query_part *part, bool top)
{
	size_t n = 0;
	bool never = false;
	buf_add_char(&part->text, '(');
	for (size_t i = 0; i < node->n && !never; i++) {
		struct query_part inner = {0};
		enum query_truth truth = compile_node(c, node->children[i], &inner, top);
		never = truth == QUERY_NEVER;
		if (truth == QUERY_SOMETIMES) {
			buf_add_str(&part->text, n++ ? " AND " : "");
			buf_add(&part->text, buf_slice(&inner.text));
		}
		if (truth == QUERY_SOMETIMES && inner.covered &&
			(!part->covered || inner.cover.rank < part->cover.rank)) {
			part->covered = true;
			part->cover = inner.cover;
		}
		buf_fini(&inner.text);
	}
	buf_add_char(&part->text, ')');
	return never ? QUERY_NEVER : n ? QUERY_SOMETIMES : QUERY_ALWAYS;
}

/* Alternatives are covered when each of them is: the union of their ranges. */
static void
unite(struct query_part *part, const struct query_part *alternative, bool first)
{
	if (first) {
		part->covered = alternative->covered;
		part->cover = alternative->cover;
		return;
	}
	struct query_candidate *a = &part->cover;
	const struct query_candidate *b = &alternative->cover;
	part->covered = part->covered && alternative->covered && a->kind == b->kind &&
			a->kind != QUERY_BY_WORDS && a->n + b->n <= QUERY_MAX_PROBES;
	if (!part->covered)
		return;
	for (size_t i = 0; i < b->n; i++)
		a->probes[a->n++] = b->probes[i];
	a->n_values += b->n_values;
	a->rank = (a->rank > b->rank ? a->rank : b->rank) + 1;
}

static enum query_truth
compile_or(struct query_compiler *c, const struct query_node *node, struct query_part *part)
{
	size_t n = 0;
	bool always = false;
	buf_add_char(&part->text, '(');
	for (size_t i = 0; i < node->n && !always; i++) {
		struct query_part inner = {0};
		enum query_truth truth = compile_node(c, node->children[i], &inner, false);
		always = truth == QUERY_ALWAYS;
		if (truth == QUERY_SOMETIMES) {
			unite(part, &inner, n == 0);
			buf_add_str(&part->text, n++ ? " OR " : "");
			buf_add(&part->text, buf_slice(&inner.text));
		}
		buf_fini(&inner.text);
	}
	buf_add_char(&part->text, ')');
	return always ? QUERY_ALWAYS : n ? QUERY_SOMETIMES : QUERY_NEVER;
}

/* stat_hour has columns of the same names. */
static void
add_rollup(struct query_compiler *c, const struct query_node *node, const struct query_part *part)
{
	enum query_key_id key = node->kind == QUERY_NODE_FIELD ? node->key->id : QUERY_KEY_COUNT;
	if (c->table != QUERY_REJECTS ||
		(key != QUERY_KEY_STATUS && key != QUERY_KEY_REASON && key != QUERY_KEY_WAY))
		return;
	buf_add_str(&c->rollup, c->rollup.n ? " AND " : "");
	buf_add(&c->rollup, buf_slice(&part->text));
}

static enum query_truth
compile_node(
	struct query_compiler *c, const struct query_node *node, struct query_part *part, bool top)
{
	enum query_truth truth = QUERY_ALWAYS;
	switch (node->kind) {
	case QUERY_NODE_ALL:
		break;
	case QUERY_NODE_AND:
		return compile_and(c, node, part, top);
	case QUERY_NODE_OR:
		truth = compile_or(c, node, part);
		break;
	case QUERY_NODE_NOT:
		truth = compile_not(c, node, part);
		break;
	case QUERY_NODE_FIELD:
		truth = compile_field(c, node, part);
		break;
	}
	if (top && truth == QUERY_SOMETIMES)
		add_rollup(c, node, part);
	if (top && truth == QUERY_SOMETIMES && part->covered)
		add_candidate(c, &part->cover);
	return truth;
}

struct span {
	int64_t from_us, to_us;
};

static struct span
span_of_field(const struct query_node *field)
{
	struct span s = {INT64_MAX, INT64_MIN};
	enum query_key_id key = field->key->id;
	if (key < QUERY_KEY_AFTER || key > QUERY_KEY_LAST)
		return (struct span){INT64_MIN, INT64_MAX};
	for (size_t i = 0; i < field->n; i++) {
		s.from_us = field->values[i].low < s.from_us ? field->values[i].low : s.from_us;
		s.to_us = field->values[i].high > s.to_us ? field->values[i].high : s.to_us;
	}
	return s;
}

/* What can match lies in here. */
static struct span
span_of(const struct query_node *node)
{
	struct span all = {INT64_MIN, INT64_MAX};
	bool is_and = node->kind == QUERY_NODE_AND;
	if (node->kind == QUERY_NODE_FIELD)
		return span_of_field(node);
	if (!is_and && node->kind != QUERY_NODE_OR)
		return all;
	struct span sum = is_and ? all : (struct span){INT64_MAX, INT64_MIN};
	for (size_t i = 0; i < node->n; i++) {
		struct span s = span_of(node->children[i]);
		if ((s.from_us > sum.from_us) == is_and)
			sum.from_us = s.from_us;
		if ((s.to_us < sum.to_us) == is_and)
			sum.to_us = s.to_us;
	}
	return sum;
}

/* The reader's rights become part of every statement here, and nowhere else. */
static void
compile_scope(struct query_compiler *c)
{
	struct query_part part = {0};
	if (c->scope)
		query_match_scope(c, &part);
	else
		buf_add_str(&part.text, "true");
	c->plan->scope = query_keep_text(c->arena, buf_slice(&part.text));
	if (part.covered && c->plan->n_candidates == 0)
		add_candidate(c, &part.cover);
	buf_fini(&part.text);
}

#define NO_PROBES "d.flags & 8 = 0" /* of addresses: no mails, unless one is named */

static void
compile_table(struct query_compiler *c, const struct query_node *tree)
{
	struct query_part part = {0};
	struct buf match = {0};
	enum query_truth truth = compile_node(c, tree, &part, true);
	c->plan->never = truth == QUERY_NEVER;
	buf_add(&match, truth == QUERY_SOMETIMES ? buf_slice(&part.text)
			: truth == QUERY_ALWAYS	 ? S("true")
						 : S("false"));
	if (c->table == QUERY_MAILS && !c->names_mail)
		buf_add_str(&match, " AND " NO_PROBES);
	c->plan->match = query_keep_text(c->arena, buf_slice(&match));
	if (c->rollup.n)
		c->plan->rollup = query_keep_text(c->arena, buf_slice(&c->rollup));
	buf_fini(&c->rollup);
	buf_fini(&match);
	buf_fini(&part.text);
	compile_scope(c);
}

static size_t
count_fields(const struct query_node *node)
{
	size_t n = node->kind == QUERY_NODE_FIELD;
	for (size_t i = 0; node->kind != QUERY_NODE_FIELD && i < node->n; i++)
		n += count_fields(node->children[i]);
	return n;
}

bool
query_compile(struct query_sql *sql, const struct query_node *tree,
	const struct query_sql_context *context, const struct query_scope *scope,
	struct arena *arena, struct query_error *err)
{
	*sql = (struct query_sql){.sort = QUERY_SORT_TIME};
	sql->lookups = arena_new(arena, (count_fields(tree) + 1) * sizeof(*sql->lookups));
	struct span span = span_of(tree);
	sql->from_us = span.from_us;
	sql->to_us = span.to_us;
	for (int table = 0; table < QUERY_TABLES; table++) {
		struct query_compiler c = {.context = context,
			.scope = scope,
			.sql = sql,
			.table = (enum query_table)table,
			.plan = &sql->tables[table],
			.arena = arena,
			.err = err};
		compile_table(&c, tree);
		if (c.failed)
			return false;
	}
	return true;
}
