/*
 * The writer's second path (docs/adr/002): a mail that may be stored in part already. What belongs
 * together is gathered first, by Message-ID and by queue id; then all its lines, stored and new, go
 * through the correlator once more, and whole arrivals are replaced.
 *
 * A unit is all that is at hand of one mail id: the new mail, or only stored rows that another unit
 * is linked with. Linked units are settled together, as what the one with the smallest place is.
 */
#ifndef ELSE_STORE_MERGE_H
#define ELSE_STORE_MERGE_H

#include "store/array.h"
#include "store/writer_internal.h"

#define MERGE_NEAR_US                                                                              \
	(3 * TIME_HOUR_US) /* a server's answer may come so late after it took the mail */
#define MERGE_SKEW_US  (10 * TIME_MINUTE_US) /* clocks of two servers, at most */
#define MERGE_AFTER_US TIME_MINUTE_US	     /* lines that may come after the end of a hop */
#define MERGE_FLOOD_ROWS                                                                           \
	1000 /* stored hops near in time under one Message-ID: beyond it is a flood */

/* Lines of one hop, stored or new. Everything is borrowed from the arena of the merge, or from the
 * hop. */
struct merge_hop {
	struct map_node by_qid;
	struct merge_hop *next;
	struct slice host, qid;
	const struct hop_line *lines;
	size_t n;
	bool stored;
	bool begins, ends; /* has the line that begins it, or that ends it; of new ones */
};

/* A stored arrival; it is replaced as a whole. */
struct merge_branch {
	struct map_node node;
	struct merge_branch *next; /* of its unit */
	uint64_t mail_id;
	uint32_t branch;
	int64_t from_us, to_us; /* arrivals of its hops */
	size_t rows;
	bool first_seen; /* its first row was found, so all are */
	bool near;
};

struct span;

struct merge_unit {
	struct map_node node;
	struct merge_unit *into; /* linked: settled with that one */
	size_t place;
	uint64_t id;
	struct mail *mail;	   /* new; NULL: only stored rows */
	unsigned pieces;	   /* mails at hand that were made one */
	bool again;		   /* its rows are made again, whether it has new lines or not */
	int64_t first_us, last_us; /* of the new lines */
	const struct span *span;   /* of the question at hand, see merge_find.c */
	struct merge_branch *branches;
	struct merge_hop *stored, **stored_tail;
	bool flood; /* too many: new hops are only told from stored ones */
};

/* A refusal that is a line of a mail now. */
struct merge_taken {
	struct merge_taken *next;
	struct slice host;
	int64_t t_us;
	uint64_t id;
};

struct merge {
	struct writer *w;
	struct arena arena;
	struct arena lines; /* what is read of the groups at hand */
	struct merge_unit **units;
	size_t n_units, cap_units;
	struct map by_id, by_branch;
	struct batch *batch;
	struct array doomed_ids, doomed_branches, doomed_keys;
	int64_t doomed_from_us, doomed_to_us;
	struct reject *rejects;	   /* lines that are no mail's any more */
	struct merge_taken *taken; /* lines that are a mail's now */
	struct error err;
};

/* merge_find.c: stored rows */
struct merge_unit *merge_unit_of(struct merge *g, uint64_t id);
bool merge_find_rows(struct merge *g, size_t from);
bool merge_find_lines(struct merge *g, struct merge_unit *const *units, size_t n);
void merge_doom(struct merge *g, const struct merge_unit *unit);
bool merge_delete_doomed(struct merge *g);
struct merge_unit *merge_root(struct merge_unit *unit);

/* merge_link.c: parts of a mail that are stored under another id */
bool merge_find_links(struct merge *g);

/* merge_lines.c: the lines of linked units, and the mails they make. False when nothing of them is
 * new, unless they are wanted all the same. */
struct merge_hop *merge_new_hops(
	struct merge *g, const struct mail *mail, struct merge_hop *before);
bool merge_correlate(
	struct merge *g, struct merge_hop *hops, bool always, struct mail ***mails, size_t *n);

/* merge_reject.c: refusals */
bool merge_rejects(struct merge *g);
bool merge_take_back(struct merge *g, const struct mail *mail);

/* Values of binary answers. */
int64_t merge_i64(const PGresult *rows, int row, int column);
int64_t merge_time(const PGresult *rows, int row, int column);

/* A text as rows have it. */
void merge_add_text(struct array *a, struct slice text);

/* A statement with int8[] and text[] parameters ('i' or 't' each), which become complete here. */
bool merge_ask(struct merge *g, const char *name, const char *sql, const char *kinds,
	struct array *const *arrays, PGresult **rows);

#endif
