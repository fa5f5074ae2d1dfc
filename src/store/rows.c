#include "store/rows.h"

#include "store/copy.h"
#include "store/load.h"
#include "store/mail_lines.h"
#include "store/reject_lines.h"
#include "store/keys.h"

#include <stdlib.h>

#define TEXT_MAX                                                                                   \
	LOAD_TEXT_MAX /* a longer address or name is somebody's joke; the lines keep it whole */

struct encoding {
	const struct rows *r;
	struct batch *b;
	const struct mail *mail;
	const struct journey *j;
	struct error *err;
	struct buf scratch;
};

static int32_t
clamp_ms(int64_t us)
{
	int64_t ms = us / 1000;
	return ms < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (int32_t)ms;
}

/* That its queue id was given to another mail is not told by its own lines: rows say what these
 * say. */
static bool
is_open(const struct hop *hop)
{
	if (!(hop->flags & HOP_ENDED))
		return !hop_closed(hop);
	struct hop alone = *hop;
	alone.flags &= ~(uint32_t)HOP_ENDED;
	return !hop_closed(&alone);
}

/* The packed lines of the first of these hops, as many as go into one value. */
static size_t
pack_lines(struct encoding *e, struct journey_hop *const *hops, size_t n)
{
	const struct hop *packed[MAIL_LINES_HOPS];
	struct arena arena = {0};
	size_t n_lines;
	n = n < MAIL_LINES_HOPS ? n : MAIL_LINES_HOPS;
	for (size_t i = 0; i < n; i++)
		packed[i] = hops[i]->hop;
	n = mail_lines_fit(packed, n);
	const struct hop_line *lines = mail_lines_join(&arena, packed, n, &n_lines);
	buf_clear(&e->scratch);
	evidence_pack(e->r->evidence, &e->scratch, packed[0]->arrived_us, lines, n_lines);
	arena_fini(&arena);
	return n;
}

static bool
is_loose(const struct hop *hop)
{
	bool long_on_its_way = hop->removed_us && hop->removed_us - hop->arrived_us > HOP_LONG_US;
	return is_open(hop) || hop_headless(hop) || long_on_its_way;
}

static int32_t
hop_flags(const struct journey_hop *jh, bool first)
{
	uint32_t flags = jh->hop->flags & (0xfffff & ~HOP_ENDED);
	flags |= jh->entry ? HOP_ROW_ENTRY : 0;
	flags |= jh->notice ? HOP_ROW_NOTICE : 0;
	flags |= is_open(jh->hop) ? HOP_ROW_OPEN : 0;
	flags |= is_loose(jh->hop) ? HOP_ROW_LOOSE : 0;
	return (int32_t)(flags | (first ? HOP_ROW_FIRST : 0));
}

/* `lines`: the row has those that were packed last. */
static bool
add_hop(struct encoding *e, const struct journey_hop *jh, bool first, bool lines)
{
	const struct hop *hop = jh->hop;
	struct buf *b = &e->b->tables[BATCH_HOP];
	int16_t host = e->r->host_id(e->r->context, hop->host, e->err);
	if (!host)
		return false;
	copy_row(b, 9);
	copy_time(b, hop->arrived_us);
	copy_i64(b, (int64_t)e->mail->id);
	copy_i32(b, (int32_t)jh->branch);
	copy_i32(b, hop_flags(jh, first));
	if (is_loose(hop))
		e->r->loose_mail(e->r->context, e->mail->id);
	if (hop->removed_us)
		copy_i32(b, clamp_ms(hop->removed_us - hop->arrived_us));
	else
		copy_null(b);
	copy_i32(b, key_minute(hop->arrived_us));
	copy_i16(b, host);
	copy_text(b, hop->qid, TEXT_MAX);
	if (lines)
		copy_bytes(b, buf_slice(&e->scratch));
	else
		copy_null(b);
	e->b->rows[BATCH_HOP]++;
	batch_span(e->b, host, hop->first_us);
	batch_span(e->b, host, hop->last_us);
	return true;
}

/* By arrival of the mail; the hops of the journey are in the order of time. */
static int
compare_branches(const void *a, const void *b)
{
	const struct journey_hop *x = *(struct journey_hop *const *)a,
				 *y = *(struct journey_hop *const *)b;
	if (x->branch != y->branch)
		return x->branch < y->branch ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Each arrival has its lines in rows of its own, so that it can be replaced without the others. */
static bool
add_hops(struct encoding *e, struct arena *arena)
{
	size_t n = e->j->n_hops, packed_until = 0;
	struct journey_hop **order = arena_new(arena, n * sizeof(struct journey_hop *));
	for (size_t i = 0; i < n; i++)
		order[i] = &e->j->hops[i];
	qsort(order, n, sizeof(struct journey_hop *), compare_branches);
	for (size_t i = 0, end = 0; i < n; i++) {
		bool first = i == end;
		while (end < n && order[end]->branch == order[i]->branch)
			end++;
		bool lines = i >= packed_until;
		if (lines)
			packed_until = i + pack_lines(e, order + i, end - i);
		if (!add_hop(e, order[i], first, lines))
			return false;
	}
	return true;
}

/* "5.1.1" -> 5001001; 0 = none. */
static int32_t
dsn_number(struct slice dsn)
{
	struct slice rest = dsn, part;
	int32_t number = 0;
	uint64_t v;
	for (int i = 0; i < 3; i++) {
		if (!slice_split(&rest, '.', &part) || !slice_to_u64(part, &v) || v > 999)
			return 0;
		number = number * 1000 + (int32_t)v;
	}
	return rest.p ? 0 : number;
}

static void
put_code(struct buf *b, struct slice dsn, struct slice code)
{
	uint64_t smtp = 0;
	int32_t number = dsn_number(dsn);
	if (number)
		copy_i32(b, number);
	else
		copy_null(b);
	if (slice_to_u64(code, &smtp) && smtp >= 100 && smtp <= 999)
		copy_i16(b, (int16_t)smtp);
	else
		copy_null(b);
}

static void
put_term(struct buf *b, int32_t id)
{
	if (id)
		copy_i32(b, id);
	else
		copy_null(b);
}

/* The hop before, back to where the mail came in. */
static const struct journey_hop *
before(const struct leaf *leaf, const struct journey_hop *jh)
{
	return jh == leaf->entry ? NULL : jh->before;
}

static int32_t
flags_of(const struct leaf *leaf)
{
	const struct hop *entry = leaf->entry->hop, *at = leaf->at->hop;
	int32_t flags = (leaf->first ? ROW_FIRST : 0) | (leaf->counted ? ROW_COUNTED : 0) |
			(leaf->entry->notice ? ROW_NOTICE : 0) |
			(entry->flags & HOP_PROBE ? ROW_PROBE : 0) |
			(leaf->orig_to.n ? ROW_EXPANDED : 0) |
			(journey_accepted(leaf->entry) ? 0 : ROW_REFUSED);
	bool begins = entry->flags & HOP_STARTED;
	if ((!begins && !leaf->entry->notice) || is_open(at) || leaf->status == STATUS_RELAYED)
		flags |= ROW_INCOMPLETE;
	if (entry->sasl_user.n || (entry->flags & HOP_LOCAL))
		flags |= ROW_OURS;
	if (leaf->delivery && leaf->delivery->ndr_qid.n)
		flags |= ROW_HAS_NDR;
	if (journey_rcpt_refused(leaf))
		flags |= ROW_RCPT_REFUSED;
	if (leaf->delivery && leaf->delivery->forwarded)
		flags |= ROW_FORWARDED;
	for (const struct journey_hop *jh = leaf->at; jh; jh = before(leaf, jh)) {
		flags |= jh->join == JOIN_FORWARDED ? ROW_FORWARDED : 0;
		for (const struct journey_hop *log = jh; log; log = log->filter)
			for (const struct check *c = log->hop->checks; c; c = c->next)
				flags |= ROW_FILTERED | (c->quarantine.n ? ROW_QUARANTINED : 0);
	}
	if (journey_handed_over(leaf))
		flags |= ROW_HANDED_OVER;
	return flags | (leaf->ends_here ? ROW_ENDS_HERE : 0) | (leaf->ours ? ROW_OURS : 0);
}

/* Score and virus of the content filter, wherever on the way it was. */
static const struct check *
filter_of(const struct leaf *leaf, bool virus)
{
	for (const struct journey_hop *jh = leaf->at; jh; jh = before(leaf, jh))
		for (const struct journey_hop *log = jh; log; log = log->filter)
			for (const struct check *c = log->hop->checks; c; c = c->next) {
				bool bad =
					c->verdict == VERDICT_VIRUS || c->verdict == VERDICT_BANNED;
				if (virus ? (bad && c->detail.n) : c->score.n > 0)
					return c;
			}
	return NULL;
}

static void
put_score(struct buf *b, const struct check *c)
{
	char text[32] = "";
	char *end = text;
	float score = 0;
	if (c && c->score.n < sizeof(text)) {
		memcpy(text, c->score.p, c->score.n);
		text[c->score.n] = '\0';
		score = strtof(text, &end);
	}
	if (end == text || *end)
		copy_null(b);
	else
		copy_f32(b, score);
}

/* Of the arrival: the way to this recipient first. */
static struct slice
subject_of(const struct leaf *leaf)
{
	for (const struct journey_hop *jh = leaf->at; jh; jh = jh->before)
		if (jh->hop->subject.n)
			return jh->hop->subject;
	return (struct slice){"", 0};
}

struct terms_of_leaf {
	int32_t relay, reply;
};

static bool
find_terms(struct encoding *e, const struct leaf *leaf, struct terms_of_leaf *out)
{
	const struct attempt *last = leaf->last;
	*out = (struct terms_of_leaf){0, 0};
	if (!last)
		return true;
	const struct term_words words = {.rcpt = leaf->to,
		.sender = leaf->entry->hop->from,
		.relay = last->relay_name,
		.client_ip = leaf->entry->hop->client_ip,
		.client_name = leaf->entry->hop->client_name,
		.qid = last->next_qid};
	buf_clear(&e->scratch);
	term_template(&e->scratch, last->reply, &words);
	return terms_id(e->r->terms, TERM_RELAY, last->relay_name, &out->relay, e->err) &&
	       terms_id(e->r->terms, TERM_REPLY, buf_slice(&e->scratch), &out->reply, e->err);
}

static void
add_address(struct encoding *e, struct slice address, int64_t t_us)
{
	if (address.n == 0 || !e->r->new_address(e->r->context, address, t_us))
		return;
	struct buf *b = &e->b->tables[BATCH_ADDR];
	copy_row(b, 2);
	copy_time(b, t_us);
	copy_text_lower(b, address, TEXT_MAX);
	e->b->rows[BATCH_ADDR]++;
}

/* "TLSv1.3"; the cipher is in the lines. */
static struct slice
tls_version(struct slice tls)
{
	ptrdiff_t blank = slice_find_char(tls, ' ');
	return blank < 0 ? tls : slice_head(tls, (size_t)blank);
}

static void
put_texts(struct encoding *e, struct buf *b, const struct leaf *leaf)
{
	const struct hop *entry = leaf->entry->hop;
	const struct check *virus = filter_of(leaf, true);
	put_score(b, filter_of(leaf, false));
	if (entry->flags & HOP_FROM)
		copy_text_lower(b, entry->from, TEXT_MAX);
	else
		copy_null(b);
	copy_text_lower(b, leaf->to, TEXT_MAX);
	copy_text_lower_or_null(b, leaf->orig_to, TEXT_MAX);
	copy_text(b, leaf->at->hop->qid, TEXT_MAX);
	copy_text_or_null(b, e->j->msgid, TEXT_MAX);
	copy_text_lower_or_null(b, entry->client_name, TEXT_MAX);
	copy_text_lower_or_null(b, entry->helo, TEXT_MAX);
	copy_text_lower_or_null(b, entry->sasl_user, TEXT_MAX);
	copy_text_or_null(b, tls_version(entry->tls), TEXT_MAX);
	copy_text_or_null(b, virus ? virus->detail : (struct slice){"", 0}, TEXT_MAX);
	copy_text_or_null(b, subject_of(leaf), TEXT_MAX);
}

/* As the row has it; -1 unknown. */
static int32_t
size_of(const struct leaf *leaf)
{
	const struct hop *entry = leaf->entry->hop, *at = leaf->at->hop;
	int64_t size = entry->size_bytes >= 0 ? entry->size_bytes : at->size_bytes;
	return size < 0 ? -1 : size > INT32_MAX ? INT32_MAX : (int32_t)size;
}

static void
count_leaf(struct encoding *e, const struct leaf *leaf, int16_t host)
{
	if (!leaf->counted)
		return;
	bool accepted = journey_accepted(leaf->entry);
	int32_t size = size_of(leaf);
	bool mail = leaf->first && accepted;
	batch_count(e->b, &(struct batch_stat){.hour_us = leaf->entry->hop->arrived_us,
				  .way = (int16_t)leaf->way,
				  .host = host,
				  .status = (int16_t)leaf->status,
				  .reason = (int16_t)leaf->reason,
				  .kind = accepted && !journey_rcpt_refused(leaf) ? 0 : 1,
				  .mails = mail,
				  .n = 1,
				  .bytes = mail && size > 0 ? size : 0});
}

static bool
add_leaf(struct encoding *e, const struct leaf *leaf, int32_t nrcpt)
{
	const struct hop *entry = leaf->entry->hop;
	struct terms_of_leaf terms;
	int32_t size = size_of(leaf);
	int16_t host = e->r->host_id(e->r->context, leaf->at->hop->host, e->err);
	int16_t entry_host = e->r->host_id(e->r->context, entry->host, e->err);
	if (!host || !entry_host || !find_terms(e, leaf, &terms))
		return false;
	struct buf *b = &e->b->tables[BATCH_DELIVERY];
	const struct slice none = {"", 0};
	copy_row(b, 31);
	copy_time(b, entry->arrived_us);
	copy_i64(b, (int64_t)e->mail->id);
	copy_i32(b, (int32_t)leaf->entry->branch);
	copy_i32(b, key_minute(entry->arrived_us));
	copy_i32(b, clamp_ms(leaf->last_us - entry->arrived_us));
	if (size >= 0)
		copy_i32(b, size);
	else
		copy_null(b);
	copy_i32(b, nrcpt);
	put_term(b, terms.relay);
	put_term(b, terms.reply);
	put_code(b, leaf->last ? leaf->last->dsn : none, leaf->last ? leaf->last->code : none);
	copy_i32(b, flags_of(leaf));
	copy_i16(b, leaf->tries > 32767 ? 32767 : (int16_t)leaf->tries);
	copy_i16(b, host);
	copy_i16(b, entry_host);
	copy_i16(b, (int16_t)leaf->status);
	copy_i16(b, (int16_t)leaf->way);
	copy_i16(b, (int16_t)leaf->reason);
	copy_inet(b, entry->client_ip);
	put_texts(e, b, leaf);
	e->b->rows[BATCH_DELIVERY]++;
	count_leaf(e, leaf, host);
	add_address(e, entry->from, entry->arrived_us);
	add_address(e, leaf->to, entry->arrived_us);
	add_address(e, leaf->orig_to, entry->arrived_us);
	return true;
}

/* The leaves of an arrival stand together. */
static bool
add_leaves(struct encoding *e)
{
	const struct leaf *leaves = e->j->leaves;
	for (size_t i = 0, end = 0; i < e->j->n_leaves; i = end) {
		while (end < e->j->n_leaves && leaves[end].entry == leaves[i].entry)
			end++;
		for (size_t k = i; k < end; k++)
			if (!add_leaf(e, &leaves[k], (int32_t)(end - i)))
				return false;
	}
	return true;
}

bool
rows_add_mail(const struct rows *r, struct batch *b, const struct mail *mail, uint64_t *deliveries,
	struct error *err)
{
	struct arena arena = {0};
	struct journey j;
	journey_build(&j, mail, r->topology, &arena);
	struct encoding e = {.r = r, .b = b, .mail = mail, .j = &j, .err = err};
	bool ok = add_hops(&e, &arena) && add_leaves(&e);
	*deliveries += j.n_leaves;
	buf_fini(&e.scratch);
	arena_fini(&arena);
	return ok;
}

void
rows_learn_mail(const struct rows *r, const struct mail *mail)
{
	struct arena arena = {0};
	struct journey j;
	journey_build(&j, mail, r->topology, &arena);
	arena_fini(&arena);
}

static enum way
reject_way(const struct reject *reject)
{
	struct ip ip;
	bool ours = reject->sasl_user.n ||
		    (ip_parse(reject->client_ip, false, &ip) && ip_is_loopback(&ip));
	return ours ? WAY_OUT : WAY_IN;
}

static enum reason
reject_reason(const struct reject *reject)
{
	if (reject->status == STATUS_CANCELED)
		return REASON_LOST_CONNECTION;
	enum reason reason = reason_of(reject->code, reject->dsn, reject->text);
	bool login = slice_equal(reject->stage, S("AUTH"));
	return login && (reason == REASON_NONE || reason == REASON_OTHER) ? REASON_AUTH_FAILED
									  : reason;
}

/* What the row will give back: only plain texts are sure to come back as they are. */
static struct slice
row_word(struct buf *b, struct slice text)
{
	size_t at = b->n;
	if (text.n == 0 || text.n > TEXT_MAX)
		return (struct slice){"", 0};
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < 0x20 || (unsigned char)text.p[i] > 0x7e)
			return (struct slice){"", 0};
	buf_add_lower(b, text);
	return slice_of(b->p + at, text.n);
}

static struct slice
row_address(struct buf *b, struct slice text)
{
	struct ip ip;
	size_t at = b->n;
	if (!ip_parse(text, false, &ip))
		return (struct slice){"", 0};
	ip_add(b, &ip);
	return slice_of(b->p + at, b->n - at);
}

void
rows_reject_text(struct buf *out, const struct reject *reject)
{
	struct buf text = {0};
	buf_room(&text, 5 * TEXT_MAX); /* the words must not move */
	const struct reject_words words = {{row_address(&text, reject->client_ip),
		row_word(&text, reject->client_name), row_word(&text, reject->helo),
		row_word(&text, reject->from), row_word(&text, reject->to)}};
	reject_words_cut(out, reject->raw, &words);
	buf_fini(&text);
}

/* The packed line of a refusal. */
static void
pack_reject(const struct rows *r, struct buf *out, const struct reject *reject)
{
	struct buf cut = {0};
	rows_reject_text(&cut, reject);
	const struct hop_line line = {.t_us = reject->t_us, .raw = buf_slice(&cut)};
	evidence_pack(r->reject_evidence, out, reject->t_us, &line, 1);
	buf_fini(&cut);
}

struct reject_facts {
	int16_t host;
	int32_t text; /* term */
	enum reason reason;
	enum way way;
};

static void
put_reject(const struct rows *r, struct buf *t, const struct reject *reject,
	const struct reject_facts *facts)
{
	struct buf lines = {0};
	pack_reject(r, &lines, reject);
	copy_row(t, 16);
	copy_time(t, reject->t_us);
	copy_i32(t, key_minute(reject->t_us));
	put_term(t, facts->text);
	put_code(t, reject->dsn, reject->code);
	copy_i16(t, facts->host);
	copy_i16(t, (int16_t)reject->status);
	copy_i16(t, (int16_t)facts->way);
	copy_i16(t, (int16_t)facts->reason);
	copy_inet(t, reject->client_ip);
	if (reject->has_from)
		copy_text_lower(t, reject->from, TEXT_MAX);
	else
		copy_null(t);
	copy_text_lower_or_null(t, reject->to, TEXT_MAX);
	copy_text_lower_or_null(t, reject->client_name, TEXT_MAX);
	copy_text_lower_or_null(t, reject->helo, TEXT_MAX);
	copy_text_lower_or_null(t, reject->sasl_user, TEXT_MAX);
	copy_bytes(t, buf_slice(&lines));
	buf_fini(&lines);
}

static void
count_reject(struct batch *b, const struct reject *reject, const struct reject_facts *facts)
{
	b->rows[BATCH_REJECT]++;
	batch_span(b, facts->host, reject->t_us);
	batch_count(b, &(struct batch_stat){.hour_us = reject->t_us,
			       .way = (int16_t)facts->way,
			       .host = facts->host,
			       .status = (int16_t)reject->status,
			       .reason = (int16_t)facts->reason,
			       .kind = 1,
			       .n = 1});
}

bool
rows_add_reject(
	const struct rows *r, struct batch *b, const struct reject *reject, struct error *err)
{
	struct reject_facts facts = {.host = r->host_id(r->context, reject->host, err),
		.reason = reject_reason(reject),
		.way = reject_way(reject)};
	struct buf text = {0};
	const struct term_words words = {.rcpt = reject->to,
		.sender = reject->from,
		.client_ip = reject->client_ip,
		.client_name = reject->client_name,
		.qid = reject->qid};
	term_template(&text, reject->text, &words);
	bool ok =
		facts.host && terms_id(r->terms, TERM_REFUSAL, buf_slice(&text), &facts.text, err);
	buf_fini(&text);
	if (ok) {
		put_reject(r, &b->tables[BATCH_REJECT], reject, &facts);
		count_reject(b, reject, &facts);
	}
	return ok;
}
