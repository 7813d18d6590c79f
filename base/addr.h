/*
 * addr: an IP address or network as a value, and its one canonical spelling.
 *
 * Addresses are parsed as by inet_pton(3) and printed as by inet_ntop(3), which
 * is the spelling that Postfix looks up in its tables. ::ffff:a.b.c.d is stored
 * as IPv4, as in smtpd(8) (src/smtpd/smtpd_peer.c).
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDR_TEXT_MAX = 46 }; /* INET6_ADDRSTRLEN, NUL included */

/* Unused bytes are zero, so that equal addresses have equal bytes. */
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
 * 0 and *out, or -1: text is not an address. Accepts IPv4 as a dotted quad
 * without leading zeros, and IPv6, each with or without [brackets]; a zone
 * ("fe80::1%eth0") is dropped. Never reads beyond len.
 */
int addr_parse(struct addr *out, const char *text, size_t len);

/* Writes the canonical spelling and returns its length. */
size_t addr_format(const struct addr *, char out[ADDR_TEXT_MAX]);

bool addr_equal(const struct addr *, const struct addr *);

/* Loopback, link-local, multicast, unspecified, broadcast: never a client. */
bool addr_is_special(const struct addr *);
bool addr_is_loopback(const struct addr *);

/*
 * Whether the text of an address may be a key in a table in which Postfix also
 * looks up shortened keys. smtpd(8) check_addr_access shortens an IPv6 address
 * at each ':', so a key with groups after its "::" may also be the shortened
 * form of other addresses. Such a key is safe only with at least two non-zero
 * groups before the "::".
 */
bool addr_text_is_unambiguous(const char *text);

/* Parses "192.0.2.0/24", "[2001:db8::]/32" as in Postfix's mynetworks, or a
 * bare address. Host bits must be zero. 0, or -1. */
int cidr_parse(struct cidr *out, const char *text, size_t len);

/* As cidr_parse(), but host bits may be set; the network has none. */
int cidr_parse_around(struct cidr *out, const char *text, size_t len);
struct addr cidr_network(const struct cidr *); /* host bits zeroed */
bool cidr_contains(const struct cidr *, const struct addr *);

/* The first bytes of the addresses in some networks: an address with another
 * one is in none of them. Zero-initialise it. */
struct cidr_firsts {
	bool of_four[256], of_six[256];
};
void cidr_firsts_add(struct cidr_firsts *, const struct cidr *);
static inline bool
cidr_firsts_has(const struct cidr_firsts *firsts, const struct addr *addr)
{
	return (addr->family == 4 ? firsts->of_four
				  : firsts->of_six)[addr->bytes[0]];
}

/* Whether it lies in a network that everybody may use at home: private (RFC
 * 1918, 4193), shared (RFC 6598), loopback or link-local. */
bool cidr_is_private(const struct cidr *);

/* Whether it is public and has more addresses than one organisation is likely
 * to have: its bits are fewer than these. */
enum { CIDR_WIDE_4 = 16, CIDR_WIDE_6 = 32 };
bool cidr_is_wide(const struct cidr *);

/* Whether these networks have every IPv4 address, one of them or together. */
bool cidr_cover_ipv4(const struct cidr *, size_t count);

#endif
