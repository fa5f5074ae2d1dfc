/* IPv4 and IPv6 addresses and networks (RFC 4632, RFC 4291). */
#ifndef ELSE_BASE_IP_H
#define ELSE_BASE_IP_H

#include "base/buf.h"

struct ip {
	uint8_t family;	   /* 0 = none, 4, 6 */
	uint8_t bits;	   /* prefix length: 32 or 128 for a single address */
	uint8_t bytes[16]; /* IPv4 in the first four */
};

/* "192.0.2.7", "2001:db8::1", "[2001:db8::1]", "IPv6:2001:db8::1" (RFC 5321 address literal), a
 * zone id
 * (%eth0) is cut. With `network`, "/n" may follow. False (and family 0) on anything else. */
bool ip_parse(struct slice s, bool network, struct ip *ip);

/* "192.0.2.7" or "192.0.2.0/24" (RFC 5952 for IPv6). */
void ip_add(struct buf *b, const struct ip *ip);

bool ip_equal(const struct ip *a, const struct ip *b);
bool ip_in(const struct ip *address, const struct ip *network);
bool ip_is_loopback(const struct ip *ip);

#endif
