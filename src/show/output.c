#include "show/output.h"

#include "show/text.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { FLUSH_BYTES = 64 * 1024, LEAST_WIDTH = 40, USUAL_WIDTH = 80 };

static size_t
terminal_width(void)
{
	struct winsize size;
	uint64_t columns = 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		columns = size.ws_col;
	else if (!slice_to_u64(slice_of_str(getenv("COLUMNS")), &columns) || columns > 10000)
		columns = USUAL_WIDTH;
	return columns < LEAST_WIDTH ? LEAST_WIDTH : (size_t)columns;
}

enum style
output_status_style(enum status status)
{
	switch (status) {
	case STATUS_DELIVERED:
	case STATUS_RELAYED:
		return STYLE_GOOD;
	case STATUS_BOUNCED:
	case STATUS_EXPIRED:
	case STATUS_REJECTED:
	case STATUS_BLOCKED:
		return STYLE_BAD;
	default:
		return STYLE_WAIT;
	}
}

void
output_init(struct output *o)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	*o = (struct output){.terminal = isatty(STDOUT_FILENO)};
	setlocale(LC_CTYPE, "");
	o->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!o->terminal)
		return;
	o->width = terminal_width();
	o->colour = !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

bool
output_flush(struct output *o)
{
	size_t done = 0;
	while (done < o->text.n && !o->failed) {
		ssize_t n = write(STDOUT_FILENO, o->text.p + done, o->text.n - done);
		if (n >= 0) {
			done += (size_t)n;
		} else if (errno != EINTR) {
			o->failed = true;
			o->reason = errno;
		}
	}
	buf_clear(&o->text);
	return !o->failed;
}

void
output_fini(struct output *o)
{
	buf_fini(&o->text);
}

void
output_flush_some(struct output *o)
{
	if (!o->kept && o->text.n >= FLUSH_BYTES)
		output_flush(o);
}

void
output_str(struct output *o, const char *text)
{
	buf_add_str(&o->text, text);
}

void
output_text(struct output *o, struct slice text)
{
	text_add_safe(&o->text, text);
}

void
output_begin(struct output *o, enum style style)
{
	static const char *const codes[] = {[STYLE_BOLD] = "\033[1m",
		[STYLE_DIM] = "\033[2m",
		[STYLE_GOOD] = "\033[32m",
		[STYLE_WAIT] = "\033[33m",
		[STYLE_BAD] = "\033[31m"};
	if (o->colour && style != STYLE_PLAIN)
		buf_add_str(&o->text, codes[style]);
}

void
output_end(struct output *o, enum style style)
{
	if (o->colour && style != STYLE_PLAIN)
		buf_add_str(&o->text, "\033[0m");
}

void
output_styled(struct output *o, enum style style, struct slice text)
{
	output_begin(o, style);
	output_text(o, text);
	output_end(o, style);
}

void
output_text_cut(struct output *o, struct slice text, size_t used)
{
	struct buf safe = {0};
	text_add_safe(&safe, text);
	if (o->width)
		text_add_cut(&o->text, buf_slice(&safe), o->width > used ? o->width - used : 0,
			output_ellipsis(o));
	else
		buf_add(&o->text, buf_slice(&safe));
	buf_fini(&safe);
}

struct slice
output_ellipsis(const struct output *o)
{
	return o->utf8 ? S("\xe2\x80\xa6") : S("~");
}

struct slice
output_arrow(const struct output *o)
{
	return o->utf8 ? S("\xe2\x86\x92") : S("->");
}

void
output_wrapped(struct output *o, enum style style, struct slice text)
{
	size_t used = 0, width = o->width ? o->width : 100;
	struct slice rest = text, word;
	output_begin(o, style);
	while (rest.n && slice_split(&rest, ' ', &word)) {
		size_t columns = text_columns(word);
		if (used && used + 1 + columns > width) {
			buf_add_char(&o->text, '\n');
			used = 0;
		} else if (used) {
			buf_add_char(&o->text, ' ');
			used++;
		}
		buf_add(&o->text, word);
		used += columns;
	}
	output_end(o, style);
	buf_add_char(&o->text, '\n');
}
