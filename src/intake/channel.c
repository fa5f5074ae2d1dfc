#include "intake/channel.h"

#include "intake/tls.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

void
channel_init(struct channel *channel, int fd, SSL *ssl)
{
	*channel = (struct channel){.fd = fd, .ssl = ssl};
}

void
channel_fini(struct channel *channel)
{
	SSL_free(channel->ssl);
	if (channel->fd >= 0)
		close(channel->fd);
	*channel = (struct channel){.fd = -1};
}

static enum channel_result
result_of_errno(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? CHANNEL_AGAIN
									 : CHANNEL_BROKEN;
}

/* Of a connection that ends without a word OpenSSL says "unexpected eof"; for us it is an end: each
 * protocol knows by itself whether something is missing. */
static enum channel_result
result_of_ssl(struct channel *channel, int rc)
{
	int saved = errno;
	switch (SSL_get_error(channel->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return CHANNEL_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		channel->wants_write = true;
		return CHANNEL_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return CHANNEL_END;
	case SSL_ERROR_SSL:
		return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING
			       ? CHANNEL_END
			       : CHANNEL_BROKEN;
	default:
		errno = saved;
		return saved ? CHANNEL_BROKEN : CHANNEL_END;
	}
}

static void
before_ssl(struct channel *channel)
{
	ERR_clear_error();
	errno = 0;
	channel->wants_write = false;
}

enum channel_result
channel_handshake(struct channel *channel)
{
	if (!channel->ssl)
		return CHANNEL_OK;
	before_ssl(channel);
	int rc = SSL_do_handshake(channel->ssl);
	return rc == 1 ? CHANNEL_OK : result_of_ssl(channel, rc);
}

enum channel_result
channel_read(struct channel *channel, char *bytes, size_t cap, size_t *n)
{
	*n = 0;
	assert(cap >= CHANNEL_READ_BYTES);
	if (channel->ssl) {
		before_ssl(channel);
		int rc = SSL_read_ex(channel->ssl, bytes, cap, n);
		return rc == 1 ? CHANNEL_OK : result_of_ssl(channel, rc);
	}
	ssize_t got = recv(channel->fd, bytes, cap, 0);
	if (got < 0)
		return result_of_errno();
	*n = (size_t)got;
	return got ? CHANNEL_OK : CHANNEL_END;
}

enum channel_result
channel_write(struct channel *channel, struct slice bytes, size_t *n)
{
	*n = 0;
	if (channel->ssl) {
		before_ssl(channel);
		int rc = SSL_write_ex(channel->ssl, bytes.p, bytes.n, n);
		return rc == 1 ? CHANNEL_OK : result_of_ssl(channel, rc);
	}
	ssize_t put = send(channel->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
	if (put < 0)
		return result_of_errno();
	*n = (size_t)put;
	return CHANNEL_OK;
}

void
channel_end(struct channel *channel)
{
	if (channel->ssl && SSL_is_init_finished(channel->ssl)) {
		before_ssl(channel);
		SSL_shutdown(channel->ssl);
	}
	shutdown(channel->fd, SHUT_WR);
}

void
channel_add_error(const struct channel *channel, struct buf *text)
{
	int saved = errno;
	size_t before = text->n;
	if (channel->ssl)
		tls_add_errors(text);
	if (text->n == before)
		buf_add_str(text, saved ? strerror(saved) : "the connection ended");
}
