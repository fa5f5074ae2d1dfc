/* Who is it? Cookies, tokens, and what protects them from other sites (OWASP, cross-site request
 * forgery). */
#ifndef ELSE_FRONTEND_LOGIN_H
#define ELSE_FRONTEND_LOGIN_H

#include "frontend/worker.h"

/* Sets r->viewer from the cookie or the token; without either it stays nobody. False, and answered:
 * both at once, or a request that another site may have made. */
bool login_identify(struct worker *w, struct request *r);

/* The name of the session's cookie: browsers take __Host- over TLS alone. */
const char *login_cookie_name(const struct request *r);

#endif
