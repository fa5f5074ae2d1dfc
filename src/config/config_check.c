/* What the configuration must have beyond good values, and what follows from the rest of it. */
#include "config/config_part.h"

static bool
is_network(enum config_kind kind)
{
	return kind != CONFIG_UNIX && kind != CONFIG_FOLLOW;
}

/* A key that the kind of listener does not have. */
static void
check_unused(struct config_reader *r, const struct config_listener *l, const char *key, bool may,
	const char *why)
{
	unsigned line = config_key_line(r, key);
	if (line && !may)
		config_problem(r, line, "%s: a listener of kind %s %s; leave it out", key,
			config_kind_name(l->kind), why);
}

static void
set_default_port(struct config_reader *r, struct config_listener *l)
{
	static const uint16_t ports[CONFIG_KINDS] = {
		[CONFIG_RELP] = 2514,
		[CONFIG_RELP_TLS] = 2515,
		[CONFIG_TCP] = 601,	 /* IANA: syslog-conn */
		[CONFIG_TCP_TLS] = 6514, /* RFC 5425 */
		[CONFIG_UDP] = 514,	 /* RFC 5426 */
	};
	if (!config_key_line(r, "port"))
		l->port = ports[l->kind];
}

static void
check_listener(struct config_reader *r)
{
	struct config_listener *l = r->target;
	if (l->kind == CONFIG_KINDS) { /* if there is a bad one, that was said */
		if (!config_key_line(r, "kind"))
			config_problem(r, l->line,
				"[listener %s] has no kind; say kind = relp, relp-tls, tcp, "
				"tcp-tls, udp, unix or follow",
				l->name);
		return;
	}
	bool network = is_network(l->kind);
	check_unused(r, l, "address", network, "has no address");
	check_unused(r, l, "port", network, "has no port");
	check_unused(r, l, "path", !network, "has no path");
	check_unused(r, l, "mode", l->kind == CONFIG_UNIX, "makes no file");
	check_unused(r, l, "compressed", l->kind == CONFIG_TCP || l->kind == CONFIG_TCP_TLS,
		"cannot be compressed");
	check_unused(r, l, "clients", config_kind_is_tls(l->kind), "knows no certificates");
	if (!network && !config_key_line(r, "path"))
		config_problem(r, l->line, "[listener %s] has no path; say path = /%s", l->name,
			l->kind == CONFIG_UNIX ? "run/else/log" : "var/log/mail.log");
	set_default_port(r, l);
}

/* Whoever has a certificate with a name may speak for that name. */
static void
set_default_hosts(struct config_reader *r, struct config_sender *s)
{
	if (!config_key_line(r, "certificates") || config_key_line(r, "fingerprints"))
		config_problem(r, s->line,
			"[sender %s] has no hosts; say hosts = NAME ... for whom it may speak, or "
			"hosts = * for all",
			s->name);
	else
		s->hosts = s->certificates;
}

static void
check_sender(struct config_reader *r)
{
	struct config_sender *s = r->target;
	bool known = config_key_line(r, "certificates") || config_key_line(r, "fingerprints") ||
		     config_key_line(r, "networks");
	if (!known)
		config_problem(r, s->line,
			"[sender %s] could be anybody; say certificates, fingerprints or networks",
			s->name);
	else if (!config_key_line(r, "hosts"))
		set_default_hosts(r, s);
}

static void
check_tls(struct config_reader *r)
{
	bool certificate = config_key_line(r, "certificate"), key = config_key_line(r, "key");
	if (certificate != key)
		config_problem(r, r->section_line,
			"[tls] has no %s; certificate and key belong together",
			certificate ? "key" : "certificate");
}

static void
check_metrics(struct config_reader *r)
{
	if (!config_key_line(r, "address"))
		r->config->metrics_address = "127.0.0.1";
	if (!config_key_line(r, "port"))
		r->config->metrics_port = 9814;
}

static bool
is_loopback(const char *address)
{
	struct ip ip;
	return ip_parse(slice_of_str(address), false, &ip) && ip_is_loopback(&ip);
}

/* Passwords and other people's mail do not go over a network in the open. */
static void
check_frontend(struct config_reader *r)
{
	struct config *c = r->config;
	bool certificate = config_key_line(r, "certificate"), key = config_key_line(r, "key");
	c->has_frontend = true;
	if (certificate != key)
		config_problem(r, r->section_line,
			"[frontend] has no %s; certificate and key belong together",
			certificate ? "key" : "certificate");
	else if (!certificate && !c->frontend_proxies.n && !is_loopback(c->frontend_address))
		config_problem(r, r->section_line,
			"[frontend] would be reached without TLS; say certificate and key, or "
			"proxies when another server in front has it, or address = 127.0.0.1");
}

void
config_check_section(struct config_reader *r)
{
	switch (r->section) {
	case CONFIG_LISTENER:
		check_listener(r);
		break;
	case CONFIG_SENDER:
		check_sender(r);
		break;
	case CONFIG_TLS:
		check_tls(r);
		break;
	case CONFIG_METRICS:
		check_metrics(r);
		break;
	case CONFIG_FRONTEND:
		check_frontend(r);
		break;
	default:
		break;
	}
}

/* Do they ask for the same socket? TCP and UDP have ports of their own. */
static bool
is_same_socket(const struct config_listener *a, const struct config_listener *b)
{
	bool any = strcmp(a->address, "*") == 0 || strcmp(b->address, "*") == 0;
	return a->port == b->port && (a->kind == CONFIG_UDP) == (b->kind == CONFIG_UDP) &&
	       (any || strcmp(a->address, b->address) == 0);
}

static bool
is_same_place(const struct config_listener *a, const struct config_listener *b)
{
	if (a->kind == CONFIG_KINDS || b->kind == CONFIG_KINDS ||
		is_network(a->kind) != is_network(b->kind))
		return false;
	return is_network(a->kind) ? is_same_socket(a, b)
				   : a->path && b->path && strcmp(a->path, b->path) == 0;
}

static void
check_places(struct config_reader *r)
{
	struct config *c = r->config;
	for (size_t i = 1; i < c->n_listeners; i++)
		for (size_t k = 0; k < i; k++)
			if (is_same_place(&c->listeners[i], &c->listeners[k])) {
				config_problem(r, c->listeners[i].line,
					"[listener %s] and [listener %s] of line %u listen at the "
					"same place; give one another address, port or path",
					c->listeners[i].name, c->listeners[k].name,
					c->listeners[k].line);
				break;
			}
}

static bool
is_fingerprint(struct slice certificate)
{
	return slice_starts(certificate, S("sha256:"));
}

/* Is a sender known by its certificate's fingerprint, or (not `fingerprint`) by its name? */
static const struct config_sender *
find_sender(const struct config *c, bool fingerprint)
{
	for (size_t i = 0; i < c->n_senders; i++)
		for (size_t k = 0; k < c->senders[i].certificates.n; k++)
			if (is_fingerprint(c->senders[i].certificates.items[k]) == fingerprint)
				return &c->senders[i];
	return NULL;
}

static void
check_tls_listener(struct config_reader *r, const struct config_listener *l)
{
	const struct config *c = r->config;
	if (!c->tls_certificate)
		config_problem(r, l->line,
			"[listener %s] needs a certificate; say certificate and key in [tls]",
			l->name);
	else if (!l->any_client && !c->tls_ca && !find_sender(c, true))
		config_problem(r, l->line,
			"[listener %s] would let nobody in; say in [tls] which ca signs the "
			"senders' certificates, or here clients = any",
			l->name);
}

static void
check_certificates(struct config_reader *r)
{
	const struct config *c = r->config;
	const struct config_sender *named = find_sender(c, false);
	for (size_t i = 0; i < c->n_listeners; i++)
		if (c->listeners[i].kind != CONFIG_KINDS &&
			config_kind_is_tls(c->listeners[i].kind))
			check_tls_listener(r, &c->listeners[i]);
	if (named && !c->tls_ca)
		config_problem(r, named->line,
			"[sender %s] is known by the name in its certificate; say in [tls] which "
			"ca signs it",
			named->name);
}

static void
check_spool(struct config_reader *r)
{
	struct config *c = r->config;
	if (c->spool_cap_bytes < 4 * c->spool_segment_bytes)
		config_problem(r, r->seen_line[CONFIG_SPOOL],
			"the size of the spool is less than four segments; make size larger or "
			"segment smaller");
	if (c->sessions_per_address > c->sessions)
		c->sessions_per_address = c->sessions;
	if (!c->spool_folder) {
		struct buf folder = {0};
		buf_addf(&folder, "%s/spool", strcmp(c->data, "/") == 0 ? "" : c->data);
		c->spool_folder = config_keep(r, buf_slice(&folder)).p;
		buf_fini(&folder);
	}
}

void
config_check_all(struct config_reader *r)
{
	if (r->config->n_listeners == 0 && !r->config->has_frontend && r->n_problems == 0)
		config_problem(r, 0,
			"there is no listener; begin with [listener NAME] and kind = relp-tls");
	check_places(r);
	check_certificates(r);
	check_spool(r);
}
