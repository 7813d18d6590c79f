#include "tools/check/forgery_print.h"

#include <stdio.h>

#include "base/addr.h"
#include "base/utf8.h"
#include "patterns/check/forge.h"
#include "patterns/match/rules.h"

/* As a YAML string in double quotes. YAML cannot hold bytes that are not UTF-8:
 * they become '?'. */
static void
print_yaml(const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;
	size_t n;

	putchar('"');
	for (; len > 0; s += n, len -= n) {
		n = utf8_length(s, len);
		if (n == 0)
			putchar('?');
		else if (*s < 0x20 || *s == 0x7f)
			printf("\\x%02X", *s);
		else if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else
			fwrite(s, 1, n, stdout);
		n += n == 0;
	}
	putchar('"');
}

/* Says in which form the lines below were read. */
static void
print_form(const char *form, const char *how)
{
	if (form[0] != '\0')
		printf("# %s %s\n", how, form);
}

void
forgery_print(const struct forgery *f, const struct addr *granted)
{
	char text[ADDR_TEXT_MAX];
	size_t i;

	addr_format(granted, text);
	printf("# %s:%u: with %s written into it, grants %s:\n", f->rule->file,
	       f->sample->lineno, f->what, text);
	print_form(f->header, "with");
	print_form(f->envelope, "in an envelope of");
	if (f->run.nlines == 1) {
		printf("#      - line: ");
		print_yaml(f->run.lines[0].bytes, f->run.lines[0].len);
		putchar('\n');
	} else {
		puts("#      - lines:");
		for (i = 0; i < f->run.nlines; i++) {
			printf("#          - ");
			print_yaml(f->run.lines[i].bytes, f->run.lines[i].len);
			putchar('\n');
		}
	}
	printf("#        why: '%s written by a stranger grants %s'\n", f->what,
	       text);
}
