/* What the files of the compiler share. */
#ifndef ELSE_QUERY_QUERY_SQL_PART_H
#define ELSE_QUERY_QUERY_SQL_PART_H

#include "query/query_sql.h"

/* What is known of a condition when it is compiled. */
enum query_truth { QUERY_NEVER, QUERY_SOMETIMES, QUERY_ALWAYS };

/* One compilation for one table. */
struct query_compiler {
	const struct query_sql_context *context;
	const struct query_scope *scope;
	struct query_sql *sql;
	enum query_table table;
	struct query_plan *plan;
	size_t cap_params, cap_candidates;
	struct arena *arena;
	struct query_error *err; /* its message is set when the compilation failed */
	bool failed;
	struct buf rollup;
	bool names_mail; /* by queue id or Message-ID */
};

/* A condition in the making: text, and the candidate that covers it (n == 0: none). */
struct query_part {
	struct buf text;
	struct query_candidate cover;
	bool covered;
};

/* Numbers of new parameters of the plan. The text is borrowed: it lies in the arena. */
unsigned query_param_add(struct query_compiler *c, uint32_t type, const char *value);
unsigned query_param_text(struct query_compiler *c, struct slice text);
unsigned query_param_i64(struct query_compiler *c, int64_t v);
unsigned query_param_time(struct query_compiler *c, int64_t t_us);
unsigned query_param_array(struct query_compiler *c, uint32_t type, struct query_array *a);
unsigned query_param_lookup(
	struct query_compiler *c, uint32_t type, const struct query_lookup *lookup, int part);

/* The look-up of a field: one for both tables. */
struct query_lookup *query_lookup_of(
	struct query_compiler *c, enum query_lookup_kind kind, const struct query_node *field);

/* A copy with a NUL behind it, which libpq wants. */
const char *query_keep_text(struct arena *arena, struct slice s);

/* A LIKE pattern from a value: in patterns '*' becomes %, everything else is itself. */
void query_add_like(struct buf *b, const struct query_value *value);

/* The same for text that is no value. */
void query_add_like_literal(struct buf *b, struct slice text);

/* Adds to a text[] of patterns: the text, with what must stand before and behind it. */
void query_array_add_like(struct query_array *likes, struct slice head,
	const struct query_value *value, struct slice tail);

/* Deliveries that are not simply delivered have a small index. */
#define QUERY_RARE "d.status NOT IN (4, 5)"
enum {
	QUERY_RANK_ID = 1,
	QUERY_RANK_ADDRESS = 10,
	QUERY_RANK_USER = 20,
	QUERY_RANK_CLIENT = 30,
	QUERY_RANK_NETWORK = 40,
	QUERY_RANK_DOMAIN = 50,
	QUERY_RANK_RARE = 60,
	QUERY_RANK_WORDS = 70,
	QUERY_RANK_SCOPE = 80
};

void query_candidate_probe(
	struct query_candidate *c, const struct query_index *index, unsigned param, size_t values);

/* query_sql_match.c: one field. */
enum query_truth query_match_field(
	struct query_compiler *c, const struct query_node *field, struct query_part *part);

/* query_sql_address.c */
enum query_truth query_match_address(
	struct query_compiler *c, const struct query_node *field, struct query_part *part);
enum query_truth query_match_ip(
	struct query_compiler *c, const struct query_node *field, struct query_part *part);
enum query_truth query_match_user(
	struct query_compiler *c, const struct query_node *field, struct query_part *part);
enum query_truth query_match_msgid(
	struct query_compiler *c, const struct query_node *field, struct query_part *part);
enum query_truth query_match_qid(
	struct query_compiler *c, const struct query_node *field, struct query_part *part);
enum query_truth query_match_host(
	struct query_compiler *c, const struct query_node *field, struct query_part *part);
void query_match_scope(struct query_compiler *c, struct query_part *part);

/* Sets the error at the field; returns QUERY_NEVER. */
enum query_truth query_refuse(struct query_compiler *c, const struct query_node *field,
	struct slice message, struct slice hint);

#endif
