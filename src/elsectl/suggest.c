#include "elsectl/suggest.h"

#include "show/text.h"
#include "wire/queue_id.h"

void
suggest_fini(struct suggestion *s)
{
	buf_fini(&s->qid);
	buf_fini(&s->to);
}

static bool
is_tame(struct slice address)
{
	for (size_t i = 0; i < address.n; i++) {
		char c = address.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && !slice_is_digit(c) && (!c || !strchr("@.+_=-", c)))
			return false;
	}
	return address.n > 0 && slice_find_char(address, '@') > 0;
}

static void
take(struct suggestion *s, int score, struct slice qid, struct slice to, enum status status)
{
	if (score <= s->score || !queue_id_valid(qid) || !is_tame(to))
		return;
	s->score = score;
	s->status = status;
	buf_clear(&s->qid);
	buf_add(&s->qid, qid);
	buf_clear(&s->to);
	buf_add(&s->to, to);
}

void
suggest_mail(struct suggestion *s, const struct journey *j)
{
	int hops = j->n_hops < 5 ? (int)j->n_hops : 5;
	for (size_t i = 0; i < j->n_leaves; i++) {
		const struct leaf *leaf = &j->leaves[i];
		bool bad = leaf->status >= STATUS_DEFERRED && leaf->status <= STATUS_EXPIRED;
		if (!leaf->counted || !journey_accepted(leaf->entry))
			continue;
		int score = 1 + 2 * hops + (bad ? 6 : 0) + (leaf->tries > 1 ? 2 : 0) +
			    (j->n_leaves > 1);
		take(s, score, leaf->entry->hop->qid, leaf->to, leaf->status);
	}
}

bool
suggest_stored(struct suggestion *s, struct db *db, struct error *err)
{
	/* Some rows of the newest troubles, else some rows: no sorting of a large table. */
	static const char sql[] = "SELECT qid, rcpt, status, tries FROM ("
				  "(SELECT qid, rcpt, status, tries FROM delivery WHERE status IN "
				  "(1, 2, 3) AND (flags & 2) <> 0 LIMIT 50)"
				  " UNION ALL (SELECT qid, rcpt, status, tries FROM delivery WHERE "
				  "(flags & 2) <> 0 LIMIT 50)) x";
	PGresult *rows;
	if (!db_query_text(db, sql, 0, NULL, &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++) {
		uint64_t status, tries;
		if (!slice_to_u64(slice_of_str(PQgetvalue(rows, i, 2)), &status) ||
			status >= STATUS_COUNT ||
			!slice_to_u64(slice_of_str(PQgetvalue(rows, i, 3)), &tries))
			continue;
		bool bad = status >= STATUS_DEFERRED && status <= STATUS_EXPIRED;
		take(s, 1 + (bad ? 2 : 0) + (tries > 1), slice_of_str(PQgetvalue(rows, i, 0)),
			slice_of_str(PQgetvalue(rows, i, 1)), (enum status)status);
	}
	PQclear(rows);
	return true;
}

static void
add_program(struct buf *b, const struct app *app)
{
	text_add_shell(b, slice_of_str(app->program));
	if (app->data_given) {
		buf_add_str(b, " --data ");
		text_add_shell(b, slice_of_str(app->data_dir));
	}
	if (app->database_given) {
		buf_add_str(b, " --database ");
		text_add_shell(b, slice_of_str(app->database));
	}
}

void
suggest_add(const struct suggestion *s, const struct app *app, int i, struct buf *b)
{
	add_program(b, app);
	if (i == 0) {
		struct buf query = {0};
		buf_addf(&query, "to:%.*s status:%s", SLICE_ARG(buf_slice(&s->to)),
			status_name(s->status));
		buf_add_str(b, " search ");
		text_add_shell(b, buf_slice(&query));
		buf_fini(&query);
	} else if (i == 1) {
		buf_add_str(b, " trace ");
		buf_add(b, buf_slice(&s->qid));
	} else {
		buf_add_str(b, " stats --by way");
	}
}
