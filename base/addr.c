#include "base/addr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "base/sixteen.h"

static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};

/* The number that n digits make, 1 to 3, or more than a byte. Other bytes may
 * come after them. */
static uint32_t
number_of(const char *digits, unsigned int n)
{
	uint32_t word;

	if ((n - 1 > 2) | ((n > 1) & (digits[0] == '0')))
		return UINT32_MAX;
	memcpy(&word, digits, sizeof(word));
	word = le32toh(word) << (32 - 8 * n) & 0x0f0f0f0f;
	return (word >> 8 & 15) * 100 + (word >> 16 & 15) * 10 + (word >> 24);
}

/*
 * Parses four decimal numbers without leading zeros, as strictly as
 * inet_pton(3), but faster: nearly every login in a log has such an address.
 * How long its numbers are is no branch: it could not be predicted.
 */
static int
parse_quad(struct addr *out, const char *text, size_t len)
{
	char copy[sizeof(sixteen) + sizeof(uint32_t)] = {0};
	uint32_t dots, digits, number, at = 0;
	sixteen bytes;

	if (len >= sizeof(sixteen))
		return -1;
	memcpy(copy, text, len);
	bytes = sixteen_load(copy);
	dots = sixteen_bits((sixteen)(bytes == '.'));
	digits = sixteen_bits((sixteen)((bytes >= '0') & (bytes <= '9')));
	if ((dots | digits) != (1U << len) - 1)
		return -1;
	dots |= 1U << len;
	for (unsigned int part = 0; part < 4; part++) {
		if (dots == 0)
			return -1;
		number = number_of(copy + at,
				   (unsigned int)__builtin_ctz(dots) - at);
		if (number > 255)
			return -1;
		out->bytes[part] = (uint8_t)number;
		at = (uint32_t)__builtin_ctz(dots) + 1;
		dots &= dots - 1;
	}
	out->family = 4;
	return dots == 0 ? 0 : -1;
}

/* "::ffff:192.0.2.7", as servers with one socket for both families write it. */
static int
parse_mapped(struct addr *out, const char *text, size_t len)
{
	static const char before[] = "::ffff:";
	size_t n = strlen(before);

	if (len <= n || memcmp(text, before, n) != 0)
		return -1;
	return parse_quad(out, text + n, len - n);
}

static int
parse_six(struct addr *out, const char *text, size_t len)
{
	char copy[ADDR_TEXT_MAX];
	uint8_t bytes[16];

	if (parse_mapped(out, text, len) == 0)
		return 0;
	if (len >= sizeof(copy) || memchr(text, '\0', len) != NULL)
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET6, copy, bytes) != 1)
		return -1;
	if (memcmp(bytes, MAPPED, sizeof(MAPPED)) == 0) {
		out->family = 4;
		memcpy(out->bytes, bytes + sizeof(MAPPED), 4);
	} else {
		out->family = 6;
		memcpy(out->bytes, bytes, sizeof(bytes));
	}
	return 0;
}

/* The length without the "%zone" of an IPv6 address. 0: the zone is empty. */
static size_t
without_zone(const char *text, size_t len)
{
	const char *percent = memchr(text, '%', len);

	if (percent == NULL)
		return len;
	if (percent + 1 == text + len)
		return 0;
	return (size_t)(percent - text);
}

int
addr_parse(struct addr *out, const char *text, size_t len)
{
	struct addr parsed = {0};
	int result;

	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0)
		return -1;
	result = parse_quad(&parsed, text, len);
	if (result != 0 && memchr(text, ':', len) != NULL)
		result = parse_six(&parsed, text, without_zone(text, len));
	if (result == 0)
		*out = parsed;
	return result;
}

static char *
format_byte(char *at, unsigned int number)
{
	if (number >= 100)
		*at++ = (char)('0' + number / 100);
	if (number >= 10)
		*at++ = (char)('0' + number / 10 % 10);
	*at++ = (char)('0' + number % 10);
	return at;
}

static char *
format_four(char *at, const uint8_t bytes[4])
{
	for (unsigned int part = 0; part < 4; part++) {
		if (part > 0)
			*at++ = '.';
		at = format_byte(at, bytes[part]);
	}
	return at;
}

/* Without leading zeros. */
static char *
format_group(char *at, unsigned int group)
{
	static const char digits[] = "0123456789abcdef";

	for (int shift = 12; shift > 0; shift -= 4)
		if (group >> shift != 0)
			*at++ = digits[group >> shift & 15];
	*at++ = digits[group & 15];
	return at;
}

/* Finds the first of the longest runs of zero groups; one alone is no run. */
static void
find_zeros(const unsigned int groups[8], unsigned int *begin, unsigned int *end)
{
	unsigned int first = 0;

	*begin = *end = 8;
	for (unsigned int i = 0; i < 8; i++) {
		if (groups[i] != 0)
			first = i + 1;
		else if (i > first && i + 1 - first > *end - *begin) {
			*begin = first;
			*end = i + 1;
		}
	}
}

/*
 * Writes what inet_ntop(3) writes, with which Postfix makes the keys that it
 * looks up, but without printf, which would take longer than all else that is
 * done to put an address into a map (RFC 5952; the last two groups after six of
 * zero are an IPv4 address).
 */
static char *
format_six(char *at, const uint8_t bytes[16])
{
	unsigned int groups[8], begin, end;

	for (unsigned int i = 0; i < 8; i++)
		groups[i] = (unsigned int)bytes[2 * i] << 8 | bytes[2 * i + 1];
	find_zeros(groups, &begin, &end);
	for (unsigned int i = 0; i < 8; i++) {
		if (i == begin) {
			*at++ = ':';
			i = end;
		}
		if (i > 0)
			*at++ = ':';
		if (i == 6 && begin == 0 && end == 6)
			return format_four(at, bytes + 12);
		if (i < 8)
			at = format_group(at, groups[i]);
	}
	return at;
}

size_t
addr_format(const struct addr *addr, char out[ADDR_TEXT_MAX])
{
	char *end = addr->family == 6 ? format_six(out, addr->bytes)
				      : format_four(out, addr->bytes);

	*end = '\0';
	return (size_t)(end - out);
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool
addr_is_loopback(const struct addr *addr)
{
	static const uint8_t one[16] = {[15] = 1};

	return addr->family == 4 ? addr->bytes[0] == 127
				 : memcmp(addr->bytes, one, sizeof(one)) == 0;
}

static bool
is_special_four(const uint8_t *b)
{
	return b[0] == 0 || b[0] == 127 ||     /* this host, loopback */
	       (b[0] == 169 && b[1] == 254) || /* link-local */
	       (b[0] & 0xf0) == 224 ||	       /* multicast */
	       (b[0] == 255 && b[1] == 255 && b[2] == 255 && b[3] == 255);
}

bool
addr_is_special(const struct addr *addr)
{
	static const uint8_t zero[15];
	const uint8_t *b = addr->bytes;

	if (addr->family == 4)
		return is_special_four(b);
	return (memcmp(b, zero, sizeof(zero)) == 0 && b[15] <= 1) ||
	       (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || b[0] == 0xff;
}

/*
 * Postfix shortens the text at its last ':', again and again. One with all eight
 * groups, or one that ends with "::", is never the shortened form of another.
 */
bool
addr_text_is_unambiguous(const char *text)
{
	const char *gap = strstr(text, "::"), *at;
	unsigned int nonzero = 0;

	if (gap == NULL || gap[2] == '\0')
		return true;
	for (at = text; at < gap; at += strcspn(at, ":") + 1)
		nonzero += *at != '0';
	return nonzero >= 2;
}

/* The first `bits` bits of one of the two words of an address. */
static uint64_t
mask_word(unsigned int bits, unsigned int word)
{
	unsigned int before = 64 * word;

	if (bits >= before + 64)
		return UINT64_MAX;
	return bits > before ? htobe64(UINT64_MAX << (before + 64 - bits)) : 0;
}

/* Parses one to three digits without a leading zero: 0 to 128, or -1. */
static int
parse_bits(const char *text, size_t len)
{
	int bits = 0;

	if (len == 0 || len > 3 || (len > 1 && text[0] == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		bits = bits * 10 + (text[i] - '0');
	}
	return bits <= 128 ? bits : -1;
}

/* As cidr_parse(), with the host bits of the text. */
static int
parse_with_host(struct cidr *out, const char *text, size_t len)
{
	const char *slash = memchr(text, '/', len);
	size_t addr_len = slash ? (size_t)(slash - text) : len;
	bool six = memchr(text, ':', addr_len) != NULL;
	int bits = six ? 128 : 32, max = bits;

	if (addr_parse(&out->addr, text, addr_len) < 0)
		return -1;
	if (slash != NULL)
		bits = parse_bits(slash + 1, len - addr_len - 1);
	if (bits > max)
		return -1;
	if (six && out->addr.family == 4)
		bits -= 96; /* a network of mapped IPv4 addresses */
	if (bits < 0)
		return -1;
	out->bits = (unsigned int)bits;
	return 0;
}

int
cidr_parse_around(struct cidr *out, const char *text, size_t len)
{
	if (parse_with_host(out, text, len) != 0)
		return -1;
	out->addr = cidr_network(out);
	return 0;
}

int
cidr_parse(struct cidr *out, const char *text, size_t len)
{
	struct cidr parsed;
	struct addr network;

	if (parse_with_host(&parsed, text, len) != 0)
		return -1;
	network = cidr_network(&parsed);
	if (memcmp(network.bytes, parsed.addr.bytes, sizeof(network.bytes)))
		return -1;
	*out = parsed;
	return 0;
}

struct addr
cidr_network(const struct cidr *net)
{
	struct addr addr = net->addr;
	uint64_t words[2];

	memcpy(words, addr.bytes, sizeof(words));
	words[0] &= mask_word(net->bits, 0);
	words[1] &= mask_word(net->bits, 1);
	memcpy(addr.bytes, words, sizeof(words));
	return addr;
}

bool
cidr_contains(const struct cidr *net, const struct addr *addr)
{
	uint64_t a[2], b[2];

	if (net->addr.family != addr->family)
		return false;
	memcpy(a, net->addr.bytes, sizeof(a));
	memcpy(b, addr->bytes, sizeof(b));
	return (((a[0] ^ b[0]) & mask_word(net->bits, 0)) |
		((a[1] ^ b[1]) & mask_word(net->bits, 1))) == 0;
}

void
cidr_firsts_add(struct cidr_firsts *firsts, const struct cidr *net)
{
	bool *of = net->addr.family == 4 ? firsts->of_four : firsts->of_six;
	unsigned int first = net->addr.bytes[0];
	unsigned int wide = net->bits < 8 ? 1U << (8 - net->bits) : 1;

	for (first &= ~(wide - 1); wide > 0; wide--)
		of[first++] = true;
}

bool
cidr_is_private(const struct cidr *net)
{
	static const char *const networks[] = {
	    "10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8",
	    "169.254.0.0/16", "100.64.0.0/10", "fc00::/7",	 "fe80::/10"};
	struct cidr private;

	for (size_t i = 0; i < sizeof(networks) / sizeof(*networks); i++)
		if (cidr_parse(&private, networks[i], strlen(networks[i])) ==
			0 &&
		    private.bits <= net->bits &&
		    cidr_contains(&private, &net->addr))
			return true;
	return false;
}

bool
cidr_is_wide(const struct cidr *net)
{
	unsigned int bits = net->addr.family == 4 ? CIDR_WIDE_4 : CIDR_WIDE_6;

	return net->bits < bits && !cidr_is_private(net);
}

bool
cidr_cover_ipv4(const struct cidr *nets, size_t count)
{
	uint64_t end = UINT64_C(1) << 32, next = 0, before;

	/* next: the first address that is in none of those looked at. */
	do {
		before = next;
		for (size_t i = 0; i < count && next < end; i++) {
			struct addr at = {4, {(uint8_t)(next >> 24),
					      (uint8_t)(next >> 16),
					      (uint8_t)(next >> 8),
					      (uint8_t)next}};

			if (cidr_contains(&nets[i], &at))
				next = (next | (end - 1) >> nets[i].bits) + 1;
		}
	} while (next < end && next > before);
	return next == end;
}
