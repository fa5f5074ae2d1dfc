#include "elsectl/ask.h"

#include "base/time.h"
#include "show/text.h"
#include "elsectl/zone.h"
#include "store/search.h"

#include <stdio.h>

#define AROUND 60 /* columns before and behind the place */

/* Where the place is; a pasted text of many lines has none. */
static void
add_place(struct buf *b, struct slice text, size_t pos)
{
	if (text.n == 0 || slice_find_char(text, '\n') >= 0)
		return;
	size_t first = pos > AROUND ? pos - AROUND : 0;
	struct buf before = {0}, behind = {0};
	while (first > 0 && ((unsigned char)text.p[first] & 0xc0) == 0x80)
		first--;
	text_add_safe(&before, slice_head(slice_skip(text, first), pos - first));
	text_add_safe(&behind, slice_head(slice_skip(text, pos), AROUND));
	buf_addf(b, "  %s%.*s%.*s\n", first ? "..." : "", SLICE_ARG(buf_slice(&before)),
		SLICE_ARG(buf_slice(&behind)));
	buf_addf(b, "  %*s^\n", (int)(text_columns(buf_slice(&before)) + (first ? 3 : 0)), "");
	buf_fini(&before);
	buf_fini(&behind);
}

void
ask_say_error(const struct app *app, struct slice text, const struct query_error *error)
{
	struct buf b = {0};
	app_say(app, "%.*s", SLICE_ARG(error->message));
	add_place(&b, text, error->pos < text.n ? error->pos : text.n);
	if (error->hint.n) {
		buf_add_str(&b, "  ");
		text_add_safe(&b, error->hint);
		buf_add_char(&b, '\n');
	}
	fputs(buf_str(&b), stderr);
	buf_fini(&b);
}

bool
ask_parse(struct app *app, struct ask *ask, struct slice text, bool say)
{
	struct query_context context = {
		.now_us = time_now_us(), .zone_at_us = zone_at_us, .reasons = search_reasons()};
	ask->text = text;
	if (query_parse(text, &context, &ask->arena, &ask->tree, &ask->error))
		return true;
	if (say)
		ask_say_error(app, text, &ask->error);
	return false;
}

void
ask_fini(struct ask *ask)
{
	arena_fini(&ask->arena);
}
