/*
 * What we know of our own side: domains whose mail ends here, hosts that send us logs, networks set
 * by the administrator. Domains and hosts are learned from the logs; they decide the way of a mail.
 */
#ifndef ELSE_TRACE_TOPOLOGY_H
#define ELSE_TRACE_TOPOLOGY_H

#include "base/arena.h"
#include "base/ip.h"
#include "base/map.h"

struct topology_name {
	struct map_node node;
	struct map_node by_label,
		by_place; /* hosts: the part before the first dot, and behind it */
	struct topology_name *next;
	struct slice name; /* lower case */
	bool learned;	   /* in this run: the store does not know it yet */
	bool submission;   /* hosts: who hands in mail there is ours */
};

struct topology {
	struct arena arena;
	struct map domains, hosts, labels, places;     /* places: domains that hosts are in */
	struct topology_name *domain_list, *host_list; /* newest first */
	size_t n_submission;
	struct ip *networks;
	size_t n_networks, cap_networks;
};

void topology_fini(struct topology *t);

/* `learned`: found in the logs of this run. Adding a known name does nothing; true when it was new.
 */
bool topology_add_domain(struct topology *t, struct slice domain, bool learned);
bool topology_add_host(struct topology *t, struct slice host, bool learned);
void topology_add_network(struct topology *t, const struct ip *network);

/* The role of a host that was added: whoever hands in mail there is ours. */
void topology_set_submission(struct topology *t, struct slice host);
bool topology_is_submission(const struct topology *t, struct slice host);

bool topology_own_domain(const struct topology *t, struct slice domain);
bool topology_own_address(const struct topology *t, struct slice address);

/* Is the server with this name and address (as a relay is logged; either may be empty) one of ours?
 * A host that sends its logs under a bare name ("mx1") is known by the address or the domain as
 * well: the world is full of servers with that first label. */
bool topology_own_host(const struct topology *t, struct slice name, struct slice ip);
bool topology_own_network(const struct topology *t, struct slice ip);

/* "mx1" and "mx1.example.com", in any case, are the same host; "mx1.a" and "mx1.b" are not. */
bool topology_same_host(struct slice a, struct slice b);

#endif
