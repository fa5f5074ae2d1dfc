/* Accounts, tokens and the audit log: what needs a secret, or more than one statement of route.c.
 */
#include <stdio.h>

#include "base/json.h"
#include "frontend/answer.h"
#include "frontend/route.h"
#include "frontend/secret.h"

/* The object in the body becomes a member beside a secret. */
static void
wrap(struct request *r, const char *name, const char *secret_name, const char *secret)
{
	struct buf b = {0};
	if (r->answer.status >= 300)
		return;
	buf_add_char(&b, '{');
	json_add_key(&b, name);
	buf_add(&b, buf_slice(&r->answer.body));
	json_add_field_str(&b, secret_name, secret);
	buf_add_char(&b, '}');
	buf_fini(&r->answer.body);
	r->answer.body = b;
	answer_header(r, "Cache-Control", "no-store");
}

void
api_user_add(struct worker *w, struct request *r)
{
	char password[SECRET_ONCE_BYTES], encoded[SECRET_ENCODED_BYTES];
	secret_make_password(password);
	secret_encode_password(slice_of_str(password), encoded);
	const char *values[] = {r->viewer.id_text, request_text(r, buf_slice(&r->body)), encoded};
	worker_answer_sql(w, r, "api_user_add($1::int8, $2::jsonb, $3)", 3, values);
	wrap(r, "user", "password", password);
}

void
api_user_password(struct worker *w, struct request *r)
{
	char password[SECRET_ONCE_BYTES], encoded[SECRET_ENCODED_BYTES];
	secret_make_password(password);
	secret_encode_password(slice_of_str(password), encoded);
	const char *values[] = {r->viewer.id_text, request_text(r, r->param), encoded};
	worker_answer_sql(w, r, "api_user_password($1::int8, $2, $3)", 3, values);
	wrap(r, "user", "password", password);
}

void
api_token_add(struct worker *w, struct request *r)
{
	char id[13], secret[41], hash[SECRET_HASH_BYTES], token[80];
	struct buf may = {0};
	secret_random_text(id, 12);
	secret_random_text(secret, 40);
	secret_hash(slice_of_str(secret), hash);
	snprintf(token, sizeof(token), "else_pat_%s_%s", id, secret);
	permissions_add_names(&may, r->viewer.permissions, '\n');
	const char *values[] = {
		r->viewer.id_text, request_text(r, buf_slice(&r->body)), id, hash, buf_str(&may)};
	worker_answer_sql(w, r, "api_token_add($1::int8, $2::jsonb, $3, $4::bytea, $5)", 5, values);
	wrap(r, "token", "secret", token);
	buf_fini(&may);
}

static const char *
argument(struct request *r, const char *name)
{
	return request_has_arg(r, name) ? request_text(r, request_arg(r, name)) : NULL;
}

void
api_audit(struct worker *w, struct request *r)
{
	int64_t limit;
	char most[24];
	if (!request_number(r, "limit", 1, 1000, 100, &limit))
		return;
	snprintf(most, sizeof(most), "%d", (int)limit);
	const char *values[] = {argument(r, "actor"), argument(r, "action"), argument(r, "after"),
		argument(r, "before"), most, argument(r, "cursor")};
	worker_answer_sql(w, r, "api_audit($1, $2, $3::timestamptz, $4::timestamptz, $5::int, $6)",
		6, values);
}
