/* Hosts: their names, their clocks, and lines that come a second time. */
#include "trace/trace_internal.h"

#include "base/memory.h"

#include <stdlib.h>

#define MAX_HOSTS     10000
#define MAX_EQUAL     2048 /* refusals of one host with one stamp that are told apart */
#define SEEN_SETS     2048
#define SEEN_WAYS     16
#define SEEN_HOSTS    512 /* with more lines than TRACE_FIRST_LINES */
#define CLOCK_STEP_US (10 * TIME_MINUTE_US)
#define TALKS_LINES   50000 /* of all hosts since its last one: who was silent so long has ended */
#define TALKS_US      TIME_DAY_US /* who is so far behind is not waited for */
#define SLOWEST_LINES 256	  /* between two looks at all hosts */

bool
trace_hosts_full(const struct trace *trace)
{
	return trace->hosts.n >= MAX_HOSTS;
}

void
trace_free_hosts(struct trace *trace)
{
	struct map_node *node = map_walk(&trace->hosts, NULL);
	while (node) {
		struct trace_host *host = MAP_ENTRY(node, struct trace_host, by_name);
		node = map_walk(&trace->hosts, node);
		free(host->seen);
		free(host->equal);
		free(host);
	}
	map_fini(&trace->hosts);
	trace->last_host = NULL;
	trace->n_seen = 0;
}

static struct trace_host *
new_host(struct trace *trace, struct slice name, uint64_t hash)
{
	struct trace_host *host = memory_zero(1, sizeof(*host) + name.n);
	for (size_t i = 0; i < name.n; i++)
		host->bytes[i] = slice_lower_char(name.p[i]);
	host->name = slice_of(host->bytes, name.n);
	host->seed = slice_hash(host->name, 7);
	map_add(&trace->hosts, &host->by_name, hash);
	return host;
}

static uint64_t
name_hash(struct slice name)
{
	uint64_t hash = 0;
	for (size_t i = 0; i < name.n; i++)
		hash = hash * 31 + (unsigned char)slice_lower_char(name.p[i]);
	return hash * 0x9e3779b97f4a7c15u >> 20;
}

struct trace_host *
trace_host(struct trace *trace, struct slice name)
{
	if (trace->last_host && slice_equal(trace->last_host->name, name))
		return trace->last_host;
	uint64_t hash = name_hash(name);
	struct map_node *n = map_first(&trace->hosts, hash);
	while (n && !slice_equal_nocase(MAP_ENTRY(n, struct trace_host, by_name)->name, name))
		n = map_next(n, hash);
	trace->last_host =
		n ? MAP_ENTRY(n, struct trace_host, by_name) : new_host(trace, name, hash);
	return trace->last_host;
}

/* The correlator's clock goes on with the log of any host, and never back. Clocks of hosts differ,
 * and logs may be read one after the other: so each host's stamps are taken relative to where the
 * clock stood when the host was first seen, and a leap of its stamps, either way, is no more than a
 * short step. */
void
trace_clock(struct trace *trace, struct trace_host *host, int64_t t_us)
{
	int64_t ahead_us = t_us - host->offset_us - trace->clock_us;
	bool first = host->n_lines == 1;
	if (first || ahead_us > CLOCK_STEP_US || ahead_us < -CLOCK_STEP_US) {
		if (!first && ahead_us > 0)
			trace->clock_us += CLOCK_STEP_US;
		host->offset_us = t_us - trace->clock_us;
	} else if (ahead_us > 0) {
		trace->clock_us += ahead_us;
	}
}

static bool
talks(const struct trace *trace, const struct trace_host *host)
{
	return trace->n_lines - host->last_line <= TALKS_LINES &&
	       host->newest_us > trace->max_us - TALKS_US;
}

/* Senders that were held up send what they have as fast as they can, each from a time of its own
 * on: then a mail is quiet when all of them have passed its time, not when the fastest has. */
void
trace_slowest(struct trace *trace, struct trace_host *host)
{
	host->last_line = ++trace->n_lines;
	if (trace->n_lines % SLOWEST_LINES == 1) {
		trace->slowest_us = trace->max_us;
		for (struct map_node *n = map_walk(&trace->hosts, NULL); n;
			n = map_walk(&trace->hosts, n)) {
			const struct trace_host *other = MAP_ENTRY(n, struct trace_host, by_name);
			if (other->newest_us < trace->slowest_us && talks(trace, other))
				trace->slowest_us = other->newest_us;
		}
	} else if (host->newest_us < trace->slowest_us && talks(trace, host)) {
		trace->slowest_us = host->newest_us;
	}
}

/* Identities of the last lines of a host, some 30,000, by their high bits: in sets by the low ones,
 * of which each has the newest first. 16,000 lines later one in a hundred is gone, 9,000 lines
 * later one in a hundred thousand. */
struct trace_seen {
	uint32_t tags[SEEN_SETS][SEEN_WAYS];
};

static bool
note_seen(struct trace_seen *seen, uint64_t id)
{
	uint32_t *set = seen->tags[id % SEEN_SETS], tag = (uint32_t)(id >> 32);
	for (size_t i = 0; i < SEEN_WAYS; i++)
		if (set[i] == tag)
			return true;
	memmove(set + 1, set, (SEEN_WAYS - 1) * sizeof(*set));
	set[0] = tag;
	return false;
}

/* One of the host's first lines: n_lines counts this one. */
static bool
note_first(struct trace_host *host, uint64_t id)
{
	bool seen = false;
	for (uint64_t i = 0; i < host->n_lines - 1; i++)
		seen |= host->first_ids[i] == id;
	host->first_ids[host->n_lines - 1] = id;
	return seen;
}

/* A name that was made up costs little; only hosts that log much get the large memory. */
static bool
has_seen(struct trace *trace, struct trace_host *host, uint64_t id)
{
	if (host->n_lines <= TRACE_FIRST_LINES)
		return note_first(host, id);
	if (!host->seen) {
		if (trace->n_seen >= SEEN_HOSTS)
			return false;
		trace->n_seen++;
		host->seen = memory_zero(1, sizeof(*host->seen));
		for (size_t i = 0; i < TRACE_FIRST_LINES; i++)
			note_seen(host->seen, host->first_ids[i]);
	}
	return note_seen(host->seen, id);
}

/* A sender that reconnects sends its last lines again. They are told from lines that are only equal
 * by their stamp: it lies before that of a line we have, or it has fractions of a second. */
bool
trace_is_repeat(struct at *at)
{
	struct trace_host *host = at->host;
	int64_t t_us = at->e->t_us;
	bool may_repeat =
		t_us < host->newest_us || (t_us == host->newest_us && t_us % TIME_SECOND_US);
	host->n_lines++;
	if (t_us > host->newest_us)
		host->newest_us = t_us;
	return has_seen(at->trace, host, at->line_id) && may_repeat;
}

/* The identity of this very line, of those that are equal. */
uint64_t
trace_nth_id(struct at *at)
{
	struct trace_host *host = at->host;
	uint64_t nth = 0;
	if (host->stamp_us != at->e->t_us) {
		host->stamp_us = at->e->t_us;
		host->n_equal = 0;
	}
	for (size_t i = 0; i < host->n_equal; i++)
		nth += host->equal[i] == at->line_id;
	if (host->n_equal < MAX_EQUAL) {
		MEMORY_ROOM(&host->equal, host->n_equal, &host->cap_equal);
		host->equal[host->n_equal++] = at->line_id;
	}
	return line_identity_nth(at->line_id, nth);
}
