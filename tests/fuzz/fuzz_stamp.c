/* What is read as a stamp lies within the frame and before the text; the frame without it says the
 * same to the reader of syslog lines. */
#include "wire/stamp.h"
#include "wire/syslog.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_within(struct slice inner, struct slice outer)
{
	assert(inner.n == 0 || (inner.p >= outer.p && inner.p + inner.n <= outer.p + outer.n));
}

static void
check_cut(struct slice frame, const struct line *line)
{
	struct buf cut = {0};
	struct line again;
	struct syslog_clock clock;
	syslog_clock_init(&clock, 1764043200 * TIME_SECOND_US);
	stamp_cut(frame, &cut);
	syslog_read(buf_slice(&cut), &clock, &again);
	assert(slice_equal(again.text, line->text) && slice_equal(again.host, line->host));
	assert(slice_equal(again.program, line->program) && again.t_us == line->t_us);
	buf_fini(&cut);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice frame = slice_of((const char *)data, size);
	struct stamp stamp;
	struct line line;
	struct syslog_clock clock;
	if (!stamp_read(frame, &stamp))
		return 0;
	syslog_clock_init(&clock, 1764043200 * TIME_SECOND_US);
	check_within(stamp.element, frame);
	check_within(stamp.uuid, stamp.element);
	check_within(stamp.boot, stamp.element);
	syslog_read(frame, &clock, &line);
	assert(slice_end(stamp.element) <= line.text.p);
	check_cut(frame, &line);
	return 0;
}
