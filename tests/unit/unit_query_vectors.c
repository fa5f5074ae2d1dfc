/* The golden queries of tests/golden/query: [query, tree or error] pairs. The files are the
 * arguments. */
#include "unit.h"

#include "query_sample.h"

#include <stdio.h>

static const char **files;

struct vector {
	struct buf query;
	struct slice expected; /* JSON without blanks, as in the file */
};

/* JSON strings as far as the golden files use them: no \u beyond ASCII. */
static void
read_string(struct cursor *c, struct buf *out)
{
	static const char escapes[] = "n\nr\rt\t";
	buf_clear(out);
	cursor_literal(c, S("\""));
	while (!cursor_done(c) && *c->p != '"') {
		if (*c->p != '\\') {
			buf_add_char(out, *c->p++);
			continue;
		}
		const char *named = strchr(escapes, c->p[1]);
		if (c->p[1] == 'u')
			buf_add_char(out,
				(char)(strchr("0123456789abcdef", c->p[5]) - "0123456789abcdef"));
		else
			buf_add_char(out, named ? named[1] : c->p[1]);
		c->p += c->p[1] == 'u' ? 6 : 2;
	}
	cursor_literal(c, S("\""));
}

static struct slice
skip_object(struct cursor *c)
{
	const char *start = c->p;
	struct buf ignored = {0};
	int depth = 0;
	do {
		if (*c->p == '"') {
			read_string(c, &ignored);
			continue;
		}
		depth += (*c->p == '{') - (*c->p == '}');
		c->p++;
	} while (depth > 0 && !cursor_done(c));
	buf_fini(&ignored);
	return slice_of(start, (size_t)(c->p - start));
}

/* One pair a line; false at the end of the list. */
static bool
next_vector(struct cursor *c, struct vector *v)
{
	if (!cursor_optional(c, S("[\n")) && !cursor_optional(c, S(",\n")))
		return false;
	cursor_literal(c, S("["));
	read_string(c, &v->query);
	cursor_literal(c, S(","));
	v->expected = skip_object(c);
	cursor_literal(c, S("]"));
	return cursor_ok(c);
}

static void
read_file(const char *path, struct buf *text)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	size_t n;
	while ((n = fread(buf_room(text, 65536), 1, 65536, file)) > 0)
		text->n += n;
	fclose(file);
}

static void
add_error(struct buf *out, struct slice expected, const struct query_error *err)
{
	bool hint = slice_contains(expected, S("\"hint\"")) && err->hint.n > 0;
	buf_addf(out, "{\"error\":%zu%s}", err->pos, hint ? ",\"hint\":true" : "");
}

static bool
vector_holds(const struct vector *v, const struct query_context *context)
{
	struct arena arena = {0};
	struct query_node *tree;
	struct query_error err;
	struct buf json = {0};
	bool canonical = true;
	if (query_parse(buf_slice(&v->query), context, &arena, &tree, &err)) {
		query_add_json(&json, tree);
		canonical = sample_canonical_holds(tree, context);
	} else {
		add_error(&json, v->expected, &err);
	}
	bool ok = slice_equal(buf_slice(&json), v->expected);
	if (!ok || !canonical)
		print_error("%.*s\n  expected %.*s\n  but got  %.*s%s\n",
			SLICE_ARG(buf_slice(&v->query)), SLICE_ARG(v->expected),
			SLICE_ARG(buf_slice(&json)),
			canonical ? "" : "\n  and the canonical text has another meaning");
	buf_fini(&json);
	arena_fini(&arena);
	return ok && canonical;
}

static void
run_file(const char *path, size_t least)
{
	struct query_context context = sample_context();
	struct vector v = {0};
	struct buf text = {0};
	size_t count = 0, wrong = 0;
	read_file(path, &text);
	struct cursor c = cursor_of(buf_slice(&text));
	for (; next_vector(&c, &v); count++)
		wrong += !vector_holds(&v, &context);
	assert_true(cursor_optional(&c, S("\n]")));
	assert_true(count >= least);
	assert_int_equal(wrong, 0);
	buf_fini(&v.query);
	buf_fini(&text);
}

static void
the_vectors_of_the_language_hold(void **state)
{
	(void)state;
	run_file(files[0], 35);
}

static void
the_vectors_of_the_edges_hold(void **state)
{
	(void)state;
	run_file(files[1], 300);
}

static void
the_guide_names_every_key_and_alias(void **state)
{
	(void)state;
	struct buf guide = {0}, name = {0};
	read_file(files[2], &guide);
	for (int id = 0; id < QUERY_KEY_COUNT; id++) {
		const struct query_key *key = query_key((enum query_key_id)id);
		assert_int_equal(key->id, id);
		for (int i = -1; i < 3 && (i < 0 || key->aliases[i]); i++) {
			buf_clear(&name);
			buf_addf(&name, "`%s`", i < 0 ? key->name : key->aliases[i]);
			if (!slice_contains(buf_slice(&guide), buf_slice(&name)))
				fail_msg(
					"docs/search-language.md does not name %s", buf_str(&name));
		}
	}
	buf_fini(&guide);
	buf_fini(&name);
}

/* Every example in `backquotes` of the guide that has a known key is a query. */
static void
the_examples_of_the_guide_are_queries(void **state)
{
	(void)state;
	struct query_context context = sample_context();
	struct arena arena = {0};
	struct query_node *tree;
	struct query_error err;
	struct buf guide = {0};
	struct slice part;
	size_t count = 0;
	read_file(files[2], &guide);
	struct slice rest = buf_slice(&guide);
	for (bool code = false; slice_split(&rest, '`', &part); code = !code) {
		ptrdiff_t colon = slice_find_char(part, ':');
		if (!code || colon <= 0 || (size_t)colon + 1 == part.n ||
			!query_key_by_name(slice_head(part, (size_t)colon)))
			continue;
		if (!query_parse(part, &context, &arena, &tree, &err))
			fail_msg("%.*s: %.*s", SLICE_ARG(part), SLICE_ARG(err.message));
		count++;
	}
	assert_true(count > 40);
	arena_fini(&arena);
	buf_fini(&guide);
}

static void
the_example_of_every_key_is_a_query(void **state)
{
	(void)state;
	struct query_context context = sample_context();
	struct arena arena = {0};
	struct query_node *tree;
	struct query_error err;
	for (int id = 0; id < QUERY_KEY_COUNT; id++) {
		const struct query_key *key = query_key((enum query_key_id)id);
		assert_true(query_parse(slice_of_str(key->example), &context, &arena, &tree, &err));
		assert_ptr_equal(tree->key, key);
	}
	arena_fini(&arena);
}

static void
the_canonical_text_has_one_spelling(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"  Sender:a@x.example   AND  NOT RCPT:b@y.example ",
			"from:a@x.example -to:b@y.example"},
		{"(a b) OR ((c))", "a b OR c"},
		{"(a OR b) (c d)", "(a OR b) (c d)"},
		{"192.0.2.7 <a@b> 5.1.*", "ip:192.0.2.7 msgid:<a@b> code:5.1.*"},
		{"\"192.0.2.7\" \"plain\" \"OR\" \"a b\"", "\"192.0.2.7\" plain \"OR\" \"a b\""},
		{"subject:\"x\",\"a \\\"b\\\"\",\"c,d\",\"e*\",f*",
			"subject:x,\"a \\\"b\\\"\",\"c,d\",\"e*\",f*"},
		{"size:1M..10M delay:>=5m text:~a.b", "size:1M..10M delay:>=5m text:~\"a.b\""},
		{"http://x.example/", "\"http://x.example/\""},
		{"", ""},
	};
	struct query_context context = sample_context();
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct arena arena = {0};
		struct query_node *tree;
		struct query_error err;
		struct buf text = {0};
		assert_true(query_parse(slice_of_str(pairs[i][0]), &context, &arena, &tree, &err));
		query_add_canonical(&text, tree);
		assert_string_equal(buf_str(&text), pairs[i][1]);
		buf_fini(&text);
		arena_fini(&arena);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_language_hold),
		cmocka_unit_test(the_vectors_of_the_edges_hold),
		cmocka_unit_test(the_canonical_text_has_one_spelling),
		cmocka_unit_test(the_guide_names_every_key_and_alias),
		cmocka_unit_test(the_examples_of_the_guide_are_queries),
		cmocka_unit_test(the_example_of_every_key_is_a_query),
	};
	if (argc != 4) {
		fprintf(stderr, "usage: %s vectors.json edges.json search-language.md\n", argv[0]);
		return 2;
	}
	files = (const char **)argv + 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
