#include "backend/config_intake.h"

#include <stdlib.h>

#include "base/memory.h"

static enum intake_kind
kind_of(enum config_kind kind)
{
	static const enum intake_kind kinds[CONFIG_FOLLOW] = {
		[CONFIG_RELP] = INTAKE_RELP,
		[CONFIG_RELP_TLS] = INTAKE_RELP_TLS,
		[CONFIG_TCP] = INTAKE_TCP,
		[CONFIG_TCP_TLS] = INTAKE_TCP_TLS,
		[CONFIG_UDP] = INTAKE_UDP,
		[CONFIG_UNIX] = INTAKE_UNIX,
	};
	return kinds[kind];
}

static struct intake_listener
listener_of(const struct config_listener *l)
{
	return (struct intake_listener){.kind = kind_of(l->kind),
		.address = l->address,
		.port = (uint16_t)l->port,
		.path = l->path,
		.mode = (unsigned)l->mode,
		.compressed = l->compressed,
		.any_client = l->any_client};
}

static struct intake_sender
sender_of(const struct config_sender *s)
{
	return (struct intake_sender){.certificates = s->certificates.items,
		.certificate_count = s->certificates.n,
		.networks = s->networks.items,
		.network_count = s->networks.n,
		.hosts = s->hosts.items,
		.host_count = s->hosts.n};
}

static struct intake_caps
caps_of(const struct config *c)
{
	return (struct intake_caps){.sessions = c->sessions,
		.sessions_per_address = c->sessions_per_address,
		.session_bytes = c->session_bytes,
		.frame_bytes = c->line_bytes,
		.handshake_ms = (int64_t)c->handshake_s * 1000,
		.idle_ms = (int64_t)c->idle_s * 1000,
		.expand_ratio = c->expansion,
		.repeat_frames = c->repeat_lines};
}

void
config_intake_init(struct config_intake *out, const struct config *c)
{
	size_t n = 0, n_files = 0;
	*out = (struct config_intake){.senders = memory_zero(c->n_senders, sizeof(*out->senders))};
	for (size_t i = 0; i < c->n_listeners; i++)
		if (c->listeners[i].kind == CONFIG_FOLLOW)
			out->files[n_files++] = c->listeners[i].path;
		else
			out->listeners[n++] = listener_of(&c->listeners[i]);
	for (size_t i = 0; i < c->n_senders; i++)
		out->senders[i] = sender_of(&c->senders[i]);
	out->options = (struct intake_options){.listeners = out->listeners,
		.listener_count = n,
		.files = out->files,
		.file_count = n_files,
		.state_folder = c->spool_folder,
		.senders = out->senders,
		.sender_count = c->n_senders,
		.tls = {.certificate = c->tls_certificate,
			.key = c->tls_key,
			.ca = c->tls_ca,
			.name = c->tls_name},
		.caps = caps_of(c)};
}

void
config_intake_fini(struct config_intake *out)
{
	free(out->senders);
	*out = (struct config_intake){0};
}
