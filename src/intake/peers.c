#include "intake/peers.h"

#include "base/arena.h"
#include "base/memory.h"
#include "intake/intake.h"

#include <stdlib.h>

struct fingerprint {
	uint8_t bytes[PEERS_FINGERPRINT_BYTES];
};

struct peer_rule {
	struct slice *names;
	size_t name_count;
	struct fingerprint *fingerprints;
	size_t fingerprint_count;
	struct ip *networks;
	size_t network_count;
	struct slice *hosts;
	size_t host_count;
};

struct peers {
	struct arena arena;
	struct peer_rule *rules;
	size_t count;
};

static const struct peer_rule anybody;

/* ---- reading the rules ---- */

static int
hex_digit(char c)
{
	c = slice_lower_char(c);
	if (slice_is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 64 digits, colons between them or not. */
static bool
read_fingerprint(struct slice text, struct fingerprint *fingerprint)
{
	size_t digits = 0;
	for (size_t i = 0; i < text.n; i++) {
		int value = hex_digit(text.p[i]);
		if (text.p[i] == ':')
			continue;
		if (value < 0 || digits == 2 * PEERS_FINGERPRINT_BYTES)
			return false;
		uint8_t *byte = &fingerprint->bytes[digits++ / 2];
		*byte = (uint8_t)(*byte << 4 | value);
	}
	return digits == 2 * PEERS_FINGERPRINT_BYTES;
}

static bool
add_certificates(struct peers *peers, struct peer_rule *rule, const struct intake_sender *from,
	struct error *err)
{
	size_t n = from->certificate_count;
	rule->names = arena_zero(&peers->arena, n * sizeof(*rule->names));
	rule->fingerprints = arena_zero(&peers->arena, n * sizeof(*rule->fingerprints));
	for (size_t i = 0; i < n; i++) {
		struct slice text = from->certificates[i], kind = slice_head(text, 7);
		if (!slice_equal_nocase(kind, S("sha256:"))) {
			rule->names[rule->name_count++] = arena_copy(&peers->arena, text);
			continue;
		}
		if (!read_fingerprint(slice_skip(text, kind.n),
			    &rule->fingerprints[rule->fingerprint_count++]))
			return error_set(err,
				"%.*s: a certificate's fingerprint is sha256: and 64 hexadecimal "
				"digits, as of openssl x509 -noout -fingerprint -sha256",
				SLICE_ARG(text));
	}
	return true;
}

static bool
add_networks(struct peers *peers, struct peer_rule *rule, const struct intake_sender *from,
	struct error *err)
{
	rule->networks = arena_zero(&peers->arena, from->network_count * sizeof(*rule->networks));
	for (size_t i = 0; i < from->network_count; i++)
		if (!ip_parse(from->networks[i], true, &rule->networks[rule->network_count++]))
			return error_set(err,
				"%.*s: a network is written as 192.0.2.0/24 or 2001:db8::/32",
				SLICE_ARG(from->networks[i]));
	return true;
}

static void
add_hosts(struct peers *peers, struct peer_rule *rule, const struct intake_sender *from)
{
	rule->hosts = arena_zero(&peers->arena, from->host_count * sizeof(*rule->hosts));
	for (size_t i = 0; i < from->host_count; i++)
		rule->hosts[rule->host_count++] = arena_copy(&peers->arena, from->hosts[i]);
}

struct peers *
peers_new(const struct intake_sender *rules, size_t count, struct error *err)
{
	struct peers *peers = memory_zero(1, sizeof(*peers));
	peers->rules = arena_zero(&peers->arena, count * sizeof(*peers->rules));
	peers->count = count;
	for (size_t i = 0; i < count; i++) {
		struct peer_rule *rule = &peers->rules[i];
		add_hosts(peers, rule, &rules[i]);
		if (!add_certificates(peers, rule, &rules[i], err) ||
			!add_networks(peers, rule, &rules[i], err)) {
			error_prefix(err, "sender %zu", i + 1);
			peers_free(&peers);
			return NULL;
		}
	}
	return peers;
}

void
peers_free(struct peers **peers)
{
	if (!*peers)
		return;
	arena_fini(&(*peers)->arena);
	free(*peers);
	*peers = NULL;
}

/* ---- asking them ---- */

static bool
fits_pattern(struct slice name, struct slice pattern)
{
	if (slice_equal(pattern, S("*")))
		return true;
	if (!slice_starts(pattern, S("*.")))
		return slice_equal_nocase(name, pattern);
	ptrdiff_t dot = slice_find_char(name, '.');
	return dot > 0 && slice_equal_nocase(slice_skip(name, (size_t)dot), slice_skip(pattern, 1));
}

static bool
fits_network(const struct peer_rule *rule, const struct ip *address)
{
	for (size_t i = 0; i < rule->network_count; i++)
		if (ip_in(address, &rule->networks[i]))
			return true;
	return rule->network_count == 0;
}

static bool
has_fingerprint(const struct peer_rule *rule, const uint8_t fingerprint[PEERS_FINGERPRINT_BYTES])
{
	for (size_t i = 0; i < rule->fingerprint_count; i++)
		if (memcmp(rule->fingerprints[i].bytes, fingerprint, PEERS_FINGERPRINT_BYTES) == 0)
			return true;
	return false;
}

static bool
has_name(const struct peer_rule *rule, const struct peers_shown *peer, struct slice *name)
{
	for (size_t i = 0; i < peer->name_count; i++)
		for (size_t k = 0; k < rule->name_count; k++)
			if (fits_pattern(peer->names[i], rule->names[k])) {
				*name = peer->names[i];
				return true;
			}
	return false;
}

static bool
fits_certificate(const struct peer_rule *rule, const struct peers_shown *peer, struct slice *name)
{
	if (rule->name_count + rule->fingerprint_count > 0)
		return peer &&
		       (has_name(rule, peer, name) || has_fingerprint(rule, peer->fingerprint));
	if (peer && peer->name_count > 0)
		*name = peer->names[0];
	return true;
}

bool
peers_admit(const struct peers *peers, const struct ip *address)
{
	for (size_t i = 0; i < peers->count; i++)
		if (fits_network(&peers->rules[i], address))
			return true;
	return peers->count == 0;
}

const struct peer_rule *
peers_find(const struct peers *peers, const struct ip *address, const struct peers_shown *peer,
	struct slice *name)
{
	*name = (struct slice){"", 0};
	for (size_t i = 0; i < peers->count; i++) {
		const struct peer_rule *rule = &peers->rules[i];
		if (fits_network(rule, address) && fits_certificate(rule, peer, name))
			return rule;
	}
	if (peers->count > 0)
		return NULL;
	fits_certificate(&anybody, peer, name);
	return &anybody;
}

const struct peer_rule *
peers_anybody(void)
{
	return &anybody;
}

bool
peers_is_bound(const struct peer_rule *sender)
{
	return sender->host_count > 0;
}

bool
peers_may_speak_for(const struct peer_rule *sender, struct slice host)
{
	for (size_t i = 0; i < sender->host_count; i++)
		if (fits_pattern(host, sender->hosts[i]))
			return true;
	return sender->host_count == 0;
}

bool
peers_list(const struct peers *peers, const uint8_t fingerprint[PEERS_FINGERPRINT_BYTES])
{
	for (size_t i = 0; i < peers->count; i++)
		if (has_fingerprint(&peers->rules[i], fingerprint))
			return true;
	return false;
}

bool
peers_list_fingerprints(const struct peers *peers)
{
	for (size_t i = 0; i < peers->count; i++)
		if (peers->rules[i].fingerprint_count > 0)
			return true;
	return false;
}
