#include "frontend/audit.h"

#include <stdio.h>

#include "frontend/answer.h"
#include "frontend/route.h"

/* The query, or what the path names. */
static const char *
object_of(struct request *r)
{
	if (r->audited)
		return r->audited;
	if (r->param.n)
		return request_text(r, r->param);
	if (request_has_arg(r, "q"))
		return request_text(r, slice_head(request_arg(r, "q"), 4000));
	return NULL;
}

/* What a change was asked with. Of a login only the name: it is the actor. */
static const char *
detail_of(struct request *r)
{
	bool secret = r->route->members && r->route->audit == AUDIT_CHANGE;
	if (r->route->audit != AUDIT_CHANGE || secret || r->body.n == 0 || r->body.n > 65536 ||
		r->answer.status == 400)
		return NULL;
	return request_text(r, buf_slice(&r->body));
}

void
audit_add(struct worker *w, struct request *r)
{
	static const char sql[] =
		"INSERT INTO audit (actor, role, ip, action, object, result, request, detail) "
		"VALUES "
		"(lower($1), $2, $3::inet, $4, $5, $6::int2, $7, $8::jsonb - 'password')";
	char status[16];
	struct error err;
	const char *actor = r->viewer.id ? r->viewer.name : NULL;
	if (r->route->audit == AUDIT_NOTHING)
		return;
	if (!actor && r->route->permission == MAY_ALWAYS)
		actor = request_text(r, slice_head(request_arg(r, "name"), 200));
	else if (!actor)
		return;
	snprintf(status, sizeof(status), "%d", r->answer.status ? r->answer.status : 200);
	const char *values[] = {actor, r->viewer.id ? r->viewer.role : NULL,
		r->ip.n ? request_text(r, r->ip) : NULL, r->route->name, object_of(r), status,
		r->id, detail_of(r)};
	if (!db_query_text(w->db, sql, 8, values, NULL, &err))
		answer_trouble(r, w->db, &err);
}
