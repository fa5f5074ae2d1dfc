#include "frontend/login.h"

#include "frontend/answer.h"
#include "frontend/route.h"
#include "frontend/secret.h"

const char *
login_cookie_name(const struct request *r)
{
	return r->secure ? "__Host-sid" : "sid";
}

/* ---- other sites ---- */

/* "https://else.example.com" is the origin of Host: else.example.com. */
static bool
is_own_origin(const struct request *r)
{
	struct slice origin = r->headers.origin, scheme = r->secure ? S("https://") : S("http://");
	return slice_starts(origin, scheme) &&
	       slice_equal_nocase(slice_skip(origin, scheme.n), r->headers.host);
}

static bool
is_same_site(const struct request *r)
{
	if (r->headers.fetch_site.n)
		return slice_equal(r->headers.fetch_site, S("same-origin"));
	return is_own_origin(r);
}

static bool
is_safe(const struct request *r)
{
	return slice_equal(r->method, S("GET")) || slice_equal(r->method, S("HEAD"));
}

static bool
is_json(const struct request *r)
{
	struct slice type = r->headers.content_type;
	return r->body.n == 0 || slice_equal_nocase(slice_head(type, 16), S("application/json"));
}

/* A login is a change too: nobody shall be logged in as somebody else. */
static bool
check_site(struct request *r, bool with_cookie)
{
	bool login = r->route->answer == api_login;
	if (is_safe(r))
		return true;
	if (!is_json(r))
		answer_problem(r, 415, "not-json", "The body must be application/json.");
	else if ((with_cookie || login) &&
		 (!slice_equal(r->headers.csrf, S("1")) || !is_same_site(r)))
		answer_problem(r, 403, "cross-site",
			"This must come from a page of ours: X-CSRF: 1, and Sec-Fetch-Site or "
			"Origin.");
	return r->answer.status == 0;
}

/* ---- who ---- */

static bool
identify(struct worker *w, struct request *r, const char *sql, int n, const char *const *values,
	bool token)
{
	struct error err;
	PGresult *rows;
	uint64_t account = 0;
	if (!db_query_text(w->db, sql, n, values, &rows, &err)) {
		answer_trouble(r, w->db, &err);
		return false;
	}
	bool found =
		PQntuples(rows) > 0 && slice_to_u64(slice_of_str(PQgetvalue(rows, 0, 0)), &account);
	const char *second = found ? request_text(r, slice_of_str(PQgetvalue(rows, 0, 1))) : "";
	PQclear(rows);
	if (found && !viewer_load(&r->viewer, w->db, (int64_t)account, &err)) {
		answer_trouble(r, w->db, &err);
		return false;
	}
	if (found && token)
		r->viewer.permissions &=
			permissions_of_names(slice_of_str(second)) | MAY_ALWAYS | MAY_WITH_SESSION;
	else if (found)
		r->viewer.session = second;
	return true;
}

static bool
by_cookie(struct worker *w, struct request *r, struct slice cookie)
{
	char hash[SECRET_HASH_BYTES];
	secret_hash(cookie, hash);
	return identify(
		w, r, "SELECT * FROM api_of_session($1::bytea)", 1, (const char *[]){hash}, false);
}

/* else_pat_ID_SECRET */
static bool
by_token(struct worker *w, struct request *r, struct slice token)
{
	char hash[SECRET_HASH_BYTES];
	struct slice rest = slice_skip(token, sizeof("else_pat_") - 1), id = rest;
	if (!slice_starts(token, S("else_pat_")) || !slice_split(&rest, '_', &id) || rest.n == 0)
		return true;
	secret_hash(rest, hash);
	const char *values[] = {request_text(r, id), hash, r->ip.n ? request_text(r, r->ip) : NULL};
	return identify(
		w, r, "SELECT * FROM api_of_token($1, $2::bytea, $3::inet)", 3, values, true);
}

bool
login_identify(struct worker *w, struct request *r)
{
	struct slice cookie = request_cookie(r, login_cookie_name(r));
	struct slice authorization = r->headers.authorization;
	if (cookie.n && authorization.n) {
		answer_problem(
			r, 400, "two-logins", "A cookie and a token at once: send one of them.");
		return false;
	}
	if (!check_site(r, cookie.n > 0))
		return false;
	if (cookie.n)
		return by_cookie(w, r, cookie);
	if (slice_equal_nocase(slice_head(authorization, 7), S("Bearer ")))
		return by_token(w, r, slice_trim(slice_skip(authorization, 7)));
	return true;
}
