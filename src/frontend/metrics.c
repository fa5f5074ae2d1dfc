#include "frontend/metrics.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>

#include "base/memory.h"
#include "frontend/live.h"
#include "frontend/worker.h"

/* Upper ends of the histogram. */
static const int64_t ends_ms[] = {5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000};
enum { ENDS = sizeof(ends_ms) / sizeof(ends_ms[0]), CLASSES = 6 };

struct metrics {
	uint64_t by_class[CLASSES]; /* 1xx ... 5xx */
	uint64_t by_time[ENDS + 1];
	uint64_t took_us;
	struct workers *workers;
	struct live *live;
	struct MHD_Daemon *daemon;
};

struct metrics *
metrics_new(void)
{
	return memory_zero(1, sizeof(struct metrics));
}

void
metrics_add_request(struct metrics *m, int status, int64_t took_us)
{
	size_t i = 0;
	while (i < ENDS && took_us > ends_ms[i] * 1000)
		i++;
	__atomic_add_fetch(&m->by_time[i], 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&m->by_class[status / 100 % CLASSES], 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&m->took_us, (uint64_t)took_us, __ATOMIC_RELAXED);
}

static void
add_gauge(struct buf *b, const char *name, const char *help, unsigned value)
{
	buf_addf(b, "# TYPE %s gauge\n# HELP %s %s\n%s %u\n", name, name, help, name, value);
}

static void
add_text(struct buf *b, struct metrics *m)
{
	uint64_t sum = 0;
	buf_add_str(b, "# TYPE else_http_requests counter\n# HELP else_http_requests Requests "
		       "answered, by the first digit of the status.\n");
	for (int i = 2; i < CLASSES; i++)
		buf_addf(b, "else_http_requests_total{status=\"%dxx\"} %llu\n", i,
			(unsigned long long)__atomic_load_n(&m->by_class[i], __ATOMIC_RELAXED));
	buf_add_str(b, "# TYPE else_http_request_duration_seconds histogram\n# UNIT "
		       "else_http_request_duration_seconds seconds\n# HELP "
		       "else_http_request_duration_seconds From the request to its answer.\n");
	for (size_t i = 0; i <= ENDS; i++) {
		sum += __atomic_load_n(&m->by_time[i], __ATOMIC_RELAXED);
		if (i < ENDS)
			buf_addf(b, "else_http_request_duration_seconds_bucket{le=\"%g\"} %llu\n",
				(double)ends_ms[i] / 1000, (unsigned long long)sum);
	}
	buf_addf(b,
		"else_http_request_duration_seconds_bucket{le=\"+Inf\"} %llu\n"
		"else_http_request_duration_seconds_sum %g\n"
		"else_http_request_duration_seconds_count %llu\n",
		(unsigned long long)sum,
		(double)__atomic_load_n(&m->took_us, __ATOMIC_RELAXED) / 1e6,
		(unsigned long long)sum);
	add_gauge(b, "else_http_workers_busy", "Workers that answer a request.",
		workers_busy(m->workers));
	add_gauge(b, "else_http_requests_waiting", "Requests that wait for a worker.",
		workers_waiting(m->workers));
	add_gauge(b, "else_sse_clients", "Live tails that somebody reads.", live_readers(m->live));
	buf_add_str(b, "# EOF\n");
}

static enum MHD_Result
send_text(struct MHD_Connection *c, unsigned status, const char *type, struct buf *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(text->n, text->p, MHD_RESPMEM_MUST_COPY);
	MHD_add_response_header(response, "Content-Type", type);
	enum MHD_Result result = MHD_queue_response(c, status, response);
	MHD_destroy_response(response);
	buf_fini(text);
	return result;
}

static enum MHD_Result
on_request(void *context, struct MHD_Connection *c, const char *url, const char *method,
	const char *version, const char *body, size_t *body_n, void **state)
{
	struct metrics *m = context;
	struct buf text = {0};
	static const char plain[] = "text/plain; charset=utf-8";
	(void)version;
	(void)body;
	(void)body_n;
	(void)state;
	if (strcmp(method, "GET") == 0 && strcmp(url, "/metrics") == 0) {
		add_text(&text, m);
		return send_text(c, 200,
			"application/openmetrics-text; version=1.0.0; charset=utf-8", &text);
	}
	bool ready = strcmp(url, "/readyz") == 0 && workers_connected(m->workers);
	bool known = strcmp(url, "/readyz") == 0 || strcmp(url, "/livez") == 0;
	buf_add_str(&text, !known			? "not found\n"
			   : strcmp(url, "/livez") == 0 ? "alive\n"
			   : ready			? "ready\n"
							: "the database is away\n");
	return send_text(c,
		!known				      ? 404
		: ready || strcmp(url, "/livez") == 0 ? 200
						      : 503,
		plain, &text);
}

bool
metrics_listen(struct metrics *m, uint16_t port, struct workers *workers, struct live *live,
	struct error *err)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	m->workers = workers;
	m->live = live;
	m->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, m,
		MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at, MHD_OPTION_CONNECTION_TIMEOUT, 10u,
		MHD_OPTION_CONNECTION_LIMIT, 20u, MHD_OPTION_END);
	return m->daemon || error_set(err, "the metrics cannot listen on 127.0.0.1 port %u", port);
}

void
metrics_free(struct metrics **metrics)
{
	if (*metrics && (*metrics)->daemon)
		MHD_stop_daemon((*metrics)->daemon);
	free(*metrics);
	*metrics = NULL;
}
