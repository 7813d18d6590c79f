/* addr: strict parsing, canonical output, and addresses that must never be a
 * key. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

static int
parse(struct addr *addr, const char *text)
{
	/* A copy without a NUL, so that valgrind sees a read beyond it. */
	size_t len = strlen(text);
	char *copy = malloc(len + 1);
	int result;

	memcpy(copy, text, len);
	copy = realloc(copy, len ? len : 1);
	result = addr_parse(addr, copy, len);
	free(copy);
	return result;
}

static const struct {
	const char *text, *canonical; /* NULL: no address */
} spellings[] = {
    {"192.0.2.7", "192.0.2.7"},
    {"0.0.0.0", "0.0.0.0"},
    {"255.255.255.255", "255.255.255.255"},
    {"[192.0.2.7]", "192.0.2.7"},
    {"2001:0DB8:00a0::ABCD", "2001:db8:a0::abcd"},
    {"[2001:db8::1]", "2001:db8::1"},
    {"2001:0db8:0:0:1:0:0:9", "2001:db8::1:0:0:9"},
    {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
    {"1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"},
    {"fe80::1%eth0", "fe80::1"},
    {"[fe80::1%eth0]", "fe80::1"},
    {"::ffff:192.0.2.7", "192.0.2.7"},
    {"::FFFF:c000:207", "192.0.2.7"},
    {"::FFFF:192.0.2.7", "192.0.2.7"},
    {"::ffff:12:34", "0.18.0.52"},
    {"::ffff:192.0.2.7%eth0", "192.0.2.7"},
    {"[::ffff:192.0.2.7]", "192.0.2.7"},
    {"::", "::"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"", NULL},
    {"[]", NULL},
    {"[", NULL},
    {"010.1.2.3", NULL},
    {"10.1.2.03", NULL},
    {"00.1.2.3", NULL},
    {"10.1.2", NULL},
    {"10.1.2.", NULL},
    {"10.1.2.3.", NULL},
    {".10.1.2.3", NULL},
    {"10..2.3", NULL},
    {"10.1.2.256", NULL},
    {"10.1.2.4294967299", NULL},
    {"10.1.2.3.4", NULL},
    {"10.1.2.3 ", NULL},
    {" 10.1.2.3", NULL},
    {"10.1.2.3\n", NULL},
    {"+1.2.3.4", NULL},
    {"0x7f.0.0.1", NULL},
    {"2130706433", NULL},
    {"10.1.2.3%eth0", NULL},
    {"[10.1.2.3", NULL},
    {"10.1.2.3]", NULL},
    {"[[10.1.2.3]]", NULL},
    {"2001:db8::1::2", NULL},
    {"2001:db8:::1", NULL},
    {"12345::1", NULL},
    {"1:2:3:4:5:6:7:8:9", NULL},
    {"fe80::1%", NULL},
    {"::ffff:010.1.2.3", NULL},
    {"::ffff:192.0.2", NULL},
    {"::ffff:192.0.2.256", NULL},
    {"::ffff:192.0.2.7:", NULL},
    {"::ffff:", NULL},
    {"localhost", NULL},
    {"unknown", NULL},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555", NULL},
};

static void
test_spellings(void)
{
	char text[ADDR_TEXT_MAX];
	struct addr addr;
	size_t len;

	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
		const char *in = spellings[i].text;

		if (parse(&addr, in) < 0) {
			ok(spellings[i].canonical == NULL,
			   "'%s' is not an address", in);
			continue;
		}
		len = addr_format(&addr, text);
		is_str(text, spellings[i].canonical, "'%s' is an address", in);
		is_int(len, strlen(text), "and its length is right");
	}
	memset(&addr, 7, sizeof(addr));
	ok(addr_parse(&addr, "192.0.2.7\0junk", 14) < 0, "a NUL ends nothing");
	ok(addr_parse(&addr, "::1\0junk", 8) < 0, "also not in IPv6");
	is_int(addr.family, 7, "what is no address leaves the old one alone");
	is_int(addr_parse(&addr, "192.0.2.78", 9), 0, "len counts");
	addr_format(&addr, text);
	is_str(text, "192.0.2.7", "and nothing after it");
}

/* By chance, mostly near the border between an address and none. */
static void
random_quad(char text[64])
{
	static const char junk[] = "0123456789..:x- ";
	unsigned int limit = rand() % 8 ? 256 : 300;
	size_t len;

	snprintf(text, 64, rand() % 8 ? "%u.%u.%u.%u" : "%02u.%u.%03u.%u",
		 rand() % limit, rand() % limit, rand() % limit,
		 rand() % limit);
	len = strlen(text);
	if (rand() % 3 == 0)
		text[(size_t)rand() % len] = junk[rand() % 16];
	if (rand() % 16 == 0)
		text[(size_t)rand() % len] = '\0';
}

static void
test_as_inet_pton(void)
{
	unsigned int wrong = 0, good = 0;
	char text[64], out[ADDR_TEXT_MAX], libc[ADDR_TEXT_MAX];
	struct addr addr;
	uint8_t bytes[4];

	srand(1);
	for (int i = 0; i < 200000; i++) {
		bool want, got;

		random_quad(text);
		want = inet_pton(AF_INET, text, bytes) == 1;
		got = parse(&addr, text) == 0;
		if (got && strchr(text, ':') == NULL) {
			addr_format(&addr, out);
			inet_ntop(AF_INET, bytes, libc, sizeof(libc));
			wrong += strcmp(out, libc) != 0;
			good++;
		}
		if (got != want && strchr(text, ':') == NULL) {
			wrong++;
			printf("# '%s'\n", text);
		}
	}
	is_int(wrong, 0, "200,000 quads are judged and spelled as by libc");
	ok(good > 50000 && good < 190000, "of which %u are addresses", good);
}

/* zeros: a bit for each group that is zero. */
static void
random_six(struct addr *addr, unsigned int zeros)
{
	*addr = (struct addr){.family = 6};
	for (unsigned int i = 0; i < 8; i++) {
		unsigned int group = 1 + (unsigned int)rand() % 0xffff;

		group = zeros >> i & 1 ? 0 : group >> 4 * (rand() % 4);
		addr->bytes[2 * i] = (uint8_t)(group >> 8);
		addr->bytes[2 * i + 1] = (uint8_t)group;
	}
}

/* Postfix makes the keys that it looks up with it. */
static void
test_as_inet_ntop(void)
{
	char text[ADDR_TEXT_MAX], libc[ADDR_TEXT_MAX];
	unsigned int wrong = 0;
	struct addr addr;

	srand(1);
	for (unsigned int i = 0; i < 200 * 256; i++) {
		random_six(&addr, i % 256);
		inet_ntop(AF_INET6, addr.bytes, libc, sizeof(libc));
		if (addr_format(&addr, text) == strlen(libc) &&
		    strcmp(text, libc) == 0)
			continue;
		wrong++;
		printf("# %s, not %s\n", text, libc);
	}
	is_int(wrong, 0, "51,200 IPv6 addresses are spelled as by libc");
}

static void
test_equal(void)
{
	struct addr a, b, mapped;

	parse(&a, "192.0.2.7");
	parse(&b, "[192.0.2.7]");
	parse(&mapped, "::ffff:192.0.2.7");
	ok(addr_equal(&a, &b), "brackets make no other address");
	ok(addr_equal(&a, &mapped), "nor does ::ffff:");
	parse(&b, "192.0.2.8");
	ok(!addr_equal(&a, &b), "another number does");
	parse(&b, "c000:207::");
	ok(!addr_equal(&a, &b), "another family does, with the same bytes");
}

static const struct {
	const char *text;
	bool special, unambiguous;
} kinds[] = {
    {"192.0.2.7", false, true},
    {"10.0.0.1", false, true},
    {"127.0.0.1", true, true},
    {"127.9.8.7", true, true},
    {"0.0.0.0", true, true},
    {"169.254.3.4", true, true},
    {"224.0.0.1", true, true},
    {"239.255.255.250", true, true},
    {"255.255.255.255", true, true},
    {"223.255.255.255", false, true},
    {"::ffff:127.0.0.1", true, true},
    {"::", true, true}, /* nothing after its gap */
    {"::1", true, false},
    {"::2", false, false},
    {"fe80::1", true, false},
    {"febf::1", true, false},
    {"fec0::1", false, false},
    {"ff02::1", true, false},
    {"2001:db8::1", false, true},
    {"2001:db8::1:0:0:9", false, true},
    {"2001::1", false, false},
    {"0:1::5", false, false},
    {"2001:0:5::1", false, true},
    {"2001::", false, true},
    {"1:2:3:4:5:6:7:8", false, true},
};

static void
test_kinds(void)
{
	char text[ADDR_TEXT_MAX];
	struct addr addr;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		parse(&addr, kinds[i].text);
		addr_format(&addr, text);
		is_int(addr_is_special(&addr), kinds[i].special,
		       "%s is %sspecial", kinds[i].text,
		       kinds[i].special ? "" : "not ");
		is_int(addr_text_is_unambiguous(text), kinds[i].unambiguous,
		       "%s may %sbe asked for as a piece of another",
		       kinds[i].text, kinds[i].unambiguous ? "not " : "");
	}
}

static const struct {
	const char *net, *in, *out; /* in NULL: no network */
} nets[] = {
    {"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
    {"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
    {"192.0.2.7", "192.0.2.7", "192.0.2.6"},
    {"192.0.2.7/32", "192.0.2.7", "192.0.2.6"},
    {"0.0.0.0/0", "203.0.113.1", "::1"},
    {"10.0.0.0/9", "10.127.0.1", "10.128.0.1"},
    {"[2001:db8::]/32", "2001:db8:ffff::1", "2001:db9::"},
    {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
    {"[::1]/128", "::1", "::2"},
    {"[::1]", "::1", "127.0.0.1"},
    {"::ffff:192.0.2.0/120", "192.0.2.9", "192.0.3.9"},
    {"192.0.2.1/24", NULL, NULL},
    {"192.0.2.0/33", NULL, NULL},
    {"192.0.2.0/", NULL, NULL},
    {"192.0.2.0/024", NULL, NULL},
    {"192.0.2.0/-1", NULL, NULL},
    {"192.0.2.0/2x", NULL, NULL},
    {"192.0.2.0/4294967320", NULL, NULL},
    {"192.0.2/24", NULL, NULL},
    {"2001:db8::/129", NULL, NULL},
    {"2001:db8::1/64", NULL, NULL},
    {"::ffff:192.0.2.0/90", NULL, NULL},
    {"/24", NULL, NULL},
    {"", NULL, NULL},
};

static void
test_networks(void)
{
	struct addr in, out;
	struct cidr net;

	for (size_t i = 0; i < sizeof(nets) / sizeof(*nets); i++) {
		const char *text = nets[i].net;

		if (cidr_parse(&net, text, strlen(text)) < 0) {
			ok(nets[i].in == NULL, "'%s' is no network", text);
			continue;
		}
		if (!ok(nets[i].in != NULL, "'%s' is a network", text))
			continue;
		parse(&in, nets[i].in);
		parse(&out, nets[i].out);
		ok(cidr_contains(&net, &in), "with %s in it", nets[i].in);
		ok(!cidr_contains(&net, &out), "and without %s", nets[i].out);
	}
}

static const struct {
	const char *net;
	bool private, wide;
} widths[] = {
    {"8.0.0.0/8", false, true},		 {"192.0.0.0/15", false, true},
    {"192.0.0.0/16", false, false},	 {"192.0.2.7", false, false},
    {"10.0.0.0/8", true, false},	 {"10.9.0.0/16", true, false},
    {"8.0.0.0/6", false, true}, /* with 10.0.0.0/8 in it */
    {"172.16.0.0/12", true, false},	 {"172.0.0.0/11", false, true},
    {"172.32.0.0/15", false, true},	 {"100.64.0.0/10", true, false},
    {"127.0.0.0/8", true, false},	 {"0.0.0.0/0", false, true},
    {"2001:db8::/31", false, true},	 {"2001:db8::/32", false, false},
    {"fd00::/8", true, false},		 {"fe80::/10", true, false},
    {"::ffff:8.0.0.0/104", false, true}, {"::/0", false, true},
};

static void
test_widths(void)
{
	struct cidr net;

	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
		const char *text = widths[i].net;

		ok(cidr_parse(&net, text, strlen(text)) == 0, "%s", text);
		ok(cidr_is_private(&net) == widths[i].private, "is private: %d",
		   widths[i].private);
		ok(cidr_is_wide(&net) == widths[i].wide, "is wide: %d",
		   widths[i].wide);
	}
}

static void
test_cover(void)
{
	static const struct {
		const char *nets[4];
		bool whole;
	} cases[] = {
	    {{"0.0.0.0/0"}, true},
	    {{"128.0.0.0/1", "0.0.0.0/1"}, true},
	    {{"192.0.0.0/2", "128.0.0.0/2", "10.0.0.0/8", "0.0.0.0/1"}, true},
	    {{"128.0.0.0/1", "0.0.0.0/2", "64.0.0.0/3"}, false},
	    {{"0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"}, false},
	    {{"0.0.0.0/8", "128.0.0.0/1"}, false},
	    {{"::/0"}, false},
	    {{NULL}, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cidr all[4];
		size_t n = 0;

		for (; n < 4 && cases[i].nets[n] != NULL; n++)
			cidr_parse(&all[n], cases[i].nets[n],
				   strlen(cases[i].nets[n]));
		ok(cidr_cover_ipv4(all, n) == cases[i].whole,
		   "%s and others are all of IPv4: %d",
		   n > 0 ? cases[i].nets[0] : "no network", cases[i].whole);
	}
}

/* An address with another first byte is in none of the networks. */
static void
test_firsts(void)
{
	static const char *const networks[] = {
	    "10.0.0.0/8",    "172.16.0.0/12", "192.0.2.7", "96.0.0.0/3",
	    "2001:db8::/32", "fc00::/7",      "::1"};
	struct cidr_firsts firsts = {0};
	struct cidr some[7];
	unsigned int wrong = 0;

	for (size_t i = 0; i < 7; i++) {
		cidr_parse(&some[i], networks[i], strlen(networks[i]));
		cidr_firsts_add(&firsts, &some[i]);
	}
	for (unsigned int first = 0; first < 256; first++)
		for (uint8_t family = 4; family <= 6; family += 2) {
			struct addr addr = {family, {(uint8_t)first}};
			bool has = false;

			for (size_t i = 0; i < 7; i++) {
				struct cidr head = {some[i].addr, some[i].bits};

				if (head.bits > 8)
					head.bits = 8;
				has = has || cidr_contains(&head, &addr);
			}
			wrong += cidr_firsts_has(&firsts, &addr) != has;
		}
	is_int(wrong, 0, "the first bytes of networks are known");
}

int
main(void)
{
	test_cover();
	test_spellings();
	test_as_inet_pton();
	test_as_inet_ntop();
	test_equal();
	test_kinds();
	test_networks();
	test_firsts();
	test_widths();
	return tap_done();
}
