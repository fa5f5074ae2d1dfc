/*
 * Who asks, and what he may see and do. The scope is made here from the account's role and groups,
 * and becomes part of every statement in query_compile (query/query_sql.h), and nowhere else.
 */
#ifndef ELSE_FRONTEND_VIEWER_H
#define ELSE_FRONTEND_VIEWER_H

#include "base/arena.h"
#include "base/buf.h"
#include "query/query_sql.h"
#include "store/db.h"

/* Bits. The names are a contract: GET /me, tokens and api/openapi.yaml have them. */
enum permission {
	MAY_READ_OWN = 1 << 0,	    /* my:read */
	MAY_READ_MESSAGES = 1 << 1, /* messages:read */
	MAY_READ_LOGS = 1 << 2,	    /* logs:read */
	MAY_EXPORT = 1 << 3,	    /* export */
	MAY_READ_HOSTS = 1 << 4,    /* hosts:read */
	MAY_MANAGE_USERS = 1 << 5,  /* users:manage */
	MAY_ADMINISTER = 1 << 6,    /* admin */
	MAY_HAVE_TOKENS = 1 << 7,   /* tokens */
	MAY_READ_AUDIT = 1 << 8,    /* audit:read */
	MAY_WITH_SESSION = 1 << 9,  /* session: whoever has logged in */
	MAY_ALWAYS = 1 << 10,	    /* public */
};

const char *permission_name(enum permission permission);
enum { PERMISSIONS_NAMED = 9 };

struct viewer {
	struct arena arena;
	int64_t id; /* 0: nobody */
	char id_text[24];
	const char *name, *display_name, *role; /* display_name may be NULL */
	const char *session;			/* its public id; NULL: a token */
	unsigned permissions;
	bool must_change_password;
	const char *scope_json;		 /* "null": everything */
	const struct query_scope *scope; /* NULL: everything */
	struct query_scope own;		 /* his own addresses, for my/ */
};

/* Reads the account. False when the database fails; when there is no such account, or it is
 * disabled, id is 0. */
bool viewer_load(struct viewer *v, struct db *db, int64_t account, struct error *err);
void viewer_fini(struct viewer *v);

/* Of a list of names with LF between. */
unsigned permissions_of_names(struct slice names);
/* And back, with `between`. */
void permissions_add_names(struct buf *b, unsigned permissions, char between);

/* The object of GET /me. */
void viewer_add_json(struct buf *b, const struct viewer *v);

/* Rows of an export that the role may have; 0 = all. */
int64_t viewer_most_rows(const struct viewer *v);

#endif
