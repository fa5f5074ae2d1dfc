#include "intake_fixture.h"

#include "base/time.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- certificates, made anew for each run ---- */

struct identity {
	EVP_PKEY *key;
	X509 *certificate;
	char key_path[400], certificate_path[400];
};

static struct identity ca, other_ca, server, mx1, mx2, stranger, expired, alone;

static void
add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

static X509 *
new_certificate(
	const char *name, const char *names, EVP_PKEY *key, const struct identity *issuer, int days)
{
	static int serial;
	X509 *c = X509_new();
	X509_NAME *subject = X509_get_subject_name(c);
	X509_set_version(c, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(c), -30 * 86400);
	X509_gmtime_adj(X509_getm_notAfter(c), days * 86400L);
	X509_NAME_add_entry_by_txt(
		subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(c, issuer ? X509_get_subject_name(issuer->certificate) : subject);
	X509_set_pubkey(c, key);
	add_extension(c, issuer ? issuer->certificate : c, NID_basic_constraints,
		names ? "CA:FALSE" : "critical,CA:TRUE");
	if (names)
		add_extension(c, c, NID_subject_alt_name, names);
	assert_true(X509_sign(c, issuer ? issuer->key : key, EVP_sha256()) > 0);
	return c;
}

static void
write_pem(const struct identity *i)
{
	FILE *f = fopen(i->certificate_path, "w");
	assert_non_null(f);
	PEM_write_X509(f, i->certificate);
	fclose(f);
	f = fopen(i->key_path, "w");
	assert_non_null(f);
	PEM_write_PrivateKey(f, i->key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
}

/* `names` NULL: a CA. */
static void
make_identity(struct identity *i, const char *name, const char *names,
	const struct identity *issuer, int days)
{
	i->key = EVP_EC_gen("P-256");
	i->certificate = new_certificate(name, names, i->key, issuer, days);
	snprintf(i->certificate_path, sizeof(i->certificate_path), "%s.crt", scratch_path(name));
	snprintf(i->key_path, sizeof(i->key_path), "%s.key", scratch_path(name));
	write_pem(i);
}

static struct identity *const identities[] = {
	&ca, &other_ca, &server, &mx1, &mx2, &stranger, &expired, &alone};

static int
tls_setup(void **state)
{
	if (intake_setup(state) != 0)
		return -1;
	make_identity(&ca, "ca", NULL, NULL, 100);
	make_identity(&other_ca, "other-ca", NULL, NULL, 100);
	make_identity(&server, "server", "DNS:else.example.org", &ca, 100);
	make_identity(&mx1, "common", "DNS:mx1.example.org,DNS:mx1", &ca, 100);
	make_identity(&mx2, "mx2.example.org", "IP:192.0.2.2", &ca, 100);
	make_identity(&stranger, "stranger", "DNS:mx1.example.org", &other_ca, 100);
	make_identity(&expired, "expired", "DNS:mx1.example.org", &ca, -1);
	make_identity(&alone, "alone", "DNS:mx1.example.org", NULL, 100);
	options.tls = (struct intake_tls){.certificate = server.certificate_path,
		.key = server.key_path,
		.ca = ca.certificate_path};
	return 0;
}

static int
tls_teardown(void **state)
{
	int rc = intake_teardown(state);
	for (size_t i = 0; i < sizeof(identities) / sizeof(*identities); i++) {
		EVP_PKEY_free(identities[i]->key);
		X509_free(identities[i]->certificate);
	}
	return rc;
}

/* ---- a client ---- */

struct client {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
};

/* With TLS 1.3 a refusal of our certificate comes when we read. */
static bool
shake_hands(struct client *c, size_t listener, const struct identity *who, int version)
{
	struct timeval most = {.tv_sec = WAIT_MS / 1000};
	c->context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_security_level(c->context, 0); /* whatever the system forbids */
	SSL_CTX_set_min_proto_version(c->context, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(c->context, version);
	SSL_CTX_set_mode(c->context, SSL_MODE_AUTO_RETRY);
	if (who) {
		SSL_CTX_use_certificate(c->context, who->certificate);
		SSL_CTX_use_PrivateKey(c->context, who->key);
	}
	c->fd = connect_to(listener);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
	c->ssl = SSL_new(c->context);
	SSL_set_fd(c->ssl, c->fd);
	return SSL_connect(c->ssl) == 1;
}

static void
hang_up(struct client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->context);
	close(c->fd);
}

static void
put(struct client *c, struct slice text)
{
	assert_int_equal(SSL_write(c->ssl, text.p, (int)text.n), text.n);
}

/* Reads as much as there is in `want`. */
static void
get(struct client *c, const char *want)
{
	char got[4096];
	size_t n = strlen(want), done = 0, more = 0;
	while (done < n && SSL_read_ex(c->ssl, got + done, n - done, &more) == 1)
		done += more;
	check_slice(slice_of(got, done), slice_of_str(want), __FILE__, __LINE__);
}

static void
open_session(struct client *c, const struct identity *who)
{
	assert_true(shake_hands(c, 0, who, 0));
	put(c, S(RELP_OPEN_COMMAND));
	get(c, RELP_OPEN_ANSWER);
}

/* Whoever it is, it does not get in, and the log says why. */
static void
check_refused(const struct identity *who, const char *why)
{
	struct client c;
	char byte;
	uint64_t before = counters_of(INTAKE_RELP_TLS).refused;
	if (shake_hands(&c, 0, who, 0)) {
		SSL_write(c.ssl, RELP_OPEN_COMMAND, sizeof(RELP_OPEN_COMMAND) - 1);
		assert_true(SSL_read(c.ssl, &byte, 1) <= 0);
	}
	hang_up(&c);
	wait_for(counters_of(INTAKE_RELP_TLS).refused == before + 1);
	if (!strstr(read_log(), why))
		print_error("\"%s\" does not hold \"%s\"\n", read_log(), why);
	assert_non_null(strstr(read_log(), why));
}

/* ---- senders' certificates ---- */

static void
a_line_comes_over_tls_with_the_name_of_its_sender(void **state)
{
	(void)state;
	struct client c;
	start_one(INTAKE_RELP_TLS);
	open_session(&c, &mx1);
	put(&c, S("2 syslog 5 hello\n"));
	get(&c, "2 rsp 6 200 OK\n");
	assert_string_equal(read_records(1), "mx1.example.org hello|");
	hang_up(&c);
	open_session(&c, &mx2); /* no DNS name: the common name counts */
	put(&c, S("2 syslog 5 hello\n3 close 0\n"));
	get(&c, "2 rsp 6 200 OK\n3 rsp 0\n0 serverclose 0\n");
	assert_int_equal(SSL_read(c.ssl, &(char){0}, 1), 0);
	assert_int_equal(SSL_get_error(c.ssl, 0), SSL_ERROR_ZERO_RETURN);
	assert_string_equal(read_records(1), "mx2.example.org hello|");
	hang_up(&c);
}

static void
only_tls_1_2_and_above_is_spoken(void **state)
{
	(void)state;
	struct client c;
	start_one(INTAKE_RELP_TLS);
	assert_true(shake_hands(&c, 0, &mx1, TLS1_2_VERSION));
	hang_up(&c);
	assert_false(shake_hands(&c, 0, &mx1, TLS1_1_VERSION));
	hang_up(&c);
	wait_for(strstr(read_log(), "unsupported protocol") != NULL);
	int fd = connect_to(0);
	send_text(fd, RELP_OPEN_COMMAND);
	while (recv(fd, &(char){0}, 1, 0) > 0)
		; /* an alert */
	close(fd);
	wait_for(counters_of(INTAKE_RELP_TLS).refused >= 2);
}

static void
strangers_do_not_get_in(void **state)
{
	(void)state;
	start_one(INTAKE_RELP_TLS);
	check_refused(NULL, "peer did not return a certificate");
	check_refused(&stranger, "unable to get local issuer certificate");
	check_refused(&alone, "self-signed certificate");
	check_refused(&expired, "certificate has expired");
	assert_int_equal(count_records(), 0);
}

static void
names_decide_who_a_sender_is(void **state)
{
	(void)state;
	struct client c;
	const struct slice one[] = {S("MX1")}, hosts[] = {S("mx1")};
	const struct intake_sender sender = {
		.certificates = one, .certificate_count = 1, .hosts = hosts, .host_count = 1};
	options.senders = &sender;
	options.sender_count = 1;
	start_one(INTAKE_RELP_TLS);
	check_refused(&mx2, "no sender has its certificate");
	open_session(&c, &mx1);
	put(&c, S("2 syslog 28 <22>Nov 22 05:21:39 mx2 a: 1\n3 syslog 28 <22>Nov 22 05:21:39 mx1 "
		  "a: "
		  "1\n"));
	get(&c, "2 rsp 6 200 OK\n3 rsp 6 200 OK\n");
	assert_string_equal(read_records(1), "mx1 <22>Nov 22 05:21:39 mx1 a: 1|");
	hang_up(&c);
}

static void
wildcards_stand_for_one_label(void **state)
{
	(void)state;
	struct client c;
	const struct slice names[] = {S("*.org"), S("*.example.org")};
	const struct intake_sender sender = {.certificates = names, .certificate_count = 1};
	const struct intake_sender good = {.certificates = names + 1, .certificate_count = 1};
	options.senders = &sender;
	options.sender_count = 1;
	start_one(INTAKE_RELP_TLS);
	check_refused(&mx1, "no sender has its certificate");
	stop_intake();
	options.senders = &good;
	start_intake();
	open_session(&c, &mx1);
	hang_up(&c);
}

static void
add_fingerprint(struct buf *text, const struct identity *who)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n;
	X509_digest(who->certificate, EVP_sha256(), digest, &n);
	buf_add(text, S("SHA256:"));
	for (unsigned i = 0; i < n; i++)
		buf_addf(text, "%s%02X", i ? ":" : "", digest[i]);
}

/* Signed by nobody we know, and with a name that it may not use: the fingerprint is all. */
static void
a_fingerprint_lets_in_without_a_ca(void **state)
{
	(void)state;
	struct client c;
	struct buf print = {0}, late = {0};
	add_fingerprint(&print, &alone);
	add_fingerprint(&late, &expired);
	const struct slice by_print[] = {buf_slice(&print), buf_slice(&late)};
	const struct slice by_name[] = {S("mx1.example.org")};
	const struct intake_sender senders[] = {
		{.certificates = by_name, .certificate_count = 1},
		{.certificates = by_print, .certificate_count = 2},
	};
	options.senders = senders;
	options.sender_count = 2;
	options.tls.ca = NULL;
	start_one(INTAKE_RELP_TLS);
	check_refused(&stranger, "unable to get local issuer certificate");
	check_refused(&mx1, "unable to get local issuer certificate");
	check_refused(&expired, "certificate has expired");
	open_session(&c, &alone);
	put(&c, S("2 syslog 5 hello\n"));
	get(&c, "2 rsp 6 200 OK\n");
	assert_memory_equal(read_records(1), "sha256:", 7);
	hang_up(&c);
	buf_fini(&print);
	buf_fini(&late);
}

static void
a_listener_may_let_in_without_a_certificate(void **state)
{
	(void)state;
	struct client c;
	add_listener((struct intake_listener){.kind = INTAKE_RELP_TLS, .any_client = true});
	start_intake();
	open_session(&c, NULL);
	put(&c, S("2 syslog 5 hello\n"));
	get(&c, "2 rsp 6 200 OK\n");
	assert_string_equal(read_records(1), "127.0.0.1 hello|");
	hang_up(&c);
	check_refused(&stranger, "unable to get local issuer certificate");
}

/* ---- hostile and unlucky clients ---- */

static void
half_open_handshakes_end_and_hold_up_nobody(void **state)
{
	(void)state;
	int fds[20];
	struct client c;
	options.caps.handshake_ms = 300;
	start_one(INTAKE_RELP_TLS);
	for (size_t i = 0; i < 20; i++) {
		fds[i] = connect_to(0);
		/* the head of a record with a client hello, and no more */
		send_bytes(fds[i], slice_head(S("\x16\x03\x01\x02\x00\x01\x00"), i % 8));
	}
	open_session(&c, &mx1);
	put(&c, S("2 syslog 5 hello\n"));
	get(&c, "2 rsp 6 200 OK\n");
	for (int i = 0; i < 20; i++)
		expect_end(fds[i]);
	wait_for(counters_of(INTAKE_RELP_TLS).refused == 20);
	wait_for(counters_of(INTAKE_RELP_TLS).sessions == 1);
	hang_up(&c);
}

static void
a_slow_handshake_is_served(void **state)
{
	(void)state;
	struct client c;
	start_one(INTAKE_RELP_TLS);
	open_session(&c, &mx1);
	for (const char *p = "2 syslog 6 hello\n\n"; *p; p++)
		put(&c, slice_of(p, 1)); /* a TLS record each */
	get(&c, "2 rsp 6 200 OK\n");
	assert_string_equal(read_records(1), "mx1.example.org hello|");
	hang_up(&c);
}

/* More than one turn reads, and with a cap that stops the session again and again: what OpenSSL has
 * taken off the socket must not be forgotten in it. */
static void
much_text_comes_whole(void **state)
{
	(void)state;
	enum { LINES = 20000, AT_ONCE = 500 };
	struct client c;
	struct buf text = {0};
	char answers[4096];
	size_t answered = 0, n;
	options.caps.session_bytes = 20000;
	start_one(INTAKE_RELP_TLS);
	open_session(&c, &mx1);
	for (int first = 0; first < LINES; first += AT_ONCE) {
		buf_clear(&text);
		for (int i = first; i < first + AT_ONCE; i++)
			buf_addf(&text, "%d syslog 50 this is line number %25d.....\n", i + 2, i);
		put(&c, buf_slice(&text));
		while (has_bytes(c.fd) || (first + AT_ONCE == LINES && answered < LINES)) {
			assert_int_equal(SSL_read_ex(c.ssl, answers, sizeof(answers), &n), 1);
			for (size_t i = 0; i < n; i++)
				answered += answers[i] == '\n';
		}
	}
	assert_int_equal(count_records(), LINES);
	assert_true(counters_of(INTAKE_RELP_TLS).full_stops > 0);
	buf_fini(&text);
	hang_up(&c);
}

static void
tcp_over_tls_takes_lines(void **state)
{
	(void)state;
	struct client c;
	start_one(INTAKE_TCP_TLS);
	assert_true(shake_hands(&c, 0, &mx1, 0));
	put(&c, S("one\ntwo\nthree"));
	hang_up(&c); /* without a close_notify */
	assert_string_equal(
		read_records(3), "mx1.example.org one|mx1.example.org two|mx1.example.org three|");
}

static void
shutdown_says_serverclose_over_tls(void **state)
{
	(void)state;
	struct client c;
	start_one(INTAKE_RELP_TLS);
	open_session(&c, &mx1);
	put(&c, S("2 syslog 5 hello\n"));
	ask_to_stop();
	get(&c, "2 rsp 6 200 OK\n0 serverclose 0\n");
	assert_int_equal(SSL_read(c.ssl, &(char){0}, 1), 0);
	assert_int_equal(SSL_get_error(c.ssl, 0), SSL_ERROR_ZERO_RETURN);
	hang_up(&c);
}

/* ---- our own certificate ---- */

static void
a_bad_certificate_of_ours_is_never_shown(void **state)
{
	(void)state;
	add_listener((struct intake_listener){.kind = INTAKE_RELP_TLS});
	options.tls.certificate = expired.certificate_path;
	options.tls.key = expired.key_path;
	refuse_intake("has expired at ");
	options.tls.certificate = stranger.certificate_path;
	options.tls.key = stranger.key_path;
	refuse_intake("is signed neither by");
	options.tls.key = server.key_path;
	refuse_intake("is not the one of the certificate");
	options.tls.certificate = server.certificate_path;
	options.tls.name = "logs.example.org";
	refuse_intake("is not one for logs.example.org");
	options.tls.name = "else.example.org";
	options.tls.key = "/nowhere/key.pem";
	refuse_intake("cannot read the key");
	options.tls.certificate = "/nowhere/certificate.pem";
	refuse_intake("cannot read the certificate /nowhere/certificate.pem: ");
	options.tls.certificate = NULL;
	refuse_intake("a TLS listener needs a certificate");
	options.tls.certificate = server.certificate_path;
	options.tls.key = server.key_path;
	options.tls.ca = "/nowhere/ca.pem";
	refuse_intake("cannot read the CA certificates");
	options.tls.ca = ca.certificate_path;
	start_intake();
	assert_string_equal(read_log(), "");
}

static void
a_certificate_that_expires_soon_is_told(void **state)
{
	(void)state;
	struct identity soon;
	make_identity(&soon, "soon", "DNS:else.example.org", &ca, 5);
	options.tls.certificate = soon.certificate_path;
	options.tls.key = soon.key_path;
	start_one(INTAKE_RELP_TLS);
	assert_non_null(strstr(read_log(), "days: renew it and reload"));
	EVP_PKEY_free(soon.key);
	X509_free(soon.certificate);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, tls_setup, tls_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_line_comes_over_tls_with_the_name_of_its_sender),
		TEST(only_tls_1_2_and_above_is_spoken),
		TEST(strangers_do_not_get_in),
		TEST(names_decide_who_a_sender_is),
		TEST(wildcards_stand_for_one_label),
		TEST(a_fingerprint_lets_in_without_a_ca),
		TEST(a_listener_may_let_in_without_a_certificate),
		TEST(half_open_handshakes_end_and_hold_up_nobody),
		TEST(a_slow_handshake_is_served),
		TEST(much_text_comes_whole),
		TEST(tcp_over_tls_takes_lines),
		TEST(shutdown_says_serverclose_over_tls),
		TEST(a_bad_certificate_of_ours_is_never_shown),
		TEST(a_certificate_that_expires_soon_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
