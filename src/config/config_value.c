/* Single values of the configuration: text, paths, numbers, sizes, times, words. */
#include "config/config_part.h"

#include "query/query_part.h" /* what was meant */

bool
config_read_text(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	(void)key;
	*(const char **)to = config_keep(r, value).p;
	return true;
}

bool
config_read_path(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	if (value.p[0] != '/')
		return config_bad_value(r, "%s does not begin with /; write the whole path",
			config_quote(value).text);
	return config_read_text(r, key, value, to);
}

bool
config_read_address(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	struct ip ip;
	if (!slice_equal(value, S("*")) && !ip_parse(value, false, &ip))
		return config_bad_value(r,
			"%s is no address; write an IPv4 or IPv6 address, or * for all",
			config_quote(value).text);
	return config_read_text(r, key, value, to);
}

bool
config_read_number(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	uint64_t number;
	if (!slice_to_u64(value, &number) || number < key->least || number > key->most)
		return config_bad_value(r, "%s is not a number from %llu to %llu",
			config_quote(value).text, (unsigned long long)key->least,
			(unsigned long long)key->most);
	*(uint64_t *)to = number;
	return true;
}

/* Permissions of a file, in octal digits as for chmod(1). */
bool
config_read_mode(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	uint64_t mode = 0;
	(void)key;
	bool ok = value.n == 3 || (value.n == 4 && value.p[0] == '0');
	for (size_t i = 0; i < value.n && ok; i++) {
		ok = value.p[i] >= '0' && value.p[i] <= '7';
		mode = mode * 8 + (uint64_t)(value.p[i] - '0');
	}
	if (!ok || mode == 0)
		return config_bad_value(r, "%s is not a mode; write octal digits, as 0666 or 0660",
			config_quote(value).text);
	*(uint64_t *)to = mode;
	return true;
}

struct unit {
	char sign;
	uint64_t is;
};

static const struct unit sizes[] = {
	{'k', 1 << 10}, {'M', 1 << 20}, {'G', 1 << 30}, {'T', (uint64_t)1 << 40}, {0}};
static const struct unit seconds[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {0}};
static const struct unit days[] = {{'d', 1}, {'w', 7}, {'y', 365}, {0}};

/* A number with a unit behind it. */
static bool
read_units(struct slice value, const struct unit *units, uint64_t *product)
{
	uint64_t number;
	for (const struct unit *u = units; u->sign && value.n; u++)
		if (value.p[value.n - 1] == u->sign &&
			slice_to_u64(slice_head(value, value.n - 1), &number) &&
			number <= UINT64_MAX / u->is) {
			*product = number * u->is;
			return true;
		}
	return false;
}

/* In the largest unit that leaves no rest. */
static void
add_units(struct buf *b, uint64_t product, const struct unit *units)
{
	const struct unit *best = &units[0];
	for (const struct unit *u = units; u->sign; u++)
		if (product >= u->is && product % u->is == 0)
			best = u;
	buf_addf(b, "%llu%c", (unsigned long long)(product / best->is), best->sign);
}

static bool
bad_range(struct config_reader *r, const struct config_key *key, struct slice value,
	const char *what, const struct unit *units)
{
	struct buf range = {0};
	add_units(&range, key->least ? key->least : units[0].is, units);
	buf_add_str(&range, " to ");
	add_units(&range, key->most, units);
	config_bad_value(
		r, "%s is not %s from %s", config_quote(value).text, what, buf_str(&range));
	buf_fini(&range);
	return false;
}

bool
config_read_size(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	uint64_t size;
	if (!read_units(value, sizes, &size) || size < key->least || size > key->most)
		return bad_range(r, key, value, "a size (with k, M, G or T behind it)", sizes);
	*(uint64_t *)to = size;
	return true;
}

bool
config_read_duration(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	uint64_t time = 0;
	bool may_be_never = key->least == 0;
	if (may_be_never && slice_equal(value, S("never"))) {
		*(uint64_t *)to = 0;
		return true;
	}
	if (!read_units(value, seconds, &time) || time < key->least || time > key->most ||
		time == 0)
		return bad_range(r, key, value,
			may_be_never ? "\"never\" or a time (with s, m, h or d behind it)"
				     : "a time (with s, m, h or d behind it)",
			seconds);
	*(uint64_t *)to = time;
	return true;
}

bool
config_read_days(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	uint64_t time;
	if (slice_equal(value, S("forever"))) {
		*(uint64_t *)to = 0;
		return true;
	}
	if (!read_units(value, days, &time) || time < key->least || time > key->most)
		return bad_range(
			r, key, value, "\"forever\" or a time (with d, w or y behind it)", days);
	*(uint64_t *)to = time;
	return true;
}

static bool
read_either(struct config_reader *r, struct slice value, const char *no, const char *yes, bool *to)
{
	*to = slice_equal(value, slice_of_str(yes));
	return *to || slice_equal(value, slice_of_str(no)) ||
	       config_bad_value(r, "%s is neither %s nor %s", config_quote(value).text, yes, no);
}

bool
config_read_yes(struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	(void)key;
	return read_either(r, value, "no", "yes", to);
}

bool
config_read_any(struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	(void)key;
	return read_either(r, value, "certificate", "any", to);
}

static const char *const kinds[CONFIG_KINDS] = {
	[CONFIG_RELP] = "relp",
	[CONFIG_RELP_TLS] = "relp-tls",
	[CONFIG_TCP] = "tcp",
	[CONFIG_TCP_TLS] = "tcp-tls",
	[CONFIG_UDP] = "udp",
	[CONFIG_UNIX] = "unix",
	[CONFIG_FOLLOW] = "follow",
};

const char *
config_kind_name(enum config_kind kind)
{
	return kinds[kind];
}

bool
config_kind_is_tls(enum config_kind kind)
{
	return kind == CONFIG_RELP_TLS || kind == CONFIG_TCP_TLS;
}

bool
config_read_kind(
	struct config_reader *r, const struct config_key *key, struct slice value, void *to)
{
	struct query_suggestion near = {.word = value};
	(void)key;
	for (int i = 0; i < CONFIG_KINDS; i++) {
		if (slice_equal(value, slice_of_str(kinds[i]))) {
			*(enum config_kind *)to = (enum config_kind)i;
			return true;
		}
		query_suggest(&near, kinds[i], kinds[i]);
	}
	if (near.n)
		return config_bad_value(r, "%s is no kind of listener; did you mean %s?",
			config_quote(value).text, near.best[0]);
	return config_bad_value(r,
		"%s is no kind of listener; there are relp, relp-tls, tcp, tcp-tls, udp, unix and "
		"follow",
		config_quote(value).text);
}
