/*
 * A mail that was handed to another server is "delivered" as long as we do not know that this
 * server is ours, and "relayed" afterwards. When a run has learned of hosts or domains, mails that
 * were stored before and went to such a server are made again from their lines.
 */
#include "store/merge.h"

#include "base/memory.h"

#include <stdlib.h>

#define MAILS_AT_ONCE 500

static struct slice
first_label(struct slice name)
{
	ptrdiff_t dot = slice_find_char(name, '.');
	return dot < 0 ? name : slice_head(name, (size_t)dot);
}

static bool
is_in(struct slice name, struct slice domain)
{
	return name.n > domain.n && domain.n && name.p[name.n - domain.n - 1] == '.' &&
	       slice_equal_nocase(slice_skip(name, name.n - domain.n), domain);
}

static bool
is_in_domain_of(struct slice relay, struct slice host)
{
	return is_in(relay, slice_skip(host, first_label(host).n + 1));
}

/* Can what was learned make a relay of this name one of our hosts? See topology_own_host. */
static bool
is_touched(const struct topology *t, struct slice relay)
{
	bool is_short = false; /* does one of our hosts log under the first label of it? */
	for (const struct topology_name *h = t->host_list; h; h = h->next)
		is_short |= slice_equal_nocase(h->name, first_label(relay));
	for (const struct topology_name *h = t->host_list; h; h = h->next)
		if (h->learned && (topology_same_host(h->name, relay) ||
					  (is_short && is_in_domain_of(relay, h->name))))
			return true;
	for (const struct topology_name *d = t->domain_list; d; d = d->next)
		if (d->learned && is_short && is_in(relay, d->name))
			return true;
	return false;
}

/* Relays that have the first label of a host of ours: only such a one can be it. */
static bool
find_relays(struct merge *g, struct array *relays)
{
	static const char sql[] = "SELECT id::int8, txt FROM term WHERE kind = 1 AND "
				  "split_part(lower(txt), '.', 1) = ANY ($1)";
	const struct topology *t = &g->w->known.topology;
	struct array labels = {0};
	struct array *arrays[] = {&labels};
	PGresult *rows = NULL;
	for (const struct topology_name *h = t->host_list; h; h = h->next)
		merge_add_text(&labels, first_label(h->name));
	bool ok = merge_ask(g, "settle_relays", sql, "t", arrays, &rows);
	for (int i = 0; ok && i < PQntuples(rows); i++)
		if (is_touched(
			    t, slice_of(PQgetvalue(rows, i, 1), (size_t)PQgetlength(rows, i, 1))))
			array_add_i64(relays, merge_i64(rows, i, 0));
	PQclear(rows);
	array_fini(&labels);
	return ok;
}

/* Numbered, so that they can be taken a few at a time. */
static bool
list_mails(struct merge *g, struct array *relays)
{
	static const char sql[] =
		"INSERT INTO settle_mail (mail_id, t) SELECT DISTINCT mail_id, t FROM delivery "
		"WHERE status = 4 AND flags & 16384 <> 0 AND relay = ANY ($1::int4[])";
	struct array *arrays[] = {relays};
	PGresult *rows = NULL;
	bool ok = db_exec(g->w->db,
			  "CREATE TEMP TABLE IF NOT EXISTS settle_mail "
			  "(n int8 GENERATED ALWAYS AS IDENTITY, mail_id int8, t timestamptz); "
			  "TRUNCATE settle_mail "
			  "RESTART IDENTITY",
			  &g->err) &&
		  merge_ask(g, "settle_list", sql, "i", arrays, &rows);
	PQclear(rows);
	return ok;
}

static bool
make_again(struct merge *g)
{
	static const char sql[] = "SELECT mail_id, t FROM settle_mail WHERE n > ($1::int8[])[1] "
				  "AND n <= ($1::int8[])[2]";
	for (int64_t from = 0;; from += MAILS_AT_ONCE) {
		struct load_key keys[MAILS_AT_ONCE];
		struct array range = {0};
		struct array *arrays[] = {&range};
		PGresult *rows = NULL;
		array_add_i64(&range, from);
		array_add_i64(&range, from + MAILS_AT_ONCE);
		bool ok = merge_ask(g, "settle_some", sql, "i", arrays, &rows);
		int n = ok ? PQntuples(rows) : 0;
		for (int i = 0; i < n && i < MAILS_AT_ONCE; i++)
			keys[i] = (struct load_key){.mail_id = (uint64_t)merge_i64(rows, i, 0),
				.t_us = merge_time(rows, i, 1)};
		PQclear(rows);
		array_fini(&range);
		if (!ok)
			return writer_fail(g->w, &g->err);
		if (n == 0)
			return true;
		if (!writer_make_again(g->w, keys, (size_t)n))
			return false;
	}
}

bool
writer_settle_relays(struct writer *w)
{
	struct merge g = {.w = w};
	struct array relays = {0};
	if (!known_has_learned(&w->known))
		return true;
	bool ok = find_relays(&g, &relays) || writer_fail(w, &g.err);
	if (ok && relays.n)
		ok = (list_mails(&g, &relays) || writer_fail(w, &g.err)) && make_again(&g);
	array_fini(&relays);
	return ok;
}
