#include "backend/metrics.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/thread.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "base/time.h"

#define MAX_HEAD_BYTES 8192
#define TIMEOUT_S      10
#define LATE_US	       (60 * TIME_SECOND_US)

struct metrics {
	struct metrics_sources sources;
	struct event_base *base;
	struct evhttp *http;
	struct evhttp_bound_socket *socket;
	pthread_t thread;
	bool started;
};

static void
answer(struct evhttp_request *request, int status, const char *type, const struct buf *text)
{
	struct evbuffer *out = evbuffer_new();
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
	if (out && evbuffer_add(out, text->p, text->n) == 0)
		evhttp_send_reply(request, status, NULL, out);
	else
		evhttp_send_error(request, HTTP_INTERNAL, NULL);
	if (out)
		evbuffer_free(out);
}

static void
on_metrics(struct evhttp_request *request, void *context)
{
	const struct metrics *m = context;
	struct buf text = {0};
	metrics_add_text(&text, &m->sources, time_now_us());
	answer(request, HTTP_OK, "application/openmetrics-text; version=1.0.0; charset=utf-8",
		&text);
	buf_fini(&text);
}

static void
on_live(struct evhttp_request *request, void *context)
{
	(void)context;
	struct buf text = {0};
	buf_add_str(&text, "alive\n");
	answer(request, HTTP_OK, "text/plain; charset=utf-8", &text);
	buf_fini(&text);
}

static bool
is_ready(const struct metrics *m, struct buf *why)
{
	struct spool_count count;
	spool_count(m->sources.spool, &count);
	if (count.unread_since_us && time_now_us() - count.unread_since_us > LATE_US)
		buf_add_str(why, "lines of more than a minute ago are not in the database\n");
	if (!atomic_load(&m->sources.feed->connected))
		buf_add_str(why, "the database is away\n");
	if (why->n == 0) {
		buf_add_str(why, "ready\n");
		return true;
	}
	return false;
}

static void
on_ready(struct evhttp_request *request, void *context)
{
	struct buf why = {0};
	bool ready = is_ready(context, &why);
	answer(request, ready ? HTTP_OK : HTTP_SERVUNAVAIL, "text/plain; charset=utf-8", &why);
	buf_fini(&why);
}

static void *
serve(void *context)
{
	struct metrics *m = context;
	event_base_dispatch(m->base);
	return NULL;
}

static bool
set_up(struct metrics *m, const char *address, uint16_t port, struct error *err)
{
	bool all = !address || strcmp(address, "*") == 0;
	if (evthread_use_pthreads() != 0 || !(m->base = event_base_new()) ||
		!(m->http = evhttp_new(m->base)))
		return error_set(err, "no event loop can be made for the metrics");
	evhttp_set_max_headers_size(m->http, MAX_HEAD_BYTES);
	evhttp_set_max_body_size(m->http, 0);
	evhttp_set_timeout(m->http, TIMEOUT_S);
	evhttp_set_allowed_methods(m->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_cb(m->http, "/metrics", on_metrics, m);
	evhttp_set_cb(m->http, "/livez", on_live, m);
	evhttp_set_cb(m->http, "/readyz", on_ready, m);
	m->socket = evhttp_bind_socket_with_handle(m->http, all ? "::" : address, port);
	if (!m->socket)
		return error_set(err,
			"the metrics cannot listen at %s port %u: is the address one of this "
			"machine, and the port free?",
			all ? "*" : address, port);
	return true;
}

struct metrics *
metrics_start(const char *address, uint16_t port, const struct metrics_sources *sources,
	struct error *err)
{
	struct metrics *m = memory_zero(1, sizeof(*m));
	m->sources = *sources;
	bool ok = set_up(m, address, port, err);
	if (ok && pthread_create(&m->thread, NULL, serve, m) != 0)
		ok = error_set(err, "no thread can be made for the metrics");
	m->started = ok;
	if (!ok)
		metrics_stop(&m);
	return m;
}

uint16_t
metrics_port(const struct metrics *m)
{
	struct sockaddr_storage at;
	socklen_t n = sizeof(at);
	if (getsockname(evhttp_bound_socket_get_fd(m->socket), (struct sockaddr *)&at, &n) != 0)
		return 0;
	return ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
					      : ((struct sockaddr_in *)&at)->sin_port);
}

void
metrics_stop(struct metrics **metrics)
{
	struct metrics *m = *metrics;
	if (!m)
		return;
	if (m->started) {
		event_base_loopbreak(m->base);
		pthread_join(m->thread, NULL);
	}
	if (m->http)
		evhttp_free(m->http);
	if (m->base)
		event_base_free(m->base);
	free(m);
	*metrics = NULL;
}
