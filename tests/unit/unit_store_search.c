#define _GNU_SOURCE
#include "unit.h"

#include <stdlib.h>

#include "cluster_fixture.h"
#include "store/migrate.h"
#include "store/search.h"
#include "store/search_sum.h"
#include "store/search_visible.h"

static char *data, *conninfo;
static struct db *db;
static struct searcher *searcher;
static struct arena arena;

static void
must(bool ok, const struct error *err)
{
	if (!ok)
		fail_msg("%s", err->text);
}

/* One arrival of a mail, with a hop of its own. */
#define MAIL(id, branch, t, from, to, status)                                                      \
	"INSERT INTO hop VALUES ('" t "', " id ", " branch ", 0, NULL, else_minute('" t            \
	"'), 1, 'Q" id branch "', NULL) ON CONFLICT DO NOTHING;"                                   \
	"INSERT INTO delivery (t, mail_id, branch, m, took_ms, nrcpt, flags, tries, host, "        \
	"entry_host, status, way, reason, sender, rcpt, qid, msgid) VALUES ('" t "', " id          \
	", " branch ", else_minute('" t "'), 1000, 1, 3, 1, 1, 1, " status ", 0, 0, '" from        \
	"', '" to "', 'Q" id branch "', '<" id "@x>');"

#define REJECT(t, from, to)                                                                        \
	"INSERT INTO reject (t, m, host, status, way, reason, sender, rcpt, lines) VALUES ('" t    \
	"', else_minute('" t "'), 1, 6, 0, 1, '" from "', '" to "', 'same');"                      \
	"INSERT INTO stat_hour VALUES (date_trunc('hour', '" t                                     \
	"'::timestamptz), 1, 0, 1, 6, 1, 1, 0, 1, 0) ON CONFLICT DO NOTHING;"

static const char rows[] =
	"INSERT INTO host (name, first_seen, last_seen) VALUES ('mx1', '2026-11-02', '2026-11-21');"
	"CALL else_week('2026-11-02'); CALL else_week('2026-11-16');"
	/* One Message-ID that came in twice: for acme, and for somebody else. */
	MAIL("7", "1", "2026-11-20 10:00Z", "eve@evil.test", "ann@acme.test", "4")
		MAIL("7", "2", "2026-11-20 10:00Z", "eve@evil.test", "bob@other.test", "2")
	/* One arrival for both. */
	MAIL("8", "3", "2026-11-20 11:00Z", "joe@far.test", "ann@acme.test", "4")
		MAIL("8", "3", "2026-11-20 11:00Z", "joe@far.test", "bob@other.test", "2")
	/* Three weeks before, in a partition of its own. */
	MAIL("9", "4", "2026-11-03 11:00Z", "ann@acme.test", "joe@far.test", "4")
	/* Five refusals that nothing tells apart, and one that is. */
	REJECT("2026-11-20 10:30Z", "spam@far.test", "ann@acme.test") REJECT("2026-11-20 10:30Z",
		"spam@far.test", "ann@acme.test") REJECT("2026-11-20 10:30Z", "spam@far.test",
		"ann@acme.test") REJECT("2026-11-20 10:30Z", "spam@far.test", "ann@acme.test")
		REJECT("2026-11-20 10:30Z", "spam@far.test", "ann@acme.test")
			REJECT("2026-11-20 10:31Z", "spam@far.test", "bob@other.test");

static int
begin_all(void **state)
{
	struct error err;
	(void)state;
	fixture_begin();
	data = strdup(fixture_path("data"));
	conninfo = strdup(fixture_start(data));
	db = db_open(conninfo, &err);
	bool ok = db && migrate(db, migrate_embedded, migrate_embedded_n, &err) &&
		  db_exec(db, rows, &err);
	if (ok)
		searcher = searcher_new(db, &err);
	if (!searcher)
		print_error("%s\n", err.text);
	return searcher ? 0 : -1;
}

static int
end_all(void **state)
{
	(void)state;
	searcher_free(&searcher);
	db_close(&db);
	fixture_stop(data);
	fixture_end();
	free(data);
	free(conninfo);
	arena_fini(&arena);
	return 0;
}

static struct search *
begun(const char *text, const struct search_options *options)
{
	struct query_context context = {
		.now_us = INT64_C(1795373039000000), .reasons = search_reasons()};
	struct query_node *tree;
	struct query_error query_err;
	struct error err;
	if (!query_parse(slice_of_str(text), &context, &arena, &tree, &query_err))
		fail_msg("%s: %.*s", text, SLICE_ARG(query_err.message));
	struct search *search = search_begin(searcher, tree, options, &query_err, &err);
	if (!search)
		fail_msg("%s: %.*s%s", text, SLICE_ARG(query_err.message), err.text);
	return search;
}

static const struct search_page *
page_of(struct search *search, size_t limit)
{
	const struct search_page *page;
	struct error err;
	must(search_page(search, limit, &page, &err), &err);
	return page;
}

static size_t
found(const char *text, const struct query_scope *scope)
{
	struct search_options options = {.scope = scope};
	struct search *search = begun(text, &options);
	size_t n = page_of(search, 100)->n;
	struct search_total total;
	struct error err;
	must(search_count(search, 0, &total, &err), &err);
	assert_int_equal(total.mails + total.rejects, n);
	search_end(&search);
	return n;
}

static const struct slice acme = {"acme.test", 9};
static const struct query_scope of_acme = {.domains = &acme, .n_domains = 1};

static void
a_reader_sees_the_rows_of_his_domains_alone(void **state)
{
	(void)state;
	assert_int_equal(found("", NULL), 10);
	assert_int_equal(found("", &of_acme), 8);
	assert_int_equal(found("to:bob@other.test", &of_acme), 0);
	assert_int_equal(found("status:bounced", &of_acme), 0);
	assert_int_equal(found("from:ann@acme.test", &of_acme), 1);
	assert_int_equal(found("NOT to:ann@acme.test", &of_acme), 1);
	assert_int_equal(found("to:bob@other.test OR NOT from:nobody@x", &of_acme), 8);
}

static void
one_arrival_of_a_message_id_does_not_open_the_other(void **state)
{
	struct search_options options = {.scope = &of_acme};
	(void)state;
	struct search *search = begun("from:eve@evil.test", &options);
	const struct search_page *page = page_of(search, 10);
	assert_int_equal(page->n, 1);
	assert_int_equal(page->rows[0].branch, 1);
	assert_int_equal(page->rows[0].n_qids, 1);
	assert_slice(page->rows[0].qids[0], "Q71");
	search_end(&search);
	assert_int_equal(found("qid:Q72", NULL), 1);
	assert_int_equal(found("qid:Q72", &of_acme), 0);
}

static void
other_recipients_of_a_mail_are_not_even_counted(void **state)
{
	struct search_options options = {.scope = &of_acme};
	(void)state;
	struct search *search = begun("from:joe@far.test", &options);
	const struct search_row *row = &page_of(search, 10)->rows[0];
	assert_int_equal(row->n_rcpts, 1);
	assert_slice(row->rcpts[0], "ann@acme.test");
	assert_int_equal(row->counts[STATUS_BOUNCED], 0);
	assert_int_equal(row->status, STATUS_DELIVERED);
	search_end(&search);
	search = begun("from:joe@far.test", &(struct search_options){0});
	row = &page_of(search, 10)->rows[0];
	assert_int_equal(row->n_rcpts, 2);
	assert_int_equal(row->counts[STATUS_BOUNCED], 1);
	assert_int_equal(row->status, STATUS_COUNT);
	search_end(&search);
}

/* By pages of one connection, and by cursors as separate requests. */
static size_t
paged(const char *text, size_t size, bool cursors)
{
	struct buf cursor = {0};
	size_t n = 0;
	bool more = true;
	struct search *search = begun(text, &(struct search_options){0});
	while (more) {
		const struct search_page *page = page_of(search, size);
		n += page->n;
		more = page->more;
		buf_clear(&cursor);
		buf_add(&cursor, buf_slice(&page->cursor));
		if (more && cursors) {
			struct search_options options = {.cursor = buf_slice(&cursor)};
			search_end(&search);
			search = begun(text, &options);
		}
	}
	search_end(&search);
	buf_fini(&cursor);
	return n;
}

static void
rows_that_nothing_tells_apart_come_once_each(void **state)
{
	static const char *const texts[] = {
		"", "from:spam@far.test", "reason:mailbox_full", "to:*ann*", "NOT way:out"};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t all = paged(texts[i], 100, false);
		assert_true(all >= 5);
		for (size_t size = 1; size <= 7; size++) {
			assert_int_equal(paged(texts[i], size, false), all);
			assert_int_equal(paged(texts[i], size, true), all);
		}
	}
}

static void
without_time_a_page_says_how_far_it_looked(void **state)
{
	struct search_options options = {.budget_us = 1};
	size_t n = 0, pages = 0;
	bool more = true;
	(void)state;
	struct search *search = begun("size:>1 OR tries:>0 OR status:rejected", &options);
	int64_t before_us = INT64_MAX;
	for (; more; pages++) {
		const struct search_page *page = page_of(search, 100);
		n += page->n;
		more = page->more;
		assert_int_equal(page->complete, !more);
		assert_true(!more || page->scanned_us < before_us);
		before_us = page->scanned_us;
	}
	assert_int_equal(n, 10);
	assert_true(pages > 2);
	search_end(&search);
}

static void
only_one_kind_can_be_asked_for(void **state)
{
	(void)state;
	struct search *search = begun("", &(struct search_options){.mails_only = true});
	assert_int_equal(page_of(search, 100)->n, 4);
	search_end(&search);
	search = begun("", &(struct search_options){.rejects_only = true});
	assert_int_equal(page_of(search, 100)->n, 6);
	search_end(&search);
}

/* ---- groups ---- */

static void
a_reader_of_several_groups_sees_what_any_of_them_allows(void **state)
{
	static const struct slice other = {"other.test", 10};
	const struct query_scope of_other = {.domains = &other, .n_domains = 1, .also = &of_acme};
	const struct query_scope nothing = {.also = &of_acme};
	(void)state;
	assert_int_equal(found("", &of_other), 10);
	assert_int_equal(found("", &nothing), 8);
	assert_int_equal(found("", &(struct query_scope){0}), 0);
}

static void
a_group_may_be_of_servers(void **state)
{
	const struct query_scope of_mx1 = {.any_address = true, .hosts = "{1}"};
	const struct query_scope of_none = {.any_address = true, .hosts = "{}"};
	const struct query_scope acme_there = {.domains = &acme, .n_domains = 1, .hosts = "{2}"};
	(void)state;
	assert_int_equal(found("", &of_mx1), 10);
	assert_int_equal(found("", &of_none), 0);
	assert_int_equal(found("", &acme_there), 0);
}

/* ---- sums ---- */

static struct search_sums
sums_of(const char *text, const struct query_scope *scope, const struct query_sums *sums)
{
	struct search_options options = {.scope = scope};
	struct search_sum_question question = {.sums = *sums};
	struct search_sums out = {0};
	struct error err;
	struct search *search = begun(text, &options);
	must(search_sum(search, &question, 0, &out, &err), &err);
	search_end(&search);
	assert_true(out.whole);
	search_sums_sort(&out, 0);
	return out;
}

static const struct query_sums by_status = {.keys = "d.status::text",
	.n_keys = 1,
	.sums = "count(*)::int8, (extract(epoch FROM max(d.t)) * 1000000)::int8",
	.n_sums = 2,
	.n_greatest = 1,
	.where = "true"};

static void
sums_count_rows_and_keep_the_greatest(void **state)
{
	(void)state;
	struct search_sums sums = sums_of("", NULL, &by_status);
	assert_int_equal(sums.n, 3);
	assert_slice(sums.items[0]->keys[0], "6");
	assert_int_equal(sums.items[0]->sums[0], 6);
	assert_slice(sums.items[1]->keys[0], "4");
	assert_int_equal(sums.items[1]->sums[0], 3);
	assert_int_equal(sums.items[1]->sums[1], INT64_C(1795172400000000)); /* 2026-11-20 11:00 */
	assert_int_equal(sums.items[2]->sums[0], 2);
	search_sums_fini(&sums);
}

static void
sums_are_of_what_matches_and_may_be_seen(void **state)
{
	(void)state;
	struct search_sums sums = sums_of("", &of_acme, &by_status);
	assert_int_equal(sums.n, 2); /* nothing bounced that he may see */
	assert_int_equal(sums.items[0]->sums[0], 5);
	assert_int_equal(sums.items[1]->sums[0], 3);
	search_sums_fini(&sums);
	/* By an index of two columns: a row that both find counts once. */
	sums = sums_of("addr:ann@acme.test,joe@far.test status:delivered", NULL, &by_status);
	assert_int_equal(sums.items[0]->sums[0], 3);
	search_sums_fini(&sums);
}

/* ---- what is named ---- */

static size_t
visible_of(uint64_t mail_id, uint32_t branch, size_t *all)
{
	static const struct query_node everything = {.kind = QUERY_NODE_ALL};
	struct search_options options = {.scope = &of_acme};
	struct query_error query_err;
	struct search_leaves leaves = {0};
	struct error err;
	struct search *search = search_begin(searcher, &everything, &options, &query_err, &err);
	must(search != NULL, &err);
	/* 2026-11-20 and a week around it */
	must(search_leaves(search, mail_id, branch, INT64_C(1794700000000000),
		     INT64_C(1795600000000000), &leaves, &err),
		&err);
	size_t n = leaves.n_visible;
	*all = leaves.n_all;
	for (size_t i = 0; i < leaves.n_addresses; i++)
		assert_slice(leaves.addresses[i], "ann@acme.test");
	arena_fini(&leaves.arena);
	search_end(&search);
	return n;
}

static void
of_a_mail_that_is_named_one_sees_ones_own_recipients(void **state)
{
	size_t all;
	(void)state;
	assert_int_equal(visible_of(7, 1, &all), 1);
	assert_int_equal(all, 1);
	assert_int_equal(visible_of(7, 2, &all), 0);
	assert_int_equal(all, 1);
	assert_int_equal(visible_of(8, 3, &all), 1);
	assert_int_equal(all, 2);
	assert_int_equal(visible_of(99, 3, &all), 0);
	assert_int_equal(all, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_sees_the_rows_of_his_domains_alone),
		cmocka_unit_test(one_arrival_of_a_message_id_does_not_open_the_other),
		cmocka_unit_test(other_recipients_of_a_mail_are_not_even_counted),
		cmocka_unit_test(rows_that_nothing_tells_apart_come_once_each),
		cmocka_unit_test(without_time_a_page_says_how_far_it_looked),
		cmocka_unit_test(only_one_kind_can_be_asked_for),
		cmocka_unit_test(a_reader_of_several_groups_sees_what_any_of_them_allows),
		cmocka_unit_test(a_group_may_be_of_servers),
		cmocka_unit_test(sums_count_rows_and_keep_the_greatest),
		cmocka_unit_test(sums_are_of_what_matches_and_may_be_seen),
		cmocka_unit_test(of_a_mail_that_is_named_one_sees_ones_own_recipients),
	};
	return cmocka_run_group_tests(tests, begin_all, end_all);
}
