/* Login, logout, the own password. */
#include "frontend/answer.h"
#include "frontend/login.h"
#include "frontend/route.h"
#include "frontend/secret.h"

enum { SESSION_SIGNS = 52, ID_SIGNS = 16, LEAST_PASSWORD = 12 }; /* 260 and 80 bits */

static const char *
lower_text(struct request *r, struct slice s)
{
	struct buf b = {0};
	buf_add_lower(&b, s);
	const char *text = request_text(r, buf_slice(&b));
	buf_fini(&b);
	return text;
}

/* Lax, not strict: a link in a mail shall open for who is logged in. */
static void
set_cookie(struct request *r, const char *value, const char *rest)
{
	struct buf b = {0};
	buf_addf(&b, "%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s", login_cookie_name(r), value,
		r->secure ? "; Secure" : "", rest);
	answer_header(r, "Set-Cookie", request_text(r, buf_slice(&b)));
	buf_fini(&b);
}

/* Seconds to wait after too many failures. */
static bool
must_wait(struct worker *w, struct request *r, const char *name, const char *ip)
{
	struct error err;
	PGresult *rows;
	const char *values[] = {name, ip};
	if (!db_query_text(w->db, "SELECT api_login_wait($1, $2::inet)", 2, values, &rows, &err)) {
		answer_trouble(r, w->db, &err);
		return true;
	}
	const char *wait = request_text(r, slice_of_str(PQgetvalue(rows, 0, 0)));
	PQclear(rows);
	if (strcmp(wait, "0") == 0)
		return false;
	answer_header(r, "Retry-After", wait);
	answer_problem(r, 429, "too-many-failures", "Too many failed logins: wait a while.");
	return true;
}

/* The id of the account, NULL when the password is not its; or the database failed, and that is
 * answered. */
static const char *
check_password(struct worker *w, struct request *r, const char *name, struct slice password)
{
	struct error err;
	PGresult *rows;
	static const char sql[] =
		"SELECT id, password FROM account WHERE name = $1 AND NOT disabled";
	if (!db_query_text(w->db, sql, 1, &name, &rows, &err)) {
		answer_trouble(r, w->db, &err);
		return NULL;
	}
	bool found = PQntuples(rows) && !PQgetisnull(rows, 0, 1);
	bool ok = secret_is_password(password, found ? PQgetvalue(rows, 0, 1) : NULL);
	const char *id = ok ? request_text(r, slice_of_str(PQgetvalue(rows, 0, 0))) : NULL;
	PQclear(rows);
	return id;
}

static void
begin_session(struct worker *w, struct request *r, const char *account, const char *ip)
{
	struct error err;
	uint64_t id = 0;
	char cookie[SESSION_SIGNS + 1], public_id[ID_SIGNS + 1], hash[SECRET_HASH_BYTES];
	secret_random_text(cookie, SESSION_SIGNS);
	secret_random_text(public_id, ID_SIGNS);
	secret_hash(slice_of(cookie, SESSION_SIGNS), hash);
	const char *values[] = {
		account, hash, public_id, ip, request_text(r, r->headers.user_agent)};
	slice_to_u64(slice_of_str(account), &id);
	viewer_fini(&r->viewer);
	if (!db_query_text(w->db, "SELECT api_login($1::int8, $2::bytea, $3, $4::inet, $5)", 5,
		    values, NULL, &err) ||
		!viewer_load(&r->viewer, w->db, (int64_t)id, &err)) {
		answer_trouble(r, w->db, &err);
		return;
	}
	set_cookie(r, cookie, "");
	viewer_add_json(&r->answer.body, &r->viewer);
	answer_json(r, 200);
}

void
api_login(struct worker *w, struct request *r)
{
	struct error err;
	const char *name = lower_text(r, slice_head(request_arg(r, "name"), 200));
	const char *ip = r->ip.n ? request_text(r, r->ip) : NULL;
	struct slice password = request_arg(r, "password");
	if (password.n > 1000 || must_wait(w, r, name, ip)) {
		if (!r->answer.status)
			answer_invalid(r, "password", "At most 1000 bytes.");
		return;
	}
	const char *account = check_password(w, r, name, password);
	if (account) {
		begin_session(w, r, account, ip);
	} else if (!r->answer.status) {
		const char *values[] = {name, ip};
		answer_problem(r, 401, "login-failed", "Name or password is wrong.");
		if (!db_query_text(
			    w->db, "SELECT api_login_failed($1, $2::inet)", 2, values, NULL, &err))
			answer_trouble(r, w->db, &err);
	}
}

void
api_logout(struct worker *w, struct request *r)
{
	const char *values[] = {r->viewer.id_text, r->viewer.session};
	worker_answer_sql(w, r, "api_session_end($1::int8, $2)", 2, values);
	set_cookie(r, "", "; Max-Age=0");
}

static bool
is_good(struct request *r, struct slice old, struct slice new)
{
	if (new.n < LEAST_PASSWORD || new.n > 1000)
		answer_invalid(r, "new", "At least 12 characters.");
	else if (slice_equal(old, new))
		answer_invalid(r, "new", "It must be another one.");
	return r->answer.status == 0;
}

void
api_password(struct worker *w, struct request *r)
{
	struct slice old = request_arg(r, "old"), new = request_arg(r, "new");
	const char *ip = r->ip.n ? request_text(r, r->ip) : NULL;
	struct error err;
	if (must_wait(w, r, r->viewer.name, ip) || !is_good(r, old, new))
		return;
	if (!check_password(w, r, r->viewer.name, slice_head(old, 1000))) {
		const char *values[] = {r->viewer.name, ip};
		if (!r->answer.status)
			answer_invalid(r, "old", "This is not the password.");
		db_query_text(
			w->db, "SELECT api_login_failed($1, $2::inet)", 2, values, NULL, &err);
		return;
	}
	char encoded[SECRET_ENCODED_BYTES];
	secret_encode_password(new, encoded);
	const char *values[] = {r->viewer.id_text, encoded, r->viewer.session};
	if (db_query_text(w->db, "SELECT api_password_set($1::int8, $2, false, $3)", 3, values,
		    NULL, &err))
		answer_empty(r, 204);
	else
		answer_trouble(r, w->db, &err);
}
