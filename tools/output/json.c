#include "tools/output/json.h"

#include "base/utf8.h"

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
