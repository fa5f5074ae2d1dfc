#include "intake/intake_part.h"

#include "base/map.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

/* One session for each sender, from its first record to intake_run. */
struct known_sender {
	struct map_node by_name;
	char *name;
	size_t name_n;
	struct repeats_session *session;
};

struct remembered {
	struct map senders;
};

static struct known_sender *
get_sender(struct intake *in, struct slice name)
{
	struct map *senders = &in->remembered->senders;
	uint64_t hash = slice_hash(name, 0);
	for (struct map_node *n = map_first(senders, hash); n; n = map_next(n, hash)) {
		struct known_sender *known = MAP_ENTRY(n, struct known_sender, by_name);
		if (slice_equal(slice_of(known->name, known->name_n), name))
			return known;
	}
	struct known_sender *known = memory_zero(1, sizeof(*known));
	known->name = slice_dup(name);
	known->name_n = name.n;
	known->session = repeats_begin(in->repeats, name);
	map_add(senders, &known->by_name, hash);
	return known;
}

void
intake_remember(struct intake *in, struct slice sender, struct slice frame)
{
	if (!in->remembered)
		in->remembered = memory_zero(1, sizeof(*in->remembered));
	frames_remember(get_sender(in, sender)->session, frame);
}

void
remembered_free(struct remembered **remembered)
{
	struct remembered *r = *remembered;
	struct map_node *n;
	if (!r)
		return;
	while ((n = map_walk(&r->senders, NULL))) {
		struct known_sender *known = MAP_ENTRY(n, struct known_sender, by_name);
		map_remove(&r->senders, n);
		repeats_end(&known->session);
		free(known->name);
		free(known);
	}
	map_fini(&r->senders);
	free(r);
	*remembered = NULL;
}
