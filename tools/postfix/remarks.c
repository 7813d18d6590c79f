#include "tools/postfix/remarks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void print(const struct remarks *, struct place, const char *fmt,
		  va_list) __attribute__((format(printf, 3, 0)));

static void
print(const struct remarks *remarks, struct place place, const char *fmt,
      va_list ap)
{
	if (remarks->muted)
		return;
	fflush(stdout);
	if (place.line > 0)
		fprintf(stderr, "%s:%zu: ", place.file, place.line);
	else
		fprintf(stderr, "%s: ", place.file);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void
remark(struct remarks *remarks, struct place place, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print(remarks, place, fmt, ap);
	va_end(ap);
}

void
remark_lost(struct remarks *remarks, struct place place, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print(remarks, place, fmt, ap);
	va_end(ap);
	remarks->incomplete = true;
}

void
remark_refused(struct remarks *remarks, struct place place, const char *fmt,
	       ...)
{
	va_list ap;

	va_start(ap, fmt);
	print(remarks, place, fmt, ap);
	va_end(ap);
	remarks->refused = true;
}

struct shown
shown(const char *text)
{
	static const char more[] = "...";
	struct shown out = {""};
	size_t len = strlen(text), room = sizeof(out.text) - sizeof(more), i;

	for (i = 0; i < len && i < room; i++)
		out.text[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	if (i < len)
		memcpy(out.text + i, more, sizeof(more));
	return out;
}
