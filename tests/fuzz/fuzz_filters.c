/* The parsers of filters, milters and mailbox servers, chosen by the first byte; for each of the
 * columns of an Exchange log too. */
#include "parse/dovecot.h"
#include "parse/exchange.h"
#include "parse/filter.h"
#include "wire/msgtrk.h"

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum parse_result (*const parsers[])(const struct line *line, struct event *e) = {
	parse_amavis,
	parse_clamav,
	parse_cyrus,
	parse_dovecot,
	parse_msgtrk,
	parse_opendkim,
	parse_opendmarc,
	parse_postgrey,
	parse_rspamd,
	parse_spamd,
	parse_spf,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char fields[] =
		"#Fields: "
		"date-time,client-ip,source-context,event-id,internal-message-id,message-id,"
		"recipient-address,recipient-status,total-bytes,recipient-count,sender-address,"
		"return-path";
	struct msgtrk_columns columns;
	struct event e;
	struct buf b = {0};
	if (size == 0)
		return 0;
	msgtrk_look(S(fields), &columns);
	struct line line = {.text = {(const char *)data + 1, size - 1}, .columns = &columns};
	event_init(&e);
	parsers[(data[0] - 'a') % (sizeof(parsers) / sizeof(parsers[0]))](&line, &e);
	event_add_json(&b, &e);
	buf_fini(&b);
	return 0;
}
