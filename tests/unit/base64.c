/* Base64: encoded bytes decode to themselves, and each has only one
 * encoding. */
#include "daemon/conf/base64.h"

#include <string.h>

#include "tests/tap.h"

/* RFC 4648, section 10, and bytes that use all of the alphabet's end. */
static void
vectors(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} rows[] = {
	    {"", 0, ""},
	    {"f", 1, "Zg=="},
	    {"fo", 2, "Zm8="},
	    {"foo", 3, "Zm9v"},
	    {"foob", 4, "Zm9vYg=="},
	    {"fooba", 5, "Zm9vYmE="},
	    {"foobar", 6, "Zm9vYmFy"},
	    {"\xff\xff\xbe\0", 4, "//++AA=="},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[16], bytes[16];

		base64_encode(text, rows[i].bytes, rows[i].len);
		is_str(text, rows[i].text, "%zu bytes are written",
		       rows[i].len);
		ok(base64_decode(bytes, rows[i].len, text, strlen(text)) == 0 &&
		       memcmp(bytes, rows[i].bytes, rows[i].len) == 0,
		   "and read: %s", text);
	}
}

static void
refused(void)
{
	static const struct {
		size_t len;
		const char *text, *why;
	} rows[] = {
	    {1, "Zh==", "bits that belong to no byte"},
	    {2, "Zm9=", "the same, of two bytes"},
	    {1, "Zg=", "too short"},
	    {1, "Zg==\n", "a newline"},
	    {1, "Zg==Zg==", "more bytes than wanted"},
	    {6, "Zm9v", "fewer bytes than wanted"},
	    {1, "Zg=A", "a character after the padding"},
	    {3, "Zm8=", "padding in the place of a byte"},
	    {1, "Z===", "too much padding"},
	    {3, "Zm-v", "the alphabet for file names"},
	    {3, "Zm v", "a blank"},
	    {3, "Zm\xc3v", "a byte above 127"},
	};
	char bytes[8];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok(base64_decode(bytes, rows[i].len, rows[i].text,
				 strlen(rows[i].text)) == -1,
		   "refused: %s", rows[i].why);
	ok(base64_decode(bytes, 3, "Zm\0v", 4) == -1, "refused: a NUL");
	ok(base64_decode(bytes, 1, "Zg==junk", 4) == 0,
	   "the length counts, not a final NUL");
}

int
main(void)
{
	vectors();
	refused();
	return tap_done();
}
