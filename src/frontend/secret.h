/* Passwords and random texts. Hashes of passwords are argon2id (RFC 9106), of random texts SHA-256.
 */
#ifndef ELSE_FRONTEND_SECRET_H
#define ELSE_FRONTEND_SECRET_H

#include "base/buf.h"

/* So many signs of a-z, 2-7 (5 bits each), and NUL. */
void secret_random_text(char *text, size_t n);

/* "\x..." as PostgreSQL reads a bytea: the SHA-256 of a text. */
#define SECRET_HASH_BYTES 68
void secret_hash(struct slice text, char hash[SECRET_HASH_BYTES]);

/* argon2id with a salt of its own, encoded. */
#define SECRET_ENCODED_BYTES 128
void secret_encode_password(struct slice password, char encoded[SECRET_ENCODED_BYTES]);

/* `encoded` NULL: as slow as with one, and false. */
bool secret_is_password(struct slice password, const char *encoded);

/* "kxqzt-7fj2m-...": to be read aloud; 75 bits. */
#define SECRET_ONCE_BYTES 18
void secret_make_password(char password[SECRET_ONCE_BYTES]);

#endif
