#include "tools/output/yamlout.h"

#include "base/utf8.h"

bool
yamlout_can_quote(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n;

	for (; len > 0; s += n, len -= n) {
		n = utf8_length(s, len);
		/* U+2028 and U+2029 end a line in YAML; a BOM and
		 * noncharacters are not allowed. */
		if (n == 0 || utf8_is_control(s) ||
		    (n == 3 && s[0] == 0xe2 && s[1] == 0x80 &&
		     (s[2] == 0xa8 || s[2] == 0xa9)) ||
		    (n == 3 && s[0] == 0xef && s[1] >= 0xbb))
			return false;
	}
	return true;
}

void
yamlout_quote(FILE *out, const char *text, size_t len)
{
	putc('\'', out);
	for (; len > 0; text++, len--) {
		if (*text == '\'')
			putc('\'', out);
		putc(*text, out);
	}
	putc('\'', out);
}
