#define _GNU_SOURCE
#include "intake/intake_part.h"

#include "base/memory.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
	CALLS_MOST = 8, /* of recvmmsg in one turn */
	CONTROL_BYTES = 64,
};

/* Room for what one recvmmsg gives. */
struct datagrams {
	struct mmsghdr headers[PART_DATAGRAMS];
	struct iovec vectors[PART_DATAGRAMS];
	struct sockaddr_storage from[PART_DATAGRAMS];
	union {
		char bytes[CONTROL_BYTES];
		struct cmsghdr align;
	} control[PART_DATAGRAMS];
	char bytes[PART_DATAGRAMS][PART_DATAGRAM_BYTES];
};

struct datagrams *
datagrams_new(void)
{
	return memory_zero(1, sizeof(struct datagrams));
}

void
datagrams_free(struct datagrams **datagrams)
{
	free(*datagrams);
	*datagrams = NULL;
}

static void
make_room(struct datagrams *d, size_t frame_bytes)
{
	size_t most = frame_bytes < PART_DATAGRAM_BYTES ? frame_bytes : PART_DATAGRAM_BYTES;
	for (size_t i = 0; i < PART_DATAGRAMS; i++) {
		d->vectors[i] = (struct iovec){d->bytes[i], most};
		d->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &d->from[i],
			.msg_namelen = sizeof(d->from[i]),
			.msg_iov = &d->vectors[i],
			.msg_iovlen = 1,
			.msg_control = &d->control[i],
			.msg_controllen = sizeof(d->control[i]),
		};
	}
}

/* How many datagrams the kernel has dropped for this socket since it was made. */
static void
note_dropped(struct listener *l, struct msghdr *header)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		uint32_t dropped;
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&dropped, CMSG_DATA(c), sizeof(dropped));
		l->in->counters[l->kind].dropped += dropped - l->dropped; /* modulo 2^32 */
		l->dropped = dropped;
	}
}

static void
refuse(struct listener *l, struct slice sender)
{
	struct intake *in = l->in;
	in->counters[l->kind].refused++;
	report_say(&in->report, in->now_ms, REPORT_REFUSED, INTAKE_WARNING,
		"%s: a line of %.*s is refused: no sender may come from there",
		intake_kind_name(l->kind), SLICE_ARG(sender));
}

static void
take(struct listener *l, struct mmsghdr *datagram, struct buf *sender)
{
	struct slice name, frame = {datagram->msg_hdr.msg_iov->iov_base, datagram->msg_len};
	struct source source = {.kind = l->kind, .rule = peers_anybody(), .sender = S("local")};
	if (l->kind == INTAKE_UDP) {
		struct ip address = listener_ip_of(datagram->msg_hdr.msg_name);
		buf_clear(sender);
		ip_add(sender, &address);
		source.sender = buf_slice(sender);
		source.rule = peers_find(l->in->peers, &address, NULL, &name);
		note_dropped(l, &datagram->msg_hdr);
	}
	if (source.rule)
		frames_take_datagram(
			l->in, &source, frame, datagram->msg_hdr.msg_flags & MSG_TRUNC);
	else
		refuse(l, source.sender);
}

void
datagrams_receive(struct listener *l)
{
	struct datagrams *d = l->in->datagrams;
	struct buf sender = {0};
	for (int call = 0; call < CALLS_MOST && !l->in->hurry; call++) {
		make_room(d, l->in->caps.frame_bytes);
		int n = recvmmsg(l->fd, d->headers, PART_DATAGRAMS, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			take(l, &d->headers[i], &sender);
		if (n < PART_DATAGRAMS)
			break;
	}
	buf_fini(&sender);
}
