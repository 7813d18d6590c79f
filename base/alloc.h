/*
 * alloc: memory, or the end of the process.
 *
 * A daemon that cannot get a few bytes cannot do its work honestly; it says so
 * on standard error and exits 71 (EX_OSERR). Whoever watches it clears the map
 * and starts it anew. So no caller tests these for NULL.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

/* From now on a large block that is freed goes back to the system at once. By
 * itself glibc keeps ever larger ones, once one has been freed; what is built
 * now and then, a whole map's rows for one, would stay with us for good. */
void alloc_give_back(void);

void *alloc_zero(size_t count, size_t size) __attribute__((returns_nonnull));
/* like reallocarray(3) */
void *alloc_resize(void *, size_t count, size_t size)
    __attribute__((returns_nonnull));
char *alloc_string(const char *) __attribute__((returns_nonnull));
/* a copy, with a NUL behind it */
char *alloc_bytes(const void *, size_t) __attribute__((returns_nonnull));
/* The words of a list that ends with NULL; those that are empty are left out. */
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
void strings_clear(struct strings *);		  /* frees all, empties */

#endif
