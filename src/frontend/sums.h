/* What histograms, facets and statistics share: the range of time, sums within the reader's rights,
 * series. */
#ifndef ELSE_FRONTEND_SUMS_H
#define ELSE_FRONTEND_SUMS_H

#include "frontend/worker.h"
#include "store/search_sum.h"

struct range {
	int64_t from_us, to_us;
};

/* The argument "range": "24h", "7d", or two times with ".." between. False, and answered. */
bool range_read(struct request *r, struct range *range);
void range_add_json(struct buf *b, const struct range *range);

/* A query for all that is in the range, with the arguments "way" and "domain". False, and answered.
 */
bool range_query(
	struct worker *w, struct request *r, const struct range *range, struct query_node **tree);

/* What is asked of rows; see query_sql_sum. `where` may be NULL. */
struct sums_question {
	const char *keys;
	unsigned n_keys;
	const char *sums;
	unsigned n_sums, n_greatest;
	const char *where;
	int64_t t_us, number;
	bool mails_only, rejects_only;
	unsigned share; /* of the time limit: a half, a third, ...; 0 = all */
};

/* False, and answered. Call search_sums_fini whatever comes back. */
bool sums_ask(struct worker *w, struct request *r, const struct query_node *tree,
	const struct sums_question *question, struct search_sums *out);

/* The word of a number that is stored: "status", "way", "reason", "host"; of any other kind the
 * text itself. */
enum word { WORD_TEXT, WORD_STATUS, WORD_WAY, WORD_REASON, WORD_HOST };
struct slice sums_word(const struct worker *w, enum word kind, struct slice text);

/* Counted rows only: a mail's row counts once for each recipient. */
#define SUMS_COUNTED "d.flags & 2 <> 0"
/* The first row of its mail, which was taken. */
#define SUMS_MAIL  "d.flags & 2051 = 3"
#define SUMS_BYTES "coalesce(sum(d.size) FILTER (WHERE " SUMS_MAIL "), 0)::int8"
#define SUMS_N	   "count(*)::int8"

/* Buckets of time. */
struct buckets {
	int64_t from_us, step_us;
	size_t n;
};

/* About so many, of a round length, beginning at a round time of a clock that is `zone_us` from
 * UTC. */
struct buckets buckets_of(const struct range *range, int64_t about, int64_t zone_us);
#define BUCKET_KEY "(extract(epoch FROM d.t - $5) * 1000000)::int8 / $8"

/* The object of schema Series: keys[0] of the sums are the series, keys[1] the bucket, sums[by]
 * counts. */
void series_add_json(struct buf *b, const struct worker *w, const struct search_sums *sums,
	const struct buckets *buckets, enum word kind, unsigned by);

/* A list of schema Top: the first `limit` of sums that are sorted; sums[0] are rows, sums[1] bytes.
 */
void top_add_json(struct buf *b, const struct worker *w, struct search_sums *sums, enum word word,
	size_t limit);

#endif
