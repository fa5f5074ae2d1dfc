/* Lists of the configuration: values with blanks or commas between them. */
#include "config/config_part.h"

enum { MOST_NAME = 253 }; /* RFC 1035, without the root's dot */

/* The next item of a list; false at its end. */
static bool
next_item(struct slice *rest, struct slice *item)
{
	static const char between[] = ", \t";
	while (rest->n && strchr(between, rest->p[0]))
		*rest = slice_skip(*rest, 1);
	*item = slice_head(*rest, 0);
	while (item->n < rest->n && !strchr(between, rest->p[item->n]))
		item->n++;
	*rest = slice_skip(*rest, item->n);
	return item->n > 0;
}

/* Makes room for one more of `n` items: doubles when `n` is a power of two. */
static void *
more_room(struct config_reader *r, void *items, size_t n, size_t size)
{
	if (n & (n - 1))
		return items;
	void *larger = arena_new(&r->config->arena, (n ? 2 * n : 1) * size);
	if (n)
		memcpy(larger, items, n * size);
	return larger;
}

static void
add_text(struct config_reader *r, struct config_texts *texts, struct slice text)
{
	struct slice kept = config_keep_lower(r, text);
	texts->items = more_room(r, texts->items, texts->n, sizeof(*texts->items));
	texts->items[texts->n++] = kept;
}

static bool
is_label_char(char c)
{
	char lower = slice_lower_char(c);
	return (lower >= 'a' && lower <= 'z') || slice_is_digit(c) || c == '-' || c == '_' ||
	       (unsigned char)c >= 0x80; /* a domain may be written in UTF-8 */
}

/* Labels with dots between them. */
static bool
is_name(struct slice s)
{
	struct slice rest = s, label;
	if (s.n > MOST_NAME)
		return false;
	while (slice_split(&rest, '.', &label)) {
		if (label.n == 0 || label.n > 63)
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!is_label_char(label.p[i]))
				return false;
	}
	return true;
}

static bool
is_pattern(struct slice s)
{
	return is_name(slice_starts(s, S("*.")) ? slice_skip(s, 2) : s);
}

bool
config_read_host(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	(void)key;
	if (!is_name(value))
		return config_bad_value(r, "%s is no name of a host; write one as else.example.com",
			config_quote(value).text);
	*(const char **)to = config_keep_lower(r, value).p;
	return true;
}

/* Adds all items that `good` takes; the message about another one ends with `want`. */
static bool
read_names(struct config_reader *r, struct slice value, void *to, bool (*good)(struct slice),
	const char *want)
{
	struct slice item;
	while (next_item(&value, &item)) {
		if (!good(item))
			return config_bad_value(r, "%s is %s", config_quote(item).text, want);
		add_text(r, to, item);
	}
	return true;
}

bool
config_read_domains(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	(void)key;
	return read_names(r, value, to, is_name, "no domain; write it as example.com");
}

bool
config_read_certificates(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	(void)key;
	return read_names(r, value, to, is_pattern,
		"no name of a certificate; write it as mx1.example.com or *.example.com");
}

/* A host may log under its address. */
static bool
is_host(struct slice s)
{
	struct ip ip;
	return is_pattern(s) || ip_parse(s, false, &ip);
}

bool
config_read_hosts(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	(void)key;
	if (slice_equal(value, S("*")))
		return true; /* none named = any */
	return read_names(r, value, to, is_host,
		"no host; write it as mx1, mx1.example.com or *.example.com, or * alone for all");
}

/* SHA-256 in hexadecimal, as openssl and elsectl print it: colons between, "sha256:" before it. */
static bool
read_digest(struct slice s, char digits[64])
{
	size_t n = 0;
	if (s.n > 7 && slice_equal_nocase(slice_head(s, 7), S("sha256:")))
		s = slice_skip(s, 7);
	for (size_t i = 0; i < s.n; i++) {
		char c = slice_lower_char(s.p[i]);
		if (c == ':' && n % 2 == 0 && n > 0)
			continue;
		if (n == 64 || !(slice_is_digit(c) || (c >= 'a' && c <= 'f')))
			return false;
		digits[n++] = c;
	}
	return n == 64;
}

bool
config_read_fingerprints(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	struct slice item;
	char text[7 + 64] = "sha256:";
	(void)key;
	while (next_item(&value, &item)) {
		if (!read_digest(item, text + 7))
			return config_bad_value(r,
				"%s is no SHA-256 fingerprint; write 64 hexadecimal digits, with "
				"or without colons",
				config_quote(item).text);
		add_text(r, to, slice_of(text, sizeof(text)));
	}
	return true;
}

static bool
read_network(struct config_reader *r, struct slice item, struct ip *ip)
{
	if (!ip_parse(item, true, ip))
		return config_bad_value(r,
			"%s is no network; write it as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32",
			config_quote(item).text);
	return true;
}

bool
config_read_networks(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	struct config_networks *networks = to;
	struct slice item;
	struct ip ip;
	(void)key;
	while (next_item(&value, &item)) {
		if (!read_network(r, item, &ip))
			return false;
		networks->items =
			more_room(r, networks->items, networks->n, sizeof(*networks->items));
		networks->items[networks->n++] = ip;
	}
	return true;
}

bool
config_read_sender_networks(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	struct slice item;
	struct buf text = {0};
	struct ip ip;
	bool ok = true;
	(void)key;
	while (ok && next_item(&value, &item)) {
		ok = read_network(r, item, &ip);
		buf_clear(&text);
		if (ok) {
			ip_add(&text, &ip);
			add_text(r, to, buf_slice(&text));
		}
	}
	buf_fini(&text);
	return ok;
}
