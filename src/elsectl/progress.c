#include "elsectl/progress.h"

#include "base/time.h"
#include "show/text.h"

#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR = 20, EVERY_US = 200000, FIRST_US = 500000 };

void
progress_begin(struct progress *p, bool wanted)
{
	*p = (struct progress){.shown = wanted && isatty(STDERR_FILENO)};
	p->begun_us = time_now_us();
	p->next_us = p->begun_us + FIRST_US;
}

static size_t
width(void)
{
	struct winsize size;
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1u
									       : 79;
}

/* What fits the terminal, over what stood there. */
static void
draw(struct progress *p)
{
	struct buf out = {0};
	buf_add_char(&out, '\r');
	text_add_cut(&out, buf_slice(&p->line), width(), S(""));
	buf_add_str(&out, "\033[K");
	p->drawn = write(STDERR_FILENO, out.p, out.n) > 0;
	buf_fini(&out);
}

static void
add_bar(struct buf *b, double part)
{
	int full = (int)(part * BAR + 0.5);
	buf_add_char(b, '[');
	for (int i = 0; i < BAR; i++)
		buf_add_char(b, i < full ? '#' : '.');
	buf_addf(b, "] %3d %%  ", (int)(part * 100));
}

static void
add_left(struct buf *b, double done, double left, double seconds)
{
	if (done <= 0 || seconds < 1)
		return;
	int64_t left_s = (int64_t)(left / done * seconds) + 1;
	buf_add_str(b, ", ");
	if (left_s < 60)
		buf_addf(b, "%d s", (int)left_s);
	else
		time_add_duration(b, left_s * 1000);
	buf_add_str(b, " left");
}

static void
add_state(struct progress *p, const struct progress_state *s, double seconds)
{
	struct buf *b = &p->line;
	bool known = s->total_bytes > 0;
	if (known)
		add_bar(b, (double)s->done_bytes / (double)s->total_bytes);
	text_add_bytes(b, s->done_bytes);
	if (known) {
		buf_add_str(b, " of ");
		text_add_bytes(b, s->total_bytes);
	}
	buf_add_str(b, ", ");
	text_add_number(b, s->mails);
	buf_add_str(b, " mails, ");
	text_add_number(b, (uint64_t)((double)s->lines / seconds));
	buf_add_str(b, " lines/s");
	if (known && s->total_bytes > s->done_bytes)
		add_left(b, (double)(s->done_bytes - p->begun_bytes),
			(double)(s->total_bytes - s->done_bytes), seconds);
}

void
progress_update(struct progress *p, const struct progress_state *state)
{
	if (!p->shown)
		return;
	int64_t now = time_now_us();
	if (p->begun_bytes == 0 && state->lines < 2)
		p->begun_bytes = state->done_bytes;
	if (now < p->next_us)
		return;
	p->next_us = now + EVERY_US;
	buf_clear(&p->line);
	add_state(p, state, (double)(now - p->begun_us) / 1e6);
	draw(p);
}

void
progress_say(struct progress *p, const char *text)
{
	if (!p->shown || time_now_us() < p->begun_us + FIRST_US)
		return;
	buf_clear(&p->line);
	buf_add_str(&p->line, text);
	draw(p);
}

void
progress_clear(struct progress *p)
{
	if (p->drawn && write(STDERR_FILENO, "\r\033[K", 4) > 0)
		p->drawn = false;
}

void
progress_end(struct progress *p)
{
	progress_clear(p);
	buf_fini(&p->line);
	p->shown = false;
}
