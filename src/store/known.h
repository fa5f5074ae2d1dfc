/* What the writer knows of the database while it writes: hosts, own domains, weeks, addresses of
 * the week. */
#ifndef ELSE_STORE_KNOWN_H
#define ELSE_STORE_KNOWN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "store/db.h"
#include "trace/topology.h"

struct known_host {
	struct map_node node;
	struct known_host *next;
	struct slice name;
	int16_t id;
	int64_t first_us, last_us; /* stored when this run began; 0, 0 = nothing */
};

/* Open-addressed; 0 is never in it. */
struct known_set {
	uint64_t *slots;
	size_t n, cap;
};

struct known {
	struct db *db; /* borrowed */
	struct arena arena;
	struct map hosts;
	struct known_host *host_list;
	struct topology topology;
	int64_t first_us,
		last_us; /* over all hosts, when this run began; 0, 0 = an empty database */
	size_t n_hosts;
	struct buf text; /* a name as the database takes it */
	int64_t *weeks;	 /* starts of the weeks that have partitions, or that can have none */
	size_t n_weeks, cap_weeks;
	struct known_set addresses; /* hashes of week and address */
	struct known_set
		loose;	/* ids of mails with a hop that is open, headless or long on its way */
	bool all_loose; /* too many of them to know */
	int64_t loose_from_us, loose_to_us; /* where they were read; 0, 0 = nowhere */
};

/* Reads hosts, own domains and networks. */
bool known_open(struct known *k, struct db *db, struct error *err);
void known_fini(struct known *k);

/* Number of a host, made when new; 0 with `err`. A name that is no text is repaired as a text of a
 * row is; where a flood of names would use up the numbers, further ones share one. */
int16_t known_host_id(struct known *k, struct slice name, struct error *err);

/* The name that the host has in the database. */
struct slice known_host_name(struct known *k, struct slice name);

/* False when the week of this time still needs known_add_week. Times outside 2000 .. 2099 go to the
 * default partition and need none; so do all new weeks once there are MAX_WEEKS of them (wild
 * stamps). */
bool known_week(const struct known *k, int64_t t_us);

/* Makes the partitions; no other connection may be writing, nor this one be in a transaction. */
bool known_add_week(struct known *k, int64_t t_us, struct error *err);

/* True once for an address in its week (and again when the bounded memory of them starts anew). */
bool known_new_address(struct known *k, struct slice address, int64_t t_us);

/* Brings the set of loose mails up to these times. */
bool known_read_loose(struct known *k, int64_t from_us, int64_t to_us, struct error *err);
void known_add_loose(struct known *k, uint64_t mail_id);
bool known_is_loose(const struct known *k, uint64_t mail_id);

/* True when lines of this time may be stored already, by this or another host. */
bool known_covered(const struct known *k, int64_t first_us, int64_t last_us);
bool known_host_covered(struct known *k, struct slice host, int64_t t_us);

/* Has this run learned own domains or hosts, or did an earlier one that broke off? */
bool known_has_learned(const struct known *k);

/* Own domains learned in this run go into the database, and the way of mails that were stored
 * before is set right (sql: else_settle). Nothing counts as learned afterwards. */
bool known_settle(struct known *k, struct error *err);

#endif
