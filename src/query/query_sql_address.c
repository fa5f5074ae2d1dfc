/* Conditions that an index can answer: addresses, domains, clients, logins, Message-IDs, queue ids.
 */
#include "query/query_sql_part.h"

/* A column with an address, and the ranges of its index. */
struct column {
	const char *name;
	const struct query_index *exact, *domain;
};

/* One index has addresses and, as ranges of its keys, their domains: else_address(addr) is 20 bits
 * of the domain's hash, then 12 of the whole address. */
#define ADDRESS	    "else_address(v)"
#define DOMAIN_LOW  "(hashtext(v) & -4096)"
#define DOMAIN_HIGH "(hashtext(v) | 4095)"
#define SENDER	    "else_key(else_address(d.sender), d.m)"
#define RCPT	    "else_key(else_address(d.rcpt), d.m)"
#define ORIG	    "else_key(else_address(d.orig_rcpt), d.m)"
#define NET	    "else_key(else_net(d.client_ip), d.m)"

static const struct query_index sender = {SENDER, ADDRESS, NULL, "", false};
static const struct query_index sender_domain = {SENDER, DOMAIN_LOW, DOMAIN_HIGH, "", false};
static const struct query_index rcpt = {RCPT, ADDRESS, NULL, "", false};
static const struct query_index rcpt_domain = {RCPT, DOMAIN_LOW, DOMAIN_HIGH, "", false};
static const struct query_index orig = {ORIG, ADDRESS, NULL, " AND d.orig_rcpt IS NOT NULL", false};
static const struct query_index orig_domain = {
	ORIG, DOMAIN_LOW, DOMAIN_HIGH, " AND d.orig_rcpt IS NOT NULL", false};
static const struct query_index client_net = {NET, "else_net(v::inet)", NULL, "", false};
static const struct query_index mail_user = {"else_key(hashtext(d.sasl_user), d.m)", "hashtext(v)",
	NULL, " AND d.sasl_user IS NOT NULL", false};
static const struct query_index mail_id = {"else_id(d.mail_id, d.m)", "v::int8", NULL, "", true};

static const struct column columns[] = {
	{"d.sender", &sender, &sender_domain},
	{"d.rcpt", &rcpt, &rcpt_domain},
	{"d.orig_rcpt", &orig, &orig_domain},
};

/* Which of the columns a key speaks of. Refusals have no third one. */
static void
choose_columns(enum query_table table, enum query_key_id key, size_t *first, size_t *end)
{
	*first = key == QUERY_KEY_TO ? 1 : 0;
	*end = key == QUERY_KEY_FROM ? 1 : table == QUERY_MAILS ? 3 : 2;
}

/* The values of an address field by what they mean, as parameters; number 0: there are none. */
struct address_values {
	unsigned exact, domains, likes;
	size_t n_exact, n_domains, n_likes;
};

struct address_arrays {
	struct query_array exact, domains, likes;
};

static void
sort_address(struct address_arrays *a, const struct query_value *v, bool domain_key)
{
	switch (v->kind) {
	case QUERY_VALUE_NULL:
	case QUERY_VALUE_ADDRESS:
		query_array_add(&a->exact, v->norm);
		break;
	case QUERY_VALUE_DOMAIN:
		query_array_add(&a->domains, v->norm);
		break;
	case QUERY_VALUE_LOCAL:
		query_array_add_like(&a->likes, S(""), v, S("@%"));
		query_array_add(&a->exact, v->norm);
		if (v->domain.n)
			query_array_add(&a->domains, v->domain);
		break;
	default:
		query_array_add_like(&a->likes, domain_key ? S("%@") : S(""), v, S(""));
		break;
	}
}

static struct address_values
take_values(struct query_compiler *c, struct address_arrays *a)
{
	struct address_values v = {
		.n_exact = a->exact.n, .n_domains = a->domains.n, .n_likes = a->likes.n};
	if (v.n_exact)
		v.exact = query_param_array(c, QUERY_PG_TEXT_ARRAY, &a->exact);
	if (v.n_domains)
		v.domains = query_param_array(c, QUERY_PG_TEXT_ARRAY, &a->domains);
	if (v.n_likes)
		v.likes = query_param_array(c, QUERY_PG_TEXT_ARRAY, &a->likes);
	return v;
}

static void
add_column(struct buf *b, const char *name, const struct address_values *v)
{
	const char * or = "";
	buf_add_char(b, '(');
	if (v->exact) {
		buf_addf(b, "%s = ANY ($%u)", name, v->exact);
		or = " OR ";
	}
	if (v->domains) {
		buf_addf(b, "%s(strpos(%s, '@') > 0 AND split_part(%s, '@', -1) = ANY ($%u))", or,
			name, name, v->domains);
		or = " OR ";
	}
	if (v->likes)
		buf_addf(b, "%s%s LIKE ANY ($%u)", or, name, v->likes);
	buf_add_char(b, ')');
}

static void
probe_column(
	struct query_candidate *cover, const struct column *column, const struct address_values *v)
{
	if (v->exact)
		query_candidate_probe(cover, column->exact, v->exact, v->n_exact);
	if (v->domains)
		query_candidate_probe(cover, column->domain, v->domains, v->n_domains);
}

/* Patterns of all values: what the dictionary of addresses is asked for. */
static void
set_patterns(
	struct query_compiler *c, const struct query_node *field, struct query_candidate *cover)
{
	cover->patterns = arena_new(c->arena, 2 * field->n * sizeof(*cover->patterns));
	for (size_t i = 0; i < field->n; i++) {
		const struct query_value *v = &field->values[i];
		struct buf b = {0};
		bool whole_domain =
			v->kind == QUERY_VALUE_DOMAIN || field->key->id == QUERY_KEY_DOMAIN;
		if (whole_domain)
			buf_add_str(&b, "%@");
		query_add_like(&b, v);
		if (v->kind == QUERY_VALUE_LOCAL)
			buf_add_str(&b, "%"); /* also bob.smith: the condition itself drops them */
		cover->patterns[cover->n_patterns++] = query_keep_text(c->arena, buf_slice(&b));
		if (v->kind == QUERY_VALUE_LOCAL && v->domain.n) {
			buf_clear(&b);
			buf_add_str(&b, "%@");
			query_add_like_literal(&b, v->domain);
			cover->patterns[cover->n_patterns++] =
				query_keep_text(c->arena, buf_slice(&b));
		}
		buf_fini(&b);
	}
}

/* The dictionary holds addresses of mails only. */
static void
cover_by_words(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	size_t first, end;
	if (c->table != QUERY_MAILS)
		return;
	choose_columns(c->table, field->key->id, &first, &end);
	part->covered = true;
	part->cover = (struct query_candidate){.kind = QUERY_BY_WORDS, .rank = QUERY_RANK_WORDS};
	for (size_t i = first; i < end; i++)
		query_candidate_probe(&part->cover, columns[i].exact, QUERY_PARAM_WORDS, 0);
	set_patterns(c, field, &part->cover);
}

enum query_truth
query_match_address(
	struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	struct address_arrays arrays = {0};
	size_t first, end;
	for (size_t i = 0; i < field->n; i++)
		sort_address(&arrays, &field->values[i], field->key->id == QUERY_KEY_DOMAIN);
	struct address_values v = take_values(c, &arrays);
	choose_columns(c->table, field->key->id, &first, &end);
	part->cover = (struct query_candidate){
		.rank = v.n_domains ? QUERY_RANK_DOMAIN : QUERY_RANK_ADDRESS};
	part->covered = v.n_likes == 0;
	buf_add_char(&part->text, '(');
	for (size_t i = first; i < end; i++) {
		buf_add_str(&part->text, i > first ? " OR " : "");
		add_column(&part->text, columns[i].name, &v);
		probe_column(&part->cover, &columns[i], &v);
	}
	buf_add_char(&part->text, ')');
	if (v.n_likes)
		cover_by_words(c, field, part);
	return QUERY_SOMETIMES;
}

/* The index has /24 and /64 networks: a few wider ones are taken apart, a narrower one lies in one.
 */
#define MOST_NETWORKS 16

static bool
add_networks(struct query_array *nets, const struct ip *ip)
{
	unsigned bits = ip->family == 4 ? 24 : 64;
	struct buf b = {0};
	struct ip net = *ip;
	unsigned n = ip->bits >= bits ? 1 : 1u << (bits - ip->bits > 8 ? 8 : bits - ip->bits);
	if (n > MOST_NETWORKS)
		return false;
	for (unsigned i = 0; i < n; i++) {
		net.bits = ip->family == 4 ? 32 : 128;
		if (n > 1)
			net.bytes[bits / 8 - 1] =
				(uint8_t)((ip->bytes[bits / 8 - 1] & ~(n - 1)) | i);
		buf_clear(&b);
		ip_add(&b, &net);
		query_array_add(nets, buf_slice(&b));
	}
	buf_fini(&b);
	return true;
}

/* "192.0.2.77/24" is a fine network to us, to PostgreSQL's inet as well. */
enum query_truth
query_match_ip(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	struct query_array all = {0}, nets = {0};
	struct buf b = {0};
	bool whole = false, few = true;
	for (size_t i = 0; i < field->n; i++) {
		const struct ip *ip = &field->values[i].ip;
		buf_clear(&b);
		ip_add(&b, ip);
		query_array_add(&all, buf_slice(&b));
		whole |= ip->bits != (ip->family == 4 ? 32 : 128);
		few = few && add_networks(&nets, ip);
	}
	buf_fini(&b);
	buf_addf(&part->text, "d.client_ip <<= ANY ($%u)",
		query_param_array(c, QUERY_PG_INET_ARRAY, &all));
	size_t n = nets.n;
	unsigned param = query_param_array(c, QUERY_PG_TEXT_ARRAY, &nets);
	part->covered = few;
	part->cover =
		(struct query_candidate){.rank = whole ? QUERY_RANK_NETWORK : QUERY_RANK_CLIENT};
	query_candidate_probe(&part->cover, &client_net, param, n);
	return QUERY_SOMETIMES;
}

enum query_truth
query_match_user(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	struct query_array exact = {0}, likes = {0};
	for (size_t i = 0; i < field->n; i++) {
		const struct query_value *v = &field->values[i];
		if (v->kind == QUERY_VALUE_PATTERN)
			query_array_add_like(&likes, S(""), v, S(""));
		else
			query_array_add(&exact, v->norm);
	}
	size_t n = exact.n;
	part->covered = c->table == QUERY_MAILS && likes.n == 0;
	part->cover = (struct query_candidate){.rank = QUERY_RANK_USER};
	unsigned param = query_param_array(c, QUERY_PG_TEXT_ARRAY, &exact);
	query_candidate_probe(&part->cover, &mail_user, param, n);
	buf_addf(&part->text, "(d.sasl_user = ANY ($%u) OR d.sasl_user LIKE ANY ($%u))", param,
		query_param_array(c, QUERY_PG_TEXT_ARRAY, &likes));
	return QUERY_SOMETIMES;
}

/* Stored as logged, in brackets with most programs; the hash of that text is the identity of the
 * mail. */
static void
add_msgid(struct query_compiler *c, struct slice norm, struct query_array *ids,
	struct query_array *texts)
{
	struct buf b = {0};
	buf_add_char(&b, '<');
	buf_add(&b, norm);
	buf_add_char(&b, '>');
	query_array_add_i64(ids, (int64_t)c->context->mail_id(buf_slice(&b)));
	query_array_add_i64(ids, (int64_t)c->context->mail_id(norm));
	query_array_add(texts, buf_slice(&b));
	query_array_add(texts, norm);
	buf_fini(&b);
}

#define STORED_MSGID_BYTES 900 /* longer ones may have been cut: their hash says enough */

enum query_truth
query_match_msgid(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	struct query_array ids = {0}, texts = {0}, likes = {0};
	bool cut = false;
	if (c->table != QUERY_MAILS)
		return QUERY_NEVER;
	for (size_t i = 0; i < field->n; i++) {
		struct slice norm = field->values[i].norm;
		cut |= norm.n > STORED_MSGID_BYTES;
		if (field->values[i].kind == QUERY_VALUE_PATTERN) {
			query_array_add_like(&likes, S(""), &field->values[i], S(""));
			query_array_add_like(&likes, S("<"), &field->values[i], S(">"));
		} else {
			add_msgid(c, norm, &ids, &texts);
		}
	}
	part->covered = likes.n == 0;
	part->cover = (struct query_candidate){.rank = QUERY_RANK_ID};
	size_t n = ids.n;
	unsigned param = query_param_array(c, QUERY_PG_INT8_ARRAY, &ids);
	query_candidate_probe(&part->cover, &mail_id, param, n);
	buf_addf(&part->text, "((d.mail_id = ANY ($%u)", param);
	unsigned text = query_param_array(c, QUERY_PG_TEXT_ARRAY, &texts);
	if (!cut)
		buf_addf(&part->text, " AND (d.msgid IS NULL OR d.msgid = ANY ($%u))", text);
	buf_addf(&part->text, ") OR d.msgid LIKE ANY ($%u))",
		query_param_array(c, QUERY_PG_TEXT_ARRAY, &likes));
	c->names_mail = true;
	return QUERY_SOMETIMES;
}

/* Hops of the row's own arrival: they lie between its first sight and its newest try, nearly always
 * in the first or the last bucket of its life. */
#define LAST_MINUTE "(d.m + 5 + coalesce(d.took_ms, 0) / 60000)"
#define HOPS_OF_ROW                                                                                \
	"EXISTS (SELECT FROM hop h WHERE else_id(h.mail_id, h.m) = ANY (ARRAY[else_id(d.mail_id, " \
	"d.m - 5), else_id(d.mail_id, " LAST_MINUTE ")] || CASE WHEN d.took_ms > 61440000 THEN "   \
	"ARRAY(SELECT else_id(d.mail_id, b * 1024) FROM generate_series(d.m >> 10, " LAST_MINUTE   \
	" >> 10) b) ELSE '{}' END) AND h.mail_id = d.mail_id AND h.branch = d.branch AND "

enum query_truth
query_match_qid(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	struct query_array exact = {0}, likes = {0};
	if (c->table != QUERY_MAILS)
		return QUERY_NEVER;
	for (size_t i = 0; i < field->n; i++) {
		const struct query_value *v = &field->values[i];
		if (v->kind == QUERY_VALUE_PATTERN)
			query_array_add_like(&likes, S(""), v, S(""));
		else
			query_array_add(&exact, v->norm);
	}
	part->covered = likes.n == 0;
	part->cover = (struct query_candidate){.rank = QUERY_RANK_ID};
	buf_add_char(&part->text, '(');
	if (exact.n) {
		struct query_lookup *lookup = query_lookup_of(c, QUERY_LOOKUP_QID, field);
		lookup->exact = query_array_keep(&exact, c->arena);
		unsigned ids = query_param_lookup(c, QUERY_PG_INT8_ARRAY, lookup, 0);
		query_candidate_probe(&part->cover, &mail_id, ids, 1);
		buf_addf(&part->text,
			"EXISTS (SELECT FROM unnest($%u, $%u) q(i, n) WHERE q.i = d.mail_id AND "
			"q.n = d.branch)",
			ids, query_param_lookup(c, QUERY_PG_INT4_ARRAY, lookup, 1));
	}
	if (likes.n)
		buf_addf(&part->text, "%s" HOPS_OF_ROW "h.qid LIKE ANY ($%u))",
			part->text.n > 1 ? " OR " : "",
			query_param_array(c, QUERY_PG_TEXT_ARRAY, &likes));
	buf_add_char(&part->text, ')');
	c->names_mail = true;
	return QUERY_SOMETIMES;
}

enum query_truth
query_match_host(struct query_compiler *c, const struct query_node *field, struct query_part *part)
{
	struct query_array exact = {0}, likes = {0};
	for (size_t i = 0; i < field->n; i++) {
		const struct query_value *v = &field->values[i];
		if (v->kind == QUERY_VALUE_PATTERN)
			query_array_add_like(&likes, S(""), v, S(""));
		else
			query_array_add(&exact, v->norm);
	}
	struct query_lookup *lookup = query_lookup_of(c, QUERY_LOOKUP_HOST, field);
	lookup->exact = query_array_keep(&exact, c->arena);
	lookup->like = query_array_keep(&likes, c->arena);
	unsigned hosts = query_param_lookup(c, QUERY_PG_INT2_ARRAY, lookup, 0);
	if (c->table == QUERY_REJECTS)
		buf_addf(&part->text, "d.host = ANY ($%u)", hosts);
	else
		buf_addf(&part->text,
			"(d.entry_host = ANY ($%u) OR d.host = ANY ($%u) OR " HOPS_OF_ROW
			"h.host = ANY ($%u)))",
			hosts, hosts, hosts);
	return QUERY_SOMETIMES;
}

static void
add_scope_hosts(struct query_compiler *c, const char *hosts, struct buf *b)
{
	unsigned param = query_param_add(c, QUERY_PG_INT2_ARRAY, hosts);
	buf_addf(b, " AND (d.host = ANY ($%u)", param);
	if (c->table == QUERY_MAILS)
		buf_addf(b, " OR d.entry_host = ANY ($%u)", param);
	buf_add_char(b, ')');
}

/* One of the alternatives, as if it were alone. */
static void
match_scope(struct query_compiler *c, const struct query_scope *scope, struct query_part *part)
{
	struct address_arrays arrays = {0};
	size_t first, end;
	for (size_t i = 0; i < scope->n_addresses; i++)
		query_array_add(&arrays.exact, scope->addresses[i]);
	for (size_t i = 0; i < scope->n_domains; i++)
		query_array_add(&arrays.domains, scope->domains[i]);
	struct address_values v = take_values(c, &arrays);
	if (scope->any_address || (!v.n_exact && !v.n_domains)) {
		buf_add_str(&part->text, scope->any_address ? "true" : "false");
		return;
	}
	part->covered = true;
	part->cover = (struct query_candidate){.rank = QUERY_RANK_SCOPE};
	choose_columns(c->table, QUERY_KEY_ADDR, &first, &end);
	for (size_t i = first; i < end; i++) {
		buf_add_str(&part->text, i ? " OR " : "");
		add_column(&part->text, columns[i].name, &v);
		probe_column(&part->cover, &columns[i], &v);
	}
}

/* What a reader may see, and the indexes of it for a query that has none. */
void
query_match_scope(struct query_compiler *c, struct query_part *part)
{
	if (!c->scope->also && !c->scope->hosts) {
		match_scope(c, c->scope, part);
		return;
	}
	for (const struct query_scope *s = c->scope; s; s = s->also) {
		struct query_part one = {0};
		match_scope(c, s, &one);
		buf_addf(&part->text, "%s((%s)", s == c->scope ? "" : " OR ", buf_str(&one.text));
		if (s->hosts)
			add_scope_hosts(c, s->hosts, &part->text);
		buf_add_char(&part->text, ')');
		part->covered = one.covered && !c->scope->also;
		part->cover = one.cover;
		buf_fini(&one.text);
	}
}
