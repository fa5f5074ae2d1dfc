/* elsectl trace: the journey of one mail. */
#include "elsectl/commands.h"

#include "base/memory.h"
#include "base/time.h"
#include "elsectl/app.h"
#include "elsectl/table.h"
#include "show/trace_store.h"
#include "show/view.h"
#include "store/load.h"

#include <stdlib.h>

static const char usage[] =
	"usage: elsectl trace [--json] [--lines] [--all] ID|QID|'<message-id>'\n"
	"\n"
	"Shows where a mail came from, which servers it crossed and what became of it for\n"
	"each recipient. ID is what \"elsectl search\" prints; QID is a queue id. All\n"
	"arrivals of a Message-ID are shown, of the others only the one that is meant.\n"
	"\n"
	"  --lines  the log lines too, in the order of time\n"
	"  --all    long lists as a whole\n";

enum { MOST_CANDIDATES = 100 };

struct tracing {
	struct app *app;
	struct view_options options;
	struct trace_store store;
};

static bool
show_view(struct tracing *t, struct view *v, struct error *err)
{
	if (!trace_store_complete(&t->store, v, err))
		return false;
	if (t->app->json)
		view_add_json(&t->app->out.text, v, &t->options);
	else
		view_print(v, &t->app->out, &t->options);
	output_flush_some(&t->app->out);
	return true;
}

/* An id may be older than what is known now: when its arrival has become part of another one, all
 * are shown. */
static bool
show_mail(struct tracing *t, const struct mail *mail, const uint32_t *branch, struct error *err)
{
	struct view v;
	bool found = view_init(&v, mail, branch, &t->store.topology);
	if (!found) {
		view_fini(&v);
		view_init(&v, mail, NULL, &t->store.topology);
	}
	bool ok = show_view(t, &v, err);
	view_fini(&v);
	return ok;
}

static int
done(struct tracing *t, bool ok, size_t found, const struct error *err)
{
	return ok ? (found ? APP_DONE : APP_NOTHING) : app_trouble(t->app, err);
}

/* ---- by id ---- */

static int
trace_reject(struct tracing *t, const struct mail_id_text *id)
{
	struct error err;
	struct stored_reject reject = {0};
	bool ok = trace_store_reject(&t->store, id, &reject, &err);
	bool found = ok && reject.reject;
	if (found && t->app->json)
		stored_reject_add_json(&t->app->out.text, &reject, t->options.lines);
	else if (found)
		stored_reject_print(&reject, &t->app->out, t->options.lines);
	stored_reject_fini(&reject);
	return done(t, ok, found, &err);
}

static int
trace_key(struct tracing *t, const struct load_key *key)
{
	struct error err;
	struct mail *mail;
	bool ok = trace_store_mail(&t->store, key, &mail, &err);
	bool found = ok && mail;
	if (found)
		ok = show_mail(t, mail, &key->branch, &err);
	if (mail)
		mail_free(&mail);
	return done(t, ok, found, &err);
}

/* ---- by Message-ID ---- */

static int
trace_msgid(struct tracing *t, struct slice text)
{
	struct error err;
	struct mail *mail;
	bool ok = trace_store_msgid(&t->store, text, &mail, &err);
	bool found = ok && mail;
	if (found)
		ok = show_mail(t, mail, NULL, &err);
	if (mail)
		mail_free(&mail);
	return done(t, ok, found, &err);
}

/* ---- by queue id ---- */

static size_t
drop_equal(struct load_key *keys, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		bool seen = false;
		for (size_t k = 0; k < kept && !seen; k++)
			seen = keys[k].mail_id == keys[i].mail_id &&
			       keys[k].branch == keys[i].branch;
		if (!seen)
			keys[kept++] = keys[i];
	}
	return kept;
}

static void
add_candidate(
	struct tracing *t, struct table *table, const struct mail *mail, const struct load_key *key)
{
	struct view v;
	struct buf b = {0};
	if (view_init(&v, mail, &key->branch, &t->store.topology)) {
		const struct hop *sender = view_sender(&v, 0);
		time_add_text(&b, v.first_us);
		table_cell(table, STYLE_PLAIN, buf_slice(&b));
		table_cell(table, STYLE_PLAIN, sender ? sender->from : S("?"));
		table_cell(table, STYLE_PLAIN, v.n_deliveries ? v.deliveries[0].to : S("?"));
		table_cell_str(table, v.verdict.key);
		table_cell_str(table, v.arrivals[0].id);
	}
	buf_fini(&b);
	view_fini(&v);
}

static int
list_candidates(struct tracing *t, const struct load_key *keys, size_t n)
{
	static const struct table_column columns[] = {{"arrived (UTC)", TABLE_LEFT, 0},
		{"from", TABLE_SHRINKS, 12}, {"to", TABLE_SHRINKS, 12}, {"status", TABLE_LEFT, 0},
		{"id", TABLE_LEFT, 0}};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	struct error err;
	bool ok = true;
	for (size_t i = 0; ok && i < n; i++) {
		struct mail *mail;
		ok = trace_store_mail(&t->store, &keys[i], &mail, &err);
		if (ok && mail)
			add_candidate(t, table, mail, &keys[i]);
		if (mail)
			mail_free(&mail);
	}
	if (ok) {
		output_str(&t->app->out, "Several mails had this queue id, newest first. Pick one: "
					 "elsectl trace ID\n\n");
		table_print(table, &t->app->out);
	}
	table_free(&table);
	return done(t, ok, n, &err);
}

static int
trace_qid(struct tracing *t, struct slice qid)
{
	struct error err;
	struct load_key keys[MOST_CANDIDATES];
	size_t n;
	int status = APP_NOTHING;
	if (!load_find_qid(
		    t->store.db, qid, (struct slice){"", 0}, 0, 0, keys, MOST_CANDIDATES, &n, &err))
		return app_trouble(t->app, &err);
	n = drop_equal(keys, n);
	if (n > 1 && !t->app->json)
		return list_candidates(t, keys, n);
	for (size_t i = 0; i < n && status <= APP_NOTHING; i++)
		status = trace_key(t, &keys[i]);
	return n ? status : trace_msgid(t, qid);
}

static int
trace_what(struct tracing *t, struct slice text)
{
	struct mail_id_text id;
	if (mail_id_text_parse(text, &id)) {
		if (id.reject)
			return trace_reject(t, &id);
		struct load_key key = {id.mail_id, id.branch, mail_id_text_time_us(id.minute)};
		return trace_key(t, &key);
	}
	if (slice_starts(text, S("<")) || slice_find_char(text, '@') >= 0)
		return trace_msgid(t, text);
	return trace_qid(t, text);
}

static int
open_and_trace(struct tracing *t, struct slice text)
{
	struct error err;
	struct db *db;
	int status = APP_TROUBLE;
	if (!app_open_database(t->app, &db, &err) || !trace_store_open(&t->store, db, &err))
		app_trouble(t->app, &err);
	else
		status = trace_what(t, text);
	if (status == APP_NOTHING)
		app_say(t->app, "nothing is stored of %.*s", SLICE_ARG(text));
	trace_store_close(&t->store);
	db_close(&db);
	return status;
}

int
cmd_trace(struct app *app, int argc, char **argv)
{
	static const struct option options[] = {APP_OPTIONS, {"lines", no_argument, NULL, 'l'},
		{"all", no_argument, NULL, 'a'}, {0}};
	struct tracing t = {.app = app};
	int c;
	while ((c = app_option(app, argc, argv, options, usage)) != -1) {
		t.options.lines |= c == 'l';
		t.options.all |= c == 'a';
	}
	if (argc - optind != 1)
		return app_usage_error(
			app, "name one mail: an id, a queue id or a Message-ID in quotes");
	struct slice text = slice_trim(slice_of_str(argv[optind]));
	if (text.n == 0)
		return app_usage_error(app, "the name of the mail is empty");
	return open_and_trace(&t, text);
}
