/* What must hold for the statements of every query, for the unit test and the fuzzer. */
#ifndef ELSE_TESTS_QUERY_SQL_SAMPLE_H
#define ELSE_TESTS_QUERY_SQL_SAMPLE_H

#include "query/query_sql.h"

static inline uint64_t
sample_mail_id(struct slice msgid)
{
	return slice_hash(msgid, 0);
}

static inline struct query_sql_context
sample_sql_context(void)
{
	return (struct query_sql_context){.mail_id = sample_mail_id};
}

/* Every statement that a compiled query has, each behind the last with an LF between. */
static inline void
sample_add_statements(struct buf *b, const struct query_sql *sql, enum query_table table)
{
	const struct query_plan *plan = &sql->tables[table];
	for (size_t i = 0; i <= plan->n_candidates; i++) {
		const struct query_candidate *c =
			i < plan->n_candidates ? &plan->candidates[i] : NULL;
		for (int slow = 0; slow < 2; slow++) {
			query_sql_find(b, sql, table, c, slow);
			buf_add_char(b, '\n');
			query_sql_count(b, sql, table, c, slow);
			buf_add_char(b, '\n');
		}
	}
	if (table == QUERY_MAILS)
		query_sql_deliveries(b, sql);
}

/* The highest $n of a text. */
static inline unsigned
sample_last_param(struct slice text)
{
	unsigned last = 0;
	for (size_t i = 0; i + 1 < text.n; i++) {
		unsigned n = 0;
		if (text.p[i] != '$')
			continue;
		for (size_t k = i + 1; k < text.n && slice_is_digit(text.p[k]); k++)
			n = n * 10 + (unsigned)(text.p[k] - '0');
		last = n > last ? n : last;
	}
	return last;
}

/* Each parameter of the text is there, and each of the plan has a type and a value. */
static inline bool
sample_params_hold(const struct query_sql *sql, enum query_table table, struct slice text)
{
	const struct query_plan *plan = &sql->tables[table];
	for (size_t i = 0; i < plan->n_params; i++)
		if (plan->params[i].type == 0 ||
			(!plan->params[i].value == !plan->params[i].lookup))
			return false;
	return sample_last_param(text) < QUERY_PARAM_FIRST_OF_PLAN + plan->n_params;
}

#endif
