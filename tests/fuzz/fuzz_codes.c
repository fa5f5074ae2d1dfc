/* What somebody pasted, and its explanation. The first line is the server's name. */
#include "codes/codes.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size}, mx = S("");
	struct codes_question q;
	struct codes_explanation e;
	if (size == 0)
		return 0;
	slice_split(&text, '\n', &mx);
	codes_read(text, &q);
	if (q.mx.n == 0)
		q.mx = mx;
	if (codes_explain(&q, &e))
		assert(e.text[CODES_LANGUAGE_FR].advice && codes_severity_name(e.severity));
	return 0;
}
