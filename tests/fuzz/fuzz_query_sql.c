/* Whatever the query, its statements have all their parameters, and no more text than their shape.
 */
#include "../unit/query_sample.h"
#include "../unit/query_sql_sample.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct query_context context = sample_context();
	struct query_sql_context sql_context = sample_sql_context();
	const struct slice domain = S("x.example");
	const struct query_scope scope = {.domains = &domain, .n_domains = 1};
	struct arena arena = {0};
	struct query_node *tree;
	struct query_error err;
	struct query_sql sql;
	bool ok = query_parse(slice_of((const char *)data, size), &context, &arena, &tree, &err) &&
		  query_compile(&sql, tree, &sql_context, size % 2 ? &scope : NULL, &arena, &err);
	for (int table = 0; ok && table < QUERY_TABLES; table++) {
		struct buf b = {0};
		sample_add_statements(&b, &sql, (enum query_table)table);
		if (!sample_params_hold(&sql, (enum query_table)table, buf_slice(&b)))
			abort();
		buf_fini(&b);
	}
	arena_fini(&arena);
	return 0;
}
