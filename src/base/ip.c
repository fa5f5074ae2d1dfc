#include "base/ip.h"

#include <arpa/inet.h>

static struct slice
bare_address(struct slice s)
{
	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = slice_of(s.p + 1, s.n - 2);
	if (s.n > 5 && slice_equal_nocase(slice_head(s, 5), S("IPv6:")))
		s = slice_skip(s, 5);
	ptrdiff_t zone = slice_find_char(s, '%');
	return zone < 0 ? s : slice_head(s, (size_t)zone);
}

static bool
parse_bytes(struct slice s, struct ip *ip)
{
	char text[INET6_ADDRSTRLEN];
	if (s.n == 0 || s.n >= sizeof(text))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (memchr(text, '\0', s.n))
		return false;
	bool six = slice_find_char(s, ':') >= 0;
	ip->family = six ? 6 : 4;
	ip->bits = six ? 128 : 32;
	return inet_pton(six ? AF_INET6 : AF_INET, text, ip->bytes) == 1;
}

bool
ip_parse(struct slice s, bool network, struct ip *ip)
{
	*ip = (struct ip){0};
	ptrdiff_t slash = network ? slice_find_char(s, '/') : -1;
	struct slice address = slash < 0 ? s : slice_head(s, (size_t)slash);
	uint64_t bits = 0;
	bool ok = parse_bytes(bare_address(address), ip);
	if (ok && slash >= 0) {
		ok = slice_to_u64(slice_skip(s, (size_t)slash + 1), &bits) && bits <= ip->bits;
		ip->bits = (uint8_t)bits;
	}
	if (!ok)
		*ip = (struct ip){0};
	return ok;
}

void
ip_add(struct buf *b, const struct ip *ip)
{
	char text[INET6_ADDRSTRLEN];
	if (!ip->family)
		return;
	inet_ntop(ip->family == 6 ? AF_INET6 : AF_INET, ip->bytes, text, sizeof(text));
	buf_add_str(b, text);
	if (ip->bits != (ip->family == 6 ? 128 : 32))
		buf_addf(b, "/%u", ip->bits);
}

bool
ip_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && a->bits == b->bits &&
	       memcmp(a->bytes, b->bytes, a->family == 6 ? 16 : 4) == 0;
}

bool
ip_in(const struct ip *address, const struct ip *network)
{
	if (!address->family || address->family != network->family || address->bits < network->bits)
		return false;
	unsigned whole = network->bits / 8, rest = network->bits % 8;
	if (memcmp(address->bytes, network->bytes, whole) != 0)
		return false;
	if (!rest)
		return true;
	uint8_t mask = (uint8_t)(0xff << (8 - rest));
	return (address->bytes[whole] & mask) == (network->bytes[whole] & mask);
}

bool
ip_is_loopback(const struct ip *ip)
{
	static const uint8_t one[16] = {[15] = 1};
	return (ip->family == 4 && ip->bytes[0] == 127) ||
	       (ip->family == 6 && memcmp(ip->bytes, one, 16) == 0);
}
