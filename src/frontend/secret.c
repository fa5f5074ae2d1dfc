#include "frontend/secret.h"

#include <argon2.h>
#include <assert.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "base/memory.h"

/* OWASP's second choice of equal strength: 19 MiB, two passes, one lane. */
enum { MEMORY_KIB = 19456, PASSES = 2, LANES = 1, SALT_BYTES = 16, HASH_BYTES = 32 };

static void
random_bytes(unsigned char *bytes, size_t n)
{
	int ok = RAND_bytes(bytes, (int)n);
	assert(ok == 1); /* without it nothing here is safe */
	(void)ok;
}

void
secret_random_text(char *text, size_t n)
{
	static const char signs[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char bytes[64];
	assert(n <= sizeof(bytes));
	random_bytes(bytes, n);
	for (size_t i = 0; i < n; i++)
		text[i] = signs[bytes[i] & 31];
	text[n] = '\0';
}

void
secret_hash(struct slice text, char hash[SECRET_HASH_BYTES])
{
	unsigned char bytes[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)text.p, text.n, bytes);
	snprintf(hash, SECRET_HASH_BYTES, "\\x");
	for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
		snprintf(hash + 2 + 2 * i, 3, "%02x", bytes[i]);
}

void
secret_encode_password(struct slice password, char encoded[SECRET_ENCODED_BYTES])
{
	unsigned char salt[SALT_BYTES];
	random_bytes(salt, sizeof(salt));
	int failed = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password.p, password.n, salt,
		sizeof(salt), HASH_BYTES, encoded, SECRET_ENCODED_BYTES);
	assert(!failed); /* only memory can be wanting */
	(void)failed;
}

bool
secret_is_password(struct slice password, const char *encoded)
{
	char spare[SECRET_ENCODED_BYTES];
	if (encoded)
		return argon2id_verify(encoded, password.p, password.n) == ARGON2_OK;
	secret_encode_password(password, spare);
	return false;
}

void
secret_make_password(char password[SECRET_ONCE_BYTES])
{
	char signs[16];
	secret_random_text(signs, 15);
	snprintf(password, SECRET_ONCE_BYTES, "%.5s-%.5s-%.5s", signs, signs + 5, signs + 10);
}
