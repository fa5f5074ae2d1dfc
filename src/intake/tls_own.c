#include "intake/tls_own.h"

#include "base/time.h"
#include "intake/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

/* False, with what OpenSSL says behind the text. */
static bool
fail(struct error *err, const char *what, const char *file)
{
	struct buf why = {0};
	tls_add_errors(&why);
	error_set(err, "%s %s: %s", what, file, buf_str(&why));
	buf_fini(&why);
	return false;
}

/* A daemon has nobody to ask. */
static int
no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer, (void)size, (void)writing, (void)context;
	return -1;
}

static bool
load_files(SSL_CTX *context, const struct intake_tls *files, struct error *err)
{
	if (!files->certificate || !files->key)
		return error_set(err, "a TLS listener needs a certificate and its key");
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(context, files->certificate) != 1)
		return fail(err, "cannot read the certificate", files->certificate);
	if (SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) == 1)
		return true;
	if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH) {
		ERR_clear_error();
		return error_set(err, "the key %s is not the one of the certificate %s", files->key,
			files->certificate);
	}
	return fail(err, "cannot read the key (it must have no passphrase)", files->key);
}

static int64_t
time_of(const ASN1_TIME *at)
{
	struct tm tm;
	if (ASN1_TIME_to_tm(at, &tm) != 1)
		return 0;
	return time_from_civil(&(struct time_civil){.year = tm.tm_year + 1900,
		.month = tm.tm_mon + 1,
		.day = tm.tm_mday,
		.hour = tm.tm_hour,
		.minute = tm.tm_min,
		.second = tm.tm_sec});
}

static bool
check_dates(const X509 *certificate, const char *file, int64_t now_us, int64_t *expires_us,
	struct error *err)
{
	struct buf date = {0};
	int64_t from_us = time_of(X509_get0_notBefore(certificate));
	int64_t to_us = time_of(X509_get0_notAfter(certificate));
	bool early = now_us < from_us, late = now_us >= to_us;
	if (early || late) {
		time_add_text(&date, early ? from_us : to_us);
		error_set(err, "the certificate %s %s %s UTC", file,
			early ? "is not valid before" : "has expired at", buf_str(&date));
		buf_fini(&date);
		return false;
	}
	if (*expires_us == 0 || to_us < *expires_us)
		*expires_us = to_us;
	return true;
}

static bool
check_all_dates(
	SSL_CTX *context, const char *file, int64_t now_us, int64_t *expires_us, struct error *err)
{
	STACK_OF(X509) *chain = NULL;
	*expires_us = 0;
	SSL_CTX_get0_chain_certs(context, &chain);
	if (!check_dates(SSL_CTX_get0_certificate(context), file, now_us, expires_us, err))
		return false;
	for (int i = 0; i < sk_X509_num(chain); i++)
		if (!check_dates(sk_X509_value(chain, i), file, now_us, expires_us, err))
			return error_prefix(err, "of an intermediate");
	return true;
}

/* Whether the senders will find a way from the certificate to a CA that `store` knows. */
static int
verify(X509_STORE *store, X509 *certificate, STACK_OF(X509) * chain)
{
	int error = X509_V_ERR_UNSPECIFIED;
	X509_STORE_CTX *way = X509_STORE_CTX_new();
	if (way && X509_STORE_CTX_init(way, store, certificate, chain) == 1) {
		X509_STORE_CTX_set_purpose(way, X509_PURPOSE_SSL_SERVER);
		X509_STORE_CTX_set_flags(way, X509_V_FLAG_PARTIAL_CHAIN);
		error = X509_verify_cert(way) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(way);
	}
	X509_STORE_CTX_free(way);
	ERR_clear_error();
	return error;
}

/* The senders' CA need not be ours: a public one may have signed us. */
static bool
system_knows(X509 *certificate, STACK_OF(X509) * chain)
{
	X509_STORE *store = X509_STORE_new();
	bool ok = store && X509_STORE_set_default_paths(store) == 1 &&
		  verify(store, certificate, chain) == X509_V_OK;
	X509_STORE_free(store);
	ERR_clear_error();
	return ok;
}

static bool
check_chain(SSL_CTX *context, const struct intake_tls *files, struct error *err)
{
	STACK_OF(X509) *chain = NULL;
	X509 *certificate = SSL_CTX_get0_certificate(context);
	SSL_CTX_get0_chain_certs(context, &chain);
	if (!files->ca || X509_self_signed(certificate, 0) == 1)
		return true;
	int error = verify(SSL_CTX_get_cert_store(context), certificate, chain);
	if (error == X509_V_OK || system_knows(certificate, chain))
		return true;
	return error_set(err,
		"the certificate %s is signed neither by %s nor by a CA of this system (%s): "
		"senders would refuse it. If it has intermediates, they belong behind it in its "
		"file",
		files->certificate, files->ca, X509_verify_cert_error_string(error));
}

static bool
check_use(X509 *certificate, const struct intake_tls *files, struct error *err)
{
	if (X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0) != 1)
		return error_set(err,
			"the certificate %s is not made for a server (extended key usage "
			"serverAuth)",
			files->certificate);
	if (files->name && X509_check_host(certificate, files->name, 0, 0, NULL) != 1)
		return error_set(err,
			"the certificate %s is not one for %s, by which the senders know this "
			"server",
			files->certificate, files->name);
	return true;
}

bool
tls_own_load(SSL_CTX *context, const struct intake_tls *files, int64_t now_us, int64_t *expires_us,
	struct error *err)
{
	return load_files(context, files, err) &&
	       check_all_dates(context, files->certificate, now_us, expires_us, err) &&
	       check_use(SSL_CTX_get0_certificate(context), files, err) &&
	       check_chain(context, files, err);
}
