#include "base/json.h"

#include "base/time.h"

/* Length of the valid UTF-8 sequence at p (RFC 3629: no surrogates, no overlong forms), or 0. */
static size_t
utf8_length(const unsigned char *p, size_t left)
{
	static const unsigned char second_min[] = {[0xe0 - 0xc2] = 0xa0, [0xf0 - 0xc2] = 0x90};
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	size_t n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (left < n)
		return 0;
	size_t row = (size_t)(p[0] - 0xc2);
	unsigned char low = row < sizeof(second_min) && second_min[row] ? second_min[row] : 0x80;
	unsigned char high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void
add_escaped(struct buf *b, unsigned char c)
{
	if (c == '"' || c == '\\')
		buf_addf(b, "\\%c", c);
	else if (c == '\n')
		buf_add(b, S("\\n"));
	else if (c == '\t')
		buf_add(b, S("\\t"));
	else if (c == '\r')
		buf_add(b, S("\\r"));
	else
		buf_addf(b, "\\u%04x", c);
}

void
json_add_string(struct buf *b, struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0, plain = 0;
	buf_add_char(b, '"');
	while (i < s.n) {
		bool escape = p[i] < 0x20 || p[i] == '"' || p[i] == '\\' || p[i] == 0x7f;
		size_t n = escape ? 1 : utf8_length(p + i, s.n - i);
		/* U+0080 to U+009F: a terminal takes them for commands as it does those below
		 * U+0020. */
		bool control = n == 2 && p[i] == 0xc2 && p[i + 1] < 0xa0;
		if (!escape && !control && n) {
			i += n;
			continue;
		}
		buf_add(b, slice_of(s.p + plain, i - plain));
		if (escape || control)
			add_escaped(b, p[i += control]);
		else
			buf_add(b, S("\xef\xbf\xbd"));
		plain = ++i;
	}
	buf_add(b, slice_skip(s, plain));
	buf_add_char(b, '"');
}

void
json_add_comma(struct buf *b)
{
	char last = b->n ? b->p[b->n - 1] : '{';
	if (last != '{' && last != '[' && last != ':' && last != '\n')
		buf_add_char(b, ',');
}

void
json_add_key(struct buf *b, const char *name)
{
	json_add_comma(b);
	buf_add_char(b, '"');
	buf_add_str(b, name);
	buf_add(b, S("\":"));
}

void
json_add_field(struct buf *b, const char *name, struct slice value)
{
	json_add_key(b, name);
	json_add_string(b, value);
}

void
json_add_field_str(struct buf *b, const char *name, const char *value)
{
	json_add_key(b, name);
	if (value)
		json_add_string(b, slice_of_str(value));
	else
		buf_add(b, S("null"));
}

void
json_add_field_i64(struct buf *b, const char *name, int64_t value)
{
	json_add_key(b, name);
	buf_add_i64(b, value);
}

void
json_add_field_bool(struct buf *b, const char *name, bool value)
{
	json_add_key(b, name);
	buf_add_str(b, value ? "true" : "false");
}

void
json_add_field_time(struct buf *b, const char *name, int64_t t_us)
{
	json_add_key(b, name);
	if (!t_us) {
		buf_add(b, S("null"));
		return;
	}
	buf_add_char(b, '"');
	time_add_iso_ms(b, t_us);
	buf_add_char(b, '"');
}

void
json_add_field_some(struct buf *b, const char *name, struct slice value)
{
	if (value.n)
		json_add_field(b, name, value);
}
