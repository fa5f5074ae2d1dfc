#include "store/terms.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/memory.h"
#include "store/copy.h"

enum {
	TEXT_MAX = 500,
	CACHE_MAX = 200000,
	INT2_OID = 21,
	TEXT_OID = 25,
};

struct terms {
	struct db *db;
	struct map by_text;
	struct arena arena; /* owns the entries and their texts */
	struct buf clean;
	bool relaxed; /* the session does not wait for the disk */
};

struct term {
	struct map_node node;
	struct slice text; /* before its repair */
	enum term_kind kind;
	int32_t id;
};

struct terms *
terms_new(struct db *db)
{
	struct terms *t = memory_zero(1, sizeof(*t));
	t->db = db;
	return t;
}

void
terms_free(struct terms **t)
{
	if (!*t)
		return;
	map_fini(&(*t)->by_text);
	arena_fini(&(*t)->arena);
	buf_fini(&(*t)->clean);
	free(*t);
	*t = NULL;
}

static const struct term *
find_cached(const struct terms *t, enum term_kind kind, struct slice text, uint64_t hash)
{
	for (struct map_node *n = map_first(&t->by_text, hash); n; n = map_next(n, hash)) {
		const struct term *term = MAP_ENTRY(n, struct term, node);
		if (term->kind == kind && slice_equal(term->text, text))
			return term;
	}
	return NULL;
}

static void
add_cached(struct terms *t, enum term_kind kind, struct slice text, uint64_t hash, int32_t id)
{
	if (t->by_text.n >= CACHE_MAX) {
		map_fini(&t->by_text);
		arena_reset(&t->arena);
	}
	struct term *term = arena_zero(&t->arena, sizeof(*term));
	term->text = arena_copy(&t->arena, text);
	term->kind = kind;
	term->id = id;
	map_add(&t->by_text, &term->node, hash);
}

/* Runs one of the two statements on t->clean; *id stays 0 when it gives no row. */
static bool
ask(struct terms *t, const char *name, const char *sql, enum term_kind kind, int32_t *id,
	struct error *err)
{
	static const Oid types[] = {INT2_OID, TEXT_OID};
	char digit[] = {(char)('0' + kind), '\0'};
	const char *const values[] = {digit, buf_str(&t->clean)};
	const struct db_params params = {.n = 2, .values = values};
	PGresult *result;
	if (!db_prepare_once(t->db, name, sql, 2, types, err) ||
		!db_query_prepared(t->db, name, &params, DB_TEXT, &result, err))
		return false;
	uint64_t v;
	if (PQntuples(result) > 0 && slice_to_u64(slice_of_str(PQgetvalue(result, 0, 0)), &v))
		*id = (int32_t)v;
	PQclear(result);
	return true;
}

static bool
find(struct terms *t, enum term_kind kind, int32_t *id, struct error *err)
{
	return ask(
		t, "term_find", "SELECT id FROM term WHERE kind = $1 AND txt = $2", kind, id, err);
}

/* No row when another session was faster. It need not wait for the disk: a row that names the id is
 * committed later, and the log is written in order. */
static bool
insert(struct terms *t, enum term_kind kind, int32_t *id, struct error *err)
{
	if (!t->relaxed && !db_exec(t->db, "SET synchronous_commit = off", err))
		return false;
	t->relaxed = true;
	return ask(t, "term_add",
		"INSERT INTO term (kind, txt) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id",
		kind, id, err);
}

/* Looks before it inserts: a refused insert uses up an id, and after a restart most texts are
 * there. */
static bool
fetch(struct terms *t, enum term_kind kind, int32_t *id, struct error *err)
{
	if (!find(t, kind, id, err))
		return false;
	if (*id == 0 && !insert(t, kind, id, err))
		return false;
	if (*id == 0 && !find(t, kind, id, err))
		return false;
	return *id != 0 || error_set(err, "a row of table term vanished while it was read");
}

bool
terms_id(struct terms *t, enum term_kind kind, struct slice text, int32_t *id, struct error *err)
{
	assert(kind >= TERM_RELAY && kind <= TERM_REFUSAL);
	*id = 0;
	if (text.n == 0)
		return true;
	text = slice_head(text, TEXT_MAX);
	uint64_t hash = slice_hash(text, (uint64_t)kind);
	const struct term *known = find_cached(t, kind, text, hash);
	if (known) {
		*id = known->id;
		return true;
	}
	buf_clear(&t->clean);
	copy_add_clean(&t->clean, text, TEXT_MAX);
	if (!fetch(t, kind, id, err))
		return error_prefix(err, "cannot store a repeated text");
	add_cached(t, kind, text, hash, *id);
	return true;
}
