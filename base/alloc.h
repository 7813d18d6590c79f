/*
 * alloc: allocates memory, or ends the process.
 *
 * A daemon that runs out of memory can no longer do its work properly. It
 * writes a message to standard error and exits with 71 (EX_OSERR); whatever
 * supervises it clears the maps and restarts it. So callers need not check for
 * NULL.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* Returns large blocks to the system as soon as they are freed. Otherwise glibc
 * raises its threshold with each large block that is freed, and the memory of
 * what is built now and then, such as a map's rows, would never be returned. */
void alloc_give_back(void);

void *alloc_zero(size_t count, size_t size) __attribute__((returns_nonnull));
/* like reallocarray(3) */
void *alloc_resize(void *, size_t count, size_t size)
    __attribute__((returns_nonnull));
char *alloc_string(const char *) __attribute__((returns_nonnull));
/* a copy with a final NUL */
char *alloc_bytes(const void *, size_t) __attribute__((returns_nonnull));
/* Joins the words of a list that ends with NULL; skips empty ones. */
char *alloc_join(const char *const *words, const char *separator)
    __attribute__((returns_nonnull));
char *alloc_format(const char *fmt, ...)
    __attribute__((returns_nonnull, format(printf, 1, 2)));

/* A growing list of owned strings; zero-initialise it. */
struct strings {
	char **list;
	size_t count;
};
void strings_add(struct strings *, const char *); /* copies */
bool strings_has(const struct strings *, const char *);
void strings_clear(struct strings *);		  /* frees them all */

#endif
