/*
 * The logs of two real servers against what really happened to the mails, which was written down
 * without a look at any log (tests/data/three/make-truth.py). The folder of the project comes as
 * the first argument.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "trace_fixture.h"

enum { MAX_EXPECTS = 64, ENTRIES = 621 };

struct expect {
	struct slice orig_to, to, final;
};

struct truth {
	struct slice kind, msgid, host, qid, hosts, sender;
	int64_t t_us;
	bool taken;
	struct expect expects[MAX_EXPECTS];
	size_t n;
};

/* A leaf of a journey, as text that stays. */
struct end {
	struct slice to, orig_to, path;
	enum status status;
	enum reason reason;
};

/* A mail that came in. */
struct arrival {
	struct slice msgid, host, qid, sender;
	int64_t t_us;
	bool entry, accepted;
	struct end *ends;
	size_t n;
	bool claimed; /* by a message of the truth */
};

struct world {
	struct arena arena;
	struct truth *truths;
	size_t n_truths, cap_truths;
	uint64_t burst;
	struct expect burst_mail; /* orig_to: the sender */
	struct arrival *arrivals;
	size_t n_arrivals, cap_arrivals;
	struct store store;
};

static const char *root = ".";

static struct slice
field(struct slice *row)
{
	struct slice word = {"", 0};
	slice_split(row, '\t', &word);
	return word;
}

static void
read_message(struct world *w, struct slice row)
{
	uint64_t t_us = 0;
	MEMORY_ROOM(&w->truths, w->n_truths, &w->cap_truths);
	struct truth *t = &w->truths[w->n_truths++];
	*t = (struct truth){.kind = field(&row)};
	t->msgid = field(&row);
	t->host = field(&row);
	t->qid = field(&row);
	assert_true(slice_to_u64(field(&row), &t_us));
	t->t_us = (int64_t)t_us;
	t->taken = slice_equal(field(&row), S("1"));
	t->hosts = field(&row);
	t->sender = field(&row);
}

static void
read_row(struct world *w, struct slice row)
{
	struct slice what = field(&row);
	if (slice_equal(what, S("message"))) {
		read_message(w, row);
	} else if (slice_equal(what, S("expect"))) {
		struct truth *t = &w->truths[w->n_truths - 1];
		assert_true(t->n < MAX_EXPECTS);
		struct expect *x = &t->expects[t->n++];
		x->orig_to = field(&row);
		x->to = field(&row);
		x->final = field(&row);
	} else if (slice_equal(what, S("burst"))) {
		assert_true(slice_to_u64(field(&row), &w->burst));
		w->burst_mail.orig_to = field(&row);
		w->burst_mail.to = field(&row);
		w->burst_mail.final = field(&row);
	}
}

static void
read_truth(struct world *w)
{
	struct buf path = {0}, text = {0};
	buf_addf(&path, "%s/tests/data/three/truth.tsv", root);
	FILE *file = fopen(buf_str(&path), "r");
	size_t n;
	assert_non_null(file);
	while ((n = fread(buf_room(&text, 65536), 1, 65536, file)) > 0)
		text.n += n;
	fclose(file);
	struct slice rest = arena_copy(&w->arena, buf_slice(&text)), row;
	while (slice_split(&rest, '\n', &row))
		read_row(w, row);
	buf_fini(&path);
	buf_fini(&text);
}

/* "incoming,outgoing": the hosts from the entry to the end, one after the other. */
static struct slice
path_of(struct world *w, const struct leaf *leaf)
{
	struct slice path = {"", 0}, last = {"", 0};
	for (const struct journey_hop *jh = leaf->at; jh;
		jh = jh == leaf->entry ? NULL : jh->before) {
		struct slice host = slice_head(jh->hop->host, 8);
		if (slice_equal(host, last))
			continue;
		struct buf b = {0};
		buf_add(&b, host);
		if (path.n)
			buf_add_char(&b, ',');
		buf_add(&b, path);
		path = arena_copy(&w->arena, buf_slice(&b));
		last = host;
		buf_fini(&b);
	}
	return path;
}

static void
add_arrival(struct world *w, const struct journey *j, const struct journey_hop *entry)
{
	struct arrival a = {.msgid = arena_copy(&w->arena, j->msgid),
		.host = entry->hop->host,
		.qid = entry->hop->qid,
		.sender = entry->hop->from,
		.t_us = entry->hop->arrived_us,
		.entry = entry->entry,
		.accepted = journey_accepted(entry),
		.ends = arena_new(&w->arena, (j->n_leaves + 1) * sizeof(*a.ends))};
	for (size_t i = 0; i < j->n_leaves; i++) {
		const struct leaf *leaf = &j->leaves[i];
		if (leaf->entry != entry)
			continue;
		a.ends[a.n++] = (struct end){leaf->to, leaf->orig_to.n ? leaf->orig_to : leaf->to,
			path_of(w, leaf), leaf->status, leaf->reason};
	}
	MEMORY_ROOM(&w->arrivals, w->n_arrivals, &w->cap_arrivals);
	w->arrivals[w->n_arrivals++] = a;
}

static void
take_journey(void *context, const struct mail *mail, const struct journey *j)
{
	(void)mail;
	for (size_t i = 0; i < j->n_hops; i++)
		if (!j->hops[i].before)
			add_arrival(context, j, &j->hops[i]);
}

static void
load(struct world *w, const char *incoming, const char *outgoing)
{
	struct log log = {0};
	struct buf path = {0};
	*w = (struct world){0};
	read_truth(w);
	buf_addf(&path, "%s/%s", root, incoming);
	log_add_file(&log, buf_str(&path));
	buf_clear(&path);
	buf_addf(&path, "%s/%s", root, outgoing);
	log_add_file(&log, buf_str(&path));
	const struct line **order = log_order(&log, 3);
	store_run(&w->store, order, log.n);
	store_each(&w->store, take_journey, w);
	free(order);
	buf_fini(&path);
	log_fini(&log);
}

static void
unload(struct world *w)
{
	free(w->truths);
	free(w->arrivals);
	store_fini(&w->store);
	arena_fini(&w->arena);
}

static bool
is_of(const struct arrival *a, const struct truth *t)
{
	int64_t away = a->t_us - t->t_us;
	if (a->claimed || !slice_starts(a->host, t->host))
		return false;
	if (t->qid.n)
		return slice_equal(a->qid, t->qid) && away > -2000000 && away < 20000000;
	return t->msgid.n && slice_equal(a->msgid, t->msgid) && a->accepted == t->taken;
}

static struct arrival *
find_arrival(struct world *w, const struct truth *t)
{
	for (size_t i = 0; i < w->n_arrivals; i++)
		if (is_of(&w->arrivals[i], t))
			return &w->arrivals[i];
	return NULL;
}

static bool
status_fits(struct slice final, enum status status, enum reason reason)
{
	static const struct {
		const char *final;
		enum status status;
		enum reason reason;
	} rows[] = {
		{"sent", STATUS_DELIVERED, REASON_NONE},
		{"bounced", STATUS_BOUNCED, REASON_NONE},
		{"expired", STATUS_EXPIRED, REASON_NONE},
		{"rejected", STATUS_REJECTED, REASON_NONE},
		{"tempfailed", STATUS_GREYLISTED, REASON_NONE},
		{"tempfailed", STATUS_REJECTED, REASON_NONE},
		{"discarded", STATUS_DISCARDED, REASON_NONE},
		{"held", STATUS_HELD, REASON_NONE},
		{"deleted", STATUS_DELETED, REASON_NONE},
		{"lost", STATUS_CANCELED, REASON_NONE},
		{"blocked_spam", STATUS_BLOCKED, REASON_SPAM},
		{"blocked_banned", STATUS_BLOCKED, REASON_BANNED},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (slice_equal(final, slice_of_str(rows[i].final)) && status == rows[i].status &&
			(rows[i].reason == REASON_NONE || rows[i].reason == reason))
			return true;
	return false;
}

/* A command's line names the address it stands for. */
static bool
end_fits(const struct end *end, const struct expect *x)
{
	bool to = x->to.n == 0 || *x->to.p == '|' || slice_equal_nocase(x->to, end->to);
	bool orig = x->orig_to.n == 0 || slice_equal_nocase(x->orig_to, end->orig_to);
	return to && orig && status_fits(x->final, end->status, end->reason);
}

static size_t
count_fitting(const struct arrival *a, const struct expect *x)
{
	size_t n = 0;
	for (size_t i = 0; i < a->n; i++)
		n += end_fits(&a->ends[i], x);
	return n;
}

static void
complain(const struct truth *t, const struct expect *x, const struct arrival *a)
{
	print_error("%.*s %.*s: expected %.*s for %.*s\n", SLICE_ARG(t->kind), SLICE_ARG(t->msgid),
		SLICE_ARG(x->final), SLICE_ARG(x->orig_to));
	for (size_t i = 0; a && i < a->n; i++)
		print_error("\t%.*s (%.*s) %s %s over %.*s\n", SLICE_ARG(a->ends[i].to),
			SLICE_ARG(a->ends[i].orig_to), status_name(a->ends[i].status),
			reason_name(a->ends[i].reason), SLICE_ARG(a->ends[i].path));
}

/* Refusals before there is a queue id carry no Message-ID. */
static bool
was_refused(const struct world *w, const struct truth *t, const struct expect *x)
{
	for (size_t i = 0; i < w->store.n_rejects; i++) {
		const struct reject *r = w->store.rejects[i];
		if (status_fits(x->final, r->status, REASON_NONE) &&
			slice_equal_nocase(r->from, t->sender) &&
			(r->to.n == 0 || slice_equal_nocase(r->to, x->orig_to)))
			return true;
	}
	return false;
}

static bool
is_refusal(const struct expect *x)
{
	return slice_equal(x->final, S("rejected")) || slice_equal(x->final, S("tempfailed")) ||
	       slice_equal(x->final, S("lost"));
}

/* A client that left in DATA was not logged with the Message-ID either. */
static bool
was_lost(const struct world *w, const struct truth *t, const struct expect *x)
{
	for (size_t i = 0; i < w->n_arrivals; i++) {
		const struct arrival *a = &w->arrivals[i];
		for (size_t k = 0; k < a->n; k++)
			if (!a->accepted && status_fits(x->final, a->ends[k].status, REASON_NONE) &&
				(a->sender.n == 0 || slice_equal(a->sender, t->sender)))
				return true;
	}
	return false;
}

/* Returns the number of errors. */
static size_t
check_truth(struct world *w, const struct truth *t)
{
	size_t errors = 0, fitting = 0;
	struct arrival *a = find_arrival(w, t);
	for (size_t i = 0; i < t->n; i++) {
		const struct expect *x = &t->expects[i];
		size_t n = a ? count_fitting(a, x) : 0;
		fitting += n;
		if (n == 1 ||
			(n == 0 && is_refusal(x) && (was_refused(w, t, x) || was_lost(w, t, x))))
			continue;
		complain(t, x, a);
		errors++;
	}
	if (a) {
		a->claimed = true;
		if (fitting != a->n && t->n) {
			print_error("%.*s has %zu recipients, of which %zu are right\n",
				SLICE_ARG(t->msgid), a->n, fitting);
			errors++;
		}
	} else if (t->taken) {
		print_error("%.*s was not found\n", SLICE_ARG(t->msgid));
		errors++;
	}
	return errors;
}

static size_t
check_all(struct world *w)
{
	size_t errors = 0;
	for (size_t i = 0; i < w->n_truths; i++)
		errors += check_truth(w, &w->truths[i]);
	return errors;
}

/* The hosts of the way, in order: those that the sender's side knows begin it, or are all of it. */
static size_t
check_paths(struct world *w)
{
	size_t errors = 0;
	for (size_t i = 0; i < w->n_truths; i++) {
		const struct truth *t = &w->truths[i];
		struct arrival *a = t->taken ? find_arrival(w, t) : NULL;
		for (size_t k = 0; a && k < a->n; k++) {
			if (!slice_starts(a->ends[k].path, t->hosts)) {
				complain(t, &t->expects[0], a);
				errors++;
			}
		}
		if (a)
			a->claimed = true;
	}
	return errors;
}

static size_t
count_burst(const struct world *w)
{
	size_t n = 0;
	for (size_t i = 0; i < w->n_arrivals; i++) {
		const struct arrival *a = &w->arrivals[i];
		n += !a->claimed && a->n == 1 && slice_equal(a->sender, w->burst_mail.orig_to) &&
		     slice_equal(a->ends[0].to, w->burst_mail.to) &&
		     status_fits(w->burst_mail.final, a->ends[0].status, REASON_NONE);
	}
	return n;
}

static size_t
count_entries(const struct world *w, bool claimed)
{
	size_t n = 0;
	for (size_t i = 0; i < w->n_arrivals; i++)
		n += w->arrivals[i].entry && w->arrivals[i].accepted &&
		     (!claimed || w->arrivals[i].claimed);
	return n;
}

static void
check_world(const char *incoming, const char *outgoing)
{
	struct world w;
	load(&w, incoming, outgoing);
	assert_int_equal(check_all(&w), 0);
	assert_int_equal(count_burst(&w), w.burst);
	assert_int_equal(count_entries(&w, true), ENTRIES - (int)w.burst);
	assert_int_equal(count_entries(&w, false), ENTRIES);
	for (size_t i = 0; i < w.n_arrivals; i++)
		w.arrivals[i].claimed = false;
	assert_int_equal(check_paths(&w), 0);
	unload(&w);
}

static void
tells_the_truth_of_the_sample(void **state)
{
	(void)state;
	check_world("data/sample/incoming.log.xz", "data/sample/outgoing.log.xz");
}

static void
tells_the_truth_of_stamps_in_seconds(void **state)
{
	(void)state;
	check_world(
		"tests/data/three/incoming-3164.log.xz", "tests/data/three/outgoing-3164.log.xz");
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		root = argv[1];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_truth_of_the_sample),
		cmocka_unit_test(tells_the_truth_of_stamps_in_seconds),
	};
	return cmocka_run_group_tests_name("trace_truth", tests, NULL, NULL);
}
