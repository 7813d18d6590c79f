/* The keys of a row, against what smtpd asks: of all addresses that have the
 * same zeros, or nearly the same groups, those of the /64 and no others find
 * a key of it.
 */
#include "maps/entry.h"

#include <stdlib.h>
#include <string.h>

#include "maps/map.h"
#include "tests/tap.h"

enum { GROUPS = 8 };

/* What check_addr_access() of smtpd asks of a table: the text, then what is
 * left of it at each ':' from the right. */
static bool
asked_for(const struct addr *addr, const char *key)
{
	char text[ADDR_TEXT_MAX], *colon;

	addr_format(addr, text);
	for (;;) {
		if (strcmp(text, key) == 0)
			return true;
		colon = strrchr(text, ':');
		if (colon == NULL)
			return false;
		*colon = '\0';
	}
}

static struct addr
make(const unsigned int groups[GROUPS])
{
	struct addr addr = {.family = 6};

	for (unsigned int i = 0; i < GROUPS; i++) {
		addr.bytes[2 * i] = (uint8_t)(groups[i] >> 8);
		addr.bytes[2 * i + 1] = (uint8_t)groups[i];
	}
	return addr;
}

/* Each group is one of three values; 0 makes the "::". */
static struct addr
numbered(unsigned int number)
{
	static const unsigned int values[] = {0, 1, 0x2a};
	unsigned int groups[GROUPS];

	for (unsigned int i = 0; i < GROUPS; i++) {
		groups[i] = values[number % 3];
		number /= 3;
	}
	groups[0] += 0x2001;
	return make(groups);
}

static struct map_row
row_of(const struct addr *addr)
{
	return (struct map_row){.addr = *addr, .when = 5, .present = true};
}

/* How many of all addresses are judged otherwise than they should be. */
static unsigned int
wrong_about(const struct addr *net, const struct map_settings *settings,
	    unsigned int count)
{
	char keys[ENTRY_KEYS][ADDR_TEXT_MAX];
	struct map_row row = row_of(net);
	unsigned int n = 0, wrong = 0;
	struct entry entry;

	for (; entry_from_row(&entry, &row, settings, n); n++)
		memcpy(keys[n], entry.key, sizeof(keys[n]));
	if (n == 0)
		return 0;
	for (unsigned int i = 0; i < count; i++) {
		struct addr addr = numbered(i);
		bool in = memcmp(addr.bytes, net->bytes, 8) == 0;
		bool found = false;

		for (unsigned int k = 0; k < n; k++)
			found = found || asked_for(&addr, keys[k]);
		wrong += found != in;
	}
	return wrong;
}

static void
all_networks(void)
{
	const struct map_settings settings = {.ipv6_prefix = 64};
	unsigned int said = 0, wrong = 0;
	struct entry entry;

	for (unsigned int i = 0; i < 81; i++) {
		struct addr net = numbered(i);
		struct map_row row = row_of(&net);

		said += entry_from_row(&entry, &row, &settings, 0);
		wrong += wrong_about(&net, &settings, 6561);
	}
	is_int(said, 72,
	       "all networks but those with two zeros after the first");
	is_int(wrong, 0, "81 networks, 6561 addresses: in it, or not found");
}

static void
keys_are(const char *text, unsigned int prefix, const char *first,
	 const char *second)
{
	const struct map_settings settings = {.ipv6_prefix = prefix};
	const char *want[] = {first, second};
	struct map_row row = {.when = 5, .present = true};
	struct entry entry;

	addr_parse(&row.addr, text, strlen(text));
	for (unsigned int i = 0; i < 2; i++) {
		bool is = entry_from_row(&entry, &row, &settings, i);

		is_str(is ? entry.key : "", want[i] ? want[i] : "",
		       "%s/%u: key %u", text, prefix ? prefix : 128, i);
		if (is && want[i] != NULL)
			is_int((long long)entry.key_size,
			       (long long)strlen(want[i]) + 1, "and its NUL");
	}
}

static void
some_keys(void)
{
	keys_are("192.0.2.7", 64, "192.0.2.7", NULL);
	keys_are("::ffff:192.0.2.7", 64, "192.0.2.7", NULL);
	keys_are("2001:DB8:a0:1:2:3:4:5", 0, "2001:db8:a0:1:2:3:4:5", NULL);
	keys_are("2001:db8:a0:1:2:3:4:5", 64, "2001:db8:a0:1", NULL);
	keys_are("2001:db8:a0::5", 64, "2001:db8:a0:0", "2001:db8:a0:");
	keys_are("2001:db8::5", 64, "2001:db8:0:0", "2001:db8:");
	keys_are("2001:0:0:1::5", 64, NULL, NULL);
	keys_are("2001::5", 64, NULL, NULL);
	keys_are("2001::5", 0, NULL, NULL);
	keys_are("::1", 64, NULL, NULL);
	keys_are("fe80::1:2:3:4", 64, NULL, NULL);
	keys_are("127.0.0.1", 64, NULL, NULL);
}

static void
values(void)
{
	struct map_settings settings = {0};
	struct map_row row = {.when = -7};
	struct entry entry;

	addr_parse(&row.addr, "192.0.2.7", 9);
	entry_from_row(&entry, &row, &settings, 0);
	is_str(entry.value, "0", "no sign: Postfix would not take it as OK");
	settings.value = "permit";
	entry_from_row(&entry, &row, &settings, 0);
	is_str(entry.value, "permit", "a fixed value");
	is_int((long long)entry.value_size, 7, "and its NUL");
}

int
main(void)
{
	some_keys();
	all_networks();
	values();
	return tap_done();
}
