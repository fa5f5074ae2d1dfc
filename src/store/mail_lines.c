#include "store/mail_lines.h"

#define LINE_OVERHEAD 20 /* length and stamp, at most */

static size_t
bytes_of(const struct hop *hop)
{
	size_t bytes = 0;
	for (uint32_t i = 0; i < hop->n_lines; i++)
		bytes += hop->lines[i].raw.n + LINE_OVERHEAD;
	return bytes;
}

size_t
mail_lines_fit(const struct hop *const *hops, size_t n_hops)
{
	size_t n = 1, bytes = bytes_of(hops[0]);
	while (n < n_hops && n < MAIL_LINES_HOPS) {
		bytes += bytes_of(hops[n]);
		if (bytes > MAIL_LINES_BYTES)
			break;
		n++;
	}
	return n;
}

static struct slice
heading(struct arena *arena, const struct hop *hop, uint32_t n_lines)
{
	struct buf text = {0};
	buf_add_char(&text, '\x01');
	buf_add_u64(&text, hop->host.n);
	buf_add_char(&text, ' ');
	buf_add_u64(&text, hop->qid.n);
	buf_add_char(&text, ' ');
	buf_add_u64(&text, n_lines);
	buf_add_char(&text, ' ');
	buf_add(&text, hop->host);
	buf_add(&text, hop->qid);
	struct slice copy = arena_copy(arena, buf_slice(&text));
	buf_fini(&text);
	return copy;
}

/* How many lines of the hop are kept. */
static uint32_t
lines_of(const struct hop *hop)
{
	size_t bytes = 0;
	for (uint32_t i = 0; i < hop->n_lines; i++) {
		bytes += hop->lines[i].raw.n + LINE_OVERHEAD;
		if (bytes > MAIL_LINES_OF_A_HOP)
			return i;
	}
	return hop->n_lines;
}

struct hop_line *
mail_lines_join(struct arena *arena, const struct hop *const *hops, size_t n_hops, size_t *n)
{
	size_t total = n_hops;
	for (size_t i = 0; i < n_hops; i++)
		total += hops[i]->n_lines;
	struct hop_line *lines = arena_new(arena, total * sizeof(*lines));
	*n = 0;
	for (size_t i = 0; i < n_hops; i++) {
		uint32_t kept = lines_of(hops[i]);
		lines[(*n)++] = (struct hop_line){
			.t_us = hops[i]->arrived_us, .raw = heading(arena, hops[i], kept)};
		if (kept)
			memcpy(lines + *n, hops[i]->lines, kept * sizeof(*lines));
		*n += kept;
	}
	return lines;
}

static bool
read_heading(struct slice text, struct mail_lines *hop)
{
	struct cursor c = cursor_of(text);
	cursor_literal(&c, S("\x01"));
	uint64_t n_host = cursor_u64(&c);
	cursor_literal(&c, S(" "));
	uint64_t n_qid = cursor_u64(&c);
	cursor_literal(&c, S(" "));
	hop->n = cursor_u64(&c);
	cursor_literal(&c, S(" "));
	struct slice names = cursor_rest(&c);
	if (!cursor_ok(&c) || n_host > names.n || n_qid != names.n - n_host)
		return false;
	hop->host = slice_head(names, n_host);
	hop->qid = slice_skip(names, n_host);
	return true;
}

bool
mail_lines_next(const struct hop_line **lines, size_t *n, struct mail_lines *hop, struct error *err)
{
	if (*n == 0)
		return false;
	if (!read_heading((*lines)[0].raw, hop) || hop->n > *n - 1)
		return error_set(
			err, "stored lines are damaged: no heading of a hop where one must be");
	hop->arrived_us = (*lines)[0].t_us;
	hop->lines = *lines + 1;
	*lines += 1 + hop->n;
	*n -= 1 + hop->n;
	return true;
}
