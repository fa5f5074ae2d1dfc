#include "query/query_part.h"

static void
add_quoted(struct buf *b, struct slice s)
{
	buf_add_char(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, s.p[i]);
	}
	buf_add_char(b, '"');
}

static bool
is_angle(struct slice s)
{
	if (s.n < 2 || s.p[0] != '<' || slice_find_char(s, '>') != (ptrdiff_t)s.n - 1)
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (query_blank(slice_skip(s, i)))
			return false;
	return true;
}

/* Without quotes this reads back as one value. */
static bool
is_plain(struct slice s)
{
	if (s.n == 0 || strchr("<>=~", s.p[0]) || query_curly_quote(s))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (strchr("(),\"\\", s.p[i]) || query_blank(slice_skip(s, i)))
			return false;
	return true;
}

bool
query_needs_quotes(struct slice s)
{
	return !is_angle(s) && !is_plain(s);
}

void
query_add_text(struct buf *b, struct slice s)
{
	if (query_needs_quotes(s))
		add_quoted(b, s);
	else
		buf_add(b, s);
}

/* A bare word may stand without quotes when nothing else could be read into it. A pattern must. */
static bool
is_bare(const struct query_value *v)
{
	struct slice s = v->text, value;
	if (!v->quoted && slice_find_char(s, '*') >= 0)
		return true;
	return is_plain(s) && s.p[0] != '-' && slice_find_char(s, ':') < 0 &&
	       slice_find_char(s, ';') < 0 && slice_find_char(s, '*') < 0 &&
	       !slice_equal(s, S("OR")) && !slice_equal(s, S("AND")) && !slice_equal(s, S("NOT")) &&
	       query_guess(s, &value)->id == QUERY_KEY_TEXT;
}

static void
add_value(struct buf *b, const struct query_node *node, const struct query_value *v)
{
	bool star = slice_find_char(v->text, '*') >= 0;
	if (v->range) {
		buf_add(b, v->text);
		buf_add_str(b, "..");
		buf_add(b, v->to);
	} else if (node->op == QUERY_OP_REGEX || (v->quoted && star)) {
		add_quoted(b, v->text);
	} else if (star) {
		buf_add(b, v->text);
	} else {
		query_add_text(b, v->text);
	}
}

static void
add_field(struct buf *b, const struct query_node *node)
{
	if (node->word) {
		if (is_bare(node->values))
			buf_add(b, node->values->text);
		else
			add_quoted(b, node->values->text);
		return;
	}
	buf_addf(b, "%s:%s", node->key->name, query_op_name(node->op));
	for (size_t i = 0; i < node->n; i++) {
		if (i)
			buf_add_char(b, ',');
		add_value(b, node, &node->values[i]);
	}
}

static void add_node(struct buf *b, const struct query_node *node, enum query_node_kind parent);

static void
add_group(struct buf *b, const struct query_node *node, enum query_node_kind parent)
{
	bool binds = node->kind == QUERY_NODE_AND &&
		     (parent == QUERY_NODE_OR || parent == QUERY_NODE_ALL);
	bool parentheses = !binds && parent != QUERY_NODE_ALL;
	if (parentheses)
		buf_add_char(b, '(');
	for (size_t i = 0; i < node->n; i++) {
		if (i)
			buf_add_str(b, node->kind == QUERY_NODE_AND ? " " : " OR ");
		add_node(b, node->children[i], node->kind);
	}
	if (parentheses)
		buf_add_char(b, ')');
}

/* As deep as the parser allowed. `parent` is QUERY_NODE_ALL at the top. */
static void
add_node(struct buf *b, const struct query_node *node, enum query_node_kind parent)
{
	switch (node->kind) {
	case QUERY_NODE_ALL:
		return;
	case QUERY_NODE_AND:
	case QUERY_NODE_OR:
		add_group(b, node, parent);
		return;
	case QUERY_NODE_NOT:
		buf_add_char(b, '-');
		add_node(b, node->children[0], QUERY_NODE_NOT);
		return;
	case QUERY_NODE_FIELD:
		add_field(b, node);
	}
}

void
query_add_canonical(struct buf *b, const struct query_node *tree)
{
	add_node(b, tree, QUERY_NODE_ALL);
}
