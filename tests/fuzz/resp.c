/* resp: whatever an engine sends, what is read from it is complete and
 * bounded, and does not depend on the pieces in which it came. */
#include "daemon/link/resp.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/link/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#ifdef WITHOUT_PEERS

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}

#else

static size_t
check(const struct resp_value *value, int depth)
{
	size_t count = 1;

	if (depth > 16 || value->type < RESP_TEXT || value->type > RESP_LIST ||
	    (value->type == RESP_LIST && value->len > RESP_LIST_MAX) ||
	    ((value->type == RESP_TEXT || value->type == RESP_ERROR) &&
	     value->text[value->len] != '\0'))
		abort();
	for (size_t i = 0; value->type == RESP_LIST && i < value->len; i++)
		count += check(value->list[i], depth + 1);
	return count;
}

static bool
take_entry(void *arg, const struct engine_entry *entry)
{
	size_t *count = arg;

	if (!entry->malformed && (entry->payload[entry->payload_len] != '\0' ||
			    entry->signature[entry->signature_len] != '\0'))
		abort();
	return ++*count % 3 != 0;
}

/* As engine.c understands it. */
static void
understand(const struct resp_value *value)
{
	struct engine_greeting greeting;
	struct streamid id;
	size_t at = 0, count = 0;

	if (engine_read_greeting(value, &greeting) == 0 &&
	    memchr(greeting.server, '\0', sizeof(greeting.server)) == NULL)
		abort();
	engine_last_id(value, &id);
	engine_added_id(value, &id);
	while (engine_read_entries(value, &at, take_entry, &count) == 0)
		continue;
	if (value->type == RESP_ERROR)
		engine_error_of(value->text);
}

static size_t
read_all(const uint8_t *data, size_t size, size_t piece)
{
	struct resp *resp = resp_new();
	struct resp_value *value;
	struct err err;
	size_t count = 0;
	int got = 0;

	for (size_t at = 0; at < size && got >= 0; at += piece) {
		got = resp_feed(resp, (const char *)data + at,
				size - at < piece ? size - at : piece, &err);
		while (got >= 0 && (got = resp_next(resp, &value, &err)) == 1) {
			count += check(value, 0);
			understand(value);
			resp_value_free(&value);
		}
	}
	resp_free(&resp);
	return got < 0 ? count * 2 + 1 : count * 2;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (read_all(data, size, size ? size : 1) != read_all(data, size, 7))
		abort();
	return 0;
}

#endif
