#include "show/text.h"

struct range {
	uint32_t first, last;
};

/* Unicode 15. What moves, hides or reorders other text. */
static const struct range controls[] = {
	{0x7f, 0x9f},
	{0xad, 0xad},
	{0x600, 0x605},
	{0x61c, 0x61c},
	{0x180e, 0x180e},
	{0x200b, 0x200f},
	{0x2028, 0x202e},
	{0x2060, 0x206f},
	{0xfeff, 0xfeff},
	{0xfff9, 0xfffb},
	{0xe0000, 0xe007f},
};

/* Two columns: East Asian Width W and F, and pictures. */
static const struct range wide[] = {
	{0x1100, 0x115f},
	{0x2e80, 0x303e},
	{0x3041, 0xa4cf},
	{0xac00, 0xd7a3},
	{0xf900, 0xfaff},
	{0xfe30, 0xfe6f},
	{0xff00, 0xff60},
	{0xffe0, 0xffe6},
	{0x1f300, 0x1faff},
	{0x20000, 0x3fffd},
};

static const struct range combining[] = {
	{0x300, 0x36f},
	{0x483, 0x489},
	{0x591, 0x5bd},
	{0x64b, 0x65f},
	{0x1ab0, 0x1aff},
	{0x20d0, 0x20ff},
	{0xfe00, 0xfe0f},
};

#define IN(ranges, c) in_ranges(ranges, sizeof(ranges) / sizeof((ranges)[0]), c)

static bool
in_ranges(const struct range *ranges, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* One character (RFC 3629); 0 bytes when there is none here. */
static size_t
decode(struct slice s, uint32_t *c)
{
	const unsigned char *p = (const unsigned char *)s.p;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (s.n == 0)
		return 0;
	*c = p[0];
	if (p[0] < 0x80)
		return 1;
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || s.n < n)
		return 0;
	*c = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	return *c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff) ? 0 : n;
}

static void
add_escaped(struct buf *b, struct slice bytes)
{
	for (size_t i = 0; i < bytes.n; i++)
		buf_addf(b, "\\x%02x", (unsigned char)bytes.p[i]);
}

static size_t
plain_run(struct slice s)
{
	size_t n = 0;
	while (n < s.n && s.p[n] >= ' ' && s.p[n] < 0x7f)
		n++;
	return n;
}

static void
add_safe(struct buf *b, struct slice text, char tab)
{
	while (text.n) {
		size_t n = plain_run(text);
		buf_add(b, slice_head(text, n));
		text = slice_skip(text, n);
		if (text.n == 0)
			return;
		uint32_t c = 0;
		n = decode(text, &c);
		if (n == 1 && c == '\t')
			buf_add_char(b, tab);
		else if (n == 0 || c < ' ' || IN(controls, c))
			add_escaped(b, slice_head(text, n ? n : 1));
		else
			buf_add(b, slice_head(text, n));
		text = slice_skip(text, n ? n : 1);
	}
}

void
text_add_safe(struct buf *b, struct slice text)
{
	add_safe(b, text, ' ');
}

void
text_add_safe_line(struct buf *b, struct slice text)
{
	add_safe(b, text, '\t');
}

static size_t
columns_of(uint32_t c)
{
	if (c < 0x300)
		return 1;
	return IN(combining, c) ? 0 : IN(wide, c) ? 2 : 1;
}

size_t
text_columns(struct slice safe)
{
	size_t columns = 0;
	while (safe.n) {
		uint32_t c = ' ';
		size_t n = decode(safe, &c);
		columns += columns_of(c);
		safe = slice_skip(safe, n ? n : 1);
	}
	return columns;
}

void
text_add_cut(struct buf *b, struct slice safe, size_t columns, struct slice ellipsis)
{
	if (text_columns(safe) <= columns) {
		buf_add(b, safe);
		return;
	}
	size_t used = 0, end = 0;
	while (end < safe.n) {
		uint32_t c = ' ';
		size_t n = decode(slice_skip(safe, end), &c);
		if (used + columns_of(c) + 1 > columns)
			break;
		used += columns_of(c);
		end += n ? n : 1;
	}
	buf_add(b, slice_head(safe, end));
	if (columns > 0)
		buf_add(b, ellipsis);
}

void
text_add_number(struct buf *b, uint64_t n)
{
	char digits[32];
	int count = 0;
	do {
		digits[count++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (count > 0) {
		buf_add_char(b, digits[--count]);
		if (count > 0 && count % 3 == 0)
			buf_add_char(b, ',');
	}
}

void
text_add_bytes(struct buf *b, uint64_t bytes)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	double value = (double)bytes / 1000;
	size_t unit = 0;
	if (bytes < 1000) {
		buf_addf(b, "%u B", (unsigned)bytes);
		return;
	}
	while (value >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1000;
		unit++;
	}
	buf_addf(b, "%.1f %s", value, units[unit]);
}

static bool
is_shell_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || slice_is_digit(c) ||
	       (c && strchr("@%+=:,./_-", c));
}

void
text_add_shell(struct buf *b, struct slice word)
{
	size_t plain = 0;
	while (plain < word.n && is_shell_plain(word.p[plain]))
		plain++;
	if (word.n && plain == word.n) {
		buf_add(b, word);
		return;
	}
	buf_add_char(b, '\'');
	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] == '\'')
			buf_add_str(b, "'\\''");
		else
			buf_add_char(b, word.p[i]);
	}
	buf_add_char(b, '\'');
}
