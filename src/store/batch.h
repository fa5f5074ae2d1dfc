/*
 * A batch: rows of all tables in COPY form with their rollups, ready to be written in one
 * transaction. Filled by one thread, written by another; it borrows nothing.
 */
#ifndef ELSE_STORE_BATCH_H
#define ELSE_STORE_BATCH_H

#include "base/map.h"
#include "store/db.h"
#include "base/buf.h"

enum batch_table { BATCH_HOP, BATCH_DELIVERY, BATCH_REJECT, BATCH_ADDR, BATCH_TABLES };

struct batch_stat {
	struct map_node node;
	struct batch_stat *next;
	int64_t hour_us;
	int16_t way, host, status, reason, kind;
	int64_t mails, n, bytes;
};

/* Times of lines of one host: what the batch makes "stored". */
struct batch_span {
	int16_t host;
	int64_t first_us, last_us;
};

struct batch {
	struct batch *next;
	uint64_t seq; /* order of commit */
	struct buf tables[BATCH_TABLES];
	size_t rows[BATCH_TABLES];
	struct map stat_map;
	struct batch_stat *stats;
	struct batch_span *spans;
	size_t n_spans, cap_spans;
};

struct batch *batch_new(uint64_t seq);
void batch_free(struct batch **batch);

static inline size_t
batch_rows(const struct batch *b)
{
	return b->rows[BATCH_HOP] + b->rows[BATCH_DELIVERY] + b->rows[BATCH_REJECT];
}

/* Adds to the rollup of the key's hour; counts may be negative. */
void batch_count(struct batch *b, const struct batch_stat *add);

void batch_span(struct batch *b, int16_t host, int64_t t_us);

/* COPY of every table and the rollups, inside the transaction that the caller began. `writer` keeps
 * rollups of connections apart. */
bool batch_write(struct batch *b, struct db *db, int writer, struct error *err);

/* The spans into table host: done last, just before COMMIT, since writers wait for each other here.
 */
bool batch_write_spans(const struct batch *b, struct db *db, struct error *err);

#endif
