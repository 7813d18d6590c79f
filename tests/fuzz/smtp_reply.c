/*
 * Any bytes at all are an SMTP reply or none: read in one piece or byte by
 * byte it is the same; its code is one, its text lies within its limits and
 * ends with a NUL, and no byte after the reply is taken.
 */
#include "tools/relaycheck/smtp_reply.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_reply(const struct smtp_reply *reply, int result)
{
	assert(strlen(reply->text) == reply->text_len);
	assert(reply->lines <= SMTP_LINES_MAX + 1);
	if (result > 0)
		assert(reply->code >= 200 && reply->code <= 599);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_reply whole = {0}, bytes = {0};
	const char *text = (const char *)data;
	size_t used, used_now, at = 0;
	struct err err;
	int result = smtp_reply_feed(&whole, text, size, &used, &err), now = 0;

	assert(result != 0 || used == size);
	assert(result < 0 || used <= size);
	check_reply(&whole, result);
	while (at < size && now == 0) {
		now = smtp_reply_feed(&bytes, text + at, 1, &used_now, &err);
		at += used_now;
	}
	assert(now == result && (result < 0 || at == used));
	assert(bytes.code == whole.code && strcmp(bytes.text, whole.text) == 0);
	return 0;
}
