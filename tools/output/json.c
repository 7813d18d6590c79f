#include "tools/output/json.h"

#include <stdint.h>

size_t
utf8_length(const unsigned char *s, size_t len)
{
	size_t i, n = s[0] < 0x80   ? 1
		      : s[0] < 0xc2 ? 0
		      : s[0] < 0xe0 ? 2
		      : s[0] < 0xf0 ? 3
		      : s[0] < 0xf5 ? 4
				    : 0;

	if (n == 0 || n > len)
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

void
json_string(FILE *out, const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;
	size_t n;

	if (bytes == NULL) {
		fputs("null", out);
		return;
	}
	putc('"', out);
	for (; len > 0; s += n, len -= n) {
		n = utf8_length(s, len);
		if (n == 0 || *s < 0x20 || *s == 0x7f) {
			fprintf(out, "\\u%04x", (unsigned int)*s);
			n = 1;
			continue;
		}
		if (*s == '"' || *s == '\\')
			putc('\\', out);
		fwrite(s, 1, n, out);
	}
	putc('"', out);
}
