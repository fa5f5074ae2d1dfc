/* Any text is a query or an error inside it; a query survives its canonical text. */
#include "../unit/query_sample.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size);
	struct query_context context = sample_context();
	struct arena arena = {0};
	struct query_node *tree;
	struct query_error err;
	struct buf json = {0};
	if (query_parse(text, &context, &arena, &tree, &err)) {
		query_add_json(&json, tree);
		if (!sample_canonical_holds(tree, &context))
			abort();
	} else if (err.pos > size || err.message.n == 0) {
		abort();
	}
	buf_fini(&json);
	arena_fini(&arena);
	return 0;
}
