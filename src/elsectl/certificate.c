#include "elsectl/certificate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/ip.h"
#include "base/time.h"

enum { SERIAL_BITS = 159, EARLIER_S = 3600, MOST_NAME = 253, MOST_LABEL = 63 };

const char *
certificate_kind_name(enum certificate_kind kind)
{
	static const char *const names[] = {[CERTIFICATE_CA] = "ca",
		[CERTIFICATE_SERVER] = "server",
		[CERTIFICATE_CLIENT] = "client",
		[CERTIFICATE_OTHER] = "other"};
	return names[kind];
}

/* "what: why", as OpenSSL says it. */
static bool
openssl_trouble(struct error *err, const char *what)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());
	error_set(err, "%s: %s", what, why ? why : "failed in OpenSSL");
	ERR_clear_error();
	return false;
}

/* ---- names ---- */

static bool
is_label(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = slice_lower_char(s.p[i]);
		if (!(c >= 'a' && c <= 'z') && !slice_is_digit(c) && c != '-' && c != '_')
			return false;
	}
	return s.n > 0 && s.n <= MOST_LABEL && s.p[0] != '-';
}

bool
certificate_name(struct slice text, struct buf *out)
{
	struct slice rest = text, label = {0};
	struct ip ip;
	buf_clear(out);
	if (ip_parse(text, false, &ip)) {
		ip_add(out, &ip);
		return true;
	}
	if (text.n > MOST_NAME)
		return false;
	while (slice_split(&rest, '.', &label))
		if (!is_label(label))
			return false;
	buf_add_lower(out, text);
	return label.n > 0 && !slice_is_digit(label.p[0]); /* no half of an address */
}

static bool
add_name(GENERAL_NAMES *names, struct slice text)
{
	struct ip ip;
	bool address = ip_parse(text, false, &ip);
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value = address ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
	if (!name || !value ||
		!ASN1_STRING_set(value, address ? (const void *)ip.bytes : text.p,
			address ? (ip.family == 6 ? 16 : 4) : (int)text.n)) {
		ASN1_STRING_free(value);
		GENERAL_NAME_free(name);
		return false;
	}
	GENERAL_NAME_set0_value(name, address ? GEN_IPADD : GEN_DNS, value);
	if (sk_GENERAL_NAME_push(names, name) > 0)
		return true;
	GENERAL_NAME_free(name);
	return false;
}

static bool
add_alternative_names(X509 *x, const struct certificate_order *order)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	bool ok = names != NULL;
	for (size_t i = 0; i < order->n_names && ok; i++)
		ok = add_name(names, order->names[i]);
	ok = ok && X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
	GENERAL_NAMES_free(names);
	return ok;
}

static bool
add_entry(X509_NAME *name, const char *field, struct slice value)
{
	return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
		       (const unsigned char *)value.p, (int)value.n, -1, 0) == 1;
}

/* A CA's name is its own, or two CAs in one file would be taken for each other. */
static bool
name_ca(X509_NAME *name, const X509 *x)
{
	char common[32];
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	const unsigned char *bytes = ASN1_STRING_get0_data(serial);
	snprintf(common, sizeof(common), "ELSE CA %02X%02X%02X%02X", bytes[0], bytes[1], bytes[2],
		bytes[3]);
	return add_entry(name, "O", S("ELSE")) && add_entry(name, "CN", slice_of_str(common));
}

static bool
set_subject(X509 *x, const struct certificate_order *order)
{
	X509_NAME *name = X509_get_subject_name(x);
	if (order->kind != CERTIFICATE_CA)
		return add_entry(name, "CN", order->names[0]);
	if (order->renews)
		return X509_set_subject_name(x, X509_get_subject_name(order->renews)) == 1;
	return name_ca(name, x);
}

/* ---- what is in it ---- */

static bool
set_serial(X509 *x)
{
	BIGNUM *number = BN_new();
	bool ok = number &&
		  BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
		  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
	BN_free(number);
	return ok;
}

static bool
set_dates(X509 *x, const struct certificate_order *order)
{
	time_t now = order->now_us / TIME_SECOND_US;
	return X509_time_adj_ex(X509_getm_notBefore(x), 0, -EARLIER_S, &now) &&
	       X509_time_adj_ex(X509_getm_notAfter(x), (int)order->days, 0, &now);
}

static bool
add_extension(X509 *x, X509V3_CTX *context, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);
	bool ok = extension && X509_add_ext(x, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

static bool
add_ca_extensions(X509 *x, X509V3_CTX *context)
{
	return add_extension(x, context, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	       add_extension(x, context, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       add_extension(x, context, NID_subject_key_identifier, "hash");
}

static bool
add_end_extensions(X509 *x, X509V3_CTX *context, const struct certificate_order *order)
{
	const char *use = order->kind == CERTIFICATE_SERVER ? "serverAuth" : "clientAuth";
	return add_extension(x, context, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(x, context, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(x, context, NID_ext_key_usage, use) &&
	       add_extension(x, context, NID_subject_key_identifier, "hash") &&
	       add_extension(x, context, NID_authority_key_identifier, "keyid:always") &&
	       add_alternative_names(x, order);
}

static bool
add_extensions(X509 *x, X509 *ca, const struct certificate_order *order)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, ca ? ca : x, x, NULL, NULL, 0);
	return order->kind == CERTIFICATE_CA ? add_ca_extensions(x, &context)
					     : add_end_extensions(x, &context, order);
}

EVP_PKEY *
certificate_new_key(struct error *err)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	if (!key)
		openssl_trouble(err, "cannot make a key");
	return key;
}

X509 *
certificate_new(const struct certificate_order *order, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key,
	struct error *err)
{
	X509 *x = X509_new();
	bool ok = x && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
		  set_dates(x, order) && set_subject(x, order) &&
		  X509_set_issuer_name(x, X509_get_subject_name(ca ? ca : x)) == 1 &&
		  X509_set_pubkey(x, key) == 1 && add_extensions(x, ca, order) &&
		  X509_sign(x, ca_key ? ca_key : key, EVP_sha256()) > 0;
	if (ok)
		return x;
	X509_free(x);
	openssl_trouble(err, "cannot make the certificate");
	return NULL;
}

/* ---- files ---- */

static FILE *
open_file(const char *path, struct error *err)
{
	FILE *file = fopen(path, "re");
	if (!file)
		error_set(err, "%s: %s", path, strerror(errno));
	return file;
}

X509 *
certificate_load(const char *path, struct error *err)
{
	FILE *file = open_file(path, err);
	if (!file)
		return NULL;
	X509 *x = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	if (!x) {
		error_set(err, "%s: no certificate in PEM form", path);
		ERR_clear_error();
	}
	return x;
}

/* Nobody is asked for a passphrase: keys with one are not ours. */
static int
no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer, (void)size, (void)writing, (void)context;
	return -1;
}

EVP_PKEY *
certificate_load_key(const char *path, struct error *err)
{
	FILE *file = open_file(path, err);
	if (!file)
		return NULL;
	EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, no_passphrase, NULL);
	fclose(file);
	if (!key) {
		error_set(err, "%s: no private key in PEM form (or one with a passphrase)", path);
		ERR_clear_error();
	}
	return key;
}

/* Takes the BIO. */
static bool
take_bio(struct buf *b, BIO *bio, bool ok, struct error *err)
{
	char *p = NULL;
	long n = ok ? BIO_get_mem_data(bio, &p) : 0;
	if (n > 0)
		buf_add(b, slice_of(p, (size_t)n));
	BIO_free(bio);
	return n > 0 || openssl_trouble(err, "cannot write PEM");
}

bool
certificate_add_pem(struct buf *b, X509 *certificate, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	return take_bio(b, bio, bio && PEM_write_bio_X509(bio, certificate) == 1, err);
}

bool
certificate_add_key_pem(struct buf *b, EVP_PKEY *key, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
	return take_bio(b, bio, ok, err);
}

/* ---- facts ---- */

static void
add_address(struct buf *b, const ASN1_STRING *value)
{
	struct ip ip = {.family = ASN1_STRING_length(value) == 16 ? 6 : 4};
	size_t n = ip.family == 6 ? 16 : 4;
	ip.bits = (uint8_t)(8 * n);
	if ((size_t)ASN1_STRING_length(value) != n)
		return;
	memcpy(ip.bytes, ASN1_STRING_get0_data(value), n);
	ip_add(b, &ip);
}

static void
add_text(struct buf *b, const ASN1_STRING *value)
{
	if (b->n)
		buf_add_char(b, ' ');
	buf_add(b, slice_of((const char *)ASN1_STRING_get0_data(value),
			   (size_t)ASN1_STRING_length(value)));
}

static void
read_alternative_names(X509 *x, struct buf *b)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		int type;
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
		if (type == GEN_DNS) {
			add_text(b, value);
		} else if (type == GEN_IPADD) {
			if (b->n)
				buf_add_char(b, ' ');
			add_address(b, value);
		}
	}
	GENERAL_NAMES_free(names);
}

static void
read_common_name(X509 *x, struct buf *b)
{
	const X509_NAME *name = X509_get_subject_name(x);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	if (at >= 0)
		add_text(b, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

static void
read_fingerprint(const X509 *x, struct buf *b)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	buf_add_str(b, "sha256");
	if (X509_digest(x, EVP_sha256(), digest, &n) != 1)
		n = 0;
	for (unsigned i = 0; i < n; i++)
		buf_addf(b, ":%02X", digest[i]);
}

static enum certificate_kind
read_kind(X509 *x)
{
	uint32_t use = X509_get_extended_key_usage(x);
	if (X509_check_ca(x) != 0)
		return CERTIFICATE_CA;
	if (use == UINT32_MAX) /* for everything */
		return CERTIFICATE_OTHER;
	return use & XKU_SSL_SERVER   ? CERTIFICATE_SERVER
	       : use & XKU_SSL_CLIENT ? CERTIFICATE_CLIENT
				      : CERTIFICATE_OTHER;
}

static int64_t
read_time(const ASN1_TIME *time)
{
	struct tm tm;
	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return 0;
	struct time_civil civil = {.year = tm.tm_year + 1900,
		.month = tm.tm_mon + 1,
		.day = tm.tm_mday,
		.hour = tm.tm_hour,
		.minute = tm.tm_min,
		.second = tm.tm_sec};
	return time_from_civil(&civil);
}

void
certificate_read_facts(X509 *certificate, struct certificate_facts *facts)
{
	*facts = (struct certificate_facts){.kind = read_kind(certificate),
		.ends_us = read_time(X509_get0_notAfter(certificate))};
	read_alternative_names(certificate, &facts->names);
	if (facts->names.n == 0)
		read_common_name(certificate, &facts->names);
	read_fingerprint(certificate, &facts->fingerprint);
	ERR_clear_error();
}

void
certificate_facts_fini(struct certificate_facts *facts)
{
	buf_fini(&facts->names);
	buf_fini(&facts->fingerprint);
}
