#include "input/detect.h"

#include "wire/msgtrk.h"
#include "wire/syslog.h"

static const struct {
	struct slice magic;
	const char *refusal;
} foreign[] = {
	{{"BZh", 3}, "it is compressed with bzip2: give it as  bzip2 -dc FILE | ... -"},
	{{"PK\x03\x04", 4}, "it is a zip archive: unpack it first"},
	{{"7z\xbc\xaf\x27\x1c", 6}, "it is a 7-Zip archive: unpack it first"},
	{{"\x04\x22\x4d\x18", 4}, "it is compressed with lz4: give it as  lz4 -dc FILE | ... -"},
	{{"\x1f\x9d", 2}, "it is compressed with compress: give it as  zcat FILE | ... -"},
	{{"LPKSHHRH", 8},
		"it is a systemd journal: give it as  journalctl -o short-iso --file FILE | ... -"},
	{{"\xff\xfe", 2},
		"it is UTF-16 text: convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)"},
	{{"\xfe\xff", 2},
		"it is UTF-16 text: convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)"},
};

bool
detect_line(struct slice *rest, struct slice *line)
{
	ptrdiff_t at = slice_find_char(*rest, '\n');
	if (at < 0)
		return false;
	*line = syslog_without_line_end(slice_head(*rest, (size_t)at + 1));
	*rest = slice_skip(*rest, (size_t)at + 1);
	return true;
}

/* Any year will do for the question whether there is a stamp. */
static const int64_t year_2100_us = 4102444800 * TIME_SECOND_US;

static bool
has_header(struct slice head)
{
	struct syslog_clock clock;
	struct slice text;
	struct line line;
	syslog_clock_init(&clock, year_2100_us);
	while (detect_line(&head, &text))
		if (syslog_read(text, &clock, &line) == SYSLOG_OK)
			return true;
	return false;
}

/* Control characters that no text has. */
static size_t
count_controls(struct slice s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char ch = (unsigned char)s.p[i];
		n += (ch < ' ' && ch != '\t' && ch != '\n' && ch != '\r' && ch != '\x1b') ||
		     ch == 0x7f;
	}
	return n;
}

const char *
detect_refusal(struct slice head)
{
	enum { CONTROLS_PER_CENT = 2 };
	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
		if (slice_starts(head, foreign[i].magic))
			return foreign[i].refusal;
	if (count_controls(head) * 100 <= head.n * CONTROLS_PER_CENT || has_header(head) ||
		detect_format(head) == INPUT_MSGTRK)
		return NULL;
	return "it is a binary file, not a log";
}

enum input_format
detect_format(struct slice head)
{
	struct msgtrk_columns columns;
	struct slice line;
	if (slice_starts(head, S("\xef\xbb\xbf")))
		head = slice_skip(head, 3);
	while (detect_line(&head, &line)) {
		if (slice_starts(line, S("#")) && msgtrk_look(line, &columns) == MSGTRK_FIELDS &&
			columns.at[MSGTRK_EVENT_ID] >= 0)
			return INPUT_MSGTRK;
		if (!slice_starts(line, S("#")) && line.n > 0)
			return msgtrk_guess_columns(line, &columns) ? INPUT_MSGTRK : INPUT_SYSLOG;
	}
	return INPUT_SYSLOG;
}
