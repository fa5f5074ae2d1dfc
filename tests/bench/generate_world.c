/* The people, machines and names of the generated world. All of it follows from ranks by hashing,
 * so that nothing has to be stored: the same rank is the same person every time. */
#include "generate.h"

#include <assert.h>

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
uint64_t
mixed(uint64_t v)
{
	v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9u;
	v = (v ^ (v >> 27)) * 0x94d049bb133111ebu;
	return v ^ (v >> 31);
}

uint64_t
chance(struct generate *g)
{
	return mixed(g->chance += 0x9e3779b97f4a7c15u);
}

uint32_t
below(struct generate *g, uint32_t n)
{
	return (uint32_t)(((chance(g) >> 32) * n) >> 32);
}

bool
permille(struct generate *g, unsigned p)
{
	return below(g, 1000) < p;
}

int64_t
between(struct generate *g, int64_t from, int64_t to)
{
	assert(from <= to);
	return from + (int64_t)(chance(g) % (uint64_t)(to - from + 1));
}

/* Exactly P(rank) ~ 1/(rank+1): an octave of ranks at random, one of its ranks at random, kept with
 * a probability of (first of the octave)/rank. Integers only, so every machine draws the same. */
uint32_t
zipf(struct generate *g, uint32_t n)
{
	assert(n > 0);
	uint32_t octaves = 32 - (uint32_t)__builtin_clz(n);
	for (;;) {
		uint32_t first = 1u << below(g, octaves);
		uint32_t rank = first + below(g, first);
		if (rank <= n && below(g, rank) < first)
			return rank - 1;
	}
}

void
text_set(struct text *t, const struct slice *parts, size_t n)
{
	size_t used = 0;
	for (size_t i = 0; i < n; i++) {
		struct slice part = slice_head(parts[i], sizeof(t->p) - used);
		if (part.n)
			memcpy(t->p + used, part.p, part.n);
		used += part.n;
	}
	t->n = (uint8_t)used;
}

void
random_text(struct generate *g, struct slice letters, unsigned n, struct text *t)
{
	assert(n <= sizeof(t->p));
	uint64_t bits = 0;
	for (unsigned i = 0; i < n; i++) {
		if (i % 8 == 0)
			bits = chance(g);
		t->p[i] = letters.p[((bits & 0xff) * letters.n) >> 8];
		bits >>= 8;
	}
	t->n = (uint8_t)n;
}

struct slice
number(struct generate *g, uint64_t v)
{
	char *text = g->numbers[g->number_next++ % 16];
	char *end = text + sizeof(g->numbers[0]), *p = end;
	do
		*--p = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	return slice_of(p, (size_t)(end - p));
}

/* As number(), for texts that need no `g`; good for one use. */
static struct slice
digits(char *room, size_t size, uint64_t v)
{
	int n = snprintf(room, size, "%llu", (unsigned long long)v);
	return slice_of(room, (size_t)n);
}

static const char *const words[64] = {"amber", "anchor", "apple", "ash", "atlas", "aurora", "bay",
	"birch", "blue", "bright", "bridge", "brook", "castle", "cedar", "city", "clear", "cloud",
	"coast", "copper", "crown", "delta", "east", "edge", "elm", "falcon", "field", "first",
	"forest", "garden", "glass", "gold", "grand", "green", "harbor", "hill", "iron", "lake",
	"leaf", "light", "maple", "market", "mill", "moon", "nord", "north", "oak", "ocean",
	"orchard", "park", "pine", "planet", "prime", "quick", "river", "silver", "sky", "smart",
	"solar", "south", "stone", "summit", "union", "west", "wind"};

static const char *const first_names[64] = {"adam", "alice", "amelie", "andreas", "anna", "anton",
	"barbara", "ben", "carla", "carlos", "chen", "clara", "claudia", "daniel", "david",
	"dmitri", "elena", "elif", "emma", "erik", "eva", "fatima", "felix", "finn", "frank",
	"giulia", "hanna", "hans", "helen", "ines", "ivan", "jan", "jana", "john", "jonas", "jose",
	"julia", "karin", "klaus", "laura", "lea", "lena", "leon", "li", "lucas", "maria", "marco",
	"mark", "martin", "maya", "mehmet", "mia", "michael", "nina", "noah", "olga", "paul",
	"peter", "priya", "robert", "sara", "sofia", "thomas", "yuki"};

static const char *const last_names[64] = {"adams", "bauer", "becker", "berg", "bianchi", "brown",
	"campbell", "chen", "clark", "costa", "davies", "demir", "dubois", "evans", "fischer",
	"fontaine", "garcia", "gruber", "hansen", "harris", "hoffmann", "huber", "ivanov", "jansen",
	"johnson", "jones", "kaya", "keller", "king", "klein", "koch", "kowalski", "kumar", "lang",
	"larsen", "lee", "lopez", "martin", "meyer", "moreau", "moser", "mueller", "nielsen",
	"novak", "olsen", "patel", "petrov", "richter", "roberts", "rossi", "santos", "sato",
	"schmidt", "schulz", "silva", "smith", "suzuki", "taylor", "vogel", "wagner", "weber",
	"wilson", "wolf", "zimmermann"};

static const char *const roles[8] = {
	"info", "office", "sales", "support", "billing", "orders", "contact", "noreply"};

static const char *const tails[13] = {".example", ".com.example", ".net.example", ".org.example",
	".de.example", ".fr.example", ".co.uk.example", ".it.example", ".nl.example", ".at.example",
	".ch.example", ".eu.example", ".info.example"};

static const char *const providers[PROVIDERS] = {"gigamail.example", "officemail.example",
	"yoomail.example", "gmexpress.example", "tee-online.example", "skymail.example",
	"hotpost.example", "freemail.example"};

static struct slice
word(const char *const *list, uint64_t i)
{
	return slice_of_str(list[i]);
}

/* Both products are one-to-one: the factors share no divisor with the number of names. */
void
domain_name(uint32_t domain, struct text *name)
{
	if (domain >= OUTSIDE_DOMAINS) {
		uint64_t i = (domain - OUTSIDE_DOMAINS) * UINT64_C(2654435761) % (64 * 64);
		TEXT(name, word(words, i % 64), S("-"), word(words, i / 64), S(".test"));
	} else if (domain < PROVIDERS) {
		TEXT(name, word(providers, domain));
	} else {
		uint64_t i = domain * UINT64_C(2654435761) % (64 * 64 * 13);
		TEXT(name, word(words, i % 64), word(words, i / 64 % 64),
			word(tails, i / (64 * 64)));
	}
}

static void
person_at(uint32_t domain, uint32_t person, struct address *a)
{
	uint64_t h = mixed((uint64_t)domain << 32 | person);
	uint64_t house = mixed(domain);
	struct text name;
	char room[12];
	struct slice first = word(first_names, h % 64), last = word(last_names, h / 64 % 64);
	struct slice suffix = person >= 400 ? digits(room, sizeof(room), person) : S("");
	struct slice dot = house % 4 == 0 ? S("_") : house % 4 == 1 ? S("") : S(".");

	a->domain = domain;
	domain_name(domain, &name);
	if (domain >= PROVIDERS && person < house / 16 % 6)
		TEXT(&a->text, word(roles, (person + house) % 8), S("@"), text_slice(&name));
	else if (house / 256 % 4 == 0)
		TEXT(&a->text, slice_head(first, 1), dot, last, suffix, S("@"), text_slice(&name));
	else
		TEXT(&a->text, first, dot, last, suffix, S("@"), text_slice(&name));
}

/* Popular domains have more people: 40,000 at the first, a handful at the last. */
void
address_own_at(struct generate *g, uint32_t domain, struct address *a)
{
	person_at(domain, zipf(g, 8 + 40000 / (domain - OUTSIDE_DOMAINS + 1)), a);
}

void
address_own(struct generate *g, struct address *a)
{
	address_own_at(g, OUTSIDE_DOMAINS + zipf(g, OWN_DOMAINS), a);
}

void
address_outside_at(struct generate *g, uint32_t domain, struct address *a)
{
	person_at(domain, zipf(g, 12 + 400000 / (domain + 1)), a);
}

void
address_outside(struct generate *g, struct address *a)
{
	address_outside_at(g, zipf(g, OUTSIDE_DOMAINS), a);
}

/* Bulk senders make an address for every mail, which is what keeps the number of distinct addresses
 * growing with the number of mails. */
static void
address_bulk(struct generate *g, const struct address *to, struct address *a)
{
	struct text name, token, local;
	ptrdiff_t at = slice_find_char(text_slice(&to->text), '@');
	struct slice user = slice_head(text_slice(&to->text), (size_t)at);

	a->domain = PROVIDERS + zipf(g, OUTSIDE_DOMAINS - PROVIDERS);
	domain_name(a->domain, &name);
	switch (below(g, 3)) {
	case 0:
		random_text(g, HEX, 16, &token);
		TEXT(&local, S("bounce+"), text_slice(&token), S("-"), user, S("="),
			slice_domain(text_slice(&to->text)));
		break;
	case 1:
		random_text(g, HEX, 32, &token);
		TEXT(&local, S("bounces-"), number(g, 1000 + a->domain), S("-"),
			text_slice(&token));
		break;
	default:
		random_text(g, S("0123456789abcdefghijklmnopqrstuvwxyz"), 20, &token);
		TEXT(&local, S("msprvs1="), text_slice(&token), S("=bounces"));
		break;
	}
	TEXT(&a->text, text_slice(&local), S("@news."), text_slice(&name));
}

static void
address_forwarded(struct generate *g, struct address *a)
{
	struct text name, token;
	struct address old;
	address_outside(g, &old);
	ptrdiff_t at = slice_find_char(text_slice(&old.text), '@');
	random_text(g, BASE64, 6, &token);
	a->domain = zipf(g, OUTSIDE_DOMAINS);
	domain_name(a->domain, &name);
	TEXT(&a->text, S("SRS0="), slice_head(text_slice(&token), 4), S("="),
		slice_skip(text_slice(&token), 4), S("="), slice_domain(text_slice(&old.text)),
		S("="), slice_head(text_slice(&old.text), (size_t)at), S("@"), text_slice(&name));
}

void
address_sender(struct generate *g, const struct address *to, struct address *a)
{
	unsigned kind = below(g, 100);
	if (kind < 62) {
		address_outside(g, a);
	} else if (kind < 95) {
		address_bulk(g, to, a);
	} else if (kind < 97) {
		address_forwarded(g, a);
	} else {
		a->domain = zipf(g, OUTSIDE_DOMAINS);
		a->text.n = 0;
	}
}

static const uint8_t first_octets[32] = {5, 13, 17, 23, 31, 34, 37, 40, 46, 51, 52, 54, 62, 66, 74,
	78, 80, 81, 85, 87, 91, 93, 104, 109, 136, 144, 147, 178, 185, 194, 209, 217};

static void
ip4_text(uint64_t h, unsigned last, struct text *ip)
{
	int n = snprintf(ip->p, sizeof(ip->p), "%u.%u.%u.%u", first_octets[h % 32],
		(unsigned)(h >> 5 & 255), (unsigned)(h >> 13 & 255), last);
	ip->n = (uint8_t)n;
}

static void
ip6_text(uint64_t h, unsigned last, struct text *ip)
{
	int n = snprintf(ip->p, sizeof(ip->p), "2001:db8:%x:%x::%x",
		(unsigned)(h >> 8 & 0xffff) | 1, (unsigned)(h >> 24 & 0xffff) | 1, last);
	ip->n = (uint8_t)n;
}

/* A sending server of a domain. Providers have hundreds in three networks, others one to four. */
void
client_server(struct generate *g, uint32_t domain, struct client *c)
{
	uint64_t house = mixed(domain);
	unsigned servers = domain < PROVIDERS ? 600 : 1 + (unsigned)(house >> 40 & 3);
	unsigned k = below(g, servers);
	struct text name;

	domain_name(domain, &name);
	if (domain < PROVIDERS)
		TEXT(&c->name, S("mail-"), number(g, k), S(".out."), text_slice(&name));
	else if (house >> 44 & 1)
		TEXT(&c->name, S("smtp"), number(g, k + 1), S("."), text_slice(&name));
	else
		TEXT(&c->name, S("mail"), k ? number(g, k) : S(""), S("."), text_slice(&name));
	c->helo = c->name;
	if (mixed(house + k) % 20 == 0)
		ip6_text(house, 0x10 + k, &c->ip);
	else
		ip4_text(house + k / 200, 16 + k % 200, &c->ip);
	if (mixed(house + k) % 40 == 1)
		TEXT(&c->name, S("unknown"));
}

/* The line at home or in the office of one of our users. */
void
client_customer(const struct address *user, struct client *c)
{
	uint64_t h = slice_hash(text_slice(&user->text), 1);
	unsigned last = 1 + (unsigned)(h >> 48) % 254;
	if (h % 20 == 0) {
		ip6_text(h, last, &c->ip);
		TEXT(&c->name, S("unknown"));
	} else {
		ip4_text(h, last, &c->ip);
		int n = snprintf(c->name.p, sizeof(c->name.p), "p%08x.dip.access.example",
			(unsigned)(h >> 8));
		c->name.n = (uint8_t)n;
	}
	int n = snprintf(c->helo.p, sizeof(c->helo.p),
		h >> 60 & 1 ? "[192.168.%u.%u]" : "[10.%u.0.%u]", (unsigned)(h >> 32 & 3),
		(unsigned)(h >> 34 & 127) + 2);
	c->helo.n = (uint8_t)n;
}

/* Machines that should not send mail at all. */
void
client_bot(struct generate *g, struct client *c)
{
	uint32_t bot = zipf(g, BOTS);
	uint64_t h = mixed(bot + UINT64_C(0xb07));
	struct text name;

	if ((h >> 40) % 20 == 0)
		ip6_text(h, 1 + (unsigned)(h >> 48) % 254, &c->ip);
	else
		ip4_text(h, 1 + (unsigned)(h >> 48) % 254, &c->ip);
	domain_name(PROVIDERS + (uint32_t)(h >> 20) % 3000, &name);
	if (h >> 56 & 1)
		TEXT(&c->name, S("unknown"));
	else
		TEXT(&c->name, S("host-"), number(g, bot), S(".dyn."), text_slice(&name));
	switch (h >> 57 & 3) {
	case 0:
		TEXT(&c->helo, S("["), text_slice(&c->ip), S("]"));
		break;
	case 1:
		TEXT(&c->helo, S("WIN-"), number(g, h >> 32 & 0xfffff));
		break;
	default:
		TEXT(&c->helo, S("mail."), text_slice(&name));
	}
}

void
exchanger(uint32_t domain, struct text *name, struct text *ip)
{
	struct text d;
	domain_name(domain, &d);
	TEXT(name, domain % 3 ? S("mx1.") : S("mx-in."), text_slice(&d));
	ip4_text(mixed(domain) + 7, 10 + domain % 9, ip);
}
