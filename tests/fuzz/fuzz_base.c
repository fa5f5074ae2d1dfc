/* The readers and writers of src/base that see log text as it comes. */
#include "base/ip.h"
#include "base/json.h"
#include "base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size), word, rest = text;
	struct cursor c = cursor_of(text);
	struct buf b = {0};
	struct ip ip;
	int64_t ms = 0;
	if (ip_parse(text, true, &ip))
		ip_add(&b, &ip);
	time_add_iso_ms(&b, time_read_iso(&c, TIME_HOUR_US));
	slice_to_ms(text, &ms);
	time_add_duration(&b, ms);
	while (slice_split(&rest, ' ', &word))
		json_add_field(&b, "word", slice_trim(word));
	buf_fini(&b);
	return 0;
}
