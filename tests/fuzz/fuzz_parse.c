/* The first byte chooses the program, the rest is the text. Every field of the event must lie in
 * the line (the filters may use literals: theirs are only read), and the event must print. */
#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "parse/parse.h"

static const char *const programs[] = {"postfix/smtpd", "postfix/cleanup", "postfix/qmgr",
	"postfix/smtp", "postfix/postscreen", "postfix/bounce", "postfix/postsuper", "postfix",
	"postfix-out/submission/smtpd", "postfix/anvil", "amavis", "spamd", "clamd",
	"clamav-milter", "clamsmtpd", "rspamd", "opendkim", "opendmarc", "policyd-spf", "postgrey",
	"greylse", "dovecot", "cyrus/lmtpunix", "MSGTRK"};

enum { PROGRAMS = sizeof(programs) / sizeof(programs[0]), OF_POSTFIX = 10 };

static bool
lies_within(struct slice part, struct slice whole)
{
	return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void
check_fields(const struct event *e, const struct line *line, bool borrowed)
{
	for (const struct event_field *f = event_fields; f->name; f++) {
		struct slice value;
		memcpy(&value, (const char *)e + f->offset, sizeof(value));
		assert(!borrowed || lies_within(value, line->text) ||
			lies_within(value, line->program));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	size_t program = data[0] % PROGRAMS;
	char *copy = malloc(size);
	assert(copy);
	memcpy(copy, data + 1, size - 1);
	struct line line = {
		.program = slice_of_str(programs[program]), .text = slice_of(copy, size - 1)};
	line.raw = line.text;
	struct event e;
	struct buf b = {0};
	parse_line(&line, &e);
	check_fields(&e, &line, program < OF_POSTFIX);
	event_add_json(&b, &e);
	parse_add_shape(&b, line.text);
	struct slice rest = e.rcpts, rcpt;
	while (event_next_rcpt(&rest, &rcpt))
		assert(lies_within(rcpt, e.rcpts));
	buf_fini(&b);
	free(copy);
	return 0;
}
