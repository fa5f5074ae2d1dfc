/* All keys of the configuration file. A new one is a row here, a member of struct config, and a
 * paragraph in man/else.conf.5 and deploy/else.conf (the unit test asks for both). */
#include "config/config_part.h"

#include "query/query_part.h" /* what was meant */

#include <assert.h>

#define IN_CONFIG(member)   offsetof(struct config, member)
#define IN_LISTENER(member) offsetof(struct config_listener, member)
#define IN_SENDER(member)   offsetof(struct config_sender, member)

#define MB ((uint64_t)1 << 20)
#define GB ((uint64_t)1 << 30)
#define TB ((uint64_t)1 << 40)

const struct config_key config_keys[] = {
	{CONFIG_BACKEND, "data", config_read_path, IN_CONFIG(data)},
	{CONFIG_BACKEND, "database", config_read_text, IN_CONFIG(database)},
	{CONFIG_BACKEND, "own_domains", config_read_domains, IN_CONFIG(own_domains), .adds = true},
	{CONFIG_BACKEND, "own_networks", config_read_networks, IN_CONFIG(own_networks),
		.adds = true},

	{CONFIG_LISTENER, "kind", config_read_kind, IN_LISTENER(kind)},
	{CONFIG_LISTENER, "address", config_read_address, IN_LISTENER(address)},
	{CONFIG_LISTENER, "port", config_read_number, IN_LISTENER(port), 1, 65535},
	{CONFIG_LISTENER, "path", config_read_path, IN_LISTENER(path)},
	{CONFIG_LISTENER, "mode", config_read_mode, IN_LISTENER(mode)},
	{CONFIG_LISTENER, "compressed", config_read_yes, IN_LISTENER(compressed)},
	{CONFIG_LISTENER, "clients", config_read_any, IN_LISTENER(any_client)},

	{CONFIG_SENDER, "certificates", config_read_certificates, IN_SENDER(certificates),
		.adds = true},
	{CONFIG_SENDER, "fingerprints", config_read_fingerprints, IN_SENDER(certificates),
		.adds = true},
	{CONFIG_SENDER, "networks", config_read_sender_networks, IN_SENDER(networks), .adds = true},
	{CONFIG_SENDER, "hosts", config_read_hosts, IN_SENDER(hosts), .adds = true},

	{CONFIG_TLS, "certificate", config_read_path, IN_CONFIG(tls_certificate)},
	{CONFIG_TLS, "key", config_read_path, IN_CONFIG(tls_key)},
	{CONFIG_TLS, "ca", config_read_path, IN_CONFIG(tls_ca)},
	{CONFIG_TLS, "name", config_read_host, IN_CONFIG(tls_name)},

	{CONFIG_LIMITS, "line", config_read_size, IN_CONFIG(line_bytes), 1024, 16 * MB},
	{CONFIG_LIMITS, "sessions", config_read_number, IN_CONFIG(sessions), 1, 100000},
	{CONFIG_LIMITS, "sessions_per_address", config_read_number, IN_CONFIG(sessions_per_address),
		1, 100000},
	{CONFIG_LIMITS, "session_memory", config_read_size, IN_CONFIG(session_bytes), 64 * 1024,
		GB},
	{CONFIG_LIMITS, "expansion", config_read_number, IN_CONFIG(expansion), 2, 2000},
	{CONFIG_LIMITS, "handshake", config_read_duration, IN_CONFIG(handshake_s), 1, 3600},
	{CONFIG_LIMITS, "idle", config_read_duration, IN_CONFIG(idle_s), 0, 30 * 86400},
	{CONFIG_LIMITS, "repeats", config_read_number, IN_CONFIG(repeat_lines), 256, 1000000},

	{CONFIG_RETENTION, "mails", config_read_days, IN_CONFIG(mails_days), 1, 36500},
	{CONFIG_RETENTION, "refusals", config_read_days, IN_CONFIG(refusals_days), 1, 36500},

	{CONFIG_SPOOL, "folder", config_read_path, IN_CONFIG(spool_folder)},
	{CONFIG_SPOOL, "segment", config_read_size, IN_CONFIG(spool_segment_bytes), MB, 4 * GB},
	{CONFIG_SPOOL, "size", config_read_size, IN_CONFIG(spool_cap_bytes), 16 * MB, 1024 * TB},

	{CONFIG_METRICS, "address", config_read_address, IN_CONFIG(metrics_address)},
	{CONFIG_METRICS, "port", config_read_number, IN_CONFIG(metrics_port), 1, 65535},

	{CONFIG_FRONTEND, "address", config_read_address, IN_CONFIG(frontend_address)},
	{CONFIG_FRONTEND, "port", config_read_number, IN_CONFIG(frontend_port), 1, 65535},
	{CONFIG_FRONTEND, "certificate", config_read_path, IN_CONFIG(frontend_certificate)},
	{CONFIG_FRONTEND, "key", config_read_path, IN_CONFIG(frontend_key)},
	{CONFIG_FRONTEND, "web", config_read_path, IN_CONFIG(frontend_web)},
	{CONFIG_FRONTEND, "proxies", config_read_networks, IN_CONFIG(frontend_proxies),
		.adds = true},
	{CONFIG_FRONTEND, "workers", config_read_number, IN_CONFIG(frontend_workers), 1, 64},
	{CONFIG_FRONTEND, "time_limit", config_read_duration, IN_CONFIG(frontend_limit_s), 1, 600},
	{CONFIG_FRONTEND, "metrics_port", config_read_number, IN_CONFIG(frontend_metrics_port), 1,
		65535},
};

const size_t config_n_keys = sizeof(config_keys) / sizeof(config_keys[0]);

static_assert(sizeof(config_keys) / sizeof(config_keys[0]) <= CONFIG_MAX_KEYS,
	"the reader has a line for each key");

static const char *const section_names[CONFIG_SECTIONS] = {
	[CONFIG_BACKEND] = "backend",
	[CONFIG_LISTENER] = "listener",
	[CONFIG_SENDER] = "sender",
	[CONFIG_TLS] = "tls",
	[CONFIG_LIMITS] = "limits",
	[CONFIG_RETENTION] = "retention",
	[CONFIG_SPOOL] = "spool",
	[CONFIG_METRICS] = "metrics",
	[CONFIG_FRONTEND] = "frontend",
};

const char *
config_section_name(enum config_section section)
{
	return section_names[section];
}

enum config_section
config_find_section(struct slice name)
{
	for (int i = 0; i < CONFIG_SECTIONS; i++)
		if (slice_equal(slice_of_str(section_names[i]), name))
			return (enum config_section)i;
	return CONFIG_SECTIONS;
}

bool
config_section_has_name(enum config_section section)
{
	return section == CONFIG_LISTENER || section == CONFIG_SENDER;
}

const struct config_key *
config_find_key(enum config_section section, struct slice name)
{
	for (size_t i = 0; i < config_n_keys; i++)
		if (config_keys[i].section == section &&
			slice_equal(slice_of_str(config_keys[i].name), name))
			return &config_keys[i];
	return NULL;
}

unsigned
config_key_line(const struct config_reader *r, const char *name)
{
	const struct config_key *key = config_find_key(r->section, slice_of_str(name));
	assert(key);
	return r->key_line[key - config_keys];
}

static void
add_all_keys(struct buf *b, enum config_section section)
{
	for (size_t i = 0; i < config_n_keys; i++) {
		if (config_keys[i].section != section)
			continue;
		if (b->n)
			buf_add_str(b, ", ");
		buf_add_str(b, config_keys[i].name);
	}
}

static const struct config_key *
find_elsewhere(struct slice name)
{
	const struct config_key *key = NULL;
	for (int i = 0; i < CONFIG_SECTIONS && !key; i++)
		key = config_find_key((enum config_section)i, name);
	return key;
}

bool
config_unknown_key(struct config_reader *r, struct slice name)
{
	const char *here = section_names[r->section];
	struct config_quoted quoted = config_quote(name);
	struct query_suggestion near = {.word = name};
	const struct config_key *elsewhere = find_elsewhere(name);
	for (size_t i = 0; i < config_n_keys; i++)
		if (config_keys[i].section == r->section)
			query_suggest(&near, config_keys[i].name, config_keys[i].name);
	if (elsewhere)
		return config_problem(r, r->line, "%s is no key of [%s]; it belongs to [%s]",
			quoted.text, here, section_names[elsewhere->section]);
	if (near.n)
		return config_problem(r, r->line, "%s is no key of [%s]; did you mean %s?",
			quoted.text, here, near.best[0]);
	struct buf all = {0};
	add_all_keys(&all, r->section);
	config_problem(
		r, r->line, "%s is no key of [%s]; it has %s", quoted.text, here, buf_str(&all));
	buf_fini(&all);
	return false;
}

bool
config_unknown_section(struct config_reader *r, struct slice name)
{
	struct config_quoted quoted = config_quote(name);
	struct query_suggestion near = {.word = name};
	for (int i = 0; i < CONFIG_SECTIONS; i++)
		query_suggest(&near, section_names[i], section_names[i]);
	if (near.n)
		return config_problem(r, r->line, "%s is no section; did you mean [%s%s]?",
			quoted.text, near.best[0],
			config_section_has_name(config_find_section(slice_of_str(near.best[0])))
				? " NAME"
				: "");
	return config_problem(r, r->line,
		"%s is no section; there are [backend], [listener NAME], [sender NAME], [tls], "
		"[limits], [retention], [spool], [metrics] and [frontend]",
		quoted.text);
}
