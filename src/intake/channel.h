/*
 * A connected socket, with TLS or without, never blocking. OpenSSL works on the socket itself and
 * not through libevent's bufferevent (docs/adr/005).
 */
#ifndef ELSE_INTAKE_CHANNEL_H
#define ELSE_INTAKE_CHANNEL_H

#include "base/buf.h"

#include <openssl/ssl.h>

struct channel {
	int fd;
	SSL *ssl;	  /* NULL: none */
	bool wants_write; /* a read or the handshake waits until the socket can be written */
};

enum channel_result {
	CHANNEL_OK,
	CHANNEL_AGAIN,	/* not now: wait for the socket */
	CHANNEL_END,	/* the peer will send no more */
	CHANNEL_BROKEN, /* and never again */
};

/* Takes the file descriptor and `ssl`. */
void channel_init(struct channel *channel, int fd, SSL *ssl);
void channel_fini(struct channel *channel);

enum channel_result channel_handshake(struct channel *channel);

enum { CHANNEL_READ_BYTES = 16 * 1024 /* a TLS record */ };

/* OK: *n bytes, at least one. `cap` is at least CHANNEL_READ_BYTES: then nothing stays behind in
 * OpenSSL, and the socket tells all that is still to be read. */
enum channel_result channel_read(struct channel *channel, char *bytes, size_t cap, size_t *n);
enum channel_result channel_write(struct channel *channel, struct slice bytes, size_t *n);

/* We shall send no more. */
void channel_end(struct channel *channel);

/* Why the last call was CHANNEL_BROKEN: errno, or what OpenSSL says. */
void channel_add_error(const struct channel *channel, struct buf *text);

#endif
