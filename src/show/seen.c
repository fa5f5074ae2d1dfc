#include "show/seen.h"

#include "base/memory.h"
#include "show/row.h"

void
seen_begin(struct seen *s)
{
	if (s->states.n > s->most)
		seen_fini(s);
}

bool
seen_add(struct seen *s, const struct search_row *row)
{
	uint64_t state = row_state(row);
	if (map_first(&s->states, state))
		return false;
	map_add(&s->states, memory_new(sizeof(struct map_node)), state);
	return true;
}

void
seen_fini(struct seen *s)
{
	map_free_entries(&s->states, 0);
}
