/*
 * addr: an IP address or network as a value, and its one canonical spelling.
 *
 * Parsed with inet_pton(3), printed with inet_ntop(3): the spelling in which
 * Postfix asks its lookup tables. ::ffff:a.b.c.d is stored as IPv4, as
 * smtpd(8) does (src/smtpd/smtpd_peer.c).
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDR_TEXT_MAX = 46 }; /* INET6_ADDRSTRLEN, NUL included */

/* Unused bytes are zero, so that two equal addresses are equal bytes. */
struct addr {
	uint8_t family; /* 4, 6; 0 = none */
	uint8_t bytes[16];
};

/* A network: the first `bits` bits of addr. */
struct cidr {
	struct addr addr;
	unsigned int bits;
};

/*
 * 0 and *out filled, or -1: text is not an address. Takes IPv4 dotted quads
 * without leading zeros, IPv6, both with or without [brackets], and drops a
 * zone ("fe80::1%eth0"). Never reads beyond len.
 */
int addr_parse(struct addr *out, const char *text, size_t len);

/* Writes the canonical spelling and returns its length. */
size_t addr_format(const struct addr *, char out[ADDR_TEXT_MAX]);

bool addr_equal(const struct addr *, const struct addr *);

/* Loopback, link-local, multicast, unspecified, broadcast: never a client. */
bool addr_is_special(const struct addr *);
bool addr_is_loopback(const struct addr *);

/*
 * Whether a lookup table that Postfix also asks for shortened keys may hold
 * it. An IPv6 key with groups behind its "::" is the shortened form of other
 * hosts too; it is safe only with two non-zero groups before the "::"
 * (smtpd(8) check_addr_access: shortened at each ':').
 */
bool addr_is_unambiguous(const struct addr *);

/* "192.0.2.0/24", "[2001:db8::]/32" (Postfix writes mynetworks so), or a bare
 * address; host bits set are an error. 0, or -1. */
int cidr_parse(struct cidr *out, const char *text, size_t len);
struct addr cidr_network(const struct cidr *); /* without the bits behind */
bool cidr_contains(const struct cidr *, const struct addr *);

#endif
