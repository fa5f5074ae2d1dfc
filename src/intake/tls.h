/*
 * TLS 1.2 and 1.3 for the listeners: our certificate, and whether a sender's is to be believed.
 * OpenSSL 3.
 *
 * Our own certificate is checked before anything listens: it can be read, its key fits, it is valid
 * today, good for a server, signed by the CA (or by one that the system knows; one signed by itself
 * needs none) and has the name by which senders know us. A sender that once sees a bad certificate
 * may never come again: omrelp of rsyslog 8.2302 disables itself until rsyslogd is restarted.
 *
 * A sender's certificate must be signed by the CA, or be listed by its fingerprint in a rule of
 * intake/peers.h; both must be valid today.
 */
#ifndef ELSE_INTAKE_TLS_H
#define ELSE_INTAKE_TLS_H

#include "base/buf.h"
#include "base/error.h"
#include "intake/intake.h"
#include "intake/peers.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct tls;

/* `peers` is used until tls_free. NULL and `err` when our certificate must not be shown. */
struct tls *tls_new(const struct intake_tls *files, const struct peers *peers, int64_t now_us,
	struct error *err);
void tls_free(struct tls **tls);

/* When the first certificate of our chain expires. */
int64_t tls_expires_us(const struct tls *tls);

/* The server's side of a connection; the caller frees it. */
SSL *tls_accept(struct tls *tls, int fd, bool any_client);

enum { TLS_NAMES = 16 /* of a certificate that are looked at */ };

struct tls_peer {
	struct peers_shown peer;
	struct slice names[TLS_NAMES];
	X509 *certificate; /* NULL: the sender has shown none */
	GENERAL_NAMES *alternatives;
};

/* After the handshake. `peer` must stay where it is; tls_peer_fini frees. */
void tls_peer_init(struct tls_peer *peer, const SSL *ssl);
void tls_peer_fini(struct tls_peer *peer);

/* What OpenSSL's error queue says, and empties it; "" when it says nothing. */
void tls_add_errors(struct buf *text);

#endif
