/* Headers and the clock: many lines in a row, so that one line's stamp bears on the next. */
#include "wire/queue_id.h"
#include "wire/syslog.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of((const char *)data, size), text;
	struct syslog_clock clock, probe;
	struct line line;
	syslog_clock_init(&clock, 1795324899 * TIME_SECOND_US);
	if (size % 2)
		syslog_clock_set_local_zone(&clock);
	syslog_clock_probe_begin(&probe, &clock);
	for (struct slice ahead = rest; slice_split(&ahead, '\n', &text);)
		syslog_read(text, &probe, &line);
	syslog_clock_probe_end(&probe, &clock);
	while (slice_split(&rest, '\n', &text)) {
		enum syslog_result result = syslog_read(text, &clock, &line);
		assert((result == SYSLOG_OK) == (line.t_us != 0));
		assert(line.text.n <= line.raw.n && line.raw.n <= text.n);
		queue_id_valid(line.text);
	}
	return 0;
}
