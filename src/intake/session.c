#include "intake/intake_part.h"

#include "base/memory.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
is_relp(const struct session *s)
{
	return s->source.kind == INTAKE_RELP || s->source.kind == INTAKE_RELP_TLS;
}

static void
set_state(struct session *s, enum session_state state)
{
	s->state = state;
	s->state_ms = s->in->now_ms;
}

/* ---- what libevent looks at ---- */

static bool
may_read_frames(const struct session *s)
{
	return s->state == SESSION_OPEN && !s->closing && !s->capped &&
	       s->out.n - s->out_done < PART_OUT_BYTES && intake_reads(s->in);
}

static bool
wants_to_read(const struct session *s)
{
	return s->state == SESSION_SHAKING || s->state == SESSION_WAITING || may_read_frames(s);
}

static void
set_event(struct event *event, bool *set, bool wanted)
{
	if (*set != wanted && (wanted ? event_add(event, NULL) : event_del(event)) == 0)
		*set = wanted;
}

void
session_watch(struct session *s)
{
	if (s->state == SESSION_DEAD)
		return;
	set_event(s->reader, &s->reading, wants_to_read(s));
	set_event(s->writer, &s->writing,
		s->out.n > s->out_done || (s->channel.wants_write && wants_to_read(s)));
}

void
session_again(struct session *s)
{
	if (s->again || s->state == SESSION_DEAD)
		return;
	s->again = true;
	TAILQ_INSERT_TAIL(&s->in->again, s, again_link);
}

/* Those that want to be read on once more come behind, in the next turn. */
void
sessions_read_again(struct intake *in)
{
	struct session *s;
	struct session_list list = TAILQ_HEAD_INITIALIZER(list);
	TAILQ_CONCAT(&list, &in->again, again_link);
	while ((s = TAILQ_FIRST(&list))) {
		TAILQ_REMOVE(&list, s, again_link);
		s->again = false;
		session_read(s);
		session_watch(s);
	}
}

void
session_weigh(struct session *s)
{
	size_t weight =
		s->unsynced_bytes + s->held_bytes.n + s->held_count * (size_t)PART_FRAME_COST;
	bool capped = weight > s->in->caps.session_bytes;
	if (capped && !s->capped) {
		s->in->counters[s->source.kind].full_stops++;
		s->in->hurry = true;
	}
	if (s->capped && !capped)
		session_again(s);
	s->capped = capped;
}

/* ---- the end ---- */

void
session_kill(struct session *s)
{
	struct intake *in = s->in;
	if (s->state == SESSION_DEAD)
		return;
	frames_give_up(s);
	commit_unmark(s);
	if (s->again)
		TAILQ_REMOVE(&in->again, s, again_link);
	s->again = false;
	if (s->source.repeats)
		repeats_end(&s->source.repeats);
	set_event(s->reader, &s->reading, false);
	set_event(s->writer, &s->writing, false);
	channel_fini(&s->channel);
	set_state(s, SESSION_DEAD);
	in->counters[s->source.kind].sessions--;
	in->session_count--;
	TAILQ_REMOVE(&in->sessions, s, all);
	TAILQ_INSERT_TAIL(&in->dead, s, all);
}

static void
free_session(struct session *s)
{
	event_free(s->reader);
	event_free(s->writer);
	relp_reader_fini(&s->relp);
	framing_fini(&s->framing);
	expand_free(&s->expand);
	buf_fini(&s->rest);
	buf_fini(&s->held_bytes);
	buf_fini(&s->out);
	free(s->answers);
	free(s->held);
	free(s->sender);
	free(s);
}

void
sessions_free_dead(struct intake *in)
{
	struct session *s;
	while ((s = TAILQ_FIRST(&in->dead))) {
		TAILQ_REMOVE(&in->dead, s, all);
		free_session(s);
	}
}

void
session_flush(struct session *s)
{
	while (s->out_done < s->out.n) {
		size_t n;
		enum channel_result result =
			channel_write(&s->channel, slice_skip(buf_slice(&s->out), s->out_done), &n);
		if (result == CHANNEL_AGAIN)
			break;
		if (result != CHANNEL_OK) {
			session_kill(s);
			return;
		}
		s->out_done += n;
		s->out_ms = s->in->now_ms;
	}
	if (s->out_done == s->out.n) {
		buf_clear(&s->out);
		s->out_done = 0;
		s->out_ms = s->in->now_ms;
		if (s->state == SESSION_ENDING) {
			channel_end(&s->channel);
			set_state(s, SESSION_WAITING);
		}
	}
	session_watch(s);
}

void
session_close(struct session *s)
{
	if (s->state != SESSION_OPEN)
		return;
	frames_give_up(s);
	s->closing = true;
	if (s->dirty)
		return; /* the next commit calls again */
	set_state(s, SESSION_ENDING);
	session_flush(s);
}

/* The peer sends no more. It may still wait for answers. */
static void
end_of_peer(struct session *s)
{
	if (!is_relp(s))
		session_end_stream(s);
	frames_give_up(s);
	if (s->answer_count > 0)
		session_close(s);
	else
		session_kill(s);
}

/* ---- the beginning ---- */

static void
begin(struct session *s, const struct peer_rule *rule, struct slice name,
	const struct peers_shown *peer)
{
	struct buf sender = {0};
	if (name.n > 0)
		buf_add(&sender, slice_head(name, 255));
	else if (peer)
		buf_add(&sender, S("sha256:"));
	for (size_t i = 0; peer && name.n == 0 && i < PEERS_FINGERPRINT_BYTES; i++)
		buf_addf(&sender, "%02x", peer->fingerprint[i]);
	if (sender.n == 0)
		ip_add(&sender, &s->address);
	s->sender = slice_dup(buf_slice(&sender));
	s->source.sender = slice_of(s->sender, sender.n);
	buf_fini(&sender);
	s->source.rule = rule;
	s->source.repeats = repeats_begin(s->in->repeats, s->source.sender);
	s->in->counters[s->source.kind].accepted++;
	set_state(s, SESSION_OPEN);
}

static void
refuse(struct session *s, enum report_kind kind, const char *why)
{
	struct buf address = {0};
	ip_add(&address, &s->address);
	s->in->counters[s->source.kind].refused++;
	report_say(&s->in->report, s->in->now_ms, kind, INTAKE_WARNING, "%s: %s refused: %s",
		intake_kind_name(s->source.kind), buf_str(&address), why);
	buf_fini(&address);
	session_kill(s);
}

/* Finds out who it is. */
static void
greet(struct session *s)
{
	struct slice name;
	struct tls_peer peer = {0};
	if (s->channel.ssl)
		tls_peer_init(&peer, s->channel.ssl);
	const struct peers_shown *shown = peer.certificate ? &peer.peer : NULL;
	const struct peer_rule *rule = peers_find(s->in->peers, &s->address, shown, &name);
	if (rule)
		begin(s, rule, name, shown);
	else
		refuse(s, REPORT_REFUSED,
			shown ? "no sender has its certificate"
			      : "no sender may come from there without a certificate");
	tls_peer_fini(&peer);
}

static void
shake_hands(struct session *s)
{
	enum channel_result result = channel_handshake(&s->channel);
	if (result == CHANNEL_AGAIN)
		return;
	if (result == CHANNEL_OK) {
		greet(s);
		if (s->state == SESSION_OPEN)
			session_read(s);
		return;
	}
	struct buf why = {0};
	long verdict = SSL_get_verify_result(s->channel.ssl);
	buf_add(&why, S("no TLS connection: "));
	if (verdict != X509_V_OK)
		buf_addf(&why, "its certificate: %s, ", X509_verify_cert_error_string(verdict));
	channel_add_error(&s->channel, &why);
	refuse(s, REPORT_TLS, buf_str(&why));
	buf_fini(&why);
}

/* ---- reading ---- */

static void
take(struct session *s, struct slice input)
{
	if (is_relp(s))
		session_take_relp(s, input);
	else
		session_take_stream(s, input);
}

/* One commit takes no more than this, whatever the number of sessions: the rest waits for the next
 * turn. */
static bool
batch_has_room(const struct intake *in)
{
	return in->unsynced_bytes <= PART_UNSYNCED_BYTES;
}

static void
take_rest(struct session *s)
{
	if (!s->unexpanded || !may_read_frames(s))
		return;
	if (batch_has_room(s->in))
		take(s, slice_of("", 0));
	else
		session_again(s);
}

static void
read_frames(struct session *s)
{
	size_t n, done = 0;
	take_rest(s);
	while (done < PART_READ_BYTES && !s->unexpanded && may_read_frames(s) &&
		batch_has_room(s->in)) {
		enum channel_result result =
			channel_read(&s->channel, s->in->scratch, PART_READ_BYTES, &n);
		if (result == CHANNEL_AGAIN)
			return;
		if (result != CHANNEL_OK) {
			end_of_peer(s);
			return;
		}
		s->last_ms = s->in->now_ms;
		done += n;
		take(s, slice_of(s->in->scratch, n));
		if (!s->channel.ssl && n < PART_READ_BYTES)
			return; /* all that was there; what came since libevent will tell */
	}
}

static void
forget_input(struct session *s)
{
	size_t n;
	for (size_t done = 0; done < PART_READ_BYTES; done += n) {
		enum channel_result result =
			channel_read(&s->channel, s->in->scratch, PART_READ_BYTES, &n);
		if (result == CHANNEL_AGAIN)
			return;
		if (result != CHANNEL_OK) {
			session_kill(s);
			return;
		}
	}
}

void
session_read(struct session *s)
{
	switch (s->state) {
	case SESSION_SHAKING:
		shake_hands(s);
		break;
	case SESSION_OPEN:
		read_frames(s);
		break;
	case SESSION_WAITING:
		forget_input(s);
		break;
	case SESSION_ENDING:
	case SESSION_DEAD:
		break;
	}
}

static void
on_event(evutil_socket_t fd, short what, void *context)
{
	struct session *s = context;
	(void)fd;
	if (s->state == SESSION_DEAD)
		return;
	intake_look_at_clock(s->in);
	bool read_waits = s->channel.wants_write;
	if (what & EV_WRITE)
		session_flush(s);
	if (s->state != SESSION_DEAD && ((what & EV_READ) || read_waits))
		session_read(s);
	session_watch(s);
}

/* ---- a new connection ---- */

static void
tune_socket(int fd)
{
	static const struct {
		int level, option, value;
	} options[] = {
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 60},
		{IPPROTO_TCP, TCP_KEEPINTVL, 20},
		{IPPROTO_TCP, TCP_KEEPCNT, 4},
		{IPPROTO_TCP, TCP_NODELAY, 1},
	};
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		setsockopt(fd, options[i].level, options[i].option, &options[i].value,
			sizeof(options[i].value));
}

static struct session *
new_session(struct listener *listener, int fd, const struct ip *address)
{
	struct intake *in = listener->in;
	struct session *s = memory_zero(1, sizeof(*s));
	s->in = in;
	s->address = *address;
	s->source.kind = listener->kind;
	s->last_ms = s->out_ms = in->now_ms;
	channel_init(&s->channel, fd, NULL);
	s->reader = event_new(in->base, fd, EV_READ | EV_PERSIST, on_event, s);
	s->writer = event_new(in->base, fd, EV_WRITE | EV_PERSIST, on_event, s);
	assert(s->reader && s->writer);
	if (is_relp(s))
		relp_reader_init(&s->relp, in->caps.frame_bytes);
	else
		framing_init(&s->framing, in->caps.frame_bytes, true);
	if (listener->compressed)
		s->expand = expand_new(in->caps.expand_ratio, in->caps.expand_free_bytes);
	set_state(s, SESSION_SHAKING);
	TAILQ_INSERT_TAIL(&in->sessions, s, all);
	in->session_count++;
	in->counters[s->source.kind].sessions++;
	return s;
}

void
session_accept(struct listener *listener, int fd, const struct ip *address)
{
	bool tls = listener->kind == INTAKE_RELP_TLS || listener->kind == INTAKE_TCP_TLS;
	struct session *s = new_session(listener, fd, address);
	tune_socket(fd);
	if (!tls) {
		greet(s);
	} else {
		SSL *ssl = tls_accept(s->in->tls, fd, listener->any_client);
		s->channel.ssl = ssl;
		if (!ssl)
			refuse(s, REPORT_RESOURCES, "OpenSSL has no memory for it");
	}
	session_watch(s);
}

/* ---- timeouts ---- */

/* Its hint tells the client to connect again when it has something to say. */
static void
end_idle(struct session *s)
{
	if (is_relp(s))
		relp_add_serverclose(&s->out);
	session_close(s);
}

static bool
waits_for_first_word(const struct session *s)
{
	return s->state == SESSION_SHAKING ||
	       (s->state == SESSION_OPEN && is_relp(s) && !s->relp_session.opened &&
		       may_read_frames(s));
}

static void
sweep(struct session *s)
{
	const struct intake *in = s->in;
	int64_t in_state_ms = in->now_ms - s->state_ms;
	if (waits_for_first_word(s)) {
		if (in_state_ms >= in->caps.handshake_ms)
			refuse(s, REPORT_PROTOCOL, "it said nothing for too long");
		return;
	}
	if (s->state != SESSION_OPEN) {
		if (in_state_ms >= in->caps.close_ms)
			session_kill(s);
		return;
	}
	if (s->held_count > 0 && in->now_ms - s->held_ms >= PART_HOLD_MS)
		frames_give_up(s);
	if (s->out.n > s->out_done && in->now_ms - s->out_ms >= PART_DEAF_MS)
		session_kill(s);
	else if (in->caps.idle_ms > 0 && may_read_frames(s) &&
		 in->now_ms - s->last_ms >= in->caps.idle_ms)
		end_idle(s);
}

void
sessions_sweep(struct intake *in)
{
	struct session *next;
	for (struct session *s = TAILQ_FIRST(&in->sessions); s; s = next) {
		next = TAILQ_NEXT(s, all);
		sweep(s);
	}
}
