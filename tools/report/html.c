#include "tools/report/html.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/utf8.h"

/* The number of a well-formed character. */
static uint32_t
decode(const unsigned char *s, size_t len)
{
	static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = s[0] & first[len];

	for (size_t i = 1; i < len; i++)
		c = c << 6 | (s[i] & 0x3f);
	return c;
}

/* Controls, what makes text run backwards or breaks its line (UAX #9), and what
 * is no character. */
static bool
is_unfit(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
}

static const char *
entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void
write_character(FILE *out, const unsigned char *s, size_t len)
{
	uint32_t c = decode(s, len);
	const char *name = entity((char)*s);

	if (is_unfit(c))
		fprintf(out, "\\u{%" PRIx32 "}", c);
	else if (name != NULL)
		fputs(name, out);
	else
		fwrite(s, 1, len, out);
}

void
html_text(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t left = strlen(text), len;

	for (; left > 0; s += len, left -= len) {
		len = utf8_length(s, left);
		if (len > 0) {
			write_character(out, s, len);
			continue;
		}
		fprintf(out, "\\x%02x", *s);
		len = 1;
	}
}

static void
write_grouped(FILE *out, const char *digits, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			putc(',', out);
		putc(digits[i], out);
	}
}

void
html_number(FILE *out, uint64_t number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%ju", (uintmax_t)number);
	write_grouped(out, digits, strlen(digits));
}

void
html_tenths(FILE *out, double number)
{
	char digits[48];
	size_t whole;

	snprintf(digits, sizeof(digits), "%.1f", number);
	whole = strcspn(digits, ".");
	write_grouped(out, digits, whole);
	fputs(digits + whole, out);
}
