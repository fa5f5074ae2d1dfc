#include "frontend/route.h"

#include "frontend/answer.h"
#include "frontend/worker.h"
#include "store/db.h"

/* clang-format off */
const struct route routes[] = {
	{"GET", "/version", "version", MAY_ALWAYS, AUDIT_NOTHING, api_version},
	{"GET", "/openapi.json", "openapi", MAY_ALWAYS, AUDIT_NOTHING, api_openapi},
	{"POST", "/auth/login", "login", MAY_ALWAYS, AUDIT_CHANGE, api_login, .members = true},
	{"POST", "/auth/logout", "logout", MAY_WITH_SESSION, AUDIT_CHANGE, api_logout},
	{"GET", "/auth/session", "session", MAY_WITH_SESSION, AUDIT_NOTHING, route_answer_sql,
	 "api_session($1::int8, $2)", "vs"},
	{"GET", "/auth/sessions", "sessions", MAY_WITH_SESSION, AUDIT_NOTHING, route_answer_sql,
	 "api_sessions($1::int8, $2)", "vs"},
	{"DELETE", "/auth/sessions/{id}", "session_end", MAY_WITH_SESSION, AUDIT_CHANGE, route_answer_sql,
	 "api_session_end($1::int8, $2)", "vi"},
	{"POST", "/auth/password", "password_change", MAY_WITH_SESSION, AUDIT_CHANGE, api_password, .members = true},
	{"GET", "/me", "me", MAY_WITH_SESSION, AUDIT_NOTHING, api_me},
	{"GET", "/my/messages", "my_messages", MAY_READ_OWN, AUDIT_READ, api_my_messages},

	{"GET", "/overview", "overview", MAY_READ_MESSAGES, AUDIT_READ, api_overview},
	{"GET", "/messages", "messages", MAY_READ_MESSAGES, AUDIT_READ, api_messages},
	{"POST", "/messages/search", "messages_search", MAY_READ_MESSAGES, AUDIT_READ, api_messages, .members = true},
	{"GET", "/messages/histogram", "messages_histogram", MAY_READ_MESSAGES, AUDIT_READ, api_histogram},
	{"GET", "/messages/facets", "messages_facets", MAY_READ_MESSAGES, AUDIT_READ, api_facets},
	{"GET", "/messages/suggest", "messages_suggest", MAY_READ_MESSAGES, AUDIT_NOTHING, api_suggest},
	{"GET", "/messages/relax", "messages_relax", MAY_READ_MESSAGES, AUDIT_READ, api_relax},
	{"GET", "/messages/stream", "messages_stream", MAY_READ_MESSAGES, AUDIT_READ, api_stream},
	{"GET", "/messages/{id}", "journey", MAY_READ_MESSAGES, AUDIT_READ, api_journey},
	{"GET", "/messages/{id}/log", "journey_log", MAY_READ_LOGS, AUDIT_READ, api_journey_log},
	{"GET", "/messages/{id}/text", "journey_text", MAY_READ_MESSAGES, AUDIT_READ, api_journey_text},
	{"GET", "/codes", "codes", MAY_WITH_SESSION, AUDIT_NOTHING, api_codes},

	{"GET", "/stats/series", "stats_series", MAY_READ_MESSAGES, AUDIT_NOTHING, api_series},
	{"GET", "/stats/top", "stats_top", MAY_READ_MESSAGES, AUDIT_READ, api_top},
	{"GET", "/stats/flow", "stats_flow", MAY_READ_MESSAGES, AUDIT_NOTHING, api_flow},
	{"GET", "/stats/domains", "stats_domains", MAY_READ_MESSAGES, AUDIT_READ, api_domains},
	{"GET", "/stats/rejects", "stats_rejects", MAY_READ_MESSAGES, AUDIT_READ, api_rejects},
	{"GET", "/stats/heatmap", "stats_heatmap", MAY_READ_MESSAGES, AUDIT_NOTHING, api_heatmap},
	{"GET", "/hosts", "hosts", MAY_READ_HOSTS, AUDIT_NOTHING, route_answer_sql, "api_hosts()", ""},

	{"GET", "/saved", "saved", MAY_READ_MESSAGES, AUDIT_NOTHING, route_answer_sql, "api_saved($1::int8)", "v"},
	{"POST", "/saved", "saved_add", MAY_READ_MESSAGES, AUDIT_CHANGE, route_answer_sql,
	 "api_saved_add($1::int8, $2::jsonb)", "vb"},
	{"PUT", "/saved/{id}", "saved_change", MAY_READ_MESSAGES, AUDIT_CHANGE, route_answer_sql,
	 "api_saved_change($1::int8, $2, $3::jsonb)", "vib"},
	{"DELETE", "/saved/{id}", "saved_delete", MAY_READ_MESSAGES, AUDIT_CHANGE, route_answer_sql,
	 "api_saved_delete($1::int8, $2)", "vi"},
	{"GET", "/exports", "export", MAY_EXPORT, AUDIT_READ, api_export},
	{"POST", "/exports", "export_search", MAY_EXPORT, AUDIT_READ, api_export, .members = true},

	{"GET", "/users", "users", MAY_MANAGE_USERS, AUDIT_READ, route_answer_sql, "api_users($1::int8)", "v"},
	{"POST", "/users", "user_add", MAY_MANAGE_USERS, AUDIT_CHANGE, api_user_add},
	{"GET", "/users/{id}", "user", MAY_MANAGE_USERS, AUDIT_READ, route_answer_sql, "api_user($1::int8, $2)", "vi"},
	{"PUT", "/users/{id}", "user_change", MAY_MANAGE_USERS, AUDIT_CHANGE, route_answer_sql,
	 "api_user_change($1::int8, $2, $3, $4::jsonb)", "vieb"},
	{"DELETE", "/users/{id}", "user_delete", MAY_MANAGE_USERS, AUDIT_CHANGE, route_answer_sql,
	 "api_user_delete($1::int8, $2, $3)", "vie"},
	{"POST", "/users/{id}/password", "user_password", MAY_MANAGE_USERS, AUDIT_CHANGE, api_user_password},
	{"GET", "/groups", "groups", MAY_ADMINISTER, AUDIT_NOTHING, route_answer_sql, "api_groups()", ""},
	{"POST", "/groups", "group_add", MAY_ADMINISTER, AUDIT_CHANGE, route_answer_sql, "api_group_add($1::jsonb)", "b"},
	{"GET", "/groups/{id}", "group", MAY_ADMINISTER, AUDIT_NOTHING, route_answer_sql, "api_group($1)", "i"},
	{"PUT", "/groups/{id}", "group_change", MAY_ADMINISTER, AUDIT_CHANGE, route_answer_sql,
	 "api_group_change($1, $2, $3::jsonb)", "ieb"},
	{"DELETE", "/groups/{id}", "group_delete", MAY_ADMINISTER, AUDIT_CHANGE, route_answer_sql,
	 "api_group_delete($1, $2)", "ie"},
	{"GET", "/domains", "domains", MAY_ADMINISTER, AUDIT_NOTHING, route_answer_sql, "api_domains()", ""},
	{"POST", "/domains", "domain_add", MAY_ADMINISTER, AUDIT_CHANGE, route_answer_sql, "api_domain_add($1::jsonb)", "b"},
	{"DELETE", "/domains/{id}", "domain_delete", MAY_ADMINISTER, AUDIT_CHANGE, route_answer_sql,
	 "api_domain_delete($1)", "i"},
	{"GET", "/tokens", "tokens", MAY_HAVE_TOKENS, AUDIT_NOTHING, route_answer_sql, "api_tokens($1::int8)", "v"},
	{"POST", "/tokens", "token_add", MAY_HAVE_TOKENS, AUDIT_CHANGE, api_token_add},
	{"DELETE", "/tokens/{id}", "token_delete", MAY_HAVE_TOKENS, AUDIT_CHANGE, route_answer_sql,
	 "api_token_delete($1::int8, $2)", "vi"},
	{"GET", "/audit", "audit", MAY_READ_AUDIT, AUDIT_READ, api_audit},
};
/* clang-format on */
const size_t routes_n = sizeof(routes) / sizeof(routes[0]);

/* Whether the path is the route's; `param` is what stands for {id}. */
static bool
matches(struct slice path, struct slice pattern, struct slice *param)
{
	struct slice part, wanted;
	*param = S("");
	while (slice_split(&pattern, '/', &wanted)) {
		if (!slice_split(&path, '/', &part))
			return false;
		if (slice_equal(wanted, S("{id}")) && part.n)
			*param = part;
		else if (!slice_equal(part, wanted))
			return false;
	}
	return !path.p;
}

/* "/messages/search" is no message: of several that fit, the one without {id}. */
const struct route *
route_find(struct request *r, struct buf *allowed)
{
	struct slice path = slice_skip(r->path, sizeof(ROUTE_BASE) - 1), param;
	bool head = slice_equal(r->method, S("HEAD")), exact = false;
	const struct route *found = NULL;
	for (size_t i = 0; i < routes_n; i++) {
		const struct route *at = &routes[i];
		if (!matches(path, slice_of_str(at->path), &param) || (exact && param.n))
			continue;
		if (!param.n && !exact) {
			exact = true;
			found = NULL;
			buf_clear(allowed);
		}
		buf_addf(allowed, "%s%s", allowed->n ? ", " : "", at->method);
		if (slice_equal(slice_of_str(at->method), head ? S("GET") : r->method)) {
			found = at;
			r->param = param;
		}
	}
	return found;
}

/* ---- one statement ---- */

static const char *
value_of(struct request *r, char what)
{
	switch (what) {
	case 'v':
		return r->viewer.id_text;
	case 's':
		return r->viewer.session;
	case 'i':
		return request_text(r, r->param);
	case 'e':
		return request_text(r, r->headers.if_match);
	default:
		return request_text(r, buf_slice(&r->body));
	}
}

void
route_answer_sql(struct worker *w, struct request *r)
{
	const struct route *route = r->route;
	const char *values[8];
	int n = 0;
	if (strchr(route->params, 'e') && r->headers.if_match.n == 0) {
		answer_problem(r, 428, "if-match", "Say with If-Match which version is meant.");
		return;
	}
	for (const char *p = route->params; *p; p++)
		values[n++] = value_of(r, *p);
	worker_answer_sql(w, r, route->sql, n, values);
}
