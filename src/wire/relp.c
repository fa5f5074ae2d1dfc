#include "wire/relp.h"

#include <assert.h>

enum stage {
	STAGE_TXNR,
	STAGE_NAME,
	STAGE_LENGTH,
	STAGE_DATA,
	STAGE_TRAILER,
	STAGE_DONE, /* the frame was handed out */
	STAGE_BROKEN,
};

static void
begin(struct relp_reader *r)
{
	buf_clear(&r->partial);
	r->data = (struct slice){"", 0};
	r->data_bytes = r->todo_bytes = 0;
	r->txnr = r->name_n = r->digits = 0;
	r->stage = STAGE_TXNR;
}

void
relp_reader_init(struct relp_reader *r, size_t max_data_bytes)
{
	assert(max_data_bytes > 0);
	*r = (struct relp_reader){.max_data_bytes = max_data_bytes};
	begin(r);
}

void
relp_reader_fini(struct relp_reader *r)
{
	buf_fini(&r->partial);
}

static void
broken(struct relp_reader *r, const char *reason)
{
	r->stage = STAGE_BROKEN;
	r->reason = reason;
}

static void
read_txnr(struct relp_reader *r, char c)
{
	if (slice_is_digit(c) && r->digits < RELP_NUMBER_DIGITS) {
		r->txnr = r->txnr * 10 + (uint32_t)(c - '0');
		r->digits++;
	} else if (slice_is_digit(c)) {
		broken(r, "transaction number of more than 9 digits");
	} else if (c == ' ' && r->digits > 0) {
		r->digits = 0;
		r->stage = STAGE_NAME;
	} else {
		broken(r, "a frame must begin with a transaction number");
	}
}

static bool
is_letter(char c)
{
	return slice_lower_char(c) >= 'a' && slice_lower_char(c) <= 'z';
}

static void
read_name(struct relp_reader *r, char c)
{
	if (is_letter(c) && r->name_n < RELP_NAME_LETTERS)
		r->name[r->name_n++] = c;
	else if (is_letter(c))
		broken(r, "command of more than 32 letters");
	else if (c == ' ' && r->name_n > 0)
		r->stage = STAGE_LENGTH;
	else
		broken(r, "a command must follow the transaction number");
}

/* Without data the frame ends at once: "3 close 0 LF". */
static void
read_length(struct relp_reader *r, char c)
{
	if (slice_is_digit(c) && r->digits < RELP_NUMBER_DIGITS) {
		r->data_bytes = r->data_bytes * 10 + (size_t)(c - '0');
		r->digits++;
	} else if (slice_is_digit(c)) {
		broken(r, "data length of more than 9 digits");
	} else if (c == '\n' && r->digits > 0 && r->data_bytes == 0) {
		r->stage = STAGE_DONE;
	} else if (c == ' ' && r->digits > 0 && r->data_bytes > 0) {
		r->todo_bytes = r->data_bytes;
		r->stage = STAGE_DATA;
	} else {
		broken(r, "a data length must follow the command");
	}
}

static void
read_header(struct relp_reader *r, struct slice *input)
{
	while (r->stage < STAGE_DATA && input->n > 0) {
		char c = *input->p;
		if (r->stage == STAGE_TXNR)
			read_txnr(r, c);
		else if (r->stage == STAGE_NAME)
			read_name(r, c);
		else
			read_length(r, c);
		if (r->stage != STAGE_BROKEN)
			*input = slice_skip(*input, 1);
	}
}

/* Keeps what of the data lies in the input, as far as the cap allows. */
static void
keep_data(struct relp_reader *r, struct slice *input)
{
	struct slice piece = slice_head(*input, r->todo_bytes);
	buf_add(&r->partial, slice_head(piece, r->max_data_bytes - r->partial.n));
	r->todo_bytes -= piece.n;
	*input = slice_skip(*input, piece.n);
	r->data = buf_slice(&r->partial);
}

/* Nothing is copied when the data and the LF behind it lie in one input. */
static void
read_data(struct relp_reader *r, struct slice *input)
{
	if (r->todo_bytes == r->data_bytes && input->n > r->data_bytes) {
		r->data = slice_head(slice_head(*input, r->data_bytes), r->max_data_bytes);
		*input = slice_skip(*input, r->data_bytes);
		r->todo_bytes = 0;
	} else {
		keep_data(r, input);
	}
	if (r->todo_bytes == 0)
		r->stage = STAGE_TRAILER;
}

static void
read_trailer(struct relp_reader *r, struct slice *input)
{
	if (*input->p != '\n') {
		broken(r, "a line feed must follow the data");
		return;
	}
	*input = slice_skip(*input, 1);
	r->stage = STAGE_DONE;
}

static enum relp_command
command_of(struct slice name)
{
	if (slice_equal(name, S("syslog")))
		return RELP_SYSLOG;
	if (slice_equal(name, S("open")))
		return RELP_OPEN;
	return slice_equal(name, S("close")) ? RELP_CLOSE : RELP_OTHER;
}

static void
finish(struct relp_reader *r, struct relp_frame *frame)
{
	struct slice name = slice_of(r->name, r->name_n);
	*frame = (struct relp_frame){.txnr = r->txnr,
		.command = command_of(name),
		.name = name,
		.data = r->data,
		.cut_bytes = r->data_bytes - r->data.n};
	r->frames++;
	r->cut_frames += frame->cut_bytes > 0;
	r->dropped_bytes += frame->cut_bytes;
}

enum relp_result
relp_next(struct relp_reader *r, struct slice *input, struct relp_frame *frame)
{
	if (r->stage == STAGE_DONE)
		begin(r);
	read_header(r, input);
	if (r->stage == STAGE_DATA)
		read_data(r, input);
	if (r->stage == STAGE_TRAILER && input->n > 0)
		read_trailer(r, input);
	if (r->stage == STAGE_BROKEN)
		return RELP_BROKEN;
	if (r->stage != STAGE_DONE)
		return RELP_MORE;
	finish(r, frame);
	return RELP_FRAME;
}

static enum relp_step
refuse(const char **reason, const char *why)
{
	*reason = why;
	return RELP_STEP_REFUSE;
}

enum relp_step
relp_session_check(
	struct relp_session *session, const struct relp_frame *frame, const char **reason)
{
	if (frame->txnr == 0)
		return RELP_STEP_IGNORE;
	if (session->closed)
		return refuse(reason, "command after close");
	if (!session->opened && frame->command != RELP_OPEN)
		return refuse(reason, "the first command must be open");
	session->opened = true;
	session->closed = frame->command == RELP_CLOSE;
	switch (frame->command) {
	case RELP_OPEN:
		return RELP_STEP_OPEN;
	case RELP_SYSLOG:
		return RELP_STEP_STORE;
	case RELP_CLOSE:
		return RELP_STEP_CLOSE;
	case RELP_OTHER:
		break;
	}
	return refuse(reason, "unknown command");
}

/* Of several versions the highest that we speak. */
static const char *
read_versions(struct slice values, struct relp_offers *offers)
{
	const char *refused = "relp_version is no number";
	bool spoken = false;
	struct slice value;
	uint64_t version;
	while (slice_split(&values, ',', &value)) {
		if (!slice_to_u64(value, &version))
			return "relp_version is no number";
		if (version > RELP_VERSION) {
			refused = "relp_version is higher than ours";
			continue;
		}
		if (!spoken || version > offers->version)
			offers->version = (uint32_t)version;
		spoken = true;
	}
	return spoken ? NULL : refused;
}

static bool
has_value(struct slice values, struct slice wanted)
{
	struct slice value;
	while (slice_split(&values, ',', &value))
		if (slice_equal(value, wanted))
			return true;
	return false;
}

void
relp_offers_read(struct slice data, struct relp_offers *offers)
{
	struct slice offer, name;
	const char *version_refused = NULL;
	*offers = (struct relp_offers){0};
	while (slice_split(&data, '\n', &offer)) {
		slice_split(&offer, '=', &name);
		if (slice_equal(name, S("relp_version")))
			version_refused = read_versions(offer, offers);
		else if (slice_equal(name, S("commands")))
			offers->syslog = has_value(offer, S("syslog"));
		else if (slice_equal(name, S("relp_software")))
			offers->software = offer;
	}
	offers->refused = version_refused;
	if (!offers->refused && !offers->syslog)
		offers->refused = "required command not supported by client";
}

/* "TXNR rsp DATALEN" and the data, which is `head` and `tail`. */
static void
add_answer(struct buf *out, uint32_t txnr, struct slice head, struct slice tail)
{
	if (txnr == 0)
		return;
	buf_add_u64(out, txnr);
	buf_add(out, S(" rsp "));
	buf_add_u64(out, head.n + tail.n);
	if (head.n + tail.n > 0)
		buf_add_char(out, ' ');
	buf_add(out, head);
	buf_add(out, tail);
	buf_add_char(out, '\n');
}

void
relp_add_ok(struct buf *out, uint32_t txnr)
{
	add_answer(out, txnr, S("200 OK"), S(""));
}

bool
relp_add_open(struct buf *out, uint32_t txnr, const struct relp_offers *offers)
{
	if (offers->refused) {
		relp_add_error(out, txnr, 500, slice_of_str(offers->refused));
		return false;
	}
	add_answer(out, txnr,
		offers->version == 0 ? S("200 OK\nrelp_version=0\n")
				     : S("200 OK\nrelp_version=1\n"),
		S("relp_software=else\ncommands=syslog"));
	return true;
}

void
relp_add_error(struct buf *out, uint32_t txnr, unsigned code, struct slice text)
{
	char line[4 + RELP_ANSWER_LETTERS];
	size_t n = 0;
	assert(code >= 100 && code <= 999 && code != 200);
	text = slice_head(text, RELP_ANSWER_LETTERS);
	line[n++] = (char)('0' + code / 100);
	line[n++] = (char)('0' + code / 10 % 10);
	line[n++] = (char)('0' + code % 10);
	line[n++] = ' ';
	for (size_t i = 0; i < text.n; i++)
		line[n++] = text.p[i] >= ' ' && text.p[i] <= '~' ? text.p[i] : '?';
	add_answer(out, txnr, slice_of(line, n), S(""));
}

void
relp_add_close(struct buf *out, uint32_t txnr)
{
	add_answer(out, txnr, S(""), S(""));
}

void
relp_add_serverclose(struct buf *out)
{
	buf_add(out, S("0 serverclose 0\n"));
}
