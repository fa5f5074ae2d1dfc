#include "config/config_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/memory.h"

enum { MOST_NAME = 64 }; /* of a listener or sender */

/* ---- messages ---- */

static bool add_problem(struct config_reader *r, unsigned line, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static bool
add_problem(struct config_reader *r, unsigned line, const char *format, va_list args)
{
	char text[1024];
	if (r->n_problems++ >= CONFIG_MAX_PROBLEMS)
		return false;
	vsnprintf(text, sizeof(text), format, args);
	buf_add_str(r->problems, r->file);
	if (line)
		buf_addf(r->problems, ":%u", line);
	buf_add_str(r->problems, ": ");
	if (r->key)
		buf_addf(r->problems, "%s: ", r->key);
	buf_addf(r->problems, "%s\n", text);
	return false;
}

bool
config_problem(struct config_reader *r, unsigned line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_problem(r, line, format, args);
	va_end(args);
	return false;
}

bool
config_bad_value(struct config_reader *r, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_problem(r, r->line, format, args);
	va_end(args);
	return false;
}

struct config_quoted
config_quote(struct slice text)
{
	struct config_quoted out;
	const size_t most = sizeof(out.text) - sizeof("\"\"...");
	size_t n = 0;
	out.text[n++] = '"';
	for (size_t i = 0; i < text.n && i < most; i++) {
		unsigned char c = (unsigned char)text.p[i];
		out.text[n++] = c < 0x20 || c == 0x7f ? '?' : text.p[i];
	}
	for (size_t i = 0; text.n > most && i < 3; i++)
		out.text[n++] = '.';
	out.text[n++] = '"';
	out.text[n] = '\0';
	return out;
}

/* ---- memory ---- */

struct slice
config_keep(struct config_reader *r, struct slice text)
{
	char *copy = arena_new(&r->config->arena, text.n + 1);
	if (text.n)
		memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	return slice_of(copy, text.n);
}

struct slice
config_keep_lower(struct config_reader *r, struct slice text)
{
	char *copy = arena_new(&r->config->arena, text.n + 1);
	for (size_t i = 0; i < text.n; i++)
		copy[i] = slice_lower_char(text.p[i]);
	copy[text.n] = '\0';
	return slice_of(copy, text.n);
}

static void
set_defaults(struct config *c)
{
	*c = (struct config){
		.data = "/var/lib/else",
		.line_bytes = 128 << 10,
		.sessions = 2000,
		.sessions_per_address = 200,
		.session_bytes = 4 << 20,
		.expansion = 200,
		.handshake_s = 10,
		.repeat_lines = 4096,
		.mails_days = 90,
		.refusals_days = 90,
		.spool_segment_bytes = 64 << 20,
		.spool_cap_bytes = (uint64_t)20 << 30,
		.frontend_address = "127.0.0.1",
		.frontend_port = 8025,
		.frontend_web = "/usr/share/else/web",
		.frontend_workers = 4,
		.frontend_limit_s = 10,
	};
}

/* Moves what grew with malloc into the arena. */
static void *
settle(struct arena *arena, void *items, size_t bytes)
{
	void *settled = NULL;
	if (bytes) {
		settled = arena_new(arena, bytes);
		memcpy(settled, items, bytes);
	}
	free(items);
	return settled;
}

void
config_fini(struct config *config)
{
	arena_fini(&config->arena);
	*config = (struct config){0};
}

/* ---- sections ---- */

static struct config_listener *
add_listener(struct config_reader *r, struct slice name)
{
	struct config *c = r->config;
	MEMORY_ROOM(&c->listeners, c->n_listeners, &r->cap_listeners);
	struct config_listener *l = &c->listeners[c->n_listeners++];
	*l = (struct config_listener){.name = config_keep(r, name).p,
		.line = r->line,
		.kind = CONFIG_KINDS,
		.address = "*",
		.mode = 0666};
	return l;
}

static struct config_sender *
add_sender(struct config_reader *r, struct slice name)
{
	struct config *c = r->config;
	MEMORY_ROOM(&c->senders, c->n_senders, &r->cap_senders);
	struct config_sender *s = &c->senders[c->n_senders++];
	*s = (struct config_sender){.name = config_keep(r, name).p, .line = r->line};
	return s;
}

/* The line of the listener or sender of that name; 0 = there is none yet. */
static unsigned
line_of_name(const struct config *c, enum config_section section, struct slice name)
{
	if (section == CONFIG_LISTENER) {
		for (size_t i = 0; i < c->n_listeners; i++)
			if (slice_equal(slice_of_str(c->listeners[i].name), name))
				return c->listeners[i].line;
		return 0;
	}
	for (size_t i = 0; i < c->n_senders; i++)
		if (slice_equal(slice_of_str(c->senders[i].name), name))
			return c->senders[i].line;
	return 0;
}

static bool
is_good_name(struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = slice_lower_char(name.p[i]);
		if (!(c >= 'a' && c <= 'z') && !slice_is_digit(c) && c != '-' && c != '_' &&
			c != '.')
			return false;
	}
	return name.n > 0 && name.n <= MOST_NAME;
}

static bool
check_name(struct config_reader *r, enum config_section section, struct slice name)
{
	const char *kind = config_section_name(section);
	const struct config *c = r->config;
	if (name.n == 0)
		return config_problem(r, r->line, "[%s] needs a name; write [%s NAME]", kind, kind);
	if (!is_good_name(name))
		return config_problem(r, r->line,
			"%s is no name of a %s; it may have up to %d letters, digits, dots, - and "
			"_",
			config_quote(name).text, kind, MOST_NAME);
	unsigned line = line_of_name(c, section, name);
	if (line)
		return config_problem(r, r->line,
			"[%s %.*s] is in line %u already; choose "
			"another name",
			kind, SLICE_ARG(name), line);
	if (section == CONFIG_LISTENER ? c->n_listeners == CONFIG_MAX_LISTENERS
				       : c->n_senders == CONFIG_MAX_SENDERS)
		return config_problem(r, r->line, "there may be %d of [%s NAME]",
			section == CONFIG_LISTENER ? CONFIG_MAX_LISTENERS : CONFIG_MAX_SENDERS,
			kind);
	return true;
}

static bool
check_only(struct config_reader *r, enum config_section section, struct slice name)
{
	const char *kind = config_section_name(section);
	if (name.n)
		return config_problem(r, r->line, "[%s] has no name; write [%s]", kind, kind);
	if (r->seen_line[section])
		return config_problem(r, r->line, "[%s] is in line %u already; put all of it there",
			kind, r->seen_line[section]);
	r->seen_line[section] = r->line;
	return true;
}

static void
end_section(struct config_reader *r)
{
	if (r->section != CONFIG_SECTIONS)
		config_check_section(r);
	r->section = CONFIG_SECTIONS;
	memset(r->key_line, 0, sizeof(r->key_line));
}

static bool
begin_section(struct config_reader *r, struct slice inside)
{
	struct cursor c = cursor_of(inside);
	struct slice kind = cursor_until_or_rest(&c, S(" "));
	struct slice name = slice_trim(cursor_rest(&c));
	enum config_section section = config_find_section(kind);
	if (section == CONFIG_SECTIONS)
		return config_unknown_section(r, kind);
	if (config_section_has_name(section) ? !check_name(r, section, name)
					     : !check_only(r, section, name))
		return false;
	r->section = section;
	if (section == CONFIG_LISTENER)
		r->target = add_listener(r, name);
	else if (section == CONFIG_SENDER)
		r->target = add_sender(r, name);
	else
		r->target = r->config;
	return true;
}

static bool
read_section(struct config_reader *r, struct slice line)
{
	end_section(r);
	r->section_line = r->line;
	if (!slice_ends(line, S("]")))
		return config_problem(
			r, r->line, "%s has no ] at its end", config_quote(line).text);
	return begin_section(r, slice_trim(slice_of(line.p + 1, line.n - 2)));
}

/* ---- lines ---- */

static bool
set_key(struct config_reader *r, const struct config_key *key, struct slice value)
{
	unsigned *line = &r->key_line[key - config_keys];
	unsigned before = *line;
	*line = r->line;
	if (before && !key->adds)
		return config_bad_value(r, "set in line %u already; leave one of them out", before);
	if (value.n == 0)
		return config_bad_value(r, "has no value; leave the line out for the default");
	if (slice_contains(value, S(" #")) || slice_contains(value, S("\t#")))
		return config_bad_value(r, "a comment needs a line of its own");
	return key->read(r, key, value, (char *)r->target + key->offset);
}

static bool
read_key(struct config_reader *r, struct slice line)
{
	ptrdiff_t at = slice_find_char(line, '=');
	struct slice name = at < 0 ? line : slice_trim(slice_head(line, (size_t)at));
	if (r->section == CONFIG_SECTIONS && r->section_line == 0)
		return config_problem(r, r->line,
			"%s is before the first section; begin with [backend] or [listener NAME]",
			config_quote(name).text);
	if (r->section == CONFIG_SECTIONS)
		return false; /* of a section that is wrong itself */
	if (at < 0)
		return config_problem(
			r, r->line, "%s has no =; write NAME = VALUE", config_quote(line).text);
	const struct config_key *key = config_find_key(r->section, name);
	if (!key)
		return config_unknown_key(r, name);
	r->key = key->name;
	set_key(r, key, slice_trim(slice_skip(line, (size_t)at + 1)));
	r->key = NULL;
	return true;
}

static bool
has_control_character(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

static void
read_line(struct config_reader *r, struct slice line)
{
	line = slice_trim(line);
	r->line++;
	if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
		return;
	if (has_control_character(line))
		config_problem(r, r->line, "%s holds a control character; is this a text file?",
			config_quote(line).text);
	else if (line.p[0] == '[')
		read_section(r, line);
	else
		read_key(r, line);
}

static void
read_text(struct config_reader *r, struct slice text)
{
	struct slice line;
	if (slice_starts(text, S("\xef\xbb\xbf"))) /* byte order mark of UTF-8 */
		text = slice_skip(text, 3);
	while (slice_split(&text, '\n', &line))
		read_line(r, line);
	end_section(r);
	config_check_all(r);
}

bool
config_parse(struct slice text, const char *file, struct config *config, struct buf *problems)
{
	struct config_reader r = {
		.file = file, .problems = problems, .section = CONFIG_SECTIONS, .config = config};
	set_defaults(config);
	if (text.n > CONFIG_MAX_BYTES)
		config_problem(&r, 0, "larger than %d bytes", CONFIG_MAX_BYTES);
	else
		read_text(&r, text);
	config->listeners = settle(&config->arena, config->listeners,
		config->n_listeners * sizeof(*config->listeners));
	config->senders = settle(
		&config->arena, config->senders, config->n_senders * sizeof(*config->senders));
	if (r.n_problems > CONFIG_MAX_PROBLEMS)
		buf_addf(problems, "%s: and %u more\n", file, r.n_problems - CONFIG_MAX_PROBLEMS);
	if (r.n_problems)
		config_fini(config);
	return r.n_problems == 0;
}

/* ---- the file ---- */

static bool
read_all(int fd, struct buf *text)
{
	ssize_t n;
	do {
		n = read(fd, buf_room(text, 65536), 65536);
		if (n > 0)
			text->n += (size_t)n;
	} while (text->n <= CONFIG_MAX_BYTES && (n > 0 || (n < 0 && errno == EINTR)));
	return n >= 0;
}

bool
config_read(const char *path, struct config *config, struct buf *problems)
{
	struct buf text = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && read_all(fd, &text);
	*config = (struct config){0};
	if (!ok)
		buf_addf(problems, "%s: %s\n", path, strerror(errno));
	else
		ok = config_parse(buf_slice(&text), path, config, problems);
	if (fd >= 0)
		close(fd);
	buf_fini(&text);
	return ok;
}
