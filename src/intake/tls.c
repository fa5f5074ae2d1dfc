#include "intake/tls.h"

#include "base/memory.h"
#include "base/time.h"
#include "intake/tls_own.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

struct tls {
	SSL_CTX *context;
	const struct peers *peers;
	int64_t expires_us;
};

void
tls_add_errors(struct buf *text)
{
	unsigned long code;
	for (unsigned n = 0; (code = ERR_get_error()) != 0; n++) {
		const char *reason = ERR_reason_error_string(code);
		if (n > 0)
			buf_add(text, S(", "));
		if (ERR_SYSTEM_ERROR(code))
			buf_add_str(text, strerror(ERR_GET_REASON(code)));
		else
			buf_add_str(text, reason ? reason : "error without a name");
	}
}

static bool
read_fingerprint(const X509 *certificate, uint8_t fingerprint[PEERS_FINGERPRINT_BYTES])
{
	unsigned n = 0;
	unsigned char digest[EVP_MAX_MD_SIZE];
	if (X509_digest(certificate, EVP_sha256(), digest, &n) != 1 || n != PEERS_FINGERPRINT_BYTES)
		return false;
	memcpy(fingerprint, digest, PEERS_FINGERPRINT_BYTES);
	return true;
}

/* A listed certificate needs no CA. Its dates still count. */
static bool
is_about_the_signer(int error)
{
	switch (error) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_UNTRUSTED:
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_INVALID_PURPOSE:
		return true;
	default:
		return false;
	}
}

/* SSL_verify_cb: "let the handshake go on in spite of this?" The error stays in
 * SSL_get_verify_result, so that the names of such a certificate are not believed. */
static int
look_at_peer(int good, X509_STORE_CTX *store)
{
	uint8_t fingerprint[PEERS_FINGERPRINT_BYTES];
	if (good || !is_about_the_signer(X509_STORE_CTX_get_error(store)))
		return good;
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	const X509 *certificate = X509_STORE_CTX_get0_cert(store);
	return certificate && read_fingerprint(certificate, fingerprint) &&
	       peers_list(tls->peers, fingerprint);
}

/* A sender keeps its connection for days: resumption would gain nothing, and would let in a
 * certificate that is not looked at again. */
static void
set_rules(SSL_CTX *context)
{
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(
		context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS);
}

static bool
load_ca(SSL_CTX *context, const char *ca, struct error *err)
{
	if (!ca || SSL_CTX_load_verify_file(context, ca) == 1)
		return true;
	struct buf why = {0};
	tls_add_errors(&why);
	error_set(err, "cannot read the CA certificates %s: %s", ca, buf_str(&why));
	buf_fini(&why);
	return false;
}

struct tls *
tls_new(const struct intake_tls *files, const struct peers *peers, int64_t now_us,
	struct error *err)
{
	struct tls *tls = memory_zero(1, sizeof(*tls));
	tls->peers = peers;
	tls->context = SSL_CTX_new(TLS_server_method());
	if (!tls->context) {
		error_set(err, "OpenSSL cannot make a TLS context");
		tls_free(&tls);
		return NULL;
	}
	SSL_CTX_set_app_data(tls->context, tls);
	set_rules(tls->context);
	if (!load_ca(tls->context, files->ca, err) ||
		!tls_own_load(tls->context, files, now_us, &tls->expires_us, err))
		tls_free(&tls);
	return tls;
}

void
tls_free(struct tls **tls)
{
	if (!*tls)
		return;
	SSL_CTX_free((*tls)->context);
	free(*tls);
	*tls = NULL;
}

int64_t
tls_expires_us(const struct tls *tls)
{
	return tls->expires_us;
}

SSL *
tls_accept(struct tls *tls, int fd, bool any_client)
{
	SSL *ssl = SSL_new(tls->context);
	if (!ssl)
		return NULL;
	SSL_set_verify(ssl,
		any_client ? SSL_VERIFY_PEER : SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
		look_at_peer);
	SSL_set_accept_state(ssl);
	if (SSL_set_fd(ssl, fd) == 1)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

/* ---- the sender's certificate ---- */

/* A NUL within a name is an old way to be taken for somebody else. */
static void
add_name(struct tls_peer *peer, const ASN1_STRING *name)
{
	int n = ASN1_STRING_length(name);
	struct slice text = {(const char *)ASN1_STRING_get0_data(name), n > 0 ? (size_t)n : 0};
	if (text.n == 0 || slice_find_char(text, '\0') >= 0 || peer->peer.name_count == TLS_NAMES)
		return;
	peer->names[peer->peer.name_count++] = text;
}

static void
add_common_name(struct tls_peer *peer)
{
	const X509_NAME *subject = X509_get_subject_name(peer->certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	if (at >= 0)
		add_name(peer, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

/* The DNS names; the common name only of a certificate that has none (RFC 6125 6.4.4). The texts
 * belong to the certificate, so that the list of names, which is our copy, is kept with it. */
static void
add_names(struct tls_peer *peer)
{
	bool found = false;
	peer->alternatives = X509_get_ext_d2i(peer->certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(peer->alternatives); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(peer->alternatives, i);
		if (name->type != GEN_DNS)
			continue;
		add_name(peer, name->d.dNSName);
		found = true;
	}
	if (!found)
		add_common_name(peer);
}

void
tls_peer_init(struct tls_peer *peer, const SSL *ssl)
{
	*peer = (struct tls_peer){.certificate = SSL_get1_peer_certificate(ssl)};
	if (!peer->certificate)
		return;
	read_fingerprint(peer->certificate, peer->peer.fingerprint);
	if (SSL_get_verify_result(ssl) == X509_V_OK)
		add_names(peer);
	peer->peer.names = peer->names;
}

void
tls_peer_fini(struct tls_peer *peer)
{
	GENERAL_NAMES_free(peer->alternatives);
	X509_free(peer->certificate);
	*peer = (struct tls_peer){0};
}
