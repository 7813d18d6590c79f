/* policy_request: any bytes, in pieces of any size, are a request or not, and
 * what is read from them lies within them. The result is the same if they come
 * at once or byte by byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "maps/live/policy_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_lie_within(struct policy_text text, const char *bytes, size_t len)
{
	if (text.text == NULL)
		return;
	if (text.text < bytes || text.text + text.len > bytes + len ||
	    text.len > POLICY_VALUE_MAX ||
	    memchr(text.text, '\n', text.len) != NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_request request;
	struct err err;
	char *bytes = malloc(size + 1); /* so that ASan sees its end */
	long whole, part = 0;
	size_t len = 0;

	memcpy(bytes, data, size);
	whole = policy_request_parse(&request, bytes, size, &err);
	if (whole > (long)size || whole > POLICY_REQUEST_MAX || whole < -1)
		abort();
	if (whole > 0) {
		must_lie_within(request.protocol, bytes, (size_t)whole);
		must_lie_within(request.sender, bytes, (size_t)whole);
		must_lie_within(request.recipient, bytes, (size_t)whole);
		must_lie_within(request.instance, bytes, (size_t)whole);
		must_lie_within(request.sasl_username, bytes, (size_t)whole);
	}
	while (part == 0 && len < size && len < POLICY_REQUEST_MAX)
		part = policy_request_parse(&request, bytes, ++len, &err);
	if (whole != part && !(whole == 0 && size == 0))
		abort();
	free(bytes);
	return 0;
}
