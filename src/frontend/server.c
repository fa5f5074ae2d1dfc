#include "frontend/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/ip.h"
#include "base/memory.h"
#include "base/time.h"
#include "frontend/answer.h"
#include "frontend/route.h"

enum {
	MOST_CONNECTIONS = 1000,
	MOST_OF_ADDRESS = 200,
	CONNECTION_BYTES = 64 * 1024, /* request line and headers */
	IDLE_S = 60,
	BLOCK_BYTES = 32 * 1024,
	LAST_STEPS = 300 /* of 10 ms, for the last answers to be sent */
};

struct server {
	struct server_options options;
	struct MHD_Daemon *daemon;
	struct workers *workers; /* NULL: not yet */
	unsigned open;		 /* requests that came and are not answered wholly */
	struct buf certificate, key;
};

/* A connection's request at hand. */
struct exchange {
	struct server *server;
	struct MHD_Connection *connection;
	struct request *request;
	bool taken;  /* by a worker */
	bool ready;  /* the answer is there */
	bool queued; /* the answer was given to libmicrohttpd */
};

/* ---- the request ---- */

static struct slice
header(struct MHD_Connection *c, const char *name)
{
	return slice_of_str(MHD_lookup_connection_value(c, MHD_HEADER_KIND, name));
}

/* Text of the connection lives as long as the request, and is not copied. */
static void
read_headers(struct request *r, struct MHD_Connection *c)
{
	r->headers = (struct request_headers){
		.authorization = header(c, "Authorization"),
		.cookie = header(c, "Cookie"),
		.content_type = header(c, "Content-Type"),
		.csrf = header(c, "X-CSRF"),
		.fetch_site = header(c, "Sec-Fetch-Site"),
		.host = header(c, "Host"),
		.if_match = header(c, "If-Match"),
		.if_none_match = header(c, "If-None-Match"),
		.last_event_id = header(c, "Last-Event-ID"),
		.origin = header(c, "Origin"),
		.user_agent = header(c, "User-Agent"),
		.takes_gzip = slice_contains(header(c, "Accept-Encoding"), S("gzip")),
	};
	/* A handler may outlive the connection's memory: a stream. */
	struct slice *all = (struct slice *)&r->headers;
	for (size_t i = 0; i < offsetof(struct request_headers, takes_gzip) / sizeof(*all); i++)
		all[i] = slice_of(request_text(r, all[i]), all[i].n);
}

static bool
peer_of(struct MHD_Connection *c, struct ip *ip)
{
	char text[INET6_ADDRSTRLEN] = "";
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *a = info ? info->client_addr : NULL;
	if (a && a->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)a)->sin_addr, text,
			sizeof(text));
	else if (a && a->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
			text, sizeof(text));
	struct slice s = slice_of_str(text);
	return ip_parse(slice_starts(s, S("::ffff:")) ? slice_skip(s, 7) : s, false, ip);
}

static bool
is_proxy(const struct config *config, const struct ip *ip)
{
	for (size_t i = 0; i < config->frontend_proxies.n; i++)
		if (ip_in(ip, &config->frontend_proxies.items[i]))
			return true;
	return false;
}

/* The last of X-Forwarded-For that is no proxy of ours: what stands before it is the client's word.
 */
static void
read_forwarded(
	struct request *r, struct MHD_Connection *c, const struct config *config, struct ip *ip)
{
	struct slice list = header(c, "X-Forwarded-For");
	r->secure |= slice_equal_nocase(header(c, "X-Forwarded-Proto"), S("https"));
	while (list.n && is_proxy(config, ip)) {
		ptrdiff_t at = slice_find_last_char(list, ',');
		struct slice last = slice_trim(at < 0 ? list : slice_skip(list, (size_t)at + 1));
		struct ip next;
		if (!ip_parse(last, false, &next))
			return;
		*ip = next;
		list = at < 0 ? S("") : slice_head(list, (size_t)at);
	}
}

static void
read_client(struct request *r, struct MHD_Connection *c, const struct config *config)
{
	struct ip ip;
	struct buf text = {0};
	r->secure = config->frontend_certificate != NULL;
	if (!peer_of(c, &ip))
		return;
	if (is_proxy(config, &ip))
		read_forwarded(r, c, config, &ip);
	ip_add(&text, &ip);
	r->ip = slice_of(request_text(r, buf_slice(&text)), text.n);
	buf_fini(&text);
}

static enum MHD_Result
take_arg(void *context, enum MHD_ValueKind kind, const char *name, size_t name_n, const char *value,
	size_t value_n)
{
	(void)kind;
	request_add_arg(context, slice_of(name, name_n), slice_of(value, value ? value_n : 0));
	return MHD_YES;
}

static struct exchange *
begin(struct server *s, struct MHD_Connection *c, const char *url, const char *method)
{
	struct exchange *x = memory_zero(1, sizeof(*x));
	__atomic_add_fetch(&s->open, 1, __ATOMIC_RELAXED);
	struct request *r = request_new();
	*x = (struct exchange){.server = s, .connection = c, .request = r};
	r->method = slice_of(request_text(r, slice_of_str(method)), strlen(method));
	r->path = slice_of(request_text(r, slice_of_str(url)), strlen(url));
	r->connection = x;
	read_headers(r, c);
	read_client(r, c, s->options.config);
	MHD_get_connection_values_n(c, MHD_GET_ARGUMENT_KIND, take_arg, r);
	return x;
}

/* ---- the answer ---- */

static void
add_headers(struct MHD_Response *response, const struct request *r)
{
	static const char *const all[][2] = {
		{"Content-Security-Policy",
			"default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr "
			"'unsafe-inline'; img-src 'self' data:; connect-src 'self'; font-src "
			"'self'; "
			"manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "
			"'none'"},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Permissions-Policy",
			"camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		MHD_add_response_header(response, all[i][0], all[i][1]);
	if (r->secure)
		MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
	MHD_add_response_header(response, "X-Request-Id", r->id);
}

static void
add_answer_headers(struct MHD_Response *response, const struct answer *a)
{
	bool cached = false;
	for (size_t i = 0; i < a->n_headers; i++) {
		cached |= strcmp(a->headers[i].name, "Cache-Control") == 0;
		MHD_add_response_header(response, a->headers[i].name, a->headers[i].value);
	}
	if (!cached)
		MHD_add_response_header(
			response, "Cache-Control", a->pipe ? "no-store" : "private, no-cache");
	MHD_add_response_header(response, "Vary", "Cookie, Authorization, Accept-Encoding");
	if (a->type)
		MHD_add_response_header(response, "Content-Type", a->type);
	if (a->gzip)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
}

static void
sleep_connection(void *arg)
{
	MHD_suspend_connection(((struct exchange *)arg)->connection);
}

static void
wake_connection(void *arg)
{
	MHD_resume_connection(((struct exchange *)arg)->connection);
}

static ssize_t
read_pipe(void *arg, uint64_t pos, char *to, size_t most)
{
	struct exchange *x = arg;
	(void)pos;
	long n = pipe_read(x->request->answer.pipe, to, most);
	return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

static struct MHD_Response *
make_response(struct exchange *x)
{
	struct answer *a = &x->request->answer;
	if (!a->pipe)
		return MHD_create_response_from_buffer(
			a->body.n, a->body.p, MHD_RESPMEM_PERSISTENT);
	pipe_set_reader(a->pipe, &(struct pipe_reader){sleep_connection, wake_connection, x});
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_pipe, x, NULL);
}

static enum MHD_Result
send_answer(struct exchange *x)
{
	struct request *r = x->request;
	struct MHD_Response *response = make_response(x);
	if (!response)
		return MHD_NO;
	add_headers(response, r);
	add_answer_headers(response, &r->answer);
	enum MHD_Result result =
		MHD_queue_response(x->connection, (unsigned)r->answer.status, response);
	MHD_destroy_response(response);
	x->queued = true;
	metrics_add_request(
		x->server->options.metrics, r->answer.status, time_now_us() - r->began_us);
	return result;
}

static enum MHD_Result
send_file(struct exchange *x, const struct file *file)
{
	struct request *r = x->request;
	bool known = slice_contains(r->headers.if_none_match, slice_of_str(file->etag));
	struct slice bytes = r->headers.takes_gzip && file->gzip.n ? file->gzip : file->plain;
	struct MHD_Response *response = MHD_create_response_from_buffer(
		known ? 0 : bytes.n, (void *)(uintptr_t)bytes.p, MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	add_headers(response, r);
	MHD_add_response_header(response, "Content-Type", file->type);
	MHD_add_response_header(response, "Cache-Control",
		file->hashed ? "public, max-age=31536000, immutable" : "no-cache");
	MHD_add_response_header(response, "ETag", file->etag);
	MHD_add_response_header(response, "Vary", "Accept-Encoding");
	if (bytes.p == file->gzip.p && file->gzip.n)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	enum MHD_Result result = MHD_queue_response(x->connection, known ? 304 : 200, response);
	MHD_destroy_response(response);
	x->queued = true;
	return result;
}

/* ---- between both ---- */

static enum MHD_Result
serve_file(struct exchange *x)
{
	struct request *r = x->request;
	bool reads = slice_equal(r->method, S("GET")) || slice_equal(r->method, S("HEAD"));
	const struct file *file = reads ? files_find(x->server->options.files, r->path) : NULL;
	if (file)
		return send_file(x, file);
	answer_problem(r, 404, "not-found", "There is no such thing.");
	return send_answer(x);
}

static int
fd_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	return info ? info->connect_fd : -1;
}

static bool
give_to_worker(struct exchange *x)
{
	struct workers *workers = __atomic_load_n(&x->server->workers, __ATOMIC_ACQUIRE);
	if (!workers)
		return false;
	MHD_suspend_connection(x->connection);
	x->taken = workers_take(workers, x->request, fd_of(x->connection));
	if (!x->taken)
		MHD_resume_connection(x->connection);
	return x->taken;
}

static enum MHD_Result
serve_api(struct exchange *x)
{
	struct request *r = x->request;
	struct buf allowed = {0};
	r->route = route_find(r, &allowed);
	if (!r->route && allowed.n) {
		answer_header(r, "Allow", request_text(r, buf_slice(&allowed)));
		answer_problem(r, 405, "method", "This path has other methods.");
	} else if (!r->route) {
		answer_problem(r, 404, "not-found", "There is no such thing.");
	} else if (r->too_large) {
		answer_problem(r, 413, "too-large", "The body is too large.");
	} else if (give_to_worker(x)) {
		buf_fini(&allowed);
		return MHD_YES;
	} else {
		answer_header(r, "Retry-After", "2");
		answer_problem(r, 503, "busy", "Too much to do, or not ready yet: try again.");
	}
	buf_fini(&allowed);
	return send_answer(x);
}

static bool
is_api(struct slice path)
{
	return slice_starts(path, S(ROUTE_BASE)) &&
	       (path.n == sizeof(ROUTE_BASE) - 1 || path.p[sizeof(ROUTE_BASE) - 1] == '/');
}

static enum MHD_Result
on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
	const char *version, const char *body, size_t *body_n, void **state)
{
	struct exchange *x = *state;
	(void)version;
	if (!x) {
		*state = begin(context, connection, url, method);
		return MHD_YES;
	}
	struct request *r = x->request;
	if (*body_n) {
		r->too_large |= r->body.n + *body_n > REQUEST_MOST_BODY;
		if (!r->too_large)
			buf_add(&r->body, slice_of(body, *body_n));
		*body_n = 0;
		return MHD_YES;
	}
	if (x->queued)
		return MHD_YES;
	if (__atomic_load_n(&x->ready, __ATOMIC_ACQUIRE))
		return send_answer(x);
	if (x->taken)
		return MHD_YES;
	return is_api(r->path) ? serve_api(x) : serve_file(x);
}

void
server_answer(struct request *r, void *server)
{
	struct exchange *x = r->connection;
	(void)server;
	__atomic_store_n(&x->ready, true, __ATOMIC_RELEASE);
	MHD_resume_connection(x->connection);
}

static void
on_end(void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *state;
	(void)context;
	(void)connection;
	(void)why;
	if (!x)
		return;
	__atomic_sub_fetch(&x->server->open, 1, __ATOMIC_RELAXED);
	if (x->request->answer.pipe)
		pipe_stop_reading(x->request->answer.pipe);
	request_free(&x->request);
	free(x);
	*state = NULL;
}

/* ---- begin and end ---- */

static bool
read_pem(const char *path, struct buf *text, struct error *err)
{
	FILE *f = fopen(path, "re");
	char block[4096];
	size_t n;
	if (!f)
		return error_set(err, "%s: %s", path, strerror(errno));
	while (text->n < 1 << 20 && (n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(text, slice_of(block, n));
	fclose(f);
	buf_str(text);
	return text->n > 0 || error_set(err, "%s is empty", path);
}

static bool
address_of(const struct config *config, struct sockaddr_storage *a, bool *v6)
{
	const char *text = strcmp(config->frontend_address, "*") ? config->frontend_address : "::";
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)a;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)a;
	memset(a, 0, sizeof(*a));
	*v6 = inet_pton(AF_INET6, text, &in6->sin6_addr) == 1;
	if (*v6) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)config->frontend_port);
		return true;
	}
	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)config->frontend_port);
	return inet_pton(AF_INET, text, &in->sin_addr) == 1;
}

bool
server_listen(struct server *s, struct error *err)
{
	const struct config *config = s->options.config;
	struct sockaddr_storage at;
	bool v6, tls = config->frontend_certificate != NULL;
	if (!address_of(config, &at, &v6))
		return error_set(err, "[frontend] address %s is none", config->frontend_address);
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
			 (v6 ? MHD_USE_DUAL_STACK : 0) | (tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem more[] = {
		{tls ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0, s->certificate.p},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, s->key.p}, {MHD_OPTION_END, 0, NULL}};
	s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR,
		(struct sockaddr *)&at, MHD_OPTION_NOTIFY_COMPLETED, on_end, s,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		(unsigned)(config->frontend_proxies.n ? MOST_CONNECTIONS : MOST_OF_ADDRESS),
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
	return s->daemon ||
	       error_set(err,
		       "cannot listen at %s port %u%s: is the address one of this machine, and the "
		       "port free?",
		       config->frontend_address, (unsigned)config->frontend_port,
		       tls ? " with this certificate and key" : "");
}

struct server *
server_new(const struct server_options *options, struct error *err)
{
	struct server *s = memory_zero(1, sizeof(*s));
	const struct config *c = options->config;
	s->options = *options;
	if (c->frontend_certificate && (!read_pem(c->frontend_certificate, &s->certificate, err) ||
					       !read_pem(c->frontend_key, &s->key, err)))
		server_stop(&s);
	return s;
}

void
server_set_workers(struct server *s, struct workers *workers)
{
	__atomic_store_n(&s->workers, workers, __ATOMIC_RELEASE);
}

void
server_quiesce(struct server *s)
{
	int fd = s->daemon ? MHD_quiesce_daemon(s->daemon) : -1;
	if (fd >= 0)
		close(fd);
	server_set_workers(s, NULL);
}

void
server_stop(struct server **server)
{
	struct server *s = *server;
	if (!s)
		return;
	/* What was answered last is still on its way. */
	for (int i = 0; i < LAST_STEPS && __atomic_load_n(&s->open, __ATOMIC_RELAXED); i++)
		nanosleep(&(struct timespec){.tv_nsec = 10 * 1000000}, NULL);
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	buf_fini(&s->certificate);
	buf_fini(&s->key);
	free(s);
	*server = NULL;
}
