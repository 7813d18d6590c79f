/* What hosts publish to each other, as text and as records: any text that we
 * would not write ourselves is refused as a whole, with the reason. */
#include "daemon/peers/peer_entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/chance.h"
#include "tests/tap.h"

enum { NOW = 1700000000, SKEW = 30, LONGEST = 86400 };

static enum peer_entry_fault
read_text(struct peer_entry *entry, const char *text, size_t len)
{
	const struct peer_entry_limits limits = {NOW, SKEW, LONGEST};

	return peer_entry_read(entry, text, len, &limits);
}

static const struct {
	enum peer_entry_fault want;
	const char *text;
} rows[] = {
    {PEER_ENTRY_GOOD, "1 1700000000 1699990000 1\n"},
    {PEER_ENTRY_GOOD, "1 1700000030 1699990000 18446744073709551615\n"},
    {PEER_ENTRY_GOOD, "1 1700000000 1 1\nL 192.0.2.7 1700000000 1700000000\n"},
    {PEER_ENTRY_GOOD, "1 1700000000 1 1\nL 192.0.2.7 1 86401 ann b\xc3\xa9\n"},
    {PEER_ENTRY_GOOD, "1 1700000000 1 1\nL 2001:db8::/64 1 2 ann\n"},
    {PEER_ENTRY_GOOD, "1 1700000000 1 1\nL 2001:db8:1::7 1 2\n"},
    {PEER_ENTRY_GOOD, "1 1700000000 1 1\nH 192.0.2.7 1 1700000600 ann\n"},
    {PEER_ENTRY_GOOD, "1 1700000000 1 1\nR 192.0.2.7 1700000000\n"},

    {PEER_ENTRY_VERSION, "2 1700000000 1 1\n"},
    {PEER_ENTRY_VERSION, "11 1700000000 1 1\n"},
    {PEER_ENTRY_VERSION, " 1 1700000000 1 1\n"},
    {PEER_ENTRY_VERSION, "\n"},
    {PEER_ENTRY_MALFORMED, ""},
    {PEER_ENTRY_MALFORMED, "1"},
    {PEER_ENTRY_MALFORMED, "1\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1 \n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1 1\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000  1 1\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 0\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 01\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 +1\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 18446744073709551616\n"},
    {PEER_ENTRY_MALFORMED, "1 -1 1 1\n"},
    {PEER_ENTRY_MALFORMED, "1 1.7e9 1 1\n"},
    {PEER_ENTRY_MALFORMED, "1 17000000000 1 1\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1\n\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1\nX 192.0.2.7 1 2\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1\nLL 192.0.2.7 1 2\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1\nl 192.0.2.7 1 2\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1\nL 192.0.2.7 1 2"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1\nL 192.0.2.7 1\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1\nL 192.0.2.7 1 2 \n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1\nL 192.0.2.7  1 2\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1\nL 192.0.2.7 2 1 ann\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1\nL 192.0.2.7 1 0x2 ann\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1\nR 192.0.2.7\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1\nR 192.0.2.7 1 2\n"},
    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1\nR 192.0.2.7 1700000001\n"},
    /* One bad line refuses the entry. */
    {PEER_ENTRY_MALFORMED,
     "1 1700000000 1 1\nL 192.0.2.7 1 2 ann\nL 192.0.2.8 1\n"},

    {PEER_ENTRY_CONTROL, "1 1700000000 1 1\nL 192.0.2.7 1 2 a\tb\n"},
    {PEER_ENTRY_CONTROL, "1 1700000000 1 1\r\n"},
    {PEER_ENTRY_CONTROL, "1 1700000000 1 1\nL 192.0.2.7 1 2 a\x1b[2J\n"},

    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL  1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL 192.0.2.007 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL 192.0.2.7/32 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL 192.0.2.0/64 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL 0.0.0.0/0 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL [192.0.2.7] 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL ::ffff:192.0.2.7 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL 2001:DB8:1::7 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL 2001:db8:0::7 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL 2001:db8::7/64 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL 2001:db8::/63 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL /64 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL ann 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL 127.0.0.1 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL 0.0.0.0 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL ::/64 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL fe80::1 1 2\n"},
    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nR 224.0.0.1 1\n"},

    {PEER_ENTRY_AHEAD, "1 1700000031 1 1\n"},
    {PEER_ENTRY_AHEAD, "1 4294967295 1 1\nL 192.0.2.7 1 2 ann\n"},

    {PEER_ENTRY_TOO_LONG, "1 1700000000 1 1\nL 192.0.2.7 1 86402 ann\n"},
    {PEER_ENTRY_TOO_LONG, "1 1700000000 1 1\nH 192.0.2.7 1 1700000601 ann\n"},
};

/* Printable, for the name of a test. */
static const char *
one_line(const char *text)
{
	static char line[128];
	size_t len = 0;

	for (; *text != '\0' && len + 1 < sizeof(line); text++)
		line[len++] = *text < ' ' ? '|' : *text;
	line[len] = '\0';
	return line;
}

static void
known_texts(void)
{
	struct peer_entry entry;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		is_int(read_text(&entry, rows[i].text, strlen(rows[i].text)),
		       rows[i].want, "%s: %s",
		       peer_entry_fault_text(rows[i].want),
		       one_line(rows[i].text));
		if (rows[i].want != PEER_ENTRY_GOOD)
			ok(entry.count == 0, "... with no record of it");
	}
	is_int(read_text(&entry, "1 1700000000 1 1\0\n", 18),
	       PEER_ENTRY_CONTROL, "a NUL");
}

static struct peer_entry_record
record_of(const char *address, const char *user, size_t len)
{
	struct peer_entry_record record = {.kind = PEER_ENTRY_LOGIN,
					   .when = NOW - 10,
					   .until = NOW + 1790,
					   .user = user,
					   .user_len = len};

	addr_parse(&record.addr, address, strlen(address));
	return record;
}

static const struct peer_entry_head head = {NOW, NOW - 100, 7};

static void
written_texts(void)
{
	static struct peer_entry_text text;
	struct peer_entry_record record = record_of("192.0.2.7", "ann", 3);
	struct peer_entry entry;

	peer_entry_begin(&text, &head);
	ok(peer_entry_add(&text, &record), "a login");
	record.user = "a\nL 192.0.2.9 1 2";
	record.user_len = strlen(record.user);
	ok(peer_entry_add(&text, &record), "a user with a newline");
	record.kind = PEER_ENTRY_REMOVED;
	ok(peer_entry_add(&text, &record), "a removal");
	text.bytes[text.len] = '\0';
	is_str(text.bytes,
	       "1 1700000000 1699999900 7\n"
	       "L 192.0.2.7 1699999990 1700001790 ann\n"
	       "L 192.0.2.7 1699999990 1700001790\n"
	       "R 192.0.2.7 1699999990\n",
	       "as written; the user is left out");
	is_int(read_text(&entry, text.bytes, text.len), PEER_ENTRY_GOOD,
	       "it can be read");
	ok(entry.count == 3 && entry.head.seq == 7 &&
	       entry.records[0].user_len == 3 && entry.records[1].user == NULL,
	   "as it was meant");
}

static void
bounds(void)
{
	static struct peer_entry_text text;
	static char name[400], longer[PEER_ENTRY_BYTES_MAX + 100];
	struct peer_entry_record record = record_of("192.0.2.7", NULL, 0);
	struct peer_entry entry;
	size_t len;

	peer_entry_begin(&text, &head);
	while (peer_entry_add(&text, &record))
		;
	is_int((long long)text.records, PEER_ENTRY_RECORDS_MAX, "full");
	is_int(read_text(&entry, text.bytes, text.len), PEER_ENTRY_GOOD,
	       "a full one can be read");
	memcpy(longer, text.bytes, text.len);
	len = text.len + (size_t)sprintf(longer + text.len, "R 192.0.2.7 1\n");
	is_int(read_text(&entry, longer, len), PEER_ENTRY_TOO_LARGE,
	       "one record more");

	memset(name, 'a', sizeof(name));
	record = record_of("2001:db8:1:2:3:4:5:6", name, sizeof(name));
	peer_entry_begin(&text, &head);
	while (peer_entry_add(&text, &record))
		;
	ok(text.len <= PEER_ENTRY_BYTES_MAX && text.records > 20,
	   "long names: %zu records in %zu bytes", text.records, text.len);
	is_int(read_text(&entry, text.bytes, text.len), PEER_ENTRY_GOOD,
	       "they can be read");
	is_int((long long)entry.records[0].user_len, PEER_ENTRY_USER_MAX,
	       "cut");
	len = (size_t)sprintf(longer, "1 1700000000 1 1\nL 192.0.2.7 1 2 ");
	memset(longer + len, 'a', 256);
	longer[len + 256] = '\n';
	is_int(read_text(&entry, longer, len + 257), PEER_ENTRY_MALFORMED,
	       "a name of 256 bytes");
	memset(longer, 'a', sizeof(longer));
	is_int(read_text(&entry, longer, PEER_ENTRY_BYTES_MAX + 1),
	       PEER_ENTRY_TOO_LARGE, "too many bytes");
}

/* ---- by chance ---- */

static size_t
mutate(char *text, size_t len, size_t room)
{
	static const char odd[] = "0123456789 .:/LHR\n\n  aA-+x\xff";
	size_t at = chance(len), more = chance(8) + 1;

	switch (chance(4)) {
	case 0:
		text[at] = odd[chance(sizeof(odd) - 1)];
		return len;
	case 1:
		if (at + more > len)
			return len;
		memmove(text + at, text + at + more, len - at - more);
		return len - more;
	case 2:
		if (len + more > room)
			return len;
		memmove(text + at + more, text + at, len - at);
		return len + more;
	default:
		text[at] = (char)chance(256);
		return len;
	}
}

/* Whether the records say the text again, byte by byte. */
static bool
is_canonical(const struct peer_entry *entry, const char *text, size_t len)
{
	static struct peer_entry_text again;

	peer_entry_begin(&again, &entry->head);
	for (size_t i = 0; i < entry->count; i++)
		if (!peer_entry_add(&again, &entry->records[i]))
			return false;
	return again.len == len && memcmp(again.bytes, text, len) == 0;
}

static bool
is_bounded(const struct peer_entry *entry)
{
	for (size_t i = 0; i < entry->count; i++) {
		const struct peer_entry_record *r = &entry->records[i];
		time_t most = r->kind == PEER_ENTRY_LOGIN
				  ? r->when + LONGEST
				  : entry->head.sent + PEER_ENTRY_LEASE_MAX;

		if (addr_is_special(&r->addr) || r->until > most)
			return false;
	}
	return entry->head.sent <= NOW + SKEW;
}

enum { MUTATIONS = 1000000 };

static void
mutations(void)
{
	static const char seed[] = "1 1700000000 1699990000 17\n"
				   "L 192.0.2.7 1699999999 1700001799 ann\n"
				   "H 2001:db8:1:2::7 1699990000 1700000060 b\n"
				   "L 2001:db8:5::/64 1699999999 1700001799\n"
				   "R 198.51.100.7 1699999000\n";
	size_t len = sizeof(seed) - 1, good = 0;
	struct peer_entry entry;
	char text[512];

	for (size_t i = 0; i < MUTATIONS; i++) {
		if (i % 8 == 0)
			memcpy(text, seed, len = sizeof(seed) - 1);
		len = mutate(text, len, sizeof(text));
		if (len == 0)
			text[len++] = '1';
		if (read_text(&entry, text, len) != PEER_ENTRY_GOOD)
			continue;
		good++;
		if (!is_canonical(&entry, text, len) || !is_bounded(&entry)) {
			ok(false, "mutation %zu: %.*s", i, (int)len, text);
			return;
		}
	}
	ok(good > 1000 && good < MUTATIONS / 2,
	   "%d mutations: none is believed that is not canonical and within "
	   "its limits",
	   MUTATIONS);
}

int
main(void)
{
	known_texts();
	written_texts();
	bounds();
	mutations();
	return tap_done();
}
