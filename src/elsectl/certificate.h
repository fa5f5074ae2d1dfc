/*
 * X.509 certificates of a small private authority (RFC 5280), through OpenSSL 3: a CA that signs
 * servers and clients and nothing else, no chain, keys of ECDSA P-256. Files are PEM (RFC 7468).
 *
 *	CA      basicConstraints CA:TRUE pathlen:0, keyUsage keyCertSign cRLSign
 *	others  basicConstraints CA:FALSE, keyUsage digitalSignature, extendedKeyUsage serverAuth or
 *	        clientAuth, subjectAltName with every name and address
 *
 * Serial numbers are 159 random bits. A certificate begins an hour before it is made, for clocks
 * that are late.
 */
#ifndef ELSE_ELSECTL_CERTIFICATE_H
#define ELSE_ELSECTL_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "base/error.h"

enum certificate_kind {
	CERTIFICATE_CA,
	CERTIFICATE_SERVER,
	CERTIFICATE_CLIENT,
	CERTIFICATE_OTHER /* only found, never made */
};

/* "ca", "server", "client", "other". */
const char *certificate_kind_name(enum certificate_kind kind);

struct certificate_order {
	enum certificate_kind kind;
	const struct slice *names; /* good by certificate_name; the first is the common name too */
	size_t n_names;		   /* none for a CA */
	unsigned days;
	int64_t now_us;
	const X509 *renews; /* a CA: keeps its name, so that what it signed stays good; or NULL */
};

enum { CERTIFICATE_MOST_COMMON = 64 }; /* RFC 5280, ub-common-name */

/* A host name in lower case or an address in its one form, into `out`; false when it is neither. */
bool certificate_name(struct slice text, struct buf *out);

/* NULL and `err` on failure, here and below. The caller frees. */
EVP_PKEY *certificate_new_key(struct error *err);

/* `key` is the certificate's own; `ca` and `ca_key` sign it, NULL for a CA. */
X509 *certificate_new(const struct certificate_order *order, EVP_PKEY *key, X509 *ca,
	EVP_PKEY *ca_key, struct error *err);

X509 *certificate_load(const char *path, struct error *err);
EVP_PKEY *certificate_load_key(const char *path, struct error *err);

bool certificate_add_pem(struct buf *b, X509 *certificate, struct error *err);
bool certificate_add_key_pem(struct buf *b, EVP_PKEY *key, struct error *err); /* PKCS #8 */

struct certificate_facts {
	enum certificate_kind kind;
	struct buf names;	/* with blanks between */
	struct buf fingerprint; /* "sha256:AB:CD:..." */
	int64_t ends_us;
};

void certificate_read_facts(X509 *certificate, struct certificate_facts *facts);
void certificate_facts_fini(struct certificate_facts *facts);

#endif
