#define _GNU_SOURCE
#include "intake/intake_part.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	ACCEPT_MOST = 64, /* in one turn */
	BACKLOG = 512,
	UDP_BUFFER_BYTES = 8 << 20, /* a burst waits in the kernel while we sync */
	SPARE_DESCRIPTORS = 256,
	UNIX_MODE = 0666,
};

static bool
is_datagram(enum intake_kind kind)
{
	return kind == INTAKE_UDP || kind == INTAKE_UNIX;
}

/* ---- connections ---- */

/* An IPv4 peer of a socket for both families is an IPv4 address. */
struct ip
listener_ip_of(const struct sockaddr_storage *from)
{
	struct ip ip = {0};
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
		ip = (struct ip){.family = 4, .bits = 32};
		memcpy(ip.bytes, &v4->sin_addr, 4);
	} else if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
		bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
		ip = (struct ip){.family = mapped ? 4 : 6, .bits = mapped ? 32 : 128};
		memcpy(ip.bytes, v6->sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
	}
	return ip;
}

static const char *
reason_to_refuse(const struct listener *l, const struct ip *address)
{
	const struct intake *in = l->in;
	size_t same = 0;
	bool tls = l->kind == INTAKE_RELP_TLS || l->kind == INTAKE_TCP_TLS;
	if (tls && in->now_us >= tls_expires_us(in->tls))
		return "our certificate has expired, and a sender that sees it may never come "
		       "again: renew it and reload";
	if (!peers_admit(in->peers, address))
		return "no sender may come from there";
	if (in->session_count >= in->caps.sessions)
		return "too many sessions";
	for (const struct session *s = TAILQ_FIRST(&in->sessions); s; s = TAILQ_NEXT(s, all))
		same += ip_equal(&s->address, address);
	return same >= in->caps.sessions_per_address ? "too many sessions from there" : NULL;
}

static void
take_connection(struct listener *l, int fd, const struct ip *address)
{
	struct intake *in = l->in;
	const char *why = reason_to_refuse(l, address);
	if (!why) {
		session_accept(l, fd, address);
		return;
	}
	struct buf text = {0};
	ip_add(&text, address);
	close(fd);
	in->counters[l->kind].refused++;
	report_say(&in->report, in->now_ms, REPORT_REFUSED, INTAKE_WARNING, "%s: %s refused: %s",
		intake_kind_name(l->kind), buf_str(&text), why);
	buf_fini(&text);
}

/* Without a descriptor the connection stays in the backlog: trying again at once would only burn
 * time. */
static void
cannot_accept(struct listener *l)
{
	struct intake *in = l->in;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED)
		return;
	in->no_accept_until_ms = in->now_ms + PART_STALL_MS;
	report_say(&in->report, in->now_ms, REPORT_RESOURCES, INTAKE_ERROR,
		"%s: cannot accept a connection: %s", intake_kind_name(l->kind), strerror(errno));
	listeners_watch(in);
}

static void
on_connection(evutil_socket_t socket, short what, void *context)
{
	struct listener *l = context;
	(void)what;
	intake_look_at_clock(l->in);
	for (int i = 0; i < ACCEPT_MOST; i++) {
		struct sockaddr_storage from = {0};
		socklen_t n = sizeof(from);
		int fd =
			accept4(socket, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			cannot_accept(l);
			return;
		}
		struct ip address = listener_ip_of(&from);
		take_connection(l, fd, &address);
	}
}

static void
on_datagram(evutil_socket_t socket, short what, void *context)
{
	struct listener *l = context;
	(void)socket, (void)what;
	intake_look_at_clock(l->in);
	datagrams_receive(l);
}

/* ---- sockets ---- */

static void
set_option(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

/* Needs no more than the caller's own right to raise its limit. */
static void
make_large(int fd)
{
	int bytes = UDP_BUFFER_BYTES;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
		set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

/* The family, or -1. */
static int
read_address(const struct intake_listener *from, bool v6, struct sockaddr_storage *address,
	socklen_t *n, struct error *err)
{
	struct ip ip = {.family = v6 ? 6 : 4};
	bool all = !from->address || strcmp(from->address, "*") == 0;
	if (!all && !ip_parse(slice_of_str(from->address), false, &ip)) {
		error_set(err, "%s is neither an IPv4 nor an IPv6 address", from->address);
		return -1;
	}
	*address = (struct sockaddr_storage){0};
	if (ip.family == 4) {
		struct sockaddr_in *v4 = (struct sockaddr_in *)address;
		*v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(from->port)};
		memcpy(&v4->sin_addr, ip.bytes, 4);
		*n = sizeof(*v4);
		return AF_INET;
	}
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
	*six = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(from->port)};
	memcpy(&six->sin6_addr, ip.bytes, 16);
	*n = sizeof(*six);
	return AF_INET6;
}

static void
note_port(struct listener *l)
{
	struct sockaddr_in6 own = {0}; /* IPv4 has the port at the same place */
	socklen_t n = sizeof(own);
	if (getsockname(l->fd, (struct sockaddr *)&own, &n) == 0)
		l->port = ntohs(own.sin6_port);
}

/* False with l->fd < 0 also where the machine does not know the family. */
static bool
open_inet(struct listener *l, const struct intake_listener *from, bool v6, struct error *err)
{
	struct sockaddr_storage address;
	socklen_t n = 0;
	int type = l->kind == INTAKE_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int family = read_address(from, v6, &address, &n, err);
	if (family < 0)
		return false;
	l->fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return error_set(err, "cannot make a socket: %s", strerror(errno));
	if (type == SOCK_STREAM) {
		set_option(l->fd, SOL_SOCKET, SO_REUSEADDR, 1);
	} else {
		set_option(l->fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
		make_large(l->fd);
	}
	if (family == AF_INET6)
		set_option(
			l->fd, IPPROTO_IPV6, IPV6_V6ONLY, from->address && *from->address != '*');
	if (bind(l->fd, (struct sockaddr *)&address, n) != 0 ||
		(type == SOCK_STREAM && listen(l->fd, BACKLOG) != 0))
		return error_set(err, "cannot listen at %s port %u: %s",
			from->address ? from->address : "*", from->port, strerror(errno));
	note_port(l);
	return true;
}

static bool
open_all_families(struct listener *l, const struct intake_listener *from, struct error *err)
{
	bool all = !from->address || strcmp(from->address, "*") == 0;
	if (!all)
		return open_inet(l, from, false, err);
	return open_inet(l, from, true, err) || (l->fd < 0 && open_inet(l, from, false, err));
}

/* A socket that nobody reads is what an earlier process left. */
static bool
remove_stale(const struct sockaddr_un *address, struct error *err)
{
	struct stat st;
	const char *path = address->sun_path;
	if (lstat(path, &st) != 0)
		return true;
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, "%s is there and is no socket", path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool used = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
	if (fd >= 0)
		close(fd);
	if (used)
		return error_set(err, "another process reads the socket %s", path);
	return unlink(path) == 0 ||
	       error_set(err, "cannot remove the old socket %s: %s", path, strerror(errno));
}

static bool
open_unix(struct listener *l, const struct intake_listener *from, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t n = from->path ? strlen(from->path) : 0;
	if (n == 0 || n >= sizeof(address.sun_path))
		return error_set(err, "a unix socket needs a path of 1 to %zu bytes",
			sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, from->path, n);
	if (!remove_stale(&address, err))
		return false;
	l->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return error_set(err, "cannot make the socket %s: %s", from->path, strerror(errno));
	l->path = slice_dup(slice_of_str(from->path));
	make_large(l->fd);
	if (chmod(l->path, from->mode ? from->mode : UNIX_MODE) != 0)
		return error_set(err, "cannot set the mode of %s: %s", l->path, strerror(errno));
	return true;
}

/* ---- from outside ---- */

static bool
open_listener(struct listener *l, const struct intake_listener *from, struct error *err)
{
	bool ok =
		l->kind == INTAKE_UNIX ? open_unix(l, from, err) : open_all_families(l, from, err);
	if (!ok)
		return error_prefix(err, "listener %s", intake_kind_name(l->kind));
	l->event = event_new(l->in->base, l->fd, EV_READ | EV_PERSIST,
		is_datagram(l->kind) ? on_datagram : on_connection, l);
	return l->event || error_set(err, "libevent has no memory for a listener");
}

/* A session is a descriptor; the soft limit is 1024 on most machines. */
static void
raise_limit(const struct intake *in)
{
	struct rlimit limit;
	rlim_t wanted = in->caps.sessions + SPARE_DESCRIPTORS;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	setrlimit(RLIMIT_NOFILE, &limit);
}

bool
listeners_open(struct intake *in, const struct intake_options *options, struct error *err)
{
	in->listeners = memory_zero(options->listener_count, sizeof(*in->listeners));
	raise_limit(in);
	for (size_t i = 0; i < options->listener_count; i++) {
		const struct intake_listener *from = &options->listeners[i];
		struct listener *l = &in->listeners[i];
		*l = (struct listener){.in = in,
			.kind = from->kind,
			.compressed = from->compressed,
			.any_client = from->any_client,
			.fd = -1};
		in->listener_count++;
		if (!open_listener(l, from, err))
			return false;
	}
	return true;
}

void
listeners_close(struct intake *in)
{
	for (size_t i = 0; i < in->listener_count; i++) {
		struct listener *l = &in->listeners[i];
		if (l->event)
			event_free(l->event);
		if (l->fd >= 0)
			close(l->fd);
		if (l->path)
			unlink(l->path);
		free(l->path);
		l->event = NULL;
		l->fd = -1;
		l->path = NULL;
	}
}

void
listeners_watch(struct intake *in)
{
	for (size_t i = 0; i < in->listener_count; i++) {
		struct listener *l = &in->listeners[i];
		bool wanted = intake_reads(in) &&
			      (is_datagram(l->kind) || in->now_ms >= in->no_accept_until_ms);
		if (l->event && wanted != l->watched &&
			(wanted ? event_add(l->event, NULL) : event_del(l->event)) == 0)
			l->watched = wanted;
	}
}
