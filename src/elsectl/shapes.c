#include "elsectl/shapes.h"

#include "base/json.h"
#include "parse/parse.h"

enum { MOST_SHAPES = 2000, EXAMPLE_BYTES = 1000 };

void
shapes_fini(struct shapes *s)
{
	map_fini(&s->map);
	arena_fini(&s->arena);
	buf_fini(&s->scratch);
	*s = (struct shapes){0};
}

static struct shape *
find(const struct shapes *s, struct slice text, uint64_t hash)
{
	for (struct map_node *n = map_first(&s->map, hash); n; n = map_next(n, hash)) {
		struct shape *shape = MAP_ENTRY(n, struct shape, by_hash);
		if (slice_equal(shape->text, text))
			return shape;
	}
	return NULL;
}

void
shapes_add(struct shapes *s, const struct line *line)
{
	buf_clear(&s->scratch);
	buf_add(&s->scratch, line->program);
	buf_add_str(&s->scratch, ": ");
	parse_add_shape(&s->scratch, line->text);
	struct slice text = buf_slice(&s->scratch);
	uint64_t hash = slice_hash(text, 0);
	struct shape *shape = find(s, text, hash);
	s->total++;
	if (!shape && s->map.n >= MOST_SHAPES) {
		s->beyond++;
		return;
	}
	if (!shape) {
		shape = arena_zero(&s->arena, sizeof(*shape));
		shape->text = arena_copy(&s->arena, text);
		shape->example = arena_copy(&s->arena, slice_head(line->raw, EXAMPLE_BYTES));
		map_add(&s->map, &shape->by_hash, hash);
	}
	shape->count++;
}

/* Equal counts in the order of the text, so that a report is always the same. */
static bool
before(const struct shape *a, const struct shape *b)
{
	if (a->count != b->count)
		return a->count > b->count;
	size_t n = a->text.n < b->text.n ? a->text.n : b->text.n;
	int order = memcmp(a->text.p, b->text.p, n);
	return order ? order < 0 : a->text.n < b->text.n;
}

size_t
shapes_top(const struct shapes *s, const struct shape **top, size_t most)
{
	size_t n = 0;
	for (struct map_node *node = map_walk(&s->map, NULL); node;
		node = map_walk(&s->map, node)) {
		const struct shape *shape = MAP_ENTRY(node, struct shape, by_hash);
		size_t at = n < most ? n++ : most;
		for (; at > 0 && before(shape, top[at - 1]); at--)
			if (at < most)
				top[at] = top[at - 1];
		if (at < most)
			top[at] = shape;
	}
	return n;
}

void
shapes_add_json(const struct shapes *s, struct buf *b, size_t most)
{
	const struct shape *top[SHAPES_TOP_MAX];
	size_t n = shapes_top(s, top, most);
	json_add_key(b, "unknown_shapes");
	buf_add_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		json_add_comma(b);
		buf_add_char(b, '{');
		json_add_field_i64(b, "count", (int64_t)top[i]->count);
		json_add_field(b, "shape", top[i]->text);
		json_add_field(b, "example", top[i]->example);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}
