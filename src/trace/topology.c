#include "trace/topology.h"

#include "base/memory.h"

#include <stdlib.h>

#define MAX_NAMES 200000 /* a flood of invented names must not eat the memory */

void
topology_fini(struct topology *t)
{
	map_fini(&t->domains);
	map_fini(&t->hosts);
	map_fini(&t->labels);
	map_fini(&t->places);
	arena_fini(&t->arena);
	free(t->networks);
	*t = (struct topology){0};
}

static uint64_t
name_hash(struct slice name)
{
	uint64_t hash = 1469598103934665603u;
	for (size_t i = 0; i < name.n; i++)
		hash = (hash ^ (unsigned char)slice_lower_char(name.p[i])) * 1099511628211u;
	return hash;
}

static struct topology_name *
find(const struct map *map, struct slice name, uint64_t hash)
{
	for (struct map_node *n = map_first(map, hash); n; n = map_next(n, hash))
		if (slice_equal_nocase(MAP_ENTRY(n, struct topology_name, node)->name, name))
			return MAP_ENTRY(n, struct topology_name, node);
	return NULL;
}

static struct topology_name *
add(struct topology *t, struct map *map, struct topology_name **list, struct slice name,
	bool learned)
{
	uint64_t hash = name_hash(name);
	if (name.n == 0 || name.n > 255 || map->n >= MAX_NAMES || find(map, name, hash))
		return NULL;
	struct topology_name *entry = arena_zero(&t->arena, sizeof(*entry));
	char *lower = arena_new(&t->arena, name.n);
	for (size_t i = 0; i < name.n; i++)
		lower[i] = slice_lower_char(name.p[i]);
	entry->name = slice_of(lower, name.n);
	entry->learned = learned;
	entry->next = *list;
	*list = entry;
	map_add(map, &entry->node, hash);
	return entry;
}

bool
topology_add_domain(struct topology *t, struct slice domain, bool learned)
{
	return add(t, &t->domains, &t->domain_list, domain, learned);
}

static struct slice
first_label(struct slice host)
{
	ptrdiff_t dot = slice_find_char(host, '.');
	return dot < 0 ? host : slice_head(host, (size_t)dot);
}

/* What stands behind the first label; empty for a bare name. */
static struct slice
place_of(struct slice host)
{
	return slice_skip(host, first_label(host).n + 1);
}

bool
topology_add_host(struct topology *t, struct slice host, bool learned)
{
	struct topology_name *entry = add(t, &t->hosts, &t->host_list, host, learned);
	if (!entry)
		return false;
	map_add(&t->labels, &entry->by_label, name_hash(first_label(entry->name)));
	if (place_of(entry->name).n)
		map_add(&t->places, &entry->by_place, name_hash(place_of(entry->name)));
	return true;
}

void
topology_set_submission(struct topology *t, struct slice host)
{
	struct topology_name *entry = find(&t->hosts, host, name_hash(host));
	if (!entry || entry->submission)
		return;
	entry->submission = true;
	t->n_submission++;
}

bool
topology_is_submission(const struct topology *t, struct slice host)
{
	if (t->n_submission == 0)
		return false;
	const struct topology_name *entry = find(&t->hosts, host, name_hash(host));
	return entry && entry->submission;
}

void
topology_add_network(struct topology *t, const struct ip *network)
{
	MEMORY_ROOM(&t->networks, t->n_networks, &t->cap_networks);
	t->networks[t->n_networks++] = *network;
}

bool
topology_own_domain(const struct topology *t, struct slice domain)
{
	return domain.n && find(&t->domains, domain, name_hash(domain));
}

bool
topology_own_address(const struct topology *t, struct slice address)
{
	return topology_own_domain(t, slice_domain(address));
}

bool
topology_same_host(struct slice a, struct slice b)
{
	if (slice_equal_nocase(a, b))
		return a.n > 0;
	struct slice label_a = first_label(a), label_b = first_label(b);
	bool bare = label_a.n == a.n || label_b.n == b.n;
	return bare && label_a.n && slice_equal_nocase(label_a, label_b);
}

static bool
has_label(const struct topology *t, struct slice label, bool bare)
{
	uint64_t hash = name_hash(label);
	for (struct map_node *n = map_first(&t->labels, hash); n; n = map_next(n, hash)) {
		struct slice host = MAP_ENTRY(n, struct topology_name, by_label)->name;
		if (slice_equal_nocase(first_label(host), label) && (!bare || host.n == label.n))
			return true;
	}
	return false;
}

static bool
has_place(const struct topology *t, struct slice place)
{
	uint64_t hash = name_hash(place);
	for (struct map_node *n = map_first(&t->places, hash); n; n = map_next(n, hash))
		if (slice_equal_nocase(
			    place_of(MAP_ENTRY(n, struct topology_name, by_place)->name), place))
			return true;
	return false;
}

/* A domain of ours, one in it, or one that a host of ours is in. */
static bool
is_own_place(const struct topology *t, struct slice place)
{
	for (; place.n; place = place_of(place))
		if (topology_own_domain(t, place) || has_place(t, place))
			return true;
	return false;
}

/* RFC 1918, RFC 4193, link-local */
static bool
is_private(struct slice text)
{
	struct ip ip;
	if (!ip_parse(text, false, &ip))
		return false;
	const uint8_t *b = ip.bytes;
	if (ip.family == 6)
		return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
	return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168);
}

bool
topology_own_host(const struct topology *t, struct slice name, struct slice ip)
{
	struct slice label = first_label(name);
	if (name.n == 0)
		return false;
	if (find(&t->hosts, name, name_hash(name)))
		return true;
	if (label.n == name.n)
		return has_label(t, label, false);
	return has_label(t, label, true) &&
	       (is_private(ip) || topology_own_network(t, ip) || is_own_place(t, place_of(name)));
}

bool
topology_own_network(const struct topology *t, struct slice text)
{
	struct ip ip;
	if (t->n_networks == 0 || !ip_parse(text, false, &ip))
		return false;
	for (size_t i = 0; i < t->n_networks; i++)
		if (ip_in(&ip, &t->networks[i]))
			return true;
	return false;
}
