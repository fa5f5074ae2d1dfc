#include "show/mail_id_text.h"

#include "base/time.h"

#define EPOCH_US (INT64_C(1577836800) * TIME_SECOND_US) /* 2020-01-01 */

int32_t
mail_id_text_minute(int64_t t_us)
{
	int64_t since = t_us - EPOCH_US;
	int64_t minute = since / TIME_MINUTE_US - (since % TIME_MINUTE_US < 0);
	return (int32_t)minute;
}

int64_t
mail_id_text_time_us(int32_t minute)
{
	return EPOCH_US + minute * TIME_MINUTE_US;
}

void
mail_id_text_add(struct buf *b, const struct mail_id_text *id)
{
	if (id->reject)
		buf_addf(b, "r%x-%d-%016llx", (unsigned)id->minute, (int)id->host,
			(unsigned long long)id->hash);
	else
		buf_addf(b, "m%016llx-%08x-%x", (unsigned long long)id->mail_id, id->branch,
			(unsigned)id->minute);
}

/* Hex in lower case, whole slice, 1 to `most` digits. */
static bool
read_hex(struct slice s, size_t most, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = c >= 'a' && c <= 'f';
		if (!letter && !slice_is_digit(c))
			return false;
		*value = *value << 4 | (uint64_t)(letter ? c - 'a' + 10 : c - '0');
	}
	return s.n > 0 && s.n <= most;
}

bool
mail_id_text_parse(struct slice text, struct mail_id_text *id)
{
	struct slice rest = slice_skip(text, 1), a, b, c;
	uint64_t minute, branch, host;
	*id = (struct mail_id_text){.reject = slice_starts(text, S("r"))};
	if (!id->reject && !slice_starts(text, S("m")))
		return false;
	if (!slice_split(&rest, '-', &a) || !slice_split(&rest, '-', &b) ||
		!slice_split(&rest, '-', &c) || rest.p)
		return false;
	if (id->reject) {
		bool ok = read_hex(a, 8, &minute) && slice_to_u64(b, &host) && host <= INT16_MAX &&
			  c.n == 16 && read_hex(c, 16, &id->hash);
		id->minute = ok ? (int32_t)(uint32_t)minute : 0;
		id->host = ok ? (int32_t)host : 0;
		return ok;
	}
	bool ok = a.n == 16 && read_hex(a, 16, &id->mail_id) && b.n == 8 &&
		  read_hex(b, 8, &branch) && read_hex(c, 8, &minute);
	id->branch = ok ? (uint32_t)branch : 0;
	id->minute = ok ? (int32_t)(uint32_t)minute : 0;
	return ok;
}
