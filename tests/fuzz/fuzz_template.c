/* Templates: the first six lines are the words, the rest is the text. */
#include "store/terms.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every % is followed by one of the signs. */
static void check_signs(struct slice template)
{
	for (size_t i = 0; i < template.n; i++) {
		if (template.p[i] != '%')
			continue;
		assert(i + 1 < template.n && memchr("rshinq*%", template.p[i + 1], 8));
		i++;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size}, words[6] = {0};
	struct buf b = {0};
	for (size_t i = 0; i < 6 && size; i++)
		slice_split(&text, '\n', &words[i]);
	term_template(&b, text,
		&(struct term_words){words[0], words[1], words[2], words[3], words[4], words[5]});
	assert(b.n <= 500);
	check_signs(buf_slice(&b));
	buf_fini(&b);
	return 0;
}
