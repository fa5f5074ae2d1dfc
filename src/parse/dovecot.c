#include "parse/dovecot.h"

#include "parse/filter_read.h"

/* "lmtp(user@example.com)<1234><session>: ", "lmtp(1234, user): session: ", "auth-worker(1234): ",
 * "imap-login: ". The level ("Info: ") stands behind it where Dovecot writes a file itself. */
struct prefix {
	struct slice service;
	struct slice user;
	struct slice session;
	bool trouble; /* level Warning or worse */
	bool debug;
};

/* "Warning: " and its like at the cursor. */
static void
read_level(struct cursor *c, struct prefix *p)
{
	static const char *const bad[] = {"Error: ", "Warning: ", "Fatal: ", "Panic: "};
	for (size_t i = 0; i < FILTER_COUNT(bad); i++)
		p->trouble = cursor_optional(c, slice_of_str(bad[i])) || p->trouble;
	cursor_optional(c, S("Info: "));
	p->debug = cursor_optional(c, S("Debug: "));
}

/* "(user)", "(1234, user)" up to 2.2, "(1234)" where no user is known yet. */
static void
read_user(struct cursor *c, struct prefix *p)
{
	struct slice inside = cursor_until_char(c, ')');
	ptrdiff_t comma = slice_find(inside, S(", "));
	uint64_t pid;
	if (comma >= 0)
		p->user = slice_skip(inside, (size_t)comma + 2);
	else if (!slice_to_u64(inside, &pid))
		p->user = inside;
}

/* 2.2: "b9tLDlJkZ1gQIwAA:1: msgid=...": the session as a word of its own. */
static void
read_old_session(struct cursor *c, struct prefix *p)
{
	struct slice left = cursor_left(c);
	ptrdiff_t end = slice_find(left, S(": "));
	if (end <= 0 || slice_starts(left, S("sieve: ")) ||
		slice_find_char(slice_head(left, (size_t)end), ' ') >= 0)
		return;
	struct slice next = slice_skip(left, (size_t)end + 2);
	if (!slice_starts(next, S("msgid=")) && !slice_starts(next, S("sieve: msgid=")))
		return;
	p->session = slice_head(left, (size_t)end);
	c->p += end + 2;
}

static void
read_prefix(struct cursor *c, struct prefix *p)
{
	p->service = filter_read_word(c);
	if (cursor_optional(c, S("(")))
		read_user(c, p);
	if (cursor_optional(c, S("<"))) {
		struct slice pid = cursor_until_char(c, '>');
		if (cursor_optional(c, S("<")))
			p->session = cursor_until_char(c, '>');
		else
			p->session = pid; /* "lmtp(1234)<session>" */
	}
	cursor_literal(c, S(": "));
	read_level(c, p);
	read_old_session(c, p);
}

/* What may follow "msgid=...: ". */
enum shape {
	SHAPE_PLAIN,
	SHAPE_FOLDER,  /* the rest is a folder */
	SHAPE_QUOTED,  /* a folder in quotes */
	SHAPE_FAILED,  /* a folder up to ": " */
	SHAPE_ADDRESS, /* "<address>" */
};

static const struct phrase {
	const char *words;
	enum shape shape;
	enum outcome outcome;
	const char *action;
} phrases[] = {
	{"saved mail to ", SHAPE_FOLDER, OUTCOME_STORED, "saved"},
	{"stored mail into mailbox ", SHAPE_QUOTED, OUTCOME_STORED, "stored"},
	{"left message in mailbox ", SHAPE_QUOTED, OUTCOME_STORED, "kept"},
	{"save failed to ", SHAPE_FAILED, OUTCOME_NONE, "failed"},
	{"failed to store into mailbox ", SHAPE_QUOTED, OUTCOME_NONE, "failed"},
	{"forwarded to ", SHAPE_ADDRESS, OUTCOME_FORWARDED, "forwarded"},
	{"failed to redirect message to ", SHAPE_ADDRESS, OUTCOME_NONE, "failed"},
	{"discarded duplicate forward to ", SHAPE_ADDRESS, OUTCOME_NONE, "duplicate"},
	{"discarded duplicate vacation response to ", SHAPE_ADDRESS, OUTCOME_NONE, "duplicate"},
	{"discarded duplicate ", SHAPE_PLAIN, OUTCOME_NONE, "duplicate"},
	{"discarding vacation response ", SHAPE_PLAIN, OUTCOME_NONE, "duplicate"},
	{"not sending vacation ", SHAPE_PLAIN, OUTCOME_NONE, "duplicate"},
	{"discarded vacation ", SHAPE_PLAIN, OUTCOME_NONE, "duplicate"},
	{"sent vacation response to ", SHAPE_ADDRESS, OUTCOME_NONE, "vacation"},
	{"sent vacation response", SHAPE_PLAIN, OUTCOME_NONE, "vacation"},
	{"sent mail notification to ", SHAPE_ADDRESS, OUTCOME_NONE, "notified"},
	{"sent notification", SHAPE_PLAIN, OUTCOME_NONE, "notified"},
	{"marked message to be discarded", SHAPE_PLAIN, OUTCOME_DISCARDED, "discarded"},
	{"discarded", SHAPE_PLAIN, OUTCOME_DISCARDED, "discarded"},
	{"rejected", SHAPE_PLAIN, OUTCOME_BLOCKED, "rejected"},
	{"bounced", SHAPE_PLAIN, OUTCOME_BLOCKED, "rejected"},
	{"refused", SHAPE_PLAIN, OUTCOME_BLOCKED, "rejected"},
	{"piped message to program ", SHAPE_PLAIN, OUTCOME_COMMAND, "piped"},
	{"pipe action: ", SHAPE_PLAIN, OUTCOME_COMMAND, "piped"},
	{"filter action: ", SHAPE_PLAIN, OUTCOME_NONE, "filtered"},
	{"execute action: ", SHAPE_PLAIN, OUTCOME_NONE, "filtered"},
	{"execution of script ", SHAPE_PLAIN, OUTCOME_NONE, "failed"},
	{"failed to ", SHAPE_PLAIN, OUTCOME_NONE, "failed"},
};

static const struct phrase *
phrase_at(struct slice text)
{
	for (size_t i = 0; i < FILTER_COUNT(phrases); i++)
		if (phrases[i].words[0] == (text.n ? text.p[0] : 0) &&
			slice_starts(text, slice_of_str(phrases[i].words)))
			return &phrases[i];
	return NULL;
}

/* The Message-ID is the sender's word and may hold what looks like an action, so the last one
 * counts. Cuts
 * `*text` to what stands before it. */
static const struct phrase *
find_phrase(struct slice *text, struct slice *words)
{
	const struct phrase *found = NULL;
	for (size_t i = 0; i + 2 < text->n; i++) {
		if (text->p[i] != ':' || text->p[i + 1] != ' ')
			continue;
		const struct phrase *phrase = phrase_at(slice_skip(*text, i + 2));
		if (!phrase)
			continue;
		found = phrase;
		*words = slice_skip(*text, i + 2);
	}
	if (found)
		text->n = (size_t)(words->p - text->p) - 2;
	return found;
}

/* 'Folder', or `Folder' as the older ones wrote it. */
static struct slice
read_quoted_folder(struct cursor *c)
{
	if (!cursor_optional(c, S("'")))
		cursor_optional(c, S("`"));
	struct slice left = cursor_left(c);
	ptrdiff_t end = slice_find(left, S("': "));
	if (end < 0)
		end = slice_find_last_char(left, '\'');
	return end < 0 ? left : slice_head(left, (size_t)end);
}

static void
read_words(const struct phrase *phrase, struct slice words, struct event *e)
{
	struct cursor c = cursor_of(slice_skip(words, strlen(phrase->words)));
	if (phrase->shape == SHAPE_FOLDER)
		e->folder = cursor_rest(&c);
	else if (phrase->shape == SHAPE_QUOTED)
		e->folder = read_quoted_folder(&c);
	else if (phrase->shape == SHAPE_FAILED)
		e->folder = cursor_until_or_rest(&c, S(": "));
	else if (phrase->shape == SHAPE_ADDRESS && cursor_sees(&c, S("<"))) {
		e->rcpts = cursor_left(&c);
		filter_read_bracketed(&c);
		e->rcpts.n = cursor_ok(&c) ? (size_t)(c.p - e->rcpts.p) : 0;
	}
	e->text = words;
	e->action = slice_of_str(phrase->action);
	e->outcome = phrase->outcome;
}

/* deliver_log_format may put more after the id: "msgid=<a@example.com>, size=4711". */
static void
set_msgid(struct event *e, struct slice head)
{
	struct cursor c = cursor_of(head);
	if (slice_equal(head, S("unspecified")) || head.n == 0)
		return;
	if (slice_starts(head, S("<")) && slice_ends(head, S(">")) &&
		!slice_contains(head, S(">, ")))
		filter_set_msgid(e, head);
	else if (slice_starts(head, S("<")))
		filter_set_msgid(e, slice_head(head, cursor_until_or_rest(&c, S(">")).n + 1));
	else
		filter_set_msgid(e, cursor_until_or_rest(&c, S(",")));
	if (e->msgid.n > head.n)
		e->msgid = head;
}

/* "sieve: msgid=<a@example.com>: stored mail into mailbox 'Junk'" */
static enum parse_result
parse_mailbox(const struct prefix *p, struct slice text, struct event *e)
{
	struct slice words = S("");
	const struct phrase *phrase = find_phrase(&text, &words);
	struct cursor c = cursor_of(text);
	if (!phrase)
		return PARSE_UNKNOWN;
	cursor_until(&c, S("msgid="));
	e->type = EVENT_MAILBOX;
	e->service = p->service;
	e->session = p->session;
	e->to = p->user;
	e->has_to = p->user.n > 0;
	if (cursor_ok(&c))
		set_msgid(e, cursor_left(&c));
	read_words(phrase, words, e);
	return PARSE_OK;
}

/* ", user=<a@example.com>, method=PLAIN, rip=192.0.2.7, lip=..., TLS, session=<...>" */
static void
read_login_attributes(struct cursor c, struct event *e)
{
	while (!cursor_done(&c)) {
		if (cursor_optional(&c, S("user=<")))
			e->sasl_user = cursor_until_or_rest(&c, S(">"));
		else if (cursor_optional(&c, S("method=")))
			e->sasl_method = cursor_until_or_rest(&c, S(","));
		else if (cursor_optional(&c, S("rip=")))
			e->client_ip = cursor_until_or_rest(&c, S(","));
		else if (cursor_optional(&c, S("rport=")))
			e->client_port = cursor_until_or_rest(&c, S(","));
		else if (cursor_optional(&c, S("session=<")))
			e->session = cursor_until_or_rest(&c, S(">"));
		else
			cursor_until_or_rest(&c, S(","));
		cursor_optional(&c, S(","));
		cursor_blanks(&c);
	}
}

static const char *const login_failed[] = {
	"(auth failed",
	"(auth_failed)",
	"tried to use disallowed plaintext auth",
	"tried to use disabled",
	"auth process ",
	"proxy dest auth failed",
	"(cleartext",
};

/* "Disconnected: Connection closed (auth failed, 1 attempts in 6 secs): user=<a>, method=PLAIN,
 * rip=..." */
static enum parse_result
parse_login(const struct prefix *p, struct slice text, struct event *e)
{
	ptrdiff_t attributes = slice_find(text, S(": user=<"));
	struct slice reason = attributes < 0 ? text : slice_head(text, (size_t)attributes);
	if (attributes < 0) /* "Aborted login (tried to use disallowed plaintext auth): rip=..." */
		attributes = slice_find(text, S(": rip="));
	if (attributes < 0 || slice_starts(text, S("Login: ")) ||
		!filter_contains_any(reason, login_failed, FILTER_COUNT(login_failed)))
		return PARSE_IGNORED;
	e->type = EVENT_AUTH_FAILED;
	e->service = p->service;
	e->text = slice_head(text, (size_t)attributes);
	read_login_attributes(cursor_of(slice_skip(text, (size_t)attributes + 2)), e);
	return PARSE_OK;
}

static const char *const password_failed[] = {
	"unknown user",
	"assword mismatch",
	"uthentication failure",
	"uthentication failed",
	"pam_authenticate() failed",
	"pam_acct_mgmt() failed",
	"user disabled",
	"user not found",
	"invalid credentials",
	"Invalid credentials",
	"expired",
	"nologin",
	"auth failed",
};

/* "pam(user,192.0.2.7,<session>): unknown user", behind "conn unix:auth-worker (pid=1,uid=2):
 * auth-worker<3>: " since 2.3. Of the given password nothing is kept. */
static enum parse_result
parse_auth(const struct prefix *p, struct slice text, struct event *e)
{
	struct cursor c = cursor_of(text);
	if (cursor_optional(&c, S("conn "))) {
		cursor_until(&c, S("): "));
		cursor_until(&c, S(": "));
	}
	filter_read_word(&c); /* the password database: pam, sql, ldap, passwd-file, ... */
	cursor_literal(&c, S("("));
	struct slice who = cursor_until(&c, S("): "));
	struct slice reason = cursor_until_or_rest(&c, S(" ("));
	if (!cursor_ok(&c) ||
		!filter_contains_any(reason, password_failed, FILTER_COUNT(password_failed)))
		return PARSE_IGNORED;
	e->type = EVENT_AUTH_FAILED;
	e->service = p->service;
	e->text = reason;
	slice_split(&who, ',', &e->sasl_user);
	slice_split(&who, ',', &e->client_ip);
	return PARSE_OK;
}

/* 2.4: "auth(user,192.0.2.7,sasl:plain)<session>: Password mismatch" */
static enum parse_result
parse_auth_user(const struct prefix *p, struct slice text, struct event *e)
{
	struct slice who = p->user;
	if (!filter_contains_any(text, password_failed, FILTER_COUNT(password_failed)))
		return PARSE_IGNORED;
	e->type = EVENT_AUTH_FAILED;
	e->service = p->service;
	e->session = p->session;
	slice_split(&who, ',', &e->sasl_user);
	slice_split(&who, ',', &e->client_ip);
	if (slice_starts(who, S("sasl:")))
		e->sasl_method = slice_skip(who, sizeof("sasl:") - 1);
	struct cursor c = cursor_of(text);
	e->text = cursor_until_or_rest(&c, S(" ("));
	return PARSE_OK;
}

static const char *const delivery_services[] = {
	"lmtp",
	"lda",
	"deliver",
	"dovecot-lda",
};

/* The services that have nothing to say about a mail on its way. */
static const char *const other_services[] = {
	"imap",
	"pop3",
	"managesieve",
	"submission",
	"auth",
	"anvil",
	"master",
	"log",
	"config",
	"stats",
	"old-stats",
	"ssl-",
	"indexer",
	"dict",
	"director",
	"doveadm",
	"dsync",
	"replicator",
	"aggregator",
	"ipc",
	"dns",
	"quota",
	"script",
	"tcpwrap",
	"health-check",
	"push-notification",
	"lmtp",
	"lda",
	"deliver",
	"dovecot",
	"sieve",
	"fts",
	"lua",
	"worker",
	"global",
	"login",
	"proxy",
	"welcome",
	"user",
};

static enum parse_result
parse_service(const struct prefix *p, struct slice text, struct event *e)
{
	bool delivery =
		filter_starts_any(p->service, delivery_services, FILTER_COUNT(delivery_services));
	if (delivery && slice_contains(text, S("msgid=")) && !p->debug) {
		enum parse_result result = parse_mailbox(p, text, e);
		if (result == PARSE_OK || !p->trouble)
			return slice_contains(text, S(" box=")) ? PARSE_IGNORED
								: result; /* mail_log plug-in */
	}
	if (slice_ends(p->service, S("-login")))
		return parse_login(p, text, e);
	if (slice_equal(p->service, S("auth")) && slice_find_char(p->user, ',') > 0)
		return parse_auth_user(p, text, e);
	if (slice_starts(p->service, S("auth")))
		return parse_auth(p, text, e);
	if (slice_equal(p->service, S("master")) && slice_contains(text, S(" starting up")))
		return filter_program(e, text);
	return PARSE_IGNORED;
}

enum parse_result
parse_dovecot(const struct line *line, struct event *e)
{
	struct prefix p = {0};
	struct cursor c = cursor_of(line->text);
	read_prefix(&c, &p);
	if (!cursor_ok(&c) ||
		!filter_starts_any(p.service, other_services, FILTER_COUNT(other_services)))
		return PARSE_UNKNOWN;
	enum parse_result result = parse_service(&p, cursor_left(&c), e);
	if (result == PARSE_IGNORED && p.trouble)
		return filter_warning(e, line->text);
	return result;
}
