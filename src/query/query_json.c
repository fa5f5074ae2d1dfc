#include "query/query_part.h"

#include "base/json.h"

/* A '*' in quotes is itself; without a mark the JSON could not tell it from the wildcard. */
static bool
is_literal_star(const struct query_node *node, const struct query_value *v)
{
	return v->quoted && node->op != QUERY_OP_REGEX && slice_find_char(v->text, '*') >= 0;
}

static void
add_value(struct buf *b, const struct query_node *node, const struct query_value *v)
{
	json_add_comma(b);
	if (!v->range && !is_literal_star(node, v)) {
		json_add_string(b, v->text);
		return;
	}
	buf_add_char(b, '{');
	json_add_field(b, v->range ? "from" : "literal", v->text);
	if (v->range)
		json_add_field(b, "to", v->to);
	buf_add_char(b, '}');
}

static void
add_word(struct buf *b, const struct query_node *node)
{
	buf_add_char(b, '{');
	json_add_field(b, "text", node->values->text);
	if (is_literal_star(node, node->values))
		json_add_field_bool(b, "literal", true);
	buf_add_char(b, '}');
}

static void
add_field(struct buf *b, const struct query_node *node)
{
	buf_add_char(b, '{');
	json_add_field_str(b, "key", node->key->name);
	if (node->op != QUERY_OP_NONE)
		json_add_field_str(b, "op", query_op_name(node->op));
	json_add_key(b, "values");
	buf_add_char(b, '[');
	for (size_t i = 0; i < node->n; i++)
		add_value(b, node, &node->values[i]);
	buf_add_char(b, ']');
	if (node->guessed)
		json_add_field_bool(b, "guessed", true);
	buf_add_char(b, '}');
}

static void
add_group(struct buf *b, const struct query_node *node)
{
	buf_add_char(b, '{');
	json_add_key(b, node->kind == QUERY_NODE_AND ? "and" : "or");
	buf_add_char(b, '[');
	for (size_t i = 0; i < node->n; i++) {
		json_add_comma(b);
		query_add_json(b, node->children[i]);
	}
	buf_add_str(b, "]}");
}

/* As deep as the parser allowed. */
void
query_add_json(struct buf *b, const struct query_node *node)
{
	switch (node->kind) {
	case QUERY_NODE_ALL:
		buf_add_str(b, "{\"all\":true}");
		return;
	case QUERY_NODE_AND:
	case QUERY_NODE_OR:
		add_group(b, node);
		return;
	case QUERY_NODE_NOT:
		buf_add_str(b, "{\"not\":");
		query_add_json(b, node->children[0]);
		buf_add_char(b, '}');
		return;
	case QUERY_NODE_FIELD:
		break;
	}
	if (node->word)
		add_word(b, node);
	else
		add_field(b, node);
}
