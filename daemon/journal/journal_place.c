#include "daemon/journal/journal_place.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

enum { DIGITS = 2 * JOURNAL_ID_BYTES };

static int
compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static bool
is_same_id(const unsigned char *a, const unsigned char *b)
{
	return memcmp(a, b, JOURNAL_ID_BYTES) == 0;
}

int
journal_place_compare(const struct journal_place *a,
		      const struct journal_place *b)
{
	int order = 0;

	if (is_same_id(a->sequence, b->sequence))
		order = compare(a->number, b->number);
	if (order == 0 && is_same_id(a->boot, b->boot))
		order = compare(a->monotonic, b->monotonic);
	if (order == 0)
		order = compare(a->usec, b->usec);
	return order != 0 ? order : compare(a->hash, b->hash);
}

static bool
parse_id(unsigned char id[JOURNAL_ID_BYTES], const char *text)
{
	for (int i = 0; i < JOURNAL_ID_BYTES; i++)
		if (sscanf(text + 2 * i, "%2hhx", &id[i]) != 1)
			return false;
	return strlen(text) == DIGITS;
}

bool
journal_place_parse(struct journal_place *p, const char *cursor)
{
	char sequence[DIGITS + 1], boot[DIGITS + 1];
	int end = 0;

	sscanf(cursor,
	       "s=%32[0-9a-f];i=%" SCNx64 ";b=%32[0-9a-f];m=%" SCNx64
	       ";t=%" SCNx64 ";x=%" SCNx64 "%n",
	       sequence, &p->number, boot, &p->monotonic, &p->usec, &p->hash,
	       &end);
	return end > 0 && cursor[end] == '\0' &&
	       parse_id(p->sequence, sequence) && parse_id(p->boot, boot);
}

static void
print_id(char text[DIGITS + 1], const unsigned char id[JOURNAL_ID_BYTES])
{
	for (int i = 0; i < JOURNAL_ID_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
}

char *
journal_place_cursor(const struct journal_place *p)
{
	char sequence[DIGITS + 1], boot[DIGITS + 1];

	print_id(sequence, p->sequence);
	print_id(boot, p->boot);
	return alloc_format(
	    "s=%s;i=%" PRIx64 ";b=%s;m=%" PRIx64 ";t=%" PRIx64 ";x=%" PRIx64,
	    sequence, p->number, boot, p->monotonic, p->usec, p->hash);
}
