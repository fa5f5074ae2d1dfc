#include "query/query_part.h"

#include <assert.h>

enum word {
	WORD_NONE,
	WORD_OR,
	WORD_AND,
	WORD_NOT,
};

/* Children or values while their number is not known; lives in the arena. */
struct list {
	void *items;
	size_t n, cap;
};

static void *
list_add(struct query_reader *r, struct list *list, size_t size)
{
	if (list->n == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 2;
		char *items = arena_new(r->arena, cap * size);
		if (list->n)
			memcpy(items, list->items, list->n * size);
		list->items = items;
		list->cap = cap;
	}
	return (char *)list->items + list->n++ * size;
}

static struct query_node *
new_node(struct query_reader *r, enum query_node_kind kind, size_t pos)
{
	struct query_node *node = arena_zero(r->arena, sizeof(*node));
	node->kind = kind;
	node->pos = pos;
	return node;
}

static void
add_child(struct query_reader *r, struct list *list, struct query_node *child)
{
	*(struct query_node **)list_add(r, list, sizeof(child)) = child;
}

/* The only child itself, or a node over all of them. */
static struct query_node *
join(struct query_reader *r, enum query_node_kind kind, const struct list *list)
{
	struct query_node **children = list->items;
	if (list->n == 1)
		return children[0];
	struct query_node *node = new_node(r, kind, children[0]->pos);
	node->children = children;
	node->n = list->n;
	return node;
}

/* OR, AND and NOT are words of the language only as whole words in capitals. */
static enum word
see_word(const struct query_reader *r)
{
	static const struct {
		struct slice name;
		enum word word;
	} words[] = {{{"OR", 2}, WORD_OR}, {{"AND", 3}, WORD_AND}, {{"NOT", 3}, WORD_NOT}};
	struct slice left = query_left(r);
	for (size_t i = 0; i < 3; i++) {
		if (!slice_starts(left, words[i].name))
			continue;
		struct slice rest = slice_skip(left, words[i].name.n);
		if (rest.n == 0 || rest.p[0] == '(' || rest.p[0] == ')' || query_blank(rest))
			return words[i].word;
	}
	return WORD_NONE;
}

static bool
sees(const struct query_reader *r, char c)
{
	return r->at < r->text.n && r->text.p[r->at] == c;
}

static struct query_node *parse_or(struct query_reader *r);

static bool
enter(struct query_reader *r, size_t pos)
{
	if (++r->depth > QUERY_MAX_DEPTH)
		return query_fail(
			r, pos, "parentheses and NOTs are nested deeper than %d", QUERY_MAX_DEPTH);
	return true;
}

static struct query_node *
parse_group(struct query_reader *r)
{
	size_t start = r->at++;
	if (!enter(r, start))
		return NULL;
	query_skip_blanks(r);
	if (sees(r, ')')) {
		query_fail(r, r->at, "there is nothing between these parentheses");
		return NULL;
	}
	struct query_node *node = r->at < r->text.n ? parse_or(r) : NULL;
	if (r->at >= r->text.n && (node || r->err->message.n == 0)) {
		query_fail(r, start, "this parenthesis is never closed");
		query_hint(r, "add a ) or put the text in quotes");
		return NULL;
	}
	if (!node)
		return NULL;
	r->at++; /* parse_or stops at ')' or at the end only */
	r->depth--;
	return node;
}

static bool
count_term(struct query_reader *r, size_t pos)
{
	if (++r->terms > QUERY_MAX_TERMS)
		return query_fail(r, pos, "the query has more than %d conditions", QUERY_MAX_TERMS);
	return true;
}

static struct query_node *
new_field(struct query_reader *r, const struct query_key *key, size_t pos)
{
	if (!count_term(r, pos))
		return NULL;
	struct query_node *node = new_node(r, QUERY_NODE_FIELD, pos);
	node->key = key;
	node->guessed = r->pasted;
	return node;
}

/* Length of the key at the cursor, which ends before ':'; 0 when the word is no field. */
static size_t
key_length(const struct query_reader *r)
{
	struct slice left = query_left(r);
	size_t n = 0;
	while (n < left.n &&
		((left.p[n] >= 'a' && left.p[n] <= 'z') || (left.p[n] >= 'A' && left.p[n] <= 'Z') ||
			(n && (left.p[n] == '-' || left.p[n] == '_'))))
		n++;
	return n < left.n && left.p[n] == ':' ? n : 0;
}

static enum query_op
read_op(struct query_reader *r)
{
	static const enum query_op ops[] = {QUERY_OP_AT_LEAST, QUERY_OP_AT_MOST, QUERY_OP_GREATER,
		QUERY_OP_LESS, QUERY_OP_EQUAL, QUERY_OP_REGEX};
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		struct slice name = slice_of_str(query_op_name(ops[i]));
		if (slice_starts(query_left(r), name)) {
			r->at += name.n;
			return ops[i];
		}
	}
	return QUERY_OP_NONE;
}

/* '<' opens an angle bracket where the key has no comparisons. */
static bool
read_allowed_op(struct query_reader *r, const struct query_key *key, enum query_op *op)
{
	size_t start = r->at;
	*op = QUERY_OP_NONE;
	if (sees(r, '<') && !(key->allows & QUERY_ALLOWS_COMPARE))
		return true;
	*op = read_op(r);
	unsigned needed = *op == QUERY_OP_REGEX ? QUERY_ALLOWS_REGEX : QUERY_ALLOWS_COMPARE;
	if (*op == QUERY_OP_NONE || key->allows & needed)
		return true;
	query_fail(r, start, "%s: cannot be used with %s", key->name, query_op_name(*op));
	if (key->type == QUERY_TYPE_TIME || key->type == QUERY_TYPE_LAST ||
		key->type == QUERY_TYPE_ITEM)
		return query_hint(r, "for example %s", key->example);
	return query_hint(r, "for example %s; put text that begins with %s in quotes", key->example,
		query_op_name(*op));
}

static bool
read_typed_value(struct query_reader *r, struct query_node *node, struct list *list)
{
	if (list->n == QUERY_MAX_VALUES)
		return query_fail(
			r, r->at, "%s: has more than %d values", node->key->name, QUERY_MAX_VALUES);
	struct query_value *value = list_add(r, list, sizeof(*value));
	if (!query_read_value(r, node->key, value))
		return false;
	if (node->op != QUERY_OP_NONE && value->range) {
		query_fail(
			r, value->pos, "a range cannot be used with %s", query_op_name(node->op));
		return query_hint(r, "for example %s", node->key->example);
	}
	return query_value_parse(r, node->key, node->op, value);
}

static bool
read_values(struct query_reader *r, struct query_node *node)
{
	struct list list = {0};
	do {
		if (list.n == 1 && !(node->key->allows & QUERY_ALLOWS_LIST)) {
			query_fail(r, r->at - 1, "%s: takes one value", node->key->name);
			return query_hint(
				r, "for example %s; a period is on:a..b", node->key->example);
		}
		if (!read_typed_value(r, node, &list))
			return false;
	} while (sees(r, ',') && r->at++ < r->text.n);
	node->values = list.items;
	node->n = list.n;
	return true;
}

static struct query_node *
parse_field(struct query_reader *r, size_t name_length)
{
	size_t start = r->at;
	struct slice name = slice_head(query_left(r), name_length);
	const struct query_key *key = query_key_by_name(name);
	if (!key) {
		query_fail_key(r, start, name);
		return NULL;
	}
	r->at += name_length + 1;
	struct query_node *node = new_field(r, key, start);
	if (!node || !read_allowed_op(r, key, &node->op) || !read_values(r, node))
		return NULL;
	return node;
}

static struct query_node *
new_word(struct query_reader *r, struct slice text, size_t pos, bool quoted)
{
	const struct query_key *key = query_key(QUERY_KEY_TEXT);
	struct query_node *node = new_field(r, key, pos);
	if (!node)
		return NULL;
	struct query_value *value = arena_new(r->arena, sizeof(*value));
	*value = (struct query_value){.text = text, .pos = pos, .quoted = quoted, .item = -1};
	node->word = true;
	node->guessed = false;
	node->values = value;
	node->n = 1;
	return query_value_parse(r, key, QUERY_OP_NONE, value) ? node : NULL;
}

/* Cuts the next part of a bare run off; what stands inside angle brackets parts nothing. */
static bool
next_part(struct slice *rest, struct slice *part)
{
	bool angle = false;
	size_t n = 0;
	while (n < rest->n && (angle || (rest->p[n] != ',' && rest->p[n] != ';'))) {
		angle = rest->p[n] == '<' || (angle && rest->p[n] != '>');
		n++;
	}
	*part = slice_head(*rest, n);
	bool more = rest->n > 0;
	*rest = slice_skip(*rest, n + 1);
	return more;
}

/* The values of a bare word, or of several with commas or semicolons between, when all have one
 * shape; else the key is text. */
static const struct query_key *
guess_list(struct query_reader *r, struct slice run, size_t pos, struct list *list)
{
	const struct query_key *common = NULL;
	for (struct slice rest = run, part; next_part(&rest, &part);) {
		struct slice text;
		if (part.n == 0)
			continue;
		const struct query_key *key = query_guess(part, &text);
		if (key->id == QUERY_KEY_TEXT || (common && common != key))
			return query_key(QUERY_KEY_TEXT);
		common = key;
		struct query_value *value = list_add(r, list, sizeof(*value));
		*value = (struct query_value){
			.text = text, .pos = pos + (size_t)(part.p - run.p), .item = -1};
	}
	return common ? common : query_key(QUERY_KEY_TEXT);
}

static struct query_node *
new_guess(struct query_reader *r, const struct query_key *key, const struct list *list, size_t pos)
{
	struct query_node *node = new_field(r, key, pos);
	if (!node)
		return NULL;
	node->guessed = true;
	node->values = list->items;
	node->n = list->n;
	for (size_t i = 0; i < node->n; i++)
		if (!query_value_parse(r, key, QUERY_OP_NONE, &node->values[i]))
			return NULL;
	return node;
}

/* A bare word or, with commas, a run of them. An angle bracket closes over what a plain word ends
 * at. */
static bool
read_run(struct query_reader *r, struct slice *run)
{
	size_t start = r->at;
	struct slice part;
	do {
		if (!(sees(r, '<') ? query_read_angle(r, &part) : query_read_plain(r, &part)))
			return false;
	} while (sees(r, ',') && r->at++ < r->text.n);
	*run = slice_of(r->text.p + start, r->at - start);
	return true;
}

static struct slice
without_mailto(struct slice run)
{
	if (!slice_equal_nocase(slice_head(run, 7), S("mailto:")))
		return run;
	run = slice_skip(run, 7);
	ptrdiff_t question = slice_find_char(run, '?');
	return question < 0 ? run : slice_head(run, (size_t)question);
}

static struct query_node *
parse_bare(struct query_reader *r)
{
	size_t start = r->at;
	struct slice run;
	if (!read_run(r, &run))
		return NULL;
	struct list list = {0};
	const struct query_key *key = guess_list(r, without_mailto(run), start, &list);
	if (key->id == QUERY_KEY_TEXT)
		return new_word(r, run, start, false);
	if (list.n > QUERY_MAX_VALUES) {
		query_fail(r, start, "this list has more than %d values", QUERY_MAX_VALUES);
		return NULL;
	}
	return new_guess(r, key, &list, start);
}

/* Text with a colon that is no field: an IPv6 address, a URL, a mailto link. */
static bool
is_bare_with_colon(const struct query_reader *r, size_t name_length)
{
	struct query_reader ahead = *r;
	struct slice left = slice_skip(query_left(r), name_length);
	struct slice word;
	struct ip ip;
	if (slice_starts(left, S("://")) ||
		slice_equal_nocase(slice_head(query_left(r), 7), S("mailto:")))
		return true;
	while (ahead.at < r->text.n && !query_blank(query_left(&ahead)) && !sees(&ahead, ',') &&
		!sees(&ahead, ')'))
		ahead.at++;
	word = slice_head(query_left(r), ahead.at - r->at);
	return ip_parse(word, true, &ip);
}

static bool
fail_operand(struct query_reader *r)
{
	if (r->at >= r->text.n) {
		query_fail(r, r->at, "a condition is missing at the end");
		return query_hint(r, "put OR, AND or NOT in quotes to search for the word");
	}
	if (sees(r, ')')) {
		query_fail(r, r->at, "a condition is missing before this parenthesis");
		return query_hint(r, "put it in quotes to search for it as text");
	}
	query_fail(r, r->at, "OR and AND need a condition on both sides");
	return query_hint(r, "put the word in quotes or small letters to search for it as text");
}

static struct query_node *
parse_primary(struct query_reader *r)
{
	enum word word = see_word(r);
	size_t start = r->at, name_length;
	struct slice text;
	if (r->at >= r->text.n || sees(r, ')') || word == WORD_OR || word == WORD_AND) {
		fail_operand(r);
		return NULL;
	}
	if (sees(r, '('))
		return parse_group(r);
	if (sees(r, '"'))
		return query_read_quoted(r, &text) ? new_word(r, text, start, true) : NULL;
	name_length = key_length(r);
	if (name_length && !is_bare_with_colon(r, name_length))
		return parse_field(r, name_length);
	return parse_bare(r);
}

static struct query_node *
parse_unary(struct query_reader *r)
{
	size_t start = r->at;
	bool minus = sees(r, '-');
	if (!minus && see_word(r) != WORD_NOT)
		return parse_primary(r);
	if (!enter(r, start))
		return NULL;
	r->at += minus ? 1 : 3;
	if (minus && (r->at >= r->text.n || query_blank(query_left(r)))) {
		query_fail(r, start, "there is nothing to exclude after this -");
		query_hint(r, "write -word without a blank, or \"-\" in quotes");
		return NULL;
	}
	query_skip_blanks(r);
	struct query_node *child = parse_unary(r);
	if (!child)
		return NULL;
	struct list list = {0};
	add_child(r, &list, child);
	struct query_node *node = new_node(r, QUERY_NODE_NOT, start);
	node->children = list.items;
	node->n = 1;
	r->depth--;
	return node;
}

static struct query_node *
parse_and(struct query_reader *r)
{
	struct list list = {0};
	for (;;) {
		struct query_node *child = parse_unary(r);
		if (!child)
			return NULL;
		add_child(r, &list, child);
		query_skip_blanks(r);
		if (see_word(r) == WORD_AND) {
			r->at += 3;
			query_skip_blanks(r);
		} else if (r->at >= r->text.n || sees(r, ')') || see_word(r) == WORD_OR) {
			return join(r, QUERY_NODE_AND, &list);
		}
	}
}

static struct query_node *
parse_or(struct query_reader *r)
{
	struct list list = {0};
	for (;;) {
		struct query_node *child = parse_and(r);
		if (!child)
			return NULL;
		add_child(r, &list, child);
		if (see_word(r) != WORD_OR)
			return join(r, QUERY_NODE_OR, &list);
		r->at += 2;
		query_skip_blanks(r);
	}
}

/* `sort:` is no condition: once, and not inside OR, NOT or parentheses. */
static bool
check_sort(struct query_reader *r, const struct query_node *node, bool top, unsigned *seen)
{
	if (node->kind == QUERY_NODE_FIELD) {
		if (node->key->id != QUERY_KEY_SORT || (top && (*seen)++ == 0))
			return true;
		return query_fail(r, node->pos,
			"sort: may stand once, and not inside OR, NOT or parentheses");
	}
	for (size_t i = 0; i < node->n; i++)
		if (!check_sort(r, node->children[i],
			    top && node->kind == QUERY_NODE_AND &&
				    node->children[i]->kind == QUERY_NODE_FIELD,
			    seen))
			return false;
	return true;
}

static struct query_node *
parse_all(struct query_reader *r)
{
	unsigned sorts = 0;
	query_skip_blanks(r);
	if (r->at >= r->text.n)
		return new_node(r, QUERY_NODE_ALL, 0);
	struct query_node *tree = parse_or(r);
	if (!tree)
		return NULL;
	if (r->at < r->text.n) {
		query_fail(r, r->at, "this parenthesis closes nothing");
		query_hint(r, "put it in quotes to search for it as text");
		return NULL;
	}
	return check_sort(r, tree, true, &sorts) ? tree : NULL;
}

/* Pasted text may be longer than a query; what it stands for is kept in the arena. */
static bool
take_text(struct query_reader *r, struct slice text)
{
	r->text = text;
	r->pasted = text.n <= QUERY_MAX_PASTE_BYTES && query_paste(text, r->context, &r->scratch);
	if (r->pasted)
		r->text = query_keep(r);
	if (r->text.n > QUERY_MAX_BYTES) {
		query_fail(
			r, QUERY_MAX_BYTES, "the query is longer than %d bytes", QUERY_MAX_BYTES);
		return query_hint(r, "search for fewer things at once");
	}
	return query_check_text(r);
}

bool
query_parse(struct slice text, const struct query_context *context, struct arena *arena,
	struct query_node **tree, struct query_error *err)
{
	struct query_reader r = {.context = context, .arena = arena, .err = err};
	*err = (struct query_error){0};
	*tree = take_text(&r, text) ? parse_all(&r) : NULL;
	buf_fini(&r.scratch);
	assert(*tree || err->message.n);
	return *tree != NULL;
}
