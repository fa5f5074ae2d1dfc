#include "frontend/request.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/time.h"
#include "frontend/answer.h"
#include "frontend/secret.h"

struct request *
request_new(void)
{
	struct request *r = memory_zero(1, sizeof(*r));
	secret_random_text(r->id, 16);
	r->began_us = time_now_us();
	r->holders = 1;
	return r;
}

void
request_hold(struct request *r)
{
	__atomic_add_fetch(&r->holders, 1, __ATOMIC_ACQ_REL);
}

void
request_free(struct request **request)
{
	struct request *r = *request;
	*request = NULL;
	if (!r || __atomic_sub_fetch(&r->holders, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	buf_fini(&r->answer.body);
	buf_fini(&r->body);
	viewer_fini(&r->viewer);
	arena_fini(&r->arena);
	if (r->answer.pipe)
		pipe_close(&r->answer.pipe);
	free(r);
}

const char *
request_text(struct request *r, struct slice s)
{
	char *copy = arena_new(&r->arena, s.n + 1);
	if (s.n)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}

/* ---- arguments ---- */

void
request_add_arg(struct request *r, struct slice name, struct slice value)
{
	if (r->n_args == REQUEST_MOST_ARGS)
		return;
	r->args[r->n_args++] = (struct request_arg){
		slice_of(request_text(r, name), name.n), slice_of(request_text(r, value), value.n)};
}

static int
hex_digit(char c)
{
	char lower = slice_lower_char(c);
	return slice_is_digit(c) ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* A NUL becomes a blank: nothing that is asked for has one. */
static struct slice
decode(struct buf *b, struct slice s)
{
	buf_clear(b);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i] == '+' ? ' ' : s.p[i];
		if (c == '%' && i + 2 < s.n && hex_digit(s.p[i + 1]) >= 0 &&
			hex_digit(s.p[i + 2]) >= 0) {
			c = (char)(hex_digit(s.p[i + 1]) * 16 + hex_digit(s.p[i + 2]));
			i += 2;
		}
		buf_add_char(b, c ? c : ' ');
	}
	return buf_slice(b);
}

void
request_add_args(struct request *r, struct slice query)
{
	struct buf name = {0}, value = {0};
	struct slice pair;
	while (query.n && slice_split(&query, '&', &pair)) {
		ptrdiff_t at = slice_find_char(pair, '=');
		struct slice left = at < 0 ? pair : slice_head(pair, (size_t)at);
		struct slice right = at < 0 ? S("") : slice_skip(pair, (size_t)at + 1);
		request_add_arg(r, decode(&name, left), decode(&value, right));
	}
	buf_fini(&name);
	buf_fini(&value);
}

static const struct request_arg *
find_arg(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->n_args; i++)
		if (slice_equal(r->args[i].name, slice_of_str(name)))
			return &r->args[i];
	return NULL;
}

struct slice
request_arg(const struct request *r, const char *name)
{
	const struct request_arg *arg = find_arg(r, name);
	return arg ? arg->value : S("");
}

bool
request_has_arg(const struct request *r, const char *name)
{
	const struct request_arg *arg = find_arg(r, name);
	return arg && arg->value.n;
}

bool
request_number(struct request *r, const char *name, int64_t least, int64_t most, int64_t otherwise,
	int64_t *value)
{
	struct slice text = request_arg(r, name);
	bool minus = slice_starts(text, S("-"));
	uint64_t size = 0;
	*value = otherwise;
	if (text.n == 0)
		return true;
	bool ok = slice_to_u64(slice_skip(text, minus), &size) && size < INT64_MAX;
	*value = minus ? -(int64_t)size : (int64_t)size;
	if (ok && *value >= least && *value <= most)
		return true;
	struct buf detail = {0};
	buf_addf(&detail, "A number from %" PRId64 " to %" PRId64 ".", least, most);
	answer_invalid(r, name, buf_str(&detail));
	buf_fini(&detail);
	return false;
}

bool
request_choice(struct request *r, const char *name, const char *const *words, size_t *chosen)
{
	struct slice text = request_arg(r, name);
	struct buf detail = {0};
	*chosen = 0;
	if (text.n == 0)
		return true;
	for (size_t i = 0; words[i]; i++) {
		*chosen = i;
		if (slice_equal(text, slice_of_str(words[i])))
			return true;
	}
	buf_add_str(&detail, "One of");
	for (size_t i = 0; words[i]; i++)
		buf_addf(&detail, "%s %s", i ? "," : "", words[i]);
	answer_invalid(r, name, buf_str(&detail));
	buf_fini(&detail);
	return false;
}

/* ---- headers ---- */

struct slice
request_cookie(const struct request *r, const char *name)
{
	struct slice rest = r->headers.cookie, pair;
	while (rest.n && slice_split(&rest, ';', &pair)) {
		pair = slice_trim(pair);
		ptrdiff_t at = slice_find_char(pair, '=');
		if (at > 0 && slice_equal(slice_head(pair, (size_t)at), slice_of_str(name)))
			return slice_skip(pair, (size_t)at + 1);
	}
	return S("");
}
