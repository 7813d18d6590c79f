/*
 * Any bytes at all, asked of a socketmap: what it takes of them lies within
 * them; each request has one answer, a netstring of a known form; "OK" is
 * the answer for an address that the table has, and for nothing else; and a
 * request that comes in portions is not taken before it is whole.
 */
#include "maps/live/socketmap.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "maps/live/netstring.h"
#include "maps/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int found;

/* The addresses whose last byte is even. */
static bool
lookup(void *arg, const struct addr *addr, time_t *when)
{
	(void)arg;
	assert(addr->family == 4 || addr->family == 6);
	*when = -1 + addr->bytes[1];
	if (addr->bytes[addr->family == 4 ? 3 : 15] % 2 != 0)
		return false;
	found++;
	return true;
}

static void
check_answer(const char *answer, size_t len)
{
	const char *text;
	size_t text_len;

	assert(netstring_parse(answer, len, SOCKETMAP_ANSWER_MAX, &text,
			       &text_len) == (ssize_t)len);
	if (found > 0)
		assert(text_len > 3 && memcmp(text, "OK ", 3) == 0);
	else
		assert((text_len == 9 && memcmp(text, "NOTFOUND ", 9) == 0) ||
		       (text_len > 5 && memcmp(text, "PERM ", 5) == 0));
}

/* In a block of its own length. */
static ssize_t
ask(const struct map_settings *settings, const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1), answer[SOCKETMAP_ANSWER_MAX];
	size_t len = 0;
	ssize_t taken;

	memcpy(copy, data, size);
	copy = realloc(copy, size + (size == 0));
	found = 0;
	taken = socketmap_answer(settings, copy, size, answer, &len);
	assert(taken <= (ssize_t)size);
	if (taken > 0)
		check_answer(answer, len);
	else
		assert(found == 0);
	free(copy);
	return taken;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct map_host host = {.lookup = lookup};
	const struct map_settings settings = {
	    .host = &host, .value = size % 2 == 0 ? "permit" : NULL};
	ssize_t taken;

	while (size > 0 && (taken = ask(&settings, data, size)) > 0) {
		assert(ask(&settings, data, (size_t)taken) == taken);
		assert(ask(&settings, data, (size_t)taken - 1) == 0);
		data += taken;
		size -= (size_t)taken;
	}
	return 0;
}
