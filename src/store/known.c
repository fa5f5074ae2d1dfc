#include "store/known.h"

#include "base/memory.h"
#include "base/time.h"
#include "store/array.h"
#include "store/copy.h"
#include "store/keys.h"

#include <stdlib.h>

#define WEEK_US	    (7 * TIME_DAY_US)
#define WEEK_ORIGIN (4 * TIME_DAY_US) /* 1970-01-05 was a Monday */
#define EARLIEST_US                                                                                \
	(946857600 * TIME_SECOND_US) /* 2000-01-03, a Monday: no week is half in the default       \
					partition */
#define LATEST_US      (4102099200 * TIME_SECOND_US) /* 2099-12-28, a Monday */
#define MAX_WEEKS      1500
#define MAX_HOSTS      30000 /* of the 32767 numbers there are */
#define OTHER_HOSTS    S("(other hosts)")
#define NAME_MAX_BYTES 255
#define MAX_ADDRESSES  (4u << 20)
#define MAX_LOOSE      1000000		     /* as in the statement of read_loose */
#define SLACK_US       (10 * TIME_MINUTE_US) /* clocks of hosts */

static int64_t
week_start(int64_t t_us)
{
	int64_t since = t_us - WEEK_ORIGIN;
	int64_t week = since / WEEK_US - (since % WEEK_US < 0);
	return week * WEEK_US + WEEK_ORIGIN;
}

static uint64_t
host_hash(struct slice name)
{
	return slice_hash(name, 0);
}

static struct known_host *
find_host(const struct known *k, struct slice name)
{
	uint64_t hash = host_hash(name);
	for (struct map_node *n = map_first(&k->hosts, hash); n; n = map_next(n, hash)) {
		struct known_host *host = MAP_ENTRY(n, struct known_host, node);
		if (slice_equal(host->name, name))
			return host;
	}
	return NULL;
}

static struct known_host *
add_host(struct known *k, struct slice name, int16_t id)
{
	struct known_host *host = arena_zero(&k->arena, sizeof(*host));
	host->name = arena_copy(&k->arena, name);
	host->id = id;
	host->next = k->host_list;
	k->host_list = host;
	map_add(&k->hosts, &host->node, host_hash(name));
	k->n_hosts++;
	return host;
}

/* As table host has it. The text lives until the next call. */
static struct slice
clean_name(struct known *k, struct slice name)
{
	buf_clear(&k->text);
	copy_add_clean(&k->text, name, NAME_MAX_BYTES);
	return buf_slice(&k->text);
}

/* By its name, by what its name is in the database, or as one of those that share a number. */
static struct known_host *
look_up_host(struct known *k, struct slice name)
{
	struct known_host *host = find_host(k, name);
	if (host)
		return host;
	struct slice clean = clean_name(k, name);
	host = slice_equal(clean, name) ? NULL : find_host(k, clean);
	return host || k->n_hosts < MAX_HOSTS ? host : find_host(k, OTHER_HOSTS);
}

static int64_t
text_i64(const PGresult *rows, int row, int column)
{
	return strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

static struct slice
text_slice(const PGresult *rows, int row, int column)
{
	return slice_of(PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column));
}

static bool
read_hosts(struct known *k, struct error *err)
{
	static const char sql[] =
		"SELECT id, name, coalesce((extract(epoch FROM first_seen) * 1000000)::int8, 0), "
		"coalesce((extract(epoch FROM last_seen) * 1000000)::int8, 0), settled, "
		"coalesce(role = 'submission', false) FROM host";
	PGresult *rows;
	if (!db_query_text(k->db, sql, 0, NULL, &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++) {
		struct known_host *host =
			add_host(k, text_slice(rows, i, 1), (int16_t)text_i64(rows, i, 0));
		host->first_us = text_i64(rows, i, 2);
		host->last_us = text_i64(rows, i, 3);
		topology_add_host(&k->topology, host->name, *PQgetvalue(rows, i, 4) == 'f');
		if (*PQgetvalue(rows, i, 5) == 't')
			topology_set_submission(&k->topology, host->name);
		if (host->first_us && (!k->first_us || host->first_us < k->first_us))
			k->first_us = host->first_us;
		if (host->last_us > k->last_us)
			k->last_us = host->last_us;
	}
	PQclear(rows);
	return true;
}

static bool
read_topology(struct known *k, struct error *err)
{
	PGresult *rows;
	if (!db_query_text(k->db,
		    "SELECT name, 'd' FROM own_domain UNION ALL SELECT net::text, 'n' FROM "
		    "own_network",
		    0, NULL, &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++) {
		struct ip ip;
		if (*PQgetvalue(rows, i, 1) == 'd')
			topology_add_domain(&k->topology, text_slice(rows, i, 0), false);
		else if (ip_parse(text_slice(rows, i, 0), true, &ip))
			topology_add_network(&k->topology, &ip);
	}
	PQclear(rows);
	return true;
}

static void
remember_week(struct known *k, int64_t start_us)
{
	MEMORY_ROOM(&k->weeks, k->n_weeks, &k->cap_weeks);
	k->weeks[k->n_weeks++] = start_us;
}

static bool
read_weeks(struct known *k, struct error *err)
{
	static const char sql[] = "SELECT extract(epoch FROM to_timestamp(right(relname, 8), "
				  "'YYYYMMDD'))::int8 FROM pg_class "
				  "WHERE relname ~ '^addr_[0-9]{8}$' AND relkind = 'r'";
	PGresult *rows;
	if (!db_query_text(k->db, sql, 0, NULL, &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++)
		remember_week(k, text_i64(rows, i, 0) * TIME_SECOND_US);
	PQclear(rows);
	return true;
}

bool
known_open(struct known *k, struct db *db, struct error *err)
{
	*k = (struct known){.db = db};
	return read_hosts(k, err) && read_topology(k, err) && read_weeks(k, err);
}

void
known_fini(struct known *k)
{
	map_fini(&k->hosts);
	topology_fini(&k->topology);
	arena_fini(&k->arena);
	buf_fini(&k->text);
	free(k->weeks);
	free(k->addresses.slots);
	free(k->loose.slots);
	*k = (struct known){0};
}

static struct known_host *
insert_host(struct known *k, struct slice name, struct error *err)
{
	PGresult *rows;
	clean_name(k, name);
	const char *values[] = {buf_str(&k->text)};
	if (!db_query_text(k->db,
		    "INSERT INTO host (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET name = "
		    "excluded.name "
		    "RETURNING id",
		    1, values, &rows, err))
		return NULL;
	struct known_host *host = add_host(k, buf_slice(&k->text), (int16_t)text_i64(rows, 0, 0));
	PQclear(rows);
	return host;
}

int16_t
known_host_id(struct known *k, struct slice name, struct error *err)
{
	struct known_host *host = look_up_host(k, name);
	if (host)
		return host->id;
	if (k->n_hosts >= MAX_HOSTS)
		name = OTHER_HOSTS;
	else
		topology_add_host(&k->topology, name, true);
	host = insert_host(k, name, err);
	return host ? host->id : 0;
}

struct slice
known_host_name(struct known *k, struct slice name)
{
	const struct known_host *host = look_up_host(k, name);
	return host ? host->name : name;
}

bool
known_week(const struct known *k, int64_t t_us)
{
	if (t_us < EARLIEST_US || t_us >= LATEST_US)
		return true;
	int64_t start = week_start(t_us);
	for (size_t i = k->n_weeks; i > 0; i--)
		if (k->weeks[i - 1] == start)
			return true;
	return false;
}

/* SQLSTATE check_violation: rows of the week are in the default partition already. They may stay
 * there. */
static bool
is_in_default(const struct known *k)
{
	return strcmp(db_sqlstate(k->db), "23514") == 0;
}

bool
known_add_week(struct known *k, int64_t t_us, struct error *err)
{
	struct buf text = {0};
	bool ok = true;
	if (k->n_weeks < MAX_WEEKS) {
		time_add_text(&text, week_start(t_us));
		const char *values[] = {buf_str(&text)};
		ok = db_query_text(
			     k->db, "CALL else_week($1::timestamp::date)", 1, values, NULL, err) ||
		     is_in_default(k);
		buf_fini(&text);
	}
	if (ok)
		remember_week(k, week_start(t_us));
	return ok;
}

/* ---- sets ---- */

static bool
set_has(const struct known_set *s, uint64_t v)
{
	if (s->cap == 0)
		return false;
	size_t i = (v * 0x9e3779b97f4a7c15u >> 20) & (s->cap - 1);
	while (s->slots[i] && s->slots[i] != v)
		i = (i + 1) & (s->cap - 1);
	return s->slots[i] == v;
}

static void
set_put(struct known_set *s, uint64_t v)
{
	size_t i = (v * 0x9e3779b97f4a7c15u >> 20) & (s->cap - 1);
	while (s->slots[i])
		i = (i + 1) & (s->cap - 1);
	s->slots[i] = v;
}

/* False when it was in it already. Beyond `most` the set starts anew. */
static bool
set_add(struct known_set *s, uint64_t v, size_t most)
{
	if (set_has(s, v))
		return false;
	if (s->n * 2 >= s->cap) {
		struct known_set bigger = {.cap = s->cap ? s->cap * 2 : 1 << 16};
		bool anew = s->n >= most;
		bigger.slots = memory_zero(bigger.cap, sizeof(*bigger.slots));
		for (size_t i = 0; i < s->cap && !anew; i++)
			if (s->slots[i])
				set_put(&bigger, s->slots[i]);
		bigger.n = anew ? 0 : s->n;
		free(s->slots);
		*s = bigger;
	}
	set_put(s, v);
	s->n++;
	return true;
}

bool
known_new_address(struct known *k, struct slice address, int64_t t_us)
{
	uint64_t hash = (uint64_t)week_start(t_us);
	for (size_t i = 0; i < address.n; i++)
		hash = (hash ^ (unsigned char)slice_lower_char(address.p[i])) * 0x9e3779b97f4a7c15u;
	hash ^= hash >> 29;
	return set_add(&k->addresses, hash + !hash, MAX_ADDRESSES);
}

void
known_add_loose(struct known *k, uint64_t mail_id)
{
	if (mail_id == 0 || k->all_loose)
		return;
	k->all_loose = k->loose.n >= MAX_LOOSE;
	set_add(&k->loose, mail_id, MAX_LOOSE);
}

bool
known_is_loose(const struct known *k, uint64_t mail_id)
{
	return k->all_loose || set_has(&k->loose, mail_id);
}

static bool
read_loose(struct known *k, int64_t from_us, int64_t to_us, struct error *err)
{
	PGresult *rows;
	char first[16], last[16];
	snprintf(first, sizeof(first), "%d", key_minute(from_us));
	snprintf(last, sizeof(last), "%d", key_minute(to_us));
	const char *values[] = {first, last};
	if (!db_query_text(k->db,
		    "SELECT mail_id FROM hop WHERE flags & 16777216 <> 0 AND m >= $1::int4 AND m "
		    "<= $2::int4 LIMIT 1000001",
		    2, values, &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++)
		known_add_loose(k, (uint64_t)text_i64(rows, i, 0));
	PQclear(rows);
	return true;
}

bool
known_read_loose(struct known *k, int64_t from_us, int64_t to_us, struct error *err)
{
	int64_t *from = &k->loose_from_us, *to = &k->loose_to_us;
	if (*from == 0 && *to == 0)
		*from = *to = from_us;
	/* A week more than is asked for, so that it is not asked for at every step. */
	if (from_us < *from) {
		if (!read_loose(k, from_us - WEEK_US, *from, err))
			return false;
		*from = from_us - WEEK_US;
	}
	if (to_us > *to) {
		if (!read_loose(k, *to, to_us + WEEK_US, err))
			return false;
		*to = to_us + WEEK_US;
	}
	return true;
}

bool
known_covered(const struct known *k, int64_t first_us, int64_t last_us)
{
	return k->last_us && first_us <= k->last_us + SLACK_US && last_us >= k->first_us - SLACK_US;
}

bool
known_host_covered(struct known *k, struct slice name, int64_t t_us)
{
	const struct known_host *host = look_up_host(k, name);
	return host && host->last_us && t_us >= host->first_us && t_us <= host->last_us;
}

static void
mark_known(struct topology_name *list)
{
	for (struct topology_name *n = list; n; n = n->next)
		n->learned = false;
}

static bool
any_learned(const struct topology_name *list)
{
	while (list && !list->learned)
		list = list->next;
	return list != NULL;
}

bool
known_has_learned(const struct known *k)
{
	return any_learned(k->topology.domain_list) || any_learned(k->topology.host_list);
}

bool
known_settle(struct known *k, struct error *err)
{
	struct array domains = {0};
	if (!known_has_learned(k))
		return true;
	for (struct topology_name *n = k->topology.domain_list; n; n = n->next)
		if (n->learned)
			array_add_text(&domains, clean_name(k, n->name));
	array_done(&domains, 25);
	const Oid types[] = {ARRAY_TEXT_OID};
	const char *data[] = {domains.b.p};
	const int lengths[] = {(int)domains.b.n};
	const int formats[] = {1};
	bool ok = db_query(k->db, "SELECT else_settle($1)",
		&(struct db_params){1, types, data, lengths, formats}, DB_TEXT, NULL, err);
	if (ok) {
		mark_known(k->topology.domain_list);
		mark_known(k->topology.host_list);
	}
	array_fini(&domains);
	return ok;
}
