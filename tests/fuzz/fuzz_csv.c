/* Records of a tracking log: joining, columns, fields. No line may be lost: as many bytes come out
 * of the joiner as went in, but for line ends. */
#include "wire/csv.h"
#include "wire/msgtrk.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
read_record(struct slice record, struct msgtrk_columns *columns, struct arena *scratch)
{
	struct slice fields[MSGTRK_COLUMN_COUNT];
	struct line line;
	size_t seen = 0;
	for (size_t i = 0; i < record.n; i++)
		seen += record.p[i] != '\n' && record.p[i] != '\r';
	if (msgtrk_look(record, columns) != MSGTRK_ROW)
		return seen;
	if (columns->field_count == 0)
		msgtrk_guess_columns(record, columns);
	msgtrk_read(record, columns, &line);
	msgtrk_split(columns, record, scratch, fields);
	return seen;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of((const char *)data, size), text, record;
	struct msgtrk_columns columns = {0};
	struct arena scratch = {0};
	struct csv_joiner joiner;
	size_t in = 0, out = 0;
	msgtrk_guess_columns(S(""), &columns);
	csv_joiner_init(&joiner, 64);
	for (size_t i = 0; i < size; i++)
		in += data[i] != '\n' && data[i] != '\r';
	while (slice_split(&rest, '\n', &text)) {
		bool more = csv_joiner_push(&joiner, text, &record);
		for (; more; more = csv_joiner_more(&joiner, &record))
			out += read_record(record, &columns, &scratch);
	}
	while (csv_joiner_end(&joiner, &record))
		out += read_record(record, &columns, &scratch);
	assert(in == out);
	csv_joiner_fini(&joiner);
	arena_fini(&scratch);
	return 0;
}
