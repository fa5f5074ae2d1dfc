#include "wire/framing.h"

#include <assert.h>

enum {
	COUNT_DIGITS_MAX = 7, /* a longer count is none */
	CAP_MIN = 16,	      /* holds a head */
};

void
framing_init(struct framing *f, size_t cap_bytes, bool octet_counting)
{
	assert(cap_bytes >= CAP_MIN);
	*f = (struct framing){.cap_bytes = cap_bytes, .octet_counting = octet_counting};
}

void
framing_fini(struct framing *f)
{
	buf_fini(&f->partial);
}

static void
take(struct framing *f, struct slice *input, size_t n)
{
	*input = slice_skip(*input, n);
	f->taken_bytes += n;
}

/* Takes `n` bytes of an unfinished frame, as far as the cap allows. */
static void
keep(struct framing *f, struct slice *input, size_t n)
{
	size_t room = f->cap_bytes - f->partial.n;
	size_t kept = n < room ? n : room;
	buf_add(&f->partial, slice_head(*input, kept));
	f->over_bytes += n - kept;
	take(f, input, n);
}

/* Takes the last `n` bytes of a frame. Nothing is copied when the whole frame lies in the input. */
static struct slice
finish(struct framing *f, struct slice *input, size_t n)
{
	struct slice frame = slice_head(*input, n < f->cap_bytes ? n : f->cap_bytes);
	if (f->partial.n == 0 && f->over_bytes == 0) {
		f->over_bytes = n - frame.n;
		take(f, input, n);
	} else {
		keep(f, input, n);
		frame = buf_slice(&f->partial);
		f->delivered = true;
	}
	f->frames++;
	f->cut_frames += f->over_bytes > 0;
	f->dropped_bytes += f->over_bytes;
	f->over_bytes = 0;
	f->begun = f->counted = false;
	return frame;
}

enum head {
	HEAD_LINE,
	HEAD_COUNT,
	HEAD_MORE, /* too few bytes to tell */
};

/* "123 <": the count and the bytes it takes. */
static enum head
read_head(struct slice s, size_t *count, size_t *head_n)
{
	size_t n = 0;
	*count = 0;
	for (; n < s.n && n < COUNT_DIGITS_MAX && slice_is_digit(s.p[n]); n++)
		*count = *count * 10 + (size_t)(s.p[n] - '0');
	if (s.n && (n == 0 || s.p[0] == '0' || (n < s.n && s.p[n] != ' ')))
		return HEAD_LINE;
	if (n + 2 > s.n)
		return HEAD_MORE;
	*head_n = n + 1;
	return s.p[n + 1] == '<' ? HEAD_COUNT : HEAD_LINE;
}

/* Finds out of which kind the frame is; false when the input ends before that. A head that comes in
 * pieces is put together in `partial`. */
static bool
begin(struct framing *f, struct slice *input)
{
	size_t count, head_n = 0;
	enum head head = read_head(*input, &count, &head_n);
	if (f->partial.n == 0 && head == HEAD_COUNT)
		take(f, input, head_n);
	while (f->partial.n > 0 || head == HEAD_MORE) {
		if (input->n == 0)
			return false;
		head = HEAD_LINE;
		if (*input->p == '\n')
			break;
		keep(f, input, 1);
		head = read_head(buf_slice(&f->partial), &count, &head_n);
		if (head == HEAD_COUNT) {
			buf_clear(&f->partial);
			buf_add_char(&f->partial, '<');
			count--;
		}
		if (head != HEAD_MORE)
			break;
	}
	f->begun = true;
	f->counted = head == HEAD_COUNT;
	f->todo_bytes = count;
	return true;
}

static bool
next_counted(struct framing *f, struct slice *input, struct slice *frame)
{
	if (input->n < f->todo_bytes) {
		f->todo_bytes -= input->n;
		keep(f, input, input->n);
		return false;
	}
	*frame = finish(f, input, f->todo_bytes);
	return true;
}

static bool
next_line(struct framing *f, struct slice *input, struct slice *frame)
{
	ptrdiff_t at = slice_find_char(*input, '\n');
	if (at < 0) {
		keep(f, input, input->n);
		return false;
	}
	*frame = finish(f, input, (size_t)at);
	take(f, input, 1);
	return true;
}

static void
forget_delivered(struct framing *f)
{
	if (f->delivered)
		buf_clear(&f->partial);
	f->delivered = false;
}

bool
framing_next(struct framing *f, struct slice *input, struct slice *frame)
{
	forget_delivered(f);
	if (input->n == 0 || (f->octet_counting && !f->begun && !begin(f, input)))
		return false;
	if (!(f->counted ? next_counted : next_line)(f, input, frame))
		return false;
	f->consumed_bytes = f->taken_bytes;
	return true;
}

bool
framing_end(struct framing *f, struct slice *frame)
{
	forget_delivered(f);
	struct slice nothing = {"", 0};
	if (f->partial.n == 0 && f->over_bytes == 0)
		return false;
	*frame = finish(f, &nothing, 0);
	return true;
}
