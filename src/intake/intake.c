#include "intake/intake_part.h"

#include "base/memory.h"
#include "base/time.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { REPEATS_CAP_BYTES = 64 << 20 };

static const int64_t expiry_warning_us = 14 * TIME_DAY_US;

const char *
intake_kind_name(enum intake_kind kind)
{
	static const char *const names[INTAKE_KINDS] = {
		[INTAKE_RELP] = "relp",
		[INTAKE_RELP_TLS] = "relp-tls",
		[INTAKE_TCP] = "tcp",
		[INTAKE_TCP_TLS] = "tcp-tls",
		[INTAKE_UDP] = "udp",
		[INTAKE_UNIX] = "unix",
		[INTAKE_FILE] = "file",
	};
	return names[kind];
}

void
intake_look_at_clock(struct intake *in)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	in->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	in->now_us = time_now_us();
}

bool
intake_reads(const struct intake *in)
{
	return !in->full;
}

/* ---- a turn of the loop ---- */

static void
count_full_stop(struct intake *in)
{
	bool counted[INTAKE_KINDS] = {0};
	for (size_t i = 0; i < in->listener_count; i++) {
		enum intake_kind kind = in->listeners[i].kind;
		in->counters[kind].full_stops += !counted[kind];
		counted[kind] = true;
	}
}

static const char *
why_full(struct intake *in)
{
	if (spool_is_full(in->spool))
		return "the spool is full";
	if (in->now_ms - in->disk_looked_ms >= PART_TICK_MS) {
		in->disk_full = spool_disk_is_full(in->spool);
		in->disk_looked_ms = in->now_ms;
	}
	return in->disk_full ? "the disk of the spool is full" : NULL;
}

/* Reading stops or goes on, for all. */
static void
look_at_spool(struct intake *in)
{
	const char *why = why_full(in);
	bool full = why || in->now_ms < in->stalled_until_ms;
	listeners_watch(in); /* no_accept_until_ms may have passed */
	if (full == in->full)
		return;
	in->full = full;
	if (full)
		count_full_stop(in);
	if (why)
		report_say(&in->report, in->now_ms, REPORT_FULL, INTAKE_WARNING,
			"%s: reading stops, the senders have to queue", why);
	else if (!full && in->said_full)
		report_say(&in->report, in->now_ms, REPORT_FULL, INTAKE_INFO, "reading goes on");
	in->said_full = why != NULL;
	listeners_watch(in);
	for (struct session *s = TAILQ_FIRST(&in->sessions); s; s = TAILQ_NEXT(s, all)) {
		session_watch(s);
		if (!full)
			session_again(s);
	}
}

static void
set_tick(struct intake *in)
{
	bool waits = in->unsynced_bytes > 0 || in->holding > 0 || in->full ||
		     in->now_ms < in->no_accept_until_ms;
	int64_t slow_ms = in->caps.handshake_ms / 4;
	slow_ms = slow_ms < PART_TICK_MS	? PART_TICK_MS
		  : slow_ms > PART_SLOW_TICK_MS ? PART_SLOW_TICK_MS
						: slow_ms;
	if (in->file_count && slow_ms > PART_FILE_TICK_MS)
		slow_ms = PART_FILE_TICK_MS;
	int64_t tick_ms = waits ? PART_TICK_MS : slow_ms;
	if (tick_ms == in->tick_ms)
		return;
	in->tick_ms = tick_ms;
	event_add(in->tick, &(struct timeval){.tv_usec = tick_ms * 1000});
}

static void
publish(struct intake *in)
{
	pthread_mutex_lock(&in->lock);
	memcpy(in->published, in->counters, sizeof(in->published));
	in->turns++;
	pthread_mutex_unlock(&in->lock);
}

static void
turn(struct intake *in)
{
	bool more = !TAILQ_EMPTY(&in->again) || in->files_more;
	event_base_loop(in->base, more ? EVLOOP_ONCE | EVLOOP_NONBLOCK : EVLOOP_ONCE);
	intake_look_at_clock(in);
	sessions_read_again(in);
	in->files_more = files_read(in);
	commit_if_due(in);
	look_at_spool(in);
	sessions_free_dead(in);
	set_tick(in);
	publish(in);
}

static void
on_tick(evutil_socket_t fd, short what, void *context)
{
	struct intake *in = context;
	(void)fd, (void)what;
	intake_look_at_clock(in);
	if (in->holding == 0 && in->now_ms - in->swept_ms < PART_SLOW_TICK_MS &&
		in->now_ms - in->swept_ms < in->caps.handshake_ms / 4)
		return;
	in->swept_ms = in->now_ms;
	sessions_sweep(in);
	report_rest(&in->report, in->now_ms);
}

static void
on_stop(evutil_socket_t fd, short what, void *context)
{
	struct intake *in = context;
	(void)fd, (void)what;
	in->stopping = true;
}

/* ---- run ---- */

/* What has arrived is taken; who speaks RELP is told that it is over. */
static void
say_farewell(struct intake *in)
{
	struct session *next;
	for (struct session *s = TAILQ_FIRST(&in->sessions); s; s = next) {
		next = TAILQ_NEXT(s, all);
		if (s->state == SESSION_OPEN)
			session_read(s);
		if (s->state == SESSION_SHAKING)
			session_kill(s);
		else if (s->state == SESSION_OPEN)
			frames_give_up(s);
	}
	commit_now(in);
	for (struct session *s = TAILQ_FIRST(&in->sessions); s; s = next) {
		next = TAILQ_NEXT(s, all);
		if (s->state != SESSION_OPEN)
			continue;
		if (s->relp_session.opened)
			relp_add_serverclose(&s->out);
		if (s->source.kind == INTAKE_TCP || s->source.kind == INTAKE_TCP_TLS)
			session_end_stream(s);
		session_close(s);
	}
	commit_now(in);
}

static void
stop(struct intake *in)
{
	struct session *s;
	intake_look_at_clock(in);
	listeners_close(in);
	say_farewell(in);
	int64_t end_ms = in->now_ms + in->caps.close_ms;
	while (!TAILQ_EMPTY(&in->sessions) && in->now_ms < end_ms)
		turn(in);
	while ((s = TAILQ_FIRST(&in->sessions)))
		session_kill(s);
	commit_now(in);
	sessions_free_dead(in);
	publish(in);
}

void
intake_run(struct intake *in)
{
	remembered_free(&in->remembered);
	intake_look_at_clock(in);
	look_at_spool(in);
	listeners_watch(in);
	set_tick(in);
	while (!in->stopping)
		turn(in);
	stop(in);
}

void
intake_stop(struct intake *in)
{
	int saved = errno;
	uint64_t one = 1;
	ssize_t n = write(in->stop_fd, &one, sizeof(one)); /* fails only when it is set already */
	(void)n;
	errno = saved;
}

/* ---- new and free ---- */

static void
set_caps(struct intake_caps *caps, const struct intake_caps *from)
{
#define CAP(name, value) caps->name = from->name ? from->name : (value)
	CAP(sessions, 2000);
	CAP(sessions_per_address, 200);
	CAP(session_bytes, 4 << 20);
	CAP(frame_bytes, 128 << 10);
	CAP(handshake_ms, 10 * 1000);
	CAP(idle_ms, 0);
	CAP(close_ms, 2 * 1000);
	CAP(expand_ratio, 200);
	CAP(expand_free_bytes, 4 << 20);
	CAP(repeat_frames, 4096);
#undef CAP
}

static bool
has_kind(const struct intake_options *options, enum intake_kind a, enum intake_kind b)
{
	for (size_t i = 0; i < options->listener_count; i++)
		if (options->listeners[i].kind == a || options->listeners[i].kind == b)
			return true;
	return false;
}

static bool
check_options(struct intake *in, const struct intake_options *options, struct error *err)
{
	if (options->listener_count + options->file_count == 0)
		return error_set(err, "no listener: nothing would come in");
	if (in->caps.frame_bytes < 480 || in->caps.frame_bytes > RECORD_FRAME_MAX_BYTES)
		return error_set(err, "frame_bytes must be 480 to %d", RECORD_FRAME_MAX_BYTES);
	for (size_t i = 0; i < options->listener_count; i++) {
		const struct intake_listener *l = &options->listeners[i];
		bool tls = l->kind == INTAKE_RELP_TLS || l->kind == INTAKE_TCP_TLS;
		if (l->compressed && l->kind != INTAKE_TCP && l->kind != INTAKE_TCP_TLS)
			return error_set(err,
				"listener %s cannot be compressed: only tcp and "
				"tcp-tls can",
				intake_kind_name(l->kind));
		if (tls && !l->any_client && !options->tls.ca &&
			!peers_list_fingerprints(in->peers))
			return error_set(err,
				"listener %s asks for certificates, but there is neither a CA nor "
				"a fingerprint to know them by",
				intake_kind_name(l->kind));
	}
	return true;
}

static bool
open_tls(struct intake *in, const struct intake_options *options, struct error *err)
{
	if (!has_kind(options, INTAKE_RELP_TLS, INTAKE_TCP_TLS))
		return true;
	in->tls = tls_new(&options->tls, in->peers, in->now_us, err);
	if (!in->tls)
		return false;
	int64_t left_us = tls_expires_us(in->tls) - in->now_us;
	if (left_us < expiry_warning_us)
		report_say(&in->report, in->now_ms, REPORT_STATE, INTAKE_WARNING,
			"the certificate %s expires in %" PRId64 " days: renew it and reload",
			options->tls.certificate, left_us / TIME_DAY_US);
	return true;
}

static bool
open_loop(struct intake *in, struct error *err)
{
	in->base = event_base_new();
	in->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!in->base || in->stop_fd < 0)
		return error_set(err, "cannot make an event loop: %s", strerror(errno));
	in->tick = event_new(in->base, -1, EV_PERSIST, on_tick, in);
	in->stop_event = event_new(in->base, in->stop_fd, EV_READ, on_stop, in);
	return (in->tick && in->stop_event && event_add(in->stop_event, NULL) == 0) ||
	       error_set(err, "libevent cannot add its events");
}

/* A sender that goes away must not end the program: OpenSSL writes with write(). */
static void
ignore_sigpipe(void)
{
	struct sigaction old;
	if (sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

static struct intake *
new_intake(const struct intake_options *options, struct spool *spool)
{
	struct intake *in = memory_zero(1, sizeof(*in));
	in->spool = spool;
	in->synced = options->synced;
	in->context = options->context;
	in->report.log = options->log;
	in->report.context = options->context;
	in->stop_fd = -1;
	TAILQ_INIT(&in->sessions);
	TAILQ_INIT(&in->dirty);
	TAILQ_INIT(&in->again);
	TAILQ_INIT(&in->dead);
	set_caps(&in->caps, &options->caps);
	intake_look_at_clock(in);
	syslog_clock_init(&in->clock, in->now_us);
	syslog_clock_set_fixed_zone(&in->clock, 0);
	in->repeats = repeats_new(&(struct repeats_options){
		.frames = in->caps.repeat_frames, .cap_bytes = REPEATS_CAP_BYTES});
	in->scratch = memory_new(PART_READ_BYTES);
	in->expanded = memory_new(PART_EXPAND_BYTES);
	pthread_mutex_init(&in->lock, NULL);
	return in;
}

struct intake *
intake_new(const struct intake_options *options, struct spool *spool, struct error *err)
{
	struct intake *in = new_intake(options, spool);
	ignore_sigpipe();
	in->peers = peers_new(options->senders, options->sender_count, err);
	if (in->peers && check_options(in, options, err) && open_tls(in, options, err) &&
		open_loop(in, err) && listeners_open(in, options, err)) {
		if (has_kind(options, INTAKE_UDP, INTAKE_UNIX))
			in->datagrams = datagrams_new();
		files_open(in, options);
		return in;
	}
	intake_free(&in);
	return NULL;
}

void
intake_free(struct intake **intake)
{
	struct intake *in = *intake;
	if (!in)
		return;
	listeners_close(in);
	files_close(in);
	remembered_free(&in->remembered);
	if (in->tick)
		event_free(in->tick);
	if (in->stop_event)
		event_free(in->stop_event);
	if (in->base)
		event_base_free(in->base);
	if (in->stop_fd >= 0)
		close(in->stop_fd);
	tls_free(&in->tls);
	peers_free(&in->peers);
	repeats_free(&in->repeats);
	datagrams_free(&in->datagrams);
	pthread_mutex_destroy(&in->lock);
	free(in->listeners);
	free(in->scratch);
	free(in->expanded);
	free(in);
	*intake = NULL;
}

/* ---- questions ---- */

uint64_t
intake_turns(struct intake *in)
{
	pthread_mutex_lock(&in->lock);
	uint64_t turns = in->turns;
	pthread_mutex_unlock(&in->lock);
	return turns;
}

uint16_t
intake_port(const struct intake *in, size_t index)
{
	return in->listeners[index].port;
}

void
intake_counters(struct intake *in, struct intake_counters counters[INTAKE_KINDS])
{
	pthread_mutex_lock(&in->lock);
	memcpy(counters, in->published, sizeof(in->published));
	pthread_mutex_unlock(&in->lock);
}
