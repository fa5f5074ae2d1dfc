#include "backend/tracking.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"
#include "wire/csv.h"
#include "wire/msgtrk.h"

#define MOST_SOURCES 256
#define MOST_JOINED  ((size_t)256 << 10) /* bytes of one row with line breaks */

/* Sender, host and program that rows come from. */
struct source {
	struct map_node node;
	struct msgtrk_columns columns;
	bool named; /* the columns are those of a #Fields line */
	struct csv_joiner joiner;
	size_t name_n;
	char name[];
};

struct tracking {
	struct map sources;
	struct buf name;
	size_t n_open;	       /* sources within quotes */
	struct source *source; /* of the line at hand */
	struct slice record;
	bool ready; /* record is to be handed out */
};

struct tracking *
tracking_new(void)
{
	return memory_zero(1, sizeof(struct tracking));
}

static void
forget_all(struct tracking *t)
{
	for (struct map_node *n = map_walk(&t->sources, NULL), *next; n; n = next) {
		struct source *s = MAP_ENTRY(n, struct source, node);
		next = map_walk(&t->sources, n);
		csv_joiner_fini(&s->joiner);
		free(s);
	}
	map_fini(&t->sources);
	t->sources = (struct map){0};
	t->n_open = 0;
}

void
tracking_free(struct tracking **tracking)
{
	if (!*tracking)
		return;
	forget_all(*tracking);
	buf_fini(&(*tracking)->name);
	free(*tracking);
	*tracking = NULL;
}

/* ---- where it comes from ---- */

/* What of a frame may be a row, and by which name its columns and quotes are kept. */
struct place {
	struct slice text, host, program;
};

static const struct slice nothing = {"", 0};

static struct place
place_of_frame(struct slice frame)
{
	return (struct place){frame, nothing, nothing};
}

static struct place
place_without_tag(struct slice frame, const struct line *line)
{
	return (struct place){msgtrk_text_without_tag(frame, line), line->host, nothing};
}

static struct place
place_of_text(const struct line *line)
{
	return (struct place){line->text, line->host, line->program};
}

static struct source *
find_source(struct tracking *t, struct slice sender, const struct place *place, uint64_t *hash)
{
	buf_clear(&t->name);
	buf_add(&t->name, sender);
	buf_add_char(&t->name, '\0');
	buf_add(&t->name, place->host);
	buf_add_char(&t->name, '\0');
	buf_add(&t->name, place->program);
	*hash = slice_hash(buf_slice(&t->name), 5);
	for (struct map_node *n = map_first(&t->sources, *hash); n; n = map_next(n, *hash)) {
		struct source *s = MAP_ENTRY(n, struct source, node);
		if (slice_equal(slice_of(s->name, s->name_n), buf_slice(&t->name)))
			return s;
	}
	return NULL;
}

static struct source *
get_source(struct tracking *t, struct slice sender, const struct place *place)
{
	uint64_t hash;
	struct source *s = find_source(t, sender, place, &hash);
	if (s)
		return s;
	if (t->sources.n >= MOST_SOURCES)
		forget_all(t);
	s = memory_zero(1, sizeof(*s) + t->name.n);
	s->name_n = t->name.n;
	memcpy(s->name, t->name.p, t->name.n);
	csv_joiner_init(&s->joiner, MOST_JOINED);
	map_add(&t->sources, &s->node, hash);
	return s;
}

/* ---- rows ---- */

static bool
push(struct tracking *t, struct source *s, struct slice text)
{
	t->n_open -= s->joiner.open;
	t->source = s;
	t->ready = csv_joiner_push(&s->joiner, text, &t->record);
	t->n_open += s->joiner.open;
	return true;
}

/* Within quotes any line goes on with the row. */
static bool
push_if_open(struct tracking *t, struct slice sender, const struct place *place)
{
	uint64_t hash;
	struct source *s = find_source(t, sender, place, &hash);
	return s && s->joiner.open && push(t, s, place->text);
}

bool
tracking_take(struct tracking *t, struct slice sender, struct slice frame, const struct line *line)
{
	const struct place places[] = {
		place_of_frame(frame), place_of_text(line), place_without_tag(frame, line)};
	const size_t n = sizeof(places) / sizeof(*places);
	t->ready = false;
	for (size_t i = 0; t->n_open && i < n; i++)
		if (push_if_open(t, sender, &places[i]))
			return true;
	for (size_t i = 0; i < n; i++)
		if (msgtrk_begins(places[i].text))
			return push(t, get_source(t, sender, &places[i]), places[i].text);
	return false;
}

static void
read_record(struct source *s, struct slice record, struct line *line)
{
	enum msgtrk_kind kind = msgtrk_look(record, &s->columns);
	s->named |= kind == MSGTRK_FIELDS;
	if (kind != MSGTRK_ROW) {
		*line = (struct line){.raw = record, .text = record};
		return;
	}
	if (!s->named)
		msgtrk_guess_columns(record, &s->columns);
	msgtrk_read(record, &s->columns, line);
}

bool
tracking_next(struct tracking *t, struct line *line)
{
	if (!t->ready)
		return false;
	read_record(t->source, t->record, line);
	t->ready = csv_joiner_more(&t->source->joiner, &t->record);
	return true;
}
