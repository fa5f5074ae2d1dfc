#include "wire/syslog.h"

#include "wire/queue_id.h"

enum {
	PROGRAM_CUT = 32, /* RFC 3164 4.1.3: longest tag; old syslogds cut there */
};

enum stamp_kind {
	STAMP_NONE,
	STAMP_UTC,   /* zone known: naive_us is UTC */
	STAMP_NAIVE, /* year known, zone not */
	STAMP_DAY,   /* month and day only */
};

static size_t
left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

/* Two digits, or a negative number. */
static int
two_digits(const char *p)
{
	int high = p[0] - '0', low = p[1] - '0';
	return (unsigned)high > 9 || (unsigned)low > 9 ? -10000 : high * 10 + low;
}

static int
four_digits(const char *p)
{
	return two_digits(p) * 100 + two_digits(p + 2);
}

/* "<22>" */
static void
skip_priority(struct cursor *c)
{
	size_t n = 1;
	if (left(c) < 3 || *c->p != '<')
		return;
	while (n < left(c) && n < 4 && slice_is_digit(c->p[n]))
		n++;
	if (n > 1 && n < left(c) && c->p[n] == '>')
		c->p += n + 1;
}

/* ".087984", "," too; more than six digits are read and dropped. */
static int64_t
read_fraction_us(struct cursor *c)
{
	if (left(c) < 2 || (*c->p != '.' && *c->p != ',') || !slice_is_digit(c->p[1]))
		return 0;
	static const int32_t unit_us[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
	const char *p = c->p + 1, *end = c->end - p > 6 ? p + 6 : c->end;
	int32_t value = 0;
	for (; p < end && slice_is_digit(*p); p++)
		value = value * 10 + (*p - '0');
	int64_t micros = (int64_t)value * unit_us[p - c->p - 1];
	while (p < c->end && slice_is_digit(*p))
		p++;
	c->p = p;
	return micros;
}

/* "05:21:39" and a fraction; -1 when it is none. */
static int64_t
read_time_of_day(struct cursor *c)
{
	const char *p = c->p;
	if (left(c) < 8 || p[2] != ':' || p[5] != ':')
		return -1;
	int hour = two_digits(p), minute = two_digits(p + 3), second = two_digits(p + 6);
	if ((hour | minute | second) < 0 || hour > 23 || minute > 59 || second > 60)
		return -1;
	c->p += 8;
	return (hour * 3600 + minute * 60 + second) * TIME_SECOND_US + read_fraction_us(c);
}

/* "Z", "+02:00", "-0500"; false when there is none here. */
static bool
read_zone_us(struct cursor *c, int64_t *zone_us)
{
	const char *p = c->p;
	*zone_us = 0;
	if (left(c) && *p == 'Z') {
		c->p++;
		return true;
	}
	if (left(c) < 5 || (*p != '+' && *p != '-'))
		return false;
	size_t colon = p[3] == ':';
	if (left(c) < 5 + colon)
		return false;
	int hours = two_digits(p + 1), minutes = two_digits(p + 3 + colon);
	if ((hours | minutes) < 0 || hours > 23 || minutes > 59)
		return false;
	c->p += 5 + colon;
	*zone_us = (hours * 60 + minutes) * (*p == '+' ? TIME_MINUTE_US : -TIME_MINUTE_US);
	return true;
}

/* "2026-11-22" -> start of that day, or -1. The clock keeps the day read last. */
static int64_t
read_date_us(struct cursor *c, struct syslog_clock *clock)
{
	const char *p = c->p;
	if (memcmp(p, clock->iso_date, sizeof(clock->iso_date)) != 0) {
		struct time_civil civil = {.year = four_digits(p),
			.month = two_digits(p + 5),
			.day = two_digits(p + 8)};
		if (p[4] != '-' || p[7] != '-' || !time_civil_valid(&civil))
			return -1;
		clock->iso_day_us = time_from_civil(&civil);
		memcpy(clock->iso_date, p, sizeof(clock->iso_date));
		syslog_clock_note(clock, clock->iso_day_us);
	}
	c->p += sizeof(clock->iso_date);
	return clock->iso_day_us;
}

/* "2026-11-22T05:21:39.087984+00:00" and "2026-11-22 05:21:39" */
static enum stamp_kind
read_iso(struct cursor *c, struct syslog_clock *clock, struct syslog_stamp *stamp)
{
	if (left(c) < 19 || (c->p[10] != 'T' && c->p[10] != ' '))
		return STAMP_NONE;
	int64_t day_us = read_date_us(c, clock);
	if (day_us < 0)
		return STAMP_NONE;
	c->p++;
	int64_t time_us = read_time_of_day(c);
	if (time_us < 0)
		return STAMP_NONE;
	int64_t zone_us;
	bool zone = read_zone_us(c, &zone_us);
	stamp->has_year = true;
	stamp->naive_us = day_us + time_us - zone_us;
	return zone ? STAMP_UTC : STAMP_NAIVE;
}

/* 1 to 12, or 0. The sum of the last two letters tells all twelve apart. */
static int
month_of(const char *p)
{
	static const struct {
		char name[4];
		int month;
	} months[32] = {
		[1] = {"Jul", 7},
		[2] = {"Apr", 4},
		[3] = {"Jun", 6},
		[5] = {"Nov", 11},
		[7] = {"Feb", 2},
		[8] = {"Dec", 12},
		[15] = {"Jan", 1},
		[19] = {"Mar", 3},
		[21] = {"Sep", 9},
		[23] = {"Oct", 10},
		[26] = {"May", 5},
		[28] = {"Aug", 8},
	};
	unsigned sum = (unsigned)(unsigned char)p[1] + (unsigned char)p[2];
	return memcmp(p, months[sum & 31].name, 3) == 0 ? months[sum & 31].month : 0;
}

/* "22 ", " 2 ", "2 " */
static int
read_day(struct cursor *c)
{
	int day = 0;
	if (left(c) && *c->p == ' ')
		c->p++;
	for (int i = 0; i < 2 && left(c) && slice_is_digit(*c->p); i++)
		day = day * 10 + (*c->p++ - '0');
	if (!left(c) || *c->p != ' ' || day > 31)
		return 0;
	c->p++;
	return day;
}

/* "2026" with a blank behind it; 0 = none. */
static int
read_year(struct cursor *c)
{
	if (left(c) < 5 || c->p[4] != ' ' || (c->p[0] != '1' && c->p[0] != '2'))
		return 0;
	int year = four_digits(c->p);
	if (year < 1970)
		return 0;
	c->p += 5;
	return year;
}

static enum stamp_kind
with_year(struct syslog_stamp *stamp, int year)
{
	struct time_civil civil = {.year = year, .month = stamp->month, .day = stamp->day};
	if (!time_civil_valid(&civil))
		return STAMP_NONE;
	stamp->has_year = true;
	stamp->naive_us += time_from_civil(&civil);
	return STAMP_NAIVE;
}

/* "Nov 22 05:21:39", "Nov  2 2026 05:21:39", "Nov 22 05:21:39 2026" */
static enum stamp_kind
read_3164(struct cursor *c, struct syslog_stamp *stamp)
{
	if (left(c) < 14 || c->p[3] != ' ')
		return STAMP_NONE;
	stamp->month = month_of(c->p);
	c->p += 4;
	stamp->day = stamp->month ? read_day(c) : 0;
	if (stamp->day == 0)
		return STAMP_NONE;
	int year = read_year(c);
	stamp->naive_us = read_time_of_day(c);
	if (stamp->naive_us < 0)
		return STAMP_NONE;
	if (left(c) && *c->p == ':') /* Cisco */
		c->p++;
	if (!year && left(c) && *c->p == ' ') {
		c->p++;
		year = read_year(c);
		c->p -= !year;
	}
	if (year) {
		c->p -= c->p[-1] == ' ';
		return with_year(stamp, year);
	}
	return STAMP_DAY;
}

/* The next word, and past the blank behind it. */
static struct slice
read_word(struct cursor *c)
{
	const char *start = c->p;
	while (c->p < c->end && *c->p != ' ')
		c->p++;
	struct slice word = {start, (size_t)(c->p - start)};
	c->p += c->p < c->end;
	return word;
}

/* What a host name or address is made of; '/' and '@' are how syslog-ng writes chains of them. */
static const bool host_chars[256] = {
	['-'] = true,
	['.'] = true,
	['_'] = true,
	[':'] = true,
	['%'] = true,
	['/'] = true,
	['@'] = true,
	['+'] = true,
	['0' ... '9'] = true,
	['A' ... 'Z'] = true,
	['a' ... 'z'] = true,
};

/* Most lines are of the host of the line before. */
static bool
read_same_host(struct cursor *c, const struct syslog_clock *clock, struct line *line)
{
	size_t n = clock->same_host_n;
	if (n == 0 || left(c) <= n || c->p[n] != ' ' || memcmp(c->p, clock->same_host, n) != 0)
		return false;
	line->host = slice_of(c->p, n);
	c->p += n + 1;
	return true;
}

/* The word before the tag; none when the first word is itself a tag ("dovecot:", "smtpd[12]:"). */
static void
read_host(struct cursor *c, struct syslog_clock *clock, struct line *line)
{
	const char *p = c->p;
	if (cursor_sees(c, S("last message repeated ")) || read_same_host(c, clock, line))
		return;
	while (p < c->end && host_chars[(unsigned char)*p])
		p++;
	size_t n = (size_t)(p - c->p);
	if (n == 0 || p[-1] == ':' || (p < c->end && *p != ' '))
		return;
	line->host = slice_of(c->p, n);
	clock->same_host_n = n <= sizeof(clock->same_host) ? n : 0;
	memcpy(clock->same_host, c->p, clock->same_host_n);
	c->p = p < c->end ? p + 1 : p;
}

/* At '[': "[123]", "[123" when the tag was cut, "[abc]"; NULL when it is none of these. */
static const char *
read_pid(const char *p, const char *end, uint32_t *pid)
{
	uint32_t value = 0;
	const char *start = ++p;
	for (; p < end && p - start < 9 && slice_is_digit(*p); p++)
		value = value * 10 + (uint32_t)(*p - '0');
	if (p == end || *p == ' ') {
		*pid = value;
		return p;
	}
	if (*p != ']')
		for (value = 0; p < end && *p != ' ' && *p != ']' && p - start < PROGRAM_CUT;)
			p++;
	if (p == end || *p != ']')
		return NULL;
	*pid = value;
	return p + 1;
}

static const bool tag_ends[256] = {
	[0 ... ' '] = true,
	['['] = true,
	[':'] = true,
	[0x80 ... 0xff] = true,
};

/* "tag[pid]: ", "tag: ", and what is left of them when cut. Without a tag nothing is taken. */
static void
read_tag(struct cursor *c, struct line *line)
{
	const char *p = c->p;
	uint32_t pid = 0;
	while (p < c->end && !tag_ends[(unsigned char)*p])
		p++;
	struct slice program = {c->p, (size_t)(p - c->p)};
	if (program.n == 0 || p == c->end)
		return;
	if (*p == '[') {
		p = read_pid(p, c->end, &pid);
		if (!p)
			return;
	} else if (*p != ':' && program.n != PROGRAM_CUT) {
		return;
	}
	p += p < c->end && *p == ':';
	p += p < c->end && *p == ' ';
	line->program = program;
	line->pid = pid;
	c->p = p;
}

/* The time of the long queue id that "ID: client=" and "ID: uid=" begin with, else 0. These are
 * logged when the id is made (smtpd, pickup); other lines come later. */
static int64_t
evidence_us(struct slice text)
{
	enum { SEPARATOR_AT = 10 };
	if (text.n <= SEPARATOR_AT || text.p[SEPARATOR_AT] != 'z')
		return 0;
	struct cursor c = cursor_of(slice_head(text, 40));
	struct slice id = cursor_until(&c, S(": "));
	if (!cursor_optional(&c, S("client=")) && !cursor_optional(&c, S("uid=")))
		return 0;
	return queue_id_time_us(id);
}

/* One element "[id name=\"value\" ...]"; inside quotes '"', '\\' and ']' are escaped. */
static bool
skip_element(struct cursor *c)
{
	bool quoted = false;
	for (const char *p = c->p + 1; p < c->end; p++) {
		if (quoted && *p == '\\' && p + 1 < c->end)
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (*p == ']' && !quoted) {
			c->p = p + 1;
			return true;
		}
	}
	return false;
}

/* "-" or elements, then the blank before the text. What is no structured data stays part of the
 * text. */
static void
skip_structured_data(struct cursor *c)
{
	if (left(c) && *c->p == '-' && (left(c) == 1 || c->p[1] == ' '))
		c->p++;
	else
		while (left(c) && *c->p == '[' && skip_element(c))
			;
	cursor_optional(c, S(" "));
}

static struct slice
nil_is_empty(struct slice word)
{
	return word.n == 1 && *word.p == '-' ? slice_skip(word, 1) : word;
}

/* TIMESTAMP, and past the blank behind it; anything else there is passed over. */
static enum stamp_kind
read_5424_stamp(struct cursor *c, struct syslog_clock *clock, struct syslog_stamp *stamp)
{
	const char *start = c->p;
	enum stamp_kind kind = read_iso(c, clock, stamp);
	if (kind != STAMP_NONE && (!left(c) || *c->p == ' ')) {
		c->p += left(c) > 0;
		return kind;
	}
	c->p = start;
	read_word(c);
	return STAMP_NONE;
}

static enum syslog_result
read_5424(struct cursor *c, struct syslog_clock *clock, struct line *line)
{
	struct syslog_stamp stamp = {0};
	enum stamp_kind kind = read_5424_stamp(c, clock, &stamp);
	uint64_t pid;
	line->host = nil_is_empty(read_word(c));
	line->program = nil_is_empty(read_word(c));
	if (slice_to_u64(read_word(c), &pid) && pid <= UINT32_MAX)
		line->pid = (uint32_t)pid;
	read_word(c); /* MSGID */
	skip_structured_data(c);
	cursor_optional(c, S(" ")); /* RSYSLOG_SyslogProtocol23Format */
	cursor_optional(c, S("\xef\xbb\xbf"));
	line->text = cursor_rest(c);
	if (kind == STAMP_UTC)
		line->t_us = stamp.naive_us;
	else if (kind == STAMP_NAIVE)
		line->t_us = syslog_clock_read(clock, &stamp, line->host, evidence_us(line->text));
	return line->t_us ? SYSLOG_OK : SYSLOG_NO_TIME;
}

/* "1 " and a date or NILVALUE behind it. */
static bool
is_5424(const struct cursor *c)
{
	const char *p = c->p;
	if (left(c) < 4 || p[0] != '1' || p[1] != ' ')
		return false;
	return (p[2] == '-' && p[3] == ' ') || (left(c) > 7 && p[6] == '-' && slice_is_digit(p[2]));
}

/* Everything but RFC 5424: stamp, host, tag, text. */
static enum syslog_result
read_plain(struct cursor *c, struct syslog_clock *clock, struct line *line)
{
	struct syslog_stamp stamp = {0};
	const char *start = c->p;
	bool digit = slice_is_digit(*c->p);
	enum stamp_kind kind = digit ? read_iso(c, clock, &stamp) : read_3164(c, &stamp);
	if (kind == STAMP_NONE || (left(c) && *c->p != ' ')) {
		line->text = slice_of(start, (size_t)(c->end - start));
		return SYSLOG_NO_TIME;
	}
	cursor_blanks(c);
	read_host(c, clock, line);
	read_tag(c, line);
	line->text = cursor_rest(c);
	if (kind == STAMP_UTC)
		line->t_us = stamp.naive_us;
	else
		line->t_us = syslog_clock_read(clock, &stamp, line->host, evidence_us(line->text));
	if (line->t_us)
		return SYSLOG_OK;
	return SYSLOG_NO_TIME;
}

enum syslog_result
syslog_read(struct slice raw, struct syslog_clock *clock, struct line *line)
{
	raw = syslog_without_line_end(raw);
	*line = (struct line){.raw = raw};
	if (raw.n == 0)
		return SYSLOG_EMPTY;
	struct cursor c = cursor_of(raw);
	skip_priority(&c);
	if (cursor_done(&c))
		return SYSLOG_EMPTY;
	if (is_5424(&c)) {
		c.p += 2;
		return read_5424(&c, clock, line);
	}
	return read_plain(&c, clock, line);
}
