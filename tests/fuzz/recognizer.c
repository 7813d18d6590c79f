/*
 * Any lines at all, against all rules that are shipped, the optional ones too:
 * whoever comes out of a login has an address that is in the log.
 */
#include "patterns/match/recognizer.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "base/err.h"
#include "patterns/match/rules.h"

enum { NOW = 1795226400 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ruleset *
shipped(void)
{
	static const char *const dirs[] = {"patterns"};
	static struct ruleset *set;
	struct err err;

	if (set == NULL)
		set = ruleset_load(dirs, 1, &err);
	assert(set != NULL);
	return set;
}

static struct recognizer *
all_rules(void)
{
	static const struct rule_choice all = {.all = true, .logouts = true};
	static struct recognizer *recognizer;
	struct err err;

	if (recognizer == NULL)
		recognizer = recognizer_new(shipped(), &all, &err);
	assert(recognizer != NULL);
	recognizer_forget(recognizer);
	return recognizer;
}

/* "::ffff:c000:207" is another way to write 192.0.2.7. */
static bool
may_be_mapped(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 4 <= size; i++)
		if (strncasecmp((const char *)data + i, "ffff", 4) == 0)
			return true;
	return false;
}

static void
check_login(const struct found *found, const uint8_t *data, size_t size)
{
	char text[ADDR_TEXT_MAX];
	struct addr again;

	addr_format(&found->match.addr, text);
	assert(addr_parse(&again, text, strlen(text)) == 0);
	assert(addr_equal(&again, &found->match.addr));
	if (strchr(text, ':') == NULL && !may_be_mapped(data, size))
		assert(memmem(data, size, text, strlen(text)) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recognizer *recognizer = all_rules();
	const uint8_t *at = data, *end = data + size;

	while (at < end) {
		const uint8_t *lf = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((lf != NULL ? lf : end) - at);
		struct err err = {""};
		struct found found;

		switch (recognize(recognizer, (const char *)at, len, NOW,
				  &found, &err)) {
		case FOUND_LOGIN:
			check_login(&found, data, size);
			break;
		case FOUND_DOUBTFUL:
			assert(err.text[0] != '\0');
			break;
		default:
			break;
		}
		at += len + 1;
	}
	return 0;
}
