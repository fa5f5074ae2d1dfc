#include "elsectl/tally.h"

#include "base/json.h"
#include "show/text.h"

void
tally_reject(struct tally *t, enum status status)
{
	t->rejects++;
	t->rejects_by_status[status]++;
}

void
tally_mail(struct tally *t, const struct journey *j)
{
	t->hops += j->n_hops;
	for (size_t i = 0; i < j->n_leaves; i++) {
		const struct leaf *leaf = &j->leaves[i];
		if (!leaf->counted) {
			t->notices += leaf->first;
			continue;
		}
		if (!journey_accepted(leaf->entry)) {
			tally_reject(t, leaf->status);
			continue;
		}
		t->mails += leaf->first;
		t->ways[leaf->way] += leaf->first;
		if (journey_rcpt_refused(leaf)) {
			tally_reject(t, leaf->status);
			continue;
		}
		t->deliveries++;
		t->by_status[leaf->status]++;
	}
}

struct counted {
	const char *name;
	uint64_t n;
};

/* "  delivered 12, bounced 3": what is there, the order of the list. */
static void
print_line(
	struct output *o, const char *title, uint64_t total, const struct counted *parts, size_t n)
{
	const char *before = "   ";
	struct buf number = {0};
	text_add_number(&number, total);
	buf_addf(&o->text, "%-11s%11s", title, buf_str(&number));
	for (size_t i = 0; i < n; i++) {
		if (parts[i].n == 0)
			continue;
		buf_addf(&o->text, "%s%s ", before, parts[i].name);
		text_add_number(&o->text, parts[i].n);
		before = ", ";
	}
	output_str(o, "\n");
	buf_fini(&number);
}

static void
print_statuses(struct output *o, const char *title, uint64_t total, const uint64_t *by_status)
{
	struct counted parts[STATUS_COUNT];
	for (int i = 0; i < STATUS_COUNT; i++)
		parts[i] = (struct counted){status_name((enum status)i), by_status[i]};
	print_line(o, title, total, parts, STATUS_COUNT);
}

void
tally_print(const struct tally *t, struct output *o)
{
	struct counted ways[WAY_COUNT];
	for (int i = 0; i < WAY_COUNT; i++)
		ways[i] = (struct counted){way_name((enum way)i), t->ways[i]};
	print_line(o, "Mails", t->mails, ways, WAY_COUNT);
	print_statuses(o, "Deliveries", t->deliveries, t->by_status);
	print_statuses(o, "Refusals", t->rejects, t->rejects_by_status);
	print_line(o, "Notices", t->notices, NULL, 0);
}

static void
add_counts(struct buf *b, const char *name, const uint64_t *counts, const char *(*word)(int), int n)
{
	json_add_key(b, name);
	buf_add_char(b, '{');
	for (int i = 0; i < n; i++)
		if (counts[i])
			json_add_field_i64(b, word(i), (int64_t)counts[i]);
	buf_add_char(b, '}');
}

static const char *
status_word(int i)
{
	return status_name((enum status)i);
}

static const char *
way_word(int i)
{
	return way_name((enum way)i);
}

void
tally_add_json(const struct tally *t, struct buf *b)
{
	json_add_field_i64(b, "mails", (int64_t)t->mails);
	add_counts(b, "ways", t->ways, way_word, WAY_COUNT);
	json_add_field_i64(b, "recipients", (int64_t)t->deliveries);
	add_counts(b, "deliveries", t->by_status, status_word, STATUS_COUNT);
	json_add_field_i64(b, "refusals", (int64_t)t->rejects);
	add_counts(b, "rejects", t->rejects_by_status, status_word, STATUS_COUNT);
	json_add_field_i64(b, "notices", (int64_t)t->notices);
	json_add_field_i64(b, "hops", (int64_t)t->hops);
}
