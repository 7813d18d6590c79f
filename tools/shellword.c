#include "tools/shellword.h"

#include <string.h>

void
shellword_print(FILE *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_@%+=:,./-";

	if (*text != '\0' && text[strspn(text, plain)] == '\0') {
		fputs(text, out);
		return;
	}
	fputc('\'', out);
	for (; *text != '\0'; text++)
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	fputc('\'', out);
}

char *
shellword(const char *text)
{
	char *word;
	size_t len;
	FILE *out = open_memstream(&word, &len);

	shellword_print(out, text);
	fclose(out);
	return word;
}
