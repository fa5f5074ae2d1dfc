/*
 * All routes of the API: a method, a path, who may, and what answers. The tests compare them with
 * api/openapi.yaml, which says the same to the world.
 */
#ifndef ELSE_FRONTEND_ROUTE_H
#define ELSE_FRONTEND_ROUTE_H

#include "frontend/worker.h"

#define ROUTE_BASE "/api/v1"

typedef void route_answer(struct worker *w, struct request *r);

/* What of a request goes into the audit log. */
enum route_audit { AUDIT_NOTHING, AUDIT_READ, AUDIT_CHANGE };

struct route {
	const char *method, *path; /* "{id}" is one part of the path, whatever it is */
	const char *name;	   /* operationId */
	enum permission permission;
	enum route_audit audit;
	route_answer *answer;

	/* One statement answers it (route_answer_sql): it returns an api_answer, and its parameters
	 * are, letter by letter: v viewer, s session, i {id}, e If-Match, b body. */
	const char *sql, *params;
	bool members; /* the body's members are arguments, as if they stood in the URL */
};

/* NULL when there is none; *allowed is then the methods that the path has, or empty. */
const struct route *route_find(struct request *r, struct buf *allowed);

extern const struct route routes[];
extern const size_t routes_n;

route_answer route_answer_sql;

/* The handlers, by file. */
route_answer api_version, api_openapi, api_codes, api_me;		/* api_words.c */
route_answer api_login, api_logout, api_password;			/* api_login.c */
route_answer api_user_add, api_user_password, api_token_add, api_audit; /* api_accounts.c */
route_answer api_messages, api_my_messages;				/* api_messages.c */
route_answer api_suggest, api_relax;					/* api_suggest.c */
route_answer api_histogram, api_facets;					/* api_facets.c */
route_answer api_series, api_top, api_flow, api_heatmap, api_domains,
	api_rejects;					     /* api_stats*.c */
route_answer api_overview;				     /* api_overview.c */
route_answer api_journey, api_journey_log, api_journey_text; /* api_journey.c */
route_answer api_export;				     /* api_export.c */
route_answer api_stream;				     /* live.c */

#endif
