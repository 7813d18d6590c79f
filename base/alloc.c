#include "base/alloc.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { LARGE = 256 * 1024 };

void
alloc_give_back(void)
{
#ifdef M_MMAP_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, LARGE);
#endif
}

/* Does without stdio, which might need memory. */
static void *
checked(void *memory)
{
	static const char message[] = "out of memory\n";

	if (memory != NULL)
		return memory;
	if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
		_exit(EX_OSERR);
	_exit(EX_OSERR);
}

void *
alloc_zero(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *
alloc_resize(void *memory, size_t count, size_t size)
{
	if (count == 0 || size == 0)
		count = size = 1;
	if (count > SIZE_MAX / size)
		return checked(NULL);
	return checked(realloc(memory, count * size));
}

char *
alloc_string(const char *text)
{
	return alloc_bytes(text, strlen(text));
}

char *
alloc_bytes(const void *bytes, size_t len)
{
	char *copy = alloc_resize(NULL, len + 1, 1);

	if (len > 0)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

char *
alloc_join(const char *const *words, const char *separator)
{
	char *all = alloc_string(""), *longer;

	for (; *words != NULL; words++) {
		if (**words == '\0')
			continue;
		longer =
		    alloc_format("%s%s%s", all, *all ? separator : "", *words);
		free(all);
		all = longer;
	}
	return all;
}

char *
alloc_format(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	return checked(len < 0 ? NULL : text);
}

void
strings_add(struct strings *strings, const char *text)
{
	size_t count = strings->count;

	/* It is full whenever the count is a power of two, so no capacity needs
	 * to be stored. */
	if ((count & (count - 1)) == 0)
		strings->list =
		    alloc_resize(strings->list, count ? count * 2 : 1,
				 sizeof(*strings->list));
	strings->list[strings->count++] = alloc_string(text);
}

bool
strings_has(const struct strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->count; i++)
		if (strcmp(strings->list[i], text) == 0)
			return true;
	return false;
}

void
strings_clear(struct strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->list[i]);
	free(strings->list);
	strings->list = NULL;
	strings->count = 0;
}
