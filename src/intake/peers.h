/*
 * Who may send, and for which hosts: the rules of intake_options.senders, compiled. Pure. Names are
 * compared without case; "*.example.org" stands for one label more, "*" for any name.
 */
#ifndef ELSE_INTAKE_PEERS_H
#define ELSE_INTAKE_PEERS_H

#include "base/error.h"
#include "base/ip.h"
#include "base/slice.h"

struct intake_sender;
struct peers;
struct peer_rule;

enum { PEERS_FINGERPRINT_BYTES = 32 /* SHA-256 */ };

/* A client certificate. */
struct peers_shown {
	const struct slice *names; /* of one that a CA of ours has signed; else none */
	size_t name_count;
	uint8_t fingerprint[PEERS_FINGERPRINT_BYTES];
};

/* Copies. NULL and `err` when a network or a fingerprint cannot be read. No rule at all lets
 * everybody in, for every host. */
struct peers *peers_new(const struct intake_sender *rules, size_t count, struct error *err);
void peers_free(struct peers **peers);

/* Whether a connection from there can become a session at all. */
bool peers_admit(const struct peers *peers, const struct ip *address);

/* The first rule that fits, or NULL. No peer: it has shown no certificate. `*name`: by which the
 * certificate was let in, of several the one that the rule has; borrows from the peer; empty when
 * it is "sha256" or there is no certificate. */
const struct peer_rule *peers_find(const struct peers *peers, const struct ip *address,
	const struct peers_shown *peer, struct slice *name);

/* For a unix socket: any host. */
const struct peer_rule *peers_anybody(void);

bool peers_may_speak_for(const struct peer_rule *sender, struct slice host);

/* Whether it is asked for hosts at all. */
bool peers_is_bound(const struct peer_rule *sender);

/* Whether some rule lists the fingerprint, or any. */
bool peers_list(const struct peers *peers, const uint8_t fingerprint[PEERS_FINGERPRINT_BYTES]);
bool peers_list_fingerprints(const struct peers *peers);

#endif
