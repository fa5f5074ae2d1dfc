/* Our own certificate: loaded and checked. Private to intake/tls.c. */
#ifndef ELSE_INTAKE_TLS_OWN_H
#define ELSE_INTAKE_TLS_OWN_H

#include "base/error.h"
#include "intake/intake.h"

#include <openssl/ssl.h>

/* Puts certificate, intermediates and key into the context, whose store has the CA. False when they
 * must not be shown to anybody. */
bool tls_own_load(SSL_CTX *context, const struct intake_tls *files, int64_t now_us,
	int64_t *expires_us, struct error *err);

#endif
