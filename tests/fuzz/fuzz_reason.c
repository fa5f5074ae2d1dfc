/* The class of a reply. The first line is the code, the second the enhanced status code. */
#include "parse/reason.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size}, code = S(""), dsn = S("");
	if (size == 0)
		return 0;
	slice_split(&text, '\n', &code);
	slice_split(&text, '\n', &dsn);
	assert(reason_of(code, dsn, text) < REASON_COUNT);
	return 0;
}
