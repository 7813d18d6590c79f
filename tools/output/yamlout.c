#include "tools/output/yamlout.h"

#include "tools/output/json.h"

bool
yamlout_can_quote(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n;

	for (; len > 0; s += n, len -= n) {
		n = utf8_length(s, len);
		/* C1's controls are U+0080 to U+009F; U+0085, U+2028 and
		 * U+2029 end a line in YAML; a BOM and what is no character
		 * are not allowed. */
		if (n == 0 || *s < 0x20 || *s == 0x7f ||
		    (n == 2 && s[0] == 0xc2 && s[1] < 0xa0) ||
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
