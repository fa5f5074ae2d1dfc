#include "unit.h"

#include <assert.h>
#include <stdio.h>

#include "backend/config_intake.h"
#include "config/config_part.h"

static const char *root; /* of the sources */

/* ---- helpers ---- */

#define LISTENER "[listener a]\nkind = udp\n"

static struct config
good(const char *text)
{
	struct config c;
	struct buf problems = {0};
	if (!config_parse(slice_of_str(text), "else.conf", &c, &problems))
		fail_msg("refused:\n%s", buf_str(&problems));
	assert_int_equal(problems.n, 0);
	buf_fini(&problems);
	return c;
}

#define assert_problems(text, expected) check_problems((text), (expected), __FILE__, __LINE__)

static void
check_problems(const char *text, const char *expected, const char *file, int line)
{
	struct config c;
	struct buf problems = {0};
	static const struct config empty;
	bool ok = config_parse(slice_of_str(text), "else.conf", &c, &problems);
	if (ok || strcmp(buf_str(&problems), expected) != 0) {
		print_error("%s\nis said:\n%snot:\n%s", text, buf_str(&problems), expected);
		_fail(file, line);
	}
	assert_memory_equal(&c, &empty, sizeof(c));
	buf_fini(&problems);
}

static void
read_source(struct buf *b, const char *name)
{
	char path[1024];
	snprintf(path, sizeof(path), "%s/%s", root, name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	for (size_t n = 1; n > 0; b->n += n)
		n = fread(buf_room(b, 65536), 1, 65536, file);
	fclose(file);
	buf_str(b);
}

static void
assert_texts(const struct config_texts *texts, const char *expected)
{
	struct buf all = {0};
	for (size_t i = 0; i < texts->n; i++) {
		assert_int_equal(texts->items[i].p[texts->items[i].n], '\0');
		buf_addf(&all, "%s%s", i ? " " : "", texts->items[i].p);
	}
	assert_string_equal(buf_str(&all), expected);
	buf_fini(&all);
}

/* ---- what is right ---- */

static void
a_listener_is_enough(void **state)
{
	(void)state;
	struct config c = good(LISTENER);
	assert_string_equal(c.data, "/var/lib/else");
	assert_null(c.database);
	assert_int_equal(c.n_listeners, 1);
	assert_string_equal(c.listeners[0].name, "a");
	assert_int_equal(c.listeners[0].line, 1);
	assert_int_equal(c.listeners[0].kind, CONFIG_UDP);
	assert_string_equal(c.listeners[0].address, "*");
	assert_int_equal(c.listeners[0].port, 514);
	assert_int_equal(c.n_senders, 0);
	assert_null(c.tls_certificate);
	assert_int_equal(c.line_bytes, 131072);
	assert_int_equal(c.sessions, 2000);
	assert_int_equal(c.idle_s, 0);
	assert_int_equal(c.mails_days, 90);
	assert_string_equal(c.spool_folder, "/var/lib/else/spool");
	assert_int_equal(c.spool_cap_bytes, 20LL << 30);
	assert_null(c.metrics_address);
	assert_int_equal(c.metrics_port, 0);
	config_fini(&c);
}

static void
each_kind_of_listener_has_what_it_needs(void **state)
{
	(void)state;
	struct config c = good("[tls]\ncertificate = /c\nkey = /k\nca = /a\n"
			       "[listener 1]\nkind = relp\n"
			       "[listener 2]\nkind = relp-tls\nclients = any\n"
			       "[listener 3]\nkind = tcp\ncompressed = yes\naddress = 192.0.2.7\n"
			       "[listener 4]\nkind = tcp-tls\nport = 6515\naddress = 2001:db8::1\n"
			       "[listener 5]\nkind = udp\n"
			       "[listener 6]\nkind = unix\npath = /run/log\nmode = 0660\n"
			       "[listener 7]\nkind = follow\npath = /var/log/mail.log\n");
	static const unsigned ports[] = {2514, 2515, 601, 6515, 514, 0, 0};
	assert_int_equal(c.n_listeners, 7);
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(c.listeners[i].kind, i);
		assert_int_equal(c.listeners[i].port, ports[i]);
	}
	assert_true(c.listeners[1].any_client);
	assert_false(c.listeners[3].any_client);
	assert_true(c.listeners[2].compressed);
	assert_string_equal(c.listeners[2].address, "192.0.2.7");
	assert_string_equal(c.listeners[3].address, "2001:db8::1");
	assert_string_equal(c.listeners[5].path, "/run/log");
	assert_int_equal(c.listeners[5].mode, 0660);
	assert_string_equal(c.listeners[6].path, "/var/log/mail.log");
	config_fini(&c);
}

static void
senders_are_known_by_certificates_and_networks(void **state)
{
	(void)state;
	struct config c = good(LISTENER
		"[tls]\nca = /a\n"
		"[sender a]\ncertificates = MX1.example.com,*.example.org\n"
		"[sender b]\n"
		"fingerprints = SHA256:92:4C:20:11:A6:BE:7B:E2:72:3C:43:09:70:25:2A:AD:C5:22:28:"
		"B0:72:F0:98:2D:77:55:AF:81:63:AC:2A:52\n"
		"certificates = mx2.example.com\nhosts = mx2 , MX3.example.com\nhosts = 192.0.2.1\n"
		"[sender c]\nnetworks = 192.0.2.7/24 2001:DB8::/32\nhosts = *\n");
	assert_int_equal(c.n_senders, 3);
	assert_texts(&c.senders[0].certificates, "mx1.example.com *.example.org");
	assert_texts(&c.senders[0].hosts, "mx1.example.com *.example.org");
	assert_int_equal(c.senders[0].networks.n, 0);
	assert_texts(&c.senders[1].certificates,
		"sha256:924c2011a6be7be2723c430970252aadc52228b072f0982d7755af8163ac2a52 "
		"mx2.example.com");
	assert_texts(&c.senders[1].hosts, "mx2 mx3.example.com 192.0.2.1");
	assert_int_equal(c.senders[2].certificates.n, 0);
	assert_texts(&c.senders[2].networks, "192.0.2.7/24 2001:db8::/32");
	assert_int_equal(c.senders[2].hosts.n, 0);
	config_fini(&c);
}

static void
lists_take_blanks_and_commas_and_add_up(void **state)
{
	(void)state;
	struct config c = good(
		"[backend]\nown_domains = Example.com, example.org\nown_domains = b\xc3\xbc"
		"cher.example\nown_networks = 192.0.2.0/24\t2001:db8::/32 , 10.0.0.1\n" LISTENER);
	assert_texts(&c.own_domains, "example.com example.org b\xc3\xbc"
				     "cher.example");
	assert_int_equal(c.own_networks.n, 3);
	assert_int_equal(c.own_networks.items[0].bits, 24);
	assert_int_equal(c.own_networks.items[1].family, 6);
	assert_int_equal(c.own_networks.items[2].bits, 32);
	config_fini(&c);
}

static void
sizes_and_times_have_units(void **state)
{
	(void)state;
	struct config c = good(LISTENER "[limits]\nline = 1M\nidle = 2h\nhandshake = 90s\n"
					"[retention]\nmails = 2w\nrefusals = forever\n"
					"[spool]\nsize = 1T\nsegment = 512M\nfolder = /spool\n"
					"[metrics]\n");
	assert_int_equal(c.line_bytes, 1 << 20);
	assert_int_equal(c.idle_s, 7200);
	assert_int_equal(c.handshake_s, 90);
	assert_int_equal(c.mails_days, 14);
	assert_int_equal(c.refusals_days, 0);
	assert_int_equal(c.spool_cap_bytes, 1LL << 40);
	assert_int_equal(c.spool_segment_bytes, 512 << 20);
	assert_string_equal(c.spool_folder, "/spool");
	assert_string_equal(c.metrics_address, "127.0.0.1");
	assert_int_equal(c.metrics_port, 9814);
	config_fini(&c);
}

static void
blanks_comments_and_line_ends_do_not_matter(void **state)
{
	(void)state;
	struct config c =
		good("\xef\xbb\xbf# first\r\n\r\n  [ listener   a ]\r\n\tkind=udp\r\n; x\n"
		     "[backend]\ndatabase = host=/run dbname=else password=a#b=c");
	assert_string_equal(c.listeners[0].name, "a");
	assert_int_equal(c.listeners[0].line, 3);
	assert_string_equal(c.database, "host=/run dbname=else password=a#b=c");
	config_fini(&c);
}

/* ---- what is wrong ---- */

static const struct {
	const char *text, *said;
} wrong_lines[] = {
	{"[backend]\ndat = /x\n",
		"else.conf:2: \"dat\" is no key of [backend]; did you mean data?\n"},
	{"[backend]\nport = 5\n",
		"else.conf:2: \"port\" is no key of [backend]; it belongs to [listener]\n"},
	{"[retention]\nxyzzy = 5\n",
		"else.conf:2: \"xyzzy\" is no key of [retention]; it has mails, refusals\n"},
	{"[Retention]\n", "else.conf:1: \"Retention\" is no section; did you mean [retention]?\n"},
	{"[listner relp]\nnonsense\n",
		"else.conf:1: \"listner\" is no section; did you mean [listener NAME]?\n"},
	{"[qqqqqq]\nport = 5\n",
		"else.conf:1: \"qqqqqq\" is no section; there are [backend], [listener NAME], "
		"[sender NAME], [tls], [limits], [retention], [spool], [metrics] "
		"and [frontend]\n"},
	{"[listener]\n", "else.conf:1: [listener] needs a name; write [listener NAME]\n"},
	{"[tls x]\n", "else.conf:1: [tls] has no name; write [tls]\n"},
	{"[spool]\n\n[spool]\n",
		"else.conf:3: [spool] is in line 1 already; put all of it there\n"},
	{"[listener a b]\n",
		"else.conf:1: \"a b\" is no name of a listener; it may have up to 64 letters, "
		"digits, dots, - and _\n"},
	{LISTENER "[listener a]\nkind = relp\n",
		"else.conf:3: [listener a] is in line 1 already; choose another name\n"},
	{"[spool\n", "else.conf:1: \"[spool\" has no ] at its end\n"},
	{"data = /x\n",
		"else.conf:1: \"data\" is before the first section; begin with [backend] or "
		"[listener NAME]\n"},
	{"[backend]\ndata /x\n", "else.conf:2: \"data /x\" has no =; write NAME = VALUE\n"},
	{"[backend]\ndata = /x\ndata = /y\n",
		"else.conf:3: data: set in line 2 already; leave one of them out\n"},
	{"[backend]\ndata =\n",
		"else.conf:2: data: has no value; leave the line out for the default\n"},
	{"[backend]\ndata = /x # here\n", "else.conf:2: data: a comment needs a line of its own\n"},
	{"[backend]\ndata = \x01\n",
		"else.conf:2: \"data = ?\" holds a control character; is this a text file?\n"},
};

static void
a_wrong_line_is_named_with_what_would_be_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong_lines) / sizeof(*wrong_lines); i++)
		assert_problems(wrong_lines[i].text, wrong_lines[i].said);
}

static const struct {
	const char *line, *said; /* behind "else.conf:2: KEY: " */
} wrong_values[] = {
	{"[backend] data = x", "\"x\" does not begin with /; write the whole path"},
	{"[backend] own_domains = a..b", "\"a..b\" is no domain; write it as example.com"},
	{"[backend] own_networks = 10.0.0.0/33",
		"\"10.0.0.0/33\" is no network; write it as 192.0.2.7, 192.0.2.0/24 or "
		"2001:db8::/32"},
	{"[listener a] kind = relptls",
		"\"relptls\" is no kind of listener; did you mean relp-tls?"},
	{"[listener a] kind = carrier-pigeon",
		"\"carrier-pigeon\" is no kind of listener; there are relp, relp-tls, tcp, "
		"tcp-tls, udp, unix and follow"},
	{"[listener a] address = localhost",
		"\"localhost\" is no address; write an IPv4 or IPv6 address, or * for all"},
	{"[listener a] address = 10.0.0.0/8",
		"\"10.0.0.0/8\" is no address; write an IPv4 or IPv6 address, or * for all"},
	{"[listener a] port = 70000", "\"70000\" is not a number from 1 to 65535"},
	{"[listener a] port = 0", "\"0\" is not a number from 1 to 65535"},
	{"[listener a] port = -5", "\"-5\" is not a number from 1 to 65535"},
	{"[listener a] mode = rw", "\"rw\" is not a mode; write octal digits, as 0666 or 0660"},
	{"[listener a] mode = 0888", "\"0888\" is not a mode; write octal digits, as 0666 or 0660"},
	{"[listener a] compressed = maybe", "\"maybe\" is neither yes nor no"},
	{"[listener a] clients = all", "\"all\" is neither any nor certificate"},
	{"[sender a] certificates = *.*.example.com",
		"\"*.*.example.com\" is no name of a certificate; write it as mx1.example.com or "
		"*.example.com"},
	{"[sender a] fingerprints = SHA1:00",
		"\"SHA1:00\" is no SHA-256 fingerprint; write 64 hexadecimal digits, with or "
		"without colons"},
	{"[sender a] hosts = mx1 *",
		"\"*\" is no host; write it as mx1, mx1.example.com or *.example.com, or * alone "
		"for all"},
	{"[sender a] networks = mx1",
		"\"mx1\" is no network; write it as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32"},
	{"[tls] name = *.example.com",
		"\"*.example.com\" is no name of a host; write one as else.example.com"},
	{"[limits] line = 128",
		"\"128\" is not a size (with k, M, G or T behind it) from 1k to 16M"},
	{"[limits] line = 17M",
		"\"17M\" is not a size (with k, M, G or T behind it) from 1k to 16M"},
	{"[limits] line = 99999999999999999999T",
		"\"99999999999999999999T\" is not a size (with k, M, G or T behind it) from 1k to "
		"16M"},
	{"[limits] idle = 5", "\"5\" is not \"never\" or a time (with s, m, h or d behind it) "
			      "from 1s to 30d"},
	{"[limits] idle = 0s", "\"0s\" is not \"never\" or a time (with s, m, h or d behind it) "
			       "from 1s to 30d"},
	{"[limits] handshake = never",
		"\"never\" is not a time (with s, m, h or d behind it) from 1s to 1h"},
	{"[retention] mails = 90",
		"\"90\" is not \"forever\" or a time (with d, w or y behind it) from 1d to 100y"},
	{"[retention] mails = 0d",
		"\"0d\" is not \"forever\" or a time (with d, w or y behind it) from 1d to 100y"},
	{"[spool] segment = 1k",
		"\"1k\" is not a size (with k, M, G or T behind it) from 1M to 4G"},
};

/* "[section] key = value" as two lines, with a listener behind it that is good. */
static void
a_wrong_value_is_named_with_what_would_be_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong_values) / sizeof(*wrong_values); i++) {
		struct slice line = slice_of_str(wrong_values[i].line);
		size_t at = (size_t)slice_find_char(line, ']') + 1;
		struct slice key = slice_skip(line, at + 1);
		struct buf text = {0}, said = {0}, problems = {0};
		struct config c;
		key.n = (size_t)slice_find_char(key, ' ');
		buf_addf(&text, "%.*s\n%s\n", (int)at, line.p, line.p + at + 1);
		buf_addf(&said, "else.conf:2: %.*s: %s\n", SLICE_ARG(key), wrong_values[i].said);
		assert_false(config_parse(buf_slice(&text), "else.conf", &c, &problems));
		if (!slice_starts(buf_slice(&problems), buf_slice(&said)))
			fail_msg("%s is said:\n%snot:\n%s", wrong_values[i].line,
				buf_str(&problems), buf_str(&said));
		buf_fini(&text);
		buf_fini(&said);
		buf_fini(&problems);
	}
}

#define TLS "[tls]\ncertificate = /c\nkey = /k\n"

static const struct {
	const char *text, *said;
} wrong_wholes[] = {
	{"", "else.conf: there is no listener; begin with [listener NAME] and kind = relp-tls\n"},
	{"[listener a]\n",
		"else.conf:1: [listener a] has no kind; say kind = relp, relp-tls, tcp, tcp-tls, "
		"udp, unix or follow\n"},
	{"[listener a]\nkind = unix\nport = 5\ncompressed = yes\n",
		"else.conf:3: port: a listener of kind unix has no port; leave it out\n"
		"else.conf:4: compressed: a listener of kind unix cannot be compressed; leave it "
		"out\n"
		"else.conf:1: [listener a] has no path; say path = /run/else/log\n"},
	{"[listener a]\nkind = relp\npath = /x\nclients = any\nmode = 600\n",
		"else.conf:3: path: a listener of kind relp has no path; leave it out\n"
		"else.conf:5: mode: a listener of kind relp makes no file; leave it out\n"
		"else.conf:4: clients: a listener of kind relp knows no certificates; leave it "
		"out\n"},
	{"[listener a]\nkind = relp-tls\n", "else.conf:1: [listener a] needs a certificate; say "
					    "certificate and key in [tls]\n"},
	{"[listener a]\nkind = relp-tls\n" TLS,
		"else.conf:1: [listener a] would let nobody in; say in [tls] which ca signs the "
		"senders' certificates, or here clients = any\n"},
	{LISTENER "[tls]\nkey = /k\n",
		"else.conf:3: [tls] has no certificate; certificate and key belong together\n"},
	{LISTENER "[sender s]\nhosts = *\n",
		"else.conf:3: [sender s] could be anybody; say certificates, fingerprints or "
		"networks\n"},
	{LISTENER "[sender s]\nnetworks = ::1\n",
		"else.conf:3: [sender s] has no hosts; say hosts = NAME ... for whom it may speak, "
		"or hosts = * for all\n"},
	{LISTENER "[sender s]\ncertificates = mx1\n",
		"else.conf:3: [sender s] is known by the name in its certificate; say in [tls] "
		"which ca signs it\n"},
	{LISTENER "[listener b]\nkind = udp\naddress = 10.0.0.1\n",
		"else.conf:3: [listener b] and [listener a] of line 1 listen at the same place; "
		"give one another address, port or path\n"},
	{LISTENER "[spool]\nsize = 200M\n",
		"else.conf:3: the size of the spool is less than four segments; make size larger "
		"or segment smaller\n"},
};

static void
what_does_not_fit_together_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong_wholes) / sizeof(*wrong_wholes); i++)
		assert_problems(wrong_wholes[i].text, wrong_wholes[i].said);
}

static void
all_mistakes_are_told_at_once_up_to_a_number(void **state)
{
	(void)state;
	struct buf text = {0}, problems = {0};
	struct config c;
	size_t lines = 0;
	buf_add_str(&text, LISTENER "[backend]\n");
	for (int i = 0; i < CONFIG_MAX_PROBLEMS + 7; i++)
		buf_add_str(&text, "dta = 1\n");
	assert_false(config_parse(buf_slice(&text), "else.conf", &c, &problems));
	for (size_t i = 0; i < problems.n; i++)
		lines += problems.p[i] == '\n';
	assert_int_equal(lines, CONFIG_MAX_PROBLEMS + 1);
	assert_true(slice_ends(buf_slice(&problems), S("else.conf: and 7 more\n")));
	buf_fini(&text);
	buf_fini(&problems);
}

static void
what_is_shown_of_a_value_is_short_and_printable(void **state)
{
	(void)state;
	char text[400];
	snprintf(text, sizeof(text), "[backend]\ndata = %0300d\n", 0);
	assert_problems(text,
		"else.conf:2: data: "
		"\"000000000000000000000000000000000000000000000000000000000000000000...\" does "
		"not begin with /; write the whole path\n");
}

static void
there_may_be_so_many_listeners(void **state)
{
	(void)state;
	struct buf text = {0}, problems = {0};
	struct config c;
	for (int i = 0; i < CONFIG_MAX_LISTENERS; i++)
		buf_addf(&text, "[listener n%d]\nkind = udp\nport = %d\n", i, 1000 + i);
	assert_true(config_parse(buf_slice(&text), "else.conf", &c, &problems));
	assert_int_equal(c.n_listeners, CONFIG_MAX_LISTENERS);
	config_fini(&c);
	buf_add_str(&text, "[listener more]\n");
	assert_false(config_parse(buf_slice(&text), "else.conf", &c, &problems));
	assert_text(problems, "else.conf:193: there may be 64 of [listener NAME]\n");
	buf_fini(&text);
	buf_fini(&problems);
}

/* ---- files ---- */

static void
files_that_cannot_be_read_are_problems(void **state)
{
	(void)state;
	struct config c;
	struct buf problems = {0};
	assert_false(config_read("/nowhere/else.conf", &c, &problems));
	assert_text(problems, "/nowhere/else.conf: No such file or directory\n");
	buf_clear(&problems);
	assert_false(config_read("/", &c, &problems));
	assert_text(problems, "/: Is a directory\n");
	buf_clear(&problems);
	assert_false(config_read("/dev/zero", &c, &problems));
	assert_text(problems, "/dev/zero: larger than 1048576 bytes\n");
	buf_fini(&problems);
}

/* The example with everything that is behind a # in it. */
static void
uncomment(struct slice text, struct buf *out)
{
	struct slice line;
	while (slice_split(&text, '\n', &line)) {
		bool off = line.n > 1 && line.p[0] == '#' &&
			   (line.p[1] == '[' || (line.p[1] >= 'a' && line.p[1] <= 'z'));
		buf_add(out, slice_skip(line, off));
		buf_add_char(out, '\n');
	}
}

static void
the_example_is_good_and_shows_the_defaults(void **state)
{
	(void)state;
	struct buf text = {0}, all = {0};
	read_source(&text, "deploy/else.conf");
	uncomment(buf_slice(&text), &all);
	struct config given = good(text.p), full = good(buf_str(&all));
	assert_int_equal(given.n_listeners, 1);
	assert_int_equal(full.n_listeners, CONFIG_KINDS);
	assert_int_equal(full.n_senders, 1);
	assert_string_equal(given.data, full.data);
	assert_string_equal(given.spool_folder, full.spool_folder);
	for (size_t i = 0; i < config_n_keys; i++) {
		const struct config_key *key = &config_keys[i];
		if (key->section == CONFIG_LIMITS || key->section == CONFIG_RETENTION ||
			(key->section == CONFIG_SPOOL && key->read == config_read_size))
			assert_memory_equal((const char *)&given + key->offset,
				(const char *)&full + key->offset, sizeof(uint64_t));
	}
	config_fini(&given);
	config_fini(&full);
	buf_fini(&text);
	buf_fini(&all);
}

static void
every_key_is_in_the_example_and_in_the_manual(void **state)
{
	(void)state;
	struct buf example = {0}, manual = {0}, want = {0};
	read_source(&example, "deploy/else.conf");
	read_source(&manual, "man/else.conf.5");
	for (size_t i = 0; i < config_n_keys; i++) {
		const struct config_key *key = &config_keys[i];
		const char *section = config_section_name(key->section);
		buf_clear(&want);
		buf_addf(&want, "[%s", section);
		const char *at = strstr(example.p, buf_str(&want));
		buf_clear(&want);
		buf_addf(&want, "%s = ", key->name);
		if (!at || !strstr(at, buf_str(&want)))
			fail_msg("%s of [%s] is not in deploy/else.conf", key->name, section);
		buf_clear(&want);
		buf_addf(&want, ".Ss [%s", section);
		at = strstr(manual.p, buf_str(&want));
		buf_clear(&want);
		buf_addf(&want, ".It Ic %s ", key->name);
		if (!at || !strstr(at, buf_str(&want)))
			fail_msg("%s of [%s] is not in man/else.conf.5", key->name, section);
	}
	buf_fini(&example);
	buf_fini(&manual);
	buf_fini(&want);
}

/* ---- for the intake ---- */

static void
the_intake_gets_all_of_it(void **state)
{
	(void)state;
	struct config c = good("[listener f]\nkind = follow\npath = /f\n"
			       "[listener a]\nkind = tcp-tls\nport = 5\ncompressed = yes\n"
			       "[listener b]\nkind = unix\npath = /u\nmode = 600\n"
			       "[sender s]\ncertificates = mx1\nnetworks = 10.0.0.0/8\nhosts = *\n"
			       "[tls]\ncertificate = /c\nkey = /k\nca = /a\nname = else.test\n"
			       "[limits]\nidle = 1m\nline = 2k\nsessions = 9\n");
	struct config_intake in;
	config_intake_init(&in, &c);
	const struct intake_options *o = &in.options;
	assert_int_equal(o->listener_count, 2);
	assert_int_equal(o->listeners[0].kind, INTAKE_TCP_TLS);
	assert_int_equal(o->listeners[0].port, 5);
	assert_true(o->listeners[0].compressed);
	assert_int_equal(o->listeners[1].kind, INTAKE_UNIX);
	assert_string_equal(o->listeners[1].path, "/u");
	assert_int_equal(o->listeners[1].mode, 0600);
	assert_int_equal(o->sender_count, 1);
	assert_slice(o->senders[0].certificates[0], "mx1");
	assert_slice(o->senders[0].networks[0], "10.0.0.0/8");
	assert_int_equal(o->senders[0].host_count, 0);
	assert_string_equal(o->tls.certificate, "/c");
	assert_string_equal(o->tls.name, "else.test");
	assert_int_equal(o->caps.idle_ms, 60000);
	assert_int_equal(o->caps.frame_bytes, 2048);
	assert_int_equal(o->caps.sessions, 9);
	assert_int_equal(o->caps.sessions_per_address, 9);
	config_intake_fini(&in);
	config_fini(&c);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_is_enough),
		cmocka_unit_test(each_kind_of_listener_has_what_it_needs),
		cmocka_unit_test(senders_are_known_by_certificates_and_networks),
		cmocka_unit_test(lists_take_blanks_and_commas_and_add_up),
		cmocka_unit_test(sizes_and_times_have_units),
		cmocka_unit_test(blanks_comments_and_line_ends_do_not_matter),
		cmocka_unit_test(a_wrong_line_is_named_with_what_would_be_right),
		cmocka_unit_test(a_wrong_value_is_named_with_what_would_be_right),
		cmocka_unit_test(what_does_not_fit_together_is_named),
		cmocka_unit_test(all_mistakes_are_told_at_once_up_to_a_number),
		cmocka_unit_test(what_is_shown_of_a_value_is_short_and_printable),
		cmocka_unit_test(there_may_be_so_many_listeners),
		cmocka_unit_test(files_that_cannot_be_read_are_problems),
		cmocka_unit_test(the_example_is_good_and_shows_the_defaults),
		cmocka_unit_test(every_key_is_in_the_example_and_in_the_manual),
		cmocka_unit_test(the_intake_gets_all_of_it),
	};
	assert(argc == 2);
	root = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
